"""The PyTorch file that is written of a network computes what the program does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from explorer.networks import catalog
from explorer.networks.code import class_name, pytorch_code
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.families.resnet_block import Order, Variant
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import SPECS, TINY, network_of, pictures

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
    "one width": TINY.with_(widths="same", shortcut="C"),
}


def built(code: str, spec: NetworkSpec) -> nn.Module:
    """The network that the file's class makes, run as a file that is imported."""
    space: dict[str, Any] = {"__name__": "generated"}
    exec(compile(code, "generated.py", "exec"), space)
    made = space[class_name(spec)]()
    assert isinstance(made, nn.Module)
    return made.eval()


def check(spec: NetworkSpec, side: int | None = None) -> float:
    """That the file's network has our keys and computes our logits; how far they are apart."""
    ours = network_of(spec, 1)
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
