"""A student goes through a lesson; a teacher's files; weights that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QDockWidget, QFileDialog

from explorer.app.jobs import Lane
from explorer.app.lessons import LessonDesk
from explorer.app.panels.lesson_end import LessonEndPage
from explorer.app.panels.lesson_step import LessonStepPage
from explorer.engine.build import build
from explorer.engine.cards import save_weights
from explorer.engine.explain import lesson_setting
from explorer.engine.images import default_preprocessing
from explorer.engine.records import UNTRAINED, WeightsKind
from explorer.networks.catalog import PRESETS
from tests.end_to_end.conftest import Open
from tests.end_to_end.person import LEFT, Person
from tests.end_to_end.test_download_weights import files, site  # noqa: F401  # the fixture
from tests.engine.files_server import Site
from tests.engine.test_lessons import GOOD, STEP, file_of

QUICK = GOOD.replace("images = 500", "images = 20")
SECOND = STEP.replace("images = 500", "images = 20").replace('delete = ["layer2.1"]', 'cut = ["layer3.1"]')


class Pupil:
    """Someone at a lesson."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.window = person.window

    @property
    def desk(self) -> LessonDesk:
        return self.window.lessons

    @property
    def page(self) -> LessonStepPage:
        page = self.desk.page
        assert page is not None
        return page

    @property
    def folder(self) -> Path:
        folder = self.desk.menu.folders[1]
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def begin(self, name: str) -> None:
        """From the list."""
        self.person.choose("lessons")
        button = self.desk.panel.list.buttons[name]
        self.person.bot.mouseClick(button, LEFT)

    def wait_until_set_up(self) -> None:
        self.person.wait(lambda: self.page.measure.text() == "Measure" and not self.desk._doing)

    def guess(self, number: str) -> None:
        self.page.field.number.setFocus()
        self.page.field.number.selectAll()
        self.person.type(number)
        self.person.press(Qt.Key.Key_Return)

    def wait_for_answer(self) -> None:
        self.person.wait(lambda: self.page.is_revealed)


@pytest.fixture
def pupil(person: Person) -> Pupil:
    return Pupil(person)


def shown(person: Person) -> dict[str, tuple[bool, int, int]]:
    """Which docks there are, and how large."""
    return {
        dock.objectName(): (dock.isVisible(), dock.width(), dock.height())
        for dock in person.window.findChildren(QDockWidget)
    }


def test_a_student_guesses_sees_the_figure_and_goes_on_to_the_end(pupil: Pupil) -> None:
    person, window = pupil.person, pupil.window
    before, docks = person.state, shown(person)
    pupil.begin("3-deleting")
    assert not window.docks["network"].isVisible()
    assert not window.docks["blocks"].isVisible()
    assert pupil.desk.panel.isVisible()
    pupil.wait_until_set_up()
    state = person.state
    assert (state.spec.name, state.deleted, state.selection) == ("ResNet-56", {"layer2.4"}, "layer2.4")
    assert not window.docks["accuracy"].isVisible(), "it would give the answer away"
    assert not pupil.page.measure.isEnabled()
    pupil.guess("30")
    pupil.wait_for_answer()
    found = pupil.desk.run.results[0].figures["lost"] if pupil.desk.run else None
    assert found is not None
    assert found.images == 300
    assert pupil.page.comparison.guess.text() == "30 points"
    assert pupil.page.comparison.measured.text() == f"{found.value:.1f} points".replace("-", "−")
    assert "n = 300" in pupil.page.comparison.rest.text()
    assert "Veit et al. 2016, section 4.1" in pupil.page.source.text()
    assert window.docks["accuracy"].isVisible()
    assert QApplication.focusWidget() is pupil.desk.panel.next
    for _ in range(5):
        person.bot.mouseClick(pupil.desk.panel.next, LEFT)
    page = pupil.desk.panel.page
    assert isinstance(page, LessonEndPage)
    assert [row.text() == "not measured" for row in page.rows] == [False, True, True, True, True]
    person.bot.mouseClick(page.put_back, LEFT)
    assert not pupil.desk.panel.isVisible()
    person.wait(lambda: shown(person) == docks)
    after = person.state
    assert (after.spec, after.weights, after.deleted) == (before.spec, before.weights, before.deleted)
    assert after.picture is before.picture


def test_steps_can_be_undone_and_set_up_again(pupil: Pupil) -> None:
    person = pupil.person
    file_of(pupil.folder, QUICK + SECOND)
    pupil.begin("mine")
    pupil.wait_until_set_up()
    assert person.state.deleted == {"layer2.1"}
    assert "Set up step 1 of “One block”" in person.window.actions_by_name["undo"].text()
    person.choose("undo")
    assert not person.state.deleted
    assert pupil.page.again.isVisible()
    person.bot.mouseClick(pupil.page.again, LEFT)
    pupil.wait_until_set_up()
    assert person.state.deleted == {"layer2.1"}
    assert not pupil.page.again.isVisible()
    person.click_switch("layer3.2")
    assert pupil.page.again.isVisible(), "something else is open than the step is about"
    person.bot.mouseClick(pupil.desk.panel.next, LEFT)
    pupil.wait_until_set_up()
    assert (person.state.deleted, person.state.cut) == (frozenset(), {"layer3.1"})
    person.bot.mouseClick(pupil.desk.panel.back, LEFT)
    pupil.wait_until_set_up()
    pupil.guess("3")
    pupil.wait_for_answer()
    person.bot.mouseClick(pupil.desk.panel.next, LEFT)
    person.bot.mouseClick(pupil.desk.panel.back, LEFT)
    assert pupil.page.is_revealed, "what was measured is still there"
    assert pupil.page.comparison.guess.text() == "3 points"


def test_the_keyboard_suffices(pupil: Pupil) -> None:
    person = pupil.person
    file_of(pupil.folder, QUICK, "0-first.toml")
    person.choose("lessons")
    person.press(Qt.Key.Key_Space)  # the first lesson has the focus
    pupil.wait_until_set_up()
    assert QApplication.focusWidget() is pupil.page.field.slider
    person.press(Qt.Key.Key_Right)
    person.press(Qt.Key.Key_Return)
    pupil.wait_for_answer()
    person.press(Qt.Key.Key_Space)  # Next
    assert isinstance(pupil.desk.panel.page, LessonEndPage)
    person.choose("end_lesson")
    assert not pupil.desk.panel.isVisible()
    assert person.told == "The lesson has ended."
    assert not person.window.actions_by_name["end_lesson"].isEnabled()


def test_a_teachers_files_and_broken_ones_in_list_menu_and_folder(
    pupil: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) is None)
    folder = pupil.desk.menu.folders[1]
    assert not folder.exists()
    pupil.person.choose("lessons_folder")
    assert opened == [str(folder)]
    assert "points_lost" in (folder / "README.md").read_text(encoding="utf-8")
    file_of(pupil.folder, QUICK, "good.toml")
    file_of(pupil.folder, QUICK.replace("layer2.1", "layer9.1"), "broken.toml")
    pupil.person.choose("lessons")
    panel = pupil.desk.panel
    assert "good" in panel.list.buttons
    assert len(panel.list.buttons) == 6
    (label,) = panel.list.refusals
    assert label.text().startswith("broken.toml, step 1: ")
    menu = pupil.window.menus["Lessons"]
    menu.aboutToShow.emit()
    entries = [action.text() for action in menu.actions()]
    assert "One block" in entries
    assert "broken.toml can't be used…" in entries
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == entries, "the list is made anew, not longer"
    next(action for action in menu.actions() if action.text() == "One block").trigger()
    pupil.wait_until_set_up()
    assert panel.title.text() == "One block"


def test_weights_that_are_missing_are_looked_for_or_done_without(
    pupil: Pupil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = pupil.person
    text = QUICK.replace('network = "resnet20"', 'network = "resnet20"\nweights = "class.safetensors"')
    file_of(pupil.folder, text)
    before = person.state
    pupil.begin("mine")
    person.wait(lambda: bool(pupil.page.offers))
    assert "class.safetensors" in pupil.page.missing.text()
    assert person.state == before, "nothing is opened without them"
    pupil.page.field.set_guess(3)
    assert not pupil.page.measure.isEnabled()
    spec = PRESETS["resnet20"].with_(in_channels=1, side=28)
    network = build(spec, 0)
    elsewhere = tmp_path / "elsewhere.safetensors"
    save_weights(elsewhere, network.state_dict(), network, tuple("abcdefghij"), default_preprocessing(spec))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(elsewhere), ""))
    person.bot.mouseClick(pupil.page.offers[0], LEFT)
    pupil.wait_until_set_up()
    assert person.state.weights.kind is WeightsKind.FILE
    assert person.state.deleted == {"layer2.1"}
    pupil.begin("mine")
    person.wait(lambda: bool(pupil.page.offers))
    person.bot.mouseClick(pupil.page.offers[-1], LEFT)
    pupil.wait_until_set_up()
    assert person.state.weights == UNTRAINED
    pupil.page.field.set_guess(3)
    person.bot.mouseClick(pupil.page.measure, LEFT)
    pupil.wait_for_answer()
    assert "untrained here" in pupil.page.notes.text()


def test_weights_are_fetched_once_the_connection_is_there(
    pupil: Pupil,
    site: Site,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person = pupil.person
    # The site's file has another name than torchvision's.
    monkeypatch.setattr(lesson_setting, "_cached", lambda _: bool(files()))
    text = QUICK.replace('network = "resnet20"', 'network = "resnet18"\nweights = "imagenet"').replace(
        'measure = "points_lost"\nimages = 20', 'measure = "probability"\npicture = 3'
    )
    file_of(pupil.folder, text)
    pupil.begin("mine")
    person.wait(lambda: bool(pupil.page.offers))
    assert "IMAGENET1K_V1 of ResNet-18" in pupil.page.missing.text()
    assert [button.text() for button in pupil.page.offers] == ["Download them", "Go on untrained"]
    site.broken_off.update(site.files)
    person.bot.mouseClick(pupil.page.offers[0], LEFT)
    person.wait(lambda: pupil.page.error.isVisible())
    assert "broke off" in pupil.page.error.text()
    person.bot.mouseClick(pupil.page.again, LEFT)
    person.wait(lambda: bool(pupil.page.offers))
    site.broken_off.clear()
    person.bot.mouseClick(pupil.page.offers[0], LEFT)
    person.wait(lambda: person.state.weights.kind is WeightsKind.TORCHVISION)
    pupil.wait_until_set_up()
    pupil.guess("3")
    pupil.wait_for_answer()
    assert 0 <= float(pupil.page.comparison.measured.text().removesuffix(" %")) <= 100


def test_a_lesson_broken_off_leaves_the_layout_as_it_was(open_window: Open, pupil: Pupil) -> None:
    person, window = pupil.person, pupil.window
    window.docks["blocks"].hide()
    window.docks["accuracy"].hide()
    docks = shown(person)
    file_of(pupil.folder, QUICK.replace("images = 20", "images = 2000").replace('"resnet20"', '"resnet56"'))
    pupil.begin("mine")
    pupil.wait_until_set_up()
    pupil.guess("3")
    person.wait_for(Lane.LESSON)
    window.jobs.cancel(Lane.LESSON)
    assert pupil.page.error.text() == "Cancelled."
    assert pupil.page.measure.isEnabled(), "it can be measured again"
    assert not pupil.page.is_revealed
    window.docks["network"].show()  # from the View menu
    assert window.docks["network"].isVisible()
    pupil.desk.leave()
    assert window.docks["network"].isVisible()
    assert not window.docks["blocks"].isVisible(), "it was closed before"
    assert not window.docks["accuracy"].isVisible()
    pupil.begin("mine")
    assert not window.docks["network"].isVisible()
    window.close()
    other = open_window(size=None)
    assert not other.window.lessons._dock.is_open
    assert {name for name, (visible, _, _) in shown(other).items() if visible} == {
        name for name, (visible, _, _) in docks.items() if visible
    }
