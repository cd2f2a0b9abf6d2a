"""What is painted once and written in several forms: SVG and PDF, whose words are text."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRect, QSizeF
from PySide6.QtGui import QPageSize, QPaintDevice, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

_POINTS = 72
_PDF_DOTS = 4.0
"""Steps of a PDF's coordinates for a point."""


class Drawing(ABC):
    """Something of a size that can be painted.

    Attributes:
        title: of the file.
        description: what a reader who can't see it is told.
    """

    title = ""
    description = ""

    @property
    @abstractmethod
    def size(self) -> QSizeF:
        """Width and height at one to one, margins included."""

    @abstractmethod
    def paint(self, painter: QPainter) -> None:
        """At the painter's origin, one to one."""

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
