"""What a study's charts, tables and sentences are made of: plain numbers out of its records, without Qt.

Shares are given as a person reads them: in per cent, changes in percentage points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from explorer.engine.records import Counts, wilson
from explorer.engine.study_records import StudyKind, StudyPoint, StudyResult
from explorer.networks.lesion import by_id
from explorer.networks.spec import NetworkSpec

Floats = npt.NDArray[np.float64]
Measure = Literal["change", "accuracy", "error", "agreement", "probability"]
Sorting = Literal["place", "damage"]
Across = Literal["macs", "latency"]

ONE_BY_ONE: tuple[StudyKind, ...] = ("single", "cut")
"""Studies whose lesions are of one block each, drawn as bars."""
MEASURES: dict[StudyKind, tuple[Measure, ...]] = {
    "single": ("change", "agreement", "probability", "error"),
    "cut": ("change", "agreement", "probability", "error"),
    "random": ("accuracy", "error", "agreement", "probability"),
    "reorder": ("error", "accuracy", "agreement", "probability"),
    "greedy": ("accuracy", "error", "agreement", "probability"),
}
"""What each study can show; the first is what it shows at first."""
BETTER: dict[Measure, int] = {"change": 1, "accuracy": 1, "error": -1, "agreement": 1, "probability": 1}
"""Whether more of it is better."""


@dataclass(frozen=True)
class Value:
    """A figure with the ends of its 95 % interval; without an interval all three are the same."""

    value: float
    low: float
    high: float


def value_of(point: StudyPoint, measure: Measure) -> Value | None:
    """What a point says by a measure: the change with its paired interval, shares with Wilson's, the probability
    without one; None without images, or without labels where the measure needs them."""
    if not point.counts.images:
        return None
    return _READERS[measure](point)


def _change(point: StudyPoint) -> Value | None:
    change = point.change()
    if change is None:
        return None
    middle, half = 100 * change[0], 100 * change[1]
    return Value(middle, middle - half, middle + half)


def _accuracy(point: StudyPoint) -> Value | None:
    return None if point.counts.correct is None else _share(point.counts, point.counts.correct)


def _error(point: StudyPoint) -> Value | None:
    right = _accuracy(point)
    return None if right is None else Value(100 - right.value, 100 - right.high, 100 - right.low)


def _agreement(point: StudyPoint) -> Value | None:
    return _share(point.counts, point.counts.agreeing)


def _probability(point: StudyPoint) -> Value | None:
    if point.probability is None:
        return None
    points = 100 * point.probability
    return Value(points, points, points)


def _share(counts: Counts, of: int) -> Value:
    low, high = wilson(of, counts.images)
    return Value(100 * of / counts.images, 100 * low, 100 * high)


_READERS: dict[Measure, Callable[[StudyPoint], Value | None]] = {
    "change": _change,
    "accuracy": _accuracy,
    "error": _error,
    "agreement": _agreement,
    "probability": _probability,
}


def intact_level(result: StudyResult, measure: Measure) -> float | None:
    """What the intact network has: 0 for a change, 100 for the agreement with itself."""
    if measure in ("change", "probability"):
        return 0.0
    if measure == "agreement":
        return 100.0
    value = value_of(result.intact, measure)
    return None if value is None else value.value


def usable(result: StudyResult, measure: Measure) -> Measure:
    """The measure, or agreement where the images have no labels."""
    return measure if result.labels is not None else "agreement"


# -- one block after another ---------------------------------------------------------------------------------------


def block_of(point: StudyPoint) -> str | None:
    """Id of the one block that a point is about; None where it is about several."""
    ids = point.lesion.deleted | point.lesion.cut
    return next(iter(ids)) if len(ids) == 1 and not point.lesion.order else None


@lru_cache(maxsize=8)
def _positions(spec: NetworkSpec) -> dict[str, int]:
    return {block_id: place for place, block_id in enumerate(spec.block_ids)}


def place_of(spec: NetworkSpec, block_id: str) -> int:
    """How many blocks stand before it."""
    return _positions(spec)[block_id]


def depth_share(spec: NetworkSpec, block_id: str) -> float:
    """Where its middle is in the network, in per cent of all blocks."""
    return 100 * (place_of(spec, block_id) + 0.5) / len(spec.block_ids)


def halves(spec: NetworkSpec, block_id: str) -> bool:
    """Whether the block changes the shape."""
    return by_id(spec)[block_id].downsampling


def sorted_points(result: StudyResult, measure: Measure, sorting: Sorting) -> list[int]:
    """Numbers of the points about one block that have images: by place, or the most harmful first."""
    points = [number for number, point in enumerate(result.points) if block_of(point) and value_of(point, measure)]
    if sorting == "place":
        return sorted(points, key=lambda number: place_of(result.request.spec, block_of(result.points[number]) or ""))
    return sorted(points, key=lambda number: _harm(result.points[number], measure), reverse=True)


def _harm(point: StudyPoint, measure: Measure) -> float:
    value = value_of(point, measure)
    return -np.inf if value is None else -BETTER[measure] * value.value


# -- curves --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curve:
    """Medians with quartiles, and every run.

    Attributes:
        x, median, low, high: one for each k, rising; low and high are the quartiles.
        sizes: each k.
        runs_x, runs_y: every run.
        points: the number of each run's point.
    """

    x: Floats
    median: Floats
    low: Floats
    high: Floats
    sizes: tuple[int, ...]
    runs_x: Floats
    runs_y: Floats
    points: tuple[int, ...]


def curve(result: StudyResult, measure: Measure) -> Curve:
    """The runs of a `random` or `reorder` study, grouped by k; x is k, or Kendall's tau of the order. Several k whose
    orders are in the middle equally far from the network's own make one group, so that the line goes one way."""
    by_tau = result.request.kind == "reorder"
    runs: list[tuple[int, float, float, int]] = []
    for number, point in enumerate(result.points):
        value = value_of(point, measure)
        if value is not None:
            x = float(point.size) if not by_tau else _tau(point)
            runs.append((point.size, x, value.value, number))
    groups: dict[int, list[tuple[float, float]]] = {}
    level = intact_level(result, measure)
    if level is not None and result.intact.counts.images and not any(size == 0 for size, *_ in runs):
        groups[0] = [(1.0 if by_tau else 0.0, level)]
    for size, x, y, _ in runs:
        groups.setdefault(size, []).append((x, y))
    if by_tau:
        groups = _pooled(groups)
    sizes = sorted(groups)
    middle_x, median, low, high = _summary([groups[size] for size in sizes])
    runs_x, runs_y = np.array([(x, y) for _, x, y, _ in runs], float).reshape(-1, 2).T
    return Curve(middle_x, median, low, high, tuple(sizes), runs_x, runs_y, tuple(number for *_, number in runs))


def _tau(point: StudyPoint) -> float:
    return 1.0 if point.kendall_tau is None else point.kendall_tau


def _pooled(groups: dict[int, list[tuple[float, float]]]) -> dict[int, list[tuple[float, float]]]:
    by_middle: dict[float, int] = {}
    pooled: dict[int, list[tuple[float, float]]] = {}
    for size in sorted(groups):
        middle = round(float(np.median([x for x, _ in groups[size]])), 6)
        pooled.setdefault(by_middle.setdefault(middle, size), []).extend(groups[size])
    return pooled


def _summary(groups: Sequence[Sequence[tuple[float, float]]]) -> Floats:
    """Median of x, then median and quartiles of y, (4, groups)."""
    found = np.zeros((4, len(groups)))
    # Groups of a length in one go: most have it in common, and NumPy's calls cost more than its arithmetic here.
    for length in {len(group) for group in groups}:
        places = [place for place, group in enumerate(groups) if len(group) == length]
        runs = np.array([groups[place] for place in places], float)
        found[0, places] = np.median(runs[..., 0], axis=1)
        found[1:, places] = np.percentile(runs[..., 1], (50, 25, 75), axis=1)
    return found


# -- the frontier --------------------------------------------------------------------------------------------------


def frontier(result: StudyResult) -> list[int]:
    """Numbers of the measured points of a greedy study, fewest deletions first."""
    points = [number for number, point in enumerate(result.points) if point.counts.images]
    return sorted(points, key=lambda number: result.points[number].size)


def across(point: StudyPoint, by: Across) -> Value | None:
    """Where a point stands on the frontier: millions of multiply-adds, or the time of one image with its quartiles, in
    per cent of the intact network's in the same rounds: milliseconds of different minutes can't be compared where the
    machine was busier in some of them."""
    if by == "macs":
        return Value(point.macs / 1e6, point.macs / 1e6, point.macs / 1e6)
    timed = point.latency
    if timed is None:
        return None
    unit = max(timed.intact, 1e-9) / 100
    return Value(timed.median / unit, timed.low / unit, timed.high / unit)


def within_budget(result: StudyResult, budget: float) -> int | None:
    """Number of the point with the fewest multiply-adds that loses at most `budget` points; without labels, that
    disagrees with the intact network on at most so many per cent of the images. None where none does."""
    best: int | None = None
    for number in frontier(result):
        loss = _loss(result.points[number])
        if loss <= budget + 1e-9 and (best is None or result.points[number].macs < result.points[best].macs):
            best = number
    return best


def _loss(point: StudyPoint) -> float:
    change = point.change()
    return 100 * (1 - (point.counts.agreement or 0)) if change is None else -100 * change[0]


# -- damage by class -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Damage:
    """Change of recall, in points.

    Attributes:
        points: numbers of the points, by place.
        blocks: their ids.
        change: (blocks, classes), NaN where a class has no image yet.
        images: (blocks, classes), how many images of the class were measured.
    """

    points: tuple[int, ...]
    blocks: tuple[str, ...]
    change: Floats
    images: npt.NDArray[np.int64]


def damage(result: StudyResult) -> Damage | None:
    """Recall of each class with a block's lesion minus the intact network's, on the same images; None without labels
    or for a study of several blocks at once."""
    labels = result.labels
    if labels is None or result.request.kind not in ONE_BY_ONE:
        return None
    classes = max(len(result.info.classes), int(labels.max(initial=-1)) + 1)
    numbers = sorted_points(result, "change", "place")
    change = np.full((len(numbers), classes), np.nan)
    images = np.zeros((len(numbers), classes), np.int64)
    # Most points stand at the same number of images: the intact network's recall is counted once for each.
    known: dict[int, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = {}
    for row, number in enumerate(numbers):
        point = result.points[number]
        seen = point.counts.images
        if seen not in known:
            known[seen] = (np.bincount(labels[:seen], minlength=classes), recalled(result, result.intact, seen))
        images[row], before = known[seen]
        now = recalled(result, point, seen)
        there = images[row] > 0
        change[row, there] = 100 * (now - before)[there] / images[row, there]
    blocks = tuple(block_of(result.points[number]) or "" for number in numbers)
    return Damage(tuple(numbers), blocks, change, images)


def recalled(result: StudyResult, point: StudyPoint, images: int) -> npt.NDArray[np.int64]:
    """Correct predictions of each class among the first images, int (classes,)."""
    labels = result.labels
    assert labels is not None
    classes = max(len(result.info.classes), int(labels.max(initial=-1)) + 1)
    labels, predictions = labels[:images], point.predictions[:images]
    return np.bincount(labels[predictions == labels], minlength=classes)


def flipped(result: StudyResult, point: StudyPoint, label: int | None = None) -> npt.NDArray[np.intp]:
    """Places, in the study's order, of the images whose prediction a lesion changed; of one true class if given."""
    seen = point.counts.images
    changed = point.predictions[:seen] != result.intact.predictions[:seen]
    if label is not None and result.labels is not None:
        changed &= result.labels[:seen] == label
    return np.flatnonzero(changed)
