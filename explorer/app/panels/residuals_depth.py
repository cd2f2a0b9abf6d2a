"""Along the depth: |F(x)| / |x|, the cosine, or each layer's response, of this picture and over the image set."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from explorer.app.block_figures import Line, Sorting, depth_frame, depth_lines
from explorer.app.block_words import NAMES, TIPS, Found, Measured, lost_words, point_words, untrained_words
from explorer.app.text import tr, translated
from explorer.app.theme import SPACE
from explorer.app.widgets.fields import Segmented
from explorer.app.widgets.labels import ElidedLabel, paragraph
from explorer.app.widgets.legend import LegendStrip
from explorer.app.widgets.line_chart import LineChart
from explorer.app.widgets.line_legend import LineLegend
from explorer.engine.explain.block_outline import MEASURES, Measure

_NONE = "No block of this network has such a figure now."


class DepthPage(QWidget):
    """The chart, and what of it is shown."""

    hovered = Signal(str)
    """Id of the block under the pointer, empty for none."""
    block_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: Found = None
        self._measured: Measured = None
        self._lines: tuple[Line, ...] = ()
        self.measure = Segmented([(name, tr(NAMES[name]), tr(TIPS[name])) for name in MEASURES], tr("Measure"))
        self.measure.set_value("ratio")
        self.sorting = Segmented(
            [
                ("depth", tr("Depth"), tr("In the order of the layers: the upper half of Fig. 7 (He et al. 2015)")),
                ("size", tr("Size"), tr("The largest first: the lower half of Fig. 7 (He et al. 2015)")),
            ],
            tr("Order of the layers"),
        )
        self.sorting.set_value("depth")
        self.chart = LineChart(tr("What each block adds, along the depth"))
        self.legend = LegendStrip()
        self.hint = paragraph()
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.hint.hide()
        self.readout = ElidedLabel(rank="small")
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        row.addWidget(self.measure)
        row.addWidget(self.sorting)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addWidget(self.legend)
        layout.addWidget(self.chart, 1)
        layout.addWidget(self.hint, 1)
        layout.addWidget(self.readout)
        self.measure.chosen.connect(self._show)
        self.sorting.chosen.connect(self._show)
        self.chart.pointed.connect(self._point)
        self.chart.chosen.connect(self._choose)

    @property
    def shown(self) -> tuple[Measure, Sorting]:
        """What is chosen."""
        measure = cast(Measure, self.measure.value)
        return measure, cast(Sorting, self.sorting.value) if measure == "response" else "depth"

    def show_figures(self, found: Found, measured: Measured) -> None:
        """Of the picture and of the set, so far as they are there."""
        self._found, self._measured = found, measured
        self._show()

    def _show(self) -> None:
        measure, sorting = self.shown
        self.sorting.setVisible(measure == "response")
        result = self._measured or self._found
        if result is None:
            self._lines = ()
            self.chart.clear_series()
            self.readout.setText("")
            return
        self._lines = depth_lines(measure, sorting, self._found, self._measured)
        series = tuple(line.series for line in self._lines)
        frame = depth_frame(measure, sorting, result.figures.outline)
        self.chart.show_series(series, frame)
        self.legend.show_legend(LineLegend(series, frame, tr("quartiles") if self._measured is not None else ""))
        self._show_hint("" if series else translated(result.figures.outline.missing(measure)) or tr(_NONE))
        self._rest()

    def _show_hint(self, words: str) -> None:
        """A sentence in place of the chart; the chart where it is empty."""
        self.hint.setText(words)
        self.hint.setVisible(bool(words))
        for widget in (self.chart, self.legend):
            widget.setVisible(not words)

    def _rest(self) -> None:
        """What there is to say where no point is under the pointer."""
        measure, _ = self.shown
        result = self._measured or self._found
        told = [] if result is None or not self._lines else [translated(result.figures.outline.missing(measure))]
        told.append(lost_words(self._measured, measure))
        if self._measured is None and self._lines:
            told.append(tr("Measure for median and quartiles over the image set."))
        if (
            result is not None
            and measure == "response"
            and result.twin is None
            and not result.figures.outline.spec.plain
        ):
            told.append(tr("No plain twin of this network with these inputs comes with the program."))
        told.append("" if result is None else untrained_words(result))
        self.readout.setText(" ".join(one for one in told if one))

    def _point(self, line: int, point: int) -> None:
        if not 0 <= line < len(self._lines):
            self.hovered.emit("")
            self._rest()
            return
        shown, measure = self._lines[line], self.shown[0]
        self.hovered.emit(self._block(shown, point))
        index = int(shown.places[point])
        self.readout.setText(point_words(measure, shown.twin, index, self._found, self._measured))
        self.chart.setAccessibleDescription(self.readout.full_text)

    def _choose(self, line: int, point: int) -> None:
        block = self._block(self._lines[line], point)
        if block:
            self.block_chosen.emit(block)

    def _block(self, line: Line, point: int) -> str:
        """The block of a point; empty for the stem and for the twin, whose blocks are not in the diagram."""
        block = line.series.ids[point]
        return "" if line.twin or block == "stem" else block
