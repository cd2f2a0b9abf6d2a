"""Edits: each is one step of undo, and says in a few words what it was."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from explorer.app import commands
from explorer.engine.records import UNTRAINED, DataRef
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import INTACT, Lesion
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


IDS = SMALL.block_ids
SWAPPED = (IDS[2], IDS[1], IDS[0], *IDS[3:])
"""layer1.0 and layer1.2 in each other's places."""


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (INTACT, Lesion(cut=frozenset({"layer2.1"})), "Cut the shortcut of layer2.1"),
        (Lesion(cut=frozenset({"layer2.1"})), INTACT, "Restore the shortcut of layer2.1"),
        (Lesion(cut=frozenset({"layer2.1"})), Lesion(frozenset({"layer2.1"})), "Delete layer2.1"),
        (Lesion(frozenset({"layer2.1"})), Lesion(cut=frozenset({"layer2.1"})), "Cut the shortcut of layer2.1"),
        (INTACT, Lesion(order=SWAPPED), "Swap layer1.0 and layer1.2"),
        (Lesion(order=SWAPPED), INTACT, "Swap layer1.2 and layer1.0"),
        (INTACT, Lesion(order=(IDS[1], IDS[2], IDS[0], *IDS[3:])), "Change the order"),
        (Lesion(order=(IDS[1], IDS[2], IDS[0], *IDS[3:])), INTACT, "Restore the order"),
        (Lesion(frozenset({"layer2.1"}), order=SWAPPED), INTACT, "Restore all"),
        (INTACT, Lesion(frozenset({"layer2.1"}), frozenset({"layer2.2"})), "Change what is deleted, cut and moved"),
        (INTACT, Lesion(frozenset({"layer2.1"}), order=SWAPPED), "Change what is deleted, cut and moved"),
    ],
)
def test_a_lesion_is_one_step_that_says_what_it_was(qtbot: QtBot, before: Lesion, after: Lesion, text: str) -> None:
    shown = document(deleted=before.deleted, cut=before.cut, order=before.order)
    said: list[Lesion] = []
    shown.deleted_changed.connect(lambda: said.append(shown.state.lesion))
    commands.set_lesion(shown, after)
    assert shown.undo_stack.undoText() == text
    shown.undo_stack.undo()
    shown.undo_stack.redo()
    assert said == [after, before, after]


def test_branch_and_shortcut_of_a_block_are_never_both_off(qtbot: QtBot) -> None:
    shown = document()
    commands.toggle_deleted(shown, "layer2.1")
    commands.toggle_cut(shown, "layer2.1")
    assert shown.state.lesion == Lesion(cut=frozenset({"layer2.1"}))
    commands.toggle_deleted(shown, "layer2.1")
    assert shown.state.lesion == Lesion(frozenset({"layer2.1"}))
    assert shown.undo_stack.count() == 3
    shown.undo_stack.undo()
    assert shown.state.lesion == Lesion(cut=frozenset({"layer2.1"}))
    commands.toggle_cut(shown, "layer2.1")
    assert not shown.state.lesion
    commands.cut_shortcut(shown, "layer1.0")
    commands.cut_shortcut(shown, "layer1.0")
    assert shown.state.cut == {"layer1.0"}
    assert shown.undo_stack.undoText() == "Cut the shortcut of layer1.0"


def test_a_block_changes_places_with_what_stands_there(qtbot: QtBot) -> None:
    shown = document(deleted=frozenset({"layer1.0"}))
    commands.move_block(shown, "layer1.0", "layer1.2")
    assert shown.state.order == SWAPPED
    assert shown.state.deleted == {"layer1.0"}, "a deleted block stays deleted wherever it stands"
    # The place layer1.2 is layer1.0's now.
    commands.move_block(shown, "layer1.1", "layer1.2")
    assert shown.state.order == (IDS[2], IDS[0], IDS[1], *IDS[3:])
    commands.move_block(shown, "layer1.2", "layer1.2")
    commands.move_block(shown, "layer1.1", "layer1.1")
    assert shown.state.order == ()
    assert shown.undo_stack.count() == 4
    commands.move_block(shown, "layer1.1", "layer1.1")
    assert shown.undo_stack.count() == 4


@pytest.mark.parametrize(
    ("block", "place", "word"),
    [("layer2.0", "layer2.1", "shape"), ("layer1.0", "layer2.1", "shape"), ("layer9.9", "layer1.0", "no block")],
)
def test_a_place_of_another_shape_is_refused(qtbot: QtBot, block: str, place: str, word: str) -> None:
    shown = document()
    with pytest.raises(UserError, match=word):
        commands.move_block(shown, block, place)
    assert (shown.state.order, shown.undo_stack.count()) == ((), 0)


def test_a_plain_network_has_no_shortcut_to_cut(qtbot: QtBot) -> None:
    shown = document(PRESETS["plain20"])
    with pytest.raises(UserError, match="no shortcuts"):
        commands.toggle_cut(shown, "layer1.0")
    assert shown.undo_stack.count() == 0


def test_restoring_takes_everything_back_in_one_step(qtbot: QtBot) -> None:
    done = Lesion(frozenset({"layer2.1"}), frozenset({"layer3.1"}), SWAPPED)
    shown = document(deleted=done.deleted, cut=done.cut, order=done.order)
    commands.restore(shown)
    assert not shown.state.lesion
    assert shown.undo_stack.undoText() == "Restore all"
    shown.undo_stack.undo()
    assert shown.state.lesion == done
    commands.restore(shown)
    commands.restore(shown)
    assert shown.undo_stack.count() == 1


def test_a_network_with_the_same_blocks_keeps_what_it_can_have(qtbot: QtBot) -> None:
    done = Lesion(frozenset({"layer2.1"}), frozenset({"layer3.1"}), SWAPPED)

    def after(**changes: object) -> Lesion:
        shown = document(deleted=done.deleted, cut=done.cut, order=done.order)
        commands.set_network(shown, SMALL.with_(**changes), UNTRAINED)
        found = shown.state.lesion
        shown.undo_stack.undo()
        assert shown.state.lesion == done
        return found

    assert after(shortcut="B") == done
    # Without shortcuts none is cut; layer1.0 of a pre-activation network has a form of its own (He et al. 2016, s. 5).
    assert after(shortcut="none") == Lesion(done.deleted, order=SWAPPED)
    assert after(order="pre-activation") == Lesion(done.deleted, done.cut)
    assert after(blocks=(3, 3, 4)) == INTACT
