"""The network panel: a person types, clicks and reads."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from explorer.app.panels.network import NetworkPanel
from explorer.app.panels.network_form import OptionList
from explorer.app.widgets.fields import Segmented
from explorer.networks.catalog import PRESETS
from tests.app.network_support import Host
from tests.app.panel_support import document, show


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
