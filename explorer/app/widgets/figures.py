"""Figures below each other: name, right-aligned number, unit."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from explorer.app.widgets.labels import ElidedLabel
from explorer.app.widgets.numbers import UNKNOWN, tabular


class FigureTable(QWidget):
    """Rows of a name, a number and its unit; numbers align at their right ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)
        self._rows: dict[str, tuple[ElidedLabel, QLabel, QLabel]] = {}

    def add(self, key: str, name: str, tip: str = "") -> None:
        """A row; `key` is what `set` calls it."""
        label, number, unit = ElidedLabel(name, rank="muted"), QLabel(UNKNOWN), QLabel()
        unit.setProperty("rank", "muted")
        tabular(number)
        number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label.set_tip(tip)
        for widget in (number, unit):
            widget.setToolTip(tip)
        row = len(self._rows)
        for column, widget in enumerate((label, number, unit)):
            self._grid.addWidget(widget, row, column)
        self._rows[key] = (label, number, unit)

    def set(self, key: str, number: str, unit: str = "", tip: str | None = None) -> None:
        """Show a number with its unit."""
        label, shown, after = self._rows[key]
        shown.setText(number)
        after.setText(unit)
        shown.setAccessibleName(f"{label.full_text}: {number} {unit}".strip())
        if tip is not None:
            label.set_tip(tip)
            shown.setToolTip(tip)

    def rename(self, key: str, name: str) -> None:
        self._rows[key][0].setText(name)

    def show_row(self, key: str, visible: bool) -> None:
        for widget in self._rows[key]:
            widget.setVisible(visible)

    def is_shown(self, key: str) -> bool:
        return self._rows[key][1].isVisible()

    def text(self, key: str) -> str:
        """`30.8 M`, as it stands there."""
        _, number, unit = self._rows[key]
        return f"{number.text()} {unit.text()}".strip()
