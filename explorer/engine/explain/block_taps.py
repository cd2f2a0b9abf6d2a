"""A network run once with its blocks taken apart: what the shortcut carries, what the branch adds, what layers say.

The operations are those of the network's own forward pass, in the same order and with the same modules, so that what
comes out is bit for bit the network's prediction. Only figures are kept, and the maps of one block.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.engine.explain.block_outline import BlockMark, Outline, Response, join_of, outline, responses
from explorer.engine.modules import Block, Network
from explorer.engine.tracks import Step, compiled, run
from explorer.networks.cost import network_cost
from explorer.networks.lesion import Lesion, Mode, places
from explorer.networks.operations import SHORTCUT_ONLY, Operations

_MACS_A_STEP = 5e8
Hear = Callable[[str, Tensor], None]


@dataclass(frozen=True, eq=False)
class Halves:
    """What meets in a block; None for a way that is not there.

    Attributes:
        carried: by the shortcut; in a layer without one, what comes to it.
        added: by the branch.
        total: both together.
        out: the block's output.
    """

    carried: Tensor | None
    added: Tensor | None
    total: Tensor | None
    out: Tensor


class _Row:
    """A row of operations that tells of each layer's response before anything writes over it."""

    def __init__(self, operations: Operations, network: Network) -> None:
        self._steps = compiled(operations, network.module, False)
        self._heard: dict[int, Response] = {one.at: one for one in responses(operations)}

    def __call__(self, x: Tensor, hear: Hear) -> Tensor:
        for index, step in enumerate(self._steps):
            x = step(x)
            if index in self._heard:
                hear(self._heard[index].layer.id, x)
        return x


class TappedBlock:
    """One block, taken apart.

    Args:
        block: which.
        network: whose it is.
    """

    def __init__(self, block: Block, network: Network) -> None:
        wiring = block.wiring
        self._block = block
        self._join = wiring.join
        self._kind = join_of(wiring)
        self._shared = compiled(wiring.shared, network.module, False)
        self._branch = _Row(wiring.branch, network)
        # Not in place: the sum that comes to it is shown.
        self._after: list[Step] = compiled(wiring.after, network.module, False)
        self._gate = network.module(wiring.join.id) if wiring.join is not None and self._kind == "gate" else None

    def __call__(self, x: Tensor, mode: Mode, hear: Hear) -> Halves:
        """Run it on (N, in_channels, H, W)."""
        if self._kind == "none":
            if mode == "deleted":
                return Halves(x, None, None, self._block.around(x))
            y = self._branch(run(self._shared, x), hear)
            return Halves(x, y, None, run(self._after, y))
        carried, added = self._ways(x, mode, hear)
        if mode == "deleted":
            return Halves(carried, None, None, self._block.around(x))
        total = self._together(carried, added)
        return Halves(carried, added, total, run(self._after, total))

    def _ways(self, x: Tensor, mode: Mode, hear: Hear) -> tuple[Tensor | None, Tensor | None]:
        """What the shortcut carries and what the branch adds, gated where the block does that."""
        parting = run(self._shared, x)
        opened = None if self._gate is None else self._gate(x)
        only = self._join is not None and self._join.number == SHORTCUT_ONLY and opened is not None
        carried: Tensor | None = None
        added: Tensor | None = None
        if mode != "deleted" and not only:
            added = self._branch(parting, hear)
            if opened is not None and self._join is not None and self._join.number:
                added = opened * added
        if mode != "cut":
            carried = self._block.shortcut(parting)
            if opened is not None:
                carried = (1 - opened) * carried
        return carried, added

    def _together(self, carried: Tensor | None, added: Tensor | None) -> Tensor:
        if carried is None or added is None:
            alone = carried if added is None else added
            assert alone is not None
            return alone
        return torch.cat([carried, added], 1) if self._kind == "concat" else added + carried


@dataclass(frozen=True, eq=False)
class Figures:
    """Of a batch, on its device; NaN where a figure does not exist.

    Attributes:
        outline: which places and layers they are of.
        ratio, cosine: (N, places).
        response: (N, layers).
        exits: logits behind each exit, (exits, N, classes).
        kept: the block whose maps were asked for.
    """

    outline: Outline
    ratio: Tensor
    cosine: Tensor
    response: Tensor
    exits: Tensor
    kept: Halves | None


class Walk:
    """Runs a network with a lesion, batch by batch.

    Args:
        network: in eval mode, on its device.
        lesion: checked.
        keep: id of the block whose maps are kept; empty for none.
    """

    def __init__(self, network: Network, lesion: Lesion, keep: str = "") -> None:
        self.network = network
        self.outline = outline(network.spec, lesion)
        self._places = places(network.spec, lesion)
        self._keep = keep
        self._stem = _Row(network.spec.stem_operations(), network)
        self._blocks = {key: TappedBlock(block, network) for key, block in network.blocks()}
        self._layers = {layer.id: index for index, layer in enumerate(self.outline.layers)}

    def steps(self, x: Tensor) -> Generator[float, None, Figures]:
        """Figures of a batch (N, in_channels, side, side); yields the share done every half billion multiply-adds, so
        that the pass of a large network can be dropped in the middle."""
        cost = network_cost(self.network.spec)
        nothing = x.new_full((len(x),), torch.nan)
        ratios, cosines, exits = [], [], []
        said: list[Tensor] = [nothing] * len(self.outline.layers)
        kept: Halves | None = None

        def hear(layer: str, response: Tensor) -> None:
            said[self._layers[layer]] = deviation(response)

        # Inference mode is the thread's: it must not be left on while another job has its turn.
        with torch.inference_mode():
            x = self._stem(x, hear)
        done, told = cost.stem.macs * len(x), 0
        for place, mark, part in zip(self._places, self.outline.blocks, cost.blocks, strict=True):
            with torch.inference_mode():
                entering = self.network.enter(place.spec.id, x)
                halves = self._blocks[place.block](entering, place.mode, hear)
                x = halves.out
                ratio, cosine = relation(mark, halves, nothing)
                ratios.append(ratio)
                cosines.append(cosine)
                if place.block in self.outline.exits:
                    exits.append(self.network.head(x))
            if place.block == self._keep:
                kept = halves
            done += part.macs * len(x)
            if done - told >= _MACS_A_STEP:
                told = done
                yield done / (cost.macs * len(x))
        with torch.inference_mode():
            ratio, cosine, response = (torch.stack(rows, 1) for rows in (ratios, cosines, said))
            return Figures(self.outline, ratio, cosine, response, torch.stack(exits), kept)


def deviation(values: Tensor) -> Tensor:
    """Standard deviation of each map over channels and positions, not corrected: (N, ...) -> (N,).

    In two passes, eighteen times as fast on a CPU as torch's own.
    """
    flat = values.flatten(1)
    result: Tensor = torch.linalg.vector_norm(flat - flat.mean(1, keepdim=True), dim=1) / flat.shape[1] ** 0.5
    return result


def relation(mark: BlockMark, halves: Halves, nothing: Tensor) -> tuple[Tensor, Tensor]:
    """|F(x)| / |x| and the cosine between both, of each image; zero where the branch is deleted, NaN (`nothing`) where
    the figure does not exist."""
    if not mark.has_ratio or halves.carried is None:
        return nothing, nothing
    if halves.added is None:
        return torch.zeros_like(nothing), nothing
    x, added = halves.carried.flatten(1), halves.added.flatten(1)
    norm, other = torch.linalg.vector_norm(x, dim=1), torch.linalg.vector_norm(added, dim=1)
    if not mark.has_cosine:
        return other / norm, nothing
    return other / norm, (x * added).sum(1) / (norm * other)
