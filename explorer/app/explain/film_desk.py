"""Brings the film of a channel and the document together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.app.explain.desk import Desk, Explain
from explorer.app.jobs import Lane, Make
from explorer.app.panels.film import FilmPanel
from explorer.app.text import tr, translated
from explorer.engine.explain.cam_records import no_maps
from explorer.engine.explain.film_records import FilmRequest, FilmResult

if TYPE_CHECKING:
    from explorer.app.document import State
    from explorer.app.window import Window


class FilmDesk(Desk):
    """The stage and channel chosen; a selected block's stage is followed."""

    lane = Lane.FILM

    def __init__(self, window: Window, panel: FilmPanel) -> None:
        super().__init__(window, panel)
        self.film = panel
        self._stage = ""
        self._channel: int | None = None
        self._of = (self.document.state.spec, self.document.state.weights)
        """Which network's channel was chosen."""
        panel.again.clicked.connect(self.run)
        panel.stage_chosen.connect(self._choose_stage)
        panel.channel_chosen.connect(self._choose_channel)
        panel.most_requested.connect(self._choose_most)
        panel.lit.connect(self._light)
        self.document.selection_changed.connect(self._follow)
        self._follow()

    def job(self) -> Make | None:
        state = self.document.state
        if not self.film.isVisible():
            return None
        why = missing(state)
        if why:
            self.film.show_hint(why)
            return None
        assert state.picture is not None
        self.film.set_stages(state.spec, self._stage)
        return Explain(
            FilmRequest(
                state.spec, state.weights, state.device.id, state.deleted, state.cut, state.order,
                picture=state.picture, stage=self._stage, channel=self._channel,
            )
        )  # fmt: skip

    def forget(self) -> None:
        state = self.document.state
        network = (state.spec, state.weights)
        if self._of != network:
            self._of, self._channel = network, None
            self.film.clear()
        result = self.film.result
        if result is not None and result.request.picture is not state.picture:
            self.film.stop()
        self._follow_silently()

    def show_busy(self) -> None:
        self.film.set_busy(tr("running…"))
        if self.film.result is None:
            self.film.show_hint("")

    def show_result(self, value: FilmResult) -> None:
        # The channel that was found stays, so that a deletion shows what it changes of it.
        self._channel = value.channel
        self.film.show_result(value)

    def show_error(self, words: str) -> None:
        self.film.clear()
        self.film.set_state("")
        self.film.show_hint(words, "error")

    def show_cancelled(self) -> None:
        self.film.set_state("")
        if self.film.result is None:
            self._stale = True
            self.film.show_cancelled()

    def look_away(self) -> None:
        self.film.stop()

    # -- choices ---------------------------------------------------------------------------------------------------

    def _choose_stage(self, stage: str) -> None:
        if stage != self._stage:
            self._stage, self._channel = stage, None
            self._again()

    def _choose_channel(self, channel: int) -> None:
        self._channel = channel
        self._again()

    def _choose_most(self) -> None:
        self._channel = None
        self._again()

    def _follow(self) -> None:
        before = self._stage
        self._follow_silently()
        if self._stage != before:
            self._again()

    def _follow_silently(self) -> None:
        """The selected stage, or that of the selected block; with none selected it stays as it was."""
        state = self.document.state
        ids = [stage.id for stage in state.spec.stages]
        selected = (state.selection or "").split(".")[0]
        before = self._stage
        if selected in ids:
            self._stage = selected
        elif self._stage not in ids:
            self._stage = max(state.spec.stages, key=lambda stage: len(stage.blocks)).id
        if self._stage != before:
            self._channel = None

    def _again(self) -> None:
        self.drop()
        self._stale = True
        self._soon.start()

    def _light(self, part: str) -> None:
        self.window.diagram.light(part or None)


def missing(state: State) -> str:
    """Why there is nothing to run, and what to do; empty where there is."""
    if state.picture is None:
        return tr("Open, drop or paste a picture to see where the network looks.")
    return translated(no_maps(state.spec) or "")
