"""A spec -> its operations, with shapes: what the cost figures add up and what an opened block shows.

Strides and paddings are those of torchvision's `models/resnet.py`; option A is He et al. 2015, section 3.3; full
pre-activation is He et al. 2016, Fig. 4e, with the edges of its section 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from explorer.networks.spec import BlockSpec, NetworkSpec, Shape

OperationKind = Literal["conv", "bn", "relu", "maxpool", "avgpool", "linear", "add", "subsample"]


@dataclass(frozen=True)
class Operation:
    """One operation on one image.

    Attributes:
        id: module path where it has parameters (`layer1.0.conv1`), a path of the same form where not.
        kind: what it does.
        input, output: shapes (channels, height, width).
        kernel, stride: side of its window and its step, 1 where it has none.
        parameters: learned numbers (running statistics of batch norm are not learned).
        macs: multiply-adds, for conv and linear only.
        on_shortcut: whether it stands on the shortcut instead of the residual branch.
    """

    id: str
    kind: OperationKind
    input: Shape
    output: Shape
    kernel: int = 1
    stride: int = 1
    parameters: int = 0
    macs: int = 0
    on_shortcut: bool = False


def stem_operations(spec: NetworkSpec) -> tuple[Operation, ...]:
    """7x7 conv, BN, ReLU, 3x3 max pool (ImageNet family) or 3x3 conv, BN, ReLU (CIFAR family)."""
    large = spec.family == "imagenet"
    conv = _conv("conv1", spec.input_shape, spec.stem_channels, 7 if large else 3, 2 if large else 1)
    operations = [conv, _bn("bn1", conv.output), Operation("relu", "relu", conv.output, conv.output)]
    if large:
        operations.append(Operation("maxpool", "maxpool", conv.output, _halved(conv.output), kernel=3, stride=2))
    return tuple(operations)


def block_operations(block: BlockSpec, shape: Shape) -> tuple[Operation, ...]:
    """The pool before the block where there is one, the residual branch in order, then the shortcut's operations (none
    for identity), the addition, and the ReLU behind it in the original order.

    Args:
        block: of the network.
        shape: of the block's input.
    """
    before: tuple[Operation, ...] = ()
    if block.pooled:
        before = (Operation(f"{block.id}.pool", "maxpool", shape, pooled(shape), kernel=2, stride=2),)
        shape = before[0].output
    branch = tuple(_branch(block, shape))
    output = branch[-1].output
    after = []
    if block.shortcut != "none":
        after.append(Operation(f"{block.id}.add", "add", output, output))
    if not block.preactivated:
        after.append(Operation(f"{block.id}.relu", "relu", output, output))
    return (*before, *branch, *_shortcut_operations(block, shape, output), *after)


_SIZES = {"basic": (3, 3), "bottleneck": (1, 3, 1), "layer": (3,)}


def _branch(block: BlockSpec, shape: Shape) -> Iterator[Operation]:
    """Convolutions, each with batch norm and ReLU behind it or, pre-activated, before it."""
    sizes = _SIZES[block.kind]
    strided = 1 if block.kind == "bottleneck" and block.stride_place == "3x3" else 0
    for index, size in enumerate(sizes):
        number = index + 1
        last = number == len(sizes)
        if block.preactivated and not (block.first and index == 0):
            yield _bn(f"{block.id}.bn{number}", shape)
            yield Operation(f"{block.id}.relu{number}", "relu", shape, shape)
        channels = block.out_channels if last else block.width
        conv = _conv(f"{block.id}.conv{number}", shape, channels, size, block.stride if index == strided else 1)
        shape = conv.output
        yield conv
        if not block.preactivated:
            yield _bn(f"{block.id}.bn{number}", shape)
            if not last:
                yield Operation(f"{block.id}.relu{number}", "relu", shape, shape)


def _shortcut_operations(block: BlockSpec, shape: Shape, output: Shape) -> tuple[Operation, ...]:
    name = f"{block.id}.downsample"
    if block.shortcut == "projection":
        conv = _conv(f"{name}.0", shape, block.out_channels, 1, block.stride, on_shortcut=True)
        return (conv,) if block.preactivated else (conv, _bn(f"{name}.1", conv.output, on_shortcut=True))
    if block.shortcut == "subsampling":
        return (Operation(name, "subsample", shape, output, stride=block.stride, on_shortcut=True),)
    return ()


def before_the_split(block: BlockSpec, operations: tuple[Operation, ...]) -> Operation | None:
    """The operation behind which the shortcut leaves; None where that is the block's input.

    A projection of a pre-activation block leaves behind the first ReLU: it is pre-activated too.
    """
    if block.preactivated and block.shortcut == "projection" and not block.first:
        return next(operation for operation in operations if operation.kind == "relu")
    return operations[0] if block.pooled else None


def head_operations(spec: NetworkSpec, shape: Shape) -> tuple[Operation, ...]:
    """Global average pooling and the classifier, on the last stage's output; behind pre-activation blocks, the last
    batch norm and ReLU first."""
    averages = (shape[0], 1, 1)
    weights = shape[0] * spec.classes
    last = (_bn("bn", shape), Operation("last_relu", "relu", shape, shape)) if spec.order == "pre-activation" else ()
    return (
        *last,
        Operation("avgpool", "avgpool", shape, averages, kernel=shape[1]),
        Operation("fc", "linear", averages, (spec.classes, 1, 1), parameters=weights + spec.classes, macs=weights),
    )


def operations_by_part(spec: NetworkSpec) -> Iterator[tuple[str, tuple[Operation, ...]]]:
    """Pairs of a part's id (`stem`, every block's, `head`) and its operations, from input to output."""
    stem = stem_operations(spec)
    yield "stem", stem
    shape = stem[-1].output
    for block in spec.all_blocks:
        operations = block_operations(block, shape)
        shape = operations[-1].output
        yield block.id, operations
    yield "head", head_operations(spec, shape)


def _conv(name: str, shape: Shape, channels: int, size: int, stride: int, on_shortcut: bool = False) -> Operation:
    padding = size // 2
    height, width = ((side + 2 * padding - size) // stride + 1 for side in shape[1:])
    weights = shape[0] * channels * size * size
    return Operation(
        name, "conv", shape, (channels, height, width), size, stride, weights, weights * height * width, on_shortcut
    )


def _bn(name: str, shape: Shape, on_shortcut: bool = False) -> Operation:
    return Operation(name, "bn", shape, shape, parameters=2 * shape[0], on_shortcut=on_shortcut)


def pooled(shape: Shape) -> Shape:
    """After a 2x2 max pool with stride 2."""
    return (shape[0], shape[1] // 2, shape[2] // 2)


def _halved(shape: Shape) -> Shape:
    """After a 3x3 window with stride 2 and padding 1."""
    return (shape[0], (shape[1] - 1) // 2 + 1, (shape[2] - 1) // 2 + 1)
