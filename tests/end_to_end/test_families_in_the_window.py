"""Networks of other families in the whole window: chosen by name, read, and refused in a sentence."""

from __future__ import annotations

from PySide6.QtCore import Qt

from explorer.networks.catalog import PRESETS
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


def test_blocks_that_must_stay_say_why(person: Person) -> None:
    person.wait_for_offer()
    tiny = PRESETS["densenet40_12"].with_(blocks=(2, 2, 2), in_channels=1, side=16)
    person.window.network_panel.spec_requested.emit(tiny)
    person.wait(lambda: person.state.spec == tiny)
    person.window.select("layer2.1")
    person.window.diagram.setFocus()
    person.press(Qt.Key.Key_X)
    assert "can't be cut" in person.told
    assert not person.state.cut
    person.press(Qt.Key.Key_Space)
    assert person.state.deleted == {"layer2.1"}
    assert person.window.accuracy_panel.sentence.text().startswith("Its 12 channels become zero")
    person.choose("twin")
    assert "no plain twin" in person.window.network_panel.twin_refusal.text()
    # The search knows the module's path.
    person.choose("find")
    person.type("denseblock3.denselayer1")
    person.press(Qt.Key.Key_Return)
    assert person.state.selection == "layer3.0"
    person.wait_for_picture()
    person.window.toolbar.search.clear()
    smallest = PRESETS["efficientnet_b0"].with_(side=32, classes=2)
    person.window.network_panel.spec_requested.emit(smallest)
    person.wait(lambda: person.state.spec == smallest)
    person.window.select("layer2.0")
    for place in (person.window.blocks_panel.view, person.window.diagram):
        place.setFocus()
        person.window.notice.hide()
        person.press(Qt.Key.Key_Space)
        assert person.told.startswith("layer2.0 can't be deleted"), place
        assert not person.state.deleted
    person.window.select("layer2.1")
    person.press(Qt.Key.Key_Space)
    assert person.state.deleted == {"layer2.1"}
    assert not person.told, "another block was deleted: why that one stays is no news any more"
