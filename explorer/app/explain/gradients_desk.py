"""The tab "Gradients": its panel and the document.

Trained weights are measured as soon as the panel is in sight; drawing weights anew takes a press of Run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.app.explain.desk import Desk, Explain
from explorer.app.gradient_chart import save_chart
from explorer.app.jobs import Lane, Make
from explorer.app.panels.gradients import GradientsPanel
from explorer.app.text import sentence, tr
from explorer.app.theme import theme
from explorer.engine.explain.gradients_records import BUNDLED_IMAGES, GradientsRequest, GradientsResult
from explorer.engine.explain.gradients_tables import csv_text
from explorer.engine.records import UNTRAINED, Step
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.app.window import Window

_KINDS = {"csv": "CSV (*.csv)", "png": "PNG (*.png)", "svg": "SVG (*.svg)"}


class GradientsDesk(Desk):
    """Of the network at hand, as it is now."""

    lane = Lane.GRADIENTS
    follows = (*Desk.follows, "data_changed")
    by_itself = False

    def __init__(self, window: Window, panel: GradientsPanel) -> None:
        super().__init__(window, panel)
        self.panel: GradientsPanel = panel
        self._asked: GradientsRequest | None = None
        panel.setup_changed.connect(self._setup_changed)
        panel.run_requested.connect(self.run)
        panel.cancel_requested.connect(self._cancel)
        panel.export_requested.connect(self.export)
        panel.hovered.connect(window.diagram.light)
        panel.block_chosen.connect(window.select)
        self._show_weights()

    # -- jobs ------------------------------------------------------------------------------------------------------

    def request(self) -> GradientsRequest:
        """What is set up, of the document as it is."""
        state, setup = self.document.state, self.panel.setup()
        return GradientsRequest(
            spec=state.spec, weights=state.weights, device=state.device.id, deleted=state.deleted, cut=state.cut,
            order=state.order, scheme=setup.scheme, norm=setup.norm, seeds=setup.seeds, on=setup.on,
            data=state.data if setup.on == "images" else BUNDLED_IMAGES,
            picture=state.picture if setup.on == "picture" else None,
        )  # fmt: skip

    def job(self) -> Make | None:
        request = self.request()
        if request.on == "picture" and request.picture is None:
            self.panel.show_error(tr("Open, drop or paste a picture to measure the gradient of its loss."))
            return None
        self._asked = request
        return Explain(request)

    def begin(self) -> None:
        if not self.running and self.panel.result is None:
            self.run()

    def changed(self) -> None:
        self._show_weights()
        if self.document.state.info is not None and self._asked == self.request():
            return  # of what changed nothing bears on this
        self._asked = None
        super().changed()

    def forget(self) -> None:
        self.panel.show_running(False)
        self.panel.forget()

    def show_busy(self) -> None:
        self.panel.show_running(True)

    def show_step(self, value: Any) -> None:
        if isinstance(value, GradientsResult):
            self.panel.show_result(value)
        elif isinstance(value, Step):
            self.panel.show_share(value.fraction)

    def show_result(self, value: Any) -> None:
        self.panel.show_running(False)
        self.panel.show_result(value)

    def show_error(self, words: str) -> None:
        self.panel.show_running(False)
        self.panel.show_error(words)

    def show_cancelled(self) -> None:
        self.panel.show_running(False)
        if self.panel.result is None:
            self.panel.forget()

    def look_away(self) -> None:
        self.window.diagram.light(None)

    def _submit_if_stale(self) -> None:
        trained = self.panel.setup().scheme == "trained"
        if trained and self._stale and self.panel.isVisible():
            self.run()

    def _setup_changed(self) -> None:
        self.changed()

    def _cancel(self) -> None:
        self.jobs.cancel(self.lane)

    def _show_weights(self) -> None:
        self.panel.setup_row.show_weights(self.document.state.weights != UNTRAINED)

    # -- files -----------------------------------------------------------------------------------------------------

    def export(self, kind: str) -> None:
        """Ask where to, and save the figures as `csv`, or the chart as `png` or `svg`."""
        result = self.panel.result
        if result is None:
            return
        name = f"gradients-{result.networks[0].name.lower()}.{kind}"
        path = self.window.files.where(tr("Export gradients"), name, _KINDS[kind])
        if path is None:
            return
        if path.suffix.lower() == ".csv":
            self.window.files.save(path, csv_text(result).encode())
            return
        try:
            save_chart(result, self.panel.shown_kind, path, theme().palette.dark)
        except UserError as error:
            self.window.notice.refuse(sentence(error))
        else:
            self.window.notice.inform(tr("Saved as {path}", path=path))


def make(window: Window) -> Desk:
    return GradientsDesk(window, GradientsPanel())
