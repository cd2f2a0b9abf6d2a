"""The figures of a lesson that the views of the same name measure: what blocks add, gradients, paths."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np

from explorer.engine.explain.blocks_records import BlockStatisticsRequest, BlockStatisticsResult
from explorer.engine.explain.gradients_records import GradientsRequest, GradientsResult, Profile
from explorer.engine.explain.lesson_task import DATA, Task, Work
from explorer.engine.explain.paths_records import PathsRequest, PathsResult
from explorer.engine.lesson_records import Measured
from explorer.engine.records import Step
from explorer.errors import UserError
from explorer.networks.lesion import by_id
from explorer.sentences import Sentence

# -- what blocks add ---------------------------------------------------------------------------------------------


def block_ratio(task: Task) -> Work:
    """|F(x)| / |x| of one block, or the median of all blocks that keep the shape; medians over the images."""
    request = BlockStatisticsRequest(task.spec, task.weights, task.device, data=DATA, images=task.images)
    result: BlockStatisticsResult = yield from task.explain(request, _blocks_done)
    ratio, blocks = result.figures.ratio, by_id(task.spec)
    wanted = task.figure.arguments["block"]
    places = [
        number
        for number, mark in enumerate(result.figures.outline.blocks)
        if mark.has_ratio and (mark.block == wanted or not (wanted or blocks[mark.block].downsampling))
    ]
    if not places:
        raise UserError("{network} adds nothing to anything, so that there is no ratio.", network=task.spec.name)
    value = float(np.median(ratio.median[places]))
    if not wanted:
        return Measured(task.figure.name, value, images=result.images)
    (place,) = places
    return Measured(
        task.figure.name, value, float(ratio.low[place]), float(ratio.high[place]), result.images, None, True
    )


def _blocks_done(result: BlockStatisticsResult) -> Step:
    return Step(result.images / max(result.total, 1), Sentence("Measuring what each block adds"))


# -- gradients ---------------------------------------------------------------------------------------------------


def gradient_ratio(task: Task) -> Work:
    """The gradient at the first block's input over that behind the last block."""
    profile = yield from _profile(task)
    return _over_seeds(task, profile.ratios("inputs"))


def least_gain(task: Task) -> Work:
    """The least ratio of the gradient at a block's input to that at its output, of all blocks that keep the shape."""
    profile = yield from _profile(task)
    norms, blocks = profile.norms("inputs"), by_id(task.spec)
    kept = [place for place, spot in enumerate(profile.inputs[:-1]) if not blocks[spot.block].downsampling]
    with np.errstate(all="ignore"):
        gains = norms[:, :-1] / norms[:, 1:]
        return _over_seeds(task, np.min(gains[:, kept], axis=1))


def _profile(task: Task) -> Generator[Step, None, Profile]:
    arguments = task.figure.arguments
    trained = arguments["scheme"] == "trained"
    request = GradientsRequest(
        task.spec, task.weights, task.device,
        scheme=arguments["scheme"], norm=arguments["norm"], seeds=task.seeds, on="images" if trained else "noise",
    )  # fmt: skip
    result: GradientsResult = yield from task.explain(request, _gradients_done)
    return result.networks[0]


def _gradients_done(result: GradientsResult) -> Step:
    return Step(result.seeds / max(result.total, 1), Sentence("Measuring gradients"))


def _over_seeds(task: Task, values: np.ndarray) -> Measured:
    """The geometric mean, as belongs to ratios of many sizes, and the range; NaN where a seed gave no number."""
    with np.errstate(all="ignore"):
        value = float(np.exp(np.log(values).mean()))
    if len(values) == 1:
        return Measured(task.figure.name, value)
    return Measured(task.figure.name, value, float(values.min()), float(values.max()), seeds=len(values))


# -- paths -------------------------------------------------------------------------------------------------------


def effective_shortest(task: Task) -> Work:
    return (yield from _effective(task, lambda result, ends: ends[0]))


def effective_longest(task: Task) -> Work:
    return (yield from _effective(task, lambda result, ends: ends[1]))


def effective_share(task: Task) -> Work:
    """The share of all paths that have the lengths which carry nearly all of the gradient."""
    return (yield from _effective(task, lambda result, ends: 100 * float(result.counts.share_between(*ends))))


def _effective(task: Task, value_of: Callable[[PathsResult, tuple[int, int]], float]) -> Work:
    request = PathsRequest(task.spec, task.weights, task.device, data=DATA, images=task.images, seeds=task.seeds)
    result: PathsResult = yield from task.explain(request, _paths_done)
    ends = result.effective()
    if ends is None:
        raise UserError("The gradients of {network} are no numbers.", network=task.spec.name)
    each = [value_of(result, own) for own in result.effective_by_seed() if own is not None]
    value = value_of(result, ends)
    return Measured(task.figure.name, value, min(each), max(each), result.images, len(each))


def _paths_done(result: PathsResult) -> Step:
    return Step(len(result.norms) / max(result.request.seeds, 1), Sentence("Following paths"))
