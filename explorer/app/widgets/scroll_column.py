"""A column that scrolls up and down, for texts longer than their place."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from explorer.app.theme import SPACE


class ScrollColumn(QScrollArea):
    """Without a frame, and never sideways.

    Attributes:
        content: the widget that scrolls.
        column: its layout, to be filled.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.content = QWidget()
        self.column = QVBoxLayout(self.content)
        self.column.setContentsMargins(0, 0, 10, 0)
        self.column.setSpacing(SPACE)
        self.setWidget(self.content)
