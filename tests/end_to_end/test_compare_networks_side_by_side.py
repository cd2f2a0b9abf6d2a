"""Networks beside each other: opened from the menu, read, run, measured, exported, closed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFileDialog

from explorer.app.comparison.window import ComparisonWindow
from explorer.app.jobs import Lane
from explorer.networks.catalog import PRESETS
from tests.end_to_end.conftest import Open
from tests.end_to_end.person import LEFT, NO_KEY, Person

PAIR = (PRESETS["plain20"], PRESETS["resnet20"])


def opened(person: Person) -> ComparisonWindow:
    view = person.window.comparison.view
    assert view is not None
    assert view.isVisible()
    return view


def compare(person: Person) -> ComparisonWindow:
    """The open network and its plain twin, with the picture through both."""
    person.choose("compare")
    view = opened(person)
    person.wait(lambda: len(view.pictures._answers) == 2)
    return view


def cell(view: ComparisonWindow, title: str) -> list[str]:
    row = next(row for row in view.table.rows if row.title == title)
    return [cell.text for cell in row.cells]


def test_the_open_network_beside_its_plain_twin(person: Person) -> None:
    view = compare(person)
    assert [button.text() for button in view.choosers.buttons[:2]] == ["Plain-20  ▾", "ResNet-20  ▾"]
    assert cell(view, "Shortcuts") == ["none", "7 identity, 2 option A"]
    assert cell(view, "Fashion-MNIST test, bundled") == ["92.84 %", "94.31 %"]
    assert cell(view, "CIFAR-10 test") == ["–", "91.25 %"]


def test_the_same_picture_through_both(person: Person) -> None:
    view = compare(person)
    result = person.wait_for_picture()
    answers = view.pictures._answers
    prediction = answers[1].prediction
    assert prediction is not None
    np.testing.assert_allclose(prediction.probabilities, result.intact.probabilities, atol=1e-6)
    top = result.intact.top(1)[0][1]
    assert view.pictures.answers[1].bars.rows[0][0].full_text == top
    np.testing.assert_allclose(answers[1].maps["layer2"], result.intact_maps["layer2"], atol=1e-5)
    highest = max(float(answers[place].maps["layer1"].max()) for place in (0, 1))
    assert view.pictures.level.currentText() == "28×28"
    assert float(view.pictures.scale.high.text()) == pytest.approx(highest, abs=0.06)


def test_another_picture_is_run_through_both(person: Person) -> None:
    view = compare(person)
    before, picture = view.pictures._answers[0].seen, person.picture
    person.choose("sample")
    person.wait(lambda: person.picture is not picture)
    person.wait(lambda: len(view.pictures._answers) == 2)
    after = view.pictures._answers[0].seen
    assert before is not None
    assert after is not None
    assert not np.array_equal(before, after)


def test_figure_3_is_one_click(person: Person) -> None:
    view = compare(person)
    view.figure_3.click()
    person.window.comparison.cancel()  # three untrained networks of ImageNet's size would only take time here
    assert [spec.name for spec in person.window.comparison.specs] == ["VGG-19", "Plain-34", "ResNet-34"]
    assert view.view.figure.alignment.sides == (224, 112, 56, 28, 14, 7, 1)
    assert [button.text() for button in view.choosers.buttons] == ["VGG-19  ▾", "Plain-34  ▾", "ResNet-34  ▾"]
    assert cell(view, "ImageNet validation, 10 crops") == ["–", "71.46 %", "75.48 %"]
    view.choosers.drop.click()
    assert len(person.window.comparison.specs) == 2


def test_figure_3_from_the_menu(person: Person) -> None:
    person.choose("figure_3")
    person.window.comparison.cancel()
    assert [column.spec.name for column in opened(person).view.figure.alignment.columns] == [
        "VGG-19", "Plain-34", "ResNet-34",
    ]  # fmt: skip


def test_a_click_on_a_block_marks_its_counterparts(person: Person) -> None:
    view = compare(person)
    figure = view.view
    card = figure.figure.card_of(1, "layer2.1")
    assert card is not None
    figure.ensureVisible(card.outline)
    person.bot.mouseClick(figure.viewport(), LEFT, NO_KEY, figure.mapFromScene(card.outline.center()))
    assert figure.figure.look.marked == (frozenset({"layer2.2", "layer2.3"}), frozenset({"layer2.1"}))
    assert cell(view, "Part") == ["layer2.2, layer2.3", "layer2.1"]
    person.bot.keyClick(figure, Qt.Key.Key_Escape)
    assert figure.figure.look.chosen is None


def test_latency_is_measured_on_the_device_in_use(person: Person) -> None:
    view = compare(person)
    assert cell(view, "Latency, measured here") == ["–", "–"]
    view.table.measure.click()
    person.wait(lambda: any(row.title == "Latency on CPU" for row in view.table.rows))
    row = next(row for row in view.table.rows if row.title == "Latency on CPU")
    assert all("quartiles" in each.tip for each in row.cells)
    view.view.select(1, "layer1.0")
    assert all(text.endswith("s") for text in cell(view, "Measured time"))


def test_measuring_is_stopped_by_the_same_button(person: Person) -> None:
    view = compare(person)
    person.window.comparison.compare((PRESETS["resnet152"], PRESETS["resnet101"]))
    view.table.measure.click()
    person.wait_for(Lane.COMPARE_TIMES)
    view.table.measure.click()
    assert Lane.COMPARE_TIMES not in person.window.jobs.running()
    assert view.table.measure.text() == "Measure latency"
    assert cell(view, "Latency, measured here") == ["–", "–"]


def test_another_network_from_the_list(person: Person) -> None:
    view = compare(person)
    view.choosers.buttons[1].click()
    chooser = view.choosers.chooser
    assert chooser.isVisible()
    person.bot.keyClicks(chooser.search, "resnet56")
    person.bot.keyClick(chooser.search, Qt.Key.Key_Return)
    assert person.window.comparison.specs == (person.state.spec.twin(), PRESETS["resnet56"])
    person.wait(lambda: len(view.pictures._answers) == 2)
    assert cell(view, "Depth (weighted layers)") == ["20", "56"]
    assert "ResNet-56" in view.windowTitle()


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_the_figure_as_a_file(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    view = compare(person)
    path = tmp_path / f"figure.{suffix}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    view.export.click()
    assert str(path) in view.notice.text
    if suffix == "svg":
        assert QSvgRenderer(str(path)).isValid()
        assert "ResNet-20" in path.read_text(encoding="utf-8")
    assert path.stat().st_size > 1000


def test_where_the_figure_cannot_be_written(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    view = compare(person)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "file" / "a.svg"), ""))
    view.export.click()
    assert "can't be written" in view.notice.text


def test_closed_it_runs_nothing_and_opens_as_it_was(person: Person) -> None:
    view = compare(person)
    view.view.select(1, "layer3.0")
    view.close()
    person.wait_until_idle()
    person.choose("sample")
    person.wait_for_picture()
    person.wait_until_idle()
    assert not view.pictures._answers
    person.choose("compare")
    assert opened(person) is view
    person.wait(lambda: len(view.pictures._answers) == 2)


def test_it_closes_with_the_main_window(open_window: Open) -> None:
    person = open_window()
    person.wait_for_picture()
    view = compare(person)
    person.window.close()
    assert not view.isVisible()
