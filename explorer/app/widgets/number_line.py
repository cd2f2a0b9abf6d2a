"""A scale with a guess and a measured figure on it."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.app.theme import mixed, theme
from explorer.app.widgets.guess import Scale
from explorer.engine.lesson_records import Form, Measured

_HEIGHT = 44
_SIDE = 8
_AXIS = 16
_MARK = 5.0


class NumberLine(QWidget):
    """Shows how far a guess was from what was measured; the ends move out where the figure lies beyond them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._scale: Scale | None = None
        self._form: Form = "percent"
        self._guess = math.nan
        self._measured = Measured("", math.nan)
        self._ends = (0.0, 1.0)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, _HEIGHT)

    def set(self, scale: Scale, form: Form, guess: float, measured: Measured) -> None:
        """Show both.

        Args:
            scale: of the question.
            form: of the figure.
            guess: as a number, not as a place.
            measured: with its interval, where it has one.
        """
        self._scale, self._form, self._guess, self._measured = scale, form, guess, measured
        places = [scale.place(value) for value in (guess, measured.value)]
        finite = [place for place in places if math.isfinite(place)]
        self._ends = (min([scale.low, *finite]), max([scale.high, *finite]))
        self.update()

    def x_of(self, number: float) -> float | None:
        """Where a number is painted; None where it is none."""
        if self._scale is None:
            return None
        place = self._scale.place(number)
        if math.isnan(place):
            return None
        low, high = self._ends
        share = (min(max(place, low), high) - low) / (high - low)
        return _SIDE + share * (self.width() - 2 * _SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._scale is None:
            return
        colours = theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.line), 2))
        painter.drawLine(QPointF(_SIDE, _AXIS), QPointF(self.width() - _SIDE, _AXIS))
        self._paint_interval(painter)
        guessed, measured = self.x_of(self._guess), self.x_of(self._measured.value)
        if guessed is not None and measured is not None:
            painter.setPen(QPen(mixed(QColor(colours.accent), 0.5, colours.window), 2, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(guessed, _AXIS), QPointF(measured, _AXIS))
        if guessed is not None:
            painter.setPen(QPen(QColor(colours.text), 1.6))
            painter.setBrush(QColor(colours.window))
            painter.drawEllipse(QPointF(guessed, _AXIS), _MARK, _MARK)
        if measured is not None:
            painter.setPen(QPen(QColor(colours.window), 1))
            painter.setBrush(QColor(colours.accent))
            painter.drawEllipse(QPointF(measured, _AXIS), _MARK, _MARK)
        self._paint_ends(painter)

    def _paint_interval(self, painter: QPainter) -> None:
        found = self._measured
        if found.low is None or found.high is None:
            return
        low, high = self.x_of(found.low), self.x_of(found.high)
        if low is not None and high is not None and high > low:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(mixed(QColor(theme().palette.accent), 0.3, theme().palette.window))
            painter.drawRoundedRect(QRectF(low, _AXIS - 4, high - low, 8), 4, 4)

    def _paint_ends(self, painter: QPainter) -> None:
        assert self._scale is not None
        painter.setPen(QColor(theme().palette.muted))
        font = self.font()
        font.setPixelSize(11)
        painter.setFont(font)
        unit = " %" if self._form == "percent" else ""
        room = QRectF(0, _AXIS + 12, self.width(), 18)
        for place, side in zip(self._ends, (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight), strict=True):
            painter.drawText(room, int(side), self._scale.words(place, self._form) + unit)
