"""What is painted once and written in many forms: SVG, PDF, PNG."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRect, QSizeF
from PySide6.QtGui import QColor, QImage, QPageSize, QPaintDevice, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

from explorer.app.export import SUFFIXES, png, write_whole
from explorer.errors import UserError

_PNG_SCALE = 2.0
_POINTS = 72
_PDF_DOTS = 4.0
"""Steps of a PDF's coordinates for a point."""
_LARGEST_SIDE = 16_000
"""Pixels; a larger picture is scaled down, since Qt and other programs stop near 32,000."""


class Drawing(ABC):
    """Something of a size that can be painted.

    Attributes:
        title: of the file.
        description: what a reader who can't see it is told.
        ground: the colour behind it.
    """

    title = ""
    description = ""
    ground = "#ffffff"

    @property
    @abstractmethod
    def size(self) -> QSizeF:
        """Width and height at one to one, margins included."""

    @abstractmethod
    def paint(self, painter: QPainter) -> None:
        """At the painter's origin, one to one, on the ground."""

    def image(self, scale: float = _PNG_SCALE) -> QImage:
        """As pixels, `scale` for each logical one, or fewer where that were too many."""
        scale = min(scale, _LARGEST_SIDE / max(self.size.width(), self.size.height()))
        image = QImage((self.size * scale).toSize(), QImage.Format.Format_RGB32)
        image.fill(QColor(self.ground))
        self._paint_on(image, scale)
        return image

    def png(self) -> bytes:
        """As a PNG file with two pixels for each logical one."""
        return png(self.image())

    def svg(self) -> bytes:
        """As an SVG file whose words are text."""

        def make(buffer: QBuffer) -> QPaintDevice:
            generator = QSvgGenerator()
            generator.setOutputDevice(buffer)
            size = self.size.toSize()
            generator.setSize(size)
            generator.setViewBox(QRect(0, 0, size.width(), size.height()))
            generator.setResolution(96)
            generator.setTitle(self.title)
            generator.setDescription(self.description)
            return generator

        data = self._in_memory(make, 1.0)
        # Other programs may not have the font: they are to take their own sans-serif, not a serif one.
        return re.sub(rb'font-family="([^"]*)"', rb'font-family="\1, sans-serif"', data)

    def pdf(self) -> bytes:
        """As a PDF file of one page that has the picture's size, a logical pixel being a point; its words are text."""

        def make(buffer: QBuffer) -> QPaintDevice:
            writer = QPdfWriter(buffer)
            writer.setTitle(self.title)
            writer.setResolution(int(_POINTS * _PDF_DOTS))
            writer.setPageMargins(QMarginsF(0, 0, 0, 0))
            writer.setPageSize(QPageSize(self.size, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch))
            writer.setPageMargins(QMarginsF(0, 0, 0, 0))
            return writer

        return self._in_memory(make, _PDF_DOTS)

    def save(self, path: Path) -> None:
        """Write it as .svg, .png or .pdf.

        Raises:
            UserError: another suffix, or a place that can't be written; an old file stays whole.
        """
        makers = {".svg": self.svg, ".png": self.png, ".pdf": self.pdf}
        maker = makers.get(path.suffix.lower())
        if maker is None:
            raise UserError(
                "The picture can be written as {suffixes}; give the file one of these endings instead of {path}.",
                suffixes=", ".join(SUFFIXES), path=path.name,
            )  # fmt: skip
        write_whole(path, maker())

    def _in_memory(self, make: Callable[[QBuffer], QPaintDevice], scale: float) -> bytes:
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self._paint_on(make(buffer), scale)
        buffer.close()
        return bytes(data.data())

    def _paint_on(self, device: QPaintDevice, scale: float) -> None:
        painter = QPainter(device)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(scale, scale)
        self.paint(painter)
        painter.end()
