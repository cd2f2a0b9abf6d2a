"""A person looks where the network looks, deletes a block, and follows a channel from block to block."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from explorer.app.explain.cam_desk import CamDesk
from explorer.app.panels.looking import LookingPanel
from explorer.engine.explain.cam_records import CamResult
from explorer.engine.explain.film_records import FilmResult
from explorer.networks.catalog import find
from tests.end_to_end.person import Person


def look(person: Person) -> LookingPanel:
    """Open the tab."""
    person.choose("show_cam")
    desk = person.window.views.tabs["cam"].desk
    assert isinstance(desk, CamDesk)
    assert person.window.tabs.currentWidget() is person.window.views.tabs["cam"]
    return desk.view


def wait_for_maps(person: Person, view: LookingPanel, so: Callable[[CamResult], bool]) -> CamResult:
    person.wait(lambda: view.cam.result is not None and so(view.cam.result))
    assert view.cam.result is not None
    return view.cam.result


def wait_for_film(person: Person, view: LookingPanel, so: Callable[[FilmResult], bool]) -> FilmResult:
    person.wait(lambda: view.film.result is not None and so(view.film.result))
    assert view.film.result is not None
    return view.film.result


def test_look_delete_choose_a_class_and_a_block_and_save(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = person.wait_for_picture().prediction.top(1)[0]
    view = look(person)
    first = wait_for_maps(person, view, lambda result: True)
    assert (first.label, first.block, first.now) == (said[0], "layer3.2", None)
    assert view.cam.classes.text() == said[1]
    assert view.cam.more.isVisible()

    person.window.toggle("layer2.1")
    second = wait_for_maps(person, view, lambda result: result.now is not None)
    assert view.cam.now.isVisible()
    np.testing.assert_array_equal(second.intact.values, first.intact.values)
    after = person.wait_for_picture().prediction
    np.testing.assert_allclose(second.present.prediction.probabilities, after.probabilities, atol=1e-5)
    assert not np.array_equal(second.present.values, first.intact.values)

    field = view.cam.classes
    field.setFocus()
    field.selectAll()
    person.bot.keyClicks(field, "bag")
    person.bot.keyClick(field, Qt.Key.Key_Return)
    bag = wait_for_maps(person, view, lambda result: result.label == 8)
    assert bag.now is not None
    field.selectAll()
    person.bot.keyClicks(field, "zebra")
    person.bot.keyClick(field, Qt.Key.Key_Return)
    assert view.cam.odd.text().startswith("There is no class zebra")

    person.window.select("layer1.1")
    at = wait_for_maps(person, view, lambda result: result.block == "layer1.1")
    assert at.intact.values.shape == (28, 28)
    assert at.label == 8, "the class stays"
    assert view.cam.blocks.currentText() == "layer1.1"
    view.cam.blocks.textActivated.emit("layer2.2")
    wait_for_maps(person, view, lambda result: result.block == "layer2.2")
    assert person.state.selection == "layer2.2"

    before = person.picture
    person.window.next_sample()
    new = wait_for_maps(person, view, lambda result: result.request.picture is not before)
    assert new.label == new.intact.prediction.top(1)[0][0], "of another picture, what it says of that"
    assert new.block == "layer2.2"

    for name in ("map.png", "map.csv"):
        path = tmp_path / name
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, path=path: (str(path), ""))
        person.bot.mouseClick(view.cam.save, Qt.MouseButton.LeftButton)
        assert path.stat().st_size > 100
    assert len((tmp_path / "map.csv").read_text().splitlines()) == 4 + 2 * new.intact.values.size
    person.bot.mouseClick(view.cam.copy, Qt.MouseButton.LeftButton)
    assert person.told == "The maps are on the clipboard."


def test_play_a_film_go_away_and_close(person: Person) -> None:
    person.wait_for_picture()
    view = look(person)
    view.switch.buttons["film"].click()
    film = wait_for_film(person, view, lambda result: True)
    assert [frame.part for frame in film.frames] == ["stem", "layer1.0", "layer1.1", "layer1.2"]
    maps = person.pictures[-1].maps
    for frame in film.frames:
        np.testing.assert_allclose(frame.values, maps[frame.part][film.channel], atol=1e-5)

    person.window.select("layer2.1")
    second = wait_for_film(person, view, lambda result: result.request.stage == "layer2")
    person.window.toggle("layer2.1")
    third = wait_for_film(person, view, lambda result: bool(result.request.deleted))
    assert third.channel == second.channel, "the same channel, so that the change shows"
    parts = {frame.part: frame for frame in third.frames}
    assert parts["layer2.1"].change == 0

    person.bot.mouseClick(view.film.play, Qt.MouseButton.LeftButton)
    assert view.film.playing
    assert person.window.diagram.diagram.look.light == "layer2.0"
    person.wait(lambda: view.film.frame == 1)
    assert person.window.diagram.diagram.look.light == "layer2.1"
    person.choose("show_maps")
    assert not view.film.playing
    assert person.window.diagram.diagram.look.light is None

    person.choose("show_cam")
    view.film.toggle()
    assert view.film.playing
    person.window.close()
    assert not view.film.playing


def test_an_mlp_says_why_there_is_nothing_to_see(person: Person) -> None:
    person.wait_for_picture()
    person.wait_for_offer()
    view = look(person)
    wait_for_maps(person, view, lambda result: True)
    person.window.runner.request_preset(find("mlp20_64"))
    person.wait(lambda: view.cam.hint.isVisible() and "MLP-20-64 has no maps" in view.cam.hint.text())
    view.switch.buttons["film"].click()
    person.wait(lambda: "has no maps" in view.film.hint.text())
    person.window.runner.request_preset(find("plain20"))
    film = wait_for_film(person, view, lambda result: result.request.spec.plain)
    assert "nothing carries a channel on" in view.film.note.text()
    assert len(film.frames) == 7
