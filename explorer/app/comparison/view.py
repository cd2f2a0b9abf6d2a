"""The figure in the window: zooming, panning, selecting; what it says of what is selected."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QToolTip, QWidget

from explorer.app.comparison.figure import legend_height, paint_legend
from explorer.app.comparison.scene import CardItem, ComparisonScene
from explorer.app.diagram.zoom import ZoomView
from explorer.app.text import tr
from explorer.app.theme import theme
from explorer.networks.comparison import Group
from explorer.networks.spec import NetworkSpec

_READABLE = 0.62
"""A figure that would be smaller than this is shown from its top, as wide as the view."""
_WIDEST = 1.0
_PAN = 80


class ComparisonView(ZoomView):
    """Networks side by side, in one scene: they zoom, pan and are selected together.

    Click or arrow keys select a block and its counterparts, up and down in a network, left and right across them; a
    click on a folded run, or Enter, unfolds it, Enter in an unfolded one folds it again; Esc lets go. + - 0 F zoom in,
    out, to actual size and to fit.
    """

    selected = Signal(object)
    """Ids of the selected part and its counterparts, one tuple a network; None where nothing is selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = ComparisonScene(theme().palette, self)
        self.setScene(self._scene)
        self._legend = _Legend(self)
        self._whole = False
        self._card = ""
        self.setMinimumSize(280, 200)
        self.setAccessibleName(tr("Networks side by side"))
        self._keys: dict[int, Callable[[], None]] = {
            Qt.Key.Key_Return: self._toggle_current,
            Qt.Key.Key_Enter: self._toggle_current,
            Qt.Key.Key_Plus: self.zoom_in,
            Qt.Key.Key_Equal: self.zoom_in,
            Qt.Key.Key_Minus: self.zoom_out,
            Qt.Key.Key_0: self.actual_size,
            Qt.Key.Key_F: self.fit_all,
        }
        theme().changed.connect(self._follow_theme)

    @property
    def figure(self) -> ComparisonScene:
        """The scene."""
        return self._scene

    def show_networks(self, specs: tuple[NetworkSpec, ...]) -> None:
        """Other networks, from left to right; nothing is selected."""
        self._scene.show_networks(specs)
        self._legend.specs = specs
        self._place_legend()
        self._legend.update()
        self.setAccessibleDescription(", ".join(spec.name for spec in specs))
        self.selected.emit(None)
        self._whole = False
        self.fit()

    # -- looks ---------------------------------------------------------------------------------------------------

    def content(self) -> QRectF:
        return self._scene.content()

    def fit(self) -> None:
        """Everything where it can be read, or was asked for; else as wide as the view, from the top."""
        super().fit()
        if self._whole or self.zoom >= _READABLE:
            return
        content, room = self.content(), self.viewport().rect()
        factor = min((room.width() - 28) / content.width(), _WIDEST) / self.zoom
        self.scale(factor, factor)
        self.centerOn(content.center().x(), room.height() / 2 / self.zoom - 8)

    def fit_all(self) -> None:
        """Everything, however small."""
        self._whole = True
        self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place_legend()
        super().resizeEvent(event)

    def _place_legend(self) -> None:
        height = round(legend_height(self._legend.specs, self.width()))
        self.setViewportMargins(0, 0, 0, height)
        self._legend.setGeometry(0, self.height() - height, self.width(), height)

    def _follow_theme(self) -> None:
        self._scene.set_palette(theme().palette)
        self._legend.update()

    # -- selecting -----------------------------------------------------------------------------------------------

    def select(self, column: int, part: str, card: str = "") -> None:
        """Select a part, and with it what stands beside it; of a part with several cards, that one is walked on
        from."""
        self._scene.select(column, part)
        self._card = card
        found = self._scene.alignment.counterparts(column, part)
        names = [", ".join(parts) or tr("nothing") for parts in found]
        words = "; ".join(f"{spec.name}: {name}" for spec, name in zip(self._scene.specs, names, strict=True))
        self.setAccessibleDescription(words)
        self.selected.emit(found)

    def clear_selection(self) -> None:
        self._scene.clear_selection()
        self.selected.emit(None)

    def click(self, at: QPoint) -> None:
        item = self._scene.card_at(self.mapToScene(at))
        if item is None:
            self.clear_selection()
        elif item.card.group.folded:
            self._scene.toggle_run(item.card.column, item.card.group.run)
        else:
            self._take(item)

    def hover(self, at: QPoint) -> bool:
        return self._scene.card_at(self.mapToScene(at)) is not None

    def _current(self) -> CardItem | None:
        chosen = self._scene.look.chosen
        if chosen is None:
            return None
        own = (item for item in self._scene.cards if (item.card.column, item.card.id) == (chosen[0], self._card))
        return next(own, self._scene.card_of(*chosen))

    def _take(self, item: CardItem) -> None:
        self.select(item.card.column, item.card.group.parts[0], item.card.id)

    def _toggle_current(self) -> None:
        item = self._current()
        if item is not None and item.card.group.run:
            self._scene.toggle_run(item.card.column, item.card.group.run)

    def step(self, right: int, down: int) -> None:
        """Walk to the next card of the network, or to the counterpart in the next network."""
        item = self._current()
        if item is None:
            first = next((card for card in self._scene.cards if card.card.group.stage != "input"), None)
            self._go(first)
            return
        column, group = item.card.column, item.card.group
        if down:
            own = [other for other in self._scene.cards if other.card.column == column]
            self._go(own[min(max(own.index(item) + down, 0), len(own) - 1)])
        elif 0 <= column + right < len(self._scene.specs):
            beside = self._scene.alignment.counterparts(column, group.parts[0])[column + right]
            self._go(self._scene.card_of(column + right, beside[0]) if beside else None)

    def _go(self, item: CardItem | None) -> None:
        if item is not None:
            self._take(item)
            self.ensureVisible(item.outline, 20, 40)

    # -- events --------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
        }  # fmt: skip
        key = event.key()
        if key in steps:
            right, down = steps[Qt.Key(key)]
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.pan(QPoint(_PAN * right, _PAN * down))
            else:
                self.step(right, down)
        elif key in self._keys and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._keys[key]()
        elif key == Qt.Key.Key_Escape and self._scene.look.chosen is not None:
            self.clear_selection()
        else:
            event.ignore()
            return
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        """Tooltips are worded when they are asked for."""
        if isinstance(event, QHelpEvent):
            item = self._scene.card_at(self.mapToScene(event.pos()))
            text = "" if item is None else card_tooltip(item.card.group)
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        return super().viewportEvent(event)


def card_tooltip(group: Group) -> str:
    """What a card is, and what a click does where it is a folded run."""
    if group.folded:
        first, last = group.parts[0], group.parts[-1]
        rows = tr("each: {rows}", rows="; ".join(group.rows))
        return "\n".join([tr("{first} to {last}", first=first, last=last), rows, tr("Click unfolds them")])
    return "\n".join([group.parts[0], *group.rows])


class _Legend(QWidget):
    """What the lines are, below the figure."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.specs: tuple[NetworkSpec, ...] = ()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme().palette.window)
        paint_legend(painter, QRectF(self.rect()).adjusted(0, -6, 0, -6), self.specs, theme().palette)
