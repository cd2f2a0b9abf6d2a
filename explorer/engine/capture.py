"""One forward pass -> the activations asked for, and the logits."""

from __future__ import annotations

from collections.abc import Collection, Generator

import torch
from torch import Tensor
from torch.nn import functional

from explorer.engine.modules import Network
from explorer.engine.steps import finish
from explorer.networks.cost import BYTES_PER_NUMBER, network_cost
from explorer.networks.lesion import Lesion, places
from explorer.networks.spec import NetworkSpec

BUDGET = 512 * 2**20
"""Bytes of maps of one picture that are kept at hand."""
THUMBNAIL = 8
"""Side of the thumbnails of maps that are not kept, in positions."""
_MACS_A_STEP = 2e9


def parts_to_keep(spec: NetworkSpec, wanted: Collection[str] = (), budget: int = BUDGET) -> frozenset[str]:
    """The parts whose maps are kept: stem and all blocks where they fit into the budget, else the stem, the last block
    of each stage and the blocks wanted.

    Args:
        spec: of the network.
        wanted: ids of blocks, or of other parts, which are ignored.
        budget: bytes for one picture.
    """
    cost = network_cost(spec)
    outputs = [cost.stem.output, *(block.output for block in cost.blocks)]
    if sum(channels * height * width for channels, height, width in outputs) * BYTES_PER_NUMBER <= budget:
        return frozenset(("stem", *spec.block_ids))
    ends = (stage.blocks[-1].id for stage in spec.stages)
    return frozenset(("stem", *ends, *(part for part in wanted if part in spec.block_ids)))


def bytes_needed(spec: NetworkSpec) -> int:
    """Bytes of memory that the network takes with one picture: its parameters, the maps that are kept of two passes
    (with blocks deleted and with none), and what its largest part works with."""
    cost = network_cost(spec)
    outputs = {part.id: part.output[0] * part.output[1] * part.output[2] for part in cost.parts}
    kept = sum(outputs[part] for part in parts_to_keep(spec))
    return BYTES_PER_NUMBER * (cost.parameters + 2 * kept) + max(part.activations for part in cost.parts)


def capture_steps(
    network: Network,
    x: Tensor,
    lesion: Lesion,
    keep: Collection[str],
    thumbnails: dict[str, Tensor] | None = None,
) -> Generator[float, None, tuple[Tensor, dict[str, Tensor]]]:
    """Run the network once, yielding the share done after every few billion multiply-adds, so that the run of a large
    network can be dropped in the middle.

    Nothing is copied: a block writes in place only into what its own residual branch made, so the outputs kept here
    stay as they were.

    Args:
        network: in eval mode.
        x: its input (N, in_channels, side, side), on its device.
        lesion: what is done to its blocks.
        keep: ids of parts to keep, `stem` among them.
        thumbnails: gets the outputs of all other blocks as they come, each channel averaged down to at most
            `THUMBNAIL` positions a side: (N, C, h, w).

    Returns:
        Logits (N, classes), and the output (N, C, H, W) of each part in `keep`; a stage's, where its last block is in
        it, is that of the block at its last place.
    """
    cost = network_cost(network.spec)
    kept: dict[str, Tensor] = {}
    done, told = cost.stem.macs, 0
    # Inference mode is the thread's: it must not be left on while another job has its turn.
    with torch.inference_mode():
        x = network.stem(x)
    if "stem" in keep:
        kept["stem"] = x
    ends = {stage.blocks[-1].id: stage.id for stage in network.spec.stages}
    blocks = dict(network.blocks())
    for place, part in zip(places(network.spec, lesion), cost.blocks, strict=True):
        with torch.inference_mode():
            x = blocks[place.block](network.enter(place.spec.id, x), place.mode)
        if place.block in keep:
            kept[place.block] = x
        elif thumbnails is not None:
            with torch.inference_mode():
                thumbnails[place.block] = _thumbnail(x)
        if place.spec.id in ends and place.spec.id in keep:
            kept[ends[place.spec.id]] = x
        done += part.macs
        if done - told >= _MACS_A_STEP:
            told = done
            yield done / cost.macs
    with torch.inference_mode():
        logits = network.head(x)
    return logits, kept


def _thumbnail(x: Tensor) -> Tensor:
    """Means over parts of the map, of at most `THUMBNAIL` positions a side."""
    small = functional.adaptive_avg_pool2d(x, (min(x.shape[2], THUMBNAIL), min(x.shape[3], THUMBNAIL)))
    # A map that is small already comes as itself; kept, it would keep the memory it shares.
    return small.clone() if small.data_ptr() == x.data_ptr() else small


def capture(network: Network, x: Tensor, lesion: Lesion, keep: Collection[str]) -> tuple[Tensor, dict[str, Tensor]]:
    """`capture_steps` in one go."""
    return finish(capture_steps(network, x, lesion, keep))
