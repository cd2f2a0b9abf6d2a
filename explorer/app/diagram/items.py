"""What the scene is made of: cards, lines, labels (bands: `bands`).

One item a card and one path item a line. Bounds stay with Qt's own rectangle and path items, so that a frame asks
Python only for the cards that it paints.
"""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPainterPathStroker, QPen
from PySide6.QtWidgets import QGraphicsPathItem, QGraphicsRectItem, QStyleOptionGraphicsItem, QWidget

from explorer.app.diagram import look as looks
from explorer.app.diagram.greyscale import hatch
from explorer.app.diagram.heat import text_on
from explorer.app.diagram.look import Look, shape_text, write
from explorer.app.text import tr
from explorer.app.theme import mixed
from explorer.app.widgets.switch import paint_switch
from explorer.networks.layout import Box, Line, Pool, Rect
from explorer.networks.lesion import Mode

_MARGIN = 7.0
"""Around a card, for its ring, its glow, the mark of a moved block and a fold's stack."""
_ARC_WIDTH = 11.0
"""How near an arc a click counts."""
_DIMMED = 0.3
Z = {"band": 0.0, "line": 1.0, "lit": 2.0, "label": 3.0, "pool": 4.0, "card": 4.0, "dragged": 8.0}


def qrect(rect: Rect) -> QRectF:
    return QRectF(rect.x, rect.y, rect.width, rect.height)


def bare(item: QGraphicsRectItem, rect: QRectF, z: float) -> None:
    item.setPen(QPen(Qt.PenStyle.NoPen))
    item.setRect(rect)
    item.setZValue(z)
    item.setCacheMode(looks.CACHE_MODE)
    item.setAcceptedMouseButtons(Qt.MouseButton.NoButton)


class CardItem(QGraphicsRectItem):
    """A card: input, stem, block, fold, the handle of an unfolded run, or head."""

    def __init__(self, box: Box, title: str, detail: str, look: Look) -> None:
        super().__init__()
        self.box = box
        self.title = title
        self.detail = detail
        self._look = look
        self.setPos(box.rect.x, box.rect.y)
        width, height = box.rect.width, box.rect.height
        bare(self, QRectF(0, 0, width, height).adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN), Z["card"])
        self._card = QRectF(0, 0, width, height)
        self._lifted = False

    @property
    def mode(self) -> Mode:
        """What is done to the block."""
        if self.box.id in self._look.deleted:
            return "deleted"
        return "cut" if self.box.id in self._look.cut else "whole"

    @property
    def deleted(self) -> bool:
        return self.box.id in self._look.deleted

    @property
    def target(self) -> bool:
        """Whether a block that is being dragged can change places with it."""
        return self._look.targets is not None and self.box.id in self._look.targets

    @property
    def lit(self) -> bool:
        """Whether it is lit from elsewhere, for a block of its own or one folded into it."""
        light = self._look.light
        return (light is not None and self.stands_for(light)) or any(map(self.stands_for, self._look.taken))

    @property
    def passed(self) -> bool:
        """Whether a path that is lit goes around it."""
        return self.box.id in self._look.around

    def stands_for(self, block: str) -> bool:
        """Whether it is that block's card, or a fold that holds the block."""
        cell = self.box.cell
        return block == cell.id or (cell.kind == "fold" and block in cell.hidden)

    def on_switch(self, scene_point: QPointF) -> bool:
        """Whether a point is on the switch, with some room around it for the finger."""
        return self._switched and self._switch().adjusted(-9, -6, 9, 7).contains(self.mapFromScene(scene_point))

    def lift(self) -> None:
        """Stand above all else, as a card that is being dragged."""
        self.setZValue(Z["dragged"])
        self.setOpacity(0.9)
        self._lifted = True

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        look = self._look
        colour = self._colour()
        kind = self.box.cell.kind
        if look.targets is not None and not self._lifted:
            painter.setOpacity(1.0 if self.target else _DIMMED)
        elif self.passed:
            painter.setOpacity(_DIMMED)
        if kind == "fold":
            self._paint_stack(painter, colour)
        if self.lit or (self.target and look.over == self.box.id):
            self._paint_light(painter)
        if look.current == self.box.id or self.target:
            self._paint_ring(painter, dashed=self.target)
        if kind == "handle":
            self._paint_handle(painter, colour)
            return
        self._paint_card(painter, colour)
        if self.deleted:
            self._paint_passing(painter)
        detail = self._look.detail(painter)
        if detail >= looks.TEXT_FROM:
            self._paint_words(painter, small_print=detail >= looks.DETAIL_FROM, colour=colour)
        if self.box.cell.node.moved and kind == "block":
            looks.paint_moved(painter, QPointF(self._card.center().x(), self._card.bottom() - 0.5), look.palette)

    def _colour(self) -> QColor:
        """A block keeps the colour of its own stage wherever it stands."""
        cell = self.box.cell
        return self._look.colour(cell.id if cell.kind == "block" else cell.node.stage or cell.id)

    def _paint_passing(self, painter: QPainter) -> None:
        """A deleted layer of a plain network lets its input pass, subsampled and padded where the shape changes."""
        block = self.box.cell.node.block
        if block is None or block.shortcut != "none":
            return
        painter.setPen(looks.edge_pen("identity" if block.passes_on else "subsampling", self._look.palette, True))
        middle = self._card.center().y() + 1.5
        painter.drawLine(QPointF(0, middle), QPointF(self._card.right(), middle))

    @property
    def _switched(self) -> bool:
        """Whether it has a switch: folds have none, nor blocks that can't be deleted."""
        block = self.box.cell.node.block
        return self.box.cell.kind == "block" and block is not None and not block.kept

    def _switch(self) -> QRectF:
        return QRectF(self._card.right() - 29, 15, 21, 12)

    def _paint_light(self, painter: QPainter) -> None:
        """A glow in the accent colour around the card."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mixed(QColor(self._look.palette.accent), 0.45, self._look.palette.window))
        painter.drawRoundedRect(self._card.adjusted(-5, -5, 5, 5), looks.RADIUS + 4, looks.RADIUS + 4)

    def _paint_ring(self, painter: QPainter, dashed: bool = False) -> None:
        pen = QPen(QColor(self._look.palette.accent), 2.5)
        if dashed:
            pen.setDashPattern([2, 1.6])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(self._card.adjusted(-4, -4, 4, 4), looks.RADIUS + 3, looks.RADIUS + 3)

    def _paint_card(self, painter: QPainter, colour: QColor) -> None:
        look, palette = self._look, self._look.palette
        if self.mode == "whole" and not look.grey and look.detail(painter) < looks.DETAIL_FROM:
            self._paint_small(painter, colour)
            return
        pen = QPen(mixed(colour, 0.45, palette.window) if self.deleted else colour, 1.4)
        if self.deleted:
            pen.setDashPattern([3, 2.4])
        elif self.mode == "cut":
            # As the arc lights up that is left of a deleted block, so does the card when the arc is cut.
            pen = QPen(QColor(palette.accent), looks.THICK)
        painter.setPen(pen)
        painter.setBrush(self._ground(colour))
        painter.drawPath(looks.card_path(self._card.width(), self._card.height()))
        if self.deleted and look.grey:
            hatch(painter, self._card.adjusted(3, 7, -3, -3), colour)
        bar = mixed(colour, 0.3, palette.window) if self.deleted else colour
        dashes = look.bar_dashes(self.box.cell.node.stage or self.box.id)
        if dashes:
            looks.paint_dashed_bar(painter, self._card.width(), bar, dashes)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(bar)
        painter.drawPath(looks.bar_path(self._card.width()))

    def _paint_small(self, painter: QPainter, colour: QColor) -> None:
        """Of cards this small there are many, and nobody sees their corners: plain rectangles take a third as long."""
        painter.fillRect(self._card, colour)
        painter.fillRect(self._card.adjusted(1.4, 6, -1.4, -1.4), self._ground(colour))

    def _ground(self, colour: QColor) -> QColor:
        """Behind the words: of a deleted card the band's, else the colour of the quantity that is shown, if any."""
        palette = self._look.palette
        if self.deleted:
            return mixed(colour, palette.band, palette.window)
        return self._look.fill(self._look.value(self.box.cell)) or self._raised()

    def _raised(self) -> QColor:
        """A card's ground: white on light; on dark a shade that parts it from its band without glare."""
        palette = self._look.palette
        return mixed(QColor(palette.raised), 0.5, palette.window) if palette.dark else QColor(palette.raised)

    def _paint_stack(self, painter: QPainter, colour: QColor) -> None:
        """Two more cards that look out behind a fold."""
        palette = self._look.palette
        for step in (2, 1):
            painter.setPen(QPen(mixed(colour, 0.75 - 0.2 * step, palette.window), 1.2))
            painter.setBrush(self._raised())
            painter.drawRoundedRect(self._card.translated(2.8 * step, -2.8 * step), looks.RADIUS, looks.RADIUS)

    def _paint_handle(self, painter: QPainter, colour: QColor) -> None:
        """Two brackets pointing at each other: fold these blocks again."""
        palette = self._look.palette
        painter.setPen(QPen(colour, 1.2))
        painter.setBrush(mixed(colour, 0.2, palette.window))
        painter.drawRoundedRect(self._card, looks.RADIUS, looks.RADIUS)
        x, y = self._card.center().x(), self._card.center().y()
        painter.setPen(QPen(QColor(palette.text), 1.6))
        for side in (-1, 1):
            tip = QPointF(x + 2 * side, y)
            for up in (-1, 1):
                painter.drawLine(QLineF(tip, QPointF(x + 6.5 * side, y + 5 * up)))

    def _paint_words(self, painter: QPainter, small_print: bool, colour: QColor) -> None:
        palette = self._look.palette
        value = self._look.value(self.box.cell)
        text, muted = QColor(palette.text), QColor(palette.muted)
        if self.deleted:
            text = muted = mixed(muted, 0.75, self._ground(colour))
        elif value is not None:
            text = muted = text_on(self._ground(colour), self._look.grey)
        width = self._card.width()
        switched = self._switched and small_print
        left = Qt.AlignmentFlag.AlignLeft if switched else Qt.AlignmentFlag.AlignHCenter
        head = QRectF(9 if switched else 0, 11, width - (9 if switched else 0), 20)
        write(painter, head, self.title, looks.NUMBER, text, bold=True, align=left)
        if not small_print:
            return
        colouring = self._look.colouring
        detail = self.detail if colouring is None or value is None else colouring.text(value)
        write(painter, QRectF(0, 35, width, 18), detail, looks.SMALL, muted)
        if switched:
            paint_switch(painter, self._switch(), not self.deleted, colour, palette)


class LineItem(QGraphicsPathItem):
    """An edge: an arrow, or a shortcut's arc. Qt paints it, Python doesn't."""

    def __init__(self, line: Line, look: Look) -> None:
        super().__init__()
        self.line = line
        self._look = look
        self._whole = line_path(line)
        self._broken: bool | None = None
        self.setCacheMode(looks.CACHE_MODE)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.refresh()

    @property
    def lit(self) -> bool:
        """Whether it is the shortcut of a deleted block, or a path that is lit takes it."""
        return self.line.around in self._look.deleted or self.line.around in self._look.around

    @property
    def cut(self) -> bool:
        """Whether it is a shortcut that is cut."""
        return self.line.around in self._look.cut

    def refresh(self) -> None:
        """Take the look of the moment."""
        if self._broken != self.cut:
            self._broken = self.cut
            self.setPath(looks.broken(self._whole) if self.cut else self._whole)
        pen = looks.edge_pen(self.line.kind, self._look.palette, self.lit)
        self.setPen(pen)
        self.setZValue(Z["lit"] if self.lit else Z["line"])

    def near(self, point: QPointF) -> bool:
        """Whether a point is on the line or next to it, the gap of a cut one included."""
        reach = _ARC_WIDTH / 2
        if not self._whole.boundingRect().adjusted(-reach, -reach, reach, reach).contains(point):
            return False
        stroker = QPainterPathStroker()
        stroker.setWidth(_ARC_WIDTH)
        return stroker.createStroke(self._whole).contains(point)


def line_path(line: Line) -> QPainterPath:
    """A line's path, with an arrow's head where it is not an arc."""
    points = [QPointF(*point) for point in line.points]
    path = QPainterPath(points[0])
    if line.curved:
        for index in range(1, len(points), 3):
            path.cubicTo(*points[index : index + 3])
        return path
    for point in points[1:]:
        path.lineTo(point)
    tip = points[-1]
    down = points[-2].x() == tip.x()
    for side in (-3.5, 3.5):
        path.moveTo(tip + (QPointF(side, -5) if down else QPointF(-5, side)))
        path.lineTo(tip)
    return path


class LabelItem(QGraphicsRectItem):
    """The shape that flows along an edge, below the cards, with a thin line up to the edge."""

    def __init__(self, line: Line, look: Look) -> None:
        super().__init__()
        assert line.shape is not None
        self.text = shape_text(line.shape)
        self._look = look
        x, y = line.label
        self._pill = QRectF(x - 34, y - 9, 68, 18)
        straight = len(line.points) == 2
        self._top = line.points[0][1] if straight else y
        bare(self, self._pill.united(QRectF(x - 1, self._top, 2, 1)), Z["label"])

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._look.detail(painter) < looks.TEXT_FROM:
            return
        palette = self._look.palette
        x = self._pill.center().x()
        pen = QPen(QColor(palette.edge), 1)
        pen.setDashPattern([1, 2])
        painter.setPen(pen)
        painter.drawLine(QPointF(x, self._top + 4), QPointF(x, self._pill.top() + 3))
        write(painter, self._pill, self.text, looks.SMALL, palette.muted)


class PoolItem(QGraphicsRectItem):
    """The max pool before the block at a place. It belongs to the place: it stays when the block is deleted."""

    def __init__(self, pool: Pool, look: Look) -> None:
        super().__init__()
        self.pool = pool
        self._look = look
        bare(self, qrect(pool.rect), Z["pool"])

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        palette = self._look.palette
        colour = self._look.colour(self.pool.place)
        rect = self.rect()
        painter.setPen(QPen(mixed(colour, 0.7, palette.window), 1.2))
        painter.setBrush(mixed(colour, 0.04, palette.window))
        painter.drawPath(looks.pool_path(rect))
        if self._look.detail(painter) < looks.DETAIL_FROM:
            return
        painter.save()
        painter.translate(rect.center())
        painter.rotate(-90)
        write(painter, QRectF(-20, -8, 40, 16), tr("pool"), looks.SMALL - 2, palette.muted)
        painter.restore()
