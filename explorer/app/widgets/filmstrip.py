"""All frames of a film side by side, each with its block's name."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QWidget

from explorer.app.text import tr
from explorer.app.theme import theme
from explorer.app.widgets.cell_area import CellArea, Cells
from explorer.app.widgets.pictures import draw_pixels

GAP, CAPTION = 6, 18
SMALLEST, LARGEST = 32, 160
"""Side of a frame in logical pixels; where it would be smaller, the strip scrolls."""


def arrange(count: int, room: QSize) -> Cells:
    """The largest square frames with which all are in sight; too small ones scroll down instead."""
    best = Cells(1, max(count, 1), 0)
    for columns in range(1, max(count, 1) + 1):
        rows = -(-max(count, 1) // columns)
        across = (room.width() + GAP) // columns - GAP
        side = min(across, (room.height() + GAP) // rows - GAP - CAPTION)
        if side >= best.side:  # of equals the one with fewer rows
            best = Cells(columns, rows, side)
    if best.side < SMALLEST:
        columns = max(min((room.width() + GAP) // (SMALLEST + GAP), count), 1)
        return Cells(columns, -(-count // columns), SMALLEST)
    return Cells(best.columns, best.rows, min(best.side, LARGEST))


class Filmstrip(CellArea):
    """A click or the arrow keys choose a frame."""

    chosen = Signal(int)
    """Number of a frame."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Frames"), SMALLEST, GAP, CAPTION, parent)
        self._images: tuple[QImage, ...] = ()
        self._names: tuple[str, ...] = ()
        self._current = 0

    # -- what is shown ---------------------------------------------------------------------------------------------

    def set_frames(self, images: Sequence[QImage], names: Sequence[str]) -> None:
        """Show images, and what stands below each."""
        self._images, self._names = tuple(images), tuple(names)
        self._current = min(self._current, max(len(images) - 1, 0))
        self._arrange()

    @property
    def current(self) -> int:
        """Number of the frame that is marked."""
        return self._current

    def set_current(self, frame: int) -> None:
        """Mark a frame and bring it into sight."""
        self._current = frame
        words = tr("frame {number} of {count}: {block}", number=frame + 1, count=len(self._names),
                   block=self._names[frame])  # fmt: skip
        self.setAccessibleDescription(words)
        self._bring_into_sight(frame, 1)
        self.viewport().update()

    # -- geometry --------------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        return len(self._images)

    def arranged(self, room: QSize) -> Cells:
        return arrange(self.count, room)

    def frame_at(self, point: QPoint) -> int | None:
        """Which frame is under a point of the viewport."""
        return next((frame for frame in range(len(self._images)) if self.cell(frame).contains(point)), None)

    # -- events ----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        face = self.font()
        face.setPixelSize(11)
        painter.setFont(face)
        metrics = QFontMetrics(face)
        for frame, image in enumerate(self._images):
            cell = self.cell(frame)
            if not cell.intersects(event.rect()):
                continue
            square = QRect(cell.topLeft(), QSize(cell.width(), cell.width()))
            draw_pixels(painter, QRectF(square), image)
            chosen = frame == self._current
            painter.setPen(QColor(theme().palette.text if chosen else theme().palette.muted))
            below = QRect(cell.left(), square.bottom() + 2, cell.width(), CAPTION - 2)
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, self._caption(frame, metrics, cell.width()))
            if chosen:
                self._paint_current(painter, square)

    def _caption(self, frame: int, metrics: QFontMetrics, width: int) -> str:
        """The name, or the block's number alone where there is no room."""
        name = self._names[frame]
        return name if metrics.horizontalAdvance(name) <= width else name.rpartition(".")[2]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        hit = self.frame_at(event.position().toPoint())
        if hit is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(hit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right are the panel's, which steps."""
        count = len(self._images)
        moves: dict[int, int] = {
            Qt.Key.Key_Up: -self.cells.columns,
            Qt.Key.Key_Down: self.cells.columns,
            Qt.Key.Key_Home: -count,
            Qt.Key.Key_End: count,
        }
        move = moves.get(event.key())
        if move is not None and count:
            self.chosen.emit(min(max(self._current + move, 0), count - 1))
        else:
            event.ignore()
