"""A guess: a number on a scale, or one of a few answers."""

from __future__ import annotations

import math
import re
import sys

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QValidator
from PySide6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QRadioButton,
    QSizePolicy,
    QSlider,
    QWidget,
)

from explorer.app.text import tr, translated
from explorer.app.theme import SPACE, theme
from explorer.app.widgets.labels import paragraph
from explorer.app.widgets.numbers import UNKNOWN, tabular
from explorer.engine.lesson_records import Form, Question, is_finite
from explorer.engine.lesson_words import number_of

_TICKS_A_DECADE = 10
_DOT = 17
_UNITS: dict[Form, str] = {"percent": " %", "points": "", "count": "", "times": ""}
_POWER = re.compile(r"([\d.,]+)\s*[×x]\s*10\s*([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)")
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d*)?(e.*)?", re.IGNORECASE)
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


class Scale:
    """The numbers that can be guessed.

    Args:
        question: gives ends and kind.
        form: of the figure; what is counted has no decimals.
    """

    def __init__(self, question: Question, form: Form = "times") -> None:
        self.log = question.log
        self.low, self.high = (math.log10(end) if self.log else end for end in (question.low, question.high))
        span = self.high - self.low
        fine = 10.0 ** math.floor(math.log10(span / 50))
        if form == "count":
            fine = max(fine, 1.0)
        self.step = 1 / _TICKS_A_DECADE if self.log else fine
        self.decimals = 0 if fine >= 1 else round(-math.log10(fine))
        self.ticks = max(1, round(span / self.step))

    def number(self, place: float) -> float:
        """What stands at a place of the scale."""
        if not self.log:
            return place
        try:
            return float(10**place)
        except OverflowError:
            return sys.float_info.max

    def place(self, number: float) -> float:
        """Where a number is on it; ends where it lies beyond, not a number where it is none."""
        if not is_finite(number) and math.isnan(number):
            return math.nan
        if self.log:
            return math.log10(number) if number > 0 else -math.inf
        try:
            return float(number)
        except OverflowError:  # a whole number too large for a float
            return math.inf if number > 0 else -math.inf

    def words(self, place: float, form: Form) -> str:
        """The number at a place, without its unit."""
        if self.log and place >= sys.float_info.max_10_exp:
            power = math.floor(place)
            return translated(number_of("times", round(10 ** (place - power + 1)) * 10 ** (power - 1)))
        number = self.number(place)
        if self.log:
            rounded = float(f"{number:.1e}" if number < 100 else f"{number:.2g}")
            return translated(number_of("times", rounded)) if rounded < 1e4 else _large(rounded)
        return translated(number_of("points", number, self.decimals))


def _large(number: float) -> str:
    return f"{number:,.0f}" if number < 1e6 else translated(number_of("times", number))


class NumberGuess(QDoubleSpinBox):
    """The number, typed or stepped; a dash until a person has touched it. On a logarithmic scale its value is the
    power of ten."""

    touched = Signal()

    def __init__(self, scale: Scale, form: Form, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scale, self._form = scale, form
        self.is_touched = False
        self.setDecimals(4 if scale.log else scale.decimals)
        self.setRange(scale.low, scale.high)
        self.setSingleStep(scale.step)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setSuffix(_UNITS[form])
        self.setKeyboardTracking(False)
        tabular(self)
        self.lineEdit().textEdited.connect(self.touch)

    def touch(self) -> None:
        """From now on it is a guess."""
        if not self.is_touched:
            self.is_touched = True
            self.touched.emit()

    def show_value(self) -> None:
        """Write the value anew: the dash is gone."""
        self.lineEdit().setText(self.textFromValue(self.value()) + self.suffix())

    def stepBy(self, steps: int) -> None:
        self.touch()
        super().stepBy(steps)
        self.show_value()

    def textFromValue(self, value: float) -> str:
        return self._scale.words(value, self._form) if getattr(self, "is_touched", False) else UNKNOWN

    def valueFromText(self, text: str) -> float:
        number = self._number(text)
        return self.value() if number is None else self._scale.place(number)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        number = self._number(text)
        if number is None or (self._scale.log and number <= 0):
            return QValidator.State.Intermediate, text, position
        return QValidator.State.Acceptable, text, position

    def _number(self, text: str) -> float | None:
        """What was typed: `12`, `−3.5`, `0,5`, `1,000`, `1e5`, `1.4 × 10⁴`. A comma that parts no thousands is a
        decimal point, as many countries write it."""
        words = text.removesuffix(self.suffix()).strip().replace("−", "-")
        power = _POWER.fullmatch(words)
        if power:
            words = f"{power[1]}e{power[2].translate(_LOWERED)}"
        try:
            number = float(words.replace(",", "" if _THOUSANDS.fullmatch(words) else "."))
        except ValueError:
            return None
        return number if math.isfinite(number) else None


class Dot(QRadioButton):
    """A radio button without words, in the colours of the theme."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(_DOT, _DOT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, at: QPoint) -> bool:
        return self.rect().contains(at)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strong = self.isChecked() or self.hasFocus()
        painter.setPen(QPen(QColor(colours.accent if strong else colours.muted), 1.5))
        painter.setBrush(QColor(colours.control))
        middle = QRectF(self.rect()).center()
        painter.drawEllipse(middle, _DOT / 2 - 1.5, _DOT / 2 - 1.5)
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent))
            painter.drawEllipse(middle, _DOT / 2 - 5, _DOT / 2 - 5)


class GuessField(QWidget):
    """Asks for one guess: a slider with its number, or answers to choose from."""

    changed = Signal()
    """A guess is there, or another one."""
    confirmed = Signal()
    """Enter."""

    def __init__(self, question: Question, form: Form, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.question, self.form = question, form
        self.setAccessibleName(question.text)
        self.scale = Scale(question, form) if not question.choices else None
        if question.choices:
            self._build_choices(question)
        else:
            self._build_number(question)

    # -- building ------------------------------------------------------------------------------------------------

    def _build_number(self, question: Question) -> None:
        assert self.scale is not None
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, self.scale.ticks)
        self.slider.setPageStep(max(1, self.scale.ticks // 10))
        self.slider.setValue(self.scale.ticks // 2)
        self.slider.setAccessibleName(question.text)
        self.number = NumberGuess(self.scale, self.form)
        self.number.setAccessibleName(tr("Your guess"))
        self.number.setValue(self._place_of_tick(self.slider.value()))
        self.number.setFixedWidth(96)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        self.setFocusProxy(self.slider)
        self.slider.valueChanged.connect(self._slid)
        self.slider.sliderPressed.connect(self._slid)
        self.number.valueChanged.connect(self._typed)
        self.number.touched.connect(self.changed)
        self.slider.installEventFilter(self)
        self.number.installEventFilter(self)

    def _build_choices(self, question: Question) -> None:
        self.buttons: list[Dot] = []
        self._group = QButtonGroup(self)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(SPACE)
        grid.setColumnStretch(1, 1)
        self._words = []
        for number, choice in enumerate(question.choices):
            button, words = Dot(), paragraph(choice.text, rank="")
            button.setAccessibleName(choice.text)
            button.installEventFilter(self)
            words.installEventFilter(self)
            self._group.addButton(button, number)
            self.buttons.append(button)
            self._words.append(words)
            grid.addWidget(button, number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(words, number, 1)
        self._group.idClicked.connect(self._chose)
        self.setFocusProxy(self.buttons[0])

    # -- the guess -----------------------------------------------------------------------------------------------

    @property
    def guess(self) -> float | None:
        """The number, or the number of the choice; None until there is one."""
        if self.scale is None:
            chosen = self._group.checkedId()
            return None if chosen < 0 else chosen
        return self.scale.number(self.number.value()) if self.number.is_touched else None

    def set_guess(self, guess: float) -> None:
        """As if a person had made it."""
        if self.scale is None:
            self.buttons[int(guess)].setChecked(True)
        else:
            self.number.touch()
            self.number.setValue(self.scale.place(guess))
            self.number.show_value()
        self.changed.emit()

    def lock(self, right: int = -1) -> None:
        """The figure is out: nothing is guessed any more, and the right answer is marked."""
        if self.scale is not None:
            self.slider.setEnabled(False)
            self.number.setEnabled(False)
            return
        for number, (button, words) in enumerate(zip(self.buttons, self._words, strict=True)):
            button.setEnabled(False)
            text = self.question.choices[number].text
            if number == right:
                font = words.font()
                font.setBold(True)
                words.setFont(font)
                words.setText(tr("{answer} ✓", answer=text))
                button.setAccessibleName(tr("{answer}: as measured", answer=text))
            elif button.isChecked():
                button.setAccessibleName(tr("{answer}: your guess", answer=text))

    # -- inside --------------------------------------------------------------------------------------------------

    def _place_of_tick(self, tick: int) -> float:
        assert self.scale is not None
        return self.scale.low + (self.scale.high - self.scale.low) * tick / self.scale.ticks

    def _slid(self) -> None:
        with QSignalBlocker(self.number):
            self.number.is_touched = True
            self.number.setValue(self._place_of_tick(self.slider.value()))
            self.number.show_value()
        self.changed.emit()

    def _typed(self, value: float) -> None:
        assert self.scale is not None
        span = self.scale.high - self.scale.low
        with QSignalBlocker(self.slider):
            self.slider.setValue(round((value - self.scale.low) / span * self.scale.ticks))
        self.changed.emit()

    def _chose(self, _number: int) -> None:
        self.changed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # type: ignore[attr-defined]
            if watched is getattr(self, "number", None):
                self.number.interpretText()
            self.confirmed.emit()
            return True
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease and self.scale is None:
            for button, words in zip(self.buttons, self._words, strict=True):
                if watched is words and button.isEnabled():
                    button.setFocus()
                    button.click()
        return False
