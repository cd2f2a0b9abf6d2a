"""A chart of lines with bands around them: along the depth of a network, by length of a path, by epoch.

Items are made anew with each set of series; what streams in is a few hundred points at most.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from explorer.app.theme import Palette, mixed, part_colour, theme
from explorer.app.widgets.chart import Axis, Chart, Hit
from explorer.app.widgets.line_series import Edge, Frame, Series, drawn, edges
from explorer.app.widgets.study_layer import dots

_NEAR = 24.0
"""Logical pixels beside a point in which the pointer finds it."""
_ROOM = 0.06
_ASIDE = 0.025
_DECADES, _CLOSE, _FAR = 3.0, 14, 36
"""Powers of ten below which 1, 2 and 5 may be labelled; pixels that must be between these, and between whole powers."""
_SYMBOLS: dict[Edge, str] = {"zero": "t", "high": "t1", "none": "x"}


class LogAxis(Axis):
    """Writes powers of ten where the chart says that its numbers are exponents, and 1, 2, 5 between few of them."""

    log = False

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        if not self.log:
            return list(super().tickValues(low, high, size))
        return [(1.0, log_ticks(low, high, size))]

    def tickStrings(self, values: Any, scale: float, spacing: float) -> list[str]:
        if not self.log:
            return super().tickStrings(values, scale, spacing)
        return log_words(values)


def log_ticks(low: float, high: float, size: float) -> list[float]:
    """Exponents to label on so many pixels: of 1, 2, 5 or 1, 3 between few powers of ten, else whole ones."""
    first, last = math.floor(low), math.ceil(high)
    wide = max(high - low, 1e-9)
    for digits in ((1, 2, 5), (1, 3)):
        if wide < _DECADES and size * math.log10(digits[1]) / wide >= _CLOSE:
            found = [exponent + math.log10(digit) for exponent in range(first, last + 1) for digit in digits]
            return [value for value in found if low <= value <= high]
    step = 1 if wide < _DECADES else math.ceil(wide / max(size / _FAR, 1))
    return [float(value) for value in range(first - first % step, last + 1, step) if low <= value <= high]


def log_words(exponents: Sequence[float]) -> list[str]:
    """All in one notation: `0.01`, `0.2`, `100`; or `10⁻⁷`, `2·10⁻⁷` where the digits of one would be many."""
    if all(-3.01 < exponent < 4 for exponent in exponents):
        return [f"{10.0**exponent:.1g}" if exponent < 0 else f"{round(10.0**exponent)}" for exponent in exponents]
    told = []
    for exponent in exponents:
        whole = math.floor(exponent + 1e-9)
        digit = round(10 ** (exponent - whole))
        power = "10" + str(whole).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        told.append(power if digit == 1 else f"{digit}·{power}")
    return told


class LineChart(Chart):
    """Lines over blocks, lengths or epochs.

    Args:
        name: for screen readers.
        palette: colours; those of the window, which it follows, where None.
    """

    def __init__(self, name: str, palette: Palette | None = None, parent: QWidget | None = None) -> None:
        super().__init__(name, palette or theme().palette, LogAxis, parent)
        for side in ("left", "bottom"):
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self.series: tuple[Series, ...] = ()
        self.frame = Frame("", "")
        self._ring = dots(12)
        self._follows = palette is None
        if self._follows:
            theme().changed.connect(self._follow_theme)
        self.recolour(self._palette)

    # -- showing -------------------------------------------------------------------------------------------------

    def show_series(self, series: Sequence[Series], frame: Frame) -> None:
        """Draw lines; a point that was marked stays so where it is still there."""
        self.series, self.frame = tuple(series), frame
        if self._current is not None and not self._is_there(self._current):
            self._current = None
        self._draw()

    def clear_series(self) -> None:
        """Draw nothing."""
        self.show_series((), Frame("", ""))

    def recolour(self, palette: Palette) -> None:
        """Take on the colours of a theme."""
        self.colour_axes(palette)
        self._draw()

    def colour(self, series: Series) -> QColor:
        """Of its line."""
        return series_colour(series, self._palette)

    def point_at(self, series: int, point: int) -> None:
        """Make a point stand out, -1 twice for none; sends no signal."""
        self._current = (series, point) if self._is_there((series, point)) else None
        self._draw_ring()

    # -- drawing -------------------------------------------------------------------------------------------------

    def _follow_theme(self) -> None:
        self.recolour(theme().palette)

    def close(self) -> bool:
        """pyqtgraph takes its plot apart when it is closed, not when it is destroyed."""
        if self._follows:
            self._follows = False
            theme().changed.disconnect(self._follow_theme)
        return bool(super().close())

    def _draw(self) -> None:
        self.plot.clear()
        frame = self.frame
        for side, words in (("left", frame.y_words), ("bottom", frame.x_words)):
            axis = self.plot.getAxis(side)
            axis.setLabel(words)
            axis.setVisible(bool(self.series))
        self.plot.getAxis("left").log = frame.log
        ticks = frame.ticks
        self.plot.getAxis("bottom").setTicks(None if ticks is None else [list(ticks)])
        low, high = self._set_ranges()
        for band in frame.bands if self.series else ():
            self._add_band(band.start, band.end, band.part)
        for depth, one in enumerate(reversed(self.series)):
            self._add_series(one, 10 * depth, low, high)
        self._add(self._ring, 1000)
        self._draw_ring()

    def _add(self, item: Any, depth: float) -> Any:
        item.setZValue(depth)
        # The ranges are ours: pyqtgraph need not ask each item for its bounds.
        self.plot.addItem(item, ignoreBounds=True)
        return item

    def _add_band(self, start: float, end: float, part: str) -> None:
        fill = mixed(part_colour(part, self._palette), self._palette.band, self._palette.window)
        band = pg.LinearRegionItem((start, end), movable=False, brush=fill, pen=pg.mkPen(None))
        self._add(band, -100)

    def _add_series(self, series: Series, depth: float, low: float, high: float) -> None:
        colour, log = self.colour(series), self.frame.log
        x = np.asarray(series.x, float)
        y = drawn(series.y, log)
        if series.low is not None and series.high is not None:
            self._add_spread(x, drawn(series.low, log), drawn(series.high, log), colour, depth, low)
        style = Qt.PenStyle.DashLine if series.dashed else Qt.PenStyle.SolidLine
        width = 1.5 if series.role == "context" else 2
        if series.line:
            pen = pg.mkPen(colour, width=width, style=style)
            self._add(pg.PlotCurveItem(x, y, pen=pen, connect="finite", antialias=True), depth + 2)
        if series.marks:
            there = np.isfinite(y)
            marks = dots(6 if len(x) < 80 else 4)
            hollow = series.role == "second"
            marks.setData(
                x[there], y[there], pen=pg.mkPen(colour, width=1.4), brush=self._palette.window if hollow else colour
            )
            self._add(marks, depth + 3)
        self._add_edges(series, colour, depth + 4, low, high)

    def _add_spread(
        self, x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: QColor, depth: float, bottom: float
    ) -> None:
        """The band; where its lower end can't be drawn (zero on a logarithmic axis) it reaches the chart's."""
        there = np.isfinite(high)
        if not there.any():
            return
        fill = QColor(colour)
        fill.setAlphaF(0.16)
        under = np.where(np.isfinite(low), low, bottom)[there]
        curves = [pg.PlotCurveItem(x[there], values, pen=None) for values in (under, high[there])]
        for curve in curves:
            self._add(curve, depth)
        self._add(pg.FillBetweenItem(*curves, brush=fill), depth)

    def _add_edges(self, series: Series, colour: QColor, depth: float, low: float, high: float) -> None:
        """Signs for what can't be drawn."""
        for kind, symbol in _SYMBOLS.items():
            x = [
                float(at) for at, found in zip(series.x, edges(series.y, self.frame.log), strict=True) if found == kind
            ]
            if x:
                y = low + 0.02 * (high - low) if kind == "zero" else high - 0.02 * (high - low)
                signs = dots(9)
                signs.setData(x, [y] * len(x), symbol=symbol, pen=pg.mkPen(colour, width=1.4), brush=colour)
                self._add(signs, depth)

    def _draw_ring(self) -> None:
        at = None if self._current is None else self._place(self._current)
        self._ring.setPen(pg.mkPen(self._palette.text, width=1.6))
        self._ring.setBrush(pg.mkBrush(None))
        self._ring.setData([] if at is None else [at.x()], [] if at is None else [at.y()])

    def _place(self, hit: Hit) -> QPointF | None:
        series = self.series[hit[0]]
        y = drawn(np.asarray(series.y, float)[hit[1] : hit[1] + 1], self.frame.log)[0]
        return QPointF(float(series.x[hit[1]]), float(y)) if np.isfinite(y) else None

    def _set_ranges(self) -> tuple[float, float]:
        frame, log = self.frame, self.frame.log
        every = [
            drawn(values, log) for one in self.series for values in (one.y, one.low, one.high) if values is not None
        ]
        y = _range(every, None if frame.y_range is None else tuple(drawn(np.array(frame.y_range), log)), log)
        x = _range([np.asarray(one.x, float) for one in self.series], frame.x_range, False)
        room = _ROOM * (y[1] - y[0])
        signs = {kind for one in self.series for kind in edges(one.y, log)}
        bottom = y[0] - (2 * room if "zero" in signs else room)
        top = y[1] + (2 * room if signs & {"high", "none"} else room)
        if frame.y_range is not None and not log and frame.y_range[0] == y[0]:
            bottom = y[0]
        aside = _ASIDE * (x[1] - x[0])
        self.plot.getViewBox().setRange(
            xRange=(x[0] - aside, x[1] + aside), yRange=(bottom, top), padding=0, disableAutoRange=True
        )
        return bottom, top

    # -- the pointer and the keys --------------------------------------------------------------------------------

    def hit(self, x: float, y: float) -> Hit | None:
        """The nearest point of any series at a place of the widget."""
        view = self.plot.getViewBox()
        at = self.mapToScene(int(x), int(y))
        if not view.sceneBoundingRect().contains(at):
            return None
        here = view.mapSceneToView(at)
        width, height = view.viewPixelSize()
        best, nearest = None, math.inf
        for number, series in enumerate(self.series):
            if series.role == "context" or not len(series.x):
                continue
            across = np.abs(np.asarray(series.x, float) - here.x()) / width
            up = np.abs(np.nan_to_num(drawn(series.y, self.frame.log) - here.y(), nan=0.0)) / height
            distance = across + 0.25 * up  # what is above or below the pointer counts, too
            point = int(np.argmin(distance))
            if across[point] <= _NEAR and distance[point] < nearest:
                best, nearest = (number, point), float(distance[point])
        return best

    def walk(self, lines: int, points: int) -> None:
        rows = [number for number, one in enumerate(self.series) if one.role != "context" and len(one.x)]
        if not rows:
            return
        if self._current is None or self._current[0] not in rows:
            self.go_to((rows[0], 0 if points >= 0 else len(self.series[rows[0]].x) - 1))
            return
        row = rows[min(max(rows.index(self._current[0]) + lines, 0), len(rows) - 1)]
        self.go_to((row, min(max(self._current[1] + points, 0), len(self.series[row].x) - 1)))

    def mark(self, hit: Hit | None) -> None:
        self._draw_ring()

    def _is_there(self, hit: Hit) -> bool:
        return 0 <= hit[0] < len(self.series) and 0 <= hit[1] < len(self.series[hit[0]].x)


def series_colour(series: Series, palette: Palette) -> QColor:
    """The colour of a line: its own, or its role's."""
    if series.colour is not None:
        return QColor(series.colour)
    text = QColor(palette.text)
    return {
        "first": QColor(palette.accent),
        "second": mixed(text, 0.8, palette.window),
        "third": part_colour("layer3", palette),
        "context": mixed(text, 0.35, palette.window),
    }[series.role]


def _range(values: Sequence[np.ndarray], least: Any, log: bool) -> tuple[float, float]:
    """Of all finite numbers, and at least so wide."""
    every = np.concatenate([*values, np.asarray(least if least is not None else [], float)]) if values else np.zeros(0)
    every = every[np.isfinite(every)]
    low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
    if log:
        low, high = min(low, high - 1), high
    elif high == low:
        low, high = low - 0.5, high + 0.5
    return low, high
