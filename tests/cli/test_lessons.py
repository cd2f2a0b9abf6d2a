"""`lessons`: listing them, checking a teacher's file, measuring it; and a window that begins with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.engine.test_lessons import GOOD, file_of


def test_the_list_names_every_lesson(command: Command) -> None:
    ran = command("lessons")
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert len(lines) == 5
    assert lines[2].startswith("3-deleting")
    assert "5 steps  Deleting blocks: " in lines[2]
    data = command("lessons", "--json").data
    assert data["lessons"][0]["name"] == "1-shortcuts"
    assert data["refused"] == []
    assert data["lessons"][0]["steps"][0]["source"].startswith("He et al. 2015")


def test_ones_own_are_listed_and_broken_ones_named(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "settings" / "data" / "lessons"
    folder.mkdir(parents=True)
    file_of(folder, GOOD)
    file_of(folder, GOOD.replace("to = 90", ""), "broken.toml")
    data = command("lessons", "--json").data
    assert [lesson["name"] for lesson in data["lessons"]][-1] == "mine"
    assert data["refused"] == ["broken.toml, step 1: to is missing in steps.question."]
    assert "broken.toml, step 1" in command("lessons").out


def test_checking_a_file(command: Command, tmp_path: Path) -> None:
    path = file_of(tmp_path, GOOD.replace("It loses {lost}", "It loses {lost}, not 3"))
    ran = command("lessons", "--check", path)
    assert ran.status == 0
    assert ran.out.splitlines() == [
        "mine.toml is a lesson: One block, 1 steps, 2 figures.",
        "  step 1: “3” stands in a sentence and is not measured",
    ]
    data = command("lessons", "--check", path, "--json").data
    assert data["remarks"] == ["step 1: “3” stands in a sentence and is not measured"]
    assert data["figures"] == []


def test_measuring_a_file(command: Command, tmp_path: Path) -> None:
    text = GOOD.replace("images = 500", "images = 20\nexpected = 90\ntolerance = 1").replace(
        'measure = "blocks"', 'measure = "blocks"\nexpected = 9'
    )
    data = command("lessons", "--check", file_of(tmp_path, text), "--measure", "--json").data
    lost, blocks = data["figures"]
    assert lost["images"] == 20
    assert lost["verdict"] == "not within 1 of 90"
    assert (blocks["value"], blocks["words"], blocks["verdict"]) == (9, "9", "as expected")
    ran = command("lessons", "--check", file_of(tmp_path, text), "--measure")
    assert "not within 1 of 90" in ran.out


def test_measuring_more_paths_than_a_float_holds(command: Command, tmp_path: Path) -> None:
    text = GOOD.replace("resnet20", "resnet6146").replace("points_lost", "paths").replace("images = 500", "count = 1")
    path = file_of(tmp_path, text.replace("count = 1", "count = 1\nexpected = 1e308"))
    paths, blocks = command("lessons", "--check", path, "--measure", "--json").data["figures"]
    assert (paths["value"], paths["words"]) == (2**3071, "2.9 × 10⁹²⁴")
    assert paths["verdict"] == "not within 0 of 1e+308"
    assert blocks["value"] == 3072


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        (GOOD.replace('figure = "lost"', 'figure = "last"'), "broken.toml, step 1: there is no figure “last”"),
        ("title = ", "not valid TOML"),
        ("", "title is missing"),
    ],
)
def test_a_broken_file_ends_with_its_sentence(text: str, fragment: str, command: Command, tmp_path: Path) -> None:
    path = file_of(tmp_path, text, "broken.toml")
    assert fragment in command("lessons", "--check", path).sentence
    assert fragment in command("lessons", "--check", path, "--measure", "--json").sentence
    assert fragment in command("--lesson", path, "--screenshot", "window.png").sentence


def test_other_bad_input(command: Command, tmp_path: Path) -> None:
    assert "can't be read" in command("lessons", "--check", tmp_path / "missing.toml").sentence
    assert "There is no lesson named “9”" in command("--lesson", "9", "--screenshot", "window.png").sentence
    assert command("lessons", "--check").sentence
    missing = GOOD.replace('network = "resnet20"', 'network = "resnet20"\nweights = "mine.pth"')
    assert "mine.pth" in command("lessons", "--check", file_of(tmp_path, missing), "--measure").sentence


def test_a_picture_of_a_lesson(command: Command, tmp_path: Path) -> None:
    small = GOOD.replace("images = 500", "images = 20").replace("resnet20", "mlp20_64").replace("layer2.1", "layer1.1")
    path = file_of(tmp_path, small)
    picture = tmp_path / "lesson.png"
    ran = command("--lesson", f"{path}:1", "--screenshot", picture, "--size", "1280x720")
    assert ran.status == 0, ran.err
    assert picture.stat().st_size > 20_000
