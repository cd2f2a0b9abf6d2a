"""What the three kinds of chart have in common: items of a plot that are made once and fed again and again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSizeF
from PySide6.QtGui import QColor

from explorer.app.study_numbers import Floats, Measure
from explorer.app.text import tr
from explorer.app.theme import Palette, mixed
from explorer.app.widgets.chart import Hit
from explorer.engine.study_records import StudyResult

if TYPE_CHECKING:
    from explorer.app.widgets.study_chart import ChartLook

AXES: dict[Measure, str] = {
    "change": "change, points",
    "accuracy": "accuracy, %",
    "error": "error, %",
    "agreement": "agreement, %",
    "probability": "probability, points",
}
_ROOM = 0.06
"""Share of the range that stays free above and below."""
_LABEL = 26.0
"""Logical pixels that a number on the axis needs."""


class Layer(ABC):
    """The items of one kind of chart.

    Args:
        plot: pyqtgraph's PlotItem.
        palette: colours.
    """

    def __init__(self, plot: Any, palette: Palette) -> None:
        self.plot = plot
        self.palette = palette
        self.items: list[Any] = []
        self._visible = False

    def add(self, item: Any, depth: float) -> Any:
        """Put an item into the plot; greater depths lie in front."""
        item.setZValue(depth)
        item.setVisible(False)
        # The ranges are ours: pyqtgraph need not ask each item for its bounds again and again.
        self.plot.addItem(item, ignoreBounds=True)
        self.items.append(item)
        return item

    def set_visible(self, visible: bool) -> None:
        if visible != self._visible:
            self._visible = visible
            for item in self.items:
                item.setVisible(visible)

    @abstractmethod
    def recolour(self, palette: Palette) -> None:
        """Take on the colours of a theme; the data follow."""

    @abstractmethod
    def show_results(self, results: Sequence[StudyResult], look: ChartLook, room: QSizeF) -> None:
        """Draw; `room` is the size between the axes, in logical pixels."""

    @abstractmethod
    def hit(self, at: QPointF, pixel: QPointF, near: float) -> Hit | None:
        """What is at a point of the data, `pixel` being the size of one and `near` how many count."""

    @abstractmethod
    def row(self) -> list[Hit]:
        """All points from left to right."""

    @abstractmethod
    def point_at(self, hit: Hit | None) -> None:
        """Make one stand out."""

    # -- shared --------------------------------------------------------------------------------------------------

    def set_axis(self, side: str, words: str, ticks: Sequence[tuple[float, str]] | None = None) -> None:
        axis = self.plot.getAxis(side)
        if axis.labelText != words:
            axis.setLabel(words)
        axis.setTicks(None if ticks is None else [list(ticks)])

    def set_ranges(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.plot.getViewBox().setRange(xRange=x, yRange=y, padding=0, disableAutoRange=True)

    def faint(self, colour: QColor | str, share: float) -> QColor:
        return mixed(QColor(colour), share, self.palette.window)

    def second_colour(self) -> QColor:
        """Of the second study: the text's, so that the accent stays the only accent."""
        return mixed(QColor(self.palette.text), 0.8, self.palette.window)


def axis_words(measure: Measure) -> str:
    return tr(AXES[measure])


def spread(values: Floats, include: Sequence[float] = (), least: float = 1.0) -> tuple[float, float]:
    """A range that holds the finite values and `include`, with room around, and is at least so wide."""
    every = np.concatenate([np.asarray(values, float).ravel(), np.asarray(include, float)])
    every = every[np.isfinite(every)]
    low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
    if high - low < least:
        middle = (low + high) / 2
        low, high = middle - least / 2, middle + least / 2
    room = _ROOM * (high - low)
    return low - room, high + room


def whole_ticks(count: int, width: float) -> list[int]:
    """Numbers from 0 to `count`, thinned to what fits beside each other."""
    step = 1
    while count / step * _LABEL > width:
        step = {1: 2, 2: 5, 5: 10}.get(step, 2 * step)
    return list(range(0, count + 1, step))


def dots(size: float) -> Any:
    """A cloud of dots of so many logical pixels."""
    return pg.ScatterPlotItem(size=size, pxMode=True, antialias=True)
