"""Image sets: the bundled one, all of Fashion-MNIST, their order."""

from __future__ import annotations

import gzip
import hashlib
import struct
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import FashionMNIST

from explorer.engine import fashion, images
from explorer.engine.datasets import open_data
from explorer.engine.ordering import balanced_order
from explorer.engine.records import DataRef, Step
from explorer.engine.resources import resource
from explorer.engine.steps import finish
from explorer.engine.weights import torchvision_weights
from tests.engine.files_server import served
from tests.engine.image_sets import SMALL, TINY, info, labels, refused

# -- Fashion-MNIST -----------------------------------------------------------------------------------------------


def test_the_bundled_set_has_200_of_each_class() -> None:
    arrays, numbers = fashion.bundled()
    assert arrays.shape == (2000, 28, 28)
    assert arrays.dtype == np.uint8
    assert np.bincount(numbers).tolist() == [200] * 10


def test_the_script_takes_the_first_200_of_each_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_hand = fashion.DEBIAN.is_dir()
    generator = np.random.default_rng(4)
    made_up = generator.integers(0, 256, (10_000, 28, 28), dtype=np.uint8), generator.integers(0, 10, 10_000)
    arrays, numbers = finish(fashion.whole("test")) if at_hand else made_up

    def whole(split: str) -> Generator[Step, None, fashion.Arrays]:
        yield Step(None)
        return arrays, numbers

    (tmp_path / "datasets").mkdir()
    monkeypatch.setattr(fashion, "FOLDER", tmp_path)
    monkeypatch.setattr(fashion, "whole", whole)
    left = dict.fromkeys(range(10), 200)
    positions = []
    for position, number in enumerate(numbers.tolist()):
        if left[number]:
            left[number] -= 1
            positions.append(position)
    with np.load(fashion.bundle(), allow_pickle=False) as made:
        assert made["positions"].tolist() == positions
        assert np.array_equal(made["images"], arrays[positions])
        assert np.array_equal(made["labels"], numbers[positions])
        assert tuple(made["classes"]) == fashion.CLASSES
        if at_hand:
            assert np.array_equal(made["images"], fashion.bundled()[0])


def test_the_bundled_training_images_are_the_first_of_each_class() -> None:
    images, numbers = fashion.bundled_training()
    assert (images.shape, images.dtype, len(numbers)) == ((512, 28, 28), np.uint8, 512)
    assert set(np.bincount(numbers).tolist()) == {51, 52}
    tested = {image.tobytes() for image in fashion.bundled()[0]}
    assert not any(image.tobytes() in tested for image in images)
    if fashion.DEBIAN.is_dir():
        every, labels_of_all = finish(fashion.whole("train"))
        with np.load(resource("datasets", "fashion-mnist-train-512.npz"), allow_pickle=False) as file:
            places = file["positions"]
        assert np.array_equal(images, every[places])
        for number in range(10):
            own = places[numbers == number]
            assert np.array_equal(own, np.flatnonzero(labels_of_all == number)[: len(own)])


def test_the_bundled_set_for_its_own_and_for_other_classes() -> None:
    own = finish(open_data(DataRef("fashion-mnist"), info(classes=fashion.CLASSES)))
    assert labels(own) == fashion.bundled()[1].tolist()
    assert (own.classes, own.note, len(own)) == (fashion.CLASSES, "", 2000)
    nameless = finish(open_data(DataRef("fashion-mnist"), info()))
    assert labels(nameless) == labels(own)
    other = finish(open_data(DataRef("fashion-mnist"), torchvision_weights()[0]))
    assert other.labels is None
    assert "only the agreement" in other.note
    eleven = finish(open_data(DataRef("fashion-mnist"), info(TINY.with_(classes=11))))
    assert eleven.labels is None


def test_pixels_are_those_of_fit() -> None:
    own = finish(open_data(DataRef("fashion-mnist"), info()))
    chosen = np.array([5, 1999, 5])
    for preprocessing in (fashion.preprocessing(1, 28), SMALL, torchvision_weights()[0].preprocessing):
        expected = [images.fit(images.sample(int(index)), preprocessing)[0] for index in chosen]
        assert own.pixels(chosen, preprocessing).equal(torch.stack(expected))


def test_a_damaged_bundled_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer.engine import resources

    monkeypatch.setattr(resources, "FOLDER", tmp_path)
    fashion.bundled.cache_clear()
    job = open_data(DataRef("fashion-mnist"), info())
    assert "is missing" in refused(job)
    path = tmp_path / "datasets" / "fashion-mnist-2000.npz"
    path.parent.mkdir()
    path.write_bytes(b"PK\x03\x04 broken")
    assert "is damaged" in refused(open_data(DataRef("fashion-mnist"), info()))


def idx(path: Path, array: np.ndarray, packed: bool) -> None:
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}i", *array.shape)
    data = head + array.astype(np.uint8).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 1) if packed else data)


@pytest.mark.parametrize("packed", [False, True])
def test_the_whole_set_is_found_in_torchvisions_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(fashion, "DEBIAN", tmp_path / "none")
    monkeypatch.chdir(tmp_path)
    raw = tmp_path / "data" / "FashionMNIST" / "raw"
    ending = ".gz" if packed else ""
    arrays = np.zeros((10_000, 28, 28), np.uint8)
    arrays[:, 3, 3] = np.arange(10_000) % 251
    numbers = np.arange(10_000) % 10
    idx(raw / f"t10k-images-idx3-ubyte{ending}", arrays, packed)
    idx(raw / f"t10k-labels-idx1-ubyte{ending}", numbers, packed)
    own = finish(open_data(DataRef("fashion-mnist-full"), info()))
    assert len(own) == 10_000
    assert labels(own) == numbers.tolist()
    assert own.pixels(np.array([77]), fashion.preprocessing(1, 28))[0, 0, 3, 3] == 77
    images_file = raw / f"t10k-images-idx3-ubyte{ending}"
    images_file.write_bytes(images_file.read_bytes()[:1000])
    assert "can't be read" in refused(open_data(DataRef("fashion-mnist-full"), info()))
    idx(images_file, arrays[:5], packed)
    assert "are not Fashion-MNIST's" in refused(open_data(DataRef("fashion-mnist-full"), info()))


def test_without_a_connection_the_whole_set_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion, "DEBIAN", tmp_path / "none")
    monkeypatch.setattr(FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert "can't be reached" in refused(open_data(DataRef("fashion-mnist-full"), info()))


def test_the_whole_set_is_downloaded_once_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion, "DEBIAN", tmp_path / "none")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    numbers = np.arange(10_000) % 10
    idx(tmp_path / "images", np.full((10_000, 28, 28), 7, np.uint8), True)
    idx(tmp_path / "labels", numbers, True)
    names = {"t10k-images-idx3-ubyte.gz": tmp_path / "images", "t10k-labels-idx1-ubyte.gz": tmp_path / "labels"}
    with served() as site:
        site.files = {f"/{name}": path.read_bytes() for name, path in names.items()}
        sums = [(name, hashlib.md5(path.read_bytes()).hexdigest()) for name, path in names.items()]
        monkeypatch.setattr(FashionMNIST, "mirrors", [f"{site.address}/"])
        monkeypatch.setattr(FashionMNIST, "resources", [(sums[0][0], sums[0][1]), (sums[1][0], "0" * 32)])
        assert "checksum differs" in refused(open_data(DataRef("fashion-mnist-full"), info()))
        monkeypatch.setattr(FashionMNIST, "resources", sums)
        steps: list[Step] = []
        for _ in range(2):
            assert labels(finish(open_data(DataRef("fashion-mnist-full"), info()), steps.append)) == numbers.tolist()
        assert site.asked.count("/t10k-labels-idx1-ubyte.gz") == 2
        assert site.asked.count("/t10k-images-idx3-ubyte.gz") == 1
        assert any(step.waiting for step in steps)
    kept = fashion.download_folder() / "FashionMNIST" / "raw"
    assert sorted(path.name for path in kept.iterdir()) == sorted(names)


# -- the order ---------------------------------------------------------------------------------------------------


def test_every_beginning_of_the_order_is_nearly_balanced() -> None:
    numbers = np.repeat(np.arange(5), [200, 200, 100, 50, 50])
    np.random.default_rng(3).shuffle(numbers)
    order = balanced_order(600, numbers, 7)
    assert sorted(order.tolist()) == list(range(600))
    share = np.bincount(numbers) / 600
    for length in range(1, 601):
        counts = np.bincount(numbers[order[:length]], minlength=5)
        assert np.abs(counts - length * share).max() <= 2
    assert np.array_equal(order, balanced_order(600, numbers, 7))
    assert not np.array_equal(order, balanced_order(600, numbers, 8))


def test_the_order_without_labels_is_a_shuffle() -> None:
    order = balanced_order(100, None, 0)
    assert sorted(order.tolist()) == list(range(100))
    assert order.tolist() != list(range(100))
    assert len(balanced_order(0, None, 0)) == len(balanced_order(0, np.zeros(0, np.int64), 0)) == 0
