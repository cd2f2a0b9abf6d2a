"""The legend below the diagram: the kinds of line that occur, and how many blocks are deleted."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from explorer.app.diagram.look import edge_pen, font, kind_text, write
from explorer.app.text import tr
from explorer.app.theme import Palette, theme
from explorer.networks.graph import EdgeKind
from explorer.networks.spec import NetworkSpec

_SIZE = 12
_LINE = 22.0
_SAMPLE = 28.0
_KINDS: tuple[EdgeKind, ...] = ("identity", "projection", "subsampling")


@dataclass(frozen=True)
class Legend:
    """What a legend says.

    Attributes:
        entries: pairs of an edge's kind, or None for the lit line of a deleted block, and its words.
        count: how many blocks there are and are deleted.
    """

    entries: tuple[tuple[EdgeKind | None, str], ...]
    count: str

    @classmethod
    def of(cls, spec: NetworkSpec, deleted: frozenset[str]) -> Legend:
        """The legend of a network: only the kinds of shortcut that occur in it."""
        there = {block.shortcut for block in spec.all_blocks}
        entries: list[tuple[EdgeKind | None, str]] = [(kind, kind_text(kind)) for kind in _KINDS if kind in there]
        blocks = len(spec.all_blocks)
        count = tr("{blocks} blocks", blocks=f"{blocks:,}")
        if deleted:
            entries.append((None, tr("only the shortcut is left: block deleted")))
            count = tr("{blocks} blocks · {deleted} deleted", blocks=f"{blocks:,}", deleted=f"{len(deleted):,}")
        return cls(tuple(entries), count)

    def height(self, width: float) -> float:
        """What it needs at that width."""
        return (self._places(width)[-1].y() + 1) * _LINE + 6

    def paint(self, painter: QPainter, rect: QRectF, palette: Palette) -> None:
        """Into a rectangle, from its top left."""
        *places, end = self._places(rect.width())
        for (kind, words), place in zip(self.entries, places, strict=True):
            x, y = rect.left() + place.x(), rect.top() + place.y() * _LINE
            painter.setPen(edge_pen(kind or "identity", palette, deleted=kind is None))
            middle = y + _LINE / 2
            painter.drawLine(QPointF(x, middle), QPointF(x + _SAMPLE, middle))
            line = QRectF(x + _SAMPLE + 8, y, 10, _LINE)
            write(painter, line, words, _SIZE, palette.muted, align=Qt.AlignmentFlag.AlignLeft)
        last = QRectF(rect.left(), rect.top() + end.y() * _LINE, rect.width(), _LINE)
        write(painter, last, self.count, _SIZE, palette.muted, align=Qt.AlignmentFlag.AlignRight)

    def _places(self, width: float) -> list[QPointF]:
        """Left end of each entry and of the count; y counts lines."""
        metrics = QFontMetricsF(font(_SIZE))
        x, line, places = 0.0, 0, []
        widths = [_SAMPLE + 8 + metrics.horizontalAdvance(words) for _, words in self.entries]
        for needed in [*widths, metrics.horizontalAdvance(self.count)]:
            if x and x + needed > width:
                x, line = 0.0, line + 1
            places.append(QPointF(x, line))
            x += needed + 24
        return places


class LegendStrip(QWidget):
    """The legend as a strip of the diagram's view; it keeps its size whatever the zoom."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._legend: Legend | None = None

    def show_legend(self, legend: Legend) -> None:
        self._legend = legend
        self.setAccessibleName(tr("Legend"))
        self.setAccessibleDescription("; ".join([*(words for _, words in legend.entries), legend.count]))
        self.update()

    def needed(self, width: int) -> int:
        """Its height at that width."""
        return int(self._legend.height(width - 32)) if self._legend else 0

    def sizeHint(self) -> QSize:
        return QSize(400, self.needed(400))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._legend is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._legend.paint(painter, QRectF(self.rect()).adjusted(16, 0, -16, 0), theme().palette)
