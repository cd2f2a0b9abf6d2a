"""The points of one or two studies as a table that sorts by any column."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from explorer.app import study_texts as texts
from explorer.app.study_numbers import block_of, place_of, value_of
from explorer.app.text import tr
from explorer.app.theme import part_colour
from explorer.app.widgets.numbers import UNKNOWN, percent, signed
from explorer.engine.study_records import StudyPoint, StudyResult
from explorer.networks.lesion import INTACT, Lesion

Index = QModelIndex | QPersistentModelIndex
_BOLD = 1.15
"""How much wider bold words are than others."""
_LESS = -math.inf
_TOP = QModelIndex()
"""What all rows belong to."""


@dataclass(frozen=True)
class _Column:
    """Heading, tooltip, what is written, and the number it is sorted by."""

    title: str
    tip: str
    text: Callable[[StudyPoint], str]
    key: Callable[[StudyPoint], float]
    needs: str = ""
    """`labels`, `tau` or `latency`, where the column is only for studies that have them."""


def _change_key(point: StudyPoint) -> float:
    value = value_of(point, "change")
    return _LESS if value is None else value.value


def _probability_text(point: StudyPoint) -> str:
    return UNKNOWN if point.probability is None else signed(100 * point.probability)


def _tau_text(point: StudyPoint) -> str:
    return UNKNOWN if point.kendall_tau is None else f"{point.kendall_tau:.3f}"


def _latency_text(point: StudyPoint) -> str:
    return UNKNOWN if point.latency is None else f"{1e3 * point.latency.median:.2f}"


_COLUMNS = (
    _Column(
        "Change, points", "Change of accuracy against intact, with the paired 95 % interval",
        texts.change_words, _change_key, "labels",
    ),
    _Column(
        "Accuracy, %", "Share of images whose likeliest class is the true one",
        lambda point: percent(point.counts.accuracy), lambda point: point.counts.accuracy or 0.0, "labels",
    ),
    _Column(
        "Agree, %", "Share of images on which this network and the intact one say the same class",
        lambda point: percent(point.counts.agreement), lambda point: point.counts.agreement or 0.0,
    ),
    _Column(
        "Prob., points", "Mean change of the true class's probability against intact",
        _probability_text, lambda point: _LESS if point.probability is None else point.probability, "labels",
    ),
    _Column(
        "Kendall’s τ", "Of the order against the network's own",
        _tau_text, lambda point: _LESS if point.kendall_tau is None else point.kendall_tau, "tau",
    ),
    _Column(
        "MACs, M", "Multiply-adds that are left for one image, in millions",
        lambda point: f"{point.macs / 1e6:,.1f}", lambda point: float(point.macs),
    ),
    _Column(
        "Time, ms", "Of one image's pass: the median, measured beside the intact network's",
        _latency_text, lambda point: _LESS if point.latency is None else point.latency.median, "latency",
    ),
)  # fmt: skip


class StudyModel(QAbstractTableModel):
    """Rows are lesions. Two studies of the same blocks share rows; else each has its own, with the network's name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._results: tuple[StudyResult, ...] = ()
        self._rows: list[tuple[int | None, int | None]] = []
        self._columns: list[tuple[int, _Column]] = []
        self._sorting = (0, Qt.SortOrder.AscendingOrder)
        self.marked: Lesion = INTACT

    def show_results(self, results: Sequence[StudyResult], marked: Lesion) -> None:
        """Take the next snapshot; rows and columns that stay keep their selection."""
        rows, columns = _rows(results), _columns(results)
        self.marked = marked
        if columns != self._columns or set(rows) != set(self._rows):
            self.beginResetModel()
            self._results, self._rows, self._columns = tuple(results), rows, columns
            if self._sorting[0] > len(columns):
                self._sorting = (0, Qt.SortOrder.AscendingOrder)
            self._rows.sort(key=self._key, reverse=self._sorting[1] == Qt.SortOrder.DescendingOrder)
            self.endResetModel()
            return
        self._results = tuple(results)
        if rows:
            self.sort(*self._sorting)
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(columns)))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By the numbers of a column. Here and not in a proxy, which would ask for each number again and again."""
        self._sorting = (column, order)
        rows = sorted(self._rows, key=self._key, reverse=order == Qt.SortOrder.DescendingOrder)
        if rows == self._rows:
            return
        self.layoutAboutToBeChanged.emit()
        where = {pair: row for row, pair in enumerate(rows)}
        before = self.persistentIndexList()
        after = [self.index(where[self._rows[index.row()]], index.column()) for index in before]
        self._rows = rows
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _key(self, pair: tuple[int | None, int | None]) -> float:
        """What a row is sorted by; what has no number comes first."""
        column = self._sorting[0]
        if column == 0:
            return self._first_key(pair)
        study, shown = self._columns[column - 1]
        number = pair[study]
        point = None if number is None else self._results[study].points[number]
        return shown.key(point) if point is not None and point.counts.images else _LESS

    def _first_key(self, pair: tuple[int | None, int | None]) -> float:
        study, number = next((at, number) for at, number in enumerate(pair) if number is not None)
        result = self._results[study]
        point = result.points[number]
        block = block_of(point) if result.request.kind in ("single", "cut") else None
        place = place_of(result.request.spec, block) if block else point.size
        return float(place) + (point.seed or 0) / 1e4 + 1e6 * study

    def point_of(self, row: int) -> tuple[int, int] | None:
        """Study and point of a row."""
        for study, number in enumerate(self._rows[row]):
            if number is not None:
                return study, number
        return None

    def row_of(self, study: int, point: int) -> int | None:
        """The row of a point."""
        return next((row for row, pair in enumerate(self._rows) if pair[study] == point), None)

    def rowCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(self._columns) + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not self._results:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        if section == 0:
            return self._first_heading() if role == Qt.ItemDataRole.DisplayRole else None
        study, column = self._columns[section - 1]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{texts.study_name(self._results[study])}: {tr(column.tip)}"
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return tr(column.title) + (" ◇" if study == 1 else "")

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        pair = self._rows[index.row()]
        if index.column() == 0:
            return self._first_column(index.row(), role)
        study, column = self._columns[index.column() - 1]
        number = pair[study] if study < len(pair) else None
        point = None if number is None else self._results[study].points[number]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return "" if point is None else column.text(point) if point.counts.images else UNKNOWN
        return None

    def _first_heading(self) -> str:
        kind, plain = self._results[0].request.kind, self._results[0].request.spec.plain
        if kind == "reorder":
            return tr("Swaps")
        if kind in ("random", "greedy"):
            return tr("Deleted")
        return tr("Layer") if plain else tr("Block")

    def _first_column(self, row: int, role: int) -> Any:
        at = self.point_of(row)
        if at is None:
            return None
        result = self._results[at[0]]
        point = result.points[at[1]]
        block = block_of(point)
        if role == Qt.ItemDataRole.DisplayRole:
            words = texts.lesion_words(point, result)
            return words if at[0] == 0 else f"◇ {words}"
        if role == Qt.ItemDataRole.FontRole and point.lesion == self.marked and self.marked:
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.DecorationRole and block and at[0] == 0 and result.request.kind in ("single", "cut"):
            return part_colour(block)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(texts.point_lines(result, at[1]))
        return None


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter


def _rows(results: Sequence[StudyResult]) -> list[tuple[int | None, int | None]]:
    if not results:
        return []
    first = results[0]
    if len(results) == 1:
        return [(number, None) for number in range(len(first.points))]
    second = results[1]
    if first.request.spec.block_ids == second.request.spec.block_ids and first.request.kind in ("single", "cut"):
        partner = {block_of(point): number for number, point in enumerate(second.points)}
        return [(number, partner.get(block_of(point))) for number, point in enumerate(first.points)]
    return [(number, None) for number in range(len(first.points))] + [
        (None, number) for number in range(len(second.points))
    ]


def _columns(results: Sequence[StudyResult]) -> list[tuple[int, _Column]]:
    found = []
    for study, result in enumerate(results):
        there = {
            "": True,
            "labels": result.labels is not None,
            "tau": result.request.kind == "reorder",
            "latency": result.request.kind == "greedy",
        }
        found += [(study, column) for column in _COLUMNS if there[column.needs]]
    return found


class StudyTable(QTableView):
    """The table. Selecting a row points at it, Enter or a double click applies it."""

    pointed = Signal(int, int)
    """Study and point of the selected row."""
    chosen = Signal(int, int)
    """Study and point to apply."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source = StudyModel(self)
        self.setModel(self.source)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(tr("Results of the study"))
        self.setAccessibleDescription(tr("Enter does to the open network what the row says"))
        font = QFont(self.font())
        font.setFeature(QFont.Tag("tnum"), 1)
        self.setFont(font)
        self.setIconSize(QSize(10, 10))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        header = self.horizontalHeader()
        # Columns are fitted now and then: Qt would measure the rows anew at every snapshot, which asks the model more
        # often than painting does.
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setResizeContentsPrecision(30)
        self._fitted: object = None
        header.setHighlightSections(False)
        header.setMinimumSectionSize(40)
        self._telling = True
        self.doubleClicked.connect(self._choose)

    def show_results(self, results: Sequence[StudyResult], marked: Lesion) -> None:
        """Take the next snapshot."""
        self.source.show_results(results, marked)
        # Figures grow wider with the images, but hardly between one doubling of their number and the next.
        images = tuple(max((point.counts.images for point in result.points), default=0) for result in results)
        fitted = [(result.request, count.bit_length()) for result, count in zip(results, images, strict=True)]
        if fitted != self._fitted:
            self._fitted = fitted
            self.resizeColumnsToContents()
            # A row is bold once it is applied: there is room for that before, so that no column jumps.
            self.setColumnWidth(0, round(_BOLD * self.columnWidth(0)))

    def select_point(self, study: int, point: int) -> None:
        """Select a point's row and bring it into sight, without telling."""
        row = self.source.row_of(study, point) if study >= 0 else None
        self._telling = False
        if row is None:
            self.clearSelection()
        else:
            index = self.source.index(row, 0)
            self.setCurrentIndex(index)
            self.scrollTo(index)
        self._telling = True

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        at = self._current()
        if at is not None and self._telling:
            self.pointed.emit(*at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            super().mouseDoubleClickEvent(event)

    def _current(self) -> tuple[int, int] | None:
        indices = self.selectionModel().selectedRows()
        return self.source.point_of(indices[0].row()) if indices else None

    def _choose(self) -> None:
        at = self._current()
        if at is not None:
            self.chosen.emit(*at)
