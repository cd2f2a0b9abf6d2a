"""A residual block, in every order of activation and with every variant of the shortcut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from explorer.networks.operations import (
    Operation,
    Wiring,
    add,
    bn,
    conv,
    dropout,
    gate,
    pool,
    relu,
    scale,
)
from explorer.networks.spec import BlockSpec, Shape

BlockKind = Literal["basic", "bottleneck", "layer"]
StridePlace = Literal["3x3", "1x1"]
Order = Literal["original", "bn-after", "relu-before", "relu-only", "pre-activation"]
Variant = Literal["none", "scale", "scale-both", "exclusive-gate", "shortcut-gate", "dropout"]

EXPANSION: dict[str, int] = {"basic": 1, "bottleneck": 4, "layer": 1}
"""Output channels of a block over the width of its stage (He et al. 2015, Table 1)."""
CONVS: dict[str, int] = {"basic": 2, "bottleneck": 3, "layer": 1}
"""Weighted layers on the residual branch of one block; a `layer` is one convolution of a network without shortcuts."""
ORDER_WORDS = {
    "bn-after": "BN after addition",
    "relu-before": "ReLU before addition",
    "relu-only": "ReLU-only pre-activation",
}
VARIANT_WORDS = {
    "scale": "shortcut × 0.5",
    "scale-both": "shortcut and branch × 0.5",
    "exclusive-gate": "exclusive gating",
    "shortcut-gate": "shortcut-only gating",
    "dropout": "dropout shortcut",
}
_SIZES = {"basic": (3, 3), "bottleneck": (1, 3, 1), "layer": (3,)}
_HALF = 0.5
"""Factor of constant scaling, and share of the dropout shortcut (He et al. 2016, Table 1)."""


@dataclass(frozen=True, kw_only=True)
class ResidualBlock(BlockSpec):
    """One residual unit, or one layer of a plain network.

    Attributes:
        kind: basic (two 3x3), bottleneck (1x1, 3x3, 1x1) or layer (one 3x3).
        width: channels between its convolutions.
        stride_place: which convolution of a bottleneck has the stride.
        order: of activation (He et al. 2016, Fig. 4). Of pre-activation blocks, a projection starts behind the first
            ReLU (ibid., section 5).
        first: whether it is the first block of a pre-activation network, whose first batch norm and ReLU stand in the
            stem, before the two ways part (ibid., section 5).
        groups: of the 3x3 convolution of a bottleneck.
        variant: of the shortcut (ibid., Table 1).
        dropout: share that training drops between the convolutions.
    """

    width: int
    stride_place: StridePlace = "3x3"
    order: Order = "original"
    first: bool = False
    groups: int = 1
    variant: Variant = "none"
    dropout: float = 0.0

    @property
    def preactivated(self) -> bool:
        """Whether activations stand before the convolutions, and nothing behind the addition."""
        return self.order in ("relu-only", "pre-activation")

    @property
    def parts_late(self) -> bool:
        return self.preactivated and self.shortcut == "projection" and not self.first

    @property
    def passes_on(self) -> bool:
        # Behind a batch norm after the addition, what was passed on is another.
        return super().passes_on and self.order != "bn-after"

    def operations(self, shape: Shape) -> Wiring:
        """Strides and paddings as in torchvision's `models/resnet.py`; option A as in He et al. 2015, section 3.3."""
        before = (pool(f"{self.id}.pool", shape),) if self.pooled else ()
        entering = before[0].output if before else shape
        branch = tuple(self._branch(entering))
        output = branch[-1].output
        entry = () if self.first else {"relu-only": branch[:1], "pre-activation": branch[:2]}.get(self.order, ())
        shared = entry if self.shortcut == "projection" else ()
        branch = branch[len(shared) :]
        if self.variant == "scale-both":
            branch = (*branch, scale(f"{self.id}.branch_scale", output, _HALF))
        stand_in = None
        if self.shortcut == "none" and self.downsampling:
            stand_in = self._subsample(entering, output)
        return Wiring(
            before, shared, branch, tuple(self._shortcut(entering, output)), self._join(entering, output),
            tuple(self._after(output)), stand_in,
        )  # fmt: skip

    def _branch(self, shape: Shape) -> Iterator[Operation]:
        """Convolutions, each with batch norm and ReLU behind it or, pre-activated, before it."""
        sizes = _SIZES[self.kind]
        strided = 1 if self.kind == "bottleneck" and self.stride_place == "3x3" else 0
        for index, size in enumerate(sizes):
            last = index + 1 == len(sizes)
            if not (self.first and index == 0):
                yield from self._before_conv(index + 1, shape)
            if self.dropout and last and index:
                yield dropout(f"{self.id}.dropout", shape, self.dropout)
            channels = self.out_channels if last else self.width
            groups = self.groups if self.kind == "bottleneck" and index == 1 else 1
            stride = self.stride if index == strided else 1
            one = conv(f"{self.id}.conv{index + 1}", shape, channels, size, stride, groups=groups)
            shape = one.output
            yield one
            yield from self._behind_conv(index + 1, shape, last)

    def _before_conv(self, number: int, shape: Shape) -> Iterator[Operation]:
        if self.order == "pre-activation":
            yield bn(f"{self.id}.bn{number}", shape)
        if self.preactivated:
            yield relu(f"{self.id}.relu{number}", shape)

    def _behind_conv(self, number: int, shape: Shape, last: bool) -> Iterator[Operation]:
        if self.order != "pre-activation" and not (self.order == "bn-after" and last):
            yield bn(f"{self.id}.bn{number}", shape)
        if not self.preactivated and (self.order == "relu-before" or not last):
            yield relu(f"{self.id}.relu{number}", shape)

    def _shortcut(self, shape: Shape, output: Shape) -> Iterator[Operation]:
        name = f"{self.id}.downsample"
        if self.shortcut == "projection":
            yield conv(f"{name}.0", shape, self.out_channels, 1, self.stride, on_shortcut=True)
            if self.order != "pre-activation":
                yield bn(f"{name}.1", output, on_shortcut=True)
        elif self.shortcut == "subsampling":
            yield self._subsample(shape, output)
        if self.variant in ("scale", "scale-both"):
            yield scale(f"{self.id}.scale", output, _HALF, on_shortcut=True)
        elif self.variant == "dropout":
            yield dropout(f"{self.id}.shortcut_dropout", output, _HALF, on_shortcut=True)

    def _subsample(self, shape: Shape, output: Shape) -> Operation:
        return Operation(f"{self.id}.downsample", "subsample", shape, output, stride=self.stride, on_shortcut=True)

    def _join(self, shape: Shape, output: Shape) -> Operation | None:
        if self.shortcut == "none":
            return None
        if self.variant in ("exclusive-gate", "shortcut-gate"):
            return gate(f"{self.id}.gate", shape, output, self.stride, self.variant == "exclusive-gate")
        return add(f"{self.id}.add", output)

    def _after(self, output: Shape) -> Iterator[Operation]:
        if self.order == "bn-after":
            yield bn(f"{self.id}.bn{CONVS[self.kind]}", output)
        if self.order in ("original", "bn-after"):
            yield relu(f"{self.id}.relu", output)
