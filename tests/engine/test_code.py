"""The PyTorch file that is written of a network computes what the program does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from explorer.engine.modules import Network
from explorer.networks import catalog
from explorer.networks.code import class_name, pytorch_code
from explorer.networks.cost import network_cost
from explorer.networks.families.densenet import DenseNetSpec
from explorer.networks.families.mlp import MlpSpec
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.families.resnet_block import Order, Variant
from explorer.networks.operations import parameter_shapes
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import SPECS, TINY, network_of, pictures, settled

Make = Callable[[NetworkSpec, int], Network]
ORDERS: tuple[Order, ...] = ("bn-after", "relu-before", "relu-only", "pre-activation")
VARIANTS: tuple[Variant, ...] = ("scale", "scale-both", "exclusive-gate", "shortcut-gate", "dropout")
SMALL: dict[str, NetworkSpec] = {
    **SPECS,
    **{f"{order} {option}": TINY.with_(order=order, shortcut=option) for order in ORDERS for option in "ABC"},
    **{f"{variant} {option}": TINY.with_(variant=variant, shortcut=option) for variant in VARIANTS for option in "AB"},
    "per block": TINY.with_(shortcuts=(("layer1.1", "C"), ("layer2.0", "B"))),
    "dropout inside": TINY.with_(order="pre-activation", dropout=0.3),
    "grouped": ResNetSpec("imagenet", (1, 2, 1, 2), "bottleneck", side=40, classes=5, width=8, groups=4, base_width=16),
    "wide stem": TINY.with_(stem_width=8),
    "DenseNet": DenseNetSpec((2, 3, 2, 2), 4, 8, side=40, classes=5),
    "DenseNet, no bottleneck": DenseNetSpec((2, 3, 2), 4, 8, "cifar", 0, 1.0, side=16, classes=5),
    "DenseNet-BC": DenseNetSpec((3, 3, 2), 4, 8, "cifar", 2, 0.5, side=16, classes=5),
    "MLP": MlpSpec(8, 16, side=8, classes=5),
    "plain MLP": MlpSpec(8, 16, "none", side=8, classes=5),
    "one width": TINY.with_(widths="same", shortcut="C"),
}


def built(code: str, spec: NetworkSpec) -> nn.Module:
    """The network that the file's class makes, run as a file that is imported."""
    space: dict[str, Any] = {"__name__": "generated"}
    exec(compile(code, "generated.py", "exec"), space)
    made = space[class_name(spec)]()
    assert isinstance(made, nn.Module)
    return made.eval()


def check(spec: NetworkSpec, side: int | None = None, make: Make = network_of) -> float:
    """That the file's network has our keys and computes our logits; how far they are apart, of the largest."""
    ours = make(spec.with_(side=side or spec.side), 1)
    code = pytorch_code(spec)
    theirs = built(code, spec)
    assert {key: value.shape for key, value in theirs.state_dict().items()} == {
        key: value.shape for key, value in ours.state_dict().items()
    }
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x = pictures(spec.with_(side=side or spec.side), 2)
    with torch.no_grad():
        here, there = ours(x), theirs(x)
    assert here.shape == there.shape == (2, spec.classes)
    scale = float(here.abs().max())
    assert scale > 0
    return float((here - there).abs().max()) / scale


@pytest.mark.parametrize("name", SMALL)
def test_small_networks_of_every_kind(name: str) -> None:
    assert check(SMALL[name]) < 1e-5


LARGE = {
    "resnet50": 64, "resnext50_32x4d": 64, "plain34": 32, "wrn16_4": 32, "vgg_narrow": 32, "vgg11_bn": 32,
    "densenet121": 32, "densenet40_12": 32, "efficientnet_b5": 32, "mlp20_64": 28,
}  # fmt: skip
"""Networks of the catalogue, and the side at which they run quickly."""


@pytest.mark.parametrize("name", LARGE)
def test_networks_of_the_catalogue(name: str) -> None:
    assert check(catalog.find(name), LARGE[name], settled) < 1e-4


@pytest.mark.parametrize(("name", "like"), [("resnet1202", "resnet20"), ("densenet201", "densenet121")])
def test_depth_costs_no_lines(name: str, like: str) -> None:
    deep, shallow = (pytorch_code(catalog.PRESETS[one]).count("\n") for one in (name, like))
    assert deep - shallow <= 3
    assert deep < 140


@pytest.mark.parametrize("name", catalog.PRESETS)
def test_every_preset_has_our_keys_and_parameters(name: str) -> None:
    spec = catalog.PRESETS[name]
    with torch.device("meta"):
        network = built(pytorch_code(spec), spec)
    assert {key: tuple(value.shape) for key, value in network.state_dict().items()} == parameter_shapes(spec)
    assert sum(value.numel() for value in network.parameters()) == network_cost(spec).parameters


def test_the_file_runs_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(pytorch_code(TINY), encoding="utf-8")
    ran = subprocess.run([sys.executable, "-I", str(path)], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout == "(1, 5)\n"


def test_what_the_file_says_of_itself() -> None:
    code = pytorch_code(catalog.PRESETS["resnext50_32x4d"])
    head = " ".join(code.split('"""')[1].split())
    for words in (
        "ResNeXt-50 32x4d", "arXiv:1512.03385", "arXiv:1611.05431", "25,028,904 parameters", "This file is yours"
    ):  # fmt: skip
        assert words in head
    assert "explorer" not in code
    assert "torchvision" not in code
    assert "Stochastic depth" in pytorch_code(catalog.PRESETS["efficientnet_b0"])


def ruff(*arguments: str) -> None:
    found = shutil.which("ruff", path=str(Path(sys.executable).parent))
    assert found is not None
    ran = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_what_is_written_is_formatted_and_has_nothing_to_check(tmp_path: Path) -> None:
    specs = {**SMALL, **catalog.PRESETS}
    for number, spec in enumerate(specs.values()):
        (tmp_path / f"network{number}.py").write_text(pytorch_code(spec), encoding="utf-8")
    ruff("check", "--isolated", str(tmp_path))
    ruff("format", "--isolated", "--check", str(tmp_path))
