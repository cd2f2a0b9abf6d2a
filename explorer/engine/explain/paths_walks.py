"""Gradients taken back over chosen paths of a recorded pass: one path of every length at once, or a few blocks'
ways.

Paths that take the same ways from the output down to a block share their gradient up to there, so that it is taken
back once for all of them. One random order of the n blocks gives a path of every length k, whose branches are the
first k blocks of the order; at each block one gradient divides into two, and half of all that there are go through its
branch: about n^2 / 4 branches for n + 1 paths.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from explorer.engine.explain.paths_passage import Fork, Piece, Pull, Recording

_RESCALED = 8
"""Pieces after which small gradients are brought back to where float32 is exact."""


@dataclass(frozen=True)
class Scaled:
    """A gradient as values x 2^exponent: over dozens of branches it can leave what float32 reaches."""

    values: Tensor
    exponent: int = 0

    def settled(self) -> Scaled:
        """The same with values whose largest is near 1; as it is where that is zero or no number."""
        largest = float(self.values.abs().amax())
        if not largest or not math.isfinite(largest):
            return self
        step = math.frexp(largest)[1]
        return Scaled(self.values * 2.0**-step, self.exponent + step)

    def norm(self) -> float:
        """Euclidean, over the whole batch."""
        found = float(torch.linalg.vector_norm(self.values.cpu().double()))
        return math.ldexp(found, self.exponent) if math.isfinite(found) else found


def _back(pull: Pull, gradients: Sequence[Scaled]) -> Iterator[Scaled]:
    """Each gradient through a stretch."""
    moved = pull([gradient.values for gradient in gradients])
    for gradient, values in zip(gradients, moved, strict=True):
        yield Scaled(values, gradient.exponent)


class Walk:
    """A set of gradients on its way back, one piece after another; iterating pauses after each piece of work.

    Args:
        recording: which pass.

    Attributes:
        gradients: where they are now; at the input in the end.
        done: how far they are, 0 to 1; there are more and more of them.
    """

    def __init__(self, recording: Recording) -> None:
        self._pieces = recording.pieces
        self.gradients = [Scaled(recording.start)]
        self.done = 0.0

    def __iter__(self) -> Iterator[None]:
        for number, piece in enumerate(reversed(self._pieces), 1):
            self.done = (number / len(self._pieces)) ** 2
            moved = []
            for gradient in self._step(piece):
                moved.append(gradient if number % _RESCALED else gradient.settled())
                yield
            self.gradients = moved

    def _step(self, piece: Piece) -> Iterator[Scaled]:
        if isinstance(piece, Fork):
            return self.part(piece)
        return _back(piece.pull, self.gradients)

    def part(self, fork: Fork) -> Iterator[Scaled]:
        """At a block: which gradients go which way."""
        raise NotImplementedError


class EveryLength(Walk):
    """One path of each length, from 0 to n branches, all from one random order of the blocks.

    Args:
        recording: which pass.
        order: the blocks; a path of length k takes the branches of the first k.

    Attributes:
        gradients: in the end, by length.
    """

    def __init__(self, recording: Recording, order: Sequence[str]) -> None:
        super().__init__(recording)
        self._rank = {block: rank for rank, block in enumerate(order)}
        self._first = [0]
        """Of each gradient, the shortest of the paths that share it; it ends where the next one's begin."""

    def part(self, fork: Fork) -> Iterator[Scaled]:
        """Paths longer than the block's rank take its branch; the one gradient shared by both kinds divides."""
        rank = self._rank[fork.block]
        last = sum(first <= rank for first in self._first) - 1
        before = self.gradients
        self._first = [*self._first[: last + 1], rank + 1, *self._first[last + 1 :]]
        return chain(_back(fork.shortcut, before[: last + 1]), _back(fork.branch, before[last:]))


class ChosenWays(Walk):
    """All ways through a few blocks, and both ways at once through all others.

    Args:
        recording: which pass.
        chosen: ids of the blocks.

    Attributes:
        taken: of each gradient, the blocks whose branch it took.
    """

    def __init__(self, recording: Recording, chosen: Sequence[str]) -> None:
        super().__init__(recording)
        self._chosen = frozenset(chosen)
        self.taken: list[frozenset[str]] = [frozenset()]

    def part(self, fork: Fork) -> Iterator[Scaled]:
        around, through = _back(fork.shortcut, self.gradients), _back(fork.branch, self.gradients)
        if fork.block in self._chosen:
            self.taken += [taken | {fork.block} for taken in self.taken]
            return chain(around, through)
        return (Scaled(one.values + other.values, one.exponent) for one, other in zip(around, through, strict=True))


def at_input(walk: Walk) -> list[Tensor]:
    """The gradients in full, float64 on the CPU, (N, in_channels, side, side) each."""
    return [torch.ldexp(one.values.cpu().double(), torch.tensor(float(one.exponent))) for one in walk.gradients]


def orders(blocks: Sequence[str], seeds: int) -> list[list[str]]:
    """One random order of the blocks for each seed from 0 on; the first ones stay when there are more."""
    return [[blocks[place] for place in np.random.default_rng(seed).permutation(len(blocks))] for seed in range(seeds)]
