"""Figures of a lesson that are known without running a network: arithmetic, the bundled logs and cards, the papers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from explorer.engine.lesson_figures import at_once
from explorer.engine.lesson_records import Figure, LessonStep, Measured, is_finite
from explorer.engine.lesson_words import quoted
from explorer.engine.resources import bundled_network
from explorer.engine.training_logs import TrainingLog, training_logs
from explorer.errors import UserError
from explorer.networks import catalog
from explorer.networks.cost import network_cost
from explorer.networks.paths import PathCounts, forks
from explorer.networks.spec import NetworkSpec


def known_figures(step: LessonStep) -> dict[str, Measured]:
    """What is known of a step's figures before anything is measured; those that can't be had are left out."""
    found: dict[str, Measured] = {}
    by_name = {figure.name: figure for figure in step.figures}
    for figure in step.figures:
        if at_once(by_name, figure.name):
            try:
                found[figure.name] = known(figure, found)
            except (UserError, KeyError):
                continue
    return found


def known(figure: Figure, found: Mapping[str, Measured]) -> Measured:
    """One of them.

    Args:
        figure: whose measure is `at_once`.
        found: the figures before it, which it may be worked out of.

    Raises:
        UserError: no log comes with the program for its network.
    """
    if figure.measure in ("paper", "given"):
        return quoted(figure)
    if figure.measure in ("difference", "ratio"):
        return _worked_out(figure, found)
    assert figure.network is not None
    if figure.measure in ("training_error", "test_accuracy", "epochs"):
        return _logged(figure, _log(figure.network))
    if figure.measure in ("paths", "paths_left", "path_share", "length_left"):
        return Measured(figure.name, _paths(figure, forks(figure.network)))
    return Measured(figure.name, _counted(figure.measure, _with_its_input(figure.network, figure.weights)))


def _with_its_input(spec: NetworkSpec, weights: str) -> NetworkSpec:
    """The network as it is open in the window: bundled weights bring their own input."""
    bundled = None if weights else bundled_network(catalog.preset_name(spec) or "")
    return spec if bundled is None else bundled[0]


def _paths(figure: Figure, ids: tuple[str, ...]) -> float:
    arguments = figure.arguments
    counts = PathCounts(ids, min(arguments.get("count", 0), len(ids)))
    if figure.measure == "paths":
        return counts.total_left
    if figure.measure == "paths_left":
        return float(100 * Fraction(counts.total_left, counts.total))
    if figure.measure == "path_share":
        return float(100 * counts.share_between(arguments["shortest"], arguments["longest"]))
    if arguments["length"] > len(ids):
        raise UserError("No path of {network} has {length} blocks.", network=_name(figure), length=arguments["length"])
    return float(100 * counts.share_left(arguments["length"]))


def _name(figure: Figure) -> str:
    assert figure.network is not None
    return figure.network.name


def _counted(measure: str, spec: NetworkSpec) -> float:
    if measure == "parameters":
        return network_cost(spec).parameters
    if measure == "chance":
        return 100 / spec.classes
    counts = {"layers": spec.depth, "blocks": len(spec.block_ids), "classes": spec.classes}
    return counts[measure]


def _log(spec: NetworkSpec) -> TrainingLog:
    for log in training_logs():
        if log.spec.same_architecture(spec):
            return log
    raise UserError("No training log of {network} comes with this program.", network=spec.name)


def _logged(figure: Figure, log: TrainingLog) -> Measured:
    if figure.measure == "epochs":
        return Measured(figure.name, len(log.epochs))
    if figure.measure == "test_accuracy":
        low, high = (100 * share for share in log.interval)
        return Measured(figure.name, 100 * log.correct / log.images, low, high, log.images)
    epoch = figure.arguments.get("epoch", len(log.epochs))
    if epoch > len(log.epochs):
        raise UserError(
            "{network} was trained for {count} epochs, so there is no epoch {epoch}.",
            network=log.spec.name, count=len(log.epochs), epoch=epoch,
        )  # fmt: skip
    return Measured(figure.name, 100 * log.errors[epoch - 1])


def _worked_out(figure: Figure, found: Mapping[str, Measured]) -> Measured:
    first, minus = found[figure.arguments["of"]], figure.measure == "difference"
    second = found[figure.arguments["minus" if minus else "over"]].value
    if not minus and not second:
        value = math.nan
    else:
        try:
            value = first.value - second if minus else first.value / second
        except OverflowError:
            value = _of_large(first.value, second, minus)
    return replace(first, name=figure.name, value=value, low=None, high=None)


def _of_large(first: float, second: float, minus: bool) -> float:
    """A difference or ratio of which a part is a whole number too large for a float; whole where it is so itself."""
    if not (is_finite(first) and is_finite(second)):
        return math.nan
    exact = Fraction(first) - Fraction(second) if minus else Fraction(first) / Fraction(second)
    try:
        return float(exact)
    except OverflowError:
        return round(exact)
