"""Ways to run the parts of a network, and the walk that runs many lesions' courses with any of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from explorer.engine.modules import Network
from explorer.engine.studies.tree import Edge
from explorer.networks.lesion import Action

Where = tuple[int, int]
"""A place on the walk: number of the edge, number of the action on it; -1 for a head at its end."""
Told = TypeVar("Told")

_PIECE_S = 0.05
"""Seconds of work after which a job pauses, so that a cancel is heard."""


class Passes(Protocol):
    """A way to run the parts of a network. `where` tells apart what is the same part after different lesions."""

    def enter(self, x: Tensor) -> Tensor:
        """Activations of any type and layout -> the type and layout that it computes in."""
        ...

    def stem(self, x: Tensor) -> Tensor:
        """Normalised images (N, in_channels, side, side) -> what enters the first block."""
        ...

    def run(self, where: Where, action: Action, x: Tensor, owned: bool) -> Tensor:
        """What an action makes of x; `owned` tells that nobody needs x any more, so that its memory may be used."""
        ...

    def head(self, where: Where, x: Tensor) -> Tensor:
        """What leaves the last block -> logits (N, classes); x stays as it is."""
        ...


class PlainPasses:
    """The network's own modules, eagerly: what a plain loop does."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.blocks = dict(network.blocks())

    def enter(self, x: Tensor) -> Tensor:
        return x

    def stem(self, x: Tensor) -> Tensor:
        return self.network.stem(x)

    def run(self, where: Where, action: Action, x: Tensor, owned: bool) -> Tensor:
        mode, block = action
        if mode == "pool":
            return self.network.enter(block, x)
        result: Tensor = self.blocks[block](x, mode)
        return result

    def head(self, where: Where, x: Tensor) -> Tensor:
        return self.network.head(x)


def walked(passes: Passes, edges: Sequence[Edge], x: Tensor, say: Callable[[int, Tensor], object]) -> Iterator[None]:
    """Run a batch through all courses.

    Args:
        passes: how.
        edges: from `tree.walk`.
        x: normalised images (N, in_channels, side, side).
        say: is told the number of an edge with lesions at its end, and the logits there.

    Yields:
        After each operation.
    """
    kept = [passes.stem(x)]
    yield
    for number, edge in enumerate(edges):
        x = kept.pop() if edge.release else kept[-1]
        for index, action in enumerate(edge.actions):
            # What begins an edge may be needed by another; all that comes after is its own.
            x = passes.run((number, index), action, x, edge.release or index > 0)
            yield
        if edge.keep:
            kept.append(x)
        if edge.numbers:
            say(number, passes.head((number, -1), x))
            yield


def in_pieces(steps: Iterator[Told | None], threads: int) -> Iterator[Told | None]:
    """Drive a generator in inference mode on so many threads, pausing with None between pieces of work; whatever else
    it yields is passed on.

    Mode and threads hold only between two yields: who drives other jobs in between shall not find them changed.
    """
    done = False
    while not done:
        told: Told | None = None
        with computing(threads):
            until = time.perf_counter() + _PIECE_S
            try:
                told = next(steps)
                while told is None and time.perf_counter() < until:
                    told = next(steps)
            except StopIteration:
                done = True
        if not done:
            yield told


@contextmanager
def computing(threads: int) -> Iterator[None]:
    """Inference mode, on so many threads."""
    usual = torch.get_num_threads()
    if threads != usual:
        torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            yield
    finally:
        if threads != usual:
            torch.set_num_threads(usual)
