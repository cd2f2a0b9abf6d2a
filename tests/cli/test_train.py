"""`train`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from explorer.cli import training as cli_training
from explorer.engine.training_records import Progress
from explorer.networks.families.resnet import ResNetSpec
from tests.cli.conftest import Command


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "small.json"
    path.write_text(ResNetSpec("cifar", (1, 1, 1), side=12, classes=10, width=4).to_json(), encoding="utf-8")
    return path


def words(network: Path, folder: Path, output: Path) -> list[object]:
    given = ("--epochs", 3, "--batch", 8, "--seed", 7, "--float32")
    return ["train", "--network", network, "--data", folder, "-o", output, *given]


def test_a_folder_trains_and_its_weights_predict(command: Command, network: Path, folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "light.safetensors"
    ran = command(*words(network, folder, output))
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.count("epoch ") == 3
    assert "trained on 21 of its images, tested once on the other 3" in ran.out
    card = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    assert ran.out.splitlines()[-1] == f"{output}: {100 * card['test']['accuracy']:.2f} % of 3 test images"
    picture = folder / "dark" / "0.png"
    data = command("predict", picture, "--network", network, "--weights", output, "--json").data
    assert {row["label"] for row in data["predictions"]} == {"bright", "dark"}
    data = command("accuracy", "--network", network, "--weights", output, "--data", folder, "--json").data
    assert (data["images"], data["correct"] is None) == (24, False)


def test_the_command_on_the_card_makes_the_weights_again(
    command: Command, network: Path, folder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "light.safetensors"
    assert command(*words(network, folder, output)).status == 0
    first = load_file(output)
    card = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    output.unlink()
    python, program, *again = shlex.split(card["command"])
    assert (python, program) == ("python", "main.py")
    assert command(*again).status == 0
    second = load_file(output)
    assert all(torch.equal(value, second[key]) for key, value in first.items())


def test_a_run_that_was_stopped_is_resumed(
    command: Command, network: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the second epoch."""
    output, whole = tmp_path / "out" / "light.safetensors", tmp_path / "whole.safetensors"

    class Stopped(cli_training._Teller):
        def __call__(self, progress: Progress) -> None:
            super().__call__(progress)
            if progress.fraction > 0.5:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cli_training, "_Teller", Stopped)
        ran = command(*words(network, folder, output))
    assert (ran.status, ran.err.count("\n")) == (130, 1)
    assert {path.name for path in output.parent.iterdir()} == {"light.state", "light.csv"}
    ran = command(*words(network, folder, output), "--resume")
    assert ran.status == 0
    assert "epoch   1" not in ran.out
    assert command(*words(network, folder, whole)).status == 0
    one, other = load_file(output), load_file(whole)
    assert all(torch.equal(value, other[key]) for key, value in one.items())
    assert "--resume" not in output.with_suffix(".json").read_text(encoding="utf-8")


@pytest.mark.parametrize("given", [("--rate", "1e30"), ("--schedule", "steps", "--rate", "1e30")])
def test_a_loss_that_explodes(
    given: tuple[str, ...], command: Command, network: Path, folder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out" / "light.safetensors"
    ran = command(*words(network, folder, output), *given)
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert "learning rate" in ran.err
    assert not output.exists()
