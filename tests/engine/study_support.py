"""Small networks with weights in files, and the slow obvious way to do a study, for tests of studies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from explorer.engine import fashion
from explorer.engine.cards import save_weights
from explorer.engine.images import normalise
from explorer.engine.modules import Network
from explorer.engine.ordering import balanced_order
from explorer.engine.records import Counts, DataRef, WeightsKind, WeightsRef
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.study_records import StudyPoint, StudyRequest, StudyResult
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import network_of

FOUR = ResNetSpec("cifar", (2, 1, 1), "basic", "B", in_channels=1, side=28, classes=10, width=4)
SPECS: dict[str, NetworkSpec] = {
    "original": FOUR,
    "pre-activation": FOUR.with_(order="pre-activation", shortcut="A"),
    "plain": FOUR.with_(block="layer", shortcut="none"),
    "VGG-like": FOUR.with_(block="layer", shortcut="none", widths="same", downsampling="pool"),
}
IMAGES = 150
"""More than two batches."""


@dataclass(frozen=True)
class Case:
    """A network whose weights lie in a file."""

    network: Network
    weights: WeightsRef

    def request(self, kind: Any, **values: Any) -> StudyRequest:
        given = {"images": IMAGES, "seeds": 2, **values}
        return StudyRequest(kind, self.network.spec, self.weights, DataRef("fashion-mnist"), **given)


def case(folder: Path, spec: NetworkSpec, seed: int = 0) -> Case:
    """A network for which Fashion-MNIST's images are of any class: lesions then change what it says of many."""
    network = network_of(spec, seed)
    preprocessing = fashion.preprocessing(spec.in_channels, spec.side)
    pixels = torch.from_numpy(fashion.bundled()[0][::20].copy()).unsqueeze(1)
    with torch.inference_mode():
        logits = network(normalise(pixels, preprocessing))
        classifier = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
        classifier.weight.div_(logits.std(0)[:, None])
        classifier.bias.sub_(logits.mean(0)).div_(logits.std(0))
    path = folder / f"{seed}.safetensors"
    save_weights(path, network.state_dict(), network, fashion.CLASSES, preprocessing)
    return Case(network, WeightsRef(WeightsKind.FILE, str(path)))


def done(request: StudyRequest, session: Session | None = None, **files: Any) -> StudyResult:
    """The whole study."""
    result = finish((session or Session()).study(request, **files))
    assert result.finished
    return result


@dataclass(frozen=True)
class Slow:
    """The slow loop: a full pass of all images with each lesion, nothing shared."""

    network: Network
    images: int = IMAGES

    @property
    def indices(self) -> np.ndarray:
        every = fashion.bundled()[1]
        return balanced_order(len(every), every, 0)[: self.images]

    @property
    def labels(self) -> np.ndarray:
        return fashion.bundled()[1][self.indices]

    def run(self, lesion: Lesion) -> tuple[np.ndarray, np.ndarray]:
        """Predictions, and probabilities of the true class."""
        preprocessing = fashion.preprocessing(self.network.spec.in_channels, self.network.spec.side)
        pixels = torch.from_numpy(fashion.bundled()[0][self.indices]).unsqueeze(1)
        with torch.inference_mode():
            logits = self.network(normalise(pixels, preprocessing), lesion)
        shares = logits.softmax(1)[np.arange(len(self.labels)), self.labels]
        return logits.argmax(1).numpy(), shares.double().numpy()

    def check(self, point: StudyPoint, labelled: bool = True) -> None:
        """A point of a study, image by image."""
        said, shares = self.run(point.lesion)
        intact, before = self.run(Lesion())
        assert point.predictions.tolist() == said.tolist()
        rows = list(zip(said.tolist(), intact.tolist(), self.labels.tolist(), strict=True))
        agreeing = sum(now == was for now, was, _ in rows)
        if not labelled:
            assert point.counts == Counts(self.images, None, agreeing)
            assert (point.probability, point.recalled, point.discordant) == (None, None, (0, 0))
            return
        assert point.counts == Counts(self.images, sum(now == true for now, _, true in rows), agreeing)
        assert point.intact == Counts(self.images, sum(was == true for _, was, true in rows), self.images)
        lost = sum(was == true != now for now, was, true in rows)
        won = sum(now == true != was for now, was, true in rows)
        assert point.discordant == (lost, won)
        assert abs((point.probability or 0.0) - float((shares - before).mean())) < 1e-6
        assert point.recalled is not None
        for number in range(10):
            assert point.recalled[number] == sum(now == true == number for now, _, true in rows)


def same(one: StudyResult, other: StudyResult) -> None:
    """Whether two results are the same bit for bit, times apart."""
    assert len(one.points) == len(other.points)
    for left, right in zip((one.intact, *one.points), (other.intact, *other.points), strict=True):
        for name in ("lesion", "size", "seed", "macs", "counts", "intact", "discordant", "probability", "kendall_tau"):
            assert getattr(left, name) == getattr(right, name), name
        assert np.array_equal(left.predictions, right.predictions)
        assert (left.recalled is None) == (right.recalled is None)
        assert left.recalled is None or np.array_equal(left.recalled, right.recalled)


def snapshots(job: Iterator[object]) -> list[StudyResult]:
    return [told for told in job if isinstance(told, StudyResult)]
