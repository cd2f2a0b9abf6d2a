"""The modules of a residual network, with torchvision's names, so that its state dicts load as they are.

A block can run with its residual branch deleted (F := 0, Veit et al. 2016, section 4.1): deletion is an argument of
the forward pass, not a state of the module, so one module serves every set of deleted blocks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from explorer.networks.spec import BlockSpec, NetworkSpec


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
    """One residual unit, y = ReLU(shortcut(x) + F(x)) (He et al. 2015, equations 1 and 2)."""

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__()
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(spec)

    @abstractmethod
    def branch(self, x: Tensor) -> Tensor:
        """The residual branch F(x): (N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)."""

    def shortcut(self, x: Tensor) -> Tensor:
        """The other way, of the same output shape."""
        return x if self.downsample is None else self.downsample(x)

    def forward(self, x: Tensor, deleted: bool = False, out: Tensor | None = None) -> Tensor:
        """The block's output; with `deleted`, what its shortcut alone gives.

        Args:
            x: (N, in_channels, H, W).
            deleted: whether the residual branch gives zero.
            out: memory for the output where the branch is computed, outside of autograd; else it is new.
        """
        if deleted:
            # What comes in is an output of ReLU, so the identity needs no ReLU of its own.
            return x if self.downsample is None else functional.relu(self.downsample(x))
        y = self.branch(x)
        if out is None:
            y += self.shortcut(x)
        else:
            y = torch.add(y, self.shortcut(x), out=out)
        result: Tensor = self.relu(y)
        return result


class BasicBlock(Block):
    """3x3, 3x3 (He et al. 2015, Fig. 5 left)."""

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__(spec)
        self.conv1 = _conv(spec.in_channels, spec.width, 3, spec.stride)
        self.bn1 = nn.BatchNorm2d(spec.width)
        self.conv2 = _conv(spec.width, spec.out_channels, 3)
        self.bn2 = nn.BatchNorm2d(spec.out_channels)

    def branch(self, x: Tensor) -> Tensor:
        result: Tensor = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return result


class Bottleneck(Block):
    """1x1, 3x3, 1x1 (He et al. 2015, Fig. 5 right), the stride on the 3x3 (torchvision) or the first 1x1 (paper)."""

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__(spec)
        on_first = spec.stride_place == "1x1"
        self.conv1 = _conv(spec.in_channels, spec.width, 1, spec.stride if on_first else 1)
        self.bn1 = nn.BatchNorm2d(spec.width)
        self.conv2 = _conv(spec.width, spec.width, 3, 1 if on_first else spec.stride)
        self.bn2 = nn.BatchNorm2d(spec.width)
        self.conv3 = _conv(spec.width, spec.out_channels, 1)
        self.bn3 = nn.BatchNorm2d(spec.out_channels)

    def branch(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        result: Tensor = self.bn3(self.conv3(x))
        return result


class ResidualNetwork(nn.Module):
    """Stem, stages, head; parameters named as torchvision's `ResNet` names them.

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
        kinds: dict[str, type[Block]] = {"basic": BasicBlock, "bottleneck": Bottleneck}
        for stage in spec.stages:
            self.add_module(stage.id, nn.Sequential(*(kinds[block.kind](block) for block in stage.blocks)))
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
        logits: Tensor = self.fc(torch.flatten(self.avgpool(x), 1))
        return logits

    def forward(self, x: Tensor, deleted: Collection[str] = ()) -> Tensor:
        """Logits, with the residual branches of the `deleted` blocks set to zero."""
        x = self.stem(x)
        for block_id, block in self.blocks():
            x = block(x, block_id in deleted)
        return self.head(x)


def answers(logits: Tensor) -> Tensor:
    """The class that a network says: (N, classes) -> int64 (N,), -1 where its logits are not all numbers, so that no
    such answer is ever right."""
    return torch.where(logits.isfinite().all(1), logits.argmax(1), -1)


def _conv(in_channels: int, out_channels: int, size: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, size, stride=stride, padding=size // 2, bias=False)


def _shortcut(spec: BlockSpec) -> nn.Module | None:
    if spec.shortcut == "projection":
        projection = _conv(spec.in_channels, spec.out_channels, 1, spec.stride)
        return nn.Sequential(projection, nn.BatchNorm2d(spec.out_channels))
    if spec.shortcut == "subsampling":
        return Subsampling(spec.in_channels, spec.out_channels, spec.stride)
    return None
