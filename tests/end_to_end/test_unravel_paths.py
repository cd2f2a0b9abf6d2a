"""Paths counted, measured and unravelled in the real window, with the real engine."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from explorer.app.explain.paths_desk import PathsDesk
from explorer.app.jobs import Lane
from explorer.engine.explain.paths_records import PathsRequest, PathsResult
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.networks.catalog import PRESETS
from tests.end_to_end.person import Person

NONE: frozenset[str] = frozenset()


@pytest.fixture
def desk(person: Person) -> PathsDesk:
    """The tab, as a person opens it."""
    person.choose("show_paths")
    found = person.window.views.tabs["paths"].desk
    assert isinstance(found, PathsDesk)
    person.wait(found.panel.isVisible)
    found.panel.bar.seeds.setCurrentIndex(0)
    return found


def test_count_measure_delete_and_save(
    person: Person, desk: PathsDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = desk.panel
    panel.bar.images.setCurrentIndex(0)  # this picture
    assert panel.told.text().startswith("2⁹ = 512 paths")
    person.bot.mouseClick(panel.bar.button, Qt.MouseButton.LeftButton)
    person.wait(lambda: panel.result is not None and panel.result.finished and not desk.running)
    result = panel.result
    assert result is not None
    assert panel.page == "product"
    assert "Effective lengths" in panel.told.text()
    state = person.state
    expected = finish(Session().explain(PathsRequest(state.spec, state.weights, picture=state.picture, seeds=5)))
    assert isinstance(expected, PathsResult)
    assert np.allclose(result.norms, expected.norms, rtol=1e-4)
    person.click_switch("layer1.1")
    person.wait(lambda: len(panel.chart.series) == 2)
    assert panel.result is result, "what was measured stays"
    panel.pages.buttons["counts"].click()
    assert "2⁸ = 256 are left" in panel.told.text()
    path = tmp_path / "paths.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path), "CSV (*.csv)"))
    panel.save.click()
    rows = list(csv.DictReader(line for line in path.read_text().splitlines() if not line.startswith("#")))
    assert [int(row["paths_left"]) for row in rows] == [1, 8, 28, 56, 70, 56, 28, 8, 1, 0]
    assert float(rows[3]["mean_norm"]) == pytest.approx(float(result.mean()[3]))
    assert "Saved as" in person.told


def test_the_eight_paths_by_keyboard_and_a_change_of_mind(person: Person, desk: PathsDesk) -> None:
    panel, look = desk.panel, person.window.diagram.diagram.look
    person.window.select("layer2.1")
    panel.pages.buttons["unravelled"].click()
    rows = panel.unravelled.rows
    person.wait(lambda: rows[0].number != "–")
    assert panel.unravelled.blocks == ("layer2.0", "layer2.1", "layer2.2")
    assert sum(row.share for row in rows) == pytest.approx(1)
    rows[0].setFocus()
    assert (look.taken, look.around) == (NONE, frozenset(panel.unravelled.blocks))
    for _ in range(5):
        person.press(Qt.Key.Key_Down)
    assert (look.taken, look.around) == (frozenset({"layer2.0", "layer2.2"}), frozenset({"layer2.1"}))
    cards = person.window.diagram.diagram.cards
    assert [name for name, card in cards.items() if card.lit] == ["layer2.0", "layer2.2"]
    assert person.window.diagram.diagram.arcs["layer2.1"].lit
    person.click_switch("layer2.0")
    person.wait(lambda: bool(rows[-1].gone))
    assert [bool(row.gone) for row in rows] == [False] * 4 + [True] * 4
    person.choose("show_maps")
    assert (look.taken, look.around) == (NONE, NONE)
    person.choose("show_paths")
    panel.pages.buttons["counts"].click()
    _cancel_a_long_measurement(person, desk)


def _cancel_a_long_measurement(person: Person, desk: PathsDesk) -> None:
    """Of 54 blocks; afterwards the window is as usable as before."""
    person.window.runner.request_preset(PRESETS["preresnet110"])
    person.wait(lambda: person.state.spec.depth == 110 and person.state.info is not None)
    assert "18,014,398,509,481,984" in desk.panel.told.text().replace("\u200b", "")
    person.wait_for_picture()
    desk.panel.bar.button.click()
    person.wait_for(Lane.PATHS)
    person.wait(lambda: desk.panel.bar.running)
    desk.panel.bar.button.click()
    assert not desk.running
    assert not desk.panel.bar.running
    assert "Press Measure" in desk.panel.hint.text() or desk.panel.result is not None
    person.window.runner.request_preset(PRESETS["plain20"])
    person.wait(lambda: person.state.spec.plain)
    assert "one path only" in desk.panel.hint.text()
