"""The feature maps panel: mosaic, one channel, order, change; on real maps and on hostile ones."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pyqtgraph
import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from explorer.app.panels.feature_maps import FeatureMapsPanel
from explorer.app.widgets import channels as arithmetic
from explorer.engine.build import build
from explorer.engine.modules import Network
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import INTACT
from tests.app.panel_support import SMALL, document, picture, picture_result, pixels, show

FLAT = np.full(10, 0.1)
DELETED = frozenset({"layer2.1"})


def run(network: Network, deleted: frozenset[str]) -> dict[str, np.ndarray]:
    """Every part's maps, in the plainest way."""
    maps = {}
    with torch.inference_mode():
        x = torch.from_numpy(picture().pixels[None, :, :, :1].astype(np.float32) / 255).permute(0, 3, 1, 2)
        x = network.stem(x)
        maps["stem"] = x[0].numpy().copy()
        for block_id, block in network.blocks():
            x = block(x, "deleted" if block_id in deleted else "whole")
            maps[block_id] = maps[block_id.split(".")[0]] = x[0].numpy().copy()
    return maps


@pytest.fixture(scope="module")
def real() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Maps of a ResNet-20 with layer2.1 deleted, and intact."""
    network = build(SMALL)
    return run(network, DELETED), run(network, frozenset())


def panel_with(
    qtbot: QtBot,
    maps: dict[str, np.ndarray],
    intact: dict[str, np.ndarray] | None = None,
    deleted: frozenset[str] = frozenset(),
    size: tuple[int, int] = (870, 400),
) -> FeatureMapsPanel:
    shown = picture()
    panel = show(qtbot, FeatureMapsPanel(document(SMALL, picture=shown, deleted=deleted)), *size)
    panel.show_result(picture_result(shown, FLAT, deleted=deleted, maps=maps, intact_maps=intact))
    qtbot.wait(1)
    return panel


def of(maps: np.ndarray) -> dict[str, np.ndarray]:
    return {"layer1": maps.astype(np.float32)}


def viridis(share: float) -> np.ndarray:
    return np.array(pyqtgraph.colormap.get("viridis").mapToByte(share))[:3].astype(int)


def cell_colour(panel: FeatureMapsPanel, place: int) -> np.ndarray:
    """What is painted in the middle of a cell."""
    middle = panel.mosaic.cell(place).center()
    return pixels(panel.mosaic.viewport())[middle.y(), middle.x()].astype(int)


def test_maps_below_zero_have_zero_in_the_middle_of_two_colours(qtbot: QtBot) -> None:
    maps = np.array([0, -3, 1])[:, None, None] * np.ones((4, 4))
    panel = panel_with(qtbot, of(maps))
    assert (panel.bar.low.text(), panel.bar.high.text()) == ("−3.0", "3.0")
    table = pyqtgraph.colormap.get(arithmetic.DIVERGING)
    for place, share in ((0, 0.5), (1, 0.0), (2, 4 / 6)):
        assert np.abs(cell_colour(panel, place) - np.array(table.mapToByte(share))[:3]).max() <= 4


def test_change_can_be_asked_for_with_blocks_cut_or_moved(
    qtbot: QtBot, real: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
) -> None:
    panel = panel_with(qtbot, now := real[0], intact := real[1])
    for lesion in ({"cut": DELETED}, {"order": INTACT.swapped(SMALL, "layer1.0", "layer1.1").order}):
        result = picture_result(picture(), FLAT, maps=now, intact_maps=intact)
        panel.show_result(replace(result, request=replace(result.request, **lesion)))
        assert panel.change.isEnabled()
    panel.show_result(replace(panel._result, maps={"layer1": intact["layer2"]}))
    assert not panel.change.isEnabled()
    assert "another size" in panel.change.toolTip()


def test_empty_panel_says_what_to_do(qtbot: QtBot) -> None:
    panel = show(qtbot, FeatureMapsPanel(document()), 800, 300)
    assert panel.hint.isVisible()
    assert "picture" in panel.hint.text()
    assert not panel.mosaic.isVisible()
    assert list(panel.chips) == ["stem", "layer1", "layer2", "layer3"]
    assert panel.chips["layer1"].isChecked()


def test_real_maps_of_every_part(qtbot: QtBot, real: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]) -> None:
    _, intact = real
    panel = panel_with(qtbot, intact)
    shapes = {"stem": "16 channels, 28×28", "layer2": "32 channels, 14×14", "layer3": "64 channels, 7×7"}
    for part, expected in shapes.items():
        qtbot.mouseClick(panel.chips[part], Qt.MouseButton.LeftButton)
        share = (intact[part] == 0).mean()
        assert panel.caption.full_text == f"{expected} · {100 * share:.0f} % zeros"
        assert float(panel.bar.high.text()) == pytest.approx(intact[part].max(), rel=0.05)
        assert panel.bar.low.text() == "0.0"


def test_each_cell_has_the_colour_of_its_number(qtbot: QtBot) -> None:
    levels = np.linspace(0, 1, 6)
    panel = panel_with(qtbot, of(np.ones((6, 4, 4)) * levels[:, None, None]))
    for channel, level in enumerate(levels):
        # 254 steps instead of a continuum: at most two levels of a channel apart.
        assert np.abs(cell_colour(panel, channel) - viridis(level)).max() <= 3


def test_rows_of_a_map_run_down_and_columns_across(qtbot: QtBot) -> None:
    one = np.zeros((1, 2, 2))
    one[0, 0, 1] = 1.0
    panel = panel_with(qtbot, of(one))
    rect = panel.mosaic.cell(0)
    seen = pixels(panel.mosaic.viewport()).astype(int)
    quarter, three = rect.width() // 4, 3 * rect.width() // 4
    bright = seen[rect.top() + quarter, rect.left() + three]
    assert np.abs(bright - viridis(1)).max() <= 3
    for x, y in ((quarter, quarter), (quarter, three), (three, three)):
        assert np.abs(seen[rect.top() + y, rect.left() + x] - viridis(0)).max() <= 3


def test_click_enlarges_a_channel_with_its_figures(qtbot: QtBot) -> None:
    maps = np.random.default_rng(1).random((9, 5, 5)).astype(np.float32) * 4
    panel = panel_with(qtbot, of(maps))
    place = panel.mosaic.cell(7).center()
    qtbot.mouseClick(panel.mosaic.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert panel.channel_label.full_text == "channel 7 on the picture"
    low, mean, high = maps[7].min(), maps[7].mean(), maps[7].max()
    assert panel.range_label.full_text == f"{low:.2g} to {high:.1f}, mean {mean:.1f}"


def test_channel_that_shows_most_comes_first_and_the_chosen_one_stays(qtbot: QtBot) -> None:
    maps = np.zeros((5, 4, 4))
    maps[1], maps[3, 0] = 9.0, 5.0
    panel = panel_with(qtbot, {**of(maps), "layer2": np.ones((5, 2, 2), np.float32)})
    # Channel 1 is brighter but flat: 3 has something to show.
    assert panel.channel_label.full_text == "channel 3 on the picture"
    qtbot.mouseClick(panel.mosaic.viewport(), Qt.MouseButton.LeftButton, pos=panel.mosaic.cell(2).center())
    panel.show_result(picture_result(picture(), FLAT, maps=of(maps + 1)))
    assert panel.channel_label.full_text == "channel 2 on the picture"


def test_opacity_lays_the_channel_over_the_picture(qtbot: QtBot) -> None:
    maps = np.zeros((2, 2, 2))
    maps[1] = 1.0
    panel = panel_with(qtbot, of(maps))
    qtbot.mouseClick(panel.mosaic.viewport(), Qt.MouseButton.LeftButton, pos=panel.mosaic.cell(1).center())
    side = panel.enlarged.width()
    for opacity in (0, 50, 100):
        panel.opacity.setValue(opacity)
        seen = pixels(panel.enlarged).astype(int)[side // 2]
        # The picture is black on the left and white on the right; the channel is one colour all over.
        for x, ground in ((side // 4, 0), (3 * side // 4, 255)):
            expected = viridis(1) * opacity / 100 + ground * (1 - opacity / 100)
            assert np.abs(seen[x] - expected).max() <= 4


def test_arrow_keys_walk_the_channels_as_they_stand(qtbot: QtBot) -> None:
    panel = panel_with(qtbot, of(np.random.default_rng(2).random((12, 3, 3))))
    columns = panel.mosaic.cells.columns
    panel.mosaic.setFocus()
    qtbot.keyClick(panel.mosaic, Qt.Key.Key_Home)
    for key, channel in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 1 + columns),
        (Qt.Key.Key_Left, columns),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_End, 11),
        (Qt.Key.Key_Right, 11),
        (Qt.Key.Key_Home, 0),
    ):
        qtbot.keyClick(panel.mosaic, key)
        assert panel.channel_label.full_text == f"channel {channel} on the picture"
    assert panel.mosaic.accessibleDescription() == "channel 0 of 12"


@pytest.mark.parametrize(("by", "number"), [("mean", np.mean), ("variance", np.var)])
def test_order(qtbot: QtBot, by: str, number: object) -> None:
    maps = np.random.default_rng(3).random((8, 4, 4)) * np.arange(1, 9)[::-1, None, None]
    panel = panel_with(qtbot, of(maps))
    panel.orders[by].trigger()
    assert by in panel.sort.text()
    expected = sorted(range(8), key=lambda channel: -number(maps[channel]))  # type: ignore[operator]
    met = []
    for place in range(8):
        qtbot.mouseClick(panel.mosaic.viewport(), Qt.MouseButton.LeftButton, pos=panel.mosaic.cell(place).center())
        met.append(int(panel.channel_label.full_text.split()[1]))
    assert met == expected
    panel.orders["index"].trigger()
    qtbot.mouseClick(panel.mosaic.viewport(), Qt.MouseButton.LeftButton, pos=panel.mosaic.cell(3).center())
    assert panel.channel_label.full_text == "channel 3 on the picture"


def test_pointer_tells_channel_place_and_value(qtbot: QtBot) -> None:
    maps = np.arange(4 * 4 * 4, dtype=float).reshape(4, 4, 4)
    panel = panel_with(qtbot, of(maps))
    rect = panel.mosaic.cell(2)
    step = rect.width() / 4
    point = rect.topLeft() + QPoint(int(3.5 * step), int(1.5 * step))
    qtbot.mouseMove(panel.mosaic.viewport(), point)
    qtbot.waitUntil(lambda: panel.pointer.full_text != "", timeout=1000)
    assert panel.pointer.full_text == f"channel 2, row 1, column 3: {maps[2, 1, 3]:.1f}"


def test_change_against_intact_is_symmetric_about_zero(
    qtbot: QtBot, real: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
) -> None:
    now, intact = real
    panel = panel_with(qtbot, now, intact, DELETED)
    qtbot.mouseClick(panel.chips["layer3"], Qt.MouseButton.LeftButton)
    assert panel.change.isEnabled()
    qtbot.mouseClick(panel.change, Qt.MouseButton.LeftButton)
    most = np.abs(now["layer3"] - intact["layer3"]).max()
    assert panel.bar.high.text() == f"{most:.1f}"
    assert panel.bar.low.text() == f"−{most:.1f}"
    place = panel.mosaic.cell(4).center()
    qtbot.mouseClick(panel.mosaic.viewport(), Qt.MouseButton.LeftButton, pos=place)
    change = now["layer3"][4] - intact["layer3"][4]
    assert panel.range_label.full_text.endswith(f"mean {change.mean():.2g}".replace("-", "−"))


def test_no_change_before_the_first_deleted_block(
    qtbot: QtBot, real: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
) -> None:
    now, intact = real
    panel = panel_with(qtbot, now, intact, DELETED)
    qtbot.mouseClick(panel.change, Qt.MouseButton.LeftButton)
    assert panel.caption.full_text.endswith("no change")
    # Zero is the white in the middle of the diverging colours.
    assert cell_colour(panel, 3).min() > 215


def test_change_can_only_be_asked_for_with_blocks_deleted(
    qtbot: QtBot, real: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
) -> None:
    now, intact = real
    panel = panel_with(qtbot, now, intact, DELETED)
    qtbot.mouseClick(panel.change, Qt.MouseButton.LeftButton)
    panel.show_result(picture_result(picture(), FLAT, maps=intact))
    assert not panel.change.isEnabled()
    assert not panel.change.isChecked()
    assert panel.bar.low.text() == "0.0"
    assert "something first" in panel.change.toolTip()


def test_selected_block_gets_a_chip(qtbot: QtBot, real: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]) -> None:
    _, intact = real
    shown = picture()
    opened = document(SMALL, picture=shown)
    panel = show(qtbot, FeatureMapsPanel(opened), 870, 400)
    panel.show_result(picture_result(shown, FLAT, maps=intact))
    opened.replace(selection="layer3.1")
    assert list(panel.chips)[-1] == "layer3.1"
    assert panel.chips["layer3.1"].isChecked()
    assert panel.part == "layer3.1"
    assert panel.caption.full_text.startswith("64 channels")
    opened.replace(selection="stem")
    assert panel.chips["stem"].isChecked()
    opened.replace(selection="head")
    assert panel.chips["stem"].isChecked()
    opened.replace(spec=PRESETS["resnet18"].with_(blocks=(1, 1, 1, 1)), selection=None)
    assert list(panel.chips) == ["stem", "layer1", "layer2", "layer3", "layer4"]


def test_maps_that_were_not_kept_are_asked_for_once(qtbot: QtBot) -> None:
    maps = of(np.ones((2, 2, 2)))
    panel = panel_with(qtbot, maps)
    asked: list[str] = []
    panel.maps_requested.connect(asked.append)
    qtbot.mouseClick(panel.chips["layer2"], Qt.MouseButton.LeftButton)
    assert asked == ["layer2"]
    assert "layer2" in panel.hint.text()
    assert not panel.mosaic.isVisible()
    panel.show_result(picture_result(picture(), FLAT, maps=maps))
    assert asked == ["layer2"]
    assert "too large" in panel.hint.text()
    panel.show_result(picture_result(picture(), FLAT, maps={**maps, "layer2": np.ones((3, 2, 2), np.float32)}))
    assert panel.mosaic.isVisible()
    assert panel.caption.full_text.startswith("3 channels")


def test_nan_infinity_and_dead_channels_do_no_harm(qtbot: QtBot) -> None:
    maps = np.random.default_rng(4).random((6, 4, 4))
    maps[1] = np.nan
    maps[2] = 0
    maps[3, 0, 0] = np.inf
    panel = panel_with(qtbot, of(maps))
    assert "no numbers" in panel.caption.full_text
    for place in range(6):
        qtbot.mouseClick(panel.mosaic.viewport(), Qt.MouseButton.LeftButton, pos=panel.mosaic.cell(place).center())
    # What is no number has a colour that the map does not have.
    assert tuple(cell_colour(panel, 1)) == (255, 0, 255)
    assert np.abs(cell_colour(panel, 2) - viridis(0)).max() <= 3
    panel.orders["mean"].trigger()
    panel.orders["variance"].trigger()
    assert not panel.image().isNull()


@pytest.mark.parametrize("value", [0.0, np.nan, 3.0, -2.0])
def test_flat_maps(qtbot: QtBot, value: float) -> None:
    panel = panel_with(qtbot, of(np.full((4, 3, 3), value)))
    assert panel.mosaic.isVisible()
    pixels(panel)


@pytest.mark.parametrize("shape", [(2048, 7, 7), (64, 112, 112), (256, 56, 56)])
def test_large_maps_are_composed_quickly(qtbot: QtBot, shape: tuple[int, int, int]) -> None:
    maps = of(np.random.default_rng(5).normal(size=shape))
    panel = panel_with(qtbot, maps)
    result = picture_result(picture(), FLAT, maps=maps)
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        panel.show_result(result)
        taken.append(time.perf_counter() - begun)
    # The best of five, since other programs may run beside the test.
    assert min(taken) < 0.03


def test_too_many_channels_scroll_instead_of_shrinking(qtbot: QtBot) -> None:
    panel = panel_with(qtbot, of(np.random.default_rng(6).random((512, 7, 7))), size=(700, 300))
    assert panel.mosaic.cells.side >= 24
    assert panel.mosaic.verticalScrollBar().maximum() > 0
    panel.mosaic.setFocus()
    qtbot.keyClick(panel.mosaic, Qt.Key.Key_End)
    assert panel.channel_label.full_text == "channel 511 on the picture"
    assert panel.mosaic.viewport().rect().contains(panel.mosaic.cell(511))


@pytest.mark.parametrize("size", [(500, 220), (760, 300), (1400, 500)])
def test_cells_use_the_room_and_stay_inside(qtbot: QtBot, size: tuple[int, int]) -> None:
    panel = panel_with(qtbot, of(np.random.default_rng(7).random((16, 28, 28))), size=size)
    room = panel.mosaic.viewport().rect()
    cells = [panel.mosaic.cell(place) for place in range(16)]
    assert all(room.contains(cell) for cell in cells)
    assert not any(a.intersects(b) for index, a in enumerate(cells) for b in cells[:index])


def test_mosaic_as_a_picture(qtbot: QtBot) -> None:
    levels = np.linspace(0, 1, 5)
    panel = panel_with(qtbot, of(np.ones((5, 7, 7)) * levels[:, None, None]))
    buttons = {button.text(): button for button in panel.findChildren(QPushButton)}
    with qtbot.waitSignal(panel.copy_requested) as copied:
        qtbot.mouseClick(buttons["Copy"], Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(panel.save_requested) as saved:
        qtbot.mouseClick(buttons["Save…"], Qt.MouseButton.LeftButton)
    image = saved.args[0]
    assert image == copied.args[0]
    columns = panel.mosaic.cells.columns
    step = 49 + 3
    for channel, level in enumerate(levels):
        row, column = divmod(channel, columns)
        colour = image.pixelColor(column * step + 20, row * step + 20)
        assert np.abs(np.array(colour.getRgb()[:3]) - viridis(level)).max() <= 3


def test_error_takes_the_place_of_the_maps(qtbot: QtBot) -> None:
    panel = panel_with(qtbot, of(np.ones((2, 2, 2))))
    panel.show_error("The device has run out of memory.")
    assert panel.hint.text() == "The device has run out of memory."
    assert panel.hint.isVisible()
    assert not panel.mosaic.isVisible()


def test_keyboard_reaches_everything_in_reading_order(qtbot: QtBot) -> None:
    panel = panel_with(qtbot, of(np.ones((4, 2, 2))))
    panel.activateWindow()
    panel.chips["layer1"].setFocus()
    met = []
    for _ in range(3):
        QApplication.processEvents()
        qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Tab)
        met.append(panel.focusWidget())
    assert met == [panel.sort, panel.mosaic, panel.opacity]


def test_no_change_is_the_ground_of_the_theme() -> None:
    middle = arithmetic.TOP // 2
    assert min(arithmetic.table(arithmetic.DIVERGING)[middle]) > 200
    assert max(arithmetic.table(arithmetic.DIVERGING_DARK)[middle]) < 60
