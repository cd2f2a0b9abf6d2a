"""The panel of what blocks add."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from explorer.app.panels.residuals import ResidualsPanel
from explorer.app.theme import theme
from explorer.app.widgets import channels
from explorer.engine.records import UNTRAINED
from explorer.networks.catalog import find
from explorer.networks.lesion import lesion
from tests.app.explain.block_support import PLAIN, blocks_result, statistics
from tests.app.panel_support import SMALL, pixels, show


@pytest.fixture
def panel(qtbot: QtBot) -> ResidualsPanel:
    panel = show(qtbot, ResidualsPanel(), 700, 320)
    panel.show_blocks(SMALL.block_ids, "layer2.1")
    return panel


def shown(panel: ResidualsPanel) -> list[QWidget]:
    return [page for page in (panel.maps, panel.along, panel.exits, panel.hint) if page.isVisible()]


def cell(panel: ResidualsPanel, column: int, channel: int) -> np.ndarray:
    """The middle colour of each number of a channel as it is painted, (H, W, 3)."""
    image = panel.maps.columns[column].mosaic.channel_image(channel)
    return np.array(
        [[image.pixelColor(x, y).getRgb()[:3] for x in range(image.width())] for y in range(image.height())]
    )


def test_empty_it_says_what_comes(panel: ResidualsPanel) -> None:
    assert shown(panel) == [panel.hint]
    assert "in a moment" in panel.hint.text()
    panel.show_error("No such thing.")
    assert panel.hint.text() == "No such thing."
    assert panel.hint.property("rank") == "error"
    panel.show_hint("Open a picture.")
    assert panel.hint.property("rank") == "muted"


def test_three_maps_on_one_scale(panel: ResidualsPanel) -> None:
    result = blocks_result()
    panel.show_found(result)
    assert shown(panel) == [panel.maps]
    maps = result.maps
    assert maps is not None
    assert maps.added is not None
    assert maps.total is not None
    three = (maps.carried, maps.added, maps.total)
    far = max(float(np.abs(values).max()) for values in three)
    table = channels.table(channels.DIVERGING)
    for column, values in enumerate(three):
        index = np.rint((values[3] + far) / (2 * far) * channels.TOP).astype(int)
        np.testing.assert_array_equal(cell(panel, column, 3), table[index])
    names = [column.name.text() for column in panel.maps.columns]
    assert names == ["x", "F(x)", "x + F(x)"]
    assert [sign.text() for sign in panel.maps.signs] == ["+", "="]
    assert "A ReLU follows the sum." in panel.maps.words.text()


def test_a_channel_chosen_in_one_is_marked_in_all(panel: ResidualsPanel, qtbot: QtBot) -> None:
    panel.show_found(blocks_result())
    first = panel.maps.columns[0].mosaic
    qtbot.mouseClick(first.viewport(), Qt.MouseButton.LeftButton, pos=first.cell(5).center())
    assert [column.mosaic.current for column in panel.maps.columns] == [5, 5, 5]
    qtbot.keyClick(panel.maps.columns[1].mosaic, Qt.Key.Key_Right)
    assert [column.mosaic.current for column in panel.maps.columns] == [6, 6, 6]


def test_the_pointer_tells_all_three_numbers(panel: ResidualsPanel) -> None:
    result = blocks_result()
    panel.show_found(result)
    maps = result.maps
    assert maps is not None
    assert maps.added is not None
    maps.carried[4, 2, 3], maps.added[4, 2, 3] = 0.5, -0.25
    assert maps.total is not None
    maps.total[4, 2, 3] = 0.25
    panel.maps.columns[2].mosaic.hovered.emit(4, 2, 3)
    assert panel.maps.pointer.full_text == "channel 4, row 2, column 3: x 0.5, F(x) −0.25, x + F(x) 0.25"
    panel.maps.columns[2].mosaic.hovered.emit(-1, -1, -1)
    ratio = result.figures.ratio[4]
    assert panel.maps.pointer.full_text.startswith(f"|F(x)| / |x| = {ratio:.2f}, cosine ")


def test_one_channel_alone(panel: ResidualsPanel, qtbot: QtBot) -> None:
    result = blocks_result()
    panel.show_found(result)
    panel.maps.single.click()
    mosaic = panel.maps.columns[1].mosaic
    assert mosaic.cells.side > 100
    qtbot.keyClick(mosaic, Qt.Key.Key_Right)
    qtbot.keyClick(mosaic, Qt.Key.Key_Down)
    assert panel.maps.channel == 2
    assert panel.maps.pointer.full_text.startswith("channel 2")
    alone = cell(panel, 1, 0)
    qtbot.keyClick(mosaic, Qt.Key.Key_Escape)
    assert not panel.maps.single.isChecked()
    np.testing.assert_array_equal(cell(panel, 1, 2), alone)


def test_a_deleted_block_adds_the_colour_of_zero(panel: ResidualsPanel) -> None:
    panel.show_found(blocks_result(done=lesion(SMALL, ["layer2.1"])))
    zero = channels.table(channels.DIVERGING)[round(channels.TOP / 2)]
    assert (cell(panel, 1, 0) == zero).all()
    assert "Deleted: F(x) is zero" in panel.maps.words.text()
    assert panel.maps.pointer.full_text == "|F(x)| / |x| = 0.00"


def test_a_layer_without_shortcut_has_no_sum(panel: ResidualsPanel) -> None:
    panel.show_found(blocks_result(PLAIN, twin=None))
    assert [column.isVisible() for column in panel.maps.columns] == [True, True, False]
    assert "No shortcut" in panel.maps.words.text()
    assert panel.maps.pointer.full_text == ""


def test_a_dense_layer_puts_channels_behind(panel: ResidualsPanel) -> None:
    spec = find("densenet40_12").with_(side=28, in_channels=1, classes=10)
    panel.show_found(blocks_result(spec, block="layer1.1", twin=None))
    assert [len(column.maps) for column in panel.maps.columns if column.maps is not None] == [28, 12, 40]
    panel.maps.columns[2].mosaic.chosen.emit(33)
    assert panel.maps.columns[1].mosaic.current != 33


def test_gated_ways_are_named_so(panel: ResidualsPanel) -> None:
    for variant, names in (
        ("exclusive-gate", ["gated x", "gated F(x)", "the sum"]),
        ("shortcut-gate", ["gated x", "F(x)", "the sum"]),
    ):
        panel.show_found(blocks_result(SMALL.with_(variant=variant), twin=None))
        assert [column.name.text() for column in panel.maps.columns] == names


def test_an_untrained_network_is_said_to_be_one(panel: ResidualsPanel) -> None:
    panel.show_found(blocks_result(weights=UNTRAINED, twin=None))
    assert panel.maps.words.text().endswith("this is how it was initialised.")
    panel.show_page("depth")
    assert "this is how it was initialised" in panel.along.readout.full_text
    panel.show_page("exits")
    assert "this is how it was initialised" in panel.exits.words.text()


def test_what_is_no_number_is_told(panel: ResidualsPanel) -> None:
    result = blocks_result()
    assert result.maps is not None
    assert result.maps.added is not None
    result.maps.added[0, 0, 0] = np.nan
    panel.show_found(result)
    assert "they are magenta" in panel.maps.words.text()
    assert tuple(cell(panel, 1, 0)[0, 0]) == (255, 0, 255)


def test_walking_through_the_blocks(panel: ResidualsPanel, qtbot: QtBot) -> None:
    panel.show_found(blocks_result())
    asked: list[str] = []
    panel.block_chosen.connect(asked.append)
    panel.forth.click()
    panel.back.click()
    panel.block.setCurrentText("layer1.0")
    panel.block.activated.emit(0)
    assert asked == ["layer2.2", "layer2.0", "layer1.0"]
    panel.show_blocks(SMALL.block_ids, "layer1.0")
    assert not panel.back.isEnabled()
    panel.show_blocks(SMALL.block_ids, "layer3.2")
    assert not panel.forth.isEnabled()
    assert panel.chosen_block == "layer3.2"


def test_along_the_depth(panel: ResidualsPanel, qtbot: QtBot) -> None:
    panel.show_found(blocks_result())
    seen: list[object] = []
    panel.page_shown.connect(lambda: seen.append(panel.page))
    panel.pages.buttons["depth"].click()
    assert seen == ["depth"]
    assert shown(panel) == [panel.along]
    chart = panel.along.chart
    assert [one.name for one in chart.series] == ["ResNet-20, this picture"]
    panel.show_measured(statistics())
    assert len(chart.series) == 2
    assert not panel.along.sorting.isVisible()
    panel.along.measure.buttons["response"].click()
    assert panel.along.sorting.isVisible()
    assert len(chart.series) == 4
    panel.along.sorting.buttons["size"].click()
    assert panel.along.shown == ("response", "size")
    assert (np.diff(chart.series[0].y) <= 0).all()


def test_a_point_is_told_lit_and_chosen(panel: ResidualsPanel) -> None:
    panel.show_found(blocks_result())
    panel.show_page("depth")
    lit: list[str] = []
    asked: list[str] = []
    panel.hovered.connect(lit.append)
    panel.block_chosen.connect(asked.append)
    panel.along.chart.pointed.emit(0, 4)
    assert panel.along.readout.full_text.startswith("ResNet-20, layer2.1: ")
    panel.along.chart.pointed.emit(-1, -1)
    panel.along.chart.chosen.emit(0, 4)
    assert lit == ["layer2.1", ""]
    panel.along.measure.buttons["response"].click()
    panel.along.chart.chosen.emit(1, 4)
    panel.along.chart.chosen.emit(0, 0)
    assert asked == ["layer2.1"], "the twin's layers and the stem are no blocks of the diagram"


def test_a_plain_network_says_why_there_is_no_ratio(panel: ResidualsPanel) -> None:
    panel.show_found(blocks_result(PLAIN, twin=None))
    panel.show_page("depth")
    assert panel.along.chart.series == ()
    assert not panel.along.chart.isVisible()
    assert panel.along.hint.isVisible()
    assert "adds nothing to anything" in panel.along.hint.text()
    assert "adds nothing" not in panel.along.readout.full_text, "said once"
    panel.along.measure.buttons["response"].click()
    assert panel.along.chart.isVisible()
    assert not panel.along.hint.isVisible()


def test_another_number_of_images_asks_for_no_run(panel: ResidualsPanel) -> None:
    asked: list[str] = []
    panel.run_requested.connect(lambda: asked.append("run"))
    panel.count_changed.connect(lambda: asked.append("count"))
    panel.run.images.setCurrentIndex(0)
    assert asked == ["count"]


def test_leaving_a_page_leaves_its_point(panel: ResidualsPanel, qtbot: QtBot) -> None:
    panel.show_found(blocks_result())
    panel.show_page("depth")
    lit: list[str] = []
    panel.hovered.connect(lit.append)
    qtbot.keyClick(panel.along.chart, Qt.Key.Key_Right)
    assert lit == ["layer1.0"]
    assert panel.along.chart.accessibleDescription().startswith("ResNet-20, layer1.0: ")
    panel.pages.buttons["maps"].click()
    assert lit[-1] == ""


def cells(panel: ResidualsPanel) -> list[list[str]]:
    table = panel.exits.table
    found = [[table.item(row, column) for column in range(table.columnCount())] for row in range(table.rowCount())]
    return [["" if item is None else item.text() for item in row] for row in found]


def test_early_answers(panel: ResidualsPanel) -> None:
    result = blocks_result()
    panel.show_found(result)
    panel.show_page("exits")
    assert not panel.exits.chart.isVisible()
    assert [row[0] for row in cells(panel)] == ["layer3.0", "layer3.1", "layer3.2"]
    _, name, probability = result.prediction.top(1)[0]
    last = cells(panel)[-1]
    assert last[1].strip("\u2007") == f"{100 * probability:.1f}\u00a0%  {name}"
    assert last[2] == f"{100 * result.prediction.probabilities[2]:.1f}\u00a0%"
    panel.show_measured(statistics())
    assert panel.exits.chart.isVisible()
    assert [row[3] for row in cells(panel)] == ["25.0\u00a0%", "50.0\u00a0%", "75.0\u00a0%"]
    assert "500 images" in panel.exits.words.text()
    panel.exits.chart.pointed.emit(1, 2)
    assert panel.exits.words.text().startswith("Plain-20, behind layer3.2: ")
    assert "n = 500" in panel.exits.words.text()
    assert panel.exits.chart.accessibleDescription() == panel.exits.words.text()
    asked: list[str] = []
    panel.block_chosen.connect(asked.append)
    panel.exits.table.cellActivated.emit(1, 0)
    assert asked == ["layer3.1"]


def test_early_answers_without_labels_or_numbers(panel: ResidualsPanel) -> None:
    result = blocks_result(label=None)
    result.figures.exits[0] = np.nan
    panel.show_found(result)
    panel.show_measured(statistics(labelled=False))
    panel.show_page("exits")
    rows = cells(panel)
    assert rows[0][1] == "no numbers"
    assert [row[2] for row in rows] == ["33.2\u00a0%", "66.6\u00a0%", "100.0\u00a0%"]


def test_running_and_how_many_images(panel: ResidualsPanel) -> None:
    panel.show_found(blocks_result())
    panel.show_page("exits")
    told: list[str] = []
    panel.run_requested.connect(lambda: told.append("run"))
    panel.cancel_requested.connect(lambda: told.append("cancel"))
    assert panel.run.count == 500
    panel.run.button.click()
    panel.show_running(True)
    panel.show_measured(statistics(images=96))
    assert panel.state.full_text == "96 of 500 images"
    panel.run.button.click()
    assert told == ["run", "cancel"]
    panel.show_running(False)
    assert panel.run.button.text() == "Measure"
    panel.run.images.setCurrentIndex(panel.run.images.count() - 1)
    assert panel.run.count is None


def test_in_the_dark_it_is_dark(panel: ResidualsPanel) -> None:
    panel.show_found(blocks_result(done=lesion(SMALL, ["layer2.1"])))
    theme().use("dark")
    try:
        assert pixels(panel.maps.columns[1].mosaic.viewport()).mean() < 60
        panel.show_page("depth")
        assert pixels(panel.along.chart).mean() < 90
    finally:
        theme().use("light")


def test_it_fits_its_room(panel: ResidualsPanel) -> None:
    """At 1280x720 the panel has about 700x300."""
    panel.show_found(blocks_result())
    panel.show_measured(statistics())
    for page in ("maps", "depth", "exits"):
        panel.show_page(page)
        assert panel.minimumSizeHint().width() <= 700
        assert panel._holder.minimumSizeHint().width() <= 684
        assert panel.header.minimumSize().width() <= 684
