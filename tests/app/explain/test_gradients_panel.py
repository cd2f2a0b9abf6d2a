"""What the panel of gradients shows of a result, and what a person can ask it for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.app.gradient_chart import GradientLines, save_chart
from explorer.app.panels.gradients import GradientsPanel
from explorer.app.panels.gradients_setup import GradientSetup
from explorer.app.widgets.labels import ElidedLabel
from explorer.engine.explain.gradients_records import GradientsRequest, GradientsResult, Profile, Spot
from explorer.engine.records import UNTRAINED
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.spec import NetworkSpec
from tests.app.panel_support import pixels, show

SPEC = ResNetSpec("cifar", (2, 2, 1), "basic", "B", side=12, classes=5, width=4)


def spots(spec: NetworkSpec) -> tuple[tuple[Spot, ...], tuple[Spot, ...]]:
    """Inputs and weights, two layers a block where it has a shortcut."""
    inputs, weights, depth = [], [Spot("conv1", "stem", 1)], 1
    for block in spec.all_blocks:
        inputs.append(Spot(block.id, block.id, depth))
        for name in ("conv1",) if spec.plain else ("conv1", "conv2"):
            depth += 1
            weights.append(Spot(f"{block.id}.{name}", block.id, depth))
        if block.shortcut == "projection":
            weights.append(Spot(f"{block.id}.downsample.0", block.id, depth, False))
    return (*inputs, Spot("head", "head", depth)), (*weights, Spot("fc", "head", depth + 1))


def profile(spec: NetworkSpec, ratio: float, seeds: int) -> Profile:
    """Norms that change evenly from `ratio` at the first block to 1 at the head."""
    inputs, weights = spots(spec)

    def norms(count: int) -> np.ndarray:
        line = np.geomspace(ratio, 1, count)
        return np.array([line * (1 + 0.1 * seed) for seed in range(seeds)])

    return Profile(spec.name, spec.depth, inputs, weights, norms(len(inputs)), norms(len(weights)), np.full(seeds, 2.3))


def result(
    ratios: tuple[float, ...] = (35.0, 13829.0), seeds: int = 3, total: int = 3, alone: str = ""
) -> GradientsResult:
    request = GradientsRequest(SPEC, UNTRAINED, scheme="he", on="noise", seeds=total)
    specs = (SPEC, SPEC.twin())
    profiles = tuple(profile(spec, ratio, seeds) for spec, ratio in zip(specs, ratios, strict=False))
    return GradientsResult(request, "he", profiles, alone, 16, False, total)


@pytest.fixture
def panel(qtbot: QtBot) -> GradientsPanel:
    panel = show(qtbot, GradientsPanel(), 714, 366)
    panel.setup_row.set_setup(GradientSetup("he", True, 3, "noise"))
    return panel


def test_an_empty_panel_says_what_to_do(panel: GradientsPanel) -> None:
    panel.forget()
    assert panel.hint.isVisible()
    assert "Press Run" in panel.hint.text()
    assert not panel.chart.isVisible()


def test_network_and_twin_are_drawn_with_the_range_of_all_seeds(panel: GradientsPanel) -> None:
    panel.show_result(result())

    network, twin = panel.chart.series
    assert (network.name, twin.name) == (SPEC.name, SPEC.twin().name)
    assert list(network.x) == [1, 3, 5, 7, 9, 11]
    assert list(twin.x) == list(range(1, 12))
    assert network.y[0] == pytest.approx(35 * 1.1)
    assert (network.low is not None, network.low[0]) == (True, pytest.approx(35))  # type: ignore[index]
    assert network.high is not None
    assert network.high[0] == pytest.approx(35 * 1.2)
    assert panel.chart.frame.log
    assert [(band.start, band.end, band.part) for band in panel.chart.frame.bands] == [
        (1, 5, "layer1"), (5, 9, "layer2"), (9, 11, "layer3"),
    ]  # fmt: skip
    assert "grows 35\u2011fold" in panel.course.text()
    assert "grows 1.4·10⁴\u2011fold" in panel.course.text()
    assert "unlikely cause of degradation" in panel.meaning.text()
    assert "does not vanish at initialisation" in panel.meaning.text()
    assert "3 of 3 seeds" in panel.notes.text()


def test_weights_show_what_stands_beside_the_layers_as_points_of_their_own(panel: GradientsPanel) -> None:
    panel.show_result(result())
    panel.kind.buttons["weights"].click()

    names = [one.name for one in panel.chart.series]
    assert names == [SPEC.name, SPEC.twin().name, f"{SPEC.name}, projections"]
    network, twin, beside = panel.chart.series
    assert list(network.x) == list(range(1, 13)) == list(twin.x)
    assert not beside.line
    assert beside.low is None
    assert beside.ids == ("layer2.0", "layer3.0")
    assert "first layer" in _table(panel)


def test_the_table_holds_medians_and_their_range(panel: GradientsPanel) -> None:
    panel.show_result(result())
    words = _table(panel)
    assert words[:2] == [SPEC.name, SPEC.twin().name]
    assert [words[words.index("first / last") + place] for place in (1, 2)] == ["35", "1.4·10⁴"]
    assert [words[words.index("mean loss") + place] for place in (1, 2)] == ["2.3", "2.3"]


def test_names_that_do_not_fit_make_way_for_what_they_are(panel: GradientsPanel, qtbot: QtBot) -> None:
    panel.show_result(result())
    item = panel._grid.itemAtPosition(0, 2)
    assert item is not None
    heading = item.widget()
    assert isinstance(heading, ElidedLabel)
    qtbot.waitUntil(heading.isVisible)
    heading.setText("Plain MLP-20 of 64 units, a name of many words")
    heading.resize(70, 18)
    assert heading.text() == "plain twin"
    assert "MLP-20" in heading.toolTip()
    heading.resize(600, 18)
    assert "MLP-20" in heading.text()


def _table(panel: GradientsPanel) -> list[str]:
    """Words, row by row."""
    grid = panel._grid
    items = []
    for row in range(grid.rowCount()):
        for column in range(grid.columnCount()):
            item = grid.itemAtPosition(row, column)
            if item is not None and item.widget() is not None:
                items.append(getattr(item.widget(), "full_text", None) or item.widget().text())  # type: ignore[attr-defined]
    return items


def test_pointing_lights_the_block_and_tells_its_figures(panel: GradientsPanel, qtbot: QtBot) -> None:
    lit: list[str | None] = []
    chosen: list[str] = []
    panel.hovered.connect(lit.append)
    panel.block_chosen.connect(chosen.append)
    panel.show_result(result())

    panel.chart.setFocus()
    qtbot.keyClick(panel.chart, Qt.Key.Key_Right)
    assert lit == ["layer1.0"]
    assert panel.words.full_text == f"{SPEC.name} · layer1.0 · 38 (35 to 42, 3 seeds)"
    qtbot.keyClick(panel.chart, Qt.Key.Key_Down)
    qtbot.keyClick(panel.chart, Qt.Key.Key_Right)
    qtbot.keyClick(panel.chart, Qt.Key.Key_Right)
    assert lit[-1] == "layer1.1", "of the open network, where the twin's third layer stands"
    assert panel.words.full_text.startswith(f"{SPEC.twin().name} · layer1.2 · ")
    qtbot.keyClick(panel.chart, Qt.Key.Key_Return)
    assert chosen == ["layer1.1"]


def test_every_point_of_the_twin_stands_at_a_block_of_the_network() -> None:
    for kind in ("inputs", "weights"):
        lines = GradientLines(result(), kind)
        found = [lines.block(1, point) for point in range(len(lines.series[1].x))]
        inside = [block for block in found if block not in ("stem", "head")]
        assert inside == [block for block in SPEC.block_ids for _ in range(2)]


def test_zeros_and_what_is_no_number_stay_in_sight(panel: GradientsPanel) -> None:
    bad = result(seeds=1, total=1)
    bad.networks[1].input_norms[0, :3] = 0
    bad.networks[0].input_norms[0, :2] = np.inf
    bad.networks[0].input_norms[0, 2] = np.nan
    panel.show_result(bad)

    assert [words for _, words in panel.legend._legend.entries][-3:] == ["exactly zero", "infinite", "no number"]
    assert "3 of 11 norms are exactly 0" in panel.course.text()
    assert "3 of 6 norms are no finite numbers." in panel.course.text()
    assert "nothing of the gradient is left at the first block" in panel.course.text()
    assert pixels(panel.chart).std() > 0


def test_nothing_but_broken_numbers_does_no_harm(panel: GradientsPanel) -> None:
    broken = result()
    for one in broken.networks:
        one.input_norms[:] = np.nan
        one.weight_norms[:] = 0
        one.losses[:] = np.inf
    panel.show_result(broken)
    panel.kind.buttons["weights"].click()
    assert "the loss is no finite number" in panel.meaning.text()


def test_a_network_alone_says_why(panel: GradientsPanel) -> None:
    panel.show_result(result((35.0,), alone="DenseNet-40-12 has no plain twin: its layers need their shortcuts."))
    assert len(panel.chart.series) == 1
    assert "has no plain twin" in panel.notes.text()
    assert "plain network" not in panel.meaning.text().split("He et al.")[0]


# -- setting up ----------------------------------------------------------------------------------------------------


def test_trained_weights_need_neither_seeds_nor_run(panel: GradientsPanel) -> None:
    row = panel.setup_row
    row.set_setup(GradientSetup("trained", True, 3, "images"))
    assert not row.seeds.isVisible()
    assert not row.norm.isVisible()
    assert [row.on.itemData(index) for index in range(row.on.count())] == ["images", "picture"]
    panel.show_running(True)
    assert row.run.isVisible()
    assert row.run.text() == "Cancel"
    panel.show_running(False)
    panel.show_result(result(seeds=1, total=1))
    assert not row.run.isVisible()


def test_choosing_a_scheme_asks_for_what_goes_with_it(panel: GradientsPanel, qtbot: QtBot) -> None:
    row = panel.setup_row
    row.set_setup(GradientSetup("trained", True, 3, "picture"))
    with qtbot.waitSignal(panel.setup_changed):
        row.scheme.buttons["default"].click()
    assert row.norm.isVisible()
    assert panel.setup() == GradientSetup("default", True, 3, "noise")
    with qtbot.waitSignal(panel.setup_changed):
        row.norm.click()
    row.scheme.buttons["trained"].click()
    assert panel.setup() == GradientSetup("trained", False, 3, "picture")
    row.scheme.buttons["default"].click()
    with qtbot.waitSignal(panel.run_requested):
        row.run.click()
    panel.show_running(True)
    with qtbot.waitSignal(panel.cancel_requested):
        row.run.click()


def test_without_weights_they_are_drawn(panel: GradientsPanel) -> None:
    row = panel.setup_row
    row.set_setup(GradientSetup("trained", True, 3, "images"))
    row.show_weights(False)
    assert panel.setup() == GradientSetup("he", True, 3, "noise")
    assert not row.scheme.buttons["trained"].isEnabled()
    assert "There are no weights" in row.scheme.buttons["trained"].toolTip()
    row.show_weights(True)
    assert panel.setup().scheme == "trained"


@pytest.mark.parametrize("width", [560, 714, 1100])
def test_nothing_is_cut_off(panel: GradientsPanel, width: int) -> None:
    panel.resize(width, 300)
    panel.show_result(result())
    assert panel.chart.height() > 120
    assert panel.side.horizontalScrollBar().maximum() == 0
    row = panel.setup_row
    assert row.run.geometry().right() <= row.width()


def test_every_part_has_a_name(panel: GradientsPanel) -> None:
    panel.show_result(result())
    row = panel.setup_row
    for widget in (panel.chart, panel.kind, row.scheme, row.on, row.seeds):
        assert widget.accessibleName()
    assert row.norm.accessibleDescription()


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_chart_is_saved_with_its_words(panel: GradientsPanel, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"gradients{suffix}"
    save_chart(result(), "inputs", path)
    data = path.read_bytes()
    if suffix == ".svg":
        text = data.decode()
        assert f"Gradients of {SPEC.name}" in text
        assert "unlikely cause" in text
        assert "range of 3 seeds" in text
    else:
        assert data.startswith(b"\x89PNG")
