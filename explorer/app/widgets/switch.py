"""The small switch, painted the same for a block in the diagram and in the tree, and for an option."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QWidget

from explorer.app.theme import Palette, mixed, theme

_SIZE = QSize(26, 14)
_GAP = 8


def paint_switch(painter: QPainter, rect: QRectF, on: bool, colour: QColor, palette: Palette) -> None:
    """A small switch: filled with the knob to the right when on."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour if on else mixed(QColor(palette.muted), 0.45, palette.window))
    painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
    knob = rect.height() - 4
    left = rect.right() - knob - 2 if on else rect.left() + 2
    painter.setBrush(QColor("#ffffff"))
    painter.drawEllipse(QRectF(left, rect.top() + 2, knob, knob))


class SwitchBox(QCheckBox):
    """An option that is on or off: a check box that looks like the blocks' switches."""

    def __init__(self, text: str, tip: str, on: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setChecked(on)
        self.setToolTip(tip)
        self.setAccessibleDescription(tip)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        self.ensurePolished()
        metrics = self.fontMetrics()
        width = _SIZE.width() + _GAP + metrics.horizontalAdvance(self.text()) + 4
        return QSize(width, max(metrics.height(), _SIZE.height()) + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(_SIZE.width() + _GAP + 24, self.sizeHint().height())

    def hitButton(self, pos: QPoint) -> bool:
        """Words and switch alike."""
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(1, (self.height() - _SIZE.height()) / 2, _SIZE.width(), _SIZE.height())
        paint_switch(painter, rect, self.isChecked(), QColor(colours.accent), colours)
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.text), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(-0.5, -0.5, 0.5, 0.5), 7.5, 7.5)
        words = QRectF(self.rect()).adjusted(_SIZE.width() + _GAP, 0, 0, 0)
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, int(words.width()))
        painter.setPen(QColor(colours.text if self.isEnabled() else colours.muted))
        painter.drawText(words, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
