"""The figures and questions of a lesson's step, read and checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from explorer.engine.explain.gradients_records import INITIALISATIONS
from explorer.engine.lesson_measures import FORMS, IMAGES, MEASURES, PATH_IMAGES, SEEDS
from explorer.engine.lesson_records import Choice, Figure, Question, Setting
from explorer.engine.lesson_setting import read_lesion, read_network, read_picture, read_weights
from explorer.engine.lesson_table import LessonError, Table, offer, plain, told
from explorer.engine.lesson_words import NAME
from explorer.errors import UserError
from explorer.networks.checks import is_int
from explorer.networks.lesion import INTACT
from explorer.networks.spec import NetworkSpec

SCHEMES = ("trained", *INITIALISATIONS)
_CHOICES = 5
_TITLE = 60
_TEXT = 200
_LEAST_SPAN = 1e-9
"""Of a scale, as a share of its larger end."""
_OF_PATHS = ("effective_shortest", "effective_longest", "effective_share")
_RANGES: dict[str, tuple[int, int, int | None]] = {
    "images": (10, 2000, IMAGES),
    "seeds": (1, 10, SEEDS),
    "epoch": (1, 1000, None),
    "count": (0, 4000, None),
    "shortest": (0, 4000, 0),
    "longest": (0, 4000, 4000),
    "length": (0, 4000, None),
}
"""Least, most and default of whole numbers."""


def read_figure(table: Table, setting: Setting, before: Sequence[Figure], folder: Path) -> Figure:
    name = table.text("name", longest=_TITLE)
    if not NAME.fullmatch(name):
        raise LessonError("{name} is no name of a figure: small letters, digits and _.", name=plain(name))
    if name in [figure.name for figure in before]:
        raise LessonError("there are two figures named {name}.", name=name)
    measure = table.one_of("measure", tuple(MEASURES))
    kind = MEASURES[measure]
    for key in kind.needs:
        if key not in table:
            raise LessonError("{key} is missing in the figure {name}: {measure} needs it.",
                              key=key, name=name, measure=measure)  # fmt: skip
    spec, weights = setting.network, setting.weights
    if kind.network:
        own = read_network(table)
        weights = read_weights(table) if own is not None or "weights" in table else weights
        spec = own or spec
    assert spec is not None
    done = setting.lesion if spec == setting.network else INTACT
    if "delete" in kind.takes and ("delete" in table or "cut" in table):
        done = read_lesion(table, spec)
    if measure == "given":
        arguments = _given(table, before)
    else:
        takes = [key for key in kind.takes if measure not in _OF_PATHS or key != "images"]
        arguments = _arguments(table, takes, spec, [figure.name for figure in before], folder)
    if measure in _OF_PATHS:
        arguments["images"] = table.whole("images", 1, 200, PATH_IMAGES)
    if arguments.get("scheme", SCHEMES[0]) != SCHEMES[0]:
        weights = "untrained"  # trained ones play no part
    figure = Figure(
        name=name,
        measure=measure,
        form=table.one_of("form", FORMS, kind.form) if "form" in kind.takes else kind.form,  # type: ignore[arg-type]
        decimals=table.whole("decimals", 0, 4) if "decimals" in table else None,
        network=spec if kind.network else None,
        weights=weights,
        lesion=done if "delete" in kind.takes else INTACT,
        arguments=arguments,
        expected=table.number("expected") if "expected" in table else None,
        tolerance=table.number("tolerance", 0.0),
    )
    table.finish()
    return figure


def _arguments(
    table: Table, takes: Iterable[str], spec: NetworkSpec, before: Sequence[str], folder: Path
) -> dict[str, Any]:
    """What else the measure is told, each checked, with its default where it has one."""
    readers: dict[str, Callable[[str], Any]] = {
        "of": lambda key: _above(table, key, before),
        "minus": lambda key: _above(table, key, before),
        "over": lambda key: _above(table, key, before),
        "block": lambda key: _block(table, key, spec) if key in table else "",
        "picture": lambda key: read_picture(table, folder),
        "value": table.number,
        "source": lambda key: table.text(key, longest=_TEXT),
        "scheme": lambda key: table.one_of(key, SCHEMES, "he"),
        "norm": lambda key: table.truth(key, True),
    }
    found = {key: readers[key](key) for key in takes if key in readers}
    for key in takes:
        low, high, default = _RANGES.get(key, (0, 0, None))
        if key in _RANGES and key not in found and (key in table or default is not None):
            found[key] = table.whole(key, low, high, default)
    if found.get("count", 0) > len(spec.block_ids):
        raise LessonError("{network} has only {count} blocks.", network=spec.name, count=len(spec.block_ids))
    return found


def _above(table: Table, key: str, before: Sequence[str]) -> str:
    """The name of a figure that stands above."""
    name = table.text(key, "", longest=_TITLE)
    if name in before:
        return name
    if not before:
        raise LessonError("no figure above is named {name}; this is the first one of the step.", name=plain(name))
    raise LessonError("no figure above is named {name}; {offer}.", name=plain(name), offer=offer(name, before))


def _given(table: Table, before: Sequence[Figure]) -> dict[str, Any]:
    """A whole number that a figure before it was told."""
    of = _above(table, "of", [figure.name for figure in before])
    told_of = next(figure.arguments for figure in before if figure.name == of)
    whole = [key for key, value in told_of.items() if is_int(value)]
    if not whole:
        raise LessonError("the figure {name} is told no whole number, so that none can be given.", name=of)
    return {"value": told_of[table.one_of("argument", whole)]}


def _block(table: Table, key: str, spec: NetworkSpec) -> str:
    try:
        return next(iter(spec.check_ids([table.text(key, longest=_TITLE)])))
    except UserError as error:
        raise told(error) from None


def read_question(table: Table, figures: Sequence[Figure]) -> Question:
    text = table.text("text", longest=400)
    asked = _asked(table, [figure.name for figure in figures if figure.measure != "paper"])
    choices = tuple(_choice(row) for row in table.tables("choices"))
    if not choices:
        low, high, log = table.number("from"), table.number("to"), table.truth("log")
        table.finish()
        if low >= high:
            raise LessonError("from must be less than to in {where}.", where=table.where)
        if log and low <= 0:
            raise LessonError("from must be more than 0 in {where}, as the scale is logarithmic.", where=table.where)
        _check_span(table.where, low, high, log)
        return Question(text, asked, low, high, log)
    table.finish()
    limits = [choice.below for choice in choices]
    if not 2 <= len(choices) <= _CHOICES:
        raise LessonError("a question has 2 to {most} choices, not {count}.", most=_CHOICES, count=len(choices))
    if limits != sorted(set(limits)) or limits[-1] != float("inf") or limits[-2] == float("inf"):
        raise LessonError("each choice but the last needs a limit below, each more than the one before it.")
    return Question(text, asked, choices=choices)


def _asked(table: Table, measured: Sequence[str]) -> str:
    """The name of the figure that is asked for."""
    if not measured:
        raise LessonError("the step measures nothing that {where} could ask for.", where=table.where)
    return table.one_of("figure", measured)


def _check_span(where: str, low: float, high: float, log: bool) -> None:
    """Refuse ends between which no scale can be drawn."""
    ends = (math.log10(low), math.log10(high)) if log else (low, high)
    span = ends[1] - ends[0]
    if not math.isfinite(span):
        raise LessonError("from and to in {where} are too far apart for a scale.", where=where)
    if span < _LEAST_SPAN * max(1e-3, *map(abs, ends)):
        raise LessonError("from and to in {where} are too close together for a scale.", where=where)


def _choice(table: Table) -> Choice:
    text = table.text("text", longest=_TEXT)
    below = table.number("below") if "below" in table else float("inf")
    table.finish()
    return Choice(text, below)


def at_once(figures: Mapping[str, Figure], name: str) -> bool:
    """Whether a figure is known without running a network."""
    figure = figures[name]
    parts = [figure.arguments[key] for key in ("of", "minus", "over") if key in figure.arguments]
    return MEASURES[figure.measure].at_once and all(at_once(figures, part) for part in parts)
