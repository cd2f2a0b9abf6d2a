"""Switching blocks off by switch, key and tree; prediction, maps and accuracy follow; every edit can be undone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from explorer.app.panels.block_columns import SWITCH
from explorer.app.widgets.block_delegate import switch_rect
from explorer.engine.records import PictureResult
from explorer.networks.catalog import PRESETS
from tests.end_to_end.person import LEFT, NO_KEY, Person, picture_file

THREE = frozenset({"layer1.1", "layer2.0", "layer3.2"})


def delete_three(person: Person) -> PictureResult:
    """By the switch on the card, by Space on the selected card, by the switch in the tree."""
    person.click_switch("layer1.1")
    diagram = person.window.diagram
    card = diagram.diagram.cards["layer2.0"]
    person.bot.mouseClick(diagram.viewport(), LEFT, NO_KEY, diagram.mapFromScene(card.mapToScene(20, 45)))
    assert person.state.selection == "layer2.0"
    person.bot.keyClick(diagram, Qt.Key.Key_Space)
    panel = person.window.blocks_panel
    panel.view.scrollToBottom()
    index = panel._proxy.mapFromSource(panel._items["layer3.2"].index())
    at = switch_rect(panel.view.visualRect(index.siblingAtColumn(SWITCH))).center()
    person.bot.mouseClick(panel.view.viewport(), LEFT, NO_KEY, at)
    assert person.state.deleted == THREE
    return person.wait_for_picture()


def test_prediction_maps_and_accuracy_follow_and_intact_values_stay(person: Person) -> None:
    before = person.wait_for_picture()
    intact = person.wait_for_accuracy()
    after = delete_three(person)
    window = person.window
    assert after.intact.probabilities.tolist() == before.prediction.probabilities.tolist()
    assert after.prediction.probabilities.tolist() != before.prediction.probabilities.tolist()
    assert "was" in window.prediction_panel.chance.text()
    _, bar, _ = window.prediction_panel.bars.rows[0]
    assert bar.ghost is not None
    # Maps before the first deleted block are the intact ones, those of it and after it are not.
    assert np.array_equal(after.maps["layer1.0"], after.intact_maps["layer1.0"])
    assert not np.array_equal(after.maps["layer1.1"], after.intact_maps["layer1.1"])
    assert np.array_equal(after.maps["layer1.1"], after.maps["layer1.0"])  # an identity block that is gone
    assert window.maps_panel.change.isEnabled()

    accuracy = person.wait_for_accuracy()
    assert accuracy.request.deleted == THREE
    assert accuracy.counts.images == accuracy.total == 2000
    assert accuracy.intact.correct == intact.counts.correct
    assert window.accuracy_panel.table.is_shown("intact")
    partial = [result for result in person.accuracies if result.request.deleted == THREE and not result.finished]
    assert partial, "the accuracy did not stream in"
    assert partial[0].counts.images < 500
    assert [chip.block_id for chip in window.accuracy_panel.chips.chips] == sorted(THREE)
    assert "3 deleted" in window.diagram.accessibleDescription()


def test_undo_and_redo_step_by_step(person: Person) -> None:
    intact = person.wait_for_picture().prediction.probabilities
    deleted = delete_three(person).prediction.probabilities
    for left in (2, 1, 0):
        person.choose("undo")
        assert len(person.state.deleted) == left
    assert person.wait_for_picture().prediction.probabilities.tolist() == intact.tolist()
    assert not person.window.actions_by_name["undo"].isEnabled()
    for _ in THREE:
        person.choose("redo")
    assert person.state.deleted == THREE
    assert np.allclose(person.wait_for_picture().prediction.probabilities, deleted, atol=1e-6)
    assert not person.window.actions_by_name["redo"].isEnabled()


def test_the_menu_says_what_is_undone(person: Person) -> None:
    person.click_switch("layer1.1")
    assert person.window.actions_by_name["undo"].text() == "Undo: Delete layer1.1"
    person.choose("undo")
    assert person.window.actions_by_name["redo"].text() == "Redo: Delete layer1.1"
    assert person.window.actions_by_name["undo"].text() == "Undo"


def test_restore_one_and_all(person: Person) -> None:
    delete_three(person)
    chip = next(chip for chip in person.window.accuracy_panel.chips.chips if chip.block_id == "layer2.0")
    chip.click()
    assert person.state.deleted == THREE - {"layer2.0"}
    person.window.accuracy_panel.restore_all.click()
    assert not person.state.deleted
    assert not person.window.actions_by_name["restore"].isEnabled()
    person.choose("undo")
    assert person.state.deleted == THREE - {"layer2.0"}
    person.choose("restore")
    assert not person.state.deleted
    result = person.wait_for_picture()
    assert result.prediction.probabilities.tolist() == result.intact.probabilities.tolist()
    assert person.window.prediction_panel.bars.rows[0][1].ghost is None


def test_clicking_the_same_switch_again_restores(person: Person) -> None:
    person.click_switch("layer2.2")
    person.click_switch("layer2.2")
    assert not person.state.deleted


def test_every_kind_of_edit_is_undone_in_turn(person: Person, tmp_path: Path) -> None:
    window = person.window
    states = [person.state]

    def note(done: bool = True) -> None:
        person.wait_until_idle()
        assert person.state != states[-1], "nothing was edited"
        states.append(person.state)

    person.click_switch("layer1.2")
    note()
    person.choose("sample")
    note()
    person.drop_file(labelled(tmp_path))
    note()
    window.toolbar.weights_requested.emit(None)
    note()
    window.toolbar.network_requested.emit(PRESETS["resnet32"].with_(width=4, side=16))
    note()
    for before in reversed(states[:-1]):
        person.choose("undo")
        person.wait_until_idle()
        assert person.state == before
    assert not window.actions_by_name["undo"].isEnabled()
    for after in states[1:]:
        person.choose("redo")
        person.wait_until_idle()
        assert person.state == after
    person.wait_for_picture()


def labelled(folder: Path) -> Path:
    for name in ("Coat", "Bag"):
        (folder / "set" / name).mkdir(parents=True)
        picture_file(folder / "set" / name / "one.png")
    return folder / "set"


def test_the_dialog_opens_a_labelled_folder(person: Person, tmp_path: Path, monkeypatch: object) -> None:
    folder = labelled(tmp_path)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    person.window.accuracy_panel.data_requested.emit("folder")
    person.wait(lambda: person.state.data.path == str(folder))
    assert person.wait_for_accuracy().total == 2
