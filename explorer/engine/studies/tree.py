"""The order in which many lesions are computed, so that nothing they share is computed twice.

The courses of the lesions (what happens between stem and head) form a tree of common beginnings. A walk through it,
depth first, runs every edge once. Where the way forks, what flows there is kept until the last fork is taken; the
fork with the most lesions is taken last, and lets go of it. Every other fork that is open then has at most half of
the lesions of the one before, so that never more than log2(lesions) activations are kept, however deep the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from explorer.networks.lesion import Action

Course = tuple[Action, ...]


@dataclass(frozen=True)
class Edge:
    """A stretch of the walk without forks.

    Attributes:
        release: whether what was kept last, with which it begins, is needed no more.
        actions: what to run.
        numbers: the lesions that are answered at its end, by their numbers; empty where none is.
        keep: whether what flows at its end is kept, because the way forks there.
    """

    release: bool
    actions: Course
    numbers: tuple[int, ...]
    keep: bool


@dataclass(frozen=True)
class _Fork:
    """The courses from `low` to below `high` of the sorted ones, which are alike up to `depth`."""

    low: int
    high: int
    depth: int
    release: bool


def walk(courses: Sequence[Course]) -> tuple[Edge, ...]:
    """The edges of the tree in the order in which they are run, the first with what leaves the stem; equal courses are
    run once."""
    asked: dict[Course, list[int]] = {}
    for number, course in enumerate(courses):
        asked.setdefault(course, []).append(number)
    found = sorted(asked)
    edges: list[Edge] = []
    ahead = [_Fork(0, len(found), 0, True)] if found else []
    while ahead:
        fork = ahead.pop()
        first = found[fork.low]
        # Of sorted courses, the first and the last differ the earliest.
        end = _alike(first, found[fork.high - 1], fork.depth)
        ended = len(first) == end
        below = list(_split(found, fork.low + ended, fork.high, end))
        numbers = tuple(asked[first]) if ended else ()
        edges.append(Edge(fork.release, first[fork.depth : end], numbers, bool(below)))
        below.sort(key=lambda pair: pair[0] - pair[1])
        # What is put on last is taken first.
        for number, (low, high) in enumerate(below):
            ahead.append(_Fork(low, high, end, number == 0))
    return tuple(edges)


def _alike(one: Course, other: Course, known: int) -> int:
    """How many actions two courses have in common from the beginning on; so many of them are known."""
    shorter = min(len(one), len(other))
    return next((index for index in range(known, shorter) if one[index] != other[index]), shorter)


def _split(found: list[Course], low: int, high: int, depth: int) -> Iterator[tuple[int, int]]:
    """Runs of courses with the same action at `depth`."""
    begin = low
    for index in range(low + 1, high + 1):
        if index == high or found[index][depth] != found[begin][depth]:
            yield begin, index
            begin = index
