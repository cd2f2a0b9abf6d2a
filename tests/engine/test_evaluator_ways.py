"""The evaluator's other ways: fast, with batch norms estimated anew, on other devices; and its pace."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import nn

from explorer.engine import devices
from explorer.engine.build import copied
from explorer.engine.images import normalise
from explorer.engine.modules import Block, Network
from explorer.engine.studies import folded, tuning
from explorer.engine.studies.evaluator import Evaluator
from explorer.engine.studies.folded import FoldedPasses
from explorer.engine.studies.passes import walked
from explorer.engine.studies.tree import walk
from explorer.engine.studies.tuning import Pace, most_images, pace
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import Lesion, course
from tests.engine.evaluations import (
    BASIC,
    COUNT,
    CPU,
    KINDS,
    evaluator_of,
    gathered,
    grey,
    plain,
    some_lesions,
    undecided,
)
from tests.engine.networks import image_set


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("bf16", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_fast_mode_is_close(kind: str, bf16: bool, fused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "bf16_pays", lambda device: bf16)
    if not fused:
        monkeypatch.setattr(folded, "_fuses", lambda number: False)
    spec = KINDS[kind]
    network, images = undecided(spec), image_set(COUNT, spec.side)
    assert images.labels is not None
    order, lesions = images.order(0), some_lesions(spec)
    evaluator = evaluator_of(network, images, True)
    number = "bfloat16" if bf16 else "float32"
    assert evaluator.arithmetic == f"{number}, channels_last, folded batch norms"
    predictions, probabilities = gathered(evaluator, lesions)
    truth = [plain(network, images, order, done) for done in lesions]
    expected = np.array([each[0] for each in truth])
    exact = np.array([softmax(each[1], 1)[np.arange(COUNT), images.labels[order]] for each in truth])
    assert (predictions == expected).mean() > (0.95 if bf16 else 0.999)
    assert np.abs(probabilities - exact).max(1).mean() < (0.1 if bf16 else 1e-5)


def relearned(network: Network, pixels: torch.Tensor, done: Lesion) -> Network:
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
    assert images.labels is not None
    training = image_set(40, spec.side, seed=7).pixels(np.arange(40), grey(spec))
    order, lesions = images.order(0), some_lesions(spec)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    for fast in (False, True):
        evaluator = evaluator_of(network, images, fast, training=training)
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
    assert after.keys() == before.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_as_many_training_images_as_fit() -> None:
    network, images = undecided(BASIC), image_set(COUNT)
    training = image_set(40, seed=7).pixels(np.arange(40), grey(BASIC))
    for budget, count in ((0, 2), (1 << 30, 40)):
        evaluator = evaluator_of(network, images, training=training, budget=budget)
        assert evaluator.training is not None
        assert torch.equal(evaluator.training, training[:count])


@pytest.mark.gpu
@pytest.mark.parametrize("kind", KINDS)
def test_cuda(kind: str) -> None:
    spec = KINDS[kind]
    device = torch.device("cuda:0")
    network, images = copied(undecided(spec), "cuda:0"), image_set(COUNT, spec.side)
    order, lesions = images.order(0), some_lesions(spec)
    exact, _ = gathered(Evaluator(network, images, grey(spec), order, device), lesions)
    fast, _ = gathered(Evaluator(network, images, grey(spec), order, device, fast=True), lesions)
    x = normalise(images.pixels(order, grey(spec)).to(device), grey(spec))
    with torch.inference_mode():
        for number, done in enumerate(lesions):
            logits = torch.cat([network(part, done) for part in x.split(64)])
            assert np.array_equal(exact[number], logits.argmax(1).cpu().numpy())
    assert (fast == exact).mean() > 0.95


# -- pace ----------------------------------------------------------------------------------------------------------


def test_the_fastest_choice_is_taken_and_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "_remembered", {})
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    tried: list[Pace] = []

    def seconds(spec: object, passes: object, choice: Pace, enough: float) -> float:
        tried.append(choice)
        return abs(choice.batch - 32) + choice.threads

    monkeypatch.setattr(tuning, "_seconds_an_image", seconds)
    ways = FoldedPasses(undecided(BASIC))
    assert pace(BASIC, CPU, ways, 1000) == Pace(32, 1)
    assert len(tried) == 6
    assert pace(BASIC, CPU, ways, 1000) == Pace(32, 1)
    assert len(tried) == 6, "measured once"
    assert pace(BASIC, CPU, ways, 1000, free=False) == Pace(64, 1), "the plain loop's batch"
    assert pace(BASIC, CPU, ways, 10) == Pace(10, 1), "no more than fit"
    assert pace(BASIC, torch.device("cuda"), ways, 1000) == Pace(512, 4)
    assert pace(BASIC, torch.device("cuda"), ways, 1000, free=False) == Pace(64, 4)


def test_measuring_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "_remembered", {})
    monkeypatch.setattr(tuning, "_MEASURING_S", 0.0)
    tried: list[Pace] = []
    monkeypatch.setattr(tuning, "_seconds_an_image", lambda spec, passes, choice, _: float(tried.append(choice) or 1))
    assert pace(BASIC, CPU, FoldedPasses(undecided(BASIC)), 1000).batch == 64
    assert len(tried) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_network_can_be_measured(kind: str) -> None:
    spec = KINDS[kind]
    assert tuning._seconds_an_image(spec, FoldedPasses(undecided(spec), torch.bfloat16), Pace(3, 1)) > 0


def test_batches_of_large_networks_are_small() -> None:
    assert most_images(PRESETS["resnet56"].with_(in_channels=1, side=28), CPU, 1 << 29) > 128
    assert 1 <= most_images(PRESETS["resnet152"], CPU, 1 << 29) < 32
    assert most_images(PRESETS["resnet152"], CPU, 0) == 1
    assert most_images(PRESETS["resnet152"], torch.device("cuda"), 1 << 34) > 128


def test_between_two_pauses_no_more_than_a_block_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folding all blocks of a large network at once takes a second, in which no cancel would be heard."""
    made: list[object] = []
    fold = folded._FoldedBlock

    def counted(block: Block, network: Network, form: folded._Form) -> folded._FoldedBlock:
        made.append(block)
        return fold(block, network, form)

    monkeypatch.setattr(folded, "_FoldedBlock", counted)
    network = undecided(BASIC)
    ways = FoldedPasses(network)
    counts = [len(made)]
    lesions = [Lesion(), Lesion(deleted=frozenset(BASIC.block_ids[1:2]))]
    for _ in range(2):
        edges = walk([course(BASIC, lesion) for lesion in lesions])
        with torch.inference_mode():
            steps = walked(ways, edges, torch.zeros(2, *BASIC.input_shape), lambda edge, logits: None)
            counts.extend(len(made) for _ in steps)
    assert counts[0] == 0
    assert max(after - before for before, after in pairwise(counts)) == 1
    assert counts[-1] == len(BASIC.block_ids), "each once"
