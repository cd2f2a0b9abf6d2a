"""What stands beside the chart: the table, the paper, the protocol, and the images of a cell."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from explorer.app import study_texts as texts
from explorer.app.panels.study_damage import FlippedView
from explorer.app.panels.study_paper import PaperView
from explorer.app.text import tr, translated
from explorer.app.widgets.fields import Segmented
from explorer.app.widgets.labels import paragraph
from explorer.app.widgets.numbers import tabular, whole
from explorer.app.widgets.scroll_column import ScrollColumn
from explorer.app.widgets.study_table import StudyTable
from explorer.engine.study_records import StudyResult
from explorer.networks.lesion import Lesion

PAGES = ("table", "paper", "protocol", "images")


class StudySide(QWidget):
    """Pages, chosen above."""

    pointed = Signal(int, int)
    chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        names = (tr("Table"), tr("Paper"), tr("Protocol"), tr("Images"))
        tips = (
            tr("Every point; click a heading to sort, Enter to apply a row"),
            tr("What Veit et al. 2016 found, beside what this study found"),
            tr("How this study was done"),
            tr("Images whose prediction changed; click a cell of the heat map"),
        )
        self.choice = Segmented(list(zip(PAGES, names, tips, strict=True)), tr("Beside the chart"))
        self.table = StudyTable()
        self.table.pointed.connect(self.pointed)
        self.table.chosen.connect(self.chosen)
        self.paper = PaperView()
        self.protocol = ProtocolView()
        self.images = FlippedView()
        self._pages = QStackedWidget()
        for page in (self.table, self.paper, self.protocol, self.images):
            self._pages.addWidget(page)
        self.choice.chosen.connect(self.turn_to)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.choice, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._pages, 1)
        self._results: tuple[StudyResult, ...] = ()
        self._marked = Lesion()
        self.choice.buttons["images"].hide()
        self.turn_to("table")

    def show_results(self, results: Sequence[StudyResult], marked: Lesion) -> None:
        """Take the next snapshot; a page that is not in sight waits until it is."""
        self._results, self._marked = tuple(results), marked
        self._feed()

    def turn_to(self, page: str) -> None:
        """Show a page."""
        self.choice.buttons["images"].setVisible(page == "images" or not self.choice.buttons["images"].isHidden())
        self.choice.set_value(page)
        self._pages.setCurrentIndex(PAGES.index(page))
        self._feed()

    def forget_images(self) -> None:
        """Another study: the images of before are not its."""
        if self.choice.value == "images":
            self.turn_to("table")
        self.choice.buttons["images"].hide()

    def _feed(self) -> None:
        page = self.choice.value
        if page == "table":
            self.table.show_results(self._results, self._marked)
        elif page == "paper":
            self.paper.show_results(self._results)
        elif page == "protocol":
            self.protocol.show_results(self._results)


class ProtocolView(ScrollColumn):
    """How a study was done: sentences, then names and values, then the command that repeats it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = self.column
        self.sentences = _selectable("")
        self.notes = _selectable("muted")
        self._entries = QWidget()
        self._grid = QGridLayout(self._entries)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self.values: dict[str, QLabel] = {}
        self.command = _selectable("muted")
        self.command.setToolTip(tr("The command line that repeats this study"))
        for widget in (self.sentences, self.notes, self._entries, self.command):
            column.addWidget(widget)
        column.addStretch(1)

    def show_results(self, results: Sequence[StudyResult]) -> None:
        """Show the protocols of the studies, the first one's values in full."""
        if not results:
            self.sentences.setText(tr("Here stands how a study was done, once there is one."))
            return
        self.sentences.setText("\n\n".join(_sentences(result, len(results) > 1) for result in results))
        notes = [translated(note) for result in results for note in result.notes]
        self.notes.setText("\n".join(notes))
        self.notes.setVisible(bool(notes))
        self.command.setText(results[0].protocol.command)
        self._show_entries(progress_entries(results[0]) + list(results[0].protocol.entries))

    def _show_entries(self, entries: list[tuple[str, str]]) -> None:
        for name, value in entries:
            if name not in self.values:
                row = len(self.values)
                label = QLabel(translated(name))
                label.setProperty("rank", "small")
                shown = _selectable("small")
                tabular(shown)
                self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
                self._grid.addWidget(shown, row, 1)
                self.values[name] = shown
            self.values[name].setText(translated(value))
        wanted = {name for name, _ in entries}
        for row, name in enumerate(self.values):
            for column in (0, 1):
                item = self._grid.itemAtPosition(row, column)
                widget = None if item is None else item.widget()
                if widget is not None:
                    widget.setVisible(name in wanted)


def _sentences(result: StudyResult, named: bool) -> str:
    words = " ".join(translated(sentence) for sentence in result.protocol.sentences)
    return f"{texts.study_name(result)}: {words}" if named else words


def progress_entries(result: StudyResult) -> list[tuple[str, str]]:
    """What changes while a study runs."""
    seen = [point.counts.images for point in result.points]
    entries = [
        (tr("images so far"), tr("{seen} of {total}", seen=whole(min(seen, default=0)), total=whole(result.total))),
        (tr("arithmetic"), translated(result.protocol.arithmetic)),
        (tr("runs on"), translated(result.device)),
        (tr("time"), texts.duration(result.seconds)),
    ]
    if result.left is not None and not result.finished:
        entries.append((tr("time left"), texts.duration(result.left)))
    return entries


def _selectable(rank: str) -> QLabel:
    label = paragraph(rank=rank)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
