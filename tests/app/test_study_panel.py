"""The study panel as a person uses it: sets up, runs, reads, clicks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer.app.panels.study import Setup, StudyPanel
from explorer.app.study_numbers import flipped, value_of, within_budget
from explorer.app.theme import DARK, theme
from explorer.app.widgets.labels import ElidedLabel
from explorer.engine.study_records import FlippedImages, FlippedRequest, StudyResult
from explorer.engine.weights import untrained
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec
from tests.app.panel_support import pixels, show
from tests.app.study_support import first, study
from tests.engine.networks import TINY


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[StudyPanel]:
    panel = show(qtbot, StudyPanel(), 1000, 360)
    panel.show_network(TINY, study().info)
    yield panel
    theme().use("light")


def choose(panel: StudyPanel, kind: str) -> None:
    panel.setup_column.kind.setCurrentIndex(panel.setup_column.kind.findData(kind))


def view(panel: StudyPanel, name: str) -> None:
    panel.bar.view.buttons[name].click()


# -- setting up ----------------------------------------------------------------------------------------------------


def test_an_empty_panel_says_what_to_do_next(panel: StudyPanel) -> None:
    assert "press Run" in panel.hint.text()
    assert panel.hint.isVisible()
    assert not panel.foot.isVisible()


def test_run_asks_for_what_is_set_up(panel: StudyPanel, qtbot: QtBot) -> None:
    choose(panel, "random")
    column = panel.setup_column
    column.seeds.setValue(4)
    column.most.setValue(3)
    column.downsampling.click()
    column.fast.click()
    column.images.setCurrentIndex(column.images.findText("all"))
    with qtbot.waitSignal(panel.run_requested) as asked:
        qtbot.mouseClick(column.run, Qt.MouseButton.LeftButton)
    assert asked.args == [Setup("random", None, 4, 3, False, True, False)]
    panel.set_setup(Setup("greedy", 123, 1, None, True, False, True))
    assert panel.setup() == Setup("greedy", 123, 1, None, True, False, True)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("single", set()),
        ("random", {"seeds", "most", "downsampling"}),
        ("reorder", {"seeds", "most"}),
        ("greedy", {"most", "downsampling"}),
        ("cut", set()),
    ],
)
def test_only_fields_that_matter_are_there(panel: StudyPanel, kind: str, shown: set[str]) -> None:
    choose(panel, kind)
    column = panel.setup_column
    fields = {"seeds": column.seeds, "most": column.most, "downsampling": column.downsampling}
    assert {name for name, field in fields.items() if field.isVisible()} == shown


def test_what_a_network_cannot_have_is_explained(panel: StudyPanel) -> None:
    panel.show_network(TINY.twin(), study().info)
    choose(panel, "cut")
    assert panel.setup_column.reason.text() == "This network has no shortcuts to cut."
    assert not panel.setup_column.run.isEnabled()
    choose(panel, "single")
    assert panel.setup_column.kind.currentText() == "Delete each layer alone"
    assert panel.setup_column.run.isEnabled()
    panel.show_network(NetworkSpec("cifar", (1, 1, 1), side=32, classes=10, width=4, widths="doubled"), None)
    choose(panel, "reorder")
    assert "None" not in panel.setup_column.reason.text()
    assert not panel.setup_column.run.isEnabled()


def test_untrained_weights_are_allowed_with_a_sentence(panel: StudyPanel) -> None:
    panel.show_network(TINY, untrained(TINY))
    assert panel.setup_column.run.isEnabled()
    assert panel.setup_column.note.text() == (
        "These weights are untrained: the accuracy is chance, one in 5, whatever is deleted."
    )


def test_switches_say_why_they_matter(panel: StudyPanel) -> None:
    assert "estimated while all blocks were present" in panel.setup_column.reestimate.toolTip()
    assert "predictions may differ" in panel.setup_column.fast.toolTip()


@pytest.mark.parametrize(("name", "kind"), [("fig3", "single"), ("fig5a", "random"), ("fig5b", "reorder")])
def test_the_papers_buttons_set_up_its_figures(panel: StudyPanel, qtbot: QtBot, name: str, kind: str) -> None:
    with qtbot.waitSignal(panel.recipe_requested) as asked:
        panel.setup_column.recipes[name].click()
    assert asked.args == [name]
    assert panel.setup().kind == kind
    panel.show_results((study("random" if kind == "random" else "reorder" if kind == "reorder" else "single"),))
    assert panel.side.paper.isVisible()
    assert panel.side.paper.heading.text().startswith("Fig. ")


# -- while it runs -------------------------------------------------------------------------------------------------


def test_running_pausing_resuming_cancelling(panel: StudyPanel, qtbot: QtBot) -> None:
    column = panel.setup_column
    panel.show_state("running")
    assert "in a moment" in panel.hint.text()
    panel.show_results((first(study(), 10),))
    assert column.progress.isVisible()
    assert column.progress.value() == 250
    assert column.progress_words.full_text == "25 % · 3 s left"
    assert not column.run.isVisible()
    with qtbot.waitSignal(panel.pause_requested):
        column.pause.click()
    panel.show_state("paused")
    assert column.pause.text() == "Resume"
    assert column.progress_words.full_text == "paused at 25 %"
    with qtbot.waitSignal(panel.resume_requested):
        column.pause.click()
    with qtbot.waitSignal(panel.cancel_requested):
        column.cancel.click()
    panel.show_state("idle")
    assert column.run.isVisible()
    assert not column.progress.isVisible()
    assert panel.foot.words.full_text == "n = 10 of 40 · float32, exact · CPU · 2 s"


def test_an_unfinished_study_can_be_taken_up_or_thrown_away(panel: StudyPanel, qtbot: QtBot) -> None:
    panel.show_unfinished("A study was interrupted at 43 %.")
    assert panel.unfinished.isVisible()
    with qtbot.waitSignal(panel.take_up_requested):
        panel.take_up.click()
    with qtbot.waitSignal(panel.discard_requested):
        panel.discard.click()
    panel.show_unfinished(None)
    assert not panel.unfinished.isVisible()


def test_a_failure_is_told_and_what_was_measured_stays(panel: StudyPanel) -> None:
    panel.show_results((first(study(), 10),))
    QApplication.processEvents()
    panel.show_error("The disk is full.")
    assert panel.error.isVisible()
    assert panel.chart is not None
    assert panel.chart.isVisible()
    panel.show_results((study(),))
    assert not panel.error.isVisible()


# -- reading -------------------------------------------------------------------------------------------------------


def test_measures_and_order_are_chosen_above_the_chart(panel: StudyPanel) -> None:
    panel.show_results((study(),))
    assert [panel.bar.measure.itemText(place) for place in range(panel.bar.measure.count())] == [
        "Change of accuracy", "Agreement with intact", "Probability of the true class", "Error",
    ]  # fmt: skip
    panel.bar.measure.setCurrentIndex(3)
    panel.bar.measure.activated.emit(3)
    panel.bar.sorting.buttons["damage"].click()
    assert (panel.look().measure, panel.look().sorting) == ("error", "damage")
    assert panel.chart is not None
    heights = panel.chart._layers["bars"]._bars.opts["height"].tolist()
    errors = [value_of(point, "error") for point in study().points]
    assert heights == pytest.approx(sorted((error.value for error in errors if error), reverse=True))
    panel.show_results((study("random"),))
    assert panel.look().measure == "accuracy"
    assert not panel.bar.sorting.isVisible()


def test_images_without_labels_have_agreement_only(panel: StudyPanel) -> None:
    panel.show_results((study("single", labelled=False),))
    assert panel.bar.measure.count() == 1
    assert panel.look().measure == "agreement"
    view(panel, "classes")
    assert "no labels" in panel.damage.hint.text()


def test_the_legend_names_studies_weights_and_accuracy(panel: StudyPanel) -> None:
    panel.show_results((study(), study("single", TINY.twin())))
    words = panel.legend.accessibleDescription().split("; ")
    assert words[:4] == [
        f"{TINY.name} · Noise", "intact 80.0 %, n = 40", f"{TINY.twin().name} · Noise", "intact 80.0 %, n = 40",
    ]  # fmt: skip
    assert "downsampling" in words  # the word of the switch beside, and of the paper
    assert "paired 95 % interval" in words


def test_pointing_at_a_bar_lights_its_block_and_selects_its_row(panel: StudyPanel, qtbot: QtBot) -> None:
    panel.show_results((study(),))
    assert panel.chart is not None
    with qtbot.waitSignal(panel.hovered) as lit:
        panel.chart._go_to((0, 4))
    assert lit.args == ["layer2.2", 0]
    assert panel.foot.words.full_text.startswith("layer2.2 · deleted · ")
    assert panel.side.table.selectionModel().selectedRows()[0].data() == "layer2.2"
    with qtbot.waitSignal(panel.hovered) as lit:
        panel.chart._go_to(None)
    assert lit.args == [None, 0]
    assert panel.foot.words.full_text.startswith("n = 40")


def test_clicking_a_bar_asks_to_delete_its_block(panel: StudyPanel, qtbot: QtBot) -> None:
    panel.show_results((study(), study("cut")))
    assert panel.chart is not None
    with qtbot.waitSignal(panel.point_chosen) as chosen:
        panel.chart.chosen.emit(0, 1)
    assert chosen.args == [Lesion(frozenset({"layer1.1"})), 0]
    with qtbot.waitSignal(panel.point_chosen) as chosen:
        panel.chart.chosen.emit(1, 3)
    assert chosen.args == [Lesion(cut=frozenset({"layer2.1"})), 1]


def test_a_row_and_enter_do_the_same_without_a_mouse(panel: StudyPanel, qtbot: QtBot) -> None:
    panel.show_results((study(),))
    with qtbot.waitSignal(panel.hovered) as lit:
        panel.side.table.selectRow(2)
    assert lit.args == ["layer2.0", 0]
    with qtbot.waitSignal(panel.point_chosen) as chosen:
        qtbot.keyClick(panel.side.table, Qt.Key.Key_Return)
    assert chosen.args == [Lesion(frozenset({"layer2.0"})), 0]


def test_what_the_network_has_now_is_marked(panel: StudyPanel) -> None:
    panel.show_results((study(),))
    assert panel.chart is not None
    mark = panel.chart._layers["bars"]._mark
    panel.mark(Lesion(frozenset({"layer1.1"})))
    assert mark.isVisible()
    panel.mark(INTACT)
    assert not mark.isVisible()


def test_a_budget_picks_a_point_and_applies_it(panel: StudyPanel, qtbot: QtBot) -> None:
    result = study("greedy")
    panel.show_results((result,))
    panel.budget.budget.setValue(60.0)
    number = within_budget(result, 60.0)
    assert number is not None
    assert panel.budget.point == number == panel.look().chosen
    assert panel.budget.words.full_text.startswith(f"{result.points[number].size} blocks deleted · accuracy ")
    with qtbot.waitSignal(panel.point_chosen) as chosen:
        panel.budget.apply.click()
    assert chosen.args == [result.points[number].lesion, 0]
    panel.show_results((first(result, 0),))
    assert not panel.budget.apply.isEnabled()
    panel.show_results((study(),))
    assert not panel.budget.isVisible()


def test_latency_is_the_other_axis_of_the_frontier(panel: StudyPanel) -> None:
    panel.show_results((study("greedy"),))
    panel.bar.across.buttons["latency"].click()
    assert panel.chart is not None
    assert panel.chart.plot.getAxis("bottom").labelText == "time of one image, % of intact (median, quartiles)"


def test_the_protocol_is_on_the_screen(panel: StudyPanel) -> None:
    panel.show_results((first(study(), 10),))
    panel.side.choice.buttons["protocol"].click()
    shown = panel.side.protocol
    assert "Every block alone was deleted." in shown.sentences.text()
    assert shown.values["images so far"].text() == "10 of 40"
    assert shown.values["arithmetic"].text() == "float32, exact"
    assert shown.values["time left"].text() == "3 s"
    panel.show_results((study(),))
    assert shown.values["images so far"].text() == "40 of 40"
    assert not shown.values["time left"].isVisible()


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
    panel.chart._go_to((0, 6))
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
