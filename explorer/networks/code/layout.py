"""Laying code out as `ruff format` does, so that what is written needs no tool to read well."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 88
"""Columns, the formatters' usual."""
STEP = 4


@dataclass(frozen=True)
class Call:
    """Something in brackets: a call, a tuple, a list.

    Attributes:
        opening: what stands before the items, the bracket included.
        items: strings, or brackets again.
        closing: the other bracket.
        keys: names of the items, where they are keyword arguments; empty for an item without.
    """

    opening: str
    items: tuple[Code, ...]
    closing: str = ")"
    keys: tuple[str, ...] = ()

    def key(self, index: int) -> str:
        return f"{self.keys[index]}=" if self.keys and self.keys[index] else ""


Code = str | Call


def call(name: str, *items: Code, **named: Code | None) -> Call:
    """`name(items, named)`; None among the named is left out."""
    given = {key: value for key, value in named.items() if value is not None}
    return Call(f"{name}(", (*items, *given.values()), keys=("",) * len(items) + tuple(given))


def flat(code: Code) -> str:
    """In one line."""
    if isinstance(code, str):
        return code
    inside = ", ".join(code.key(index) + flat(item) for index, item in enumerate(code.items))
    lonely = code.opening == "(" and len(code.items) == 1
    return f"{code.opening}{inside}{',' if lonely else ''}{code.closing}"


def laid_out(code: Code, indent: int, before: str = "", after: str = "") -> str:
    """In one line where it fits, else one item a line.

    Args:
        code: what to write.
        indent: columns that its line begins with.
        before, after: what stands on the same line as its first and its last bracket.
    """
    line = " " * indent + before + flat(code) + after
    if isinstance(code, str) or len(line) <= WIDTH:
        return line
    lines = [" " * indent + before + code.opening]
    lines += [laid_out(item, indent + STEP, code.key(index), ",") for index, item in enumerate(code.items)]
    return "\n".join([*lines, " " * indent + code.closing + after])


def fits(line: str, indent: int) -> bool:
    """Whether a line is short enough."""
    return indent + len(line) <= WIDTH


def docstring(paragraphs: Sequence[str], indent: int = 0) -> str:
    """A docstring of paragraphs, each wrapped; lines that begin with a blank stay as they are."""
    margin = " " * indent
    rows = []
    for number, paragraph in enumerate(paragraphs):
        if paragraph.startswith(" "):
            rows.append(textwrap.indent(paragraph, margin))
            continue
        quotes = '"""' if number == 0 else ""
        # Three columns less, so that the closing quotes fit behind whatever fits into one line.
        rows.append(textwrap.fill(quotes + paragraph, WIDTH - 3, initial_indent=margin, subsequent_indent=margin))
    if len(rows) == 1 and "\n" not in rows[0]:
        return rows[0] + '"""'
    return "\n\n".join(rows) + f'\n{margin}"""'
