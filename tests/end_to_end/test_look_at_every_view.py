"""Someone goes through all tabs by their keys, on networks of every kind, and none of them fails."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from explorer.app.explain.views import VIEWS
from explorer.app.jobs import Lane
from explorer.networks.catalog import PRESETS
from tests.end_to_end.person import Person

CONTROL = Qt.KeyboardModifier.ControlModifier


def walk(person: Person) -> None:
    for number, view in enumerate(VIEWS, 3):
        person.press(Qt.Key(ord(str(number))), CONTROL)
        tab = person.window.views.tabs[view.name]
        person.wait(tab.isVisible)
        assert tab.desk is not None
        assert tab.desk.panel.isVisible()
        person.wait_until_idle()
        refused = person.window.notice.label.property("rank") == "error"
        assert not (person.told and refused), (view.name, person.told)


def test_tabs_are_made_when_they_are_looked_at(person: Person) -> None:
    assert all(tab.desk is None for tab in person.window.views.tabs.values())
    walk(person)
    person.click_switch("layer2.1")
    walk(person)
    person.choose("undo")
    person.wait_for_picture()
    person.window.jobs.cancel(Lane.ACCURACY)  # of a deep network it would take longest of all
    walk(person)


@pytest.mark.parametrize("name", ["plain20", "preresnet110", "densenet40_12", "mlp20_64", "vgg_narrow"])
def test_networks_of_other_kinds_have_views_too(person: Person, name: str) -> None:
    person.window.runner.request_preset(PRESETS[name])
    person.wait_for_picture()
    person.window.jobs.cancel(Lane.ACCURACY)  # of a deep network it would take longest of all
    walk(person)
