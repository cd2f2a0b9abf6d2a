"""One forward and one backward pass, cut into the network's blocks.

Each block runs on a copy of its input that autograd takes for the beginning, and backward goes from block to block with
the gradient at that input, as autograd itself would: the cost is that of a plain pass, the gradients at all inputs come
along, and a pass can pause, or be dropped, between two blocks. Only norms are kept.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import SqueezeExcitation

from explorer.engine import devices
from explorer.engine.explain.gradients_records import HEAD, STEM, Spot
from explorer.engine.modules import Network
from explorer.engine.tracks import Step as Piece
from explorer.networks.cost import network_cost
from explorer.networks.lesion import INTACT, Lesion, places
from explorer.networks.operations import Operations

_PIECE_S = 0.03
_PIECE_NUMBERS = 1 << 22
PASSES = 3
"""Multiply-adds of forward and backward over those of forward."""


@dataclass(frozen=True, eq=False)
class Segment:
    """What runs between two pauses.

    Attributes:
        run: the piece of the network.
        entry: whose input comes to it; None for the image, and for what stands before a place.
        weights: the spots of its weights, and those.
    """

    run: Piece
    entry: Spot | None
    weights: tuple[tuple[Spot, Tensor], ...]


def segments(network: Network, lesion: Lesion = INTACT) -> list[Segment]:
    """The whole network in the order in which it runs.

    Args:
        network: which.
        lesion: what is done to its blocks, `checked`.
    """
    blocks = dict(network.blocks())
    pieces = iter(network.steps(lesion))
    depth, found = _weights(network, network.parts[STEM], STEM, 0)
    cut = [Segment(next(pieces), None, found)]
    for place in places(network.spec, lesion):
        block = blocks[place.block]
        before = _before(network, place.spec.id)
        if before:
            depth, found = _weights(network, before, place.spec.id, depth)
            cut.append(Segment(next(pieces), None, found))
        entry = Spot(place.block, place.block, depth)
        depth, found = _weights(network, block.wiring.all, place.block, depth)
        cut.append(Segment(next(pieces), entry, found))
    entry = Spot(HEAD, HEAD, depth)
    _, found = _weights(network, network.parts[HEAD], HEAD, depth)
    cut.append(Segment(next(pieces), entry, found))
    return cut


def _before(network: Network, place: str) -> Operations:
    """What stands before a place."""
    whole, own = network.parts[place], dict(network.blocks())[place].wiring.all
    return whole[: len(whole) - len(own)]


def _weights(
    network: Network, operations: Operations, block: str, depth: int
) -> tuple[int, tuple[tuple[Spot, Tensor], ...]]:
    """The depth behind some operations, and their weights with their spots."""
    found: list[tuple[Spot, Tensor]] = []
    for operation in operations:
        counted = operation.kind in ("conv", "linear") and not operation.on_shortcut
        depth += counted
        module = network.module(operation.id)
        if isinstance(module, nn.Conv2d | nn.Linear):
            found.append((Spot(operation.id, block, depth, counted), module.weight))
        elif isinstance(module, SqueezeExcitation):
            for name, layer in (("fc1", module.fc1), ("fc2", module.fc2)):
                found.append((Spot(f"{operation.id}.{name}", block, depth, False), layer.weight))
    return depth, tuple(found)


@dataclass
class Sums:
    """What the passes over one network's images add up to.

    Attributes:
        squares: of the gradients at inputs, by position of their segment.
        gradients: of weights, by position of the segment and within it, while more images are to come.
        norms: of weights, once the last images have been.
        loss: the mean over the images so far, as a share of all.
    """

    squares: dict[int, float] = field(default_factory=dict)
    gradients: dict[tuple[int, int], Tensor] = field(default_factory=dict)
    norms: dict[tuple[int, int], float] = field(default_factory=dict)
    loss: float = 0.0


def norms_of(sums: Sums, cut: list[Segment]) -> tuple[list[tuple[Spot, float]], list[tuple[Spot, float]]]:
    """Spots with norms: of the inputs, and of the weights that had a part in the result."""
    inputs = [
        (segment.entry, math.sqrt(sums.squares[position]))
        for position, segment in enumerate(cut)
        if segment.entry is not None
    ]
    weights = [
        (spot, sums.norms[position, index])
        for position, segment in enumerate(cut)
        for index, (spot, _) in enumerate(segment.weights)
        if (position, index) in sums.norms
    ]
    return inputs, weights


def learn(
    network: Network,
    cut: list[Segment],
    x: Tensor,
    labels: Tensor | None,
    share: float,
    sums: Sums,
    last: bool = True,
) -> Generator[float, None, None]:
    """Forward, the mean cross entropy, and backward; pauses with the part that is done.

    Args:
        network: whose batch norms are in the mode that is wanted.
        cut: its `segments`.
        x: images (N, in_channels, side, side), on the network's device.
        labels: int64 (N,), there too; None for the network's own answers.
        share: of all images that these are: the loss and its gradients are the mean over all.
        sums: gets what is found.
        last: whether no more images follow.
    """
    macs = PASSES * network_cost(network.spec).macs * len(x)
    pauses = _Pauses(2 * len(cut))
    trail: list[tuple[Tensor, Tensor]] = []
    for segment in cut:
        with devices.threads_for(macs), torch.enable_grad():
            # The network's input itself needs no gradient.
            begin = x.detach().requires_grad_(bool(trail))
            x = segment.run(begin)
            trail.append((begin, x))
        yield from pauses.after_one()
    with torch.enable_grad():
        logits = x.detach().requires_grad_()
        answers = logits.argmax(1) if labels is None else labels
        loss = functional.cross_entropy(logits.float(), answers) * share
        (gradient,) = torch.autograd.grad(loss, logits)
    sums.loss += float(loss.detach())
    for position in reversed(range(len(cut))):
        begin, end = trail.pop()
        with devices.threads_for(macs):
            gradient = _back(position, cut[position], begin, end, gradient, sums, last)
        del begin, end
        yield from pauses.after_one()


def _back(
    position: int, segment: Segment, begin: Tensor, end: Tensor, gradient: Tensor, sums: Sums, last: bool
) -> Tensor:
    """The gradient at a segment's input, from that at its output."""
    wanted = [weight for _, weight in segment.weights]
    if begin.requires_grad:
        wanted.append(begin)
    found: list[Tensor | None] = [None] * len(wanted)
    if wanted and end.requires_grad:
        found = list(torch.autograd.grad(end, wanted, gradient, allow_unused=True))
    passed = found.pop() if begin.requires_grad else None
    for index, own in enumerate(found):
        if own is not None:
            _add(sums, (position, index), own, last)
    if passed is None:
        return torch.zeros_like(begin)
    if segment.entry is not None:
        sums.squares[position] = sums.squares.get(position, 0.0) + _norm(passed) ** 2
    return passed


def _add(sums: Sums, key: tuple[int, int], own: Tensor, last: bool) -> None:
    """Of several passes the gradients add up, of the last one only the norm is kept."""
    before = sums.gradients.pop(key, None)
    whole = own if before is None else before.add_(own)
    if last:
        sums.norms[key] = _norm(whole)
    else:
        sums.gradients[key] = whole


def _norm(values: Tensor) -> float:
    """In float64: squares of what float32 still holds, 1e-45, would be zero in float32."""
    if values.device.type == "mps":
        values = values.cpu()  # it has no float64
    # In pieces, for float64 is a copy: of VGG-16's first fully connected layer one of 800 MB.
    pieces = [
        torch.linalg.vector_norm(piece, dtype=torch.float64) for piece in torch.split(values.flatten(), _PIECE_NUMBERS)
    ]
    return float(torch.linalg.vector_norm(torch.stack(pieces)))


class _Pauses:
    """Pauses when a few hundredths of a second have gone by.

    Args:
        total: of pieces.
    """

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._began = time.perf_counter()

    def after_one(self) -> Generator[float, None, None]:
        """One more piece is done."""
        self._done += 1
        if time.perf_counter() - self._began >= _PIECE_S:
            yield self._done / self._total
            self._began = time.perf_counter()
