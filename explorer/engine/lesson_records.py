"""What a lesson is, as its file tells it, and what is measured for it: plain dataclasses without torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec

Form = Literal["percent", "points", "count", "times"]


def is_finite(value: float) -> bool:
    """Whether it is a number. A whole one is, even where it is too large for a float: `math.isfinite` would fail."""
    return isinstance(value, int) or math.isfinite(value)


@dataclass(frozen=True)
class Choice:
    """One of a few answers, and when it is right.

    Attributes:
        text: what it says.
        below: it is right where the measured figure is below this, and not below that of the choice before it;
            infinite for the last.
    """

    text: str
    below: float = math.inf


@dataclass(frozen=True)
class Question:
    """What a person is to guess.

    Attributes:
        text: the question.
        figure: name of the figure that answers it.
        low, high: the ends of the scale, where a number is asked for.
        log: whether the scale is logarithmic.
        choices: the answers to choose from; empty where a number is asked for.
    """

    text: str
    figure: str
    low: float = 0.0
    high: float = 100.0
    log: bool = False
    choices: tuple[Choice, ...] = ()

    def right(self, value: float) -> int:
        """The number of the choice that a measured figure makes right; -1 where it is no number."""
        if not is_finite(value):
            return -1
        return next((number for number, choice in enumerate(self.choices) if value < choice.below), -1)


@dataclass(frozen=True)
class Figure:
    """One number of a lesson: measured, worked out of others of its step, or quoted from a paper.

    Attributes:
        name: what stands for it in a sentence, in braces.
        measure: how it is found, one of `explorer.engine.lesson_measures.MEASURES`.
        form: how it is written.
        decimals: behind the point; None where the form decides.
        network: whose it is; None for the one that the window is set up with.
        weights: in the file's words; empty for the bundled ones.
        lesion: what is done to the network.
        arguments: the rest of what the measure needs.
        expected, tolerance: what a test holds it to; None where the file does not say.
    """

    name: str
    measure: str
    form: Form
    decimals: int | None = None
    network: NetworkSpec | None = None
    weights: str = ""
    lesion: Lesion = INTACT
    arguments: Mapping[str, Any] = field(default_factory=dict)
    expected: float | None = None
    tolerance: float = 0.0


@dataclass(frozen=True)
class Setting:
    """How a step sets the window up.

    Attributes:
        network: which one; None leaves the one that is open.
        weights: in the file's words; empty for the bundled ones.
        lesion: what is done to it.
        picture: number of a bundled sample, `chart`, or a file beside the lesson; None leaves the one that is open.
        select: id of the selected part, empty for none.
        show: name of the tab, empty to leave it; behind a colon its page or setup.
        then_show: the tab that comes with the answer, which it would give away before.
    """

    network: NetworkSpec | None = None
    weights: str = ""
    lesion: Lesion = INTACT
    picture: int | str | None = None
    select: str = ""
    show: str = ""
    then_show: str = ""


@dataclass(frozen=True)
class LessonStep:
    """One page of a lesson.

    Attributes:
        title, text: what is read first.
        setting: how the window is set up.
        question: what is to be guessed.
        figures: what is measured or quoted.
        answer: the sentence that comes with the measured figure.
        source: paper and section.
    """

    title: str
    text: str
    setting: Setting
    question: Question
    figures: tuple[Figure, ...]
    answer: str
    source: str

    def figure(self, name: str) -> Figure:
        return next(figure for figure in self.figures if figure.name == name)

    @property
    def asked(self) -> Figure:
        """The figure that answers the question."""
        return self.figure(self.question.figure)


@dataclass(frozen=True)
class Lesson:
    """A whole lesson.

    Attributes:
        name: its file's name without the ending.
        title, about: for the list.
        steps: its pages.
        path: its file, beside which its pictures and weights lie.
    """

    name: str
    title: str
    about: str
    steps: tuple[LessonStep, ...]
    path: Path


@dataclass(frozen=True)
class Measured:
    """What came out.

    Attributes:
        name: of the figure.
        value: a number; not finite where there is none. What is counted is a whole one, however large.
        low, high: 95 % interval, the range over seeds, or quartiles over images; None where there is none.
        images: measured on how many, None where that means nothing.
        seeds: how many, None where nothing is drawn.
        quartiles: whether low and high are quartiles.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    images: int | None = None
    seeds: int | None = None
    quartiles: bool = False
