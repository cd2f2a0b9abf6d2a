"""Pictures as files, for tests of the engine."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from explorer.engine import images
from explorer.engine.records import Picture
from explorer.errors import UserError
from tests.engine.sentences import assert_one_sentence


def colours(height: int = 40, width: int = 60) -> np.ndarray:
    """A smooth colour picture whose every corner differs: uint8 (H, W, 3)."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [255 * x / (width - 1), 255 * y / (height - 1), 255 * (x + y) / (width + height - 2)]
    return np.stack(channels, axis=2).astype(np.uint8)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(image: Image.Image, kind: str = "PNG", **options: object) -> Picture:
    return images.picture_from_bytes(saved(image, kind, **options), "picture")


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG written by hand (RFC 2083), for what Pillow does not write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def refused(data: bytes, name: str = "picture.png") -> UserError:
    with pytest.raises(UserError) as caught:
        images.picture_from_bytes(data, name)
    assert_one_sentence(caught.value)
    return caught.value
