"""Labels: one that shortens what does not fit, one that wraps."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget


class ElidedLabel(QLabel):
    """One line; what does not fit is shortened with an ellipsis and stands whole in the tooltip."""

    def __init__(self, text: str = "", parent: QWidget | None = None, rank: str = "", middle: bool = False) -> None:
        super().__init__(parent)
        self._full = ""
        self._tip = ""
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        # Class names and file names come from outside: they are never markup.
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        if rank:
            self.setProperty("rank", rank)
        self.setText(text)

    @property
    def full_text(self) -> str:
        """The text before shortening."""
        return self._full

    def setText(self, text: str) -> None:
        self._full = " ".join(text.split())
        self.setAccessibleName(self._full)
        self.updateGeometry()
        self._elide()

    def set_tip(self, text: str) -> None:
        """A tooltip of its own, instead of the whole text."""
        self._tip = text
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def sizeHint(self) -> QSize:
        self.ensurePolished()
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._full) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(24, self.sizeHint().width()), self.sizeHint().height())

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(self._full, self._mode, max(self.width(), 1))
        super().setText(shown)
        self.setToolTip(self._tip or (self._full if shown != self._full else ""))


class HeadlineLabel(QLabel):
    """Words that wrap to at most two lines; what does not fit is shortened and stands whole in the tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._full = ""
        self.setProperty("rank", "headline")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def full_text(self) -> str:
        """The text before shortening."""
        return self._full

    def setText(self, text: str) -> None:
        self._full = " ".join(text.split())
        self.setAccessibleName(self._full)
        self._shorten()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._shorten()

    def _shorten(self) -> None:
        self.ensurePolished()
        width, metrics = max(self.width(), 40), self.fontMetrics()
        words = self._full.split()
        shown = self._full
        # A word wider than the label would be cut off without a sign.
        while words and not self._fits(shown, width):
            words.pop()
            shown = " ".join(words) + "…"
        if not words and self._full:
            shown = metrics.elidedText(self._full, Qt.TextElideMode.ElideRight, width)
        if shown != self.text():
            super().setText(shown)
        self.setToolTip(self._full if shown != self._full else "")

    def _fits(self, text: str, width: int) -> bool:
        metrics = self.fontMetrics()
        flags = Qt.TextFlag.TextWordWrap.value
        rect = metrics.boundingRect(0, 0, width, 10_000, flags, text)
        return rect.height() <= 2 * metrics.lineSpacing() + 2 and rect.width() <= width


def paragraph(text: str = "", rank: str = "muted") -> QLabel:
    """A label that wraps."""
    label = QLabel(text)
    label.setProperty("rank", rank)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    label.setSizePolicy(policy)
    return label


def set_rank(label: QWidget, rank: str) -> None:
    """Give a label another rank; the style sheet looks at it anew."""
    if label.property("rank") != rank:
        label.setProperty("rank", rank)
        label.style().unpolish(label)
        label.style().polish(label)


def separator() -> QFrame:
    """A thin line across."""
    line = QFrame()
    line.setProperty("line", True)
    return line
