"""A pass through a network, block by block, for views that look at what is on the way."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import TypeVar

import torch
from torch import Tensor

from explorer.engine import devices
from explorer.engine.modules import Network
from explorer.engine.records import Step
from explorer.networks.cost import network_cost
from explorer.networks.lesion import Lesion, Place, places

Result = TypeVar("Result")

STEP_S = 0.03


class Pace:
    """Says when others are to have their turn: after every few hundredths of a second.

    Args:
        total: multiply-adds of all the work.
    """

    def __init__(self, total: float) -> None:
        self._total = max(total, 1)
        self._done = 0.0
        self._told = time.monotonic()

    def due(self, macs: float) -> bool:
        """Whether it is time, now that so many more are done."""
        self._done += macs
        now = time.monotonic()
        if now - self._told < STEP_S:
            return False
        self._told = now
        return True

    @property
    def share(self) -> float:
        """Of the work that is done."""
        return min(self._done / self._total, 1.0)


def outputs(network: Network, x: Tensor, lesion: Lesion) -> Iterator[tuple[Place | None, Tensor, int]]:
    """The stem's output, with None, and each place's, with its place, each computed when it is asked for; and the
    multiply-adds that it took.

    A block writes in place only into what its own residual branch made, so the outputs stay as they are.

    Args:
        network: in eval mode.
        x: its input.
        lesion: checked.
    """
    cost = network_cost(network.spec)
    # Not inference mode: what it makes can't take part in a backward pass. It must not be left on across a yield.
    with torch.no_grad():
        x = network.stem(x)
    yield None, x, cost.stem.macs
    blocks = dict(network.blocks())
    for place, part in zip(places(network.spec, lesion), cost.blocks, strict=True):
        with torch.no_grad():
            x = blocks[place.block](network.enter(place.spec.id, x), place.mode)
        yield place, x, part.macs


def told(
    steps: Generator[float, None, Result], macs: int, words: str, start: float = 0.0, share: float = 1.0
) -> Generator[Step, None, Result]:
    """Steps of a pass, from the shares done that it yields, on as many threads as pay.

    Args:
        steps: the pass.
        macs: of the network, with one picture: the many small sums between the layers wait for each other.
        words: what is going on.
        start: the share of a longer job that is done before.
        share: of the longer job, the pass's.
    """
    while True:
        try:
            with devices.threads_for(macs):
                part = next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        yield Step(start + part * share, words)
