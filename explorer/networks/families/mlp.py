"""Residual MLPs: the same two ways, y = ReLU(x + F(x)), with fully connected layers instead of convolutions.

The smallest family, without pooling, stages or projections: what is left of He et al. 2015 (arXiv:1512.03385, equation
1 with the F of their section 3.2) when the pictures are flattened. Batch norm stands behind each layer as in theirs,
so that the plain twin differs in nothing but the shortcuts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from explorer.networks.checks import SpecError, check_choice
from explorer.networks.families.resnet_papers import DEEP_RESIDUAL
from explorer.networks.knobs import Knob, yes_or_no
from explorer.networks.operations import Operation, Wiring, add, bn, linear, relu
from explorer.networks.spec import BlockSpec, NetworkSpec, Shape, StageSpec

Shortcut = Literal["identity", "none"]

DEEPEST = 2000
_CHANNELS = 513
_BLOCK = re.compile(r"layer1\.(\d{1,4})\.")
_LIMITS = {"depth": (3, DEEPEST), "width": (1, 8192)}
_WORDS = {"depth": "The number of layers", "width": "The width"}


@dataclass(frozen=True, kw_only=True)
class FullyConnected(BlockSpec):
    """Two fully connected layers with a shortcut, or a single `layer` without."""

    def operations(self, shape: Shape) -> Wiring:
        last = relu(f"{self.id}.relu", shape)
        if self.kind == "layer":
            return Wiring(branch=tuple(self._layer(1, shape)), after=(last,))
        branch = (*self._layer(1, shape), relu(f"{self.id}.relu1", shape), *self._layer(2, shape))
        return Wiring(branch=branch, join=add(f"{self.id}.add", shape), after=(last,))

    def _layer(self, number: int, shape: Shape) -> Iterator[Operation]:
        yield linear(f"{self.id}.fc{number}", shape, self.out_channels, bias=False)  # batch norm adds one
        yield bn(f"{self.id}.bn{number}", shape)


@dataclass(frozen=True)
class MlpSpec(NetworkSpec):
    """What a person chooses of an MLP.

    Attributes:
        depth: fully connected layers: one into the width, those of the blocks, and the classifier.
        width: numbers that flow from block to block.
        shortcut: `identity` around every two layers, or `none`: the plain twin, layer by layer.
        in_channels, side: the input is in_channels x side x side.
        classes: outputs of the classifier.

    Raises:
        SpecError: a value is outside what can be built.
    """

    depth: int = 20
    width: int = 64
    shortcut: Shortcut = "identity"
    in_channels: int = 1
    side: int = 28
    classes: int = 10
    family: Literal["mlp"] = "mlp"

    def __post_init__(self) -> None:
        check_choice("family", self.family, ("mlp",))
        check_choice("shortcut", self.shortcut, ("identity", "none"))
        self.check_numbers(_LIMITS, _WORDS)
        if not self.plain and self.depth % 2:
            raise SpecError(
                "A block takes two layers, so a residual MLP has an even number of them: try {near}.",
                near=" or ".join(map(str, self.neighbours("depth", self.depth))),
            )  # fmt: skip

    @property
    def name(self) -> str:
        """`MLP-20-64`: depth and width; the twin `Plain MLP-20-64`."""
        return f"{'Plain ' if self.plain else ''}MLP-{self.depth}-{self.width}"

    @property
    def sources(self) -> tuple[str, ...]:
        return (DEEP_RESIDUAL,)

    @property
    def heading(self) -> str:
        return "Residual MLP"

    @property
    def large(self) -> bool:
        return False

    @property
    def any_side(self) -> bool:
        return False

    @property
    def plain(self) -> bool:
        return self.shortcut == "none"

    @cached_property
    def stages(self) -> tuple[StageSpec, ...]:
        """One, as nothing changes the width."""
        count, kind = (self.depth - 2, "layer") if self.plain else (self.depth // 2 - 1, "block of two layers")
        like = FullyConnected(id="", kind=kind, in_channels=self.width, out_channels=self.width, shortcut=self.shortcut)
        blocks = tuple(replace(like, id=f"layer1.{number}") for number in range(count))
        return (StageSpec("layer1", blocks, self.width),)

    def stem_operations(self) -> tuple[Operation, ...]:
        """The picture as one row of numbers, and a layer."""
        numbers = (self.in_channels * self.side * self.side, 1, 1)
        first = linear("fc1", numbers, self.width, bias=False)
        flat = Operation("flatten", "flatten", self.input_shape, numbers)
        return (flat, first, bn("bn1", first.output), relu("relu", first.output))

    def head_operations(self, shape: Shape) -> tuple[Operation, ...]:
        """The classifier."""
        return (linear("fc", shape, self.classes),)

    def twin(self) -> MlpSpec:
        return self.with_(shortcut="none")

    def residual(self) -> MlpSpec:
        return self.with_(shortcut="identity")

    def knobs(self) -> tuple[Knob, ...]:
        tips = ("The plain twin: the same layers", "Around every two layers (He et al. 2015, equation 1)")
        return (
            Knob("depth", "Depth", self.depth, tip="Fully connected layers"),
            Knob("width", "Width", self.width, tip="Numbers that flow from block to block"),
            yes_or_no("shortcut", "Shortcuts", not self.plain, tips, "Whether blocks of two layers have one"),
        )

    def turned(self, name: str, value: Any, block_id: str = "") -> NetworkSpec:
        return self.with_(**{name: ("none", "identity")[value] if name == "shortcut" else value})

    def neighbours(self, name: str, value: int) -> tuple[int, ...]:
        if name != "depth" or self.plain:
            return ()
        return tuple(depth for depth in (value - 2 + value % 2, value + 2 - value % 2) if 4 <= depth <= DEEPEST)

    @classmethod
    def named(cls, name: str) -> NetworkSpec | None:
        """`mlp20_64` and `plainmlp20_64`: depth and width."""
        found = re.fullmatch(r"(plain)?mlp(\d{1,5})_(\d{1,5})", name)
        return found and cls(int(found[2]), int(found[3]), "none" if found[1] else "identity")

    @classmethod
    def recognise(cls, shapes: Mapping[str, tuple[int, ...]]) -> Iterable[NetworkSpec]:
        """Each network of a square picture whose numbers the first layer takes: grey, in colour, or of more channels
        where neither is a square."""
        first = shapes.get("fc1.weight", ())
        numbers = [int(found[1]) for found in map(_BLOCK.match, shapes) if found]
        if len(first) != 2 or not numbers:
            return
        shortcut: Shortcut = "identity" if "layer1.0.fc2.weight" in shapes else "none"
        layers = (max(numbers) + 1) * (2 if shortcut == "identity" else 1)
        classes = max(shapes.get("fc.weight", ())[:1], default=10)
        squares = [
            count
            for count in range(1, _CHANNELS)
            if first[1] and math.isqrt(first[1] // count) ** 2 * count == first[1]
        ]
        for channels in [count for count in squares if count in (1, 3)] or squares[:1]:
            yield cls(layers + 2, first[0], shortcut, channels, math.isqrt(first[1] // channels), classes)
