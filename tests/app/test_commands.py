"""Edits: each is one step of undo, and says in a few words what it was."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from explorer.app import commands
from explorer.engine.records import UNTRAINED, DataRef
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from tests.app.panel_support import SMALL, document, picture


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (set(), {"layer1.0"}, "Delete layer1.0"),
        ({"layer1.0", "layer2.1"}, {"layer1.0"}, "Restore layer2.1"),
        ({"layer1.0"}, set(), "Restore layer1.0"),
        ({"layer1.0", "layer2.1"}, set(), "Restore all"),
        (set(), {"layer1.0", "layer2.1"}, "Change what is deleted"),
        ({"layer1.0"}, {"layer2.1"}, "Change what is deleted"),
    ],
)
def test_deleting_says_what_it_was(qtbot: QtBot, before: set[str], after: set[str], text: str) -> None:
    shown = document(deleted=frozenset(before))
    commands.set_deleted(shown, frozenset(after))
    assert shown.undo_stack.undoText() == text
    assert shown.state.deleted == after
    shown.undo_stack.undo()
    assert shown.state.deleted == before
    shown.undo_stack.redo()
    assert shown.state.deleted == after


def test_an_edit_that_changes_nothing_is_no_step(qtbot: QtBot) -> None:
    shown = document()
    commands.set_deleted(shown, frozenset())
    commands.set_data(shown, shown.state.data)
    commands.set_network(shown, shown.state.spec, shown.state.weights, shown.state.info)
    assert shown.undo_stack.count() == 0


def test_an_unknown_block_is_refused(qtbot: QtBot) -> None:
    shown = document()
    with pytest.raises(UserError, match="layer9"):
        commands.toggle_deleted(shown, "layer9.9")
    assert shown.undo_stack.count() == 0


def test_another_network_has_nothing_deleted_and_undo_brings_it_back(qtbot: QtBot) -> None:
    shown = document(deleted=frozenset({"layer1.0"}), selection="layer1.2")
    before = shown.state
    commands.set_network(shown, PRESETS["resnet18"], UNTRAINED)
    assert (shown.state.deleted, shown.state.selection, shown.state.info) == (frozenset(), None, None)
    shown.undo_stack.undo()
    assert shown.state == before


def test_a_network_of_the_same_blocks_keeps_what_is_deleted(qtbot: QtBot) -> None:
    shown = document(deleted=frozenset({"layer1.0"}), selection="layer1.2")
    commands.set_network(shown, SMALL.with_(classes=7, shortcut="C"), UNTRAINED)
    assert shown.state.deleted == {"layer1.0"}
    assert shown.state.selection == "layer1.2"


def test_pictures_and_sets(qtbot: QtBot) -> None:
    first, second = picture(name="a.png"), picture(name="b.png")
    shown = document(picture=first)
    commands.set_picture(shown, second)
    commands.set_data(shown, DataRef("folder", "/x"))
    assert shown.undo_stack.undoText() == "Change image set"
    shown.undo_stack.undo()
    assert shown.undo_stack.undoText() == "Open b.png"
    shown.undo_stack.undo()
    assert shown.state.picture is first


def test_an_edit_after_undo_forgets_what_was_undone(qtbot: QtBot) -> None:
    shown = document()
    commands.toggle_deleted(shown, "layer1.0")
    shown.undo_stack.undo()
    commands.toggle_deleted(shown, "layer2.0")
    assert not shown.undo_stack.canRedo()
    assert shown.state.deleted == {"layer2.0"}
