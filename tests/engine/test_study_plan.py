"""Which lesions a study does."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

from explorer.engine.records import UNTRAINED, DataRef
from explorer.engine.studies.plan import candidates, largest, lesion_macs, order_tau, plan
from explorer.engine.study_records import StudyRequest
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import INTACT, Lesion, by_id, exchangeable
from explorer.networks.operations import operations_by_part
from explorer.networks.spec import NetworkSpec

SPEC = ResNetSpec("cifar", (4, 3, 3), "basic", "B", width=4)


def request(kind: Any, **values: Any) -> StudyRequest:
    return StudyRequest(kind, SPEC, UNTRAINED, DataRef("fashion-mnist"), **values)


def tau(order: tuple[str, ...], spec: NetworkSpec) -> float:
    """Concordant minus discordant pairs over all pairs (Kendall 1938)."""
    places = [spec.block_ids.index(block) for block in order]
    signs = [1 if one < other else -1 for one, other in combinations(places, 2)]
    return sum(signs) / len(signs)


def test_random_deletes_the_first_blocks_of_one_shuffle_a_seed() -> None:
    points = list(plan(request("random", seeds=4), SPEC))
    assert len(points) == 4 * 11
    for seed in range(4):
        own = [point for point in points if point.seed == seed]
        assert [point.size for point in own] == list(range(11))
        for before, after in pairwise(own):
            assert before.lesion.deleted < after.lesion.deleted
            assert len(after.lesion.deleted) == after.size
        assert own[-1].lesion.deleted == set(SPEC.block_ids)
    assert len({point.lesion for point in points if point.size == 5}) > 1
    assert points == list(plan(request("random", seeds=4), SPEC))
    assert points[:22] == list(plan(request("random", seeds=2), SPEC))


def test_random_draws_are_numpys_with_that_seed() -> None:
    for seed in range(3):
        shuffled = np.random.default_rng(seed).permutation(10)
        point = next(point for point in plan(request("random"), SPEC) if (point.seed, point.size) == (seed, 3))
        assert point.lesion.deleted == {SPEC.block_ids[index] for index in shuffled[:3]}


def test_downsampling_blocks_in_or_out() -> None:
    kept = {block.id for block in SPEC.all_blocks if block.downsampling}
    assert kept
    for point in plan(request("random", downsampling=False), SPEC):
        assert not point.lesion.deleted & kept
    assert largest(request("random", downsampling=False), SPEC) == 10 - len(kept)
    assert set(candidates(request("single", downsampling=False), SPEC)) == set(SPEC.block_ids)


def test_reorder_swaps_one_pair_more_each_time() -> None:
    points = list(plan(request("reorder", seeds=5), SPEC))
    assert len(points) == 5 * 11
    blocks = by_id(SPEC)
    pairs = set()
    for seed in range(5):
        own = [point for point in points if point.seed == seed]
        assert own[0].lesion == INTACT
        for before, after in pairwise(own):
            one, other = (point.lesion.order or SPEC.block_ids for point in (before, after))
            moved = [place for place in range(10) if one[place] != other[place]]
            assert len(moved) == 2
            assert one[moved[0]] == other[moved[1]]
            assert blocks[one[moved[0]]].form == blocks[one[moved[1]]].form
            pairs.add(frozenset(one[place] for place in moved))
    assert points == list(plan(request("reorder", seeds=5), SPEC))
    assert len(pairs) > 5


def test_every_pair_is_drawn_alike() -> None:
    """Pairs, not shapes: layer1 has six of the eight pairs."""
    counts: dict[frozenset[str], int] = {}
    for point in plan(request("reorder", seeds=800, most=1), SPEC):
        order = point.lesion.order
        pair = frozenset(block for block, own in zip(order, SPEC.block_ids, strict=False) if block != own)
        counts[pair] = counts.get(pair, 0) + 1
    del counts[frozenset()]
    assert len(counts) == sum(len(group) * (len(group) - 1) // 2 for group in exchangeable(SPEC)) == 8
    assert all(60 < count < 145 for count in counts.values())  # 100 expected, standard deviation 9.4


def test_kendalls_tau_is_that_of_all_pairs() -> None:
    for point in plan(request("reorder", seeds=3), SPEC):
        order = point.lesion.order or SPEC.block_ids
        assert point.kendall_tau == pytest.approx(tau(order, SPEC), abs=1e-12)
    assert order_tau(SPEC, SPEC.block_ids) == pytest.approx(1.0)
    assert order_tau(SPEC, SPEC.block_ids[::-1]) == pytest.approx(-1.0)


@pytest.mark.parametrize(
    "spec",
    [SPEC, SPEC.with_(shortcut="C"), PRESETS["preresnet110"], PRESETS["plain20"], PRESETS["vgg_narrow"],
     PRESETS["resnet50"]],
)  # fmt: skip
def test_what_a_lesion_leaves_of_the_work(spec: NetworkSpec) -> None:
    """Operation by operation: those of a deleted branch and of a cut shortcut fall away."""
    ids = spec.block_ids
    lesions = [INTACT, Lesion(frozenset(ids)), Lesion(frozenset(ids[1:3]))]
    if not spec.plain:
        lesions += [Lesion(cut=frozenset(ids)), Lesion(frozenset(ids[:1]), frozenset(ids[1:]))]
    for lesion in lesions:
        left = 0
        for part, operations in operations_by_part(spec):
            for operation in operations:
                gone = part in (lesion.cut if operation.on_shortcut else lesion.deleted)
                left += 0 if gone else operation.macs
        assert lesion_macs(spec, lesion) == left
    assert lesion_macs(spec, INTACT) == network_cost(spec).macs
