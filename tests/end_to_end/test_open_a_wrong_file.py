"""What can't be opened is refused in one sentence, and what was open stays."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.app.jobs import Lane
from tests.end_to_end.person import Person, picture_file


def truncated(path: Path) -> None:
    picture_file(path, 200)
    path.write_bytes(path.read_bytes()[:3000])


def bomb(path: Path) -> None:
    """A PNG that claims 60,000 x 60,000 pixels."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in parts
        )
    )


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut.png": (truncated, "damaged"),
    "empty.jpg": (lambda path: path.write_bytes(b""), "empty"),
    "words.png": (lambda path: path.write_text("hello"), "not a picture"),
    "words.txt": (lambda path: path.write_text("hello"), "not a picture"),
    "bomb.png": (bomb, "so large"),
    "gone.png": (lambda path: None, "does not exist"),
    "net.json": (lambda path: path.write_text('{"family": "cifar", "blocks": [0, 1, 1]}'), ""),
    "torn.json": (lambda path: path.write_text("{"), ""),
    "empty.pth": (lambda path: path.write_bytes(b""), "empty"),
    "words.safetensors": (lambda path: path.write_text("hello"), ""),
    "no pictures": (lambda path: path.mkdir(), "holds no picture"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_and_everything_stays(person: Person, tmp_path: Path, name: str) -> None:
    make, words = WRONG[name]
    make(tmp_path / name)
    before, answer = person.state, person.window.prediction_panel.headline.text()
    steps = person.window.document.undo_stack.count()
    person.drop_file(tmp_path / name)
    person.wait(lambda: bool(person.told))
    assert words in person.told
    assert person.told.endswith(".")
    assert person.told.count(". ") == 0
    person.wait(lambda: set(person.window.jobs.running()) <= {Lane.ACCURACY})
    assert person.state == before
    assert person.window.document.undo_stack.count() == steps
    assert person.window.prediction_panel.headline.text() == answer
    assert person.window.notice.isVisible()


def test_a_misnamed_picture_opens_and_says_what_it_is(person: Person, tmp_path: Path) -> None:
    picture_file(tmp_path / "really.png").rename(tmp_path / "named.jpg")
    person.drop_file(tmp_path / "named.jpg")
    person.wait(lambda: person.picture.name == "named.jpg")
    assert "named like a JPEG picture, but is a PNG" in person.told


def test_the_refusal_goes_once_something_opens(person: Person, tmp_path: Path) -> None:
    (tmp_path / "wrong.png").write_text("hello")
    person.drop_file(tmp_path / "wrong.png")
    person.wait(lambda: bool(person.told))
    person.drop_file(picture_file(tmp_path / "right.png"))
    person.wait(lambda: person.picture.name == "right.png")
    person.wait(lambda: not person.told)


def test_the_refusal_can_be_closed(person: Person, tmp_path: Path) -> None:
    (tmp_path / "wrong.png").write_text("hello")
    person.drop_file(tmp_path / "wrong.png")
    person.wait(lambda: bool(person.told))
    person.window.notice.close_button.click()
    assert not person.told


@pytest.mark.parametrize("name", ["n" * 230 + ".png", "<b>bold<img src=x>.png", "{name} %s {0}.png"])
def test_odd_names_are_shown_as_they_are_and_widen_nothing(person: Person, tmp_path: Path, name: str) -> None:
    person.window.resize(1280, 720)
    (tmp_path / name).write_text("hello")
    person.drop_file(tmp_path / name)
    person.wait(lambda: bool(person.told))
    assert name in person.told
    (tmp_path / name).unlink()
    person.bot.wait(20)
    assert person.window.size().toTuple() == (1280, 720)
    picture_file(tmp_path / name)
    person.drop_file(tmp_path / name)
    person.wait(lambda: person.picture.name == name)
    person.wait_for_picture()
    person.bot.wait(20)
    assert person.window.size().toTuple() == (1280, 720)
    assert person.window.minimumSizeHint().width() < 800
