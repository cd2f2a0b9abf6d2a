"""The window in both themes and at the sizes that people have."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from explorer.app.theme import DARK, LIGHT, theme
from explorer.networks.catalog import PRESETS
from tests.end_to_end.person import Person


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900), (1920, 1080)])
@pytest.mark.parametrize("name", ["light", "dark"])
def test_everything_has_room(person: Person, width: int, height: int, name: str) -> None:
    window = person.window
    person.choose(f"theme_{name}")
    window.resize(width, height)
    window.forget_layout()
    window.resize(width, height)
    person.bot.wait(30)
    assert window.size().toTuple() == (width, height)
    for dock in window.docks.values():
        assert dock.isVisible()
        assert dock.width() >= 180
        assert dock.height() >= 80
    assert window.diagram.width() > 400
    assert window.diagram.height() > 150
    # Nothing hangs out of the toolbar, and its "more" button stays away.
    search = window.toolbar.search
    assert search.isVisible()
    assert search.geometry().right() <= window.width()
    palette = DARK if name == "dark" else LIGHT
    grabbed = window.grab().toImage()
    assert grabbed.pixelColor(window.diagram.mapTo(window, window.diagram.rect().topLeft())) == QColor(palette.window)
    theme().use("light")


def test_switching_themes_changes_no_result(person: Person) -> None:
    before = person.wait_for_picture()
    for name in ("dark", "light", "system", "dark", "light"):
        person.choose(f"theme_{name}")
    assert person.window.runner.result is before


def test_title_names_network_and_picture(person: Person) -> None:
    assert person.window.windowTitle() == f"ResNet-20 – {person.picture.name} – ResNet Explorer"
    person.window.network_panel.spec_requested.emit(PRESETS["resnet110"])
    assert person.window.windowTitle().startswith("ResNet-110 – ")


def test_many_deletions_keep_the_panels_in_place(person: Person) -> None:
    person.window.network_panel.spec_requested.emit(PRESETS["resnet110"].with_(width=2, side=16))
    for block in person.state.spec.block_ids[::2]:
        person.window.diagram.delete_toggled.emit(block)
    person.wait_for_picture()
    assert len(person.state.deleted) == 27
    panel = person.window.accuracy_panel
    assert panel.restore_all.isVisible()
    assert person.window.size().toTuple() == (1440, 900)


def test_blocks_deleted_all_at_once_all_show_their_chips(person: Person) -> None:
    person.wait_until_idle()
    for block in person.state.spec.block_ids[:6]:
        person.window.diagram.delete_toggled.emit(block)
    person.wait_for_accuracy()
    person.bot.wait(50)
    chips = person.window.accuracy_panel.chips
    last = chips.chips[-1]
    assert chips.viewport().rect().contains(last.mapTo(chips.viewport(), last.rect().center()))
