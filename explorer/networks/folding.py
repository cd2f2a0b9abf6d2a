"""Which boxes a network's diagram has: runs of equal blocks fold into one.

In a large network a run leaves its first and last block visible; blocks that must stay visible break the fold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from explorer.networks.graph import Graph, Node

BoxKind = Literal["input", "stem", "block", "fold", "handle", "operation", "head", "output"]

UNFOLDED_NODES = 25
"""A network of at most so many nodes is shown whole."""
FOLD_FROM = 6
"""Equal blocks in a row that fold in a larger one."""
FAN_FOLD_FROM = 8
"""Dense layers in a row that fold: up to seven, their fan can be read."""
SMALLEST_FOLD = 3
"""Fewer blocks than this are shown instead of a box that stands for them."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What will be one box.

    Attributes:
        id: a node's id; `fold:` and a place's id for a fold or the handle that folds a run again.
        kind: what it shows.
        node: the node, or the first one that a fold stands for.
        run: id of the run that a fold or handle unfolds and folds, else empty.
        hidden: ids of the blocks that a fold stands for, or a handle would hide.
    """

    id: str
    kind: BoxKind
    node: Node
    run: str = ""
    hidden: tuple[str, ...] = ()


def cells(graph: Graph, unfolded: frozenset[str] = frozenset(), shown: frozenset[str] = frozenset()) -> list[Cell]:
    """The boxes to be, from input to output. Where too many would be left, as of seven stages, runs fold whole.

    Args:
        graph: at block level.
        unfolded: ids of the runs that a person unfolded.
        shown: blocks that stay visible inside a folded run.
    """
    found: list[Cell] = []
    small = len(graph.nodes) <= UNFOLDED_NODES
    runs = [list(group) for _, group in groupby(graph.nodes, key=_sameness)]
    left = sum(3 if len(run) >= FOLD_FROM else len(run) for run in runs)
    for run in runs:
        if not small and left > UNFOLDED_NODES and len(run) >= SMALLEST_FOLD:
            found += _inner(run, unfolded, shown)
        elif small or len(run) < (FAN_FOLD_FROM if dense(run[0]) else FOLD_FROM):
            found += map(_plain, run)
        else:
            found += [_plain(run[0]), *_inner(run[1:-1], unfolded, shown), _plain(run[-1])]
    return found


def runs(graph: Graph) -> frozenset[str]:
    """Ids of all runs that can fold: unfolding them shows every block."""
    return frozenset(cell.run for cell in cells(graph) if cell.kind == "fold")


def dense(node: Node) -> bool:
    """Whether it is a layer whose output stands beside what came, as in a DenseNet."""
    return node.block is not None and node.block.shortcut == "concat"


def _sameness(node: Node) -> object:
    if node.block is None:
        return node.id
    if node.block.shortcut == "concat":  # each gets more channels than the one before it, and adds as many
        return (node.stage, node.input[1:], node.output[1:], node.output[0] - node.block.in_channels)
    return (node.stage, node.input, node.output, node.block.shortcut, node.block.stride)


def _plain(node: Node) -> Cell:
    kinds: dict[str, BoxKind] = {"input": "input", "stem": "stem", "head": "head"}
    return Cell(node.id, kinds.get(node.kind, "block"), node)


def _inner(run: list[Node], unfolded: frozenset[str], shown: frozenset[str]) -> Iterator[Cell]:
    """The middle of a run: its blocks behind a handle, or folds broken around the blocks that stay visible."""
    name = f"fold:{run[0].place}"
    if name in unfolded:
        yield Cell(name, "handle", run[0], name, tuple(node.id for node in run))
        yield from map(_plain, run)
        return
    for visible, group in groupby(run, key=lambda node: node.id in shown):
        piece = list(group)
        if visible or len(piece) < SMALLEST_FOLD:
            yield from map(_plain, piece)
        else:
            yield Cell(f"fold:{piece[0].place}", "fold", piece[0], name, tuple(node.id for node in piece))
