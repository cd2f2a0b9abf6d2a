"""Changing the network faster than it can be run: only the last answer is shown."""

from __future__ import annotations

import pytest

from explorer.app.jobs import Lane
from explorer.engine.records import UNTRAINED
from explorer.networks.catalog import PRESETS
from explorer.networks.families.resnet_depths import from_depth
from tests.end_to_end.conftest import Open
from tests.end_to_end.person import Person

TINY = PRESETS["resnet20"].with_(width=4, side=16)
EVERY = 100
"""Milliseconds between two changes."""


def assert_only_the_last(person: Person) -> None:
    """What is shown, and all that came since it was chosen, is of the network that is open."""
    result = person.wait_for_picture()
    spec = person.state.spec
    assert result.request.spec == spec
    assert person.state.info is not None
    assert person.state.info.spec == spec
    assert person.state.info.ref == person.state.weights
    window = person.window
    assert spec.name in window.windowTitle()
    assert window.diagram.diagram.spec == spec
    assert window.network_panel.depth_field.text() == str(spec.depth)
    assert len(window.blocks_panel._blocks) == len(spec.block_ids)
    assert spec.name in window.toolbar.network.text()


def test_ten_depths_a_second_while_jobs_run(person: Person) -> None:
    assert Lane.ACCURACY in person.window.jobs.running()
    depths = [8, 14, 26, 8, 32, 14, 8, 38, 14, 26] * 2
    for depth in depths:
        spec = TINY.with_(blocks=from_depth("cifar", depth, "basic").blocks)
        person.window.network_panel.spec_requested.emit(spec)
        person.bot.wait(EVERY)
    assert_only_the_last(person)
    assert person.state.spec.depth == 26
    count = len(person.pictures)
    person.wait_until_idle()
    person.bot.wait(300)
    assert all(result.request.spec == person.state.spec for result in person.pictures[count:])
    assert person.pictures[-1].request.spec == person.state.spec


def test_without_a_pause(person: Person) -> None:
    for depth in (8, 14, 20, 26, 32):
        person.window.network_panel.spec_requested.emit(TINY.with_(blocks=from_depth("cifar", depth, "basic").blocks))
    assert_only_the_last(person)
    assert person.state.spec.depth == 32
    assert person.window.document.undo_stack.count() == 5


def test_deleting_ten_times_a_second(person: Person) -> None:
    for block in (*person.state.spec.block_ids, "layer1.0", "layer3.1"):
        person.click_switch(block)
        person.bot.wait(EVERY)
    result = person.wait_for_picture()
    assert result.request.deleted == frozenset(person.state.spec.block_ids) - {"layer1.0", "layer3.1"}
    assert person.wait_for_accuracy().request.deleted == person.state.deleted
    assert "0 deleted" not in person.window.diagram.accessibleDescription()


def test_undo_while_the_weights_are_loading(person: Person) -> None:
    before = person.state
    person.window.network_panel.spec_requested.emit(PRESETS["resnet110"])
    person.wait_for(Lane.WEIGHTS)
    person.choose("undo")
    person.wait_until_idle()
    assert person.state == before
    assert_only_the_last(person)


def test_back_and_forth_between_bundled_and_untrained(person: Person) -> None:
    bundled = person.state.spec
    for _ in range(4):
        person.window.toolbar.network_requested.emit(TINY)
        person.window.toolbar.network_requested.emit(bundled)
    assert_only_the_last(person)
    assert person.state.spec == bundled
    assert person.state.weights != UNTRAINED


def test_choosing_bundled_weights_again_adapts_the_network_and_says_so(person: Person) -> None:
    person.window.toolbar.network_requested.emit(TINY)
    person.window.toolbar.network_requested.emit(PRESETS["resnet20"])
    assert person.state.spec.input_shape == (1, 28, 28)
    assert "1×28×28" in person.told
    assert_only_the_last(person)


def test_before_torch_is_in(open_window: Open) -> None:
    person = open_window()
    for depth in (8, 14, 26):
        person.window.network_panel.spec_requested.emit(TINY.with_(blocks=from_depth("cifar", depth, "basic").blocks))
    assert_only_the_last(person)
    assert person.state.spec.depth == 26


@pytest.mark.parametrize("again", [1, 2, 3])
def test_choosing_in_the_weights_menu_again_and_again(person: Person, again: int) -> None:
    """The menu is filled anew while its own action is being told of."""
    for _ in range(5):
        action = next(
            action for action in person.window.toolbar.weights.menu().actions() if action.text() == "Untrained"
        )
        action.trigger()
        person.choose("undo")
    person.wait_for_picture()


def test_cancelling_the_load_goes_back_to_the_network_before(person: Person) -> None:
    before = person.state
    person.window.network_panel.spec_requested.emit(PRESETS["resnet1202"])
    person.wait_for(Lane.WEIGHTS)
    person.choose("cancel")
    assert person.state == before
    assert_only_the_last(person)
