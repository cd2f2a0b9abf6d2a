"""`accuracy`."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.engine.records import UNTRAINED, AccuracyRequest, DataRef, wilson
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.networks.catalog import PRESETS
from explorer.networks.families.resnet import ResNetSpec
from tests.cli.conftest import Command

KEYS = {"accuracy", "correct", "images", "interval", "agreement", "intact", "deleted", "seconds"}


def test_json_has_what_was_promised(command: Command) -> None:
    words = ("--network", "resnet20", "--weights", "fashion-mnist", "--data", "fashion-mnist", "--images", 50)
    data = command("accuracy", *words, "--delete", "layer2.0", "--json").data
    assert set(data) >= KEYS
    assert set(data["intact"]) == {"accuracy", "correct"}
    assert data["images"] == 50
    assert data["accuracy"] == data["correct"] / 50
    assert data["intact"]["accuracy"] == data["intact"]["correct"] / 50
    assert data["interval"] == pytest.approx(list(wilson(data["correct"], 50)))
    assert data["deleted"] == ["layer2.0"]
    assert 0 <= data["agreement"] <= 1


def test_it_says_what_the_session_says(command: Command, tmp_path: Path) -> None:
    spec = ResNetSpec("cifar", (1, 1, 1), in_channels=1, side=28, classes=10, width=4)
    path = tmp_path / "small.json"
    path.write_text(spec.to_json(), encoding="utf-8")
    words = ("--network", path, "--weights", "untrained", "--delete", "layer1.0,layer3.0")
    data = command("accuracy", *words, "--json").data
    request = AccuracyRequest(spec, UNTRAINED, DataRef("fashion-mnist"), frozenset({"layer1.0", "layer3.0"}))
    counts = finish(Session().accuracy(request)).counts
    assert (data["correct"], data["images"], data["agreement"]) == (counts.correct, 2000, counts.agreement)


def test_a_folder_whose_classes_are_the_networks(command: Command, folder: Path, tmp_path: Path) -> None:
    """An untrained network has no names of its own, so two folders and two outputs are matched by number."""
    path = tmp_path / "two.json"
    path.write_text(PRESETS["resnet20"].with_(classes=2).to_json(), encoding="utf-8")
    data = command("accuracy", "--network", path, "--weights", "untrained", "--data", folder, "--json").data
    assert data["images"] == 24
    assert data["correct"] in range(25)


def test_without_labels_there_is_only_the_agreement(command: Command, folder: Path) -> None:
    words = ("--network", "resnet20", "--weights", "fashion-mnist", "--data", folder / "dark", "--delete", "layer2.1")
    data = command("accuracy", *words, "--json").data
    assert data["accuracy"] is data["correct"] is None
    assert data["intact"] == {"accuracy": None, "correct": None}
    assert data["images"] == 12
    assert data["interval"] == pytest.approx(list(wilson(round(12 * data["agreement"]), 12)))


def test_for_reading(command: Command, folder: Path) -> None:
    ran = command("accuracy", "--images", 20)
    assert (ran.status, ran.err) == (0, "")
    for word in ("accuracy", "intact", "agreement", "of 20", "95 % interval"):
        assert word in ran.out
    ran = command("accuracy", "--data", folder / "dark")
    assert "accuracy " not in ran.out.partition("95 % interval")[0]
