"""The study panel: damage by class, comparisons, exports, looks, keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer.app.panels.study import StudyPanel
from explorer.app.study_numbers import flipped
from explorer.app.theme import DARK, theme
from explorer.app.widgets.labels import ElidedLabel
from explorer.engine.study_records import FlippedImages, FlippedRequest, StudyResult
from tests.app.panel_support import pixels, show
from tests.app.study_support import first, study, view
from tests.engine.networks import TINY

# -- damage by class -----------------------------------------------------------------------------------------------


def pictures_of(result: StudyResult, number: int, label: int) -> FlippedImages:
    places = flipped(result, result.points[number], label)
    indices = tuple(int(result.indices[place]) for place in places)
    request = FlippedRequest(result.request.spec, result.request.weights, result.request.data, indices)
    return FlippedImages(request, np.zeros((len(indices), 8, 8, 3), np.uint8))


def test_a_cell_opens_the_images_whose_prediction_flipped(panel: StudyPanel, qtbot: QtBot) -> None:
    result = study()
    panel.show_results((result,))
    view(panel, "classes")
    assert panel.damage.map.isVisible()
    number, label = next(
        (number, label)
        for number, point in enumerate(result.points)
        for label in range(5)
        if 1 < len(flipped(result, point, label)) < 8
    )
    with qtbot.waitSignal(panel.flipped_requested) as asked:
        at = panel.damage.map.cell(number, label).center().toPoint()
        qtbot.mouseClick(panel.damage.map, Qt.MouseButton.LeftButton, pos=at)
    assert asked.args == [0, number, label]
    assert "fetching" in panel.side.images.count.text()
    point = result.points[number]
    panel.show_flipped(pictures_of(result, number, label), result, point, label)
    places = flipped(result, point, label)
    assert result.labels is not None
    images = int((result.labels == label).sum())
    assert panel.side.images.count.text() == f"{len(places)} of {images} predictions changed"
    assert len(panel.side.images.cards) == len(places)
    for card, place in zip(panel.side.images.cards, places, strict=True):
        said = [line.full_text for line in card.findChildren(ElidedLabel)]
        assert said[0].startswith(f"intact: class {result.intact.predictions[place]}")
        assert said[1].startswith(f"now: class {point.predictions[place]}")
        assert ("✓" in said[0]) == (result.intact.predictions[place] == label)


def test_images_that_nobody_waits_for_are_dropped(panel: StudyPanel) -> None:
    result = study()
    panel.show_results((result,))
    panel.show_flipped(pictures_of(result, 0, 1), result, result.points[0], 1)
    assert panel.side.images.cards == []
    view(panel, "classes")
    panel.damage.chosen.emit(2, 1)
    panel.show_flipped(pictures_of(result, 0, 1), result, result.points[0], 1)
    assert panel.side.images.cards == []
    panel.show_flipped(pictures_of(result, 2, 1), result, result.points[2], 1)
    assert panel.side.images.cards


def test_cells_say_what_they_are(panel: StudyPanel, qtbot: QtBot) -> None:
    panel.show_results((study(),))
    view(panel, "classes")
    panel.damage.map.setFocus()
    with qtbot.waitSignal(panel.hovered) as lit:
        qtbot.keyClick(panel.damage.map, Qt.Key.Key_Right)
    assert lit.args == ["layer1.1", 0]
    assert panel.damage.words.full_text.startswith("layer1.1 · class 0 · recall ")
    with qtbot.waitSignal(panel.damage.chosen) as chosen:
        qtbot.keyClick(panel.damage.map, Qt.Key.Key_Return)
    assert chosen.args == [1, 0]


def test_losses_of_recall_are_red_and_equal_colours_mean_equal_numbers(panel: StudyPanel) -> None:
    panel.show_results((study(),))
    view(panel, "classes")
    QApplication.processEvents()
    shown, heat = pixels(panel.damage.map), panel.damage.map
    assert panel.damage._damage is not None
    change = panel.damage._damage.change
    worst = np.unravel_index(np.nanargmin(change), change.shape)
    at = heat.cell(int(worst[0]), int(worst[1])).center().toPoint()
    red, green, blue = (int(channel) for channel in shown[at.y(), at.x()])
    assert red > green + 40
    assert red > blue + 40


def test_damage_by_class_is_only_for_single_blocks(panel: StudyPanel) -> None:
    panel.show_results((study(),))
    view(panel, "classes")
    panel.show_results((study("random"),))
    QApplication.processEvents()
    assert panel.bar.view.value == "chart"
    assert not panel.bar.view.isVisible()
    assert panel.chart is not None
    assert panel.chart.isVisible()


# -- elsewhere -----------------------------------------------------------------------------------------------------


def test_another_network_can_be_laid_over(panel: StudyPanel, qtbot: QtBot) -> None:
    panel.show_results((study(),))
    actions = {action.text(): action for action in panel.foot.compare.menu().actions()}
    with qtbot.waitSignal(panel.compare_requested) as asked:
        actions[f"Its plain twin, {TINY.twin().name}"].trigger()
    assert asked.args == ["twin"]
    with qtbot.waitSignal(panel.compare_requested) as asked:
        actions["VGG-like-15"].trigger()
    assert asked.args == ["vgg_narrow"]
    panel.show_results((study(), study("single", TINY.twin())))
    actions = {action.text(): action for action in panel.foot.compare.menu().actions()}
    with qtbot.waitSignal(panel.comparison_dropped):
        actions[f"Show only {TINY.name}"].trigger()


def test_exports(panel: StudyPanel, qtbot: QtBot) -> None:
    panel.show_results((study(),))
    sent = []
    panel.export_requested.connect(sent.append)
    for action in panel.foot.export.menu().actions():
        action.trigger()
    assert sent == ["csv", "png", "svg", "copy"]


def test_the_side_can_be_put_away(panel: StudyPanel) -> None:
    panel.show_results((study(),))
    assert panel.side.isVisible()
    panel.bar.side.click()
    assert not panel.side.isVisible()
    panel.bar.side.click()
    assert panel.side.isVisible()
    assert panel.side.table.source.rowCount() == 7


def test_a_narrow_dock_starts_without_the_side(qtbot: QtBot) -> None:
    panel = show(qtbot, StudyPanel(), 660, 320)
    panel.resize(660, 320)
    panel.show_results((study(),))
    assert panel.side.isHidden()


def test_colours_follow_a_theme_that_changes_while_it_is_open(panel: StudyPanel) -> None:
    panel.show_results((study(),))
    theme().use("dark")
    QApplication.processEvents()
    assert panel.chart is not None
    corner = panel.chart.mapTo(panel, QPoint(1, 1))
    red, green, blue = pixels(panel)[corner.y(), corner.x()]
    assert f"#{red:02x}{green:02x}{blue:02x}" == DARK.window


def test_snapshots_are_cheap_enough_to_come_often(panel: StudyPanel) -> None:
    """No widget and no item is made anew by a snapshot."""
    panel.show_results((first(study(), 10),))
    QApplication.processEvents()
    assert panel.chart is not None
    chart, widgets = panel.chart, len(panel.findChildren(QWidget))
    items = len(chart.plot.scene().items())
    for seen in (20, 30, 40):
        panel.show_results((first(study(), seen),))
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert panel.chart is chart
    assert len(chart.plot.scene().items()) == items
    assert len(panel.findChildren(QWidget)) == widgets


def test_another_study_forgets_what_was_pointed_at(panel: StudyPanel) -> None:
    panel.show_results((study(),))
    assert panel.chart is not None
    panel.chart.go_to((0, 6))
    other = study("random")
    lit: list[object] = []
    panel.hovered.connect(lambda block, number: lit.append(block))
    panel.show_results((replace(other, points=other.points[:2]),))
    assert lit == [None]
    assert panel.foot.words.full_text.startswith("n = 40")


def test_tab_walks_as_one_reads(panel: StudyPanel, qtbot: QtBot) -> None:
    panel.show_results((study("greedy"),))
    panel.budget.budget.setValue(100)
    panel.activateWindow()
    panel.bar.measure.setFocus()
    wanted = [panel.chart, panel.budget.budget, panel.budget.apply, panel.foot.compare, panel.foot.export]
    walked: list[QWidget | None] = []
    while panel.side.table not in walked:
        qtbot.keyClick(QApplication.focusWidget() or panel, Qt.Key.Key_Tab)
        walked.append(QApplication.focusWidget())
        assert len(walked) < 20
    assert [widget for widget in walked if widget in wanted] == wanted


def test_the_protocol_can_be_read_without_the_side(panel: StudyPanel) -> None:
    panel.show_results((study(),))
    assert "Every block alone was deleted." in panel.foot.words.toolTip()
