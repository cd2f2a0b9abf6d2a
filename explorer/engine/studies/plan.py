"""Which lesions a study does, in which order, and what each leaves of the network's work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

import numpy as np

from explorer.engine.study_records import StudyRequest
from explorer.errors import UserError
from explorer.networks.cost import network_cost
from explorer.networks.lesion import INTACT, Lesion, by_id, exchangeable
from explorer.networks.spec import NetworkSpec


@dataclass(frozen=True)
class Planned:
    """A point of a study, before it is measured; the attributes are those of `StudyPoint`."""

    lesion: Lesion
    size: int
    seed: int | None = None
    kendall_tau: float | None = None


def candidates(request: StudyRequest, spec: NetworkSpec) -> tuple[str, ...]:
    """The blocks that a study may delete, cut or swap, from input to output.

    `single` and `cut` take every block that can be deleted or cut, whatever `downsampling` says: there each has a bar
    of its own.

    Raises:
        UserError: there are none.
    """
    if request.kind == "cut":
        if spec.plain:
            raise UserError("{network} has no shortcuts to cut.", network=spec.name)
        return _allowed(spec, {block.id: block.uncut for block in spec.all_blocks})
    if request.kind == "reorder":
        movable = {block for group in exchangeable(spec) for block in group}
        if not movable:
            raise UserError("No two blocks of {network} are of equal shape, so none can be swapped.", network=spec.name)
        return tuple(block for block in spec.block_ids if block in movable)
    possible = _allowed(spec, {block.id: block.kept for block in spec.all_blocks})
    if request.kind == "single" or request.downsampling:
        return possible
    ids = tuple(block for block in possible if not by_id(spec)[block].downsampling)
    if not ids:
        raise UserError(
            "Every block of {network} changes the shape, so there is nothing to delete: let such blocks go, too.",
            network=spec.name,
        )
    return ids


def _allowed(spec: NetworkSpec, reasons: Mapping[str, str]) -> tuple[str, ...]:
    """The blocks without a reason against it; where each has one, the first one's is what a person reads."""
    ids = tuple(block for block in spec.block_ids if not reasons[block])
    if not ids:
        first = spec.block_ids[0]
        raise UserError(reasons[first], id=first)
    return ids


def largest(request: StudyRequest, spec: NetworkSpec) -> int:
    """The largest k: as asked, but no more deletions than there are blocks; as many swaps as there are blocks where
    nothing is asked.

    Raises:
        UserError: fewer than 1 is asked, or the study has nothing to do.
    """
    count = len(candidates(request, spec))
    if request.kind in ("single", "cut"):
        return 1
    if request.most is not None and request.most < 1:
        raise UserError("A study needs a largest number of blocks of at least 1, not {most}.", most=request.most)
    if request.kind == "reorder":
        return len(spec.all_blocks) if request.most is None else request.most
    return count if request.most is None else min(request.most, count)


def plan(request: StudyRequest, spec: NetworkSpec) -> Iterator[Planned]:
    """The points of a study, one after another; none of `greedy`, which finds its own as it goes.

    Args:
        request: which study.
        spec: the network as the weights need it.

    Raises:
        UserError: the study has nothing to do on this network, or a number that can't be.
    """
    ids, most = candidates(request, spec), largest(request, spec)
    if request.kind == "single":
        yield from (Planned(Lesion(deleted=frozenset({block})), 1) for block in ids)
    elif request.kind == "cut":
        yield from (Planned(Lesion(cut=frozenset({block})), 1) for block in ids)
    elif request.kind in ("random", "reorder"):
        if request.seeds < 1:
            raise UserError("A study needs at least one repeat, not {seeds}.", seeds=request.seeds)
        for seed in range(request.seeds):
            drawn = _shuffled(ids, most, seed) if request.kind == "random" else _swapped(spec, most, seed)
            yield from drawn


def _shuffled(ids: Sequence[str], most: int, seed: int) -> Iterator[Planned]:
    """One shuffle; its first k blocks are deleted, so that each set holds the one before."""
    order = np.random.default_rng(seed).permutation(len(ids))
    for size in range(most + 1):
        yield Planned(Lesion(deleted=frozenset(ids[index] for index in order[:size])), size, seed)


def _swapped(spec: NetworkSpec, most: int, seed: int) -> Iterator[Planned]:
    """Swaps one after another, each of a pair drawn from all pairs of equal shape, whatever it did before."""
    generator = np.random.default_rng(seed)
    groups = exchangeable(spec)
    pairs = np.array([len(group) * (len(group) - 1) / 2 for group in groups])
    order = list(spec.block_ids)
    yield Planned(INTACT, 0, seed, 1.0)
    for size in range(1, most + 1):
        group = groups[generator.choice(len(groups), p=pairs / pairs.sum())]
        one, other = (order.index(group[index]) for index in generator.choice(len(group), 2, replace=False))
        order[one], order[other] = order[other], order[one]
        # Swaps within a shape need no check; one that undoes another gives the network's own order.
        lesion = INTACT if tuple(order) == spec.block_ids else Lesion(order=tuple(order))
        yield Planned(lesion, size, seed, order_tau(spec, order))


def order_tau(spec: NetworkSpec, order: Sequence[str]) -> float:
    """Kendall's tau of an order against the network's own: 1 for its own, -1 for the reverse; 1 for a single block.

    Veit et al. 2016 (arXiv:1605.06431), section 4.3, plot the error against it.
    """
    if len(order) < 2:
        return 1.0
    from scipy.stats import kendalltau  # only this needs it, and `load_tau` loads it piece by piece

    place = {block: index for index, block in enumerate(spec.block_ids)}
    return float(kendalltau(np.arange(len(order)), [place[block] for block in order]).statistic)


def load_tau() -> Iterator[None]:
    """Import what `order_tau` needs, with pauses: all of it at once takes half a second."""
    for name in ("special", "linalg", "sparse", "spatial", "optimize", "integrate", "interpolate", "ndimage", "stats"):
        import_module(f"scipy.{name}")
        yield


# -- what is left of the work ------------------------------------------------------------------------------------


def lesion_macs(spec: NetworkSpec, lesion: Lesion) -> int:
    """Multiply-adds for one image with a lesion: a deleted block keeps its projection, a cut one its branch."""
    branches, shortcuts = _macs(spec)
    saved = sum(branches[block] for block in lesion.deleted) + sum(shortcuts[block] for block in lesion.cut)
    return network_cost(spec).macs - saved


@lru_cache(maxsize=8)
def _macs(spec: NetworkSpec) -> tuple[dict[str, int], dict[str, int]]:
    """Of each block's residual branch, and of its shortcut."""
    branches: dict[str, int] = {}
    shortcuts: dict[str, int] = {}
    shape = spec.stem_operations()[-1].output
    for block in spec.all_blocks:
        wiring = block.operations(shape)
        branches[block.id] = sum(operation.macs for operation in wiring.branch)
        shortcuts[block.id] = sum(operation.macs for operation in wiring.shortcut)
        shape = wiring.all[-1].output
    return branches, shortcuts
