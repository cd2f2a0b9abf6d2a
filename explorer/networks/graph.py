"""A spec -> nodes and edges, at two levels: blocks, and the operations of one part.

The graph says what is connected and which shape flows along each edge; where things stand is `layout`'s matter. A
block's shortcut is an edge `around` that block, from what stands before it to what stands after it (He et al. 2015,
figure 2). Blocks can stand in each other's places (Veit et al. 2016, section 4.3): shapes, stages and pools belong to
the places, names and edges' `around` to the blocks.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from explorer.errors import UserError
from explorer.networks.cost import network_cost
from explorer.networks.lesion import Lesion, by_id, places
from explorer.networks.operations import Operation, Wiring
from explorer.networks.spec import BlockSpec, NetworkSpec, Shape, ShortcutKind

NodeKind = Literal["input", "stem", "block", "operation", "head", "output"]
EdgeKind = Literal["forward"] | ShortcutKind


@dataclass(frozen=True, slots=True)
class Node:
    """One thing of the network.

    Attributes:
        id: `input`, `stem`, a block's id, an operation's id, `head`, `output`.
        kind: what it is.
        input, output: shapes (channels, height, width).
        stage: id of the stage that it stands in, None outside the stages.
        block: the block's spec, at block level.
        operation: the operation, at operation level.
        place: id of the block whose own place it is, at block level; another one where blocks were moved.
    """

    id: str
    kind: NodeKind
    input: Shape
    output: Shape
    stage: str | None = None
    block: BlockSpec | None = None
    operation: Operation | None = None
    place: str = ""

    @property
    def moved(self) -> bool:
        """Whether a block stands at another one's place."""
        return self.block is not None and self.place != self.id


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection.

    Attributes:
        source, target: ids of nodes.
        kind: `forward`, or what the shortcut is.
        shape: what flows along it (on a shortcut at block level: what arrives).
        around: id of the block that a shortcut leads around, None on other edges.
    """

    source: str
    target: str
    kind: EdgeKind
    shape: Shape
    around: str | None = None


@dataclass(frozen=True)
class Graph:
    """Nodes from input to output, and their edges."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def count(self, kind: EdgeKind) -> int:
        """Edges of a kind."""
        return sum(edge.kind == kind for edge in self.edges)


@lru_cache(maxsize=16)
def block_graph(spec: NetworkSpec, order: tuple[str, ...] = ()) -> Graph:
    """Input, stem, every block, head; a forward edge between neighbours and one shortcut around each block, unless the
    network is plain.

    Args:
        spec: the network.
        order: id of the block at each place, empty for the network's own; checked, as in `Lesion.order`.
    """
    cost = network_cost(spec)
    nodes = [_input(spec), Node("stem", "stem", spec.input_shape, cost.stem.output)]
    blocks = by_id(spec)
    for place, part in zip(places(spec, Lesion(order=order)), cost.blocks, strict=True):
        own, stage = place.spec, place.spec.id.rpartition(".")[0]
        block = own if place.block == own.id else replace(blocks[place.block], pooled=own.pooled)
        nodes.append(Node(place.block, "block", nodes[-1].output, part.output, stage, block, place=own.id))
    nodes.append(Node("head", "head", nodes[-1].output, cost.head.output))
    edges = _chain(nodes)
    for before, node, after in zip(nodes, nodes[1:], nodes[2:], strict=False):
        if node.block is not None and node.block.shortcut != "none":
            edges.append(Edge(before.id, after.id, node.block.shortcut, node.output, node.id))
    return Graph(tuple(nodes), tuple(edges))


def operation_graph(spec: NetworkSpec, part_id: str, order: tuple[str, ...] = ()) -> Graph:
    """The operations of the stem, one block or the head, between a node `input` and a node `output`; a block's at the
    place where it stands in that order.

    Raises:
        UserError: the network has no such part.
    """
    part = next((node for node in block_graph(spec, order).nodes if node.id == part_id), None)
    if part is None or part.kind not in ("stem", "block", "head"):
        raise UserError("{network} has no part {id} that could be opened.", network=spec.name, id=part_id)
    wiring = _wiring(spec, part)
    branch = [_operation_node(part, operation) for operation in wiring.all if not operation.on_shortcut]
    nodes = [
        Node("input", "input", part.input, part.input),
        *branch,
        Node("output", "output", part.output, part.output),
    ]
    edges = _chain(nodes)
    if part.block is not None and wiring.join is not None:
        shortcut = [_operation_node(part, operation) for operation in wiring.shortcut]
        start, end = wiring.split, wiring.join.id
        source = nodes[0] if start is None else next(node for node in branch if node.id == start.id)
        track = [source, *shortcut, next(node for node in branch if node.id == end)]
        edges += [
            Edge(before.id, after.id, part.block.shortcut, before.output, part.id)
            for before, after in itertools.pairwise(track)
        ]
        nodes[-1:-1] = shortcut
    return Graph(tuple(nodes), tuple(edges))


def _wiring(spec: NetworkSpec, part: Node) -> Wiring:
    if part.block is not None:
        return part.block.operations(part.input)
    return Wiring(branch=spec.stem_operations() if part.kind == "stem" else spec.head_operations(part.input))


def _operation_node(part: Node, operation: Operation) -> Node:
    return Node(operation.id, "operation", operation.input, operation.output, part.stage, operation=operation)


def _input(spec: NetworkSpec) -> Node:
    return Node("input", "input", spec.input_shape, spec.input_shape)


def _chain(nodes: list[Node]) -> list[Edge]:
    return [Edge(source.id, target.id, "forward", source.output) for source, target in itertools.pairwise(nodes)]
