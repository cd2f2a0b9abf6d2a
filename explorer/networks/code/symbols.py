"""Numbers of blocks of one form -> names: what differs becomes a parameter, what never does stays a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from explorer.networks.code.forms import Form
from explorer.networks.code.leaves import Values
from explorer.networks.operations import Operation

IN, OUT = "in_channels", "out_channels"
_Ops = Mapping[int, Operation]


class Symbols:
    """The names of a form's numbers.

    Args:
        form: whose.

    Attributes:
        used: the parameters behind the input channels, in the order of their first use, the output channels behind all
            other channels.
    """

    def __init__(self, form: Form) -> None:
        self._count = len(form.samples)
        self._rows = form.samples[0].rows
        blocks = [sample.block for sample in form.samples]
        first = [_entering(sample.wiring.all, sample.block.in_channels) for sample in form.samples]
        self._vectors: dict[str, dict[int, int]] = {
            IN: dict(enumerate(first)),
            OUT: {index: block.out_channels for index, block in enumerate(blocks)},
        }
        self._channels: list[str] = []
        self._others: list[str] = []
        self._out_used = False

    @property
    def used(self) -> tuple[str, ...]:
        return (*self._channels, *([OUT] if self._out_used else []), *self._others)

    def arguments(self, index: int) -> tuple[str, ...]:
        """Values of the parameters of one sample."""
        return tuple(str(self._vectors[name][index]) for name in self.used)

    def values(self, like: _Ops, entering: str, last: bool, growth: bool = False) -> Values:
        """What an operation's numbers are called.

        Args:
            like: the operation in each sample that has it.
            entering: name of the channels that come.
            last: whether it gives the block's output channels.
            growth: whether these are channels that are put behind those that came.
        """
        one = next(iter(like.values()))
        leaving = entering
        if one.kind in ("conv", "linear", "gate", "subsample"):
            leaving = self._leaving(like, entering, last, growth)
        kernel = self._number(like, lambda op: op.kernel, "kernel")
        return Values(
            entering, leaving, kernel, self._number(like, lambda op: op.stride, "stride"),
            self._padding(like, kernel), self._groups(like, entering), self._quantity(like), self._rows,
        )  # fmt: skip

    def _leaving(self, like: _Ops, entering: str, last: bool, growth: bool) -> str:
        vector = {index: op.output[0] for index, op in like.items()}
        depthwise = all(op.groups == op.input[0] == op.output[0] for op in like.values())
        if depthwise and not last:
            return entering
        if growth and last:
            return self._channel(vector, "growth", ())
        return self._channel(vector, "width", (OUT,) if last else (*self._channels, OUT, IN))

    def _channel(self, vector: dict[int, int], new: str, known: tuple[str, ...]) -> str:
        for name in known:
            if self._matches(name, vector):
                self._out_used |= name == OUT
                return name
        return self._added(vector, new, self._channels)

    def _number(self, like: _Ops, number: Callable[[Operation], int], name: str) -> str:
        vector = {index: number(op) for index, op in like.items()}
        known = next((one for one in self._others if one.startswith(name) and self._matches(one, vector)), None)
        constant = len(set(vector.values())) == 1
        # What only some blocks have is called as in the others, though it be the same number in each of the some.
        if constant and (known is None or len(like) == self._count):
            return str(next(iter(vector.values())))
        return known or self._added(vector, name, self._others)

    def _padding(self, like: _Ops, kernel: str) -> str:
        if not kernel.isdigit() and all(op.padding == op.kernel // 2 for op in like.values()):
            return f"{kernel} // 2"
        return self._number(like, lambda op: op.padding, "padding")

    def _groups(self, like: _Ops, entering: str) -> str:
        if all(op.groups == op.input[0] for op in like.values()) and any(op.groups > 1 for op in like.values()):
            return entering
        return self._number(like, lambda op: op.groups, "groups")

    def _quantity(self, like: _Ops) -> str:
        one = next(iter(like.values()))
        if one.kind == "se":
            vector = {index: int(op.number) for index, op in like.items()}
            return self._channel(vector, "squeezed", tuple(name for name in self._channels if name == "squeezed"))
        return f"{one.number:g}"

    def _matches(self, name: str, vector: Mapping[int, int]) -> bool:
        return all(self._vectors[name].get(index) == value for index, value in vector.items())

    def _added(self, vector: dict[int, int], name: str, names: list[str]) -> str:
        taken = sum(known.rstrip("0123456789") == name for known in self._vectors)
        name = f"{name}{taken + 1}" if taken else name
        self._vectors[name] = {index: vector.get(index, 1) for index in range(self._count)}
        names.append(name)
        return name


def _entering(operations: tuple[Operation, ...], usual: int) -> int:
    """Channels that come to a block."""
    return operations[0].input[0] if operations else usual
