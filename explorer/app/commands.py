"""Every edit of the document, as an undo command."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QUndoCommand

from explorer.app.document import Document
from explorer.app.text import tr
from explorer.engine.records import DataRef, Picture, WeightsInfo, WeightsRef
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
    """Another network, or the same with other weights. Blocks stay deleted as long as the network has the same blocks
    (another shortcut option, say); in another network none is."""
    state = document.state
    if (spec, weights) == (state.spec, state.weights) and info is None:
        return
    changes: dict[str, Any] = {"spec": spec, "weights": weights, "info": info}
    if (spec.family, spec.block, spec.blocks) != (state.spec.family, state.spec.block, state.spec.blocks):
        changes["deleted"] = frozenset()
        changes["selection"] = None
    same = spec.same_architecture(state.spec) and weights != state.weights
    text = tr("Change weights") if same else tr("Change network to {name}", name=spec.name)
    push(Edit(document, text, **changes))


def set_deleted(document: Document, deleted: frozenset[str]) -> None:
    """Exactly these blocks are deleted."""
    before = document.state.deleted
    deleted = document.state.spec.check_ids(deleted)
    gone, back = sorted(deleted - before), sorted(before - deleted)
    if len(gone) == 1 and not back:
        text = tr("Delete {id}", id=gone[0])
    elif len(back) == 1 and not gone:
        text = tr("Restore {id}", id=back[0])
    elif not deleted:
        text = tr("Restore all blocks")
    else:
        text = tr("Change deleted blocks")
    push(Edit(document, text, deleted=deleted))


def toggle_deleted(document: Document, block_id: str) -> None:
    """Delete a block, or restore it."""
    set_deleted(document, document.state.deleted ^ {block_id})


def set_picture(document: Document, picture: Picture) -> None:
    push(Edit(document, tr("Open {name}", name=picture.name), picture=picture))


def set_data(document: Document, data: DataRef) -> None:
    push(Edit(document, tr("Change image set"), data=data))
