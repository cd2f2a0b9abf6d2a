"""A lesson by the keyboard: from field to field, and to the list and back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from tests.end_to_end.person import Person
from tests.end_to_end.test_lesson import QUICK, Pupil
from tests.engine.test_lessons import STEP, file_of

TWO_STEPS = QUICK + "\n" + STEP.replace("images = 500", "images = 20")


def test_tab_goes_from_the_guess_to_what_comes_next(person: Person) -> None:
    pupil = Pupil(person)
    file_of(pupil.folder, TWO_STEPS)
    pupil.begin("mine")
    pupil.wait_until_set_up()
    page, panel = pupil.page, pupil.desk.panel
    assert QApplication.focusWidget() is page.field.slider
    person.press(Qt.Key.Key_Right)
    visited: list[QWidget | None] = []
    for _ in range(4):
        person.press(Qt.Key.Key_Tab)
        visited.append(QApplication.focusWidget())
    assert visited == [page.field.number, page.measure, panel.next, panel.end], "Back is of no use in the first step"


def test_the_list_opens_in_the_middle_of_a_lesson_and_leads_back(person: Person) -> None:
    pupil = Pupil(person)
    file_of(pupil.folder, TWO_STEPS)
    pupil.begin("mine")
    pupil.wait_until_set_up()
    pupil.guess("5")
    pupil.wait_for_answer()
    answer = pupil.page.answer.text()
    pupil.desk.go_on()
    pupil.wait_until_set_up()
    run, panel = pupil.desk.run, pupil.desk.panel
    person.choose("lessons")
    assert panel.page is panel.list
    going = panel.list.go_on
    assert going is not None
    assert going.text() == "Go on with One block"
    assert QApplication.focusWidget() is going
    person.press(Qt.Key.Key_Space)
    pupil.wait_until_set_up()
    assert pupil.desk.run is run
    assert run is not None
    assert run.number == 1
    pupil.desk.go_back()
    assert pupil.page.answer.text() == answer
    person.choose("lessons")
    pupil.desk.leave()
    person.choose("lessons")
    assert panel.list.go_on is None, "no lesson is on any more"
