"""Labelled image sets: the bundled one, all of Fashion-MNIST, a folder with one folder a class."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from explorer.engine.records import Preprocessing
from explorer.errors import UserError

FASHION_MNIST_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
FASHION_MNIST_MEAN, FASHION_MNIST_STD = 0.2860, 0.3530
"""Of the 60,000 training images, on values from 0 to 1."""
_DEBIAN = Path("/usr/share/datasets/fashion-mnist")


@dataclass(frozen=True)
class ArrayImages:
    """Labelled images of one size, in memory.

    Attributes:
        name: shown to the person.
        array: uint8 (N, H, W).
        labels: int64 (N,).
        classes: name of each label.
    """

    name: str
    array: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def pixels(self, indices: np.ndarray, preprocessing: Preprocessing) -> Tensor:
        """The images at `indices`, fitted: uint8 (n, 1, crop, crop)."""
        return torch.from_numpy(self.array[indices]).unsqueeze(1)


def fashion_mnist_preprocessing(channels: int, side: int) -> Preprocessing:
    """Grey, 28x28, enlarged where the network wants a larger side."""
    return Preprocessing(
        channels=channels, resize=28, crop=28, mean=(FASHION_MNIST_MEAN,), std=(FASHION_MNIST_STD,),
        grey=True, pad=True, negate_bright=True, enlarge=0 if side == 28 else side,
    )  # fmt: skip


def fashion_mnist(split: str) -> ArrayImages:
    """All of Fashion-MNIST: `train` (60,000 images) or `test` (10,000)."""
    prefix = "train" if split == "train" else "t10k"
    images = _read_idx(_DEBIAN / f"{prefix}-images-idx3-ubyte.gz")
    labels = _read_idx(_DEBIAN / f"{prefix}-labels-idx1-ubyte.gz").astype(np.int64)
    return ArrayImages(f"Fashion-MNIST {split}", images, labels, FASHION_MNIST_CLASSES)


def _read_idx(path: Path) -> np.ndarray:
    """An IDX file of unsigned bytes (the format of LeCun's MNIST page)."""
    try:
        with gzip.open(path, "rb") as file:
            data = file.read()
    except (OSError, EOFError) as error:
        raise UserError("{path} can't be read: {reason}.", path=path, reason=error) from None
    dimensions = data[3]
    shape = np.frombuffer(data, ">i4", dimensions, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape).copy()
