"""Paths from input to output: how many there are, how long they are, and what is left of them (Veit et al. 2016).

Where a block adds its shortcut to its residual branch, every path that reaches it goes on by one of the two, so that n
such blocks make 2^n paths (ibid., section 3). The network is no sum of what each path gives alone, as its branches are
not linear; its gradient is one, by the chain rule. A path's length is the number of residual branches on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from math import isfinite, ldexp

from explorer.networks.families.pruned import PrunedSpec, RemainingBlock
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.operations import SHORTCUT_ONLY
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

PAPER_BLOCKS, PAPER_LENGTHS, PAPER_SHARE = 54, (5, 17), 0.0045
"""Veit et al. 2016, section 5: in a network of 54 blocks almost all of the gradient came over paths of 5 to 17 of
them, 0.45 % of all paths."""
HELD = 0.95
"""Share of the total that the effective lengths hold."""
_FINE = 160
"""Binary digits behind the point of a share that is added up exactly."""


@lru_cache(maxsize=32)
def forks(spec: NetworkSpec) -> tuple[str, ...]:
    """Ids of the blocks at which the paths part, from input to output: those that add their shortcut to their residual
    branch. The shortcut may be a projection, or option A's subsampling; the sum may be a gated one."""
    found, shape = [], spec.stem_operations()[-1].output
    for block in spec.all_blocks:
        wiring = block.operations(shape)
        shape = wiring.all[-1].output
        join = wiring.join
        if join is not None and (join.kind == "add" or (join.kind == "gate" and join.number != SHORTCUT_ONLY)):
            found.append(block.id)
    return tuple(found)


@lru_cache(maxsize=32)
def _joins(spec: NetworkSpec) -> frozenset[str]:
    """The kinds of what joins shortcuts and branches."""
    found, shape = set(), spec.stem_operations()[-1].output
    for block in spec.all_blocks:
        wiring = block.operations(shape)
        shape = wiring.all[-1].output
        if wiring.join is not None:
            found.add(wiring.join.kind)
    return frozenset(found)


def why_none(spec: NetworkSpec) -> Sentence | None:
    """Why there is nothing to unravel; None where there is."""
    if forks(spec):
        return None
    if "concat" in _joins(spec):
        return Sentence(
            "{network} puts the output of each layer behind those before it: it adds no shortcut to a branch, so there "
            "is nothing to unravel. Choose a network with residual blocks, such as ResNet-20.",
            network=spec.name,
        )  # fmt: skip
    if (spec.base if isinstance(spec, PrunedSpec) else spec).plain:
        return Sentence(
            "{network} has no shortcuts, so there is one path only: every signal and every gradient goes through each "
            "of its {count} weighted layers. Choose a network with shortcuts, such as ResNet-20.",
            network=spec.name, count=spec.depth,
        )  # fmt: skip
    bare = len(_bare(spec))
    words = (
        "No block of {network} has both its branch and its shortcut any more, so there is one path only. Choose a "
        "network with shortcuts, such as ResNet-20."
    )
    if not bare:
        words = (
            "No block of {network} has a shortcut any more, so there is one path only, through all branches. Choose a "
            "network with shortcuts, such as ResNet-20."
        )
    elif bare == len(spec.all_blocks):
        words = (
            "Of the blocks of {network} only shortcuts are left, so there is one path only, through no branch. Choose "
            "a network with shortcuts and branches, such as ResNet-20."
        )
    return Sentence(words, network=spec.name)


def _bare(spec: NetworkSpec) -> tuple[str, ...]:
    """Ids of blocks of which only the shortcut is left."""
    return tuple(one.id for one in spec.all_blocks if isinstance(one, RemainingBlock) and one.remains == "shortcut")


def remarks(spec: NetworkSpec) -> tuple[Sentence, ...]:
    """What is to be known of how this network's paths are counted."""
    found = []
    bare = len(_bare(spec))
    others = len(spec.all_blocks) - len(forks(spec)) - bare
    if others:
        words = "{others} blocks have no shortcut and lie on every path; they are not counted in a path's length."
        one = "One block has no shortcut and lies on every path; it is not counted in a path's length."
        found.append(Sentence(one if others == 1 else words, others=others))
    if bare:
        words = "Of {bare} blocks only the shortcuts are left, which lie on every path."
        one = "Of one block only its shortcut is left, which lies on every path."
        found.append(Sentence(one if bare == 1 else words, bare=bare))
    if "gate" in _joins(spec):
        found.append(
            Sentence(
                "Both ways of a gated block count; its gates are held as they are for the picture, so that what passes "
                "through the gate itself is left out."
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class PathCounts:
    """The paths of a network by their length, and what a lesion leaves of them.

    Attributes:
        forks: ids of the blocks at which paths part, from input to output.
        deleted: how many of them are deleted: no path goes through their branches any more.
        cut: how many have lost their shortcut: every path goes through their branches.
    """

    forks: tuple[str, ...]
    deleted: int = 0
    cut: int = 0

    @classmethod
    def of(cls, spec: NetworkSpec, lesion: Lesion = INTACT) -> PathCounts:
        """Those of a network; what is done to blocks without a shortcut takes no path away."""
        found = forks(spec)
        return cls(found, len(lesion.deleted.intersection(found)), len(lesion.cut.intersection(found)))

    @property
    def blocks(self) -> int:
        return len(self.forks)

    @property
    def total(self) -> int:
        """2^n."""
        return int(2**self.blocks)

    @property
    def total_left(self) -> int:
        """2^(n - d - c)."""
        return int(2 ** (self.blocks - self.deleted - self.cut))

    @property
    def lengths(self) -> range:
        return range(self.blocks + 1)

    def of_length(self, length: int) -> int:
        """C(n, x)."""
        return _chosen(self.blocks, length)

    def left_of_length(self, length: int) -> int:
        """C(n - d - c, x - c): the rest of the branches is chosen from the blocks that still have both ways."""
        return _chosen(self.blocks - self.deleted - self.cut, length - self.cut)

    def share_left(self, length: int) -> Fraction:
        """Of the paths of a length, the share that is left; C(n - d, x) / C(n, x) where blocks are deleted alone."""
        return Fraction(self.left_of_length(length), self.of_length(length))

    def share_between(self, low: int, high: int) -> Fraction:
        """The share of all paths whose length is from `low` to `high`."""
        found = sum(self.of_length(length) for length in range(max(low, 0), min(high, self.blocks) + 1))
        return Fraction(found, self.total)


@lru_cache(maxsize=16)
def _row(blocks: int) -> tuple[int, ...]:
    """C(n, 0) to C(n, n), each from the one before."""
    return tuple(accumulate(range(1, blocks + 1), lambda one, place: one * (blocks + 1 - place) // place, initial=1))


def _chosen(blocks: int, length: int) -> int:
    """C(n, x); 0 where there is no such choice."""
    return _row(blocks)[length] if 0 <= length <= blocks else 0


@lru_cache(maxsize=16)
def usual_lengths(blocks: int) -> tuple[int, int]:
    """The shortest interval of lengths that most of the paths of so many blocks have."""
    found = shortest_interval([one / 2**blocks for one in _row(blocks)])
    assert found is not None
    return found


def digits(count: int) -> str:
    """A whole number in full, in groups of three digits: `18,014,398,509,481,984`."""
    return f"{count:,}"


def shortest_interval(values: Sequence[float], held: float = HELD) -> tuple[int, int] | None:
    """The shortest run of numbers that holds at least a share of their sum: first and last place.

    Of several equally short ones the one that holds most; None where the sum is zero or no number.

    Args:
        values: none of them negative.
        held: the share, above 0.
    """
    largest = max(values, default=0.0) if all(map(isfinite, values)) else 0.0
    if not largest > 0:
        return None
    # Whole numbers, so that sums are exact and equal runs stay equal.
    ends = [0, *accumulate(int(ldexp(value / largest, _FINE)) for value in values)]
    needed = held * ends[-1] * (1 - 1e-12)
    best, first = (len(values), 0, 0), 0
    for end in range(1, len(ends)):
        while ends[end] - ends[first + 1] >= needed and first + 1 < end:
            first += 1
        if ends[end] - ends[first] >= needed:
            best = min(best, (end - first, ends[first] - ends[end], first))
    return best[2], best[2] + best[0] - 1
