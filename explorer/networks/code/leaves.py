"""One operation -> the code of its module, or of its call."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.networks.code.layout import Code, call
from explorer.networks.operations import Operation

MODULES = frozenset({"conv", "bn", "linear", "se", "subsample", "gate"})
"""Kinds that become a module of their own wherever they stand; others are functions outside of a Sequential."""


@dataclass(frozen=True)
class Values:
    """What an operation's numbers are called in the code: a name, an expression or a number.

    Attributes:
        inside, out: channels that come and that leave.
        kernel, stride, padding, groups: as in `Operation`.
        number: as in `Operation`.
        rows: whether the batch comes as rows of numbers instead of maps.
    """

    inside: str
    out: str
    kernel: str = "1"
    stride: str = "1"
    padding: str = "0"
    groups: str = "1"
    number: str = "0"
    rows: bool = False


def literal(operation: Operation, rows: bool) -> Values:
    """The numbers themselves."""
    number = operation.number
    return Values(
        str(operation.input[0]), str(operation.output[0]), str(operation.kernel), str(operation.stride),
        str(operation.padding), str(operation.groups), str(int(number) if operation.kind == "se" else number), rows,
    )  # fmt: skip


def module(operation: Operation, values: Values) -> Code:
    """The constructor of what computes an operation.

    Raises:
        ValueError: a kind that stands in no row of modules, as `add`.
    """
    kind = operation.kind
    if kind in ("conv", "gate"):
        return _conv(operation, values)
    if kind == "bn":
        eps = values.number if operation.number else None
        return call("nn.BatchNorm1d" if values.rows else "nn.BatchNorm2d", values.inside, eps=eps)
    if kind == "linear":
        return call("nn.Linear", values.inside, values.out, bias=None if operation.bias else "False")
    if kind == "se":
        return call("SqueezeExcitation", values.inside, values.number)
    if kind == "subsample":
        return call("Subsampling", values.inside, values.out, values.stride)
    if kind in ("maxpool", "avgpool"):
        return _pool(operation, values)
    simple: dict[str, Code] = {
        "relu": "nn.ReLU()", "silu": "nn.SiLU()", "flatten": "nn.Flatten()",
        "dropout": call("nn.Dropout", values.number),
    }  # fmt: skip
    if kind not in simple:
        raise ValueError(f"no module computes a {kind} on its own")
    return simple[kind]


def applied(operation: Operation, values: Values, x: str) -> str:
    """The call of the function that computes an operation without parameters.

    Raises:
        ValueError: a kind that has parameters or joins two ways.
    """
    kind = operation.kind
    if kind == "maxpool":
        return f"functional.max_pool2d({x}, {_window(values)})"
    if kind == "avgpool" and operation.stride > 1:
        return f"functional.avg_pool2d({x}, {_window(values)})"
    simple = {
        "relu": f"functional.relu({x})", "silu": f"functional.silu({x})", "flatten": f"torch.flatten({x}, 1)",
        "dropout": f"functional.dropout({x}, {values.number}, self.training)", "scale": f"{x} * {values.number}",
        "avgpool": f"functional.adaptive_avg_pool2d({x}, {_side(operation)})",
    }  # fmt: skip
    if kind not in simple:
        raise ValueError(f"no function computes a {kind} on its own")
    return simple[kind]


def _conv(operation: Operation, values: Values) -> Code:
    return call(
        "nn.Conv2d", values.inside, values.out, values.kernel,
        stride=_unless(values.stride, "1"), padding=_unless(values.padding, "0"),
        groups=_unless(values.groups, "1"), bias=None if operation.bias else "False",
    )  # fmt: skip


def _pool(operation: Operation, values: Values) -> Code:
    if operation.kind == "avgpool" and operation.stride == 1:
        return f"nn.AdaptiveAvgPool2d({_side(operation)})"
    return f"nn.{'MaxPool2d' if operation.kind == 'maxpool' else 'AvgPool2d'}({_window(values)})"


def _window(values: Values) -> str:
    padding = "" if values.padding == "0" else f", padding={values.padding}"
    return f"{values.kernel}, stride={values.stride}{padding}"


def _side(operation: Operation) -> str:
    height, width = operation.output[1:]
    return str(height) if height == width else f"({height}, {width})"


def _unless(value: str, usual: str) -> str | None:
    return None if value == usual else value


def words(operation: Operation, sized: bool = True) -> str:
    """An operation in a docstring.

    Args:
        operation: which.
        sized: whether its window is the same in all blocks.
    """
    size = f"{operation.kernel}x{operation.kernel} " if sized else ""
    depthwise = operation.groups > 1 and operation.groups == operation.input[0]
    kinds = {
        "conv": f"{size}{'depthwise ' if depthwise else 'grouped ' if operation.groups > 1 else ''}conv",
        "bn": "BN", "relu": "ReLU", "silu": "SiLU", "linear": "linear", "maxpool": f"{size}max pool",
        "avgpool": f"{size}average", "se": "squeeze-excitation", "scale": f"times {operation.number:g}",
        "subsample": "zero-padded subsampling", "flatten": "flatten", "dropout": "dropout", "gate": "gate",
        "add": "addition", "concat": "concatenation",
    }  # fmt: skip
    return kinds[operation.kind]
