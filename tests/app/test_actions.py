"""The table of actions: complete, reachable, without two on one key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu
from pytestqt.qtbot import QtBot

from explorer.app.actions import ENTRIES, make_actions

NAMES = [entry.name for entry in ENTRIES if entry is not None]


@pytest.fixture
def made(qtbot: QtBot) -> tuple[QMainWindow, dict[str, QAction], list[str]]:
    window = QMainWindow()
    qtbot.addWidget(window)
    called: list[str] = []
    actions, _ = make_actions(window, {name: lambda name=name: called.append(name) for name in NAMES})
    return window, actions, called


def in_menus(menu: QMenu) -> Iterator[QAction]:
    for action in menu.actions():
        if action.menu() is not None:
            yield from in_menus(action.menu())
        elif not action.isSeparator():
            yield action


def test_every_action_stands_in_a_menu_and_calls_its_slot(
    made: tuple[QMainWindow, dict[str, QAction], list[str]],
) -> None:
    window, actions, called = made
    reachable = [action for top in window.menuBar().actions() for action in in_menus(top.menu())]
    assert len(reachable) == len(actions) == len(NAMES)
    for name in NAMES:
        assert actions[name] in reachable
        actions[name].trigger()
    assert called == NAMES


def test_no_key_is_given_twice(made: tuple[QMainWindow, dict[str, QAction], list[str]]) -> None:
    _, actions, _ = made
    keys = Counter(key.toString() for action in actions.values() for key in action.shortcuts())
    assert [key for key, count in keys.items() if count > 1] == []
    assert QKeySequence("Ctrl+O").toString() in keys


def test_a_slot_that_is_missing_or_too_many_is_an_error(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    slots = {name: lambda: None for name in NAMES}
    with pytest.raises(ValueError, match="extra"):
        make_actions(window, {**slots, "extra": lambda: None})
    del slots["open"]
    with pytest.raises(ValueError, match="open"):
        make_actions(window, slots)
