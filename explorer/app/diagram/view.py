"""The view: how a person handles the diagram with mouse and keyboard.

The view changes no network: it tells what a person wants (`delete_toggled`, `selected`), and whoever owns the document
answers by `set_spec`, `set_deleted` and `set_selection`.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QHelpEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QToolTip, QWidget

from explorer.app.diagram import look as looks
from explorer.app.diagram.items import CardItem
from explorer.app.diagram.legend import Legend, LegendStrip
from explorer.app.diagram.scene import DiagramScene
from explorer.app.diagram.words import spoken, tooltip
from explorer.app.diagram.zoom import ZoomView
from explorer.app.text import tr
from explorer.app.theme import theme
from explorer.networks.spec import NetworkSpec

_LARGEST_SHEET = 1.25
_PAN = 80


class DiagramView(ZoomView):
    """The block diagram of one network.

    Click or arrow keys select; the card's switch or Space asks to delete or restore; double click or Enter opens a
    block, unfolds and folds; Esc closes; wheel zooms at the cursor, dragging (or Ctrl and arrows) pans; + - 0 F zoom
    in, out, to actual size and to fit. Until a person zooms or pans, the network stays fitted to the view.
    """

    delete_toggled = Signal(str)
    """Id of the block to delete, or to restore."""
    selected = Signal(str)
    """Id of the part that a person selected: `stem`, a stage, a block, `head`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = DiagramScene(theme().palette, self)
        self.setScene(self._scene)
        self._legend = LegendStrip(self)
        self._clicked: str | None = None
        self.setMinimumSize(240, 140)
        self.setAccessibleName(tr("Diagram of the network"))
        self._keys: dict[int, Callable[[], None]] = {
            Qt.Key.Key_Space: self._toggle_current,
            Qt.Key.Key_Return: self.activate,
            Qt.Key.Key_Enter: self.activate,
            Qt.Key.Key_Plus: self.zoom_in,
            Qt.Key.Key_Equal: self.zoom_in,
            Qt.Key.Key_Minus: self.zoom_out,
            Qt.Key.Key_0: self.actual_size,
            Qt.Key.Key_F: self.fit,
        }
        self._steps: dict[int, tuple[int, int]] = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        theme().changed.connect(self._follow_theme)

    # -- what the document says ----------------------------------------------------------------------------------

    @property
    def diagram(self) -> DiagramScene:
        """The scene."""
        return self._scene

    def set_spec(self, spec: NetworkSpec) -> None:
        """Another network: fitted, nothing deleted or selected; one with the same blocks keeps all that."""
        other = self._scene.show_spec(spec)
        self._say()
        if other or self.fitted:
            self.fit()

    def set_deleted(self, deleted: frozenset[str]) -> None:
        """Exactly these blocks are deleted; those inside a fold come out of it."""
        before = self._scene.layout_
        self._scene.set_deleted(deleted)
        self._after(before)

    def set_selection(self, part_id: str | None) -> None:
        """The selected part: `stem`, a stage, a block (which comes out of its fold), `head`, or None."""
        if part_id == self._scene.look.current:
            return
        before = self._scene.layout_
        self._scene.set_current(part_id)
        self._after(before)

    def light(self, block_id: str | None) -> None:
        """Light a block for a moment, while a person points at it elsewhere (a bar of a chart); None: none any more.
        Nothing is selected, moved or taken out of its fold."""
        self._scene.set_light(block_id)

    def reveal(self, part_id: str) -> bool:
        """Bring a part out of its fold and centre it, selected and large enough to read; False if there is none."""
        self.set_selection(part_id)
        card = self._scene.cards.get(part_id)
        if card is None:
            return False
        if self.zoom < looks.DETAIL_FROM:
            self.actual_size()
        if not self._visible(card):
            self._fitted = False
            self.centerOn(card)
        return True

    def _after(self, before: object) -> None:
        """Fit again where something moved, and say what changed."""
        if self._scene.layout_ is not before:
            if self.fitted:
                self.fit()
            self._place_sheet()
        self._say()

    # -- what a person wants -------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Open or close the current part's operations; unfold or fold a run."""
        current = self._scene.look.current
        card = self._scene.cards.get(current or "")
        if self._scene.close_part() or card is None:
            return
        if card.box.cell.hidden:
            self._toggle_fold(card.box.id)
        else:
            self.open_part(card.box.id)

    def open_part(self, part_id: str) -> bool:
        """Show the operations of the stem, a block or the head; False where there are none."""
        self.set_selection(part_id)
        opened = self._scene.open_part(part_id)
        self._place_sheet()
        return opened

    def step(self, right: int, down: int) -> None:
        """Walk to the next part, or to the nearest one in the next row."""
        walk = self._scene.walk
        if not walk:
            return
        current = self._scene.look.current
        if current not in walk:
            self._go(walk[0])
            return
        index = walk.index(current)
        if right:
            self._go(walk[min(max(index + right, 0), len(walk) - 1)])
            return
        here = self._scene.cards[current].box
        row = [self._scene.cards[box_id].box for box_id in walk]
        row = [box for box in row if box.row == here.row + down]
        if row:
            self._go(min(row, key=lambda box: abs(box.rect.middle[0] - here.rect.middle[0])).id)

    def _go(self, box_id: str) -> None:
        """Make a box the current one, and tell if it is a part."""
        sheet = self._scene.opened is not None
        self.set_selection(box_id)
        card = self._scene.cards[box_id]
        if not self._visible(card):
            self.ensureVisible(card, 40, 40)
        if sheet:
            self.open_part(box_id)
        if not card.box.cell.hidden:
            self.selected.emit(box_id)

    def _toggle_current(self) -> None:
        card = self._scene.cards.get(self._scene.look.current or "")
        if card is not None and card.box.cell.kind == "block":
            self.delete_toggled.emit(card.box.id)

    def _toggle_fold(self, box_id: str) -> None:
        before = self._scene.layout_
        now = self._scene.toggle_fold(box_id)
        self._scene.set_current(now)
        self._after(before)
        if not self.fitted:
            self.ensureVisible(self._scene.cards[now], 60, 40)

    # -- mouse ---------------------------------------------------------------------------------------------------

    def click(self, at: QPoint) -> None:
        """On a switch: delete or restore. On a fold or its handle: unfold or fold. Else select, or close the sheet."""
        point = self.mapToScene(at)
        self._clicked = None
        if self._on_sheet(point):
            return
        self._scene.close_part()
        card = self._scene.card_at(point)
        if card is None:
            stage = self._scene.stage_at(point)
            if stage is not None:
                self.set_selection(stage)
                self.selected.emit(stage)
        elif card.box.cell.hidden:
            self._toggle_fold(card.box.id)
        elif self._on_switch(card, point):
            self.delete_toggled.emit(card.box.id)
        elif card.box.cell.kind != "input":
            self._clicked = card.box.id
            self._go(card.box.id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Opens a card, or closes the sheet; a quick second click on a switch is a second click."""
        at = event.position().toPoint()
        point = self.mapToScene(at)
        if self._on_sheet(point):
            self._scene.close_part()
            return
        card = self._scene.card_at(point)
        if card is not None and self._on_switch(card, point):
            self.click(at)
        elif card is not None and card.box.id == self._clicked:
            self.open_part(card.box.id)

    def hover(self, at: QPoint) -> bool:
        point = self.mapToScene(at)
        if self._on_sheet(point):
            return False
        card = self._scene.card_at(point)
        return card is not None and (bool(card.box.cell.hidden) or self._on_switch(card, point))

    def _on_switch(self, card: CardItem, point: QPointF) -> bool:
        return self.zoom >= looks.DETAIL_FROM and card.on_switch(point)

    def _on_sheet(self, point: QPointF) -> bool:
        sheet = self._scene.opened
        return sheet is not None and sheet.sheet.contains(sheet.mapFromScene(point))

    # -- events --------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()  # any character: not each is one of Qt.Key
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key in self._steps:
            right, down = self._steps[key]
            if control:
                self.pan(QPoint(_PAN * right, _PAN * down))
            else:
                self.step(right, down)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._scene.walk:
            self._go(self._scene.walk[0 if key == Qt.Key.Key_Home else -1])
        elif key in self._keys and not control:
            self._keys[key]()
        elif key == Qt.Key.Key_Escape and self._scene.close_part():
            pass
        else:
            event.ignore()
            return
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place_legend()
        super().resizeEvent(event)
        self._place_sheet()

    def viewportEvent(self, event: QEvent) -> bool:
        """Tooltips are worded when they are asked for."""
        if isinstance(event, QHelpEvent) and self._scene.spec is not None:
            point = self.mapToScene(event.pos())
            card = None if self._on_sheet(point) else self._scene.card_at(point)
            text = "" if card is None else tooltip(card.box.cell, self._scene.spec, card.deleted)
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        return super().viewportEvent(event)

    # -- looks ---------------------------------------------------------------------------------------------------

    def content(self) -> QRectF:
        return self._scene.content()

    def arrange(self, room: QRectF) -> None:
        self._scene.set_room((room.width(), room.height()))

    def fit(self) -> None:
        super().fit()
        self._place_sheet()

    def _visible(self, card: CardItem) -> bool:
        seen = self.mapToScene(self.viewport().rect()).boundingRect()
        return seen.contains(card.sceneBoundingRect())

    def _place_sheet(self) -> None:
        """At a readable size over its card, inside what is seen."""
        sheet = self._scene.opened
        if sheet is None:
            return
        room = QRectF(self.viewport().rect()).adjusted(12, 10, -12, -12)
        size = min(room.width() / sheet.sheet.width(), room.height() / sheet.sheet.height(), _LARGEST_SHEET)
        seen = self.mapToScene(room.toRect()).boundingRect()
        card = self._scene.cards[sheet.cell.id]
        sheet.place(card.sceneBoundingRect().center(), size / self.zoom, seen)

    def _place_legend(self) -> None:
        height = self._legend.needed(self.width())
        self.setViewportMargins(0, 0, 0, height)
        self._legend.setGeometry(0, self.height() - height, self.width(), height)

    def _say(self) -> None:
        """Bring the legend and what a screen reader hears up to date."""
        spec, look = self._scene.spec, self._scene.look
        if spec is None:
            return
        legend = Legend.of(spec, look.deleted)
        self._legend.show_legend(legend)
        self._place_legend()
        card = self._scene.cards.get(look.current or "")
        words = look.current or "" if card is None else spoken(card.box.cell, card.deleted)
        self.setAccessibleDescription(". ".join(filter(None, (spec.name, legend.count, words))))
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def _follow_theme(self) -> None:
        self._scene.set_palette(theme().palette)
        self._legend.update()
