"""A forward pass that remembers each stretch by itself, so that gradients can go back through any choice of ways.

Every stretch (stem, what stands before a block's place, a residual branch, a shortcut, what stands behind the addition)
keeps an autograd graph of its own. A gradient is taken back through one after another as often as is wanted, through
the branch of one block and the shortcut of the next, while the forward pass was whole (Veit et al. 2016, section 5).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from explorer.engine.modules import Block, Network
from explorer.engine.tracks import Step, compiled, run
from explorer.networks.cost import BYTES_PER_NUMBER, network_cost
from explorer.networks.lesion import places
from explorer.networks.operations import Operations
from explorer.networks.paths import forks
from explorer.networks.spec import NetworkSpec

BUDGET = 512 * 2**20
"""Bytes of activations and gradients that one batch of images may take."""
_RECORDED = 3
"""How many times the activations of `network_cost` autograd keeps: convolutions, batch norms and ReLUs each theirs."""
_MACS_A_PULL = 1e9
"""Of the largest stretch with a batch, on the CPU: one step back through it is then done within a blink."""
_MOST_IMAGES = 64
_TOGETHER = 16
"""How many gradients a device other than the CPU takes back at once."""


class Pull:
    """Takes gradients back through a stretch.

    Args:
        entering: what came in, a leaf.
        leaving: what it made of it; the same tensor for a stretch that does nothing.

    Attributes:
        free: whether there is nothing to compute.
        together: whether several gradients are taken back at once, as many small kernels would keep an accelerator
            waiting.
    """

    def __init__(self, entering: Tensor, leaving: Tensor) -> None:
        self._entering, self._leaving = entering, leaving
        self.free = leaving is entering
        self.together = entering.device.type != "cpu"

    def __call__(self, gradients: Sequence[Tensor]) -> Iterator[Tensor]:
        """Each gradient at what leaves (of its shape) -> the same at what enters, one after another."""
        if self.free:
            yield from gradients
        elif self.together:
            for first in range(0, len(gradients), _TOGETHER):
                yield from self._back(torch.stack(list(gradients[first : first + _TOGETHER])), True)
        else:
            for gradient in gradients:
                yield self._back(gradient, False)

    def _back(self, gradients: Tensor, several: bool) -> Tensor:
        found: Tensor = torch.autograd.grad(
            self._leaving, self._entering, gradients, retain_graph=True, is_grads_batched=several
        )[0]
        return found

    def trial(self) -> None:
        """Take some gradient back, to see how long it takes."""
        self._back(torch.ones_like(self._leaving), False)


@dataclass(frozen=True)
class Stretch:
    """What all paths go through."""

    pull: Pull


@dataclass(frozen=True)
class Fork:
    """A block at which the paths part; on the way back they come from its sum.

    Attributes:
        block: its id.
        branch: from the sum to where the ways part, through the residual branch.
        shortcut: the same, around it.
    """

    block: str
    branch: Pull
    shortcut: Pull


Piece = Stretch | Fork


@dataclass(frozen=True)
class Recording:
    """One forward pass of a batch.

    Attributes:
        pieces: from input to output.
        start: the loss's gradient at the last block's output.
        loss: mean over the batch.
    """

    pieces: tuple[Piece, ...]
    start: Tensor
    loss: Tensor


def largest_batch(spec: NetworkSpec, device: torch.device) -> int:
    """How many images are recorded at once: at least one, and no more than fit into the budget."""
    cost = network_cost(spec)
    numbers = max(channels * height * width for channels, height, width in (part.output for part in cost.parts))
    held = _RECORDED * cost.activations + 2 * (len(forks(spec)) + 2) * numbers * BYTES_PER_NUMBER
    count = min(BUDGET // max(held, 1), _MOST_IMAGES)
    if device.type == "cpu":
        count = min(count, int(_MACS_A_PULL / max(max(part.macs for part in cost.parts), 1)))
    return max(int(count), 1)


class Recorder:
    """Runs a network once, stretch by stretch.

    Args:
        network: in eval mode, on its device; nothing of it is changed.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._blocks = dict(network.blocks())
        self._forks = frozenset(forks(network.spec))
        self._pieces: list[Piece] = []

    def record(self, x: Tensor, labels: Tensor | None, images: int) -> Iterator[Recording | None]:
        """Pauses after every block; the last thing that comes is the recording.

        Args:
            x: a batch (N, in_channels, side, side), on the network's device.
            labels: int64 (N,), None for what the network itself says.
            images: over how many the loss is averaged, where the batch is a part of them.
        """
        x = self._through(self._network.stem, leaf(x))
        yield None
        for place in places(self._network.spec):
            entered = self._entered(place.spec.id, x)
            x = self._block(self._blocks[place.block], entered)
            yield None
        with torch.enable_grad():
            logits = self._network.head(x)
            target = logits.detach().argmax(1) if labels is None else labels
            loss = functional.cross_entropy(logits, target, reduction="sum") / images
            start = torch.autograd.grad(loss, x)[0]
        yield Recording(tuple(self._pieces), start, loss.detach())

    def _entered(self, place: str, x: Tensor) -> Tensor:
        """Through what stands before a block's place."""
        return self._through(partial(self._network.enter, place), x)

    def _through(self, step: Step, x: Tensor) -> Tensor:
        """Record a stretch that all paths go through; gives the leaf that the next one starts from."""
        with torch.enable_grad():
            y = step(x)
        if y is x:
            return x
        self._pieces.append(Stretch(Pull(x, y)))
        return leaf(y)

    def _operations(self, operations: Operations, x: Tensor) -> Tensor:
        return self._through(partial(self._run, operations), x)

    def _run(self, operations: Operations, x: Tensor) -> Tensor:
        """Nothing is written into what comes in: it is a leaf."""
        return run(compiled(operations, self._network.module, False), x)

    def _block(self, block: Block, x: Tensor) -> Tensor:
        wiring, parts = block.wiring, block.spec.id in self._forks
        if wiring.join is not None and not parts:  # only its shortcut is left, or it adds its channels behind others
            return self._through(block, x)
        parting = self._operations(wiring.shared, x)
        joined = self._fork(block, x, parting) if parts else self._operations(wiring.branch, parting)
        return self._operations(wiring.after, joined)

    def _fork(self, block: Block, x: Tensor, parting: Tensor) -> Tensor:
        """Both ways of a block, each with a graph of its own; gives a leaf of their sum."""
        wiring = block.wiring
        assert wiring.join is not None
        with torch.enable_grad():
            taken = self._run(wiring.branch, parting)
            around = self._run(wiring.shortcut, parting)
            if wiring.join.kind == "gate":
                with torch.no_grad():
                    gate = self._network.module(wiring.join.id)
                    assert gate is not None
                    opened: Tensor = gate(x)
                taken = opened * taken if wiring.join.number else taken
                around = (1 - opened) * around
        self._pieces.append(Fork(block.spec.id, Pull(parting, taken), Pull(parting, around)))
        return leaf(taken.detach() + around.detach())


def leaf(x: Tensor) -> Tensor:
    """The same numbers, from which a graph of its own begins."""
    return x.detach().requires_grad_()
