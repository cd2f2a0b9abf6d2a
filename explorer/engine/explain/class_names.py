"""Finding a class by what a person calls it: its name, its number, or so much of its name as no other has."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence

from explorer.errors import UserError

_MOST = 3
"""Names that a refusal proposes."""


def class_of(classes: Sequence[str], text: str) -> int:
    """Number of the class that is meant.

    A whole name counts before a number, as classes may be called by numbers; then so much of a name as only one has.

    Args:
        classes: names of all.
        text: a name in any case, a number from 0 on, or `crane (134)` where several are called so.

    Raises:
        UserError: none is called so, or several are.
    """
    wanted = _plain(text)
    for names in (classes, titles(classes)):
        found = [index for index, name in enumerate(names) if wanted and _plain(name) == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise _ambiguous(text, classes, found)
    if re.fullmatch(r"\d{1,9}", text.strip()) and int(text) < len(classes):
        return int(text)
    parts = [index for index, name in enumerate(classes) if wanted and wanted in _plain(name)]
    if len(parts) == 1:
        return parts[0]
    if parts:
        raise _ambiguous(text, classes, parts)
    raise _unknown(text, classes)


def titles(classes: Sequence[str]) -> list[str]:
    """Their names, with the number behind those that several share, as ImageNet's two cranes."""
    count = Counter(classes)
    return [f"{name} ({index})" if count[name] > 1 else name for index, name in enumerate(classes)]


def number_of(classes: Sequence[str], name: str | None) -> int | None:
    """Number of the class of that very name; None where there is none, or more than one."""
    found = [index for index, label in enumerate(classes) if name is not None and _plain(label) == _plain(name)]
    return found[0] if len(found) == 1 else None


def _plain(name: str) -> str:
    """Without what spellings differ in: case, spaces, underscores, slashes, other signs."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _ambiguous(text: str, classes: Sequence[str], found: Sequence[int]) -> UserError:
    shown = ", ".join(f"{index} {classes[index]}" for index in found[:_MOST])
    more = ", …" if len(found) > _MOST else ""
    return UserError(
        "{text} could be one of {count} classes: {shown}{more}; give the whole name, or the number.",
        text=text, count=len(found), shown=shown, more=more,
    )  # fmt: skip


def _unknown(text: str, classes: Sequence[str]) -> UserError:
    if not text.strip():
        return UserError("Give a class: its name, or its number, 0 to {last}.", last=len(classes) - 1)
    by_plain = {_plain(name): name for name in classes}
    near = [by_plain[name] for name in difflib.get_close_matches(_plain(text), list(by_plain), _MOST)]
    if near:
        return UserError(
            "There is no class {text}; did you mean {near}? Numbers go from 0 to {last}.",
            text=text, near=", ".join(near), last=len(classes) - 1,
        )  # fmt: skip
    return UserError(
        "There is no class {text}; give one of the network's {count} classes ({first} to {end}), or its number, 0 to "
        "{last}.",
        text=text, count=len(classes), first=classes[0], end=classes[-1], last=len(classes) - 1,
    )  # fmt: skip
