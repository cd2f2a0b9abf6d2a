"""Aligned networks -> rectangles: pure functions over plain records, linear in the number of rows.

Columns stand from left to right, the bands of one resolution below each other across all of them. Lengths are logical
pixels at zoom 1, x to the right, y down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from explorer.networks.comparison import Alignment, Column, Group
from explorer.networks.layout import Rect
from explorer.networks.spec import ShortcutKind

ROW = 22.0
"""Height of one layer's box."""
GAP = 9.0
"""Between two boxes, of one block or of two: so that equal layers of two networks stand at the same height, whether or
not blocks hold them together."""
PAD = 11.0
"""Between a band's edge and its boxes."""
HEADER = 80.0
LABELS = 98.0
"""Room for the resolutions at the left."""
ARC = 34.0
"""How far a shortcut swings out to the right of its block."""
LEAVE, JOIN = 2.5, 3.0
"""Where a shortcut leaves the line before its block, and joins the one behind it."""
FOLD = 2 * ROW + GAP
_NARROWEST = 148.0
_TEXT_PAD = 28.0
_COLUMN_GAP = 44.0


@dataclass(frozen=True, slots=True)
class Card:
    """A placed group: the boxes of its rows, and the rectangle around them."""

    column: int
    group: Group
    rect: Rect
    rows: tuple[Rect, ...]

    @property
    def id(self) -> str:
        return self.group.id


@dataclass(frozen=True, slots=True)
class Band:
    """All columns at one resolution."""

    side: int
    rect: Rect


@dataclass(frozen=True, slots=True)
class Line:
    """The way straight on, from one card down to the next."""

    column: int
    x: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Arc:
    """A shortcut around a card: from `top` to `bottom` at `x`, swinging out to `out`; dotted where it stands for a
    folded run's."""

    column: int
    group: Group
    kind: ShortcutKind
    x: float
    out: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Placed:
    """Everything lies within 0 … width and 0 … height."""

    cards: tuple[Card, ...]
    bands: tuple[Band, ...]
    lines: tuple[Line, ...]
    arcs: tuple[Arc, ...]
    columns: tuple[Rect, ...]
    """The room of each column, its header included."""
    width: float
    height: float


def place(alignment: Alignment, headers: Sequence[float], width_of: Callable[[str], float]) -> Placed:
    """Place aligned networks.

    Args:
        alignment: what stands where.
        headers: the width of each column's header.
        width_of: the width of a text in a box.
    """
    bands = _bands(alignment)
    total = bands[-1].rect.bottom
    cards: list[Card] = []
    lines: list[Line] = []
    arcs: list[Arc] = []
    rooms = []
    left = LABELS
    for number, column in enumerate(alignment.columns):
        box = _box_width(column, width_of)
        swing = ARC if any(group.shortcut != "none" for group in column.groups) else 0.0
        own = _cards(number, column, bands, left, box)
        cards += own
        lines += _lines(number, own)
        arcs += _arcs(number, own)
        room = max(box + swing, headers[number])
        rooms.append(Rect(left, 0.0, room, total))
        left += room + _COLUMN_GAP
    width = left - _COLUMN_GAP + PAD * 2
    whole = tuple(Band(band.side, Rect(0.0, band.rect.y, width, band.rect.height)) for band in bands)
    return Placed(tuple(cards), whole, tuple(lines), tuple(arcs), tuple(rooms), width, total)


def _box_width(column: Column, width_of: Callable[[str], float]) -> float:
    texts = {row for group in column.groups for row in group.rows}
    return max(_NARROWEST, *(width_of(text) + _TEXT_PAD for text in texts))


def _bands(alignment: Alignment) -> list[Band]:
    """As high as the column that has most there."""
    bands = []
    top = HEADER
    for side in alignment.sides:
        height = max(_height(column.at(side)) for column in alignment.columns) + 2 * PAD
        bands.append(Band(side, Rect(0.0, top, 0.0, height)))
        top += height
    return bands


def _height(groups: tuple[Group, ...]) -> float:
    return sum(map(_group_height, groups)) + GAP * max(len(groups) - 1, 0)


def _group_height(group: Group) -> float:
    return FOLD if group.folded else len(group.rows) * (ROW + GAP) - GAP


def _cards(number: int, column: Column, bands: list[Band], left: float, width: float) -> list[Card]:
    cards = []
    tops = {band.side: band.rect.y + PAD for band in bands}
    for group in column.groups:
        top, height = tops[group.side], _group_height(group)
        count = 0 if group.folded else len(group.rows)
        rows = tuple(Rect(left, top + row * (ROW + GAP), width, ROW) for row in range(count))
        cards.append(Card(number, group, Rect(left, top, width, height), rows))
        tops[group.side] = top + height + GAP
    return cards


def _lines(number: int, cards: list[Card]) -> Iterator[Line]:
    for card, after in pairwise(cards):
        yield Line(number, card.rect.middle[0], card.rect.bottom, after.rect.y)
    for card in cards:
        for row, below in pairwise(card.rows):
            yield Line(number, row.middle[0], row.bottom, below.y)


def _arcs(number: int, cards: list[Card]) -> Iterator[Arc]:
    """From the gap before a block to the gap behind it, close to the block where the gap is long."""
    for card in cards:
        if card.group.shortcut != "none":
            top, bottom = card.rect.y + card.group.before * (ROW + GAP) - LEAVE, card.rect.bottom + JOIN
            yield Arc(number, card.group, card.group.shortcut, card.rect.middle[0], card.rect.right + ARC, top, bottom)
