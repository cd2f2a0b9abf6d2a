"""The frontier of a greedy study: accuracy against what one image costs, each point a set of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSizeF, Qt
from PySide6.QtGui import QColor

from explorer.app.study_numbers import Across, Measure, Value, across, frontier, usable, value_of
from explorer.app.text import tr
from explorer.app.theme import Palette, part_colour
from explorer.app.widgets.chart import Hit
from explorer.app.widgets.study_layer import Layer, axis_words, dots, spread
from explorer.engine.study_records import StudyResult
from explorer.networks.lesion import INTACT

if TYPE_CHECKING:
    from explorer.app.widgets.study_chart import ChartLook

INTACT_POINT = -1
"""Stands for the intact network among the numbers of points."""


@dataclass(frozen=True)
class _Dot:
    hit: Hit
    x: Value
    y: Value
    last: str
    """The block that this point deletes on top of the one before."""


class FrontierLayer(Layer):
    """Points joined from the intact network down; each in the colour of the stage that it deletes from."""

    def __init__(self, plot: Any, palette: Palette) -> None:
        super().__init__(plot, palette)
        self._lines = [self.add(pg.PlotCurveItem(), -study) for study in range(2)]
        self._whiskers = [self.add(pg.ErrorBarItem(x=np.zeros(0), y=np.zeros(0), beam=0), 2 + s) for s in range(2)]
        self._dots = [self.add(dots(10), 6), self.add(dots(9), 5)]
        self._ring = self.add(dots(16), 9)
        self._marks = self.add(dots(16), 8)
        self._chosen = self.add(dots(18), 7)
        self._shown: list[_Dot] = []

    def recolour(self, palette: Palette) -> None:
        self.palette = palette
        self._lines[0].setPen(pg.mkPen(self.faint(palette.muted, 0.7), width=1.5))
        self._lines[1].setPen(pg.mkPen(self.second_colour(), width=1.5, style=Qt.PenStyle.DashLine))
        for item, width in ((self._ring, 2.0), (self._marks, 1.5)):
            item.setBrush(pg.mkBrush(None))
            item.setPen(pg.mkPen(palette.accent, width=width))
        glow = QColor(palette.accent)
        glow.setAlphaF(0.3)
        self._chosen.setBrush(pg.mkBrush(glow))
        self._chosen.setPen(pg.mkPen(palette.accent, width=1.5))

    def show_results(self, results: Sequence[StudyResult], look: ChartLook, room: QSizeF) -> None:
        measure = usable(results[0], look.measure)
        self._shown = [
            dot for study, result in enumerate(results) for dot in _path(study, result, measure, look.across)
        ]
        for study in range(2):
            self._feed(study)
        x = [end for dot in self._shown for end in (dot.x.low, dot.x.high)]
        y = [end for dot in self._shown for end in (dot.y.low, dot.y.high)]
        self.set_ranges(spread(np.array(x), least=0.001), spread(np.array(y)))
        time = tr("time of one image, % of intact (median, quartiles)")
        words = tr("multiply-adds an image, M") if look.across == "macs" else time
        self.set_axis("bottom", words)
        self.set_axis("left", axis_words(measure))
        self._place(self._chosen, [dot for dot in self._shown if dot.hit == (0, look.chosen)])
        marked = [dot for dot in self._shown if dot.hit[1] >= 0 and _lesion(results, dot.hit) == look.marked]
        self._place(self._marks, marked if look.marked != INTACT else [])
        self.point_at(None)

    def _feed(self, study: int) -> None:
        path = [dot for dot in self._shown if dot.hit[0] == study]
        x = np.array([dot.x.value for dot in path], float)
        y = np.array([dot.y.value for dot in path], float)
        self._lines[study].setData(x, y)
        second = study == 1
        colour = self.second_colour() if second else QColor(self.palette.text)
        self._whiskers[study].setData(
            x=x, y=y, beam=0, pen=pg.mkPen(self.faint(colour, 0.55), width=1.2),
            top=np.array([dot.y.high for dot in path], float) - y,
            bottom=y - np.array([dot.y.low for dot in path], float),
            left=x - np.array([dot.x.low for dot in path], float),
            right=np.array([dot.x.high for dot in path], float) - x,
        )  # fmt: skip
        window = QColor(self.palette.window)
        brushes = [
            window if second else part_colour(dot.last) if dot.last else QColor(self.palette.text) for dot in path
        ]
        self._dots[study].setData(
            x=x, y=y, symbol="d" if second else "o", brush=[pg.mkBrush(brush) for brush in brushes],
            pen=pg.mkPen(colour if second else window, width=1.2),
        )  # fmt: skip

    def _place(self, item: Any, found: Sequence[_Dot]) -> None:
        item.setData([dot.x.value for dot in found], [dot.y.value for dot in found])

    # -- pointing ------------------------------------------------------------------------------------------------

    def hit(self, at: QPointF, pixel: QPointF, near: float) -> Hit | None:
        def away(dot: _Dot) -> float:
            side, up = (dot.x.value - at.x()) / pixel.x(), (dot.y.value - at.y()) / pixel.y()
            return float(side**2 + up**2)

        points = [dot for dot in self._shown if dot.hit[1] != INTACT_POINT]
        nearest = min(points, key=away, default=None)
        return nearest.hit if nearest is not None and away(nearest) <= near**2 else None

    def row(self) -> list[Hit]:
        points = [dot for dot in self._shown if dot.hit[1] != INTACT_POINT]
        return [dot.hit for dot in sorted(points, key=lambda dot: dot.x.value)]

    def point_at(self, hit: Hit | None) -> None:
        self._place(self._ring, [dot for dot in self._shown if dot.hit == hit])


def _path(study: int, result: StudyResult, measure: Measure, by: Across) -> list[_Dot]:
    """The intact network and every point that has a place on the axis."""
    path: list[_Dot] = []
    before: frozenset[str] = frozenset()
    numbers = frontier(result)
    start = value_of(result.intact, measure)
    place = _intact_place(result, by)
    if start is not None and place is not None:
        path.append(_Dot((study, INTACT_POINT), place, Value(*3 * (start.value,)), ""))
    for number in numbers:
        point = result.points[number]
        x, y = across(point, by), value_of(point, measure)
        last = next(iter(point.lesion.deleted - before), "")
        before = point.lesion.deleted
        if x is not None and y is not None:
            path.append(_Dot((study, number), x, y, last))
    return path


def _intact_place(result: StudyResult, by: Across) -> Value | None:
    if by == "macs":
        return across(result.intact, by)
    # Measured anew beside each point, which is put in per cent of it.
    timed = any(point.latency is not None for point in result.points)
    return Value(*3 * (100.0,)) if timed else None


def _lesion(results: Sequence[StudyResult], hit: Hit) -> object:
    return results[hit[0]].points[hit[1]].lesion
