"""What blocks add, as lines of a chart: shared by the panel and by files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from explorer.app.block_words import Found, Measured, blocks_of, places_of, protocol
from explorer.app.chart_export import ChartWords
from explorer.app.text import tr, translated
from explorer.app.widgets.line_series import Band, Frame, Role, Series
from explorer.engine.explain.block_outline import Measure, Outline
from explorer.engine.explain.blocks_records import PictureFigures, SetFigures

Sorting = Literal["depth", "size"]
Shown = Measure | Literal["exits"]
AXES: dict[Measure, str] = {
    "ratio": "|F(x)| / |x|",
    "cosine": "cosine of x and F(x)",
    "response": "standard deviation",
}
_ROLES: tuple[Role, Role] = ("first", "second")


@dataclass(frozen=True, eq=False)
class Line:
    """One line, and what its points are.

    Attributes:
        series: as it is drawn.
        twin: whether it is the plain twin's.
        places: number of the place or layer, in the outline, that each point stands for.
    """

    series: Series
    twin: bool
    places: np.ndarray


def depth_lines(measure: Measure, sorting: Sorting, found: Found, measured: Measured) -> tuple[Line, ...]:
    """Lines of the network and of its plain twin, of the picture and over the set.

    Over the set: the median, the quartiles as a band. Of the picture: dots where there is a set's line, else joined.
    """
    lines: list[Line] = []
    sets = (None, None) if measured is None else (measured.figures, measured.twin)
    pictures = (None, None) if found is None else (found.figures, found.twin)
    for over, own, role in zip(sets, pictures, _ROLES, strict=True):
        outline = over.outline if over is not None else own.outline if own is not None else None
        if outline is None or not outline.has(measure):
            continue
        places = places_of(outline, measure)
        if over is not None:
            lines.append(_set_line(over, measure, sorting, places, role))
        if own is not None:
            lines.append(_picture_line(own, measure, sorting, places, role, over is None))
    return tuple(lines)


def depth_frame(measure: Measure, sorting: Sorting, outline: Outline) -> Frame:
    """Axes with the stages of the network behind the lines."""
    words = tr("layers by size") if sorting == "size" else tr("layer") if measure == "response" else tr("block")
    parts = [layer.part for layer in outline.layers]
    if measure != "response":
        parts = [block.place for block in outline.blocks]
    least = {"ratio": (0.0, 1.0), "cosine": (-0.5, 0.5), "response": (0.0, 0.5)}[measure]
    bands = () if sorting == "size" else _bands(parts)
    return Frame(
        words, tr(AXES[measure]), bands=bands, x_range=(1.0, float(max(len(parts), 2))), y_range=least, x_whole=True
    )


def exit_series(measured: Measured) -> tuple[Series, ...]:
    """Accuracy of the head behind each layer of the last stage, with its 95 % interval; agreement without labels."""
    if measured is None:
        return ()
    series = []
    for figures, role in zip((measured.figures, measured.twin), _ROLES, strict=True):
        if figures is None or not figures.exits:
            continue
        shares = [one.agreement if one.correct is None else one.accuracy for one in figures.exits]
        low, high = (100 * np.array([one.interval()[end] for one in figures.exits]) for end in (0, 1))
        name, places = figures.outline.spec.name, _exit_places(figures.outline)
        y = 100 * np.array(shares, float)
        series.append(Series(name, places, y, low, high, role=role, ids=figures.outline.exits))
    return tuple(series)


def exit_frame(measured: Measured) -> Frame:
    """Axes of the accuracies behind the layers of the last stage."""
    labelled = measured is None or measured.figures.exits[-1].correct is not None
    y_words = tr("accuracy, %") if labelled else tr("agreement, %")
    layers = 2.0
    if measured is not None:
        layers = max(float(_exit_places(one.outline)[-1]) for one in (measured.figures, measured.twin) if one)
    return Frame(tr("layer of the last stage"), y_words, x_range=(1.0, max(layers, 2.0)), y_range=(0.0, 100.0))


def _exit_places(outline: Outline) -> np.ndarray:
    """How many weighted layers of the last stage have passed behind each exit."""
    stage = [block.id for block in outline.spec.stages[-1].blocks]
    ends, passed = {}, 0
    for block in outline.blocks:
        if block.place in stage:
            passed += max(sum(layer.part == block.block for layer in outline.layers), 1)
            ends[block.block] = float(passed)
    return np.array([ends[one] for one in outline.exits])


def _set_line(figures: SetFigures, measure: Measure, sorting: Sorting, places: np.ndarray, role: Role) -> Line:
    found = figures.quartiles(measure)
    order = _order(found.median[places], sorting)
    x = _x(places, sorting)
    name = tr("{network}, median of {count} images", network=figures.outline.spec.name, count=f"{found.images:,}")
    low, median, high = (values[places][order] for values in (found.low, found.median, found.high))
    ids = tuple(blocks_of(figures.outline, measure)[place] for place in places[order])
    series = Series(name, x, median, low, high, role=role, marks=False, ids=ids)
    return Line(series, role == _ROLES[1], places[order])


def _picture_line(
    figures: PictureFigures, measure: Measure, sorting: Sorting, places: np.ndarray, role: Role, joined: bool
) -> Line:
    values = figures.values(measure)[places]
    order = _order(values, sorting)
    name = tr("{network}, this picture", network=figures.outline.spec.name)
    ids = tuple(blocks_of(figures.outline, measure)[place] for place in places[order])
    series = Series(name, _x(places, sorting), values[order], role=role, line=joined, ids=ids)
    return Line(series, role == _ROLES[1], places[order])


def _order(values: np.ndarray, sorting: Sorting) -> np.ndarray:
    """By size the largest first, as in the lower half of Fig. 7; what is no number comes last."""
    if sorting == "depth":
        return np.arange(len(values))
    return np.argsort(-np.where(np.isnan(values), -np.inf, values), kind="stable")


def _x(places: np.ndarray, sorting: Sorting) -> np.ndarray:
    return np.arange(1.0, len(places) + 1) if sorting == "size" else places + 1.0


def _bands(parts: Sequence[str]) -> tuple[Band, ...]:
    """Runs of one stage."""
    bands: list[Band] = []
    for index, part in enumerate(parts, 1):
        stage = part.partition(".")[0]
        if bands and bands[-1].part == stage:
            bands[-1] = Band(bands[-1].start, index + 0.5, stage)
        else:
            bands.append(Band(index - 0.5, index + 0.5, stage))
    return tuple(bands)


def chart_words(measure: Shown, found: Found, measured: Measured, notes: Sequence[str] = ()) -> ChartWords:
    """Heading, explanation and how it was measured."""
    result = measured or found
    assert result is not None
    outline = result.figures.outline
    heading = {
        "ratio": "What each block adds: |F(x)| / |x|",
        "cosine": "What each block adds: the cosine of x and F(x)",
        "response": "Standard deviations of layer responses",
        "exits": "The head applied early, behind the last stage's blocks",
    }[measure]
    explanation = {
        "ratio": "L2 norms over the whole map, of what the branch adds and of what the shortcut carries.",
        "cosine": "Over the whole map, between what the branch adds and what the shortcut carries.",
        "response": "Output of each layer after BN, before ReLU or addition (He et al. 2015, Fig. 7).",
        "exits": "Network and plain twin on the same images (Greff et al. 2017).",
    }[measure]
    band = tr("95 % interval") if measure == "exits" else tr("quartiles")
    told = [*protocol(found, measured), *notes]
    if measure != "exits" and outline.missing(measure):
        told.append(translated(outline.missing(measure)))
    return ChartWords(tr(heading), tr(explanation), band if measured is not None else "", " ".join(told))
