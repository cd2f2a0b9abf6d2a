"""Rows of fields for the knobs of a network, whatever its family."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from explorer.app.text import tr
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.fields import FieldRow, NumberField, Segmented
from explorer.networks.knobs import Knob, Option

_LETTERS = 20
"""So many letters of a choice's options stand beside each other; more go into a list."""
_MOST_SEGMENTS = 4
_STEP = 0.1
"""Of a share, for the arrow keys."""
_LONGEST_LIST = 12


class OptionList(Choice):
    """A choice of many in a list; what each means is the tooltip, of the one that is chosen on the closed list."""

    chosen = Signal(str)
    """What a person chose, not sent by `set_value`."""

    def __init__(self, options: tuple[Option, ...], name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.setMaxVisibleItems(_LONGEST_LIST)
        self.setProperty("small", True)
        for option in options:
            self.addItem(tr(option.label), str(option.value))
            self.setItemData(self.count() - 1, tr(option.tip), Qt.ItemDataRole.ToolTipRole)
        self.activated.connect(self._activated)

    @property
    def value(self) -> str:
        return str(self.currentData())

    def set_value(self, value: str) -> None:
        self.setCurrentIndex(self.findData(value))
        self.setToolTip(str(self.currentData(Qt.ItemDataRole.ToolTipRole) or ""))

    def choose(self, value: str) -> None:
        """As a person does."""
        self.setCurrentIndex(self.findData(value))
        self.activated.emit(self.currentIndex())

    def _activated(self, index: int) -> None:
        self.chosen.emit(str(self.itemData(index)))


class KnobRow(FieldRow):
    """A knob's label and its fields. It shows what it is given, and asks for what a person enters."""

    asked = Signal(str, object, object)
    """Name, value, and the NumberField it was typed in or None."""
    stepped = Signal(str, object, int, object)
    """Name, the present value of a number, +1 or -1, and its NumberField."""

    def __init__(self, knob: Knob, label: str, parent: QWidget | None = None) -> None:
        self.numbers: list[NumberField] = []
        self.choice: Segmented | OptionList | None = None
        if knob.kind == "choice":
            self.choice = _choice(knob, label)
            super().__init__(label, [self.choice], tr(knob.tip), parent)
            self.choice.chosen.connect(self._choose)
        else:
            words = _field_words(knob, label)
            self.numbers = [NumberField(text, knob.digits) for text in words]
            super().__init__(label, self.numbers, tr(knob.tip), parent)
            for index, field in enumerate(self.numbers):
                field.entered.connect(_At(self._enter, index))
                field.stepped.connect(_At(self._step, index))
        self.knob = knob

    def show_knob(self, knob: Knob, label: str) -> None:
        """Another value, or another name before it; nothing is refused any more."""
        self.knob = knob
        self.label.setText(label)
        self.refuse("")
        if self.choice is not None:
            self.choice.set_value(str(knob.value))
        for field, value in zip(self.numbers, knob.values, strict=False):
            field.set_value(value)

    @property
    def fields(self) -> list[QWidget]:
        """What takes the focus, from left to right."""
        if isinstance(self.choice, Segmented):
            return [*self.choice.buttons.values()]
        return [*self.numbers] if self.choice is None else [self.choice]

    def _choose(self, text: str) -> None:
        value = next(option.value for option in self.knob.options if str(option.value) == text)
        self.asked.emit(self.knob.name, value, None)

    def _enter(self, index: int, typed: object) -> None:
        if self.knob.kind == "share" and isinstance(typed, str):
            typed = _share(typed)
        self._ask(index, typed)

    def _ask(self, index: int, value: object) -> None:
        name, whole = self._place(index, value)
        self.asked.emit(name, whole, self.numbers[index])

    def _step(self, index: int, by: int) -> None:
        value = self.knob.values[index]
        if self.knob.kind == "share":
            self._ask(index, round(value + by * _STEP, 6))
        elif isinstance(self.knob.value, tuple):
            self._ask(index, value + by)
        else:
            self.stepped.emit(self.knob.name, value, by, self.numbers[index])

    def _place(self, index: int, value: object) -> tuple[str, Any]:
        """Which field of the spec a number is for, and what that becomes."""
        if self.knob.fields:
            return self.knob.fields[index], value
        if isinstance(self.knob.value, tuple):
            return self.knob.name, (*self.knob.value[:index], value, *self.knob.value[index + 1 :])
        return self.knob.name, value


class _At:
    """Calls with a fixed first value."""

    def __init__(self, call: Any, index: int) -> None:
        self._call, self._index = call, index

    def __call__(self, value: object) -> None:
        self._call(self._index, value)


def shape(knob: Knob) -> tuple[object, ...]:
    """What two knobs share that can be shown in one row."""
    return (knob.name, knob.kind, knob.digits, tuple(option.value for option in knob.options), len(knob.values))


def _choice(knob: Knob, label: str) -> Segmented | OptionList:
    letters = sum(len(tr(option.label)) for option in knob.options)
    if len(knob.options) > _MOST_SEGMENTS or letters > _LETTERS:
        return OptionList(knob.options, label)
    return Segmented([(str(option.value), tr(option.label), tr(option.tip)) for option in knob.options], label)


def _field_words(knob: Knob, label: str) -> list[str]:
    """What a screen reader calls each field."""
    words = {"in_channels": tr("Input channels"), "side": tr("Input side in pixels")}
    if knob.fields:
        return [words.get(name, label) for name in knob.fields]
    if isinstance(knob.value, tuple):
        return [tr("{what}, layer{number}", what=label, number=index + 1) for index in range(len(knob.value))]
    return [label]


def _share(text: str) -> float | str:
    """A number between 0 and 1, typed with a point, a comma or as per cent."""
    number = text.replace(",", ".").strip()
    try:
        return float(number[:-1]) / 100 if number.endswith("%") else float(number)
    except ValueError:
        return text
