"""Networks of other families in the whole window: chosen by name, read, and refused in a sentence."""

from __future__ import annotations

from PySide6.QtCore import Qt

from tests.end_to_end.person import Person


def test_a_network_is_named_and_what_it_does_not_allow_is_told(person: Person) -> None:
    person.wait_for_offer()
    person.choose("choose_network")
    person.type("resnet8")
    person.press(Qt.Key.Key_Return)
    person.wait(lambda: person.state.spec.name == "ResNet-8")
    assert "ResNet-8" in person.window.toolbar.network.text()
    person.choose("twin")
    person.wait(lambda: person.state.spec.plain)
    person.window.select("layer1.1")
    person.window.blocks_panel.view.setFocus()
    person.press(Qt.Key.Key_X)
    assert person.told == "Plain-8 has no shortcuts to cut."
    assert not person.state.cut
    person.press(Qt.Key.Key_Space)
    assert person.state.deleted == {"layer1.1"}
    person.choose("twin")
    person.wait(lambda: not person.state.spec.plain)
    assert person.state.spec.name == "ResNet-8"
    assert not person.state.deleted, "blocks of two layers are others than layers"
