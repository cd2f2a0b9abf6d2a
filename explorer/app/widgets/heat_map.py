"""A grid of numbers in diverging colours: columns are blocks, rows are classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.app.study_numbers import Floats
from explorer.app.text import tr
from explorer.app.theme import part_colour, theme
from explorer.app.widgets.channels import DIVERGING, DIVERGING_DARK, Indices, indices, table
from explorer.app.widgets.mosaic import coloured

_TOP = 18
"""Logical pixels above the cells, for the stages' names and their colours."""
_BOTTOM = 18
_LARGEST_ROW, _LARGEST_COLUMN = 36, 72
_FONT = 12
_GREY = 16
"""So many colours to either side of the middle are greyed, the nearer the more."""


def diverging() -> Indices:
    """The table of colours of the theme in use; the highest number has the last colour."""
    # A fall is red, as a loss should be: the scale runs the other way round.
    colours = table(DIVERGING_DARK if theme().palette.dark else DIVERGING).copy()
    colours[:254] = colours[253::-1]
    # The middle of the scale has a tint of its own, which beside red reads as a slight loss: no change is grey.
    away = np.abs(np.arange(254) - 126.5)[:, None] / _GREY
    grey = colours[:254].mean(axis=1, keepdims=True)
    colours[:254] = np.where(away < 1, grey + away * (colours[:254] - grey), colours[:254]).round()
    return colours


class HeatMap(QWidget):
    """Changes of recall. A click or Enter chooses a cell, arrow keys walk, the pointer tells what it is over."""

    pointed = Signal(int, int)
    """Column and row under the pointer or the cursor, -1 twice for none."""
    chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Change of recall, blocks by classes"))
        self._values: Floats = np.zeros((0, 0))
        self._columns: tuple[str, ...] = ()
        self._rows: tuple[str, ...] = ()
        self._image = QImage()
        self._current: tuple[int, int] | None = None
        self._font = QFont(self.font())
        self._font.setPixelSize(_FONT)
        theme().changed.connect(self._paint_again)

    def show_values(self, values: Floats, columns: Sequence[str], rows: Sequence[str]) -> float:
        """Show numbers (columns, rows), NaN where there is none; returns the end of the scale, which is symmetric."""
        self._values, self._columns, self._rows = values, tuple(columns), tuple(rows)
        if self._current is not None and not (self._current[0] < len(columns) and self._current[1] < len(rows)):
            self._current = None
        self._paint_again()
        return self.end

    @property
    def end(self) -> float:
        """The highest number of the scale; at least one, so that noise does not look like damage."""
        finite = np.abs(self._values[np.isfinite(self._values)])
        return max(float(finite.max()) if finite.size else 0.0, 1.0)

    def sizeHint(self) -> QSize:
        return QSize(360, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 90)

    # -- geometry ------------------------------------------------------------------------------------------------

    def cells(self) -> QRectF:
        """Where all cells are."""
        metrics = QFontMetrics(self._font)
        left = min(max((metrics.horizontalAdvance(row) for row in self._rows), default=0), 110) + 10
        width = min(self.width() - left - 4, _LARGEST_COLUMN * max(len(self._columns), 1))
        height = min(self.height() - _TOP - _BOTTOM, _LARGEST_ROW * max(len(self._rows), 1))
        return QRectF(left, _TOP, max(width, 1), max(height, 1))

    def cell(self, column: int, row: int) -> QRectF:
        """Where one cell is."""
        room = self.cells()
        width, height = room.width() / max(len(self._columns), 1), room.height() / max(len(self._rows), 1)
        return QRectF(room.left() + column * width, room.top() + row * height, width, height)

    def cell_at(self, point: QPoint) -> tuple[int, int] | None:
        """Column and row under a point."""
        room = self.cells()
        if not room.contains(point) or not self._values.size:
            return None
        column = int((point.x() - room.left()) / room.width() * len(self._columns))
        row = int((point.y() - room.top()) / room.height() * len(self._rows))
        return min(column, len(self._columns) - 1), min(row, len(self._rows) - 1)

    # -- painting ------------------------------------------------------------------------------------------------

    def _paint_again(self) -> None:
        if self._values.size:
            shares = indices(np.ascontiguousarray(self._values.T), -self.end, self.end, symmetric=True)
            colours = diverging()
            ground = QColor(theme().palette.control)
            colours[254] = (ground.red(), ground.green(), ground.blue())
            self._image = coloured(shares, colours)
        else:
            self._image = QImage()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image.isNull():
            return
        colours = theme().palette
        painter = QPainter(self)
        painter.setFont(self._font)
        room = self.cells()
        painter.drawImage(room, self._image)
        self._paint_rows(painter, room)
        self._paint_columns(painter, room)
        if self._current is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRect(self.cell(*self._current).adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_rows(self, painter: QPainter, room: QRectF) -> None:
        colours = theme().palette
        metrics = QFontMetrics(self._font)
        painter.setPen(QColor(colours.muted))
        each = room.height() / max(len(self._rows), 1)
        step = max(1, -(-14 // max(int(each), 1)))
        for row in range(0, len(self._rows), step):
            words = metrics.elidedText(self._rows[row], Qt.TextElideMode.ElideRight, int(room.left()) - 10)
            place = QRectF(0, room.top() + row * each, room.left() - 8, each)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
            painter.drawText(place, int(flags), words)

    def _paint_columns(self, painter: QPainter, room: QRectF) -> None:
        """The stages' colours and names above, the blocks' numbers below."""
        colours = theme().palette
        each = room.width() / max(len(self._columns), 1)
        step = next((step for step in (1, 2, 5, 10, 20, 50, 100) if step * each >= 18), 200)
        middle = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
        for column, block in enumerate(self._columns):
            stage, number = block.split(".")
            x = room.left() + column * each
            painter.fillRect(QRectF(x, room.top() - 3, each + 0.5, 3), part_colour(block))
            painter.setPen(QColor(colours.muted))
            if number == "0":
                painter.fillRect(QRectF(x - 0.5, room.top() - 3, 1, room.height() + 3), QColor(colours.window))
                painter.drawText(QRectF(x + 2, 0, 10, _TOP - 4), int(left), stage)
            if int(number) % step == 0:
                painter.drawText(QRectF(x, room.bottom() + 2, each, _BOTTOM - 2), int(middle), number)

    # -- the pointer and the keys --------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._go_to(self.cell_at(event.position().toPoint()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.cell_at(event.position().toPoint())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self._go_to(found)
            self.chosen.emit(*found)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave and not self.hasFocus():
            self._go_to(None)
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        move = moves.get(Qt.Key(event.key()))
        if move is not None and self._values.size:
            column, row = self._current or (0, 0)
            column = min(max(column + move[0], 0), len(self._columns) - 1)
            self._go_to((column, min(max(row + move[1], 0), len(self._rows) - 1)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._current is not None:
            self.chosen.emit(*self._current)
        else:
            super().keyPressEvent(event)

    def _go_to(self, cell: tuple[int, int] | None) -> None:
        if cell != self._current:
            self._current = cell
            self.update()
            self.pointed.emit(*(cell or (-1, -1)))

    def tip_place(self, column: int, row: int) -> QPoint:
        """Where a tooltip on a cell belongs, on the screen."""
        rect: QRect = self.cell(column, row).toRect()
        return self.mapToGlobal(rect.bottomRight() + QPoint(8, 8))
