"""Studies: from what the panel asks for to jobs, and from jobs to charts; and where they are kept.

A study is of a snapshot: editing the document changes nothing about one that runs, and its chart goes on naming its own
network. Each request has one file in the settings' folder. The engine writes it while the study runs and when it is
dropped, so that a study which was cancelled, replaced or ended with the program can be taken up again; a finished one
is kept too, and shown again at once when the same is asked for. The oldest files go once there are many.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.app import commands
from explorer.app.document import Document
from explorer.app.jobs import Jobs, Lane
from explorer.app.runner import Runner
from explorer.app.study_jobs import FlippedJob, StudyJob
from explorer.app.study_numbers import flipped
from explorer.app.study_recipes import RECIPE_IMAGES, RECIPES
from explorer.app.text import sentence, tr, translated
from explorer.engine.records import DataRef, WeightsInfo
from explorer.engine.study_files import Unfinished, path_for, unfinished
from explorer.engine.study_records import (
    FlippedRequest,
    StudyPoint,
    StudyRequest,
    StudyResult,
)
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    pass

Activity = Literal["idle", "running", "paused"]
MOST_FLIPPED = 60
"""Images of one cell that are shown."""
_INTERVAL = 150
"""Milliseconds between two drawings of a running study, at least."""
_SHARE = 10
"""How many times longer than a drawing took the next one waits: a large study must not keep the window busy."""
TWIN = "twin"
"""Stands for the plain twin of the study's network where the name of a network is asked for."""


class Studies(QObject):
    """Runs studies beside everything else.

    Args:
        document: whose network is studied, and gets what a point stands for.
        jobs: the queue.
        runner: knows the bundled weights, and opens networks.
        folder: where studies are kept; made when it is needed.
    """

    results_changed = Signal(object)
    """A tuple of up to two StudyResults, partial or finished: the one asked for, and one that is laid over it."""
    progressed = Signal(object)
    """A StudyResult, as often as there is a new one; `results_changed` comes only as often as drawing allows."""
    activity_changed = Signal(str)
    """`idle`, `running` or `paused`."""
    unfinished_changed = Signal(object)
    """A tuple of Unfinished: studies that can be taken up again, the last one first."""
    flipped_done = Signal(object, object, object, object)
    """FlippedImages, the StudyResult and the StudyPoint that they belong to, and the class, None for all."""
    said = Signal(str)
    refused = Signal(str)
    shown = Signal()
    """The studies are to be seen: one was asked for from elsewhere."""

    def __init__(
        self, document: Document, jobs: Jobs, runner: Runner, folder: Path, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._jobs = jobs
        self._runner = runner
        self._folder = folder
        self._waiting: list[StudyRequest] = []
        self._base: StudyResult | None = None
        self._present: StudyResult | None = None
        self._running: StudyRequest | None = None
        self._file = folder
        self._flipped: tuple[StudyResult, StudyPoint, int | None] | None = None
        self._once_offered: partial[None] | None = None
        self._soon = QTimer(self, singleShot=True, interval=_INTERVAL)
        self._soon.timeout.connect(self._show)
        jobs.stepped.connect(self._stepped)
        jobs.finished.connect(self._finished)
        jobs.stopped.connect(self._stopped)
        jobs.paused.connect(self._tell_activity)
        jobs.resumed.connect(self._tell_activity)
        jobs.dropped.connect(self._dropped)
        runner.offered.connect(self._offered)

    # -- asked for -----------------------------------------------------------------------------------------------

    @property
    def results(self) -> tuple[StudyResult, ...]:
        """What is shown: the study asked for first, then the one laid over it."""
        return tuple(result for result in (self._base, self._present) if result is not None)

    @property
    def activity(self) -> Activity:
        if self._jobs.is_paused(Lane.STUDY):
            return "paused"
        return "running" if Lane.STUDY in self._jobs.running() else "idle"

    def run(self, request: StudyRequest) -> None:
        """Begin a study, or take it up where its file left it; one that runs is put aside first."""
        self._waiting.clear()
        self._base = self._present = None
        self._submit(request)
        self._show()

    def pause(self) -> None:
        self._jobs.pause(Lane.STUDY)

    def resume(self) -> None:
        self._jobs.resume(Lane.STUDY)

    def pause_or_resume(self) -> None:
        if self.activity == "paused":
            self.resume()
        else:
            self.pause()

    def cancel(self) -> None:
        """Stop; what was measured stays on screen, and in its file to be taken up again."""
        self._jobs.cancel(Lane.STUDY)

    def take_up(self, study: Unfinished) -> None:
        """Go on with an unfinished study."""
        self._waiting.clear()
        self._base = self._present = None
        self._submit(study.request, study.path)
        self._show()

    def discard(self, study: Unfinished) -> None:
        """Throw an unfinished study away."""
        try:
            study.path.unlink(missing_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            self.refused.emit(tr("{path} can't be removed: {reason}.", path=study.path, reason=reason))
        self.look_for_unfinished()

    def look_for_unfinished(self) -> None:
        """Tell which studies can be taken up again."""
        found = unfinished(self._folder)
        running = None if self._running is None else self._file
        self.unfinished_changed.emit(tuple(study for study in found if study.fraction < 1 and study.path != running))

    def compare(self, name: str) -> None:
        """Lay the same study of another network over the one that is shown, with its bundled weights.

        Args:
            name: of a preset, or `twin`.
        """
        base = self._base or self._present
        request = base.request if base is not None else self._running
        if request is None:
            self.refused.emit(tr("Run a study first; then another network can be laid over it."))
            return
        info = self._trained(request.spec.twin() if name == TWIN else PRESETS[name])
        if info is None:
            return
        other = replace(request, spec=info.spec, weights=info.ref)
        if self._running is not None and self._base is None:
            self._waiting = [other]  # until the one that is shown is done
            self.said.emit(tr("{network} follows once this study is done.", network=other.spec.name))
            return
        self._jobs.cancel(Lane.STUDY)  # what was laid over it so far makes room
        self._waiting = [other]
        self._next()

    def drop_comparison(self) -> None:
        """Show the first study alone; one that is being laid over it is cancelled."""
        self._waiting.clear()
        if self._base is not None:
            if self._running is not None:
                self._jobs.cancel(Lane.STUDY)
            self._base, self._present = None, self._base
            self._show()

    def follow_recipe(self, name: str) -> None:
        """Set up and run a figure of the paper: opens its network, and runs it on 1,000 of the bundled images."""
        recipe = RECIPES[name]
        if Lane.OFFER in self._jobs.running():
            # In the first moments nobody knows yet which weights there are.
            self._once_offered = partial(self.follow_recipe, name)
            return
        first = self._trained(PRESETS[recipe.networks[0]])
        if first is None:
            return
        infos = [first, *(self._trained(PRESETS[network]) for network in recipe.networks[1:])]
        self._runner.request_network(first.spec)
        requests = [
            StudyRequest(
                recipe.kind, info.spec, info.ref, DataRef("fashion-mnist"), RECIPE_IMAGES, most=recipe.most,
                device=self._document.state.device.id,
            )
            for info in infos if info is not None
        ]  # fmt: skip
        self.run(requests[0])
        self._waiting = requests[1:]
        self.shown.emit()

    def apply(self, study: StudyResult, lesion: Lesion) -> None:
        """Do to the open network what a point of a study stands for. Where another network is open, the study's own is
        opened first; both are one step of undo."""
        document, request = self._document, study.request
        try:
            if self.is_open(study):
                commands.set_lesion(document, lesion)
                return
            stack = document.undo_stack
            stack.beginMacro(tr("Open {name}, with what the study did", name=request.spec.name))
            try:
                commands.set_network(document, study.info.spec, request.weights)
                commands.set_lesion(document, lesion)
            finally:
                stack.endMacro()
        except UserError as error:
            self.refused.emit(sentence(error))
        else:
            self.said.emit(tr("{network} is open now: this study is of it.", network=request.spec.name))

    def block_to_light(self, study: StudyResult, block_id: str | None) -> str | None:
        """The block of the diagram that belongs to a bar: none where another network is open."""
        return block_id if self.is_open(study) else None

    def ask_for_flipped(self, study: StudyResult, point: StudyPoint, label: int | None) -> None:
        """Fetch the images whose prediction a lesion changed, of one true class if given."""
        self._flipped = study, point, label
        request = study.request
        indices = tuple(int(study.indices[place]) for place in flipped(study, point, label)[:MOST_FLIPPED])
        asked = FlippedRequest(study.info.spec, request.weights, request.data, indices)
        self._jobs.submit(Lane.FLIPPED, FlippedJob(asked))

    def is_open(self, study: StudyResult) -> bool:
        """Whether the document shows the network that a study is of."""
        state = self._document.state
        return state.weights == study.request.weights and state.spec.same_architecture(study.request.spec)

    def _trained(self, spec: NetworkSpec) -> WeightsInfo | None:
        """A network's bundled weights; where there are none, that is said."""
        info = self._runner.bundled_for(spec)
        if info is None:
            self.refused.emit(
                tr(
                    "No trained weights of {network} come with this program: train it on the command line, or open a "
                    "checkpoint of it, and study that.",
                    network=spec.name,
                )
            )
        return info

    # -- running -------------------------------------------------------------------------------------------------

    def _submit(self, request: StudyRequest, taken_up: Path | None = None) -> None:
        self._running = request
        self._file = taken_up or path_for(self._folder, request)
        self._jobs.submit(Lane.STUDY, StudyJob(request, self._file, anew=taken_up is None))
        self._tell_activity(Lane.STUDY)
        self.look_for_unfinished()

    def _next(self) -> None:
        """The study that waits, if any, laid over the one shown first."""
        if self._waiting:
            self._base = self._base or self._present
            self._present = None
            self._submit(self._waiting.pop(0))

    def _show(self) -> None:
        self._soon.stop()
        began = time.perf_counter()
        self.results_changed.emit(self.results)
        self._soon.setInterval(max(_INTERVAL, round(1000 * _SHARE * (time.perf_counter() - began))))

    def _stepped(self, lane: Lane, value: object) -> None:
        if lane is Lane.STUDY and isinstance(value, StudyResult):
            self._present = value
            self.progressed.emit(value)
            if not self._soon.isActive():
                self._soon.start()

    def _finished(self, lane: Lane, value: Any) -> None:
        if lane is Lane.STUDY:
            self._present = value
            self._show()
            for note in value.notes:
                self.said.emit(translated(note))
        elif lane is Lane.FLIPPED and self._flipped is not None:
            self.flipped_done.emit(value, *self._flipped)

    def _stopped(self, lane: Lane) -> None:
        if lane is Lane.STUDY:
            done = self._present is not None and self._present.finished
            self._running = None
            self._tell_activity(lane)
            if not done:
                self._waiting.clear()
            self._next()
            self.look_for_unfinished()

    def _dropped(self, lane: Lane) -> None:
        if lane is Lane.STUDY:
            self.look_for_unfinished()

    def _tell_activity(self, lane: Lane) -> None:
        if lane is Lane.STUDY:
            self.activity_changed.emit(self.activity)

    def _offered(self) -> None:
        later, self._once_offered = self._once_offered, None
        if later is not None:
            later()


# -- jobs --------------------------------------------------------------------------------------------------------
