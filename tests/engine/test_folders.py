"""Folders of pictures as image sets: classes, damage, what is kept."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.engine import fashion, folders, images
from explorer.engine.datasets import open_data, training_folder
from explorer.engine.folders import open_folder
from explorer.engine.records import DataRef, Step
from explorer.engine.steps import finish
from explorer.errors import UserError
from tests.engine.image_sets import PETS, SMALL, info, labels, pets, put, refused
from tests.engine.sentences import assert_one_sentence


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
