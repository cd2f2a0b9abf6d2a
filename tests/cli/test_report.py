"""`report`: the page, its pictures and its figures."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from explorer.networks.catalog import PRESETS
from tests.cli.conftest import ROOT, Command

SMALL = ("--network", "resnet20", "--weights", "fashion-mnist", "--images", "20")


class Page(HTMLParser):
    """Its text, the sources of its images, and its tags in order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text, self.images, self.open = "", [], []  # type: tuple[str, list[str], list[str]]
        self.feed(path.read_text(encoding="utf-8"))
        assert not self.open, "every tag is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(str(dict(attrs)["src"]))
            assert dict(attrs)["alt"]
        elif tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_has_everything_and_its_pictures_are_there(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    ran = command("report", "-o", folder, *SMALL)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == str(folder / "index.html")
    page = Page(folder / "index.html")
    assert {"diagram.svg", "picture.png"} <= set(page.images)
    assert {f"maps-{part}.png" for part in ("stem", "layer1", "layer2", "layer3")} <= set(page.images)
    assert {path.name for path in folder.iterdir()} == {*page.images, "index.html"}
    for name in page.images:
        if name.endswith(".png"):
            with Image.open(folder / name) as image:
                assert min(image.size) > 100, name
                assert len(image.convert("RGB").getcolors(1 << 24) or []) > 10, name
    for block_id in PRESETS["resnet20"].block_ids:
        assert block_id in page.text
    assert "n = 20" in page.text


def test_a_persons_picture_with_a_dangerous_name(command: Command, picture: Path, tmp_path: Path) -> None:
    evil = picture.with_name("<script>'&.png")
    picture.rename(evil)
    words = (
        "--network",
        "resnet20",
        "--weights",
        "untrained",
        "--image",
        evil,
        "--delete",
        "layer1.1",
        "--images",
        "10",
    )
    assert command("report", "-o", tmp_path / "out", *words).status == 0
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "layer1.1" in Page(tmp_path / "out" / "index.html").text


def test_a_folder_that_cannot_be_made(command: Command, picture: Path) -> None:
    assert str(picture) in command("report", "-o", picture, *SMALL).sentence
    assert "inside" in command("report", "-o", picture / "inside", *SMALL).sentence


@pytest.mark.parametrize("words", ["['report', '-o', 'out']", "[]"])
def test_missing_libraries_are_named_before_qt_fails_on_them(words: str, process: Command) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from explorer.cli import libraries, main; "
        f"libraries._loads = lambda library: library != 'libEGL.so.1'; status = main({words}); "
        "assert 'PySide6.QtGui' not in sys.modules; sys.exit(status)"
    )
    ran = process("-c", code)
    assert ran.status == 2
    assert "sudo apt-get install libegl1" in ran.err
    assert "Traceback" not in ran.err
