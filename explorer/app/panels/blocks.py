"""The block tree: every part of the network as a row, with a switch for each block. It mirrors the diagram."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSignalBlocker, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTreeView, QWidget

from explorer.app.document import Document
from explorer.app.text import tr
from explorer.app.theme import theme
from explorer.app.widgets.block_delegate import COST_ROLE, ID_ROLE, SWITCH_ROLE, BlockDelegate
from explorer.app.widgets.labels import paragraph
from explorer.app.widgets.numbers import scaled, whole
from explorer.app.widgets.panel import Panel
from explorer.networks.cost import PartCost, network_cost
from explorer.networks.spec import BlockSpec, NetworkSpec

_EXPANDED = 60
"""Up to so many blocks all stages start unfolded."""
_ABOUT = (
    "Every part of the network, from input to output, with its multiply-adds for one image. The switch deletes a "
    "block: its residual branch gives zero, its shortcut stays (Veit et al. 2016, section 4.1).\n\n"
    "In a deep network, deleting one block that does not change the shape is hardly noticeable; one that halves the "
    "map makes a visible dip. Many at once add up: with ten of 54 deleted the paper's error is near 0.2, with twenty "
    "it is severe. That holds for whole blocks of such networks, not for any layer of any network."
)
_KINDS = {"basic": "basic block", "bottleneck": "bottleneck block"}
_SHORTCUTS = {
    "identity": "identity shortcut",
    "projection": "projection shortcut",
    "subsampling": "subsampling shortcut",
}


class BlockTree(QTreeView):
    """A tree in which Space toggles the current block."""

    toggle_requested = Signal(str)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() == Qt.Key.Key_Space and index.isValid():
            if index.data(SWITCH_ROLE) is not None:
                self.toggle_requested.emit(index.data(ID_ROLE))
            else:
                self.setExpanded(index, not self.isExpanded(index))
            event.accept()
            return
        super().keyPressEvent(event)


class BlocksPanel(Panel):
    """Rows for the stem, the stages with their blocks, and the head; follows the document's deletions and selection.

    Networks of more than 60 blocks start with their stages folded; a selected block's stage unfolds.
    """

    delete_toggled = Signal(str)
    """Id of a block to delete, or to restore if it is deleted."""
    selected = Signal(str)
    """Id of the part that a person chose."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(tr("Blocks"), tr(_ABOUT), parent, scrolls=False)
        self._document = document
        self._items: dict[str, QStandardItem] = {}
        self._blocks: dict[str, BlockSpec] = {}
        self._shown: NetworkSpec | None = None
        self._deleted: frozenset[str] = frozenset()
        self._filter = ""
        self._model = QStandardItemModel(self)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setRecursiveFilteringEnabled(True)
        self._proxy.setAutoAcceptChildRows(True)
        self._proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._proxy.setFilterRole(ID_ROLE)
        self._proxy.setSourceModel(self._model)
        self.view = BlockTree()
        self._delegate = BlockDelegate(self.view)
        self._set_up_view()
        self._nothing = paragraph()
        self._nothing.hide()
        self.body.addWidget(self._nothing)
        self.body.addWidget(self.view, 1)
        self.finish()
        document.spec_changed.connect(self._rebuild)
        document.deleted_changed.connect(self._follow_deleted)
        document.selection_changed.connect(self._follow_selection)
        theme().changed.connect(self.view.viewport().update)
        self._rebuild()

    def _set_up_view(self) -> None:
        view = self.view
        view.setAccessibleName(tr("Blocks of the network"))
        view.setModel(self._proxy)
        view.setItemDelegate(self._delegate)
        view.setHeaderHidden(True)
        view.setUniformRowHeights(True)
        view.setIndentation(14)
        view.setMouseTracking(True)
        view.setFrameShape(QFrame.Shape.NoFrame)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.toggle_requested.connect(self.delete_toggled)
        self._delegate.toggled.connect(self.delete_toggled)
        view.selectionModel().currentChanged.connect(self._current_changed)

    # -- what the window calls -----------------------------------------------------------------------------------

    def set_filter(self, text: str) -> None:
        """Show only parts whose id contains the text, and their stages; an empty text shows all."""
        self._filter = text.strip()
        with QSignalBlocker(self.view.selectionModel()):
            self._proxy.setFilterFixedString(self._filter)
        empty = self._proxy.rowCount() == 0
        self._nothing.setText(tr("No block is called “{text}”.", text=self._filter) if empty else "")
        self._nothing.setVisible(empty)
        if self._filter:
            self.view.expandAll()
        else:
            self._unfold()
        self._follow_selection()

    # -- following the document ----------------------------------------------------------------------------------

    def _rebuild(self) -> None:
        spec = self._document.state.spec
        self._blocks = {block.id: block for block in spec.all_blocks}
        cost = network_cost(spec)
        costs = {part.id: part for part in (*cost.parts, *cost.stages)}
        with QSignalBlocker(self.view.selectionModel()):
            self._model.clear()
            self._items = {}
            root = self._model.invisibleRootItem()
            root.appendRow(self._item(costs["stem"]))
            for stage in spec.stages:
                row = self._item(costs[stage.id])
                row.appendRows([self._item(costs[block.id]) for block in stage.blocks])
                root.appendRow(row)
            root.appendRow(self._item(costs["head"]))
        self._shown = spec
        self._deleted = frozenset()
        self._follow_deleted()
        self._unfold()
        self._follow_selection()

    def _item(self, cost: PartCost) -> QStandardItem:
        item = QStandardItem(tr("head") if cost.id == "head" else cost.id)
        item.setEditable(False)
        item.setData(cost.id, ID_ROLE)
        number, prefix = scaled(cost.macs)
        item.setData(f"{number} {prefix}".strip(), COST_ROLE)
        channels, height, width = cost.output
        item.setToolTip(
            tr(
                "{id}: output {channels}×{height}×{width}, {macs} multiply-adds, {parameters} parameters",
                id=cost.id,
                channels=channels,
                height=height,
                width=width,
                macs=whole(cost.macs),
                parameters=whole(cost.parameters),
            )
        )
        self._items[cost.id] = item
        self._describe(cost.id, False)
        return item

    def _describe(self, part_id: str, deleted: bool) -> None:
        """Switch and accessible text of a row."""
        item = self._items[part_id]
        block = self._blocks.get(part_id)
        if block is None:
            item.setAccessibleText(part_id)
            return
        item.setData(not deleted, SWITCH_ROLE)
        kind, shortcut = tr(_KINDS[block.kind]), tr(_SHORTCUTS[block.shortcut])
        state = tr("deleted") if deleted else tr("present")
        item.setAccessibleText(
            tr("{id}, {kind}, {shortcut}, {state}", id=part_id, kind=kind, shortcut=shortcut, state=state)
        )

    def _follow_deleted(self) -> None:
        if self._shown != self._document.state.spec:
            return
        deleted = self._document.state.deleted & self._blocks.keys()
        for part_id in deleted ^ self._deleted:
            self._describe(part_id, part_id in deleted)
        self._deleted = deleted
        self.set_state(tr("{count} of {all} deleted", count=len(deleted), all=len(self._blocks)) if deleted else "")

    def _follow_selection(self) -> None:
        item = self._items.get(self._document.state.selection or "")
        with QSignalBlocker(self.view.selectionModel()):
            if item is None:
                self.view.selectionModel().clear()
            else:
                index = self._proxy.mapFromSource(item.index())
                if index.isValid():
                    mode = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
                    self.view.selectionModel().setCurrentIndex(index, mode)
                    self.view.scrollTo(index)
        self.view.viewport().update()

    def _unfold(self) -> None:
        if len(self._blocks) <= _EXPANDED:
            self.view.expandAll()
        else:
            self.view.collapseAll()

    def _current_changed(self, current: QModelIndex, _before: QModelIndex) -> None:
        part_id = current.data(ID_ROLE) if current.isValid() else None
        if part_id and part_id != self._document.state.selection:
            self.selected.emit(part_id)
