"""The tab "Residuals": its panel and the document, a lane for the picture and one for the image set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QImage

from explorer.app.explain.desk import Desk, Explain
from explorer.app.jobs import Lane, Make
from explorer.app.panels.residuals import ResidualsPanel
from explorer.app.text import sentence, tr
from explorer.app.theme import theme
from explorer.engine.explain.block_outline import first_block
from explorer.engine.explain.blocks_records import (
    BlocksRequest,
    BlockStatisticsRequest,
    BlockStatisticsResult,
    twin_beside,
)
from explorer.errors import UserError
from explorer.networks.cost import network_cost

if TYPE_CHECKING:
    from explorer.app.block_figures import Shown
    from explorer.app.window import Window

_UNASKED = 1.5e11
"""Multiply-adds over the set up to which it is measured without being asked: some seconds on two cores."""


class BlocksDesk(Desk):
    """Of the picture. It runs by itself, and again for another block."""

    lane = Lane.BLOCKS

    def __init__(self, window: Window, panel: ResidualsPanel) -> None:
        super().__init__(window, panel)
        self.panel: ResidualsPanel = panel
        self.statistics = StatisticsDesk(window, panel)
        self.document.selection_changed.connect(self._selected)
        panel.block_chosen.connect(window.select)
        panel.hovered.connect(self._light)
        panel.page_shown.connect(self.statistics.consider)
        panel.export_requested.connect(self.export)
        panel.again.clicked.connect(self.run)
        panel.maps.save_requested.connect(self._save_maps)
        panel.maps.copy_requested.connect(window.files.copy_image)
        self._show_blocks()

    def job(self) -> Make | None:
        state = self.document.state
        self._show_blocks()
        if state.picture is None:
            self.panel.show_hint(tr("Open, drop or paste a picture to see what each block adds to it."))
            return None
        return Explain(
            BlocksRequest(
                spec=state.spec, weights=state.weights, device=state.device.id, deleted=state.deleted, cut=state.cut,
                order=state.order, picture=state.picture, block=self.panel.chosen_block,
            )
        )  # fmt: skip

    def look(self) -> None:
        super().look()
        self.statistics.consider()

    def look_away(self) -> None:
        self._light("")

    def forget(self) -> None:
        """What is shown of the same network stays until there is something new; else it would only flicker."""
        self._show_blocks()
        found, state = self.panel.results[0], self.document.state
        if found is None or (found.request.spec, found.request.weights) != (state.spec, state.weights):
            self.panel.forget_found()

    def show_busy(self) -> None:
        self.panel.set_busy(tr("running…"))
        if self.panel.results[0] is None:
            self.panel.forget_found()

    def show_result(self, value: Any) -> None:
        self.panel.show_found(value)

    def show_error(self, words: str) -> None:
        self.panel.show_error(words)

    def show_cancelled(self) -> None:
        self.panel.set_state("")
        if self.panel.results[0] is None:
            self._stale = True
            self.panel.show_cancelled()

    def export(self) -> None:
        """Ask where to, and save the chart or the figures."""
        from explorer.app.block_export import KINDS, save  # with pyqtgraph, which takes a while to import

        found, measured = self.panel.results
        result = measured or found
        if result is None:
            return
        name = f"residuals-{result.figures.outline.spec.name.lower()}.svg"
        path = self.window.files.where(tr("Save figures"), name, ";;".join(KINDS))
        if path is None:
            return
        shown: Shown = "exits" if self.panel.page == "exits" else self.panel.along.shown[0]
        try:
            save(path, shown, self.panel.along.shown[1], found, measured, theme().palette.dark)
        except UserError as error:
            self.window.notice.refuse(sentence(error))
        else:
            self.window.notice.inform(tr("Saved as {path}", path=path))

    def _save_maps(self, image: QImage) -> None:
        from explorer.app.export import png

        path = self.window.files.where(tr("Save maps"), f"{self.panel.chosen_block}.png", "PNG (*.png)")
        if path is not None:
            self.window.files.save(path, png(image))

    def _selected(self) -> None:
        """Another block: its maps are wanted, and all else stays as it is."""
        before = self.panel.chosen_block
        self._show_blocks()
        if self.panel.chosen_block != before:
            self._stale = True
            self._soon.start()

    def _show_blocks(self) -> None:
        state = self.document.state
        chosen = self.panel.chosen_block
        if state.selection in state.spec.block_ids:
            chosen = str(state.selection)
        elif chosen not in state.spec.block_ids:
            chosen = first_block(state.spec)
        order = state.order or state.spec.block_ids
        self.panel.show_blocks(tuple(order), chosen)

    def _light(self, block: str) -> None:
        self.window.diagram.light(block or None)


class StatisticsDesk(Desk):
    """Over the image set: asked for, or by itself where that takes a few seconds."""

    lane = Lane.BLOCK_STATISTICS
    follows = ("spec_changed", "weights_changed", "deleted_changed", "device_changed", "data_changed")
    by_itself = False

    def __init__(self, window: Window, panel: ResidualsPanel) -> None:
        super().__init__(window, panel)
        self.panel: ResidualsPanel = panel
        panel.run_requested.connect(self.run)
        panel.cancel_requested.connect(self.cancel)
        panel.count_changed.connect(self.changed)
        self._asked = False

    def job(self) -> Make | None:
        state = self.document.state
        return Explain(
            BlockStatisticsRequest(
                spec=state.spec, weights=state.weights, device=state.device.id, deleted=state.deleted, cut=state.cut,
                order=state.order, data=state.data, images=self.panel.run.count,
            )
        )  # fmt: skip

    def consider(self) -> None:
        """A page that needs the figures came into sight: measure them where that is soon done."""
        self._soon.start()

    def changed(self) -> None:
        super().changed()
        self.panel.show_running(False)

    def forget(self) -> None:
        self.panel.forget_measured()

    def show_busy(self) -> None:
        self.panel.show_running(True)

    def show_step(self, value: Any) -> None:
        if isinstance(value, BlockStatisticsResult):
            self.panel.show_measured(value)

    def show_result(self, value: Any) -> None:
        self.panel.show_measured(value)
        self.panel.show_running(False)

    def show_error(self, words: str) -> None:
        self.panel.show_running(False)
        self.panel.show_set_error(words)

    def show_cancelled(self) -> None:
        self.panel.show_running(False)

    def cancel(self) -> None:
        """Stop; what was measured stays."""
        self.jobs.cancel(self.lane)

    def _submit_if_stale(self) -> None:
        if not self._stale or self.running or not self.panel.isVisible() or self.panel.page == "maps":
            return
        state = self.document.state
        twin = twin_beside(state.spec, state.weights)
        macs = sum(network_cost(spec).macs for spec in (state.spec, *(twin or ())[:1]))
        count = self.panel.run.count
        if count is not None and state.info is not None and count * macs <= _UNASKED:
            self.run()


def make(window: Window) -> Desk:
    return BlocksDesk(window, ResidualsPanel())
