"""What the tests of training share: small pictures of stripes, and folders of coloured ones."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from explorer.engine.datasets import ArrayImages
from explorer.engine.images import default_preprocessing
from explorer.engine.modules import Network
from explorer.engine.training_data import Material
from explorer.engine.training_files import FORMAT
from explorer.engine.training_records import Recipe
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.spec import NetworkSpec
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


def leave(folder: Path, name: str, spec: NetworkSpec, correct: int | None, **changes: object) -> Path:
    """Weights with a card as a run of the window leaves them; the weights are empty.

    Args:
        folder, name: where.
        spec: the network.
        correct: of 1,000 test images; None where none were looked at.
        changes: of the card.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.safetensors"
    path.touch()
    card = {
        "format": FORMAT, "kind": "best", "spec": spec.to_fields(), "data": "Pets: trained on 30 of its images",
        "seed": 3, "epochs": 10, "epochs_done": 10, "recipe": {"batch": 64, "rate": 0.2},
        "classes": [f"class {index}" for index in range(spec.classes)],
        "preprocessing": asdict(default_preprocessing(spec)),
        "test": None if correct is None else {"correct": correct, "images": 1000}, **changes,
    }  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    return path


def odd_cards(card: str) -> dict[str, str]:
    """Texts that a card may have after somebody edited it, by what is odd about them.

    Args:
        card: text of one with 852 of 1,000 test images right.
    """
    figure = '"test": {"correct": 852, "images": 1000}'
    assert figure in card
    return {
        "no images": card.replace(figure, '"test": {"correct": 0, "images": 0}'),
        "more than all": card.replace(figure, '"test": {"correct": 5, "images": 1}'),
        "fewer than none": card.replace(figure, '"test": {"correct": -1, "images": 10}'),
        "infinite": card.replace(figure, '"test": {"correct": 1e999, "images": 1e999}'),
        "too long a number": card.replace(figure, f'"test": {{"correct": 1, "images": 1{400 * "0"}}}'),
        "no number": card.replace(figure, '"test": {"correct": NaN, "images": 10}'),
        "endless epochs": card.replace('"epochs_done": 10', '"epochs_done": 1e999'),
        "deep": card[:-1] + f', "more": {100_000 * "["}{100_000 * "]"}}}',
        "large": card + (1 << 20) * " ",
    }


def same(one: Network, other: Network) -> bool:
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def assert_same_files(one: Path, other: Path) -> None:
    """The weights, bit for bit; the order of the header's entries is safetensors' own."""
    states = load_file(one), load_file(other)
    assert set(states[0]) == set(states[1])
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())
