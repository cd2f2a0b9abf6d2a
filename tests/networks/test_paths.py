"""Paths are counted as the papers count them, and as listing them one by one does."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest

from explorer.networks import catalog
from explorer.networks.catalog import PRESETS
from explorer.networks.families.efficientnet import EfficientNetSpec
from explorer.networks.families.pruned import PrunedSpec
from explorer.networks.lesion import Lesion
from explorer.networks.paths import (
    PAPER_BLOCKS,
    PAPER_LENGTHS,
    PAPER_SHARE,
    PathCounts,
    digits,
    forks,
    remarks,
    shortest_interval,
    usual_lengths,
    why_none,
)
from tests.engine.networks import SPECS, TINY

DEEP = PRESETS["preresnet110"]
"""The paper's network: 110 layers, 54 blocks, full pre-activation."""


def ids(count: int) -> frozenset[str]:
    return frozenset(DEEP.block_ids[:count])


def listed(spec_blocks: tuple[str, ...], lesion: Lesion) -> dict[int, int]:
    """How many paths of each length there are: all of them, written down."""
    lengths: dict[int, int] = {}
    for way in product((False, True), repeat=len(spec_blocks)):
        taken = {block for block, through in zip(spec_blocks, way, strict=True) if through}
        if not taken & lesion.deleted and lesion.cut <= taken:
            lengths[len(taken)] = lengths.get(len(taken), 0) + 1
    return lengths


def test_the_papers_network_has_two_to_the_54_paths() -> None:
    counts = PathCounts.of(DEEP)
    assert counts.blocks == PAPER_BLOCKS == 54
    assert counts.total == 2**54
    assert digits(counts.total) == "18,014,398,509,481,984"
    assert sum(map(counts.of_length, counts.lengths)) == counts.total


def test_lengths_follow_the_binomial() -> None:
    counts = PathCounts.of(PRESETS["resnet20"])
    assert [counts.of_length(length) for length in counts.lengths] == [1, 9, 36, 84, 126, 126, 84, 36, 9, 1]


def test_the_papers_shares_of_lengths() -> None:
    """Veit et al. 2016, arXiv:1605.06431, section 5: more than 95 % of the paths go through 19 to 35 blocks; those of 5
    to 17, which carry nearly all of the gradient, are 0.45 % of them."""
    counts = PathCounts.of(DEEP)
    assert float(counts.share_between(19, 35)) == pytest.approx(0.9801656732719317, rel=1e-12)
    assert float(counts.share_between(20, 34)) == pytest.approx(0.9597764359042833, rel=1e-12)
    assert float(counts.share_between(*PAPER_LENGTHS)) == pytest.approx(0.004536670150778743, rel=1e-12)
    assert round(float(counts.share_between(*PAPER_LENGTHS)), 4) == PAPER_SHARE


REMAINING = {
    1: {1: 0.9814814814814815, 5: 0.9074074074074074, 10: 0.8148148148148148, 11: 0.7962962962962963,
        17: 0.6851851851851852, 20: 0.6296296296296297, 27: 0.5, 35: 0.35185185185185186},
    10: {1: 0.8148148148148148, 5: 0.3434006532785667, 10: 0.10368503271814528, 11: 0.08012025255493044,
         17: 0.014555777486676549, 20: 0.005479491524907195, 27: 0.0003525296108005627, 35: 3.860227622292796e-06},
    20: {1: 0.6296296296296297, 5: 0.08798580874052572, 10: 0.005479491524907195, 11: 0.0029888135590402883,
         17: 4.9489713585051244e-05, 20: 4.33114610525545e-06, 27: 2.763114213586379e-09, 35: 0.0},
}  # fmt: skip
"""Blocks deleted of the 54 -> length of a path -> share of such paths that is left (ibid., section 6)."""


@pytest.mark.parametrize("deleted", REMAINING)
def test_what_is_left_after_deleting(deleted: int) -> None:
    counts = PathCounts.of(DEEP, Lesion(ids(deleted)))
    assert counts.total_left == 2 ** (54 - deleted)
    for length, share in REMAINING[deleted].items():
        assert float(counts.share_left(length)) == pytest.approx(share, rel=1e-12)
        assert counts.share_left(length) == Fraction(comb(54 - deleted, length), comb(54, length))
    assert sum(map(counts.left_of_length, counts.lengths)) == counts.total_left


@pytest.mark.parametrize(("deleted", "cut"), [((), ()), ((1, 4), ()), ((), (0, 5)), ((2,), (3, 6)), (range(7), ())])
def test_counts_equal_a_list_of_all_paths(deleted: tuple[int, ...], cut: tuple[int, ...]) -> None:
    """A block whose shortcut is cut lies on every path that is left."""
    blocks = forks(TINY)
    lesion = Lesion(frozenset(blocks[one] for one in deleted), frozenset(blocks[one] for one in cut))
    counts = PathCounts.of(TINY, lesion)
    expected = listed(blocks, lesion)
    assert {length: counts.left_of_length(length) for length in counts.lengths if counts.left_of_length(length)} == (
        expected
    )
    assert counts.total_left == sum(expected.values())


def test_what_is_no_length_has_no_paths() -> None:
    counts = PathCounts.of(TINY)
    assert (counts.of_length(-1), counts.of_length(8), counts.left_of_length(8)) == (0, 0, 0)


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if not spec.plain])
def test_paths_part_at_every_residual_block(name: str) -> None:
    """At downsampling ones, too: projection and option A are ways around the branch."""
    assert forks(SPECS[name]) == SPECS[name].block_ids
    assert why_none(SPECS[name]) is None
    assert remarks(SPECS[name]) == ()


@pytest.mark.parametrize("name", ["plain20", "vgg16", "plain_mlp20_64"])
def test_without_shortcuts_there_is_one_path(name: str) -> None:
    spec = catalog.find(name)
    assert forks(spec) == ()
    assert PathCounts.of(spec).total == 1
    why = why_none(spec)
    assert why is not None
    assert "one path only" in why
    assert f"each of its {spec.depth} weighted layers" in why


PRUNED = {
    "only shortcuts": (PrunedSpec(PRESETS["resnet18"], PRESETS["resnet18"].block_ids), "only shortcuts are left"),
    "only branches": (PrunedSpec(PRESETS["resnet18"], cut=PRESETS["resnet18"].block_ids), "through all branches"),
    "either": (PrunedSpec(PRESETS["resnet18"], PRESETS["resnet18"].block_ids[1:], ("layer1.0",)), "has both"),
    "plain": (PrunedSpec(PRESETS["plain20"], ("layer1.1",)), "each of its 19 weighted layers"),
}


@pytest.mark.parametrize("name", PRUNED)
def test_what_is_left_of_pruned_blocks_is_told_apart(name: str) -> None:
    spec, words = PRUNED[name]
    why = why_none(spec)
    assert why is not None
    assert "one path only" in why
    assert words in why
    assert ("layers" in why) is (name == "plain")


def test_a_block_without_its_branch_is_none_without_its_shortcut() -> None:
    """ResNet-18, whose projections stay when their branches go."""
    only = "Of one block only its shortcut is left, which lies on every path."
    none = "One block has no shortcut and lies on every path; it is not counted in a path's length."
    spec = PRESETS["resnet18"]
    assert remarks(PrunedSpec(spec, ("layer2.0", "layer2.1"))) == (only,)
    assert remarks(PrunedSpec(spec, cut=("layer2.0",))) == (none,)
    assert remarks(PrunedSpec(spec, ("layer2.0",), ("layer1.0",))) == (none, only)
    assert remarks(PrunedSpec(spec, ("layer2.0", "layer3.0"))) == (
        "Of 2 blocks only the shortcuts are left, which lie on every path.",
    )


def test_a_concatenation_is_no_sum() -> None:
    why = why_none(catalog.find("densenet40_12"))
    assert why is not None
    assert "adds no shortcut to a branch" in why


def test_blocks_without_a_shortcut_lie_on_every_path() -> None:
    """EfficientNet-B0: 9 of its 16 blocks have an identity shortcut."""
    spec = EfficientNetSpec(0)
    counted = [block.id for block in spec.all_blocks if block.shortcut == "identity"]
    assert list(forks(spec)) == counted
    assert PathCounts.of(spec).total == 2**9
    (remark,) = remarks(spec)
    assert remark.startswith("7 blocks have no shortcut")


def test_gated_blocks_count_and_say_so() -> None:
    spec = TINY.with_(variant="exclusive-gate")
    assert forks(spec) == spec.block_ids
    (remark,) = remarks(spec)
    assert "gates are held" in remark


def test_the_shortest_interval_is_the_shortest() -> None:
    generator = np.random.default_rng(0)
    for _ in range(30):
        values = generator.exponential(size=12) ** 3
        low, high = shortest_interval(values.tolist()) or (-1, -1)
        holding = [
            (b - a, -values[a : b + 1].sum(), a)
            for a in range(12)
            for b in range(a, 12)
            if values[a : b + 1].sum() >= 0.95 * values.sum()
        ]
        length, held, first = min(holding)
        assert (low, high) == (first, first + length)
        assert values[low : high + 1].sum() == pytest.approx(-held)


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [1.0, float("nan")], [1.0, float("inf")]])
def test_of_nothing_there_is_no_interval(values: list[float]) -> None:
    assert shortest_interval(values) is None


def test_one_value_holds_all() -> None:
    assert shortest_interval([0.0, 3.0, 0.0]) == (1, 1)


def test_of_equal_intervals_the_first() -> None:
    assert shortest_interval([1.0] * 5, 0.4) == (0, 1)
    assert shortest_interval([5e-324, 5e-324]) == (0, 1)
    assert shortest_interval([1.7e308, 1.7e308, 0.0]) == (0, 1)


@pytest.mark.parametrize("blocks", [1, 9, 54, 600])
def test_usual_lengths_lie_about_the_middle(blocks: int) -> None:
    """Of a binomial distribution; where no interval is symmetric, one more below than above."""
    low, high = usual_lengths(blocks)
    assert blocks - high - low in (0, 1)
    held = [sum(comb(blocks, length) for length in range(low + cut, high + 1)) / 2**blocks for cut in (0, 1)]
    assert held[0] >= 0.95 > held[1]
