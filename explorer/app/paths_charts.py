"""The charts of the paths view: counts, gradients and both together, by length."""

from __future__ import annotations

from typing import Literal

import numpy as np

from explorer.app.chart_export import ChartWords
from explorer.app.paths_words import count_words, effective_words, gradient_words, source_words
from explorer.app.text import tr
from explorer.app.widgets.line_series import Band, Frame, Series
from explorer.engine.explain.paths_records import PathsResult
from explorer.networks.paths import PathCounts

Shown = Literal["counts", "gradient", "product"]
Drawing = tuple[tuple[Series, ...], Frame]


def drawing(shown: Shown, counts: PathCounts, result: PathsResult | None, log: bool = False) -> Drawing:
    """Series and axes.

    Args:
        shown: which chart.
        counts: of the network with its lesion.
        result: what was measured; the chart of counts needs nothing of it.
        log: whether counts, and the product, are drawn on a logarithmic axis; gradients always are.
    """
    if shown == "counts":
        return _counts(counts, log)
    assert result is not None
    return _gradient(counts, result) if shown == "gradient" else _product(counts, result, log)


def _lengths(counts: PathCounts) -> np.ndarray:
    return np.arange(counts.blocks + 1, dtype=np.float64)


def _frame(counts: PathCounts, words: str, log: bool, bands: tuple[Band, ...] = ()) -> Frame:
    across = tr("Length: residual branches on the path")
    return Frame(across, words, log, bands=bands, x_range=(0.0, float(counts.blocks)), x_whole=True)


def _counts(counts: PathCounts, log: bool) -> Drawing:
    x = _lengths(counts)
    every = np.array([100 * (counts.of_length(length) / counts.total) for length in counts.lengths])
    series = [Series(tr("all paths"), x, every, role="second" if counts.deleted or counts.cut else "first")]
    if counts.deleted or counts.cut:
        left = np.array([100 * (counts.left_of_length(length) / counts.total) for length in counts.lengths])
        series.insert(0, Series(tr("left after what is deleted or cut"), x, left, role="first"))
    return tuple(series), _frame(counts, tr("Share of all paths, %"), log)


def _gradient(counts: PathCounts, result: PathsResult) -> Drawing:
    low, high = result.spread()
    mean = Series(tr("mean norm over one path"), _lengths(counts), result.mean(), low, high)
    return (mean,), _frame(counts, tr("Gradient norm at the input"), True)


def _product(counts: PathCounts, result: PathsResult, log: bool) -> Drawing:
    x = _lengths(counts)
    carried = result.carried()
    total = float(carried.sum())
    scale = 100 / total if total > 0 and np.isfinite(total) else np.nan
    if counts.deleted or counts.cut:  # without the range: two lines on the effective lengths' grey are enough
        left = Series(tr("left after what is deleted or cut"), x, result.carried(counts=counts) * scale)
        series = [left, Series(tr("paths × mean norm"), x, carried * scale, role="second")]
    else:
        by_seed = np.array([100 * result.carried_shares(norms) for norms in result.norms])
        series = [Series(tr("paths × mean norm"), x, carried * scale, by_seed.min(0), by_seed.max(0))]
    effective = result.effective()
    bands = () if effective is None else (Band(effective[0] - 0.5, effective[1] + 0.5, "stem"),)
    return tuple(series), _frame(counts, tr("Share of the product, %"), log, bands)


def chart_words(
    shown: Shown, counts: PathCounts, result: PathsResult | None, name: str, command: str = ""
) -> ChartWords:
    """What stands around a chart in a file."""
    headings = {
        "counts": tr("{network}: paths by length", network=name),
        "gradient": tr("{network}: gradient over paths, by length", network=name),
        "product": tr("{network}: which lengths of paths matter", network=name),
    }
    told = {"counts": count_words(counts)}
    band = ""
    if result is not None and len(result.norms):
        told |= {"gradient": gradient_words(result), "product": effective_words(result)}
        band = band_words(result)
    notes = [told[shown].replace("\u200b", "")]
    if shown != "counts" and result is not None:
        notes.append(source_words(result))
    return ChartWords(
        headings[shown], tr("After Veit et al. 2016, arXiv:1605.06431"), band, "\n".join([*notes, command]).strip()
    )


def band_words(result: PathsResult) -> str:
    """What the band around the line is."""
    count = len(result.norms)
    return tr("range of {count} orders", count=count) if count > 1 else ""
