"""Pictures of the diagram: SVG, PNG and PDF files, and the clipboard.

A file is made in memory and written beside its place first, so that a failure leaves an old file whole.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter

from explorer.app.diagram.levels import Shown
from explorer.app.picture import DiagramPicture, PictureOptions, WindowPart
from explorer.app.theme import Palette, theme
from explorer.errors import UserError
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec

SUFFIXES = (".svg", ".png", ".pdf")
Done = Lesion | frozenset[str]
"""What is done to a network: a lesion, or the ids of deleted blocks alone."""


def render_diagram(
    spec: NetworkSpec, done: Done, path: Path | str, theme_palette: Palette | None = None,
    options: PictureOptions | None = None, *, shown: Shown | None = None, window: WindowPart | None = None,
) -> None:  # fmt: skip
    """Write the diagram as .svg, .png or .pdf. Needs a QApplication.

    Args:
        spec: the network.
        done: what is done to it.
        path: of the file.
        theme_palette: colours, in place of those that the options say; without options, those of the theme in use.
        options: how it is to look.
        shown: what of the network is shown; as at first where None.
        window: only this, as a view shows it; None for the whole network.

    Raises:
        UserError: another suffix, a lesion that the network can't have (an id that is no block's, say), more pixels
            than can be, or a place that can't be written; an old file stays whole.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(
            "The diagram can be written as {suffixes}; give the file one of these endings instead of {path}.",
            suffixes=", ".join(SUFFIXES), path=path.name,
        )  # fmt: skip
    palette = theme_palette or (theme().palette if options is None else None)
    picture = DiagramPicture(spec, _lesion(done), options, shown=shown, window=window, palette=palette)
    write_whole(path, picture_bytes(picture, suffix))


def picture_bytes(picture: DiagramPicture, suffix: str) -> bytes:
    """A picture as a file's bytes.

    Raises:
        UserError: more pixels than can be.
    """
    if suffix == ".png":
        return png(picture.image())
    return picture.svg() if suffix == ".svg" else picture.pdf()


def diagram_image(spec: NetworkSpec, done: Done, theme_palette: Palette | None = None) -> QImage:
    """The diagram as pixels, two for each logical one."""
    return DiagramPicture(spec, _lesion(done), palette=theme_palette or theme().palette).image()


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
