"""The legend below the diagram: the kinds of line and mark that occur, and how much is deleted, cut and moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from explorer.app.diagram.controls import Controls
from explorer.app.diagram.heat import heat
from explorer.app.diagram.look import broken, edge_pen, font, kind_text, paint_moved, pool_path, write
from explorer.app.text import tr
from explorer.app.theme import Palette, theme
from explorer.networks.colouring import Colouring
from explorer.networks.graph import EdgeKind
from explorer.networks.lesion import INTACT, Lesion, places
from explorer.networks.spec import NetworkSpec

Entry = EdgeKind | Literal["pool", "deleted", "cut", "moved"]
_SIZE = 12
_LINE = 22.0
_SAMPLE = 28.0
_SPACE = 8.0
_BAR = QSizeF(120, 9)
_STEPS = 40
_NARROW = 620
"""Width of a view in which the choices stand below the legend."""
_KINDS: tuple[EdgeKind, ...] = ("identity", "projection", "subsampling", "scale", "gate", "dropout", "concat")


@dataclass(frozen=True)
class Legend:
    """What a legend says.

    Attributes:
        entries: pairs of what occurs (a kind of edge, a pool, or something that was done) and its words.
        count: how many blocks or layers there are, and are deleted, cut, moved.
        colouring: what the blocks are filled by, with a bar of its scale; None for no such bar.
        grey: for a print without colours.
    """

    entries: tuple[tuple[Entry, str], ...]
    count: str
    colouring: Colouring | None = None
    grey: bool = False

    @classmethod
    def of(
        cls, spec: NetworkSpec, lesion: Lesion = INTACT, colouring: Colouring | None = None, grey: bool = False
    ) -> Legend:
        """The legend of a network: only what occurs in it."""
        there = {block.shortcut for block in spec.all_blocks}
        preactivated = any(block.preactivated for block in spec.all_blocks)
        entries: list[tuple[Entry, str]] = [(kind, kind_text(kind, preactivated)) for kind in _KINDS if kind in there]
        if any(block.pooled for block in spec.all_blocks):
            entries.append(
                ("pool", tr("transition: BN, ReLU, 1×1 conv, pool") if "concat" in there else tr("2×2 max pool"))
            )
        layers = spec.layers
        moved = sum(place.block != place.spec.id for place in places(spec, lesion))
        if lesion.deleted:
            entries.append(("deleted", _deleted_words(spec)))
        if lesion.cut:
            entries.append(("cut", tr("shortcut cut: only the residual branch is left")))
        if moved:
            words = tr("stands in another layer's place") if layers else tr("stands in another block's place")
            entries.append(("moved", words))
        number = f"{len(spec.all_blocks):,}"
        parts = [
            tr("{count} layers", count=number) if layers else tr("{count} blocks", count=number),
            *([tr("{count} deleted", count=f"{len(lesion.deleted):,}")] if lesion.deleted else []),
            *([tr("{count} cut", count=f"{len(lesion.cut):,}")] if lesion.cut else []),
            *([tr("{count} moved", count=f"{moved:,}")] if moved else []),
        ]
        return cls(tuple(entries), " · ".join(parts), colouring, grey)

    @property
    def words(self) -> str:
        """All of it in a line, for a screen reader."""
        scale = [] if self.colouring is None else [" ".join((tr(self.colouring.title), *self._ends()))]
        return "; ".join([*scale, *(words for _, words in self.entries), self.count])

    def _ends(self) -> tuple[str, str]:
        """The words at both ends of the scale."""
        assert self.colouring is not None
        return "0", self.colouring.text(self.colouring.largest)

    def height(self, width: float) -> float:
        """What it needs at that width."""
        return (self._places(width)[-1].y() + 1) * _LINE + 6

    def paint(self, painter: QPainter, rect: QRectF, palette: Palette) -> None:
        """Into a rectangle, from its top left."""
        *places, end = self._places(rect.width())
        if self.colouring is not None:
            self._paint_scale(painter, rect.topLeft() + places.pop(0) * _LINE, palette)
        for (kind, words), place in zip(self.entries, places, strict=True):
            x, y = rect.left() + place.x(), rect.top() + place.y() * _LINE
            _paint_sample(painter, kind, QRectF(x, y, _SAMPLE, _LINE), palette)
            line = QRectF(x + _SAMPLE + 8, y, 10, _LINE)
            write(painter, line, words, _SIZE, palette.muted, align=Qt.AlignmentFlag.AlignLeft)
        last = QRectF(rect.left(), rect.top() + end.y() * _LINE, rect.width(), _LINE)
        write(painter, last, self.count, _SIZE, palette.muted, align=Qt.AlignmentFlag.AlignRight)

    def _paint_scale(self, painter: QPainter, at: QPointF, palette: Palette) -> None:
        """Title, 0, the colours, the largest value."""
        assert self.colouring is not None
        left = Qt.AlignmentFlag.AlignLeft
        x = at.x()
        title, start = tr(self.colouring.title), self._ends()[0]
        for text, bold, colour in ((title, True, palette.text), (start, False, palette.muted)):
            write(painter, QRectF(x, at.y(), 10, _LINE), text, _SIZE, colour, bold=bold, align=left)
            x += QFontMetricsF(font(_SIZE, bold)).horizontalAdvance(text) + _SPACE
        bar = QRectF(x, at.y() + (_LINE - _BAR.height()) / 2, _BAR.width(), _BAR.height())
        painter.setPen(Qt.PenStyle.NoPen)
        for step in range(_STEPS):
            piece = QRectF(
                bar.left() + step * bar.width() / _STEPS, bar.top(), bar.width() / _STEPS + 0.3, bar.height()
            )
            painter.fillRect(piece, heat((step + 0.5) / _STEPS, palette, self.grey))
        painter.setPen(QPen(QColor(palette.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)
        end = QRectF(bar.right() + _SPACE, at.y(), 10, _LINE)
        write(painter, end, self._ends()[1], _SIZE, palette.muted, align=left)

    def _scale_width(self) -> float:
        if self.colouring is None:
            return 0.0
        title = QFontMetricsF(font(_SIZE, True)).horizontalAdvance(tr(self.colouring.title))
        ends = sum(QFontMetricsF(font(_SIZE)).horizontalAdvance(text) for text in self._ends())
        return title + ends + _BAR.width() + 3 * _SPACE

    def _places(self, width: float) -> list[QPointF]:
        """Left end of the scale if there is one, of each entry and of the count; y counts lines."""
        metrics = QFontMetricsF(font(_SIZE))
        x, line, places = 0.0, 0, []
        widths = [_SAMPLE + 8 + metrics.horizontalAdvance(words) for _, words in self.entries]
        scale = [] if self.colouring is None else [self._scale_width()]
        for needed in [*scale, *widths, metrics.horizontalAdvance(self.count)]:
            if x and x + needed > width:
                x, line = 0.0, line + 1
            places.append(QPointF(x, line))
            x += needed + 24
        return places


def _deleted_words(spec: NetworkSpec) -> str:
    if all(block.shortcut == "concat" for block in spec.all_blocks):
        return tr("its channels are zero: layer deleted")
    if not spec.plain:
        return tr("only the shortcut is left: block deleted")
    if spec.layers:
        return tr("passes its input on: layer deleted")
    return tr("passes its input on: block deleted")


def _paint_sample(painter: QPainter, kind: Entry, rect: QRectF, palette: Palette) -> None:
    """What the words beside it are about, as the diagram draws it."""
    middle = rect.center().y()
    line = QPainterPath(QPointF(rect.left(), middle))
    line.lineTo(rect.right(), middle)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if kind == "pool":
        painter.setPen(QPen(QColor(palette.edge), 1.2))
        painter.drawPath(pool_path(QRectF(rect.right() - 12, middle - 8, 8, 16)))
    elif kind == "moved":
        paint_moved(painter, rect.center(), palette)
    elif kind == "cut":
        painter.setPen(edge_pen("identity", palette))
        painter.drawPath(broken(line))
    else:
        painter.setPen(edge_pen("identity" if kind == "deleted" else kind, palette, deleted=kind == "deleted"))
        painter.drawPath(line)


class LegendStrip(QWidget):
    """The legend as a strip of the diagram's view, with the view's choices at its right end; it keeps its size
    whatever the zoom."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._legend: Legend | None = None
        self.controls = Controls(self)

    def show_legend(self, legend: Legend) -> None:
        self._legend = legend
        self.setAccessibleName(tr("Legend"))
        self.setAccessibleDescription(legend.words)
        self.update()

    def needed(self, width: int) -> int:
        """Its height at that width: the choices stand beside the legend, in a narrow view below it."""
        if self._legend is None:
            return 0
        height, controls = int(self._legend.height(self._room(width))), self.controls.sizeHint().height() + 2
        return max(height, controls) if self._beside(width) else height + controls

    def _beside(self, width: int) -> bool:
        return width >= _NARROW

    def _room(self, width: int) -> float:
        taken = self.controls.sizeHint().width() + 12 if self._beside(width) else 0
        return float(width - 32 - taken)

    def place_controls(self) -> None:
        """The choices at the right, in the last line."""
        size = self.controls.sizeHint()
        self.controls.setGeometry(
            max(self.width() - size.width() - 12, 0), self.height() - size.height() - 2, size.width(), size.height()
        )

    def sizeHint(self) -> QSize:
        return QSize(400, self.needed(400))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place_controls()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._legend is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(16, 0, self._room(self.width()), self.height())
        self._legend.paint(painter, rect, theme().palette)
