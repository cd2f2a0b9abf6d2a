"""Cut shortcuts and moved blocks in the diagram: real mouse and keys, real pixels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from explorer.app.diagram.legend import Legend
from explorer.app.diagram.view import DiagramView
from explorer.app.export import render_diagram
from explorer.app.theme import theme
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import INTACT, Lesion
from tests.app.diagram_support import (
    LEFT,
    PLAIN,
    PRE,
    RESNET,
    VGG,
    around,
    colours,
    drag,
    make_view,
    middle,
    top_of_arc,
)  # fmt: skip

Key = Qt.Key


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[DiagramView]:
    """ResNet-20."""
    yield make_view(qtbot, RESNET)
    theme().use("light")


# -- cutting shortcuts --------------------------------------------------------------------------------------------


def test_a_click_on_an_arc_asks_to_cut_it(view: DiagramView, qtbot: QtBot) -> None:
    asked: list[str] = []
    view.cut_toggled.connect(asked.append)
    with qtbot.assertNotEmitted(view.selected), qtbot.assertNotEmitted(view.delete_toggled):
        for block in RESNET.block_ids:
            qtbot.mouseClick(view.viewport(), LEFT, pos=top_of_arc(view, block))
    assert asked == list(RESNET.block_ids)
    assert view.diagram.lesion == INTACT, "the view asks, it does not do"
    view.set_lesion(Lesion(cut=frozenset({"layer2.1"})))
    qtbot.mouseClick(view.viewport(), LEFT, pos=top_of_arc(view, "layer2.1"))
    assert asked[-1] == "layer2.1", "the gap of a broken arc counts, too"


def test_the_ground_under_and_beside_an_arc_is_no_arc(view: DiagramView, qtbot: QtBot) -> None:
    top = top_of_arc(view, "layer2.1")
    with qtbot.assertNotEmitted(view.cut_toggled):
        for by in (QPoint(0, 14), QPoint(0, -14)):
            qtbot.mouseClick(view.viewport(), LEFT, pos=top + by)


def test_x_asks_to_cut_the_selected_blocks_shortcut(view: DiagramView, qtbot: QtBot) -> None:
    asked: list[str] = []
    view.cut_toggled.connect(asked.append)
    for part in (None, "stem", "layer2", "head", "layer3.0"):
        view.set_selection(part)
        qtbot.keyClick(view, Key.Key_X)
    assert asked == ["layer3.0"]


def test_a_cut_shortcut_is_broken_and_its_card_lights_up(view: DiagramView) -> None:
    before, other = around(view, "layer2.1"), around(view, "layer1.1")
    whole = view.diagram.arcs["layer2.1"].path().elementCount()
    items = view.diagram.items()
    view.set_lesion(Lesion(cut=frozenset({"layer2.1"})))
    arc = view.diagram.arcs["layer2.1"]
    assert arc.cut
    assert not arc.lit
    assert arc.path().elementCount() > whole
    # At the top of the arc, where a whole one passes, there is the ground of the stage.
    top = top_of_arc(view, "layer2.1")
    ground = top_of_arc(view, "layer2.1") + QPoint(0, 12)
    picture = view.viewport().grab().toImage()
    assert picture.pixelColor(top) == picture.pixelColor(ground)
    accent = theme().palette.accent
    edge = view.diagram.cards["layer2.1"].box.rect
    assert picture.pixelColor(view.mapFromScene(QPointF(edge.x, edge.y + 40))).name() == accent
    assert around(view, "layer1.1") == other
    assert view.diagram.items() == items, "cutting repaints, it does not build the scene anew"
    view.set_lesion(INTACT)
    assert around(view, "layer2.1") == before


def test_an_opened_block_shows_that_its_shortcut_is_cut(view: DiagramView) -> None:
    view.open_part("layer2.0")
    before = view.viewport().grab().toImage()
    view.set_lesion(Lesion(cut=frozenset({"layer2.0"})))
    assert view.diagram.opened is not None
    assert view.diagram.opened.mode == "cut"
    cut = view.viewport().grab().toImage()
    view.set_lesion(Lesion(frozenset({"layer2.0"})))
    deleted = view.viewport().grab().toImage()
    assert before != cut != deleted != before


def test_cut_and_moved_blocks_come_out_of_their_folds_and_folding_leaves_cut_ones_out(qtbot: QtBot) -> None:
    view = make_view(qtbot, PRESETS["resnet110"])
    assert not {"layer1.5", "layer2.7", "layer2.9"} & set(view.diagram.cards)
    view.set_lesion(Lesion(cut=frozenset({"layer1.5"})).swapped(PRESETS["resnet110"], "layer2.7", "layer2.9"))
    assert {"layer1.5", "layer2.7", "layer2.9"} <= set(view.diagram.cards)
    fold = next(name for name in view.diagram.cards if name.startswith("fold:layer1"))
    view.diagram.toggle_fold(fold)
    view.diagram.toggle_fold(next(name for name in view.diagram.cards if name.startswith("fold:layer1")))
    assert "layer1.5" in view.diagram.cards
    assert "layer1.8" not in view.diagram.cards


# -- moving blocks ------------------------------------------------------------------------------------------------


def test_dragging_a_card_onto_one_of_equal_shape_asks_to_change_places(view: DiagramView, qtbot: QtBot) -> None:
    asked: list[tuple[str, str]] = []
    view.moved.connect(lambda block, place: asked.append((block, place)))
    with qtbot.assertNotEmitted(view.selected):
        drag(view, qtbot, middle(view, "layer1.0"), middle(view, "layer1.2") + QPoint(5, -10))
    assert asked == [("layer1.0", "layer1.2")]
    assert view.fitted, "the ground stays where it is"
    assert view.diagram.lesion == INTACT
    # What stands at a place may be another block: the place counts.
    view.set_lesion(INTACT.swapped(RESNET, "layer1.0", "layer1.2"))
    drag(view, qtbot, middle(view, "layer1.1"), middle(view, "layer1.0"))
    assert asked[1:] == [("layer1.1", "layer1.2")]


@pytest.mark.parametrize("end", ["layer2.2", "layer2.0", "stem", "layer1.0"])
def test_dropping_elsewhere_does_nothing(view: DiagramView, qtbot: QtBot, end: str) -> None:
    before = view.viewport().grab().toImage()
    with qtbot.assertNotEmitted(view.moved), qtbot.assertNotEmitted(view.selected):
        drag(view, qtbot, middle(view, "layer1.0"), middle(view, end) + QPoint(0, 12))
        drag(view, qtbot, middle(view, "layer1.0"), QPoint(5, 5))
    assert view.diagram.drag is None
    assert view.viewport().grab().toImage() == before


def test_while_dragging_what_is_allowed_lights_up_and_the_rest_is_dimmed(view: DiagramView, qtbot: QtBot) -> None:
    before = {block: around(view, block) for block in RESNET.block_ids}
    drag(view, qtbot, middle(view, "layer2.1"), middle(view, "layer2.1") + QPoint(0, 70), drop=False)
    assert view.diagram.look.targets == {"layer2.2"}, "layer2.0 halves the map: it is of another shape"
    during = {block: around(view, block) for block in RESNET.block_ids}
    assert all(before[block] != during[block] for block in RESNET.block_ids)

    accent, text = theme().palette.accent, theme().palette.text
    assert accent in colours(during["layer2.2"])
    assert accent not in colours(during["layer1.1"])
    assert text in colours(before["layer1.1"])
    assert text not in colours(during["layer1.1"])
    qtbot.mouseMove(view.viewport(), middle(view, "layer2.2"))
    assert view.diagram.look.over == "layer2.2"
    qtbot.mouseRelease(view.viewport(), LEFT, pos=QPoint(3, 3))
    assert view.diagram.look.targets is None


def test_escape_lets_go_of_a_card(view: DiagramView, qtbot: QtBot) -> None:
    before = view.viewport().grab().toImage()
    end = middle(view, "layer1.2")
    with qtbot.assertNotEmitted(view.moved), qtbot.assertNotEmitted(view.selected):
        drag(view, qtbot, middle(view, "layer1.0"), end, drop=False)
        qtbot.keyClick(view, Key.Key_Escape)
        assert view.diagram.drag is None
        qtbot.mouseRelease(view.viewport(), LEFT, pos=end)
    assert view.viewport().grab().toImage() == before


def test_a_scene_that_is_built_anew_ends_the_drag(view: DiagramView, qtbot: QtBot) -> None:
    end = middle(view, "layer1.2")
    drag(view, qtbot, middle(view, "layer1.0"), end, drop=False)
    view.set_spec(PRESETS["resnet18"])
    with qtbot.assertNotEmitted(view.moved):
        qtbot.mouseMove(view.viewport(), end + QPoint(4, 4))
        qtbot.mouseRelease(view.viewport(), LEFT, pos=end)


def test_stem_and_head_are_ground_and_so_is_everything_too_small_to_tell_apart(view: DiagramView, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(view.moved):
        drag(view, qtbot, middle(view, "stem"), middle(view, "stem") + QPoint(40, 0))
        assert not view.fitted
        view.fit()
        view.zoom_by(0.4 / view.zoom)
        drag(view, qtbot, middle(view, "layer1.0"), middle(view, "layer1.2"))


def test_alt_and_arrows_swap_with_the_next_of_equal_shape(view: DiagramView, qtbot: QtBot) -> None:
    asked: list[tuple[str, str]] = []
    view.moved.connect(lambda block, place: asked.append((block, place)))
    alt = Qt.KeyboardModifier.AltModifier
    for block in ("layer1.1", "layer2.1", "layer2.0", "stem"):
        view.set_selection(block)
        qtbot.keyClick(view, Key.Key_Left, alt)
        qtbot.keyClick(view, Key.Key_Right, alt)
    assert asked == [("layer1.1", "layer1.0"), ("layer1.1", "layer1.2"), ("layer2.1", "layer2.2")]
    assert view.fitted
    assert view.diagram.look.current == "stem"


def accented(view: DiagramView, x: float, y: float) -> bool:
    """Whether something next to a point of the scene is nearly in the accent colour."""
    corner, end = view.mapFromScene(QPointF(x - 11, y - 7)), view.mapFromScene(QPointF(x + 11, y + 6))
    seen = view.viewport().grab().toImage()
    accent = QColor(theme().palette.accent)
    return any(
        abs(colour.red() - accent.red()) + abs(colour.green() - accent.green()) + abs(colour.blue() - accent.blue())
        < 30
        for column in range(corner.x(), end.x())
        for row in range(corner.y(), end.y())
        for colour in [seen.pixelColor(column, row)]
    )


def test_moved_blocks_stand_at_their_places_keep_their_names_and_are_marked(view: DiagramView) -> None:
    places = {block: card.box.rect for block, card in view.diagram.cards.items()}
    view.set_selection("layer1.0")
    view.set_lesion(INTACT.swapped(RESNET, "layer1.0", "layer1.2"))
    cards = view.diagram.cards
    assert cards["layer1.0"].box.rect == places["layer1.2"]
    assert cards["layer1.2"].box.rect == places["layer1.0"]
    assert cards["layer1.1"].box.rect == places["layer1.1"]
    assert (cards["layer1.0"].title, cards["layer1.0"].detail) == ("0", "layer1.0")
    assert (cards["layer1.1"].title, cards["layer1.1"].detail) == ("1", "3×3, 3×3")
    assert view.diagram.walk == ["stem", "layer1.2", "layer1.1", "layer1.0", *RESNET.block_ids[3:], "head"]
    assert view.diagram.look.current == "layer1.0", "the selection goes with the block"
    assert "in the place of layer1.2" in view.accessibleDescription()
    rect = places["layer1.0"]
    assert accented(view, rect.middle[0], rect.bottom)
    unmoved = places["layer1.1"]
    assert not accented(view, unmoved.middle[0], unmoved.bottom)
    view.set_lesion(INTACT)
    assert {block: card.box.rect for block, card in view.diagram.cards.items()} == places


def test_a_layer_moved_to_another_stage_keeps_its_colour(qtbot: QtBot) -> None:
    view = make_view(qtbot, VGG, 1300)
    view.set_lesion(INTACT.swapped(VGG, "layer1.3", "layer3.1"))
    bar = view.diagram.cards["layer3.1"].box.rect
    seen = view.viewport().grab().toImage().pixelColor(view.mapFromScene(QPointF(bar.middle[0], bar.y + 3)))
    assert seen.name().upper() == "#E69F00"  # layer3's (Okabe and Ito)


# -- the context menu, pointing, legend ---------------------------------------------------------------------------


def menu_at(view: DiagramView, point: QPoint) -> QMenu | None:
    before = set(view.findChildren(QMenu))
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, point, view.viewport().mapToGlobal(point))
    QApplication.sendEvent(view.viewport(), event)
    new = [menu for menu in view.findChildren(QMenu) if menu not in before]
    return new[0] if new else None


def test_the_context_menu_offers_what_can_be_done(view: DiagramView, qtbot: QtBot) -> None:
    view.set_lesion(Lesion(frozenset({"layer2.1"}), frozenset({"layer2.2"})))

    def texts(block: str) -> dict[str, bool]:
        menu = menu_at(view, middle(view, block))
        assert menu is not None
        found = {action.text().split("\t")[0]: action.isEnabled() for action in menu.actions() if action.text()}
        menu.close()
        return found

    moves = {"Move backward": False, "Move forward": True}
    assert texts("layer2.1") == {"Restore layer2.1": True, "Cut its shortcut": True, **moves, "Open": True}
    assert "Restore its shortcut" in texts("layer2.2")
    assert not texts("layer2.0")["Move forward"]
    assert menu_at(view, middle(view, "stem")) is None
    menu = menu_at(view, middle(view, "layer1.1"))
    assert menu is not None
    by_text = {action.text().split("\t")[0]: action for action in menu.actions()}
    with qtbot.waitSignal(view.cut_toggled) as cut:
        by_text["Cut its shortcut"].trigger()
    with qtbot.waitSignal(view.moved) as moved:
        by_text["Move forward"].trigger()
    with qtbot.waitSignal(view.delete_toggled) as deleted:
        by_text["Delete layer1.1"].trigger()
    assert (cut.args, moved.args, deleted.args) == (["layer1.1"], ["layer1.1", "layer1.2"], ["layer1.1"])
    menu.close()


def test_a_plain_networks_menu_and_keys_know_no_shortcut(qtbot: QtBot) -> None:
    view = make_view(qtbot, PLAIN)
    menu = menu_at(view, middle(view, "layer1.1"))
    assert menu is not None
    assert not any("hortcut" in action.text() for action in menu.actions())
    menu.close()
    with qtbot.assertNotEmitted(view.cut_toggled):
        qtbot.keyClick(view, Key.Key_X)


def test_lighting_a_block_changes_only_how_it_looks(qtbot: QtBot) -> None:
    view = make_view(qtbot, PRESETS["resnet110"])
    before = view.viewport().grab().toImage()
    layout = view.diagram.layout_
    for block in ("layer1.0", "layer2.9"):  # a card, and one inside a fold
        view.light(block)
        assert view.viewport().grab().toImage() != before
        assert view.diagram.layout_ is layout
        assert view.diagram.look.current is None
        lit = [name for name, card in view.diagram.cards.items() if card.lit]
        assert lit == [block if block in view.diagram.cards else "fold:layer2.2"]
        view.light(None)
        assert view.viewport().grab().toImage() == before


def test_the_legend_says_what_was_done() -> None:
    lesion = Lesion(frozenset({"layer1.1"}), frozenset({"layer2.1"})).swapped(RESNET, "layer3.1", "layer3.2")
    legend = Legend.of(RESNET, lesion)
    assert [kind for kind, _ in legend.entries] == ["identity", "subsampling", "deleted", "cut", "moved"]
    assert legend.count == "9 blocks · 1 deleted · 1 cut · 2 moved"
    legend = Legend.of(VGG, Lesion(frozenset({"layer1.1"})))
    assert [kind for kind, _ in legend.entries] == ["pool", "deleted"]
    assert legend.count == "13 layers · 1 deleted"
    assert Legend.of(PLAIN).entries == ()
    projection = dict(Legend.of(PRE.with_(shortcut="B")).entries)["projection"]
    assert "BN" not in projection, (
        "a pre-activation projection has no batch norm of its own (He et al. 2016, section 5)"
    )


# -- files --------------------------------------------------------------------------------------------------------


def test_a_lesion_is_drawn_into_files(qtbot: QtBot, tmp_path: Path) -> None:
    lesion = Lesion(cut=frozenset({"layer2.1"})).swapped(RESNET, "layer1.0", "layer1.2")
    render_diagram(RESNET, lesion, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "9 blocks · 1 cut · 2 moved" in text
    assert text.index(">layer1.2<") < text.index(">layer1.0<")
    with pytest.raises(UserError, match="no shortcuts to cut"):
        render_diagram(PLAIN, Lesion(cut=frozenset({"layer2.1"})), tmp_path / "b.svg")
    assert not (tmp_path / "b.svg").exists()
