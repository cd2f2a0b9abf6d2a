"""The legend of a line chart: only what occurs in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from explorer.app.text import tr
from explorer.app.theme import Palette, mixed
from explorer.app.widgets.legend import Legend, legend_font
from explorer.app.widgets.line_chart import series_colour
from explorer.app.widgets.line_series import Edge, Frame, Series, edges

_EDGE_WORDS: dict[Edge, str] = {"zero": "exactly zero", "high": "infinite", "none": "no number"}
_EDGE_SIGNS: dict[Edge, str] = {"zero": "▼", "high": "▲", "none": "✕"}
Entry = tuple[Series | Edge | None, str]
"""What is drawn before the words; None for the band."""


class LineLegend(Legend):
    """Pairs of a sign and its words.

    Args:
        series: as the chart got them.
        frame: likewise.
        band: what the bands around the lines are (`quartiles`, `range of 3 seeds`); empty where there are none.
    """

    sample = 32.0

    def __init__(self, series: Sequence[Series], frame: Frame, band: str = "") -> None:
        entries: list[Entry] = [(one, one.name) for one in series if one.name]
        self._band_of = next((one for one in series if one.low is not None), None)
        if band and self._band_of is not None:
            entries.append((None, band))
        kinds = {kind for one in series for kind in edges(np.asarray(one.y, float), frame.log)}
        entries += [(kind, tr(words)) for kind, words in _EDGE_WORDS.items() if kind in kinds]
        self.entries = tuple(entries)

    def is_plain(self, sign: Series | Edge | None) -> bool:
        return isinstance(sign, Series) and sign.role != "context"

    def paint_sign(self, painter: QPainter, sign: Series | Edge | None, rect: QRectF, palette: Palette) -> None:
        if isinstance(sign, Series):
            _paint_line(painter, rect, sign, palette)
        elif sign is None:
            assert self._band_of is not None
            painter.fillRect(rect, mixed(series_colour(self._band_of, palette), 0.16, palette.window))
        else:
            painter.setFont(legend_font())
            painter.setPen(QColor(palette.text))
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), _EDGE_SIGNS[sign])


def _paint_line(painter: QPainter, rect: QRectF, series: Series, palette: Palette) -> None:
    colour, y = series_colour(series, palette), rect.center().y()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if series.line:
        style = Qt.PenStyle.DashLine if series.dashed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(colour, 1.5 if series.role == "context" else 2, style))
        painter.drawPolyline(QPolygonF([QPointF(rect.left(), y), QPointF(rect.right(), y)]))
    if series.marks:
        painter.setPen(QPen(colour, 1.4))
        painter.setBrush(QColor(palette.window) if series.role == "second" else colour)
        painter.drawEllipse(rect.center(), 3, 3)
