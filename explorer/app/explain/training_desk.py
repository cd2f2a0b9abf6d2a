"""The tab "Training": runs of snapshots, what they leave in the settings' folder, and the Weights menu.

Editing the document changes nothing about a run. One that is stopped, by its button, Escape or the end of the program,
keeps its state, and is offered to be taken up again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFileDialog

from explorer.app.explain.desk import Desk, Explain
from explorer.app.jobs import Lane, Make
from explorer.app.panels.training import TrainingPanel
from explorer.app.text import sentence, tr, translated
from explorer.app.training_texts import BEHIND
from explorer.engine.records import UNTRAINED, DataRef, Step, WeightsInfo
from explorer.engine.training_files import discard, unfinished
from explorer.engine.training_logs import training_logs
from explorer.engine.training_records import TrainingRequest, TrainingResult, TrainingStatus, Unfinished, one_minute
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.app.window import Window


class TrainingDesk(Desk):
    """Trains the open network, or the recipe's."""

    lane = Lane.TRAINING
    follows = ()
    by_itself = False

    def __init__(self, window: Window, panel: TrainingPanel) -> None:
        super().__init__(window, panel)
        self.panel: TrainingPanel = panel
        self._next: TrainingRequest | None = None
        self._unfinished: tuple[Unfinished, ...] = ()
        column = panel.column
        column.start_requested.connect(self.start)
        column.recipe_requested.connect(self.begin)
        column.pause_requested.connect(self._pause)
        column.go_on_requested.connect(self._go_on)
        column.stop_requested.connect(self.stop)
        column.folder_requested.connect(self._choose_folder)
        panel.open_requested.connect(self._open)
        panel.unfinished.take_up.clicked.connect(self._take_up)
        panel.unfinished.discard.clicked.connect(self._discard)
        self.jobs.paused.connect(self._tell_activity)
        self.jobs.resumed.connect(self._tell_activity)
        self.jobs.dropped.connect(self._dropped)
        self.document.spec_changed.connect(self._show_network)
        self.document.data_changed.connect(self._show_data)
        self._show_network()
        self._show_data()
        self._look_for_unfinished()

    @property
    def folder(self) -> Path:
        """Where runs are kept."""
        return self.window.settings.trained

    # -- asked for -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Train the open network as it is set up."""
        state = self.document.state
        try:
            setup = self.panel.column.setup()
        except UserError as error:
            self.panel.show_error(sentence(error))
            return
        self._submit(
            TrainingRequest(
                state.spec, UNTRAINED, state.device.id, data=setup.data, images=setup.images, recipe=setup.recipe,
                folder=self.folder,
            )
        )  # fmt: skip

    def begin(self) -> None:
        """The one-minute recipe; the fields show what it is."""
        request = one_minute(self.folder, self.document.state.device.id, self.panel.column.seed.value())
        self.panel.column.show_recipe(request.data, request.images, request.recipe)
        self._submit(request)

    def stop(self) -> None:
        """State and weights are kept."""
        self.jobs.cancel(self.lane)

    def job(self) -> Make | None:
        return None if self._next is None else Explain(self._next)

    def _submit(self, request: TrainingRequest) -> None:
        self._next = request
        self._finished = False
        self.panel.show_begun(request)
        self.panel.show_unfinished(())
        self.jobs.submit(self.lane, Explain(request))

    def _take_up(self) -> None:
        if self._unfinished:
            self._submit(self._unfinished[0].request)

    def _discard(self) -> None:
        if self._unfinished:
            try:
                discard(self._unfinished[0].request)
            except UserError as error:
                self.window.notice.refuse(sentence(error))
            self._look_for_unfinished()

    def _open(self, info: WeightsInfo) -> None:
        self.window.use_weights(info)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self.window, tr("Choose a folder with one folder a class"), self.window.settings.folder
        )
        if folder:
            self.panel.column.use_data(DataRef("folder", folder))

    # -- jobs ----------------------------------------------------------------------------------------------------

    def _pause(self) -> None:
        self.jobs.pause(self.lane)

    def _go_on(self) -> None:
        self.jobs.resume(self.lane)

    def _tell_activity(self, lane: Lane) -> None:
        if lane is self.lane:
            self.panel.column.show_activity("paused" if self.jobs.is_paused(lane) else "running")

    def show_step(self, value: Any) -> None:
        if isinstance(value, TrainingStatus):
            self.panel.show_status(value)
        elif isinstance(value, Step):
            self.panel.show_step(value)

    def show_result(self, value: Any) -> None:
        if isinstance(value, TrainingResult):
            self.panel.show_result(value)
            self._list_weights()
            if not self.panel.isVisible() and value.weights:
                self.window.notice.inform(
                    tr(
                        "{network} is trained: {title}, in the menu Weights.",
                        network=value.status.request.spec.name, title=translated(value.weights[0].title),
                    )
                )  # fmt: skip

    def show_error(self, words: str) -> None:
        self.panel.show_error(words)
        self._list_weights()

    def show_cancelled(self) -> None:
        self.panel.show_stopped()
        if not self.panel.isVisible():
            self.window.notice.inform(
                tr("Training stopped; its state and weights are kept, to be taken up in the tab Training.")
            )

    def _dropped(self, lane: Lane) -> None:
        """What a stopped run keeps is written now."""
        if lane is self.lane:
            self._list_weights()

    def _list_weights(self) -> None:
        """What lies in the folder now: trained weights, and runs to take up."""
        self.window.toolbar.show_trained(self.folder)
        self._look_for_unfinished()

    def _look_for_unfinished(self) -> None:
        self._unfinished = unfinished(self.folder)
        self.panel.show_unfinished(self._unfinished)

    # -- the document --------------------------------------------------------------------------------------------

    def _show_network(self) -> None:
        self.panel.column.show_network(self.document.state.spec)

    def _show_data(self) -> None:
        """A folder that is opened is what one will train on."""
        data = self.document.state.data
        if data.kind == "folder":
            self.panel.column.use_data(data)


def make(window: Window) -> Desk:
    logs = {log.key: log for log in training_logs()}
    return TrainingDesk(window, TrainingPanel([logs[key] for key in BEHIND if key in logs]))
