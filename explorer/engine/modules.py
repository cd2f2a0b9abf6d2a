"""The modules of a residual network, with torchvision's names, so that its state dicts load as they are.

A block can run with its residual branch deleted (F := 0, Veit et al. 2016, section 4.1) or its shortcut cut, and the
blocks in another order: the lesion is an argument of the forward pass, not a state of the module, so one module serves
every lesion.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from explorer.networks.lesion import INTACT, Lesion, Mode, places
from explorer.networks.spec import CONVS, BlockSpec, NetworkSpec


class Subsampling(nn.Module):
    """Option A of He et al. 2015, section 3.3: every stride-th position, new channels filled with zeros.

    (N, C, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride)); no parameters. The zeros come after the
    channels that were there, as in most published CIFAR code.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.extra = out_channels - in_channels
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.extra))


class Block(nn.Module, ABC):
    """One residual unit, y = ReLU(shortcut(x) + F(x)) (He et al. 2015, equations 1 and 2); of a plain network, whose
    shortcut is `none`, y = ReLU(F(x))."""

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__()
        self.plain = spec.shortcut == "none"
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(spec)

    @abstractmethod
    def branch(self, x: Tensor) -> Tensor:
        """The residual branch F, from where the ways part: (N, in_channels, H, W) -> (N, out_channels, H / stride,
        W / stride)."""

    def shortcut(self, x: Tensor) -> Tensor:
        """The other way, of the same output shape. A plain layer has none; deleted, it passes its input on, subsampled
        and padded as option A does where the shape changes."""
        return x if self.downsample is None else self.downsample(x)

    def part(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What goes into the branch and what into the shortcut."""
        return x, x

    def join(self, y: Tensor) -> Tensor:
        """What follows the addition, in place."""
        result: Tensor = self.relu(y)
        return result

    def around(self, x: Tensor) -> Tensor:
        """The output when the branch is zero."""
        # What comes in is an output of ReLU, so the identity needs no ReLU of its own.
        return x if self.downsample is None else functional.relu(self.downsample(x))

    def forward(self, x: Tensor, mode: Mode = "whole", out: Tensor | None = None) -> Tensor:
        """The block's output.

        Args:
            x: (N, in_channels, H, W).
            mode: `deleted` for what the shortcut alone gives, `cut` for what the branch alone gives.
            out: memory for the sum of the two ways, outside of autograd; else it is new.
        """
        if mode == "deleted":
            return self.around(x)
        inner, outer = self.part(x)
        y = self.branch(inner)
        if mode == "whole" and not self.plain:
            if out is None:
                y += self.shortcut(outer)
            else:
                y = torch.add(y, self.shortcut(outer), out=out)
        return self.join(y)


class PlainLayer(Block):
    """3x3, batch norm, ReLU: one layer of a plain network (He et al. 2015, section 3.3)."""

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__(spec)
        self.conv1 = _conv(spec.in_channels, spec.out_channels, 3, spec.stride)
        self.bn1 = nn.BatchNorm2d(spec.out_channels)

    def branch(self, x: Tensor) -> Tensor:
        result: Tensor = self.bn1(self.conv1(x))
        return result


class BasicBlock(Block):
    """3x3, 3x3 (He et al. 2015, Fig. 5 left)."""

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__(spec)
        self.conv1, self.conv2 = _convolutions(spec)
        self.bn1 = nn.BatchNorm2d(spec.width)
        self.bn2 = nn.BatchNorm2d(spec.out_channels)

    def branch(self, x: Tensor) -> Tensor:
        result: Tensor = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return result


class Bottleneck(Block):
    """1x1, 3x3, 1x1 (He et al. 2015, Fig. 5 right), the stride on the 3x3 (torchvision) or the first 1x1 (paper)."""

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__(spec)
        self.conv1, self.conv2, self.conv3 = _convolutions(spec)
        self.bn1 = nn.BatchNorm2d(spec.width)
        self.bn2 = nn.BatchNorm2d(spec.width)
        self.bn3 = nn.BatchNorm2d(spec.out_channels)

    def branch(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        result: Tensor = self.bn3(self.conv3(x))
        return result


class PreactivatedBlock(Block):
    """Full pre-activation, y = shortcut(x) + F(x), F = BN, ReLU, conv, BN, ReLU, conv … (He et al. 2016, equation 3
    and Fig. 4e), basic or bottleneck.

    The first block's first batch norm and ReLU stand in the stem, and a projection starts behind the first ReLU
    (ibid., section 5).
    """

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__(spec)
        self.first = spec.first
        self.projected = spec.shortcut == "projection"
        widths = (spec.in_channels, spec.width, spec.width)
        for number, conv in enumerate(_convolutions(spec), 1):
            if number > 1 or not spec.first:
                self.add_module(f"bn{number}", nn.BatchNorm2d(widths[number - 1]))
            self.add_module(f"conv{number}", conv)
        self.count = CONVS[spec.kind]

    def _activation(self, number: int, x: Tensor) -> Tensor:
        result: Tensor = self.relu(self.get_submodule(f"bn{number}")(x))
        return result

    def part(self, x: Tensor) -> tuple[Tensor, Tensor]:
        inner = x if self.first else self._activation(1, x)
        return inner, inner if self.projected else x

    def branch(self, x: Tensor) -> Tensor:
        x = self.get_submodule("conv1")(x)
        for number in range(2, self.count + 1):
            x = self.get_submodule(f"conv{number}")(self._activation(number, x))
        return x

    def join(self, y: Tensor) -> Tensor:
        return y

    def around(self, x: Tensor) -> Tensor:
        return self.shortcut(self.part(x)[1] if self.projected else x)


class ResidualNetwork(nn.Module):
    """Stem, stages, head; parameters named as torchvision's `ResNet` names them. Without shortcuts it is a plain net.

    Input (N, in_channels, side, side), output (N, classes). Any other side works too; the spec's is what the cost
    figures state.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        self.spec = spec
        large = spec.family == "imagenet"
        self.conv1 = _conv(spec.in_channels, spec.stem_channels, 7 if large else 3, 2 if large else 1)
        self.bn1 = nn.BatchNorm2d(spec.stem_channels)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if large else nn.Identity()
        for stage in spec.stages:
            self.add_module(stage.id, nn.Sequential(*map(_block, stage.blocks)))
        if spec.order == "pre-activation":
            self.bn = nn.BatchNorm2d(spec.stages[-1].out_channels)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(spec.stages[-1].out_channels, spec.classes)

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Pairs of id and block, from input to output."""
        for stage in self.spec.stages:
            for block, module in zip(stage.blocks, self.get_submodule(stage.id).children(), strict=True):
                assert isinstance(module, Block)
                yield block.id, module

    def stem(self, x: Tensor) -> Tensor:
        """(N, in_channels, side, side) -> (N, stem_channels, H, W)."""
        result: Tensor = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return result

    def head(self, x: Tensor) -> Tensor:
        """The last stage's output -> logits (N, classes)."""
        if self.spec.order == "pre-activation":
            x = self.relu(self.bn(x))
        logits: Tensor = self.fc(torch.flatten(self.avgpool(x), 1))
        return logits

    def forward(self, x: Tensor, lesion: Lesion = INTACT) -> Tensor:
        """Logits, with the lesion done to its blocks."""
        x = self.stem(x)
        blocks = dict(self.blocks())
        for place in places(self.spec, lesion):
            if place.spec.pooled:
                x = pool(x)
            x = blocks[place.block](x, place.mode)
        return self.head(x)


def pool(x: Tensor) -> Tensor:
    """The 2x2 max pool between the stages of a VGG-like net: (N, C, H, W) -> (N, C, H // 2, W // 2)."""
    return functional.max_pool2d(x, 2)


def answers(logits: Tensor) -> Tensor:
    """The class that a network says: (N, classes) -> int64 (N,), -1 where its logits are not all numbers, so that no
    such answer is ever right."""
    return torch.where(logits.isfinite().all(1), logits.argmax(1), -1)


def _conv(in_channels: int, out_channels: int, size: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, size, stride=stride, padding=size // 2, bias=False)


def _convolutions(spec: BlockSpec) -> tuple[nn.Conv2d, ...]:
    """The 3x3, 3x3 of a basic block or the 1x1, 3x3, 1x1 of a bottleneck."""
    if spec.kind == "basic":
        return _conv(spec.in_channels, spec.width, 3, spec.stride), _conv(spec.width, spec.out_channels, 3)
    on_first = spec.stride_place == "1x1"
    return (
        _conv(spec.in_channels, spec.width, 1, spec.stride if on_first else 1),
        _conv(spec.width, spec.width, 3, 1 if on_first else spec.stride),
        _conv(spec.width, spec.out_channels, 1),
    )


def _block(spec: BlockSpec) -> Block:
    if spec.preactivated:
        return PreactivatedBlock(spec)
    kinds: dict[str, type[Block]] = {"basic": BasicBlock, "bottleneck": Bottleneck, "layer": PlainLayer}
    return kinds[spec.kind](spec)


def _shortcut(spec: BlockSpec) -> nn.Module | None:
    if spec.shortcut == "projection":
        projection = _conv(spec.in_channels, spec.out_channels, 1, spec.stride)
        if spec.preactivated:
            return nn.Sequential(projection)
        return nn.Sequential(projection, nn.BatchNorm2d(spec.out_channels))
    if spec.shortcut == "subsampling" or (spec.shortcut == "none" and spec.downsampling):
        return Subsampling(spec.in_channels, spec.out_channels, spec.stride)
    return None
