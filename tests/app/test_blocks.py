"""The block tree: rows, switches, selection, filter, and what a screen reader says."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt
from pytestqt.qtbot import QtBot

from explorer.app.commands import toggle_deleted
from explorer.app.document import Document, State
from explorer.app.panels.block_columns import SWITCH
from explorer.app.panels.blocks import BlocksPanel
from explorer.app.theme import LIGHT
from explorer.app.widgets.block_delegate import ID_ROLE, SWITCH_ROLE, switch_rect
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
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=switch(panel, block_id).center())


def switch(panel: BlocksPanel, block_id: str) -> QRect:
    return switch_rect(panel.view.visualRect(rows(panel)[block_id].siblingAtColumn(SWITCH)))


def texts(panel: BlocksPanel, part: str) -> list[str]:
    """What stands in the columns in sight behind a name."""
    index = rows(panel)[part]
    columns = [column for column in range(1, SWITCH) if not panel.view.isColumnHidden(column)]
    return [index.siblingAtColumn(column).data() or "" for column in columns]


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
    rect = switch(panel, "layer2.1")
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
    assert texts(panel, "layer3.1")[-1] == "37.7 M"
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


def test_a_lesion_of_another_network_is_shown_with_it(qtbot: QtBot) -> None:
    opened = document()
    panel = show(qtbot, BlocksPanel(opened))
    spec = PRESETS["preresnet110"]
    done = Lesion(frozenset({"layer1.7"}), frozenset({"layer2.3"})).swapped(spec, "layer3.1", "layer3.9")
    opened.replace(spec=spec, deleted=done.deleted, cut=done.cut, order=done.order)
    assert panel.state.full_text == "1 deleted · 1 cut · 2 moved"
    assert spoken(panel, "layer1.7").endswith("deleted")


# -- columns -------------------------------------------------------------------------------------------------------


def order(panel: BlocksPanel, stage: str) -> list[str]:
    """Ids of a stage's rows, from top to bottom."""
    top = rows(panel)[stage]
    return [top.model().index(row, 0, top).data(ID_ROLE) for row in range(top.model().rowCount(top))]


def test_columns_show_what_parts_and_stages_cost(qtbot: QtBot) -> None:
    spec = PRESETS["resnet18"]
    panel = show(qtbot, BlocksPanel(document(spec)), 420)
    # Two 3x3 convolutions from 64 to 128 and 128 to 128 channels, a projection and three batch norms; of the stage
    # two more from 128 to 128 and their batch norms. 112·112 and 56·56 positions are 28·28 here.
    block = 9 * 64 * 128 + 9 * 128 * 128 + 64 * 128 + 3 * 2 * 128
    stage = block + 2 * 9 * 128 * 128 + 2 * 2 * 128
    macs = (block - 3 * 2 * 128) * 28 * 28
    assert texts(panel, "layer2.0")[:2] == [f"{block / 1e3:.0f} k", f"{macs / 1e6:.0f} M"]
    assert texts(panel, "layer2")[0] == f"{stage / 1e3:.0f} k"
    assert len(texts(panel, "stem")) == 3
    panel.resize(230, 640)
    qtbot.wait(1)
    assert len(texts(panel, "stem")) == 1, "there is no room for all; multiply-adds stay"
    panel.columns.show("activations", True)
    assert texts(panel, "layer2.0")[-1].endswith("B"), "a column that was chosen stays"


def test_headings_sort_and_bring_the_networks_order_back(qtbot: QtBot) -> None:
    opened = document(PRESETS["densenet121"], selection="layer2.3")
    panel = show(qtbot, BlocksPanel(opened), 360)
    own = order(panel, "layer2")
    header = panel.view.header()

    def click() -> None:
        at = QPoint(header.sectionViewportPosition(2) + 10, header.height() // 2)
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)

    click()
    # The first brings the transition with it; the others grow by 32 channels each.
    assert order(panel, "layer2") == [own[0], *reversed(own[1:])]
    assert panel.view.model().headerData(2, Qt.Orientation.Horizontal) == "MACs ▾"
    assert panel.view.currentIndex().data(ID_ROLE) == "layer2.3"
    click()
    assert order(panel, "layer2") == [*own[1:], own[0]]
    opened.replace(spec=PRESETS["densenet169"])
    assert order(panel, "layer2") == [*own[1:], own[0]], "another network is sorted, too"
    click()
    assert order(panel, "layer2") == own
    assert next(iter(rows(panel))) == "stem"
    assert panel.view.model().headerData(2, Qt.Orientation.Horizontal) == "MACs"


def test_the_menu_shows_hides_and_sorts_by_the_keyboard(qtbot: QtBot) -> None:
    panel = show(qtbot, BlocksPanel(document(PRESETS["vgg_narrow"])), 300)
    columns = panel.columns

    def act(text: str) -> None:
        columns.menu.aboutToShow.emit()
        next(action for action in columns.menu.actions() if action.text() == text).trigger()

    assert columns.button.focusPolicy() & Qt.FocusPolicy.TabFocus
    act("Activation memory")
    assert columns.shown("activations")
    act("By activation memory")
    assert order(panel, "layer3") == ["layer3.0", "layer3.1", "layer3.2", "layer3.3"]
    assert next(iter(rows(panel))) == "layer1", "the largest stage first"
    act("Activation memory")
    assert not columns.shown("activations")
    assert next(iter(rows(panel))) == "stem", "a hidden column sorts nothing"
    columns.menu.aboutToShow.emit()
    assert "Measured time" not in [action.text() for action in columns.menu.actions()]


def test_measured_times_have_a_column_while_there_are_some(qtbot: QtBot) -> None:
    opened = document(SMALL)
    panel = show(qtbot, BlocksPanel(opened), 360)
    assert not panel.columns.shown("time")
    panel.set_times({"stem": 2e-4, "layer1.0": 0.0012, "layer1.1": 0.003, "layer2.0": 0.5})
    assert panel.columns.shown("time")
    assert [texts(panel, part)[-1] for part in ("stem", "layer1.0", "layer1", "layer2", "layer3", "head")] == [
        "200 µs", "1.2 ms", "4.2 ms", "500 ms", "", ""
    ]  # fmt: skip
    panel.columns.sort_next(4)
    assert order(panel, "layer1") == ["layer1.1", "layer1.0", "layer1.2"]
    panel.resize(230, 640)
    qtbot.wait(1)
    assert len(texts(panel, "stem")) == 1, "the time alone leaves the names their room"
    assert panel.columns.shown("time")
    opened.replace(spec=PRESETS["resnet18"])
    assert not panel.columns.shown("time"), "they were of another network"


# -- other families ------------------------------------------------------------------------------------------------


def test_every_presets_rows_can_be_spoken(qtbot: QtBot) -> None:
    opened = document(SMALL)
    panel = show(qtbot, BlocksPanel(opened))
    chosen = {type(block): spec for spec in PRESETS.values() for block in spec.all_blocks}
    for spec in (*chosen.values(), PRESETS["resnet110_scale"], PRESETS["resnet110_shortcut_gate"]):
        opened.replace(spec=spec)
        for block in spec.all_blocks:
            assert spoken(panel, block.id).startswith(f"{block.id}, ")
            assert (rows(panel)[block.id].data(SWITCH_ROLE) is None) is bool(block.kept)


def test_the_search_finds_module_paths(qtbot: QtBot) -> None:
    panel = show(qtbot, BlocksPanel(document(PRESETS["densenet121"])))
    panel.set_filter("denseblock2.denselayer3")
    assert set(rows(panel)) == {"layer2", "layer2.2"}
    assert "features.denseblock2.denselayer3" in rows(panel)["layer2.2"].data(Qt.ItemDataRole.ToolTipRole)
