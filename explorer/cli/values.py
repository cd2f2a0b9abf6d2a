"""What a word on the command line stands for; each of these refuses what can't be."""

from __future__ import annotations

import argparse

_MOST = 100_000


def ids(text: str) -> tuple[str, ...]:
    """Block ids written with commas, in their order."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return value


def count(text: str) -> int:
    value = int(text)
    if not 0 <= value <= _MOST:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0 to {_MOST:,}")
    return value


positive.__name__ = count.__name__ = "whole number"
