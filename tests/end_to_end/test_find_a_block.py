"""Finding a block by its id."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from explorer.networks.catalog import PRESETS
from tests.end_to_end.person import Person


def find(person: Person, text: str) -> None:
    person.press(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    person.wait(lambda: QApplication.focusWidget() is person.window.toolbar.search)
    person.type(text)
    person.press(Qt.Key.Key_Return)


def test_by_its_whole_id_and_by_a_part_of_it(person: Person) -> None:
    for text, block in (("layer2.1", "layer2.1"), ("3.2", "layer3.2"), ("LAYER1.0", "layer1.0")):
        find(person, text)
        assert person.state.selection == block
        assert person.window.diagram.diagram.look.current == block


def test_one_of_six_hundred_comes_out_of_its_fold(person: Person) -> None:
    person.window.toolbar.network_requested.emit(PRESETS["resnet1202"])
    assert "layer2.123" not in person.window.diagram.diagram.cards
    find(person, "layer2.123")
    diagram = person.window.diagram
    card = diagram.diagram.cards["layer2.123"]
    seen = diagram.mapToScene(diagram.viewport().rect()).boundingRect()
    assert seen.contains(card.sceneBoundingRect())
    assert person.window.blocks_panel.view.currentIndex().data() == "layer2.123"


def test_nothing_found_is_said_and_changes_nothing(person: Person) -> None:
    find(person, "layer9")
    assert person.state.selection is None
    assert "layer9" in person.window.blocks_panel._nothing.text()
    person.window.toolbar.search.clear()
    assert person.window.blocks_panel._nothing.isHidden()
