"""A lesson that is on: where one is in it, what was guessed, what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from explorer.app.document import State
from explorer.engine.explain.lesson_records import LessonResult
from explorer.engine.lesson_records import Lesson, LessonStep


@dataclass
class LessonRun:
    """One of them.

    Attributes:
        lesson: which.
        before: what was open before.
        number: of the step, from 0.
        guesses, results: of the steps so far.
        files: chosen in the place of weights that were not there.
        untrained: whether to do without weights that are not there.
        set_up: what the present step has opened.
    """

    lesson: Lesson
    before: State
    number: int = 0
    guesses: dict[int, float] = field(default_factory=dict)
    results: dict[int, LessonResult] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    untrained: bool = False
    set_up: dict[str, Any] = field(default_factory=dict)

    @property
    def step(self) -> LessonStep:
        return self.lesson.steps[self.number]

    def request_fields(self) -> dict[str, Any]:
        """What a request for the present step needs of it."""
        return {
            "step": self.step,
            "folder": self.lesson.path.parent,
            "files": tuple(sorted(self.files.items())),
            "untrained": self.untrained,
        }

    def following(self, lessons: Sequence[Lesson]) -> Lesson | None:
        """The next of the lessons, in the order of the list."""
        names = [lesson.name for lesson in lessons]
        place = names.index(self.lesson.name) + 1 if self.lesson.name in names else len(names)
        return lessons[place] if place < len(names) else None


def open_parts(state: State) -> dict[str, Any]:
    """What of a state a lesson changes."""
    names = ("spec", "weights", "info", "picture", "deleted", "cut", "order", "selection")
    return {name: getattr(state, name) for name in names}
