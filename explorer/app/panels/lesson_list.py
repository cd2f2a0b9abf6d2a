"""The lessons there are, and what is wrong with those that can't be used."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.app.text import sentence, tr
from explorer.app.theme import SPACE
from explorer.app.widgets.labels import paragraph, separator
from explorer.engine.lesson_records import Lesson
from explorer.errors import UserError


class LessonList(QWidget):
    """One below the other, with a button each."""

    begin_requested = Signal(object)
    """A Lesson."""
    folder_requested = Signal()
    go_on_requested = Signal()
    """Back to the lesson that is on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE)
        self.buttons: dict[str, QPushButton] = {}
        self.refusals: list[QLabel] = []
        self.folder = QPushButton(tr("Open the lessons folder"))
        self.go_on: QPushButton | None = None

    def show_lessons(self, lessons: Sequence[Lesson], refusals: Sequence[UserError], on: str = "") -> None:
        """Show them anew; `on` is the title of the one that is on, empty for none."""
        self._clear()
        if on:
            self.go_on = QPushButton(tr("Go on with {title}", title=on.replace("&", "&&")))
            self.go_on.setProperty("primary", True)
            self.go_on.setMinimumWidth(80)
            self.go_on.setToolTip(on)
            self.go_on.clicked.connect(self.go_on_requested)
            self._column.addWidget(self.go_on)
        self._column.addWidget(
            paragraph(tr("A lesson sets the window up, asks for a guess, and measures. Guess first; you learn more."))
        )
        for lesson in lessons:
            self._add(lesson)
        if refusals:
            self._column.addSpacing(SPACE)
            self._column.addWidget(separator())
            self._column.addWidget(paragraph(tr("These files can't be used:"), rank="small"))
        for error in refusals:
            label = paragraph(sentence(error), rank="error")
            self.refusals.append(label)
            self._column.addWidget(label)
        self._column.addSpacing(SPACE)
        self.folder = QPushButton(tr("Open the lessons folder"))
        self.folder.setProperty("quiet", True)
        self.folder.setProperty("flush", True)
        self.folder.setToolTip(tr("Where your own lessons lie; README.md there says how one is written"))
        self.folder.clicked.connect(self.folder_requested)
        self._column.addWidget(self.folder, 0, Qt.AlignmentFlag.AlignLeft)

    def _add(self, lesson: Lesson) -> None:
        self._column.addSpacing(SPACE)
        title = QLabel(lesson.title)
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setWordWrap(True)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        button = QPushButton(tr("Begin"))
        button.setProperty("small", True)
        button.setAccessibleName(tr("Begin the lesson {title}", title=lesson.title))
        button.clicked.connect(partial(self._begin, lesson))
        self.buttons[lesson.name] = button
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(title, 1)
        line.addWidget(button)
        self._column.addWidget(row)
        self._column.addWidget(paragraph(lesson.about))

    def _begin(self, lesson: Lesson, _checked: bool = False) -> None:
        self.begin_requested.emit(lesson)

    def _clear(self) -> None:
        self.buttons, self.refusals, self.go_on = {}, [], None
        while self._column.count():
            item = self._column.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
