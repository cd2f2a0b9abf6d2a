"""Pictures of many pixels: read as far as memory goes, reduced, and bombs refused."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from explorer.engine import images, pictures
from tests.engine.picture_files import opened, png, refused, saved


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_very_large_pictures_are_reduced(kind: str) -> None:
    picture = opened(Image.new("RGB", (5000, 4000), (200, 100, 50)), kind)
    assert picture.pixels.shape == (1638, 2048, 3)
    assert np.abs(picture.pixels.astype(int) - (200, 100, 50)).max() <= 2
    assert picture.note == "It was reduced from 5000 x 4000 pixels to 2048 on the longer side."


def test_ordinary_photographs_are_not_reduced() -> None:
    assert opened(Image.new("RGB", (4032, 3024)), "JPEG").pixels.shape == (3024, 4032, 3)


def test_a_photograph_beyond_pillows_limit_is_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.new("RGB", (4100, 4000), "teal"), "JPEG")
    with monkeypatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)
        assert images.picture_from_bytes(data, "photograph.jpg").pixels.shape == (1998, 2048, 3)


def test_a_plan_beyond_pillows_limit_is_read() -> None:
    """195 megapixels in black and white: a white stripe of the last 1,000 columns."""
    row = b"\x00" + bytes(1750) + b"\xff" * 125
    picture = images.picture_from_bytes(png(15_000, 13_000, 1, 0, row * 13_000), "plan.png")
    assert picture.pixels.shape == (1775, 2048, 3)
    edge = round(14_000 / 15_000 * 2048)
    assert picture.pixels[:, : edge - 3].max() == 0
    assert picture.pixels[:, edge + 3 :].min() == 255
    assert "reduced from 15000 x 13000" in picture.note


def test_a_progressive_photograph_beyond_pillows_limit_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.new("RGB", (4100, 4000), "teal"), "JPEG", progressive=True)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3_000_000)
    assert images.picture_from_bytes(data, "photograph.jpg").pixels.shape == (1998, 2048, 3)


def modes() -> dict[str, Image.Image]:
    """One picture with noise in every mode that is brought to RGB in its own way."""
    draw = np.random.default_rng(0)
    colour = Image.fromarray(draw.integers(0, 256, (90, 130, 3), dtype=np.uint8)).resize((650, 450))
    grey = np.asarray(colour.convert("L")).astype(np.float32)
    alpha = colour.convert("RGBA")
    alpha.putalpha(colour.convert("L"))
    return {
        "1": colour.convert("1"), "L": colour.convert("L"), "P": colour.convert("P"), "RGB": colour, "RGBA": alpha,
        "LA": alpha.convert("LA"), "I;16": Image.fromarray((grey * 257).astype(np.uint16)),
        "I": Image.fromarray((grey * 1000 - 5000).astype(np.int32)), "F": Image.fromarray(grey * 3 - 7),
    }  # fmt: skip


@pytest.mark.parametrize("mode", modes())
@pytest.mark.parametrize("orientation", [1, 6])
def test_strips_make_the_same_picture_as_the_whole(
    mode: str, orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = modes()[mode]
    exif = Image.Exif()
    exif[274] = orientation
    kind = "TIFF" if mode in ("I", "F") else "PNG"
    whole = opened(image, kind, exif=exif).pixels
    monkeypatch.setattr(pictures, "_STRIP_PIXELS", 9_000)
    assert np.array_equal(opened(image, kind, exif=exif).pixels, whole)
    monkeypatch.setattr(pictures, "_LARGE_PIXELS", 1000)
    monkeypatch.setattr(pictures, "REDUCED_SIDE", 64)
    expected = Image.fromarray(whole)
    expected.thumbnail((64, 64))
    found = opened(image, kind, exif=exif).pixels
    assert found.shape == np.asarray(expected).shape
    assert np.abs(found.astype(int) - np.asarray(expected)).max() <= 2


def test_a_picture_larger_than_the_free_memory_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.new("L", (5000, 4000)), "PNG")
    monkeypatch.setattr(pictures.psutil, "virtual_memory", lambda: SimpleNamespace(available=10_000_000))
    assert "5000 x 4000 pixels) is too large for the memory" in str(refused(data))


def test_a_decompression_bomb_is_refused() -> None:
    error = refused(png(100_000, 100_000, 8, 2, b"\x00" * 1000))
    assert "so large" in str(error)
    assert "so large" in str(refused(png(33_000, 10_000, 8, 2, b"\x00" * 1000)))
