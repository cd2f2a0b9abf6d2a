"""How much of the network the view shows, and by which quantity its blocks are coloured: levels, the overview, the
legend with its choices."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtWidgets import QWidget

from explorer.app.diagram import look as looks
from explorer.app.diagram.controls import KINDS, STAGES_KIND
from explorer.app.diagram.legend import LegendStrip
from explorer.app.diagram.levels import Level
from explorer.app.diagram.minimap import Minimap
from explorer.app.diagram.mouse import MouseView
from explorer.app.diagram.zoom import LARGEST_FIT
from explorer.networks.colouring import COST_KINDS, Colouring, cost_colouring
from explorer.networks.spec import NetworkSpec

_NEAR = 0.8
"""Zoom at which cards are read at ease."""


class DetailView(MouseView):
    """The diagram with its legend, its overview and its choices."""

    colouring_requested = Signal(str)
    """A kind of colouring that only somebody else can make (`time`), who answers by `set_colouring`."""
    colouring_changed = Signal(object)
    """What the blocks are coloured by now: a `Colouring`, or None."""
    view_changed = Signal()
    """Another part of the scene is seen, or in another size."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._legend = LegendStrip(self)
        self._legend.controls.kind_chosen.connect(self.choose_colouring)
        self._legend.controls.level_chosen.connect(self.choose_level)
        self._minimap = Minimap(self)
        self._minimap.wanted.connect(self._look_at)

    # -- for a subclass ------------------------------------------------------------------------------------------

    def say(self) -> None:
        """Bring the legend and what a screen reader hears up to date."""

    def open_current(self) -> None:
        """Show the operations of the current part."""

    # -- colours -------------------------------------------------------------------------------------------------

    def set_colouring(self, colouring: Colouring | None) -> None:
        """Fill the blocks by a quantity, with its scale in the legend; None: only their stages' colours. It lasts until
        another network comes, for which quantities that arithmetic knows are computed anew."""
        if colouring is None and self._scene.look.colouring is None:
            return
        self._scene.set_colouring(colouring)
        kind = colouring.kind if colouring is not None else STAGES_KIND
        self._legend.controls.show_kind(kind if kind in KINDS else STAGES_KIND)
        self.say()
        if self.fitted:
            self.fit()
        self.shifted()
        self.colouring_changed.emit(colouring)

    @property
    def colouring(self) -> Colouring | None:
        """What the blocks are filled by."""
        return self._scene.look.colouring

    def offer_time(self, offered: bool) -> None:
        """Whether the menu has `measured time`: somebody answers `colouring_requested`."""
        self._legend.controls.time_offered = offered

    def set_minimap(self, shown: bool) -> None:
        """Whether the overview may stand in the corner."""
        self._minimap.enabled = shown
        self.shifted()

    def choose_colouring(self, kind: str) -> None:
        """A person wants the blocks coloured by `stages`, `parameters`, `macs`, `activations` or `time`."""
        spec = self._scene.spec
        if kind == STAGES_KIND:
            self.set_colouring(None)
        elif kind in COST_KINDS and spec is not None:
            self.set_colouring(cost_colouring(spec, kind))
        else:
            # Until the answer comes the menu says what is shown.
            self._legend.controls.show_kind(self.colouring.kind if self.colouring is not None else STAGES_KIND)
            self.colouring_requested.emit(kind)

    def recolour(self, spec: NetworkSpec) -> None:
        before = self.colouring
        if before is not None:
            self.set_colouring(cost_colouring(spec, before.kind) if before.kind in COST_KINDS else None)

    def choose_level(self, level: Level | Literal["operations"]) -> None:
        """A person wants to see `stages`, folded `runs`, all `blocks`, or the `operations` of the current part. The
        picture is fitted again, and brought near enough for cards where these are wanted."""
        if self._scene.spec is None:
            return
        if level == "operations":
            self.open_current()
        else:
            self.let_go()
            self._scene.set_level(level)
            self.fit()
            if level != "stages" and self._scene.summary:
                self._come_near()
        self._legend.controls.show_level(self._scene.level)
        self.say()

    def _come_near(self) -> None:
        """Cards can be read around the current one, or at the network's beginning."""
        card = self._scene.cards.get(self._scene.look.current or "")
        self.zoom_by(_NEAR / self.zoom)
        if card is not None:
            self.centerOn(card)
        else:
            self.centerOn(self.seen().width() / 2 - 20, self.seen().height() / 2 - 20)

    def approach(self, stage: str, point: QPointF) -> None:
        """Near enough to a stage for its cards: all of it, or what there is room for around a point."""
        if self.zoom >= looks.TEXT_FROM:
            self.choose_level("runs")
        rect = self._scene.stage_rect(stage)
        self.show_rect(rect, LARGEST_FIT)
        if self.zoom < _NEAR:
            self.zoom_by(_NEAR / self.zoom)
            self.centerOn(point)

    # -- the overview and the legend -----------------------------------------------------------------------------

    def zoomed(self) -> None:
        if self._scene.set_zoom(self.zoom):
            self._legend.controls.show_level(self._scene.level)

    def shifted(self) -> None:
        self.follow_minimap()
        self.view_changed.emit()

    def follow_minimap(self) -> None:
        room = QRectF(self.viewport().geometry())
        # An opened part is what is looked at.
        layout = None if self._scene.opened is not None else self._scene.layout_
        self._minimap.follow(layout, self._scene.look, self.seen(), room)

    def _look_at(self, point: QPointF) -> None:
        """The overview was pressed there."""
        self._fitted = False
        self.centerOn(point)

    def place_legend(self) -> None:
        height = self._legend.needed(self.width())
        self.setViewportMargins(0, 0, 0, height)
        self._legend.setGeometry(0, self.height() - height, self.width(), height)
        self._legend.place_controls()
