"""The legend of a line chart: only what occurs in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.app.text import tr
from explorer.app.theme import Palette, mixed, theme
from explorer.app.widgets.line_chart import series_colour
from explorer.app.widgets.line_series import Edge, Frame, Series, edges

_LINE, _SAMPLE, _GAP, _SIZE = 20.0, 32.0, 18.0, 12
_EDGE_WORDS: dict[Edge, str] = {"zero": "exactly zero", "high": "infinite", "none": "no number"}
_EDGE_SIGNS: dict[Edge, str] = {"zero": "▼", "high": "▲", "none": "✕"}
Entry = tuple[Series | Edge | None, str]
"""What is drawn before the words; None for the band."""


class LineLegend:
    """Pairs of a sign and its words.

    Args:
        series: as the chart got them.
        frame: likewise.
        band: what the bands around the lines are (`quartiles`, `range of 3 seeds`); empty where there are none.
    """

    def __init__(self, series: Sequence[Series], frame: Frame, band: str = "") -> None:
        self.entries: list[Entry] = [(one, one.name) for one in series if one.name]
        self._band_of = next((one for one in series if one.low is not None), None)
        if band and self._band_of is not None:
            self.entries.append((None, band))
        kinds = {kind for one in series for kind in edges(np.asarray(one.y, float), frame.log)}
        self.entries += [(kind, tr(words)) for kind, words in _EDGE_WORDS.items() if kind in kinds]

    def height(self, width: float) -> float:
        """What it needs at that width."""
        return (self._places(width)[-1].y() + 1) * _LINE if self.entries else 0.0

    def paint(self, painter: QPainter, rect: QRectF, palette: Palette) -> None:
        """Into a rectangle, from its top left."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetricsF(_font())
        for (sign, words), place in zip(self.entries, self._places(rect.width()), strict=True):
            x, y = rect.left() + place.x(), rect.top() + place.y() * _LINE
            self._paint_sign(painter, sign, QRectF(x, y + 3, _SAMPLE, _LINE - 6), palette)
            x += _SAMPLE + 6
            painter.setFont(_font())
            plain = isinstance(sign, Series) and sign.role != "context"
            painter.setPen(QColor(palette.text if plain else palette.muted))
            room = rect.right() - x
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
            painter.drawText(QRectF(x, y, room, _LINE), int(flags), shown)

    def _paint_sign(self, painter: QPainter, sign: Series | Edge | None, rect: QRectF, palette: Palette) -> None:
        if isinstance(sign, Series):
            _paint_line(painter, rect, sign, palette)
        elif sign is None:
            assert self._band_of is not None
            painter.fillRect(rect, mixed(series_colour(self._band_of, palette), 0.16, palette.window))
        else:
            painter.setFont(_font())
            painter.setPen(QColor(palette.text))
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), _EDGE_SIGNS[sign])

    def _places(self, width: float) -> list[QPointF]:
        """Left end of each entry; y counts lines."""
        metrics = QFontMetricsF(_font())
        x, line, places = 0.0, 0, []
        for _, words in self.entries:
            needed = _SAMPLE + 6 + metrics.horizontalAdvance(words)
            if x and x + needed > width:
                x, line = 0.0, line + 1
            places.append(QPointF(x, line))
            x += needed + _GAP
        return places


class LineLegendStrip(QWidget):
    """The legend above the chart."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._legend = LineLegend((), Frame("", ""))
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(tr("Legend"))
        theme().changed.connect(self.update)

    def show_legend(self, legend: LineLegend) -> None:
        self._legend = legend
        self.setAccessibleDescription("; ".join(words for _, words in legend.entries))
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return int(self._legend.height(width))

    def sizeHint(self) -> QSize:
        return QSize(300, self.heightForWidth(max(self.width(), 300)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._legend.paint(painter, QRectF(self.rect()), theme().palette)


def _font() -> QFont:
    font = QFont()
    font.setPixelSize(_SIZE)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def _paint_line(painter: QPainter, rect: QRectF, series: Series, palette: Palette) -> None:
    colour, y = series_colour(series, palette), rect.center().y()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if series.line:
        style = Qt.PenStyle.DashLine if series.dashed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(colour, 1.2 if series.role == "context" else 2, style))
        painter.drawPolyline(QPolygonF([QPointF(rect.left(), y), QPointF(rect.right(), y)]))
    if series.marks:
        painter.setPen(QPen(colour, 1.4))
        painter.setBrush(QColor(palette.window) if series.role == "second" else colour)
        painter.drawEllipse(rect.center(), 3, 3)
