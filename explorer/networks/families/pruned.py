"""Networks with blocks left out for good: what remains of a network of another family.

A deleted block that was the identity (F := 0, Veit et al. 2016, arXiv:1605.06431, section 4.1) is gone; of one that
changed the shape its shortcut remains. What remains computes what the whole network does with these blocks deleted. A
dense layer's channels, zeros once it is deleted, are left out of all layers behind it, too; where these have 3x3
convolutions directly behind their batch norm, which makes of zeros another number up to the padded edge, they stay
zeros. Blocks keep their names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from explorer.networks.checks import SpecError, as_tuples
from explorer.networks.lesion import Lesion, places
from explorer.networks.operations import SHORTCUT_ONLY, Operation, Operations, Wiring
from explorer.networks.spec import BlockSpec, NetworkSpec, Own, Shape, StageSpec

Remains = Literal["whole", "shortcut", "branch"]
_NAMED = 2
"""Up to so many blocks are named in the network's name; more are counted."""


@dataclass(frozen=True, kw_only=True)
class RemainingBlock(BlockSpec):
    """A block of which a part was left out, or before which others were.

    Attributes:
        base: the block as it was.
        remains: the whole of it, only its shortcut, or only its branch.
        entries: blocks that are gone, whose operations `before` stay in front of this one.
    """

    base: BlockSpec
    remains: Remains
    entries: tuple[BlockSpec, ...] = ()

    @property
    def form(self) -> BlockSpec:
        own = self.base.form
        return replace(self, id="", path="", pooled=False, base=own, entries=())

    @property
    def passes_on(self) -> bool:
        return self.base.passes_on if self.remains == "whole" else self.remains == "branch" and not self.downsampling

    @property
    def preactivated(self) -> bool:
        return self.base.preactivated

    @property
    def parts_late(self) -> bool:
        return self.remains == "whole" and self.base.parts_late

    @property
    def kept(self) -> str:
        if self.remains == "whole":
            return self.base.kept
        if self.remains == "shortcut":
            return "{id} can't be deleted: only its shortcut is left."
        return "{id} can't be deleted: it changes the shape, and has no shortcut any more." if self.downsampling else ""

    @property
    def uncut(self) -> str:
        return self.base.uncut if self.remains == "whole" else super().uncut

    def operations(self, shape: Shape) -> Wiring:
        before, shape = entered(self.entries, shape)
        wiring = self.base.operations(shape)
        before += wiring.before
        if self.remains == "whole":
            return replace(wiring, before=before)
        if self.remains == "branch":
            return Wiring(before, branch=(*wiring.shared, *wiring.branch), after=wiring.after)
        if wiring.join is not None and wiring.join.kind == "gate":
            gate = replace(wiring.join, number=SHORTCUT_ONLY)
            return Wiring(before, shortcut=wiring.shortcut, join=gate, after=wiring.after)
        return Wiring(before, branch=_way_around(wiring))


@dataclass(frozen=True)
class PrunedSpec(NetworkSpec):
    """A network without some of its blocks, or of their shortcuts.

    Attributes:
        base: the whole network.
        deleted: ids of the blocks that were left out.
        cut: ids of the blocks whose shortcuts were left out.
        in_channels, side, classes: the base's.

    Raises:
        SpecError: that can't be left out, or nothing would remain.
    """

    base: NetworkSpec
    deleted: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    family: Literal["pruned"] = "pruned"
    in_channels: int = field(init=False)
    side: int = field(init=False)
    classes: int = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.base, NetworkSpec) or isinstance(self.base, PrunedSpec):
            raise SpecError("The base of a network with blocks left out must be a whole network.")
        for name in ("in_channels", "side", "classes"):
            object.__setattr__(self, name, getattr(self.base, name))
        for ids in (self.deleted, self.cut):
            if not isinstance(ids, tuple) or not all(isinstance(one, str) for one in ids):
                raise SpecError("What is left out must be a list of blocks' ids.")
        Lesion(frozenset(self.deleted), frozenset(self.cut)).checked(self.base)
        if not (self.deleted or self.cut):
            raise SpecError("Nothing is left out of {network}: name the blocks to leave out.", network=self.base.name)
        in_order = {
            name: tuple(one for one in self.base.block_ids if one in getattr(self, name)) for name in ("deleted", "cut")
        }
        for name, ids in in_order.items():
            object.__setattr__(self, name, ids)
        self._check_gates()
        if not self.all_blocks:
            raise SpecError("Nothing would remain of {network} without all of its blocks.", network=self.base.name)

    def _check_gates(self) -> None:
        shape = self.base.stem_operations()[-1].output
        for block in self.base.all_blocks:
            wiring = block.operations(shape)
            shape = wiring.all[-1].output
            if block.id in self.cut and wiring.join is not None and wiring.join.kind == "gate":
                raise SpecError(
                    "The shortcut of {id} can't be left out for good, since its gate goes by what comes to it: restore "
                    "it, or export the whole network.",
                    id=block.id,
                )  # fmt: skip

    # -- what remains --------------------------------------------------------------------------------------------

    @cached_property
    def slices(self) -> bool:
        """Whether the channels of deleted dense layers are left out of the layers behind them: where each convolution
        that they come to is 1x1, so that they give a constant, which the next batch norm takes up."""
        shape = self.base.stem_operations()[-1].output
        for block in self.base.all_blocks:
            wiring = block.operations(shape)
            shape = wiring.all[-1].output
            first = next((one for one in wiring.branch if one.kind == "conv"), None)
            entering = (*wiring.before, *([first] if first else []))
            if any(one.kind == "conv" and (one.kernel, one.stride, one.groups) != (1, 1, 1) for one in entering):
                return False
        return True

    @cached_property
    def _remaining(self) -> tuple[tuple[StageSpec, ...], tuple[BlockSpec, ...]]:
        """The stages that are left, and blocks behind the last of them whose operations `before` are."""
        shape = self.base.stem_operations()[-1].output
        stages: list[StageSpec] = []
        pending: tuple[BlockSpec, ...] = ()
        for stage in self.base.stages:
            blocks: list[BlockSpec] = []
            for block in stage.blocks:
                _, entering = entered(pending, shape)
                remaining = self._remains_of(block, entering)
                if remaining is None:
                    pending = (*pending, block) if block.operations(entering).before else pending
                    continue
                if pending:
                    remaining = _entered_by(remaining, pending)
                    pending = ()
                blocks.append(_fitted(remaining, shape))
                shape = blocks[-1].operations(shape).all[-1].output
            if blocks:
                stages.append(StageSpec(stage.id, tuple(blocks), shape[0]))
        return tuple(stages), pending

    def _remains_of(self, block: BlockSpec, shape: Shape) -> BlockSpec | None:
        """What is left of a block; None where nothing is."""
        if block.id in self.cut:
            return _part_of(block, "branch")
        if block.id not in self.deleted:
            return block
        wiring = block.operations(shape)
        if wiring.join is not None and wiring.join.kind == "concat":
            return None if self.slices else _part_of(block, "shortcut")
        return None if block.passes_on else _part_of(block, "shortcut")

    @cached_property
    def stages(self) -> tuple[StageSpec, ...]:
        """The stages of which anything is left."""
        return self._remaining[0]

    def stem_operations(self) -> Operations:
        return self.base.stem_operations()

    def head_operations(self, shape: Shape) -> Operations:
        """The base's, behind what belonged to the places of blocks that are gone at the end."""
        before, shape = entered(self._remaining[1], shape)
        return (*before, *self.base.head_operations(shape))

    # -- what it is called ---------------------------------------------------------------------------------------

    @property
    def depth(self) -> int:
        """The base's without the weighted layers that are gone."""
        return self.base.depth - sum(_weighted(self.base)[one] for one in self.deleted)

    @property
    def name(self) -> str:
        """`ResNet-20 without layer2.1`, `ResNet-110 without 10 blocks`."""
        parts = []
        if self.deleted:
            few = len(self.deleted) <= _NAMED
            noun = "layers" if self.base.layers else "blocks"
            parts.append(f"without {' and '.join(self.deleted) if few else f'{len(self.deleted)} {noun}'}")
        if self.cut:
            few = len(self.cut) <= _NAMED
            shortcuts = f"the shortcut of {' and '.join(self.cut)}" if few else f"{len(self.cut)} shortcuts"
            parts.append(f"without {shortcuts}")
        return f"{self.base.name} {', '.join(parts)}"

    @property
    def heading(self) -> str:
        return self.base.heading

    @property
    def sources(self) -> tuple[str, ...]:
        return self.base.sources

    @property
    def large(self) -> bool:
        return self.base.large

    @property
    def any_side(self) -> bool:
        return self.base.any_side

    def twin(self) -> NetworkSpec:
        raise SpecError("A network with blocks left out has no plain twin: choose that of {network}.",
                        network=self.base.name)  # fmt: skip

    def same_architecture(self, other: NetworkSpec) -> bool:
        if not isinstance(other, PrunedSpec) or (self.deleted, self.cut) != (other.deleted, other.cut):
            return False
        return self.base.same_architecture(other.base)

    # -- copies and files ----------------------------------------------------------------------------------------

    def with_(self: Own, **changes: Any) -> Own:
        """A copy; what is no field of its own is changed in the base."""
        assert isinstance(self, PrunedSpec)
        own = {name: changes.pop(name) for name in ("base", "deleted", "cut") if name in changes}
        base = own.pop("base", self.base)
        return replace(self, base=base.with_(**changes) if changes else base, **own)

    def to_fields(self) -> dict[str, Any]:
        return {
            "family": self.family, "base": self.base.to_fields(), "deleted": list(self.deleted), "cut": list(self.cut),
        }  # fmt: skip

    def to_short_json(self) -> str:
        return json.dumps({**self.to_fields(), "base": json.loads(self.base.to_short_json())})

    @classmethod
    def from_fields(cls, data: dict[str, Any]) -> NetworkSpec:
        unknown = sorted(set(data) - {"family", "base", "deleted", "cut"})
        if unknown:
            raise SpecError("The network's JSON file has unknown fields ({unknown}); known are {known}.",
                            unknown=", ".join(unknown), known="base, cut, deleted, family")  # fmt: skip
        if not isinstance(data.get("base"), dict) or data["base"].get("family") == "pruned":
            raise SpecError("The base of a network with blocks left out must be a whole network.")
        base = NetworkSpec.from_json(json.dumps(data["base"]))
        deleted, cut = (as_tuples(data.get(name, [])) for name in ("deleted", "cut"))
        return cls(base, deleted, cut)  # type: ignore[arg-type]  # checked by the constructor


def pruned(spec: NetworkSpec, lesion: Lesion) -> NetworkSpec:
    """The network without what the lesion takes away; itself where that is nothing.

    Blocks that were moved take the names of their places, since one of equal shape stood there before.

    Raises:
        UserError: that can't be left out, or nothing would remain.
    """
    lesion = lesion.checked(spec)
    modes = {place.spec.id: place.mode for place in places(spec, lesion)}
    deleted, cut = ({one for one, mode in modes.items() if mode == wanted} for wanted in ("deleted", "cut"))
    if not (deleted or cut):
        return spec
    base = spec
    if isinstance(spec, PrunedSpec):
        base, cut = spec.base, cut | (set(spec.cut) - deleted)
        deleted |= set(spec.deleted)
    return PrunedSpec(base, tuple(deleted), tuple(cut))


# -- helpers -----------------------------------------------------------------------------------------------------


def entered(blocks: tuple[BlockSpec, ...], shape: Shape) -> tuple[Operations, Shape]:
    """The operations in front of the places of blocks, one after another, and the shape behind them."""
    operations: Operations = ()
    for block in blocks:
        operations += block.operations(shape).before
        shape = operations[-1].output
    return operations, shape


def _part_of(block: BlockSpec, remains: Remains) -> RemainingBlock:
    return RemainingBlock(
        id=block.id, kind=block.kind, in_channels=block.in_channels, out_channels=block.out_channels,
        stride=block.stride, shortcut="none" if remains != "whole" else block.shortcut, path=block.path,
        pooled=block.pooled, base=block, remains=remains,
    )  # fmt: skip


def _entered_by(block: BlockSpec, entries: tuple[BlockSpec, ...]) -> BlockSpec:
    part = block if isinstance(block, RemainingBlock) else _part_of(block, "whole")
    return replace(part, entries=entries, pooled=True)


def _fitted(block: BlockSpec, shape: Shape) -> BlockSpec:
    """The block with the channels that it has behind layers that are gone."""
    wiring = block.operations(shape)
    inside = (wiring.before[-1].output if wiring.before else shape)[0]
    out = wiring.all[-1].output[0]
    if (inside, out) == (block.in_channels, block.out_channels):
        return block
    return replace(block, in_channels=inside, out_channels=out)


def _way_around(wiring: Wiring) -> Operations:
    """What is left of a block whose branch is zero."""
    if wiring.join is None:
        return () if wiring.stand_in is None else (replace(wiring.stand_in, on_shortcut=False),)
    way = [replace(one, on_shortcut=False) for one in (*wiring.shared, *wiring.shortcut)]
    if wiring.join.kind == "concat":
        name = f"{wiring.join.id.rpartition('.')[0]}.zeros"
        way.append(Operation(name, "subsample", wiring.join.input, wiring.join.output))
    return (*way, *wiring.after)


def _weighted(spec: NetworkSpec) -> dict[str, int]:
    """Weighted layers on the branch of each block."""

    def counted() -> Iterator[tuple[str, int]]:
        shape = spec.stem_operations()[-1].output
        for block in spec.all_blocks:
            wiring = block.operations(shape)
            shape = wiring.all[-1].output
            yield block.id, sum(one.kind in ("conv", "linear") for one in (*wiring.shared, *wiring.branch))

    return dict(counted())
