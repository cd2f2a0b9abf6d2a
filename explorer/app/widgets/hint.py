"""A sentence in place of what a panel shows, with a button where there is something to run."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from explorer.app.text import tr
from explorer.app.theme import SPACE
from explorer.app.widgets.labels import paragraph, set_rank


class Hint(QWidget):
    """What to do next; `again` runs what was cancelled."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = paragraph()
        self.again = QPushButton(tr("Run"))
        self.again.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE)
        column.addWidget(self.label)
        column.addWidget(self.again, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)

    def tell(self, text: str, rank: str = "muted", again: bool = False) -> None:
        """A sentence, and whether the button stands below it."""
        self.label.setText(text)
        set_rank(self.label, rank)
        self.again.setVisible(again)
