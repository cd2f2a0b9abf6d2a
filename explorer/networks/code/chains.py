"""Operations one after another -> modules in modules, and the lines of `forward` that call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from explorer.networks.code.layout import Code, call, fits
from explorer.networks.code.leaves import MODULES, Values, applied, module
from explorer.networks.operations import Operation

Path = tuple[str, ...]
_WEIGHTY = frozenset({"conv", "linear"})
_APART = frozenset({"maxpool", "avgpool", "flatten"})


@dataclass(frozen=True)
class Item:
    """One module, or one function, at its path.

    Attributes:
        path: of names, from where it is looked at.
        operation, values: of a single operation.
        code: how anything else is made.
        stage: what a stage must know of a block, to hold it; None for all else.
        spread: how many modules the code makes; more than one for a row of them.
    """

    path: Path
    operation: Operation | None = None
    values: Values | None = None
    code: Code = ""
    stage: StagePart | None = None
    spread: int = 1

    @property
    def is_function(self) -> bool:
        """Whether it needs no module where it is called."""
        return self.operation is not None and self.operation.kind not in MODULES

    def made(self) -> Code:
        """The code that makes its module."""
        if self.operation is None or self.values is None:
            return self.code
        return module(self.operation, self.values)


@dataclass(frozen=True)
class StagePart:
    """A block in its stage.

    Attributes:
        name: of its class.
        arguments: behind the first, its input channels.
        in_channels: that first one.
    """

    name: str
    arguments: tuple[str, ...]
    in_channels: int


@dataclass(frozen=True)
class Node:
    """One name and what stands under it: an item, or items with longer paths."""

    name: str
    items: tuple[Item, ...]

    @property
    def is_group(self) -> bool:
        return len(self.items[0].path) > 1

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What stands in a group."""
        return nodes(replace(item, path=item.path[1:]) for item in self.items)


StageCode = Callable[[Sequence[Node]], Code]


def nodes(items: Iterable[Item]) -> tuple[Node, ...]:
    """Items under the first names of their paths, in order.

    Raises:
        ValueError: what has one name doesn't stand together, so that no Sequential holds it.
    """
    found = tuple(Node(name, tuple(group)) for name, group in groupby(items, lambda item: item.path[0]))
    names = [node.name for node in found]
    if len(set(names)) != len(names) or any(len({len(i.path) > 1 for i in node.items}) > 1 for node in found):
        raise ValueError(f"modules of one name stand apart among {', '.join(names)}")
    return found


def made(node: Node, stage: StageCode) -> Code:
    """The code that makes what stands under a name.

    Args:
        node: the name.
        stage: makes a stage of blocks that are alone with each other.
    """
    if not node.is_group:
        return node.items[0].made()
    inside = node.nodes
    if all(not child.is_group and child.items[0].stage for child in inside):
        return stage(inside)
    if all(child.name.isdigit() for child in inside):
        return call("nn.Sequential", *_numbered(inside, stage))
    return call("nn.Sequential", call("OrderedDict", **{child.name: made(child, stage) for child in inside}))


def _numbered(inside: Sequence[Node], stage: StageCode) -> list[Code]:
    """In their places; what was left out between them leaves its number behind."""
    codes: list[Code] = []
    number = 0
    for child in inside:
        codes += ["nn.Identity()"] * (int(child.name) - number)
        codes.append(made(child, stage))
        number = int(child.name) + (1 if child.is_group else child.items[0].spread)
    return codes


def lines(row: Sequence[Node], x: str, target: str, indent: int) -> tuple[list[str], str]:
    """What applies a row of nodes to a variable.

    Args:
        row: one after another.
        x: what comes in.
        target: variable for what is between.
        indent: columns that the lines will begin with.

    Returns:
        Lines `target = …` without indent, and the last expression, which nothing is assigned to yet.
    """
    done: list[str] = []
    first_weighty = bool(row) and _is_weighty(row[0])
    before = False
    expression = x
    for node in row:
        apart = _kind(node) in _APART or (_is_weighty(node) if first_weighty else before)
        longer = _applied(node, expression)
        if expression != x and (apart or not fits(f"{target} = {longer}", indent)):
            done.append(f"{target} = {expression}")
            x, longer = target, _applied(node, target)
        expression = longer
        before = _is_weighty(node) or _kind(node) in _APART
    return done, expression


def _applied(node: Node, x: str) -> str:
    item = node.items[0]
    if node.is_group or not item.is_function:
        return f"self.{node.name}({x})"
    assert item.operation is not None
    assert item.values is not None
    return applied(item.operation, item.values, x)


def _is_weighty(node: Node) -> bool:
    return node.is_group or (not node.items[0].is_function and _kind(node) not in ("bn", "se"))


def _kind(node: Node) -> str:
    operation = node.items[0].operation
    return "" if operation is None or node.is_group else operation.kind
