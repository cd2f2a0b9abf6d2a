"""DenseNet's concatenations as a fan of arcs: each output goes to all later layers of its stage (Huang et al. 2017,
figure 1).

One item draws the fan of a stage, or of the piece of it in one row. The arcs are pale together; those of the layer that
is current, pointed at or lit stand out: in the accent colour where its output goes, dark where what it gets is from.
"""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsRectItem, QStyleOptionGraphicsItem, QWidget

from explorer.app.diagram.items import Z, bare
from explorer.app.diagram.look import Look
from explorer.networks.layout import Fan

_MOST = 240
"""Arcs drawn of a fan; of a larger one every second layer's, every third's …: more would be one grey plane."""
_PALE = 0.42
_LOW = 12.0
"""Height of the lowest arc above the cards."""


class FanItem(QGraphicsRectItem):
    """The fan of one stage, or of the piece of it in one row."""

    def __init__(self, fan: Fan, look: Look) -> None:
        super().__init__()
        self.fan = fan
        self._look = look
        self._pale: QPainterPath | None = None
        self._gone = QPainterPath()
        self._deleted: frozenset[str] | None = None
        left, right = fan.ports[0].leaves, fan.ports[-1].arrives
        bare(self, QRectF(left, fan.top, right - left, fan.base - fan.top).adjusted(-2, -2, 2, 2), Z["line"])

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        palette = self._look.palette
        self._make()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        colour = QColor(palette.edge)
        colour.setAlphaF(_PALE)
        # A cosmetic pen is drawn line by line; Qt takes seconds to outline hundreds of crossing arcs as one shape.
        pen = QPen(colour, 1.0)
        pen.setCosmetic(self._look.resolution == 1)
        painter.setPen(pen)
        if self._pale is not None:
            painter.drawPath(self._pale)
        colour.setAlphaF(0.7 * _PALE)
        gone = QPen(pen)
        gone.setColor(colour)
        gone.setDashPattern([1.5, 3.5])
        painter.setPen(gone)
        painter.drawPath(self._gone)
        for index in self._marked():
            self._paint_marked(painter, index)

    def arcs(self) -> list[tuple[int, int]]:
        """Pairs of ports that are joined by an arc that is drawn: all of a small fan."""
        count = len(self.fan.ports)
        step = max(1, -(-(count * (count - 1) // 2) // _MOST))
        return [
            (start, end)
            for start in range(count - 1)
            for end in range(start + 2, count)  # the straight edge joins neighbours
            if start % step == 0
        ]

    def _make(self) -> None:
        """The paths, anew only when other layers are deleted: their channels are zero, so nothing goes on from them."""
        own = self._look.deleted & {port.id for port in self.fan.ports}
        if own == self._deleted:
            return
        self._deleted = own
        self._pale, self._gone = QPainterPath(), QPainterPath()
        for start, end in self.arcs():
            path = self._gone if self.fan.ports[start].id in own else self._pale
            self._add_arc(path, start, end)

    def _marked(self) -> Iterator[int]:
        names = {self._look.current, self._look.hover, self._look.light} - {None}
        if names:
            for index, port in enumerate(self.fan.ports):
                if port.id in names or names.intersection(port.hidden):
                    yield index

    def _paint_marked(self, painter: QPainter, index: int) -> None:
        """All arcs of one layer, however large the fan is."""
        palette = self._look.palette
        port = self.fan.ports[index]
        came, goes = QPainterPath(), QPainterPath()
        for start in range(index - 1):
            self._add_arc(came, start, index)
        for end in range(index + 2, len(self.fan.ports)):
            self._add_arc(goes, index, end)
        painter.setPen(QPen(QColor(palette.text), 1.2))
        painter.drawPath(came)
        pen = QPen(QColor(palette.accent), 1.8)
        if port.id in self._look.deleted:
            pen.setDashPattern([2, 2.5])
        painter.setPen(pen)
        painter.drawPath(goes)

    def _add_arc(self, path: QPainterPath, start: int, end: int) -> None:
        """From where a layer's output leaves to where another one's input arrives; the farther, the higher."""
        ports, fan = self.fan.ports, self.fan
        left, right = ports[start].leaves, ports[end].arrives
        share = (end - start - 1) / max(len(ports) - 2, 1)
        height = _LOW + (fan.card - fan.top - _LOW - 4) * share**0.75
        peak = fan.base - (fan.base - fan.card + height) / 0.75
        path.moveTo(QPointF(left, fan.base))
        path.cubicTo(QPointF(left, peak), QPointF(right, peak), QPointF(right, fan.base))
