"""Charts as files: complete, vector where it says so, never half written."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtSvg import QSvgRenderer

from explorer.app.study_export import copy_study, render_study, study_image
from explorer.app.theme import DARK, LIGHT
from explorer.app.widgets.study_chart import ChartLook
from explorer.engine.study_records import StudyKind
from explorer.errors import UserError
from tests.app.study_support import study
from tests.engine.networks import TINY

pytestmark = pytest.mark.usefixtures("qapp")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("kind", ["single", "random", "reorder", "greedy", "cut"])
def test_an_svg_is_vectors_and_its_words_are_text(kind: StudyKind, tmp_path: Path) -> None:
    path = tmp_path / "study.svg"
    render_study([study(kind)], path)
    root = ElementTree.parse(path).getroot()
    words = " ".join(element.text or "" for element in root.iter(f"{SVG}text"))
    assert TINY.name in words
    assert "n = 40" in words
    assert "40 images." in words
    assert not list(root.iter(f"{SVG}image"))
    assert all(element.get("d", "").strip() for element in root.iter(f"{SVG}path"))
    renderer = QSvgRenderer(str(path))
    assert renderer.isValid()
    assert renderer.viewBox().width() == 960


def test_an_svg_shows_what_the_png_shows(tmp_path: Path) -> None:
    """The same places have about the same colours, whoever draws them."""
    from PySide6.QtGui import QPainter

    path = tmp_path / "study.svg"
    render_study([study("single")], path)
    renderer = QSvgRenderer(str(path))
    drawn = QImage(renderer.defaultSize(), QImage.Format.Format_RGB32)
    painter = QPainter(drawn)
    renderer.render(painter)
    painter.end()
    wanted = study_image([study("single")]).scaled(drawn.size())
    alike = [
        abs(drawn.pixelColor(x, y).lightness() - wanted.pixelColor(x, y).lightness()) < 60
        for x in range(5, drawn.width(), 13)
        for y in range(5, drawn.height(), 13)
    ]
    assert sum(alike) / len(alike) > 0.95


def test_a_png_has_two_pixels_for_each_logical_one(tmp_path: Path) -> None:
    render_study([study("single")], tmp_path / "a.PNG")
    render_study([study("single"), study("cut")], tmp_path / "b.png")
    one, two = QImage(str(tmp_path / "a.PNG")), QImage(str(tmp_path / "b.png"))
    assert one.width() == two.width() == 1920
    assert one != two


def test_dark_and_look(tmp_path: Path) -> None:
    light, dark = study_image([study("random")]), study_image([study("random")], dark=True)
    assert light.pixelColor(3, 3).name() == LIGHT.window
    assert dark.pixelColor(3, 3).name() == DARK.window
    assert study_image([study("random")], look=ChartLook("error")) != light


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"as \.png, \.svg; give the file one of these endings instead of study\.txt"):
        render_study([study("single")], tmp_path / "study.txt")


def test_an_old_file_stays_whole_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be written"):
        render_study([study("single")], tmp_path / "missing" / "study.png")


def test_the_chart_goes_to_the_clipboard() -> None:
    copy_study([study("single")])
    assert QGuiApplication.clipboard().image().width() == 1920
