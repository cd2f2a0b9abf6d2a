"""From the document to jobs, and from jobs to results: what has to run after which change.

The runner submits immutable snapshots and hands plain results on by signals. A change of the document that makes a
running job pointless replaces it; the queue drops the late answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.app import commands
from explorer.app.document import Document
from explorer.app.jobs import Jobs, Lane
from explorer.app.runner_jobs import Load, Measure, OpenCheckpoint, OpenData, OpenPicture, RunPicture, offer
from explorer.app.text import tr, translated
from explorer.engine.records import (
    UNTRAINED,
    AccuracyRequest,
    AccuracyResult,
    DataRef,
    Offer,
    Picture,
    PictureRequest,
    PictureResult,
    WeightsInfo,
    WeightsKind,
    WeightsRef,
)
from explorer.errors import UserError
from explorer.networks.spec import NetworkSpec


class Runner(QObject):
    """Keeps results in step with the document.

    Args:
        document: whose state is run.
        jobs: the queue.
    """

    offered = Signal(object)
    """An Offer: devices and weights of this machine."""
    picture_done = Signal(object)
    """A PictureResult."""
    accuracy_done = Signal(object)
    """An AccuracyResult, partial or final."""
    said = Signal(str)
    """A sentence worth knowing (something was adapted, reduced, done elsewhere)."""
    recognised = Signal(object)
    """The WeightsInfo of a file that was of another network than the open one, which is open now."""
    refused = Signal(object, object)
    """Lane and UserError: something could not be done, and what was open stays."""

    def __init__(self, document: Document, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._jobs = jobs
        self.offer = Offer(())
        self.result: PictureResult | None = None
        self._stale: set[Lane] = set()
        self._measure_untrained = False
        self._loading_choice = False
        self._part = ""
        self._awaiting: NetworkSpec | None = None
        self._awaited_from: tuple[NetworkSpec, WeightsRef] | None = None
        self._ever_loaded = document.state.info is not None
        # One change can emit several signals; they lead to one submission, once all have been heard.
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._submit)
        document.spec_changed.connect(self._network_changed)
        document.weights_changed.connect(self._network_changed)
        document.deleted_changed.connect(self._run_both)
        document.device_changed.connect(self._run_both)
        document.picture_changed.connect(self.run_picture)
        document.data_changed.connect(self._run_accuracy)
        document.selection_changed.connect(self._selection_changed)
        jobs.stepped.connect(self._stepped)
        jobs.finished.connect(self._finished)
        jobs.failed.connect(self._failed)

    # -- asked for by the window ---------------------------------------------------------------------------------

    def begin(self) -> None:
        """The first jobs: what this machine offers, and the network that is open."""
        self._jobs.submit(Lane.OFFER, offer)
        self._network_changed()

    def open_picture(self, path: Path) -> None:
        self._jobs.submit(Lane.OPEN, OpenPicture("file", path))

    def open_bytes(self, data: bytes, name: str) -> None:
        """A picture that was pasted or dropped."""
        self._jobs.submit(Lane.OPEN, OpenPicture("bytes", data, name))

    def open_sample(self, index: int) -> None:
        """One of the bundled labelled images."""
        self._jobs.submit(Lane.OPEN, OpenPicture("sample", index))

    def open_chart(self) -> None:
        self._jobs.submit(Lane.OPEN, OpenPicture("chart", None))

    def request_weights(self, ref: WeightsRef, spec: NetworkSpec | None = None) -> None:
        """Load weights, then open them with their network; what is open stays until they are there.

        Args:
            ref: which.
            spec: the network they are for, where it is known; the one that is open where it has the same blocks.
                Where it is not known, a file's is recognised, and all others are for the one that is open.
        """
        present = self._document.state.spec
        self._awaiting = None
        self._loading_choice = True
        asked = present if spec is None or spec.same_architecture(present) else spec
        # Of a file nobody has said which network it is for: it may be of another than the one that is open.
        unknown = spec is None and ref.kind is WeightsKind.FILE
        self._jobs.submit(Lane.WEIGHTS, OpenCheckpoint(present, ref) if unknown else Load(asked, ref))

    def request_data(self, ref: DataRef) -> None:
        """Look through an image set, then measure on it; the one that is open stays until it is known to be usable."""
        state = self._document.state
        self._jobs.submit(Lane.DATA, OpenData(state.spec, state.weights, ref))

    def request_preset(self, preset: NetworkSpec) -> None:
        """Open a network by its name, with its bundled weights where it has some; one that is open with weights in
        stays as it is."""
        self._awaiting = None
        state = self._document.state
        trained = state.weights.kind is not WeightsKind.UNTRAINED
        if not (trained and preset.same_architecture(state.spec)):
            self._open_network(preset)

    def request_network(self, spec: NetworkSpec) -> None:
        """Open another network, with the bundled weights where its blocks have some, else untrained.

        Where only input or classes changed, the weights are kept if they take them.
        """
        self._awaiting = None
        state = self._document.state
        if spec == state.spec:
            return
        if not spec.same_architecture(state.spec):
            self._open_network(spec)
            return
        if state.weights.kind is not WeightsKind.UNTRAINED:
            self.said.emit(tr("The weights need their own input and classes, so this network is untrained."))
        commands.set_network(self._document, spec, UNTRAINED)

    def _open_network(self, spec: NetworkSpec) -> None:
        """With its bundled weights, and with what they need, where it has some; else untrained.

        In the first moments nobody knows yet what there is; the network is opened once that is known.
        """
        if Lane.OFFER in self._jobs.running():
            self._awaiting = spec
            self._awaited_from = (self._document.state.spec, self._document.state.weights)
            self.said.emit(tr("{network} opens in a moment.", network=spec.name))
            return
        bundled = self.bundled_for(spec)
        if bundled is None:
            commands.set_network(self._document, spec, UNTRAINED)
            return
        if bundled.spec != spec:
            self._say_adapted(bundled)
        commands.set_network(self._document, bundled.spec, bundled.ref)

    def _open_awaited(self) -> None:
        """What was chosen before it was known what there is, unless something else was chosen since."""
        spec, self._awaiting = self._awaiting, None
        state = self._document.state
        if spec is not None and (state.spec, state.weights) == self._awaited_from:
            self._open_network(spec)

    def bundled_for(self, spec: NetworkSpec) -> WeightsInfo | None:
        return next((info for info in self.bundled() if info.spec.same_architecture(spec)), None)

    def _say_adapted(self, info: WeightsInfo) -> None:
        channels, height, width = info.spec.input_shape
        self.said.emit(
            tr(
                "{network} comes with the weights {weights}, so it takes what they need: "
                "an input of {channels}×{height}×{width} and {classes} classes.",
                network=info.spec.name, weights=info.title, classes=info.spec.classes,
                channels=channels, height=height, width=width,
            )
        )  # fmt: skip

    def measure_anyway(self) -> None:
        """Measure the accuracy of an untrained network, too."""
        self._measure_untrained = True
        self._run_accuracy()

    def cancel(self) -> None:
        """Cancel the most urgent job; results so far stay.

        Where the open network is still being loaded, that means going back to the last one that was; the very first
        is loaded in any case, and so is the list of what this machine offers.
        """
        self._awaiting = None
        for lane in self._jobs.running():
            if lane is Lane.OFFER or (lane is Lane.WEIGHTS and not self._loading_choice and not self._go_back()):
                continue
            self._jobs.cancel(lane)
            if self._document.state.info is None:
                self._soon.start()
            return

    def _go_back(self) -> bool:
        stack = self._document.undo_stack
        if not (self._ever_loaded and stack.canUndo()):
            return False
        while self._document.state.info is None and stack.canUndo():
            stack.undo()
        return True

    def bundled(self) -> tuple[WeightsInfo, ...]:
        return tuple(info for info in self.offer.weights if info.ref.kind is WeightsKind.BUNDLED)

    @property
    def pending(self) -> bool:
        """Whether something is about to be submitted."""
        return self._soon.isActive()

    @property
    def can_measure(self) -> bool:
        """Whether the accuracy is measured by itself: not of untrained weights, whose accuracy is chance."""
        return self._measure_untrained or self._document.state.weights.kind is not WeightsKind.UNTRAINED

    # -- what changed --------------------------------------------------------------------------------------------

    def _network_changed(self) -> None:
        """Another network, other weights, or the present ones are in: whatever runs is about something else."""
        self._measure_untrained = False
        self.result = None
        for lane in (Lane.WEIGHTS, Lane.PICTURE, Lane.ACCURACY):
            self._jobs.cancel(lane)
        self._run_both()

    def _selection_changed(self) -> None:
        """Maps of a block that were too large to keep are made once it is selected."""
        part = self._document.state.selection
        if part is None or self.result is None or part == "head":
            return
        if part not in self.result.maps and self.result.request.spec == self._document.state.spec:
            self.run_picture()

    def _run_both(self) -> None:
        self.run_picture()
        self._run_accuracy()

    def run_picture(self, part_id: str = "") -> None:
        """Run the picture, keeping the maps of the selected part, and of the one that a panel asks for."""
        self._part = part_id
        self._stale.add(Lane.PICTURE)
        self._soon.start()

    def _run_accuracy(self) -> None:
        self._stale.add(Lane.ACCURACY)
        self._soon.start()

    def _submit(self) -> None:
        """Submit what went stale; without weights it stays stale until they are there."""
        state = self._document.state
        if state.info is None:
            if Lane.WEIGHTS not in self._jobs.running():
                self._loading_choice = False
                self._jobs.submit(Lane.WEIGHTS, Load(state.spec, state.weights))
            return
        stale, self._stale = self._stale, set()
        if Lane.PICTURE in stale and state.picture is not None:
            wanted = tuple(part for part in (state.selection, self._part) if part)
            request = PictureRequest(
                state.spec, state.weights, state.picture, state.deleted, state.device.id, wanted, state.cut, state.order
            )
            self._jobs.submit(Lane.PICTURE, RunPicture(request))
        if Lane.ACCURACY in stale and self.can_measure:
            measured = AccuracyRequest(
                state.spec, state.weights, state.data, state.deleted, None, state.device.id, state.cut, state.order
            )
            self._jobs.submit(Lane.ACCURACY, Measure(measured))

    # -- what came back ------------------------------------------------------------------------------------------

    def _stepped(self, lane: Lane, value: object) -> None:
        if isinstance(value, AccuracyResult):
            self.accuracy_done.emit(value)

    def _finished(self, lane: Lane, value: Any) -> None:
        if lane is Lane.OFFER:
            self.offer = value
            self.offered.emit(value)
            self._open_awaited()
        elif lane is Lane.WEIGHTS:
            self._weights_loaded(value)
        elif lane is Lane.OPEN:
            self._opened(value)
        elif lane is Lane.DATA:
            ref, note = value
            commands.set_data(self._document, ref)
            self._say(note)
        elif lane is Lane.PICTURE:
            self.result = value
            self.picture_done.emit(value)
            self._say(value.note)
        elif lane is Lane.ACCURACY:
            self.accuracy_done.emit(value)

    def _say(self, note: str) -> None:
        if note:
            self.said.emit(translated(note))  # here, since the signal makes a plain string of it

    def _opened(self, picture: Picture) -> None:
        if self._document.state.picture is None:
            self._document.replace(picture=picture)  # the first one: there is nothing to go back to
        else:
            commands.set_picture(self._document, picture)
        self._say(picture.note)

    def _weights_loaded(self, info: WeightsInfo) -> None:
        self._ever_loaded = True
        self._say(info.adapted)
        if self._loading_choice:
            recognised = info.ref.kind is WeightsKind.FILE
            another = not info.spec.same_architecture(self._document.state.spec)
            if another and not recognised:
                self._say_adapted(info)
            commands.set_network(self._document, info.spec, info.ref, info)
            if another and recognised:
                self.recognised.emit(info)
        else:
            self._document.replace(spec=info.spec, info=info)

    def _failed(self, lane: Lane, error: UserError) -> None:
        state = self._document.state
        if lane is Lane.PICTURE:
            self.result = None
        if lane is Lane.WEIGHTS and state.info is None:
            if self._loading_choice:
                self._soon.start()  # it had taken the place of the open network's own weights
            elif state.weights != UNTRAINED:
                # The network that is open has lost its weights (a file that went away): it stays, untrained.
                self._document.replace(weights=UNTRAINED)
        if lane is Lane.OFFER:
            self._open_awaited()
        self.refused.emit(lane, error)
