"""What all charts have in common: axes in the program's fonts and colours, pointing and choosing by mouse and keys."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from explorer.app.theme import Palette

Hit = tuple[int, int]
"""Series (or study) and point."""
_FONT = 12
_ASIDE = 14
"""Pixels that a number may reach over the end of the horizontal axis."""
_KEYS = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
_PASSING = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
"""The focus comes back as it was."""


class Axis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis that writes minus signs."""

    def tickStrings(self, values: Any, scale: float, spacing: float) -> list[str]:
        return [str(text).replace("-", "−") for text in super().tickStrings(values, scale, spacing)]


class Chart(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A plot that is pointed at; a kind of chart draws, and knows what is where.

    Args:
        name: for screen readers.
        palette: colours.
        axis: what the axes are made of.
    """

    pointed = Signal(int, int)
    """Series and point under the pointer, -1 twice where there is none."""
    chosen = Signal(int, int)
    """Series and point that were clicked, or chosen with Enter."""

    def __init__(self, name: str, palette: Palette, axis: type[Axis] = Axis, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False, axisItems={side: axis(side) for side in ("left", "bottom")})
        self.setAntialiasing(True)
        self.setFrameShape(self.Shape.NoFrame)
        self.setMinimumSize(160, 96)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.plot = self.getPlotItem()
        self.plot.hideButtons()
        self.plot.setMouseEnabled(False, False)
        self.plot.getViewBox().disableAutoRange()
        self.plot.layout.setContentsMargins(0, 6, _ASIDE, 4)  # below, where the words of the axis reach over it
        font = QFont(self.font())
        font.setPixelSize(_FONT)
        font.setFeature(QFont.Tag("tnum"), 1)
        for side in ("left", "bottom"):
            item = self.plot.getAxis(side)
            # A number at the lower end of the vertical axis may reach beside the horizontal one.
            # The first and last ones of the horizontal axis may reach over its ends by half their width.
            overlap = _FONT if side == "left" else _ASIDE
            item.setStyle(tickFont=font, tickLength=4, autoExpandTextSpace=True, hideOverlappingLabels=overlap)
            item.label.setFont(font)
        self._palette = palette
        self._current: Hit | None = None
        self._by_keys = self._closed = False

    def colour_axes(self, palette: Palette) -> None:
        """Take on the colours of a theme, the lines apart."""
        self._palette = palette
        self.setBackground(palette.window)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(pg.mkPen(palette.line))
            axis.setTextPen(pg.mkPen(palette.muted))

    def vector_painting(self, on: bool) -> None:
        """Whether dots are painted as shapes, for files, instead of from a cache of pixels."""
        options = {"antialias": True, "resolutionScale": 1.0, "background": QColor(self._palette.window)}
        for item in self.plot.scene().items():
            if hasattr(item, "setExportMode"):
                item.setExportMode(on, options)

    def paint_on(self, painter: QPainter, target: Any) -> None:
        """The whole chart into a rectangle of any painter."""
        self.plot.scene().render(painter, target, self.plot.sceneBoundingRect())

    # -- what a kind of chart does -------------------------------------------------------------------------------

    def hit(self, x: float, y: float) -> Hit | None:
        """The series and point at a place of the widget."""
        raise NotImplementedError

    def mark(self, hit: Hit | None) -> None:
        """Make a point stand out, and no other."""
        raise NotImplementedError

    def walk(self, lines: int, points: int) -> None:
        """Go so many lines down, and points to the right."""
        raise NotImplementedError

    # -- the pointer and the keys --------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self.go_to(self.hit(event.position().x(), event.position().y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        found = self.hit(event.position().x(), event.position().y())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(*found)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.go_to(None)
        return bool(super().viewportEvent(event))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() not in _PASSING:
            self._by_keys = event.reason() in _KEYS
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """What was marked is left; not so while a menu is open."""
        if self._closed:
            return
        super().focusOutEvent(event)
        if event.reason() is not Qt.FocusReason.PopupFocusReason:
            self.go_to(None)
        self.viewport().update()

    def close(self) -> bool:
        """pyqtgraph takes its parts away: what happens from now on finds none."""
        self._closed = True
        return bool(super().close())

    def paintEvent(self, event: QPaintEvent) -> None:
        """A thin frame where the keys brought the focus."""
        super().paintEvent(event)
        if self._by_keys and self.hasFocus():
            painter = QPainter(self.viewport())
            painter.setPen(QPen(QColor(self._palette.accent), 1))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))
            painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk, Enter chooses."""
        steps = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        step = steps.get(Qt.Key(event.key()))
        if step is not None:
            self.walk(*step)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._current is not None:
            self.chosen.emit(*self._current)
        else:
            QWidget.keyPressEvent(self, event)

    def go_to(self, hit: Hit | None) -> None:
        """Mark a point, and tell."""
        if hit == self._current:
            return
        self._current = hit
        self.mark(hit)
        self.pointed.emit(*(hit or (-1, -1)))
