"""Measured times of the open network's blocks: asked for by the diagram, shown there and in the block tree."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.app.document import Document
from explorer.app.jobs import Jobs, Lane
from explorer.app.text import sentence, translated
from explorer.engine.records import Step
from explorer.engine.timing_records import NetworkTiming, TimingRequest, TimingResult
from explorer.errors import UserError
from explorer.networks.colouring import Colouring
from explorer.sentences import Sentence

if TYPE_CHECKING:
    from explorer.engine.session import Session

TIME = "time"
"""The kind of colouring that is measured."""


class Times(QObject):
    """Measures the open network, intact, on the device in use; what was measured goes when either changes.

    Args:
        document: whose network.
        jobs: the queue.
    """

    measured = Signal(object)
    """Seconds of each part by its id, or None where what was measured holds no longer."""
    coloured = Signal(object)
    """A Colouring that was asked for, or None where what was measured holds no longer."""
    said = Signal(str)
    """That it was done elsewhere than asked for."""
    refused = Signal(str)

    def __init__(self, document: Document, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._known: Colouring | None = None
        self._wanted = False
        document.spec_changed.connect(self._forget)
        document.device_changed.connect(self._forget)
        jobs.finished.connect(self._finished)
        jobs.failed.connect(self._failed)

    def colour(self, kind: str) -> None:
        """Colour the blocks by their times, where it is time that is wanted: by what is known, or once it is."""
        if kind != TIME:
            return
        self._wanted = True
        if self._known is None:
            self._submit()
        else:
            self.coloured.emit(self._known)

    def measure(self) -> None:
        """Measure, anew where it was done already; the diagram's colours change only where they are of times."""
        self._wanted = False
        self._submit()

    def _submit(self) -> None:
        state = self._document.state
        request = TimingRequest((state.spec,), state.weights, state.device.id, by_part=True)
        self._jobs.submit(Lane.TIMES, TimingJob(request))

    def _forget(self) -> None:
        self._jobs.cancel(Lane.TIMES)
        if self._known is not None:
            self._known = None
            self.measured.emit(None)
            self.coloured.emit(None)

    def _finished(self, lane: Lane, value: Any) -> None:
        if lane is not Lane.TIMES:
            return
        self._known = time_colouring(value)
        self.measured.emit(self._known.values)
        if self._wanted:
            self.coloured.emit(self._known)
        if value.note:
            self.said.emit(translated(value.note))

    def _failed(self, lane: Lane, error: UserError) -> None:
        if lane is Lane.TIMES:
            self.refused.emit(sentence(error))


def time_colouring(result: TimingResult) -> Colouring:
    """Medians of the first network's parts, with their quartiles as the spread."""
    network = result.networks[0]
    return Colouring(
        TIME, "Measured time", "s",
        {part: spread.median for part, spread in network.parts.items()},
        {part: (spread.low, spread.high) for part, spread in network.parts.items()},
        _note(result, network),
    )  # fmt: skip


def _note(result: TimingResult, network: NetworkTiming) -> str:
    return Sentence(
        "one picture on {device}: median of {rounds} passes, and their quartiles",
        device=result.device, rounds=network.whole.rounds,
    )  # fmt: skip


class TimingJob:
    """Measures time; gives a TimingResult."""

    def __init__(self, request: TimingRequest) -> None:
        self.request = request

    def __call__(self, session: Session) -> Generator[Step, None, TimingResult]:
        return session.timing(self.request)
