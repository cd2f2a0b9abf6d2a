"""`predict`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from explorer.engine import fashion
from explorer.engine.build import build
from explorer.engine.pictures import open_picture
from explorer.engine.records import PictureRequest
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.weights import parse_ref
from explorer.networks.catalog import PRESETS
from tests.cli.conftest import ROOT, Command


def test_json_has_what_was_promised(command: Command, picture: Path) -> None:
    data = command("predict", picture, "--network", "resnet20", "--weights", "fashion-mnist", "--json").data
    assert set(data) == {"predictions", "deleted", "device", "seconds", "notes"}
    assert [set(row) for row in data["predictions"]] == [{"label", "index", "probability"}] * 5
    shares = [row["probability"] for row in data["predictions"]]
    assert shares == sorted(shares, reverse=True)
    assert all(row["label"] == fashion.CLASSES[row["index"]] for row in data["predictions"])
    assert (data["deleted"], data["device"]) == ([], "CPU")
    assert data["seconds"] > 0


def test_it_says_what_the_session_says(command: Command, picture: Path) -> None:
    """All ten classes, with two blocks deleted: what the window would show."""
    words = ("--network", "resnet20", "--weights", "fashion-mnist", "--delete", "layer2.1, layer1.2", "--top", "99")
    data = command("predict", picture, *words, "--json").data
    spec = PRESETS["resnet20"]
    request = PictureRequest(
        spec, parse_ref("fashion-mnist", spec), open_picture(picture), frozenset({"layer1.2", "layer2.1"})
    )
    expected = finish(Session().run_picture(request)).prediction.top(10)
    assert data["deleted"] == ["layer1.2", "layer2.1"]
    found = [(row["index"], row["label"], row["probability"]) for row in data["predictions"]]
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    assert [row[2] for row in found] == pytest.approx([row[2] for row in expected], abs=1e-6)
    assert sum(row[2] for row in found) == pytest.approx(1, abs=1e-5)


def test_untrained_networks_run_too(command: Command, picture: Path) -> None:
    data = command("predict", picture, "--network", "resnet32", "--weights", "untrained", "--top", 3, "--json").data
    assert [row["label"].partition(" ")[0] for row in data["predictions"]] == ["class"] * 3


def test_outputs_that_are_no_numbers_are_no_answer(command: Command, picture: Path, tmp_path: Path) -> None:
    state = build(PRESETS["resnet20"]).state_dict()
    state["layer1.0.conv1.weight"][0] = float("nan")
    torch.save(state, tmp_path / "broken.pth")
    words = ("predict", picture, "--network", "resnet20", "--weights", tmp_path / "broken.pth")
    data = command(*words, "--json").data
    assert data["predictions"] == []
    assert data["notes"][0] == "The network's outputs are not numbers, so that it gives no answer."
    assert "layer1.0.conv1.weight" in data["notes"][1]
    assert "%" not in command(*words).out


def test_for_reading(command: Command, picture: Path) -> None:
    ran = command("predict", picture, "--top", 2)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.count("%") == 2


def test_in_a_process_of_its_own(process: Command, picture: Path) -> None:
    data = process(ROOT / "main.py", "predict", picture, "--json").data
    assert len(data["predictions"]) == 5
