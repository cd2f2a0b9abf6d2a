"""Residual networks spelt out from the papers' figures, with PyTorch's functions on a state dict: slow and obvious."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from explorer.networks.families.resnet import ResNetSpec

HALF = 0.5
"""He et al. 2016, Table 1: constant scaling and the dropout shortcut."""


@dataclass(frozen=True)
class ByHand:
    """A residual network from its numbers.

    Attributes:
        spec: whose.
        state: parameters and statistics, by torchvision's names.
        training: batch norms by the batch's own statistics, and dropout.
    """

    spec: ResNetSpec
    state: Mapping[str, Tensor]
    training: bool = False

    def logits(self, x: Tensor, deleted: Collection[str] = (), cut: Collection[str] = ()) -> Tensor:
        """(N, channels, side, side) -> (N, classes)."""
        imagenet = self.spec.family == "imagenet"
        x = torch.relu(self.norm("bn1", self.conv("conv1", x, 2 if imagenet else 1)))
        if imagenet:
            x = functional.max_pool2d(x, 3, 2, 1)
        for stage, count in enumerate(self.spec.blocks, 1):
            for number in range(count):
                name = f"layer{stage}.{number}"
                stride = 2 if stage > 1 and number == 0 else 1
                x = self.unit(name, x, stride, name in deleted, name in cut)
        if self.spec.order == "pre-activation":
            x = self.norm("bn", x)
        if self.spec.order in ("relu-only", "pre-activation"):
            x = torch.relu(x)
        return functional.linear(x.mean((2, 3)), self.state["fc.weight"], self.state["fc.bias"])

    def unit(self, name: str, x: Tensor, stride: int, deleted: bool, cut: bool) -> Tensor:
        """One unit of He et al. 2016, Fig. 4, with a shortcut of its Fig. 2."""
        branch = self.branch(name, x, stride)
        shortcut = self.shortcut(name, x, stride, branch.shape[1])
        if deleted:
            branch = torch.zeros_like(branch)
        if cut:
            shortcut = torch.zeros_like(branch)
        y = self.together(name, x, branch, shortcut, stride)
        if self.spec.order == "bn-after":
            y = self.norm(f"{name}.bn{self.convolutions}", y)
        return torch.relu(y) if self.spec.order in ("original", "bn-after") else y

    def together(self, name: str, x: Tensor, branch: Tensor, shortcut: Tensor, stride: int) -> Tensor:
        variant = self.spec.variant
        if variant in ("exclusive-gate", "shortcut-gate"):
            weight, bias = self.state[f"{name}.gate.weight"], self.state[f"{name}.gate.bias"]
            gate = 1 / (1 + torch.exp(-functional.conv2d(x, weight, bias, stride)))
            return (gate * branch if variant == "exclusive-gate" else branch) + (1 - gate) * shortcut
        return (HALF * branch if variant == "scale-both" else branch) + shortcut

    @property
    def convolutions(self) -> int:
        return 3 if self.spec.block == "bottleneck" else 2

    def branch(self, name: str, x: Tensor, stride: int) -> Tensor:
        """Columns (a) to (e) of He et al. 2016, Fig. 4, read from top to bottom."""
        count = self.convolutions
        strided = 2 if self.spec.block == "bottleneck" and self.spec.stride_place == "3x3" else 1
        for number in range(1, count + 1):
            first, last = name == "layer1.0" and number == 1, number == count
            if self.spec.order == "pre-activation" and not first:
                x = torch.relu(self.norm(f"{name}.bn{number}", x))
            if self.spec.order == "relu-only" and not first:
                x = torch.relu(x)
            if last and self.training and self.spec.dropout:
                x = functional.dropout(x, self.spec.dropout)
            groups = self.spec.groups if number == 2 else 1
            x = self.conv(f"{name}.conv{number}", x, stride if number == strided else 1, groups)
            if self.spec.order in ("original", "relu-before", "relu-only") or (
                self.spec.order == "bn-after" and not last
            ):
                x = self.norm(f"{name}.bn{number}", x)
            if self.spec.order == "relu-before" or (self.spec.order in ("original", "bn-after") and not last):
                x = torch.relu(x)
        return x

    def shortcut(self, name: str, x: Tensor, stride: int, channels: int) -> Tensor:
        option = dict(self.spec.shortcuts).get(name, self.spec.shortcut)
        changes = stride != 1 or x.shape[1] != channels
        if option == "C" or (option == "B" and changes):
            if self.spec.order == "pre-activation":
                activated = x if name == "layer1.0" else torch.relu(self.norm(f"{name}.bn1", x))
                y = self.conv(f"{name}.downsample.0", activated, stride)
            else:
                late = self.spec.order == "relu-only" and name != "layer1.0"
                y = self.conv(f"{name}.downsample.0", torch.relu(x) if late else x, stride)
                y = self.norm(f"{name}.downsample.1", y)
        else:
            y = torch.zeros(len(x), channels, *x[:, :, ::stride, ::stride].shape[2:], dtype=x.dtype)
            y[:, : x.shape[1]] = x[:, :, ::stride, ::stride]
        if self.spec.variant in ("scale", "scale-both"):
            return HALF * y
        return functional.dropout(y, HALF) if self.spec.variant == "dropout" and self.training else y

    def conv(self, name: str, x: Tensor, stride: int = 1, groups: int = 1) -> Tensor:
        weight = self.state[f"{name}.weight"]
        return functional.conv2d(x, weight, None, stride, weight.shape[2] // 2, 1, groups)

    def norm(self, name: str, x: Tensor) -> Tensor:
        """(x - mean) / sqrt(variance + 1e-5) * weight + bias, channel by channel."""
        weight, bias = (self.state[f"{name}.{key}"][:, None, None] for key in ("weight", "bias"))
        if self.training:
            mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        else:
            mean, variance = self.state[f"{name}.running_mean"], self.state[f"{name}.running_var"]
        return (x - mean[:, None, None]) / torch.sqrt(variance[:, None, None] + 1e-5) * weight + bias


ORDERS = ("original", "bn-after", "relu-before", "relu-only", "pre-activation")
VARIANTS = ("scale", "scale-both", "exclusive-gate", "shortcut-gate", "dropout")
SMALL = ResNetSpec("cifar", (2, 2, 1), "basic", "A", side=10, classes=5, width=4)


def _specs() -> Iterator[tuple[str, ResNetSpec]]:
    for order in ORDERS:
        for option in ("A", "B", "C"):
            yield f"{order} {option}", SMALL.with_(order=order, shortcut=option)
        yield f"{order} bottleneck", SMALL.with_(order=order, shortcut="B", block="bottleneck", width=2)
        yield (
            f"{order} options",
            SMALL.with_(order=order, shortcuts=(("layer1.1", "C"), ("layer2.0", "B"), ("layer3.0", "A"))),
        )
    for variant in VARIANTS:
        for order in ("original", "bn-after", "pre-activation"):
            yield f"{variant} {order}", SMALL.with_(variant=variant, order=order)
        yield f"{variant} B", SMALL.with_(variant=variant, shortcut="B")
    yield "paper's stride", SMALL.with_(shortcut="B", block="bottleneck", width=2, stride_place="1x1")
    yield "groups", SMALL.with_(shortcut="B", block="bottleneck", width=16, groups=4, base_width=8)
    yield (
        "imagenet groups",
        ResNetSpec("imagenet", (1, 2, 1, 1), "bottleneck", side=40, classes=5, width=16, groups=2, base_width=16),
    )
    yield "wide", SMALL.with_(shortcut="B", width=8, stem_width=4, order="pre-activation", dropout=0.3)


SPECS = dict(_specs())
