"""The diagram as a person handles it: real clicks and keys on the view."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app.diagram.view import DiagramView
from explorer.app.theme import theme
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import Lesion

LEFT = Qt.MouseButton.LeftButton
Key = Qt.Key


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[DiagramView]:
    """ResNet-20 at the window's size, in light colours."""
    theme().use("light")
    view = DiagramView()
    qtbot.addWidget(view)
    view.resize(850, 330)
    view.show()
    view.set_spec(PRESETS["resnet20"])
    view.setFocus()
    yield view
    theme().use("light")


def at(view: DiagramView, box_id: str, right: float = 0.5, down: float = 0.75) -> QPoint:
    """A point of a card, by shares of its width and height, in the viewport."""
    rect = view.diagram.cards[box_id].box.rect
    return view.mapFromScene(QPointF(rect.x + right * rect.width, rect.y + down * rect.height))


def switch(view: DiagramView, box_id: str) -> QPoint:
    return at(view, box_id, 0.7, 0.34)


def picture(view: DiagramView, box_id: str) -> QImage:
    """The pixels of a card and of its arc."""
    rect = view.diagram.cards[box_id].box.rect
    corner = view.mapFromScene(QPointF(rect.x - 6, rect.y - 60))
    end = view.mapFromScene(QPointF(rect.right + 6, rect.bottom + 6))
    return view.viewport().grab().toImage().copy(corner.x(), corner.y(), end.x() - corner.x(), end.y() - corner.y())


def test_a_click_on_a_card_selects_it(view: DiagramView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.selected) as signal, qtbot.assertNotEmitted(view.delete_toggled):
        qtbot.mouseClick(view.viewport(), LEFT, pos=at(view, "layer2.1"))
    assert signal.args == ["layer2.1"]
    assert view.diagram.look.current == "layer2.1"


def test_a_click_on_its_switch_asks_to_delete_it_and_changes_nothing_itself(view: DiagramView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.delete_toggled) as signal, qtbot.assertNotEmitted(view.selected):
        qtbot.mouseClick(view.viewport(), LEFT, pos=switch(view, "layer2.1"))
    assert signal.args == ["layer2.1"]
    assert view.diagram.look.deleted == frozenset()


def test_two_quick_clicks_on_a_switch_are_two(view: DiagramView, qtbot: QtBot) -> None:
    asked: list[str] = []
    view.delete_toggled.connect(asked.append)
    point = switch(view, "layer1.0")
    qtbot.mouseClick(view.viewport(), LEFT, pos=point)
    qtbot.mouseDClick(view.viewport(), LEFT, pos=point)
    assert asked == ["layer1.0", "layer1.0"]
    assert view.diagram.opened is None


def test_space_asks_to_delete_the_selected_block_only(view: DiagramView, qtbot: QtBot) -> None:
    asked: list[str] = []
    view.delete_toggled.connect(asked.append)
    for part in (None, "stem", "layer2", "head"):
        view.set_selection(part)
        qtbot.keyClick(view, Key.Key_Space)
    assert asked == []
    view.set_selection("layer3.0")
    qtbot.keyClick(view, Key.Key_Space)
    assert asked == ["layer3.0"]


def test_a_stage_is_selected_by_its_title(view: DiagramView, qtbot: QtBot) -> None:
    band = next(band for band in view.diagram.layout_.bands if band.id == "layer2")
    with qtbot.waitSignal(view.selected) as signal:
        qtbot.mouseClick(view.viewport(), LEFT, pos=view.mapFromScene(QPointF(band.rect.x + 20, band.rect.y + 14)))
    assert signal.args == ["layer2"]


def test_a_deleted_block_looks_different_and_others_do_not(view: DiagramView) -> None:
    before, other = picture(view, "layer2.1"), picture(view, "layer1.1")
    items = view.diagram.items()
    view.set_lesion(Lesion(frozenset({"layer2.1"})))
    assert picture(view, "layer2.1") != before
    assert picture(view, "layer1.1") == other
    assert view.diagram.items() == items, "deleting repaints, it does not build the scene anew"
    assert view.diagram.arcs["layer2.1"].lit
    assert view.diagram.arcs["layer2.1"].pen().color().name() == theme().palette.accent
    assert view.diagram.arcs["layer2.1"].pen().widthF() > view.diagram.arcs["layer1.1"].pen().widthF()
    view.set_lesion(Lesion(frozenset()))
    assert picture(view, "layer2.1") == before


def test_the_selected_block_has_a_ring(view: DiagramView) -> None:
    before = picture(view, "layer1.2")
    view.set_selection("layer1.2")
    assert picture(view, "layer1.2") != before
    view.set_selection(None)
    assert picture(view, "layer1.2") == before


def test_arrow_keys_walk_from_stem_to_head_and_back(view: DiagramView, qtbot: QtBot) -> None:
    seen: list[str] = []
    view.selected.connect(seen.append)
    for _ in range(13):
        qtbot.keyClick(view, Key.Key_Right)
    expected = ["stem", *PRESETS["resnet20"].block_ids, "head"]
    assert list(dict.fromkeys(seen)) == expected
    qtbot.keyClick(view, Key.Key_Home)
    qtbot.keyClick(view, Key.Key_End)
    qtbot.keyClick(view, Key.Key_Left)
    assert seen[-3:] == ["stem", "head", "layer3.2"]


def test_up_and_down_walk_between_rows(view: DiagramView, qtbot: QtBot) -> None:
    view.set_spec(PRESETS["resnet50"])
    assert view.diagram.layout_.rows == 2
    view.set_selection("layer1.0")
    qtbot.keyClick(view, Key.Key_Down)
    assert view.diagram.cards[view.diagram.look.current].box.row == 1
    qtbot.keyClick(view, Key.Key_Up)
    assert view.diagram.cards[view.diagram.look.current].box.row == 0


@pytest.mark.parametrize("part", ["layer2.0", "stem", "head"])
def test_a_double_click_opens_a_part_and_another_closes_it(view: DiagramView, qtbot: QtBot, part: str) -> None:
    point = at(view, part)
    before = view.viewport().grab().toImage()
    qtbot.mouseClick(view.viewport(), LEFT, pos=point)
    qtbot.mouseDClick(view.viewport(), LEFT, pos=point)
    sheet = view.diagram.opened
    assert sheet is not None
    assert all(operation.startswith(part) or part in ("stem", "head") for operation in sheet.operations)
    assert view.viewport().grab().toImage() != before
    seen = view.mapToScene(view.viewport().rect()).boundingRect()
    assert seen.contains(sheet.mapRectToScene(sheet.sheet))
    middle = view.mapFromScene(sheet.mapRectToScene(sheet.sheet).center())
    qtbot.mouseDClick(view.viewport(), LEFT, pos=middle)
    assert view.diagram.opened is None


def test_enter_opens_escape_closes_and_the_operations_are_those_of_the_block(view: DiagramView, qtbot: QtBot) -> None:
    view.set_selection("layer2.0")
    qtbot.keyClick(view, Key.Key_Return)
    names = {name.removeprefix("layer2.0.") for name in view.diagram.opened.operations}
    assert names == {"conv1", "bn1", "relu1", "conv2", "bn2", "downsample", "add", "relu"}
    qtbot.keyClick(view, Key.Key_Right)
    assert view.diagram.opened.cell.id == "layer2.1"
    qtbot.keyClick(view, Key.Key_Escape)
    assert view.diagram.opened is None


def test_an_open_block_shows_when_it_is_deleted(view: DiagramView) -> None:
    view.open_part("layer2.1")
    before = view.viewport().grab().toImage()
    view.set_lesion(Lesion(frozenset({"layer2.1"})))
    assert view.diagram.opened.deleted
    assert view.viewport().grab().toImage() != before


def test_the_wheel_zooms_at_the_cursor(view: DiagramView) -> None:
    point = at(view, "layer3.1")
    before, zoom = view.mapToScene(point), view.zoom
    where = QPointF(point)
    event = QWheelEvent(
        where, view.viewport().mapToGlobal(where), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.viewport(), event)
    assert view.zoom > 1.4 * zoom
    moved = view.mapToScene(point) - before
    assert abs(moved.x()) < 2
    assert abs(moved.y()) < 2
    assert not view.fitted


@pytest.mark.parametrize("button", [LEFT, Qt.MouseButton.MiddleButton])
def test_dragging_the_ground_pans_and_selects_nothing(view: DiagramView, qtbot: QtBot, button: Qt.MouseButton) -> None:
    """With the middle button a card is ground, too."""
    start = at(view, "layer1.1", down=1.3 if button == LEFT else 0.5)
    before = view.mapToScene(start)
    with qtbot.assertNotEmitted(view.selected):
        qtbot.mousePress(view.viewport(), button, pos=start)
        for step in (10, 30, 60):
            qtbot.mouseMove(view.viewport(), start + QPoint(step, step // 2))
        qtbot.mouseRelease(view.viewport(), button, pos=start + QPoint(60, 30))
    after = view.mapToScene(start + QPoint(60, 30))
    assert abs(after.x() - before.x()) < 3
    assert abs(after.y() - before.y()) < 3


def test_keys_zoom_and_fit(view: DiagramView, qtbot: QtBot) -> None:
    fitted = view.zoom
    qtbot.keyClick(view, Key.Key_Plus)
    assert view.zoom > fitted
    qtbot.keyClick(view, Key.Key_0)
    assert view.zoom == pytest.approx(1)
    qtbot.keyClick(view, Key.Key_Minus)
    assert view.zoom == pytest.approx(0.8)
    qtbot.keyClick(view, Key.Key_F)
    assert view.zoom == pytest.approx(fitted)


def test_the_network_stays_fitted_until_a_person_zooms(view: DiagramView) -> None:
    def everything_seen() -> bool:
        return view.mapToScene(view.viewport().rect()).boundingRect().contains(view.content())

    for size in ((1200, 500), (430, 300), (700, 900)):
        view.resize(*size)
        assert everything_seen(), size
    view.zoom_by(3)
    zoom = view.zoom
    view.resize(900, 500)
    assert view.zoom == pytest.approx(zoom)


def test_another_theme_paints_other_colours(view: DiagramView) -> None:
    light = view.viewport().grab().toImage()
    theme().use("dark")
    dark = view.viewport().grab().toImage()
    assert dark.pixelColor(3, 3).name() == theme().palette.window
    assert light.pixelColor(3, 3) != dark.pixelColor(3, 3)


def test_it_tells_a_screen_reader_what_is_selected(view: DiagramView) -> None:
    view.set_lesion(Lesion(frozenset({"layer2.0"})))
    view.set_selection("layer2.0")
    assert view.accessibleName()
    for word in ("ResNet-20", "9 blocks", "1 deleted", "layer2.0", "option A"):
        assert word in view.accessibleDescription()


def test_another_input_or_shortcut_keeps_what_a_person_is_looking_at(view: DiagramView) -> None:
    view.set_lesion(Lesion(frozenset({"layer2.1"})))
    view.set_selection("layer1.1")
    view.zoom_by(2)
    zoom = view.zoom
    view.set_spec(PRESETS["resnet20"].with_(shortcut="B", classes=7))
    assert view.diagram.cards["layer2.1"].deleted
    assert view.diagram.look.current == "layer1.1"
    assert view.zoom == pytest.approx(zoom)
    assert view.diagram.cards["head"].detail == "7 classes"


def test_letters_of_any_script_are_left_to_others(view: DiagramView) -> None:
    event = QKeyEvent(QEvent.Type.KeyPress, 0xAC00, Qt.KeyboardModifier.NoModifier, "가")
    view.keyPressEvent(event)
    assert not event.isAccepted()
