"""The view: how a person handles the diagram with mouse and keyboard.

The view changes no network: it tells what a person wants (`delete_toggled`, `cut_toggled`, `moved`, `selected`), and
whoever owns the document answers by `set_spec`, `set_lesion` and `set_selection`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from explorer.app.diagram import look as looks
from explorer.app.diagram.detail import DetailView
from explorer.app.diagram.dragging import neighbour
from explorer.app.diagram.items import CardItem
from explorer.app.diagram.legend import Legend
from explorer.app.diagram.paths import light_path
from explorer.app.diagram.scene import DiagramScene
from explorer.app.diagram.words import spoken
from explorer.app.text import tr
from explorer.app.theme import theme
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec

_LARGEST_SHEET = 1.25
_PAN = 80
_NEAR = 0.8
"""Zoom at which cards are read at ease."""


class DiagramView(DetailView):
    """The block diagram of one network.

    Click or arrow keys select; the card's switch or Space asks to delete or restore, a click on the arc or X to cut or
    restore the shortcut; a card that is dragged onto another one of equal shape asks to change places with it, Alt and
    arrows with the next one; double click or Enter opens a block, unfolds and folds; Esc closes, or lets go of a card;
    wheel zooms at the cursor, dragging the ground (or anything with the middle button, or Ctrl and arrows) pans;
    + - 0 F zoom in, out, to actual size and to fit; 1 2 3 show stages, folded runs, all blocks, 4 opens the current
    part; the right button lists what can be done to a block. Until a person zooms or pans, the network stays fitted to
    the view; from afar stages show a summary in place of cards too small to read, and where only a part is seen, a
    small overview stands in the corner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(240, 140)
        self.setAccessibleName(tr("Diagram of the network"))
        self._keys: dict[int, Callable[[], None]] = {
            Qt.Key.Key_Space: self._toggle_current,
            Qt.Key.Key_X: self._cut_current,
            Qt.Key.Key_Return: self.activate,
            Qt.Key.Key_Enter: self.activate,
            Qt.Key.Key_Plus: self.zoom_in,
            Qt.Key.Key_Equal: self.zoom_in,
            Qt.Key.Key_Minus: self.zoom_out,
            Qt.Key.Key_0: self.actual_size,
            Qt.Key.Key_F: self.fit,
            Qt.Key.Key_1: partial(self.choose_level, "stages"),
            Qt.Key.Key_2: partial(self.choose_level, "runs"),
            Qt.Key.Key_3: partial(self.choose_level, "blocks"),
            Qt.Key.Key_4: self.open_current,
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
        self.recolour(spec)
        self.say()
        if other or self.fitted:
            self.fit()

    def set_lesion(self, lesion: Lesion) -> None:
        """Exactly this is done to the network: deleted, cut and moved blocks; those inside a fold come out of it."""
        before = self._scene.layout_
        self._scene.set_lesion(lesion)
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

    def light_path(self, taken: frozenset[str], around: frozenset[str]) -> None:
        """Light a path for a moment, while a person points at it elsewhere; empty sets: none any more. Its blocks come
        out of their folds, nothing is selected or moved.

        Args:
            taken: ids of the blocks whose residual branch it takes: their cards are lit.
            around: ids of the blocks whose shortcut it takes: their arcs are lit, their cards dimmed.
        """
        before = self._scene.layout_
        light_path(self._scene, taken, around)
        if self._scene.layout_ is not before:
            self._after(before)

    def reveal(self, part_id: str) -> bool:
        """Bring a part out of its fold and centre it, selected and large enough to read; False if there is none."""
        if self._scene.level == "stages" and self.zoom >= looks.TEXT_FROM:
            self.choose_level("runs")
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
            self.let_go()
            if self.fitted:
                self.fit()
            self._place_sheet()
        self.say()

    # -- what a person wants -------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Open or close the current part's operations; unfold or fold a run."""
        current = self._scene.look.current
        card = self._scene.cards.get(current or "")
        if self._scene.close_part() or card is None:
            return
        if card.box.cell.hidden:
            self.toggle_fold(card.box.id)
        else:
            self.open_part(card.box.id)

    def open_part(self, part_id: str) -> bool:
        """Show the operations of the stem, a block or the head; False where there are none."""
        self.set_selection(part_id)
        opened = self._scene.open_part(part_id)
        self._place_sheet()
        return opened

    def open_current(self) -> None:
        """The operations of the current part; of the first block where none is current."""
        current = self._scene.look.current
        card = self._scene.cards.get(current or "")
        if card is None or card.box.cell.hidden:
            spec = self._scene.spec
            current = spec.block_ids[0] if spec is not None else None
        if current is not None:
            self.open_part(current)

    def step(self, right: int, down: int) -> None:
        """Walk to the next part, or to the nearest one in the next row."""
        walk = self._scene.walk
        if not walk:
            return
        current = self._scene.look.current
        if current not in walk:
            self.go(walk[0])
            return
        index = walk.index(current)
        if right:
            self.go(walk[min(max(index + right, 0), len(walk) - 1)])
            return
        here = self._scene.cards[current].box
        row = [self._scene.cards[box_id].box for box_id in walk]
        row = [box for box in row if box.row == here.row + down]
        if row:
            self.go(min(row, key=lambda box: abs(box.rect.middle[0] - here.rect.middle[0])).id)

    def go(self, box_id: str) -> None:
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

    def _cut_current(self) -> None:
        spec = self._scene.spec
        card = self._scene.cards.get(self._scene.look.current or "")
        if spec is not None and not spec.plain and card is not None and card.box.cell.kind == "block":
            self.cut_toggled.emit(card.box.id)

    def _move_current(self, step: int) -> None:
        current = self._scene.look.current
        if self._scene.spec is None or current is None:
            return
        place = neighbour(self._scene.graph, current, step)
        if place is not None:
            self.moved.emit(current, place)

    def toggle_fold(self, box_id: str) -> None:
        before = self._scene.layout_
        now = self._scene.toggle_fold(box_id)
        self._scene.set_current(now)
        self._after(before)
        if not self.fitted:
            self.ensureVisible(self._scene.cards[now], 60, 40)

    # -- events --------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()  # any character: not each is one of Qt.Key
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key in self._steps:
            right, down = self._steps[key]
            if event.modifiers() & Qt.KeyboardModifier.AltModifier:
                self._move_current(right or down)
            elif control:
                self.pan(QPoint(_PAN * right, _PAN * down))
            else:
                self.step(right, down)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._scene.walk:
            self.go(self._scene.walk[0 if key == Qt.Key.Key_Home else -1])
        elif key in self._keys and not control:
            self._keys[key]()
        elif key == Qt.Key.Key_Escape and (self.drop_card() or self._scene.close_part()):
            pass
        else:
            event.ignore()
            return
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.place_legend()
        super().resizeEvent(event)
        self._place_sheet()
        self.shifted()

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
        self.follow_minimap()
        if sheet is None:
            return
        room = QRectF(self.viewport().rect()).adjusted(12, 10, -12, -12)
        size = min(room.width() / sheet.sheet.width(), room.height() / sheet.sheet.height(), _LARGEST_SHEET)
        seen = self.mapToScene(room.toRect()).boundingRect()
        card = self._scene.cards[sheet.cell.id]
        sheet.place(card.sceneBoundingRect().center(), size / self.zoom, seen)

    def say(self) -> None:
        """Bring the legend and what a screen reader hears up to date."""
        spec, look = self._scene.spec, self._scene.look
        if spec is None:
            return
        legend = Legend.of(spec, self._scene.lesion, look.colouring)
        self._legend.show_legend(legend)
        self._legend.controls.show_level(self._scene.level)
        self.place_legend()
        self.follow_minimap()
        card = self._scene.cards.get(look.current or "")
        words = look.current or "" if card is None else spoken(card.box.cell, card.mode)
        self.setAccessibleDescription(". ".join(filter(None, (spec.name, legend.count, words))))
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def _follow_theme(self) -> None:
        self._scene.set_palette(theme().palette)
        self._legend.update()
        self._minimap.update()
