"""Every string a person sees goes through `tr`."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from explorer.errors import UserError

_CONTEXT = "explorer"


def tr(template: str, **values: object) -> str:
    """The sentence in the person's language, with `{name}` filled in."""
    text = QCoreApplication.translate(_CONTEXT, template)
    return text.format(**values) if values else text


def sentence(error: UserError) -> str:
    """An error's sentence in the person's language."""
    return tr(error.template, **error.values)
