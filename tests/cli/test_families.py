"""Every command with the names of VGG and EfficientNet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from explorer.networks import catalog
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from tests.cli.conftest import Command

SMALL = '{"family": "efficientnet", "scale": 0, "in_channels": 1, "side": 32, "classes": 10}'
PLAIN = '{"family": "vgg", "configuration": 11, "norm": true, "in_channels": 1, "side": 32, "classes": 10}'


@pytest.mark.parametrize("name", ["vgg19_bn", "efficientnet_b7"])
def test_describe(command: Command, name: str) -> None:
    data = command("describe", name, "--json").data
    spec, cost = PRESETS[name], network_cost(PRESETS[name])
    assert (data["name"], data["parameters"], data["macs"]) == (name, cost.parameters, cost.macs)
    assert [stage["id"] for stage in data["stages"]] == [stage.id for stage in spec.stages]


@pytest.mark.parametrize("name", ["vgg16"])
def test_draw(command: Command, name: str, tmp_path: Path) -> None:
    ran = command("draw", name, "-o", tmp_path / "drawn.svg")
    assert (ran.status, ran.err) == (0, "")
    text = (tmp_path / "drawn.svg").read_text(encoding="utf-8")
    assert all(stage.id in text for stage in PRESETS[name].stages)


@pytest.mark.parametrize(
    ("name", "deleted", "kept"), [(PLAIN, "layer5.0", "layer4.0"), (SMALL, "layer2.1,layer6.2", "layer2.0")]
)
def test_predict(command: Command, name: str, deleted: str, kept: str, folder: Path) -> None:
    words = ("predict", folder / "dark" / "0.png", "--network", name, "--weights", "untrained", "--delete")
    data = command(*words, deleted, "--json").data
    assert len(data["predictions"]) == 5
    assert data["deleted"] == deleted.split(",")
    assert command(*words, kept).sentence.startswith(f"{kept} can't be deleted")


def test_accuracy_and_study(command: Command) -> None:
    which = ("--network", SMALL, "--weights", "untrained", "--images", 20)
    assert command("accuracy", *which, "--delete", "layer2.1", "--json").data["images"] == 20
    refused = command("accuracy", *which, "--delete", "layer2.0")
    assert refused.sentence.startswith("layer2.0 can't be deleted")
    ran = command("study", "single", *which, "--json")
    assert ran.status == 0
    free = [block.id for block in catalog.find(SMALL).all_blocks if not block.kept]
    assert [point["deleted"] for point in json.loads(ran.out)["results"]] == [[block] for block in free]


def test_training_at_a_small_side(command: Command, folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "small.safetensors"
    # Enough steps for the batch norms to know what they see.
    words = ("--data", folder, "--epochs", 12, "--rate", 0.02, "--batch", 8, "--float32")
    ran = command("train", "--network", "efficientnet_b0", "--side", 28, *words, "-o", output)
    assert (ran.status, ran.err) == (0, "")
    data = command(
        "predict", folder / "dark" / "0.png", "--network", "efficientnet_b0", "--weights", output, "--json"
    ).data
    assert {row["label"] for row in data["predictions"]} == {"bright", "dark"}
    sentence = command("train", "--network", "vgg11", "--side", 28, *words, "-o", output).sentence
    assert "whole number from 32 to 2048, not 28" in sentence
