"""The diagram as a file: valid, complete, and never half written."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtSvg import QSvgRenderer
from pytestqt.qtbot import QtBot

from explorer.app.export import copy_diagram, diagram_image, render_diagram, write_whole
from explorer.app.theme import DARK, LIGHT
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS

NOTHING: frozenset[str] = frozenset()
pytestmark = pytest.mark.usefixtures("qapp")


@pytest.mark.parametrize("name", ["resnet20", "resnet152", "resnet1202"])
def test_an_svg_has_its_words_as_text(name: str, tmp_path: Path) -> None:
    spec = PRESETS[name]
    path = tmp_path / "diagram.svg"
    render_diagram(spec, frozenset({"layer2.1"}), path)
    root = ElementTree.parse(path).getroot()
    texts = [text for element in root.iter("{http://www.w3.org/2000/svg}text") if (text := element.text)]
    for word in (spec.name, "layer1", "layer3", "input", "stem", "identity"):
        assert word in [text.strip() for text in texts]
    assert any("1 deleted" in text for text in texts)
    renderer = QSvgRenderer(str(path))
    assert renderer.isValid()
    assert renderer.defaultSize().width() > 600


def test_a_png_has_twice_the_pixels_and_shows_what_is_deleted(tmp_path: Path) -> None:
    spec = PRESETS["resnet20"]
    render_diagram(spec, NOTHING, tmp_path / "a.PNG")
    render_diagram(spec, frozenset({"layer2.1"}), tmp_path / "b.png")
    intact, deleted = QImage(str(tmp_path / "a.PNG")), QImage(str(tmp_path / "b.png"))
    assert intact.width() > 1600
    assert intact.size() == deleted.size()
    assert intact != deleted


def test_a_pdf_is_one_page(tmp_path: Path) -> None:
    path = tmp_path / "diagram.pdf"
    render_diagram(PRESETS["resnet50"], NOTHING, path)
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    assert data.count(b"/Type /Page\n") == 1


def test_a_theme_can_be_given(tmp_path: Path) -> None:
    for palette in (LIGHT, DARK):
        path = tmp_path / f"{palette.dark}.png"
        render_diagram(PRESETS["resnet18"], NOTHING, path, palette)
        assert QImage(str(path)).pixelColor(2, 2).name() == palette.window


@pytest.mark.parametrize("name", ["diagram.gif", "diagram", "diagram.svg.txt"])
def test_another_ending_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\.svg, \.png, \.pdf"):
        render_diagram(PRESETS["resnet18"], NOTHING, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_block_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no block layer9\.9"):
        render_diagram(PRESETS["resnet18"], frozenset({"layer9.9"}), tmp_path / "a.svg")


def test_a_place_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be written"):
        render_diagram(PRESETS["resnet18"], NOTHING, tmp_path / "nowhere" / "a.svg")
    folder = tmp_path / "folder.svg"
    folder.mkdir()
    with pytest.raises(UserError, match="can't be written"):
        render_diagram(PRESETS["resnet18"], NOTHING, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.svg"], "nothing is left lying about"


def test_an_old_file_stays_whole_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.svg"
    path.write_text("old")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_picture_goes_to_the_clipboard(qtbot: QtBot) -> None:
    copy_diagram(PRESETS["resnet20"], NOTHING)
    copied = QGuiApplication.clipboard().image()
    assert copied.size() == diagram_image(PRESETS["resnet20"], NOTHING).size()
