"""Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747) as arrays: the bundled 2,000 images, and all of it.

`python -m explorer.engine.fashion` makes the bundled files again from the whole set.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Generator
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from explorer.engine.records import Preprocessing, Step
from explorer.engine.resources import FOLDER, resource
from explorer.errors import UserError

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
MEAN, STD = 0.2860, 0.3530
"""Of the 60,000 training images, on values from 0 to 1."""
Split = Literal["train", "test"]
Arrays = tuple[np.ndarray, np.ndarray]
"""Images, uint8 (N, 28, 28), and labels, int64 (N,)."""

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
_BUNDLED = ("datasets", "fashion-mnist-2000.npz")
_PER_CLASS = 200
_TRAINING = ("datasets", "fashion-mnist-train-512.npz")
_TRAINING_COUNT = 512
_PREFIX = {"train": "train", "test": "t10k"}
_COUNT = {"train": 60_000, "test": 10_000}


def preprocessing(channels: int, side: int) -> Preprocessing:
    """Grey, 28x28, enlarged where the network wants a larger side."""
    return Preprocessing(
        channels=channels, resize=28, crop=28, mean=(MEAN,), std=(STD,),
        grey=True, pad=True, negate_bright=True, enlarge=0 if side == 28 else side,
    )  # fmt: skip


@lru_cache(maxsize=1)
def bundled() -> Arrays:
    """The first 200 test images of each class, in the test set's order; read once, not to be written to.

    Raises:
        UserError: the bundled file is missing or damaged.
    """
    return _read_bundled(_BUNDLED)


@lru_cache(maxsize=1)
def bundled_training() -> Arrays:
    """512 of the 60,000 training images, the first ones of each class, in the training set's order; not to be written
    to. On them the statistics of batch norms are estimated anew.

    Raises:
        UserError: the bundled file is missing or damaged.
    """
    return _read_bundled(_TRAINING)


def _read_bundled(parts: tuple[str, ...]) -> Arrays:
    path = resource(*parts)
    try:
        with np.load(path, allow_pickle=False) as file:
            images, labels = file["images"], file["labels"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(
            "{path}, which comes with the program, is damaged: {reason}.", path=path, reason=error
        ) from None
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


def whole(split: Split) -> Generator[Step, None, Arrays]:
    """All of Fashion-MNIST: `train` (60,000 images) or `test` (10,000).

    From Debian's package dataset-fashion-mnist, or torchvision's folder `FashionMNIST` in `data` (here or at home) or
    in torch's cache; where it is nowhere, torchvision's files are downloaded into torch's cache.

    Raises:
        UserError: it is nowhere and can't be downloaded, or a file is damaged.
    """
    names = [f"{_PREFIX[split]}-{what}-ubyte" for what in ("images-idx3", "labels-idx1")]
    folder = find(names)
    if folder is None:
        folder = yield from _download(names)
    images, labels = (_read_idx(_existing(folder, name)) for name in names)
    if images.shape != (_COUNT[split], 28, 28) or labels.shape != (_COUNT[split],) or labels.max() >= len(CLASSES):
        raise UserError("The files in {folder} are not Fashion-MNIST's; remove them to get it afresh.", folder=folder)
    return images, labels.astype(np.int64)


def find(names: list[str]) -> Path | None:
    """The first folder that has all these files, packed or not."""
    raw = Path("FashionMNIST", "raw")
    for folder in (DEBIAN, Path("data") / raw, Path.home() / "data" / raw, download_folder() / raw):
        if all(_existing(folder, name).is_file() for name in names):
            return folder
    return None


def download_folder() -> Path:
    """Where downloaded image sets go: `datasets` in torch's cache; the root to give to torchvision."""
    import torch

    return Path(torch.hub.get_dir()).parent / "datasets"


def _download(names: list[str]) -> Generator[Step, None, Path]:
    """Get torchvision's files, which are checked by its MD5 sums."""
    from torchvision.datasets import FashionMNIST

    from explorer.engine.downloads import Checksum, download

    folder = download_folder() / "FashionMNIST" / "raw"
    sums = dict(FashionMNIST.resources)
    for name in names:
        packed = f"{name}.gz"
        if _existing(folder, name).is_file():
            continue
        url = FashionMNIST.mirrors[0] + packed
        yield from download(url, folder / packed, Checksum("md5", sums[packed]), f"Fashion-MNIST, {packed}")
    return folder


def _existing(folder: Path, name: str) -> Path:
    packed = folder / f"{name}.gz"
    return packed if packed.is_file() else folder / name


def _read_idx(path: Path) -> np.ndarray:
    """An IDX file of unsigned bytes (the format of LeCun's MNIST page), gzipped or not."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        dimensions = data[3]
        shape = tuple(int(size) for size in np.frombuffer(data, ">i4", dimensions, 4))
        return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape).copy()
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
        raise UserError("{path} can't be read as a part of Fashion-MNIST: {reason}.", path=path, reason=error) from None


def bundle() -> Path:
    """Write the bundled file from the whole test set; returns its path."""
    from explorer.engine.steps import finish

    images, labels = finish(whole("test"))
    first = np.concatenate([np.flatnonzero(labels == index)[:_PER_CLASS] for index in range(len(CLASSES))])
    return _write_bundled(_BUNDLED, images, labels, np.sort(first))


def bundle_training() -> Path:
    """Write the bundled training images from the whole training set; returns their path."""
    from explorer.engine.steps import finish

    images, labels = finish(whole("train"))
    rank = np.empty(len(labels), np.int64)
    for index in range(len(CLASSES)):
        own = np.flatnonzero(labels == index)
        rank[own] = np.arange(len(own))
    first = np.argsort(rank, kind="stable")[:_TRAINING_COUNT]
    return _write_bundled(_TRAINING, images, labels, np.sort(first))


def _write_bundled(parts: tuple[str, ...], images: np.ndarray, labels: np.ndarray, chosen: np.ndarray) -> Path:
    path = FOLDER.joinpath(*parts)
    np.savez_compressed(
        path, images=images[chosen], labels=labels[chosen], positions=chosen.astype(np.int32), classes=np.array(CLASSES)
    )
    return path


if __name__ == "__main__":
    print(bundle())
    print(bundle_training())
