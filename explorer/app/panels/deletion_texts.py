"""What deleting, cutting and moving mean for the blocks at hand (Veit et al. 2016, sections 4.1 and 4.3).

Blocks that can't be deleted, or whose shortcuts can't be cut, say so themselves (`BlockSpec.kept`, `BlockSpec.uncut`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from explorer.app.text import tr
from explorer.networks.families.pruned import RemainingBlock
from explorer.networks.families.resnet_block import ResidualBlock
from explorer.networks.lesion import Lesion, places
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
    ("scale", True): "its shortcut carries half of the signal on: 0.5 x.",
    ("scale", False): "their shortcuts carry half of the signal on: 0.5 x.",
    ("gate", True): "its gated shortcut carries (1 − g(x)) x on.",
    ("gate", False): "their gated shortcuts carry (1 − g(x)) x on.",
    ("dropout", True): "its shortcut carries the signal on, as its dropout acts in training only.",
    ("dropout", False): "their shortcuts carry the signal on, as their dropout acts in training only.",
}
_ORDER = ("identity", "scale", "gate", "dropout", "projection", "subsampling")
"""Of what is said first; a network has one of the first four."""
_BUT = {
    ("projection", True): "Of {ids} only the projection is left.",
    ("projection", False): "Of {ids} only the projections are left.",
    ("subsampling", True): "Of {ids} only the subsampling shortcut is left (option A).",
    ("subsampling", False): "Of {ids} only the subsampling shortcuts are left (option A).",
}
_AFTER = {
    True: "The batch norm behind the addition of {ids} still changes what the shortcut carries (order b).",
    False: "The batch norms behind the additions of {ids} still change what the shortcuts carry (order b).",
}
_DENSE = {
    True: "Its {count} channels become zero; those of all layers before it go on.",
    False: "Their {count} channels become zero; those of the other layers before them go on.",
}
_TRANSITIONS = {
    True: "The transition before {ids} stays.",
    False: "The transitions before {ids} stay.",
}
_PLAIN = {
    ("layer", True): "The layer becomes the identity: it passes its input on.",
    ("layer", False): "The layers become identities: they pass their inputs on.",
    ("block", True): "The block becomes the identity: it passes its input on.",
    ("block", False): "The blocks become identities: they pass their inputs on.",
}
_CHANGING = {
    True: "{ids} changes the shape: its input goes on, subsampled and padded with zeros.",
    False: "{ids} change the shape: their inputs go on, subsampled and padded with zeros.",
}
_POOLS = {
    True: "The max pool before {ids} stays.",
    False: "The max pools before {ids} stay.",
}
_CUT = {
    True: "Of {ids} only the residual branch is left: its shortcut is cut.",
    False: "Of {ids} only the residual branches are left: their shortcuts are cut.",
}
_CHANCE = "In the paper, VGG fell to chance whichever one of its layers was deleted (Veit et al. 2016, Fig. 3)."
_DIP = "In a deep network, blocks that halve the map cost visibly more than their neighbours."


def ordered(spec: NetworkSpec, deleted: Iterable[str]) -> list[BlockSpec]:
    """The deleted blocks of a network, from input to output."""
    chosen = frozenset(deleted)
    return [block for block in spec.all_blocks if block.id in chosen]


def moved_blocks(spec: NetworkSpec, lesion: Lesion) -> dict[str, str]:
    """Ids of the blocks that stand in another one's place, and whose place it is, from input to output."""
    standing = places(spec, lesion) if lesion.order else ()
    return {place.block: place.spec.id for place in standing if place.block != place.spec.id}


def nothing_sentence(spec: NetworkSpec) -> str:
    """How to delete, where nothing is done to a network."""
    if spec.plain:
        return tr("None. Click a switch, or press Space, to delete: what is deleted passes its input on.")
    if spec.all_blocks[0].shortcut == "concat":
        return tr("None. Click a layer's switch, or press Space on it, to make the channels that it adds zero.")
    return tr("None. Click a block's switch, or press Space on it, to delete its residual branch.")


def lesion_sentence(spec: NetworkSpec, lesion: Lesion) -> str:
    """What all that is done to a network means; empty for nothing."""
    parts = [deletion_sentence(ordered(spec, lesion.deleted))]
    cut = ordered(spec, lesion.cut)
    if cut:
        parts.append(tr(_CUT[len(cut) == 1], ids=_names(cut)))
    parts.append(_moved_sentence(spec, moved_blocks(spec, lesion)))
    return " ".join(filter(None, parts))


def _moved_sentence(spec: NetworkSpec, moved: dict[str, str]) -> str:
    if not moved:
        return ""
    if len(moved) == 2:
        first, second = moved
        return tr("{first} and {second} stand in each other's places.", first=first, second=second)
    if spec.layers:
        return tr("{count} layers stand in other layers' places.", count=len(moved))
    return tr("{count} blocks stand in other blocks' places.", count=len(moved))


def deletion_sentence(blocks: Sequence[BlockSpec]) -> str:
    """What is left of these blocks; empty for none."""
    if not blocks:
        return ""
    if blocks[0].shortcut == "concat":
        return _dense_sentence(blocks)
    if blocks[0].shortcut == "none":
        return _plain_sentence(blocks)
    groups: dict[str, list[BlockSpec]] = {kind: [] for kind in _ORDER}
    for block in blocks:
        groups[block.shortcut].append(block)
    (first, own), *others = ((kind, group) for kind, group in groups.items() if group)
    parts = [tr(_BRANCH[len(blocks) == 1], rest=tr(_REST[first, len(own) == 1]))]
    parts += [tr(_BUT[kind, len(group) == 1], ids=_names(group)) for kind, group in others]
    changed = [block for block in blocks if _order(block) == "bn-after"]
    if changed:
        parts.append(tr(_AFTER[len(changed) == 1], ids=_names(changed)))
    if any(block.stride != 1 for block in blocks):
        parts.append(tr(_DIP))
    return " ".join(parts)


def _order(block: BlockSpec) -> str:
    """Of activation, where the block has one; of what remains of a block, the whole one's."""
    own = block.base if isinstance(block, RemainingBlock) and block.remains == "whole" else block
    return own.order if isinstance(own, ResidualBlock) else ""


def _dense_sentence(blocks: Sequence[BlockSpec]) -> str:
    """Of layers whose channels stand behind those that came."""
    count = sum(block.out_channels - block.in_channels for block in blocks)
    parts = [tr(_DENSE[len(blocks) == 1], count=count)]
    pooled = [block for block in blocks if block.pooled]
    if pooled:
        parts.append(tr(_TRANSITIONS[len(pooled) == 1], ids=_names(pooled)))
    return " ".join(parts)


def _plain_sentence(blocks: Sequence[BlockSpec]) -> str:
    """Of layers, or blocks, without shortcuts."""
    equal = [block for block in blocks if block.passes_on]
    others = [block for block in blocks if not block.passes_on]
    pooled = [block for block in blocks if block.pooled]
    noun = "layer" if blocks[0].kind == "layer" else "block"
    parts = [tr(_PLAIN[noun, len(equal) == 1])] if equal else []
    for group, texts in ((others, _CHANGING), (pooled, _POOLS)):
        if group:
            parts.append(tr(texts[len(group) == 1], ids=_names(group)))
    if len(blocks) == 1:
        parts.append(tr(_CHANCE))
    return " ".join(parts)


def _names(blocks: Sequence[BlockSpec]) -> str:
    ids = [block.id for block in blocks]
    if len(ids) > _NAMED:
        layers = blocks[0].kind == "layer"
        return tr("{count} layers", count=len(ids)) if layers else tr("{count} blocks", count=len(ids))
    if len(ids) == 1:
        return ids[0]
    return tr("{some} and {last}", some=", ".join(ids[:-1]), last=ids[-1])
