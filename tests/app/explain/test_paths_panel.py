"""The paths panel: counts before anything is measured, figures as they come, rows that point into the diagram."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app import paths_words as words
from explorer.app.panels.paths import PathsPanel
from explorer.app.panels.unravelled import trio
from explorer.app.paths_charts import drawing
from explorer.app.theme import theme
from explorer.engine.explain.paths_records import PathsRequest, PathsResult, Unravelled, selections
from explorer.engine.records import UNTRAINED, DataRef, WeightsRef
from explorer.networks import catalog
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.paths import PathCounts, forks
from explorer.networks.spec import NetworkSpec
from tests.app.panel_support import SMALL, TRAINED, pixels, show

FORKS = forks(SMALL)
THREE = FORKS[:3]
NONE: frozenset[str] = frozenset()
Point = tuple[frozenset[str], frozenset[str]]


def measured(seeds: int = 2, spec: NetworkSpec = SMALL, weights: WeightsRef = TRAINED) -> PathsResult:
    """Halved by each branch; the second order twice as large as the first."""
    lengths = np.arange(len(forks(spec)) + 1)
    norms = np.array([(seed + 1) * 2.0**-lengths for seed in range(seeds)])
    chosen = forks(spec)[:3]
    apart = Unravelled(chosen, selections(chosen), np.arange(1.0, 9.0), np.full(8, 1 / 8), 12.5)
    return PathsResult(
        PathsRequest(spec, weights, seeds=seeds), forks(spec), norms, apart, 16, True, "the set", 1.5, "CPU"
    )


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[PathsPanel]:
    made = show(qtbot, PathsPanel(), 714, 380)
    made.show_network(SMALL, INTACT)
    made.show_blocks(THREE)
    yield made
    theme().use("light")


# -- counts and charts -----------------------------------------------------------------------------------------------


def test_counts_are_there_before_anything_is_measured(panel: PathsPanel) -> None:
    assert panel.chart.isVisible()
    assert panel.told.text().startswith("2⁹ = 512 paths: each goes through or around 9 blocks, 95 % through 2 to 7")
    (series,) = panel.chart.series
    assert series.y == pytest.approx([100 * math.comb(9, length) / 512 for length in range(10)])
    panel.show_page("gradient")
    assert not panel.chart.isVisible()
    assert "Press Measure" in panel.hint.text()


def test_deleting_draws_what_is_left_over_all(panel: PathsPanel) -> None:
    panel.show_network(SMALL, Lesion(frozenset(FORKS[:2])))
    left, every = panel.chart.series
    assert left.y == pytest.approx([100 * math.comb(7, length) / 512 for length in range(10)])
    assert every.y.sum() == pytest.approx(100)
    assert "With 2 deleted, 2⁷ = 128 are left, one in 4." in panel.told.text()
    panel.show_network(SMALL, Lesion(frozenset(FORKS[:1]), frozenset(FORKS[1:2])))
    assert "With 1 deleted, 1 cut, 2⁷ = 128 are left, one in 4." in panel.told.text()
    assert panel.chart.series[0].y[0] == 0, "none goes around the block whose shortcut is cut"


def test_all_digits_are_written_out(panel: PathsPanel) -> None:
    panel.show_network(catalog.find("preresnet110"), INTACT)
    assert "2⁵⁴ = 18,014,398,509,481,984 paths" in panel.told.text().replace("\u200b", "")
    deep = catalog.find("resnet1202")
    panel.show_network(deep, INTACT)
    assert f"{2**600:,}" in panel.told.text().replace("\u200b", "")
    assert panel.width() == 714, "181 digits break into lines"


def test_gradients_with_the_range_of_the_orders(panel: PathsPanel) -> None:
    panel.show_result(measured())
    panel.show_page("gradient")
    (series,) = panel.chart.series
    assert panel.chart.frame.log
    assert series.y == pytest.approx([1.5 * 2.0**-length for length in range(10)])
    assert series.low is not None
    assert series.high is not None
    assert series.low == pytest.approx([2.0**-length for length in range(10)])
    assert series.high == pytest.approx([2 * 2.0**-length for length in range(10)])
    assert "Each further branch multiplies it by 0.5, on average." in panel.told.text()
    assert (
        panel.bar.words.full_text == "2 orders of the blocks · the set: 16 of them · loss of their labels · CPU · 1.5 s"
    )


def test_untrained_weights_are_told(panel: PathsPanel) -> None:
    panel.show_result(measured(weights=UNTRAINED))
    panel.show_page("gradient")
    assert "weights as initialised" in panel.bar.words.full_text


def test_the_product_has_its_own_interval_beside_the_papers(panel: PathsPanel) -> None:
    panel.show_result(measured())
    panel.show_page("product")
    (series,) = panel.chart.series
    expected = np.array([math.comb(9, length) * 2.0**-length for length in range(10)])
    assert series.y == pytest.approx(100 * expected / expected.sum())
    (band,) = panel.chart.frame.bands
    assert (band.start, band.end) == (0.5, 6.5)
    assert "1 to 6 of 9" in panel.told.text()
    assert "Veit et al. 2016: almost all, 5 to 17 of 54, 0.45\u00a0% of all paths." in panel.told.text()
    panel.show_network(SMALL, Lesion(frozenset(FORKS[:1])))
    left, every = panel.chart.series
    assert every.low is None
    assert left.y == pytest.approx([100 * math.comb(8, k) * 2.0**-k / expected.sum() for k in range(10)])
    assert every.y.sum() == pytest.approx(100)


def test_pointing_at_a_length_tells_all_of_it(panel: PathsPanel) -> None:
    panel.show_result(measured())
    panel.show_network(SMALL, Lesion(frozenset(FORKS[:3])))
    panel.show_page("product")
    panel.chart.setFocus()
    panel.chart.walk(0, 1)
    panel.chart.walk(0, 1)
    panel.chart.walk(0, 1)
    told = panel.bar.words.full_text
    assert told.startswith("length 2 · 36 paths · 7.03 % · 41.7 % of them left · norm 0.375 (0.25 to 0.5)")
    panel.chart.go_to(None)
    assert "2 orders" in panel.bar.words.full_text


def test_a_logarithmic_axis_where_it_helps(panel: PathsPanel, qtbot: QtBot) -> None:
    qtbot.mouseClick(panel.log, Qt.MouseButton.LeftButton)
    assert panel.chart.frame.log
    panel.show_result(measured())
    panel.show_page("gradient")
    assert not panel.log.isVisible(), "gradients always have one"


def test_no_numbers_are_told_as_such(panel: PathsPanel) -> None:
    result = measured()
    result.norms[:, 5:] = np.nan
    panel.show_result(result)
    panel.show_page("product")
    assert "no such interval" in panel.told.text()
    panel.show_page("gradient")
    assert "to no number through all 9" in panel.told.text()
    assert "no number" in panel.legend.accessibleDescription()


@pytest.mark.parametrize(
    ("name", "said"), [("plain20", "one path only"), ("densenet40_12", "adds no shortcut to a branch")]
)
def test_where_there_is_nothing_to_unravel_it_says_why(panel: PathsPanel, name: str, said: str) -> None:
    panel.show_network(catalog.find(name), INTACT)
    panel.show_blocks(())
    for page in ("counts", "gradient", "product", "unravelled"):
        panel.show_page(page)
        assert said in panel.hint.text()
        assert panel.hint.isVisible()
    assert not panel.bar.button.isVisible()
    assert not panel.save.isVisible()
    panel.show_network(SMALL, INTACT)
    panel.show_blocks(THREE)
    assert panel.bar.button.isVisible()
    assert len(panel.unravelled.rows) == 8


def test_blocks_that_lie_on_all_paths_are_told(panel: PathsPanel) -> None:
    panel.show_network(catalog.find("efficientnet_b0"), INTACT)
    assert "7 blocks have no shortcut and lie on every path" in panel.bar.words.full_text


def test_light_and_dark_differ(panel: PathsPanel) -> None:
    panel.show_result(measured())
    panel.show_unravelled(measured())
    for page in ("product", "unravelled"):
        panel.show_page(page)
        theme().use("light")
        light = pixels(panel)
        theme().use("dark")
        assert not np.array_equal(pixels(panel), light)


@pytest.mark.parametrize("width", [640, 1100])
def test_nothing_is_cut_off(panel: PathsPanel, width: int) -> None:
    panel.show_result(measured())
    panel.show_unravelled(measured())
    panel.resize(width, 330)
    for page in ("counts", "gradient", "product", "unravelled"):
        panel.show_page(page)
        QApplication.processEvents()
        for button in panel.pages.buttons.values():
            assert button.width() >= button.sizeHint().width() - 1
        assert panel.info.geometry().right() <= panel.width()
        assert panel.bar.geometry().bottom() <= panel.height()


# -- unravelled ------------------------------------------------------------------------------------------------------


@pytest.fixture
def rows(panel: PathsPanel) -> PathsPanel:
    panel.show_page("unravelled")
    panel.show_unravelled(measured())
    return panel


def test_eight_paths_with_their_shares(rows: PathsPanel) -> None:
    assert [row.taken for row in rows.unravelled.rows] == list(selections(THREE))
    assert [row.number for row in rows.unravelled.rows][:2] == ["2.8\u00a0%", "5.6\u00a0%"]
    assert sum(row.share for row in rows.unravelled.rows) == pytest.approx(1)
    assert rows.unravelled.rows[5].words == "through layer1.0, layer1.2"
    assert rows.unravelled.rows[0].words == "around all of them"
    assert "whose norm is 12.5" in rows.unravelled.words.text()
    assert "norm 1" in rows.unravelled.rows[0].toolTip()


def test_pointing_and_focus_tell_the_path(rows: PathsPanel, qtbot: QtBot) -> None:
    told: list[Point] = []
    rows.path_pointed.connect(lambda taken, around: told.append((taken, around)))
    first, second = rows.unravelled.rows[:2]
    qtbot.mouseMove(rows, QPoint(1, 1))
    first.setFocus()
    assert told[-1] == (NONE, frozenset(THREE))
    qtbot.keyClick(first, Qt.Key.Key_Down)
    assert second.hasFocus()
    assert told[-1] == (frozenset(THREE[2:]), frozenset(THREE[:2]))
    qtbot.keyClick(second, Qt.Key.Key_Up)
    assert first.hasFocus()
    rows.pages.buttons["counts"].setFocus()
    assert told[-1] == (NONE, NONE)


def test_leaving_the_page_clears_the_path(rows: PathsPanel) -> None:
    told: list[Point] = []
    rows.path_pointed.connect(lambda taken, around: told.append((taken, around)))
    rows.unravelled.rows[3].setFocus()
    assert told[-1] != (NONE, NONE)
    rows.show_page("counts")
    assert told[-1] == (NONE, NONE)


def test_deleted_blocks_strike_out_half_of_the_paths(rows: PathsPanel) -> None:
    before = pixels(rows.unravelled.rows[7])
    rows.show_network(SMALL, Lesion(frozenset({THREE[1]})))
    gone = [row for row in rows.unravelled.rows if row.gone]
    assert [row.taken for row in gone] == [taken for taken in selections(THREE) if THREE[1] in taken]
    assert all(row.gone == "gone: layer1.1 is deleted" for row in gone)
    assert "gone: layer1.1 is deleted" in gone[0].accessibleName()
    assert "4 of 8 are left." in rows.unravelled.words.text()
    assert not np.array_equal(pixels(rows.unravelled.rows[7]), before)
    rows.show_network(SMALL, Lesion(cut=frozenset({THREE[0]})))
    gone = [row for row in rows.unravelled.rows if row.gone]
    assert [row.taken for row in gone] == [taken for taken in selections(THREE) if THREE[0] not in taken]
    assert gone[0].gone == "gone: the shortcut of layer1.0 is cut"


def test_blocks_can_be_chosen(rows: PathsPanel, qtbot: QtBot) -> None:
    chosen: list[Any] = []
    rows.blocks_chosen.connect(chosen.append)
    rows.unravelled.choices[1].setCurrentText("layer3.0")
    rows.unravelled.choices[1].activated.emit(rows.unravelled.choices[1].currentIndex())
    assert chosen[-1] == ("layer1.0", "layer1.2", "layer3.0")
    rows.unravelled.choices[0].activated.emit(2)
    assert chosen[-1] == THREE, "a block that is there already changes places"
    rows.show_blocks(("layer1.0", "layer1.2", "layer3.0"))
    assert [choice.currentText() for choice in rows.unravelled.choices] == ["layer1.0", "layer1.2", "layer3.0"]
    assert rows.unravelled.rows[0].number == "–", "shares of other blocks are not shown"
    rows.show_unravelled(measured())
    assert rows.unravelled.rows[0].number == "–"


def test_fewer_blocks_have_fewer_paths(panel: PathsPanel) -> None:
    spec = catalog.find("mlp6_64")
    panel.show_network(spec, INTACT)
    panel.show_blocks(trio(forks(spec), None))
    panel.show_page("unravelled")
    assert len(panel.unravelled.rows) == 4
    assert not panel.unravelled.choices[2].isVisible()


def test_three_in_a_row_around_the_selection() -> None:
    assert trio(FORKS, None) == FORKS[:3]
    assert trio(FORKS, "layer2.1") == ("layer2.0", "layer2.1", "layer2.2")
    assert trio(FORKS, "layer1.0") == FORKS[:3]
    assert trio(FORKS, "layer3.2") == FORKS[-3:]
    assert trio(FORKS, "head") == FORKS[:3]
    assert trio(FORKS[:2], "layer1.1") == FORKS[:2]
    assert trio((), None) == ()


# -- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "100\u00a0%"), (0.1234, "12.3\u00a0%"), (0.0045, "0.45\u00a0%"), (0.0, "0\u00a0%"),
        (3.86e-6, "3.9\u00a0×\u00a010⁻⁴\u00a0%"), (1e-16, "1.0\u00a0×\u00a010⁻¹⁴\u00a0%"),
    ],
)  # fmt: skip
def test_shares_in_words(value: float, text: str) -> None:
    assert words.share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (0.7228, "0.723"), (1234.0, "1.23e+03"), (3.1e-9, "3.1\u00a0×\u00a010⁻⁹"),
        (2e12, "2.0\u00a0×\u00a010¹²"), (float("nan"), "no number"), (float("inf"), "infinite"),
    ],
)  # fmt: skip
def test_norms_in_words(value: float, text: str) -> None:
    assert words.norm(value) == text


def test_the_explanation_keeps_to_the_papers() -> None:
    """What must be said, and nothing that the papers contradict."""
    for phrase in ("ReLU follows each addition", "pre-activated", "5 to 17 of 54", "both ways at once", "intact"):
        assert phrase in words.ABOUT
    for phrase in ("vanish", "at least 1", "no effect", "independent"):
        assert phrase not in words.ABOUT


def test_a_chart_of_counts_needs_no_result() -> None:
    series, frame = drawing("counts", PathCounts.of(SMALL), None)
    assert series[0].y.sum() == pytest.approx(100)
    assert frame.x_range == (0, 9)


# -- files -----------------------------------------------------------------------------------------------------------


def test_the_unravelled_paths_foot_tells_no_orders(panel: PathsPanel) -> None:
    panel.show_page("unravelled")
    panel.show_unravelled(measured())
    assert panel.bar.words.full_text == "the set: 16 of them · loss of their labels · CPU · 1.5 s"


def test_images_of_a_folder_are_counted() -> None:
    result = measured()
    folder = replace(result, request=replace(result.request, data=DataRef("folder", "/pets")), source="pets")
    assert "16 images of pets" in words.source_words(folder)
