"""Reading a table of a lesson's file: every key known, every value of the right kind, else one sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from explorer.errors import UserError
from explorer.networks.checks import is_int, shown
from explorer.sentences import Sentence

LONGEST = 1600
"""Letters of one text: the panel is narrow, and a lesson is short."""
_KINDS = {
    bool: Sentence("true or false"), int: Sentence("a whole number"), float: Sentence("a number"),
    str: Sentence("a text"), list: Sentence("a list"), dict: Sentence("a table"),
}  # fmt: skip


class LessonError(Exception):
    """What is wrong in a file; the reader adds where.

    Args:
        reason: a sentence that follows a colon.
        step: number of the step, 0 for the lesson as a whole.
    """

    step = 0

    def __init__(self, template: str, /, **values: object) -> None:
        super().__init__(template)
        self.reason = Sentence(template, **values)


def told(error: UserError) -> LessonError:
    """A refusal of the network's, as one of the file."""
    return LessonError(error.template, **error.values)


class Table:
    """One table of the file; what was not taken in the end is a key that nobody knows.

    Args:
        values: as tomllib gives them.
        where: what the table is called, `steps.question`.
    """

    def __init__(self, values: object, where: str) -> None:
        if not isinstance(values, dict):
            raise LessonError("{where} must be a table, not {kind}.", where=where, kind=_kind(values))
        self._values: Mapping[str, Any] = values
        self.where = where
        self._asked: list[str] = []
        self._could_be: list[str] = []

    def __contains__(self, key: str) -> bool:
        self._could_be.append(key)
        return key in self._values

    def text(self, key: str, default: str | None = None, longest: int = LONGEST) -> str:
        """Words, their lines joined and their paragraphs kept; without a default they must be there.

        Raises:
            LessonError: none, or not what it must be.
        """
        value = self._take(key, default)
        if not isinstance(value, str):
            raise self._wrong(key, str, value)
        words = "\n\n".join(" ".join(part.split()) for part in value.split("\n\n") if part.strip())
        if not words and default is None:
            raise LessonError("the text of {key} in {where} is empty.", key=key, where=self.where)
        if len(words) > longest:
            raise LessonError(
                "the text of {key} in {where} has {length} letters; at most {longest} fit.",
                key=key, where=self.where, length=len(words), longest=longest,
            )  # fmt: skip
        return words

    def number(self, key: str, default: float | None = None) -> float:
        value = self._take(key, default)
        if not (is_int(value) or isinstance(value, float)):
            raise self._wrong(key, float, value)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise LessonError("{key} in {where} must be a finite number.", key=key, where=self.where)
        return number

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self._take(key, default)
        if not is_int(value):
            raise self._wrong(key, int, value)
        if not low <= value <= high:
            raise LessonError(
                "{key} in {where} must be from {low} to {high}, not {value}.",
                key=key, where=self.where, low=low, high=high, value=shown(value),
            )  # fmt: skip
        return int(value)

    def truth(self, key: str, default: bool = False) -> bool:
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, bool, value)
        return value

    def words(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty where there is none."""
        value = self._take(key, [])
        if not isinstance(value, list):
            raise self._wrong(key, list, value)
        for item in value:
            if not isinstance(item, str):
                raise self._wrong(key, str, item)
        return tuple(value)

    def one_of(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self._take(key, default)
        if not isinstance(value, str):
            raise self._wrong(key, str, value)
        if value not in allowed and value != default:
            raise LessonError(
                "there is no {key} {value}; {offer}.",
                key=key, value=plain(value), offer=offer(value, allowed),
            )  # fmt: skip
        return value

    def any(self, key: str) -> Any:
        """Whatever stands there, None where nothing does."""
        return self._take(key, ...) if key in self._values else None

    def table(self, key: str) -> Table:
        """A table in this one; an empty one where there is none."""
        return Table(self._take(key, {}), f"{self.where}.{key}" if self.where else key)

    def tables(self, key: str) -> list[Table]:
        """A list of tables; empty where there is none."""
        value = self._take(key, [])
        name = f"{self.where}.{key}" if self.where else key
        if not isinstance(value, list):
            raise LessonError("{name} must be a list of tables, each under [[{name}]].", name=name)
        return [Table(item, name) for item in value]

    def finish(self) -> None:
        """Once all is taken.

        Raises:
            LessonError: a key is left over.
        """
        for key in self._values:
            if key not in self._asked:
                raise LessonError(
                    "{where} has no key {key}; {offer}.",
                    where=self.where or Sentence("a lesson"), key=plain(key),
                    offer=offer(key, [*self._asked, *self._could_be]),
                )  # fmt: skip

    def _take(self, key: str, default: object) -> Any:
        self._asked.append(key)
        if key in self._values:
            return self._values[key]
        if default is None:
            raise LessonError("{key} is missing in {where}.", key=key, where=self.where or Sentence("the lesson"))
        return default

    def _wrong(self, key: str, kind: type, value: object) -> LessonError:
        return LessonError(
            "{key} in {where} must be {wanted}, not {kind}.",
            key=key, where=self.where or Sentence("the lesson"), wanted=_KINDS[kind], kind=_kind(value),
        )  # fmt: skip


def plain(text: str) -> str:
    """A name from a file, short and on one line."""
    return f"“{shown(' '.join(text.split()))}”".replace("{", "(").replace("}", ")")


def _kind(value: object) -> str:
    return _KINDS.get(type(value), Sentence("a date or time"))


def offer(word: str, allowed: Sequence[str]) -> str:
    """What there is instead of a word, or what is nearest to it; there must be something."""
    near = get_close_matches(word, allowed, 1, 0.6)
    if near:
        return Sentence("the nearest is {name}", name=near[0])
    if len(allowed) == 1:
        return Sentence("there is only {name}", name=allowed[0])
    return Sentence("there are {names}", names=", ".join(dict.fromkeys(allowed)))
