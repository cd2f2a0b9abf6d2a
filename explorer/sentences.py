"""Sentences that the engine says and the window may translate.

The engine speaks English and knows no language but that. What it says is a `Sentence`: a plain string for everyone
who prints, compares or stores it, which keeps the template and the values it was made of, so that the window can
translate the template and fill the values in afterwards. A template is one whole sentence or phrase; where singular
and plural differ, there are two.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Sentence(str):
    """A finished English sentence and what it was made of.

    Args:
        template: the sentence, with `{name}` where a value stands.
        values: what fills the template; sentences among them are translated, too.

    Attributes:
        template, values: the same.
    """

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, /, **values: object) -> Sentence:
        made = super().__new__(cls, template.format(**values) if values else template)
        made.template = template
        made.values = values
        return made


class Joined(str):
    """Several sentences, or items of a list, as one string; each of them can still be translated.

    Args:
        separator: what stands between them: a space, a comma, nothing to translate.
        parts: sentences or plain strings.

    Attributes:
        separator, parts: the same.
    """

    separator: str
    parts: tuple[str, ...]

    def __new__(cls, separator: str, parts: Iterable[str]) -> Joined:
        parts = tuple(parts)
        made = super().__new__(cls, separator.join(parts))
        made.separator = separator
        made.parts = parts
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """A str's own way of being copied would call `__new__` with the text alone."""
        return Joined, (self.separator, self.parts)
