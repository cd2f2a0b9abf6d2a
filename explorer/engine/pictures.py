"""Files -> pictures: what a person opens, drops or pastes, brought to upright RGB with 8 bits.

Decisions: transparency is laid on white, as a page would show it; 16 bits are scaled to 8, never clipped; a picture of
more than 16 megapixels is reduced to 2048 pixels on its longer side; colour profiles are not applied.
"""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps, JpegImagePlugin, UnidentifiedImageError

from explorer.engine.records import Picture
from explorer.errors import UserError

FORMATS = {
    "JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WebP", "BMP": "BMP", "DIB": "BMP",
    "TIFF": "TIFF", "GIF": "GIF",
}  # fmt: skip
"""Pillow's names of what is read, and what people call them."""
_OPENED = tuple(sorted(set(FORMATS) - {"MPO"}))
"""Pillow opens an MPO as the JPEG that it begins with."""
SUFFIXES = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".mpo": "JPEG", ".png": "PNG", ".apng": "PNG",
    ".webp": "WebP", ".bmp": "BMP", ".dib": "BMP", ".tif": "TIFF", ".tiff": "TIFF", ".gif": "GIF",
}  # fmt: skip
REDUCED_SIDE = 2048
"""Longer side in pixels to which a very large picture is reduced."""
_LARGE_PIXELS = 16_000_000
_LARGE_SIDE = 16_384
_LARGEST_JPEG = 400_000_000
"""Pixels of the largest camera's picture, and some more: a baseline JPEG of that size is decoded at an eighth."""

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
        notes = []
        kind = FORMATS[image.format or ""]
        if expected not in (None, kind):
            notes.append(f"The file is named like a {expected} picture, but is a {kind} picture.")
        size = image.size
        try:
            frames = _frames(image)
            pixels = _upright_rgb(image)
        except MemoryError:
            raise UserError(
                "{name} ({width} x {height} pixels) is too large for the memory of this machine.",
                name=name, width=size[0], height=size[1],
            ) from None  # fmt: skip
        except Exception:  # Decoders of damaged files raise whatever they stumble over.
            raise UserError(
                "{name} is damaged: it begins like a {kind} picture, but can't be read to its end.",
                name=name,
                kind=kind,
            ) from None
    if frames > 1:
        notes.append(f"It shows the first of {frames} frames.")
    if pixels.shape[0] * pixels.shape[1] < size[0] * size[1]:
        notes.append(f"It was reduced from {size[0]} x {size[1]} pixels to {REDUCED_SIDE} on the longer side.")
    return Picture(name, pixels, " ".join(notes), path=path)


def _opened(file: IO[bytes], name: str) -> Image.Image:
    """Read the picture's head."""
    try:
        return Image.open(file, formats=_OPENED)
    except Image.DecompressionBombError:
        return _huge_jpeg(file, name)
    except UnidentifiedImageError:
        raise UserError(
            "{name} is not a picture that can be opened here: choose a JPEG, PNG, WebP, BMP, TIFF or GIF file.",
            name=name,
        ) from None
    except Exception:  # Parsers of damaged heads raise whatever they stumble over.
        raise UserError("{name} is damaged: it begins like a picture, but its head can't be read.", name=name) from None


def _huge_jpeg(file: IO[bytes], name: str) -> Image.Image:
    """A picture beyond Pillow's limit, where it can be decoded at an eighth of its size; others are refused."""
    refused = UserError(
        "{name} claims to be so large that decoding it could fill the memory; reduce it in another program first.",
        name=name,
    )
    try:
        file.seek(0)
        image = JpegImagePlugin.JpegImageFile(file)
    except Exception:  # No JPEG: nothing else can be decoded in part.
        raise refused from None
    if image.width * image.height > _LARGEST_JPEG or "progressive" in image.info:
        raise refused
    return image


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
    large = image.width * image.height > _LARGE_PIXELS or max(image.size) > _LARGE_SIDE
    if large and image.format in ("JPEG", "MPO"):
        # Before anything else: the decoder itself can leave out detail, so that the whole never stands in memory.
        image.thumbnail((REDUCED_SIDE, REDUCED_SIDE))
    image.load()
    upright = image
    with suppress(Exception):  # Whoever can't read the note on orientation shows the picture as it lies.
        upright = ImageOps.exif_transpose(image)
    rgb = _rgb(upright)
    if large:
        rgb.thumbnail((REDUCED_SIDE, REDUCED_SIDE))
    return np.array(rgb)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Numbers of more than 8 bits (H, W) -> uint8.

    Whole numbers up to 65535 are 16-bit and real numbers up to 1 a share of white; where the range is another one,
    the picture's own smallest value becomes black and its largest white. What is no number becomes black.
    """
    numbers = values.astype(np.float64)
    finite = np.isfinite(numbers)
    if not finite.any():
        return np.zeros(values.shape, np.uint8)
    low, high = float(numbers[finite].min()), float(numbers[finite].max())
    real = values.dtype.kind == "f"
    if low >= 0 and high <= (1 if real else 65535):
        low, high = 0.0, 1.0 if real else 65535.0
    scaled = np.where(finite, (numbers - low) / max(high - low, 1e-12) * 255, 0)
    return np.rint(scaled).clip(0, 255).astype(np.uint8)
