"""The row above the chart: what of a study is shown, and how."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from explorer.app import study_texts as texts
from explorer.app.study_numbers import MEASURES, ONE_BY_ONE, Across, Measure, Sorting, usable
from explorer.app.text import tr
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.fields import Segmented
from explorer.app.widgets.labels import ElidedLabel
from explorer.app.widgets.panel import InfoButton
from explorer.engine.study_records import StudyKind, StudyResult

_HINT = "Change of recall. Click a cell to see the images whose prediction changed."


class StudyBar(QWidget):
    """View, measure, order, axis, and whether there is something beside the chart."""

    changed = Signal()
    """What is shown of the same results."""
    side_toggled = Signal(bool)

    def __init__(self, info: InfoButton, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind: StudyKind | None = None
        self._labelled = True
        self.view = Segmented(
            [
                ("chart", tr("Chart"), tr("The study's figures")),
                ("classes", tr("Classes"), tr("Change of recall (the share of a class that is recognised)")),
            ],
            tr("View"),
        )
        self.view.set_value("chart")
        self.measure = Choice(tr("Measure"))
        self.sorting = Segmented(
            [
                ("place", tr("Place"), tr("Sorted by place, from input to output")),
                ("damage", tr("Damage"), tr("Sorted by damage, the most harmful first")),
            ],
            tr("Order of the bars"),
        )
        self.sorting.set_value("place")
        self.across = Segmented(
            [
                ("macs", tr("MACs"), tr("Multiply-adds of one image")),
                ("latency", tr("Latency"), tr("Time of one image's pass, beside the intact network's")),
            ],
            tr("Horizontal axis"),
        )
        self.across.set_value("macs")
        self.side = QPushButton("»")
        self.side.setAccessibleName(tr("Beside the chart"))
        self.side.setToolTip(tr("Show or hide the table, the paper and the protocol beside the chart"))
        self.side.setFixedWidth(26)
        self.side.setProperty("quiet", True)
        self.side.clicked.connect(self._toggle_side)
        self._side_open = True
        self.hint = ElidedLabel(rank="small")
        self.hint.setMinimumWidth(0)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        left: tuple[QWidget, ...] = (self.view, self.measure, self.sorting, self.across)
        right: tuple[QWidget, ...] = (self.side, info)
        for widget in left:
            row.addWidget(widget)
        row.addWidget(self.hint, 1)
        row.addStretch(0)
        for widget in right:
            row.addWidget(widget)
        for choice in (self.view, self.sorting, self.across):
            choice.chosen.connect(self._tell)
        self.measure.activated.connect(self._tell)
        self.show_results(())

    def show_results(self, results: tuple[StudyResult, ...]) -> None:
        """Offer what fits the studies."""
        self.side.setVisible(bool(results))
        if not results:
            for widget in (self.view, self.measure, self.sorting, self.across):
                widget.hide()
            self._show_hint(False)
            return
        first = results[0]
        kind, labelled = first.request.kind, first.labels is not None
        if (kind, labelled) != (self._kind, self._labelled):
            self._kind, self._labelled = kind, labelled
            self._offer_measures(kind, first)
        single = kind in ONE_BY_ONE
        self.view.setVisible(single)
        if not single:
            self.view.set_value("chart")
        chart = self.view.value == "chart"
        self.measure.setVisible(chart)
        self.sorting.setVisible(single and chart)
        self.across.setVisible(kind == "greedy")
        self._show_hint(not chart)

    def look(self) -> tuple[Measure, Sorting, Across]:
        """What is chosen."""
        sorting: Sorting = "damage" if self.sorting.value == "damage" else "place"
        across: Across = "latency" if self.across.value == "latency" else "macs"
        measure: Measure = self.measure.currentData() or "change"
        return measure, sorting, across

    def _show_hint(self, there: bool) -> None:
        self.hint.setText(tr(_HINT))
        self.hint.setVisible(there)

    def _offer_measures(self, kind: StudyKind, result: StudyResult) -> None:
        self.measure.clear()
        for measure in dict.fromkeys(usable(result, one) for one in MEASURES[kind]):
            self.measure.addItem(tr(texts.MEASURE_NAMES[measure]), measure)
            self.measure.setItemData(
                self.measure.count() - 1, tr(texts.MEASURE_TIPS[measure]), role=3
            )  # the tooltip's role

    def show_side(self, there: bool) -> None:
        """Tell which way the button at the right turns; sends no signal."""
        self._side_open = there
        self.side.setText("»" if there else "«")

    def _toggle_side(self) -> None:
        self.side_toggled.emit(not self._side_open)

    def _tell(self) -> None:
        self.changed.emit()
