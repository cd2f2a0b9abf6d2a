"""Paths through the network: how many, how long, what gradient they carry, and three blocks unravelled."""

from __future__ import annotations

from typing import Literal, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QStackedWidget, QVBoxLayout, QWidget

from explorer.app import paths_words as words
from explorer.app.panels.paths_bar import PathsBar
from explorer.app.panels.unravelled import UnravelledView
from explorer.app.paths_charts import Shown, band_words, drawing
from explorer.app.text import tr, translated
from explorer.app.widgets.fields import Segmented
from explorer.app.widgets.labels import paragraph
from explorer.app.widgets.legend import LegendStrip
from explorer.app.widgets.line_chart import LineChart
from explorer.app.widgets.line_legend import LineLegend
from explorer.app.widgets.panel import Panel
from explorer.engine.explain.paths_records import PathsResult
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.paths import PathCounts, remarks, why_none
from explorer.networks.spec import NetworkSpec

Page = Literal["counts", "gradient", "product", "unravelled"]


class PathsPanel(Panel):
    """Four pages; the counts need nothing but the network."""

    measure_requested = Signal()
    cancel_requested = Signal()
    images_changed = Signal()
    page_shown = Signal()
    blocks_chosen = Signal(tuple)
    """Ids of the blocks to unravel."""
    path_pointed = Signal(object, object)
    """Ids of the blocks whose branch, and whose shortcut, the path under the pointer takes; both empty for none."""
    export_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Paths"), tr(words.ABOUT), parent, scrolls=False)
        self._spec: NetworkSpec | None = None
        self._lesion = INTACT
        self._counts = PathCounts(())
        self._result: PathsResult | None = None
        self._apart: PathsResult | None = None
        self._pointed = -1
        self._build_header()
        self._build_chart()
        self.unravelled = UnravelledView()
        self.unravelled.chosen.connect(self.blocks_chosen)
        self.unravelled.pointed.connect(self.path_pointed)
        self.hint = paragraph()
        self._hint_page = QWidget()
        column = QVBoxLayout(self._hint_page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.hint)
        column.addStretch(1)
        self._stack = QStackedWidget()
        for page in (self._chart_page, self.unravelled, self._hint_page):
            self._stack.addWidget(page)
        self.error = paragraph(rank="error")
        self.error.hide()
        self.body.addWidget(self.error)
        self.body.addWidget(self._stack, 1)
        self.body.addWidget(self.bar)
        self.body.setSpacing(4)
        self.finish()

    def _build_header(self) -> None:
        """Pages in place of the title, which the tab already shows."""
        self.title.hide()
        self.pages = Segmented(
            [
                ("counts", tr("Counts"), tr("How many paths of each length there are")),
                ("gradient", tr("Gradient"), tr("The gradient over one path of each length")),
                ("product", tr("Together"), tr("Both multiplied: which lengths matter")),
                ("unravelled", tr("Unravelled"), tr("Three blocks, and the eight paths through them")),
            ],
            tr("What is shown"),
        )
        self.pages.set_value("counts")
        self.pages.chosen.connect(self._page_chosen)
        self.log = QPushButton(tr("Log"))
        self.log.setCheckable(True)
        self.log.setProperty("chip", True)
        self.log.setToolTip(tr("A logarithmic axis, on which few paths can be seen beside many"))
        self.log.toggled.connect(self._show)
        self.bar = PathsBar()
        self.bar.measure_requested.connect(self.measure_requested)
        self.bar.cancel_requested.connect(self.cancel_requested)
        self.bar.images_changed.connect(self.images_changed)
        self.save = QPushButton(tr("Save…"))
        self.save.setProperty("quiet", True)
        self.save.clicked.connect(self.export_requested)
        self.header.insertWidget(0, self.pages)
        self.header.insertWidget(1, self.log)
        self.header.addWidget(self.bar.button)
        self.header.addWidget(self.save)

    def _build_chart(self) -> None:
        self._chart_page = QWidget()
        column = QVBoxLayout(self._chart_page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.told = paragraph(rank="")
        self.legend = LegendStrip()
        self.chart = LineChart(tr("Chart of the paths by length"))
        self.chart.pointed.connect(self._chart_pointed)
        column.addWidget(self.told)
        column.addWidget(self.legend)
        column.addWidget(self.chart, 1)

    # -- what the desk says --------------------------------------------------------------------------------------

    @property
    def page(self) -> Page:
        return cast(Page, self.pages.value)

    @property
    def result(self) -> PathsResult | None:
        """Gradients by length as they are shown."""
        return self._result

    @property
    def apart(self) -> PathsResult | None:
        """The chosen blocks' shares as they are shown; None where they are of other blocks."""
        found = None if self._apart is None else self._apart.unravelled
        return self._apart if found is not None and found.chosen == self.unravelled.blocks else None

    @property
    def lesion(self) -> Lesion:
        return self._lesion

    @property
    def counts(self) -> PathCounts:
        return self._counts

    @property
    def drawn(self) -> Shown:
        """The chart that is shown, or was last."""
        return "counts" if self.page == "unravelled" or self._result is None else self.page

    def show_page(self, page: Page) -> None:
        self.pages.set_value(page)
        self._page_chosen()

    def show_network(self, spec: NetworkSpec, lesion: Lesion) -> None:
        """Its paths, and what is left of them."""
        self._spec, self._lesion = spec, lesion
        self._counts = PathCounts.of(spec, lesion)
        self.unravelled.show_lesion(lesion)
        self._show()

    def show_blocks(self, blocks: tuple[str, ...]) -> None:
        """The blocks to unravel."""
        self.unravelled.show_blocks(self._counts.forks, blocks)

    def show_result(self, result: PathsResult | None) -> None:
        """Gradients by length so far; None for none."""
        self._result = result if result is not None and len(result.norms) else None
        self._show()

    def show_unravelled(self, result: PathsResult | None) -> None:
        """The chosen blocks' shares, None for none."""
        self._apart = result
        self.unravelled.show_found(None if result is None else result.unravelled)
        self._show()

    def show_running(self, running: bool) -> None:
        """Whether something is being measured."""
        self.bar.show_running(running)
        if not running:
            self.set_state("")
        self._show()

    def show_error(self, text: str) -> None:
        """Why a measurement stopped; empty for no reason any more."""
        self.error.setText(text)
        self.error.setVisible(bool(text))

    # -- inside --------------------------------------------------------------------------------------------------

    def _page_chosen(self) -> None:
        self._pointed = -1
        self._show()
        self.page_shown.emit()

    def _why_empty(self) -> str:
        """Why there is no chart."""
        if self._spec is None:
            return ""
        why = why_none(self._spec)
        if why is not None:
            return translated(why)
        if self.page in ("gradient", "product") and self._result is None:
            if self.bar.running:
                return tr("The first figures appear here in a moment.")
            return tr(
                "Press Measure: the gradient is taken back over random paths of every length, from one that goes "
                "around all blocks to the one that goes through all {count} of them.",
                count=self._counts.blocks,
            )  # fmt: skip
        return ""

    def _show(self) -> None:
        why = self._why_empty()
        there = self._spec is not None and why_none(self._spec) is None
        self.bar.setVisible(there)
        self.bar.button.setVisible(there)
        self.bar.seeds.setVisible(self.page != "unravelled")
        apart = self.page == "unravelled"
        self.save.setVisible(there and not (apart and self.apart is None))
        self.save.setToolTip(
            tr("Save the paths' figures (.csv)") if apart else tr("Save the chart (.svg, .png) or all figures (.csv)")
        )
        self.log.setVisible(there and not why and self.page in ("counts", "product"))
        self.hint.setText(why)
        if why:
            self._stack.setCurrentWidget(self._hint_page)
        elif self.page == "unravelled":
            self._stack.setCurrentWidget(self.unravelled)
        elif self._spec is not None:
            self._stack.setCurrentWidget(self._chart_page)
            self._draw()
        self._show_foot()

    def _draw(self) -> None:
        shown = self.drawn
        series, frame = drawing(shown, self._counts, self._result, self.log.isChecked())
        self.chart.show_series(series, frame)
        band = band_words(self._result) if self._result is not None and shown != "counts" else ""
        self.legend.show_legend(LineLegend(series, frame, band))
        self.told.setText(self._words(shown))

    def _words(self, shown: Shown) -> str:
        if shown == "counts" or self._result is None:
            return words.count_words(self._counts)
        return words.gradient_words(self._result) if shown == "gradient" else words.effective_words(self._result)

    def _show_foot(self) -> None:
        """On what is pointed at, else on how it was measured, else on how it is counted."""
        if self._pointed >= 0:
            text = words.length_words(self._counts, self._result, self._pointed)
        elif self.page == "unravelled":
            text = "" if self._apart is None else words.source_words(self._apart, orders=False)
        elif self.page == "counts" or self._result is None:
            text = "" if self._spec is None else " ".join(map(translated, remarks(self._spec)))
        else:
            text = words.source_words(self._result)
        self.bar.words.setText(text)
        self.chart.setAccessibleDescription(text)

    def _chart_pointed(self, series: int, point: int) -> None:
        self._pointed = point if series >= 0 else -1
        self._show_foot()
