"""Pictures of every kind come in by dialog, drop, paste and the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from tests.end_to_end.conftest import Open
from tests.end_to_end.person import Person, file_mime, picture_file

KINDS = ["a.jpg", "b.png", "c.webp", "d.bmp", "e.tif", "f.gif"]


def answer(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> None:
    """What the person chooses in the next dialogs; nothing where empty."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))


def test_every_kind_by_dialog(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KINDS:
        answer(monkeypatch, picture_file(tmp_path / name))
        person.choose("open")
        person.wait(lambda name=name: person.picture.name == name)
        result = person.wait_for_picture()
        assert result.request.picture.pixels.shape == (40, 50, 3)
        assert person.window.prediction_panel.name.full_text == name
        assert name in person.window.windowTitle()
        assert abs(float(result.prediction.probabilities.sum()) - 1) < 1e-4
    assert not person.told


def test_a_dialog_that_is_cancelled_changes_nothing(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    before = person.state
    answer(monkeypatch, "")
    for name in ("open", "open_network", "open_weights"):
        person.choose(name)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    person.window.accuracy_panel.data_requested.emit("folder")
    assert person.state == before


def test_modes_and_orientation(person: Person, tmp_path: Path) -> None:
    turned = Image.new("RGB", (30, 20), "red")
    exif = turned.getexif()
    exif[0x0112] = 6  # lies on its side
    turned.save(tmp_path / "turned.jpg", exif=exif)
    Image.new("CMYK", (30, 30), (0, 255, 255, 0)).save(tmp_path / "cmyk.jpg")
    Image.new("RGBA", (30, 30), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    Image.new("P", (30, 30), 3).save(tmp_path / "palette.png")
    Image.new("I;16", (30, 30), 65535).save(tmp_path / "deep.png")
    Image.new("L", (30, 30), 7).save(tmp_path / "grey.png")
    expected = {"turned.jpg": (30, 20), "cmyk.jpg": (30, 30), "clear.png": (30, 30), "palette.png": (30, 30)}
    for name, shape in {**expected, "deep.png": (30, 30), "grey.png": (30, 30)}.items():
        assert person.drop_file(tmp_path / name)
        person.wait(lambda name=name: person.picture.name == name)
        pixels = person.wait_for_picture().request.picture.pixels
        assert pixels.shape == (*shape, 3), name
        if name in ("clear.png", "deep.png"):
            assert (pixels == 255).all(), name  # transparency lies on white; 16 bits are scaled, not cut


@pytest.mark.parametrize("where", ["diagram", "prediction", "tree", "maps", "toolbar", "status", "accuracy"])
def test_dropping_anywhere_on_the_window(person: Person, tmp_path: Path, where: str) -> None:
    window = person.window
    widgets: dict[str, QWidget] = {
        "diagram": window.diagram.viewport(),
        "prediction": window.prediction_panel,
        "tree": window.blocks_panel.view.viewport(),
        "maps": window.maps_panel.mosaic,
        "toolbar": window.toolbar,
        "status": window.status,
        "accuracy": window.accuracy_panel,
    }
    assert person.drop_file(picture_file(tmp_path / "dropped.png"), widgets[where])
    person.wait(lambda: person.picture.name == "dropped.png")
    person.wait_for_picture()


def test_dropping_several_files_takes_the_first(person: Person, tmp_path: Path) -> None:
    paths = [picture_file(tmp_path / name) for name in ("one.png", "two.png")]
    assert person.drop(file_mime(*paths))
    person.wait(lambda: person.picture.name == "one.png")


def test_dropping_a_picture_from_a_browser(person: Person) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/cat.png")])
    mime.setImageData(coloured())
    assert person.drop(mime)
    person.wait(lambda: person.picture.name == "dropped image")
    assert (person.wait_for_picture().request.picture.pixels == (200, 30, 40)).all()


def test_dropping_a_link_says_what_to_do(person: Person) -> None:
    before = person.state.picture
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/")])
    person.drop(mime)
    assert "drop a picture" in person.told
    assert person.state.picture is before


def test_pasting_a_picture_a_file_and_nothing(person: Person, tmp_path: Path) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.setImage(coloured())
    person.choose("paste")
    person.wait(lambda: person.picture.name == "pasted image")
    pasted = person.wait_for_picture().request.picture
    assert (pasted.pixels == (200, 30, 40)).all()

    clear = QImage(12, 10, QImage.Format.Format_ARGB32)
    clear.fill(QColor(0, 0, 0, 0))
    clipboard.setImage(clear)
    person.choose("paste")
    person.wait(lambda: person.state.picture is not pasted)
    assert (person.picture.pixels == 255).all()

    clipboard.setMimeData(file_mime(picture_file(tmp_path / "copied.png")))
    person.choose("paste")
    person.wait(lambda: person.picture.name == "copied.png")

    clipboard.setText("only words")
    person.choose("paste")
    assert person.told.endswith(".")
    assert "copy a picture" in person.told
    assert person.picture.name == "copied.png"


def coloured() -> QImage:
    image = QImage(24, 20, QImage.Format.Format_RGB32)
    image.fill(QColor(200, 30, 40))
    return image


def test_a_picture_from_the_command_line(open_window: Open, tmp_path: Path) -> None:
    person = open_window(picture_file(tmp_path / "mine.png"))
    assert person.wait_for_picture().request.picture.name == "mine.png"


def test_a_wrong_picture_from_the_command_line_is_told(open_window: Open, tmp_path: Path) -> None:
    (tmp_path / "mine.png").write_bytes(b"no picture")
    person = open_window(tmp_path / "mine.png")
    with person.bot.waitSignal(person.window.settled, timeout=60_000):
        pass
    assert "mine.png is not a picture" in person.told
    assert person.window.prediction_panel.empty.isVisible()


def test_samples_and_the_chart(person: Person) -> None:
    names = []
    for action in ("sample", "chart", "sample"):
        before = person.state.picture
        person.choose(action)
        person.wait(lambda before=before: person.state.picture is not before)
        person.wait_for_picture()
        names.append(person.picture.name)
    assert len(set(names)) == 3
    assert person.picture.label is not None
    assert person.window.prediction_panel.truth.full_text


def test_a_very_large_picture_is_reduced_and_says_so(person: Person, tmp_path: Path) -> None:
    Image.new("L", (6000, 4000), 90).save(tmp_path / "large.png")
    person.drop_file(tmp_path / "large.png")
    person.wait(lambda: person.picture.name == "large.png")
    person.wait_for_picture()
    assert max(person.picture.pixels.shape) == 2048
    assert "reduced" in person.told
