"""All channels of a part side by side: one image, painted cell by cell."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from explorer.app.text import tr
from explorer.app.theme import theme
from explorer.app.widgets.cell_area import CellArea, Cells
from explorer.app.widgets.channels import Indices, grid

GAP = 3
SMALLEST = 24
"""Below so many logical pixels a cell the mosaic scrolls instead."""
LARGEST = 160
_EXPORTED = 48


def arrange(count: int, room: QSize) -> Cells:
    """The largest square cells with which all channels are in sight; too small ones scroll down instead."""
    width, height = max(room.width(), SMALLEST), max(room.height(), 1)
    best = Cells(1, max(count, 1), 0)
    for columns in range(1, max(min(count, (width + GAP) // (SMALLEST + GAP)), 1) + 1):
        rows = -(-max(count, 1) // columns)
        side = min((width + GAP) // columns, (height + GAP) // rows) - GAP
        if side > best.side:
            best = Cells(columns, rows, side)
    if best.side < SMALLEST:
        columns = max(min((width + GAP) // (SMALLEST + GAP), count), 1)
        return Cells(columns, -(-max(count, 1) // columns), (width + GAP) // columns - GAP)
    return Cells(best.columns, best.rows, min(best.side, LARGEST))


def coloured(image: Indices, colours: Indices) -> QImage:
    """Colour indices (H, W) through a table (256, 3) -> RGB image of its own memory."""
    height, width = image.shape
    indexed = QImage(np.ascontiguousarray(image).data, width, height, width, QImage.Format.Format_Indexed8)
    indexed.setColorTable([0xFF000000 | int(r) << 16 | int(g) << 8 | int(b) for r, g, b in colours])
    return indexed.convertToFormat(QImage.Format.Format_RGB32)


class Mosaic(CellArea):
    """Channels as cells. A click or the arrow keys choose one; the pointer tells which one it is over."""

    chosen = Signal(int)
    """Channel number."""
    hovered = Signal(int, int, int)
    """Channel, row and column of the map; -1 three times where the pointer is over none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Channels"), SMALLEST, GAP, parent=parent)
        self.viewport().setMouseTracking(True)
        self._image: QImage | None = None
        self._tiles = 1
        self._map = QSize(1, 1)
        self._order = np.zeros(0, np.intp)
        self._current = 0

    # -- what is shown -------------------------------------------------------------------------------------------

    def set_channels(self, channels: Indices, colours: Indices, order: np.ndarray) -> None:
        """Show channels.

        Args:
            channels: colour indices (C, H, W).
            colours: the table (256, 3).
            order: channel numbers in the order in which they are shown.
        """
        tiled, self._tiles = grid(channels)
        self._image = coloured(tiled, colours)
        self._map = QSize(channels.shape[2], channels.shape[1])
        self._order = order
        self._current = min(self._current, max(len(order) - 1, 0))
        self._arrange()

    def clear(self) -> None:
        self._image, self._order = None, np.zeros(0, np.intp)
        self._arrange()

    @property
    def current(self) -> int:
        """The channel that is marked."""
        return self._current

    def set_current(self, channel: int) -> None:
        """Mark a channel and bring it into sight."""
        self._current = channel
        self.setAccessibleDescription(tr("channel {number} of {count}", number=channel, count=len(self._order)))
        places = np.flatnonzero(self._order == channel)
        if len(places):
            self._bring_into_sight(int(places[0]), GAP)
        self.viewport().update()

    def channel_image(self, channel: int) -> QImage:
        """One channel at the size of its map."""
        return QImage() if self._image is None else self._image.copy(self._source(channel))

    def to_image(self) -> QImage:
        """The whole mosaic, also what is out of sight, each number a square of whole pixels."""
        if self._image is None:
            return QImage()
        factor = max(-(-_EXPORTED // max(self._map.width(), 1)), 1)
        step = QSize(self._map.width() * factor + GAP, self._map.height() * factor + GAP)
        columns, rows = self.cells.columns, self.cells.rows
        image = QImage(columns * step.width() - GAP, rows * step.height() - GAP, QImage.Format.Format_RGB32)
        image.fill(QColor(theme().palette.window))
        painter = QPainter(image)
        for place, channel in enumerate(self._order):
            row, column = divmod(place, columns)
            corner = QPoint(column * step.width(), row * step.height())
            painter.drawImage(QRect(corner, self._map * factor), self._image, self._source(int(channel)))
        painter.end()
        return image

    # -- geometry ------------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        return len(self._order)

    def arranged(self, room: QSize) -> Cells:
        return arrange(self.count, room)

    def channel_at(self, point: QPoint) -> tuple[int, int, int] | None:
        """Channel, row and column of the map under a point of the viewport."""
        step = self.cells.side + GAP
        column, x = divmod(point.x(), step)
        row, y = divmod(point.y() + self.verticalScrollBar().value(), step)
        place = row * self.cells.columns + column
        outside = not 0 <= column < self.cells.columns or x >= self.cells.side or y >= self.cells.side
        if outside or not 0 <= place < len(self._order):
            return None
        across = x * self._map.width() // self.cells.side
        return int(self._order[place]), y * self._map.height() // self.cells.side, across

    def _source(self, channel: int) -> QRect:
        row, column = divmod(channel, self._tiles)
        return QRect(QPoint(column * self._map.width(), row * self._map.height()), self._map)

    # -- events --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image is None:
            return
        painter = QPainter(self.viewport())
        smaller = self.cells.side * self.devicePixelRatioF() < self._map.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smaller)
        step = self.cells.side + GAP
        first = max(self.verticalScrollBar().value() // step * self.cells.columns, 0)
        visible = (self.viewport().height() // step + 2) * self.cells.columns
        for place in range(first, min(first + visible, len(self._order))):
            channel = int(self._order[place])
            rect = self.cell(place)
            painter.drawImage(rect, self._image, self._source(channel))
            if channel == self._current:
                self._paint_current(painter, rect)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        hit = self.channel_at(event.position().toPoint())
        if hit and event.button() == Qt.MouseButton.LeftButton:
            self._choose(hit[0])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(*(self.channel_at(event.position().toPoint()) or (-1, -1, -1)))

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.hovered.emit(-1, -1, -1)
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = len(self._order)
        page = max(self.viewport().height() // (self.cells.side + GAP), 1) * self.cells.columns
        moves = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self.cells.columns,
            Qt.Key.Key_Down: self.cells.columns,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Home: -count,
            Qt.Key.Key_End: count,
        }
        move = moves.get(Qt.Key(event.key()))
        if move is None or not count:
            super().keyPressEvent(event)
            return
        places = np.flatnonzero(self._order == self._current)
        place = int(places[0]) if len(places) else 0
        self._choose(int(self._order[min(max(place + move, 0), count - 1)]))

    def _choose(self, channel: int) -> None:
        self.set_current(channel)
        self.chosen.emit(channel)
