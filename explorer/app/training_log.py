"""A dialog with the training of the bundled networks: error by epoch, and how to make each again.

Plain and residual networks of two depths lie over each other, as in He et al. 2015, Fig. 6 left and middle: what
training gave is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.app.text import tr
from explorer.app.theme import SPACE, theme
from explorer.app.widgets.labels import ElidedLabel
from explorer.engine.training_logs import TrainingLog

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
"""Okabe and Ito, in an order in which neighbours differ most."""
_MARK = 12


class TrainingLogDialog(QDialog):
    """Choose networks on the left; their training error by epoch is on the right.

    Args:
        logs: of every bundled network.
        chosen: keys of those shown at first.
    """

    def __init__(self, logs: Iterable[TrainingLog], chosen: Iterable[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("How the bundled networks were trained"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(980, 560)
        self._logs = tuple(logs)
        self.table = self._make_table(set(chosen))
        self.plot = pg.PlotWidget()
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(False, False)
        self.plot.setAccessibleName(tr("Training error by epoch"))
        self.command = ElidedLabel(rank="muted", middle=True)
        self.command.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        note = QLabel(
            tr(
                "Share of wrong answers on the training images, flipped and shifted at random, while each epoch ran; "
                "the test figure is that of the bundled file, on images used for nothing else. A deeper plain network "
                "that trains worse is the degradation of He et al. 2015 (section 1 and Fig. 6); they hold vanishing "
                "gradients an unlikely cause (section 4.1)."
            ),
            wordWrap=True,
        )
        note.setProperty("rank", "muted")
        row = QHBoxLayout()
        row.setSpacing(2 * SPACE)
        row.addWidget(self.table, 5)
        row.addWidget(self.plot, 6)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(2 * SPACE,) * 4)
        layout.setSpacing(SPACE)
        layout.addLayout(row, 1)
        layout.addWidget(note)
        layout.addWidget(self.command)
        layout.addWidget(buttons)
        self.table.itemChanged.connect(self._draw)
        self.table.currentCellChanged.connect(self._tell)
        theme().changed.connect(self._draw)
        self._draw()
        self.table.setCurrentCell(0, 0)
        self._tell()

    def _make_table(self, chosen: set[str]) -> QTableWidget:
        heads = (tr("Network"), tr("Epochs"), tr("Training error"), tr("Test accuracy"))
        table = QTableWidget(len(self._logs), len(heads))
        table.setHorizontalHeaderLabels(heads)
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setAccessibleName(tr("Bundled networks"))
        for row, log in enumerate(self._logs):
            name = QTableWidgetItem(log.spec.name)
            name.setCheckState(Qt.CheckState.Checked if log.key in chosen else Qt.CheckState.Unchecked)
            table.setItem(row, 0, name)
            low, high = log.interval
            accuracy = tr("{share:.2f} %", share=100 * log.correct / log.images)
            cells = (str(len(log.epochs)), tr("{share:.2f} %", share=100 * log.errors[-1]), accuracy)
            for column, text in enumerate(cells, 1):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                table.setItem(row, column, item)
            item.setToolTip(
                tr(
                    "{correct:,} of {images:,}; 95 % interval {low:.1f} to {high:.1f} %",
                    correct=log.correct, images=log.images, low=100 * low, high=100 * high,
                )
            )  # fmt: skip
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        return table

    def chosen(self) -> tuple[TrainingLog, ...]:
        """Those that are drawn."""
        names = [self.table.item(row, 0) for row in range(len(self._logs))]
        checked = [name is not None and name.checkState() is Qt.CheckState.Checked for name in names]
        return tuple(log for log, shown in zip(self._logs, checked, strict=True) if shown)

    def _draw(self) -> None:
        colours = theme().palette
        plot = self.plot.getPlotItem()
        plot.clear()
        self.plot.setBackground(colours.window)
        for side, text in (("left", tr("Training error")), ("bottom", tr("Epoch"))):
            axis = plot.getAxis(side)
            axis.setPen(colours.line)
            axis.setTextPen(colours.muted)
            axis.setLabel(text, units="%" if side == "left" else None, color=colours.muted)
            axis.enableAutoSIPrefix(False)
        plot.showGrid(x=False, y=True, alpha=0.15)
        legend = plot.legend or plot.addLegend(offset=(-_MARK, _MARK), labelTextColor=colours.text)
        legend.setLabelTextColor(colours.text)
        for log in self.chosen():
            pen = QPen(QColor(_COLOURS[self._logs.index(log) % len(_COLOURS)]), 2)
            pen.setCosmetic(True)
            pen.setStyle(Qt.PenStyle.DashLine if log.spec.plain else Qt.PenStyle.SolidLine)
            errors = [100 * error for error in log.errors]
            plot.plot(log.epochs, errors, pen=pen, name=log.spec.name, antialias=True)
        plot.setYRange(0, self._highest(), padding=0.02)

    def _highest(self) -> float:
        """Above the second epoch's errors: the first one's would press all others flat."""
        later = [100 * error for log in self.chosen() for error in log.errors[1:]]
        return max(later, default=10.0) * 1.15

    def _tell(self) -> None:
        """The command of the current row."""
        row = self.table.currentRow()
        if 0 <= row < len(self._logs):
            self.command.setText(self._logs[row].command)


def show_training_logs(logs: Iterable[TrainingLog], open_key: str, parent: QWidget) -> None:
    """Open the dialog; drawn at first are the network that is open, plain ones and those with a plain twin here."""
    logs = tuple(logs)
    plain = {log.spec.depth for log in logs if log.spec.plain}
    pairs = {log.key for log in logs if log.spec.family == "cifar" and log.spec.depth in plain and log.spec.depth > 15}
    TrainingLogDialog(logs, {open_key, *pairs}, parent).open()
