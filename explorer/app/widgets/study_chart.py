"""The chart of a study: pyqtgraph's axes and items in the program's colours, with hovering and clicking.

Items are made once and get new data as results stream in: a snapshot costs a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QWidget

from explorer.app.study_numbers import ONE_BY_ONE, Across, Measure, Sorting
from explorer.app.text import tr
from explorer.app.theme import Palette
from explorer.app.widgets.study_bars import BarLayer
from explorer.app.widgets.study_curves import CurveLayer
from explorer.app.widgets.study_frontier import FrontierLayer
from explorer.app.widgets.study_layer import Axis, Hit, Layer
from explorer.engine.study_records import StudyResult
from explorer.networks.lesion import INTACT, Lesion

_FONT = 12
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


class StudyChart(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """One or two studies in one chart.

    Args:
        palette: colours; `recolour` changes them.
    """

    pointed = Signal(int, int)
    """Study and point under the pointer, -1 twice where there is none."""
    chosen = Signal(int, int)
    """Study and point that were clicked, or chosen with Enter."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False, axisItems={side: Axis(side) for side in ("left", "bottom")})
        self.setAntialiasing(True)
        self.setFrameShape(self.Shape.NoFrame)
        self.setMinimumSize(160, 96)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Chart of the study"))
        self.plot = self.getPlotItem()
        self.plot.hideButtons()
        self.plot.setMouseEnabled(False, False)
        self.plot.getViewBox().disableAutoRange()
        self.plot.layout.setContentsMargins(0, 6, 6, 0)
        font = QFont(self.font())
        font.setPixelSize(_FONT)
        font.setFeature(QFont.Tag("tnum"), 1)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setStyle(tickFont=font, tickLength=4, autoExpandTextSpace=True, hideOverlappingLabels=True)
            axis.label.setFont(font)
        self._palette = palette
        self._results: tuple[StudyResult, ...] = ()
        self._look = ChartLook("change")
        self._layers: dict[str, Layer] = {}
        self._layer = self._made_layer("bars")
        self._current: Hit | None = None
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
        self._palette = palette
        self.setBackground(palette.window)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(pg.mkPen(palette.line))
            axis.setTextPen(pg.mkPen(palette.muted))
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

    def vector_painting(self, on: bool) -> None:
        """Whether dots are painted as shapes, for files, instead of from a cache of pixels."""
        options = {"antialias": True, "resolutionScale": 1.0, "background": QColor(self._palette.window)}
        for item in self.plot.scene().items():
            if hasattr(item, "setExportMode"):
                item.setExportMode(on, options)

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

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._go_to(self.hit(event.position().x(), event.position().y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        found = self.hit(event.position().x(), event.position().y())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(*found)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._go_to(None)
        return bool(super().viewportEvent(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is not None and self._results:
            self._walk(step)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._current is not None:
            self.chosen.emit(*self._current)
        else:
            QWidget.keyPressEvent(self, event)

    def _walk(self, step: int) -> None:
        """To the next point from left to right, of the first study."""
        row = [hit for hit in self._layer.row() if hit[0] == 0]
        if not row:
            return
        place = row.index(self._current) + step if self._current in row else (0 if step > 0 else len(row) - 1)
        self._go_to(row[min(max(place, 0), len(row) - 1)])

    def _go_to(self, hit: Hit | None) -> None:
        if hit == self._current:
            return
        self._current = hit
        self._layer.point_at(hit)
        self.setCursor(Qt.CursorShape.ArrowCursor if hit is None else Qt.CursorShape.PointingHandCursor)
        self.pointed.emit(*(hit or (-1, -1)))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """What fits beside each other depends on the width: labels are thinned anew."""
        super().resizeEvent(event)
        if getattr(self, "_results", ()):
            self._layer.show_results(self._results, self._look, self.room())

    def paint_on(self, painter: QPainter, target: Any) -> None:
        """The whole chart into a rectangle of any painter."""
        self.plot.scene().render(painter, target, self.plot.sceneBoundingRect())


_LAYERS: dict[str, Callable[[Any, Palette], Layer]] = {
    "bars": BarLayer,
    "curves": CurveLayer,
    "frontier": FrontierLayer,
}


def _layer_name(result: StudyResult) -> str:
    if result.request.kind in ONE_BY_ONE:
        return "bars"
    return "frontier" if result.request.kind == "greedy" else "curves"
