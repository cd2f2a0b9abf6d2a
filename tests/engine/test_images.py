"""Opening pictures and making the network's input of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile
from torchvision.models import ResNet18_Weights, ResNet50_Weights
from torchvision.models._api import WeightsEnum

from explorer.engine import fashion, images, pictures
from explorer.engine.records import Picture, Preprocessing
from explorer.engine.steps import finish
from explorer.engine.weights import torchvision_weights
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.families.resnet import ResNetSpec
from tests.engine.picture_files import colours, opened, png, refused, saved
from tests.engine.sentences import assert_one_sentence

SUFFIX = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif", "GIF": ".gif"}
FASHION = fashion.preprocessing(1, 28)


@pytest.fixture(autouse=True)
def pillow_unchanged() -> Iterator[None]:
    """Nothing may leave Pillow's settings changed."""
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    yield
    after = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    assert after == before


# -- what opens --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_pictures_open_as_they_are(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture{SUFFIX[kind]}"
    path.write_bytes(saved(Image.fromarray(colours()), kind, **({"lossless": True} if kind == "WEBP" else {})))
    picture = images.open_picture(path)
    assert np.array_equal(picture.pixels, colours())
    assert (picture.name, picture.path, picture.note, picture.label) == (path.name, str(path), "", None)


@pytest.mark.parametrize("kind", ["JPEG", "GIF"])
def test_lossy_pictures_open_nearly_as_they_are(kind: str) -> None:
    picture = opened(Image.fromarray(colours()), kind)
    assert picture.pixels.shape == (40, 60, 3)
    assert np.abs(picture.pixels.astype(int) - colours()).mean() < 12


ORIENTED = {
    1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2), 6: lambda a: np.rot90(a, 1), 7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}  # fmt: skip
"""EXIF orientation -> how a camera stores an upright picture (CIPA DC-008, tag 274)."""


@pytest.mark.parametrize("orientation", ORIENTED)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    stored = Image.fromarray(np.ascontiguousarray(ORIENTED[orientation](colours())))
    exif = Image.Exif()
    exif[274] = orientation
    picture = opened(stored, kind, exif=exif)
    assert picture.pixels.shape == (40, 60, 3)
    assert np.abs(picture.pixels.astype(int) - colours()).max() <= (0 if kind != "JPEG" else 30)


@pytest.mark.filterwarnings("ignore")
def test_damaged_exif_does_not_keep_a_picture_from_opening() -> None:
    assert opened(Image.fromarray(colours()), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff").pixels.size


def test_transparency_is_laid_on_white() -> None:
    alpha = np.zeros((2, 2, 4), np.uint8)
    alpha[:, 0] = (200, 0, 0, 255)
    alpha[1, 1] = (0, 0, 0, 128)
    pixels = opened(Image.fromarray(alpha)).pixels
    assert pixels[0].tolist() == [[200, 0, 0], [255, 255, 255]]
    assert pixels[1, 1] == pytest.approx(127, abs=1)
    grey = opened(Image.fromarray(np.array([[[0, 0], [100, 255]]], np.uint8), "LA")).pixels
    assert grey[0].tolist() == [[255] * 3, [100] * 3]


def test_palettes_with_transparency() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putpixel((1, 0), 1)
    assert opened(palette).pixels[0].tolist() == [[10, 20, 30], [40, 50, 60]]
    assert opened(palette, transparency=1).pixels[0].tolist() == [[10, 20, 30], [255, 255, 255]]
    assert opened(palette, transparency=b"\x00\xff").pixels[0].tolist() == [[255, 255, 255], [40, 50, 60]]
    assert opened(palette, "GIF", transparency=0).pixels[0].tolist() == [[255, 255, 255], [40, 50, 60]]


def test_grey_and_black_and_white() -> None:
    grey = np.arange(0, 240, 4, dtype=np.uint8).reshape(6, 10)
    assert np.array_equal(opened(Image.fromarray(grey)).pixels, np.repeat(grey[:, :, None], 3, 2))
    assert opened(Image.fromarray(grey > 100)).pixels[5, 9].tolist() == [255, 255, 255]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_its_colours(kind: str) -> None:
    cyan = opened(Image.new("CMYK", (8, 8), (255, 0, 0, 0)), kind).pixels[4, 4]
    assert np.abs(cyan.astype(int) - (0, 255, 255)).max() < 6


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_not_clipped(kind: str) -> None:
    ramp = np.linspace(0, 65535, 60).reshape(6, 10).astype(np.uint16)
    pixels = opened(Image.fromarray(ramp), kind).pixels
    assert np.abs(pixels[:, :, 0] - ramp / 257).max() <= 0.5


def test_sixteen_bit_colour_is_scaled_not_clipped() -> None:
    levels = np.linspace(0, 65535, 3 * 16).reshape(4, 4, 3).astype(">u2")
    rows = b"".join(b"\x00" + row.tobytes() for row in levels)
    pixels = images.picture_from_bytes(png(4, 4, 16, 2, rows), "deep").pixels
    assert np.abs(pixels - levels.astype(int) / 257).max() <= 1


@pytest.mark.parametrize(
    ("values", "white"),
    [
        (np.linspace(0, 65535, 12).reshape(3, 4).astype(np.int32), 65535),
        (np.linspace(0, 1, 12).reshape(3, 4).astype(np.float32), 1),
        (np.linspace(0, 1e6, 12).reshape(3, 4).astype(np.int32), 1e6),
        (np.linspace(0, 300, 12).reshape(3, 4).astype(np.float32), 300),
    ],
)
def test_wide_numbers_are_scaled(values: np.ndarray, white: float) -> None:
    pixels = opened(Image.fromarray(values), "TIFF").pixels[:, :, 0]
    assert np.abs(pixels - values / white * 255).max() <= 0.51


def test_real_numbers_that_are_none_become_black() -> None:
    values = np.array([[np.nan, 0.0], [1.0, np.inf]], np.float32)
    assert opened(Image.fromarray(values), "TIFF").pixels[:, :, 0].tolist() == [[0, 0], [255, 0]]


def test_only_the_first_frame_is_shown() -> None:
    frames = [Image.new("RGB", (9, 7), colour) for colour in ("red", "green", "blue")]
    for kind in ("GIF", "TIFF", "WEBP", "PNG"):
        options = {"lossless": True} if kind == "WEBP" else {}
        picture = opened(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert picture.pixels[3, 4].tolist() == [255, 0, 0], kind
        assert picture.note == "It shows the first of 3 frames.", kind


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(saved(Image.fromarray(colours()), "PNG"))
    picture = images.open_picture(path)
    assert np.array_equal(picture.pixels, colours())
    assert picture.note == "The file is named like a JPEG picture, but is a PNG picture."


# -- what does not open ------------------------------------------------------------------------------------------


def test_what_pillow_warns_of_is_not_printed(tmp_path: Path) -> None:
    Image.new("1", (10_000, 9_000)).save(tmp_path / "large.png")
    exif = saved(Image.fromarray(colours()), "JPEG", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff")
    (tmp_path / "odd.jpg").write_bytes(exif)
    code = (
        "import sys; from pathlib import Path; from explorer.engine.pictures import open_picture\n"
        "for name in sys.argv[1:]: print(open_picture(Path(name)).pixels.shape)"
    )
    files = [str(tmp_path / "large.png"), str(tmp_path / "odd.jpg")]
    done = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("(1843, 2048, 3)\n(40, 60, 3)\n", "")


def test_files_that_are_no_pictures() -> None:
    assert "is empty" in str(refused(b""))
    for data in (b"hello, world", b"\x00" * 100, b"%PDF-1.7 ...", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"PK\x03\x04"):
        refused(data)


def test_paths_that_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "notes.png").write_text("no picture")
    for name, words in (("", "is a folder"), ("none.png", "does not exist"), ("empty.png", "is empty"),
                        ("notes.png", "not a picture"), ("a\0b.png", "does not exist")):  # fmt: skip
        with pytest.raises(UserError, match=words) as caught:
            images.open_picture(tmp_path / name)
        assert_one_sentence(caught.value)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(saved(Image.fromarray(colours()), "PNG"))

    def forbidden(*args: object, **options: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(UserError, match="Permission denied") as caught:
        images.open_picture(path)
    assert_one_sentence(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UserError, match="not a file"):
        images.open_picture(tmp_path / "pipe.png")


def test_a_name_with_braces_is_told_as_it_is() -> None:
    with pytest.raises(UserError, match=re.escape("{0} {name}.png is empty")):
        images.picture_from_bytes(b"", "{0} {name}.png")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", SUFFIX)
def test_truncated_and_damaged_files_never_raise_anything_else(kind: str) -> None:
    whole = saved(Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)), kind)
    refusals = 0
    for length in np.linspace(1, len(whole) - 1, 40).astype(int):
        refusals += outcome(whole[:length])
    assert refusals >= 36
    generator = np.random.default_rng(1)
    for _ in range(60):
        damaged = bytearray(whole)
        for place in generator.integers(0, min(len(whole), 400), 4):
            damaged[place] = generator.integers(0, 256)
        outcome(bytes(damaged))


def outcome(data: bytes) -> bool:
    """Whether it was refused, properly."""
    try:
        images.picture_from_bytes(data, "file")
    except UserError as error:
        assert_one_sentence(error)
        return True
    return False


# -- the two steps -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", [ResNet18_Weights.IMAGENET1K_V1, *ResNet50_Weights], ids=str)
@pytest.mark.parametrize("size", [(40, 60), (256, 256), (500, 333), (333, 501), (1000, 231), (1, 1), (225, 2000)])
def test_fit_and_normalise_are_torchvisions_transforms(entry: WeightsEnum, size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (*size, 3), dtype=np.uint8)
    info = next(info for info in torchvision_weights() if info.ref.value == str(entry))
    fitted, words = images.fit(Picture("", pixels), info.preprocessing)
    assert fitted.dtype == torch.uint8
    assert fitted.shape == (3, 224, 224)
    ours = images.normalise(fitted[None], info.preprocessing)
    theirs = entry.transforms()(Image.fromarray(pixels))
    assert (ours[0] - theirs).abs().max() < 1e-6
    assert words.startswith(f"shorter side scaled to {info.preprocessing.resize} px")


def test_a_hair_line_of_a_picture_does_not_fill_the_memory() -> None:
    info = torchvision_weights()[0]
    for shape in ((1, 16_000, 3), (16_000, 1, 3)):
        assert images.fit(Picture("", np.full(shape, 9, np.uint8)), info.preprocessing)[0].shape == (3, 224, 224)


def test_fashion_mnist_pixels_stay_what_they_are() -> None:
    arrays, _ = fashion.bundled()
    for index in (0, 700, 1999):
        fitted, words = images.fit(images.sample(index), FASHION)
        assert np.array_equal(fitted[0].numpy(), arrays[index])
        assert words == "grey, scaled to 28 px"


def test_no_test_image_of_fashion_mnist_counts_as_bright() -> None:
    arrays, _ = finish(fashion.whole("test")) if fashion.DEBIAN.is_dir() else fashion.bundled()
    assert sum(images.bright_background(image) for image in arrays) == 0


def test_a_shirt_on_white_is_negated_and_filled_up_with_black() -> None:
    pixels = np.full((100, 50, 3), 255, np.uint8)
    pixels[20:80, 10:40] = 60
    fitted, words = images.fit(Picture("", pixels), FASHION)
    assert fitted.shape == (1, 28, 28)
    assert words == "grey, negated (bright background), scaled to 28 px, filled up with black"
    assert fitted[0, 14, 14] == 255 - 60
    assert fitted[0, 0, 0] == fitted[0, 14, 0] == 0


def test_seen_is_the_input_before_mean_and_deviation() -> None:
    enlarged = fashion.preprocessing(3, 64)
    fitted, words = images.fit(images.sample(5), enlarged)
    assert words.endswith("enlarged to 64 px")
    seen = images.seen(fitted, enlarged)
    assert (seen.shape, seen.dtype) == ((64, 64, 3), np.uint8)
    x = images.normalise(fitted[None], enlarged)
    assert x.shape == (1, 3, 64, 64)
    back = (x[0] * fashion.STD + fashion.MEAN).permute(1, 2, 0).numpy() * 255
    assert np.abs(back - seen).max() <= 0.51
    assert images.normalise(fitted, enlarged).equal(x)


@pytest.mark.parametrize(("channels", "repeated"), [(1, [0]), (2, [0, 1]), (3, [0, 1, 2]), (5, [0, 1, 2, 0, 1])])
def test_default_preprocessing_fills_any_number_of_channels(channels: int, repeated: list[int]) -> None:
    for preset in ("resnet18", "resnet20"):
        spec = PRESETS[preset].with_(in_channels=channels, side=40)
        preprocessing = images.default_preprocessing(spec)
        fitted, _ = images.fit(Picture("", colours()), preprocessing)
        x = images.normalise(fitted[None], preprocessing)
        assert x.shape == (1, channels, 40, 40)
        assert preprocessing.side == 40
        if channels > 1:
            three = images.normalise(fitted[None], images.default_preprocessing(spec.with_(in_channels=3)))
            assert x[0].equal(three[0, repeated])


def test_default_preprocessing_of_imagenet_is_torchvisions() -> None:
    assert images.default_preprocessing(ResNetSpec("imagenet", (2, 2, 2, 2))) == torchvision_weights()[0].preprocessing


def test_one_grey_channel_with_three_means_fills_three() -> None:
    preprocessing = Preprocessing(3, 8, 8, images.IMAGENET_MEAN, images.IMAGENET_STD, grey=True)
    assert images.normalise(torch.zeros(2, 1, 8, 8, dtype=torch.uint8), preprocessing).shape == (2, 3, 8, 8)


# -- without a file ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [16, 65, 512])
def test_the_chart_has_rings_gradients_bars_and_edges(side: int) -> None:
    chart = images.test_chart(side)
    assert chart.pixels.shape == (side, side, 3)
    assert chart.pixels.min() == 0
    assert chart.pixels.max() == 255
    half = side // 2
    for quarter in (chart.pixels[:half, :half], chart.pixels[half:, :half]):
        assert np.ptp(quarter, axis=2).max() == 0  # rings and bars are grey
    assert np.ptp(chart.pixels[:half, half:], axis=2).max() > 150  # the hues are not


def test_samples_are_the_bundled_images_with_their_class() -> None:
    arrays, labels = fashion.bundled()
    assert images.sample_count() == 2000
    picture = images.sample(123)
    assert picture.pixels.shape == (28, 28, 3)
    assert np.array_equal(picture.pixels[:, :, 1], arrays[123])
    assert picture.label == fashion.CLASSES[labels[123]]
    assert np.array_equal(images.sample(2123).pixels, picture.pixels)


def test_every_suffix_is_of_a_kind_that_opens() -> None:
    assert set(pictures.SUFFIXES.values()) == set(pictures.FORMATS.values())
