"""Sentences of the lessons' desk."""

from __future__ import annotations

from explorer.app.lesson_run import LessonRun
from explorer.app.text import tr
from explorer.engine.explain.lesson_records import Missing


def setting_words(run: LessonRun) -> str:
    """What Undo calls setting the window up."""
    return tr("Set up step {number} of “{title}”", number=run.number + 1, title=run.lesson.title)


def missing_words(missing: Missing) -> str:
    """What is not there, and what can be done."""
    network = missing.spec.name
    if missing.kind == "download":
        return tr(
            "This step needs the weights {name} of {network}, which are not on this machine yet. They can be "
            "downloaded; or go on with an untrained network, whose figures differ.",
            name=missing.name, network=network,
        )  # fmt: skip
    if missing.kind == "file":
        return tr(
            "This step needs the file {name} with weights of {network}, which does not lie beside the lesson. Show "
            "where it is; or go on with an untrained network, whose figures differ.",
            name=missing.name, network=network,
        )  # fmt: skip
    return tr(
        "There are no weights “{name}” of {network}. The step can go on with an untrained network, whose figures "
        "differ.",
        name=missing.name, network=network,
    )  # fmt: skip
