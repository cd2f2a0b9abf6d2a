"""Train the open network on a folder of pictures, stop, take it up in another session, and open the weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QPushButton

from explorer.app.explain.training_desk import TrainingDesk
from explorer.app.jobs import Lane
from explorer.app.panels.training import TrainingPanel
from explorer.engine.records import DataRef, WeightsKind
from explorer.engine.training_records import Recipe, TrainingStatus
from tests.end_to_end.conftest import Open, close
from tests.end_to_end.person import Person
from tests.engine.training_support import COLOURED, coloured_folder

EPOCHS = 12


class Trainee:
    """A person in the tab Training."""

    def __init__(self, person: Person) -> None:
        self.person, self.window = person, person.window
        person.choose("show_training")
        desk = self.window.views.tabs["training"].desk
        assert isinstance(desk, TrainingDesk)
        self.desk = desk
        self.panel: TrainingPanel = desk.panel
        self.column = self.panel.column
        self.told: list[TrainingStatus] = []
        self.window.jobs.stepped.connect(self._hear)

    def _hear(self, lane: Lane, value: object) -> None:
        if lane is Lane.TRAINING and isinstance(value, TrainingStatus):
            self.told.append(value)

    def set_up(self, folder: Path, epochs: int = EPOCHS) -> None:
        self.column.show_recipe(DataRef("folder", str(folder)), None, Recipe(epochs=epochs, batch=8, rate=0.1, seed=4))

    def click(self, button: QPushButton) -> None:
        assert button.isVisible()
        assert button.isEnabled()
        button.click()

    def wait_for_epoch(self, epoch: int) -> None:
        self.person.wait(lambda: bool(self.told) and len(self.told[-1].curves.validated) >= epoch)

    def wait_for_the_end(self) -> None:
        self.person.wait(lambda: self.panel.result is not None)

    def menu(self) -> list[str]:
        return [action.text() for action in self.window.toolbar.weights.menu().actions()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return coloured_folder(tmp_path / "pictures", each=30)


@pytest.fixture
def trainee(person: Person) -> Trainee:
    person.window.runner.request_network(COLOURED)
    person.wait_until_idle()
    return Trainee(person)


def test_from_start_to_opening_the_weights(trainee: Trainee, folder: Path) -> None:
    """The document is edited meanwhile, and a picture runs: the training is of what was open when it began. For a
    moment it is paused, too."""
    trainee.set_up(folder)
    trainee.click(trainee.column.start)
    trainee.wait_for_epoch(1)
    trainee.window.toggle("layer2.0")
    trainee.person.wait_for_picture()
    assert Lane.TRAINING in trainee.window.jobs.running(), "the picture did not wait for the training"
    trainee.click(trainee.column.pause)
    assert trainee.window.jobs.is_paused(Lane.TRAINING)
    trainee.person.bot.wait(100)  # the step that it is in
    before = len(trainee.told)
    trainee.person.bot.wait(300)
    assert len(trainee.told) == before
    assert trainee.column.pause.text() == "Go on"
    trainee.click(trainee.column.pause)
    trainee.wait_for_the_end()
    info = trainee.panel.weights
    assert info is not None
    assert info.title in trainee.panel.words.full_text
    assert info.title in trainee.menu()
    assert [one.name for one in trainee.panel.share.series] == ["held-out images", "training images"]
    trainee.click(trainee.panel.open)
    trainee.person.wait(lambda: trainee.person.state.weights == info.ref)
    state = trainee.person.state
    assert state.spec == COLOURED.with_(classes=3)
    assert state.deleted == {"layer2.0"}, "what was edited meanwhile"
    assert state.info is not None
    assert state.info.classes == ("amber", "blue", "green")
    assert state.weights.kind is WeightsKind.FILE
    trainee.person.wait_for_picture()
    assert str(info.title) in trainee.window.toolbar.weights.text()


def test_stopped_by_escape_and_taken_up(trainee: Trainee, folder: Path) -> None:
    """Escape ends nothing for good: the state is kept, and taking it up leads to the weights of one run through."""
    trainee.set_up(folder)
    trainee.click(trainee.column.start)
    trainee.wait_for_epoch(2)
    trainee.window.setFocus()
    trainee.person.press(Qt.Key.Key_Escape)
    trainee.person.wait(lambda: trainee.panel.unfinished.isVisible())
    assert "stopped in epoch" in trainee.panel.unfinished.words.text()
    assert any("My training" in text for text in trainee.menu()), "what it had is at hand"
    trainee.click(trainee.panel.unfinished.take_up)
    trainee.wait_for_the_end()
    assert trainee.told[-1].curves.validated[0].epoch == 1, "the curves have their beginning again"
    assert not trainee.panel.unfinished.isVisible()


def test_the_window_is_closed_in_an_epoch_and_another_takes_it_up(
    trainee: Trainee, folder: Path, open_window: Open
) -> None:
    trainee.set_up(folder, epochs=40)
    trainee.click(trainee.column.start)
    trainee.wait_for_epoch(1)
    close(trainee.window)
    later = open_window()
    later.wait_for_picture()
    other = Trainee(later)
    assert other.panel.unfinished.isVisible()
    assert any("My training" in text for text in other.menu()), "what it left is at hand after a restart"
    assert COLOURED.name in other.panel.unfinished.words.text()
    other.click(other.panel.unfinished.take_up)
    other.wait_for_epoch(2)
    other.click(other.column.stop)
    other.person.wait(lambda: other.panel.unfinished.isVisible())
    other.click(other.panel.unfinished.discard)
    assert not other.panel.unfinished.isVisible()
    actions = {action.text(): action for action in later.window.toolbar.weights.menu().actions()}
    text = next(text for text in actions if text.startswith(f"{COLOURED.name}: My training"))
    assert "pictures: trained on" in actions[text].toolTip(), "the card"
    actions[text].trigger()
    later.wait(lambda: later.state.weights.kind is WeightsKind.FILE and later.state.info is not None)
    assert later.state.spec == COLOURED.with_(classes=3)
    assert later.state.info is not None
    assert f"{COLOURED.name}: {later.state.info.title}" == text, "it is called what the menu calls it"


def test_a_run_that_cannot_be_is_refused_in_the_panel(
    trainee: Trainee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lone = coloured_folder(tmp_path / "lone", each=3) / "blue"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(lone))
    column = trainee.column
    column.data.setCurrentIndex(column.data.count() - 1)
    column.data.activated.emit(column.data.count() - 1)
    assert column.setup().data == DataRef("folder", str(lone))
    trainee.click(column.start)
    trainee.person.wait(lambda: trainee.panel.error.isVisible())
    assert "at least two classes" in trainee.panel.error.text()
    assert column.start.isVisible()
