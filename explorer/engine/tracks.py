"""Operations -> what computes them: the leaf modules with the parameters, and functions around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import SqueezeExcitation

from explorer.networks.operations import Operation

Step = Callable[[Tensor], Tensor]
_FRESH = frozenset({"conv", "bn", "linear", "maxpool", "avgpool", "se", "scale", "relu", "silu"})
"""What makes a tensor of its own, so that what follows may write into it."""
ADDABLE = frozenset({"conv", "bn", "linear", "scale"})
"""Whose output nobody needs again, not even autograd."""


_EPS = 1e-5
"""What batch norm adds to a variance, unless the operation says otherwise."""


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


class Gate(nn.Conv2d):
    """The gate g of a shortcut, a 1x1 convolution before a sigmoid (He et al. 2016, section 3.1).

    (N, C, H, W) -> (N, out_channels, H / stride, W / stride), between 0 and 1. Its bias starts at -6, the paper's best,
    so that the shortcut begins as the identity.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__(in_channels, out_channels, 1, stride)
        assert self.bias is not None
        nn.init.constant_(self.bias, -6.0)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(super().forward(x))


def leaf(operation: Operation) -> nn.Module | None:
    """A module with the parameters of an operation, or one that does something else in training; None for others."""
    inside, out, size, stride = operation.input[0], operation.output[0], operation.kernel, operation.stride
    if operation.kind == "conv":
        return nn.Conv2d(inside, out, size, stride, operation.padding, groups=operation.groups, bias=operation.bias)
    if operation.kind == "bn":
        return nn.BatchNorm2d(out, operation.number or _EPS)
    if operation.kind == "linear":
        return nn.Linear(inside, out, operation.bias)
    if operation.kind == "gate":
        return Gate(inside, out, stride)
    if operation.kind == "dropout":
        return nn.Dropout(operation.number)
    return SqueezeExcitation(inside, int(operation.number), nn.SiLU) if operation.kind == "se" else None


def plant(root: nn.Module, path: str, module: nn.Module) -> None:
    """Put a module where its path says, on empty modules where there are none yet."""
    *parents, name = path.split(".")
    for parent in parents:
        if parent not in root._modules:
            root.add_module(parent, nn.Module())
        root = root.get_submodule(parent)
    root.add_module(name, module)


def compiled(operations: Sequence[Operation], module: Callable[[str], nn.Module | None], fresh: bool) -> list[Step]:
    """What computes a row of operations.

    Args:
        operations: one after another.
        module: an operation's module by its id, None where there is none.
        fresh: whether what comes in may be written into.
    """
    steps: list[Step] = []
    for operation in operations:
        steps.append(_step(operation, module(operation.id), fresh))
        fresh = operation.kind in _FRESH or (fresh and operation.kind == "dropout")
    return steps


def run(steps: Sequence[Step], x: Tensor) -> Tensor:
    """One after another."""
    for step in steps:
        x = step(x)
    return x


def _step(operation: Operation, module: nn.Module | None, fresh: bool) -> Step:
    kind = operation.kind
    if kind == "relu":
        return functional.relu_ if fresh else functional.relu
    if kind == "silu":
        return _silu_ if fresh else functional.silu
    if kind == "linear":
        assert isinstance(module, nn.Linear)
        return _Linear(module)
    if kind == "scale":
        return _Scaling(operation.number)
    if module is not None:
        return module
    if kind == "maxpool":
        return nn.MaxPool2d(operation.kernel, operation.stride, operation.padding)
    if kind == "avgpool":
        if operation.stride > 1:
            return nn.AvgPool2d(operation.kernel, operation.stride)
        return nn.AdaptiveAvgPool2d(operation.output[1:])
    return _plain_step(operation)


def _plain_step(operation: Operation) -> Step:
    if operation.kind == "subsample":
        return Subsampling(operation.input[0], operation.output[0], operation.stride)
    if operation.kind == "flatten":
        return _as_map
    raise ValueError(f"nothing computes a {operation.kind} on its own")


class _Linear:
    """A fully connected layer on maps of one position: (N, C, 1, 1) -> (N, out_channels, 1, 1)."""

    def __init__(self, module: nn.Linear) -> None:
        self.module = module

    def __call__(self, x: Tensor) -> Tensor:
        result: Tensor = self.module(torch.flatten(x, 1))
        return result[:, :, None, None]


class _Scaling:
    """A constant factor."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, x: Tensor) -> Tensor:
        return x * self.factor


def _silu_(x: Tensor) -> Tensor:
    return functional.silu(x, inplace=True)


def _as_map(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C H W, 1, 1)."""
    return torch.flatten(x, 1)[:, :, None, None]
