"""Closing the window ends whatever runs, within seconds, and leaves no half file. The fixture holds it to that."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from explorer.app.jobs import Lane
from explorer.networks.catalog import PRESETS
from tests.end_to_end.conftest import Open, close
from tests.end_to_end.person import Person, picture_file


def test_at_once(open_window: Open) -> None:
    close(open_window().window)


def test_before_anything_began(open_window: Open, qtbot: object) -> None:
    person = open_window()
    person.window.close()
    assert not person.window.jobs._worker.isRunning()
    person.bot.wait(200)
    assert not person.window.jobs._worker.isRunning(), "it began after it was closed"


def test_while_devices_are_looked_for(open_window: Open) -> None:
    person = open_window()
    person.wait_for(Lane.OFFER)
    close(person.window)


def test_while_weights_load(person: Person) -> None:
    person.window.network_panel.spec_requested.emit(PRESETS["resnet152"])
    person.wait_for(Lane.WEIGHTS)
    close(person.window)


def test_while_a_picture_opens(person: Person, tmp_path: Path) -> None:
    Image.effect_noise((5000, 5000), 90).convert("RGB").save(tmp_path / "large.jpg")
    person.drop_file(tmp_path / "large.jpg")
    assert Lane.OPEN in person.window.jobs.running()
    close(person.window)


def test_while_a_picture_runs(person: Person) -> None:
    person.window.network_panel.spec_requested.emit(PRESETS["resnet110"].with_(side=128))
    person.wait_for(Lane.PICTURE)
    close(person.window)


def test_while_accuracy_is_measured(person: Person) -> None:
    person.wait_for_any_accuracy()
    assert Lane.ACCURACY in person.window.jobs.running()
    close(person.window)


def test_while_a_folder_is_looked_through(person: Person, tmp_path: Path) -> None:
    for number in range(60):
        picture_file(tmp_path / f"{number}.webp", 300)
    person.drop_file(tmp_path)
    assert Lane.DATA in person.window.jobs.running()
    close(person.window)


def test_what_is_chosen_after_closing_runs_no_more(person: Person) -> None:
    close(person.window)
    person.window.toggle("layer1.0")
    person.window.next_sample()
    person.bot.wait(100)
    assert not person.window.jobs._worker.isRunning()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_again_and_again(open_window: Open, times: int) -> None:
    for _ in range(times):
        person = open_window()
        person.wait_for_picture()
        close(person.window)
