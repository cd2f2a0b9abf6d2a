"""The mouse on the diagram: clicking, dragging blocks, the context menu, tooltips."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QMouseEvent
from PySide6.QtWidgets import QToolTip, QWidget

from explorer.app.diagram import look as looks
from explorer.app.diagram.items import CardItem
from explorer.app.diagram.menu import block_menu
from explorer.app.diagram.scene import DiagramScene
from explorer.app.diagram.words import arc_tooltip, pool_tooltip, stage_tooltip, tooltip
from explorer.app.diagram.zoom import ZoomView
from explorer.app.theme import theme
from explorer.networks.spec import NetworkSpec


class MouseView(ZoomView):
    """What the mouse does with the scene's blocks; it changes no network, but tells what a person wants."""

    delete_toggled = Signal(str)
    """Id of the block to delete, or to restore."""
    cut_toggled = Signal(str)
    """Id of the block whose shortcut to cut, or to restore."""
    moved = Signal(str, str)
    """Id of a block, and the id of the place that it is to change to."""
    selected = Signal(str)
    """Id of the part that a person selected: `stem`, a stage, a block, `head`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = DiagramScene(theme().palette, self)
        self.setScene(self._scene)
        self._clicked: str | None = None

    # -- for a subclass ------------------------------------------------------------------------------------------

    def go(self, box_id: str) -> None:
        """Make a box the current one, and tell if it is a part."""

    def set_selection(self, part_id: str | None) -> None:
        """Show which part is selected."""

    def toggle_fold(self, box_id: str) -> None:
        """Unfold or fold a run."""

    def approach(self, stage: str, point: QPointF) -> None:
        """Show the cards of a stage; those around a point where there is no room for all."""

    def open_part(self, part_id: str) -> bool:
        """Show the operations of a part; False where there are none."""
        return False

    # -- mouse ---------------------------------------------------------------------------------------------------

    def click(self, at: QPoint) -> None:
        """On a switch: delete or restore. On an arc: cut or restore. On a fold or its handle: unfold or fold. Else
        select, or close the sheet."""
        point = self.mapToScene(at)
        self._clicked = None
        if self._on_sheet(point):
            return
        self._scene.close_part()
        card = self._scene.card_at(point)
        if card is None:
            self._click_ground(point)
        elif card.box.cell.hidden:
            self.toggle_fold(card.box.id)
        elif self._on_switch(card, point):
            self.delete_toggled.emit(card.box.id)
        elif card.box.cell.kind != "input":
            self._clicked = card.box.id
            self.go(card.box.id)

    def _click_ground(self, point: QPointF) -> None:
        arc, stage = self._arc_at(point), self._scene.stage_at(point)
        if arc is not None:
            self.cut_toggled.emit(arc)
        elif stage is not None:
            self.set_selection(stage)
            self.selected.emit(stage)

    def _arc_at(self, point: QPointF) -> str | None:
        """The block whose arc can be clicked there."""
        near = self.zoom >= looks.DETAIL_FROM and not self._scene.summary
        return self._scene.arc_at(point) if near else None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Opens a card, goes near to a stage that shows its summary, or closes the sheet; a quick second click on a
        switch or an arc is a second click."""
        at = event.position().toPoint()
        point = self.mapToScene(at)
        if self._on_sheet(point):
            self._scene.close_part()
            return
        card = self._scene.card_at(point)
        stage = self._scene.stage_at(point) if self._scene.summary else None
        if card is None and stage is not None:
            self.approach(stage, point)
        elif self._on_switch(card, point) if card is not None else self._arc_at(point):
            self.click(at)
        elif card is not None and card.box.id == self._clicked:
            self.open_part(card.box.id)

    def hover(self, at: QPoint) -> bool:
        point = self.mapToScene(at)
        if self._on_sheet(point):
            return False
        card = self._scene.card_at(point)
        self._scene.set_hover(None if card is None else card.box.id)
        if card is None:
            return self._arc_at(point) is not None
        return bool(card.box.cell.hidden) or self._on_switch(card, point)

    def take(self, at: QPoint) -> bool:
        """A block's card, where cards are large enough to be told apart; else the view is panned."""
        point = self.mapToScene(at)
        card = None if self._on_sheet(point) else self._scene.card_at(point)
        if card is None or card.box.cell.kind != "block" or self.zoom < looks.TEXT_FROM:
            return False
        self._scene.close_part()
        self._scene.take(card, point)
        somewhere = bool(self._scene.look.targets)
        self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor if somewhere else Qt.CursorShape.ForbiddenCursor)
        return True

    def carry(self, at: QPoint) -> None:
        if self._scene.drag is not None:
            self._scene.drag.move(self.mapToScene(at))

    def put_down(self) -> None:
        wanted = self._scene.put_down()
        if wanted is not None:
            self.moved.emit(*wanted)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done to the block under the mouse, or to the current one where a key asks for it."""
        card = self._scene.card_at(self.mapToScene(event.pos()))
        where = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            card = self._scene.cards.get(self._scene.look.current or "")
            if card is not None:
                where = self.viewport().mapToGlobal(self.mapFromScene(card.sceneBoundingRect().center()))
        if card is None or card.box.cell.kind != "block":
            return
        self.go(card.box.id)
        menu = block_menu(self, self._scene.graph, card.box.id, card.mode)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(where)

    def _on_switch(self, card: CardItem, point: QPointF) -> bool:
        return self.zoom >= looks.DETAIL_FROM and card.on_switch(point)

    def _on_sheet(self, point: QPointF) -> bool:
        sheet = self._scene.opened
        return sheet is not None and sheet.sheet.contains(sheet.mapFromScene(point))

    def drop_card(self) -> bool:
        """Let go of a card that is being dragged; says whether there was one."""
        if self._scene.drag is None:
            return False
        self._scene.put_down()
        self.let_go()
        return True

    def viewportEvent(self, event: QEvent) -> bool:
        """Tooltips are worded when they are asked for."""
        if isinstance(event, QHelpEvent) and self._scene.spec is not None:
            text = self._tooltip(self.mapToScene(event.pos()), self._scene.spec)
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        return super().viewportEvent(event)

    def _tooltip(self, point: QPointF, spec: NetworkSpec) -> str:
        if self._on_sheet(point):
            return ""
        card = self._scene.card_at(point)
        if card is not None:
            return tooltip(card.box.cell, spec, card.mode, self._scene.look.colouring)
        stage = self._scene.stage_at(point) if self._scene.summary else None
        if stage is not None:
            return stage_tooltip(spec, stage)
        pool, arc = self._scene.pool_at(point), self._arc_at(point)
        if pool is not None:
            return pool_tooltip(pool)
        block = self._scene.cards[arc].box.cell.node.block if arc is not None else None
        return "" if block is None else arc_tooltip(block, block.id in self._scene.look.cut)
