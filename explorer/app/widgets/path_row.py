"""One path through a few blocks: drawn small, in words, and its share of the gradient."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFocusEvent, QFont, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.app.theme import SPACE, mixed, part_colour, theme
from explorer.app.widgets.numbers import UNKNOWN

_HEIGHT, _CELL, _SIDE = 22, 42, 12
_WORDS, _MOST_WORDS, _NUMBER, _BAR = 150, 300, 58, 8


class PathRow(QWidget):
    """A row that tells when the pointer or the focus is on it.

    Args:
        chosen: ids of the blocks, from input to output.
        taken: those whose branch the path takes.
        words: the same in words.
    """

    pointed = Signal(bool)
    """Whether the pointer or the focus is on it now."""

    def __init__(
        self, chosen: tuple[str, ...], taken: frozenset[str], words: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.chosen, self.taken, self.words = chosen, taken, words
        self.share, self.gone = math.nan, ""
        self._lit = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)
        self.show_share(math.nan, "")

    @property
    def number(self) -> str:
        """Its share, as it stands there."""
        return f"{100 * self.share:.1f}\u00a0%" if math.isfinite(self.share) else UNKNOWN

    @property
    def lit(self) -> bool:
        return self._lit

    def show_share(self, share: float, told: str) -> None:
        """Its share of all norms, NaN for none; `told` is more on it."""
        self.share = share
        self.setToolTip(told)
        self._say()

    def show_gone(self, why: str) -> None:
        """Why it is not there any more; empty where it is."""
        self.gone = why
        self._say()

    def _say(self) -> None:
        self.setAccessibleName(", ".join(filter(None, (self.words, self.number, self.gone))))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(len(self.chosen) * _CELL + _WORDS + 80 + _NUMBER, _HEIGHT)

    # -- pointing ------------------------------------------------------------------------------------------------

    def enterEvent(self, event: QEnterEvent) -> None:
        self._light(True)

    def leaveEvent(self, event: QEvent) -> None:
        self._light(self.hasFocus())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._light(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._light(self.underMouse())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down go to the path above or below."""
        if event.key() == Qt.Key.Key_Down:
            self.focusNextChild()
        elif event.key() == Qt.Key.Key_Up:
            self.focusPreviousChild()
        else:
            super().keyPressEvent(event)

    def _light(self, lit: bool) -> None:
        if lit != self._lit:
            self._lit = lit
            self.update()
            self.pointed.emit(lit)

    # -- painting ------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._lit:
            painter.setPen(QPen(QColor(colours.accent), 1) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.control))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        left = 6.0
        for block in self.chosen:
            self._paint_block(painter, QRectF(left, 0, _CELL, self.height()), block)
            left += _CELL
        ink = QColor(colours.muted if self.gone else colours.text)
        words = min(max((self.width() - left - _NUMBER) * 0.45, _WORDS), _MOST_WORDS)
        self._paint_text(painter, QRectF(left + SPACE, 0, words, self.height()), self.gone or self.words, ink)
        bar = left + SPACE + words + SPACE
        self._paint_bar(painter, QRectF(bar, 0, self.width() - _NUMBER - bar, self.height()))
        place = QRectF(self.width() - _NUMBER, 0, _NUMBER - 6, self.height())
        self._paint_text(painter, place, self.number, ink, right=True)
        if self.gone:
            painter.setPen(QPen(QColor(colours.muted), 1.2))
            painter.drawLine(QPointF(6, self.height() / 2), QPointF(left, self.height() / 2))

    def _paint_block(self, painter: QPainter, cell: QRectF, block: str) -> None:
        """A filled square on the line where the path goes through the branch, an arc over a faint one else."""
        colours = theme().palette
        stage = part_colour(block)
        base = cell.center().y() + 3
        square = QRectF(cell.center().x() - _SIDE / 2, base - _SIDE / 2, _SIDE, _SIDE)
        line = QPen(QColor(colours.edge) if self.gone else QColor(colours.accent), 1.6)
        through = block in self.taken
        painter.setBrush(stage if through and not self.gone else mixed(stage, 0.14, colours.window))
        painter.setPen(QPen(stage if through else mixed(stage, 0.45, colours.window), 1.2))
        painter.drawRoundedRect(square, 3, 3)
        painter.setPen(line)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if through:
            painter.drawLine(QPointF(cell.left(), base), QPointF(square.left(), base))
            painter.drawLine(QPointF(square.right(), base), QPointF(cell.right(), base))
            return
        arc = QPainterPath(QPointF(cell.left(), base))
        top = square.top() - 7
        arc.lineTo(cell.left() + 5, base)
        arc.cubicTo(QPointF(cell.left() + 8, top), QPointF(cell.right() - 8, top), QPointF(cell.right() - 5, base))
        arc.lineTo(cell.right(), base)
        painter.drawPath(arc)

    def _paint_bar(self, painter: QPainter, room: QRectF) -> None:
        colours = theme().palette
        track = QRectF(room.left(), room.center().y() - _BAR / 2, room.width(), _BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mixed(QColor(colours.line), 0.7, colours.window))
        painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
        if not math.isfinite(self.share):
            return
        fill = QRectF(track.left(), track.top(), max(track.width() * min(self.share, 1.0), 1.5), _BAR)
        painter.setBrush(mixed(QColor(colours.muted), 0.45, colours.window) if self.gone else QColor(colours.accent))
        radius = min(_BAR, fill.width()) / 2
        painter.drawRoundedRect(fill, radius, radius)

    def _paint_text(self, painter: QPainter, room: QRectF, text: str, colour: QColor, right: bool = False) -> None:
        face = QFont(self.font())
        face.setPixelSize(12)
        face.setFeature(QFont.Tag("tnum"), 1)
        face.setStrikeOut(bool(self.gone) and right)
        painter.setFont(face)
        painter.setPen(colour)
        align = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, int(align | Qt.AlignmentFlag.AlignVCenter), shown)
