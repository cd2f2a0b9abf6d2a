"""The column of fields in which something is set up that runs for a while, and what stands in such a column."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QSpinBox, QWidget

from explorer.app.widgets.choice import Choice
from explorer.app.widgets.numbers import tabular, whole
from explorer.app.widgets.scroll_column import ScrollColumn


class FieldColumn(ScrollColumn):
    """Its rows stand close together.

    Args:
        width: of it, with its scroll bar.
    """

    def __init__(self, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(width)
        self.column.setContentsMargins(0, 0, 2, 0)
        self.column.setSpacing(6)


def progress_bar(name: str) -> QProgressBar:
    """In thousandths, without words.

    Args:
        name: for who can't see it.
    """
    bar = QProgressBar()
    bar.setRange(0, 1000)
    bar.setTextVisible(False)
    bar.setAccessibleName(name)
    return bar


def spin_box(low: int, high: int, value: int) -> QSpinBox:
    """A whole number, its digits below one another."""
    field = QSpinBox()
    field.setRange(low, high)
    field.setValue(value)
    field.setAlignment(Qt.AlignmentFlag.AlignRight)
    tabular(field)
    return field


def field_label(text: str, field: QWidget, tip: str) -> QLabel:
    """The label of a field, which gets the same name and tip."""
    label = QLabel(text)
    label.setProperty("rank", "muted")
    label.setBuddy(field)
    for widget in (label, field):
        widget.setToolTip(tip)
    field.setAccessibleName(text)
    field.setAccessibleDescription(tip)
    return label


def choose_count(field: Choice, count: int | None) -> None:
    """Choose a number in a list that ends with all, which is None; one that is not there is put before that."""
    place = field.findData(count)
    if place < 0 and count is not None:
        place = field.count() - 1
        field.insertItem(place, whole(count), count)
    field.setCurrentIndex(place)
