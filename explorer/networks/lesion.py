"""What is done to a trained network's blocks: deleted, cut off from their shortcuts, put in each other's places.

Deleting and reordering are the operations of Veit et al. 2016 (arXiv:1605.06431, section 4); cutting a shortcut is the
opposite of deleting a block. Nothing is trained again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from explorer.errors import UserError
from explorer.networks.spec import BlockSpec, NetworkSpec

Mode = Literal["whole", "deleted", "cut"]
Action = tuple[Literal["pool", "whole", "deleted", "cut"], str]
"""One thing that changes the activations, and the block that it belongs to."""


@dataclass(frozen=True)
class Lesion:
    """What is done to a network; nothing, for the intact one.

    Attributes:
        deleted: ids of blocks whose residual branch is zero; of a plain network, of layers that pass on what they get.
        cut: ids of blocks whose shortcut is zero: y = F(x).
        order: id of the block that stands at each place, from input to output; empty for the network's own order.
    """

    deleted: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.deleted or self.cut or self.order)

    def checked(self, spec: NetworkSpec) -> Lesion:
        """The lesion, with ids in the place of module paths, and an order that is the network's own as the empty one.

        Raises:
            UserError: a block that the network lacks, one with both ways off, one at a place of another shape, a
                shortcut that isn't there.
        """
        self = replace(self, deleted=spec.check_ids(self.deleted), cut=spec.check_ids(self.cut))
        both = sorted(self.deleted & self.cut)
        if both:
            raise UserError(
                "{ids} can't be deleted and lose the shortcut at once: nothing would get through.", ids=", ".join(both)
            )
        if self.cut and spec.plain:
            raise UserError("{network} has no shortcuts to cut.", network=spec.name)
        self._check_possible(spec)
        if self.order in ((), spec.block_ids):
            return replace(self, order=())
        if sorted(self.order) != sorted(spec.block_ids):
            raise UserError("An order must name each block of {network} once.", network=spec.name)
        blocks = by_id(spec)
        for place, block_id in zip(spec.all_blocks, self.order, strict=True):
            if blocks[block_id].form != place.form:
                raise UserError(
                    "{block} can't stand in the place of {place}: they are of different shape.",
                    block=block_id, place=place.id,
                )  # fmt: skip
        return self

    def _check_possible(self, spec: NetworkSpec) -> None:
        blocks = by_id(spec)
        for block_id in sorted(self.deleted):
            if blocks[block_id].kept:
                raise UserError(blocks[block_id].kept, id=block_id)
        for block_id in sorted(self.cut):
            if blocks[block_id].uncut:
                raise UserError(blocks[block_id].uncut, id=block_id)

    def mode(self, block_id: str) -> Mode:
        if block_id in self.deleted:
            return "deleted"
        return "cut" if block_id in self.cut else "whole"

    def swapped(self, spec: NetworkSpec, first: str, second: str) -> Lesion:
        """Two blocks in each other's places.

        Raises:
            UserError: they are of different shape.
        """
        order = list(self.order or spec.block_ids)
        a, b = order.index(first), order.index(second)
        order[a], order[b] = second, first
        return replace(self, order=tuple(order)).checked(spec)

    def moved(self, spec: NetworkSpec, block_id: str, place: str) -> Lesion:
        """A block at another place, those between moved up or down by one.

        Raises:
            UserError: one of them would come to a place of another shape.
        """
        order = list(self.order or spec.block_ids)
        order.remove(block_id)
        order.insert(spec.block_ids.index(place), block_id)
        return replace(self, order=tuple(order)).checked(spec)


INTACT = Lesion()


@dataclass(frozen=True)
class Place:
    """A place in the network, and what stands there.

    Attributes:
        spec: the block whose place it is.
        block: id of the block that stands there.
        mode: what is done to it.
    """

    spec: BlockSpec
    block: str
    mode: Mode


def places(spec: NetworkSpec, lesion: Lesion = INTACT) -> tuple[Place, ...]:
    """Every place from input to output. The lesion must be `checked`."""
    order = lesion.order or spec.block_ids
    return tuple(
        Place(place, block_id, lesion.mode(block_id)) for place, block_id in zip(spec.all_blocks, order, strict=True)
    )


def course(spec: NetworkSpec, lesion: Lesion = INTACT) -> tuple[Action, ...]:
    """What happens between stem and head, one after another; blocks that pass their input on unchanged are left out,
    so that lesions with equal courses compute the same."""
    actions: list[Action] = []
    for place in places(spec, lesion):
        if place.spec.pooled:
            actions.append(("pool", place.spec.id))
        if place.mode != "deleted" or not place.spec.passes_on:
            actions.append((place.mode, place.block))
    return tuple(actions)


def exchangeable(spec: NetworkSpec) -> tuple[tuple[str, ...], ...]:
    """Groups of at least two blocks of equal shape, which can stand in each other's places."""
    groups: dict[BlockSpec, list[str]] = {}
    for block in spec.all_blocks:
        groups.setdefault(block.form, []).append(block.id)
    return tuple(tuple(ids) for ids in groups.values() if len(ids) > 1)


def lesion(spec: NetworkSpec, deleted: Iterable[str] = (), cut: Iterable[str] = ()) -> Lesion:
    """A checked lesion of ids; raises UserError as `Lesion.checked` does."""
    return Lesion(frozenset(deleted), frozenset(cut)).checked(spec)


@lru_cache(maxsize=32)
def by_id(spec: NetworkSpec) -> dict[str, BlockSpec]:
    """The blocks under their ids."""
    return {block.id: block for block in spec.all_blocks}
