"""`explain gradients`."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.conftest import Command

SMALL = ("explain", "gradients", "--network", "resnet8", "--seeds", 1)


def test_trained_weights_beside_the_trained_twin(command: Command) -> None:
    data = command("explain", "gradients", "--network", "resnet20", "--images", 4, "--json").data
    assert [one["name"] for one in data["networks"]] == ["ResNet-20", "Plain-20"]
    assert (data["scheme"], data["images"], data["seeds"], data["alone"]) == ("trained", 4, 1, "")
    first = data["networks"][0]
    assert [spot["id"] for spot in first["inputs"]][::5] == ["layer1.0", "layer2.2"]
    assert len(first["inputs"]) == 10
    assert len(first["weights"]) == 20
    ratio = first["inputs"][0]["median"] / first["inputs"][-1]["median"]
    assert first["ratio_inputs"] == [pytest.approx(ratio)]
    assert "unlikely cause of degradation" in data["meaning"][-1]


def test_without_weights_initialisation_is_used_and_said(command: Command) -> None:
    data = command(*SMALL, "--json").data
    assert data["scheme"] == "he"
    assert data["loss_on"] == "noise"
    assert any("is untrained" in note for note in data["notes"])
    assert len(data["networks"]) == 2


def test_drawn_without_batch_norm_gradients_vanish_in_the_plain_network(command: Command) -> None:
    words = ("explain", "gradients", "--network", "plain20", "--initialise", "default", "--no-norm", "--seeds", 2)
    out = command(*words).out
    assert "Plain-20: the gradient vanishes toward the input" in out
    assert "2 of 2 seeds" in out
    assert "the gradient of a plain network vanishes" in out
    assert "no plain twin is beside it" in out


def test_a_picture_given_is_what_the_loss_is_of(command: Command, picture: Path) -> None:
    data = command("explain", "gradients", picture, "--network", "mlp20_64", "--delete", "layer1.2", "--json").data
    assert (data["loss_on"], data["images"]) == ("picture", 1)
    assert any("class is not known" in note for note in data["notes"])
    assert not [spot for spot in data["networks"][0]["weights"] if spot["block"] == "layer1.2"]


def test_labelled_images_of_a_folder(command: Command, folder: Path) -> None:
    data = command(*SMALL, "--data", folder, "--loss-on", "images", "--json").data
    assert data["images"] == 16
    assert any("labels at random" in note for note in data["notes"])


def test_the_csv_has_a_column_a_seed(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "gradients.csv"
    ran = command("explain", "gradients", "--network", "resnet8", "--seeds", 2, "-o", path)
    assert f"Written to {path}." in ran.out
    text = path.read_text(encoding="utf-8").splitlines()
    assert text[0].startswith("# He's initialisation")
    rows = list(csv.DictReader(line for line in text if not line.startswith("#")))
    # ResNet-8: three blocks' inputs, the head's, eight layers; Plain-8: six layers' inputs instead of three blocks'.
    assert len(rows) == (3 + 1 + 8) + (6 + 1 + 8)
    assert all(float(row["seed_0"]) > 0 and float(row["seed_1"]) > 0 for row in rows)
    assert not list(tmp_path.glob("new/*.part"))


@pytest.mark.parametrize(("suffix", "begins"), [(".png", b"\x89PNG"), (".svg", b"<?xml")])
def test_the_chart(command: Command, tmp_path: Path, suffix: str, begins: bytes) -> None:
    path = tmp_path / f"chart{suffix}"
    command(*SMALL, "-o", path, "--weights-chart")
    assert path.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("--seeds", 0), "from 1 to 10, not 0"),
        (("--seeds", 11), "from 1 to 10, not 11"),
        (("--images", -1), "must not be negative"),
        (("-o", "chart.pdf"), "must end in .csv, .png or .svg"),
        (("--initialise", "he", "--loss-on", "picture"), "choose --loss-on images or noise"),
        (("--weights", "untrained", "--loss-on", "picture"), "choose --loss-on images or noise"),
        (("--network", "resnet20", "--loss-on", "noise"), "choose --loss-on images or picture"),
        (("--network", "resnet20", "--no-norm"), "--no-norm needs --initialise"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(command: Command, words: tuple[object, ...], refusal: str) -> None:
    assert refusal in command(*SMALL, *words).sentence
