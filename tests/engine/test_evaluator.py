"""The evaluator against the plain loop: a fresh pass for each lesion."""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import Tensor

from explorer.engine.datasets import ArrayImageSet
from explorer.engine.modules import Network
from explorer.engine.studies import guard, passes, tuning
from explorer.engine.studies.evaluator import Evaluator
from explorer.engine.studies.tree import walk
from explorer.networks.lesion import Action, Lesion, course
from explorer.networks.spec import NetworkSpec
from tests.engine.evaluations import (
    BASIC,
    COUNT,
    CPU,
    KINDS,
    drawn_lesions,
    evaluator_of,
    gathered,
    plain,
    some_lesions,
    undecided,
)
from tests.engine.networks import image_set

DEEPER = BASIC.with_(blocks=(2, 3, 2))


def assert_plain(
    network: Network, images: ArrayImageSet, lesions: list[Lesion], evaluator: Evaluator, start: int = 0
) -> np.ndarray:
    """The evaluator's predictions are the plain loop's; they are returned."""
    assert images.labels is not None
    order = images.order(0)
    predictions, probabilities = gathered(evaluator, lesions, start)
    for number, done in enumerate(lesions):
        expected, logits = plain(network, images, order, done)
        truth = softmax(logits, 1)[np.arange(len(order)), images.labels[order]]
        assert np.array_equal(predictions[number], expected[start:])
        np.testing.assert_allclose(probabilities[number], truth[start:], atol=1e-5)
    return predictions


@pytest.mark.parametrize("kind", KINDS)
def test_every_lesion_of_a_small_network_gives_what_a_fresh_pass_gives(kind: str) -> None:
    spec = KINDS[kind]
    network, images = undecided(spec), image_set(COUNT, spec.side)
    lesions = some_lesions(spec)
    assert len({done.deleted for done in lesions}) == 16
    predictions = assert_plain(network, images, lesions, evaluator_of(network, images))
    assert len(np.unique(predictions)) == spec.classes


@pytest.mark.parametrize(
    "spec", [DEEPER, DEEPER.with_(order="pre-activation"), DEEPER.with_(shortcut="none", block="layer")]
)
def test_lesions_at_random(spec: NetworkSpec) -> None:
    network, images = undecided(spec), image_set(COUNT)
    for seed in range(3):
        lesions = drawn_lesions(spec, 12, seed)
        assert_plain(network, images, lesions, evaluator_of(network, images, batch=(7, 64, 100)[seed]))


@pytest.mark.parametrize("budget", [0, 200_000])
def test_a_small_budget_makes_small_batches(budget: int) -> None:
    network, images = undecided(DEEPER), image_set(30)
    evaluator = evaluator_of(network, images, budget=budget)
    assert evaluator.batch == max(1, tuning.most_images(DEEPER, CPU, budget))
    assert evaluator.batch < 30
    assert_plain(network, images, drawn_lesions(DEEPER, 10), evaluator)


def test_activations_fit_into_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept at the forks, with what a block needs, of lesions that share little."""
    network, images = undecided(DEEPER), image_set(40)
    lesions = drawn_lesions(DEEPER, 60)
    budget = 2_000_000
    evaluator = evaluator_of(network, images, budget=budget)
    assert evaluator.batch > 10
    largest = 0
    walked = passes.walked

    def watched(*args: object) -> object:
        steps = walked(*args)  # type: ignore[arg-type]
        for _ in steps:
            nonlocal largest
            kept = steps.gi_frame.f_locals["kept"]  # type: ignore[attr-defined]
            largest = max(largest, sum(each.numel() * each.element_size() for each in kept))
            yield

    monkeypatch.setattr("explorer.engine.studies.evaluator.walked", watched)
    gathered(evaluator, lesions)
    assert 0 < largest <= budget


@pytest.mark.parametrize("start", [0, 16, 48, 80, 13, 89, 90])
def test_from_the_middle_it_gives_what_a_whole_run_gives(start: int) -> None:
    network, images = undecided(BASIC), image_set(COUNT)
    lesions = some_lesions(BASIC)
    evaluator = evaluator_of(network, images, batch=16)
    whole, probabilities = gathered(evaluator, lesions)
    again, others = gathered(evaluator, lesions, start)
    assert np.array_equal(again, whole[:, start:])
    np.testing.assert_allclose(others, probabilities[:, start:], atol=1e-6)
    if start % 16 == 0:
        assert np.array_equal(others, probabilities[:, start:]), "from the edge of a batch, to the last bit"


def test_runs_dropped_half_way_and_runs_taking_turns_spoil_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "_PIECE_S", 0.0)
    network, images = undecided(BASIC), image_set(COUNT)
    evaluator = evaluator_of(network, images, batch=32)
    one, other = some_lesions(BASIC), drawn_lesions(BASIC, 8)
    for steps in (0, 1, 5, 40, 200):
        run, beside = evaluator.evaluate(one), evaluator.evaluate(other)
        for _ in range(steps):
            next(run)
            next(beside, None)
        run.close()  # type: ignore[attr-defined]
    assert_plain(network, images, one, evaluator)


def test_between_two_pieces_nothing_is_changed_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "_PIECE_S", 0.0)
    network, images = undecided(BASIC), image_set(20)
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    lesions = some_lesions(BASIC)[:8]
    pauses = 0
    for fast in (False, True):
        for answer in evaluator_of(network, images, fast, threads=2).evaluate(lesions):
            pauses += answer is None
            assert torch.get_num_threads() == threads
            assert not torch.is_inference_mode_enabled()
            assert not network.training
    assert pauses > 2 * len(lesions), "there are many places to stop at"
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


class _Counting:
    """Passes that note what runs."""

    def __init__(self, inner: passes.Passes) -> None:
        self.inner, self.ran = inner, Counter[str]()

    def stem(self, x: Tensor) -> Tensor:
        self.ran["stem"] += 1
        return self.inner.stem(x)

    def run(self, where: passes.Where, action: Action, x: Tensor, owned: bool) -> Tensor:
        self.ran["block"] += 1
        return self.inner.run(where, action, x, owned)

    def head(self, where: passes.Where, x: Tensor) -> Tensor:
        self.ran["head"] += 1
        return self.inner.head(where, x)


def test_nothing_is_computed_twice() -> None:
    network, images = undecided(DEEPER), image_set(40)
    evaluator = evaluator_of(network, images, True, batch=40)
    counting = _Counting(evaluator._passes)
    evaluator._passes = counting  # type: ignore[assignment]
    lesions = drawn_lesions(DEEPER, 20)
    gathered(evaluator, [*lesions, *lesions])
    courses = [course(DEEPER, done) for done in lesions]
    beginnings = {one[:end] for one in courses for end in range(1, len(one) + 1)}
    assert counting.ran == {"stem": 1, "block": len(beginnings), "head": len(set(courses))}


def test_images_without_labels() -> None:
    network, images = undecided(BASIC), image_set(COUNT, labelled=False)
    predictions, probabilities = gathered(evaluator_of(network, images), [Lesion()])
    assert np.array_equal(predictions[0], plain(network, images, images.order(0), Lesion())[0])
    assert np.isnan(probabilities).all()


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_lesion_that_gives_no_numbers_has_no_predictions(value: float, fast: bool) -> None:
    network, images = undecided(BASIC), image_set(COUNT)
    with torch.no_grad():
        network.get_submodule("layer1.1.bn2").bias.fill_(value)
    lesions = [Lesion(), Lesion(frozenset({"layer1.1"}))]
    predictions, probabilities = gathered(evaluator_of(network, images, fast), lesions)
    assert (predictions[0] == -1).all()
    assert np.isnan(probabilities[0]).all()
    if not fast:
        assert np.array_equal(predictions[1], plain(network, images, images.order(0), lesions[1])[0])
    assert (predictions[1] >= 0).all()


def test_no_lesions_and_no_images() -> None:
    network, images = undecided(BASIC), image_set(COUNT)
    evaluator = evaluator_of(network, images)
    assert [answer for answer in evaluator.evaluate([]) if answer is not None] == []
    assert [answer for answer in evaluator.evaluate([Lesion()], evaluator.total) if answer is not None] == []


# -- what is not sure is run again the plain way -------------------------------------------------------------------


def tied(spec: NetworkSpec) -> Network:
    """A network whose two foremost classes differ by no more than rounding."""
    network = undecided(spec)
    with torch.no_grad():
        network.fc.weight[1] = network.fc.weight[0] * (1 + 1e-7)
        network.fc.bias[:2] = 20.0
    return network


def test_ties_fall_as_in_the_plain_loop() -> None:
    network, images = tied(BASIC), image_set(COUNT)
    predictions = assert_plain(network, images, some_lesions(BASIC), evaluator_of(network, images, batch=100))
    assert set(np.unique(predictions)) == {0, 1}


def test_without_the_guard_ties_fall_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the test before would prove nothing."""
    monkeypatch.setattr(guard, "unsure", lambda logits, least: torch.zeros(len(logits), dtype=torch.bool))
    network, images = tied(BASIC), image_set(COUNT)
    predictions, _ = gathered(evaluator_of(network, images), [Lesion()])
    assert not np.array_equal(predictions[0], plain(network, images, images.order(0), Lesion())[0])


def test_what_is_run_again_is_the_plain_loop_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "unsure", lambda logits, least: torch.ones(len(logits), dtype=torch.bool))
    network, images = undecided(BASIC), image_set(COUNT)
    assert images.labels is not None
    lesions = some_lesions(BASIC)
    for batch in (7, 64, 90):
        predictions, probabilities = gathered(evaluator_of(network, images, batch=batch), lesions)
        for number, done in enumerate(lesions):
            expected, logits = plain(network, images, images.order(0), done)
            assert np.array_equal(predictions[number], expected)
            labels = torch.from_numpy(images.labels[images.order(0)])[:, None]
            truth = torch.from_numpy(logits).softmax(1).gather(1, labels)[:, 0].numpy()
            assert np.array_equal(probabilities[number], truth)


def test_the_tolerance_is_far_above_what_rounding_does() -> None:
    """On every lesion and image, not just those from which it is measured."""
    network, images = undecided(DEEPER), image_set(COUNT)
    lesions = drawn_lesions(DEEPER, 20)
    order = images.order(0)
    evaluator = evaluator_of(network, images)
    for done in lesions:
        edges = walk([course(DEEPER, done)])
        ours: list[Tensor] = []
        with torch.inference_mode():
            x = passes_input(evaluator)
            list(passes.walked(evaluator._passes, edges, x, partial(_append, ours)))
        expected = torch.from_numpy(plain(network, images, order, done)[1])
        tolerance = guard.tolerance(expected[: guard.IMAGES], ours[0][: guard.IMAGES])
        assert (ours[0] - expected).abs().max() < max(tolerance, 2**-12 * expected.abs().max()) / 8


def _append(found: list[Tensor], edge: int, logits: Tensor) -> None:
    found.append(logits)


def passes_input(evaluator: Evaluator) -> Tensor:
    steps = evaluator._input(0, evaluator.total)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            x: Tensor = end.value
            return x


@pytest.mark.parametrize("kind", ["option A", "option B", "pre-activation B", "plain", "VGG-like"])
def test_what_overflows_on_some_images_only_has_no_prediction_there(kind: str) -> None:
    spec = KINDS[kind]
    network, images = undecided(spec), image_set(COUNT, spec.side)
    conv = network.get_submodule("layer1.1.conv1")
    assert isinstance(conv, torch.nn.Conv2d)
    largest: list[Tensor] = []
    conv.register_forward_hook(lambda _, args, y: largest.append(y.abs().amax((1, 2, 3))))
    plain(network, images, images.order(0), Lesion())
    with torch.no_grad():
        conv.weight.mul_(float(torch.finfo(torch.float32).max) / torch.cat(largest).median())
    lesions = some_lesions(spec)
    predictions, _ = gathered(evaluator_of(network, images), lesions)
    none = 0
    for number, done in enumerate(lesions):
        expected, logits = plain(network, images, images.order(0), done)
        expected = np.where(np.isfinite(logits).all(1), expected, -1)
        assert np.array_equal(predictions[number], expected)
        none += int(0 < (expected == -1).sum() < COUNT)
    assert none
