"""The figure, the table and the pictures of the comparison, each alone."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from explorer.app.comparison.choosers import Choosers
from explorer.app.comparison.figure import ComparisonFigure, legend_height
from explorer.app.comparison.pictures import PicturesPanel, common_scale
from explorer.app.comparison.placing import GAP, ROW, Placed, place
from explorer.app.comparison.scene import ComparisonScene, band_colours
from explorer.app.comparison.table import DifferenceTable
from explorer.app.comparison.view import ComparisonView
from explorer.app.theme import DARK, LIGHT, Palette, part_colour
from explorer.engine.comparing_records import ComparedPicture
from explorer.engine.known_accuracies import Known
from explorer.engine.records import UNTRAINED, Picture, Prediction, Preprocessing, WeightsInfo
from explorer.engine.timing_records import NetworkTiming, Spread, TimingRequest, TimingResult
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.comparison import FIGURE_3, align
from explorer.networks.spec import NetworkSpec

PAIR = (PRESETS["plain34"], PRESETS["resnet34"])
THREE = tuple(PRESETS[name] for name in FIGURE_3)


def placed(*specs: NetworkSpec) -> Placed:
    return place(align(specs), [100.0] * len(specs), lambda text: 6.0 * len(text))


# -- the figure ------------------------------------------------------------------------------------------------------


def test_equal_layers_of_plain_and_residual_stand_at_the_same_height() -> None:
    """As in the paper: 34 layers beside 34 layers."""
    cards = placed(*PAIR).cards
    tops = [[row.y for card in cards if card.column == column for row in card.rows] for column in (0, 1)]
    assert tops[0] == tops[1]
    assert len(tops[0]) == 34 + 3, "with the input, the max pool and the average"


@pytest.mark.parametrize("names", [FIGURE_3, ("resnet20", "resnet152"), ("densenet121", "efficientnet_b0", "vgg16")])
def test_everything_stands_in_its_band_and_nothing_on_another(names: tuple[str, ...]) -> None:
    result = placed(*(PRESETS[name] for name in names))
    bands = {band.side: band.rect for band in result.bands}
    for card in result.cards:
        band = bands[card.group.side]
        assert band.y < card.rect.y
        assert card.rect.bottom < band.bottom
        room = result.columns[card.column]
        assert room.x <= card.rect.x
        assert card.rect.right <= room.right <= result.width
    for column in range(len(names)):
        own = [card.rect for card in result.cards if card.column == column]
        assert all(above.bottom + GAP <= below.y + 1e-6 for above, below in itertools.pairwise(own))
    rights = [room.right for room in result.columns[:-1]]
    assert all(right < room.x for right, room in zip(rights, result.columns[1:], strict=True))


def test_an_arc_leads_around_each_block_but_not_around_the_pool_before_it() -> None:
    result = placed(PRESETS["densenet121"], PRESETS["resnet34"])
    arcs = [arc for arc in result.arcs if arc.column == 1]
    assert len(arcs) == 16
    assert [arc.kind for arc in arcs].count("projection") == 3
    transition = next(arc for arc in result.arcs if arc.column == 0 and arc.group.id == "layer2.0")
    card = next(card for card in result.cards if card.column == 0 and card.id == "layer2.0")
    assert card.group.before == 2, "a 1x1 conv and an average pool"
    assert card.rows[1].bottom < transition.top < card.rows[2].y
    assert transition.bottom > card.rect.bottom
    assert card.rows[1].y - card.rows[0].y == ROW + GAP


def test_colours_are_the_last_networks_stages() -> None:
    colours = band_colours(align(THREE))
    for side, part in {56: "layer1", 28: "layer2", 14: "layer3", 7: "layer4", 1: "head", 112: "stem"}.items():
        assert colours[side] == part_colour(part), side
    assert colours[224] == part_colour("stem")


def test_networks_without_a_common_resolution_keep_their_own_colours() -> None:
    colours = band_colours(align((PRESETS["resnet34"], PRESETS["resnet20"])))
    assert colours[56] == colours[32] == part_colour("layer1")
    assert colours[14] == part_colour("layer3")


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_the_figure_as_svg_has_real_text(qapp: object, palette: Palette) -> None:
    text = ComparisonFigure(THREE, palette).svg().decode()
    for words in ("VGG-19", "Plain-34", "ResNet-34", "7×7 conv, 64, /2", "fc 4096", "224×224", "identity shortcut"):
        assert f">{words}</text>" in text
    assert text.count(">3×3 conv, 512</text>") == 8 + 5 + 5
    assert text.count(">pool, /2</text>") == 5 + 1 + 1


def test_the_figure_with_a_suffix_that_it_does_not_know(qapp: object, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\.svg"):
        ComparisonFigure(PAIR, LIGHT).save(tmp_path / "a.docx")


def test_marked_blocks_look_different(qapp: object) -> None:
    scene = ComparisonScene(LIGHT)
    scene.show_networks(PAIR)

    def shot() -> QImage:
        image = QImage(scene.content().size().toSize(), QImage.Format.Format_RGB32)
        image.fill(0xFFFFFFFF)
        painter = QPainter(image)
        scene.render(painter)
        painter.end()
        return image

    before = shot()
    scene.select(1, "layer3.2")
    after = shot()
    changed = {
        (item.card.column, item.card.id)
        for item in scene.cards
        if any(
            before.pixel(x, y) != after.pixel(x, y)
            for y in (int(item.outline.top()), int(item.outline.top()) + 1)
            for x in (int(item.outline.center().x()) - 30,)
        )
    }
    # layer3.1 of the right network ends where the frame of layer3.2 begins.
    assert {(0, "layer3.4"), (0, "layer3.5"), (1, "layer3.2")} <= changed
    scene.clear_selection()
    assert shot() == before


# -- the view --------------------------------------------------------------------------------------------------------


@pytest.fixture
def view(qtbot: QtBot) -> ComparisonView:
    view = ComparisonView()
    qtbot.addWidget(view)
    view.resize(700, 600)
    with qtbot.waitExposed(view):
        view.show()
    view.show_networks((PRESETS["resnet152"], PRESETS["resnet34"]))
    return view


def test_a_long_figure_is_shown_from_its_top_as_wide_as_the_view(view: ComparisonView) -> None:
    content, seen = view.content(), view.mapToScene(view.viewport().rect()).boundingRect()
    assert view.zoom > 0.62
    assert seen.left() <= 0
    assert seen.right() >= content.width()
    assert seen.top() <= 8
    assert seen.bottom() < content.height()
    view.fit_all()
    seen = view.mapToScene(view.viewport().rect()).boundingRect()
    assert seen.contains(content)


def test_zoom_and_place_are_common_to_all(view: ComparisonView) -> None:
    before = view.zoom
    view.zoom_in()
    assert view.zoom > before
    assert len({item.scene() for item in view.figure.cards}) == 1


def test_walking_with_the_keyboard(view: ComparisonView, qtbot: QtBot) -> None:
    heard: list[object] = []
    view.selected.connect(heard.append)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert heard[-1] == (("stem",), ("stem",))
    for _ in range(2):
        qtbot.keyClick(view, Qt.Key.Key_Down)
    assert heard[-1] == (("layer1.0",), ("layer1.0",))
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.figure.look.chosen == (1, "layer1.0")
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.figure.look.chosen == (1, "layer1.0"), "there is none further right"
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert heard[-1] is None
    assert view.figure.look.chosen is None


def test_a_click_unfolds_a_run_and_enter_folds_it_again(view: ComparisonView, qtbot: QtBot) -> None:
    fold = next(item for item in view.figure.cards if item.card.group.folded)
    view.ensureVisible(fold.outline)
    at = view.mapFromScene(fold.outline.center())
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    inner = view.figure.card_of(0, fold.card.group.parts[0])
    assert inner is not None
    assert not inner.card.group.folded
    view.select(0, fold.card.group.parts[0])
    qtbot.keyClick(view, Qt.Key.Key_Return)
    again = view.figure.card_of(0, fold.card.group.parts[0])
    assert again is not None
    assert again.card.group.folded


def test_a_click_beside_everything_lets_go(view: ComparisonView, qtbot: QtBot) -> None:
    view.select(1, "layer1.1")
    at = view.mapFromScene(QPointF(40, 300))
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert view.figure.look.chosen is None


# -- the table -------------------------------------------------------------------------------------------------------


def cells(table: DifferenceTable, title: str) -> list[str]:
    for row in range(table.table.rowCount()):
        head = table.table.item(row, 0)
        if head is not None and head.text() == title:
            items = [table.table.item(row, column) for column in range(1, table.table.columnCount())]
            return [item.text() for item in items if item is not None]
    raise AssertionError(title)


def bold(table: DifferenceTable, title: str) -> bool:
    row = next(row for row in range(table.table.rowCount()) if table.table.item(row, 0).text() == title)
    return table.table.item(row, 1).font().bold() or table.table.item(row, 1).font().weight() > 500


def timing(specs: tuple[NetworkSpec, ...], *medians: float) -> TimingResult:
    networks = tuple(
        NetworkTiming(spec, Spread(median, 0.9 * median, 1.1 * median, 7), {
            part: Spread(median / 100, median / 110, median / 90, 7) for part in ("stem", *spec.block_ids, "head")
        })
        for spec, median in zip(specs, medians, strict=True)
    )  # fmt: skip
    return TimingResult(TimingRequest(specs, by_part=True), networks, "CPU")


def test_the_table_brings_out_what_differs(qtbot: QtBot) -> None:
    table = DifferenceTable()
    qtbot.addWidget(table)
    known = ((Known(0.7146, "10 crops", "Table 2"),), (Known(0.7548, "10 crops", "Table 3"),))
    table.show_networks(PAIR, known)
    assert cells(table, "Parameters") == ["21.6 M", "21.8 M  ×1.01"]
    assert cells(table, "Depth (weighted layers)") == ["34", "34"]
    assert bold(table, "Parameters")
    assert not bold(table, "Depth (weighted layers)")
    assert cells(table, "10 crops") == ["71.46 %", "75.48 %"]
    assert "Table 2" in table.sources.text()
    assert cells(table, "Latency, measured here") == ["–", "–"]
    table.show_timing(timing(PAIR, 0.1, 0.25))
    assert cells(table, "Latency on CPU") == ["100 ms", "250 ms  ×2.50"]
    assert bold(table, "Latency on CPU")
    table.show_timing(timing(PAIR, 0.1, 0.11))
    assert not bold(table, "Latency on CPU"), "their quartiles overlap"


def test_the_table_shows_a_part_beside_its_counterparts(qtbot: QtBot) -> None:
    table = DifferenceTable()
    qtbot.addWidget(table)
    table.show_networks(PAIR, ((), ()))
    table.show_selection((("layer3.4", "layer3.5"), ("layer3.2",)))
    assert cells(table, "Part") == ["layer3.4, layer3.5", "layer3.2"]
    assert cells(table, "Output") == ["256×14×14", "256×14×14"]
    # Two 3x3 convs of 256 channels with batch norm each, in both.
    parameters = [row for row in table.rows if row.title == "Parameters"][-1]
    assert [cell.text for cell in parameters.cells] == ["1.18 M", "1.18 M"]
    table.show_timing(timing(PAIR, 0.1, 0.1))
    assert cells(table, "Measured time") == ["2.00 ms", "1.00 ms"]
    table.show_selection(((), ("layer1.0",)))
    assert cells(table, "Part") == ["–", "layer1.0"]
    table.show_selection(None)
    with pytest.raises(AssertionError):
        cells(table, "Part")


def test_other_networks_forget_the_measurement(qtbot: QtBot) -> None:
    table = DifferenceTable()
    qtbot.addWidget(table)
    table.show_networks(PAIR, ((), ()))
    table.show_timing(timing(PAIR, 1, 2))
    table.show_networks((PAIR[1], PAIR[0]), ((), ()))
    assert cells(table, "Latency, measured here") == ["–", "–"]


# -- the pictures ----------------------------------------------------------------------------------------------------


def answer(index: int, spec: NetworkSpec, scale: float, error: UserError | None = None) -> ComparedPicture:
    if error is not None:
        return ComparedPicture(index, error=error)
    info = WeightsInfo(UNTRAINED, "Untrained", spec, ("cat", "dog"), Preprocessing(3, 8, 8, (0.5,) * 3, (0.5,) * 3))
    maps = {stage.id: np.full((4, 3, 3), scale, np.float32) for stage in spec.stages}
    maps["layer1"][0, 0, 0] = 0
    seen = np.zeros((8, 8, 3), np.uint8)
    prediction = Prediction(np.array([0.75, 0.25], np.float32), ("cat", "dog"))
    return ComparedPicture(index, info, seen, prediction, maps)


def test_maps_of_the_same_stage_are_on_one_scale(qtbot: QtBot) -> None:
    panel = PicturesPanel()
    qtbot.addWidget(panel)
    picture = Picture("a.png", np.zeros((4, 4, 3), np.uint8))
    panel.show_networks(PAIR, picture)
    assert panel.title.full_text == "a.png"
    panel.show_answer(answer(0, PAIR[0], 2.0))
    panel.show_answer(answer(1, PAIR[1], 8.0))
    assert [panel.level.itemText(index) for index in range(panel.level.count())] == ["56×56", "28×28", "14×14", "7×7"]
    assert (panel.scale.low.text(), panel.scale.high.text()) == ("0.0", "8.0")
    first, second = (panel.mosaics[place].channel_image(1).pixel(1, 1) for place in (0, 1))
    assert first != second, "2 and 8 have different colours on a common scale"
    assert panel.answers[0].bars.rows[0][0].full_text == "cat"
    assert "guesses" in panel.answers[0].weights.full_text


def test_a_network_that_failed_says_why(qtbot: QtBot) -> None:
    panel = PicturesPanel()
    qtbot.addWidget(panel)
    panel.show_networks(PAIR, Picture("a.png", np.zeros((4, 4, 3), np.uint8)))
    panel.show_answer(answer(0, PAIR[0], 1, UserError("It is gone.")))
    panel.show_answer(answer(1, PAIR[1], 1))
    assert panel.answers[0].error.text() == "It is gone."
    assert not panel.answers[0].error.isHidden()
    assert panel.answers[1].error.isHidden()


def test_negative_values_put_zero_in_the_middle() -> None:
    low, high, signed, _ = common_scale([np.array([[[-1.0, 2.0]]]), np.array([[[5.0]]])])
    assert (low, high, signed) == (-5.0, 5.0, True)
    low, high, signed, _ = common_scale([np.array([[[1.0, 2.0]]]), np.array([[[5.0]]])])
    assert (low, high, signed) == (1.0, 5.0, False)


# -- the choosers ----------------------------------------------------------------------------------------------------


def test_a_third_network_comes_and_goes(qtbot: QtBot) -> None:
    choosers = Choosers()
    qtbot.addWidget(choosers)
    choosers.chosen.connect(choosers.show_networks)
    choosers.show_networks(PAIR)
    choosers.add.click()
    assert len(choosers.specs) == 3
    assert choosers.specs[:2] == PAIR
    choosers.drop.click()
    assert choosers.specs == PAIR


def test_the_legend_takes_as_many_lines_as_its_words_need(qapp: object) -> None:
    specs = (PRESETS["resnet110_exclusive_gate"], PRESETS["resnext50_32x4d"], PRESETS["densenet121"])
    one, two = legend_height(specs, 2000), legend_height(specs, 500)
    assert two > one
    assert legend_height(specs[1:2], 500) == one
