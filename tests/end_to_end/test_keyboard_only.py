"""Everything the mouse can do, the keyboard can."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox

from explorer.app.jobs import Lane
from tests.end_to_end.person import Person

Key, Control = Qt.Key, Qt.KeyboardModifier.ControlModifier
Shift = Qt.KeyboardModifier.ShiftModifier


def focus(person: Person, widget: object) -> None:
    widget.setFocus()
    person.wait(lambda: QApplication.focusWidget() is widget)


def test_walk_delete_open_and_close_in_the_diagram(person: Person) -> None:
    """The diagram has the focus when the window opens."""
    assert QApplication.focusWidget() is person.window.diagram
    for _ in range(3):
        person.press(Key.Key_Right)
    selected = person.state.selection
    assert selected == "layer1.1"
    assert person.window.maps_panel.part == selected
    person.press(Key.Key_Space)
    assert person.state.deleted == {selected}
    person.press(Key.Key_D, Control)
    assert not person.state.deleted
    person.press(Key.Key_Return)
    assert person.window.diagram.diagram.opened is not None
    person.press(Key.Key_Escape)
    assert person.window.diagram.diagram.opened is None
    assert Lane.ACCURACY in person.window.jobs.running() or person.accuracies[-1].finished


def test_undo_redo_and_restore(person: Person) -> None:
    person.press(Key.Key_End)
    person.press(Key.Key_Left)
    person.press(Key.Key_Space)
    person.press(Key.Key_Left)
    person.press(Key.Key_Space)
    assert person.state.deleted == {"layer3.2", "layer3.1"}
    person.press(Key.Key_Z, Control)
    assert person.state.deleted == {"layer3.2"}
    person.press(Key.Key_Z, Control | Shift)
    assert len(person.state.deleted) == 2
    person.press(Key.Key_R, Control | Shift)
    assert not person.state.deleted


def test_space_in_the_block_tree(person: Person) -> None:
    focus(person, person.window.blocks_panel.view)
    person.press(Key.Key_Home)
    for _ in range(3):
        person.press(Key.Key_Down)
    assert person.state.selection == "layer1.1"
    person.press(Key.Key_Space)
    assert person.state.deleted == {"layer1.1"}


def test_typing_a_depth_and_taking_it_back(person: Person) -> None:
    field = person.window.network_panel.depth_field
    focus(person, field)
    field.selectAll()
    person.type("33")
    person.press(Key.Key_Escape)
    assert field.text() == "20"
    field.selectAll()
    person.type("32")
    person.press(Key.Key_Return)
    assert person.state.spec.depth == 32
    person.press(Key.Key_Up)
    assert person.state.spec.depth == 38
    person.choose("undo")
    person.choose("undo")
    assert person.state.spec.depth == 20


def test_escape_cancels_what_runs(person: Person) -> None:
    person.window.jobs.cancel(Lane.ACCURACY)
    person.click_switch("layer1.0")
    person.wait_for(Lane.ACCURACY)
    person.wait(lambda: Lane.PICTURE not in person.window.jobs.running())
    person.press(Key.Key_Escape)
    assert Lane.ACCURACY not in person.window.jobs.running()
    estimates = len(person.accuracies)
    person.bot.wait(200)
    assert len(person.accuracies) == estimates


def test_escape_at_the_start_does_not_lose_devices_and_weights(open_window: object) -> None:
    person = open_window()
    for _ in range(3):
        person.press(Key.Key_Escape)
    person.wait_for_offer()
    person.window.next_sample()
    assert person.wait_for_picture().request.weights.value == "resnet20-fashion-mnist"


def test_pictures_by_key(person: Person) -> None:
    before = person.state.picture
    person.press(Key.Key_J, Control)
    person.wait(lambda: person.state.picture is not before)
    person.press(Key.Key_J, Control | Shift)
    person.wait(lambda: "chart" in person.picture.name.lower())


def test_tab_reaches_every_panel(person: Person) -> None:
    window = person.window
    panels = {
        "network": window.network_panel, "blocks": window.blocks_panel, "diagram": window.diagram,
        "accuracy": window.accuracy_panel, "maps": window.maps_panel,
    }  # fmt: skip
    reached = set()
    for _ in range(90):
        person.press(Key.Key_Tab)
        here = QApplication.focusWidget()
        assert here is not None
        reached |= {name for name, panel in panels.items() if panel is here or panel.isAncestorOf(here)}
    assert reached == set(panels)


@pytest.mark.parametrize(("name", "words"), [("keys", "Space"), ("about", "1512.03385")])
def test_help_opens_and_closes(person: Person, name: str, words: str) -> None:
    person.choose(name)
    box = next(
        widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QMessageBox) and widget.isVisible()
    )
    assert words in box.text()
    person.bot.keyClick(box, Key.Key_Escape)
    person.wait(lambda: not box.isVisible())
    person.bot.wait(10)
    assert not [widget for widget in person.window.children() if isinstance(widget, QMessageBox)]
