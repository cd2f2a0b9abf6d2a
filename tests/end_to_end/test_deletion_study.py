"""What a person does in the deletion laboratory, with the real engine; what comes out is held against its own runs."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtSvg import QSvgRenderer

from explorer.app.jobs import Lane
from explorer.app.panels.study import StudyPanel
from explorer.app.studies import RECIPES
from explorer.engine.records import AccuracyRequest, Offer
from explorer.engine.session import Session
from explorer.engine.study_files import unfinished
from explorer.engine.study_records import StudyKind, StudyRequest, StudyResult
from explorer.networks.catalog import PRESETS
from tests.end_to_end.conftest import Open, close
from tests.end_to_end.person import LEFT, NO_KEY, Person
from tests.end_to_end.test_export import answer

LONG = 25
"""Repeats of a random study that takes minutes: it is still running whatever a test does meanwhile."""


class Student:
    """A person at the study tab."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.window = person.window
        self.studies = person.window.studies
        person.choose("show_study")
        assert self.panel.isVisible()

    @property
    def panel(self) -> StudyPanel:
        return self.window.study_desk.panel

    @property
    def results(self) -> tuple[StudyResult, ...]:
        """What the panel shows."""
        return self.panel.results

    def set_up(self, kind: StudyKind, images: int = 100, seeds: int = 2, most: int = 0) -> None:
        column = self.panel.setup_column
        self.choose_in(column.kind, kind)
        self.choose_in(column.images, images)
        column.seeds.setValue(seeds)
        column.most.setValue(most)

    def choose_in(self, box: object, value: object) -> None:
        place = box.findData(value)  # type: ignore[attr-defined]
        assert place >= 0, value
        box.setCurrentIndex(place)  # type: ignore[attr-defined]

    def click_run(self) -> None:
        self.person.bot.mouseClick(self.panel.setup_column.run, LEFT)

    def run(self, kind: StudyKind, images: int = 100, seeds: int = 2, most: int = 0) -> StudyResult:
        """A whole study."""
        self.set_up(kind, images, seeds, most)
        self.click_run()
        return self.wait_for_study()

    def begin_long(self) -> None:
        """A study that goes on and on, and has measured something."""
        self.set_up("random", 2000, LONG)
        self.click_run()
        self.wait_for_images()

    def wait_for_study(self) -> StudyResult:
        self.person.wait(lambda: bool(self.results) and self.results[-1].finished and not self.is_busy)
        return self.results[-1]

    def wait_for_images(self) -> None:
        self.person.wait(lambda: bool(self.results) and any(point.counts.images for point in self.results[-1].points))

    @property
    def is_busy(self) -> bool:
        return self.studies.activity != "idle"

    def place_of(self, study: int, point: int) -> QPoint:
        """Where in the chart a bar or dot is."""
        chart = self.panel.chart
        assert chart is not None
        room = chart.viewport().rect()
        for x in range(room.left(), room.right(), 2):
            for y in range(room.top(), room.bottom(), 3):
                if chart.hit(x, y) == (study, point):
                    return QPoint(x + 1, y + 1) if chart.hit(x + 1, y + 1) == (study, point) else QPoint(x, y)
        raise AssertionError(f"point {point} of study {study} is nowhere in the chart")

    def click_point(self, point: int, study: int = 0) -> None:
        self.person.bot.wait(30)  # the chart has laid itself out
        place = self.place_of(study, point)
        self.person.bot.mouseClick(self.panel.chart.viewport(), LEFT, NO_KEY, place)


@pytest.fixture
def student(person: Person) -> Student:
    return Student(person)


def one_run(request: StudyRequest) -> StudyResult:
    """The same study in one go, by an engine of its own."""
    work = Session().study(request)
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: StudyResult = end.value
            return result


def assert_equal(result: StudyResult, other: StudyResult) -> None:
    assert [point.lesion for point in result.points] == [point.lesion for point in other.points]
    for one, two in zip((result.intact, *result.points), (other.intact, *other.points), strict=True):
        assert one.counts == two.counts
        assert one.discordant == two.discordant
        np.testing.assert_array_equal(one.predictions, two.predictions)


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


# -- two over each other -----------------------------------------


def test_lay_another_network_over_it(student: Student) -> None:
    first = student.run("single")
    student.panel.compare_requested.emit("resnet56")
    student.person.wait(lambda: len(student.results) == 2 and student.results[1].finished)
    base, other = student.results
    assert base is first
    assert other.request.spec.name == "ResNet-56"
    assert (other.request.images, other.request.kind) == (first.request.images, first.request.kind)
    assert len(other.points) == 27
    student.click_point(0, study=1)
    assert student.person.state.spec.name == "ResNet-56"
    assert student.person.state.deleted == {"layer1.0"}
    student.panel.comparison_dropped.emit()
    assert student.results == (first,)


def test_lay_a_network_without_weights_over_it(student: Student) -> None:
    first = student.run("single")
    student.window.runner.offer = Offer((), ())
    student.panel.compare_requested.emit("twin")
    assert "No trained weights of" in student.person.told
    assert student.results == (first,)


@pytest.mark.parametrize("name", RECIPES)
def test_a_figure_of_the_paper_whose_weights_are_not_there(student: Student, name: str) -> None:
    student.person.wait_until_idle()
    student.window.runner.offer = Offer((), ())
    student.person.bot.mouseClick(student.panel.setup_column.recipes[name], LEFT)
    assert "No trained weights of PreResNet-110" in student.person.told
    assert not student.is_busy
    assert student.person.state.spec.name == "ResNet-20"


# -- files -------------------------------------------------------


def test_export(student: Student, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = student.run("single")
    answer(monkeypatch, tmp_path / "study.csv")
    student.person.choose("export_study")
    text = (tmp_path / "study.csv").read_text(encoding="utf-8")
    head = [line for line in text.splitlines() if line.startswith("#")]
    assert any("python main.py study single" in line for line in head)
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    assert [row["deleted"] for row in rows] == list(student.person.state.spec.block_ids)
    assert [int(row["correct"]) for row in rows] == [point.counts.correct for point in result.points]
    for name in ("chart.svg", "chart.png"):
        answer(monkeypatch, tmp_path / name)
        student.person.choose("export_chart")
        assert name in student.person.told
    assert QSvgRenderer(str(tmp_path / "chart.svg")).isValid()
    assert Image.open(tmp_path / "chart.png").width > 800
    student.person.choose("copy_chart")
    assert not QGuiApplication.clipboard().image().isNull()
    assert "clipboard" in student.person.told


def test_export_two_over_each_other(student: Student, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    student.run("single")
    student.panel.compare_requested.emit("resnet56")
    student.person.wait(lambda: len(student.results) == 2)  # the second one need not be done
    answer(monkeypatch, tmp_path / "both.csv")
    student.panel.export_requested.emit("csv")
    for name, network in (("both.csv", "ResNet-20"), ("both-resnet-56.csv", "ResNet-56")):
        assert network in (tmp_path / name).read_text(encoding="utf-8")
        assert name in student.person.told


def test_export_where_nothing_can_be_written(student: Student, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for action in ("export_study", "export_chart", "copy_chart"):
        student.person.choose(action)
        assert "run one first" in student.person.told
    student.run("single")
    (tmp_path / "file").write_text("in the way")
    for action, name in (("export_study", "a.csv"), ("export_chart", "a.svg"), ("export_chart", "a.png")):
        answer(monkeypatch, tmp_path / "file" / name)
        student.person.choose(action)
        assert name in student.person.told
        assert "can't be written" in student.person.told
    assert (tmp_path / "file").read_text() == "in the way"
    answer(monkeypatch, "")
    student.window.notice.close_button.click()
    student.person.choose("export_study")
    assert not student.person.told


# -- what can't be -----------------------------------------------


def test_cut_the_shortcuts_of_a_network_without_any(student: Student) -> None:
    student.person.wait_until_idle()
    student.window.network_panel.spec_requested.emit(PRESETS["plain20"].with_(in_channels=1, side=28))
    student.set_up("cut")
    column = student.panel.setup_column
    assert not column.run.isEnabled()
    assert "no shortcuts" in column.reason.text()
    student.person.choose("run_study")
    assert not student.is_busy


def test_the_image_set_is_gone(student: Student, tmp_path: Path) -> None:
    person = student.person
    person.wait_until_idle()
    student.studies.run(
        replace(
            StudyRequest("single", person.state.spec, person.state.weights, person.state.data),
            data=replace(person.state.data, kind="folder", path=str(tmp_path / "gone")),
        )
    )
    person.wait(student.panel.error.isVisible)
    assert str(tmp_path / "gone") in student.panel.error.text()
    assert not student.is_busy
    assert student.run("single").finished  # and the next one runs


def test_nothing_can_be_kept(student: Student, tmp_path: Path) -> None:
    """The study goes on, and says so."""
    (tmp_path / "file").write_text("in the way")
    student.studies._folder = tmp_path / "file" / "studies"
    student.begin_long()
    student.person.choose("cancel_study")
    assert student.results
    result = student.run("single")
    assert_equal(result, one_run(result.request))
    assert (tmp_path / "file").read_text() == "in the way"


def test_the_images_whose_prediction_flipped(student: Student) -> None:
    result = student.run("single")
    point = 0
    flipped = np.flatnonzero(result.points[point].predictions != result.intact.predictions)
    label = int(np.bincount(result.labels[flipped]).argmax())
    student.panel.bar.view.set_value("classes")
    student.panel._draw()
    student.panel.damage.chosen.emit(point, label)
    student.person.wait(lambda: bool(student.panel.side.images.cards))
    expected = int((result.labels[flipped] == label).sum())
    assert len(student.panel.side.images.cards) == expected


# -- keyboard ----------------------------------------------------


def test_by_keys_alone(person: Person) -> None:
    person.wait_until_idle()
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    person.press(Qt.Key.Key_2, control)
    student = Student(person)
    student.set_up("random", 2000, LONG)
    person.press(Qt.Key.Key_R, control)
    student.wait_for_images()
    person.press(Qt.Key.Key_P, control | shift)
    assert student.studies.activity == "paused"
    person.press(Qt.Key.Key_P, control | shift)
    assert student.studies.activity == "running"
    person.press(Qt.Key.Key_Escape)
    person.wait(lambda: not student.is_busy)
    student.panel.chart.setFocus()
    person.press(Qt.Key.Key_Right)
    person.press(Qt.Key.Key_Return)
    assert person.state.lesion in [point.lesion for point in student.results[0].points]
    person.press(Qt.Key.Key_1, control)
    assert person.window.maps_panel.isVisible()
