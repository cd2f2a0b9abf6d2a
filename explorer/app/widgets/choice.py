"""A list to choose one from, drawn like the program's other buttons with a menu."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from explorer.app.theme import mixed, theme

_ARROW = 18


class Choice(QComboBox):
    """A combo box whose words are shortened where there is no room, with a plain arrow."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.currentTextChanged.connect(self._make_room)

    def offer(self, entries: Sequence[str], chosen: str) -> None:
        """Offer words, one of which is chosen; without the signals of a person's choice."""
        if [self.itemText(index) for index in range(self.count())] != list(entries):
            self.clear()
            self.addItems(list(entries))
        self.setCurrentText(chosen)

    def minimumSizeHint(self) -> QSize:
        return QSize(72, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """Wide enough for what is chosen."""
        self.ensurePolished()
        width = self.fontMetrics().horizontalAdvance(self.currentText()) + _ARROW + 20
        return QSize(width, super().sizeHint().height())

    def _make_room(self) -> None:
        """Qt asks for the size again only when entries come or go, not when another one is chosen."""
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.subControls = QStyle.SubControl.SC_ComboBoxFrame
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        palette = theme().palette
        colour = QColor(palette.text) if self.isEnabled() else mixed(QColor(palette.muted), 0.6, palette.window)
        painter.setPen(colour)
        room = QRectF(self.rect()).adjusted(10, 0, -_ARROW - 4, 0)
        words = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, int(room.width()) + 1)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(room, int(left), words)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = QRectF(self.width() - _ARROW - 2, 0, _ARROW, self.height())
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), "▾")
