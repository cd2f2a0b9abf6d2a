"""What the network makes of the picture: the picture as it sees it, its answer, and the five likeliest classes."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from explorer.app.document import Document
from explorer.app.text import tr, translated
from explorer.app.theme import SPACE
from explorer.app.widgets.bars import ProbabilityBars
from explorer.app.widgets.flow import FlowLayout
from explorer.app.widgets.labels import ElidedLabel, HeadlineLabel, paragraph
from explorer.app.widgets.numbers import percent
from explorer.app.widgets.panel import Panel
from explorer.app.widgets.pictures import PictureView, to_image
from explorer.engine.records import PictureResult, WeightsKind

_TOP = 5
_SIDE = 112
_ABOUT = (
    "Left, the picture as the network sees it: scaled, cropped and, where the weights ask for it, grey; enlarged "
    "pixel by pixel. Its numbers then have the mean taken off and are divided by the standard deviation.\n\n"
    "Below, the softmax of the classifier's outputs: shares that add up to 100 % over all classes. They say how the "
    "network divides its answer, not how often it is right: see Accuracy for that.\n\n"
    "With blocks deleted, cut or moved, the grey part of a bar is what the intact network says (deleting: Veit et al. "
    "2016, section 4.1; reordering: section 4.3)."
)


class PredictionPanel(Panel):
    """Shows results that the window hands over; asks for pictures."""

    open_requested = Signal()
    sample_requested = Signal()
    chart_requested = Signal()

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(tr("Prediction"), tr(_ABOUT), parent)
        self._document = document
        self._result: PictureResult | None = None
        self.empty = self._build_empty()
        self.content = QWidget()
        self._build_content()
        self.error = paragraph(rank="error")
        self.body.addWidget(self.empty)
        self.body.addWidget(self.content)
        self.body.addWidget(self.error)
        self.finish()
        self.error.hide()
        document.picture_changed.connect(self._picture_changed)
        document.spec_changed.connect(self._network_changed)
        document.weights_changed.connect(self._network_changed)
        self._picture_changed()

    # -- building ------------------------------------------------------------------------------------------------

    def _build_empty(self) -> QWidget:
        empty = QWidget()
        column = QVBoxLayout(empty)
        column.setContentsMargins(0, SPACE, 0, 0)
        column.setSpacing(12)
        column.addWidget(paragraph(tr("Open, drop or paste a picture, or take a sample.")))
        row = QWidget()
        flow = FlowLayout(row)
        for text, tip, signal in (
            (tr("Open…"), tr("A picture from a file"), self.open_requested),
            (tr("Sample"), tr("An image of the labelled set"), self.sample_requested),
            (tr("Test chart"), tr("Edges, rings and gradients, for looking at filters"), self.chart_requested),
        ):
            button = QPushButton(text)
            button.setToolTip(tip)
            button.clicked.connect(signal)
            flow.addWidget(button)
        column.addWidget(row)
        return empty

    def _build_content(self) -> None:
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        top = QHBoxLayout()
        top.setSpacing(14)
        self.picture = PictureView(_SIDE, tr("The picture as the network sees it"))
        top.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(3)
        self.headline = HeadlineLabel()
        self.chance = paragraph()
        self.truth = ElidedLabel(rank="small")
        self.name = ElidedLabel(rank="small", middle=True)
        self.numbers = paragraph(rank="small")
        for widget in (self.headline, self.chance, self.truth, self.numbers):
            words.addWidget(widget)
        words.addStretch(1)
        top.addLayout(words, 1)
        column.addLayout(top)
        self.bars = ProbabilityBars(_TOP)
        column.addWidget(self.bars)
        self.preprocessing = paragraph(rank="small")
        self.notes = paragraph(rank="small")
        foot = QVBoxLayout()
        foot.setSpacing(4)
        for line in (self.name, self.preprocessing, self.notes):
            foot.addWidget(line)
        column.addLayout(foot)

    # -- what the window calls -----------------------------------------------------------------------------------

    def show_result(self, result: PictureResult) -> None:
        """Show a result, and that nothing is running or wrong any more."""
        self._result = result
        self.set_state("")
        self.error.hide()
        self.picture.set_image(to_image(result.seen))
        self._show_answer(result)
        self._show_numbers(result)
        self._show_notes()
        self._show_parts()

    def show_busy(self, busy: bool) -> None:
        """Say that a run is on; what was shown stays until the new result is there."""
        if busy:
            self.set_busy(tr("running…"))
        else:
            self.set_state("")
        if busy:
            self.error.hide()

    def show_error(self, sentence: str) -> None:
        """Say why there is no result; an older result would belong to something else, so it goes."""
        self._result = None
        self.set_state("")
        self.error.setText(sentence)
        self._show_parts()
        self.error.setVisible(True)

    # -- inside --------------------------------------------------------------------------------------------------

    def _picture_changed(self) -> None:
        picture = self._document.state.picture
        if self._result is not None and self._result.request.picture is not picture:
            self._result = None
        self.error.hide()
        if picture is not None:
            self.name.setText(translated(picture.name))
            if self._result is None:
                self.picture.set_image(to_image(picture.pixels))
        self._show_notes()
        self._show_parts()

    def _network_changed(self) -> None:
        """What another network said must not stand under this one."""
        state = self._document.state
        if self._result is not None:
            request = self._result.request
            if (request.spec, request.weights) != (state.spec, state.weights):
                self._result = None
        self._show_notes()
        self._show_parts()

    def _show_parts(self) -> None:
        there = self._document.state.picture is not None
        answered = self._result is not None
        self.empty.setVisible(not there)
        self.content.setVisible(there)
        for widget in (self.headline, self.chance, self.numbers, self.bars, self.preprocessing):
            widget.setVisible(answered)
        self.truth.setVisible(answered and bool(self.truth.full_text))

    def _show_answer(self, result: PictureResult) -> None:
        changed = bool(result.request.lesion)
        before = result.intact.probabilities
        top = result.prediction.top(_TOP)
        self.bars.set([(label, share, float(before[index]) if changed else None) for index, label, share in top])
        if not result.prediction.finite:
            self.headline.setText(tr("No answer"))
            self.chance.setText(tr("The network's outputs are not numbers."))
            return
        index, label, share = top[0]
        self.headline.setText(label)
        if not changed:
            self.chance.setText(f"{percent(share)} %")
        else:
            was = percent(float(before[index]))
            self.chance.setText(tr("{now} % · was {before} %", now=percent(share), before=was))
        _, label, share = result.intact.top(1)[0]
        self.chance.setToolTip(tr("The intact network says {label}, {share} %.", label=label, share=percent(share)))

    def _show_numbers(self, result: PictureResult) -> None:
        spec = result.request.spec
        self.numbers.setText(
            tr(
                "{channels}×{side}×{side}\nmean\u00a0{mean}, sd\u00a0{sd}",
                channels=spec.in_channels,
                side=result.seen.shape[0],
                mean=_short(result.input_mean),
                sd=_short(result.input_std),
            )
        )
        self.numbers.setToolTip(tr("Mean and standard deviation of the numbers that the network gets"))
        self.preprocessing.setText(tr("As the network sees it: {note}", note=result.preprocessing_note))
        truth = result.request.picture.label
        self.truth.setText("" if truth is None else tr("true label: {label}", label=truth))

    def _show_notes(self) -> None:
        """The picture's note, the run's, and that untrained weights only guess."""
        state = self._document.state
        notes = [state.picture.note if state.picture else "", self._result.note if self._result else ""]
        if self._result is not None and self._result.request.weights.kind is WeightsKind.UNTRAINED:
            count = self._result.request.spec.classes
            notes.append(
                tr("This network is untrained: it guesses, right one time in {count} by chance.", count=f"{count:,}")
            )
        text = "\n".join(translated(note) for note in notes if note)
        self.notes.setText(text)
        self.notes.setVisible(bool(text))


def _short(value: float) -> str:
    """Three decimals, with a true minus sign."""
    return f"{value:.3f}".replace("-", "−")
