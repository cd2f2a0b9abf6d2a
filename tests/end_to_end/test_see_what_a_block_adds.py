"""Someone asks what a block adds: to this picture, along the depth, and to the answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from explorer.app.explain.blocks_desk import BlocksDesk
from explorer.app.jobs import Lane
from explorer.app.panels.residuals import ResidualsPanel
from explorer.engine.explain.blocks_records import BlocksResult, BlockStatisticsResult
from tests.end_to_end.person import LEFT, Person


def desk(person: Person) -> BlocksDesk:
    found = person.window.views.tabs["blocks"].desk
    assert isinstance(found, BlocksDesk)
    return found


def panel(person: Person) -> ResidualsPanel:
    return desk(person).panel


def found(person: Person) -> BlocksResult:
    """What the panel shows of the picture, once it is of what is open now."""

    def up_to_date() -> bool:
        result, state = panel(person).results[0], person.state
        if result is None or desk(person).running:
            return False
        asked = result.request
        return (asked.lesion, asked.picture, asked.spec, asked.block) == (
            state.lesion, state.picture, state.spec, panel(person).chosen_block
        )  # fmt: skip

    person.wait(up_to_date)
    result = panel(person).results[0]
    assert result is not None
    return result


def measured(person: Person) -> BlockStatisticsResult:
    def whole() -> bool:
        result = panel(person).results[1]
        return result is not None and result.finished and Lane.BLOCK_STATISTICS not in person.window.jobs.running()

    person.wait(whole)
    result = panel(person).results[1]
    assert result is not None
    return result


def test_looking_at_a_block_and_deleting_it(person: Person) -> None:
    person.choose("show_blocks")
    result = found(person)
    assert result.maps is not None
    assert result.maps.mark.block == "layer2.1"
    assert panel(person).maps.isVisible()
    assert result.prediction.top(1)[0][1] == person.wait_for_picture().prediction.top(1)[0][1]
    np.testing.assert_allclose(
        result.prediction.probabilities, person.wait_for_picture().prediction.probabilities, atol=1e-6
    )
    person.window.select("layer3.0")  # in the diagram or the tree
    result = found(person)
    assert result.maps is not None
    assert result.maps.mark.shortcut == "subsampling"
    assert panel(person).block.currentText() == "layer3.0"
    assert "so that the shapes agree" in panel(person).maps.words.text()
    panel(person).forth.click()
    assert person.state.selection == "layer3.1"
    found(person)
    person.window.toggle("layer3.1")
    result = found(person)
    assert result.maps is not None
    assert result.maps.added is not None
    assert not result.maps.added.any()
    assert "Deleted" in panel(person).maps.words.text()
    person.choose("undo")
    result = found(person)
    assert result.maps is not None
    assert result.maps.added is not None
    assert result.maps.added.any()


def test_figures_over_the_set_and_a_chart_saved(
    person: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    person.choose("cancel")  # the accuracy, which goes first
    person.choose("show_blocks")
    found(person)
    run = panel(person).run
    run.images.setCurrentIndex(0)
    panel(person).pages.buttons["exits"].click()
    person.wait_for(Lane.BLOCK_STATISTICS)  # by itself: it is soon done
    result = measured(person)
    assert result.total == 100
    assert result.twin is not None
    assert result.twin.outline.spec.name == "Plain-20"
    accuracy = result.figures.exits[-1].accuracy
    assert accuracy is not None
    assert panel(person).exits.table.item(2, 3).text() == f"{100 * accuracy:.1f}\u00a0%"
    path = tmp_path / "exits.svg"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), "SVG (*.svg)"))
    person.bot.mouseClick(panel(person).save, LEFT)
    person.wait(path.is_file)
    assert "Plain-20" in path.read_text(encoding="utf-8")
    table = tmp_path / "figures.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(table), "CSV (*.csv)"))
    panel(person).show_page("depth")
    person.bot.mouseClick(panel(person).save, LEFT)
    assert "ratio_median" in table.read_text(encoding="utf-8")


def test_a_measurement_cancelled_keeps_what_it_has_and_stops(person: Person) -> None:
    person.choose("cancel")  # the accuracy, which goes first
    person.choose("show_blocks")
    found(person)
    run = panel(person).run
    run.images.setCurrentIndex(run.images.count() - 1)  # all 2,000: asked for only
    panel(person).pages.buttons["depth"].click()
    person.bot.wait(50)
    assert Lane.BLOCK_STATISTICS not in person.window.jobs.running()
    person.bot.mouseClick(run.button, LEFT)
    person.wait(lambda: panel(person).results[1] is not None)
    assert run.button.text() == "Cancel"
    person.bot.mouseClick(run.button, LEFT)
    assert Lane.BLOCK_STATISTICS not in person.window.jobs.running()
    assert run.button.text() == "Measure"
    kept = panel(person).results[1]
    assert kept is not None
    assert 0 < kept.images < 2000
    person.window.toggle("layer2.1")
    assert panel(person).results[1] is None, "it was of another network"
    person.choose("cancel")


def test_with_the_keyboard_alone(person: Person) -> None:
    person.choose("show_blocks")
    found(person)
    pages = panel(person).pages
    pages.buttons["maps"].setFocus()
    person.press(Qt.Key.Key_Right)
    person.press(Qt.Key.Key_Space)
    person.wait(lambda: panel(person).page == "depth")
    chart = panel(person).along.chart
    chart.setFocus()
    person.press(Qt.Key.Key_Right)
    assert "layer1.0" in panel(person).along.readout.full_text
    person.press(Qt.Key.Key_Right)
    person.press(Qt.Key.Key_Return)
    assert person.state.selection == "layer1.1"
    person.choose("cancel")
