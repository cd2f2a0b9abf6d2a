"""What a line chart shows: plain records and their arithmetic, without Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Role = Literal["first", "second", "third", "context"]
Edge = Literal["zero", "high", "none"]
"""What lies at the edge of a chart: exactly zero (or less) on a logarithmic axis, infinite, no number."""


@dataclass(frozen=True, eq=False)
class Series:
    """One line, with a band around it where there is one.

    Attributes:
        name: in the legend.
        x, y: (n,) numbers; those that can't be drawn (no number, infinite, zero on a logarithmic axis) become signs
            at the edge instead.
        low, high: (n,) ends of the band, None for none.
        role: `first` in the accent, `second` and `third` beside it, `context` faint behind them.
        dashed: whether the line is.
        line, marks: whether its points are joined, and marked.
        colour: as `#rrggbb` instead of the role's.
        ids: of the blocks that the points stand for, empty where they stand for none.
    """

    name: str
    x: Floats
    y: Floats
    low: Floats | None = None
    high: Floats | None = None
    role: Role = "first"
    dashed: bool = False
    line: bool = True
    marks: bool = True
    colour: str | None = None
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Band:
    """A stripe of a stage's colour behind the lines, from `start` to `end` on the horizontal axis."""

    start: float
    end: float
    part: str


@dataclass(frozen=True)
class Frame:
    """The axes.

    Attributes:
        x_words, y_words: beside them.
        log: whether the vertical one is logarithmic.
        ticks: places and words on the horizontal one, None for numbers.
        bands: behind the lines.
        x_range, y_range: what is shown at least; None for what the series need.
        x_whole: whether the horizontal axis counts in whole numbers.
    """

    x_words: str
    y_words: str
    log: bool = False
    ticks: tuple[tuple[float, str], ...] | None = None
    bands: tuple[Band, ...] = field(default=())
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    x_whole: bool = False


def edges(values: Floats, log: bool) -> list[Edge | None]:
    """What each number is that can't be drawn; None for one that can."""
    found: list[Edge | None] = []
    for value in np.asarray(values, float):
        if np.isnan(value):
            found.append("none")
        elif np.isinf(value):
            found.append("high" if value > 0 else "none")
        else:
            found.append("zero" if log and value <= 0 else None)
    return found


def drawn(values: Floats, log: bool) -> Floats:
    """The numbers as they are drawn, on a logarithmic axis their powers of ten; NaN where they can't be."""
    values = np.asarray(values, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        shown = np.log10(np.where(values > 0, values, np.nan)) if log else values.copy()
    shown[~np.isfinite(shown)] = np.nan
    return shown
