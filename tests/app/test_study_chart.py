"""The chart: what is drawn is what was measured, and what is clicked is what was meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app.study_numbers import value_of
from explorer.app.theme import DARK, LIGHT, part_colour
from explorer.app.widgets.study_bars import stage_ticks
from explorer.app.widgets.study_chart import ChartLook, StudyChart
from explorer.engine.study_records import StudyResult
from explorer.networks.catalog import PRESETS
from tests.app.panel_support import pixels, show
from tests.app.study_support import first, study
from tests.engine.networks import TINY


def chart_of(qtbot: QtBot, results: Sequence[StudyResult], look: ChartLook) -> StudyChart:
    chart = show(qtbot, StudyChart(LIGHT), 640, 300)
    chart.show_results(results, look)
    QApplication.processEvents()
    return chart


def place(chart: StudyChart, x: float, y: float) -> QPoint:
    """Where a point of the data is in the widget."""
    view = chart.plot.getViewBox()
    at: QPoint = chart.mapFromScene(view.mapViewToScene(QPointF(x, y)))
    return at


def move(chart: StudyChart, at: QPoint) -> None:
    """The pointer, without a button."""
    where = QPointF(at)
    event = QMouseEvent(
        QEvent.Type.MouseMove, where, QPointF(chart.viewport().mapToGlobal(at)), Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(chart.viewport(), event)


def bars(chart: StudyChart) -> dict[str, Any]:
    return dict(chart._layers["bars"]._bars.opts)


def test_a_bar_a_block_in_stage_colours(qtbot: QtBot) -> None:
    result = study("single")
    chart = chart_of(qtbot, [result], ChartLook("change"))
    drawn = bars(chart)
    wanted = [value_of(point, "change") for point in result.points]
    assert drawn["height"] == pytest.approx([value.value for value in wanted if value])
    assert [brush.name() for brush in drawn["brushes"]] == [part_colour(block).name() for block in TINY.block_ids]
    whiskers = chart._layers["bars"]._whiskers[0].opts
    assert whiskers["top"] == pytest.approx([value.high - value.value for value in wanted if value])
    triangles = chart._layers["bars"]._triangles.getData()[0]
    assert triangles.tolist() == [2, 5]  # layer2.0 and layer3.0


def test_sorted_by_damage(qtbot: QtBot) -> None:
    chart = chart_of(qtbot, [study("single")], ChartLook("change", "damage"))
    assert bars(chart)["height"].tolist() == sorted(bars(chart)["height"])


def test_partial_results_move_bars_and_add_no_items(qtbot: QtBot) -> None:
    result = study("single")
    chart = chart_of(qtbot, [first(result, 0)], ChartLook("change"))
    assert len(bars(chart)["height"]) == 0
    before = len(chart.plot.scene().items())
    for seen in (5, 20, 40):
        chart.show_results([first(result, seen)], ChartLook("change"))
        assert len(bars(chart)["height"]) == 7
    # Ticks and labels belong to the axes; a bar is not an item.
    assert len(chart.plot.scene().items()) <= before


@pytest.mark.parametrize("sorting", ["place", "damage"])
def test_pointing_and_clicking(qtbot: QtBot, sorting: Any) -> None:
    chart = chart_of(qtbot, [study("single")], ChartLook("change", sorting))
    shown = chart._layers["bars"]._shown
    pointed: list[tuple[int, int]] = []
    chart.pointed.connect(lambda *hit: pointed.append(hit))
    middle = float(np.mean(chart.plot.getViewBox().viewRange()[1]))
    move(chart, place(chart, shown[3].x, middle))
    assert pointed == [shown[3].hit]
    with qtbot.waitSignal(chart.chosen) as clicked:
        qtbot.mouseClick(chart.viewport(), Qt.MouseButton.LeftButton, pos=place(chart, shown[5].x, middle))
    assert tuple(clicked.args) == shown[5].hit
    QApplication.sendEvent(chart.viewport(), QEvent(QEvent.Type.Leave))
    assert pointed[-1] == (-1, -1)


def test_the_keyboard_walks_from_left_to_right_and_enter_chooses(qtbot: QtBot) -> None:
    chart = chart_of(qtbot, [study("single")], ChartLook("change"))
    pointed: list[tuple[int, int]] = []
    chart.pointed.connect(lambda *hit: pointed.append(hit))
    for _ in range(2):
        qtbot.keyClick(chart, Qt.Key.Key_Right)
    qtbot.keyClick(chart, Qt.Key.Key_Left)
    assert pointed == [(0, 0), (0, 1), (0, 0)]
    with qtbot.waitSignal(chart.chosen) as chosen:
        qtbot.keyClick(chart, Qt.Key.Key_Return)
    assert tuple(chosen.args) == (0, 0)


def test_every_run_is_a_dot_and_can_be_found(qtbot: QtBot) -> None:
    result = study("random")
    chart = chart_of(qtbot, [result], ChartLook("accuracy"))
    series = chart._layers["curves"]._series
    assert len(series[0].runs.getData()[0]) == len(result.points)
    assert len(series[0].medians.getData()[0]) == 8
    (study_number, number), x, y = chart._layers["curves"]._shown[13]
    found = chart.hit(*place(chart, x, y).toTuple())
    assert found is not None
    value = value_of(result.points[found[1]], "accuracy")
    assert study_number == found[0]
    assert result.points[found[1]].size == result.points[number].size
    assert value is not None
    assert value.value == pytest.approx(y)


def test_tau_falls_to_the_right_and_k_rises(qtbot: QtBot) -> None:
    chart = chart_of(qtbot, [study("reorder")], ChartLook("error"))
    assert place(chart, 1.0, 50).x() < place(chart, 0.5, 50).x()
    chart.show_results([study("random")], ChartLook("error"))
    QApplication.processEvents()
    assert place(chart, 0, 50).x() < place(chart, 3, 50).x()


def test_a_frontier_point_can_be_clicked_but_not_the_intact_one(qtbot: QtBot) -> None:
    result = study("greedy")
    chart = chart_of(qtbot, [result], ChartLook("accuracy", chosen=2))
    shown = chart._layers["frontier"]._shown
    assert [dot.hit[1] for dot in shown] == [-1, *range(7)]
    assert shown[0].x.value == result.intact.macs / 1e6
    with qtbot.waitSignal(chart.chosen) as clicked:
        at = place(chart, shown[3].x.value, shown[3].y.value)
        qtbot.mouseClick(chart.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert tuple(clicked.args) == (0, 2)
    assert chart._layers["frontier"]._chosen.getData()[0].tolist() == [shown[3].x.value]
    assert all(hit[1] >= 0 for hit in chart._layers["frontier"].row())
    chart.show_results([result], ChartLook("accuracy", across="latency"))
    times = [dot.x.value for dot in chart._layers["frontier"]._shown]
    assert times[0] == 100
    timed = result.points[0].latency
    assert timed is not None
    assert times[1] == pytest.approx(100 * timed.median / timed.intact)


def test_two_studies_of_other_depths_share_the_axis(qtbot: QtBot) -> None:
    first_study, second = study("single"), study("single", TINY.twin())
    chart = chart_of(qtbot, [first_study, second], ChartLook("change"))
    layer = chart._layers["bars"]
    assert len(layer._diamonds.getData()[0]) == 14
    assert [bar.x for bar in layer._of(0)] == pytest.approx([100 * (place + 0.5) / 7 for place in range(7)])
    assert layer._diamonds.getData()[0].tolist() == pytest.approx([100 * (place + 0.5) / 14 for place in range(14)])
    chart.show_results([first_study], ChartLook("change"))
    assert len(layer._diamonds.getData()[0]) == 0
    assert [bar.x for bar in layer._of(0)] == list(range(7))


def test_two_studies_of_the_same_blocks_stand_over_each_other(qtbot: QtBot) -> None:
    chart = chart_of(qtbot, [study("single"), study("cut")], ChartLook("change", "damage"))
    layer = chart._layers["bars"]
    where = {bar.block: bar.x for bar in layer._of(0)}
    assert {bar.block: bar.x for bar in layer._of(1)} == where


def test_what_the_network_has_now_is_marked(qtbot: QtBot) -> None:
    result = study("single")
    chart = chart_of(qtbot, [result], ChartLook("change", marked=result.points[4].lesion))
    layer = chart._layers["bars"]
    assert layer._mark.isVisible()
    assert layer._mark.rect().center().x() == 4
    chart.show_results([result], ChartLook("change"))
    assert not layer._mark.isVisible()


def test_colours_follow_the_theme(qtbot: QtBot) -> None:
    chart = chart_of(qtbot, [study("single")], ChartLook("change"))
    light = pixels(chart)
    chart.recolour(DARK)
    QApplication.processEvents()
    dark = pixels(chart)
    assert tuple(light[2, 2]) == (255, 255, 255)
    assert "#{:02x}{:02x}{:02x}".format(*dark[2, 2]) == DARK.window


def test_labels_are_thinned_to_what_fits() -> None:
    result = study("single")
    assert [text for _, text in stage_ticks(result, 40)] == ["0", "1", "0", "1", "2", "0", "1"]
    assert [text for _, text in stage_ticks(result, 2)] == ["0", "0", "0"]


def test_fifty_four_blocks_fit_into_a_narrow_dock(qtbot: QtBot) -> None:
    deep = TINY.with_(blocks=(18, 18, 18))
    assert deep.blocks == PRESETS["resnet110"].blocks
    result = study("single", deep, images=6)
    chart = chart_of(qtbot, [result], ChartLook("change"))
    chart.resize(400, 200)
    QApplication.processEvents()
    ticks = chart.plot.getAxis("bottom")._tickLevels[0]
    assert len(bars(chart)["height"]) == 54
    places = [place(chart, x, 0).x() for x, _ in ticks]
    assert min(np.diff(places)) >= 12
    for block in (0, 17, 53):
        assert chart.hit(*place(chart, block, chart.plot.getViewBox().viewRange()[1][1]).toTuple()) is not None
