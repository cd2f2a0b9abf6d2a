"""The tab "Paths": counts at once, gradients by length where they are asked for, the chosen blocks' shares by
themselves where that is quick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.app.explain.desk import Desk, Explain
from explorer.app.jobs import Lane, Make
from explorer.app.panels.paths import PathsPanel
from explorer.app.panels.paths_bar import PICTURE
from explorer.app.panels.unravelled import trio
from explorer.app.text import sentence, tr, translated
from explorer.app.theme import theme
from explorer.engine.explain.paths_records import PathsRequest, PathsResult, counted
from explorer.engine.records import Step
from explorer.errors import UserError
from explorer.networks.cost import network_cost
from explorer.networks.paths import forks, why_none

if TYPE_CHECKING:
    from explorer.app.window import Window

_UNASKED = 2e10
"""Multiply-adds of the images up to which the chosen blocks are measured without being asked: about a second."""
_KINDS = ("SVG (*.svg)", "PNG (*.png)", "CSV (*.csv)")


class PathsDesk(Desk):
    """Brings the panel, the document and the diagram together.

    One lane does both: orders, which a person asks for, and the chosen blocks alone, which wait for orders to end.
    """

    lane = Lane.PATHS
    follows = ("spec_changed", "weights_changed", "device_changed", "data_changed")
    """A lesion changes counts alone, and a picture matters only where it is what is measured."""

    def __init__(self, window: Window, panel: PathsPanel) -> None:
        super().__init__(window, panel)
        self.panel: PathsPanel = panel
        self._blocks: tuple[str, ...] = ()
        self._by_hand = False
        self._asked = self._orders = False
        self._later = False
        panel.measure_requested.connect(self.measure)
        panel.cancel_requested.connect(self.cancel)
        panel.images_changed.connect(self.changed)
        panel.page_shown.connect(self._page_shown)
        panel.blocks_chosen.connect(self._choose)
        panel.path_pointed.connect(window.diagram.light_path)
        panel.export_requested.connect(self.export)
        self.document.deleted_changed.connect(self._show_network)
        self.document.selection_changed.connect(self._follow_selection)
        self.document.picture_changed.connect(self._picture_changed)
        self._show_network()

    # -- jobs ----------------------------------------------------------------------------------------------------

    def measure(self) -> None:
        """The chosen blocks alone where they are in sight; else orders of all, for which the counts make room."""
        self._asked = True
        self._orders = self.panel.page != "unravelled"
        if self.panel.page == "counts":
            self.panel.show_page("product")
        self.run()

    def begin(self) -> None:
        self.measure()

    def cancel(self) -> None:
        self.jobs.cancel(self.lane)

    def job(self) -> Make | None:
        state = self.document.state
        if why_none(state.spec) is not None or not (self._asked or self._quick()):
            return None
        if self.panel.bar.image_count == PICTURE and state.picture is None:
            self.panel.show_error(tr("Open, drop or paste a picture first, or choose images of the set."))
            self._asked = self._orders = False
            return None
        return Explain(self._request(self.panel.bar.seed_count if self._orders else 0))

    def _request(self, seeds: int) -> PathsRequest:
        state, count = self.document.state, self.panel.bar.image_count
        return PathsRequest(
            spec=state.spec, weights=state.weights, device=state.device.id, deleted=state.deleted, cut=state.cut,
            order=state.order, data=state.data, images=max(count, 1),
            picture=state.picture if count == PICTURE else None, seeds=seeds, chosen=self._blocks,
        )  # fmt: skip

    def _quick(self) -> bool:
        """Whether the chosen blocks are to be measured without being asked."""
        images = max(self.panel.bar.image_count, 1)
        return self.panel.page == "unravelled" and network_cost(self.document.state.spec).macs * images <= _UNASKED

    def forget(self) -> None:
        self._asked = self._orders = self._later = False
        self.panel.show_error("")
        self.panel.show_result(None)
        self.panel.show_unravelled(None)
        self.panel.show_running(False)
        self._show_network()

    def show_busy(self) -> None:
        self.panel.show_error("")
        if self._orders:
            self.panel.show_result(None)
        # What runs by itself is over before a button could be read.
        self.panel.show_running(self._asked)

    def show_step(self, value: Any) -> None:
        if isinstance(value, PathsResult):
            self._show(value)
        elif isinstance(value, Step) and value.text:
            self.panel.set_busy(translated(value.text))

    def show_result(self, value: Any) -> None:
        self._show(value)
        self._ended()

    def show_error(self, words: str) -> None:
        self.panel.show_error(words)
        self._ended()

    def show_cancelled(self) -> None:
        self._ended()

    def _show(self, result: PathsResult) -> None:
        if len(result.norms):
            self.panel.show_result(result)
        if result.unravelled is not None:
            self.panel.show_unravelled(result)

    def _ended(self) -> None:
        """Blocks that were chosen meanwhile have their turn now."""
        self._stale, self._later = self._stale or self._later, False
        self._asked = self._orders = False
        self.panel.show_running(False)
        self._soon.start()

    # -- what is shown -------------------------------------------------------------------------------------------

    def _show_network(self) -> None:
        state = self.document.state
        found = forks(state.spec)
        if not set(self._blocks) <= set(found) or not self._blocks:
            self._blocks, self._by_hand = trio(found, state.selection), False
        before = self.panel.counts.forks
        self.panel.show_network(state.spec, state.lesion)
        if before != found or self.panel.unravelled.blocks != self._blocks:
            self.panel.show_blocks(self._blocks)

    def _choose(self, blocks: tuple[str, ...]) -> None:
        self._by_hand = True
        self._take(blocks)

    def _follow_selection(self) -> None:
        """Three in a row around what is selected, until a person chooses other ones."""
        selection = self.document.state.selection
        found = forks(self.document.state.spec)
        if not self._by_hand and selection in found and selection not in self._blocks:
            self._take(trio(found, selection))

    def _take(self, blocks: tuple[str, ...]) -> None:
        if blocks == self._blocks:
            return
        self._blocks = blocks
        self.panel.show_blocks(blocks)
        if self.running and self._orders:
            self._later = True
            return
        self.drop()
        self._stale = True
        self._soon.start()

    def _page_shown(self) -> None:
        if not self.running:
            self._soon.start()

    def _picture_changed(self) -> None:
        if self.panel.bar.image_count == PICTURE:
            self.changed()

    def look_away(self) -> None:
        self.window.diagram.light_path(frozenset(), frozenset())

    # -- files ---------------------------------------------------------------------------------------------------

    def export(self) -> None:
        """Ask where to, and save the chart or the figures."""
        from explorer.app.paths_export import save, save_unravelled

        panel, spec = self.panel, self.document.state.spec
        apart = panel.apart if panel.page == "unravelled" else None
        name = f"paths-{spec.name.lower()}.svg" if apart is None else f"unravelled-{spec.name.lower()}.csv"
        path = self.window.files.where(tr("Save paths"), name, ";;".join(_KINDS) if apart is None else _KINDS[-1])
        if path is None:
            return
        result = panel.result or counted(self._request(0))
        try:
            if apart is not None:
                save_unravelled(path, apart, panel.lesion)
            else:
                save(path, panel.drawn, panel.counts, result, panel.log.isChecked(), theme().palette.dark)
        except UserError as error:
            self.window.notice.refuse(sentence(error))
        else:
            self.window.notice.inform(tr("Saved as {path}", path=path))


def make(window: Window) -> Desk:
    return PathsDesk(window, PathsPanel())
