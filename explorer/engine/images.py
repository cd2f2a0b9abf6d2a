"""Pictures -> the network's input, in two steps: `fit` to whole numbers at the crop's size, then `normalise`."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as pil

from explorer.engine import fashion
from explorer.engine.pictures import open_picture, picture_from_array, picture_from_bytes
from explorer.engine.records import Picture, Preprocessing
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Joined, Sentence

__all__ = [
    "default_preprocessing", "fit", "normalise", "open_picture", "picture_from_array", "picture_from_bytes", "sample",
    "sample_count", "seen", "test_chart",
]  # fmt: skip

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's training images, as torchvision's weights use them."""
CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
"""Of CIFAR-10's training images."""
_LONGEST = 16
"""Sides in the proportion beyond which the ends of a picture are cut off before scaling: the crop never shows them."""


# -- the first step ----------------------------------------------------------------------------------------------


def fit(picture: Picture, preprocessing: Preprocessing) -> tuple[Tensor, str]:
    """The first step: colour, background, size; on whole numbers, as Pillow (and so torchvision) does it.

    Returns:
        uint8 (1 or 3, crop, crop), and in words what was done.
    """
    image = Image.fromarray(picture.pixels)
    done: list[str] = []
    if preprocessing.grey:
        image = image.convert("L")
        done.append(Sentence("grey"))
    if preprocessing.pad:
        image, words = _padded(image, preprocessing)
    else:
        image, words = _cropped(image, preprocessing)
    done += words
    if preprocessing.enlarge:
        done.append(Sentence("enlarged to {side} px", side=preprocessing.enlarge))
    return pil.pil_to_tensor(image), Joined(", ", done)


def _cropped(image: Image.Image, preprocessing: Preprocessing) -> tuple[Image.Image, list[str]]:
    """The shorter side to `resize`, then the middle: torchvision's ImageClassification."""
    short = min(image.size)
    if max(image.size) > _LONGEST * short:
        # Scaled whole, a picture of 4000 x 1 would fill the memory.
        image = pil.center_crop(image, [min(image.height, _LONGEST * short), min(image.width, _LONGEST * short)])
    words: list[str] = [Sentence("shorter side scaled to {side} px", side=preprocessing.resize)]
    image = pil.resize(image, [preprocessing.resize], _interpolation(preprocessing), antialias=True)
    if image.size != (preprocessing.crop, preprocessing.crop):
        image = pil.center_crop(image, [preprocessing.crop, preprocessing.crop])
        words.append(Sentence("middle {side} px kept", side=preprocessing.crop))
    if image.mode == "L" and preprocessing.negate_bright and bright_background(np.asarray(image)):
        image = ImageOps.invert(image)
        words.insert(0, Sentence("negated (bright background)"))
    return image, words


def _padded(image: Image.Image, preprocessing: Preprocessing) -> tuple[Image.Image, list[str]]:
    """The longer side to `resize`, negated where the background is bright, then a black square around it."""
    scale = preprocessing.resize / max(image.size)
    size = [max(1, round(side * scale)) for side in (image.height, image.width)]
    image = pil.resize(image, size, _interpolation(preprocessing), antialias=True)
    words: list[str] = [Sentence("scaled to {side} px", side=preprocessing.resize)]
    if preprocessing.negate_bright and bright_background(np.asarray(image)):
        image = ImageOps.invert(image)
        words.insert(0, Sentence("negated (bright background)"))
    if image.size != (preprocessing.crop, preprocessing.crop):
        image = pil.center_crop(image, [preprocessing.crop, preprocessing.crop])
        words.append(Sentence("filled up with black"))
    return image, words


def _interpolation(preprocessing: Preprocessing) -> InterpolationMode:
    return InterpolationMode(preprocessing.interpolation)


def bright_background(pixels: np.ndarray) -> bool:
    """Whether most of the outermost pixels are brighter than the middle grey.

    True for none of Fashion-MNIST's 10,000 test images and 2 of its 60,000 training images, all on black.

    Args:
        pixels: uint8 (H, W) or (H, W, C), at the size that the network gets.
    """
    border = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    return float(np.median(border)) > 127


def seen(pixels: Tensor, preprocessing: Preprocessing) -> np.ndarray:
    """What the network sees, before mean and standard deviation, for showing.

    Args:
        pixels: from `fit`, uint8 (1 or 3, crop, crop).
        preprocessing: the same.

    Returns:
        uint8 (side, side, 3).
    """
    values = pixels[None].to(torch.float32)
    if preprocessing.enlarge:
        values = _enlarged(values, preprocessing.enlarge)
    colours = values[0].round().clamp(0, 255).to(torch.uint8).expand(3, -1, -1)
    return np.ascontiguousarray(colours.permute(1, 2, 0).numpy())


# -- the second step ---------------------------------------------------------------------------------------------


def normalise(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """The second step: whole numbers to what the network gets.

    Args:
        pixels: uint8 (N, 1 or 3, crop, crop), or one image (1 or 3, crop, crop).
        preprocessing: of the weights.

    Returns:
        float32 (N, channels, side, side), N being 1 for one image.
    """
    values = (pixels[None] if pixels.dim() == 3 else pixels).to(torch.float32).div_(255)
    shape = (1, -1, 1, 1)
    mean, std = (
        torch.tensor(numbers, device=values.device).view(shape) for numbers in (preprocessing.mean, preprocessing.std)
    )
    # One grey channel takes the means of three colours, so the first operation can't be in place.
    values = values.sub(mean).div_(std)
    if preprocessing.enlarge:
        values = _enlarged(values, preprocessing.enlarge)
    if preprocessing.channels != values.shape[1]:
        repeats = -(-preprocessing.channels // values.shape[1])
        values = values.repeat(1, repeats, 1, 1)[:, : preprocessing.channels]
    return values


def _enlarged(values: Tensor, side: int) -> Tensor:
    return functional.interpolate(values, (side, side), mode="bilinear", align_corners=False)


def default_preprocessing(spec: NetworkSpec) -> Preprocessing:
    """For networks whose weights bring none: untrained ones and bare checkpoints.

    One channel: grey, to -1 … 1. Otherwise the means and deviations of the family's data set; networks for large
    pictures keep the middle 224/256 of the shorter side, those for small ones all of it. A network of two channels gets
    red and green, one of more than three the colours in turn.
    """
    grey = spec.in_channels == 1
    large = spec.large
    mean, std = (IMAGENET_MEAN, IMAGENET_STD) if large else (CIFAR_MEAN, CIFAR_STD)
    return Preprocessing(
        channels=spec.in_channels,
        resize=round(spec.side * 256 / 224) if large else spec.side,
        crop=spec.side,
        mean=(0.5,) if grey else mean,
        std=(0.5,) if grey else std,
        grey=grey,
    )


# -- pictures without a file -------------------------------------------------------------------------------------


def sample_count() -> int:
    """How many samples there are."""
    return len(fashion.bundled()[1])


def sample(index: int) -> Picture:
    """A picture of the bundled labelled set, 28 x 28 pixels as they are, with its true class; `index` from 0, taken
    modulo the number of samples."""
    images, labels = fashion.bundled()
    index %= len(labels)
    label = fashion.CLASSES[int(labels[index])]
    return picture_from_array(images[index], f"Fashion-MNIST {index}: {label}", label)


def test_chart(side: int = 512) -> Picture:  # noqa: PT028  (it makes a chart and tests nothing)
    """A chart for looking at filters, drawn in four quarters: rings of rising frequency (a zone plate), gradients of
    grey and of every hue, bars of four frequencies and directions, and edges of a disc and of checks.

    Args:
        side: in pixels, at least 16.
    """
    side = max(16, side)
    half = side // 2
    rest = side - half
    chart = np.zeros((side, side, 3))
    chart[:half, :half] = _rings(half)[:, :, None]
    chart[:half, half:] = _gradients(half, rest)
    chart[half:, :half] = _bars(rest, half)[:, :, None]
    chart[half:, half:] = _edges(rest)
    return Picture(Sentence("Test chart"), np.rint(chart * 255).astype(np.uint8))


def _grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Down and right, from -1 to 1."""
    y, x = np.mgrid[0:height, 0:width]
    return (2 * y + 1) / height - 1, (2 * x + 1) / width - 1


def _rings(side: int) -> np.ndarray:
    """Frequency rises linearly with the radius, to half a cycle a pixel at the middle of each border."""
    y, x = _grid(side, side)
    rings: np.ndarray = 0.5 + 0.5 * np.cos(np.pi * side / 4 * (x * x + y * y))
    return rings


def _gradients(height: int, width: int) -> np.ndarray:
    y, x = _grid(height, width)
    grey = (x + 1) / 2
    hue = np.stack([0.5 + 0.5 * np.cos(np.pi * (x - shift)) for shift in (0, 2 / 3, 4 / 3)], axis=2)
    brightness = np.clip((y + 1) / 0.75, 0, 1)[:, :, None]
    return np.where((y > 1 / 3)[:, :, None], grey[:, :, None], hue * brightness)


def _bars(height: int, width: int) -> np.ndarray:
    """Four fields: upright, lying and both slanted, each of another period in pixels."""
    y, x = np.mgrid[0:height, 0:width]
    top, left = y < height // 2, x < width // 2
    fields = [(top & left, x, 16), (top & ~left, y, 8), (~top & left, x + y, 12), (~top & ~left, x - y, 6)]
    bars = np.zeros((height, width))
    for where, along, period in fields:
        bars[where] = (along % period < period // 2)[where]
    return bars


def _edges(side: int) -> np.ndarray:
    """A red disc and a blue square on white above, checks of two sizes below."""
    y, x = _grid(side, side)
    picture = np.ones((side, side, 3))
    picture[(x + 0.5) ** 2 + (y + 0.5) ** 2 < 0.16] = (0.85, 0.2, 0.1)
    turned = np.maximum(abs((x - 0.5) * 0.94 + (y + 0.5) * 0.34), abs((y + 0.5) * 0.94 - (x - 0.5) * 0.34))
    picture[turned < 0.33] = (0.0, 0.3, 0.75)
    rows, columns = np.mgrid[0:side, 0:side]
    size = np.where(x < 0, max(2, side // 16), max(1, side // 32))
    checks = ((rows // size + columns // size) % 2)[:, :, None]
    return np.where((y > 0)[:, :, None], checks, picture)
