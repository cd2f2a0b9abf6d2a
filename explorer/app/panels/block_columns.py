"""The columns of the block tree: which are shown, and by which its rows are sorted."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QHeaderView, QMenu, QToolButton, QTreeView, QWidget

from explorer.app.panels.block_texts import COLUMNS
from explorer.app.text import tr
from explorer.app.widgets.block_delegate import SWITCH_WIDTH

NAME = 0
FIRST = 1
SWITCH = FIRST + len(COLUMNS)
TIME = FIRST + [key for key, *_ in COLUMNS].index("time")
_BY_THEMSELVES = ("macs", "parameters", "activations")
"""Shown by themselves as far as there is room, in this order."""
_WIDTHS = {"parameters": 50, "macs": 50, "activations": 66, "time": 58}
_DESCENDING, _ASCENDING = Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder


class Columns(QObject):
    """Headings that sort when they are clicked, and a menu that shows and hides columns and sorts, too.

    The first click sorts by size, largest first; the second turns that round; the third brings the network's order
    back. The menu hangs at a button, and at the headings. Columns that nobody chose come and go with the room there is
    beside the names.

    Args:
        view: the tree.
        proxy: what sorts its rows.
    """

    measure_requested = Signal()
    """The time of each block is to be measured."""

    def __init__(self, view: QTreeView, proxy: QSortFilterProxyModel) -> None:
        super().__init__(view)
        self._view, self._proxy = view, proxy
        self._sorted: tuple[int, Qt.SortOrder] | None = None
        self._measured = False
        self._chosen: dict[str, bool] = {}
        self._names = 0
        self.button = QToolButton()
        self.button.setText("⋯")
        self.button.setProperty("quiet", True)
        self.button.setFixedWidth(30)
        self.button.setAccessibleName(tr("Columns and order"))
        self.button.setToolTip(tr("Columns and order"))
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.button)
        self.menu.aboutToShow.connect(self._fill)
        self.button.setMenu(self.menu)
        self._fill()

    def set_up(self) -> None:
        """Once the view has its model."""
        header = self._view.header()
        header.setStretchLastSection(False)
        header.setSectionsMovable(False)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(20)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        header.setStyleSheet("QHeaderView::section { padding: 3px 2px; }")
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        widths = {SWITCH: SWITCH_WIDTH, **{column: _WIDTHS[key] for column, (key, *_) in enumerate(COLUMNS, FIRST)}}
        for column, width in widths.items():
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)
        header.sectionClicked.connect(self.sort_next)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._open_menu)
        self._view.viewport().installEventFilter(self)
        self._show()

    def fit(self, names: int) -> None:
        """How many pixels the names need."""
        self._names = names
        self._show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._show()
        return False

    def shown(self, key: str) -> bool:
        """Whether a column is in sight."""
        return key in self._visible()

    def show(self, key: str, visible: bool) -> None:
        """Show or hide a column from now on; sorting by a hidden one ends."""
        self._chosen[key] = visible
        self._show()

    def _visible(self) -> set[str]:
        visible = {key for key, chosen in self._chosen.items() if chosen and (key != "time" or self._measured)}
        if self._measured and self._chosen.get("time", True):
            visible.add("time")
        room = self._view.viewport().width() - SWITCH_WIDTH - self._names - sum(_WIDTHS[key] for key in visible)
        for key in _BY_THEMSELVES:
            room -= 0 if key in self._chosen else _WIDTHS[key]
            if key not in self._chosen and (room >= 0 or (key == "macs" and "time" not in visible)):
                visible.add(key)
        return visible

    def set_measured(self, measured: bool) -> None:
        """Whether there are times; their column comes by itself with the first ones."""
        if measured and not self._measured:
            self._chosen.pop("time", None)
        self._measured = measured
        self._show()

    def sort_next(self, column: int) -> None:
        """What a click on a heading does."""
        if column in (NAME, SWITCH) or self._sorted == (column, _ASCENDING):
            self.sort(None)
        elif self._sorted == (column, _DESCENDING):
            self.sort(column, _ASCENDING)
        else:
            self.sort(column)

    def sort(self, column: int | None, order: Qt.SortOrder = _DESCENDING) -> None:
        """Sort the parts of the network, and the blocks of each stage; None for the network's order."""
        self._sorted = None if column is None else (column, order)
        self.apply()

    def apply(self) -> None:
        """Sort again, after the rows were made anew."""
        source = self._proxy.sourceModel()
        for column, (_, heading, *_) in enumerate(COLUMNS, FIRST):
            # Qt's own arrow would cover the words.
            arrow = {None: "", (column, _DESCENDING): " ▾", (column, _ASCENDING): " ▴"}.get(self._sorted, "")
            source.setHeaderData(column, Qt.Orientation.Horizontal, tr(heading) + arrow)
        self._proxy.sort(*(self._sorted or (-1, _ASCENDING)))

    def _show(self) -> None:
        visible = self._visible()
        for column, (key, *_) in enumerate(COLUMNS, FIRST):
            self._view.setColumnHidden(column, key not in visible)
            if self._sorted is not None and self._sorted[0] == column and key not in visible:
                self.sort(None)

    def _fill(self) -> None:
        menu = self.menu
        menu.clear()
        there = [(column, *texts) for column, texts in enumerate(COLUMNS, FIRST) if self._measured or column != TIME]
        for _, key, _, name, tip in there:
            action = menu.addAction(tr(name))
            action.setToolTip(tr(tip))
            action.setCheckable(True)
            action.setChecked(self.shown(key))
            action.toggled.connect(partial(self.show, key))
        menu.addAction(tr("Measure time again") if self._measured else tr("Measure time"), self.measure_requested.emit)
        menu.addSeparator()
        group = QActionGroup(menu)
        sortings: list[tuple[int | None, str]] = [(None, tr("In the network's order"))]
        sortings += [(one[0], tr("By {what}", what=tr(one[3]).lower())) for one in there]
        for column, name in sortings:
            action = menu.addAction(name, partial(self._sort_shown, column))
            action.setCheckable(True)
            action.setChecked((self._sorted[0] if self._sorted else None) == column)
            group.addAction(action)

    def _sort_shown(self, column: int | None) -> None:
        if column is not None:
            self.show(COLUMNS[column - FIRST][0], True)
        self.sort(column)

    def _open_menu(self, at: QPoint) -> None:
        header: QWidget = self._view.header()
        self.menu.popup(header.mapToGlobal(at))
