"""`lessons`: those there are, and whether a teacher's file is one."""

from __future__ import annotations

import argparse
import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.engine.lesson_records import Figure, Lesson, LessonStep, Measured, is_finite
from explorer.engine.lesson_words import remarks, written
from explorer.engine.lessons import BUNDLED, find_lessons, read_lesson

if TYPE_CHECKING:
    from explorer.engine.session import Session


def lessons(arguments: argparse.Namespace) -> None:
    """Print the lessons, or check a file.

    Raises:
        UserError: the file is broken, or one of its figures can't be measured.
    """
    if arguments.check is None:
        _list(arguments)
    else:
        _check(arguments)


def _list(arguments: argparse.Namespace) -> None:
    from explorer.app.settings import own_data_folder

    found = find_lessons((BUNDLED, own_data_folder() / "lessons"))
    if arguments.json:
        data = {
            "lessons": [_summary(lesson) for lesson in found.lessons],
            "refused": [str(error) for error in found.refusals],
        }
        print(json.dumps(data, ensure_ascii=False))
        return
    for lesson in found.lessons:
        print(f"{lesson.name:<16}{len(lesson.steps):>3} steps  {lesson.title}: {lesson.about}")
    for error in found.refusals:
        print(error)


def _summary(lesson: Lesson) -> dict[str, Any]:
    return {
        "name": lesson.name,
        "title": lesson.title,
        "about": lesson.about,
        "steps": [{"title": step.title, "source": step.source} for step in lesson.steps],
        "file": str(lesson.path),
    }


def _check(arguments: argparse.Namespace) -> None:
    path: Path = arguments.check
    lesson = read_lesson(path)
    loose = remarks(lesson)
    rows = _measured(lesson, arguments.device) if arguments.measure else []
    if arguments.json:
        print(json.dumps({**_summary(lesson), "remarks": list(map(str, loose)), "figures": rows}, ensure_ascii=False))
        return
    figures = sum(len(step.figures) for step in lesson.steps)
    print(f"{path.name} is a lesson: {lesson.title}, {len(lesson.steps)} steps, {figures} figures.")
    for remark in loose:
        print(f"  {remark}")
    for row in rows:
        print(f"  {row['step']:>2}  {row['name']:<18}{row['words']:>26}  {row['verdict']}".rstrip())


def _measured(lesson: Lesson, device_name: str) -> list[dict[str, Any]]:
    """Every figure, and whether it is what the file expects."""
    from explorer.engine import devices
    from explorer.engine.session import Session

    session, device = Session(), devices.choose(device_name).id
    rows = []
    for number, step in enumerate(lesson.steps, 1):
        found = figures_of(session, lesson, step, device)
        rows += [_row(number, figure, found[figure.name]) for figure in step.figures]
    return rows


def figures_of(session: Session, lesson: Lesson, step: LessonStep, device: str = "cpu") -> dict[str, Measured]:
    """The figures of a step, measured as in the window.

    Raises:
        UserError: weights are missing, or a figure can't be measured on them.
    """
    from explorer.engine.explain.lesson_records import LessonRequest, LessonResult
    from explorer.engine.records import UNTRAINED
    from explorer.engine.steps import finish

    assert step.setting.network is not None
    request = LessonRequest(step.setting.network, UNTRAINED, device, step=step, folder=lesson.path.parent)
    result: LessonResult = finish(session.explain(request))
    return result.figures


def _row(number: int, figure: Figure, found: Measured) -> dict[str, Any]:
    expected = figure.expected
    verdict = ""
    if figure.measure == "paper":
        verdict = str(figure.arguments["source"])
    elif expected is not None:
        close = is_finite(found.value) and abs(Fraction(found.value) - Fraction(expected)) <= figure.tolerance
        verdict = "as expected" if close else f"not within {figure.tolerance:g} of {expected:g}"
    return {
        "step": number,
        "name": figure.name,
        "value": found.value if is_finite(found.value) else None,
        "words": written(figure.form, found.value, figure.decimals),
        "images": found.images,
        "expected": expected,
        "verdict": verdict,
    }
