"""Image sets: the bundled one, all of Fashion-MNIST, a folder of a person's own pictures."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from explorer.engine import fashion
from explorer.engine.folders import fold, is_generic, open_folder
from explorer.engine.images import fit
from explorer.engine.ordering import balanced_order
from explorer.engine.pictures import picture_from_array
from explorer.engine.records import DataRef, Preprocessing, Step, WeightsInfo
from explorer.errors import UserError
from explorer.sentences import Sentence

FASHION_MNIST_CLASSES = fashion.CLASSES
FASHION_MNIST_MEAN, FASHION_MNIST_STD = fashion.MEAN, fashion.STD
fashion_mnist_preprocessing = fashion.preprocessing


class LabelledImages(Protocol):
    """Images to measure on.

    Attributes:
        name: shown to the person.
        labels: int64 (N,), or None where the images have no labels that the network knows.
        classes: name of each label; empty without labels.
        note: one or more sentences on what was left out or assumed, empty where nothing was.
    """

    name: str
    labels: np.ndarray | None
    classes: tuple[str, ...]
    note: str

    def __len__(self) -> int: ...

    def pixels(self, indices: np.ndarray, preprocessing: Preprocessing) -> Tensor:
        """The images at `indices`, fitted: uint8 (n, 1 or 3, crop, crop).

        Raises:
            UserError: a file that was there when the set was opened can't be read any more.
        """
        ...

    def order(self, seed: int = 0) -> np.ndarray:
        """Every index once, shuffled, each beginning holding the classes in nearly the proportion of the whole."""
        ...


@dataclass(eq=False)
class ArrayImages:
    """Images of one size, in memory, as training takes them.

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
        return len(self.array)

    def pixels(self, indices: np.ndarray, preprocessing: Preprocessing) -> Tensor:
        """The images at `indices`, fitted: uint8 (n, 1 or 3, crop, crop)."""
        return _fitted(self.array, indices, preprocessing)


@dataclass(eq=False)
class ArrayImageSet:
    """`LabelledImages` in memory; `array` is uint8 (N, H, W)."""

    name: str
    array: np.ndarray
    labels: np.ndarray | None
    classes: tuple[str, ...]
    note: str = ""

    def __len__(self) -> int:
        return len(self.array)

    def pixels(self, indices: np.ndarray, preprocessing: Preprocessing) -> Tensor:
        return _fitted(self.array, indices, preprocessing)

    def order(self, seed: int = 0) -> np.ndarray:
        return balanced_order(len(self), self.labels, seed)


def _fitted(array: np.ndarray, indices: np.ndarray, preprocessing: Preprocessing) -> Tensor:
    side = preprocessing.crop
    if preprocessing.grey and array.shape[1:] == (side, side) and preprocessing.resize == side:
        # Such images are what fitting would make of them. None is negated: a set is taken as its makers left it.
        return torch.from_numpy(array[indices]).unsqueeze(1)
    return torch.stack([fit(picture_from_array(array[index], ""), preprocessing)[0] for index in indices])


def open_data(ref: DataRef, info: WeightsInfo) -> Generator[Step, None, LabelledImages]:
    """Open an image set for a network; the job's return value is the set.

    A Fashion-MNIST set has labels for a network with Fashion-MNIST's classes, or with ten that have no names (then
    they are matched by number); for any other network it is a set without labels.

    Args:
        ref: which.
        info: what the network's weights brought: its classes and preprocessing.

    Raises:
        UserError: the set can't be found, downloaded or read, or holds no picture.
    """
    if ref.kind == "folder":
        return (yield from open_folder(Path(ref.path), info.classes))
    if ref.kind == "fashion-mnist":
        images, labels = fashion.bundled()
    else:
        images, labels = yield from fashion.whole("test")
    name = Sentence("Fashion-MNIST, {count:,} test images", count=len(labels))
    note = _mismatch(info.classes)
    if note:
        return ArrayImageSet(name, images, None, (), note)
    return ArrayImageSet(name, images, labels, fashion.CLASSES)


def _mismatch(classes: tuple[str, ...]) -> str:
    """Why a network with these classes has no labels in Fashion-MNIST, empty where it has."""
    same = tuple(map(fold, classes)) == tuple(map(fold, fashion.CLASSES))
    if same or (len(classes) == len(fashion.CLASSES) and is_generic(classes)):
        return ""
    return Sentence(
        "The network's classes are not Fashion-MNIST's, so only the agreement with the intact network is measured."
    )


def training_folder(path: Path) -> Generator[Step, None, tuple[LabelledImages, np.ndarray]]:
    """A labelled folder to train on, its classes numbered in alphabetical order; with its labels, which it has.

    Raises:
        UserError: not at least two folders with pictures in them, or nothing that can be read.
    """
    images = yield from open_folder(path, None)
    if images.labels is None or len(images.classes) < 2:
        raise UserError(
            "Training needs at least two classes: {folder} needs a folder of pictures for each of them.",
            folder=path,
        )
    return images, images.labels
