"""What can't be: values of a spec's fields that are refused in a sentence."""

from __future__ import annotations

from explorer.errors import UserError

MAX_BLOCKS = 4000
_LONGEST_NUMBER = 64
"""Bits."""
_LONGEST_TEXT = 40


class SpecError(UserError):
    """A network that cannot be: the sentence names the value and the values that can."""


def is_int(value: object) -> bool:
    """Whether it is a whole number, which True is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def shown(value: object) -> object:
    """A value as a sentence can hold it: Python refuses to write very long numbers, and nobody reads them."""
    if isinstance(value, int):
        return value if value.bit_length() <= _LONGEST_NUMBER else "a number with very many digits"
    text = str(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def check_choice(what: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse a value that is none of the allowed."""
    if not isinstance(value, str) or value not in allowed:
        raise SpecError(
            "The {what} must be one of {allowed}, not {value}.",
            what=what, allowed=", ".join(allowed), value=shown(value),
        )  # fmt: skip


def check_counts(what: str, counts: object, noun: str) -> None:
    """Refuse what is not a tuple of whole numbers, at least 1 each and at most `MAX_BLOCKS` in all.

    Args:
        what: of what each count is, `layer{number}`; the number is counted from 1.
        counts: the value.
        noun: what is counted, `blocks`.
    """
    if not isinstance(counts, tuple):
        raise SpecError("The field blocks must be a list of whole numbers, one for each stage.")
    for number, count in enumerate(counts, 1):
        if not is_int(count) or count < 1:
            raise SpecError(
                what + " needs a whole number of {noun}, at least 1, not {count}.",
                number=number, noun=noun, count=shown(count),
            )  # fmt: skip
    if sum(counts) > MAX_BLOCKS:
        raise SpecError(
            "{given} blocks are more than this program builds: at most {most} in all.",
            given=shown(sum(counts)), most=MAX_BLOCKS,
        )  # fmt: skip


def as_tuples(value: object) -> object:
    """A list, and lists in it, as tuples."""
    if not isinstance(value, list):
        return value
    return tuple(tuple(part) if isinstance(part, list) else part for part in value)
