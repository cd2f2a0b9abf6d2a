"""Pictures on the screen: pixels as they are, never smoothed when they are enlarged."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.app.theme import theme


def to_image(pixels: np.ndarray) -> QImage:
    """uint8 (H, W, 3) -> an image of its own memory."""
    pixels = np.ascontiguousarray(pixels, np.uint8)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def fitted(size: QSize, room: QRect) -> QRect:
    """The largest rectangle of the size's proportions in the middle of the room."""
    rect = QRect(room.topLeft(), size.scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio))
    rect.moveCenter(room.center())
    return rect


def draw_pixels(painter: QPainter, rect: QRectF, image: QImage) -> None:
    """Enlarged pixels stay squares; only a reduction is smoothed."""
    ratio = painter.device().devicePixelRatioF()
    smaller = rect.width() * ratio < image.width()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smaller)
    painter.drawImage(rect, image)


class PictureView(QWidget):
    """A picture in a square with rounded corners, and over it, if wanted, a map.

    Args:
        side: preferred side in logical pixels.
        name: read out by screen readers.
        grows: whether it takes more room than that.
    """

    def __init__(self, side: int, name: str, parent: QWidget | None = None, grows: bool = False) -> None:
        super().__init__(parent)
        self._side = side
        self._image: QImage | None = None
        self._over: QImage | None = None
        self._opacity = 0.0
        self.setAccessibleName(name)
        if grows:
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        else:
            self.setFixedSize(side, side)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def minimumSizeHint(self) -> QSize:
        return QSize(48, 48)

    def set_image(self, image: QImage | None) -> None:
        self._image = image
        self.update()

    def set_over(self, image: QImage | None, opacity: float) -> None:
        """Lay another image over it, stretched to the same square; opacity from 0 to 1."""
        self._over, self._opacity = image, opacity
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        base = self._image or self._over
        rect = QRectF(fitted(base.size() if base else QSize(1, 1), self.rect()))
        path = QPainterPath()
        path.addRoundedRect(rect, 4, 4)
        painter.setClipPath(path)
        if base is None:
            painter.fillPath(path, QColor(theme().palette.control))
            return
        if self._image is not None:
            draw_pixels(painter, rect, self._image)
        if self._over is not None:
            painter.setOpacity(self._opacity if self._image is not None else 1.0)
            draw_pixels(painter, rect, self._over)
