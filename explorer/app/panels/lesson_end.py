"""The end of a lesson: every guess beside what was measured, and how to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.app.text import tr
from explorer.app.theme import SPACE
from explorer.app.widgets.labels import HeadlineLabel, paragraph, separator


@dataclass(frozen=True)
class Row:
    """One step: what it was about, what was guessed, and what was measured; both empty where it was passed over."""

    title: str
    guess: str
    measured: str


class LessonEndPage(QWidget):
    """Built anew for each end."""

    put_back_requested = Signal()
    keep_requested = Signal()
    next_requested = Signal()

    def __init__(self, rows: Sequence[Row], following: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE)
        headline = HeadlineLabel()
        headline.setText(tr("The end of this lesson"))
        column.addWidget(headline)
        self.rows: list[QLabel] = []
        for row in rows:
            title = QLabel(row.title)
            title.setTextFormat(Qt.TextFormat.PlainText)
            title.setWordWrap(True)
            column.addWidget(title)
            words = tr("guessed {guess}, measured {measured}", guess=row.guess, measured=row.measured)
            label = paragraph(words if row.guess else tr("not measured"), rank="muted")
            self.rows.append(label)
            column.addWidget(label)
            column.addSpacing(SPACE // 2)
        column.addWidget(separator())
        column.addWidget(paragraph(tr("What was open before the lesson can be put back; Undo goes back step by step.")))
        self.put_back = QPushButton(tr("Put back what was open"))
        self.keep = QPushButton(tr("Keep what is open now"))
        self.following = QPushButton(tr("Next lesson: {title}", title=following))
        self.following.setVisible(bool(following))
        self.put_back.clicked.connect(self.put_back_requested)
        self.keep.clicked.connect(self.keep_requested)
        self.following.clicked.connect(self.next_requested)
        for button in (self.following, self.put_back, self.keep):
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
