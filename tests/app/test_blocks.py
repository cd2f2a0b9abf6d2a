"""The block tree: rows, switches, selection, filter, and what a screen reader says."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.qtbot import QtBot

from explorer.app.commands import toggle_deleted
from explorer.app.document import Document, State
from explorer.app.panels.blocks import BlocksPanel
from explorer.app.theme import LIGHT
from explorer.app.widgets.block_delegate import COST_ROLE, ID_ROLE, switch_rect
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import INTACT, Lesion
from tests.app.panel_support import SMALL, document, pixels, show


def rows(panel: BlocksPanel) -> dict[str, QModelIndex]:
    """Every row in sight or folded away, by id."""
    model = panel.view.model()
    found = {}
    for top in range(model.rowCount()):
        index = model.index(top, 0)
        found[index.data(ID_ROLE)] = index
        for below in range(model.rowCount(index)):
            child = model.index(below, 0, index)
            found[child.data(ID_ROLE)] = child
    return found


def spoken(panel: BlocksPanel, block_id: str) -> str:
    return str(rows(panel)[block_id].data(Qt.ItemDataRole.AccessibleTextRole))


def click_switch(qtbot: QtBot, panel: BlocksPanel, block_id: str) -> None:
    rect = switch_rect(panel.view.visualRect(rows(panel)[block_id]))
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())


def test_rows_are_the_network(qtbot: QtBot) -> None:
    panel = show(qtbot, BlocksPanel(document(PRESETS["resnet50"])))
    expected = ["stem"]
    for stage, count in enumerate((3, 4, 6, 3), 1):
        expected += [f"layer{stage}", *(f"layer{stage}.{number}" for number in range(count))]
    assert list(rows(panel)) == [*expected, "head"]
    assert panel.view.isExpanded(rows(panel)["layer3"])


def test_accessible_text_says_everything(qtbot: QtBot) -> None:
    panel = show(qtbot, BlocksPanel(document(SMALL, deleted=frozenset({"layer2.1"}))))
    assert spoken(panel, "layer2.1") == "layer2.1, basic block, identity shortcut, deleted"
    assert spoken(panel, "layer2.0") == "layer2.0, basic block, subsampling shortcut, present"
    panel = show(qtbot, BlocksPanel(document(PRESETS["resnet50"])))
    assert spoken(panel, "layer1.0") == "layer1.0, bottleneck block, projection shortcut, present"


def test_click_on_a_switch_asks_and_the_row_follows_the_document(qtbot: QtBot) -> None:
    opened = document()
    panel = show(qtbot, BlocksPanel(opened))
    asked: list[str] = []
    panel.delete_toggled.connect(asked.append)
    panel.delete_toggled.connect(lambda block_id: toggle_deleted(opened, block_id))
    rect = switch_rect(panel.view.visualRect(rows(panel)["layer2.1"]))
    area = (slice(rect.top(), rect.bottom()), slice(rect.left(), rect.right()))
    before = pixels(panel.view.viewport())[area]
    click_switch(qtbot, panel, "layer2.1")
    after = pixels(panel.view.viewport())[area]
    assert asked == ["layer2.1"]
    assert opened.state.deleted == {"layer2.1"}
    accent = np.array([int(LIGHT.accent[i : i + 2], 16) for i in (1, 3, 5)])
    assert (np.abs(before.astype(int) - accent).sum(-1) < 12).any()
    assert not (np.abs(after.astype(int) - accent).sum(-1) < 12).any()
    assert panel.state.full_text == "1 of 9 deleted"
    opened.undo_stack.undo()
    assert spoken(panel, "layer2.1").endswith("present")
    assert panel.state.full_text == ""


def test_space_toggles_the_current_block(qtbot: QtBot) -> None:
    opened = document(SMALL, selection="layer3.2")
    panel = show(qtbot, BlocksPanel(opened))
    panel.view.setFocus()
    with qtbot.waitSignal(panel.delete_toggled) as sent:
        qtbot.keyClick(panel.view, Qt.Key.Key_Space)
    assert sent.args == ["layer3.2"]


def test_space_on_a_stage_folds_it_and_deletes_nothing(qtbot: QtBot) -> None:
    panel = show(qtbot, BlocksPanel(document(SMALL, selection="layer2")))
    with qtbot.assertNotEmitted(panel.delete_toggled):
        qtbot.keyClick(panel.view, Qt.Key.Key_Space)
    assert not panel.view.isExpanded(rows(panel)["layer2"])


def test_selection_goes_both_ways(qtbot: QtBot) -> None:
    opened = document()
    panel = show(qtbot, BlocksPanel(opened))
    panel.selected.connect(lambda part: opened.replace(selection=part))
    position = panel.view.visualRect(rows(panel)["layer1.2"]).center()
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=position)
    assert opened.state.selection == "layer1.2"
    qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    assert opened.state.selection == "layer2"
    with qtbot.assertNotEmitted(panel.selected):
        opened.replace(selection="layer3.1")
    assert panel.view.currentIndex().data(ID_ROLE) == "layer3.1"
    assert panel.view.selectionModel().isSelected(panel.view.currentIndex())
    opened.replace(selection=None)
    assert not panel.view.selectionModel().hasSelection()


def test_click_on_the_switch_also_selects_nothing_twice(qtbot: QtBot) -> None:
    """A switch toggles once for a click, also in a row that is not the current one."""
    panel = show(qtbot, BlocksPanel(document(SMALL, selection="stem")))
    asked: list[str] = []
    panel.delete_toggled.connect(asked.append)
    click_switch(qtbot, panel, "layer1.0")
    click_switch(qtbot, panel, "layer3.2")
    assert asked == ["layer1.0", "layer3.2"]


def test_large_network_is_quick_folded_and_unfolds_for_a_selection(qtbot: QtBot) -> None:
    opened = document(PRESETS["resnet1202"])
    begun = time.perf_counter()
    panel = show(qtbot, BlocksPanel(opened))
    # Loose: it takes about a fiftieth of a second.
    assert time.perf_counter() - begun < 0.5
    assert len(rows(panel)) == 600 + 3 + 2
    assert not panel.view.isExpanded(rows(panel)["layer2"])
    opened.replace(selection="layer2.150")
    assert panel.view.isExpanded(rows(panel)["layer2"])
    rect = panel.view.visualRect(rows(panel)["layer2.150"])
    assert panel.view.viewport().rect().contains(rect.center())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("layer2.1", {"layer2", "layer2.1"}),
        ("LAYER3", {"layer3", "layer3.0", "layer3.1", "layer3.2"}),
        ("stem", {"stem"}),
        (".2", {"layer1", "layer1.2", "layer2", "layer2.2", "layer3", "layer3.2"}),
    ],
)
def test_filter(qtbot: QtBot, text: str, kept: set[str]) -> None:
    panel = show(qtbot, BlocksPanel(document()))
    panel.set_filter(text)
    assert set(rows(panel)) == kept
    panel.set_filter("")
    assert len(rows(panel)) == 14


def test_filter_that_finds_nothing_says_so(qtbot: QtBot) -> None:
    panel = show(qtbot, BlocksPanel(document()))
    panel.set_filter("layer9")
    texts = [label.text() for label in panel.findChildren(type(panel.title)) if label.isVisible()]
    assert any("layer9" in text for text in texts)


def test_another_network_replaces_the_rows(qtbot: QtBot) -> None:
    opened = document(SMALL, deleted=frozenset({"layer1.2"}), selection="layer1.2")
    panel = show(qtbot, BlocksPanel(opened))
    opened.replace(spec=PRESETS["resnet18"], deleted=frozenset(), selection=None)
    assert len(rows(panel)) == 8 + 4 + 2
    assert spoken(panel, "layer1.1").endswith("present")
    assert panel.state.full_text == ""


def test_deletions_are_followed_after_weights_brought_an_equal_spec(qtbot: QtBot) -> None:
    """Loading weights replaces the spec by an equal one, of which no signal tells."""
    document = Document(State(PRESETS["resnet20"]))
    panel = BlocksPanel(document)
    qtbot.addWidget(panel)
    document.replace(spec=PRESETS["resnet20"].with_(side=32))
    document.replace(deleted=frozenset({"layer2.1"}))
    assert panel.state.full_text == "1 of 9 deleted"


def test_rows_follow_the_order_and_keep_what_is_unfolded(qtbot: QtBot) -> None:
    opened = document(SMALL, selection="layer1.0")
    panel = show(qtbot, BlocksPanel(opened))
    panel.view.collapse(rows(panel)["layer3"])
    opened.replace(order=INTACT.swapped(SMALL, "layer1.0", "layer1.2").order)
    ids = list(SMALL.block_ids)
    ids[0], ids[2] = ids[2], ids[0]
    assert [row for row in rows(panel) if "." in row] == ids
    assert spoken(panel, "layer1.0").endswith("present, in the place of layer1.2")
    assert rows(panel)["layer1.0"].data().endswith("↔")
    assert rows(panel)["layer1.1"].data() == "layer1.1"
    assert panel.state.full_text == "2 moved"
    assert panel.view.currentIndex().data(ID_ROLE) == "layer1.0", "the selection goes with the block"
    assert panel.view.isExpanded(rows(panel)["layer1"])
    assert not panel.view.isExpanded(rows(panel)["layer3"])
    opened.replace(order=())
    assert [row for row in rows(panel) if "." in row] == list(SMALL.block_ids)
    assert panel.state.full_text == ""


def test_a_moved_layer_stands_in_its_new_stage_with_that_stages_cost(qtbot: QtBot) -> None:
    spec = PRESETS["vgg_narrow"]
    panel = show(qtbot, BlocksPanel(document(spec, order=INTACT.swapped(spec, "layer1.3", "layer3.1").order)))
    index = rows(panel)["layer3.1"]
    assert index.parent().data(ID_ROLE) == "layer1"
    # 64·64·9 weights at 32x32 positions.
    assert index.data(COST_ROLE) == "37.7 M"
    assert "in the place of layer1.3" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_x_asks_to_cut_and_the_row_says_what_is_cut(qtbot: QtBot) -> None:
    opened = document(SMALL, selection="layer2.1")
    panel = show(qtbot, BlocksPanel(opened))
    panel.view.setFocus()
    before = pixels(panel.view.viewport())
    with qtbot.waitSignal(panel.cut_toggled) as sent:
        qtbot.keyClick(panel.view, Qt.Key.Key_X)
    assert sent.args == ["layer2.1"]
    opened.replace(cut=frozenset({"layer2.1"}), deleted=frozenset({"layer3.1"}))
    assert spoken(panel, "layer2.1") == "layer2.1, basic block, identity shortcut, shortcut cut"
    assert panel.state.full_text == "1 deleted · 1 cut"
    assert (pixels(panel.view.viewport()) != before).any()
    opened.replace(selection="layer2")
    with qtbot.assertNotEmitted(panel.cut_toggled):
        qtbot.keyClick(panel.view, Qt.Key.Key_X)


def test_a_plain_networks_rows_are_layers_without_shortcuts(qtbot: QtBot) -> None:
    opened = document(PRESETS["plain20"], deleted=frozenset({"layer2.1"}), selection="layer2.2")
    panel = show(qtbot, BlocksPanel(opened))
    assert spoken(panel, "layer2.1") == "layer2.1, plain layer, deleted"
    assert panel.title.text() == "Layers"
    panel.set_filter("layer9")
    assert any("No layer is called" in label.text() for label in panel.findChildren(type(panel.title)))
    panel.set_filter("")
    assert not any("hortcut" in spoken(panel, block) for block in PRESETS["plain20"].block_ids)
    with qtbot.assertNotEmitted(panel.cut_toggled):
        qtbot.keyClick(panel.view, Qt.Key.Key_X)


def test_a_lesion_of_another_network_is_shown_with_it(qtbot: QtBot) -> None:
    opened = document()
    panel = show(qtbot, BlocksPanel(opened))
    spec = PRESETS["preresnet110"]
    done = Lesion(frozenset({"layer1.7"}), frozenset({"layer2.3"})).swapped(spec, "layer3.1", "layer3.9")
    opened.replace(spec=spec, deleted=done.deleted, cut=done.cut, order=done.order)
    assert panel.state.full_text == "1 deleted · 1 cut · 2 moved"
    assert spoken(panel, "layer1.7").endswith("deleted")
