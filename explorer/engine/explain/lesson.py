"""The figures of a lesson's step, measured at this moment on the engine."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import numpy as np

from explorer.engine.explain import lesson_views
from explorer.engine.explain.lesson_records import LessonRequest, LessonResult
from explorer.engine.explain.lesson_setting import chosen, open_picture
from explorer.engine.explain.lesson_task import DATA, Task, Work, retold
from explorer.engine.explain.records import ExplainRequest
from explorer.engine.lesson_known import known
from explorer.engine.lesson_measures import MEASURES
from explorer.engine.lesson_records import Measured
from explorer.engine.records import (
    UNTRAINED,
    AccuracyRequest,
    AccuracyResult,
    PictureRequest,
    PictureResult,
    Step,
)
from explorer.engine.study_records import StudyRequest, StudyResult
from explorer.errors import UserError
from explorer.networks.lesion import Lesion, by_id
from explorer.sentences import Sentence

if TYPE_CHECKING:
    from explorer.engine.session import Session


def run(session: Session, request: LessonRequest) -> Generator[Step, None, LessonResult]:
    """Measure one figure after another; yields how far it is.

    Raises:
        UserError: weights are missing, or a figure can't be measured on them.
    """
    began = time.perf_counter()
    found: dict[str, Measured] = {}
    untrained: list[str] = []
    kept: dict[ExplainRequest, object] = {}
    for figure in request.step.figures:
        if MEASURES[figure.measure].at_once:
            found[figure.name] = known(figure, found)
            continue
        assert figure.network is not None
        spec, ref = chosen(figure.network, figure.weights, request)
        if ref == UNTRAINED and figure.weights != "untrained" and spec.name not in untrained:
            untrained.append(spec.name)
        task = Task(session, figure, spec, ref, request.device, kept)
        found[figure.name] = yield from _MEASURES[figure.measure](task)
    notes = tuple(Sentence("{network} is untrained here: its weights are missing.", network=name) for name in untrained)
    return LessonResult(request, found, time.perf_counter() - began, notes)


def _images_done(result: AccuracyResult) -> Step:
    return Step(result.counts.images / max(result.total, 1), Sentence("Measuring accuracy"))


def _study_done(result: StudyResult) -> Step:
    return Step(result.fraction, Sentence("Deleting every block alone"))


# -- accuracy ----------------------------------------------------------------------------------------------------


def _measure(task: Task, lesion: Lesion) -> Generator[Step, None, AccuracyResult]:
    """The accuracy with a lesion, told as it comes in."""
    request = AccuracyRequest(
        task.spec, task.weights, DATA, lesion.deleted, task.images, task.device, lesion.cut, lesion.order
    )
    result: AccuracyResult = yield from retold(task.session.accuracy(request), _images_done)
    if result.counts.correct is None:
        raise UserError(
            "{network} was made for other classes than the bundled images have, so that its accuracy on them can't be "
            "measured.",
            network=task.spec.name,
        )  # fmt: skip
    return result


def _accuracy(task: Task) -> Work:
    result = yield from _measure(task, task.figure.lesion)
    low, high = result.counts.interval()
    share = result.counts.accuracy
    assert share is not None
    return Measured(task.figure.name, 100 * share, 100 * low, 100 * high, result.counts.images)


def _points_lost(task: Task) -> Work:
    result = yield from _measure(task, task.figure.lesion)
    change = result.change()
    assert change is not None
    lost, half = -100 * change[0] + 0.0, 100 * change[1]
    return Measured(task.figure.name, lost, lost - half, lost + half, result.counts.images)


def _random_deletion(task: Task) -> Work:
    """Blocks drawn with seeds 0, 1 … from all that can be deleted; the median, and the range."""
    figure = task.figure
    ids = [block.id for block in task.spec.all_blocks if not block.kept]
    count, seeds = figure.arguments["count"], figure.arguments["seeds"]
    shares = []
    for seed in range(seeds):
        deleted = frozenset(random.Random(seed).sample(ids, min(count, len(ids))))
        result = yield from _measure(task, Lesion(deleted))
        shares.append(100 * (result.counts.accuracy or 0.0))
    return Measured(figure.name, statistics.median(shares), min(shares), max(shares), task.images, seeds)


# -- each block alone --------------------------------------------------------------------------------------------


def _losses(task: Task) -> Generator[Step, None, tuple[list[float], int]]:
    """Points lost by each block that keeps the shape, deleted alone, and on how many images."""
    request = StudyRequest("single", task.spec, task.weights, DATA, images=task.images, device=task.device)
    result: StudyResult = yield from retold(task.session.study(request), _study_done)
    blocks = by_id(task.spec)
    losses = []
    for point in result.points:
        change = point.change()
        (block,) = point.lesion.deleted
        if change is not None and not blocks[block].downsampling:
            losses.append(-100 * change[0] + 0.0)
    if not losses:
        raise UserError("{network} has no block that keeps the shape and can be deleted.", network=task.spec.name)
    return losses, result.total


def _median_loss(task: Task) -> Work:
    losses, images = yield from _losses(task)
    return Measured(task.figure.name, statistics.median(losses), images=images)


def _largest_loss(task: Task) -> Work:
    losses, images = yield from _losses(task)
    return Measured(task.figure.name, max(losses), images=images)


# -- one picture -------------------------------------------------------------------------------------------------


def _run_picture(task: Task, wanted: tuple[str, ...] = ()) -> Generator[Step, None, PictureResult]:
    picture = yield from open_picture(task.session, task.figure.arguments["picture"])
    lesion = task.figure.lesion
    request = PictureRequest(
        task.spec, task.weights, picture, lesion.deleted, task.device, wanted, lesion.cut, lesion.order
    )
    return (yield from task.session.run_picture(request))


def _probability(task: Task) -> Work:
    """Of the true class; of a picture whose class nobody knows, of what the intact network says."""
    result = yield from _run_picture(task)
    classes, label = result.prediction.classes, result.request.picture.label
    place = classes.index(label) if label in classes else result.intact.top(1)[0][0]
    return Measured(task.figure.name, 100 * float(result.prediction.probabilities[place]))


def _same_numbers(task: Task) -> Work:
    block = str(task.figure.arguments["block"])
    ids = task.spec.block_ids
    before = "stem" if block == ids[0] else ids[ids.index(block) - 1]
    result = yield from _run_picture(task, (block, before))
    entered, left = result.maps[before], result.maps[block]
    if entered.shape != left.shape:
        raise UserError("{block} changes the shape, so that no number can stay in its place.", block=block)
    return Measured(task.figure.name, 100 * float(np.mean(entered == left)))


_MEASURES: dict[str, Callable[[Task], Work]] = {
    "accuracy": _accuracy,
    "points_lost": _points_lost,
    "random_deletion": _random_deletion,
    "median_loss": _median_loss,
    "largest_loss": _largest_loss,
    "probability": _probability,
    "same_numbers": _same_numbers,
    "block_ratio": lesson_views.block_ratio,
    "gradient_ratio": lesson_views.gradient_ratio,
    "least_gain": lesson_views.least_gain,
    "effective_shortest": lesson_views.effective_shortest,
    "effective_longest": lesson_views.effective_longest,
    "effective_share": lesson_views.effective_share,
}
