"""Brings Grad-CAM and the document together, and the film beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.app.explain.desk import Desk, Explain
from explorer.app.explain.film_desk import FilmDesk, missing
from explorer.app.jobs import Lane, Make
from explorer.app.panels.looking import LookingPanel
from explorer.app.text import tr
from explorer.engine.explain.cam_records import CamRequest, CamResult

if TYPE_CHECKING:
    from explorer.app.document import State
    from explorer.app.window import Window


class CamDesk(Desk):
    """The class and block chosen; which of the document's blocks that is, the selection says."""

    lane = Lane.CAM

    def __init__(self, window: Window, panel: LookingPanel) -> None:
        super().__init__(window, panel)
        self.view = panel
        self.film = FilmDesk(window, panel.film)
        self._block = ""
        self._label: int | None = None
        state = self.document.state
        self._of = ((state.spec, state.weights), state.picture)
        """The network that a block, and the picture that a class was chosen for."""
        panel.switched.connect(self.look)
        panel.cam.again.clicked.connect(self.run)
        panel.cam.class_chosen.connect(self._choose_class)
        panel.cam.block_chosen.connect(window.select)
        panel.cam.save_requested.connect(self._save)
        panel.cam.copy_requested.connect(self._copy)
        self.document.selection_changed.connect(self._follow)
        self._follow()

    # -- the job ---------------------------------------------------------------------------------------------------

    def job(self) -> Make | None:
        cam, state = self.view.cam, self.document.state
        if not cam.isVisible():
            return None
        why = missing(state)
        if why:
            cam.show_hint(why)
            return None
        assert state.picture is not None
        cam.set_blocks(state.spec, self._block)
        return Explain(
            CamRequest(
                state.spec, state.weights, state.device.id, state.deleted, state.cut, state.order,
                picture=state.picture, label=self._label, block=self._block,
            )
        )  # fmt: skip

    def forget(self) -> None:
        state = self.document.state
        self._forget_choices(state)
        result = self.view.cam.result
        if result is not None and not _about(result.request, state):
            self.view.cam.clear()
        self._follow_silently()

    def show_busy(self) -> None:
        self.view.cam.set_busy(tr("looking…"))
        if self.view.cam.result is None:
            self.view.cam.show_hint("")

    def show_result(self, value: CamResult) -> None:
        self.view.cam.show_result(value)

    def show_error(self, words: str) -> None:
        self.view.cam.clear()
        self.view.cam.set_state("")
        self.view.cam.show_hint(words, "error")

    def show_cancelled(self) -> None:
        self.view.cam.set_state("")
        if self.view.cam.result is None:
            self._stale = True
            self.view.cam.show_cancelled()

    def look(self) -> None:
        super().look()
        self.film.look()

    def look_away(self) -> None:
        self.film.look_away()

    # -- choices ---------------------------------------------------------------------------------------------------

    def _forget_choices(self, state: State) -> None:
        """A class was chosen for a picture, a block for a network."""
        network, picture = (state.spec, state.weights), state.picture
        if self._of != (network, picture):
            self._label = None
        if self._of[0] != network:
            self._block = ""
        self._of = (network, picture)

    def _choose_class(self, label: int) -> None:
        self._label = label
        self.run()

    def _follow(self) -> None:
        """The selected block, or a selected stage's last one; with none selected it stays as it was."""
        before = self._block
        self._follow_silently()
        if self._block != before:
            self._again()

    def _follow_silently(self) -> None:
        state = self.document.state
        ends = {stage.id: stage.blocks[-1].id for stage in state.spec.stages}
        block = ends.get(state.selection or "", state.selection)
        if block in state.spec.block_ids:
            self._block = str(block)
        elif self._block not in state.spec.block_ids:
            self._block = state.spec.block_ids[-1]

    def _again(self) -> None:
        self.drop()
        self._stale = True
        self._soon.start()

    # -- taking it away --------------------------------------------------------------------------------------------

    def _save(self) -> None:
        result = self.view.cam.result
        if result is None:
            return
        from explorer.app.explain.cam_files import kinds, written

        path = self.window.files.where(tr("Save maps"), f"{result.request.spec.name.lower()}-cam.png", kinds())
        if path is not None:
            self.window.files.save(path, written(result, path, self.view.cam.opacity.value() / 100))

    def _copy(self) -> None:
        result = self.view.cam.result
        if result is not None:
            from explorer.app.explain.cam_files import copied

            copied(result, self.view.cam.opacity.value() / 100)
            self.window.notice.inform(tr("The maps are on the clipboard."))


def _about(request: CamRequest, state: State) -> bool:
    """Whether a result is of what is open, deletions apart: those change it little by little."""
    same = (request.spec, request.weights) == (state.spec, state.weights)
    return same and request.picture is state.picture


def make(window: Window) -> Desk:
    return CamDesk(window, LookingPanel())
