"""Square cells side by side, which scroll down where they would be too small."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from explorer.app.theme import theme


@dataclass(frozen=True)
class Cells:
    """Where the cells are: columns, rows, and the side of one in logical pixels."""

    columns: int
    rows: int
    side: int


class CellArea(QAbstractScrollArea):
    """What views of such cells have in common.

    Args:
        name: its accessible name.
        side: of a cell before there is any.
        gap: between two cells.
        caption: height of what stands below each.
    """

    def __init__(self, name: str, side: int, gap: int, caption: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self._gap, self._caption_height = gap, caption
        self.cells = Cells(1, 1, side)
        theme().changed.connect(self.viewport().update)

    @property
    def count(self) -> int:
        """How many cells there are."""
        raise NotImplementedError

    def arranged(self, room: QSize) -> Cells:
        """Where they are in a view of that size."""
        raise NotImplementedError

    def cell(self, place: int) -> QRect:
        """Where a cell is with what stands below it, in the viewport."""
        row, column = divmod(place, self.cells.columns)
        side = self.cells.side
        top = row * self._row_height - self.verticalScrollBar().value()
        return QRect(column * (side + self._gap), top, side, side + self._caption_height)

    @property
    def _row_height(self) -> int:
        return self.cells.side + self._caption_height + self._gap

    def sizeHint(self) -> QSize:
        return QSize(480, 160)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 72)

    def _arrange(self) -> None:
        self.cells = self.arranged(self.viewport().size())
        height = self.cells.rows * self._row_height - self._gap
        bar = self.verticalScrollBar()
        bar.setRange(0, max(height - self.viewport().height(), 0) if self.count else 0)
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._row_height)
        self.viewport().update()

    def _bring_into_sight(self, place: int, around: int) -> None:
        """With so many pixels around it."""
        rect, bar = self.cell(place), self.verticalScrollBar()
        if rect.top() < 0:
            bar.setValue(bar.value() + rect.top() - around)
        elif rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + around)

    def _paint_current(self, painter: QPainter, square: QRect) -> None:
        """A frame inside the square, so that the edge of the view does not cut it."""
        colours = theme().palette
        painter.setPen(QPen(QColor(colours.window), 1))
        painter.drawRect(QRectF(square).adjusted(2.5, 2.5, -2.5, -2.5))
        painter.setPen(QPen(QColor(colours.accent), 2))
        painter.drawRect(QRectF(square).adjusted(1, 1, -1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()
