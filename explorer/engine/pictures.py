"""Files -> pictures: what a person opens, drops or pastes, brought to upright RGB with 8 bits.

Decisions: transparency is laid on white, as a page would show it; 16 bits are scaled to 8, never clipped; a picture of
more than 16 megapixels is reduced to 2048 pixels on its longer side, one of more than 400, or of which the decoder
would hold more than 1.25 GB, is refused; colour profiles are not applied.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np
import psutil
from PIL import (
    BmpImagePlugin,
    ExifTags,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
)

from explorer.engine.records import Picture
from explorer.errors import UserError
from explorer.sentences import Joined, Sentence

FORMATS = {
    "JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WebP", "BMP": "BMP", "DIB": "BMP",
    "TIFF": "TIFF", "GIF": "GIF",
}  # fmt: skip
"""Pillow's names of what is read, and what people call them."""
_OPENED = tuple(sorted(set(FORMATS) - {"MPO"}))
"""Pillow opens an MPO as the JPEG that it begins with."""
_HUGE = (
    JpegImagePlugin.JpegImageFile, PngImagePlugin.PngImageFile, TiffImagePlugin.TiffImageFile,
    BmpImagePlugin.BmpImageFile,
)  # fmt: skip
"""The kinds of which a decoder holds little more than the picture."""
SUFFIXES = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".mpo": "JPEG", ".png": "PNG", ".apng": "PNG",
    ".webp": "WebP", ".bmp": "BMP", ".dib": "BMP", ".tif": "TIFF", ".tiff": "TIFF", ".gif": "GIF",
}  # fmt: skip
REDUCED_SIDE = 2048
"""Longer side in pixels to which a very large picture is reduced."""
_LARGE_PIXELS = 16_000_000
_LARGE_SIDE = 16_384
_LARGEST_PIXELS = 400_000_000
"""Of the largest camera's picture, and some more."""
_LARGEST_BYTES = 1_250_000_000
"""Of a picture as its decoder holds it."""
_STRIP_PIXELS = 8_000_000
"""A picture is brought to RGB in strips of about so many, so that nothing but the decoded picture is ever whole."""
_BYTES = {"1": 1, "L": 1, "P": 1}
"""A pixel in Pillow's memory; 2 for whole numbers of 16 bits, 4 for all else."""

# What Pillow finds odd but can live with is nothing that a person must read.
warnings.filterwarnings("ignore", module=r"PIL\.")


def open_picture(path: Path) -> Picture:
    """Open a picture file; its content decides what it is, not its name.

    Raises:
        UserError: missing, a folder, not readable, empty, no picture, damaged, or absurdly large.
    """
    path = Path(path)
    name = path.name or str(path)
    try:
        if path.is_dir():
            raise UserError("{name} is a folder; choose a picture file in it.", name=name)
        if not path.exists():
            raise UserError("{path} does not exist; choose another picture.", path=path)
        if not path.is_file():
            raise UserError("{name} is not a file; choose a picture file.", name=name)
        with path.open("rb") as file:
            return _read(file, name, str(path), SUFFIXES.get(path.suffix.lower()))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UserError("{name} can't be read: {reason}.", name=name, reason=reason) from None


def picture_from_bytes(data: bytes, name: str) -> Picture:
    """A picture from what was dropped or pasted: an encoded picture file's bytes; errors as in `open_picture`."""
    return _read(io.BytesIO(data), name, "", None)


def picture_from_array(pixels: np.ndarray, name: str, label: str | None = None) -> Picture:
    """A picture from uint8 pixels, (H, W) grey or (H, W, 3)."""
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    return Picture(name, np.ascontiguousarray(pixels), label=label)


def _read(file: IO[bytes], name: str, path: str, expected: str | None) -> Picture:
    if not file.read(1):
        raise UserError("{name} is empty; choose another picture.", name=name)
    file.seek(0)
    with _opened(file, name) as image:
        notes: list[str] = []
        kind = FORMATS[image.format or ""]
        if expected not in (None, kind):
            words = "The file is named like a {expected} picture, but is a {kind} picture."
            notes.append(Sentence(words, expected=expected, kind=kind))
        size = image.size
        try:
            frames = _frames(image)
            pixels = _upright_rgb(image)
        except MemoryError:
            raise _too_large(name, size) from None
        except Exception:  # Decoders of damaged files raise whatever they stumble over.
            raise UserError(
                "{name} is damaged: it begins like a {kind} picture, but can't be read to its end.",
                name=name,
                kind=kind,
            ) from None
    if frames > 1:
        notes.append(Sentence("It shows the first of {frames} frames.", frames=frames))
    if pixels.shape[0] * pixels.shape[1] < size[0] * size[1]:
        words = "It was reduced from {width} x {height} pixels to {side} on the longer side."
        notes.append(Sentence(words, width=size[0], height=size[1], side=REDUCED_SIDE))
    return Picture(name, pixels, Joined(" ", notes), path=path)


def _opened(file: IO[bytes], name: str) -> Image.Image:
    """Read the picture's head."""
    try:
        image: Image.Image = Image.open(file, formats=_OPENED)
    except Image.DecompressionBombError:
        image = _huge(file, name)
    except UnidentifiedImageError:
        raise UserError(
            "{name} is not a picture that can be opened here: choose a JPEG, PNG, WebP, BMP, TIFF or GIF file.",
            name=name,
        ) from None
    except Exception:  # Parsers of damaged heads raise whatever they stumble over.
        raise UserError("{name} is damaged: it begins like a picture, but its head can't be read.", name=name) from None
    if _is_large(image) and _decoded_bytes(image) > psutil.virtual_memory().available:
        raise _too_large(name, image.size)
    return image


def _too_large(name: str, size: tuple[int, int]) -> UserError:
    return UserError(
        "{name} ({width} x {height} pixels) is too large for the memory of this machine.",
        name=name, width=size[0], height=size[1],
    )  # fmt: skip


def _huge(file: IO[bytes], name: str) -> Image.Image:
    """A picture beyond Pillow's limit, which is on pixels, where its decoder holds it in a reasonable memory; others
    are refused."""
    for plugin in _HUGE:
        try:
            file.seek(0)
            image = plugin(file)
        except Exception:  # It is of another kind.
            continue
        if image.width * image.height <= _LARGEST_PIXELS and _decoded_bytes(image) <= _LARGEST_BYTES:
            return image
        break
    raise UserError(
        "{name} claims to be so large that decoding it could fill the memory; reduce it in another program first.",
        name=name,
    )


def _decoded_bytes(image: Image.Image) -> int:
    """What the decoder keeps: of a large JPEG an eighth each way, of a progressive one all coefficients besides."""
    pixels = image.width * image.height
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        coefficients = 2 * len(image.getbands()) * pixels if "progressive" in image.info else 0
        return coefficients + pixels // 16
    return pixels * (2 if image.mode.startswith("I;16") else _BYTES.get(image.mode, 4))


def _is_large(image: Image.Image) -> bool:
    return image.width * image.height > _LARGE_PIXELS or max(image.size) > _LARGE_SIDE


def _frames(image: Image.Image) -> int:
    """How many frames there are; a JPEG's further pictures are previews, not frames."""
    if image.format in ("JPEG", "MPO"):
        return 1
    frames = 1
    with suppress(Exception):  # Damage in later frames doesn't matter: only the first is shown.
        frames = int(getattr(image, "n_frames", 1))
    with suppress(Exception):
        image.seek(0)
    return frames


def _upright_rgb(image: Image.Image) -> np.ndarray:
    """uint8 (H, W, 3), C-contiguous."""
    large = _is_large(image)
    if large and image.format in ("JPEG", "MPO"):
        # Before anything else: the decoder itself can leave out detail, so that the whole never stands in memory.
        image.thumbnail((REDUCED_SIDE, REDUCED_SIDE))
    image.load()
    # Halfway down by whole pixels, and the rest smoothly, as Pillow's own `thumbnail` does.
    rgb = _reduced_rgb(image, max(1, max(image.size) // (2 * REDUCED_SIDE)) if large else 1)
    with suppress(Exception):  # Whoever can't read the note on orientation shows the picture as it lies.
        rgb.getexif()[ExifTags.Base.Orientation] = image.getexif()[ExifTags.Base.Orientation]
        rgb = ImageOps.exif_transpose(rgb)
    if large:
        rgb.thumbnail((REDUCED_SIDE, REDUCED_SIDE))
    return np.array(rgb)


def _reduced_rgb(image: Image.Image, factor: int) -> Image.Image:
    """The picture in RGB, squares of `factor` pixels a side being averaged, in strips."""
    rgb = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    limits = _limits(image) if _has_many_bits(image) else None
    for top, strip in _strips(image, factor):
        part = _rgb(strip if limits is None else Image.fromarray(_eight_bits(np.asarray(strip), limits)))
        rgb.paste(part.reduce(factor) if factor > 1 else part, (0, top // factor))
    return rgb


def _strips(image: Image.Image, multiple: int) -> Iterator[tuple[int, Image.Image]]:
    """First row, and a strip of the whole width whose height is a multiple, except for the last."""
    rows = max(1, _STRIP_PIXELS // (image.width * multiple)) * multiple
    if rows >= image.height:
        yield 0, image
        return
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _has_many_bits(image: Image.Image) -> bool:
    return image.mode == "F" or image.mode.startswith("I")


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _limits(image: Image.Image) -> tuple[float, float]:
    """What becomes black and what white of numbers of more than 8 bits.

    Whole numbers up to 65535 are 16-bit and real numbers up to 1 a share of white; where the range is another one,
    the picture's own smallest value becomes black and its largest white.
    """
    lows, highs = [], []
    for _, strip in _strips(image, 1):
        values = np.asarray(strip)
        finite = values[np.isfinite(values)]
        if finite.size:
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    white = 1.0 if image.mode == "F" else 65535.0
    low, high = min(lows, default=0.0), max(highs, default=0.0)
    return (0.0, white) if low >= 0 and high <= white else (low, high)


def _eight_bits(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Numbers of more than 8 bits (H, W) -> uint8; what is no number becomes black."""
    low, high = limits
    numbers = values.astype(np.float64)
    scaled = np.where(np.isfinite(numbers), (numbers - low) / max(high - low, 1e-12) * 255, 0)
    return np.rint(scaled).clip(0, 255).astype(np.uint8)
