"""The specification of a network: the one source that everything else is derived from.

Words follow He et al. 2015 (arXiv:1512.03385), and He et al. 2016 (arXiv:1603.05027) for the order of activation. A
`NetworkSpec` holds what a person chooses; its stages and blocks, with their channels and strides, are derived from it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from explorer.errors import UserError

Family = Literal["imagenet", "cifar"]
BlockKind = Literal["basic", "bottleneck", "layer"]
ShortcutOption = Literal["A", "B", "C", "none"]
StridePlace = Literal["3x3", "1x1"]
Order = Literal["original", "pre-activation"]
Widths = Literal["doubled", "same"]
Downsampling = Literal["stride", "pool"]
ShortcutKind = Literal["identity", "projection", "subsampling", "none"]
Shape = tuple[int, int, int]
"""Channels, height, width."""

EXPANSION: dict[str, int] = {"basic": 1, "bottleneck": 4, "layer": 1}
"""Output channels of a block over the width of its 3x3 convolutions (He et al. 2015, Table 1)."""
CONVS: dict[str, int] = {"basic": 2, "bottleneck": 3, "layer": 1}
"""Weighted layers on the residual branch of one block; a `layer` is one convolution of a network without shortcuts."""
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
    """One residual block, or one layer of a network without shortcuts.

    Attributes:
        id: its module path, `layer2.1`.
        kind: basic (two 3x3), bottleneck (1x1, 3x3, 1x1) or layer (one 3x3).
        in_channels, out_channels: of the whole block.
        width: channels between its convolutions.
        stride: 2 in a block that halves the map, else 1.
        stride_place: which convolution of a bottleneck has the stride.
        shortcut: identity, projection (1x1 conv + BN), subsampling (option A: no parameters) or none.
        preactivated: whether batch norm and ReLU stand before the convolutions (He et al. 2016, Fig. 4e). A projection
            then has no batch norm of its own and starts behind the first ReLU.
        first: whether it is the first block of a pre-activation network, whose first batch norm and ReLU stand in the
            stem, before the two ways part (He et al. 2016, section 5).
        pooled: whether a 2x2 max pool with stride 2 stands before it; the pool stays when the block is deleted.
    """

    id: str
    kind: BlockKind
    in_channels: int
    width: int
    out_channels: int
    stride: int
    stride_place: StridePlace
    shortcut: ShortcutKind
    preactivated: bool = False
    first: bool = False
    pooled: bool = False

    @property
    def downsampling(self) -> bool:
        """Whether the block changes the shape, so that its shortcut cannot be the identity."""
        return self.stride != 1 or self.in_channels != self.out_channels

    @property
    def form(self) -> BlockSpec:
        """What another block must equal to be able to stand in its place: all but the name, and the pool before it,
        which belongs to the place."""
        return replace(self, id="", pooled=False)


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
            shape changes. B: projection where the shape changes. C: projections everywhere. `none`: a plain network.
        stride_place: the bottleneck's stride on its `3x3` (torchvision) or its first `1x1` (the paper).
        in_channels, side: the input is in_channels x side x side.
        classes: outputs of the classifier.
        width: channels of the first stage's 3x3 convolutions; doubles with each stage, unless `widths` says otherwise.
        order: of activation, original (He et al. 2015) or full pre-activation (He et al. 2016, Fig. 4e).
        widths: `doubled` with each stage, or the `same` in all.
        downsampling: between stages by the `stride` of a block, or by a max `pool` before it, as in VGG.

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
    order: Order = "original"
    widths: Widths = "doubled"
    downsampling: Downsampling = "stride"

    def __post_init__(self) -> None:
        _check_choice("family", self.family, get_args(Family))
        _check_choice("block", self.block, get_args(BlockKind))
        _check_choice("shortcut option", self.shortcut, get_args(ShortcutOption))
        _check_choice("stride place", self.stride_place, get_args(StridePlace))
        _check_choice("order of activation", self.order, get_args(Order))
        _check_choice("widths", self.widths, get_args(Widths))
        _check_choice("downsampling", self.downsampling, get_args(Downsampling))
        self._check_plain()
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not _is_int(value) or not low <= value <= high:
                raise SpecError(
                    "{what} must be a whole number from {low} to {high}, not {value}.",
                    what=_FIELD_WORDS[name], low=low, high=high, value=_shown(value),
                )  # fmt: skip
        self._check_blocks()

    def _check_plain(self) -> None:
        if self.block == "layer" and self.shortcut != "none":
            raise SpecError("Single layers have no shortcut: choose the shortcut option none, or basic blocks.")
        if self.order == "pre-activation" and self.shortcut == "none":
            raise SpecError("The pre-activation order needs shortcuts: choose the original order, or an option A to C.")

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
        """How people call it: `ResNet-50`, `PreResNet-110` (pre-activation), `Plain-20` (no shortcuts), `VGG-like-15`
        (no shortcuts, max pools between the stages)."""
        if self.plain:
            return f"{'VGG-like' if self.downsampling == 'pool' else 'Plain'}-{self.depth}"
        return f"{'PreResNet' if self.order == 'pre-activation' else 'ResNet'}-{self.depth}"

    @property
    def plain(self) -> bool:
        """Whether it has no shortcuts."""
        return self.shortcut == "none"

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
            width = self.width * (2**index if self.widths == "doubled" else 1)
            out = width * EXPANSION[self.block]
            blocks = []
            for position in range(count):
                between = index > 0 and position == 0
                block = self._block(f"{stage_id}.{position}", channels, width, out, between)
                blocks.append(replace(block, first=block.preactivated and index == position == 0))
                channels = out
            stages.append(StageSpec(stage_id, tuple(blocks), out))
        return tuple(stages)

    def _block(self, block_id: str, channels: int, width: int, out: int, between: bool) -> BlockSpec:
        """A block; `between` says that the map is halved before or in it."""
        pooled = between and self.downsampling == "pool"
        stride = 2 if between and not pooled else 1
        changes = stride != 1 or channels != out
        kind: ShortcutKind = "identity"
        if self.plain:
            kind = "none"
        elif self.shortcut == "C" or (changes and self.shortcut == "B"):
            kind = "projection"
        elif changes:
            kind = "subsampling"
        return BlockSpec(
            block_id, self.block, channels, width, out, stride, self.stride_place, kind,
            preactivated=self.order == "pre-activation", pooled=pooled,
        )  # fmt: skip

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
        if self.block != "bottleneck":
            free["stride_place"] = other.stride_place
        return self.with_(**free) == other

    def twin(self) -> NetworkSpec:
        """The plain twin: the same network without any shortcut (He et al. 2015, section 3.3), layer by layer where
        its blocks are basic."""
        blocks, block = self.blocks, self.block
        if block == "basic":
            blocks, block = tuple(2 * count for count in blocks), "layer"
        return self.with_(blocks=blocks, block=block, shortcut="none", order="original")

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
