"""What a person does in the deletion laboratory, with the real engine; what comes out is held against its own runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from explorer.app.jobs import Lane
from explorer.engine.records import AccuracyRequest
from explorer.engine.session import Session
from explorer.engine.study_files import unfinished
from explorer.networks.catalog import PRESETS
from tests.end_to_end.conftest import Open, close
from tests.end_to_end.person import LEFT
from tests.end_to_end.student import Student, assert_equal, one_run

# -- a study and the network -------------------------------------


def test_run_a_single_study_and_click_a_bar_to_delete_that_block_then_undo(student: Student) -> None:
    person = student.person
    result = student.run("single")
    blocks = person.state.spec.block_ids
    assert [point.lesion.deleted for point in result.points] == [{block} for block in blocks]
    student.click_point(4)
    assert person.state.deleted == {blocks[4]}
    assert person.wait_for_any_accuracy().request.deleted == {blocks[4]}
    alone = AccuracyRequest(person.state.spec, person.state.weights, person.state.data, frozenset({blocks[4]}), 100)
    *_, measured = Session().accuracy(alone)
    assert measured.counts == result.points[4].counts
    person.choose("undo")
    assert person.state.deleted == frozenset()
    assert student.results == (result,), "an edit took the study away"


def test_point_at_a_bar_and_the_block_lights_up(student: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    lit: list[str | None] = []
    monkeypatch.setattr(student.window.diagram, "light", lit.append)
    student.run("single")
    student.person.bot.wait(30)
    viewport = student.panel.chart.viewport()
    student.person.bot.mouseMove(viewport, student.place_of(0, 6))
    student.person.wait(lambda: bool(lit))
    assert lit[-1] == student.person.state.spec.block_ids[6]
    # Once another network is open, its blocks of the same name are not meant.
    student.person.wait_until_idle()
    student.window.network_panel.spec_requested.emit(PRESETS["resnet32"])
    student.panel.hovered.emit("layer1.0", 0)
    assert lit[-1] is None


def test_toggle_a_block_while_a_study_runs_and_the_prediction_answers_first(student: Student) -> None:
    student.begin_long()
    person = student.person
    before = student.results[-1].fraction
    person.click_switch("layer1.1")
    assert person.wait_for_picture().request.deleted == {"layer1.1"}
    person.wait_for_accuracy()
    person.wait(lambda: student.results[-1].fraction > before)
    assert student.studies.activity == "running"
    person.wait(lambda: student.results[-1].request.spec.name in student.window.status.words.text())


def test_open_another_network_while_a_study_runs_and_its_chart_goes_on(student: Student) -> None:
    student.begin_long()
    person, request = student.person, student.results[-1].request
    student.window.network_panel.spec_requested.emit(PRESETS["resnet32"].with_(in_channels=1, side=28))
    person.wait_for_picture()
    before = student.results[-1].fraction
    person.wait(lambda: student.results[-1].fraction > before)
    assert student.results[-1].request == request
    student.click_point(1)  # opens the study's network again, with what the point stands for
    assert (person.state.spec, person.state.weights) == (request.spec, request.weights)
    assert person.state.lesion == student.results[0].points[1].lesion
    person.choose("undo")
    assert person.state.spec.name == "ResNet-32"


def test_cut_a_shortcut_by_its_bar(student: Student) -> None:
    result = student.run("cut")
    student.click_point(0)
    assert student.person.state.lesion == result.points[0].lesion
    assert student.person.state.cut == {"layer1.0"}
    assert student.person.wait_for_picture().request.cut == {"layer1.0"}


def test_apply_the_point_that_a_budget_picks(student: Student) -> None:
    result = student.run("greedy", most=4)
    budget = student.panel.budget
    budget.budget.setValue(100)
    assert budget.point is not None
    student.person.bot.mouseClick(budget.apply, LEFT)
    assert len(student.person.state.deleted) == 4
    assert student.person.state.deleted == min(result.points, key=lambda point: point.macs).lesion.deleted
    budget.budget.setValue(0)
    if budget.point is None:
        assert not budget.apply.isEnabled()
    student.person.choose("undo")
    assert not student.person.state.deleted


# -- pause, cancel, quit -----------------------------------------


def test_pause_and_go_on(student: Student) -> None:
    student.begin_long()
    person, column = student.person, student.panel.setup_column
    person.bot.mouseClick(column.pause, LEFT)
    assert student.studies.activity == "paused"
    person.wait(lambda: student.window.status.idle.text() == "The study is paused")
    person.bot.wait(300)  # what was under way is in
    before = student.results[-1].fraction
    person.bot.wait(300)
    assert student.results[-1].fraction == before
    person.press(Qt.Key.Key_Escape)  # nothing runs, so there is nothing to cancel
    assert student.studies.activity == "paused"
    person.bot.mouseClick(column.pause, LEFT)
    person.wait(lambda: student.results[-1].fraction > before)


def test_escape_cancels_what_is_urgent_first_and_the_study_last(student: Student) -> None:
    student.begin_long()
    person = student.person
    person.click_switch("layer1.1")
    person.wait_for(Lane.ACCURACY)
    while Lane.ACCURACY in student.window.jobs.running():
        assert student.is_busy
        person.choose("cancel")
    assert student.is_busy
    shown = student.results[-1]
    person.choose("cancel")
    assert not student.is_busy
    assert student.results[-1].request == shown.request, "what was measured is gone from the screen"
    person.wait(student.panel.take_up.isVisible)
    assert "ResNet-20" in student.panel.unfinished.text()


def test_cancel_then_go_on_then_discard(student: Student, tmp_path: Path) -> None:
    student.begin_long()
    person = student.person
    person.bot.mouseClick(student.panel.setup_column.cancel, LEFT)
    person.wait(student.panel.take_up.isVisible)
    before = student.results[-1].fraction
    person.bot.mouseClick(student.panel.take_up, LEFT)
    person.wait(lambda: bool(student.results) and student.results[-1].fraction >= before)
    assert not student.panel.take_up.isVisible()
    person.bot.mouseClick(student.panel.setup_column.cancel, LEFT)
    person.wait(student.panel.discard.isVisible)
    person.bot.mouseClick(student.panel.discard, LEFT)
    assert not student.panel.discard.isVisible()
    assert list(student.window.settings.studies.iterdir()) == []


@pytest.mark.parametrize("paused", [False, True])
def test_quit_in_the_middle_of_a_study_launch_again_and_go_on(open_window: Open, paused: bool) -> None:
    first = open_window()
    first.wait_for_offer()
    first.wait_for_picture()
    student = Student(first)
    student.set_up("cut", 500)
    student.click_run()
    student.wait_for_images()
    if paused:
        first.choose("pause_study")
    close(student.window)
    (kept,) = unfinished(student.window.settings.studies)
    assert 0 < kept.fraction < 1

    second = open_window()
    second.wait_for_offer()
    again = Student(second)
    second.wait(again.panel.take_up.isVisible)
    assert "ResNet-20" in again.panel.unfinished.text()
    second.bot.mouseClick(again.panel.take_up, LEFT)
    assert again.panel.setup().kind == "cut"  # the fields say what runs
    result = again.wait_for_study()
    assert result.request == kept.request
    assert_equal(result, one_run(kept.request))
    assert not again.panel.take_up.isVisible()


def test_a_finished_study_is_there_at_once_after_the_next_launch(open_window: Open) -> None:
    first = open_window()
    first.wait_for_picture()
    result = Student(first).run("reorder", seeds=2, most=3)
    close(first.window)
    second = open_window()
    second.wait_for_picture()
    second.wait_until_idle()
    again = Student(second)
    assert not again.panel.take_up.isVisible()
    steps: list[float] = []
    second.window.jobs.stepped.connect(lambda lane, value: steps.append(getattr(value, "fraction", None) or 0.0))
    shown = again.run("reorder", seeds=2, most=3)
    assert_equal(shown, result)
    results = [fraction for fraction in steps if 0 < fraction < 1]
    assert not results, "something was measured again"


def test_a_new_run_takes_the_place_of_one_that_runs(student: Student) -> None:
    student.begin_long()
    long = student.results[-1].request
    student.set_up("single")
    student.person.choose("run_study")  # Run is not there while one runs; the menu's entry is
    result = student.wait_for_study()
    assert result.request.kind == "single"
    assert [study.request for study in unfinished(student.window.settings.studies) if study.fraction < 1] == [long]
    assert student.panel.take_up.isVisible()
