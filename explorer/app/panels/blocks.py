"""The block tree: every part of the network as a row, with a switch for each block. It mirrors the diagram."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSignalBlocker, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTreeView, QWidget

from explorer.app.document import Document
from explorer.app.panels.block_columns import FIRST, NAME, SWITCH, TIME, Columns
from explorer.app.panels.block_texts import ABOUT, COLUMNS, spoken
from explorer.app.text import tr
from explorer.app.theme import theme
from explorer.app.widgets.block_delegate import CUT_ROLE, ID_ROLE, NAME_MARGIN, SWITCH_ROLE, VALUE_ROLE, BlockDelegate
from explorer.app.widgets.labels import paragraph
from explorer.app.widgets.numbers import scaled, whole
from explorer.app.widgets.panel import Panel
from explorer.networks.colouring import quantity_text
from explorer.networks.cost import PartCost, network_cost
from explorer.networks.lesion import INTACT, Place, places
from explorer.networks.spec import BlockSpec, NetworkSpec

_PLACE_ROLE = CUT_ROLE + 1
"""Id of the place, where a block stands in another one's."""
_FILTER_ROLE = CUT_ROLE + 2
"""What the search looks through: id and module path."""
_EXPANDED = 60
"""Up to so many blocks all stages start unfolded."""


class BlockTree(QTreeView):
    """A tree in which Space toggles the current block, and X its shortcut; also where that can't be, which is told."""

    toggle_requested = Signal(str)
    cut_requested = Signal(str)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex().siblingAtColumn(NAME)
        block = index.data(ID_ROLE) if index.isValid() and index.parent().isValid() else None
        if event.key() == Qt.Key.Key_Space and index.isValid():
            if block is None:
                self.setExpanded(index, not self.isExpanded(index))
            else:
                self.toggle_requested.emit(block)
            event.accept()
        elif event.key() == Qt.Key.Key_X and index.isValid() and not event.modifiers():
            if block is not None:
                self.cut_requested.emit(block)
            event.accept()
        else:
            super().keyPressEvent(event)


class BlocksPanel(Panel):
    """Rows for the stem, the stages with the blocks that stand in them, and the head; follows what is deleted, cut and
    moved, and the selection. Columns tell what each costs; a click on their headings sorts.

    Networks of more than 60 blocks start with their stages folded; a selected block's stage unfolds.
    """

    delete_toggled = Signal(str)
    """Id of a block to delete, or to restore if it is deleted."""
    cut_toggled = Signal(str)
    """Id of a block whose shortcut to cut, or to restore."""
    selected = Signal(str)
    """Id of the part that a person chose."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(tr("Blocks"), tr(ABOUT), parent, scrolls=False)
        self._document = document
        self._items: dict[str, QStandardItem] = {}
        self._blocks: dict[str, BlockSpec] = {}
        self._shown: NetworkSpec | None = None
        self._lesion = INTACT
        self._filter = ""
        self._times: Mapping[str, float] | None = None
        self._model = QStandardItemModel(0, SWITCH + 1, self)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setRecursiveFilteringEnabled(True)
        self._proxy.setAutoAcceptChildRows(True)
        self._proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._proxy.setFilterRole(_FILTER_ROLE)
        self._proxy.setSortRole(VALUE_ROLE)
        self._proxy.setSourceModel(self._model)
        self.view = BlockTree()
        self._delegate = BlockDelegate(self.view)
        self.columns = Columns(self.view, self._proxy)
        self._set_up_view()
        self.header.addWidget(self.columns.button)
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
        for column, (*_, tip) in enumerate(COLUMNS, FIRST):
            self._model.setHeaderData(column, Qt.Orientation.Horizontal, tr(tip), Qt.ItemDataRole.ToolTipRole)
        for column in (NAME, SWITCH):
            self._model.setHeaderData(column, Qt.Orientation.Horizontal, "")
        self.columns.set_up()
        view.setUniformRowHeights(True)
        view.setIndentation(12)
        view.setMouseTracking(True)
        view.setFrameShape(QFrame.Shape.NoFrame)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.toggle_requested.connect(self.delete_toggled)
        view.cut_requested.connect(self.cut_toggled)
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
            self._model.removeRows(0, self._model.rowCount())
            self._items = {}
            root = self._model.invisibleRootItem()
            root.appendRow(self._row(costs["stem"]))
            for stage in spec.stages:
                row = self._row(costs[stage.id])
                for block in stage.blocks:
                    row[NAME].appendRow(self._row(costs[block.id], standing[block.id]))
                root.appendRow(row)
            root.appendRow(self._row(costs["head"]))
            self.columns.apply()
        if self._shown != spec:
            self.set_times(None)
        self._shown = spec
        self.title.setText(tr("Layers") if self._layers else tr("Blocks"))
        self.view.setAccessibleName(tr("Layers of the network") if self._layers else tr("Blocks of the network"))
        self._count()
        self._unfold()
        self.columns.fit(self._room_for_names())
        self._follow_selection()

    def _room_for_names(self) -> int:
        longest = max((item.text() for item in self._items.values()), key=len)
        return 2 * self.view.indentation() + NAME_MARGIN + self.view.fontMetrics().horizontalAdvance(longest)

    def _row(self, cost: PartCost, place: Place | None = None) -> list[QStandardItem]:
        """Of the stem, a stage, the head, or of what stands at a place; its figures are the place's."""
        part_id = cost.id if place is None else place.block
        item = QStandardItem(tr("head") if part_id == "head" else part_id)
        item.setData(part_id, ID_ROLE)
        row = [
            item,
            _figure(cost.parameters),
            _figure(cost.macs),
            _figure(cost.activations, quantity_text(cost.activations, "B")),
            QStandardItem(),
            QStandardItem(),
        ]
        self._items[part_id] = item
        tip = _tip(part_id, cost)
        if place is None:
            item.setAccessibleText(part_id)
            item.setData(part_id, _FILTER_ROLE)
        else:
            block = self._blocks[part_id]
            item.setData(f"{part_id} {block.path}".strip(), _FILTER_ROLE)
            tip = "\n".join(filter(None, [tip, block.path, block.kept and tr(block.kept, id=part_id)]))
            if place.block != cost.id:
                item.setText(f"{part_id}  ↔")
                tip = "\n".join([tip, tr("stands in the place of {place}", place=cost.id)])
                item.setData(cost.id, _PLACE_ROLE)
            self._describe(part_id)
        for cell in row:
            cell.setToolTip(tip)
        return row

    def _describe(self, block_id: str) -> None:
        """Switch and accessible text of a block's row."""
        item = self._items[block_id]
        block = self._blocks[block_id]
        mode = self._lesion.mode(block_id)
        item.setData(None if block.kept else mode != "deleted", SWITCH_ROLE)
        item.setData(mode == "cut", CUT_ROLE)
        text, place = spoken(block, mode), item.data(_PLACE_ROLE)
        item.setAccessibleText(tr("{block}, in the place of {place}", block=text, place=place) if place else text)

    def set_times(self, times: Mapping[str, float] | None) -> None:
        """Show measured times.

        Args:
            times: seconds of one pass, by id of the part; a stage takes what its blocks do. None: nothing is measured.
        """
        self._times = times
        for part, item in self._items.items():
            row = item.index()
            cell = self._model.itemFromIndex(row.siblingAtColumn(TIME))
            seconds = self._seconds(part, item)
            cell.setText("" if seconds is None else _time_text(seconds))
            cell.setData(-1.0 if seconds is None else seconds, VALUE_ROLE)
        self.columns.set_measured(times is not None)

    def _seconds(self, part: str, item: QStandardItem) -> float | None:
        times = self._times or {}
        if part in times or not item.hasChildren():
            return times.get(part)
        blocks = [times.get(item.child(row).data(ID_ROLE)) for row in range(item.rowCount())]
        known = [seconds for seconds in blocks if seconds is not None]
        return sum(known) if known else None

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
        part_id = current.siblingAtColumn(NAME).data(ID_ROLE) if current.isValid() else None
        if part_id and part_id != self._document.state.selection:
            self.selected.emit(part_id)


def _figure(value: int, text: str = "") -> QStandardItem:
    """A cell with a number, in three figures."""
    cell = QStandardItem(text or " ".join(scaled(value)).strip())
    cell.setData(float(value), VALUE_ROLE)
    return cell


def _tip(part_id: str, cost: PartCost) -> str:
    channels, height, width = cost.output
    return tr(
        "{id}: output {channels}×{height}×{width}, {macs} multiply-adds, {parameters} parameters",
        id=part_id, channels=channels, height=height, width=width, macs=whole(cost.macs),
        parameters=whole(cost.parameters),
    )  # fmt: skip


def _time_text(seconds: float) -> str:
    return f"{1e3 * seconds:.3g} ms" if seconds >= 1e-3 else f"{1e6 * seconds:.3g} µs"
