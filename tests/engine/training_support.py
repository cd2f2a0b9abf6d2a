"""What the tests of training share: small pictures of stripes, and folders of coloured ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from explorer.engine.datasets import ArrayImages
from explorer.engine.modules import Network
from explorer.engine.training_data import Material
from explorer.engine.training_records import Recipe
from explorer.networks.families.resnet import ResNetSpec
from tests.engine.networks import GREY, TINY

SPEC = TINY.with_(blocks=(1, 1, 1), classes=3)
QUICK = Recipe(epochs=3, seed=5, batch=16, bf16=False)
COLOURED = ResNetSpec("cifar", (1, 1, 1), "basic", "A", side=8, classes=10, width=8)
COLOURS = {"amber": (250, 160, 20), "blue": (20, 40, 240), "green": (30, 200, 60)}


def stripes(count: int = 60, seed: int = 0) -> ArrayImages:
    """Three kinds of stripes with some noise: lying, standing, slanted."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:8, 0:8]
    kinds = np.stack([y % 4 < 2, x % 4 < 2, (x + y) % 4 < 2]) * 180
    labels = generator.integers(0, 3, count)
    noise = generator.integers(0, 60, (count, 8, 8))
    return ArrayImages("stripes", (kinds[labels] + noise).astype(np.uint8), labels, ("lying", "standing", "slanted"))


def striped() -> Material:
    """60 to train on, 24 that choose the best weights, 30 for the figure."""
    return Material(
        SPEC, stripes(), stripes(30, seed=2), ("lying", "standing", "slanted"), GREY, "stripes", stripes(24, seed=1)
    )


def coloured_folder(place: Path, each: int = 14) -> Path:
    """Pictures of three colours, with noise, a folder each."""
    generator = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        folder = place / name
        folder.mkdir(parents=True)
        for number in range(each):
            pixels = np.clip(np.array(colour) + generator.normal(0, 20, (10, 12, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    return place


def same(one: Network, other: Network) -> bool:
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def assert_same_files(one: Path, other: Path) -> None:
    """The weights, bit for bit; the order of the header's entries is safetensors' own."""
    states = load_file(one), load_file(other)
    assert set(states[0]) == set(states[1])
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())
