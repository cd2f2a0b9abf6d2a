"""Medians with quartiles over k, or over Kendall's tau, and each run as a faint dot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSizeF, Qt
from PySide6.QtGui import QColor

from explorer.app.study_numbers import Curve, curve, usable
from explorer.app.text import tr
from explorer.app.theme import Palette
from explorer.app.widgets.chart import Hit
from explorer.app.widgets.study_layer import Layer, axis_words, dots, spread, whole_ticks
from explorer.engine.study_records import StudyResult

if TYPE_CHECKING:
    from explorer.app.widgets.study_chart import ChartLook


class _Series:
    """One study's items."""

    def __init__(self, layer: CurveLayer, study: int) -> None:
        depth = -study
        self.low = layer.add(pg.PlotCurveItem(pen=None), depth - 12)
        self.high = layer.add(pg.PlotCurveItem(pen=None), depth - 12)
        self.band = layer.add(pg.FillBetweenItem(self.low, self.high), depth - 10)
        self.runs = layer.add(dots(6), depth)
        self.line = layer.add(pg.PlotCurveItem(), depth + 10)
        self.medians = layer.add(dots(6), depth + 11)

    def feed(self, found: Curve | None, share: float) -> None:
        """Draw a curve, `share` of 100 being the whole of its x; None draws nothing."""
        nothing = np.zeros(0)
        if found is None:
            for item in (self.low, self.high, self.line):
                item.setData(nothing, nothing)
            self.runs.setData([], [])
            self.medians.setData([], [])
            return
        order = np.argsort(found.x, kind="stable")
        x = found.x[order] * share
        self.low.setData(x, found.low[order])
        self.high.setData(x, found.high[order])
        self.line.setData(x, found.median[order])
        self.medians.setData(x, found.median[order])
        self.runs.setData(found.runs_x * share, found.runs_y)


class CurveLayer(Layer):
    """Curves of `random` (over k) and `reorder` (over tau, falling to the right as the order is disturbed)."""

    def __init__(self, plot: Any, palette: Palette) -> None:
        super().__init__(plot, palette)
        self._series = [_Series(self, study) for study in range(2)]
        self._levels = [self.add(pg.InfiniteLine(angle=0), -15 - study) for study in range(2)]
        self._ring = self.add(dots(12), 20)
        self._marks = self.add(dots(12), 19)
        self._shown: list[tuple[Hit, float, float]] = []

    def set_visible(self, visible: bool) -> None:
        super().set_visible(visible)
        if not visible:
            self.plot.getViewBox().invertX(False)

    def recolour(self, palette: Palette) -> None:
        self.palette = palette
        accent, second = QColor(palette.accent), self.second_colour()
        styles = ((accent, Qt.PenStyle.SolidLine, 0.16, 0.4), (second, Qt.PenStyle.DashLine, 0.1, 0.4))
        for series, level, (colour, style, band, dot) in zip(self._series, self._levels, styles, strict=True):
            fill, faint = QColor(colour), QColor(colour)
            fill.setAlphaF(band)
            faint.setAlphaF(dot)
            series.band.setBrush(fill)
            series.line.setPen(pg.mkPen(colour, width=2, style=style))
            hollow = series is self._series[1]
            series.runs.setBrush(pg.mkBrush(None) if hollow else pg.mkBrush(faint))
            series.runs.setPen(pg.mkPen(faint) if hollow else pg.mkPen(None))
            series.medians.setBrush(pg.mkBrush(palette.window if hollow else colour))
            series.medians.setPen(pg.mkPen(colour, width=1.2))
            level.setPen(pg.mkPen(self.faint(palette.muted, 0.5), style=Qt.PenStyle.DotLine))
        for item in (self._ring, self._marks):
            item.setBrush(pg.mkBrush(None))
            item.setPen(pg.mkPen(palette.accent, width=2))

    def show_results(self, results: Sequence[StudyResult], look: ChartLook, room: QSizeF) -> None:
        measure = usable(results[0], look.measure)
        curves = [curve(result, measure) for result in results]
        tau = results[0].request.kind == "reorder"
        counts = [len(result.request.spec.block_ids) for result in results]
        same = tau or len(set(counts)) == 1
        shares = [1.0 if same else 100 / count for count in counts]
        self._shown = []
        for study, series in enumerate(self._series):
            found = curves[study] if study < len(curves) else None
            series.feed(found, shares[study] if found else 1.0)
            if found is not None:
                places = zip(found.points, found.runs_x * shares[study], found.runs_y, strict=True)
                self._shown += [((study, number), float(x), float(y)) for number, x, y in places]
        self._set_levels(curves)
        marked = [shown for shown in self._shown if _lesion(results, shown[0]) == look.marked and look.marked]
        self._marks.setData([x for _, x, _ in marked], [y for *_, y in marked])
        plain = all(result.request.spec.plain for result in results)
        self._set_axes(curves, tau, (max(counts) if same else None, plain), room.width())
        self.set_axis("left", axis_words(measure))
        self.point_at(None)

    def _set_levels(self, curves: Sequence[Curve]) -> None:
        for study, line in enumerate(self._levels):
            there = study < len(curves) and len(curves[study].median) > 0 and curves[study].sizes[0] == 0
            line.setVisible(there and self._visible)
            if there:
                line.setPos(float(curves[study].median[0]))

    def _set_axes(self, curves: Sequence[Curve], tau: bool, of: tuple[int | None, bool], width: float) -> None:
        """`of`: how many there are, None where the networks differ in it; and whether they are layers."""
        every = np.concatenate([part for found in curves for part in (found.runs_y, found.median)])
        low, high = spread(every)
        y = (max(low, -1.0) if every.size and every.min() >= 0 else low, high)
        self.plot.getViewBox().invertX(tau)
        if tau:
            least = min([float(found.x.min()) for found in curves if found.x.size] or [0.0])
            least = min(least, *(float(found.runs_x.min()) for found in curves if found.runs_x.size), 0.95)
            room = 0.03 * (1 - least)
            self.set_ranges((least - room, 1 + room), y)
            self.set_axis("bottom", tr("Kendall’s τ of the order; 1 is the network’s own"))
            return
        count, plain = of
        most = 100 if count is None else max([found.sizes[-1] for found in curves if found.sizes] or [1])
        ends = (-0.02 * max(most, 1), 1.02 * max(most, 1))
        self.set_ranges(ends, y)
        ticks = None if count is None else [(float(k), str(k)) for k in whole_ticks(most, width)]
        self.set_axis("bottom", _deleted_words(count, plain), ticks)

    # -- pointing ------------------------------------------------------------------------------------------------

    def hit(self, at: QPointF, pixel: QPointF, near: float) -> Hit | None:
        if not self._shown:
            return None
        across = np.array([x for _, x, _ in self._shown]) - at.x()
        up = np.array([y for *_, y in self._shown]) - at.y()
        away = (across / pixel.x()) ** 2 + (up / pixel.y()) ** 2
        nearest = int(away.argmin())
        return self._shown[nearest][0] if away[nearest] <= near**2 else None

    def row(self) -> list[Hit]:
        return [hit for hit, *_ in sorted(self._shown, key=lambda shown: shown[1])]

    def point_at(self, hit: Hit | None) -> None:
        found = [(x, y) for shown, x, y in self._shown if shown == hit]
        self._ring.setData([x for x, _ in found], [y for _, y in found])


def _deleted_words(count: int | None, plain: bool) -> str:
    """What the axis of a random study counts; of a share where `count` is None."""
    if count is None:
        return tr("layers deleted at random, % of all") if plain else tr("blocks deleted at random, % of all")
    if plain:
        return tr("layers deleted at random, of {count}", count=count)
    return tr("blocks deleted at random, of {count}", count=count)


def _lesion(results: Sequence[StudyResult], hit: Hit) -> object:
    return results[hit[0]].points[hit[1]].lesion
