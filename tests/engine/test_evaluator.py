"""The evaluator against the plain loop: a fresh pass for each lesion."""

from __future__ import annotations

import itertools
from copy import deepcopy

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import nn

from explorer.engine.datasets import ArrayImageSet
from explorer.engine.images import normalise
from explorer.engine.modules import ResidualNetwork
from explorer.engine.records import Preprocessing
from explorer.engine.studies.evaluator import Evaluator
from explorer.engine.studies.tuning import BATCH
from explorer.networks.lesion import Lesion, lesion
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import image_set, network_of

COUNT = 90
BASIC = NetworkSpec("cifar", (1, 2, 1), "basic", "A", in_channels=1, side=8, classes=5, width=4)
KINDS: dict[str, NetworkSpec] = {
    "option A": BASIC,
    "option B": BASIC.with_(shortcut="B"),
    "option C": BASIC.with_(shortcut="C"),
    "bottleneck": BASIC.with_(block="bottleneck", shortcut="B", width=2),
    "imagenet": NetworkSpec(
        "imagenet", (1, 1, 1, 1), "bottleneck", "B", "1x1", in_channels=1, side=40, classes=5, width=4
    ),
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


def undecided(spec: NetworkSpec) -> ResidualNetwork:
    """A network for which noise is of any class."""
    network = network_of(spec)
    with torch.inference_mode():
        x = normalise(image_set(COUNT, spec.side).pixels(np.arange(COUNT), grey(spec)), grey(spec))
        logits = network(x)
        network.fc.weight.div_(logits.std(0)[:, None])
        network.fc.bias.sub_(logits.mean(0)).div_(logits.std(0))
    return network


def plain(
    network: ResidualNetwork, images: ArrayImageSet, order: np.ndarray, done: Lesion
) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and logits of the plain loop."""
    logits = []
    with torch.inference_mode():
        for first in range(0, len(order), BATCH):
            pixels = images.pixels(order[first : first + BATCH], grey(network.spec))
            logits.append(network(normalise(pixels, grey(network.spec)), done))
    found = torch.cat(logits)
    return found.argmax(1).numpy(), found.numpy()


def some_lesions(spec: NetworkSpec) -> list[Lesion]:
    """Every set of deleted blocks, every cut alone, every swap of two blocks, and some mixtures."""
    ids = spec.block_ids
    found = [lesion(spec, deleted) for count in range(len(ids) + 1) for deleted in itertools.combinations(ids, count)]
    if not spec.plain:
        found += [lesion(spec, cut=[block]) for block in ids]
        found.append(lesion(spec, deleted=[ids[1]], cut=[ids[2]]))
    found += [found[3], Lesion(order=ids).checked(spec)]
    return found


def gathered(evaluator: Evaluator, lesions: list[Lesion], start: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and probabilities (lesions, images from `start`)."""
    predictions = np.full((len(lesions), evaluator.total), -9)
    probabilities = np.zeros((len(lesions), evaluator.total))
    for answer in evaluator.evaluate(lesions, start):
        if answer is not None:
            end = answer.first + len(answer.predictions)
            assert (predictions[answer.number, answer.first : end] == -9).all(), "answered twice"
            predictions[answer.number, answer.first : end] = answer.predictions
            probabilities[answer.number, answer.first : end] = answer.probabilities
    return predictions[:, start:], probabilities[:, start:]


@pytest.mark.parametrize("kind", KINDS)
def test_every_lesion_of_a_small_network_gives_what_a_fresh_pass_gives(kind: str) -> None:
    spec = KINDS[kind]
    network, images = undecided(spec), image_set(COUNT, spec.side)
    order = images.order(0)
    lesions = some_lesions(spec)
    evaluator = Evaluator(network, images, grey(spec), order, torch.device("cpu"))
    predictions, probabilities = gathered(evaluator, lesions)
    for number, done in enumerate(lesions):
        expected, logits = plain(network, images, order, done)
        assert np.array_equal(predictions[number], expected)
        truth = softmax(logits, 1)[np.arange(COUNT), images.labels[order]]
        np.testing.assert_allclose(probabilities[number], truth, atol=1e-5)
    assert len(np.unique(predictions)) == spec.classes


def relearned(network: ResidualNetwork, pixels: torch.Tensor, done: Lesion) -> ResidualNetwork:
    """A copy whose batch norms took their statistics from these images, with the lesion."""
    copy = deepcopy(network)
    for module in copy.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    with torch.no_grad():
        copy.train()(normalise(pixels, grey(network.spec)), done)
    return copy.eval()


@pytest.mark.parametrize("kind", KINDS)
def test_statistics_are_those_of_a_training_pass_with_the_lesion(kind: str) -> None:
    spec = KINDS[kind]
    network, images = undecided(spec), image_set(COUNT, spec.side)
    training = image_set(40, spec.side, seed=7).pixels(np.arange(40), grey(spec))
    order = images.order(0)
    lesions = some_lesions(spec)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    for fast in (False, True):
        evaluator = Evaluator(network, images, grey(spec), order, torch.device("cpu"), fast, training)
        predictions, probabilities = gathered(evaluator, lesions)
        for number, done in enumerate(lesions):
            expected, logits = plain(relearned(network, training, done), images, order, done)
            truth = softmax(logits, 1)[np.arange(COUNT), images.labels[order]]
            if fast:
                assert np.abs(probabilities[number] - truth).mean() < 0.02
            else:
                assert np.array_equal(predictions[number], expected)
                np.testing.assert_allclose(probabilities[number], truth, atol=1e-5)
    after = network.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert after.keys() == before.keys()
