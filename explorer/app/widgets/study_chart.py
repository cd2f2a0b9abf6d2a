"""The chart of a study: pyqtgraph's axes and items in the program's colours, with hovering and clicking.

Items are made once and get new data as results stream in: a snapshot costs a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPointF, QSizeF, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from explorer.app.study_numbers import ONE_BY_ONE, Across, Measure, Sorting
from explorer.app.text import tr
from explorer.app.theme import Palette
from explorer.app.widgets.chart import Chart, Hit
from explorer.app.widgets.study_bars import BarLayer
from explorer.app.widgets.study_curves import CurveLayer
from explorer.app.widgets.study_frontier import FrontierLayer
from explorer.app.widgets.study_layer import Layer
from explorer.engine.study_records import StudyResult
from explorer.networks.lesion import INTACT, Lesion

_NEAR = 14.0
"""Logical pixels around a dot in which the pointer finds it."""


@dataclass(frozen=True)
class ChartLook:
    """What of a study is drawn and how.

    Attributes:
        measure: on the vertical axis.
        sorting: of bars.
        across: what a frontier's horizontal axis is.
        chosen: number of the frontier's point that a budget picked.
        marked: the lesion that the window's network has now.
    """

    measure: Measure
    sorting: Sorting = "place"
    across: Across = "macs"
    chosen: int | None = None
    marked: Lesion = INTACT


class StudyChart(Chart):
    """One or two studies in one chart.

    Args:
        palette: colours; `recolour` changes them.
    """

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(tr("Chart of the study"), palette, parent=parent)
        self._results: tuple[StudyResult, ...] = ()
        self._look = ChartLook("change")
        self._layers: dict[str, Layer] = {}
        self._layer = self._made_layer("bars")
        self.recolour(palette)

    # -- showing -------------------------------------------------------------------------------------------------

    def show_results(self, results: Sequence[StudyResult], look: ChartLook) -> None:
        """Draw one or two studies; the second one's items are outlined. Both are of a kind."""
        self._results, self._look = tuple(results), look
        name = _layer_name(results[0]) if results else "bars"
        for other, layer in self._layers.items():
            layer.set_visible(other == name)
        self._layer = self._made_layer(name)
        self._layer.set_visible(True)
        if self._current is not None and not self._is_there(self._current):
            self._current = None
        if results:
            self._layer.show_results(self._results, look, self.room())
            self._layer.point_at(self._current)

    def _made_layer(self, name: str) -> Layer:
        """A kind of chart, made when it is first needed."""
        if name not in self._layers:
            self._layers[name] = _LAYERS[name](self.plot, self._palette)
            self._layers[name].recolour(self._palette)
        return self._layers[name]

    def recolour(self, palette: Palette) -> None:
        """Take on the colours of a theme."""
        self.colour_axes(palette)
        for layer in self._layers.values():
            layer.recolour(palette)
        if self._results:
            self.show_results(self._results, self._look)

    def point_at(self, study: int, point: int) -> None:
        """Make a point stand out, -1 twice for none; sends no signal."""
        self._current = None if study < 0 or not self._is_there((study, point)) else (study, point)
        self._layer.point_at(self._current)

    def room(self) -> QSizeF:
        """Of the part between the axes, in logical pixels."""
        box = self.plot.getViewBox()
        return QSizeF(max(box.width(), 100.0), max(box.height(), 40.0))

    def _is_there(self, hit: Hit) -> bool:
        return hit[0] < len(self._results) and 0 <= hit[1] < len(self._results[hit[0]].points)

    # -- the pointer and the keys --------------------------------------------------------------------------------

    def hit(self, x: float, y: float) -> Hit | None:
        """The study and point at a place of the widget."""
        view = self.plot.getViewBox()
        at = self.mapToScene(int(x), int(y))
        if not self._results or not view.sceneBoundingRect().contains(at):
            return None
        width, height = view.viewPixelSize()
        return self._layer.hit(view.mapSceneToView(at), QPointF(width, height), _NEAR)

    def walk(self, lines: int, points: int) -> None:
        """To the next point from left to right, of the first study."""
        row = [hit for hit in self._layer.row() if hit[0] == 0]
        if not row or not points:
            return
        place = row.index(self._current) + points if self._current in row else (0 if points > 0 else len(row) - 1)
        self.go_to(row[min(max(place, 0), len(row) - 1)])

    def mark(self, hit: Hit | None) -> None:
        self._layer.point_at(hit)
        self.setCursor(Qt.CursorShape.ArrowCursor if hit is None else Qt.CursorShape.PointingHandCursor)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """What fits beside each other depends on the width: labels are thinned anew."""
        super().resizeEvent(event)
        if getattr(self, "_results", ()):
            self._layer.show_results(self._results, self._look, self.room())


_LAYERS: dict[str, Callable[[Any, Palette], Layer]] = {
    "bars": BarLayer,
    "curves": CurveLayer,
    "frontier": FrontierLayer,
}


def _layer_name(result: StudyResult) -> str:
    if result.request.kind in ONE_BY_ONE:
        return "bars"
    return "frontier" if result.request.kind == "greedy" else "curves"
