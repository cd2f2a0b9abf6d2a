"""The row above the chart: what is shown and how, what is laid over it, and where it goes."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QPushButton, QWidget

from explorer.app import study_texts as texts
from explorer.app.study_numbers import MEASURES, ONE_BY_ONE, Across, Measure, Sorting, usable
from explorer.app.text import tr
from explorer.app.widgets.fields import Segmented
from explorer.app.widgets.panel import InfoButton
from explorer.engine.study_records import StudyKind, StudyResult
from explorer.networks.catalog import PRESETS
from explorer.networks.spec import NetworkSpec

TWIN = "twin"
"""Stands for the plain twin of the study's network among the names to compare with."""
_COMPARED = ("resnet20", "resnet56", "resnet110", "preresnet110", "plain20", "plain56", "vgg_narrow")
"""Networks that come with weights trained alike."""
_EXPORTS = (("csv", "CSV…"), ("png", "PNG…"), ("svg", "SVG…"), ("copy", "Copy chart"))


class StudyBar(QWidget):
    """Measure, order, view, comparison and export."""

    changed = Signal()
    """What is shown of the same results."""
    compare_requested = Signal(str)
    comparison_dropped = Signal()
    export_requested = Signal(str)
    side_toggled = Signal(bool)

    def __init__(self, info: InfoButton, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind: StudyKind | None = None
        self._labelled = True
        self._compared: tuple[NetworkSpec, int] | None = None
        self.view = Segmented(
            [
                ("chart", tr("Chart"), tr("The study's figures")),
                ("classes", tr("By class"), tr("Change of recall, blocks by classes")),
            ],
            tr("View"),
        )
        self.view.set_value("chart")
        self.measure = QComboBox()
        self.measure.setAccessibleName(tr("Measure"))
        self.measure.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.sorting = Segmented(
            [
                ("place", tr("By place"), tr("From input to output")),
                ("damage", tr("By damage"), tr("The most harmful first")),
            ],
            tr("Order of the bars"),
        )
        self.sorting.set_value("place")
        self.across = Segmented(
            [
                ("macs", tr("MACs"), tr("Multiply-adds of one image")),
                ("latency", tr("Latency"), tr("Time of one image's pass, measured beside the intact network's")),
            ],
            tr("Horizontal axis"),
        )
        self.across.set_value("macs")
        self.compare = QPushButton(tr("Compare ▾"))
        self.compare.setToolTip(tr("Lay the same study of another network over this one"))
        self.compare.setMenu(QMenu(self.compare))
        self.export = QPushButton(tr("Export ▾"))
        self.export.setMenu(self._export_menu())
        self.side = QPushButton(tr("Table"))
        self.side.setCheckable(True)
        self.side.setChecked(True)
        self.side.setToolTip(tr("Show the table, the paper and the protocol beside the chart"))
        for button in (self.compare, self.export, self.side):
            button.setProperty("quiet", True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        left: tuple[QWidget, ...] = (self.view, self.measure, self.sorting, self.across)
        right: tuple[QWidget, ...] = (self.compare, self.export, self.side, info)
        for widget in left:
            row.addWidget(widget)
        row.addStretch(1)
        for widget in right:
            row.addWidget(widget)
        for choice in (self.view, self.sorting, self.across):
            choice.chosen.connect(self._tell)
        self.measure.activated.connect(self._tell)
        self.side.toggled.connect(self.side_toggled)
        self.show_results(())

    def show_results(self, results: tuple[StudyResult, ...]) -> None:
        """Offer what fits the studies."""
        there = bool(results)
        for widget in (self.view, self.measure, self.sorting, self.across, self.compare, self.export, self.side):
            widget.setVisible(there)
        if not there:
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
        self._offer_comparison(first, len(results))

    def look(self) -> tuple[Measure, Sorting, Across]:
        """What is chosen."""
        sorting: Sorting = "damage" if self.sorting.value == "damage" else "place"
        across: Across = "latency" if self.across.value == "latency" else "macs"
        measure: Measure = self.measure.currentData() or "change"
        return measure, sorting, across

    def _offer_measures(self, kind: StudyKind, result: StudyResult) -> None:
        self.measure.clear()
        for measure in dict.fromkeys(usable(result, one) for one in MEASURES[kind]):
            self.measure.addItem(tr(texts.MEASURE_NAMES[measure]), measure)
            self.measure.setItemData(
                self.measure.count() - 1, tr(texts.MEASURE_TIPS[measure]), role=3
            )  # the tooltip's role

    def _offer_comparison(self, first: StudyResult, shown: int) -> None:
        spec = first.request.spec
        if self._compared == (spec, shown):
            return
        self._compared = (spec, shown)
        menu = self.compare.menu()
        menu.clear()
        if shown > 1:
            menu.addAction(tr("Show only {network}", network=spec.name)).triggered.connect(self.comparison_dropped)
            menu.addSeparator()
        if not spec.plain:
            words = tr("Its plain twin, {name}", name=spec.twin().name)
            menu.addAction(words).triggered.connect(partial(self.compare_requested.emit, TWIN))
        for name in _COMPARED:
            if not spec.same_architecture(PRESETS[name]):
                action = menu.addAction(PRESETS[name].name)
                action.triggered.connect(partial(self.compare_requested.emit, name))

    def _export_menu(self) -> QMenu:
        menu = QMenu(self.export)
        for kind, words in _EXPORTS:
            menu.addAction(tr(words)).triggered.connect(partial(self.export_requested.emit, kind))
        return menu

    def _tell(self) -> None:
        self.changed.emit()
