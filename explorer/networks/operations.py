"""What blocks, stems and heads compute, operation by operation, with shapes.

Cost figures add operations up, an opened block shows them, and the engine builds its modules from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from explorer.networks.spec import NetworkSpec, Shape

OperationKind = Literal[
    "conv", "bn", "relu", "silu", "maxpool", "avgpool", "linear", "flatten", "dropout", "se", "scale", "subsample",
    "add", "gate", "concat",
]  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """One operation on one image.

    Attributes:
        id: module path where it has parameters (`layer1.0.conv1`), a path of the same form where not.
        kind: what it does. `avgpool` averages windows where it has a stride, else it averages to its output's size;
            `se` is squeeze-excitation (Hu et al. 2018, arXiv:1709.01507); `gate` joins branch and shortcut by
            g(x) F(x) + (1 - g(x)) x, g a 1x1 conv and sigmoid of the block's input (He et al. 2016, section 3.1).
        input, output: shapes (channels, height, width).
        kernel, stride, padding: side of its window, its step, and what is added around the map.
        parameters: learned numbers (running statistics of batch norm are not learned).
        macs: multiply-adds, for conv and linear only, and for the convolutions in `se` and `gate`.
        on_shortcut: whether it stands on the shortcut instead of the residual branch.
        groups: of a conv.
        bias: whether a conv or linear has one; a gate always has.
        number: of a `bn` what is added to the variance, 0 for PyTorch's usual 1e-5; of a `scale` the factor;
            of a `dropout` the share that training drops; of a `gate` 1 where F is gated
            too (exclusive gating), 0 where only the shortcut is; of an `se` its squeezed channels.
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
    padding: int = 0
    groups: int = 1
    bias: bool = False
    number: float = 0.0


Operations = tuple[Operation, ...]
SHORTCUT_ONLY = -1.0
"""Number of a gate whose branch is gone."""


@dataclass(frozen=True)
class Wiring:
    """The operations of one block.

    Attributes:
        before: of its place; they stay when the block is deleted or moved.
        shared: before the ways part.
        branch: the residual branch.
        shortcut: none for the identity.
        join: where the ways meet; None without a shortcut.
        after: behind that.
        stand_in: what a block without shortcut leaves behind when it is deleted and changes the shape; no operation of
            the intact network.
    """

    before: Operations = ()
    shared: Operations = ()
    branch: Operations = ()
    shortcut: Operations = ()
    join: Operation | None = None
    after: Operations = ()
    stand_in: Operation | None = None

    @property
    def all(self) -> Operations:
        """In the order in which they are listed above."""
        joined = () if self.join is None else (self.join,)
        return (*self.before, *self.shared, *self.branch, *self.shortcut, *joined, *self.after)

    @property
    def split(self) -> Operation | None:
        """The operation behind which the shortcut leaves; None where that is the block's input."""
        first = (*self.before, *self.shared)
        return first[-1] if first else None


def operations_by_part(spec: NetworkSpec) -> Iterator[tuple[str, Operations]]:
    """Pairs of a part's id (`stem`, every block's, `head`) and its operations, from input to output."""
    stem = spec.stem_operations()
    yield "stem", stem
    shape = stem[-1].output
    for block in spec.all_blocks:
        operations = block.operations(shape).all
        shape = operations[-1].output
        yield block.id, operations
    yield "head", spec.head_operations(shape)


def parameter_shapes(spec: NetworkSpec) -> dict[str, tuple[int, ...]]:
    """Keys and shapes of a network's state dict, by arithmetic alone."""
    shapes: dict[str, tuple[int, ...]] = {}
    for _, operations in operations_by_part(spec):
        for operation in operations:
            shapes |= {f"{operation.id}.{name}": shape for name, shape in state_of(operation)}
    return shapes


def state_of(operation: Operation) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of what an operation's own module keeps."""
    inside, out, size = operation.input[0], operation.output[0], operation.kernel
    if operation.kind in ("conv", "gate"):
        yield "weight", (out, inside // operation.groups, size, size)
        if operation.bias:
            yield "bias", (out,)
    elif operation.kind == "linear":
        yield "weight", (out, inside)
        if operation.bias:
            yield "bias", (out,)
    elif operation.kind == "bn":
        for name in ("weight", "bias", "running_mean", "running_var"):
            yield name, (out,)
        yield "num_batches_tracked", ()
    elif operation.kind == "se":
        squeezed = int(operation.number)
        for name, to, of in (("fc1", squeezed, inside), ("fc2", inside, squeezed)):
            yield f"{name}.weight", (to, of, 1, 1)
            yield f"{name}.bias", (to,)


# -- making them -------------------------------------------------------------------------------------------------


def conv(
    name: str,
    shape: Shape,
    channels: int,
    size: int,
    stride: int = 1,
    *,
    groups: int = 1,
    bias: bool = False,
    on_shortcut: bool = False,
) -> Operation:
    """A convolution, padded by half its size."""
    padding = size // 2
    height, width = ((side + 2 * padding - size) // stride + 1 for side in shape[1:])
    weights = shape[0] // groups * channels * size * size
    return Operation(
        name, "conv", shape, (channels, height, width), size, stride, weights + (channels if bias else 0),
        weights * height * width, on_shortcut, padding, groups, bias,
    )  # fmt: skip


def bn(name: str, shape: Shape, on_shortcut: bool = False, eps: float = 0.0) -> Operation:
    """Batch norm."""
    return Operation(name, "bn", shape, shape, parameters=2 * shape[0], on_shortcut=on_shortcut, number=eps)


def relu(name: str, shape: Shape) -> Operation:
    return Operation(name, "relu", shape, shape)


def silu(name: str, shape: Shape) -> Operation:
    return Operation(name, "silu", shape, shape)


def flatten(name: str, shape: Shape) -> Operation:
    """All values as channels of one position."""
    return Operation(name, "flatten", shape, (shape[0] * shape[1] * shape[2], 1, 1))


def linear(name: str, shape: Shape, channels: int, *, bias: bool = True) -> Operation:
    """A fully connected layer on a shape (channels, 1, 1)."""
    weights = shape[0] * channels
    return Operation(
        name, "linear", shape, (channels, 1, 1), parameters=weights + (channels if bias else 0), macs=weights, bias=bias
    )


def pool(name: str, shape: Shape, kind: Literal["maxpool", "avgpool"] = "maxpool") -> Operation:
    """A 2x2 window with stride 2."""
    return Operation(name, kind, shape, (shape[0], shape[1] // 2, shape[2] // 2), kernel=2, stride=2)


def max_pool3(name: str, shape: Shape) -> Operation:
    """A 3x3 max pool with stride 2 and padding 1."""
    output = (shape[0], (shape[1] - 1) // 2 + 1, (shape[2] - 1) // 2 + 1)
    return Operation(name, "maxpool", shape, output, kernel=3, stride=2, padding=1)


def global_average(name: str, shape: Shape) -> Operation:
    """The mean of each channel."""
    return Operation(name, "avgpool", shape, (shape[0], 1, 1), kernel=shape[1])


def adaptive_average(name: str, shape: Shape, side: int) -> Operation:
    """Means of side x side windows that cover the map, overlapping where it can't be divided evenly."""
    return Operation(name, "avgpool", shape, (shape[0], side, side), kernel=-(-shape[1] // side))


def dropout(name: str, shape: Shape, share: float, on_shortcut: bool = False) -> Operation:
    """Drops values in training; does nothing otherwise."""
    return Operation(name, "dropout", shape, shape, on_shortcut=on_shortcut, number=share)


def scale(name: str, shape: Shape, factor: float, on_shortcut: bool = False) -> Operation:
    """A constant factor."""
    return Operation(name, "scale", shape, shape, on_shortcut=on_shortcut, number=factor)


def add(name: str, shape: Shape) -> Operation:
    """The addition of branch and shortcut."""
    return Operation(name, "add", shape, shape)


def concat(name: str, shape: Shape, more: int) -> Operation:
    """The branch's channels behind those of the shortcut's shape."""
    return Operation(name, "concat", shape, (shape[0] + more, shape[1], shape[2]))


def gate(name: str, shape: Shape, output: Shape, stride: int, exclusive: bool) -> Operation:
    """Gated addition; the gate's 1x1 conv is from the block's input to its output's shape."""
    weights = shape[0] * output[0]
    return Operation(
        name, "gate", shape, output, stride=stride, parameters=weights + output[0],
        macs=weights * output[1] * output[2], bias=True, number=1.0 if exclusive else 0.0,
    )  # fmt: skip


def squeeze_excitation(name: str, shape: Shape, squeezed: int) -> Operation:
    """Each channel times a factor from the mean of all channels."""
    weights = 2 * shape[0] * squeezed
    return Operation(
        name, "se", shape, shape, parameters=weights + shape[0] + squeezed, macs=weights, number=float(squeezed)
    )
