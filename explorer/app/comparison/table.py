"""The table of what differs: a column a network, differences in the foreground, the selected part below."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QFont, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.app.comparison.rows import (
    Row,
    accuracy_rows,
    fact_rows,
    selection_rows,
    sources,
    timing_row,
)
from explorer.app.text import tr, translated
from explorer.app.theme import SPACE, theme
from explorer.app.widgets.labels import paragraph
from explorer.app.widgets.numbers import tabular
from explorer.engine.known_accuracies import Known
from explorer.engine.timing_records import TimingResult
from explorer.networks.spec import NetworkSpec

Found = tuple[tuple[str, ...], ...]
_TITLE = 168


class DifferenceTable(QWidget):
    """What differs between networks; what is equal stands back."""

    measure_requested = Signal()
    """Latency is to be measured, or the measurement to be stopped."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._specs: tuple[NetworkSpec, ...] = ()
        self._known: tuple[tuple[Known, ...], ...] = ()
        self._timing: TimingResult | None = None
        self._found: Found | None = None
        self.rows: list[Row] = []
        self.table = QTableWidget()
        self._set_up_table()
        self.measure = QPushButton(tr("Measure latency"))
        self.measure.setProperty("small", True)
        self.measure.clicked.connect(self.measure_requested)
        self.told = paragraph(rank="small")
        self.sources = paragraph(rank="small")
        foot = QHBoxLayout()
        foot.setSpacing(12)
        foot.addWidget(self.measure, 0, Qt.AlignmentFlag.AlignTop)
        foot.addWidget(self.told, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE, SPACE, 2 * SPACE, 2 * SPACE)
        layout.setSpacing(12)
        layout.addWidget(self.table, 1)
        layout.addLayout(foot)
        layout.addWidget(self.sources)
        theme().changed.connect(self._fill)
        self.show_progress(None)

    def _set_up_table(self) -> None:
        table = self.table
        table.setAccessibleName(tr("What differs"))
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setWordWrap(True)
        table.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setHorizontalScrollMode(QTableWidget.ScrollMode.ScrollPerPixel)
        table.setVerticalScrollMode(QTableWidget.ScrollMode.ScrollPerPixel)
        tabular(table)

    # -- what the window calls -----------------------------------------------------------------------------------

    def show_networks(self, specs: tuple[NetworkSpec, ...], known: tuple[tuple[Known, ...], ...]) -> None:
        """Other networks, whose latency is not measured yet."""
        self._specs, self._known = specs, known
        self._timing = self._found = None
        self._fill()

    def show_known(self, known: tuple[tuple[Known, ...], ...]) -> None:
        """More accuracies have become known."""
        self._known = known
        self._fill()

    def show_timing(self, timing: TimingResult) -> None:
        self._timing = timing
        self._fill()

    def show_selection(self, found: Found | None) -> None:
        """Ids of the selected part and its counterparts, None where nothing is selected."""
        self._found = found
        self._fill()
        if found is not None:
            self.table.scrollToBottom()

    def show_progress(self, share: float | None) -> None:
        """How far the measurement is; None where none runs."""
        running = share is not None
        self.measure.setText(tr("Stop measuring") if running else tr("Measure latency"))
        words = tr("Measuring… {share} %", share=f"{100 * (share or 0):.0f}")
        if not running:
            words = tr("Passes of one picture through each network in turns; median of at least five rounds.")
            if self._timing is not None and self._timing.note:
                words = translated(self._timing.note)
        self.told.setText(words)

    # -- filling -------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        if not self._specs:
            return
        count = len(self._specs)
        rows = [*fact_rows(self._specs), timing_row(self._timing, count)]
        published = accuracy_rows(self._known)
        if published:
            rows += [Row(tr("Accuracy, top 1"), heading=True), *published]
        rows.append(Row(tr("Selected part"), heading=True))
        if self._found is not None:
            rows += selection_rows(self._specs, self._found, self._timing)
        else:
            rows[-1] = Row(tr("Click a block to compare it with its counterparts"), heading=True, hint=True)
        self.rows = rows
        table = self.table
        table.setColumnCount(count + 1)
        table.setRowCount(len(rows))
        self._fill_header()
        for number, row in enumerate(rows):
            self._fill_row(number, row)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(0, _TITLE)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self._fit_rows()
        told = sources(self._known)
        self.sources.setText(tr("Sources of the accuracies: {sources}", sources=told) if told else "")
        self.sources.setVisible(bool(told))

    def _fill_header(self) -> None:
        """The networks' names, and what the ratios are of."""
        first = self._specs[0].name
        ratios = tr("× of the first")
        for column, name in enumerate([ratios, *(spec.name for spec in self._specs)]):
            item = QTableWidgetItem(name)
            item.setToolTip(name if column else tr("×2 is twice what {network} has", network=first))
            self.table.setHorizontalHeaderItem(column, item)

    def _fit_rows(self) -> None:
        """Rows of two lines keep their distance from the next ones, too."""
        table = self.table
        table.resizeRowsToContents()
        line = table.fontMetrics().lineSpacing()
        for row in range(table.rowCount()):
            wanted = table.sizeHintForRow(row)
            if wanted > 1.7 * line:
                table.setRowHeight(row, wanted + 8)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words break elsewhere in another width."""
        super().resizeEvent(event)
        self._fit_rows()

    def _fill_row(self, number: int, row: Row) -> None:
        palette = theme().palette
        self.table.clearSpans() if number == 0 else None
        title = QTableWidgetItem(row.title)
        title.setForeground(QColor(palette.muted))
        self.table.setItem(number, 0, title)
        if row.heading:
            if not row.hint:
                title.setFont(_bold(self.table.font()))
            self.table.setSpan(number, 0, 1, self.table.columnCount())
            return
        for column, cell in enumerate(row.cells, 1):
            item = QTableWidgetItem(f"{cell.text}  {cell.more}".rstrip())
            item.setToolTip(cell.tip or cell.text)
            item.setForeground(QColor(palette.text if row.differs else palette.muted))
            if row.differs:
                item.setFont(_bold(self.table.font()))
            self.table.setItem(number, column, item)


def _bold(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    return bold
