"""Cutting shortcuts and moving blocks by hand: diagram, panels and results follow, and every step can be undone."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt

from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import Lesion
from tests.end_to_end.person import LEFT, NO_KEY, Person


def on_card(person: Person, block: str) -> QPoint:
    diagram = person.window.diagram
    rect = diagram.diagram.cards[block].box.rect
    return diagram.mapFromScene(QPointF(rect.middle[0], rect.y + 45))


def on_arc(person: Person, block: str) -> QPoint:
    diagram = person.window.diagram
    line = diagram.diagram.arcs[block].line.points
    return diagram.mapFromScene(QPointF((line[0][0] + line[3][0]) / 2, line[0][1] + 0.75 * (line[1][1] - line[0][1])))


def drag(person: Person, block: str, target: str) -> None:
    viewport = person.window.diagram.viewport()
    start, end = on_card(person, block), on_card(person, target)
    person.bot.mousePress(viewport, LEFT, NO_KEY, start)
    for share in (0.2, 0.7, 1.0):
        person.bot.mouseMove(viewport, start + (end - start) * share)
    person.bot.mouseRelease(viewport, LEFT, NO_KEY, end)


def test_a_click_on_the_arc_cuts_and_another_restores_bit_for_bit(person: Person) -> None:
    intact = person.wait_for_picture().prediction.probabilities
    viewport = person.window.diagram.viewport()
    person.bot.mouseClick(viewport, LEFT, NO_KEY, on_arc(person, "layer2.1"))
    assert person.state.lesion == Lesion(cut=frozenset({"layer2.1"}))
    result = person.wait_for_picture()
    assert result.prediction.probabilities.tolist() != intact.tolist()
    assert np.array_equal(result.maps["layer2.0"], result.intact_maps["layer2.0"])
    assert not np.array_equal(result.maps["layer2.1"], result.intact_maps["layer2.1"])
    assert "was" in person.window.prediction_panel.chance.text()
    assert [chip.block_id for chip in person.window.accuracy_panel.cut_chips.chips] == ["layer2.1"]
    assert person.wait_for_any_accuracy().request.cut == {"layer2.1"}
    # Deleting the same block gives the shortcut back: one of the two is always on.
    person.click_switch("layer2.1")
    assert person.state.lesion == Lesion(frozenset({"layer2.1"}))
    person.choose("undo")
    person.bot.mouseClick(viewport, LEFT, NO_KEY, on_arc(person, "layer2.1"))
    assert not person.state.lesion
    assert person.wait_for_picture().prediction.probabilities.tolist() == intact.tolist()


def test_a_dragged_block_changes_places_and_everything_follows(person: Person) -> None:
    intact = person.wait_for_picture().prediction.probabilities
    drag(person, "layer1.0", "layer1.2")
    ids = PRESETS["resnet20"].block_ids
    assert person.state.order == (ids[2], ids[1], ids[0], *ids[3:])
    assert person.window.actions_by_name["undo"].text() == "Undo: Swap layer1.0 and layer1.2"
    result = person.wait_for_picture()
    assert result.prediction.probabilities.tolist() != intact.tolist()
    assert np.array_equal(result.maps["layer1"], result.maps["layer1.0"]), "the stage ends with what stands there"
    assert person.wait_for_any_accuracy().request.order == person.state.order
    assert "2 moved" in person.window.diagram.accessibleDescription()
    assert person.window.blocks_panel.state.full_text == "2 moved"
    chips = person.window.accuracy_panel.moved_chips.chips
    assert [chip.text() for chip in chips] == ["layer1.2 at layer1.0", "layer1.0 at layer1.2"]
    chips[0].click()
    assert not person.state.lesion
    assert person.wait_for_picture().prediction.probabilities.tolist() == intact.tolist()
    drag(person, "layer1.0", "layer2.1")
    assert not person.state.lesion, "another shape"


def test_restore_all_takes_everything_back_in_one_step(person: Person) -> None:
    person.click_switch("layer3.1")
    person.bot.mouseClick(person.window.diagram.viewport(), LEFT, NO_KEY, on_card(person, "layer2.2"))
    person.bot.keyClick(person.window.diagram, Qt.Key.Key_X)
    person.bot.keyClick(person.window.diagram, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    done = person.state.lesion
    assert (done.deleted, done.cut) == ({"layer3.1"}, {"layer2.2"})
    assert done.order[3:6] == ("layer2.0", "layer2.2", "layer2.1")
    person.choose("restore")
    assert not person.state.lesion
    assert not person.window.actions_by_name["restore"].isEnabled()
    person.choose("undo")
    assert person.state.lesion == done


def test_plain_and_preactivation_networks_are_opened_run_and_changed(person: Person) -> None:
    window = person.window
    for name, block in (("plain20", "layer2.1"), ("vgg_narrow", "layer2.0"), ("preresnet110", "layer2.1")):
        spec = PRESETS[name]
        window.toolbar.network_requested.emit(spec)
        person.wait(lambda spec=spec: person.state.spec.same_architecture(spec) and person.state.info is not None)
        person.wait_for_picture()
        window.toggle(block)
        result = person.wait_for_picture()
        assert result.request.deleted == {block}
        assert result.prediction.probabilities.tolist() != result.intact.probabilities.tolist()
        assert window.accuracy_panel.chips.chips[0].text() == block
        assert ("hortcut" in window.accuracy_panel.sentence.text()) is not spec.plain

    assert result.maps["layer3"].min() < 0, "no ReLU behind a pre-activation block"
