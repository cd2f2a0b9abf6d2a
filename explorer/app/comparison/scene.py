"""The figure on the screen and on paper: bands of one resolution, columns of networks, shortcuts at their sides.

Boxes have the colour of their resolution, so that what stands side by side looks alike: a stage's colour in the last
network, which the others are read against; grey where that network has no stage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from PySide6.QtCore import QLineF, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QStyleOptionGraphicsItem, QWidget

from explorer.app.comparison.placing import LABELS, Arc, Card, Placed, place
from explorer.app.diagram.look import CACHE_MODE, TEXT_FROM, edge_pen, font, write
from explorer.app.text import tr
from explorer.app.theme import Palette, mixed, part_colour
from explorer.app.widgets.numbers import scaled
from explorer.networks.comparison import Alignment, Group, align
from explorer.networks.cost import network_cost
from explorer.networks.layout import Rect
from explorer.networks.spec import NetworkSpec

_TEXT, _NAME = 12, 17
_RADIUS = 5.0
_FILL, _EDGE = 0.17, 0.75
_HALO = 4.0
"""Between a block's boxes and the outline that holds them together."""
Marks = tuple[frozenset[str], ...]
"""Ids of marked parts, one set a column."""


@dataclass
class Look:
    """What items need to paint themselves, shared by all of a scene.

    Attributes:
        palette: of the theme.
        colours: of each resolution.
        chosen: the column and id of the part that a person selected, None for none.
        marked: it and its counterparts.
    """

    palette: Palette
    colours: dict[int, QColor] = field(default_factory=dict)
    chosen: tuple[int, str] | None = None
    marked: Marks = ()

    def is_marked(self, column: int, group: Group) -> bool:
        return column < len(self.marked) and not self.marked[column].isdisjoint(group.parts)

    def is_chosen(self, column: int, group: Group) -> bool:
        return self.chosen is not None and self.chosen[0] == column and self.chosen[1] in group.parts


class ComparisonScene(QGraphicsScene):
    """All networks in one scene, so that zoom and place are common to them.

    Args:
        palette: colours of the theme.
        parent: owner.
    """

    def __init__(self, palette: Palette, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.look = Look(palette)
        self.specs: tuple[NetworkSpec, ...] = ()
        self.unfolded: frozenset[tuple[int, str]] = frozenset()
        self.alignment = Alignment((), ())
        self.placed: Placed | None = None
        self.cards: list[CardItem] = []

    def show_networks(self, specs: tuple[NetworkSpec, ...], unfolded: frozenset[tuple[int, str]] = frozenset()) -> None:
        """Other networks: nothing selected, and nothing unfolded but those pairs of a column and a run."""
        self.specs, self.unfolded = specs, unfolded
        self.look.chosen, self.look.marked = None, ()
        self._build()

    def set_palette(self, palette: Palette) -> None:
        self.look.palette = palette
        self.update()

    def toggle_run(self, column: int, run: str) -> None:
        """Show a run of equal blocks whole, or fold it again."""
        self.unfolded ^= {(column, run)}
        self._build()

    def select(self, column: int, part: str) -> None:
        """Mark a part, and its counterparts in the other networks."""
        self.look.chosen = (column, part)
        self.look.marked = tuple(map(frozenset, self.alignment.counterparts(column, part)))
        self.update()

    def clear_selection(self) -> None:
        self.look.chosen, self.look.marked = None, ()
        self.update()

    def content(self) -> QRectF:
        """What is drawn."""
        return QRectF(0, 0, self.placed.width, self.placed.height) if self.placed is not None else QRectF(0, 0, 1, 1)

    def card_at(self, point: QPointF) -> CardItem | None:
        """The card under a point."""
        return next((card for card in self.cards if card.outline.contains(point)), None)

    def card_of(self, column: int, part: str) -> CardItem | None:
        """The card that shows a part, or the folded run that it is in."""
        return next((item for item in self.cards if item.card.column == column and part in item.card.group.parts), None)

    def _build(self) -> None:
        self.clear()
        self.alignment = align(self.specs, self.unfolded)
        headers = [header(spec) for spec in self.specs]
        widths = [max(_text_width(lines[0], _NAME, True), *map(_text_width, lines[1:])) for lines in headers]
        self.placed = place(self.alignment, widths, _text_width)
        self.look.colours = band_colours(self.alignment)
        self.addItem(_Ground(self.placed, headers, self.look))
        self.cards = [CardItem(card, self.look) for card in self.placed.cards]
        for item in self.cards:
            self.addItem(item)
        self.addItem(_Lines(self.placed, self.look))
        for arc in self.placed.arcs:
            self.addItem(_ArcItem(arc, self.look))
        self.setSceneRect(self.content())


def band_colours(alignment: Alignment) -> dict[int, QColor]:
    """A colour for each resolution: of the last network's stage there; grey where it has none but shares other
    resolutions with the network that has one; else of that network's own stage."""
    stages = [
        {group.side: group.stage for group in column.groups if group.stage not in ("input", "stem")}
        for column in alignment.columns
    ]
    last = stages[-1]
    colours = {}
    for side in alignment.sides:
        found = last.get(side)
        for own in stages[:-1]:
            if found is None and last.keys().isdisjoint(own.keys() - {1}):
                found = own.get(side)
        colours[side] = part_colour(found or "stem")
    return colours


@lru_cache(maxsize=512)
def _text_width(text: str, pixels: int = _TEXT, bold: bool = False) -> float:
    return QFontMetricsF(font(pixels, bold)).horizontalAdvance(text)


def _rectf(rect: Rect) -> QRectF:
    return QRectF(rect.x, rect.y, rect.width, rect.height)


class _Item(QGraphicsItem):
    """What paints itself from the common look."""

    def __init__(self, look: Look, bounds: QRectF) -> None:
        super().__init__()
        self.look, self._bounds = look, bounds
        self.setCacheMode(CACHE_MODE)

    def boundingRect(self) -> QRectF:
        return self._bounds

    def readable(self, painter: QPainter, option: QStyleOptionGraphicsItem) -> bool:
        """Whether words would be more than dots."""
        return float(option.levelOfDetailFromTransform(painter.worldTransform())) >= TEXT_FROM


class _Ground(_Item):
    """Bands with their resolutions, and headers."""

    def __init__(self, placed: Placed, headers: list[tuple[str, str, str]], look: Look) -> None:
        super().__init__(look, QRectF(0, 0, placed.width, placed.height))
        self._placed, self._headers = placed, headers

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        readable = self.readable(painter, option)
        self._paint_bands(painter, readable)
        self._paint_headers(painter, readable)

    def _paint_bands(self, painter: QPainter, readable: bool) -> None:
        palette = self.look.palette
        for band in self._placed.bands:
            rect, colour = _rectf(band.rect), self.look.colours[band.side]
            painter.fillRect(rect, mixed(colour, 0.055 if not palette.dark else 0.09, palette.window))
            painter.fillRect(QRectF(rect.x(), rect.y(), rect.width(), 1), QColor(palette.line))
            painter.fillRect(QRectF(rect.x(), rect.y() + 1, 4, rect.height() - 1), mixed(colour, 0.8, palette.window))
            if readable:
                place = QRectF(18, rect.y() + 9, LABELS - 24, 22)
                left = Qt.AlignmentFlag.AlignLeft
                write(painter, place, f"{band.side}×{band.side}", 14, palette.text, bold=True, align=left)
        bottom = self._placed.height
        painter.fillRect(QRectF(0, bottom - 1, self._placed.width, 1), QColor(palette.line))

    def _paint_headers(self, painter: QPainter, readable: bool) -> None:
        if not readable:
            return
        palette, left = self.look.palette, Qt.AlignmentFlag.AlignLeft
        write(painter, QRectF(18, 50, LABELS, 20), tr("map"), _TEXT, palette.muted, align=left)
        for room, (name, layers, macs) in zip(self._placed.columns, self._headers, strict=True):
            write(painter, QRectF(room.x, 8, room.width, 24), name, _NAME, palette.text, bold=True, align=left)
            write(painter, QRectF(room.x, 32, room.width, 20), layers, _TEXT, palette.muted, align=left)
            write(painter, QRectF(room.x, 50, room.width, 20), macs, _TEXT, palette.muted, align=left)


def header(spec: NetworkSpec) -> tuple[str, str, str]:
    """Name of a network, and the two lines below it."""
    cost = network_cost(spec)
    parameters, macs = (" ".join(filter(None, scaled(value))) for value in (cost.parameters, cost.macs))
    layers = tr("{depth} layers, {parameters} parameters", depth=f"{spec.depth:,}", parameters=parameters)
    return spec.name, layers, tr("{macs} MACs", macs=macs)


class _Lines(_Item):
    """The ways straight on, from layer to layer."""

    def __init__(self, placed: Placed, look: Look) -> None:
        super().__init__(look, QRectF(0, 0, placed.width, placed.height))
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._lines = [QLineF(line.x, line.top, line.x, line.bottom - 1) for line in placed.lines]

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        seen = option.exposedRect
        lines = [line for line in self._lines if line.y2() >= seen.top() and line.y1() <= seen.bottom()]
        painter.setPen(QPen(QColor(self.look.palette.edge), 1.1))
        painter.setBrush(QColor(self.look.palette.edge))
        painter.drawLines(lines)
        if self.readable(painter, option):
            for line in lines:
                end = line.p2()
                painter.drawPolygon(QPolygonF([end, end + QPointF(-2.6, -4.2), end + QPointF(2.6, -4.2)]))


class CardItem(_Item):
    """A block's boxes, and the outline that holds them together once it is marked."""

    def __init__(self, card: Card, look: Look) -> None:
        self.card = card
        self.outline = _rectf(card.rect).adjusted(-_HALO, -_HALO, _HALO, _HALO)
        super().__init__(look, self.outline.adjusted(-2, -2, 2, 2))

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        readable = self.readable(painter, option)
        group, palette = self.card.group, self.look.palette
        colour = self.look.colours[group.side]
        self._paint_outline(painter)
        if group.folded:
            self._paint_fold(painter, colour, readable)
            return
        for rect, text in zip(self.card.rows, group.rows, strict=True):
            light = group.stage == "input" or text.startswith(("pool", "avg pool"))
            share = 0.0 if light else _FILL + (0.12 if palette.dark else 0.0)
            painter.setBrush(mixed(colour, share, palette.window))
            painter.setPen(QPen(mixed(colour, 0.45 if light else _EDGE, palette.window), 1))
            painter.drawRoundedRect(_rectf(rect), _RADIUS, _RADIUS)
            if readable:
                write(painter, _rectf(rect), text, _TEXT, palette.muted if light else palette.text)

    def _paint_outline(self, painter: QPainter) -> None:
        if not self.look.is_marked(self.card.column, self.card.group):
            return
        chosen, palette = self.look.is_chosen(self.card.column, self.card.group), self.look.palette
        accent = QColor(palette.accent)
        painter.setPen(QPen(accent, 2.4 if chosen else 1.5))
        painter.setBrush(mixed(accent, 0.16 if chosen else 0.08, palette.window))
        painter.drawRoundedRect(self.outline, _RADIUS + 3, _RADIUS + 3)

    def _paint_fold(self, painter: QPainter, colour: QColor, readable: bool) -> None:
        """Three sheets, and how many blocks they stand for."""
        rect, palette = _rectf(self.card.rect), self.look.palette
        for sheet in (2, 1, 0):
            painter.setBrush(mixed(colour, _FILL + 0.1 * sheet, palette.window))
            painter.setPen(QPen(mixed(colour, _EDGE, palette.window), 1))
            painter.drawRoundedRect(rect.adjusted(4 * sheet, 4 * sheet, -4 * sheet, 4 * sheet - 8), _RADIUS, _RADIUS)
        if readable:
            count = len(self.card.group.parts)
            write(painter, rect.adjusted(0, 0, 0, -8), tr("{count} more of these", count=count), _TEXT, palette.text)


class _ArcItem(_Item):
    """A shortcut: solid the identity, dashed a projection, as in the paper's figure."""

    def __init__(self, arc: Arc, look: Look) -> None:
        self._arc = arc
        super().__init__(look, QRectF(arc.x, arc.top - 3, arc.out - arc.x + 3, arc.bottom - arc.top + 6))
        self._path = self._line(arc)

    @staticmethod
    def _line(arc: Arc) -> QPainterPath:
        """Out to the right, down in a bow, and back to the middle line with an arrow."""
        box = arc.out - 26
        path = QPainterPath(QPointF(arc.x, arc.top))
        path.lineTo(box, arc.top)
        path.cubicTo(QPointF(arc.out + 8, arc.top), QPointF(arc.out + 8, arc.bottom), QPointF(box, arc.bottom))
        path.lineTo(arc.x, arc.bottom)
        return path

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        palette, marked = self.look.palette, self.look.is_marked(self._arc.column, self._arc.group)
        pen = edge_pen(self._arc.kind, palette)
        pen.setWidthF(2.2 if marked else 1.4)
        if marked:
            pen.setColor(QColor(palette.accent))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen)
        painter.drawPath(self._path)
