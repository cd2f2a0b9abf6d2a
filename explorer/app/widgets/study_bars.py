"""A bar a block in stage colours, with whiskers; a second study as hollow diamonds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsRectItem

from explorer.app.study_numbers import (
    Measure,
    Value,
    block_of,
    depth_share,
    halves,
    intact_level,
    place_of,
    sorted_points,
    usable,
    value_of,
)
from explorer.app.text import tr
from explorer.app.theme import Palette, mixed, part_colour
from explorer.app.widgets.chart import Hit
from explorer.app.widgets.study_layer import Layer, axis_words, dots, spread
from explorer.engine.study_records import StudyPoint, StudyResult

if TYPE_CHECKING:
    from explorer.app.widgets.study_chart import ChartLook

_BAR = 0.74
"""Share of a block's place that its bar takes."""
_STAGES = 7
"""EfficientNet's; no network has more."""
_HEAD = 26.0
"""Logical pixels that are kept free above, for the stages' names and the triangles."""
_NUMBER = 18.0
"""Logical pixels that a block's number needs on the axis."""
_LETTER = 7.0
"""And a letter or digit of its id; one more is between two ids."""
_DASH = 2.0
"""Logical pixels that a bar is high at least: where nothing changed, that is seen to be measured."""


@dataclass(frozen=True)
class _Bar:
    hit: Hit
    block: str
    x: float
    width: float
    value: Value


class BarLayer(Layer):
    """Bars of `single` and `cut`."""

    def __init__(self, plot: Any, palette: Palette) -> None:
        super().__init__(plot, palette)
        self._bands = [self.add(QGraphicsRectItem(), -30) for _ in range(_STAGES)]
        self._names = [self.add(pg.TextItem(anchor=(0, 0)), 20) for _ in range(_STAGES)]
        self._column = self.add(QGraphicsRectItem(), -20)
        self._mark = self.add(QGraphicsRectItem(), -10)
        self._levels = [self.add(pg.InfiniteLine(angle=0), depth) for depth in (3, 2)]
        self._bars = self.add(pg.BarGraphItem(x=[], height=[], width=0.7), 0)
        self._whiskers = [self.add(pg.ErrorBarItem(x=np.zeros(0), y=np.zeros(0), beam=0), depth) for depth in (5, 6)]
        self._triangles = self.add(dots(24), 8)
        self._diamonds = self.add(dots(9), 9)
        self._shown: list[_Bar] = []
        self._y = (0.0, 1.0)
        self._dash = 0.0
        self._banded = False

    def recolour(self, palette: Palette) -> None:
        self.palette = palette
        for line, style in zip(self._levels, (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine), strict=True):
            line.setPen(pg.mkPen(self.faint(palette.muted, 0.75), width=1, style=style))
        accent = QColor(palette.accent)
        glow = QColor(accent)
        glow.setAlphaF(0.18)
        self._column.setPen(QPen(Qt.PenStyle.NoPen))
        self._column.setBrush(glow)
        self._mark.setPen(pg.mkPen(accent, width=1.5, style=Qt.PenStyle.DashLine))
        self._mark.setBrush(Qt.BrushStyle.NoBrush)

    def set_visible(self, visible: bool) -> None:
        super().set_visible(visible)
        if not visible:
            return
        self._show_column(self._column, None)
        self._show_column(self._mark, None)

    def show_results(self, results: Sequence[StudyResult], look: ChartLook, room: QSizeF) -> None:
        measure = usable(results[0], look.measure)
        same = len({result.request.spec.block_ids for result in results}) == 1
        order = sorted_points(results[0], measure, look.sorting)
        blocks = [block_of(results[0].points[number]) or "" for number in order]
        self._shown = []
        for study, result in enumerate(results):
            places = _places(result, measure, look, blocks if same else None)
            step = 1.0 if same else 100 / max(len(result.request.spec.block_ids), 1)
            for number, x in places:
                point = result.points[number]
                value = value_of(point, measure)
                if value is not None:
                    self._shown.append(_Bar((study, number), block_of(point) or "", x, step * _BAR, value))
        self._set_ranges(results, measure, same, room.height())
        self._feed_first(results[0], measure)
        self._feed_second()
        self._show_marked(results, look)
        self._banded = look.sorting == "place" and same
        self._show_bands(results[0])
        self._label(results[0], look, same, room.width())

    # -- feeding -------------------------------------------------------------------------------------------------

    def _of(self, study: int) -> list[_Bar]:
        return [bar for bar in self._shown if bar.hit[0] == study]

    def _set_ranges(self, results: Sequence[StudyResult], measure: Measure, same: bool, height: float) -> None:
        levels = [level for level in (intact_level(result, measure) for result in results) if level is not None]
        base = [0.0] if measure == "error" else []
        ends = np.array([(bar.value.low, bar.value.high) for bar in self._shown])
        low, high = spread(ends, [*levels, *base])
        if measure == "error":
            low = 0.0
        # The room above is counted in pixels: so much that neither names nor triangles lie on anything.
        self._y = (low, high + (high - low) * _HEAD / max(height - _HEAD, _HEAD))
        self._dash = _DASH * (self._y[1] - low) / max(height, 1.0)
        x = (-0.6, len(results[0].request.spec.block_ids) - 0.4) if same else (0.0, 100.0)
        self.set_ranges(x, self._y)
        for line, result in zip(self._levels, (*results, None), strict=False):
            level = None if result is None else intact_level(result, measure)
            line.setVisible(level is not None)
            line.setPos(level or 0.0)
        if len(results) == 1:
            self._levels[1].setVisible(False)

    def _feed_first(self, result: StudyResult, measure: Measure) -> None:
        bars = self._of(0)
        base = 0.0 if measure == "error" else intact_level(result, measure) or 0.0
        x = np.array([bar.x for bar in bars], float)
        value = np.array([bar.value.value for bar in bars], float)
        height = value - base
        thin = np.abs(height) < self._dash
        self._bars.setOpts(
            x=x, y0=np.where(thin, base - self._dash / 2, base), height=np.where(thin, self._dash, height),
            width=bars[0].width if bars else 0.7,
            brushes=[part_colour(bar.block) for bar in bars], pen=pg.mkPen(None),
        )  # fmt: skip
        self._feed_whiskers(0, bars, mixed(QColor(self.palette.text), 0.75, self.palette.window))
        spec = result.request.spec
        halving = [bar for bar in bars if halves(spec, bar.block)]
        self._triangles.setData(
            x=[bar.x for bar in halving], y=[max(bar.value.high, base) for bar in halving],
            symbol=triangle(), pen=pg.mkPen(None), brush=pg.mkBrush(self.palette.text),
        )  # fmt: skip

    def _feed_second(self) -> None:
        bars = self._of(1)
        colour = self.second_colour()
        self._feed_whiskers(1, bars, self.faint(colour, 0.6))
        self._diamonds.setData(
            x=[bar.x for bar in bars], y=[bar.value.value for bar in bars], symbol="d",
            pen=pg.mkPen(colour, width=1.4), brush=pg.mkBrush(self.palette.window),
        )  # fmt: skip

    def _feed_whiskers(self, study: int, bars: Sequence[_Bar], colour: QColor) -> None:
        value = np.array([bar.value.value for bar in bars], float)
        self._whiskers[study].setData(
            x=np.array([bar.x for bar in bars], float), y=value, beam=0, pen=pg.mkPen(colour, width=1.3),
            top=np.array([bar.value.high for bar in bars], float) - value,
            bottom=value - np.array([bar.value.low for bar in bars], float),
        )  # fmt: skip

    def _show_marked(self, results: Sequence[StudyResult], look: ChartLook) -> None:
        marked = [bar for bar in self._of(0) if results[0].points[bar.hit[1]].lesion == look.marked]
        self._show_column(self._mark, marked[0] if marked else None)

    # -- stages and labels ---------------------------------------------------------------------------------------

    def _show_bands(self, result: StudyResult) -> None:
        """A tint and a name for each stage; only by place, where the blocks of a stage stand together."""
        start = -0.5
        stages = result.request.spec.stages
        for number, (band, name) in enumerate(zip(self._bands, self._names, strict=True)):
            there = self._banded and number < len(stages)
            band.setVisible(there)
            name.setVisible(there)
            if not there:
                continue
            stage, count = stages[number].id, len(stages[number].blocks)
            band.setRect(QRectF(start, self._y[0], count, self._y[1] - self._y[0]))
            band.setPen(QPen(Qt.PenStyle.NoPen))
            band.setBrush(mixed(part_colour(stage, self.palette), self.palette.band * 0.7, self.palette.window))
            name.setText(stage, color=ink(stage, self.palette))
            name.setPos(start, self._y[1])
            start += count

    def _label(self, result: StudyResult, look: ChartLook, same: bool, width: float) -> None:
        spec = result.request.spec
        self.set_axis("left", axis_words(usable(result, look.measure)))
        slot = width / max(len(spec.block_ids), 1)
        if not same:
            words = tr("rank, % of the blocks") if look.sorting == "damage" else tr("place in the network, % of blocks")
            self.set_axis("bottom", words)
        elif look.sorting == "damage":
            words = tr("layers, the most harmful first") if spec.plain else tr("blocks, the most harmful first")
            ids = [(bar.x, short(bar.block)) for bar in self._of(0)]
            longest = max((len(words) for _, words in ids), default=0)
            self.set_axis("bottom", words, ids if slot >= _LETTER * (longest + 1) else [])
        else:
            words = tr("layer of its stage") if spec.plain else tr("block of its stage")
            self.set_axis("bottom", words, stage_ticks(result, slot))

    # -- pointing ------------------------------------------------------------------------------------------------

    def hit(self, at: QPointF, pixel: QPointF, near: float) -> Hit | None:
        """A second study's diamond if the pointer is on one, else the bar in whose column it is."""
        for bar in self._of(1):
            across, up = (bar.x - at.x()) / pixel.x(), (bar.value.value - at.y()) / pixel.y()
            if across**2 + up**2 < near**2 / 3:
                return bar.hit
        found = [bar for bar in self._of(0) if abs(bar.x - at.x()) <= bar.width / _BAR / 2]
        return found[0].hit if found else None

    def row(self) -> list[Hit]:
        return [bar.hit for bar in sorted(self._shown, key=lambda bar: bar.x)]

    def point_at(self, hit: Hit | None) -> None:
        self._show_column(self._column, next((bar for bar in self._shown if bar.hit == hit), None))

    def _show_column(self, item: Any, bar: _Bar | None) -> None:
        item.setVisible(bar is not None and self._visible)
        if bar is not None:
            width = bar.width / _BAR
            item.setRect(QRectF(bar.x - width / 2, self._y[0], width, self._y[1] - self._y[0]))


def _places(
    result: StudyResult, measure: Measure, look: ChartLook, blocks: list[str] | None
) -> list[tuple[int, float]]:
    """Number and x of each point; `blocks` is the order of the first study where both have the same ones."""
    spec = result.request.spec
    order = sorted_points(result, measure, look.sorting)
    if blocks is None:
        count = max(len(spec.block_ids), 1)
        if look.sorting == "damage":
            return [(number, 100 * (rank + 0.5) / count) for rank, number in enumerate(order)]
        return [(number, depth_share(spec, block_of(result.points[number]) or "")) for number in order]
    if look.sorting == "place":
        return [(number, float(place_of(spec, block_of(result.points[number]) or ""))) for number in order]
    rank_of = {block: float(rank) for rank, block in enumerate(blocks)}
    named = [(number, block_of(result.points[number]) or "") for number in order]
    return [(number, rank_of[block]) for number, block in named if block in rank_of]


def stage_ticks(result: StudyResult, slot: float) -> list[tuple[float, str]]:
    """Each block's number in its stage, thinned to what fits beside each other; a stage's first is always there."""
    step = next((step for step in (1, 2, 3, 5, 10, 20, 50, 100, 200, 500) if step * slot >= _NUMBER), 1000)
    ticks: list[tuple[float, str]] = []
    place = 0
    for stage in result.request.spec.stages:
        count = len(stage.blocks)
        # One right before the next stage's 0 would touch it.
        numbers = [number for number in range(0, count, step) if number == 0 or count - number > 0.6 * step]
        ticks += [(float(place + number), str(number)) for number in (range(count) if step == 1 else numbers)]
        place += count
    return ticks


def short(block_id: str) -> str:
    """`layer2.1` -> `2.1`."""
    return block_id.removeprefix("layer")


def ink(part: str, palette: Palette) -> QColor:
    """A part's colour with enough contrast for words."""
    return mixed(part_colour(part, palette), 0.78 if palette.dark else 0.72, "#ffffff" if palette.dark else "#000000")


@lru_cache(maxsize=1)
def triangle() -> QPainterPath:
    """Pointing down, standing a little above the place that it marks. A dot is cut off beyond half its size, so the
    triangle is small in a large one."""
    path = QPainterPath(QPointF(0, -0.14))
    path.lineTo(0.19, -0.46)
    path.lineTo(-0.19, -0.46)
    path.closeSubpath()
    return path


def lesion_words(point: StudyPoint, plain: bool) -> str:
    """What was done, for a list: `layer2.1`, `12 blocks`."""
    block = block_of(point)
    if block is not None:
        return block
    count = len(point.lesion.deleted | point.lesion.cut)
    return tr("{count} layers", count=count) if plain else tr("{count} blocks", count=count)
