"""What the study panel looks like: nothing is cut off where it is narrow, and equal things look equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QStyle
from pytestqt.qtbot import QtBot

from explorer.app.panels.study import StudyPanel
from explorer.app.theme import theme
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.heat_map import diverging
from explorer.engine.study_records import StudyKind
from explorer.engine.weights import untrained
from explorer.networks.spec import NetworkSpec
from tests.app.panel_support import show
from tests.app.study_support import study
from tests.engine.networks import TINY

NARROW = 714
"""Logical pixels that the panel has in a window of 1280."""


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[StudyPanel]:
    panel = show(qtbot, StudyPanel(), NARROW, 360)
    panel.show_network(TINY, study().info)
    yield panel
    theme().use("light")


@pytest.mark.parametrize("kind", get_args(StudyKind))
@pytest.mark.parametrize("spec", [TINY, TINY.twin()], ids=["residual", "plain"])
def test_the_fields_of_the_setup_fit_beside_its_scroll_bar(panel: StudyPanel, kind: str, spec: NetworkSpec) -> None:
    column = panel.setup_column
    panel.show_network(spec, untrained(spec))
    column.show_lesion(True)
    column.kind.setCurrentIndex(column.kind.findData(kind))
    bar = column.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent, None, column.verticalScrollBar())
    assert column.widget().minimumSizeHint().width() <= column.width() - bar


def test_the_keyboard_stays_with_the_buttons_of_a_study(panel: StudyPanel) -> None:
    column = panel.setup_column
    column.run.setFocus()
    panel.show_state("running")
    assert panel.window().focusWidget() is column.pause
    panel.show_state("paused")
    assert panel.window().focusWidget() is column.pause
    panel.show_state("idle")
    assert panel.window().focusWidget() is column.run
    column.images.setFocus()
    panel.show_state("running")
    assert panel.window().focusWidget() is column.images


def test_a_study_says_that_it_starts_from_the_intact_network(panel: StudyPanel) -> None:
    column = panel.setup_column
    assert column.note.isHidden()
    column.show_lesion(True)
    assert "intact network" in column.note.text()
    assert not column.note.isHidden()
    column.show_lesion(False)
    assert column.note.isHidden()


def test_the_choice_beside_the_chart_is_whole_in_a_narrow_window(panel: StudyPanel, qtbot: QtBot) -> None:
    panel.show_results((study(),))
    panel.bar.side.click()
    choice = panel.side.choice
    qtbot.waitUntil(lambda: choice.width() >= choice.sizeHint().width())
    panel.bar.view.buttons["classes"].click()
    panel.damage.chosen.emit(0, 1)
    assert choice.buttons["images"].isVisible()
    qtbot.waitUntil(lambda: choice.width() >= choice.sizeHint().width())
    assert panel.side.geometry().right() <= panel._splitter.width()
    assert panel.width() == NARROW


def test_what_a_budget_buys_stands_below_it_in_a_narrow_window(panel: StudyPanel, qtbot: QtBot) -> None:
    panel.show_results((study("greedy"),))
    panel.bar.side.click()
    words = panel.budget.words
    qtbot.waitUntil(lambda: words.y() > panel.budget.budget.y() + panel.budget.budget.height() // 2)
    panel.resize(1400, 360)
    panel.bar.side.click()
    qtbot.waitUntil(lambda: words.x() > panel.budget.budget.x())


def test_applied_rows_are_bold_and_whole(panel: StudyPanel) -> None:
    result = study()
    panel.show_results((result,))
    panel.bar.side.click()
    panel.mark(result.points[3].lesion)
    table = panel.side.table
    bold = QFont(table.font())
    bold.setBold(True)
    text = table.source.index(3, 0).data()
    icon = table.iconSize().width()
    assert table.columnWidth(0) >= QFontMetrics(bold).horizontalAdvance(text) + icon + 8


def test_a_choice_grows_with_what_is_chosen(qtbot: QtBot) -> None:
    choice = Choice("Measure")
    choice.addItems(["Error", "Probability of the true class"])
    qtbot.addWidget(choice)
    asked: list[bool] = []
    choice.updateGeometry = lambda: asked.append(True)  # type: ignore[method-assign]  # to see that it is called
    short = choice.sizeHint().width()
    choice.setCurrentIndex(1)
    assert asked
    assert choice.sizeHint().width() > short


def test_a_bar_of_no_change_is_a_dash_and_one_not_measured_is_nothing(panel: StudyPanel) -> None:
    result = study()
    same = replace(
        result.points[1], predictions=result.intact.predictions, counts=result.intact.counts, discordant=(0, 0)
    )
    panel.show_results((replace(result, points=(result.points[0], same, *result.points[2:])),))
    assert panel.chart is not None
    bars = panel.chart._layer._bars.opts
    place = int(np.flatnonzero(np.asarray(bars["x"]) == 1)[0])
    low, high = panel.chart._layer._y
    assert 0 < bars["height"][place] < 0.05 * (high - low)
    assert bars["y0"][place] + bars["height"][place] / 2 == pytest.approx(0)


def test_the_axis_of_a_plain_network_counts_layers(panel: StudyPanel) -> None:
    plain = study("random", TINY.twin())
    panel.show_results((plain,))
    assert panel.chart is not None
    axis = panel.chart._layer.plot.getAxis("bottom")
    assert axis.labelText == f"layers deleted at random, of {len(plain.request.spec.block_ids)}"
    panel.show_results((study("random"),))
    assert axis.labelText == f"blocks deleted at random, of {len(TINY.block_ids)}"


@pytest.mark.parametrize("name", ["light", "dark"])
def test_no_change_of_recall_is_grey(qtbot: QtBot, name: str) -> None:
    theme().use(name)
    colours = diverging().astype(int)
    for middle in colours[[126, 127]]:
        assert np.ptp(middle) <= 1
    assert colours[0, 0] > colours[0, 2]
    assert colours[253, 2] > colours[253, 0]
    theme().use("light")


def test_keys_of_the_setup_reach_pause_with_a_press_of_space(panel: StudyPanel, qtbot: QtBot) -> None:
    column = panel.setup_column
    column.run.setFocus()
    panel.show_state("running")
    with qtbot.waitSignal(panel.pause_requested):
        qtbot.keyClick(panel.window().focusWidget(), Qt.Key.Key_Space)
