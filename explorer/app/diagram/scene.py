"""The scene: a network's layout as items.

Moving things (another network or order, folding, another room) builds the items anew, which the folded layout keeps
cheap. What only changes looks (deleted blocks, cut shortcuts, the selection) repaints the items concerned.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem, QGraphicsScene

from explorer.app.diagram.bands import BandItem, make_bands, stage_at
from explorer.app.diagram.dragging import Drag
from explorer.app.diagram.fan import FanItem
from explorer.app.diagram.items import CardItem, LabelItem, LineItem, PoolItem
from explorer.app.diagram.levels import Level, Shown
from explorer.app.diagram.look import TEXT_FROM, Look
from explorer.app.diagram.opened import OpenedItem
from explorer.app.diagram.words import card_words
from explorer.app.theme import Palette
from explorer.networks.colouring import Colouring
from explorer.networks.folding import runs
from explorer.networks.graph import Graph, block_graph
from explorer.networks.layout import Layout, layout
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec

TITLE_HEIGHT = 30.0
"""Of the part of a band that a click selects the stage by."""


class DiagramScene(QGraphicsScene):
    """Bands, cards and lines of one network.

    Args:
        palette: colours.
        parent: Qt's.
        grey: for a print without colours.
        clear: nothing is painted behind the picture.
    """

    def __init__(
        self, palette: Palette, parent: QObject | None = None, *, grey: bool = False, clear: bool = False
    ) -> None:
        super().__init__(parent)
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.look = Look(palette, grey=grey, clear=clear)
        self.spec: NetworkSpec | None = None
        self.layout_: Layout | None = None
        self.cards: dict[str, CardItem] = {}
        self.arcs: dict[str, LineItem] = {}
        self.opened: OpenedItem | None = None
        self.drag: Drag | None = None
        self._order: tuple[str, ...] = ()
        self._bands: list[BandItem] = []
        self._pools: list[PoolItem] = []
        self._fans: list[FanItem] = []
        self._unfolded: frozenset[str] = frozenset()
        self._shown: frozenset[str] = frozenset()
        self._room = (850.0, 300.0)
        self._zoom = 1.0
        self._stages_only = False
        self._details: QGraphicsItem | None = None

    # -- what is shown -------------------------------------------------------------------------------------------

    @property
    def lesion(self) -> Lesion:
        """What is done to the network."""
        return Lesion(self.look.deleted, self.look.cut, self._order)

    @property
    def graph(self) -> Graph:
        """What is laid out: the blocks in their present order."""
        assert self.spec is not None
        return block_graph(self.spec, self._order)

    def show_spec(self, spec: NetworkSpec, lesion: Lesion = INTACT) -> bool:
        """Another network, folded as at first; one with the same blocks keeps what is done to them, current and
        unfolded.

        Returns:
            Whether it has other blocks than the one before.
        """
        self.close_part()
        other = self.spec is None or self.spec.block_ids != spec.block_ids
        self.spec = spec
        if other:
            self.look.deleted, self.look.cut, self._order = lesion.deleted, lesion.cut, lesion.order
            self.look.current = self.look.light = self.look.hover = None
            self.look.taken = self.look.around = frozenset()
            self._unfolded, self._shown = frozenset(), lesion.deleted | lesion.cut
            self._stages_only = False
        self.rebuild()
        return other

    def set_room(self, room: tuple[float, float]) -> bool:
        """Lay out for a room of that width and height; says whether rows changed."""
        before = self.layout_
        self._room = room
        if self.spec is None:
            return False
        after = layout(self.graph, self._unfolded, self._shown, room)
        if before is not None and after == before:
            return False
        self.rebuild()
        return True

    def set_palette(self, palette: Palette) -> None:
        """Another theme."""
        self.look.palette = palette
        self.setBackgroundBrush(QColor(palette.window))
        for arc in self.items():
            if isinstance(arc, LineItem):
                arc.refresh()
        self.update()

    def set_lesion(self, lesion: Lesion) -> None:
        """Exactly this is done to the network. Blocks that it concerns come out of their folds."""
        look = self.look
        changed = (look.deleted ^ lesion.deleted) | (look.cut ^ lesion.cut)
        moved = self._order != lesion.order
        look.deleted, look.cut, self._order = lesion.deleted, lesion.cut, lesion.order
        if self.bring_out(lesion.deleted | lesion.cut):
            return
        if moved and self.spec is not None:
            self.rebuild()
            return
        for block in changed:
            if block in self.cards:
                self.cards[block].update()
            if block in self.arcs:
                self.arcs[block].refresh()
        if (self.summary or self._fans) and changed:
            self.update()
        if self.opened is not None:
            self.opened.update()

    def set_current(self, current: str | None) -> None:
        """The part, stage or fold with the focus ring. A block inside a fold comes out of it."""
        before, self.look.current = self.look.current, current
        if current is not None and self.bring_out(frozenset({current})):
            return
        for name in (before, current):
            if name in self.cards:
                self.cards[name].update()
        self._update_fans()
        for band in self._bands:
            if self.summary or band.band.id in (before, current):
                band.update()

    def set_light(self, block: str | None) -> None:
        """Light a block's card, or the fold that it is in, for a moment."""
        before, self.look.light = self.look.light, block
        for name in (before, block):
            card = self.card_of(name) if name is not None else None
            if card is not None:
                card.update()
        self._update_fans()

    def set_hover(self, box_id: str | None) -> None:
        """The mouse is on a box, or on none: the arcs of a dense layer stand out."""
        if box_id != self.look.hover:
            self.look.hover = box_id
            self._update_fans()

    def _update_fans(self) -> None:
        for fan in self._fans:
            fan.update()

    def card_of(self, block: str) -> CardItem | None:
        """A block's card, or that of its fold."""
        if block in self.cards:
            return self.cards[block]
        return next((card for card in self.cards.values() if card.stands_for(block)), None)

    def bring_out(self, blocks: frozenset[str]) -> bool:
        """Break folds around blocks inside them; says whether any had to be."""
        if self.spec is None:
            return False
        hidden = blocks.intersection(self.spec.block_ids).difference(self.cards)
        if hidden:
            self._shown |= hidden
            self.rebuild()
        return bool(hidden)

    def set_colouring(self, colouring: Colouring | None) -> None:
        """What the blocks are filled by; None for their stages' colours alone."""
        self.look.colour_by(colouring)
        self.update()

    # -- levels of detail ----------------------------------------------------------------------------------------

    @property
    def summary(self) -> bool:
        """Whether stages show a summary in place of their cards."""
        return self._stages_only or self._zoom < TEXT_FROM

    @property
    def level(self) -> Level:
        """What is shown now."""
        if self.summary:
            return "stages"
        return "runs" if any(card.box.cell.kind == "fold" for card in self.cards.values()) else "blocks"

    def set_zoom(self, zoom: float) -> bool:
        """How near a person is; says whether cards came or went."""
        before, self._zoom = self.summary, zoom
        if self.summary != before:
            self._show_details()
        return self.summary != before

    def set_level(self, level: Level) -> None:
        """Fold everything, or unfold it; `stages`: show summaries however near."""
        assert self.spec is not None
        self._stages_only = level == "stages"
        done = self.look.deleted | self.look.cut
        self._unfolded = runs(self.graph) if level == "blocks" else frozenset()
        self._shown = done
        if self.look.current not in {"stem", "head", *self.spec.block_ids, *(stage.id for stage in self.spec.stages)}:
            self.look.current = None
        elif self.look.current in self.spec.block_ids:
            self._shown |= {str(self.look.current)}
        self.rebuild()

    def shown(self) -> Shown:
        """What is shown, for showing the same elsewhere."""
        sheet = self.opened
        at = (0.0, 0.0, 1.0) if sheet is None else (sheet.x(), sheet.y(), sheet.scale())
        return Shown(
            self._unfolded, self._shown, self._room, self._zoom, self._stages_only,
            "" if sheet is None else sheet.cell.id, self.look.colouring, at,
        )  # fmt: skip

    def show_like(self, shown: Shown) -> None:
        """Show of this network what is shown of it elsewhere."""
        self._unfolded, self._shown, self._room = shown.unfolded, shown.visible, shown.room
        self._zoom, self._stages_only = shown.zoom, shown.stages
        self.look.colour_by(shown.colouring)
        self.rebuild()
        if self.open_part(shown.opened) and self.opened is not None:
            x, y, scale = shown.sheet
            self.opened.setPos(x, y)
            self.opened.setScale(scale)

    def _show_details(self) -> None:
        """Cards and lines, or the summaries in their place."""
        if self._details is not None:
            self._details.setVisible(not self.summary)
        for band in self._bands:
            band.summary = self.summary
            band.update()

    # -- folding and opening -------------------------------------------------------------------------------------

    def toggle_fold(self, box_id: str) -> str:
        """Unfold the run of a fold, or fold the run of a handle again, but for blocks that something is done to.

        Returns:
            The id of the box that now stands for the run: the handle, or a fold.
        """
        cell = self.cards[box_id].box.cell
        if cell.kind == "fold":
            self._unfolded |= {cell.run}
        else:
            self._unfolded -= {cell.run}
            done = self.look.deleted | self.look.cut
            self._shown = (self._shown - frozenset(cell.hidden)) | done.intersection(cell.hidden)
        self.look.current = None
        self.rebuild()
        return next((name for name, card in self.cards.items() if card.box.cell.run == cell.run), cell.hidden[0])

    def open_part(self, part_id: str) -> bool:
        """Show a part's operations; False where it has none to show."""
        self.close_part()
        card = self.cards.get(part_id)
        if self.spec is None or card is None or card.box.cell.kind not in ("stem", "block", "head"):
            return False
        self.opened = OpenedItem(self.spec, card.box.cell, self.look, self._order)
        self.addItem(self.opened)
        return True

    def close_part(self) -> bool:
        """Says whether one was open."""
        if self.opened is None:
            return False
        self.removeItem(self.opened)
        self.opened = None
        return True

    # -- dragging ------------------------------------------------------------------------------------------------

    def take(self, card: CardItem, at: QPointF) -> None:
        """Begin to drag a block's card: where it may go lights up, all else is dimmed."""
        ghost = CardItem(card.box, card.title, card.detail, self.look)
        self.drag = Drag(card, at, ghost, self.cards, self.look)
        self.addItem(ghost)
        self.update()

    def put_down(self) -> tuple[str, str] | None:
        """End it.

        Returns:
            The block and the id of the place that it was over; None where it was over none.
        """
        if self.drag is None:
            return None
        drag, self.drag = self.drag, None
        place = drag.end()
        self.removeItem(drag.ghost)
        self.update()
        return None if place is None else (drag.ghost.box.id, place)

    # -- questions -----------------------------------------------------------------------------------------------

    @property
    def walk(self) -> list[str]:
        """Ids of the boxes that the arrow keys reach, from stem to head."""
        return [box_id for box_id, card in self.cards.items() if card.box.cell.kind != "input"]

    def card_at(self, point: QPointF) -> CardItem | None:
        """The card at a point; none of a stage that shows its summary."""
        for card in self.cards.values():
            if card.isVisible() and card.contains(card.mapFromScene(point)):
                return card
        return None

    def arc_at(self, point: QPointF) -> str | None:
        """The block whose shortcut's arc is at a point, above the cards; a fold's arcs are not one block's."""
        for block, arc in self.arcs.items():
            card = self.cards.get(block)
            if card is not None and card.box.cell.kind == "block" and point.y() < card.box.rect.y and arc.near(point):
                return block
        return None

    def pool_at(self, point: QPointF) -> str | None:
        """The place whose pool is at a point."""
        return next((item.pool.place for item in self._pools if item.rect().contains(point)), None)

    def stage_at(self, point: QPointF) -> str | None:
        """The stage whose title is at a point."""
        return stage_at(self._bands, point, TITLE_HEIGHT)

    def stage_rect(self, stage: str) -> QRectF:
        """The ground of a stage, all its pieces."""
        rect = QRectF()
        for item in self._bands:
            if item.band.id == stage:
                rect = rect.united(item.rect())
        return rect

    def content(self) -> QRectF:
        """What fit shows."""
        if self.layout_ is None:
            return QRectF(0, 0, 1, 1)
        return QRectF(0, 0, self.layout_.width, self.layout_.height)

    # -- building ------------------------------------------------------------------------------------------------

    def rebuild(self) -> None:
        """Lay out and make all items."""
        assert self.spec is not None
        open_id = self.opened.cell.id if self.opened else ""
        self.opened = None
        self.drag = self.look.targets = self.look.over = None
        self.clear()
        self.setBackgroundBrush(QBrush() if self.look.clear else QColor(self.look.palette.window))
        placed = layout(self.graph, self._unfolded, self._shown, self._room)
        self.layout_ = placed
        self._bands = make_bands(placed, self.spec, self.look)
        lines = [LineItem(line, self.look) for line in placed.lines]
        self._fans = [FanItem(fan, self.look) for fan in placed.fans]
        self._pools = [PoolItem(pool, self.look) for pool in placed.pools]
        labels = [LabelItem(line, self.look) for line in placed.lines if line.shape is not None]
        self.cards = {box.id: CardItem(box, *card_words(box.cell, self.spec), self.look) for box in placed.boxes}
        self.arcs = {line.line.around: line for line in lines if line.line.around is not None}
        # Whatever a summary stands in for has one parent, which is hidden as one.
        self._details = QGraphicsRectItem()
        self._details.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)
        self._details.setZValue(1.0)
        outside = [card for card in self.cards.values() if card.box.cell.node.stage is None]
        inside = [card for card in self.cards.values() if card.box.cell.node.stage is not None]
        for item in (*lines, *self._fans, *labels, *self._pools, *inside):
            item.setParentItem(self._details)
        for item in (*self._bands, *outside, self._details):
            self.addItem(item)
        self._show_details()
        margin = max(placed.width, placed.height)
        self.open_part(open_id)
        self.setSceneRect(self.content().adjusted(-margin, -margin, margin, margin))
