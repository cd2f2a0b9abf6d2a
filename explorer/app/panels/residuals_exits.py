"""The head applied early: what the network would say behind every block of the last stage."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.app.block_figures import exit_frame, exit_series
from explorer.app.block_words import Found, Measured, share, untrained_words
from explorer.app.text import tr, translated
from explorer.app.theme import SPACE
from explorer.app.widgets.labels import paragraph
from explorer.app.widgets.legend import LegendStrip
from explorer.app.widgets.line_chart import LineChart
from explorer.app.widgets.line_legend import LineLegend
from explorer.app.widgets.numbers import UNKNOWN, percent, tabular
from explorer.engine.explain.blocks_records import BlocksResult, BlockStatisticsResult
from explorer.engine.records import Counts

_ROW = 26
_FIGURE_SPACE = "\u2007"
"""As wide as a digit."""
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ExitsPage(QWidget):
    """A row a block: answer and probability of the picture, accuracy over the set; the accuracies as a chart."""

    hovered = Signal(str)
    block_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ids: tuple[str, ...] = ()
        self._found: Found = None
        self._measured: Measured = None
        self.table = QTableWidget()
        self.table.setAccessibleName(tr("What the head says behind each block"))
        self.table.setFrameShape(QFrame.Shape.NoFrame)
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(_ROW)
        self.table.horizontalHeader().setHighlightSections(False)
        tabular(self.table)
        self.table.cellActivated.connect(self._activated)
        self.table.cellClicked.connect(self._activated)
        self.chart = LineChart(tr("Accuracy of the head behind each layer of the last stage"))
        self.legend = LegendStrip()
        self.chart.pointed.connect(self._point)
        self.words = paragraph(rank="small")
        right = QVBoxLayout()
        right.setSpacing(4)
        right.addWidget(self.legend)
        right.addWidget(self.chart, 1)
        row = QHBoxLayout()
        row.setSpacing(2 * SPACE)
        row.addWidget(self.table, 3)
        row.addLayout(right, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(row, 1)
        layout.addWidget(self.words)

    def show_figures(self, found: Found, measured: Measured) -> None:
        """Of the picture and of the set, so far as they are there."""
        self._found, self._measured = found, measured
        self._show_table(found, measured)
        series, frame = exit_series(measured), exit_frame(measured)
        self.chart.show_series(series, frame)
        self.legend.show_legend(LineLegend(series, frame, tr("95 % interval")))
        for widget in (self.chart, self.legend):
            widget.setVisible(bool(series))
        self._rest()

    def _rest(self) -> None:
        self.words.setMinimumHeight(0)
        result = self._measured or self._found
        told = [] if result is None else [translated(result.figures.outline.missing_exits)]
        told.append(tr("The last row is the network's own answer."))
        if self._measured is None:
            told.append(tr("Measure for the accuracy behind each block."))
        else:
            told.append(tr("Shares are of {count} images.", count=f"{self._measured.images:,}"))
        told.append("" if result is None else untrained_words(result))
        self.words.setText(" ".join(one for one in told if one))

    def _show_table(self, found: Found, measured: Measured) -> None:
        result = measured or found
        self._ids = () if result is None else result.figures.outline.exits
        columns = _columns(found, measured)
        self.table.setColumnCount(len(columns))
        self.table.setRowCount(len(self._ids))
        self.table.setHorizontalHeaderLabels([title for title, _, _ in columns])
        for column, (title, tip, left) in enumerate(columns):
            item = QTableWidgetItem(title)
            item.setToolTip(tip)
            item.setTextAlignment(_LEFT if left else _RIGHT)
            self.table.setHorizontalHeaderItem(column, item)
        for row, block in enumerate(self._ids):
            texts = [block, *_picture_texts(found, row), *_set_texts(measured, row)]
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                left = columns[column][2]
                item.setTextAlignment(_LEFT if left else _RIGHT)
                self.table.setItem(row, column, item)
        header = self.table.horizontalHeader()
        for column in range(len(columns)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        if len(columns) > 1:
            header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)

    def _point(self, series: int, point: int) -> None:
        if series < 0 or self._measured is None:
            self.hovered.emit("")
            self._rest()
            return
        figures = (self._measured.figures, self._measured.twin)[series]
        assert figures is not None
        block = figures.outline.exits[point]
        self.hovered.emit(block if series == 0 else "")
        words = count_words(figures.exits[point])
        self.words.setMinimumHeight(self.words.height())  # else the chart would move below the pointer
        self.words.setText(tr("{network}, behind {block}: {words}", network=figures.outline.spec.name, block=block,
                              words=words))  # fmt: skip
        self.chart.setAccessibleDescription(self.words.text())

    def _activated(self, row: int, _column: int) -> None:
        if row < len(self._ids):
            self.block_chosen.emit(self._ids[row])


def count_words(counts: Counts) -> str:
    """`93.6 % right (95 % interval 91.1 to 95.4), n = 500`."""
    low, high = counts.interval()
    words = "{share} right (95 % interval {low} to {high}), n = {count}"
    if counts.correct is None:
        words = "{share} as in the end (95 % interval {low} to {high}), n = {count}"
    value = counts.agreement if counts.correct is None else counts.accuracy
    return tr(words, share=share(np.nan if value is None else value), low=percent(low), high=percent(high),
              count=f"{counts.images:,}")  # fmt: skip


def _columns(found: BlocksResult | None, measured: BlockStatisticsResult | None) -> list[tuple[str, str, bool]]:
    """Heading, tooltip, and whether it stands left."""
    columns = [(tr("Behind"), tr("The block after which the head is applied"), True)]
    if found is not None:
        columns.append((tr("Says of this picture"), tr("The likeliest class and its probability"), True))
        if found.label is not None:
            columns.append((tr("True class"), tr("Probability of the picture's true class"), False))
    if measured is not None:
        if measured.figures.exits[-1].correct is not None:
            columns.append((tr("Right"), tr("Accuracy over the image set"), False))
        else:
            words = tr("Share of images of which the head says here what it says in the end")
            columns.append((tr("As in the end"), words, False))
    return columns


def _picture_texts(found: BlocksResult | None, row: int) -> list[str]:
    if found is None:
        return []
    prediction = found.exit(row)
    if not prediction.finite:
        return [tr("no numbers"), *([] if found.label is None else [UNKNOWN])]
    _, name, probability = prediction.top(1)[0]
    told = [f"{share(probability).rjust(7, _FIGURE_SPACE)}  {name}"]
    if found.label is not None:
        told.append(share(float(prediction.probabilities[found.label])))
    return told


def _set_texts(measured: BlockStatisticsResult | None, row: int) -> list[str]:
    if measured is None:
        return []
    counts = measured.figures.exits[row]
    value = counts.agreement if counts.correct is None else counts.accuracy
    return [share(np.nan if value is None else value)]
