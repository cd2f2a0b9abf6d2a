"""Image sets as they are asked for, for tests of the engine."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from PIL import Image

from explorer.engine.datasets import LabelledImages
from explorer.engine.records import Preprocessing, Step, WeightsInfo
from explorer.engine.steps import finish
from explorer.engine.weights import untrained
from explorer.errors import UserError
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.spec import NetworkSpec
from tests.engine.sentences import assert_one_sentence

TINY = ResNetSpec("cifar", (1, 1, 1), width=4, side=16, classes=10)
SMALL = Preprocessing(3, 8, 8, (0.5,) * 3, (0.5,) * 3)
PETS = ("Cat", "Dog", "Guinea pig")


def info(spec: NetworkSpec = TINY, classes: tuple[str, ...] | None = None) -> WeightsInfo:
    plain = untrained(spec)
    return plain if classes is None else WeightsInfo(plain.ref, "", spec, classes, SMALL)


def put(path: Path, colour: str = "red", size: tuple[int, int] = (12, 10)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def pets(folder: Path, *names: str, each: int = 2) -> Path:
    for name in names:
        for number in range(each):
            put(folder / name / f"{number}.png")
    return folder


def refused(job: Generator[Step, None, object]) -> str:
    with pytest.raises(UserError) as caught:
        finish(job)
    assert_one_sentence(caught.value)
    return str(caught.value)


def labels(images: LabelledImages) -> list[int]:
    assert images.labels is not None
    return images.labels.tolist()
