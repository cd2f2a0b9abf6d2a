"""`draw`."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests.cli.conftest import ROOT, Command


@pytest.mark.parametrize("name", ["resnet18", "resnet152", "resnet1202"])
def test_svg(name: str, command: Command, tmp_path: Path) -> None:
    path = tmp_path / "diagram.svg"
    ran = command("draw", name, "-o", path)
    assert (ran.status, ran.out, ran.err) == (0, f"{path}\n", "")
    assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_png_and_pdf(command: Command, tmp_path: Path) -> None:
    assert command("draw", "resnet20", "-o", tmp_path / "diagram.png").status == 0
    assert command("draw", "resnet20", "-o", tmp_path / "diagram.pdf").status == 0
    with Image.open(tmp_path / "diagram.png") as image:
        assert image.width > image.height > 100
        assert len(image.convert("RGB").getcolors(1 << 24) or []) > 50
    assert (tmp_path / "diagram.pdf").read_bytes().startswith(b"%PDF")


def test_deleted_blocks_and_themes_are_seen(command: Command, tmp_path: Path) -> None:
    pictures = []
    for words in ((), ("--delete", "layer1.1,layer2.0"), ("--theme", "dark")):
        path = tmp_path / "diagram.png"
        assert command("draw", "resnet20", "-o", path, *words).status == 0
        pictures.append(path.read_bytes())
    assert len(set(pictures)) == 3


def test_without_a_display(process: Command, tmp_path: Path) -> None:
    ran = process(ROOT / "main.py", "draw", "resnet20", "-o", "here.svg")
    assert (ran.status, ran.out, ran.err) == (0, "here.svg\n", "")
    assert (tmp_path / "here.svg").stat().st_size > 1000
