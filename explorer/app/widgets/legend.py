"""What legends of charts have in common: signs with words, in as many lines as they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.app.text import tr
from explorer.app.theme import Palette, theme

_SIZE = 12
_LINE = 20.0
_GAP = 18.0


class Legend:
    """Pairs of a sign and its words; a kind of legend says how its signs are painted.

    Attributes:
        entries: sign and words, from left to right.
        sample: width of a sign, in logical pixels.
    """

    entries: Sequence[tuple[Any, str]] = ()
    sample: ClassVar[float] = 24.0

    def paint_sign(self, painter: QPainter, sign: Any, rect: QRectF, palette: Palette) -> None:
        """A sign, into its rectangle."""
        raise NotImplementedError

    def is_plain(self, sign: Any) -> bool:
        """Whether the words are of the first rank: they name a line, and do not explain a sign."""
        return True

    def has_sign(self, sign: Any) -> bool:
        """Whether anything stands before the words."""
        return True

    def height(self, width: float) -> float:
        """What it needs at that width."""
        return (self._places(width)[-1].y() + 1) * _LINE if self.entries else 0.0

    def paint(self, painter: QPainter, rect: QRectF, palette: Palette) -> None:
        """Into a rectangle, from its top left."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetricsF(legend_font())
        for (sign, words), place in zip(self.entries, self._places(rect.width()), strict=True):
            x, y = rect.left() + place.x(), rect.top() + place.y() * _LINE
            if self.has_sign(sign):
                self.paint_sign(painter, sign, QRectF(x, y + 3, self.sample, _LINE - 6), palette)
                x += self.sample + 6
            painter.setFont(legend_font())
            painter.setPen(QColor(palette.text if self.is_plain(sign) else palette.muted))
            room = rect.right() - x
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
            painter.drawText(QRectF(x, y, room, _LINE), int(flags), shown)

    def _places(self, width: float) -> list[QPointF]:
        """Left end of each entry; y counts lines."""
        metrics = QFontMetricsF(legend_font())
        x, line, places = 0.0, 0, []
        for sign, words in self.entries:
            needed = (self.sample + 6 if self.has_sign(sign) else 0) + metrics.horizontalAdvance(words)
            if x and x + needed > width:
                x, line = 0.0, line + 1
            places.append(QPointF(x, line))
            x += needed + _GAP
        return places


class LegendStrip(QWidget):
    """A legend above its chart."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._legend = Legend()
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(tr("Legend"))
        theme().changed.connect(self.update)

    def show_legend(self, legend: Legend) -> None:
        self._legend = legend
        self.setAccessibleDescription("; ".join(words for _, words in legend.entries))
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return int(self._legend.height(width))

    def sizeHint(self) -> QSize:
        return QSize(300, self.heightForWidth(max(self.width(), 300)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._legend.paint(painter, QRectF(self.rect()), theme().palette)


def legend_font() -> QFont:
    """Small, its digits of one width."""
    font = QFont()
    font.setPixelSize(_SIZE)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font
