"""The whole network, small, in a corner of a diagram that is seen in part: where one is, and a way to elsewhere.

It paints a picture of its own, made from the layout once and kept: moving over the network paints one pixmap and one
rectangle.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from explorer.app.diagram.bands import bars_of
from explorer.app.diagram.items import qrect
from explorer.app.diagram.look import Look
from explorer.app.text import tr
from explorer.app.theme import mixed
from explorer.networks.layout import Band, Box, Layout

_LARGEST = QSize(220, 92)
_PAD = 7.0
_SMALLEST_ROOM = QSize(420, 190)
"""In a smaller view it would hide more than it tells."""
_MARGIN = 10


class Minimap(QWidget):
    """An overview of a layout, with the part that is seen in a frame; pressing or dragging in it asks to go there."""

    wanted = Signal(QPointF)
    """The point of the scene that is to come into the middle of the view."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.enabled = True
        self._layout: Layout | None = None
        self._look: Look | None = None
        self._seen = QRectF()
        self._picture: QPixmap | None = None
        self._made: tuple[object, ...] = ()
        self._grip = QPointF()
        self.setAccessibleName(tr("Overview of the network"))
        self.setToolTip(tr("Where the diagram is in the whole network; press or drag to go elsewhere"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    # -- what it shows -------------------------------------------------------------------------------------------

    def follow(self, layout: Layout | None, look: Look, seen: QRectF, room: QRectF) -> None:
        """This part of a layout is seen; there is that much room to stand in. It hides where all is seen."""
        self._layout, self._look, self._seen = layout, look, seen
        if not self.enabled or layout is None or not self._needed(layout, seen, room):
            self.hide()
            return
        scale = self._scale
        size = QSize(round(layout.width * scale + 2 * _PAD), round(layout.height * scale + 2 * _PAD))
        corner = room.bottomRight() - QPointF(size.width() + _MARGIN, size.height() + _MARGIN)
        self.setGeometry(int(corner.x()), int(corner.y()), size.width(), size.height())
        self.show()
        self.raise_()
        self.update()

    @staticmethod
    def _needed(layout: Layout, seen: QRectF, room: QRectF) -> bool:
        if room.width() < _SMALLEST_ROOM.width() or room.height() < _SMALLEST_ROOM.height():
            return False
        whole = QRectF(0, 0, layout.width, layout.height)
        hidden = min(whole.width(), whole.height()) * 0.01
        return not seen.adjusted(-hidden, -hidden, hidden, hidden).contains(whole)

    @property
    def seen(self) -> QRectF:
        """The part of the scene that is seen."""
        return QRectF(self._seen)

    @property
    def _scale(self) -> float:
        assert self._layout is not None
        return min(_LARGEST.width() / self._layout.width, _LARGEST.height() / self._layout.height)

    def frame(self) -> QRectF:
        """Where the part that is seen stands in the widget."""
        scale = self._scale
        rect = QRectF(
            self._seen.x() * scale + _PAD, self._seen.y() * scale + _PAD,
            self._seen.width() * scale, self._seen.height() * scale,
        )  # fmt: skip
        return rect & QRectF(self.rect()).adjusted(2, 2, -2, -2)

    # -- painting ------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._layout is None or self._look is None:
            return
        palette = self._look.palette
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._drawn(self._layout, self._look))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = QColor(palette.accent)
        painter.setPen(QPen(accent, 1.5))
        accent.setAlphaF(0.1)
        painter.setBrush(accent)
        painter.drawRoundedRect(self.frame(), 3, 3)

    def _drawn(self, layout: Layout, look: Look) -> QPixmap:
        """The network, drawn anew only when it or its colours changed."""
        ratio = self.devicePixelRatioF()
        # Only what is kept alive is compared by identity: a new layout could else get an old one's address.
        made = (layout, look.palette, look.deleted, look.cut, look.colouring, ratio)
        if self._picture is None or len(self._made) != len(made) or not _same(made, self._made):
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            self._made = made
            painter = QPainter(self._picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw(painter, layout, look)
            painter.end()
        return self._picture

    def _draw(self, painter: QPainter, layout: Layout, look: Look) -> None:
        palette = look.palette
        ground = QColor(palette.window)
        ground.setAlphaF(0.94)
        painter.setPen(QPen(QColor(palette.line), 1))
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.translate(_PAD, _PAD)
        painter.scale(self._scale, self._scale)
        painter.setPen(Qt.PenStyle.NoPen)
        for band in layout.bands:
            own = [box for box in layout.boxes if box.row == band.row and box.cell.node.stage == band.id]
            self._draw_band(painter, band, own, look)
        for box in layout.boxes:
            if box.cell.node.stage is None:
                painter.fillRect(qrect(box.rect), mixed(look.colour(box.id), 0.6, palette.window))

    def _draw_band(self, painter: QPainter, band: Band, boxes: list[Box], look: Look) -> None:
        palette = look.palette
        colour = look.colour(band.id)
        painter.setBrush(mixed(colour, 0.3 if look.colouring is None else 0.16, palette.window))
        painter.drawRoundedRect(qrect(band.rect), 12, 12)
        least = 1.2 / self._scale
        for box in boxes:
            fill = look.fill(look.value(box.cell)) or mixed(colour, 0.75, palette.window)
            done = any(bar.block in look.deleted or bar.block in look.cut for bar in bars_of([box]))
            rect = qrect(box.rect)
            if done:
                fill = QColor(palette.accent)
                rect.setWidth(max(rect.width(), least))
            painter.fillRect(rect, fill)

    # -- the mouse -----------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """On the frame: take it; elsewhere: bring it there."""
        if event.button() != Qt.MouseButton.LeftButton or self._layout is None:
            return
        frame = self.frame()
        self._grip = event.position() - frame.center() if frame.contains(event.position()) else QPointF()
        if not frame.contains(event.position()):
            self._ask(event.position())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._layout is not None:
            self._ask(event.position() - self._grip)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def _ask(self, at: QPointF) -> None:
        assert self._layout is not None
        x = min(max((at.x() - _PAD) / self._scale, 0.0), self._layout.width)
        y = min(max((at.y() - _PAD) / self._scale, 0.0), self._layout.height)
        self.wanted.emit(QPointF(x, y))


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return all(
        left is right or (isinstance(left, float) and left == right) for left, right in zip(one, other, strict=True)
    )
