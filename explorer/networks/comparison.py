"""Two or three networks beside each other: their layers aligned by resolution, and what differs between them.

The picture is that of He et al. 2015, Fig. 3: each network a column from its input down, one row a weighted layer or
pool, and layers whose maps have the same side at the same height.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from explorer.errors import UserError
from explorer.networks.cost import PartCost, network_cost
from explorer.networks.operations import Operation
from explorer.networks.spec import NetworkSpec, ShortcutKind

FIGURE_3 = ("vgg19", "plain34", "resnet34")
"""The networks of He et al. 2015, Fig. 3, from left to right."""
MOST = 3
"""Networks that stand side by side."""
FOLDED_ROWS = 60
"""A network of more rows than this has its long runs of equal blocks folded."""
_SMALLEST_RUN = 5
Unit = Literal["", "B", "px"]
Value = int | str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together: a block, what of the stem or the head has one resolution, or a folded run.

    Attributes:
        id: unique in its column: a block's id, `stem:112`, `head:1`, `fold:layer3.2`, `input`.
        parts: ids of the blocks (several for a fold), `stem`, `head` or `input`.
        rows: what is written, one line a layer; of a fold those of each of its blocks.
        side: of the maps that it ends with.
        stage: id of the stage, `stem`, `head` or `input`.
        shortcut: around it.
        run: what unfolds or folds its run, empty where there is none.
        folded: whether it stands for the blocks in `parts`.
        before: how many of the rows stand before the block itself, and before its shortcut leaves.
    """

    id: str
    parts: tuple[str, ...]
    rows: tuple[str, ...]
    side: int
    stage: str
    shortcut: ShortcutKind = "none"
    run: str = ""
    folded: bool = False
    before: int = 0


@dataclass(frozen=True)
class Column:
    """One network: its groups, from input to output."""

    spec: NetworkSpec
    groups: tuple[Group, ...]

    def at(self, side: int) -> tuple[Group, ...]:
        """The groups of one resolution."""
        return tuple(group for group in self.groups if group.side == side)

    def parts_at(self, side: int) -> tuple[str, ...]:
        """The blocks of one resolution, folded ones too."""
        return tuple(part for group in self.at(side) if _is_stage(group) for part in group.parts)


@dataclass(frozen=True)
class Alignment:
    """Networks side by side.

    Attributes:
        columns: one a network.
        sides: every resolution that one of them has, from the largest to the smallest: the bands of the picture.
    """

    columns: tuple[Column, ...]
    sides: tuple[int, ...]

    def counterparts(self, column: int, part: str) -> tuple[tuple[str, ...], ...]:
        """What stands at the same resolution and the same relative position in every network.

        Block i of n covers the share from i/n to (i + 1)/n of its resolution; its counterparts are the blocks that
        cover some of that share. The stem's is the stem, the head's the head.

        Args:
            column: where the part is.
            part: a block's id, `stem`, `head` or `input`.

        Returns:
            Ids for each column, in its own column the part alone; empty where there is nothing at that resolution.
        """
        if part in ("stem", "head", "input"):
            return ((part,),) * len(self.columns)
        side = next(group.side for group in self.columns[column].groups if part in group.parts)
        own = self.columns[column].parts_at(side)
        index = own.index(part)
        found: list[tuple[str, ...]] = []
        for number, other in enumerate(self.columns):
            parts = other.parts_at(side)
            if number == column:
                found.append((part,))
                continue
            first = index * len(parts) // len(own)
            last = -(-(index + 1) * len(parts) // len(own))
            found.append(parts[first:last])
        return tuple(found)


def check_count(specs: Iterable[object]) -> None:
    """Refuse other than two or three.

    Raises:
        UserError: there are fewer or more.
    """
    count = len(tuple(specs))
    if not 2 <= count <= MOST:
        raise UserError("A comparison is of two or three networks, not of {count}.", count=count)


def align(specs: tuple[NetworkSpec, ...], unfolded: frozenset[tuple[int, str]] = frozenset()) -> Alignment:
    """Networks side by side.

    Args:
        specs: from left to right.
        unfolded: pairs of a column and a run in it that is shown whole.
    """
    columns = tuple(
        _column(spec, frozenset(run for number, run in unfolded if number == index)) for index, spec in enumerate(specs)
    )
    sides = {group.side for column in columns for group in column.groups}
    return Alignment(columns, tuple(sorted(sides, reverse=True)))


def _column(spec: NetworkSpec, unfolded: frozenset[str]) -> Column:
    groups = [Group("input", ("input",), ("×".join(map(str, spec.input_shape)),), spec.side, "input")]
    stem = spec.stem_operations()
    groups += _ends("stem", stem)
    shape = stem[-1].output
    for block in spec.all_blocks:
        wiring = block.operations(shape)
        shape = wiring.all[-1].output
        before = tuple(_texts(wiring.before))
        rows = _texts(operation for operation in wiring.all[len(wiring.before) :] if not operation.on_shortcut)
        stage = block.id.rpartition(".")[0]
        groups.append(
            Group(block.id, (block.id,), (*before, *rows), shape[1], stage, block.shortcut, before=len(before))
        )
    groups += _ends("head", spec.head_operations(shape))
    if sum(len(group.rows) for group in groups) > FOLDED_ROWS:
        groups = list(_folded(groups, unfolded))
    return Column(spec, tuple(groups))


def _ends(part: str, operations: tuple[Operation, ...]) -> Iterator[Group]:
    """Stem or head, a group for each resolution."""
    for side, group in groupby(operations, key=lambda operation: operation.output[1]):
        rows = tuple(_texts(group))
        if rows:
            yield Group(f"{part}:{side}", (part,), rows, side, part)


def _folded(groups: list[Group], unfolded: frozenset[str]) -> Iterator[Group]:
    """Runs of equal blocks keep their first and last one; the others become one group, or are marked as its run."""
    for _, same in groupby(groups, key=lambda group: (group.stage, group.side, group.rows, group.shortcut)):
        run = list(same)
        if len(run) < _SMALLEST_RUN:
            yield from run
            continue
        first, *inner, last = run
        name = f"fold:{inner[0].id}"
        yield first
        if name in unfolded:
            for group in inner:
                yield replace(group, run=name)
        else:
            parts = tuple(group.id for group in inner)
            yield replace(inner[0], id=name, parts=parts, run=name, folded=True)
        yield last


def _is_stage(group: Group) -> bool:
    return group.stage not in ("stem", "head", "input")


# -- what is written in a row -------------------------------------------------------------------------------------


def _texts(operations: Iterable[Operation]) -> Iterator[str]:
    for operation in operations:
        text = layer_text(operation)
        if text:
            yield text


def layer_text(operation: Operation) -> str:
    """A layer as He et al. 2015, Fig. 3 writes it: `3×3 conv, 128, /2`, `pool, /2`, `avg pool`, `fc 1000`; empty for
    what the figure leaves out (batch norm, activations, additions)."""
    halved = f", /{operation.stride}" if operation.stride > 1 else ""
    if operation.kind == "conv":
        return f"{operation.kernel}×{operation.kernel} {_conv_words(operation)}{halved}"
    if operation.kind == "linear":
        return f"fc {operation.output[0]}"
    if operation.kind == "maxpool":
        return f"pool{halved}"
    if operation.kind == "avgpool" and operation.output != operation.input:
        return f"avg pool{halved}"
    return f"SE, {operation.number:.0f}" if operation.kind == "se" else ""


def _conv_words(operation: Operation) -> str:
    channels = operation.output[0]
    if operation.groups == 1:
        return f"conv, {channels}"
    if operation.groups == channels == operation.input[0]:
        return f"depthwise conv, {channels}"
    return f"conv, {channels}, {operation.groups} groups"


# -- what differs --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """One row of the table.

    Attributes:
        key: `parameters`.
        title: in English, for the window to translate.
        values: one a network; None where it has none.
        unit: of numbers.
    """

    key: str
    title: str
    values: tuple[Value, ...]
    unit: Unit = ""

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1

    @property
    def ratios(self) -> tuple[float | None, ...]:
        """Each number over the first network's; None for words, and where there is nothing to divide by."""
        first = self.values[0]
        return tuple(
            value / first if isinstance(value, int) and isinstance(first, int) and first else None
            for value in self.values
        )


def facts(specs: tuple[NetworkSpec, ...]) -> tuple[Fact, ...]:
    """What arithmetic knows of each network, side by side."""
    costs = [network_cost(spec) for spec in specs]

    def row(key: str, title: str, values: Iterable[Value], unit: Unit = "") -> Fact:
        return Fact(key, title, tuple(values), unit)

    return (
        row("family", "Family", (spec.heading for spec in specs)),
        row("input", "Input", ("×".join(map(str, spec.input_shape)) for spec in specs)),
        row("classes", "Classes", (spec.classes for spec in specs)),
        row("depth", "Depth (weighted layers)", (spec.depth for spec in specs)),
        row("blocks", "Blocks in each stage", (_blocks(spec) for spec in specs)),
        row("shortcuts", "Shortcuts", (shortcuts_text(spec) for spec in specs)),
        row("parameters", "Parameters", (cost.parameters for cost in costs)),
        row("macs", "MACs", (cost.macs for cost in costs)),
        row("activations", "Activation memory", (cost.activations for cost in costs), "B"),
        row("receptive_field", "Receptive field", (cost.receptive_field for cost in costs), "px"),
    )


def _blocks(spec: NetworkSpec) -> str:
    return ", ".join(str(len(stage.blocks)) for stage in spec.stages)


_SHORTCUT_WORDS: dict[ShortcutKind, str] = {
    "identity": "identity", "projection": "projection", "subsampling": "option A", "scale": "scaled", "gate": "gated",
    "dropout": "dropout", "concat": "concatenation",
}  # fmt: skip


def shortcuts_text(spec: NetworkSpec) -> str:
    """How many of each kind: `13 identity, 3 projection`."""
    kinds = [block.shortcut for block in spec.all_blocks]
    counts = [(kinds.count(kind), word) for kind, word in _SHORTCUT_WORDS.items()]
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "none"


def part_costs(spec: NetworkSpec) -> dict[str, PartCost]:
    """Cost of every part by its id."""
    return {part.id: part for part in network_cost(spec).parts}


# -- maps at the same resolution ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Level:
    """Stages that are compared: of one resolution, or of one number where no two networks share a resolution.

    Attributes:
        title: `56×56`, or `stage 2`.
        stages: id of the stage of each network, its last one there; None where it has none.
    """

    title: str
    stages: tuple[str | None, ...]


def levels(specs: tuple[NetworkSpec, ...]) -> tuple[Level, ...]:
    """Where maps of the networks can be laid beside each other, from input to output."""
    ends = [{part.output[1]: part.id for part in network_cost(spec).stages} for spec in specs]
    shared = sorted({side for own in ends for side in own if sum(side in other for other in ends) > 1}, reverse=True)
    if shared:
        return tuple(Level(f"{side}×{side}", tuple(own.get(side) for own in ends)) for side in shared)
    most = max(len(spec.stages) for spec in specs)
    return tuple(
        Level(
            f"stage {number + 1}",
            tuple(spec.stages[number].id if number < len(spec.stages) else None for spec in specs),
        )
        for number in range(most)
    )
