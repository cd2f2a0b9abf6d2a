"""Pictures of the diagram: SVG, PNG and PDF files, and the clipboard.

A file is made in memory and written beside its place first, so that a failure leaves an old file whole.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QImageWriter, QPageSize, QPaintDevice, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

from explorer.app.diagram.legend import Legend
from explorer.app.diagram.look import shape_text, write
from explorer.app.diagram.scene import DiagramScene
from explorer.app.text import tr
from explorer.app.theme import Palette, theme
from explorer.errors import UserError
from explorer.networks.cost import network_cost
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec

SUFFIXES = (".svg", ".png", ".pdf")
_ROOM = (1200.0, 420.0)
"""What the rows are laid out for: the proportion of a page turned sideways, or a slide."""
_MARGIN = 24.0
_HEADING = 58.0
_PNG_SCALE = 2.0
_POINTS = 72
_LARGEST_SIDE = 16_000
"""Pixels; a larger picture is scaled down, since Qt and other programs stop near 32,000."""


class DiagramPicture:
    """A network's diagram with a heading and its legend, ready to be painted.

    Args:
        spec: the network.
        lesion: what is done to it.
        palette: colours.
    """

    def __init__(self, spec: NetworkSpec, lesion: Lesion, palette: Palette) -> None:
        lesion = lesion.checked(spec)
        self._spec = spec
        self._palette = palette
        self._scene = DiagramScene(palette)
        self._scene.set_room(_ROOM)
        self._scene.show_spec(spec, lesion)
        self._legend = Legend.of(spec, lesion)
        content = self._scene.content()
        self._width = max(content.width(), 640.0)
        self._content = QRectF((self._width - content.width()) / 2, _HEADING, content.width(), content.height())
        legend = self._legend.height(self._width)
        self._foot = QRectF(0, self._content.bottom() + 16, self._width, legend)

    @property
    def size(self) -> QSizeF:
        """Width and height at one to one, with margins."""
        return QSizeF(self._width + 2 * _MARGIN, self._foot.bottom() + 2 * _MARGIN)

    def paint(self, painter: QPainter) -> None:
        """At the painter's origin, one to one."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(QRectF(0, 0, self.size.width(), self.size.height()), QColor(self._palette.window))
        painter.translate(_MARGIN, _MARGIN)
        self._paint_heading(painter)
        self._scene.render(painter, self._content, self._scene.content())
        self._legend.paint(painter, self._foot, self._palette)

    def _paint_heading(self, painter: QPainter) -> None:
        cost = network_cost(self._spec)
        facts = tr(
            "{depth} layers · {parameters} parameters · {macs} MACs · input {input}",
            depth=f"{self._spec.depth:,}", parameters=f"{cost.parameters:,}", macs=f"{cost.macs:,}",
            input=shape_text(self._spec.input_shape),
        )  # fmt: skip
        left = Qt.AlignmentFlag.AlignLeft
        write(painter, QRectF(0, 0, 10, 24), self._spec.name, 18, self._palette.text, bold=True, align=left)
        write(painter, QRectF(0, 24, 10, 20), facts, 12, self._palette.muted, align=left)

    def image(self, scale: float = _PNG_SCALE) -> QImage:
        """As pixels, `scale` for each logical one."""
        scale = min(scale, _LARGEST_SIDE / max(self.size.width(), self.size.height()))
        image = QImage((self.size * scale).toSize(), QImage.Format.Format_RGB32)
        image.fill(QColor(self._palette.window))
        self._paint_on(image, scale)
        return image

    def svg(self) -> bytes:
        """As an SVG file whose words are text."""

        def make(buffer: QBuffer) -> QPaintDevice:
            generator = QSvgGenerator()
            generator.setOutputDevice(buffer)
            size = self.size.toSize()
            generator.setSize(size)
            generator.setViewBox(QRect(0, 0, size.width(), size.height()))
            generator.setResolution(96)
            generator.setTitle(self._spec.name)
            generator.setDescription(self._legend.count)
            return generator

        data = self._in_memory(make, 1.0)
        # Other programs may not have the font: they are to take their own sans-serif, not a serif one.
        return re.sub(rb'font-family="([^"]*)"', rb'font-family="\1, sans-serif"', data)

    def pdf(self) -> bytes:
        """As a PDF file of one page that has the picture's size, a logical pixel being a point."""

        def make(buffer: QBuffer) -> QPaintDevice:
            writer = QPdfWriter(buffer)
            writer.setTitle(self._spec.name)
            writer.setResolution(_POINTS * 4)
            writer.setPageMargins(QMarginsF(0, 0, 0, 0))
            writer.setPageSize(QPageSize(self.size, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch))
            writer.setPageMargins(QMarginsF(0, 0, 0, 0))
            return writer

        return self._in_memory(make, 4.0)

    def png(self) -> bytes:
        """As a PNG file with two pixels for each logical one."""
        return png(self.image())

    def _in_memory(self, make: Callable[[QBuffer], QPaintDevice], scale: float) -> bytes:
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self._paint_on(make(buffer), scale)
        buffer.close()
        return bytes(data.data())

    def _paint_on(self, device: QPaintDevice, scale: float) -> None:
        painter = QPainter(device)
        painter.scale(scale, scale)
        self.paint(painter)
        painter.end()


Done = Lesion | frozenset[str]
"""What is done to a network: a lesion, or the ids of deleted blocks alone."""


def render_diagram(spec: NetworkSpec, done: Done, path: Path | str, theme_palette: Palette | None = None) -> None:
    """Write the diagram as .svg, .png (two pixels for each logical one) or .pdf, in the theme in use unless told.
    Needs a QApplication.

    Raises:
        UserError: another suffix, a lesion that the network can't have (an id that is no block's, say), or a place
            that can't be written; an old file stays whole.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(
            "The diagram can be written as {suffixes}; give the file one of these endings instead of {path}.",
            suffixes=", ".join(SUFFIXES), path=path.name,
        )  # fmt: skip
    picture = DiagramPicture(spec, _lesion(done), theme_palette or theme().palette)
    makers = {".svg": picture.svg, ".png": picture.png, ".pdf": picture.pdf}
    write_whole(path, makers[suffix]())


def diagram_image(spec: NetworkSpec, done: Done, theme_palette: Palette | None = None) -> QImage:
    """The diagram as pixels, two for each logical one."""
    return DiagramPicture(spec, _lesion(done), theme_palette or theme().palette).image()


def copy_diagram(spec: NetworkSpec, done: Done, theme_palette: Palette | None = None) -> None:
    """The diagram's pixels into the clipboard."""
    QGuiApplication.clipboard().setImage(diagram_image(spec, done, theme_palette))


def _lesion(done: Done) -> Lesion:
    return done if isinstance(done, Lesion) else Lesion(done)


def png(image: QImage) -> bytes:
    """An image as a PNG file's bytes."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(data.data())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file entirely or not at all: beside its place first, then swapped in.

    Raises:
        UserError: it can't be written there.
    """
    beside: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        beside = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        beside.chmod(0o666 & ~mask)
        beside.replace(path)
    except OSError as error:
        if beside is not None:
            beside.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise UserError("{path} can't be written: {reason}.", path=path, reason=reason) from None
