"""A panel that says what to do next as long as it has nothing to show."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from explorer.app.text import tr
from explorer.app.widgets.hint import Hint
from explorer.app.widgets.panel import Panel


class HintPanel(Panel):
    """Choosers in place of the title, which the tab already shows; below them contents, or a sentence instead.

    Args:
        title: its accessible name.
        about: what one is looking at, with the paper's section.
    """

    def __init__(self, title: str, about: str, parent: QWidget | None = None) -> None:
        super().__init__(title, about, parent, scrolls=False)
        self.title.hide()
        self.chooser: tuple[QWidget, ...] = ()
        self._contents: tuple[QWidget, ...] = ()
        self._hint = Hint()
        self.hint, self.again = self._hint.label, self._hint.again
        self.body.addWidget(self._hint, 1)

    @property
    def filled(self) -> bool:
        """Whether there is something to show."""
        raise NotImplementedError

    def compose(self, chooser: tuple[QWidget, ...], middle: QWidget, *others: QWidget) -> None:
        """Put the parts in their places, once all are there.

        Args:
            chooser: from left to right.
            middle: takes the room that is left.
            others: below it.
        """
        self.chooser, self._contents = chooser, (middle, *others)
        for place, widget in enumerate(chooser):
            self.header.insertWidget(place, widget)
        self.body.addWidget(middle, 1)
        for widget in others:
            self.body.addWidget(widget)
        self.finish()
        self.show_hint("")

    def show_hint(self, text: str, rank: str = "muted") -> None:
        """A sentence in place of the contents; an empty one shows them."""
        self._hint.tell(text, rank)
        self._hint.setVisible(bool(text))
        for widget in (*self._contents, *self.chooser):
            widget.setVisible(not text and self.filled)

    def show_cancelled(self) -> None:
        """Nothing is shown, as its run was cancelled: offer to run it."""
        self.show_hint(tr("Cancelled before there was anything to show."))
        self.again.show()
