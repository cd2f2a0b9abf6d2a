"""What paints itself, as files: SVG with its words as text, and pixels."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, QSize
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from explorer.app.export import png, write_whole
from explorer.errors import UserError

Paint = Callable[[QPainter], None]
SUFFIXES = (".png", ".svg")
PNG_SCALE = 2.0
"""Pixels for each logical one."""


def as_image(size: QSize, paint: Paint, background: str, scale: float = PNG_SCALE) -> QImage:
    """As pixels.

    Args:
        size: in logical pixels.
        paint: paints at the painter's origin, one to one.
        background: colour behind everything.
        scale: pixels for each logical one.
    """
    image = QImage(size * scale, QImage.Format.Format_RGB32)
    # Not the painter's scale: dots and thin lines keep their size in logical pixels, whatever that is.
    image.setDevicePixelRatio(scale)
    image.fill(QColor(background))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint(painter)
    painter.end()
    image.setDevicePixelRatio(1)
    return image


def as_svg(size: QSize, paint: Paint, title: str, description: str) -> bytes:
    """As an SVG file.

    Args:
        size: in logical pixels.
        paint: paints at the painter's origin, one to one.
        title, description: of the file.
    """
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setResolution(96)
    generator.setTitle(title)
    generator.setDescription(description)
    painter = QPainter(generator)
    paint(painter)
    painter.end()
    buffer.close()
    # A path of nothing is no valid path.
    drawn = re.sub(rb'<path[^>]*\bd="\s*"[^>]*/>', b"", bytes(data.data()))
    # Other programs may not have the font: they are to take their own sans-serif, not a serif one.
    return re.sub(rb'font-family="([^"]*)"', rb'font-family="\1, sans-serif"', drawn)


def picture_suffix(path: Path | str) -> str:
    """The file's ending, in small letters.

    Raises:
        UserError: it is none of `SUFFIXES`.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(
            "The chart can be written as {suffixes}; give the file one of these endings instead of {path}.",
            suffixes=", ".join(SUFFIXES), path=path.name,
        )  # fmt: skip
    return suffix


def write_picture(path: Path | str, size: QSize, paint: Paint, background: str, title: str, description: str) -> None:
    """Write a .png (two pixels for each logical one) or .svg; an old file stays whole if it can't be written.

    Raises:
        UserError: another ending, or a place that can't be written.
    """
    svg = picture_suffix(path) == ".svg"
    write_whole(Path(path), as_svg(size, paint, title, description) if svg else png(as_image(size, paint, background)))
