"""The row below a frontier: a budget picks a point, and one click applies it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QPushButton, QWidget

from explorer.app import study_texts as texts
from explorer.app.study_numbers import within_budget
from explorer.app.text import tr
from explorer.app.widgets.labels import ElidedLabel
from explorer.app.widgets.numbers import percent, tabular
from explorer.engine.study_records import StudyResult

_FIRST = 1.0
_ONE_LINE = 460
"""Logical pixels; narrower than this, what the budget buys stands below it."""


class BudgetRow(QWidget):
    """How many points may be lost at most, and what that buys."""

    changed = Signal()
    apply_requested = Signal(int)
    """Number of the point."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: StudyResult | None = None
        self.point: int | None = None
        label = QLabel(tr("Lose at most"))
        label.setProperty("rank", "muted")
        self.budget = QDoubleSpinBox()
        self.budget.setRange(0, 100)
        self.budget.setDecimals(1)
        self.budget.setSingleStep(0.5)
        self.budget.setValue(_FIRST)
        self.budget.setSuffix(f" {tr('points')}")
        self.budget.setFixedWidth(96)
        self.budget.setAccessibleName(tr("Lose at most"))
        self.budget.setToolTip(tr("The point with the fewest multiply-adds within this budget is picked"))
        tabular(self.budget)
        label.setBuddy(self.budget)
        self.words = ElidedLabel()
        self.words.setMinimumWidth(40)
        tabular(self.words)
        self.apply = QPushButton(tr("Apply"))
        self.apply.setProperty("small", True)
        self.apply.setToolTip(tr("Delete them in the open network"))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(2, 1)
        self._grid.addWidget(label, 0, 0)
        self._grid.addWidget(self.budget, 0, 1)
        self._grid.addWidget(self.apply, 0, 3)
        self._grid.addWidget(self.words, 0, 2)
        self._below = False
        self.budget.valueChanged.connect(self._pick)
        self.apply.clicked.connect(self._apply)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        below = self.width() < _ONE_LINE
        if below != self._below:
            self._below = below
            self._grid.removeWidget(self.words)
            self._grid.addWidget(self.words, *((1, 0, 1, 4) if below else (0, 2, 1, 1)))

    def show_result(self, result: StudyResult | None) -> None:
        """Pick among the points of a greedy study; hidden for others."""
        greedy = result is not None and result.request.kind == "greedy"
        self._result = result if greedy else None
        self.setVisible(greedy)
        self._find()

    def _pick(self) -> None:
        self._find()
        self.changed.emit()

    def _find(self) -> None:
        result = self._result
        self.point = None if result is None else within_budget(result, self.budget.value())
        self.apply.setEnabled(self.point is not None)
        if result is not None:
            self.words.setText(_words(result, self.point))

    def _apply(self) -> None:
        if self.point is not None:
            self.apply_requested.emit(self.point)


def _words(result: StudyResult, number: int | None) -> str:
    """`4 blocks deleted: accuracy 91.0 % (−0.9 ± 0.5 points), multiply-adds −42 %, 2.1 ms instead of 3.0`."""
    if number is None:
        if not result.finished:
            return tr("Nothing found so far stays within the budget.")
        return tr("Nothing that was deleted stays within the budget.")
    point = result.points[number]
    plain = result.request.spec.plain
    what = tr("{count} layers", count=point.size) if plain else tr("{count} blocks", count=point.size)
    parts = [tr("{what} deleted", what=what)]
    if point.counts.correct is not None:
        accuracy, change = percent(point.counts.accuracy), texts.change_words(point)
        parts.append(tr("accuracy {accuracy} % ({change} points)", accuracy=accuracy, change=change))
    else:
        parts.append(tr("agreement {share} %", share=percent(point.counts.agreement)))
    saved = 100 * (1 - point.macs / max(result.intact.macs, 1))
    parts.append(tr("MACs −{saved} %", saved=f"{saved:.0f}"))
    if point.latency is not None:
        now, before = f"{1e3 * point.latency.median:.2f}", f"{1e3 * point.latency.intact:.2f}"
        parts.append(tr("{now} ms instead of {before}", now=now, before=before))
    return " · ".join(parts)
