"""One step of a lesson: what to read, what to guess, and what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.app.text import tr, translated
from explorer.app.theme import SPACE
from explorer.app.widgets.guess import GuessField
from explorer.app.widgets.labels import HeadlineLabel, paragraph, separator
from explorer.app.widgets.number_line import NumberLine
from explorer.app.widgets.numbers import tabular, whole
from explorer.engine.lesson_records import Figure, Form, LessonStep, Measured
from explorer.engine.lesson_words import filled, number_of, written, written_figures

_WIDEST = 150
"""Pixels of a measured figure, of the narrowest panel's 250."""


class Comparison(QWidget):
    """The guess and the measured figure beside each other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, SPACE, 0, 0)
        grid.setHorizontalSpacing(2 * SPACE)
        grid.setVerticalSpacing(2)
        self.guess, self.measured = paragraph(rank="headline"), paragraph(rank="headline")
        self.rest = paragraph(rank="small")
        titles = (tr("Your guess"), tr("Measured"))
        for column, (title, figure) in enumerate(zip(titles, (self.guess, self.measured), strict=True)):
            label = QLabel(title)
            label.setProperty("rank", "small")
            tabular(figure)
            grid.addWidget(label, 0, column)
            figure.setAlignment(Qt.AlignmentFlag.AlignTop)
            grid.addWidget(figure, 1, column)
        grid.addWidget(self.rest, 2, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.line = NumberLine()
        grid.addWidget(self.line, 3, 0, 1, 2)

    def show_both(self, guess: str, measured: str, rest: str, words: bool) -> None:
        """Show them; `words` says that the guess is a sentence, too long for large letters."""
        self.guess.setProperty("rank", "" if words else "headline")
        self.guess.style().unpolish(self.guess)
        self.guess.style().polish(self.guess)
        self.guess.setText(guess)
        self.measured.setText(measured)
        self.measured.ensurePolished()
        # A long number can't be wrapped: its column gets what it needs.
        self.measured.setMinimumWidth(min(_WIDEST, self.measured.fontMetrics().horizontalAdvance(measured.split()[0])))
        self.rest.setText(rest)
        self.rest.setVisible(bool(rest))
        self.setAccessibleName(
            tr("Your guess {guess}, measured {measured} {rest}", guess=guess, measured=measured, rest=rest)
        )


class LessonStepPage(QWidget):
    """Built anew for each step."""

    measure_requested = Signal()
    again_requested = Signal()
    """Set the window up as the step says."""

    def __init__(self, step: LessonStep, known: Mapping[str, Measured], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.step = step
        early = _figures(step, known)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE)
        self.headline = HeadlineLabel()
        self.headline.setText(filled(step.title, early))
        column.addWidget(self.headline)
        for part in filled(step.text, early).split("\n\n"):
            column.addWidget(paragraph(part, rank=""))
        self.again = _quiet(tr("Set the window up again"), self.again_requested.emit)
        self.again.setToolTip(tr("Something else is open now than this step is about"))
        self.again.hide()
        column.addWidget(self.again, 0, Qt.AlignmentFlag.AlignLeft)
        self._build_offers(column)
        column.addSpacing(SPACE // 2)
        column.addWidget(separator())
        column.addSpacing(SPACE // 2)
        self.question = paragraph(filled(step.question.text, early), rank="")
        font = self.question.font()
        font.setBold(True)
        self.question.setFont(font)
        column.addWidget(self.question)
        self.field = GuessField(step.question, step.asked.form)
        self.field.changed.connect(self._show_measure)
        self.field.confirmed.connect(self._confirm)
        column.addWidget(self.field)
        self.measure = QPushButton(tr("Measure"))
        self.measure.setProperty("primary", True)
        self.measure.clicked.connect(self.measure_requested)
        column.addWidget(self.measure, 0, Qt.AlignmentFlag.AlignLeft)
        self.error = paragraph(rank="error")
        column.addWidget(self.error)
        self.comparison = Comparison()
        self.answer, self.source = paragraph(rank=""), paragraph(rank="small")
        self.notes = paragraph(rank="small")
        for widget in (self.comparison, self.answer, self.notes, self.source):
            column.addWidget(widget)
            widget.hide()
        self.error.hide()
        self._ready = False
        self.is_revealed = False
        self._show_measure()

    def _build_offers(self, column: QVBoxLayout) -> None:
        self.missing = paragraph(rank="")
        self.missing.hide()
        column.addWidget(self.missing)
        self._offers = QVBoxLayout()
        self._offers.setSpacing(SPACE)
        column.addLayout(self._offers)
        self.offers: list[QPushButton] = []

    # -- what the desk calls -------------------------------------------------------------------------------------

    def show_busy(self, words: str) -> None:
        """Nothing can be measured while something is under way."""
        self._ready = False
        self.error.hide()
        self.show_offers("", ())
        self._show_measure()
        self.measure.setText(words)

    def show_ready(self) -> None:
        """The window is set up."""
        self._ready = True
        self.measure.setText(tr("Measure"))
        self._show_measure()

    def show_error(self, words: str) -> None:
        """Why there is no figure; it can be tried again."""
        self.show_ready()
        self.error.setText(words)
        self.error.show()

    def show_offers(self, words: str, offers: Sequence[tuple[str, Callable[[], object]]]) -> None:
        """What is missing, and what can be done about it; nothing where it is not."""
        self.missing.setText(words)
        self.missing.setVisible(bool(words))
        for button in self.offers:
            button.hide()
            button.deleteLater()
        self.offers = []
        for text, act in offers:
            button = QPushButton(text)
            button.clicked.connect(act)
            self.offers.append(button)
            self._offers.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        if offers:
            self._ready = False
            self._show_measure()

    def show_answer(self, guess: float, measured: Mapping[str, Measured], notes: Sequence[str]) -> None:
        """Reveal the figure beside the guess."""
        self.is_revealed = True
        step, found = self.step, measured[self.step.asked.name]
        if self.field.guess is None:
            self.field.set_guess(guess)
        self.field.lock(step.question.right(found.value))
        self.measure.hide()
        self.error.hide()
        figure = step.asked
        self.comparison.show_both(
            self.guess_words(guess),
            translated(written(figure.form, found.value, figure.decimals)),
            certainty(figure, found),
            words=self.field.scale is None,
        )
        self.comparison.line.setVisible(self.field.scale is not None)
        if self.field.scale is not None:
            self.comparison.line.set(self.field.scale, figure.form, guess, found)
        self.comparison.show()
        self.answer.setText(filled(step.answer, _figures(step, measured)))
        self.notes.setText("\n".join(map(translated, notes)))
        self.notes.setVisible(bool(notes))
        self.source.setText(step.source)
        self.answer.show()
        self.source.show()

    def show_changed(self, changed: bool) -> None:
        """Whether something else is open than the step set up."""
        self.again.setVisible(changed)

    def guess_words(self, guess: float) -> str:
        """A guess as it is shown beside the figure."""
        return guess_words(self.step, guess)

    # -- inside --------------------------------------------------------------------------------------------------

    def _show_measure(self) -> None:
        guessed = self.field.guess is not None
        self.measure.setEnabled(self._ready and guessed)
        self.measure.setToolTip("" if guessed else tr("Guess first"))

    def _confirm(self) -> None:
        if self.measure.isEnabled() and not self.is_revealed:
            self.measure_requested.emit()


def _figures(step: LessonStep, measured: Mapping[str, Measured]) -> dict[str, str]:
    """What stands for each figure in the step's sentences, in the person's language."""
    return {name: translated(words) for name, words in written_figures(step, measured).items()}


def guess_words(step: LessonStep, guess: float) -> str:
    """A guess with its unit, or the answer that was chosen."""
    question, figure = step.question, step.asked
    if question.choices:
        return question.choices[int(guess)].text
    if question.log:
        number = number_of("count" if 1e3 <= guess < 1e6 else "times", guess)
        return _with_unit(translated(number), figure.form)
    decimals = 0 if abs(guess - round(guess)) < 1e-9 else None
    if figure.form == "times":
        return translated(number_of("times", guess, 2))
    return translated(written(figure.form, guess, decimals))


def _with_unit(number: str, form: Form) -> str:
    if form == "percent":
        return tr("{number} %", number=number)
    return tr("{number} points", number=number) if form == "points" else number


def certainty(figure: Figure, found: Measured) -> str:
    """The interval, range or quartiles of a figure, and on how much it was measured."""
    parts = []
    if found.low is not None and found.high is not None:
        low, high = (translated(number_of(figure.form, end, figure.decimals)) for end in (found.low, found.high))
        if found.seeds and low == high:
            parts.append(tr("{low} with each of {count} seeds", low=low, count=found.seeds))
        elif found.seeds:
            parts.append(tr("{low} to {high} over {count} seeds", low=low, high=high, count=found.seeds))
        elif found.quartiles:
            parts.append(tr("quartiles {low} to {high}", low=low, high=high))
        else:
            parts.append(tr("95 % interval {low} to {high}", low=low, high=high))
    if found.images is not None:
        parts.append(tr("n = {count}", count=whole(found.images)))
    return " · ".join(parts)


def _quiet(text: str, act: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("quiet", True)
    button.setProperty("flush", True)
    button.clicked.connect(act)
    return button
