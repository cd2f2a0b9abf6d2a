"""The diagram as a file: valid, complete, and never half written."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path

import pytest
from PySide6.QtCore import QSizeF
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtSvg import QSvgRenderer
from pytestqt.qtbot import QtBot

from explorer.app.diagram.levels import Shown
from explorer.app.diagram.minimap import Minimap
from explorer.app.export import copy_diagram, diagram_image, render_diagram, write_whole
from explorer.app.picture import LARGEST_AREA, LARGEST_SIDE, DiagramPicture, PictureOptions, WindowPart
from explorer.app.theme import DARK, LIGHT
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.colouring import cost_colouring
from explorer.networks.folding import runs
from explorer.networks.graph import block_graph
from explorer.networks.lesion import Lesion
from tests.app.diagram_support import make_view

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


def test_the_heads_card_names_a_pool_only_where_there_is_one(tmp_path: Path) -> None:
    for name, title in (("mlp8_128", "fc"), ("resnet20", "pool · fc"), ("vgg11", "pool · 3 fc")):
        render_diagram(PRESETS[name], NOTHING, tmp_path / "diagram.svg")
        root = ElementTree.parse(tmp_path / "diagram.svg").getroot()
        texts = [(element.text or "").strip() for element in root.iter("{http://www.w3.org/2000/svg}text")]
        assert title in texts
        assert any("pool ·" in text for text in texts) == (title != "fc")


@pytest.mark.parametrize("name", ["efficientnet_b0", "vgg16"])
def test_borders_of_the_outermost_cards_are_whole(name: str) -> None:
    """Half of a border's pen, two pixels here, paints into the margin at both sides."""
    image = diagram_image(PRESETS[name], NOTHING)
    page, margin = image.pixelColor(0, 0), 48
    for x in (margin - 1, image.width() - margin):
        assert any(image.pixelColor(x, y) != page for y in range(image.height()))
    for x in (margin - 4, image.width() - margin + 3):
        assert all(image.pixelColor(x, y) == page for y in range(image.height()))


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


def test_a_transparent_background_lets_the_page_through(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    render_diagram(PRESETS["resnet20"], NOTHING, path, options=PictureOptions("transparent"))
    image = QImage(str(path))
    assert image.hasAlphaChannel()
    assert image.pixelColor(2, 2).alpha() == 0
    alphas = {image.pixelColor(x, image.height() // 2).alpha() for x in range(image.width())}
    assert 255 in alphas, "cards have a ground of their own"
    assert any(0 < alpha < 255 for alpha in alphas), "bands are a veil"


def test_greyscale_has_no_colour_and_tells_stages_apart_all_the_same(tmp_path: Path) -> None:
    lesion = Lesion(frozenset({"layer1.1"}), frozenset({"layer2.1"}))
    options = PictureOptions(greyscale=True, scale=1)
    picture = DiagramPicture(PRESETS["resnet50"], lesion, options, shown=Shown(
        colouring=cost_colouring(PRESETS["resnet50"], "macs")
    ))  # fmt: skip
    image = picture.image()
    pixels = {image.pixel(x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)}
    assert len(pixels) > 20
    assert all(pixel >> 16 & 255 == pixel >> 8 & 255 == pixel & 255 for pixel in pixels)
    patterns = [picture._scene.look.bar_dashes(f"layer{stage}") for stage in range(1, 5)]
    assert len(set(patterns)) == 4
    with pytest.raises(UserError, match="for paper"):
        render_diagram(PRESETS["resnet50"], NOTHING, tmp_path / "a.png", options=PictureOptions("dark", greyscale=True))


@pytest.mark.parametrize("scale", [1.0, 3.0, 8.0])
def test_a_png_has_the_scale_that_is_asked_for(scale: float) -> None:
    picture = DiagramPicture(PRESETS["resnet18"], Lesion(), PictureOptions(scale=scale))
    assert picture.image().width() == pytest.approx(picture.size.width() * scale, abs=1)


def test_a_png_has_the_width_that_is_asked_for() -> None:
    for width in (641, 1920, 4097):
        assert DiagramPicture(PRESETS["resnet18"], Lesion(), PictureOptions(width=width)).image().width() == width


def test_more_pixels_than_can_be_are_refused_with_what_can_be() -> None:
    picture = DiagramPicture(PRESETS["resnet152"], Lesion(), PictureOptions(width=60_000))
    with pytest.raises(UserError) as refused:
        picture.image()
    most = int(refused.value.values["most"].replace(",", ""))
    largest = DiagramPicture(PRESETS["resnet152"], Lesion(), PictureOptions(width=most))
    size = largest.pixels(largest.scale)
    assert max(size.width(), size.height()) <= LARGEST_SIDE
    assert size.width() * size.height() <= LARGEST_AREA * 1.001
    for wrong in (PictureOptions(scale=0.5), PictureOptions(scale=9), PictureOptions(width=3)):
        with pytest.raises(UserError):
            wrong.checked()


def test_what_the_window_shows_is_what_is_written(qtbot: QtBot) -> None:
    """At one to one the picture's part is the viewport's pixels, the rounding of fonts apart."""
    view = make_view(qtbot, PRESETS["resnet50"], 900, 400)
    view.choose_colouring("macs")
    view.zoom_by(1.7)
    view.open_part("layer2.1")
    shown = view.diagram.shown()
    part = WindowPart(shown, view.seen(), QSizeF(view.viewport().size()))
    picture = DiagramPicture(PRESETS["resnet50"], Lesion(), PictureOptions(scale=1), window=part)
    written = picture.image()
    view.findChild(Minimap).hide()
    seen = view.viewport().grab().toImage()
    assert written.width() >= seen.width()
    left, top = (written.width() - seen.width()) // 2, 24
    equal = [
        _near(written.pixelColor(left + x, top + y).rgb(), seen.pixelColor(x, y).rgb())
        for x in range(10, seen.width() - 10, 5) for y in range(10, seen.height() - 10, 5)
    ]  # fmt: skip
    assert sum(equal) / len(equal) > 0.93


def test_the_whole_is_written_with_what_is_unfolded() -> None:
    spec = PRESETS["resnet152"]
    shown = Shown(unfolded=runs(block_graph(spec)))
    folded, whole = (DiagramPicture(spec, Lesion(), shown=one) for one in (None, shown))
    assert b"\xc3\x97 33" not in whole.svg()
    assert b"\xc3\x97 33" in folded.svg() or b"\xc3\x97 34" in folded.svg()
    for block in ("0", "17", "35"):
        assert f">{block}<".encode() in whole.svg().replace(b"\n", b"").replace(b" ", b"")


def _near(one: int, other: int) -> bool:
    return all(abs((one >> shift & 255) - (other >> shift & 255)) < 24 for shift in (0, 8, 16))


def pdf_words(data: bytes) -> list[str]:
    """The runs of text of a PDF: its text operators, decoded by each font's own table to Unicode."""
    objects = dict(re.findall(rb"(\d+) 0 obj\s(.*?)endobj", data, re.DOTALL))
    tables = {}
    for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", data):
        table = re.search(rb"/ToUnicode (\d+) 0 R", objects[number])
        assert table is not None
        tables[name] = letters(unpacked(objects[table[1]]))
    pages = [unpacked(content) for content in objects.values() if b"/FlateDecode" in content]
    runs_of_text = []
    for page in pages:
        for name, run in re.findall(rb"BT\s+/(F\d+) (.*?)ET", page, re.DOTALL):
            codes = re.findall(rb"<(\w{4})>", run)
            runs_of_text.append("".join(tables[name][int(code, 16)] for code in codes))
    return runs_of_text


def unpacked(content: bytes) -> bytes:
    found = re.search(rb"stream\r?\n(.*)endstream", content, re.DOTALL)
    assert found is not None
    packed = b"/FlateDecode" in content[: found.start()]
    return zlib.decompressobj().decompress(found[1]) if packed else found[1]


def letters(table: bytes) -> dict[int, str]:
    found = {}
    for first, many in re.findall(rb"<(\w+)> <\w+> \[([^\]]*)\]", table):
        for step, to in enumerate(re.findall(rb"<(\w+)>", many)):
            found[int(first, 16) + step] = chr(int(to, 16))
    return found


def test_a_pdf_has_its_words_as_text() -> None:
    data = DiagramPicture(PRESETS["resnet18"], Lesion(frozenset({"layer1.1"}))).pdf()
    assert b"/ToUnicode" in data
    words = [" ".join(run.split()) for run in pdf_words(data)]
    for word in ("ResNet-18", "layer1", "layer4", "input", "identity", "8 blocks · 1 deleted", "3×3, 3×3"):
        assert word in words


def test_the_picture_goes_to_the_clipboard(qtbot: QtBot) -> None:
    copy_diagram(PRESETS["resnet20"], NOTHING)
    copied = QGuiApplication.clipboard().image()
    assert copied.size() == diagram_image(PRESETS["resnet20"], NOTHING).size()
