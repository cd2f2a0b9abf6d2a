"""The line that offers to take up a study which was interrupted."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from explorer.app.text import tr
from explorer.app.widgets.labels import paragraph


class UnfinishedRow(QWidget):
    """Words, Resume and Discard; hidden while there is nothing to take up."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = paragraph()
        self.take_up = QPushButton(tr("Resume"))
        self.discard = QPushButton(tr("Discard"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.words, 1)
        for button in (self.take_up, self.discard):
            button.setProperty("small", True)
            row.addWidget(button)
        self.hide()

    def show_words(self, text: str | None) -> None:
        """Say what there is to take up; None for nothing."""
        self.words.setText(text or "")
        self.setVisible(bool(text))
