"""The row below the chart: a line on what is pointed at, what is laid over the study, and where it goes."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget

from explorer.app.text import tr
from explorer.app.widgets.labels import ElidedLabel
from explorer.app.widgets.numbers import tabular
from explorer.engine.study_records import StudyResult
from explorer.networks.catalog import PRESETS
from explorer.networks.spec import NetworkSpec

TWIN = "twin"
"""Stands for the plain twin of the study's network among the names to compare with."""
_COMPARED = ("resnet20", "resnet56", "resnet110", "preresnet110", "plain20", "plain56", "vgg_narrow")
"""Networks that come with weights trained alike."""
_EXPORTS = (("csv", "CSV…"), ("png", "PNG…"), ("svg", "SVG…"), ("copy", "Copy chart"))


class StudyFoot(QWidget):
    """Words, comparison and export."""

    compare_requested = Signal(str)
    comparison_dropped = Signal()
    export_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._compared: tuple[NetworkSpec, int] | None = None
        self.words = ElidedLabel(rank="small")
        self.words.setMinimumWidth(40)
        tabular(self.words)
        self.compare = QPushButton(tr("Compare ▾"))
        self.compare.setToolTip(tr("Lay the same study of another network over this one"))
        self.compare.setMenu(QMenu(self.compare))
        self.export = QPushButton(tr("Export ▾"))
        self.export.setMenu(self._export_menu())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.words, 1)
        for button in (self.compare, self.export):
            button.setProperty("quiet", True)
            row.addWidget(button)

    def show_results(self, results: tuple[StudyResult, ...]) -> None:
        """Offer what fits the studies; nothing where there is none."""
        self.setVisible(bool(results))
        if results:
            self._offer_comparison(results[0], len(results))

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
