"""Fields: a choice of few in one control, a whole number, and the row that holds them with its refusal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from explorer.app.widgets.labels import paragraph
from explorer.app.widgets.numbers import tabular

_GROUPED = re.compile(r"\d{1,3}(,\d{3})+")
_PLAIN = re.compile(r"-?\d{1,9}")


class Segmented(QWidget):
    """One of a few, all in sight. Arrow keys walk, as in a group of radio buttons."""

    chosen = Signal(str)
    """The value that a person chose; not sent by `set_value`."""

    def __init__(self, options: Sequence[tuple[str, str, str]], name: str, parent: QWidget | None = None) -> None:
        """Options are triples of value, text and tooltip; `name` is read out by screen readers."""
        super().__init__(parent)
        self.setProperty("segmented", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(0)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QPushButton] = {}
        for value, text, tip in options:
            button = QPushButton(text)
            button.setCheckable(True)
            button.setProperty("segment", True)
            button.setToolTip(tip)
            button.setAccessibleName(f"{name}: {text}")
            self._group.addButton(button)
            self.buttons[value] = button
            layout.addWidget(button)
        self._group.buttonClicked.connect(self._clicked)
        self._value = ""

    @property
    def value(self) -> str:
        return self._value

    def set_value(self, value: str) -> None:
        self._value = value
        self.buttons[value].setChecked(True)

    def _clicked(self) -> None:
        value = next(value for value, button in self.buttons.items() if button.isChecked())
        if value != self._value:
            self._value = value
            self.chosen.emit(value)


class NumberField(QLineEdit):
    """A number, mostly a whole one, typed. Enter or leaving applies, Escape takes back, Up and Down step."""

    entered = Signal(object)
    """The number typed, or the text where it is no whole number."""
    stepped = Signal(int)
    """+1 or -1."""

    def __init__(self, name: str, digits: int = 3, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("number", True)
        self.setAccessibleName(name)
        self.setMaxLength(9)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        tabular(self)
        self.ensurePolished()
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("0" * digits) + 14)
        self._shown = ""
        self._handled = ""
        self.editingFinished.connect(self._finish)

    def set_value(self, number: float) -> None:
        """Show a number, and nothing is refused any more."""
        self._shown = self._handled = str(number) if isinstance(number, int) else f"{number:g}"
        self.setText(self._shown)
        self.set_refused(False)

    def set_refused(self, refused: bool) -> None:
        if self.property("refused") != refused:
            self.setProperty("refused", refused)
            self.style().unpolish(self)
            self.style().polish(self)

    def event(self, event: QEvent) -> bool:
        """Undo and redo belong to the window as long as nothing is half typed here."""
        keys = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self.text() == self._shown
            and any(event.matches(key) for key in keys)
        ):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._finish()
            self.stepped.emit(1 if key == Qt.Key.Key_Up else -1)
        elif key == Qt.Key.Key_Escape and self.text() != self._shown:
            self.setText(self._shown)
            self._finish()
        else:
            super().keyPressEvent(event)

    def _finish(self) -> None:
        text = self.text().strip()
        if not text:
            self.setText(self._shown)
            text = self._shown
        if text == self._handled:
            return
        self._handled = text
        self.entered.emit(parsed(text))


def parsed(text: str) -> int | str:
    """A whole number, with or without commas between thousands; other text as it is."""
    if _GROUPED.fullmatch(text) or (_PLAIN.fullmatch(text) and text.isascii()):
        return int(text.replace(",", ""))
    return text


class FieldRow(QWidget):
    """A label and its fields on one line; below it where the line is too narrow. A refusal stands under them."""

    def __init__(self, text: str, fields: Sequence[QWidget], tip: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = QLabel(text)
        self.label.setProperty("rank", "muted")
        self.label.setToolTip(tip)
        if fields:
            self.label.setBuddy(fields[0])
        self._fields = QWidget()
        inner = QHBoxLayout(self._fields)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(6)
        inner.addStretch(1)
        for field in fields:
            inner.addWidget(field)
            field.installEventFilter(self)
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._line.setSpacing(4)
        self._line.addWidget(self.label)
        self._line.addWidget(self._fields, 1)
        self.refusal = paragraph(rank="error")
        self.refusal.hide()
        self.offers = QWidget()
        self._offers = QHBoxLayout(self.offers)
        self._offers.setContentsMargins(0, 0, 0, 4)
        self._offers.setSpacing(6)
        self._offers.addStretch(1)
        self.offers.hide()
        # Ignored, so that a narrow column gets the fields below the label instead of being forced wide.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._line)
        layout.addWidget(self.refusal)
        layout.addWidget(self.offers)

    def refuse(self, text: str, offers: Sequence[QPushButton] = ()) -> None:
        """Say why not, with buttons of what would do; an empty text takes it back."""
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))
        while self._offers.count() > 1:
            item = self._offers.takeAt(1)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for button in offers:
            button.setProperty("small", True)
            self._offers.addWidget(button)
        self.offers.setVisible(bool(offers))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._fit()
        return False

    def _fit(self) -> None:
        wide = self.label.sizeHint().width() + self._fields.sizeHint().width() + self._line.spacing()
        below = wide > self.width()
        self._line.setDirection(QBoxLayout.Direction.TopToBottom if below else QBoxLayout.Direction.LeftToRight)
