"""The operations of one opened part -> rectangles and lines.

The residual branch runs left to right; the shortcut has a track of its own above it, down to the addition (He et al.
2015, figure 2, turned on its side). It leaves behind the input, or behind what both ways share: a pool, or the first
batch norm and ReLU before a pre-activation block's projection.
"""

from __future__ import annotations

from collections.abc import Iterator

from explorer.networks.folding import Cell
from explorer.networks.graph import Graph, Node
from explorer.networks.layout import Box, Layout, Line, Point, Rect

GAP = 16.0
HEIGHT = 44.0
TRACK = 34.0
"""Height of a box on the shortcut."""
SHAPE = 18.0
"""Below a box, for the shape of its output."""
_WIDTHS = {
    "conv": 64.0, "bn": 38.0, "relu": 46.0, "add": 30.0, "maxpool": 92.0, "avgpool": 92.0, "linear": 74.0,
    "subsample": 92.0, "silu": 46.0, "concat": 58.0, "gate": 84.0, "scale": 46.0, "dropout": 60.0, "se": 104.0,
    "flatten": 56.0,
}  # fmt: skip
_ENDS = 52.0


def operation_layout(graph: Graph) -> Layout:
    """Place an operation graph (`explorer.networks.graph.operation_graph`)."""
    branch = [node for node in graph.nodes if not _on_shortcut(node)]
    shortcut = [node for node in graph.nodes if _on_shortcut(node)]
    has_shortcut = any(edge.kind != "forward" for edge in graph.edges)
    axis = (TRACK + SHAPE + 20 if has_shortcut else 4.0) + HEIGHT / 2
    boxes = list(_row(branch, 0.0, axis, HEIGHT))
    width = boxes[-1].rect.right
    placed = {box.id: box for box in boxes}
    if has_shortcut:
        end = [edge.target for edge in graph.edges if edge.kind != "forward"][-1]
        join = placed[end]
        length = sum(map(_width, shortcut)) + GAP * max(len(shortcut) - 1, 0)
        start = placed[next(edge.source for edge in graph.edges if edge.kind != "forward")].rect.right
        left = (start + join.rect.middle[0] - length) / 2
        boxes += _row(shortcut, left, 2 + TRACK / 2, TRACK)
        placed = {box.id: box for box in boxes}
    lines = tuple(_lines(graph, placed))
    return Layout(tuple(boxes), (), lines, width, axis + HEIGHT / 2 + SHAPE, 1)


def _on_shortcut(node: Node) -> bool:
    return node.operation is not None and node.operation.on_shortcut


def _width(node: Node) -> float:
    return _WIDTHS[node.operation.kind] if node.operation else _ENDS


def _row(nodes: list[Node], x: float, axis: float, height: float) -> Iterator[Box]:
    for node in nodes:
        round_one = node.operation is not None and node.operation.kind == "add"
        tall = _width(node) if round_one else height
        kind = node.kind
        assert kind in ("input", "operation", "output")
        yield Box(Cell(node.id, kind, node), Rect(x, axis - tall / 2, _width(node), tall), 0)
        x += _width(node) + GAP


def _lines(graph: Graph, boxes: dict[str, Box]) -> Iterator[Line]:
    for edge in graph.edges:
        source, target = boxes[edge.source], boxes[edge.target]
        around = edge.kind != "forward"
        yield Line(edge.kind, tuple(_corners(source, target, around)), edge.source, edge.target, edge.around)


def _corners(source: Box, target: Box, around: bool) -> Iterator[Point]:
    """Straight on one track; up from where the shortcut leaves the branch's track, or down into the addition, between
    the two."""
    high = 2 + TRACK / 2
    x, y = source.rect.right, source.rect.middle[1]
    yield (x, y)
    rises = around and not _on_shortcut(source.cell.node)
    if rises:
        yield (x + GAP / 3, y)
        yield (x + GAP / 3, high)
    falls = (rises or _on_shortcut(source.cell.node)) and not _on_shortcut(target.cell.node)
    if falls:
        yield (target.rect.middle[0], high)
        yield (target.rect.middle[0], target.rect.y)
    else:
        yield (target.rect.x, target.rect.middle[1])
