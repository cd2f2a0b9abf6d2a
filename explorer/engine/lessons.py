"""Lessons from their files: found, read and checked, without running anything. `resources/lessons/README.md` says how
a file is written."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.engine.lesson_figures import at_once, read_figure, read_question
from explorer.engine.lesson_records import Figure, Lesson, LessonStep, Question, Setting
from explorer.engine.lesson_setting import read_setting
from explorer.engine.lesson_table import LessonError, Table, plain
from explorer.engine.lesson_words import places
from explorer.engine.resources import FOLDER
from explorer.errors import UserError

BUNDLED = FOLDER / "lessons"
_LARGEST_FILE = 200_000
_STEPS = 12
_TITLE = 60


@dataclass(frozen=True)
class Found:
    """The lessons of some folders.

    Attributes:
        lessons: those that can be used, by file name.
        refusals: what is wrong with each of the others.
    """

    lessons: tuple[Lesson, ...]
    refusals: tuple[UserError, ...]


def find_lessons(folders: Sequence[Path]) -> Found:
    """Every lesson of the folders. A file takes the place of one of the same name in a folder before it; a broken one
    is named, and takes no place.

    Args:
        folders: those that are not there have no lessons.
    """
    lessons: dict[str, Lesson] = {}
    refusals = []
    for path in itertools.chain.from_iterable(map(_files, folders)):
        try:
            lessons[path.stem] = read_lesson(path)
        except UserError as error:
            refusals.append(error)
    return Found(tuple(lessons[name] for name in sorted(lessons)), tuple(refusals))


def find_lesson(name: str, folders: Sequence[Path]) -> Lesson:
    """A lesson by the name of its file, by the beginning of that, or by its path.

    Raises:
        UserError: there is none, or it is broken.
    """
    path = Path(name)
    if path.suffix.lower() == ".toml":
        return read_lesson(path)
    paths = {path.stem: path for path in itertools.chain.from_iterable(map(_files, folders))}
    begun = [stem for stem in sorted(paths) if stem == name or (name and stem.startswith(name))]
    if not begun:
        raise UserError(
            "There is no lesson named {name}; there are {names}.", name=plain(name), names=", ".join(sorted(paths))
        )
    return read_lesson(paths[begun[0]])


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml" and path.is_file())
    except OSError:
        return []


def read_lesson(path: Path) -> Lesson:
    """A lesson from its file.

    Raises:
        UserError: the file can't be read, or what it says can't be; names the file, and the step where there is one.
    """
    try:
        top = Table(_parsed(path), "")
        title, about = top.text("title", longest=_TITLE), top.text("about", longest=200)
        rows = top.tables("steps")
        top.finish()
        if not 1 <= len(rows) <= _STEPS:
            raise LessonError("a lesson has 1 to {most} steps, not {count}.", most=_STEPS, count=len(rows))
        steps = _steps(rows, path.parent)
    except LessonError as error:
        if error.step:
            raise UserError(
                "{file}, step {number}: {reason}", file=path.name, number=error.step, reason=error.reason
            ) from None
        raise UserError("{file}: {reason}", file=path.name, reason=error.reason) from None
    return Lesson(path.stem, title, about, steps, path)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name can't be"
        raise LessonError("the file can't be read ({reason}).", reason=reason.lower()) from None
    if len(data) > _LARGEST_FILE:
        raise LessonError("the file is larger than a lesson can be.")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise LessonError("the file is not written in UTF-8.") from None
    except RecursionError:
        raise LessonError("the file is nested too deeply.") from None
    except ValueError as error:
        reason = str(error).replace("{", "(").replace("}", ")").rstrip(".")
        raise LessonError("the file is not valid TOML: {reason}.", reason=reason) from None


# -- one step ----------------------------------------------------------------------------------------------------


def _steps(rows: Sequence[Table], folder: Path) -> tuple[LessonStep, ...]:
    steps: list[LessonStep] = []
    for row in rows:
        try:
            steps.append(_step(row, steps[-1].setting if steps else None, folder))
        except LessonError as error:
            error.step = len(steps) + 1
            raise
    return tuple(steps)


def _step(row: Table, before: Setting | None, folder: Path) -> LessonStep:
    row.where = "steps"
    title, text = row.text("title", longest=_TITLE), row.text("text")
    answer, source = row.text("answer"), row.text("source", longest=200)
    setting = read_setting(row.table("window"), before, folder)
    figures: list[Figure] = []
    for table in row.tables("figures"):
        figures.append(read_figure(table, setting, figures, folder))
    question = read_question(row.table("question"), figures)
    row.finish()
    _check_places(title, text, answer, question, figures)
    return LessonStep(title, text, setting, question, tuple(figures), answer, source)


def _check_places(title: str, text: str, answer: str, question: Question, figures: Sequence[Figure]) -> None:
    """Names in braces are figures, before the answer only such as are known without measuring; none is idle."""
    names = {figure.name for figure in figures}
    early = [
        name for words in (title, text, question.text, *(c.text for c in question.choices)) for name in places(words)
    ]
    late = places(answer)
    for name in (*early, *late):
        if name not in names:
            raise LessonError("{name} stands in braces, but there is no figure of that name.", name=plain(name))
    by_name = {figure.name: figure for figure in figures}
    for name in early:
        if name == question.figure or not at_once(by_name, name):
            raise LessonError("{name} stands in a text before it is measured; only the answer can hold it.", name=name)
    used = {*early, *late, question.figure}
    used |= {figure.arguments[key] for figure in figures for key in ("of", "minus", "over") if key in figure.arguments}
    for name in names - used:
        raise LessonError("the figure {name} is used nowhere.", name=name)
