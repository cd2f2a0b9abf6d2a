"""What a person does with the results of studies: lays them over each other, saves them; and what can't be."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtSvg import QSvgRenderer

from explorer.app.study_recipes import RECIPES
from explorer.engine.records import Offer
from explorer.engine.study_records import StudyRequest
from explorer.networks.catalog import PRESETS
from tests.end_to_end.person import LEFT, Person
from tests.end_to_end.student import LONG, Student, assert_equal, one_run
from tests.end_to_end.test_export import answer

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
