"""One line above the diagram for what a person should know: an adaptation, a fallback, a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from explorer.app.text import tr

_SECONDS = 12
"""A piece of information goes by itself; a refusal stays until it is closed or replaced."""


class NoticeBar(QFrame):
    """Hidden until it has something to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("notice", True)
        self.label = QLabel()
        self.label.setWordWrap(True)
        # Names of files come from outside: they are never markup, and a long one must not widen the window.
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.close_button = QToolButton()
        self.close_button.setText("×")
        self.close_button.setAccessibleName(tr("Close the notice"))
        self.close_button.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 6, 8, 6)
        layout.addWidget(self.label, 1)
        self.choice = QToolButton(popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.choice.setMenu(QMenu(self.choice))
        self.choice.hide()
        layout.addWidget(self.choice)
        layout.addWidget(self.close_button)
        self._clock = QTimer(self, singleShot=True, interval=_SECONDS * 1000)
        self._clock.timeout.connect(self.hide)
        self._passing = self._hinting = False
        self.hide()

    @property
    def text(self) -> str:
        """What it says; empty while it is hidden."""
        return "" if self.isHidden() else self.label.text()

    def inform(self, sentence: str) -> None:
        """Say something for a while."""
        self._say(sentence, "muted")
        self._clock.start()

    def hint(self, sentence: str) -> None:
        """Say for a while why nothing happened, until something does."""
        self.inform(sentence)
        self._hinting = True

    def forget_hint(self) -> None:
        """Something happened after all."""
        if self._hinting:
            self.hide()

    def refuse(self, sentence: str) -> None:
        """Say what could not be done."""
        self._say(sentence, "error")
        self._clock.stop()

    def offer(self, sentence: str, title: str, choices: Iterable[tuple[str, Callable[[], object]]]) -> None:
        """Say something and offer to do otherwise, until that is done, closed or out of date.

        Args:
            sentence: what is said.
            title: of the button with the choices.
            choices: what each is called, and does.
        """
        self._say(sentence, "muted")
        self._clock.stop()
        self._passing = True
        menu = self.choice.menu()
        for words, act in choices:
            menu.addAction(words.replace("&", "&&")).triggered.connect(partial(self._choose, act))
        self.choice.setText(title)
        self.choice.setVisible(not menu.isEmpty())

    def _choose(self, act: Callable[[], object], _checked: bool = False) -> None:
        self.hide()
        act()

    def forget_refusal(self) -> None:
        """Something was opened after all: a refusal of before, or an offer, is no news any more."""
        if self._passing:
            self.hide()

    def _say(self, sentence: str, rank: str) -> None:
        self._passing, self._hinting = rank == "error", False
        self.choice.menu().clear()
        self.choice.hide()
        self.label.setText(sentence)
        self.label.setProperty("rank", rank)
        self.label.style().unpolish(self.label)
        self.label.style().polish(self.label)
        self.setAccessibleName(sentence)
        self.show()
