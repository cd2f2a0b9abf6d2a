"""The study panel as a person uses it: sets up, runs, reads, clicks."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app.panels.study import Setup, StudyPanel
from explorer.app.study_numbers import value_of, within_budget
from explorer.engine.weights import untrained
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import INTACT, Lesion
from tests.app.study_support import choose, first, study, view
from tests.engine.networks import TINY

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
    panel.show_network(ResNetSpec("cifar", (1, 1, 1), side=32, classes=10, width=4, widths="doubled"), None)
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
        panel.chart.go_to((0, 4))
    assert lit.args == ["layer2.2", 0]
    assert panel.foot.words.full_text.startswith("layer2.2 · deleted · ")
    assert panel.side.table.selectionModel().selectedRows()[0].data() == "layer2.2"
    with qtbot.waitSignal(panel.hovered) as lit:
        panel.chart.go_to(None)
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
