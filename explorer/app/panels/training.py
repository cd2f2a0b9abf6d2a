"""A training as it goes on: what is set up at the left, loss and accuracy at the right, and what it left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from explorer.app import training_texts as texts
from explorer.app.panels.study_unfinished import UnfinishedRow
from explorer.app.panels.training_setup import TrainingColumn
from explorer.app.study_texts import duration
from explorer.app.text import tr, translated
from explorer.app.theme import SPACE, theme
from explorer.app.widgets.labels import ElidedLabel, paragraph
from explorer.app.widgets.legend import LegendStrip
from explorer.app.widgets.line_chart import LineChart
from explorer.app.widgets.line_legend import LineLegend
from explorer.app.widgets.numbers import tabular
from explorer.app.widgets.panel import Panel
from explorer.app.widgets.switch import SwitchBox
from explorer.engine.records import Step, WeightsInfo
from explorer.engine.training_logs import TrainingLog
from explorer.engine.training_records import NO_CURVES, TrainingRequest, TrainingResult, TrainingStatus, Unfinished

_FIRST = 300
"""Milliseconds before the first drawing of a run."""
_INTERVAL = 2500
"""Milliseconds between two drawings, at least."""
_SHARE = 100
"""How many times longer than a drawing took the next one waits: the processor is needed for training."""


class TrainingPanel(Panel):
    """Shows one run, and asks.

    Args:
        logs: of the bundled networks that lie behind the error.
    """

    open_requested = Signal(object)
    """The WeightsInfo of trained weights."""

    def __init__(self, logs: Sequence[TrainingLog], parent: QWidget | None = None) -> None:
        super().__init__(tr("Training"), tr(texts.ABOUT), parent, scrolls=False)
        self._logs = tuple(logs)
        self._status: TrainingStatus | None = None
        self._result: TrainingResult | None = None
        self._request: TrainingRequest | None = None
        self._progress = ""
        self._pointed: tuple[LineChart, int, int] | None = None
        self._soon = QTimer(self, singleShot=True, interval=_INTERVAL)
        self._soon.timeout.connect(self._draw)
        self.title.hide()
        self.heading = ElidedLabel(rank="title")
        self.header.insertWidget(0, self.heading, 1)
        self.header.setStretchFactor(self.state, 0)
        self.column = TrainingColumn()
        row = QHBoxLayout()
        row.setSpacing(2 * SPACE)
        row.addWidget(self.column)
        row.addLayout(self._build_right(), 1)
        self.header.addWidget(self.behind)
        self.body.addLayout(row, 1)
        self.finish()
        theme().changed.connect(self._draw)
        self._draw()

    def _build_right(self) -> QVBoxLayout:
        right = QVBoxLayout()
        right.setSpacing(4)
        self.unfinished = UnfinishedRow()
        self.words = ElidedLabel()
        tabular(self.words)
        self.error = paragraph(rank="error")
        self.note = paragraph(rank="small")
        self.legend = LegendStrip()
        self.loss = LineChart(tr("Loss by epoch"))
        self.share = LineChart(tr("Accuracy by epoch"))
        for chart in (self.loss, self.share):
            chart.pointed.connect(partial(self._point, chart))
        charts = QHBoxLayout()
        charts.setSpacing(SPACE)
        charts.addWidget(self.loss, 1)
        charts.addWidget(self.share, 1)
        self.behind = SwitchBox(
            tr("Behind: Fig. 6"),
            tr(
                "The training error of the bundled networks on Fashion-MNIST, plain and with shortcuts, as in He et "
                "al. 2015, Fig. 6"
            ),
            on=True,
        )
        self.behind.toggled.connect(self._draw)
        self.open = QPushButton(tr("Open these weights"))
        self.open.setProperty("small", True)
        self.open.clicked.connect(self._open)
        foot = QHBoxLayout()
        foot.setSpacing(SPACE)
        foot.addWidget(self.words, 1)
        foot.addWidget(self.open)
        right.addWidget(self.unfinished)
        right.addWidget(self.legend)
        right.addLayout(charts, 1)
        right.addWidget(self.error)
        right.addWidget(self.note)
        right.addLayout(foot)
        return right

    # -- what the desk calls -------------------------------------------------------------------------------------

    def show_begun(self, request: TrainingRequest) -> None:
        """A run was asked for: what was shown is of another one."""
        self._status, self._result, self._request = None, None, request
        self._say("")
        self.column.show_progress(None)
        self.column.show_activity("running")
        self.column.show_running(request.spec)
        self.heading.setText(request.spec.name)
        self._tell(tr("getting ready"))
        self._draw()
        self._soon.setInterval(_FIRST)

    def show_step(self, step: Step) -> None:
        """Before the first batch: reading, downloading."""
        self.column.show_progress(step.fraction)
        self._tell(translated(step.text))

    def show_status(self, status: TrainingStatus) -> None:
        """Where the run is; the chart follows as often as drawing allows."""
        self._status, self._request = status, status.request
        progress = status.progress
        self.column.show_progress(None if progress is None else progress.fraction)
        self._tell(texts.progress_words(status))
        self.column.show_running(status.request.spec)
        self.heading.setText(f"{status.request.spec.name} · {translated(status.description)}")
        self._note(translated(status.note))
        if not self._soon.isActive():
            self._soon.start()

    def show_result(self, result: TrainingResult) -> None:
        """The run is over: what came of it, and the way there."""
        self._result = result
        self.show_status(result.status)
        self.column.show_activity("idle")
        progress = result.status.progress
        if result.weights and progress is not None:
            info = result.weights[0]
            self._tell(tr("{title}, after {time}", title=translated(info.title), time=duration(progress.seconds)))
            self._note(f"{translated(result.status.note)} {translated(info.source)}".strip())
        self._draw()

    def show_stopped(self) -> None:
        """The person stopped it: the curves stay."""
        self.column.show_activity("idle")
        progress = self._status.progress if self._status is not None else None
        if progress is None:
            self._tell(tr("Stopped before the first step."))
        else:
            self._tell(tr("Stopped in epoch {epoch}: state and weights are kept.", epoch=progress.epoch))
        self._draw()

    def show_error(self, words: str) -> None:
        """Why the run ended."""
        self.column.show_activity("idle")
        self._tell("")
        self._say(words)
        self._draw()

    def show_unfinished(self, found: Sequence[Unfinished]) -> None:
        """Offer to take up the last run that was stopped; the next one follows once that is done."""
        self.unfinished.show_words(None if self.column.activity != "idle" else texts.unfinished_words(found))

    @property
    def status(self) -> TrainingStatus | None:
        """Of the run that is shown."""
        return self._status

    @property
    def result(self) -> TrainingResult | None:
        return self._result

    @property
    def weights(self) -> WeightsInfo | None:
        """What the run left, the best."""
        return self._result.weights[0] if self._result is not None and self._result.weights else None

    # -- inside --------------------------------------------------------------------------------------------------

    def _say(self, error: str) -> None:
        self.error.setText(error)
        self.error.setVisible(bool(error))
        self._note("")

    def _tell(self, words: str) -> None:
        """How far the run is; a point that is pointed at goes before it."""
        self._progress = words
        self._show_words()

    def _point(self, chart: LineChart, series: int, point: int) -> None:
        self._pointed = (chart, series, point) if series >= 0 else None
        self._show_words()

    def _show_words(self) -> None:
        words = self._progress
        if self._pointed is not None:
            chart, number, point = self._pointed
            if number < len(chart.series) and point < len(chart.series[number].x):
                words = texts.point_words(chart.series[number], chart.frame, point)
        self.words.setText(words)
        for chart in (self.loss, self.share):
            chart.setAccessibleDescription(words)

    def _note(self, text: str) -> None:
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def _open(self) -> None:
        if self.weights is not None:
            self.open_requested.emit(self.weights)

    def _draw(self) -> None:
        self._soon.stop()
        began = time.perf_counter()
        curves = self._status.curves if self._status is not None else NO_CURVES
        epochs = self._status.request.recipe.epochs if self._status is not None else 1
        series, frame = texts.loss_chart(curves, epochs)
        self.loss.setVisible(bool(series))
        self.loss.show_series(series, frame)
        comparable = self._request is None or texts.compares(self._request.data)
        self.behind.setVisible(comparable)
        if comparable and self.behind.isChecked():
            series, frame = texts.error_chart(curves, epochs, self._logs)
        else:
            series, frame = texts.accuracy_chart(curves, epochs)
        self.share.show_series(series, frame)
        self.legend.show_legend(LineLegend(series, frame))
        self.open.setVisible(self.weights is not None)
        if self._status is None and self.column.activity == "idle":
            self._show_empty()
        self._show_words()
        self._soon.setInterval(max(_INTERVAL, round(1000 * _SHARE * (time.perf_counter() - began))))

    def _show_empty(self) -> None:
        if self.share.series:
            self.heading.setText(tr("Bundled networks on Fashion-MNIST"))
            words = tr("Start trains the open network from random weights; on these images its curves join those here.")
        else:
            self.heading.setText(tr("Nothing trained yet"))
            words = tr("Start trains the open network from random weights; its curves grow here.")
        self._note(words)
