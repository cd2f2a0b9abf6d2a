"""Words that several sentences of the engine share."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.sentences import Joined, Sentence

_NAMED = 3
_LONGEST = 120


def listed(names: Sequence[str]) -> str:
    """The first few names, shortened where they are absurdly long, and how many more there are."""
    rest = len(names) - _NAMED
    shown = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in names[:_NAMED]]
    together = Joined(", ", shown)
    return Sentence("{names} and {rest:,} more", names=together, rest=rest) if rest > 0 else together
