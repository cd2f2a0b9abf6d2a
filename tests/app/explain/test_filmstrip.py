"""Frames side by side: where they are, what stands below them, and choosing one."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage
from pytestqt.qtbot import QtBot

from explorer.app.widgets.filmstrip import CAPTION, GAP, LARGEST, SMALLEST, Filmstrip, arrange
from tests.app.panel_support import pixels, show


def image(colour: str) -> QImage:
    made = QImage(4, 4, QImage.Format.Format_RGB32)
    made.fill(QColor(colour))
    return made


def strip(qtbot: QtBot, count: int, width: int = 420, height: int = 200) -> Filmstrip:
    made = show(qtbot, Filmstrip(), width, height)
    made.set_frames([image("#aa0000")] * count, [f"layer1.{number}" for number in range(count)])
    return made


@pytest.mark.parametrize("count", [1, 2, 4, 7, 18, 36])
@pytest.mark.parametrize("room", [QSize(420, 200), QSize(300, 120), QSize(900, 400)])
def test_all_frames_fit_as_large_as_they_can(count: int, room: QSize) -> None:
    cells = arrange(count, room)
    assert cells.columns * cells.rows >= count
    assert SMALLEST <= cells.side <= LARGEST
    if cells.side > SMALLEST:
        assert cells.columns * (cells.side + GAP) - GAP <= room.width()
        assert cells.rows * (cells.side + CAPTION + GAP) - GAP <= room.height()
    if SMALLEST < cells.side < LARGEST:  # one pixel more fits in no number of columns
        for columns in range(1, count + 1):
            rows = -(-count // columns)
            wide = columns * (cells.side + 1 + GAP) - GAP > room.width()
            high = rows * (cells.side + 1 + CAPTION + GAP) - GAP > room.height()
            assert wide or high


def test_few_frames_stand_in_one_row() -> None:
    assert arrange(4, QSize(420, 130)).rows == 1


def test_many_frames_scroll_and_the_chosen_one_comes_into_sight(qtbot: QtBot) -> None:
    made = strip(qtbot, 400)
    assert made.cells.side == SMALLEST
    assert made.verticalScrollBar().maximum() > 0
    made.set_current(399)
    assert made.viewport().rect().contains(made.cell(399))
    made.set_current(0)
    assert made.viewport().rect().contains(made.cell(0))


def test_a_click_on_a_frame_or_its_name_chooses_it(qtbot: QtBot) -> None:
    made = strip(qtbot, 7)
    chosen: list[int] = []
    made.chosen.connect(chosen.append)
    for frame in (3, 6):
        for at in (made.cell(frame).center(), made.cell(frame).bottomLeft() + QPoint(4, -2)):
            qtbot.mouseClick(made.viewport(), Qt.MouseButton.LeftButton, pos=at)
    between = made.cell(0).topRight() + QPoint(2, 4)
    qtbot.mouseClick(made.viewport(), Qt.MouseButton.LeftButton, pos=between)
    assert chosen == [3, 3, 6, 6]


def test_keys_of_the_strip_itself(qtbot: QtBot) -> None:
    made = strip(qtbot, 7)
    made.set_current(1)
    chosen: list[int] = []
    made.chosen.connect(chosen.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_End, Qt.Key.Key_Home):
        qtbot.keyClick(made, key)
    assert chosen == [1 + made.cells.columns if made.cells.rows > 1 else 6, 0, 6, 0]


def test_names_are_shortened_to_the_blocks_number(qtbot: QtBot) -> None:
    made = strip(qtbot, 3)
    metrics = QFontMetrics(made.font())
    assert made._caption(2, metrics, 200) == "layer1.2"
    assert made._caption(2, metrics, 20) == "2"


def test_frames_are_painted_and_the_chosen_one_is_framed(qtbot: QtBot) -> None:
    made = strip(qtbot, 3)
    made.set_current(1)
    shown = pixels(made)
    for frame in range(3):
        middle = made.cell(frame).center()
        assert tuple(shown[middle.y(), middle.x()]) == (170, 0, 0)
    edge = made.cell(1).topLeft() + QPoint(1, 20)
    assert tuple(shown[edge.y(), edge.x()]) != (170, 0, 0)
