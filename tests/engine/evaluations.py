"""Small networks, and the plain loop, for tests of the evaluator."""

from __future__ import annotations

import itertools
import random

import numpy as np
import torch

from explorer.engine.datasets import ArrayImageSet
from explorer.engine.images import normalise
from explorer.engine.modules import Network
from explorer.engine.records import Preprocessing
from explorer.engine.studies.evaluator import Evaluator
from explorer.engine.studies.tuning import BATCH
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import Lesion, exchangeable, lesion
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import image_set, network_of

COUNT = 90
CPU = torch.device("cpu")
BASIC = ResNetSpec("cifar", (2, 1, 1), "basic", "A", in_channels=1, side=8, classes=5, width=4)
LARGE = ResNetSpec("imagenet", (1, 1, 1, 1), "bottleneck", "B", "1x1", in_channels=1, side=40, classes=5, width=4)
KINDS: dict[str, NetworkSpec] = {
    "option A": BASIC,
    "option B": BASIC.with_(shortcut="B"),
    "option C": BASIC.with_(shortcut="C"),
    "bottleneck": BASIC.with_(block="bottleneck", shortcut="B", width=2),
    "imagenet": LARGE,
    "pre-activation A": BASIC.with_(order="pre-activation"),
    "pre-activation B": BASIC.with_(order="pre-activation", shortcut="B"),
    "pre-activation C": BASIC.with_(order="pre-activation", shortcut="C"),
    "pre-activation bottleneck": BASIC.with_(order="pre-activation", block="bottleneck", shortcut="B"),
    "plain": BASIC.with_(shortcut="none"),
    "plain layers": BASIC.with_(shortcut="none", block="layer"),
    "VGG-like": BASIC.with_(shortcut="none", block="layer", widths="same", downsampling="pool"),
}


def grey(spec: NetworkSpec) -> Preprocessing:
    return Preprocessing(1, spec.side, spec.side, (0.4,), (0.3,), grey=True)


def undecided(spec: NetworkSpec) -> Network:
    """A network for which noise is of any class."""
    network = network_of(spec)
    with torch.inference_mode():
        x = normalise(image_set(COUNT, spec.side).pixels(np.arange(COUNT), grey(spec)), grey(spec))
        logits = network(x)
        network.fc.weight.div_(logits.std(0)[:, None])
        network.fc.bias.sub_(logits.mean(0)).div_(logits.std(0))
    return network


def plain(network: Network, images: ArrayImageSet, order: np.ndarray, done: Lesion) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and logits of the plain loop."""
    logits = []
    with torch.inference_mode():
        for first in range(0, len(order), BATCH):
            pixels = images.pixels(order[first : first + BATCH], grey(network.spec))
            logits.append(network(normalise(pixels, grey(network.spec)), done))
    found = torch.cat(logits)
    return found.argmax(1).numpy(), found.numpy()


def some_lesions(spec: NetworkSpec) -> list[Lesion]:
    """Every set of deleted blocks of a small network, every cut alone, both, swaps, and one of them twice."""
    ids = spec.block_ids
    found = [lesion(spec, deleted) for count in range(len(ids) + 1) for deleted in itertools.combinations(ids, count)]
    if not spec.plain:
        found += [lesion(spec, cut=[block]) for block in ids]
        found.append(lesion(spec, deleted=[ids[1]], cut=[ids[2]]))
    for group in exchangeable(spec):
        found += [Lesion().swapped(spec, *pair) for pair in itertools.combinations(group, 2)]
        found.append(lesion(spec, group[:1]).swapped(spec, group[0], group[1]))
    return [*found, found[3]]


def drawn_lesions(spec: NetworkSpec, count: int, seed: int = 0) -> list[Lesion]:
    """Deletions, cuts and swaps at random, together."""
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        ids = draw.sample(spec.block_ids, draw.randint(0, len(spec.block_ids)))
        cuts = 0 if spec.plain else draw.randint(0, min(2, len(ids)))
        done = lesion(spec, ids[cuts:], ids[:cuts])
        for _ in range(draw.randint(0, 2) if exchangeable(spec) else 0):
            done = done.swapped(spec, *draw.sample(draw.choice(exchangeable(spec)), 2))
        found.append(done)
    return found


def evaluator_of(network: Network, images: ArrayImageSet, fast: bool = False, **options: object) -> Evaluator:
    return Evaluator(network, images, grey(network.spec), images.order(0), CPU, fast, **options)  # type: ignore[arg-type]


def gathered(evaluator: Evaluator, lesions: list[Lesion], start: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and probabilities (lesions, images from `start`)."""
    predictions = np.full((len(lesions), evaluator.total), -9)
    probabilities = np.zeros((len(lesions), evaluator.total), np.float32)
    reached = start
    for answer in evaluator.evaluate(lesions, start):
        if answer is not None:
            end = answer.first + len(answer.predictions)
            assert (predictions[answer.number, answer.first : end] == -9).all(), "answered twice"
            assert answer.first >= reached, "a batch after the batch before it"
            if answer.number == len(lesions) - 1:
                reached = end
            predictions[answer.number, answer.first : end] = answer.predictions
            probabilities[answer.number, answer.first : end] = answer.probabilities
            assert answer.predictions.dtype == np.int32
            assert answer.probabilities.dtype == np.float32
    assert (predictions[:, start:] != -9).all()
    return predictions[:, start:], probabilities[:, start:]
