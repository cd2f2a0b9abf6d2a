"""Every edit of the document, as an undo command."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtGui import QUndoCommand

from explorer.app.document import Document
from explorer.app.text import tr
from explorer.engine.records import DataRef, Picture, WeightsInfo, WeightsRef
from explorer.errors import UserError
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec


class Edit(QUndoCommand):
    """Change some fields of the state; undo puts the old values back."""

    def __init__(self, document: Document, text: str, **changes: Any) -> None:
        super().__init__(text)
        self._document = document
        self._after = changes
        self._before = {name: getattr(document.state, name) for name in changes}

    def redo(self) -> None:
        self._document.replace(**self._after)

    def undo(self) -> None:
        self._document.replace(**self._before)


def push(command: Edit) -> None:
    """Do it and remember it; an edit that changes nothing is not remembered."""
    if command._before != command._after:
        command._document.undo_stack.push(command)


def set_network(document: Document, spec: NetworkSpec, weights: WeightsRef, info: WeightsInfo | None = None) -> None:
    """Another network, or the same with other weights. What is deleted, cut and moved stays as far as the network has
    the same blocks and can have it (another shortcut option, say); in another network nothing is."""
    state = document.state
    if (spec, weights) == (state.spec, state.weights) and info is None:
        return
    changes: dict[str, Any] = {"spec": spec, "weights": weights, "info": info}
    if not spec.same_blocks(state.spec):
        changes |= _parts(INTACT)
        changes["selection"] = None
    else:
        changes |= _parts(_kept(state.lesion, spec))
    same = spec.same_architecture(state.spec) and weights != state.weights
    text = tr("Change weights") if same else tr("Change network to {name}", name=spec.name)
    push(Edit(document, text, **changes))


def _kept(lesion: Lesion, spec: NetworkSpec) -> Lesion:
    """What a network with the same blocks can have of a lesion: no cut shortcuts where there are none, and an order
    only where its blocks are of equal shape here, too."""
    kept = Lesion(lesion.deleted, frozenset() if spec.plain else lesion.cut)
    try:
        return replace(kept, order=lesion.order).checked(spec)
    except UserError:
        return kept


def _parts(lesion: Lesion) -> dict[str, Any]:
    return {"deleted": lesion.deleted, "cut": lesion.cut, "order": lesion.order}


def set_lesion(document: Document, lesion: Lesion) -> None:
    """Exactly this is done to the network, in one step of undo.

    Raises:
        UserError: the network can't have it; nothing changes.
    """
    state = document.state
    lesion = lesion.checked(state.spec)
    push(Edit(document, _text(state.spec, state.lesion, lesion), **_parts(lesion)))


def _text(spec: NetworkSpec, before: Lesion, after: Lesion) -> str:
    """What an edit did, in a few words."""
    touched = (before.deleted ^ after.deleted) | (before.cut ^ after.cut)
    if before.order == after.order:
        if len(touched) == 1:
            return _text_of_one(next(iter(touched)), before, after)
    elif not touched:
        return _text_of_order(before.order or spec.block_ids, after.order or spec.block_ids, own=spec.block_ids)
    if not after:
        return tr("Restore all")
    cut = before.cut != after.cut
    if cut or before.order != after.order:
        return tr("Change what is deleted, cut and moved")
    return tr("Change what is deleted")


def _text_of_one(block_id: str, before: Lesion, after: Lesion) -> str:
    mode = after.mode(block_id)
    if mode == "whole" and before.mode(block_id) == "cut":
        return tr("Restore the shortcut of {id}", id=block_id)
    texts = {
        "deleted": tr("Delete {id}", id=block_id),
        "cut": tr("Cut the shortcut of {id}", id=block_id),
        "whole": tr("Restore {id}", id=block_id),
    }
    return texts[mode]


def _text_of_order(before: tuple[str, ...], after: tuple[str, ...], own: tuple[str, ...]) -> str:
    moved = [block for block, now in zip(before, after, strict=True) if block != now]
    if after == own and len(moved) > 2:
        return tr("Restore the order")
    if len(moved) == 2:
        return tr("Swap {first} and {second}", first=moved[0], second=moved[1])
    return tr("Change the order")


def set_deleted(document: Document, deleted: frozenset[str]) -> None:
    """Exactly these blocks are deleted. One whose shortcut was cut gets it back: only one of the two can be off."""
    lesion = document.state.lesion
    set_lesion(document, replace(lesion, deleted=deleted, cut=lesion.cut - deleted))


def toggle_deleted(document: Document, block_id: str) -> None:
    """Delete a block, or restore it."""
    set_deleted(document, document.state.deleted ^ {block_id})


def cut_shortcut(document: Document, block_id: str) -> None:
    """Cut a block's shortcut. A deleted block gets its residual branch back: only one of the two can be off."""
    lesion = document.state.lesion
    set_lesion(document, replace(lesion, deleted=lesion.deleted - {block_id}, cut=lesion.cut | {block_id}))


def toggle_cut(document: Document, block_id: str) -> None:
    """Cut a block's shortcut, or restore it."""
    lesion = document.state.lesion
    if block_id in lesion.cut:
        set_lesion(document, replace(lesion, cut=lesion.cut - {block_id}))
    else:
        cut_shortcut(document, block_id)


def move_block(document: Document, block_id: str, place_id: str) -> None:
    """Put a block at a place; the one that stood there takes the place that is left.

    Args:
        document: of the network.
        block_id: the block.
        place_id: the block whose own place it is.

    Raises:
        UserError: the two are of different shape, or no blocks of this network; nothing changes.
    """
    state = document.state
    state.spec.check_ids((block_id, place_id))
    order = state.order or state.spec.block_ids
    there = order[state.spec.block_ids.index(place_id)]
    set_lesion(document, state.lesion.swapped(state.spec, block_id, there))


def restore(document: Document) -> None:
    """Nothing is deleted, cut or moved any more."""
    set_lesion(document, INTACT)


def set_picture(document: Document, picture: Picture) -> None:
    push(Edit(document, tr("Open {name}", name=picture.name), picture=picture))


def set_data(document: Document, data: DataRef) -> None:
    push(Edit(document, tr("Change image set"), data=data))
