"""`recognise`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from explorer.engine.build import build_empty
from explorer.engine.resources import bundled_weights
from explorer.networks.catalog import PRESETS
from explorer.networks.spec import NetworkSpec
from tests.cli.conftest import ROOT, Command
from tests.networks.foreign_names import RESNETS


def saved(spec: NetworkSpec, path: Path, repository: str = "torchvision", **extra: object) -> Path:
    """A checkpoint that holds a network's entries under a repository's names."""
    shapes = {key: tuple(value.shape) for key, value in build_empty(spec).state_dict().items()}
    torch.save(
        {"state_dict": {key: torch.zeros(s) for key, s in RESNETS[repository][0](shapes).items()}, **extra}, path
    )
    return path


def test_what_a_file_is_in_words(command: Command, tmp_path: Path) -> None:
    ran = command("recognise", saved(PRESETS["resnet20"].with_(classes=7), tmp_path / "own.th", "akamaster"))
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0] == "own.th: ResNet-20"
    assert [line.split()[-1] for line in lines[1:5]] == ["resnet20", "cifar", "channels", "7"]
    assert "Names and shapes fit these as well:" in lines


def test_what_a_file_is_as_json(command: Command, tmp_path: Path) -> None:
    small = PRESETS["resnet50"].with_(width=4)
    data = command("recognise", saved(small, tmp_path / "own.pth", "weiaicunzai"), "--json").data
    assert (data["file"], data["family"], data["missing"], data["unexpected"]) == ("own.pth", "imagenet", [], [])
    assert NetworkSpec.from_json(json.dumps(data["spec"])) == small
    assert [NetworkSpec.from_json(json.dumps(each["spec"])) for each in data["candidates"]][:2] == [
        small, small.with_(stride_place="1x1")
    ]  # fmt: skip
    assert data["parameters"] > 100_000


@pytest.mark.parametrize("path", bundled_weights(), ids=lambda path: path.stem)
def test_the_programs_own_files_name_their_network(command: Command, path: Path) -> None:
    data = command("recognise", path, "--json").data
    assert path.stem.startswith(data["name"].replace("_", "-")) or path.stem.startswith(data["name"])
    assert len(data["candidates"]) == 1


def test_one_of_no_network_names_the_nearest(command: Command, tmp_path: Path) -> None:
    squeeze = {"layer1.0.se.fc1.weight": torch.zeros(4, 64, 1, 1), "layer1.0.se.fc2.weight": torch.zeros(64, 4, 1, 1)}
    path = saved(PRESETS["resnet18"].with_(width=4), tmp_path / "own.pth")
    content = torch.load(path)
    del content["state_dict"]["bn1.bias"]
    torch.save(content["state_dict"] | squeeze, path)
    sentence = command("recognise", path).sentence
    assert "of no network that this program knows; the nearest is ResNet-18" in sentence
    assert "1 entry is missing (bn1.bias), 2 entries are unknown (layer1.0.se.fc1.weight, layer" in sentence
    ran = command("recognise", path, "--json")
    data = json.loads(ran.out)
    assert (ran.status, data["name"], data["nearest"]["family"], data["missing"]) == (2, None, "imagenet", ["bn1.bias"])
    assert data["unexpected"] == list(squeeze)


def test_files_that_are_none(command: Command, tmp_path: Path) -> None:
    assert "There is no file" in command("recognise", tmp_path / "none.pth").sentence
    (tmp_path / "own.pth").write_bytes(b"hello, world")
    assert "not a checkpoint" in command("recognise", tmp_path / "own.pth").sentence
    torch.save({"weight": torch.zeros(3)}, tmp_path / "own.pth")
    assert "and none is near" in command("recognise", tmp_path / "own.pth").sentence


def test_it_takes_no_torch(process: Command, tmp_path: Path) -> None:
    path = saved(PRESETS["resnet20"], tmp_path / "own.pth")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from explorer.cli import main\n"
        "assert main(['recognise', sys.argv[2]]) == 0\n"
        "assert 'torch' not in sys.modules\n"
    )
    ran = process("-c", program, ROOT, path)
    assert ran.status == 0, ran.err
