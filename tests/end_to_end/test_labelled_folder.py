"""A person's own pictures as the image set."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from explorer.app.jobs import Lane
from explorer.engine.records import DataRef
from explorer.networks.catalog import PRESETS
from tests.end_to_end.person import Person, picture_file


def fill(folder: Path, classes: tuple[str, ...], each: int = 3) -> Path:
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index in range(each):
            picture_file(folder / name / f"{index}.png", seed=10 * number + index)
    return folder


def test_classes_are_found_by_name_and_by_number(person: Person, tmp_path: Path) -> None:
    person.drop_file(fill(tmp_path / "set", ("ankle_boot", "T-Shirt Top", "3")))
    result = person.wait_for_accuracy()
    person.wait(lambda: person.state.data.kind == "folder")
    result = person.wait_for_accuracy()
    assert result.request.data == DataRef("folder", str(tmp_path / "set"))
    assert (result.total, result.counts.correct is not None) == (9, True)
    assert "set" in person.window.accuracy_panel.data.text()


def test_unreadable_pictures_are_counted_and_named(person: Person, tmp_path: Path) -> None:
    folder = fill(tmp_path / "set", ("Coat", "Bag"))
    (folder / "Coat" / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "Bag" / "empty.png").write_bytes(b"")
    person.drop_file(folder)
    person.wait(lambda: person.state.data.kind == "folder")
    assert "2 pictures can't be read" in person.told
    assert "torn.jpg" in person.told
    result = person.wait_for_accuracy()
    assert result.total == 6
    note = person.window.accuracy_panel.note
    assert "torn.jpg" in note.text()
    assert "empty.png" in note.text()


def test_pictures_without_labels_give_the_agreement(person: Person, tmp_path: Path) -> None:
    for index in range(5):
        picture_file(tmp_path / f"{index}.png", seed=index)
    person.drop_file(tmp_path)
    person.wait(lambda: person.state.data.kind == "folder")
    assert "agreement" in person.told
    intact = person.wait_for_accuracy()
    assert intact.counts.correct is None
    assert intact.counts.agreement == 1
    person.click_switch("layer1.0")
    after = person.wait_for_accuracy()
    assert after.counts.correct is None
    assert after.counts.agreement is not None
    assert "agreement with the intact network" in person.window.accuracy_panel.meaning.text()
    assert person.window.accuracy_panel.meaning.isVisible()


def test_unknown_classes_and_only_one(person: Person, tmp_path: Path) -> None:
    person.drop_file(fill(tmp_path / "other", ("zebra", "yak")))
    person.wait(lambda: person.state.data.path.endswith("other"))
    assert "zebra" in person.told
    assert person.wait_for_accuracy().counts.correct is None
    person.drop_file(fill(tmp_path / "single", ("Coat",)))
    person.wait(lambda: person.state.data.path.endswith("single"))
    assert "one class" in person.told
    assert person.wait_for_accuracy().counts.correct is not None


@pytest.mark.parametrize("what", ["empty", "unreadable"])
def test_a_folder_that_is_of_no_use_is_refused_and_the_set_stays(person: Person, tmp_path: Path, what: str) -> None:
    before = person.wait_for_accuracy()
    folder = tmp_path / "set"
    folder.mkdir()
    if what == "unreadable":
        (folder / "a.png").write_bytes(b"no")
    person.drop_file(folder)
    person.wait(lambda: bool(person.told))
    assert person.state.data == before.request.data
    assert person.accuracies[-1] is before
    assert "n = 2,000" in person.window.accuracy_panel.figure.accessibleName()


def test_back_to_the_bundled_set_by_the_menu_and_by_undo(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(tmp_path / "set", ("Coat", "Bag"))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    menu = person.window.accuracy_panel.data.menu()
    menu.actions()[-1].trigger()
    person.wait(lambda: person.state.data.kind == "folder")
    person.choose("undo")
    assert person.state.data == DataRef("fashion-mnist")
    person.choose("redo")
    assert person.wait_for_accuracy().total == 6
    menu.actions()[0].trigger()
    person.wait(lambda: person.state.data == DataRef("fashion-mnist"))
    assert person.wait_for_accuracy().total == 2000


def test_pictures_that_vanish_afterwards_are_told_in_the_panel(person: Person, tmp_path: Path) -> None:
    folder = fill(tmp_path / "set", ("Coat", "Bag"))
    person.drop_file(folder)
    person.wait(lambda: person.state.data.kind == "folder")
    person.wait_for_accuracy()
    shutil.rmtree(folder)
    # The next network takes pictures of another size, so they have to be read again.
    person.window.network_panel.spec_requested.emit(PRESETS["resnet20"].with_(width=4, side=16))
    person.wait_for_picture()
    person.window.accuracy_panel.measure.click()
    person.wait(lambda: person.window.accuracy_panel.error.isVisible())
    assert person.window.accuracy_panel.error.text().endswith(".")


def test_an_untrained_network_is_measured_only_when_asked(person: Person) -> None:
    person.window.network_panel.spec_requested.emit(PRESETS["resnet20"].with_(width=4, side=28, in_channels=1))
    person.wait_for_picture()
    person.wait_until_idle()
    assert Lane.ACCURACY not in person.window.jobs.running()
    assert person.window.accuracy_panel.measure.isVisible()
    person.window.accuracy_panel.measure.click()
    result = person.wait_for_accuracy()
    assert result.total == 2000
    assert "untrained" not in person.window.accuracy_panel.figure.text()
