"""`export` and `list`."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from explorer.networks.spec import NetworkSpec
from tests.cli.conftest import Command

SMALL = ("export", "resnet20", "--weights", "fashion-mnist", "--delete", "layer2.1,layer3.0")


@pytest.mark.parametrize("suffix", ["json", "py", "safetensors"])
def test_a_file_and_what_is_in_it(command: Command, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"small.{suffix}"
    ran = command(*SMALL, "-o", path)
    assert ran.status == 0, ran.err
    first, second, note = ran.out.splitlines()
    assert first == str(path)
    assert second == "ResNet-20 without layer2.1 and layer3.0: 195,322 parameters, 24,499,072 MACs"
    assert "1x28x28" in note


def test_what_is_exported_works_in_the_other_commands(command: Command, tmp_path: Path, picture: Path) -> None:
    json, weights = tmp_path / "small.json", tmp_path / "small.safetensors"
    command(*SMALL, "-o", json)
    command(*SMALL, "-o", weights)
    assert command("describe", json, "--json").data["parameters"] == 195_322
    assert command("recognise", weights, "--json").data["family"] == "pruned"
    small = command("predict", picture, "--network", json, "--weights", weights, "--json").data
    whole = command("predict", picture, "--network", "resnet20", "--delete", "layer2.1,layer3.0", "--json").data
    for here, there in zip(small["predictions"], whole["predictions"], strict=True):
        assert here["label"] == there["label"]
        assert here["probability"] == pytest.approx(there["probability"], rel=1e-3, abs=1e-6)
    assert command("draw", json, "-o", tmp_path / "small.svg").status == 0


def test_code_and_weights_go_together(command: Command, tmp_path: Path) -> None:
    code, weights = tmp_path / "small.py", tmp_path / "small.safetensors"
    command(*SMALL, "-o", code)
    command(*SMALL, "-o", weights, "--precision", "fp32")
    network = runpy.run_path(str(code))["ResNet20WithoutLayer2_1AndLayer3_0"]()
    state = load_file(weights)
    assert {value.dtype for value in state.values()} == {torch.float32, torch.int64}
    network.load_state_dict(state, strict=True)
    ran = subprocess.run([sys.executable, "-I", str(code)], capture_output=True, text=True, check=True)
    assert ran.stdout == "(1, 10)\n"


def test_cut_shortcuts_and_other_families(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    assert command("export", "resnet56", "--cut", "layer1.1", "-o", path).status == 0
    assert NetworkSpec.load(path).all_blocks[1].shortcut == "none"
    for name in ("densenet_bc100_12", "efficientnet_b0", "vgg11_bn", "mlp20_64", "wrn16_4"):
        assert command("export", name, "-o", tmp_path / "out.py").status == 0
        assert command("export", name, "--delete", PRESETS[name].block_ids[-1], "-o", path).status in (0, 2)
        assert command("export", name, "-o", path).status == 0
        assert NetworkSpec.load(path) == PRESETS[name]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("resnet20",), "required: -o"),
        (("resnet20", "-o", "out"), "must end in .json"),
        (("resnet20", "-o", "out.pth"), "must end in .json"),
        (("resnet20", "-o", "missing/out.py"), "There is no folder missing"),
        (("resnet20", "-o", "FOLDER.py"), "is a folder"),
        (("resnet21", "-o", "out.py"), "try 20 or 22"),
        (("resnet20", "--delete", "layer9.9", "-o", "out.py"), "no block layer9.9"),
        (("resnet20", "--delete", "layer1.1", "--cut", "layer1.1", "-o", "out.py"), "at once"),
        (("vgg11", "--delete", "layer2.0", "-o", "out.py"), "can't be deleted"),
        (("mlp8_16", "--cut", "layer1.9", "-o", "out.py"), "no block"),
        (("resnet110_exclusive_gate", "--cut", "layer1.1", "-o", "out.py"), "its gate goes by"),
        (("resnet20", "--weights", "imagenet", "-o", "out.py"), "no ImageNet weights"),
        (("resnet18", "--weights", "resnet20-fashion-mnist", "-o", "out.safetensors"), "are weights of ResNet-20"),
        (("resnet20", "--weights", "missing.pth", "-o", "out.py"), "no weights named"),
        (("resnet20", "--precision", "fp8", "-o", "out.safetensors"), "fp8"),
    ],
)
def test_bad_input_is_one_sentence(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FOLDER.py").mkdir()
    assert told in command("export", *words).sentence
    assert [path.name for path in tmp_path.iterdir() if path.name != "settings"] == ["FOLDER.py"]


def test_the_list_as_json(command: Command) -> None:
    networks = command("list", "--json").data["networks"]
    assert [one["name"] for one in networks] == list(PRESETS)
    for one in networks:
        spec, cost = PRESETS[one["name"]], network_cost(PRESETS[one["name"]])
        assert (one["depth"], one["parameters"], one["macs"]) == (spec.depth, cost.parameters, cost.macs)
    weights = {one["name"]: one["weights"] for one in networks}
    assert [one["name"] for one in weights["resnet20"]] == ["resnet20-fashion-mnist"]
    assert {one["name"]: one["bundled"] for one in weights["resnet18"]} == {
        "resnet18-fashion-mnist": True, "ResNet18_Weights.IMAGENET1K_V1": False,
    }  # fmt: skip
    assert weights["resnet1202"] == []
    (densenet,) = weights["densenet121"]
    assert densenet["accuracy"] == pytest.approx(0.74434)


def test_the_list_in_words(command: Command) -> None:
    ran = command("list")
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert PRESETS["resnet20"].heading in lines
    (row,) = [line for line in lines if line.split()[:1] == ["resnet18"]]
    assert row.split()[1:4] == ["18", "11,689,512", "1,814,073,344"]
    assert "Fashion-MNIST (bundled) 94.0 %, ImageNet (torchvision) 69.8 %" in row
    assert max(map(len, lines)) <= 130
