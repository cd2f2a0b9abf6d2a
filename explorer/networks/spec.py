"""What all families of networks have in common: a specification, its stages and its blocks.

A `NetworkSpec` holds what a person chooses; stages, blocks and operations are derived from it, and cost figures,
diagrams and PyTorch modules from those. Each family is one file in `explorer.networks.families` and one entry in
`explorer.networks.catalog`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from explorer.errors import UserError
from explorer.networks.checks import SpecError, is_int, shown
from explorer.networks.knobs import Adjustable
from explorer.networks.stored import Stored

if TYPE_CHECKING:
    from explorer.networks.operations import Operation, Wiring

ShortcutKind = Literal["identity", "projection", "subsampling", "scale", "gate", "dropout", "concat", "none"]
Shape = tuple[int, int, int]
"""Channels, height, width."""

LIMITS: dict[str, tuple[int, int]] = {
    "in_channels": (1, 512),
    "side": (8, 2048),
    "classes": (2, 100_000),
}
FIELD_WORDS = {
    "in_channels": "The number of input channels",
    "side": "The input side",
    "classes": "The number of classes",
}


@dataclass(frozen=True, kw_only=True)
class BlockSpec(ABC):
    """One residual block, or one layer of a network without shortcuts; each family has a class of its own.

    Attributes:
        id: `layer2.1`, its stage's id and its number in the stage.
        kind: the family's word for it, `bottleneck`.
        in_channels, out_channels: of the whole block.
        stride: 2 in a block that halves the map, else 1.
        shortcut: identity, projection (1x1 conv), subsampling (option A: no parameters), scale (a constant), gate,
            dropout, concat (the branch's channels stand behind those of the input) or none.
        path: of its module in the state dict, where that is not its id.
        pooled: whether operations stand before it that belong to its place, and stay when it is deleted or moved.
    """

    id: str
    kind: str
    in_channels: int
    out_channels: int
    stride: int = 1
    shortcut: ShortcutKind = "identity"
    path: str = ""
    pooled: bool = False

    @property
    def module_path(self) -> str:
        """Where its parameters are in the state dict."""
        return self.path or self.id

    @property
    def downsampling(self) -> bool:
        """Whether the block changes the shape, so that its shortcut cannot be the identity."""
        return self.stride != 1 or self.in_channels != self.out_channels

    @property
    def form(self) -> BlockSpec:
        """What another block must equal to be able to stand in its place: all but the names, and what stands before
        it, which belongs to the place."""
        return replace(self, id="", path="", pooled=False)

    @property
    def passes_on(self) -> bool:
        """Whether the block, once deleted, is the identity."""
        return self.shortcut == "identity" or (self.shortcut == "none" and not self.downsampling)

    @property
    def preactivated(self) -> bool:
        """Whether activations stand before its convolutions, and nothing behind the addition."""
        return False

    @property
    def parts_late(self) -> bool:
        """Whether its shortcut leaves behind the block's first activation instead of at its input."""
        return False

    @property
    def kept(self) -> str:
        """Why it can't be deleted, as a template's sentence with {id}; empty where it can."""
        return ""

    @property
    def uncut(self) -> str:
        """Why its shortcut can't be cut, as a template's sentence with {id}; empty where it can."""
        return "" if self.shortcut != "none" else "{id} has no shortcut to cut."

    @abstractmethod
    def operations(self, shape: Shape) -> Wiring:
        """What it computes.

        Args:
            shape: of what comes to its place.
        """


@dataclass(frozen=True)
class StageSpec:
    """A run of blocks at one resolution; its id is `layer1` …"""

    id: str
    blocks: tuple[BlockSpec, ...]
    out_channels: int


Own = TypeVar("Own", bound="NetworkSpec")


class NetworkSpec(Adjustable, Stored, ABC):
    """What a person chooses of a network; each family is a frozen dataclass.

    Attributes:
        family: which one, as files name it.
        in_channels, side: the input is in_channels x side x side.
        classes: outputs of the classifier.

    Raises:
        SpecError: a value is outside what can be built.
    """

    family: Any
    in_channels: int
    side: int
    classes: int

    # -- what a family says ----------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def depth(self) -> int:
        """Weighted layers, as the family's paper counts them."""

    @property
    @abstractmethod
    def name(self) -> str:
        """How people call it: `ResNet-50`."""

    @cached_property
    @abstractmethod
    def stages(self) -> tuple[StageSpec, ...]:
        """The stages with their blocks, in order."""

    @abstractmethod
    def stem_operations(self) -> tuple[Operation, ...]:
        """What stands before the first block."""

    @abstractmethod
    def head_operations(self, shape: Shape) -> tuple[Operation, ...]:
        """What makes logits of the last block's output of that shape."""

    @property
    def wrapped(self) -> tuple[str, dict[str, Any]] | None:
        """Name and arguments of torchvision's own constructor whose modules are used; None where the operations are
        built one by one."""
        return None

    @property
    def plain(self) -> bool:
        """Whether it has no shortcuts."""
        return all(block.shortcut == "none" for block in self.all_blocks)

    @property
    def layers(self) -> bool:
        """Whether its blocks are single layers, and are called so."""
        return all(block.kind == "layer" for block in self.all_blocks)

    @property
    def summary(self) -> str:
        """What it is made of, in a few words."""
        return f"{'layers' if self.layers else 'blocks'} ({', '.join(str(len(stage.blocks)) for stage in self.stages)})"

    @property
    def sources(self) -> tuple[str, ...]:
        """The papers that it comes from, for people who read its code."""
        return ()

    @property
    @abstractmethod
    def heading(self) -> str:
        """Under which menus list it, a template: `ImageNet family`."""

    @property
    def large(self) -> bool:
        """Whether it is meant for pictures as large as ImageNet's."""
        return True

    @property
    def any_side(self) -> bool:
        """Whether its modules take pictures of another side, too."""
        return True

    def twin(self) -> NetworkSpec:
        """The plain twin: the same network without any shortcut (He et al. 2015, section 3.3).

        Raises:
            SpecError: the family has none.
        """
        raise SpecError("{network} has no plain twin: its layers need their shortcuts.", network=self.name)

    def same_architecture(self, other: NetworkSpec) -> bool:
        """Whether weights of one compute the same in the other: both have the same blocks and shortcuts, whatever
        their input and classes."""
        return self.equal_but(other)

    def equal_but(self, other: NetworkSpec, *names: str) -> bool:
        """Whether both are of one family's kind with the same fields, but for input, classes and those of the names.
        No network is made on the way, as one with this one's blocks and the other's input may not be possible."""
        if type(self) is not type(other):
            return False
        free = {*LIMITS, *names}
        own = (field.name for field in fields(self) if field.name not in free)  # type: ignore[arg-type]
        return all(getattr(self, name) == getattr(other, name) for name in own)

    @classmethod
    def named(cls, name: str) -> NetworkSpec | None:
        """The network of this family that is called so, beyond the presets; None where it is none.

        Args:
            name: in small letters, without spaces, dashes and underscores: `wrn168`'s parts are told apart by the
                digits the family expects, so names with two numbers keep one `_` between them: `wrn16_8`.

        Raises:
            SpecError: it is one that cannot be.
        """
        return None

    @classmethod
    def recognise(cls, shapes: Mapping[str, tuple[int, ...]]) -> Iterable[NetworkSpec]:
        """The networks of this family whose parameters could have these names and shapes, the likeliest first.

        Args:
            shapes: by names as this family gives them; what else they are called, `explorer.networks.naming` knows.

        Raises:
            SpecError: they are of one that cannot be.
        """
        return ()

    # -- derived -------------------------------------------------------------------------------------------------

    @property
    def input_shape(self) -> Shape:
        return (self.in_channels, self.side, self.side)

    @cached_property
    def all_blocks(self) -> tuple[BlockSpec, ...]:
        """Every block of every stage, from input to output."""
        return tuple(block for stage in self.stages for block in stage.blocks)

    @cached_property
    def block_ids(self) -> tuple[str, ...]:
        return tuple(block.id for block in self.all_blocks)

    @cached_property
    def _ids_by_path(self) -> dict[str, str]:
        return {block.path: block.id for block in self.all_blocks if block.path}

    def same_blocks(self, other: NetworkSpec) -> bool:
        """Whether both have blocks of the same names and kinds, so that what is deleted can stay deleted."""
        return self.family == other.family and [(block.id, block.kind) for block in self.all_blocks] == [
            (block.id, block.kind) for block in other.all_blocks
        ]

    def with_(self: Own, **changes: Any) -> Own:
        """A copy with some fields changed; raises SpecError like the constructor."""
        return replace(self, **changes)  # type: ignore[type-var]

    def check_ids(self, ids: Any) -> frozenset[str]:
        """The ids as a set; a block's module path in the state dict stands for its id.

        Raises:
            UserError: one of them is no block of this network.
        """
        chosen = frozenset(self._ids_by_path.get(name, name) for name in ids)
        unknown = sorted(chosen.difference(self.block_ids))
        if unknown:
            raise UserError(
                "{network} has no block {unknown}; its blocks are {first} to {last}.",
                network=self.name, unknown=", ".join(unknown), first=self.block_ids[0], last=self.block_ids[-1],
            )  # fmt: skip
        return chosen

    def check_numbers(self, limits: Mapping[str, tuple[int, int]], words: Mapping[str, str]) -> None:
        """Refuse fields that are no whole numbers within their limits.

        Args:
            limits: lowest and highest value of further fields; those that all families have are always checked.
            words: what they are called, at the beginning of a sentence.
        """
        for name, (low, high) in {**LIMITS, **limits}.items():
            value = getattr(self, name)
            if not is_int(value) or not low <= value <= high:
                raise SpecError(
                    "{what} must be a whole number from {low} to {high}, not {value}.",
                    what={**FIELD_WORDS, **words}[name], low=low, high=high, value=shown(value),
                )  # fmt: skip
