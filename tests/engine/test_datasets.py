"""Image sets: the bundled one, all of Fashion-MNIST, folders."""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import FashionMNIST

from explorer.engine import fashion, folders, images
from explorer.engine.datasets import LabelledImages, open_data, training_folder
from explorer.engine.folders import open_folder
from explorer.engine.ordering import balanced_order
from explorer.engine.records import DataRef, Preprocessing, Step, WeightsInfo
from explorer.engine.steps import finish
from explorer.engine.weights import torchvision_weights, untrained
from explorer.errors import UserError
from explorer.networks.spec import NetworkSpec
from tests.engine.files_server import served
from tests.engine.sentences import assert_one_sentence

TINY = NetworkSpec("cifar", (1, 1, 1), width=4, side=16, classes=10)
SMALL = Preprocessing(3, 8, 8, (0.5,) * 3, (0.5,) * 3)
PETS = ("Cat", "Dog", "Guinea pig")


def info(spec: NetworkSpec = TINY, classes: tuple[str, ...] | None = None) -> WeightsInfo:
    plain = untrained(spec)
    return plain if classes is None else WeightsInfo(plain.ref, "", spec, classes, SMALL)


def put(path: Path, colour: str = "red", size: tuple[int, int] = (12, 10)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def pets(folder: Path, *names: str, each: int = 2) -> Path:
    for name in names:
        for number in range(each):
            put(folder / name / f"{number}.png")
    return folder


def refused(job: Generator[Step, None, object]) -> str:
    with pytest.raises(UserError) as caught:
        finish(job)
    assert_one_sentence(caught.value)
    return str(caught.value)


def labels(images: LabelledImages) -> list[int]:
    assert images.labels is not None
    return images.labels.tolist()


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


# -- folders -----------------------------------------------------------------------------------------------------


def test_class_folders_are_matched_by_name_whatever_the_spelling(tmp_path: Path) -> None:
    pets(tmp_path, "dog", "GUINEA_PIG", "cat")
    found = finish(open_folder(tmp_path, PETS))
    by_folder = {file.parent.name: label for file, label in zip(found.files, labels(found), strict=True)}
    assert by_folder == {"cat": 0, "dog": 1, "GUINEA_PIG": 2}
    assert (found.note, found.classes, len(found)) == ("", PETS, 6)
    shirts = tmp_path / "shirts"
    pets(shirts, "t-shirt top", "Ankle-Boot")
    assert sorted(labels(finish(open_folder(shirts, fashion.CLASSES)))) == [0, 0, 9, 9]


def test_class_folders_are_matched_by_number(tmp_path: Path) -> None:
    pets(tmp_path, "0", "02")
    assert labels(finish(open_folder(tmp_path, PETS))) == [0, 0, 2, 2]


def test_pictures_deeper_in_a_class_folder_belong_to_it(tmp_path: Path) -> None:
    put(tmp_path / "cat" / "tabby" / "a.jpg")
    put(tmp_path / "dog" / "b.jpg")
    assert labels(finish(open_folder(tmp_path, PETS))) == [0, 1]


def test_unknown_folders_are_left_out_and_named(tmp_path: Path) -> None:
    pets(tmp_path, "cat", "dog", "unicorn")
    put(tmp_path / "loose.png")
    found = finish(open_folder(tmp_path, PETS))
    assert len(found) == 4
    assert "1 folder is no class of the network and was left out: unicorn." in found.note
    assert "1 picture lies outside the class folders" in found.note


def test_without_any_known_folder_there_is_only_agreement(tmp_path: Path) -> None:
    pets(tmp_path, "unicorn", "dragon")
    found = finish(open_folder(tmp_path, PETS))
    assert found.labels is None
    assert len(found) == 4
    assert "None of the folders (dragon, unicorn)" in found.note


def test_pictures_without_folders_have_no_labels(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    put(tmp_path / "b.png", "blue")
    found = finish(open_data(DataRef("folder", str(tmp_path)), info(classes=PETS)))
    assert found.labels is None
    assert found.classes == ()
    assert "only the agreement" in found.note
    assert sorted(found.order(0).tolist()) == [0, 1]


def test_one_class_is_measured_and_said(tmp_path: Path) -> None:
    pets(tmp_path, "cat")
    found = finish(open_folder(tmp_path, PETS))
    assert labels(found) == [0, 0]
    assert "All pictures are of one class (cat)" in found.note


def test_a_network_without_names_takes_folders_in_alphabetical_order(tmp_path: Path) -> None:
    pets(tmp_path, "dog", "ant", "cat")
    found = finish(open_folder(tmp_path, ("class 0", "class 1", "class 2")))
    assert [file.parent.name for file in found.files] == ["ant", "ant", "cat", "cat", "dog", "dog"]
    assert labels(found) == [0, 0, 1, 1, 2, 2]
    assert "alphabetical order" in found.note


def test_a_name_of_two_classes_says_nothing(tmp_path: Path) -> None:
    pets(tmp_path, "crane", "ox")
    found = finish(open_folder(tmp_path, ("crane", "ox", "crane")))
    assert labels(found) == [1, 1]
    assert "crane" in found.note


def test_unreadable_pictures_are_counted_and_named_and_the_rest_used(tmp_path: Path) -> None:
    pets(tmp_path, "cat", "dog", each=3)
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)
    for kind in ("jpg", "png", "webp", "bmp", "tif", "gif"):
        good = put(tmp_path / "cat" / f"good.{kind}")
        Image.fromarray(noise).save(good)
        (tmp_path / "dog" / f"cut.{kind}").write_bytes(good.read_bytes()[: good.stat().st_size * 2 // 3])
    (tmp_path / "cat" / "empty.jpg").touch()
    (tmp_path / "cat" / "text.png").write_text("not a picture")
    (tmp_path / "cat" / "notes.txt").write_text("not even named like one")
    (tmp_path / "cat" / ".hidden.png").write_text("nor meant to be one")
    found = finish(open_folder(tmp_path, PETS))
    assert len(found) == 6 + 6
    assert "8 pictures can't be read and were left out" in found.note
    assert str(Path("cat", "empty.jpg")) in found.note
    assert "and 5 more" in found.note
    assert found.pixels(np.arange(12), SMALL).shape == (12, 3, 8, 8)


def test_a_flipped_bit_in_a_png_is_found(tmp_path: Path) -> None:
    pets(tmp_path, "cat", "dog")
    path = tmp_path / "cat" / "0.png"
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    assert "1 picture can't be read and was left out: " in finish(open_folder(tmp_path, PETS)).note


def png_of_a_short_stream(good: bytes) -> bytes:
    """The packed rows end half way, with right checksums throughout."""
    head, rest = good.split(b"IDAT", 1)
    size = int.from_bytes(head[-4:], "big")
    packed = rest[: size // 2]
    chunk = b"IDAT" + packed
    checksum = zlib.crc32(chunk).to_bytes(4, "big")
    return head[:-4] + len(packed).to_bytes(4, "big") + chunk + checksum + rest[size + 4 :]


def test_damage_that_neither_checksums_nor_end_markers_show(tmp_path: Path) -> None:
    pets(tmp_path, "cat", "dog", each=3)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8))
    png, jpeg = tmp_path / "cat" / "short.png", tmp_path / "dog" / "middle.jpg"
    noise.save(png)
    png.write_bytes(png_of_a_short_stream(png.read_bytes()))
    with Image.open(png) as image:
        image.verify()
    noise.save(jpeg)
    data = bytearray(jpeg.read_bytes())
    table = data.index(b"\xff\xc4")
    data[table + 5 : table + 21] = b"\xff" * 16  # a table of codes that can't be
    jpeg.write_bytes(data)
    found = finish(open_folder(tmp_path, PETS))
    assert "2 pictures can't be read and were left out" in found.note
    assert found.pixels(np.arange(6), SMALL).shape == (6, 3, 8, 8)


def test_the_quick_check_says_what_opening_says(tmp_path: Path) -> None:
    """Of pictures damaged at random places."""
    draw = np.random.default_rng(0)
    noise = Image.fromarray(draw.integers(0, 255, (70, 90, 3), dtype=np.uint8))
    verdicts = set()
    for number, (kind, options) in enumerate([("png", {}), ("jpg", {}), ("jpg", {"progressive": True})] * 40):
        path = tmp_path / f"{number}.{kind}"
        noise.save(path, **options)
        data = np.frombuffer(path.read_bytes(), np.uint8).copy()
        places = draw.integers(2, len(data) - 2, 30)
        data[places] = draw.integers(0, 256, len(places))
        path.write_bytes(data.tobytes())
        try:
            images.open_picture(path)
            opens = True
        except UserError:
            opens = False
        assert folders.readable(path) == opens
        verdicts.add((kind, opens))
    assert len(verdicts) >= 3


def test_bytes_after_a_jpegs_end_do_no_harm(tmp_path: Path) -> None:
    path = put(tmp_path / "cat" / "a.jpg")
    path.write_bytes(path.read_bytes() + b"trailer of some camera" * 9)
    assert len(finish(open_folder(tmp_path, PETS))) == 1


def test_folders_that_can_not_be_used(tmp_path: Path) -> None:
    assert "There is no folder" in refused(open_folder(tmp_path / "none", PETS))
    assert "can't be read" in refused(open_folder(tmp_path / ("x" * 300), PETS))
    assert "is a file" in refused(open_folder(put(tmp_path / "a.png"), PETS))
    empty = tmp_path / "empty"
    (empty / "cat").mkdir(parents=True)
    assert "holds no picture" in refused(open_folder(empty, PETS))
    (empty / "cat" / "a.png").write_text("no")
    assert "None of the 1 pictures" in refused(open_folder(empty, PETS))


def test_a_picture_that_vanishes_is_told(tmp_path: Path) -> None:
    pets(tmp_path, "cat", "dog")
    found = finish(open_folder(tmp_path, PETS))
    (tmp_path / "cat" / "1.png").unlink()
    with pytest.raises(UserError, match="does not exist") as caught:
        found.pixels(np.arange(4), SMALL)
    assert_one_sentence(caught.value)


def test_folder_pixels_are_those_of_fit_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "cat" / "a.png", "red", (30, 20))
    put(tmp_path / "dog" / "b.png", "blue", (20, 30))
    found = finish(open_folder(tmp_path, PETS))
    expected = torch.stack([images.fit(images.open_picture(file), SMALL)[0] for file in found.files])
    assert found.pixels(np.array([1, 0, 1]), SMALL).equal(expected[[1, 0, 1]])
    other = fashion.preprocessing(1, 28)
    assert found.pixels(np.array([0]), other).shape == (1, 1, 28, 28)
    found.pixels(np.array([0, 1]), SMALL)
    monkeypatch.setattr(folders, "open_picture", None)
    assert found.pixels(np.array([0, 1]), SMALL).equal(expected)


def test_beyond_the_limit_nothing_more_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pets(tmp_path, "cat", "dog", each=3)
    monkeypatch.setattr(folders, "_KEPT_BYTES", 3 * 8 * 8 * 4)
    found = finish(open_folder(tmp_path, PETS))
    assert found.pixels(np.arange(6), SMALL).shape == (6, 3, 8, 8)
    assert len(found._kept) == 4
    assert found.pixels(np.arange(6), SMALL).shape == (6, 3, 8, 8)


def test_checking_can_be_left_at_any_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pets(tmp_path, "cat", "dog", each=5)
    monkeypatch.setattr(folders, "_STEP_SECONDS", 0.0)
    steps: list[Step] = []
    finish(open_folder(tmp_path, PETS), steps.append)
    fractions = [step.fraction for step in steps if step.fraction is not None]
    assert len(fractions) >= 10
    assert fractions == sorted(fractions)
    job = open_folder(tmp_path, PETS)
    next(job)
    job.close()


def test_training_takes_the_folders_as_classes(tmp_path: Path) -> None:
    pets(tmp_path, "dog", "cat")
    found, numbers = finish(training_folder(tmp_path))
    assert found.classes == ("cat", "dog")
    assert numbers.tolist() == [0, 0, 1, 1]


def test_training_needs_two_classes(tmp_path: Path) -> None:
    put(tmp_path / "loose.png")
    assert "at least two classes" in refused(training_folder(tmp_path))
    pets(tmp_path, "cat")
    assert "at least two classes" in refused(training_folder(tmp_path))
