"""The network panel: a person types, clicks and reads."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from explorer.app.commands import set_network
from explorer.app.document import Document
from explorer.app.panels.network import NetworkPanel
from explorer.app.panels.network_form import KnobRow, OptionList
from explorer.app.widgets.fields import NumberField, Segmented
from explorer.engine.records import UNTRAINED
from explorer.networks.catalog import FAMILIES, PRESETS, first_of
from explorer.networks.cost import network_cost
from explorer.networks.families.pruned import pruned
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec
from tests.app.panel_support import document, show


class Host:
    """Stands for the window: grants what the panel asks for, or only notes it."""

    def __init__(self, qtbot: QtBot, spec: NetworkSpec, grants: bool = True, width: int = 252) -> None:
        self.qtbot = qtbot
        self.document: Document = document(spec)
        self.asked: list[NetworkSpec] = []
        self.grants = grants
        self.panel = show(qtbot, NetworkPanel(self.document), width, 640)
        self.panel.spec_requested.connect(self._grant)

    def _grant(self, spec: NetworkSpec) -> None:
        self.asked.append(spec)
        if self.grants:
            set_network(self.document, spec, UNTRAINED)

    @property
    def spec(self) -> NetworkSpec:
        return self.document.state.spec

    def type(self, field: NumberField, text: str, end: Qt.Key = Qt.Key.Key_Return) -> None:
        field.setFocus()
        field.selectAll()
        self.qtbot.keyClicks(field, text)
        self.qtbot.keyClick(field, end)

    def choose(self, name: str, value: str) -> None:
        """One of a choice, where all stand beside each other or in a list."""
        choice = self.panel.rows[name].choice
        if isinstance(choice, Segmented):
            self.click(choice.buttons[value])
        elif isinstance(choice, OptionList):
            choice.choose(value)

    def chosen(self, name: str) -> str:
        choice = self.panel.rows[name].choice
        assert choice is not None
        return choice.value

    def shown(self) -> set[str]:
        """The rows in sight."""
        return {name for name, row in self.panel.rows.items() if row.isVisible()}

    def click(self, button: QPushButton) -> None:
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    # Parameters and MACs as counted on torchvision's own modules and, for CIFAR, on option A networks; He et al. 2015,
    # Table 1, prints 1.8, 3.8 and 11.3 billion.
    [
        ("resnet18", "11,689,512", "1.81 G"),
        ("resnet50", "25,557,032", "4.09 G"),
        ("resnet152", "60,192,808", "11.5 G"),
        ("resnet20", "269,722", "40.6 M"),
        ("resnet32", "464,154", "68.9 M"),
    ],
)
def test_figures_are_those_of_the_literature(qtbot: QtBot, name: str, parameters: str, macs: str) -> None:
    panel = show(qtbot, NetworkPanel(document(PRESETS[name])))
    assert panel.figures.text("parameters") == parameters
    assert panel.figures.text("macs") == macs
    assert panel.figures.text("depth") == name.removeprefix("resnet")


def test_typed_depth_applies_and_keeps_the_rest(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet18"].with_(shortcut="A", classes=7, side=64, in_channels=1))
    host.type(host.panel.depth_field, "34")
    assert host.spec == PRESETS["resnet34"].with_(shortcut="A", classes=7, side=64, in_channels=1)
    # ResNet-34's 21,797,672, less two channels of the 7x7 stem, 993 classes of 512 weights and a bias each, and the
    # three projections with their batch norms that option A does without.
    projections = 64 * 128 + 128 * 256 + 256 * 512 + 2 * (128 + 256 + 512)
    assert host.panel.figures.text("parameters") == f"{21_797_672 - 2 * 64 * 49 - 993 * 513 - projections:,}"


def test_tab_applies_too(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet20"])
    host.type(host.panel.depth_field, "56", Qt.Key.Key_Tab)
    assert host.spec == PRESETS["resnet56"]


def test_impossible_depth_is_refused_with_neighbours_to_click(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet20"])
    host.type(host.panel.depth_field, "21")
    row = host.panel.rows["depth"]
    assert host.asked == []
    assert "21" in row.refusal.text()
    assert row.refusal.isVisible()
    assert host.panel.depth_field.property("refused") is True
    offers = {button.text(): button for button in row.offers.findChildren(QPushButton)}
    # 6n+2 gives 20 and 26, 9n+2 gives 20 and 29 (He et al. 2015, section 4.2; He et al. 2016, section 5).
    assert set(offers) == {"20", "26"}
    host.click(offers["26"])
    assert host.spec.depth == 26
    assert not row.refusal.isVisible()
    assert not row.offers.isVisible()
    assert host.panel.depth_field.text() == "26"


def test_neighbour_that_is_already_open_takes_the_refusal_back(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet20"])
    host.type(host.panel.depth_field, "21")
    row = host.panel.rows["depth"]
    host.click(next(button for button in row.offers.findChildren(QPushButton) if button.text() == "20"))
    assert host.asked == []
    assert host.panel.depth_field.text() == "20"
    assert not row.refusal.isVisible()


@pytest.mark.parametrize("text", ["abc", "-3", "12.5", "0", "999999999"])
def test_nonsense_depths_are_refused_in_a_sentence(qtbot: QtBot, text: str) -> None:
    host = Host(qtbot, PRESETS["resnet18"])
    host.type(host.panel.depth_field, text)
    assert host.asked == []
    assert host.panel.rows["depth"].refusal.text().endswith(".")
    assert host.panel.rows["depth"].refusal.isVisible()


def test_escape_takes_back_what_was_typed(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet18"])
    host.type(host.panel.depth_field, "19")
    qtbot.keyClick(host.panel.depth_field, Qt.Key.Key_Escape)
    assert host.panel.depth_field.text() == "18"
    assert not host.panel.rows["depth"].refusal.isVisible()
    assert host.panel.depth_field.property("refused") is False


def test_arrow_keys_step_to_the_next_depth_that_exists(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet20"])
    qtbot.keyClick(host.panel.depth_field, Qt.Key.Key_Up)
    assert host.spec.depth == 26
    qtbot.keyClick(host.panel.depth_field, Qt.Key.Key_Down)
    assert host.spec.depth == 20


def test_emptied_field_goes_back(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet18"])
    host.panel.classes.setFocus()
    host.panel.classes.clear()
    qtbot.keyClick(host.panel.classes, Qt.Key.Key_Return)
    assert host.panel.classes.text() == "1000"
    assert host.asked == []


def test_blocks_a_stage(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet18"])
    host.type(host.panel.field("blocks", 2), "11")
    assert host.spec.blocks == (2, 2, 11, 2)
    assert host.panel.figures.text("depth") == "36"
    host.type(host.panel.field("blocks", 0), "0")
    assert host.spec.blocks == (2, 2, 11, 2)
    assert "layer1" in host.panel.rows["blocks"].refusal.text()
    assert host.panel.field("blocks", 0).property("refused") is True
    assert host.panel.field("blocks", 1).property("refused") is not True


@pytest.mark.parametrize(
    ("name", "index", "row", "good", "bad", "limit"),
    [
        ("in_channels", 0, "input", "1", "513", "512"),
        ("side", 1, "input", "64", "4", "8"),
        ("classes", 0, "classes", "10", "1", "2"),
        ("width", 0, "width", "32", "0", "1"),
    ],
)
def test_numbers_apply_or_are_refused_where_they_are_typed(
    qtbot: QtBot, name: str, index: int, row: str, good: str, bad: str, limit: str
) -> None:
    host = Host(qtbot, PRESETS["resnet18"])
    if name == "width":
        host.click(host.panel.more)
    host.type(host.panel.field(row, index), good)
    assert getattr(host.spec, name) == int(good)
    host.type(host.panel.field(row, index), bad)
    assert getattr(host.spec, name) == int(good)
    refusal = host.panel.rows[row].refusal
    assert refusal.isVisible()
    assert bad in refusal.text()
    assert limit in refusal.text()
    # Another change that works clears it, since the panel shows the document again.
    host.type(host.panel.depth_field, "34")
    assert not refusal.isVisible()
    assert host.panel.field(row, index).text() == good


def test_commas_between_thousands_are_read(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet18"])
    host.type(host.panel.classes, "21,841")
    assert host.spec.classes == 21841


def test_block_kind_keeps_the_blocks_and_shows_the_stride(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet34"])
    assert "stride_place" not in host.shown()
    host.choose("block", "bottleneck")
    assert host.spec == PRESETS["resnet50"]
    assert "stride_place" in host.shown()
    stride = host.panel.rows["stride_place"].choice
    assert isinstance(stride, Segmented)
    assert "torchvision" in stride.buttons["3x3"].toolTip()
    assert "paper" in stride.buttons["1x1"].toolTip()
    host.choose("stride_place", "1x1")
    # He et al. 2015, Table 1, prints 3.8 billion; counted layer by layer it is 3,857,973,248.
    assert host.panel.figures.text("macs") == "3.86 G"


def test_shortcut_options(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet20"])
    host.choose("shortcut", "B")
    assert host.spec.shortcut == "B"
    # Counted on a ResNet-20 with projections at the two transitions.
    assert host.panel.figures.text("parameters") == "272,474"
    shortcut = host.panel.rows["shortcut"].choice
    assert isinstance(shortcut, Segmented)
    for button in shortcut.buttons.values():
        assert "He et al. 2015" in button.toolTip()


def test_arrow_keys_walk_a_choice(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet20"])
    first, *_ = host.panel.rows["shortcut"].fields
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Right)
    assert host.spec.shortcut == "B"


def test_family_switches_to_its_own_small_network(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet50"])
    host.choose("family", "cifar")
    assert host.spec == PRESETS["resnet20"]
    assert len(host.panel.rows["blocks"].numbers) == 3
    host.choose("family", "imagenet")
    assert host.spec == PRESETS["resnet18"]
    assert len(host.panel.rows["blocks"].numbers) == 4


def test_request_that_is_not_granted_leaves_what_is_open(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet18"], grants=False)
    host.choose("block", "bottleneck")
    assert len(host.asked) == 1
    assert host.chosen("block") == "basic"
    assert host.panel.figures.text("parameters") == "11,689,512"


def test_undo_is_shown(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet18"])
    host.type(host.panel.depth_field, "50")
    host.document.undo_stack.undo()
    assert host.panel.depth_field.text() == "18"
    assert host.panel.figures.text("parameters") == "11,689,512"
    assert host.chosen("block") == "basic"


@pytest.mark.parametrize("width", [220, 240, 252, 400])
@pytest.mark.parametrize("name", ["resnet152", "wrn28_10"])
def test_every_field_stays_inside_a_narrow_column(qtbot: QtBot, width: int, name: str) -> None:
    host = Host(qtbot, PRESETS[name], width=width)
    qtbot.wait(1)
    panel = host.panel
    host.click(panel.more)
    qtbot.wait(1)
    fields = [field for row in panel.rows.values() for field in row.fields if field.isVisible()]
    assert len(fields) > 12
    for field in (*fields, panel.twin):
        right = field.mapTo(panel, field.rect().bottomRight()).x()
        assert right <= width


def test_explanation_opens_and_names_the_paper(qtbot: QtBot) -> None:
    panel = show(qtbot, NetworkPanel(document()))
    qtbot.mouseClick(panel.info, Qt.MouseButton.LeftButton)
    popover = panel.info.popover
    assert popover is not None
    assert popover.isVisible()
    assert "He et al. 2015" in popover.accessibleDescription()
    qtbot.keyClick(popover, Qt.Key.Key_Escape)
    assert not popover.isVisible()


def test_undo_reaches_the_window_while_nothing_is_half_typed(qtbot: QtBot) -> None:
    """A line edit takes Ctrl+Z for itself; here a typed depth is the document's edit."""
    panel = show(qtbot, NetworkPanel(document()))
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    panel.depth_field.event(event)
    assert not event.isAccepted()
    panel.depth_field.setText("3")
    half_typed = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    panel.depth_field.event(half_typed)
    assert half_typed.isAccepted()


def test_the_order_of_activation_keeps_the_rest(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet110"])
    host.choose("order", "pre-activation")
    assert host.spec == PRESETS["preresnet110"]
    order = host.panel.rows["order"].choice
    assert isinstance(order, OptionList)
    assert "He et al. 2016" in order.toolTip()
    assert order.currentText() == "(e) Pre-activation"
    assert [order.itemText(index)[:3] for index in range(order.count())] == ["(a)", "(b)", "(c)", "(d)", "(e)"]
    # 6n+2: 110 is followed by 116; the order stays.
    qtbot.keyClick(host.panel.depth_field, Qt.Key.Key_Up)
    assert (host.spec.depth, host.spec.order) == (116, "pre-activation")
    host.type(host.panel.depth_field, "20")
    assert host.spec == PRESETS["resnet20"].with_(order="pre-activation")


@pytest.mark.parametrize(("residual", "plain"), [("resnet20", "plain20"), ("resnet56", "plain56")])
def test_taking_the_shortcuts_away_gives_the_plain_twin_and_bringing_them_back_undoes_it(
    qtbot: QtBot, residual: str, plain: str
) -> None:
    host = Host(qtbot, PRESETS[residual])
    assert "widths" not in host.shown()
    host.choose("shortcut", "none")
    assert host.spec == PRESETS[plain]
    assert host.panel.depth_field.text() == residual.removeprefix("resnet")
    assert host.panel.rows["blocks"].label.text() == "Layers a stage"
    assert "widths" in host.shown()
    host.choose("shortcut", "A")
    assert host.spec == PRESETS[residual]
    assert host.panel.rows["blocks"].label.text() == "Blocks a stage"


def test_a_preactivation_network_loses_its_order_with_its_shortcuts(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["resnet20"].with_(order="pre-activation"))
    host.choose("shortcut", "none")
    assert host.spec == PRESETS["plain20"]


def test_the_depth_of_a_plain_network_goes_on_layer_by_layer_and_stays_plain(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["plain20"])
    qtbot.keyClick(host.panel.depth_field, Qt.Key.Key_Up)
    assert (host.spec.depth, host.spec.blocks, host.spec.block) == (21, (7, 6, 6), "layer")
    host.type(host.panel.depth_field, "56")
    assert host.spec == PRESETS["plain56"]
    host.type(host.panel.depth_field, "4")
    assert host.spec == PRESETS["plain56"]
    row = host.panel.rows["depth"]
    assert "plain network with 4 layers" in row.refusal.text()
    host.click(next(iter(row.offers.findChildren(QPushButton))))
    assert (host.spec.depth, host.spec.block) == (5, "layer")


def test_a_vgg_like_network_keeps_its_width_and_pools_at_another_depth(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["vgg_narrow"])
    host.type(host.panel.depth_field, "12")
    assert host.spec == PRESETS["vgg_narrow"].with_(blocks=(4, 3, 3))
    host.type(host.panel.depth_field, "15")
    assert host.spec == PRESETS["vgg_narrow"]


@pytest.mark.parametrize(
    ("name", "choice", "value", "row", "word"),
    [
        ("resnet20", "block", "layer", "block", "no shortcut"),
        ("resnext50_32x4d", "block", "basic", "block", "for bottleneck blocks"),
        ("vgg_narrow", "shortcut", "B", "shortcut", "layer1 has 5"),
    ],
)
def test_what_can_not_be_together_is_refused_where_it_was_chosen(
    qtbot: QtBot, name: str, choice: str, value: str, row: str, word: str
) -> None:
    host = Host(qtbot, PRESETS[name])
    host.choose(choice, value)
    assert host.asked == []
    assert host.spec == PRESETS[name]
    refusal = host.panel.rows[row].refusal
    assert refusal.isVisible()
    assert word in refusal.text()
    assert refusal.text().endswith(".")
    assert host.chosen(choice) == getattr(PRESETS[name], choice)


def test_widths_and_halving_of_a_plain_network(qtbot: QtBot) -> None:
    host = Host(qtbot, PRESETS["plain20"])
    host.choose("widths", "same")
    host.choose("downsampling", "pool")
    assert host.spec == PRESETS["plain20"].with_(widths="same", downsampling="pool")
    # 3·16·9 + 18 layers of 16·16·9 weights, 19 batch norms of 2·16, and 16·10 + 10 of the classifier.
    assert host.panel.figures.text("parameters") == f"{432 + 18 * 2304 + 19 * 32 + 170:,}"


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
    assert getattr(host.spec, "dropout") == 0.3  # noqa: B009
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
    row().choice.choose("B")  # type: ignore[union-attr]
    # A 1x1 convolution from 16 to 32 channels, and batch norm.
    assert host.panel.figures.text("parameters") == f"{269_722 + 16 * 32 + 2 * 32:,}"
    assert row().choice.value == "B"  # type: ignore[union-attr]
    host.document.replace(selection="layer2")
    assert host.panel.block_row is None
    # Fewer blocks: those of blocks that are no more go, too.
    host.document.replace(selection="layer3.2")
    row().choice.choose("C")  # type: ignore[union-attr]
    host.type(host.panel.field("blocks", 2), "2")
    assert getattr(host.spec, "shortcuts") == (("layer2.0", "B"),)  # noqa: B009
    host.document.replace(selection="layer2.0")
    row().choice.choose("network")  # type: ignore[union-attr]
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
