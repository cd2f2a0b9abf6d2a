"""The status bar: what is running, with progress and Cancel; the time of the last pass, and memory."""

from __future__ import annotations

import psutil
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar, QWidget

from explorer.app.jobs import Lane
from explorer.app.study_texts import duration
from explorer.app.text import tr, translated
from explorer.app.training_texts import status_words
from explorer.engine.records import AccuracyResult, PictureResult, Step
from explorer.engine.study_records import StudyResult
from explorer.engine.training_records import TrainingStatus

_WORDS = {
    Lane.OFFER: "Looking for devices and weights",
    Lane.WEIGHTS: "Loading weights",
    Lane.OPEN: "Opening the picture",
    Lane.PICTURE: "Running the picture",
    Lane.DATA: "Opening the image set",
    Lane.FLIPPED: "Fetching images",
    Lane.EXPORT: "Exporting the network",
    Lane.CAM: "Looking for where the network looks",
    Lane.FILM: "Following a channel from block to block",
    Lane.BLOCKS: "Measuring what each block adds",
    Lane.COMPARE: "Running the picture through the networks compared",
    Lane.TIMES: "Measuring the time of each block",
    Lane.COMPARE_TIMES: "Measuring latency",
    Lane.LESSON: "Measuring for the lesson",
    Lane.ACCURACY: "Measuring accuracy",
    Lane.BLOCK_STATISTICS: "Measuring what each block adds, over the image set",
    Lane.GRADIENTS: "Measuring gradients",
    Lane.PATHS: "Measuring paths",
    Lane.STUDY: "Running the study",
    Lane.TRAINING: "Training",
    Lane.IMPORTS: "Getting ready",
}
_PATIENCE = 150
"""Milliseconds that a job may take before it is mentioned; shorter ones would only flicker."""


class StatusBar(QStatusBar):
    """Shows the most urgent of the running jobs; where only a paused one is left, that it is paused."""

    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(12, 0, 12, 0)
        self._running: dict[Lane, Step | None] = {}
        self._paused: set[Lane] = set()
        self._study_words = ""
        self.words = QLabel()
        self.progress = QProgressBar()
        self.progress.setFixedWidth(160)
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName(tr("Progress"))
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.setProperty("small", True)
        self.cancel.clicked.connect(self.cancel_requested)
        self.idle = QLabel(tr("Ready"))
        self.passed = QLabel()
        self.memory = QLabel()
        for label in (self.words, self.idle, self.passed, self.memory):
            label.setProperty("rank", "small")
        for widget in (self.words, self.progress, self.cancel, self.idle):
            self.addWidget(widget)
        for label in (self.passed, self.memory):
            label.setContentsMargins(12, 0, 0, 0)
        self.addPermanentWidget(self.passed)
        self.addPermanentWidget(self.memory)
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE)
        self._patience.timeout.connect(self._show)
        self._process = psutil.Process()
        self._clock = QTimer(self, interval=2000)
        self._clock.timeout.connect(self._measure)
        self._clock.start()
        self._measure()
        self._show()

    def job_started(self, lane: Lane) -> None:
        self._running[lane] = None
        self._paused.discard(lane)
        if lane is Lane.STUDY:
            self._study_words = ""
        self._show_soon()

    def job_stopped(self, lane: Lane) -> None:
        self._running.pop(lane, None)
        self._paused.discard(lane)
        self._show_soon()

    def job_paused(self, lane: Lane) -> None:
        self._paused.add(lane)
        self._show_soon()

    def job_resumed(self, lane: Lane) -> None:
        self._paused.discard(lane)
        self._show_soon()

    def job_stepped(self, lane: Lane, value: object) -> None:
        """A Step, or a partial result, of a running job."""
        if isinstance(value, StudyResult):
            self._study_words = study_progress(value)
            value = Step(value.fraction, self._study_words)
        elif lane is Lane.STUDY and isinstance(value, Step) and self._study_words:
            value = Step(value.fraction, self._study_words)  # the steps between two results would make it flicker
        elif isinstance(value, TrainingStatus):
            progress = value.progress
            value = Step(None if progress is None else progress.fraction, status_words(value))
        elif isinstance(value, AccuracyResult):
            value = Step(value.counts.images / value.total if value.total else None)
        if isinstance(value, Step) and lane in self._running:
            self._running[lane] = value
            if not self._patience.isActive():
                self._show()

    def show_pass(self, result: PictureResult) -> None:
        """The time and device of the last pass."""
        milliseconds = 1000 * result.seconds
        digits = 1 if milliseconds < 100 else 0
        self.passed.setText(
            tr("last pass {time} ms on {device}", time=f"{milliseconds:,.{digits}f}", device=result.device)
        )

    def _show_soon(self) -> None:
        if not self._patience.isActive():
            self._patience.start()

    def _show(self) -> None:
        running = self._running.keys() - self._paused
        for widget in (self.words, self.progress, self.cancel):
            widget.setVisible(bool(running))
        self.idle.setVisible(not running)
        paused = tr("Training is paused") if Lane.TRAINING in self._paused else tr("The study is paused")
        self.idle.setText(paused if self._paused else tr("Ready"))
        if not running:
            return
        lane = min(running)
        self.cancel.setVisible(running != {Lane.OFFER})
        step = self._running[lane]
        self.words.setText(translated(step.text) if step is not None and step.text else tr(_WORDS[lane]))
        fraction = step.fraction if step is not None else None
        # A range of zero makes Qt show that something happens, where nobody knows how far it is.
        self.progress.setRange(0, 0 if fraction is None else 1000)
        self.progress.setValue(0 if fraction is None else round(1000 * fraction))

    def _measure(self) -> None:
        megabytes = self._process.memory_info().rss / 1e6
        self.memory.setText(tr("memory {size} MB", size=f"{megabytes:,.0f}"))


def study_progress(result: StudyResult) -> str:
    """What a running study says of itself: how much is done, and the time it will still take."""
    done = tr("Study of {network}: {share} %", network=result.request.spec.name, share=int(100 * result.fraction))
    if result.left is None:
        return done
    return tr("{done}, {time} left", done=done, time=duration(result.left))
