"""The network panel: what is folded away, twins, and the forms of every family."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from explorer.app.panels.network_form import KnobRow, OptionList
from explorer.networks.catalog import FAMILIES, PRESETS, first_of
from explorer.networks.cost import network_cost
from explorer.networks.families.pruned import pruned
from explorer.networks.lesion import Lesion
from tests.app.network_support import Host

# -- orders, variants, groups: what was folded away ---------------------------------------------------------------


def test_more_holds_what_is_mostly_left_and_shows_what_is_not(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet50"])
    further = {"variant", "groups", "base_width", "width", "stem_width", "dropout"}
    assert not further & host.shown()
    host.click(host.panel.more)
    assert further < host.shown()
    host.type(host.panel.field("groups"), "32")
    host.type(host.panel.field("base_width"), "4")
    assert host.spec == PRESETS["resnext50_32x4d"]
    host.click(host.panel.more)
    assert further & host.shown() == {"groups", "base_width"}
    host.type(host.panel.field("groups"), "48")
    assert host.spec.name == "ResNeXt-50 48x4d"


def test_every_order_and_variant_gives_the_preset_of_that_name(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet110"])
    host.click(host.panel.more)
    for order in ("bn-after", "relu-before", "relu-only"):
        host.choose("order", order)
        assert host.spec == PRESETS[f"resnet110_{order.replace('-', '_')}"]
    host.choose("order", "original")
    for variant in ("scale", "scale-both", "exclusive-gate", "shortcut-gate", "dropout"):
        host.choose("variant", variant)
        assert host.spec == PRESETS[f"resnet110_{variant.replace('-', '_')}"]
    host.choose("shortcut", "none")
    assert not {"order", "variant"} & host.shown(), "they need shortcuts"


def test_widening_gives_wide_resnets(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["wrn16_4"])
    assert "widening" in host.shown()
    host.type(host.panel.field("widening"), "8")
    assert host.spec.name == "WRN-16-8"
    # Zagoruyko and Komodakis 2016 print 11.0 million for WRN-16-8.
    assert host.panel.figures.text("parameters").startswith("10,9")
    host.type(host.panel.field("widening"), "1")
    assert host.spec.name == "PreResNet-14"
    host.click(host.panel.more)
    host.type(host.panel.field("dropout"), "30%")
    assert host.spec.to_fields()["dropout"] == 0.3
    host.type(host.panel.field("dropout"), "1.5")
    assert "below 1" in host.panel.rows["dropout"].refusal.text()
    qtbot.keyClick(host.panel.field("dropout"), Qt.Key.Key_Escape)
    qtbot.keyClick(host.panel.field("dropout"), Qt.Key.Key_Up)
    assert host.panel.field("dropout").text() == "0.4"


def test_the_selected_blocks_own_shortcut(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet20"])

    def row() -> KnobRow:
        found = host.panel.block_row
        assert found is not None
        return found

    assert host.panel.block_row is None
    host.document.replace(selection="layer2.0")
    assert row().label.text() == "Shortcut of layer2.0"
    assert isinstance(row().choice, OptionList)
    row().choice.choose("B")
    # A 1x1 convolution from 16 to 32 channels, and batch norm.
    assert host.panel.figures.text("parameters") == f"{269_722 + 16 * 32 + 2 * 32:,}"
    assert row().choice.value == "B"
    host.document.replace(selection="layer2")
    assert host.panel.block_row is None
    # Fewer blocks: those of blocks that are no more go, too.
    host.document.replace(selection="layer3.2")
    row().choice.choose("C")
    host.type(host.panel.field("blocks", 2), "2")
    assert host.spec.to_fields()["shortcuts"] == (("layer2.0", "B"),)
    host.document.replace(selection="layer2.0")
    row().choice.choose("network")
    assert host.spec == PRESETS["resnet20"].with_(blocks=(3, 3, 2))
    host.choose("shortcut", "none")
    host.document.replace(selection="layer2.1")
    assert host.panel.block_row is None


# -- twins and other families --------------------------------------------------------------------------------------


def test_one_click_leads_to_the_plain_twin_and_one_back(qtbot: QtBot) -> None:
    start = PRESETS["preresnet110"].with_(shortcut="B", variant="scale")
    host = Host(qtbot, start)
    host.click(host.panel.twin)
    assert host.spec == start.twin()
    assert host.panel.twin.text() == "With shortcuts"
    host.document.replace(spec=host.spec.with_(in_channels=1, side=28))  # as weights may ask for
    host.click(host.panel.twin)
    assert host.spec == start.with_(in_channels=1, side=28)
    # A plain network that was opened as such has the one of the papers.
    host = Host(qtbot, PRESETS["plain34"])
    host.click(host.panel.twin)
    assert host.spec == PRESETS["resnet34"]


@pytest.mark.parametrize(
    ("name", "said"), [("densenet121", "has no plain twin"), ("vgg_narrow", "layer1 has 5"), ("plain20", "")]
)
def test_where_there_is_no_twin_a_sentence_says_so(qtbot: QtBot, name: str, said: str) -> None:
    host = Host(qtbot, PRESETS[name])
    host.click(host.panel.twin)
    assert (host.asked == []) is bool(said)
    assert host.panel.twin_refusal.isVisible() is bool(said)
    assert said in host.panel.twin_refusal.text()
    host.document.replace(spec=PRESETS["resnet20"])
    assert not host.panel.twin_refusal.isVisible()


@pytest.mark.parametrize("family", [family for family in FAMILIES if first_of(family)])
def test_every_family_starts_from_its_first_preset_and_each_knob_can_be_set_to_what_it_is(
    qtbot: QtBot, family: str
) -> None:
    host = Host(qtbot, PRESETS["resnet56"])
    host.choose("family", family)
    assert host.spec == next(spec for spec in PRESETS.values() if spec.family == family)
    assert host.chosen("family") == family
    assert {"family", "input", "classes"} < host.shown()
    for knob in host.spec.knobs():
        assert host.spec.turned(knob.name, knob.value) == host.spec
        assert knob.tip
        for option in knob.options:
            assert option.label
    assert host.panel.figures.text("parameters") == f"{network_cost(host.spec).parameters:,}"
    assert len(host.panel.info.text_shown) > 200
    # What no family allows is refused below the field.
    host.type(host.panel.classes, "1")
    assert host.panel.rows["classes"].refusal.isVisible()


def test_a_densenet_by_its_knobs(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["densenet121"])
    host.choose("stem", "cifar")
    assert host.spec == PRESETS["densenet40_12"]
    host.choose("bottleneck", "True")
    host.type(host.panel.field("compression"), "50 %")
    host.click(host.panel.more)
    host.type(host.panel.field("stem_width"), "24")
    host.type(host.panel.field("depth"), "99")
    row = host.panel.rows["depth"]
    assert "6n + 4" in row.refusal.text()
    offers = {button.text(): button for button in row.offers.findChildren(QPushButton)}
    assert set(offers) == {"94", "100"}
    host.click(offers["100"])
    assert host.spec == PRESETS["densenet_bc100_12"]
    qtbot.keyClick(host.panel.field("depth"), Qt.Key.Key_Down)
    assert host.spec.name == "DenseNet-BC-94-12"
    host.type(host.panel.field("growth"), "0")
    assert "growth" in host.panel.rows["growth"].refusal.text()


def test_a_residual_mlp_and_its_twin(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["mlp20_64"])
    host.type(host.panel.field("depth"), "21")
    offers = host.panel.rows["depth"].offers.findChildren(QPushButton)
    assert [button.text() for button in offers] == ["20", "22"]
    qtbot.keyClick(host.panel.field("depth"), Qt.Key.Key_Escape)
    qtbot.keyClick(host.panel.field("depth"), Qt.Key.Key_Up)
    assert host.spec.depth == 22
    host.choose("shortcut", "False")
    assert host.spec.plain
    host.click(host.panel.twin)
    assert host.spec.name == "MLP-22-64"


def test_vgg_and_efficientnet_by_their_knobs(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["vgg11"])
    host.choose("configuration", "16")
    host.choose("norm", "True")
    assert host.spec == PRESETS["vgg16_bn"]
    host.type(host.panel.field("input", 1), "16")
    assert "at least" in host.panel.rows["input"].refusal.text() or "from 32" in host.panel.rows["input"].refusal.text()
    host.click(host.panel.twin)
    assert "plain by nature" in host.panel.twin_refusal.text()
    host.choose("family", "efficientnet")
    host.choose("scale", "4")
    assert host.spec == PRESETS["efficientnet_b4"], "with its own side"
    host.click(host.panel.twin)
    assert "no plain twin" in host.panel.twin_refusal.text()


def test_what_remains_of_a_network_is_shown_and_keeps_what_was_left_out(qtbot: QtBot) -> None:
    left = pruned(PRESETS["resnet20"], Lesion(frozenset({"layer2.1"})))
    host = Host(qtbot, left)
    assert host.shown() == {"family", "input", "classes"}
    assert host.chosen("family") == "pruned"
    host.type(host.panel.classes, "7")
    assert host.spec == left.with_(classes=7)
    assert host.spec.same_architecture(left)
    host.click(host.panel.twin)
    assert "ResNet-20" in host.panel.twin_refusal.text()
    host.choose("family", "cifar")
    assert host.spec == PRESETS["resnet20"]
