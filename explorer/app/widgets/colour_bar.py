"""A colour bar with its lowest and highest value."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from explorer.app.text import tr
from explorer.app.widgets.channels import TOP, Indices
from explorer.app.widgets.mosaic import coloured
from explorer.app.widgets.numbers import measured, tabular

_THICK = 8


class _Strip(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(160, _THICK + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(48, _THICK + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        rect = QRectF(0, (self.height() - _THICK) / 2, self.width(), _THICK)
        path = QPainterPath()
        path.addRoundedRect(rect, _THICK / 2, _THICK / 2)
        painter.setClipPath(path)
        painter.drawImage(rect, self.image)


class ColourBar(QWidget):
    """Lowest value, colours, highest value."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.low, self.high, self._strip = QLabel(), QLabel(), _Strip()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self.low, self._strip, self.high):
            layout.addWidget(widget)
        for label in (self.low, self.high):
            label.setProperty("rank", "small")
            tabular(label)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def set(self, low: float, high: float, colours: Indices) -> None:
        """Show what the colours of a table (256, 3) stand for."""
        self.low.setText(measured(low))
        self.high.setText(measured(high))
        self._strip.image = coloured(np.arange(TOP + 1, dtype=np.uint8)[None], colours)
        self._strip.update()
        self.setAccessibleName(tr("Colours from {low} to {high}", low=self.low.text(), high=self.high.text()))
