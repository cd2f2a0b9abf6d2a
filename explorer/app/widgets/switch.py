"""The small switch of a block, painted the same in the diagram and in the tree."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from explorer.app.theme import Palette, mixed


def paint_switch(painter: QPainter, rect: QRectF, on: bool, colour: QColor, palette: Palette) -> None:
    """A small switch: filled with the knob to the right when on."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour if on else mixed(QColor(palette.muted), 0.45, palette.window))
    painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
    knob = rect.height() - 4
    left = rect.right() - knob - 2 if on else rect.left() + 2
    painter.setBrush(QColor("#ffffff"))
    painter.drawEllipse(QRectF(left, rect.top() + 2, knob, knob))
