"""The real window with the real engine, opened for each test and closed after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app.settings import Settings
from explorer.app.theme import theme
from explorer.app.window import Window
from tests.end_to_end.person import Person
from tests.end_to_end.student import Student

CLOSES_WITHIN = 10.0
"""Seconds in which a window must be gone whatever it was doing, on a busy machine."""
Open = Callable[..., Person]


def close(window: Window) -> float:
    """Close it and hold it to its word: the thread has ended. Gives the seconds that took."""
    began = time.monotonic()
    window.close()
    taken = time.monotonic() - began
    assert not window.jobs._worker.isRunning(), "the thread still runs"
    assert taken < CLOSES_WITHIN, f"closing took {taken:.1f} s"
    return taken


@pytest.fixture
def open_window(qtbot: QtBot, qapp: QApplication) -> Iterator[Open]:
    """Opens windows; each is closed after the test, and its thread must have ended."""
    theme().use("light")
    opened: list[Window] = []

    def open_(image: Path | None = None, size: tuple[int, int] | None = (1440, 900)) -> Person:
        window = Window(Settings(), image)
        opened.append(window)
        person = Person(window, qtbot)
        if size is not None:
            window.resize(*size)  # the screen that Qt paints in memory is smaller
        with qtbot.waitExposed(window):
            window.show()
        window.activateWindow()
        return person

    yield open_
    for window in opened:
        close(window)
        window.deleteLater()
    qapp.processEvents()


@pytest.fixture
def person(open_window: Open) -> Person:
    """Someone whose window has opened, with the first picture's result in; accuracy may still be measured."""
    person = open_window()
    person.wait_for_offer()
    person.wait_for_picture()
    return person


@pytest.fixture
def student(person: Person) -> Student:
    """The same, in the deletion laboratory."""
    return Student(person)
