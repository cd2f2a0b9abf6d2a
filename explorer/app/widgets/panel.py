"""What every panel is built on: a title row with a word on its state and an explanation, and a body below."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from explorer.app.text import tr
from explorer.app.theme import SPACE, theme
from explorer.app.widgets.labels import ElidedLabel

_WIDTH = 340
_LATE = 250
"""Milliseconds after which a run is worth a word."""


class Popover(QFrame):
    """A text over the window; Escape or a click elsewhere closes it."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setProperty("popover", True)
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setFixedWidth(_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * SPACE, 12, 2 * SPACE, 12)
        layout.addWidget(label)
        self.setAccessibleDescription(text)

    def show_below(self, widget: QWidget) -> None:
        """Under a widget, kept inside its screen."""
        self.adjustSize()
        room = widget.screen().availableGeometry()
        corner = widget.mapToGlobal(QPoint(0, widget.height() + 4))
        x = max(room.left(), min(corner.x(), room.right() - self.width()))
        y = corner.y()
        if y + self.height() > room.bottom():
            y = widget.mapToGlobal(QPoint(0, 0)).y() - self.height() - 4
        self.move(x, y)
        self.show()


class InfoButton(QToolButton):
    """A small `i` in a circle that explains what one is looking at."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("info", True)
        self.setFixedSize(20, 20)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("What am I looking at?"))
        self.setToolTip(tr("What am I looking at?"))
        self.explain(text)
        self.popover: Popover | None = None
        self.clicked.connect(self._open)
        theme().changed.connect(self.update)

    def explain(self, text: str) -> None:
        """What it opens."""
        self.text_shown = text
        self.setAccessibleDescription(text)

    def _open(self) -> None:
        if self.popover is not None:
            self.popover.deleteLater()
        self.popover = Popover(self.text_shown, self)
        self.popover.show_below(self)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme().palette
        strong = self.underMouse() or self.hasFocus()
        colour = QColor(colours.accent if strong else colours.muted)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 1.2))
        middle = QRectF(self.rect()).center()
        painter.drawEllipse(middle, 6.5, 6.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QRectF(middle.x() - 0.9, middle.y() - 3.9, 1.8, 1.8))
        painter.drawRoundedRect(QRectF(middle.x() - 0.75, middle.y() - 1.1, 1.5, 4.8), 0.7, 0.7)


class Panel(QWidget):
    """A titled part of the window.

    Args:
        title: what stands above it.
        about: what one is looking at, with the paper's section.
        scrolls: whether the body scrolls where it is higher than its room; else it shares the room itself.
    """

    def __init__(self, title: str, about: str, parent: QWidget | None = None, scrolls: bool = True) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.title = QLabel(title)
        self.title.setProperty("rank", "title")
        self.state = ElidedLabel(rank="small")
        self.state.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.info = InfoButton(about)
        self._late_text = ""
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_LATE)
        self._late.timeout.connect(self._show_late)
        self.header = QHBoxLayout()
        self.header.setSpacing(SPACE)
        self.header.addWidget(self.title)
        self.header.addWidget(self.state, 1)
        self._content = QWidget()
        self.body = QVBoxLayout(self._content)
        self.body.setSpacing(SPACE)
        outer = QVBoxLayout(self)
        outer.setSpacing(6)
        self._scroll: QScrollArea | None = None
        if scrolls:
            self._scroll = QScrollArea()
            self._scroll.setWidgetResizable(True)
            self._scroll.setFrameShape(QFrame.Shape.NoFrame)
            self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            # The margin lies inside, so that the scroll bar stands at the panel's edge and covers nothing.
            self.body.setContentsMargins(2 * SPACE, 0, 2 * SPACE, 2 * SPACE)
            outer.setContentsMargins(0, 12, 0, 0)
            self.header.setContentsMargins(2 * SPACE, 0, 2 * SPACE - 2, 0)
            outer.addLayout(self.header)
            outer.addWidget(self._scroll, 1)
        else:
            self.body.setContentsMargins(0, 0, 0, 0)
            outer.setContentsMargins(2 * SPACE, 12, 2 * SPACE - 2, 12)
            outer.addLayout(self.header)
            outer.addWidget(self._content, 1)
        self._content.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def finish(self) -> None:
        """Once the body is filled: hand it to the scroll area; the explanation comes last in the tab order."""
        self.header.addWidget(self.info)
        if self._scroll is not None:
            self.body.addStretch(1)
            self._scroll.setWidget(self._content)

    def set_state(self, text: str) -> None:
        """A word on what is so, at the right of the title; empty for nothing."""
        self._late.stop()
        self.state.setText(text)

    def set_busy(self, text: str) -> None:
        """A word on what is going on, once that has taken a moment: shorter runs would only make it flicker."""
        if self.state.full_text != text:
            self._late_text = text
            if not self._late.isActive():
                self._late.start()

    def _show_late(self) -> None:
        self.state.setText(self._late_text)

    def sizeHint(self) -> QSize:
        width = max(self._content.sizeHint().width(), 240)
        # Words wrap: the height depends on the width the panel has, or will have.
        height = self.body.heightForWidth(max(self.width(), width) if self.isVisible() else width)
        return QSize(width, max(height, self._content.minimumSizeHint().height()) + 44)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 96)
