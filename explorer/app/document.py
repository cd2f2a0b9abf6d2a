"""What is open: the one state of the window. Commands change it, panels listen.

A state is immutable; `Document.replace` swaps it and emits a signal for each field that changed. Panels never call it:
they emit requests, which `explorer.app.commands` turns into undoable edits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from explorer.engine.records import CPU, UNTRAINED, DataRef, DeviceInfo, Picture, WeightsInfo, WeightsRef
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec


@dataclass(frozen=True)
class State:
    """Everything that is open.

    Attributes:
        spec: the network.
        weights: which weights.
        info: what they brought, None until they are loaded.
        picture: what is run, None at first.
        data: the labelled set.
        deleted: ids of deleted blocks.
        cut: ids of blocks whose shortcut is cut.
        order: id of the block that stands at each place; empty for the network's own order.
        selection: id of the selected part (`stem`, a stage, a block, `head`), None for none.
        device: where it runs.
    """

    spec: NetworkSpec
    weights: WeightsRef = UNTRAINED
    info: WeightsInfo | None = None
    picture: Picture | None = None
    data: DataRef = field(default_factory=lambda: DataRef("fashion-mnist"))
    deleted: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()
    selection: str | None = None
    device: DeviceInfo = CPU

    @property
    def lesion(self) -> Lesion:
        """What is done to the network: deleted, cut and moved blocks."""
        return Lesion(self.deleted, self.cut, self.order)


_EDITS = 100
_SIGNALS = {
    "spec": "spec_changed",
    "weights": "weights_changed",
    "info": "weights_changed",
    "picture": "picture_changed",
    "data": "data_changed",
    "deleted": "deleted_changed",
    "cut": "deleted_changed",
    "order": "deleted_changed",
    "selection": "selection_changed",
    "device": "device_changed",
}


class Document(QObject):
    """Holds the state, its undo stack, and tells who listens what changed."""

    spec_changed = Signal()
    weights_changed = Signal()
    """The reference or what it brought."""
    picture_changed = Signal()
    data_changed = Signal()
    deleted_changed = Signal()
    """What is deleted, cut or moved."""
    selection_changed = Signal()
    device_changed = Signal()

    def __init__(self, state: State, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(_EDITS)  # each may hold a picture

    @property
    def state(self) -> State:
        return self._state

    def replace(self, **changes: Any) -> None:
        """Change fields; signals follow once all are in place."""
        before, self._state = self._state, replace(self._state, **changes)
        after = self._state
        changed = [name for name in changes if getattr(before, name) != getattr(after, name)]
        for signal in dict.fromkeys(_SIGNALS[name] for name in changed):
            getattr(self, signal).emit()
