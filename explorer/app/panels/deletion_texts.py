"""What deleting means for the blocks at hand, in a sentence (Veit et al. 2016, section 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from explorer.app.text import tr
from explorer.networks.spec import BlockSpec, NetworkSpec

_NAMED = 3
"""Up to so many blocks are called by their ids."""

_BRANCH = {True: "Its residual branch gives zero; {rest}", False: "Their residual branches give zero; {rest}"}
_REST = {
    ("identity", True): "the identity shortcut carries the signal on.",
    ("identity", False): "the identity shortcuts carry the signal on.",
    ("projection", True): "only its projection is left.",
    ("projection", False): "only their projections are left.",
    ("subsampling", True): "only its subsampling shortcut is left, without parameters (option A).",
    ("subsampling", False): "only their subsampling shortcuts are left, without parameters (option A).",
}
_BUT = {
    ("projection", True): "Of {ids} only the projection is left.",
    ("projection", False): "Of {ids} only the projections are left.",
    ("subsampling", True): "Of {ids} only the subsampling shortcut is left (option A).",
    ("subsampling", False): "Of {ids} only the subsampling shortcuts are left (option A).",
}
_DIP = "In a deep network, blocks that halve the map cost visibly more than their neighbours."


def ordered(spec: NetworkSpec, deleted: Iterable[str]) -> list[BlockSpec]:
    """The deleted blocks of a network, from input to output."""
    chosen = frozenset(deleted)
    return [block for block in spec.all_blocks if block.id in chosen]


def deletion_sentence(blocks: Sequence[BlockSpec]) -> str:
    """What is left of these blocks; empty for none."""
    if not blocks:
        return ""
    one = len(blocks) == 1
    kinds = ("identity", "projection", "subsampling")
    groups = {kind: [block for block in blocks if block.shortcut == kind] for kind in kinds}
    used = [kind for kind, group in groups.items() if group]
    first = used[0]
    parts = [tr(_BRANCH[one], rest=tr(_REST[first, len(groups[first]) == 1]))]
    parts += [tr(_BUT[kind, len(groups[kind]) == 1], ids=_names(groups[kind])) for kind in used[1:]]
    if any(block.stride != 1 for block in blocks):
        parts.append(tr(_DIP))
    return " ".join(parts)


def _names(blocks: Sequence[BlockSpec]) -> str:
    ids = [block.id for block in blocks]
    if len(ids) > _NAMED:
        return tr("{count} blocks", count=len(ids))
    if len(ids) == 1:
        return ids[0]
    return tr("{some} and {last}", some=", ".join(ids[:-1]), last=ids[-1])
