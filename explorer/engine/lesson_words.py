"""A lesson's sentences: figures in the place of their names in braces, written as a person reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal

from explorer.engine.lesson_records import Figure, Form, Lesson, LessonStep, Measured, is_finite
from explorer.engine.lesson_table import LessonError, plain
from explorer.sentences import Sentence

NAME = re.compile(r"[a-z][a-z0-9_]*")
_PLACE = re.compile(r"\{([^{}]*)\}")
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_WRITTEN_OUT = 1e18
_KNOWN = re.compile(
    r"et al\.,? \d{4}"  # a paper
    r"|\b(?:section|sections|Fig\.|Figs\.|Table|equation) [\d.]+(?:\([a-z]\))?"
    r"|\b[A-Z][A-Za-z]*(?:-\d+)+\b"  # a network: ResNet-20, MLP-20-64, CIFAR-10
    r"|\blayer\d+(?:\.\d+)?\b"  # a block
    r"|\b\d+x\d+\b(?= conv)"  # 3x3 convolutions
)
_NUMBER = re.compile(
    r"\d[\d,.]*|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|fifty|hundred|thousand"
    r"|million|half|halves|third|quarter|double|doubles|twice|dozen)\b",
    re.IGNORECASE,
)


def places(text: str) -> list[str]:
    """The names in braces.

    Raises:
        LessonError: a brace that belongs to none.
    """
    names = [found.strip() for found in _PLACE.findall(text)]
    if "{" in _PLACE.sub("", text) or "}" in _PLACE.sub("", text):
        raise LessonError("a brace stands alone; braces are for the names of figures.")
    for name in names:
        if not NAME.fullmatch(name):
            raise LessonError("{name} in braces is no name of a figure.", name=plain(name))
    return names


def filled(text: str, figures: Mapping[str, str]) -> str:
    """The text with figures in the place of their names; a name without a figure becomes an ellipsis."""
    return _PLACE.sub(lambda found: figures.get(found.group(1).strip(), "…"), text)


def written(form: Form, value: float, decimals: int | None = None) -> str:
    """A figure with its unit."""
    number = number_of(form, value, decimals)
    if form == "percent":
        return Sentence("{number} %", number=number)
    if form == "points":
        one = number in ("1", "−1")
        return Sentence("{number} point", number=number) if one else Sentence("{number} points", number=number)
    return number


def number_of(form: Form, value: float, decimals: int | None = None) -> str:
    """A figure without its unit: `94.3`, `−0.4`, `269,434`, `1.4 × 10⁴`."""
    if not is_finite(value):
        return Sentence("not a number") if math.isnan(value) else "∞" if value > 0 else "−∞"
    size = abs(value)
    if size >= _WRITTEN_OUT:
        text = _power(size)
    elif form == "count":
        text = f"{size:,.{decimals or 0}f}"
    elif form == "times":
        text = _times(size, decimals)
    else:
        text = f"{size:.{1 if decimals is None else decimals}f}"
    negative = value < 0 and any(digit in text for digit in "123456789")
    return f"−{text}" if negative else text


def _times(size: float, decimals: int | None) -> str:
    """Two figures of a ratio, or as many decimals as are asked for."""
    if decimals is not None:
        return f"{size:,.{decimals}f}"
    if size == 0:
        return "0"
    if size < 0.001 or size >= 99_500:
        return _power(size)
    digits = 1 - math.floor(math.log10(size))
    return f"{round(size, digits):,.{max(0, digits)}f}"


def _power(size: float) -> str:
    digits, exponent = f"{Decimal(size):.1e}".split("e")  # a whole number may be too large for a float
    return f"{digits} × 10{str(int(exponent)).translate(_RAISED)}"


def written_figures(step: LessonStep, measured: Mapping[str, Measured]) -> dict[str, str]:
    """What stands for each figure that is known so far."""
    return {
        figure.name: written(figure.form, measured[figure.name].value, figure.decimals)
        for figure in step.figures
        if figure.name in measured
    }


def quoted(figure: Figure) -> Measured:
    """A paper's figure, which nobody has to measure."""
    return Measured(figure.name, float(figure.arguments["value"]))


def remarks(lesson: Lesson) -> list[Sentence]:
    """Numbers that stand in a lesson's sentences instead of coming from its figures: nothing holds them to the truth.

    Names of networks and blocks, sections, and the years of papers are no such numbers.
    """
    found = []
    for number, step in enumerate(lesson.steps, 1):
        choices = [choice.text for choice in step.question.choices]
        for text in (step.title, step.text, step.question.text, step.answer, *choices):
            found += [
                Sentence(
                    "step {number}: “{figure}” stands in a sentence and is not measured", number=number, figure=each
                )
                for each in loose_numbers(text)
            ]
    return found


def loose_numbers(text: str) -> list[str]:
    """The numbers of a text that are neither names nor filled in."""
    return [found.group().rstrip(".,") for found in _NUMBER.finditer(_KNOWN.sub(" ", _PLACE.sub(" ", text)))]
