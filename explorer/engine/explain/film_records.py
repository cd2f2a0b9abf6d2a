"""A channel followed from block to block: what is asked and what comes out, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from explorer.engine.explain.records import ExplainRequest
from explorer.engine.records import Picture
from explorer.errors import UserError
from explorer.networks.lesion import Lesion
from explorer.networks.spec import BlockSpec, NetworkSpec, StageSpec
from explorer.sentences import Joined, Sentence

_CARRIES = frozenset({"identity", "scale", "gate", "dropout", "concat"})
"""Shortcuts that bring a channel's numbers to the same channel, if not all of each."""


@dataclass(frozen=True, kw_only=True)
class FilmRequest(ExplainRequest):
    """One channel of a stage, behind each of its blocks.

    Attributes:
        picture: what is run.
        stage: id of the stage.
        channel: its number, from 0 on; None for the one that changes most from block to block.
    """

    view: ClassVar[str] = "film"

    picture: Picture
    stage: str
    channel: int | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """The channel at one place.

    Attributes:
        part: id of the block whose output it is; `stem` or the block before the stage for what comes into it.
        values: float32 (height, width).
        change: mean of |difference| to the frame before; None of the first.
    """

    part: str
    values: np.ndarray
    change: float | None


@dataclass(frozen=True, eq=False)
class FilmResult:
    """What came out of a FilmRequest.

    Attributes:
        request: what was asked.
        channel: which it is.
        channels: of the stage's last block.
        frames: from the stage's beginning to its end; the first is what comes in, where that has the same shape.
        device: title of the device.
        note: one sentence where the run had to fall back to the CPU, else empty.
    """

    request: FilmRequest
    channel: int
    channels: int
    frames: tuple[Frame, ...]
    device: str
    note: str = ""


def stage_of(spec: NetworkSpec, stage_id: str) -> StageSpec:
    """A stage by its id.

    Raises:
        UserError: the network has none of that id.
    """
    for stage in spec.stages:
        if stage.id == stage_id:
            return stage
    raise UserError(
        "{network} has no stage {stage}; its stages are {first} to {last}.",
        network=spec.name, stage=stage_id, first=spec.stages[0].id, last=spec.stages[-1].id,
    )  # fmt: skip


def check_channel(stage: StageSpec, channel: int, channels: int) -> None:
    """Refuse a channel that a stage lacks.

    Raises:
        UserError: it is one.
    """
    if not 0 <= channel < channels:
        raise UserError(
            "{stage} has channels 0 to {last}; there is no channel {channel}.",
            stage=stage.id, last=channels - 1, channel=channel,
        )  # fmt: skip


def starts_before(stage: StageSpec) -> bool:
    """Whether what comes into a stage belongs to the film: whether its first block hands channels on as they are."""
    first = stage.blocks[0]
    return not first.pooled and not first.downsampling and first.shortcut != "projection"


def carried_note(spec: NetworkSpec, stage: StageSpec, lesion: Lesion, channel: int) -> str:
    """Whether the frames show one thing that changes, or several that have nothing to do with each other.

    Args:
        spec, stage: whose.
        lesion: what is done to its blocks.
        channel: which channel.
    """
    later = stage.blocks[1:]
    if spec.plain:
        return Sentence(
            "Without shortcuts nothing carries a channel on: channel {channel} of one layer and of the next are two "
            "features.",
            channel=channel,
        )
    if stage.blocks[-1].shortcut == "concat":
        return Sentence(
            "A dense layer puts its own channels behind those that came: once there, channel {channel} stays as it is.",
            channel=channel,
        )
    broken = [block.id for block in later if block.shortcut not in _CARRIES or block.id in lesion.cut]
    if broken:
        return Sentence(
            "No identity shortcut carries channel {channel} past {blocks}: what is behind is another feature.",
            channel=channel, blocks=_named(broken),
        )  # fmt: skip
    deleted = [block.id for block in stage.blocks if block.id in lesion.deleted]
    words = "The shortcuts of {stage} carry channel {channel} from block to block, and each block adds to it."
    if len(deleted) == len(stage.blocks):
        words = (
            "The shortcuts of {stage} carry channel {channel} from block to block; all blocks are deleted and add "
            "nothing to it."
        )
    elif deleted:
        words = (
            "The shortcuts of {stage} carry channel {channel} from block to block, and each block adds to it, but for "
            "what is deleted: {deleted}."
        )
    carried = Sentence(words, stage=stage.id, channel=channel, deleted=_named(deleted) if deleted else "")
    found = [carried if later or starts_before(stage) else "", _before(stage.blocks[0], channel)]
    return Joined(" ", [words for words in found if words])


def _named(blocks: list[str]) -> str:
    return ", ".join(blocks) if len(blocks) < 4 else f"{blocks[0]}, {blocks[1]} … {blocks[-1]}"


def _before(first: BlockSpec, channel: int) -> str:
    """Where the channel was before the stage."""
    if not first.downsampling and first.shortcut in _CARRIES:
        return ""
    if first.shortcut == "subsampling" and channel < first.in_channels:
        return Sentence("Into {block} option A carries every second position of the same channel.", block=first.id)
    if first.shortcut == "subsampling":
        return Sentence("It begins with {block}: option A fills new channels with zeros.", block=first.id)
    if first.shortcut == "none":
        return Sentence("It begins with {block}, which has no shortcut.", block=first.id)
    return Sentence("It begins with {block}, whose projection mixes all channels.", block=first.id)
