"""The meter against a fresh evaluation: the same counts and predictions, whatever was measured before."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.engine import deletion
from explorer.engine.datasets import ArrayImageSet
from explorer.engine.deletion import Meter, Tally, positions_to_keep
from explorer.engine.held_out import network_accuracy
from explorer.engine.images import normalise
from explorer.engine.modules import Network
from explorer.engine.records import Counts, Preprocessing
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import GREY, TINY, image_set, network_of

COUNT = 90
BOTTLENECK = TINY.with_(block="bottleneck", shortcut="B", blocks=(1, 2, 2))
BUDGETS = {"full": 1 << 30, "thinned": 150_000, "zero": 0}


@pytest.fixture(autouse=True)
def several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny network would take all the images at once."""
    monkeypatch.setattr(deletion, "_MACS_A_STEP", 20 * network_cost(TINY).macs)


def make_meter(network: Network, images: ArrayImageSet, budget: int = 1 << 30) -> Meter:
    return Meter(network, images, GREY, images.order(0), torch.device("cpu"), budget)


def undecided(spec: NetworkSpec) -> Network:
    """A network for which noise is of any class: deletions then change what it says of many images."""
    network = network_of(spec)
    with torch.inference_mode():
        x = normalise(image_set(COUNT).pixels(np.arange(COUNT), GREY), GREY)
        logits = network(x)
        network.fc.weight.div_(logits.std(0)[:, None])
        network.fc.bias.sub_(logits.mean(0)).div_(logits.std(0))
    return network


def plain(network: Network, images: ArrayImageSet, deleted: frozenset[str]) -> np.ndarray:
    """Top-1 of each image, by one plain pass."""
    with torch.inference_mode():
        x = normalise(images.pixels(np.arange(len(images)), GREY), GREY)
        return np.asarray(network(x, Lesion(frozenset(deleted))).argmax(1))


def tally(images: ArrayImageSet, found: np.ndarray, intact: np.ndarray) -> Tally:
    """By looking at each image."""
    labels = images.labels
    agreeing = sum(int(one == other) for one, other in zip(found, intact, strict=True))
    if labels is None:
        return Tally(Counts(len(found), None, agreeing), Counts(len(found), None, len(found)), (0, 0))
    rows = list(zip(found == labels, intact == labels, strict=True))
    right, was = sum(int(now) for now, _ in rows), sum(int(before) for _, before in rows)
    lost, won = rows.count((False, True)), rows.count((True, False))
    return Tally(Counts(len(found), right, agreeing), Counts(len(found), was, len(found)), (lost, won))


def random_sets(ids: tuple[str, ...], count: int, seed: int) -> list[frozenset[str]]:
    """As a person clicks: mostly one block more or less, at times all back, at times something quite different."""
    draw = random.Random(seed)
    sets: list[frozenset[str]] = [frozenset()]
    while len(sets) < count:
        kind = draw.random()
        if kind < 0.7:
            sets.append(sets[-1] ^ {draw.choice(ids)})
        elif kind < 0.8:
            sets.append(frozenset())
        else:
            sets.append(frozenset(draw.sample(ids, draw.randint(1, len(ids)))))
    return sets


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("spec", [TINY, BOTTLENECK], ids=["basic A", "bottleneck B"])
@pytest.mark.parametrize("labelled", [True, False], ids=["labelled", "unlabelled"])
def test_reuse_gives_what_a_fresh_evaluation_gives(budget: str, spec: NetworkSpec, labelled: bool) -> None:
    network = undecided(spec)
    images = image_set(COUNT, labelled=labelled)
    kept = make_meter(network, images, BUDGETS[budget])
    intact = plain(network, images, frozenset())
    changed = 0
    for deleted in random_sets(network.spec.block_ids, 25, seed=len(budget)):
        found = list(kept.measure(Lesion(deleted)))
        fresh = list(make_meter(network, images).measure(Lesion(deleted)))
        expected = plain(network, images, deleted)
        changed += int((expected != intact).any())
        assert found[-1] == fresh[-1] == tally(images, expected, intact)
        if len(found) > 1:
            assert found == fresh, "the estimates on the way are the same, too"
        for batch in kept._batches:
            if batch.lesion == Lesion(deleted) and batch.predictions is not None:
                assert np.array_equal(batch.predictions, expected[batch.indices])
    assert changed > 10, "deletions that change no prediction would prove nothing"


def test_the_budgets_of_these_tests_are_what_they_say() -> None:
    blocks = len(TINY.block_ids)
    assert len(positions_to_keep(TINY, COUNT, BUDGETS["full"])) == blocks
    assert 0 < len(positions_to_keep(TINY, COUNT, BUDGETS["thinned"])) < blocks
    assert not positions_to_keep(TINY, COUNT, BUDGETS["zero"])
    assert len(make_meter(network_of(TINY), image_set(COUNT))._batches) > 3


@pytest.mark.parametrize("budget", BUDGETS)
def test_runs_dropped_half_way_spoil_nothing(budget: str) -> None:
    network, images = undecided(TINY), image_set(COUNT)
    meter = make_meter(network, images, BUDGETS[budget])
    intact = plain(network, images, frozenset())
    draw = random.Random(3)
    for deleted in random_sets(TINY.block_ids, 30, seed=5):
        run = meter.measure(Lesion(deleted))
        for _ in range(draw.randint(0, 3)):
            next(run, None)
        run.close()
        if draw.random() < 0.4:
            assert list(meter.measure(Lesion(deleted)))[-1] == tally(images, plain(network, images, deleted), intact)


def test_two_runs_taking_turns_spoil_nothing() -> None:
    network, images = undecided(TINY), image_set(COUNT)
    meter = make_meter(network, images)
    intact = plain(network, images, frozenset())
    choices = [frozenset({"layer1.1"}), frozenset({"layer3.1", "layer2.0"})]
    last: dict[frozenset[str], Tally] = {}
    runs = [(deleted, meter.measure(Lesion(deleted))) for deleted in choices]
    for _ in range(len(meter._batches)):
        for deleted, run in runs:
            last[deleted] = next(run)
    for deleted in choices:
        assert last[deleted] == tally(images, plain(network, images, deleted), intact)


class _Failing(ArrayImageSet):
    """Images that can't be read at times."""

    broken = False

    def pixels(self, indices: np.ndarray, preprocessing: Preprocessing) -> Tensor:
        if self.broken:
            raise RuntimeError("out of memory")
        return super().pixels(indices, preprocessing)


@pytest.mark.parametrize("budget", BUDGETS)
def test_a_run_that_fails_half_way_spoils_nothing(budget: str) -> None:
    network, whole = undecided(TINY), image_set(COUNT)
    images = _Failing(whole.name, whole.array, whole.labels, whole.classes)
    meter = make_meter(network, images, BUDGETS[budget])
    intact = plain(network, images, frozenset())
    deleted = frozenset({"layer1.1"})
    run = meter.measure(Lesion(deleted))
    next(run)
    images.broken = True
    with pytest.raises(RuntimeError):
        list(run)
    images.broken = False
    assert list(meter.measure(Lesion(deleted)))[-1] == tally(images, plain(network, images, deleted), intact)


def test_nothing_before_the_first_changed_block_is_computed_again() -> None:
    network, images = undecided(TINY), image_set(COUNT)
    meter = make_meter(network, images)
    list(meter.measure(Lesion(frozenset())))
    ran: list[str] = []
    for block_id in TINY.block_ids:
        conv = network.get_submodule(f"{block_id}.conv1")
        conv.register_forward_hook(lambda _, args, y, block_id=block_id: ran.append(block_id))
    network.conv1.register_forward_hook(lambda _, args, y: ran.append("stem"))
    list(meter.measure(Lesion(frozenset({"layer2.1"}))))
    assert set(ran) == {"layer2.2", "layer3.0", "layer3.1"}
    ran.clear()
    list(meter.measure(Lesion(frozenset({"layer2.1", "layer3.1"}))))
    assert not ran, "the only block behind the change is deleted"
    ran.clear()
    list(meter.measure(Lesion(frozenset({"layer2.1"}))))
    list(meter.measure(Lesion(frozenset())))
    assert not ran, "what was measured before is remembered"


def test_estimates_come_early_and_cover_the_front_of_the_order() -> None:
    images = image_set(COUNT)
    steps = list(make_meter(network_of(TINY), images).measure(Lesion(frozenset({"layer1.0"}))))
    seen = [step.counts.images for step in steps]
    assert seen == sorted(set(seen))
    assert seen[0] <= COUNT // 8
    assert seen[-1] == COUNT


def test_fewer_images_than_a_batch() -> None:
    for count in (5, 6, 7):
        images = image_set(count)
        network = network_of(TINY)
        last = list(make_meter(network, images).measure(Lesion(frozenset({"layer3.0"}))))[-1]
        expected = plain(network, images, frozenset({"layer3.0"}))
        assert last == tally(images, expected, plain(network, images, frozenset()))


def test_what_is_kept_fits_into_the_budget() -> None:
    for name, images in (("resnet20", 2000), ("resnet110", 2000), ("resnet152", 10), ("resnet1202", 500)):
        spec = PRESETS[name]
        cost = network_cost(spec)
        outputs = [cost.stem.output, *(block.output for block in cost.blocks)]
        for budget in (0, 1 << 20, 1 << 25, 1 << 29, 1 << 32):
            kept = positions_to_keep(spec, images, budget)
            assert sum(4 * images * int(np.prod(outputs[position])) for position in kept) <= budget
            assert kept <= set(range(len(spec.block_ids)))
            assert not kept or 0 in kept


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("labelled", [True, False])
def test_a_network_that_gives_no_numbers_is_never_right_and_never_agrees(value: float, labelled: bool) -> None:
    network, images = network_of(TINY), image_set(COUNT, labelled=labelled)
    with torch.no_grad():
        network.fc.bias[2] = value
    *_, last = make_meter(network, images).measure(Lesion(frozenset({"layer1.1"})))
    none = Counts(COUNT, 0 if labelled else None, 0)
    assert last == Tally(none, none, (0, 0))
    assert network_accuracy(network, image_set(COUNT), GREY) == 0


def test_where_a_deletion_brings_the_numbers_back_each_image_counts_by_itself() -> None:
    """The intact network answers nothing; without the block it answers as a plain pass does."""
    network, images = network_of(TINY), image_set(COUNT)
    with torch.no_grad():
        network.get_submodule("layer2.1.bn2").bias.fill_(float("nan"))
    *_, last = make_meter(network, images).measure(Lesion(frozenset({"layer2.1"})))
    right = int((plain(network, images, frozenset({"layer2.1"})) == images.labels).sum())
    assert right > 0
    assert last == Tally(Counts(COUNT, right, 0), Counts(COUNT, 0, 0), (0, right))
