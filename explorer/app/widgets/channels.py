"""The arithmetic of feature maps on the screen: levels, colours, the grid, the order. NumPy only, no loops.

Maps are float arrays (C, H, W). On the screen each number is an index into a table of 256 colours: 0 to 253 from the
lowest to the highest level, 254 for what is no number, 255 for nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Indices = npt.NDArray[np.uint8]
Order = Literal["index", "mean", "variance"]

TOP = 253
NO_NUMBER = 254
NOTHING = 255
SEQUENTIAL = "viridis"
DIVERGING, DIVERGING_DARK = "CET-D1A", "CET-D4"
"""Blue, white, red, and blue, black, red: zero is the ground of the light and the dark theme (Kovesi 2015,
arXiv:1509.03700)."""


@lru_cache(maxsize=4)
def table(name: str) -> Indices:
    """A colour map of pyqtgraph's as (256, 3); what is no number is magenta, which neither map contains."""
    # Not at the top: importing pyqtgraph takes longer than the whole panel, and the first maps come later.
    import pyqtgraph

    colours = np.zeros((256, 3), np.uint8)
    colours[: TOP + 1] = pyqtgraph.colormap.get(name).getLookupTable(nPts=TOP + 1, alpha=False)
    colours[NO_NUMBER] = (255, 0, 255)
    return colours


def levels(maps: Floats) -> tuple[float, float]:
    """Lowest and highest number of all channels, (0, 0) where there is none."""
    if not maps.size:
        return 0.0, 0.0
    low, high = float(maps.min()), float(maps.max())
    if not np.isfinite(low + high):
        finite = maps[np.isfinite(maps)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    return low, high


def symmetric(low: float, high: float) -> tuple[float, float]:
    """The narrowest levels around both that have zero in their middle."""
    far = max(abs(low), abs(high))
    return -far, far


def indices(maps: Floats, low: float, high: float, symmetric: bool = False) -> Indices:
    """Colour indices of the same shape; a flat set of maps gets the lowest colour, or the middle one if symmetric."""
    if high > low:
        # In place, on one copy: large maps would otherwise spend most of the time in memory.
        shares = maps - np.float32(low)
        shares *= np.float32(TOP / (high - low))
    else:
        shares = np.full_like(maps, TOP / 2 if symmetric else 0)
        shares[~np.isfinite(maps)] = np.nan
    known = np.isfinite(shares)
    if known.all():
        np.clip(shares, 0, TOP, out=shares)
        return _whole(shares)
    lost = np.isnan(maps)
    shares = np.clip(np.nan_to_num(shares, nan=0, posinf=TOP, neginf=0), 0, TOP)
    result = _whole(shares)
    result[lost] = NO_NUMBER
    return result


def _whole(shares: Floats) -> Indices:
    indices: Indices = np.rint(shares).astype(np.uint8)
    return indices


def grid(channels: Indices) -> tuple[Indices, int]:
    """All channels side by side in a near square, row by row, and the number of columns.

    Args:
        channels: (C, H, W).

    Returns:
        (rows * H, columns * W), what is left over filled with `NOTHING`; and columns.
    """
    count, height, width = channels.shape
    columns = max(int(np.ceil(np.sqrt(count))), 1)
    rows = -(-count // columns)
    full = np.full((rows * columns, height, width), NOTHING, np.uint8)
    full[:count] = channels
    tiled = full.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(tiled.reshape(rows * height, columns * width)), columns


def order(maps: Floats, by: Order) -> npt.NDArray[np.intp]:
    """Channel numbers, by index or falling by mean or variance over the map; what is no number comes last."""
    count = len(maps)
    if by == "index":
        return np.arange(count)
    flat = maps.reshape(count, -1)
    with np.errstate(all="ignore"):
        keys = flat.mean(1, dtype=np.float64) if by == "mean" else flat.var(1, dtype=np.float64)
    return np.argsort(-np.where(np.isnan(keys), -np.inf, keys), kind="stable")


def zeros(maps: Floats) -> float:
    """Share of exact zeros: what ReLU, or option A's padding, left of nothing."""
    return 1 - np.count_nonzero(maps) / maps.size if maps.size else 0.0
