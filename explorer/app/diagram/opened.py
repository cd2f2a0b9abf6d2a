"""An opened part: a sheet over the diagram that shows its operations."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsRectItem, QStyleOptionGraphicsItem, QWidget

from explorer.app.diagram import look as looks
from explorer.app.diagram.items import line_path, qrect
from explorer.app.diagram.look import Look, shape_text, write
from explorer.app.diagram.words import formula, opened_title, operation_words
from explorer.app.text import tr
from explorer.app.theme import mixed
from explorer.networks.folding import Cell
from explorer.networks.graph import operation_graph
from explorer.networks.layout import Box, Line
from explorer.networks.lesion import Mode
from explorer.networks.operation_layout import operation_layout
from explorer.networks.spec import NetworkSpec

_SIDE, _HEAD, _FOOT = 20.0, 44.0, 34.0
_SHADOW = 10.0
_WITH_SHAPE = ("conv", "maxpool", "avgpool", "linear", "subsample", "add", "concat", "gate", "flatten")


class OpenedItem(QGraphicsRectItem):
    """The sheet. Its origin is its top left corner; its look follows what is deleted and cut."""

    def __init__(self, spec: NetworkSpec, cell: Cell, look: Look, order: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.cell = cell
        self._look = look
        graph = operation_graph(spec, cell.id, order)
        self._layout = operation_layout(graph)
        self._branch = frozenset(_branch(cell))
        joins = [edge.target for edge in graph.edges if edge.kind != "forward"]
        self._join = joins[-1] if joins else ""
        foot = _FOOT if cell.node.block is not None else 12.0
        words = QFontMetricsF(looks.font(looks.TITLE, bold=True)).horizontalAdvance(opened_title(cell))
        words += QFontMetricsF(looks.font(looks.SMALL)).horizontalAdvance(tr("Esc closes")) + _SIDE
        width = max(self._layout.width, words, 300.0)
        self.sheet = QRectF(0, 0, width + 2 * _SIDE, self._layout.height + _HEAD + foot)
        self.setRect(self.sheet.adjusted(-_SHADOW, -_SHADOW, _SHADOW, _SHADOW))
        self.setPen(QPen(Qt.PenStyle.NoPen))
        self.setZValue(10)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    @property
    def operations(self) -> tuple[str, ...]:
        """Ids of the operations shown."""
        return tuple(box.id for box in self._layout.boxes if box.cell.node.operation)

    @property
    def mode(self) -> Mode:
        """What is done to the block."""
        if self.cell.id in self._look.deleted:
            return "deleted"
        return "cut" if self.cell.id in self._look.cut else "whole"

    @property
    def deleted(self) -> bool:
        return self.mode == "deleted"

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        self._paint_sheet(painter)
        self._paint_words(painter)
        painter.save()
        painter.translate((self.sheet.width() - self._layout.width) / 2, _HEAD)
        for line in self._layout.lines:
            self._paint_line(painter, line)
        for box in self._layout.boxes:
            self._paint_box(painter, box)
        painter.restore()

    def _paint_sheet(self, painter: QPainter) -> None:
        palette = self._look.palette
        painter.setPen(Qt.PenStyle.NoPen)
        for step in range(5):
            painter.setBrush(QColor(0, 0, 0, 22 if palette.dark else 7))
            grow = 2.0 * (step + 1)
            painter.drawRoundedRect(self.sheet.adjusted(-grow, -grow + 2, grow, grow), 12 + grow, 12 + grow)
        painter.setBrush(QColor(palette.window))
        painter.setPen(QPen(self._colour(), 1.6))
        painter.drawRoundedRect(self.sheet, 12, 12)

    def _paint_words(self, painter: QPainter) -> None:
        palette = self._look.palette
        head = QRectF(_SIDE, 8, self.sheet.width() - 2 * _SIDE, 26)
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        ink = self._look.ink(self.cell.node.stage or self.cell.id)
        write(painter, head, opened_title(self.cell), looks.TITLE, ink, bold=True, align=left)
        write(painter, head, tr("Esc closes"), looks.SMALL, palette.muted, align=right)
        if self.cell.node.block is not None:
            foot = QRectF(_SIDE, self.sheet.bottom() - _FOOT + 2, self.sheet.width() - 2 * _SIDE, 24)
            colour = palette.muted if self.mode == "whole" else palette.accent
            write(
                painter,
                foot,
                formula(self.cell.node.block, self.mode, self.cell.node.input),
                looks.TITLE,
                colour,
                align=left,
            )

    def _paint_line(self, painter: QPainter, line: Line) -> None:
        palette = self._look.palette
        block = self.cell.node.block
        forward = line.kind == "forward"
        on_branch = forward and (line.source in self._branch or line.target in self._branch)
        kind = line.kind
        lit = self.deleted and not forward
        if self.deleted and block is not None and block.shortcut == "none" and on_branch:
            # Nothing leads around a plain layer: its input passes through.
            lit, kind = True, "identity" if block.passes_on else "subsampling"
        pen = looks.edge_pen(kind, palette, lit)
        gone = (self.deleted and on_branch and not lit) or (self.mode == "cut" and not forward)
        if gone:
            pen.setColor(mixed(QColor(palette.edge), 0.35, palette.window))
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        path = line_path(line)
        last = line.target == self._join
        painter.drawPath(looks.broken(path) if self.mode == "cut" and not forward and last else path)

    def _off(self, box: Box) -> bool:
        """Whether an operation has no effect now."""
        operation = box.cell.node.operation
        if operation is None or self.mode == "whole":
            return False
        return operation.on_shortcut if self.mode == "cut" else box.id in self._branch

    def _paint_box(self, painter: QPainter, box: Box) -> None:
        palette = self._look.palette
        operation = box.cell.node.operation
        rect = qrect(box.rect)
        off = self._off(box)
        faded = mixed(QColor(palette.muted), 0.6, palette.window)
        text = faded if off else QColor(palette.text)
        if operation is None:
            words = ("x" if box.cell.kind == "input" else "y", "")
        else:
            words = operation_words(operation)
            self._paint_ground(painter, rect, operation.kind, off)
        first = rect.adjusted(0, 3, 0, -rect.height() / 2 + 3) if words[1] else rect
        bold = operation is None or operation.kind in ("conv", "linear", "add", "concat", "gate", "se")
        write(painter, first, words[0], looks.SMALL + (2 if operation is None else 0), text, bold=bold)
        if words[1]:
            second = rect.adjusted(0, rect.height() / 2 - 2, 0, -3)
            write(painter, second, words[1], looks.SMALL - 1, faded if off else palette.muted)
        if operation is None or operation.kind in _WITH_SHAPE:
            below = QRectF(rect.left(), rect.bottom() + 1, rect.width(), 16)
            write(painter, below, shape_text(box.cell.node.output), looks.SMALL - 1, faded if off else palette.muted)

    def _paint_ground(self, painter: QPainter, rect: QRectF, kind: str, off: bool) -> None:
        palette = self._look.palette
        weighted = kind in ("conv", "linear", "se", "gate")
        colour = self._colour()
        pen = QPen(mixed(colour, 0.4 if off or not weighted else 1.0, palette.window), 1.2)
        if off:
            pen.setDashPattern([3, 2.4])
        painter.setPen(pen)
        painter.setBrush(mixed(colour, palette.band if weighted and not off else 0.02, palette.window))
        radius = rect.height() / 2 if kind == "add" else 6
        painter.drawRoundedRect(rect, radius, radius)

    def _colour(self) -> QColor:
        return self._look.colour(self.cell.node.stage or self.cell.id)

    def place(self, middle: QPointF, scale: float, inside: QRectF) -> None:
        """Centre it on a point, at a scale, moved as little as it takes to lie inside a rectangle of the scene."""
        self.setScale(scale)
        width, height = self.sheet.width() * scale, self.sheet.height() * scale
        x = min(max(middle.x() - width / 2, inside.left()), max(inside.right() - width, inside.left()))
        y = min(max(middle.y() - height / 2, inside.top()), max(inside.bottom() - height, inside.top()))
        self.setPos(x, y)


def _branch(cell: Cell) -> Iterator[str]:
    """Ids of the operations that deleting a block puts out of effect: those on its residual branch, but for what both
    ways share; of a plain layer, all but the pool before it."""
    block = cell.node.block
    if block is None:
        return
    wiring = block.operations(cell.node.input)
    plain = block.shortcut == "none"
    for operation in (*wiring.branch, *(wiring.after if plain else ())):
        yield operation.id
