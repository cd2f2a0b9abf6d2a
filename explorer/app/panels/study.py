"""The deletion laboratory in the window: set up a lesion study, watch it, read it, apply what it found.

The panel shows snapshots that the controller hands over, as they stream in, and asks for everything by signals.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QCursor, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QStackedWidget, QToolTip, QVBoxLayout, QWidget

from explorer.app import study_texts as texts
from explorer.app.panels.study_bar import StudyBar
from explorer.app.panels.study_budget import BudgetRow
from explorer.app.panels.study_damage import DamageView
from explorer.app.panels.study_foot import StudyFoot
from explorer.app.panels.study_setup import Setup, SetupColumn
from explorer.app.panels.study_side import StudySide
from explorer.app.panels.study_unfinished import UnfinishedRow
from explorer.app.study_numbers import block_of, usable
from explorer.app.text import tr, translated
from explorer.app.theme import SPACE, theme
from explorer.app.widgets.labels import paragraph
from explorer.app.widgets.legend import LegendStrip
from explorer.app.widgets.panel import Panel
from explorer.app.widgets.study_legend import StudyLegend
from explorer.engine.records import WeightsInfo
from explorer.engine.study_records import FlippedImages, StudyPoint, StudyResult
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from explorer.app.widgets.study_chart import ChartLook, StudyChart

__all__ = ["Setup", "StudyPanel"]
_SIDE, _LARGEST_SIDE, _SHARE = 300, 480, 0.42
"""Logical pixels that the side gets at first, and its share of the room where there is more."""
_MIDDLE = 240
"""What the chart gets beside it at first, at least."""
_ROOM_FOR_SIDE = 760
"""Narrower than this the side starts closed."""


class StudyPanel(Panel):
    """Setup to the left, the chart in the middle, table, paper and protocol to the right."""

    run_requested = Signal(object)
    """A Setup."""
    pause_requested = Signal()
    resume_requested = Signal()
    """Go on with the study that is paused."""
    cancel_requested = Signal()
    recipe_requested = Signal(str)
    """`fig3`, `fig5a` or `fig5b` of Veit et al. 2016; the setup's fields show it already."""
    compare_requested = Signal(str)
    """Name of a preset, or `twin`, to lay over the first study."""
    comparison_dropped = Signal()
    """Show the first study alone."""
    point_chosen = Signal(object, int)
    """A Lesion to apply, and the number of its study."""
    hovered = Signal(object, int)
    """Id of the block that is pointed at, None for none, and the number of its study."""
    flipped_requested = Signal(int, int, object)
    """Study, point and class, None for all, of the images to fetch."""
    export_requested = Signal(str)
    """`csv`, `png`, `svg` or `copy`."""
    take_up_requested = Signal()
    """Go on with the unfinished study of an earlier time."""
    discard_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Deletion study"), tr(texts.ABOUT), parent, scrolls=False)
        self._results: tuple[StudyResult, ...] = ()
        self._marked: Lesion = INTACT
        self._pointed = (-1, -1)
        self._awaited: tuple[int, int, int | None] | None = None
        self._sized = False
        self.chart: StudyChart | None = None
        for widget in (self.title, self.state):  # the tab says it already, the setup's column shows the progress
            widget.hide()
        self.setup_column = SetupColumn()
        self.bar = StudyBar(self.info)
        self.damage = DamageView()
        self.side = StudySide()
        self.budget = BudgetRow()
        self.budget.hide()
        self._unfinished = UnfinishedRow()
        self.take_up, self.discard = self._unfinished.take_up, self._unfinished.discard
        self.error = paragraph(rank="error")
        self.error.hide()
        self._build_middle()
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        row.addWidget(self.setup_column)
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addWidget(self.bar)
        column.addWidget(self._unfinished)
        column.addWidget(self.error)
        column.addWidget(self._splitter, 1)
        row.addLayout(column, 1)
        self.body.addLayout(row, 1)
        self._wire()
        self._order_tabs()
        self._show_page()
        theme().changed.connect(self._recolour)

    # -- building ------------------------------------------------------------------------------------------------

    def _build_middle(self) -> None:
        self.hint = paragraph()
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.legend = LegendStrip()
        self._chart_page = QWidget()
        self._chart_column = QVBoxLayout(self._chart_page)
        self._chart_column.setContentsMargins(0, 0, 0, 0)
        self._chart_column.setSpacing(2)
        self._chart_column.addWidget(self.legend)
        self._pages = QStackedWidget()
        for page in (self.hint, self._chart_page, self.damage):
            self._pages.addWidget(page)
        self.foot = StudyFoot()
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._pages, 1)
        column.addWidget(self.budget)
        column.addWidget(self.foot)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.addWidget(middle)
        self._splitter.addWidget(self.side)
        self._splitter.setCollapsible(0, False)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 0)
        self.side.hide()

    def _wire(self) -> None:
        column = self.setup_column
        column.run_requested.connect(self.run_requested)
        column.pause_requested.connect(self.pause_requested)
        column.resume_requested.connect(self.resume_requested)
        column.cancel_requested.connect(self.cancel_requested)
        column.recipe_requested.connect(self._follow_recipe)
        self.take_up.clicked.connect(self.take_up_requested)
        self.discard.clicked.connect(self.discard_requested)
        self.bar.changed.connect(self._draw)
        self.foot.compare_requested.connect(self.compare_requested)
        self.foot.comparison_dropped.connect(self.comparison_dropped)
        self.foot.export_requested.connect(self.export_requested)
        self.bar.side_toggled.connect(self._show_side)
        self.side.pointed.connect(self._row_pointed)
        self.side.chosen.connect(self._choose)
        self.damage.pointed.connect(self._cell_pointed)
        self.damage.chosen.connect(self._open_cell)
        self.budget.changed.connect(self._draw)
        self.budget.apply_requested.connect(partial(self._choose, 0))

    def _order_tabs(self) -> None:
        """As it is read: setup, the row above, the chart or the heat map, what stands below, what stands beside."""
        bar, side = self.bar, self.side
        chart = [] if self.chart is None else [self.chart]
        order: list[QWidget] = [
            *bar.view.buttons.values(), bar.measure, *bar.sorting.buttons.values(), *bar.across.buttons.values(),
            bar.side, self.take_up, self.discard, *chart, self.damage.map, self.budget.budget, self.budget.apply,
            self.foot.compare, self.foot.export, *side.choice.buttons.values(), side.table, self.info,
        ]  # fmt: skip
        for before, after in pairwise(order):
            self.setTabOrder(before, after)

    # -- what the controller calls ---------------------------------------------------------------------------------

    @property
    def unfinished(self) -> QLabel:
        """What the line on an interrupted study says."""
        return self._unfinished.words

    @property
    def results(self) -> tuple[StudyResult, ...]:
        """What is shown."""
        return self._results

    def setup(self) -> Setup:
        """What is set up now."""
        return self.setup_column.setup()

    def set_setup(self, setup: Setup) -> None:
        """Fill the setup's fields in."""
        self.setup_column.set_setup(setup)

    def show_network(self, spec: NetworkSpec, info: WeightsInfo | None) -> None:
        """Say what the open network can have; studies that are shown stay."""
        self.setup_column.show_network(spec, info)
        self._show_page()

    def show_results(self, results: Sequence[StudyResult]) -> None:
        """Show one study, or two over each other; partial ones come several times a second."""
        another = not self._results or not results or self._results[0].request != results[0].request
        self._results = tuple(results)
        if another:
            self._forget()
        self.error.hide()
        self.bar.show_results(self._results)
        if self._results:
            self.setup_column.show_progress(self._results[-1])
        self._draw()

    def _forget(self) -> None:
        """Another study: what was pointed at and waited for belongs to the one before."""
        if self._pointed[0] >= 0:
            self.hovered.emit(None, 0)
        self._pointed, self._awaited = (-1, -1), None
        if self.chart is not None:
            self.chart.point_at(-1, -1)
        self.side.forget_images()

    def show_state(self, state: str) -> None:
        """`idle`, `running` or `paused`."""
        self.setup_column.show_activity(state)
        if self._results:
            self.setup_column.show_progress(self._results[-1])
        if state == "running":
            self.error.hide()
        self._show_page()

    def show_unfinished(self, text: str | None) -> None:
        """Offer to take up a study that was interrupted, or no longer."""
        self._unfinished.show_words(text)

    def show_error(self, sentence: str) -> None:
        """Say why a study stopped; what was measured stays."""
        self.error.setText(sentence)
        self.error.show()

    def show_flipped(self, images: FlippedImages, result: StudyResult, point: StudyPoint, label: int | None) -> None:
        """Show images whose prediction changed, if they are still what is waited for."""
        if self._awaited is not None:
            study, number, awaited = self._awaited
            if (self._results[study].points[number].lesion, awaited) == (point.lesion, label):
                self.side.images.show_flipped(images, result, point, label)

    def mark(self, lesion: Lesion) -> None:
        """Mark the point that stands for what the open network has now."""
        if lesion != self._marked:
            self._marked = lesion
            self._draw()

    def look(self) -> ChartLook:
        """What the chart shows, for files of it."""
        from explorer.app.widgets.study_chart import ChartLook

        measure, sorting, across = self.bar.look()
        return ChartLook(measure, sorting, across, self.budget.point, self._marked)

    # -- drawing -------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        """What has changed goes to whoever is in sight."""
        self.bar.show_results(self._results)
        self.budget.show_result(self._results[0] if self._results else None)
        self._show_page()
        if not self._results:
            return
        self._open_side_at_first()
        look = self.look()
        self.legend.show_legend(StudyLegend.of(self._results, usable(self._results[0], look.measure)))
        if self.bar.view.value == "classes":
            self.damage.show_results(self._results)
        else:
            self._made_chart().show_results(self._results, look)
        if not self.side.isHidden():
            self.side.show_results(self._results, self._marked)
        self._show_words()

    def showEvent(self, event: QShowEvent) -> None:
        """The chart is made now, so that the first results need not wait for it."""
        super().showEvent(event)
        self._made_chart()

    def _made_chart(self) -> StudyChart:
        """The chart, made when it is first needed: pyqtgraph takes longer to import than all other panels."""
        if self.chart is None:
            from explorer.app.widgets.study_chart import StudyChart

            self.chart = StudyChart(theme().palette)
            self.chart.pointed.connect(self._chart_pointed)
            self.chart.chosen.connect(self._choose)
            self._chart_column.addWidget(self.chart, 1)
            self.chart.show()
            self._order_tabs()
        return self.chart

    def _recolour(self) -> None:
        if self.chart is not None:
            self.chart.recolour(theme().palette)

    def _show_page(self) -> None:
        if self._results:
            page: QWidget = self.damage if self.bar.view.value == "classes" else self._chart_page
        else:
            page = self.hint
            self.hint.setText(self._what_next())
        self._pages.setCurrentWidget(page)
        self.foot.show_results(self._results)

    def _what_next(self) -> str:
        if self.setup_column.activity != "idle":
            return tr("The first figures appear here in a moment.")
        return tr(
            "Choose a study and press Run. Each block's damage appears here as the images come in; click a bar to do "
            "the same to the open network.\n\nThe three buttons at the left repeat the figures of Veit et al. 2016."
        )

    def _show_words(self) -> None:
        """One line on what is pointed at, else on how the study was done."""
        study, point = self._pointed
        if 0 <= study < len(self._results) and point < len(self._results[study].points):
            words = " · ".join(texts.point_lines(self._results[study], point))
            self.foot.words.setText(words)
            self.foot.words.set_tip("")
            if self.chart is not None:
                self.chart.setAccessibleDescription(words)
            return
        result = self._results[0]
        parts = [
            texts.images_words(result), translated(result.protocol.arithmetic), translated(result.device),
            texts.duration(result.seconds),
        ]  # fmt: skip
        self.foot.words.setText(" · ".join(parts))
        self.foot.words.set_tip("\n".join(translated(sentence) for sentence in result.protocol.sentences))

    # -- the side ------------------------------------------------------------------------------------------------

    def _open_side_at_first(self) -> None:
        """Beside the first results, where there is room."""
        if not self._sized:
            self._sized = True
            self._show_side(self.width() >= _ROOM_FOR_SIDE)

    def _show_side(self, there: bool) -> None:
        self.side.setVisible(there)
        self.bar.show_side(there)
        if there:
            if not self._splitter.sizes()[1]:
                width = self._splitter.width()
                side = round(min(max(_SIDE, _SHARE * width), _LARGEST_SIDE))
                self._splitter.setSizes([max(width - side, _MIDDLE), side])
            self.side.show_results(self._results, self._marked)

    def _turn_side_to(self, page: str) -> None:
        self._show_side(True)
        self.side.turn_to(page)

    # -- pointing and choosing -----------------------------------------------------------------------------------

    def _point_at(self, study: int, point: int) -> None:
        """Make a point stand out in words and diagram."""
        self._pointed = (study, point)
        block = block_of(self._results[study].points[point]) if study >= 0 else None
        self.hovered.emit(block, max(study, 0))
        self._show_words()

    def _chart_pointed(self, study: int, point: int) -> None:
        self._point_at(study, point)
        self.side.table.select_point(study, point)
        if study < 0 or self.chart is None or not self.chart.underMouse():
            QToolTip.hideText()
            return
        words = "\n".join(texts.point_lines(self._results[study], point))
        QToolTip.showText(QCursor.pos() + QPoint(12, 12), words, self.chart)

    def _row_pointed(self, study: int, point: int) -> None:
        self._point_at(study, point)
        if self.chart is not None:
            self.chart.point_at(study, point)

    def _cell_pointed(self, point: int) -> None:
        self._point_at(min(point, 0), point)

    def _choose(self, study: int, point: int) -> None:
        self.point_chosen.emit(self._results[study].points[point].lesion, study)

    def _open_cell(self, point: int, label: int) -> None:
        self._awaited = (0, point, label)
        self._turn_side_to("images")
        self.side.images.show_waiting(self._results[0], self._results[0].points[point], label)
        self.flipped_requested.emit(0, point, label)

    def _follow_recipe(self, name: str) -> None:
        self._turn_side_to("paper")
        self._sized = True
        self.recipe_requested.emit(name)
