"""The block tree: every part of the network as a row, with a switch for each block. It mirrors the diagram."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSignalBlocker, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTreeView, QWidget

from explorer.app.document import Document
from explorer.app.text import tr
from explorer.app.theme import theme
from explorer.app.widgets.block_delegate import COST_ROLE, CUT_ROLE, ID_ROLE, SWITCH_ROLE, BlockDelegate
from explorer.app.widgets.labels import paragraph
from explorer.app.widgets.numbers import scaled, whole
from explorer.app.widgets.panel import Panel
from explorer.networks.cost import PartCost, network_cost
from explorer.networks.lesion import INTACT, Place, places
from explorer.networks.spec import BlockSpec, NetworkSpec

_PLACE_ROLE = CUT_ROLE + 1
"""Id of the place, where a block stands in another one's."""
_EXPANDED = 60
"""Up to so many blocks all stages start unfolded."""
_ABOUT = (
    "Every part of the network, from input to output, with its multiply-adds for one image. The switch deletes a "
    "block: its residual branch gives zero, its shortcut stays (Veit et al. 2016, section 4.1). X cuts the shortcut "
    "instead: then only the residual branch is left. Blocks of equal shape can change places (section 4.3): drag one "
    "onto another in the diagram, or press Alt and an arrow key there; ↔ marks a block in another one's place.\n\n"
    "A plain network has layers in the place of blocks: a deleted layer of equal shape passes its input on, one that "
    "changes the shape subsamples and pads it. A max pool stays where it is.\n\n"
    "In a deep network, deleting one block that does not change the shape is hardly noticeable; one that halves the "
    "map makes a visible dip. Many at once add up: with ten of 54 deleted the paper's error is near 0.2, with twenty "
    "it is severe. That holds for whole blocks of such networks, not for any layer of any network."
)
_KINDS = {"basic": "basic block", "bottleneck": "bottleneck block", "layer": "plain layer"}
_SHORTCUTS = {
    "identity": "identity shortcut",
    "projection": "projection shortcut",
    "subsampling": "subsampling shortcut",
    "none": "no shortcut",
}
_STATES = {"whole": "present", "deleted": "deleted", "cut": "shortcut cut"}


class BlockTree(QTreeView):
    """A tree in which Space toggles the current block, and X its shortcut."""

    toggle_requested = Signal(str)
    cut_requested = Signal(str)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() == Qt.Key.Key_Space and index.isValid():
            if index.data(SWITCH_ROLE) is not None:
                self.toggle_requested.emit(index.data(ID_ROLE))
            else:
                self.setExpanded(index, not self.isExpanded(index))
            event.accept()
            return
        if event.key() == Qt.Key.Key_X and index.isValid() and not event.modifiers():
            if index.data(SWITCH_ROLE) is not None:
                self.cut_requested.emit(index.data(ID_ROLE))
            event.accept()
            return
        super().keyPressEvent(event)


class BlocksPanel(Panel):
    """Rows for the stem, the stages with the blocks that stand in them, and the head; follows what is deleted, cut and
    moved, and the selection.

    Networks of more than 60 blocks start with their stages folded; a selected block's stage unfolds.
    """

    delete_toggled = Signal(str)
    """Id of a block to delete, or to restore if it is deleted."""
    cut_toggled = Signal(str)
    """Id of a block whose shortcut to cut, or to restore."""
    selected = Signal(str)
    """Id of the part that a person chose."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(tr("Blocks"), tr(_ABOUT), parent, scrolls=False)
        self._document = document
        self._items: dict[str, QStandardItem] = {}
        self._blocks: dict[str, BlockSpec] = {}
        self._shown: NetworkSpec | None = None
        self._lesion = INTACT
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
        document.deleted_changed.connect(self._follow_lesion)
        document.selection_changed.connect(self._follow_selection)
        theme().changed.connect(self.view.viewport().update)
        self._rebuild()

    @property
    def _layers(self) -> bool:
        """Whether the network has single layers in the place of blocks."""
        return self._document.state.spec.layers

    def _set_up_view(self) -> None:
        view = self.view
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
        view.cut_requested.connect(self._cut)
        self._delegate.toggled.connect(self.delete_toggled)
        view.selectionModel().currentChanged.connect(self._current_changed)

    # -- what the window calls -----------------------------------------------------------------------------------

    def set_filter(self, text: str) -> None:
        """Show only parts whose id contains the text, and their stages; an empty text shows all."""
        self._filter = text.strip()
        with QSignalBlocker(self.view.selectionModel()):
            self._proxy.setFilterFixedString(self._filter)
        empty = self._proxy.rowCount() == 0
        nothing = "No layer is called “{text}”." if self._layers else "No block is called “{text}”."
        self._nothing.setText(tr(nothing, text=self._filter) if empty else "")
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
        self._lesion = self._document.state.lesion
        standing = {place.spec.id: place for place in places(spec, self._lesion)}
        with QSignalBlocker(self.view.selectionModel()):
            self._model.clear()
            self._items = {}
            root = self._model.invisibleRootItem()
            root.appendRow(self._item(costs["stem"]))
            for stage in spec.stages:
                row = self._item(costs[stage.id])
                row.appendRows([self._item(costs[block.id], standing[block.id]) for block in stage.blocks])
                root.appendRow(row)
            root.appendRow(self._item(costs["head"]))
        self._shown = spec
        self.title.setText(tr("Layers") if self._layers else tr("Blocks"))
        self.view.setAccessibleName(tr("Layers of the network") if self._layers else tr("Blocks of the network"))
        self._count()
        self._unfold()
        self._follow_selection()

    def _item(self, cost: PartCost, place: Place | None = None) -> QStandardItem:
        """A row: of the stem, a stage, the head, or of what stands at a place; its figures are the place's."""
        part_id = cost.id if place is None else place.block
        item = QStandardItem(tr("head") if part_id == "head" else part_id)
        item.setEditable(False)
        item.setData(part_id, ID_ROLE)
        number, prefix = scaled(cost.macs)
        item.setData(f"{number} {prefix}".strip(), COST_ROLE)
        channels, height, width = cost.output
        tip = tr(
            "{id}: output {channels}×{height}×{width}, {macs} multiply-adds, {parameters} parameters",
            id=part_id,
            channels=channels,
            height=height,
            width=width,
            macs=whole(cost.macs),
            parameters=whole(cost.parameters),
        )
        self._items[part_id] = item
        if place is None:
            item.setAccessibleText(part_id)
        elif place.block != cost.id:
            item.setText(f"{part_id}  ↔")
            tip = "\n".join([tip, tr("stands in the place of {place}", place=cost.id)])
            item.setData(cost.id, _PLACE_ROLE)
        item.setToolTip(tip)
        if place is not None:
            self._describe(part_id)
        return item

    def _describe(self, block_id: str) -> None:
        """Switch and accessible text of a block's row."""
        item = self._items[block_id]
        block = self._blocks[block_id]
        mode = self._lesion.mode(block_id)
        item.setData(mode != "deleted", SWITCH_ROLE)
        item.setData(mode == "cut", CUT_ROLE)
        kind, shortcut, state = tr(_KINDS[block.kind]), tr(_SHORTCUTS[block.shortcut]), tr(_STATES[mode])
        text = tr("{id}, {kind}, {shortcut}, {state}", id=block_id, kind=kind, shortcut=shortcut, state=state)
        if block.kind == "layer":
            text = tr("{id}, {kind}, {state}", id=block_id, kind=kind, state=state)
        place = item.data(_PLACE_ROLE)
        item.setAccessibleText(tr("{block}, in the place of {place}", block=text, place=place) if place else text)

    def _follow_lesion(self) -> None:
        state = self._document.state
        if self._shown != state.spec:
            return
        before, self._lesion = self._lesion, state.lesion
        if before.order != self._lesion.order:
            self._rebuild_in_place()
            return
        for block_id in (before.deleted ^ self._lesion.deleted) | (before.cut ^ self._lesion.cut):
            self._describe(block_id)
        self._count()

    def _rebuild_in_place(self) -> None:
        """Another order: the rows are made anew, what was unfolded and seen stays."""
        unfolded = [part for part, item in self._items.items() if self.view.isExpanded(self._index(item))]
        seen = self.view.verticalScrollBar().value()
        self._rebuild()
        for part, item in self._items.items():
            if item.hasChildren():
                self.view.setExpanded(self._index(item), part in unfolded)
        self._follow_selection()
        self.view.verticalScrollBar().setValue(seen)

    def _index(self, item: QStandardItem) -> QModelIndex:
        return self._proxy.mapFromSource(item.index())

    def _count(self) -> None:
        """How much is done, beside the title."""
        lesion = self._lesion
        moved = sum(bool(item.data(_PLACE_ROLE)) for item in self._items.values())
        parts = [
            *([tr("{count} deleted", count=len(lesion.deleted))] if lesion.deleted else []),
            *([tr("{count} cut", count=len(lesion.cut))] if lesion.cut else []),
            *([tr("{count} moved", count=moved)] if moved else []),
        ]
        if len(parts) == 1 and lesion.deleted:
            parts = [tr("{count} of {all} deleted", count=len(lesion.deleted), all=len(self._blocks))]
        self.set_state(" · ".join(parts))

    def _cut(self, block_id: str) -> None:
        """A plain network has no shortcut to cut."""
        if not self._document.state.spec.plain:
            self.cut_toggled.emit(block_id)

    def _follow_selection(self) -> None:
        item = self._items.get(self._document.state.selection or "")
        with QSignalBlocker(self.view.selectionModel()):
            if item is None:
                self.view.selectionModel().clear()
            else:
                index = self._index(item)
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
