"""Nodes and edges -> rectangles and lines: pure functions over plain records, linear in the number of blocks.

The network flows left to right, and on to a further row where one row would become too small to read. In a large
network a run of equal blocks folds into one box, leaving its first and last block visible; blocks that must stay
visible (`shown`) break the fold. Lengths are logical pixels at zoom 1, x to the right, y down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

from explorer.networks.folding import Cell, cells, dense
from explorer.networks.graph import EdgeKind, Graph
from explorer.networks.spec import Shape

Point = tuple[float, float]

GAP = 14.0
"""Between two boxes of one stage."""
PAD = 10.0
"""Between a band's edge and its boxes."""
BETWEEN = 6.0
"""Between two bands, and between a band and a box outside."""
CARD_HEIGHT = 62.0
LEAVE, JOIN = 6.0, 4.0
"""Where a shortcut leaves the edge before its block, and joins the one after it."""
POOL = 24.0
"""Room before a card for the mark of the pool that stands there."""
_POOL_MARK = (16.0, 40.0)
_WIDTHS = {"input": 66.0, "stem": 60.0, "fold": 60.0, "handle": 22.0, "head": 78.0}
_BLOCK_WIDTHS = {"basic": 60.0, "bottleneck": 82.0, "layer": 60.0}
_DIGIT = 9.0
"""More width for each digit of a block's number beyond two."""
_TURN = 12.0
"""How far the line to the next row swings out."""
_WORTH = 1.12
"""How much larger a further row must make the picture."""
_BROKEN = 1 / 1.1
"""What a picture counts for, beside its size, that breaks rows inside a stage."""
_READABLE = 0.78
"""Size at which one row is not broken at all."""


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> Point:
        return (self.x + self.width / 2, self.y + self.height / 2)


@dataclass(frozen=True, slots=True)
class Box:
    """A placed cell, in a row counted from 0."""

    cell: Cell
    rect: Rect
    row: int

    @property
    def id(self) -> str:
        return self.cell.id


@dataclass(frozen=True, slots=True)
class Band:
    """The ground of a stage, or of what stands of it in one row; the first carries the title."""

    id: str
    rect: Rect
    output: Shape
    first: bool
    last: bool
    row: int


@dataclass(frozen=True, slots=True)
class Line:
    """An edge as a line.

    Attributes:
        kind: of the edge.
        points: corners; on a curved line a start and three points for each cubic Bezier piece.
        source, target: ids of boxes.
        around: id of the box that a shortcut leads around, None on other edges.
        curved: whether the points are Bezier points.
        shape: what flows, on an edge where it changed, else None; to be written at `label`.
        label: centre of that text.
    """

    kind: EdgeKind
    points: tuple[Point, ...]
    source: str
    target: str
    around: str | None = None
    curved: bool = False
    shape: Shape | None = None
    label: Point = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Pool:
    """The mark of a max pool before the block at a place; `place` is that place's id."""

    place: str
    rect: Rect


@dataclass(frozen=True, slots=True)
class Port:
    """Where a box of a fan gets and gives: ids of the box and of the blocks that it hides, if it is a fold; x of what
    arrives before it and of what leaves behind it."""

    id: str
    hidden: tuple[str, ...]
    arrives: float
    leaves: float


@dataclass(frozen=True, slots=True)
class Fan:
    """The concatenations of a stage, or of the piece of it in one row: each port gives to all later ones.

    Attributes:
        stage: its id.
        ports: the first stands for all that comes to the stage, or to the row; then one for each box.
        base: y of the edge between the cards, where arcs start and end.
        card: y of the cards' tops.
        top: y that no arc rises above.
    """

    stage: str
    ports: tuple[Port, ...]
    base: float
    card: float
    top: float


@dataclass(frozen=True)
class Layout:
    """A placed graph; everything lies within 0 … width and 0 … height."""

    boxes: tuple[Box, ...]
    bands: tuple[Band, ...]
    lines: tuple[Line, ...]
    width: float
    height: float
    rows: int
    pools: tuple[Pool, ...] = ()
    fans: tuple[Fan, ...] = ()


@dataclass(frozen=True, slots=True)
class _Heights:
    """Of one row: the title's, the arcs' above the cards, what is below them; and the gap between rows."""

    title: float
    arc: float
    below: float
    between: float = 14.0

    @property
    def row(self) -> float:
        return self.title + self.arc + CARD_HEIGHT + self.below

    def total(self, rows: int) -> float:
        return rows * self.row + (rows - 1) * self.between


_ROOMY = _Heights(30, 54, 34)
_DENSE = _Heights(26, 36, 24)
_ROOMY_FAN = _Heights(30, 76, 34)
_DENSE_FAN = _Heights(26, 52, 24)
"""The arcs of a fan are many, and need height to be told apart."""
_ROOMY_PLAIN = _Heights(30, 8, 34)
_DENSE_PLAIN = _Heights(26, 6, 24)
"""Without shortcuts there are no arcs above the cards."""


def layout(
    graph: Graph,
    unfolded: frozenset[str] = frozenset(),
    shown: frozenset[str] = frozenset(),
    room: tuple[float, float] = (850.0, 300.0),
) -> Layout:
    """Place a block graph so that it is as large as can be in a room of that width and height.

    Further rows are taken only where they make the picture visibly larger. A row ends between two stages where one
    ends near enough. Blocks that stand at another one's place stay visible.
    """
    shown |= frozenset(node.id for node in graph.nodes if node.moved)
    plain = all(edge.kind == "forward" for edge in graph.edges)
    fan = any(edge.kind == "concat" for edge in graph.edges)
    roomy, dense = (_ROOMY_PLAIN, _DENSE_PLAIN) if plain else (_ROOMY_FAN, _DENSE_FAN) if fan else (_ROOMY, _DENSE)
    row_cells = _best_rows(cells(graph, unfolded, shown), room, roomy, dense)
    heights = roomy if len(row_cells) == 1 else dense
    boxes: list[Box] = []
    bands: list[Band] = []
    indent = _TURN + BETWEEN if len(row_cells) > 1 else 0.0
    for row, row_of in enumerate(row_cells):
        top = row * (heights.row + heights.between)
        placed = _place_row(row_of, row, indent, top + heights.title + heights.arc)
        boxes += placed
        bands += _bands(placed, top, heights.row)
    seen: set[str] = set()
    titled = []
    lasts = {band.id: index for index, band in enumerate(bands)}
    for index, band in enumerate(bands):
        titled.append(Band(band.id, band.rect, band.output, band.id not in seen, lasts[band.id] == index, band.row))
        seen.add(band.id)
    width = max([box.rect.right for box in boxes] + [band.rect.right for band in bands]) + indent
    lines = (*_forward(boxes, heights), *(() if plain else _arcs(boxes, heights)))
    height = heights.total(len(row_cells))
    fans = tuple(_fans(boxes, heights))
    return Layout(tuple(boxes), tuple(titled), lines, width, height, len(row_cells), tuple(_pools(boxes)), fans)


def _fans(boxes: list[Box], heights: _Heights) -> Iterator[Fan]:
    for _, group in groupby(boxes, key=lambda box: (box.row, box.cell.node.stage)):
        own = [box for box in group if box.cell.kind != "handle"]
        if not own or not dense(own[0].cell.node):
            continue
        first = own[0].rect
        entry = Port("", (), first.x, first.x - LEAVE)
        ports = [Port(box.id, box.cell.hidden, box.rect.x - LEAVE, box.rect.right + JOIN) for box in own]
        stage = own[0].cell.node.stage or ""
        yield Fan(stage, (entry, *ports), first.middle[1], first.y, first.y - heights.arc)


def _lead(cell: Cell) -> float:
    """Room that a card needs before itself."""
    return POOL if cell.kind == "block" and cell.node.block is not None and cell.node.block.pooled else 0.0


def _pools(boxes: list[Box]) -> Iterator[Pool]:
    """In the lead of their cards, so that the shortcut leaves behind them."""
    width, height = _POOL_MARK
    for box in boxes:
        if _lead(box.cell):
            yield Pool(box.cell.node.place, Rect(box.rect.x - POOL, box.rect.middle[1] - height / 2, width, height))


def _width(cell: Cell) -> float:
    if cell.kind == "block" and cell.node.block is not None:
        digits = len(cell.id.rpartition(".")[2])
        return _BLOCK_WIDTHS.get(cell.node.block.kind, 60.0) + _DIGIT * max(digits - 2, 0)
    return _WIDTHS[cell.kind]


def _space(left: Cell, right: Cell) -> float:
    """Between two neighbours in one row."""
    if left.node.stage == right.node.stage:
        return GAP
    return BETWEEN + (PAD if left.node.stage else 4.0) + (PAD if right.node.stage else 4.0)


def _best_rows(all_cells: list[Cell], room: tuple[float, float], roomy: _Heights, dense: _Heights) -> list[list[Cell]]:
    ends = [0.0]
    for index, cell in enumerate(all_cells):
        ends.append(ends[-1] + _lead(cell) + _width(cell) + (_space(all_cells[index - 1], cell) if index else 0.0))
    # Rows that fill the room evenly: rows * row height / (length / rows) is the room's proportion.
    even = max(1, round((ends[-1] * room[1] / room[0] / dense.row) ** 0.5))
    best = [0, len(all_cells)]
    size = min(room[0] / ends[-1], room[1] / roomy.total(1), 1.0)
    if size >= _READABLE:
        return [all_cells]
    for wanted in sorted({2, 3, 4, max(even - 1, 2), max(even, 2), even + 1}):
        for slack in (1.0, 1.04, 1.08, 1.15, 1.3):
            for at_stages in (True, False):
                cuts = _cuts(all_cells, ends, ends[-1] / wanted * slack, at_stages)
                width = max(ends[end] - ends[start] for start, end in pairwise(cuts)) + 3 * _TURN
                new = min(room[0] / width, room[1] / dense.total(len(cuts) - 1), 1.0)
                whole = all(all_cells[cut].node.stage != all_cells[cut - 1].node.stage for cut in cuts[1:-1])
                new *= 1.0 if whole else _BROKEN
                if new > size * (_WORTH if len(cuts) > len(best) else 1.001):
                    best, size = cuts, new
    return [all_cells[start:end] for start, end in pairwise(best)]


def _cuts(all_cells: list[Cell], ends: list[float], limit: float, at_stages: bool) -> list[int]:
    """Where rows of at most that length begin, and the end; `at_stages`: rather between two stages, if one ends in
    the last two fifths of the row."""
    cuts = [0]
    boundary = 0
    for index in range(1, len(all_cells)):
        if all_cells[index].node.stage != all_cells[index - 1].node.stage:
            boundary = index
        if ends[index + 1] - ends[cuts[-1]] > limit:
            good = at_stages and ends[boundary] - ends[cuts[-1]] > 0.6 * limit
            cuts.append(boundary if good else index)
    return [*cuts, len(all_cells)]


def _place_row(row_of: list[Cell], row: int, left: float, y: float) -> list[Box]:
    boxes = []
    x = left + (PAD if row_of[0].node.stage else 0.0)
    for index, cell in enumerate(row_of):
        x += (_space(row_of[index - 1], cell) if index else 0.0) + _lead(cell)
        boxes.append(Box(cell, Rect(x, y, _width(cell), CARD_HEIGHT), row))
        x += _width(cell)
    return boxes


def _bands(row: list[Box], top: float, height: float) -> Iterator[Band]:
    for stage, group in groupby(row, key=lambda box: box.cell.node.stage):
        if stage is None:
            continue
        own = list(group)
        left, right = own[0].rect.x - _lead(own[0].cell) - PAD, own[-1].rect.right + PAD
        yield Band(stage, Rect(left, top, right - left, height), own[-1].cell.node.output, False, False, own[0].row)


def _forward(boxes: list[Box], heights: _Heights) -> Iterator[Line]:
    written: Shape | None = boxes[0].cell.node.output
    for source, target in pairwise(boxes):
        shape = source.cell.node.output
        changed = shape if shape != written else None
        written = shape
        if dense(source.cell.node) and source.cell.node.stage == target.cell.node.stage:
            changed = None  # each layer adds some channels: what comes of it is written behind the last
        start = (source.rect.right, source.rect.middle[1])
        end = (target.rect.x, target.rect.middle[1])
        label = ((start[0] + end[0]) / 2, source.rect.bottom + heights.below / 2)
        corners: tuple[Point, ...] = (start, end)
        if source.row != target.row:
            out = start[0] + (PAD if source.cell.node.stage else 0.0) + _TURN
            back = end[0] - _lead(target.cell) - (PAD if target.cell.node.stage else 0.0) - _TURN
            between = source.rect.bottom + heights.below + heights.between / 2
            corners = (start, (out, start[1]), (out, between), (back, between), (back, end[1]), end)
            label = (start[0] - source.rect.width / 2, label[1])
        yield Line("forward", corners, source.id, target.id, shape=changed, label=label)


def _arcs(boxes: list[Box], heights: _Heights) -> Iterator[Line]:
    for before, box, after in zip(boxes, boxes[1:], boxes[2:], strict=False):
        block = box.cell.node.block
        if block is None or block.shortcut == "none" or box.cell.kind == "handle" or block.shortcut == "concat":
            continue
        humps = 3 if box.cell.kind == "fold" else 1
        left, right = box.rect.x - LEAVE, box.rect.right + JOIN
        # A cubic reaches three quarters of the way to its control points.
        base = box.rect.middle[1]
        peak = base - (base - box.rect.y + heights.arc - 8) / 0.75
        step = (right - left) / humps
        points: list[Point] = [(left, base)]
        for hump in range(humps):
            start, end = left + hump * step, left + (hump + 1) * step
            points += [(start, peak), (end, peak), (end, base)]
        yield Line(block.shortcut, tuple(points), before.id, after.id, box.id, curved=True)
