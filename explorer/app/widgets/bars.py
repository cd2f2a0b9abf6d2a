"""Bars of probabilities, with the intact network's as a ghost behind."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from explorer.app.text import tr
from explorer.app.theme import mixed, theme
from explorer.app.widgets.labels import ElidedLabel
from explorer.app.widgets.numbers import percent, tabular

_THICK = 9


class Bar(QWidget):
    """One share from 0 to 1, and behind it, where given, another one as a ghost."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.share = 0.0
        self.ghost: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(80, _THICK + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, _THICK + 4)

    def set(self, share: float, ghost: float | None) -> None:
        self.share, self.ghost = share, ghost
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        top = (self.height() - _THICK) / 2
        self._fill(painter, top, 1.0, QColor(colours.control))
        if self.ghost is not None:
            self._fill(painter, top, self.ghost, mixed(QColor(colours.muted), 0.45, colours.control))
        self._fill(painter, top, self.share, QColor(colours.accent))
        if self.ghost is not None and self.ghost < self.share:
            # The ghost is hidden behind the bar: a notch marks where it ended.
            x = max(self.ghost * self.width(), 1.0)
            painter.fillRect(QRectF(x - 1, top, 2, _THICK), QColor(colours.window))

    def _fill(self, painter: QPainter, top: float, share: float, colour: QColor) -> None:
        if share <= 0:
            return
        # Even a tiny share leaves a mark of a pixel and a half.
        width = max(min(share, 1.0) * self.width(), 1.5)
        painter.setBrush(colour)
        radius = min(_THICK / 2, width / 2)
        painter.drawRoundedRect(QRectF(0, top, width, _THICK), radius, radius)


class ProbabilityBars(QWidget):
    """Rows of a class, its bar and its per cent."""

    def __init__(self, count: int = 5, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(0, 6)
        self._grid.setColumnStretch(1, 5)
        self.rows = [(ElidedLabel(), Bar(), QLabel()) for _ in range(count)]
        for row, (name, bar, number) in enumerate(self.rows):
            # The name's column must not follow the length of the names, else the bars jump.
            name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            name.setMinimumWidth(64)
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            tabular(number)
            number.ensurePolished()
            number.setMinimumWidth(number.fontMetrics().horizontalAdvance("100.0 %") + 4)
            for column, widget in enumerate((name, bar, number)):
                self._grid.addWidget(widget, row, column)

    def set(self, rows: Sequence[tuple[str, float, float | None]]) -> None:
        """Triples of class, probability and the intact network's probability, None where nothing is deleted."""
        for index, (name, bar, number) in enumerate(self.rows):
            visible = index < len(rows)
            for widget in (name, bar, number):
                widget.setVisible(visible)
            if not visible:
                continue
            label, share, ghost = rows[index]
            name.setText(label)
            bar.set(share, ghost)
            number.setText(f"{percent(share)} %")
            told = tr("{label}: {now} %", label=label, now=percent(share))
            if ghost is not None:
                told = tr("{label}: {now} %, intact {before} %", label=label, now=percent(share), before=percent(ghost))
            number.setAccessibleName(told)
            bar.setToolTip(told)
