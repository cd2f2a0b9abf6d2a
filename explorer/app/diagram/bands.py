"""A stage's ground: with its cards on it a name and a shape; from afar, in their place, a summary of the stage.

From afar cards are too small to be told apart. Then one bar stands for each block, whether folded or not, with what is
deleted or cut marked, and words in a size that can be read.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsRectItem, QStyleOptionGraphicsItem, QWidget

from explorer.app.diagram import look as looks
from explorer.app.diagram.items import Z, bare, qrect
from explorer.app.diagram.look import Look, shape_text, write
from explorer.app.text import tr
from explorer.app.theme import mixed
from explorer.networks.layout import Band, Box, Layout
from explorer.networks.spec import NetworkSpec

_LINE = 18.0
_SIDE = 8.0
_THIN = 3.0
"""Pixels: bars narrower than this stand without gaps."""
_ABOUT = 0.7
_LEFT = Qt.AlignmentFlag.AlignLeft


@dataclass(frozen=True)
class Bar:
    """One block of a summary: its id, and the cell whose value it shows."""

    block: str
    place: str


def bars_of(boxes: list[Box]) -> tuple[Bar, ...]:
    """One for each block of the boxes, those inside folds included."""
    found: list[Bar] = []
    for box in boxes:
        cell = box.cell
        if cell.kind == "fold":
            found += [Bar(block, block) for block in cell.hidden]
        elif cell.kind == "block":
            found.append(Bar(cell.id, cell.node.place))
    return tuple(found)


class BandItem(QGraphicsRectItem):
    """A stage's ground, or the piece of it that stands in one row.

    Args:
        band: where it is.
        boxes: the cards on it.
        blocks: how many the whole stage has.
        told: whether this piece bears the summary's words.
        look: of the scene.
    """

    def __init__(self, band: Band, boxes: list[Box], blocks: tuple[str, ...], told: bool, look: Look) -> None:
        super().__init__()
        self.band = band
        self.summary = False
        self._look = look
        self._bars = bars_of(boxes)
        self._blocks = blocks
        self._told = told
        self._layers = all(box.cell.node.block is not None and box.cell.node.block.kind == "layer" for box in boxes)
        rect = boxes[0].rect if boxes else band.rect
        self._strip = QRectF(band.rect.x + 10, rect.y, band.rect.width - 20, rect.height)
        bare(self, qrect(band.rect), Z["band"])

    # -- words ---------------------------------------------------------------------------------------------------

    def words(self) -> list[str]:
        """The summary of the stage: what it has, what it puts out, what is done to it."""
        own = frozenset(self._blocks)
        number = f"{len(own):,}"
        count = tr("{count} layers", count=number) if self._layers else tr("{count} blocks", count=number)
        parts = [count, shape_text(self.band.output)]
        deleted, cut = len(own & self._look.deleted), len(own & self._look.cut)
        parts += [tr("{count} deleted", count=f"{deleted:,}")] if deleted else []
        parts += [tr("{count} cut", count=f"{cut:,}")] if cut else []
        return parts

    # -- painting ------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        palette = self._look.palette
        ringed = self._look.current == self.band.id
        painter.setPen(QPen(QColor(palette.accent), 2) if ringed else Qt.PenStyle.NoPen)
        painter.setBrush(self._ground())
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 10, 10)
        detail = self._look.detail(painter)
        if self.summary:
            self._paint_bars(painter, detail)
            if self._told:
                self._paint_summary(painter, detail)
        elif detail >= looks.TEXT_FROM:
            self._paint_title(painter)

    def _ground(self) -> QColor:
        palette = self._look.palette
        colour = self._look.colour(self.band.id)
        if not self._look.clear:
            return mixed(colour, palette.band, palette.window)
        colour.setAlphaF(palette.band + 0.03)
        return colour

    def _paint_title(self, painter: QPainter) -> None:
        palette = self._look.palette
        line = QRectF(self.rect().left() + 12, self.rect().top() + 5, self.rect().width() - 24, 20)
        name = self.band.id if self.band.first else f"{self.band.id} …"
        ink = self._look.ink(self.band.id)
        write(painter, line, name, looks.TITLE, ink, bold=self.band.first, align=_LEFT)
        if self.band.last and self.rect().width() > 130:
            shape = shape_text(self.band.output)
            write(painter, line, shape, looks.SMALL, palette.muted, align=Qt.AlignmentFlag.AlignRight)

    def _paint_bars(self, painter: QPainter, detail: float) -> None:
        """One for each block, so that it does not depend on what is folded."""
        if not self._bars:
            return
        look, palette = self._look, self._look.palette
        step = self._strip.width() / len(self._bars)
        gap = min(0.22 * step, 6.0) if step * detail >= _THIN else 0.0
        plain = mixed(look.colour(self.band.id), 0.34, palette.window)
        painter.setPen(Qt.PenStyle.NoPen)
        special = []
        for index, bar in enumerate(self._bars):
            rect = QRectF(self._strip.x() + index * step + gap / 2, self._strip.y(), step - gap, self._strip.height())
            if bar.block in look.deleted | look.cut | look.taken | look.around or bar.block == look.current:
                special.append((bar, rect))
                continue
            painter.fillRect(rect, self._fill(bar) or plain)
        for bar, rect in special:
            self._paint_special(painter, bar, rect, plain, detail)

    def _fill(self, bar: Bar) -> QColor | None:
        colouring = self._look.colouring
        return None if colouring is None else self._look.fill(colouring.values.get(bar.place))

    def _paint_special(self, painter: QPainter, bar: Bar, rect: QRectF, plain: QColor, detail: float) -> None:
        """Deleted, or passed by a path that is lit: an empty bar with a thick line through it, as its arc would be;
        cut, or on the path: framed; current: ringed."""
        look = self._look
        accent = QColor(look.palette.accent)
        wide = max(rect.width(), 2.5 / detail)
        rect = QRectF(rect.center().x() - wide / 2, rect.y(), wide, rect.height())
        deleted = bar.block in look.deleted | look.around
        painter.fillRect(rect, self._ground() if deleted else self._fill(bar) or plain)
        if deleted:
            height = max(rect.height() / 5, 2 / detail)
            painter.fillRect(QRectF(rect.x(), rect.center().y() - height / 2, rect.width(), height), accent)
        if not deleted or bar.block == look.current:
            pen = QPen(accent, 1.5 / detail)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect)
            painter.setPen(Qt.PenStyle.NoPen)

    def _paint_summary(self, painter: QPainter, detail: float) -> None:
        """In the size of the screen, above the bars where there is room, else on a plate over them."""
        palette = self._look.palette
        room = QRectF(0, 0, self.rect().width() * detail - 2 * _SIDE, self.rect().height() * detail)
        above = (self._strip.y() - self.rect().y()) * detail
        lines = summary_lines(self.band.id, self.words(), room.width(), above if above >= _LINE + 4 else room.height())
        if not lines:
            return
        painter.save()
        painter.translate(self.rect().topLeft())
        painter.scale(1 / detail, 1 / detail)
        height = len(lines) * _LINE
        top = (above - height) / 2 if above >= height + 2 else (room.height() - height) / 2
        if above < height + 2:
            widest = max(_advance(text, index == 0) for index, text in enumerate(lines))
            painter.setPen(Qt.PenStyle.NoPen)
            plate = self._ground()
            plate.setAlphaF(0.9)
            painter.setBrush(plate)
            painter.drawRoundedRect(QRectF(_SIDE - 4, top, widest + 8, height), 4, 4)
        ink = self._look.ink(self.band.id)
        for index, text in enumerate(lines):
            line = QRectF(_SIDE, top + index * _LINE, 10, _LINE)
            title = index == 0
            write(painter, line, text, _size(title), ink if title else palette.muted, bold=title, align=_LEFT)
        painter.restore()


def make_bands(placed: Layout, spec: NetworkSpec, look: Look) -> list[BandItem]:
    """Of a layout, each with the cards on it; the first piece of a stage that is about as wide as any bears its
    words."""
    blocks = {stage.id: tuple(block.id for block in stage.blocks) for stage in spec.stages}
    widths: dict[str, float] = {}
    for band in placed.bands:
        widths[band.id] = max(widths.get(band.id, 0.0), band.rect.width)
    told: dict[str, Band] = {}
    for band in placed.bands:
        if band.rect.width >= _ABOUT * widths[band.id]:
            told.setdefault(band.id, band)
    boxes: dict[tuple[str | None, int], list[Box]] = {}
    for box in placed.boxes:
        boxes.setdefault((box.cell.node.stage, box.row), []).append(box)
    return [
        BandItem(band, boxes[band.id, band.row], blocks.get(band.id, ()), band is told[band.id], look)
        for band in placed.bands
    ]


def summary_lines(title: str, parts: list[str], width: float, height: float) -> list[str]:
    """The title and as many of the words, in as few lines, as fit; nothing where not even the title does."""
    if height < _LINE or _advance(title, True) > width:
        return []
    rows = int(height // _LINE)
    whole = [title, " · ".join(parts)]
    if rows == 1:
        for count in range(len(parts), 0, -1):
            text = " · ".join([title, *parts[:count]])
            if _advance(text, True) <= width:
                return [text]
        return [title]
    if _advance(whole[1], False) <= width:
        return whole
    fitting = [part for part in parts if _advance(part, False) <= width]
    return [title, *fitting[: rows - 1]]


def _size(title: bool) -> int:
    return looks.TITLE if title else looks.SMALL


def _advance(text: str, title: bool) -> float:
    return QFontMetricsF(looks.font(_size(title), title)).horizontalAdvance(text)


def stage_at(bands: list[BandItem], point: QPointF, title_height: float) -> str | None:
    """The stage whose title is at a point; of a summary, all of it."""
    for item in bands:
        rect = QRectF(item.rect())
        if not item.summary:
            rect.setHeight(title_height)
        if rect.contains(point):
            return item.band.id
    return None
