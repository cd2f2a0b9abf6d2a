"""Blocks coloured by the time that each takes, as it was measured."""

from __future__ import annotations

from explorer.app.panels.block_columns import TIME as COLUMN
from explorer.app.times import TIME
from explorer.networks.catalog import PRESETS
from explorer.networks.colouring import Colouring
from tests.end_to_end.person import Person


def measured(person: Person) -> Colouring:
    person.window.diagram.choose_colouring(TIME)
    person.wait(lambda: person.window.diagram.colouring is not None)
    colouring = person.window.diagram.colouring
    assert colouring is not None
    return colouring


def test_every_part_has_its_time_with_a_spread(person: Person) -> None:
    colouring = measured(person)
    assert colouring.kind == TIME
    assert set(colouring.values) == {"stem", *person.state.spec.block_ids, "head"}
    for part, value in colouring.values.items():
        low, high = colouring.spread[part]
        assert 0 < low <= value <= high
        assert "–" in colouring.spread_text(part)
    assert "CPU" in colouring.note


def test_the_stages_colours_come_back(person: Person) -> None:
    measured(person)
    person.window.diagram.choose_colouring("stages")
    assert person.window.diagram.colouring is None


def test_what_was_measured_is_not_measured_twice(person: Person) -> None:
    before = measured(person)
    person.window.diagram.choose_colouring("stages")
    person.window.diagram.choose_colouring(TIME)
    assert person.window.diagram.colouring is before


def test_the_tree_has_the_times_in_a_column(person: Person) -> None:
    """Measured from the tree's own menu, the diagram keeps its colours."""
    columns = person.window.blocks_panel.columns
    assert not columns.shown("time")
    columns._fill()
    next(action for action in columns.menu.actions() if action.text() == "Measure time").trigger()
    person.wait(lambda: columns.shown("time"))
    assert person.window.diagram.colouring is None
    columns.sort(COLUMN)
    model = person.window.blocks_panel.view.model()
    first = model.index(0, COLUMN).data()
    assert first.endswith("s")
    person.window.runner.request_preset(PRESETS["resnet56"])
    person.wait(lambda: person.state.spec.depth == 56)
    assert not columns.shown("time")


def test_of_another_network_nothing_is_known(person: Person) -> None:
    measured(person)
    person.window.runner.request_preset(PRESETS["resnet56"])
    person.wait(lambda: person.state.spec.depth == 56)
    assert person.window.diagram.colouring is None
    assert len(measured(person).values) == 27 + 2


def test_other_blocks_deleted_change_nothing(person: Person) -> None:
    """Each block's own time is that of the intact network."""
    before = measured(person)
    person.click_switch("layer1.1")
    person.wait_for_picture()
    assert person.window.diagram.colouring == before
