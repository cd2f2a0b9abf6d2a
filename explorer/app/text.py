"""Every string a person sees goes through `tr`, or `translated` where the engine made it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from explorer.errors import UserError
from explorer.sentences import Joined, Sentence

_CONTEXT = "explorer"


def tr(template: str, /, **values: object) -> str:
    """The sentence in the person's language, with `{name}` filled in; sentences among the values are translated."""
    text = QCoreApplication.translate(_CONTEXT, template)
    if not values:
        return text
    return text.format(
        **{name: translated(value) if isinstance(value, str) else value for name, value in values.items()}
    )


def translated(text: str) -> str:
    """What the engine says, in the person's language; names of files and classes, plain strings, stay as they are."""
    if isinstance(text, Sentence):
        return tr(text.template, **text.values)
    if isinstance(text, Joined):
        return text.separator.join(map(translated, text.parts))
    return text


def sentence(error: UserError) -> str:
    """An error's sentence in the person's language."""
    return tr(error.template, **error.values)
