"""The specification of a residual network: the one source that everything else is derived from.

Words follow He et al. 2015 (arXiv:1512.03385). A `NetworkSpec` holds what a person chooses; its stages and blocks,
with their channels and strides, are derived from it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from explorer.errors import UserError

Family = Literal["imagenet", "cifar"]
BlockKind = Literal["basic", "bottleneck"]
ShortcutOption = Literal["A", "B", "C"]
StridePlace = Literal["3x3", "1x1"]
ShortcutKind = Literal["identity", "projection", "subsampling"]
Shape = tuple[int, int, int]
"""Channels, height, width."""

EXPANSION: dict[str, int] = {"basic": 1, "bottleneck": 4}
"""Output channels of a block over the width of its 3x3 convolutions (He et al. 2015, Table 1)."""
CONVS: dict[str, int] = {"basic": 2, "bottleneck": 3}
"""Weighted layers on the residual branch of one block."""
STAGES: dict[str, int] = {"imagenet": 4, "cifar": 3}
STEM_WIDTH: dict[str, int] = {"imagenet": 64, "cifar": 16}

MAX_BLOCKS = 4000
LIMITS: dict[str, tuple[int, int]] = {
    "in_channels": (1, 512),
    "side": (8, 2048),
    "classes": (2, 100_000),
    "width": (1, 1024),
}
_FIELD_WORDS = {
    "in_channels": "The number of input channels",
    "side": "The input side",
    "classes": "The number of classes",
    "width": "The width of the first stage",
}
_FORMAT = "resnet-explorer network"
_VERSION = 1
_LONGEST_NUMBER = 64
"""Bits."""
_LONGEST_TEXT = 40


class SpecError(UserError):
    """A network that cannot be: the sentence names the value and the values that can."""


@dataclass(frozen=True)
class BlockSpec:
    """One residual block.

    Attributes:
        id: its module path, `layer2.1`.
        kind: basic (two 3x3) or bottleneck (1x1, 3x3, 1x1).
        in_channels, out_channels: of the whole block.
        width: channels between its convolutions.
        stride: 2 in a block that halves the map, else 1.
        stride_place: which convolution of a bottleneck has the stride.
        shortcut: identity, projection (1x1 conv + BN) or subsampling (option A: no parameters).
    """

    id: str
    kind: BlockKind
    in_channels: int
    width: int
    out_channels: int
    stride: int
    stride_place: StridePlace
    shortcut: ShortcutKind

    @property
    def downsampling(self) -> bool:
        """Whether the block changes the shape, so that its shortcut cannot be the identity."""
        return self.stride != 1 or self.in_channels != self.out_channels


@dataclass(frozen=True)
class StageSpec:
    """A run of blocks at one resolution; its id is `layer1` …"""

    id: str
    blocks: tuple[BlockSpec, ...]
    out_channels: int


@dataclass(frozen=True)
class NetworkSpec:
    """What a person chooses of a network.

    Attributes:
        family: `imagenet` (7x7 stem, four stages) or `cifar` (3x3 stem, three stages).
        blocks: blocks in each stage.
        block: basic or bottleneck.
        shortcut: option A, B or C of He et al. 2015, section 3.3. A: identity, zero-padded subsampling where the
            shape changes. B: projection where the shape changes. C: projections everywhere.
        stride_place: the bottleneck's stride on its `3x3` (torchvision) or its first `1x1` (the paper).
        in_channels, side: the input is in_channels x side x side.
        classes: outputs of the classifier.
        width: channels of the first stage's 3x3 convolutions; doubles with each stage.

    Raises:
        SpecError: a value is outside what can be built.
    """

    family: Family
    blocks: tuple[int, ...]
    block: BlockKind = "basic"
    shortcut: ShortcutOption = "B"
    stride_place: StridePlace = "3x3"
    in_channels: int = 3
    side: int = 224
    classes: int = 1000
    width: int = 64

    def __post_init__(self) -> None:
        _check_choice("family", self.family, get_args(Family))
        _check_choice("block", self.block, get_args(BlockKind))
        _check_choice("shortcut option", self.shortcut, get_args(ShortcutOption))
        _check_choice("stride place", self.stride_place, get_args(StridePlace))
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not _is_int(value) or not low <= value <= high:
                raise SpecError(
                    "{what} must be a whole number from {low} to {high}, not {value}.",
                    what=_FIELD_WORDS[name], low=low, high=high, value=_shown(value),
                )  # fmt: skip
        self._check_blocks()

    def _check_blocks(self) -> None:
        wanted = STAGES[self.family]
        if len(self.blocks) != wanted:
            raise SpecError(
                "A network of this family has {wanted} stages, so it needs {wanted} numbers of blocks, not {given}.",
                wanted=wanted, given=len(self.blocks),
            )  # fmt: skip
        for number, count in enumerate(self.blocks, 1):
            if not _is_int(count) or count < 1:
                raise SpecError(
                    "layer{number} needs a whole number of blocks, at least 1, not {count}.",
                    number=number, count=_shown(count),
                )  # fmt: skip
        if sum(self.blocks) > MAX_BLOCKS:
            raise SpecError(
                "{given} blocks are more than this program builds: at most {most} in all.",
                given=_shown(sum(self.blocks)), most=MAX_BLOCKS,
            )  # fmt: skip

    # -- derived -------------------------------------------------------------------------------------------------

    @property
    def depth(self) -> int:
        """Weighted layers: stem convolution, those on the residual branches, the classifier. Projections are not
        counted (He et al. 2015, Table 1)."""
        return CONVS[self.block] * sum(self.blocks) + 2

    @property
    def name(self) -> str:
        """How people call it: `ResNet-50`, or `ResNet-26` for one without a preset."""
        return f"ResNet-{self.depth}"

    @property
    def input_shape(self) -> Shape:
        return (self.in_channels, self.side, self.side)

    @property
    def stem_channels(self) -> int:
        return self.width

    @cached_property
    def stages(self) -> tuple[StageSpec, ...]:
        """The stages with their blocks, in order."""
        stages = []
        channels = self.stem_channels
        for index, count in enumerate(self.blocks):
            stage_id = f"layer{index + 1}"
            width = self.width * 2**index
            out = width * EXPANSION[self.block]
            blocks = []
            for position in range(count):
                stride = 2 if index > 0 and position == 0 else 1
                blocks.append(self._block(f"{stage_id}.{position}", channels, width, out, stride))
                channels = out
            stages.append(StageSpec(stage_id, tuple(blocks), out))
        return tuple(stages)

    def _block(self, block_id: str, channels: int, width: int, out: int, stride: int) -> BlockSpec:
        changes = stride != 1 or channels != out
        kind: ShortcutKind = "identity"
        if self.shortcut == "C" or (changes and self.shortcut == "B"):
            kind = "projection"
        elif changes:
            kind = "subsampling"
        return BlockSpec(block_id, self.block, channels, width, out, stride, self.stride_place, kind)

    @cached_property
    def all_blocks(self) -> tuple[BlockSpec, ...]:
        """Every block of every stage, from input to output."""
        return tuple(block for stage in self.stages for block in stage.blocks)

    @cached_property
    def block_ids(self) -> tuple[str, ...]:
        return tuple(block.id for block in self.all_blocks)

    def with_(self, **changes: Any) -> NetworkSpec:
        """A copy with some fields changed; raises SpecError like the constructor."""
        return replace(self, **changes)

    def same_architecture(self, other: NetworkSpec) -> bool:
        """Whether weights of one compute the same in the other: both have the same blocks and shortcuts, whatever
        their input and classes. A basic block has its stride in one place only, so there it makes no difference."""
        free: dict[str, Any] = {"in_channels": other.in_channels, "side": other.side, "classes": other.classes}
        if self.block == "basic":
            free["stride_place"] = other.stride_place
        return self.with_(**free) == other

    def check_ids(self, ids: Any) -> frozenset[str]:
        """The ids as a set.

        Raises:
            UserError: one of them is no block of this network.
        """
        chosen = frozenset(ids)
        unknown = sorted(chosen.difference(self.block_ids))
        if unknown:
            raise UserError(
                "{network} has no block {unknown}; its blocks are {first} to {last}.",
                network=self.name, unknown=", ".join(unknown), first=self.block_ids[0], last=self.block_ids[-1],
            )  # fmt: skip
        return chosen

    # -- to and from JSON ----------------------------------------------------------------------------------------

    def to_json(self) -> str:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return json.dumps({"format": _FORMAT, "version": _VERSION, **values}, indent=2)

    @classmethod
    def from_json(cls, text: str) -> NetworkSpec:
        """Read what `to_json` wrote, whether or not an editor put a byte order mark before it.

        Raises:
            SpecError: not JSON, another format, a newer version, an unknown or missing field, a value that can't be.
        """
        try:
            data = json.loads(text.removeprefix("\ufeff"))
        except (ValueError, RecursionError) as error:
            raise SpecError("This is not a network's JSON file: {reason}.", reason=str(error)) from None
        if not isinstance(data, dict) or data.pop("format", _FORMAT) != _FORMAT:
            raise SpecError("This JSON file does not describe a network; export one from the program to see the form.")
        version = data.pop("version", _VERSION)
        if not _is_int(version):
            raise SpecError("The version in the network's JSON file must be the whole number {known}.", known=_VERSION)
        if version != _VERSION:
            raise SpecError(
                "The network's JSON file has version {version}; this program reads version {known}.",
                version=_shown(version), known=_VERSION,
            )  # fmt: skip
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise SpecError(
                "The network's JSON file has unknown fields ({unknown}); known are {known}.",
                unknown=_shown(", ".join(unknown)), known=", ".join(sorted(known)),
            )  # fmt: skip
        for needed in ("family", "blocks"):
            if needed not in data:
                raise SpecError("The network's JSON file lacks the field {field}.", field=needed)
        if not isinstance(data["blocks"], list):
            raise SpecError("The field blocks must be a list of whole numbers, one for each stage.")
        return cls(**{**data, "blocks": tuple(data["blocks"])})

    @classmethod
    def load(cls, path: Path) -> NetworkSpec:
        """Read a spec's JSON file; raises SpecError where it can't be read."""
        reason: object
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            reason = error.strerror or error
        except UnicodeDecodeError:
            reason = "it is no text in UTF-8"
        else:
            return cls.from_json(text)
        raise SpecError("{path} can't be read as a network's JSON file: {reason}.", path=path, reason=reason)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: object) -> object:
    """A value as a sentence can hold it: Python refuses to write very long numbers, and nobody reads them."""
    if isinstance(value, int):
        return value if value.bit_length() <= _LONGEST_NUMBER else "a number with very many digits"
    text = str(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def _check_choice(what: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SpecError(
            "The {what} must be one of {allowed}, not {value}.",
            what=what, allowed=", ".join(allowed), value=_shown(value),
        )  # fmt: skip
