"""How the diagram looks: fonts, pens, words, and the state that changes looks without moving anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem

from explorer.app.diagram.greyscale import DASHES, stage_grey
from explorer.app.diagram.heat import heat
from explorer.app.text import tr
from explorer.app.theme import Palette, mixed, part_colour
from explorer.networks.colouring import Colouring
from explorer.networks.folding import Cell
from explorer.networks.graph import EdgeKind, Node
from explorer.networks.spec import BlockSpec, Shape

CACHE_MODE = QGraphicsItem.CacheMode.NoCache
"""Of every item. Frames keep within their limit without cached pixmaps (tests/benchmarks/diagram.py), which would cost
memory at 600 blocks."""
TEXT_FROM = 0.5
"""Level of detail (logical pixels per unit) from which words are painted: below, they would be dots, and stages show a
summary instead of their cards."""
DETAIL_FROM = 0.6
"""Level of detail from which switches and small print are painted, and switches can be clicked."""
NUMBER, SMALL, TITLE = 14, 11, 13
"""Pixel sizes of the written words."""
RADIUS = 7.0
_THIN, THICK = 1.2, 2.8
_DASHES: dict[str, list[float]] = {
    "projection": [5, 3],
    "subsampling": [6, 2.5, 1.2, 2.5],
    "scale": [12, 2.5],
    "gate": [1.6, 1.6],
    "dropout": [1.2, 3.2],
}


@dataclass
class Look:
    """What items need to paint themselves; shared by all items of a scene.

    Attributes:
        palette: colours of the theme.
        deleted: ids of deleted blocks.
        cut: ids of blocks whose shortcut is cut.
        current: id of the box or stage with the focus ring, None for none.
        light: id of the block that is lit for a moment from elsewhere (a bar of a chart), None for none.
        taken, around: of a path that is lit for a moment, the blocks whose branch it takes, and those whose shortcut.
        hover: id of the box that the mouse is on, None for none.
        targets: while a block is dragged, ids of the blocks that it can change places with; else None.
        over: the one of them that it is over, None for none.
        colouring: what the blocks are filled by, None for their stages' colours alone.
        grey: for a print without colours: stages are told apart by the pattern of their bars.
        clear: nothing is painted behind the picture; bands let the page through.
        resolution: pixels of the device for one logical pixel, where something else than a screen is painted on.
    """

    palette: Palette
    deleted: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()
    current: str | None = None
    light: str | None = None
    taken: frozenset[str] = frozenset()
    around: frozenset[str] = frozenset()
    hover: str | None = None
    targets: frozenset[str] | None = None
    over: str | None = None
    colouring: Colouring | None = None
    grey: bool = False
    clear: bool = False
    resolution: float = 1.0
    _values: dict[str, float | None] = field(default_factory=dict)

    def colour_by(self, colouring: Colouring | None) -> None:
        """Another quantity, or none."""
        self.colouring = colouring
        self._values.clear()

    def value(self, cell: Cell) -> float | None:
        """A cell's value of the quantity, that of its place; of a fold the mean of its blocks."""
        if self.colouring is None or cell.kind in ("input", "handle"):
            return None
        if cell.id not in self._values:
            self._values[cell.id] = self.colouring.value(cell.hidden or (cell.node.place or cell.id,))
        return self._values[cell.id]

    def fill(self, value: float | None) -> QColor | None:
        """The colour of a value; None where there is none."""
        if self.colouring is None or value is None:
            return None
        return heat(self.colouring.share(value), self.palette, self.grey)

    def detail(self, painter: QPainter) -> float:
        """Logical pixels for one unit of the scene: how near a person is."""
        found = QStyleOptionGraphicsItem.levelOfDetailFromTransform(painter.worldTransform())
        return found / self.resolution

    def colour(self, part_id: str) -> QColor:
        """Of a part, a stage, or any block of it."""
        return stage_grey(part_id) if self.grey else part_colour(part_id, self.palette)

    def bar_dashes(self, part_id: str) -> tuple[float, ...]:
        """The pattern of a part's bar on a print without colours; empty where it is solid."""
        return DASHES.get(part_id.split(".")[0], ()) if self.grey else ()

    def ink(self, part_id: str) -> QColor:
        """A part's colour, with enough contrast for words."""
        if self.grey:
            return QColor(self.palette.text)
        ground = "#ffffff" if self.palette.dark else "#000000"
        return mixed(part_colour(part_id, self.palette), 0.78 if self.palette.dark else 0.72, ground)


@lru_cache(maxsize=16)
def font(pixels: int, bold: bool = False) -> QFont:
    """The default sans in a size."""
    found = QFont()
    found.setPixelSize(pixels)
    found.setBold(bold)
    return found


def write(
    painter: QPainter, rect: QRectF, text: str, pixels: int, colour: QColor | str, *, bold: bool = False,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignHCenter,
) -> None:  # fmt: skip
    """One line of text, centred in height."""
    painter.setFont(font(pixels, bold))
    painter.setPen(QColor(colour))
    painter.drawText(rect, int(align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip), text)


def edge_pen(kind: EdgeKind, palette: Palette, deleted: bool = False) -> QPen:
    """Solid for identity and forward edges, dashed for projections, dash-dotted for option A's subsampling, and dashes
    of their own for scaled, gated and dropout shortcuts; that of a deleted block is thick, in the accent colour."""
    pen = QPen(QColor(palette.accent if deleted else palette.edge), THICK if deleted else _THIN)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if kind in _DASHES:
        # Dash lengths count in pen widths: keep the pattern's length when the pen gets thick.
        pen.setDashPattern([length * (0.62 if deleted else 1.0) for length in _DASHES[kind]])
    return pen


def pool_path(rect: QRectF) -> QPainterPath:
    """The mark of a max pool: it narrows in the direction of flow."""
    cut = rect.height() / 4
    path = QPainterPath(rect.topLeft())
    path.lineTo(rect.right(), rect.top() + cut)
    path.lineTo(rect.right(), rect.bottom() - cut)
    path.lineTo(rect.bottomLeft())
    path.closeSubpath()
    return path


def broken(path: QPainterPath) -> QPainterPath:
    """A path with a gap in its middle, and a short stroke across each of the two ends."""
    result = QPainterPath()
    for start, end, edge in ((0.0, 0.45, 0.45), (0.55, 1.0, 0.55)):
        result.addPath(path.trimmed(start, end))
        at = path.pointAtPercent(edge)
        for side in (-1, 1):  # from the middle outward, so that a dashed pen does not break the strokes, too
            result.moveTo(at)
            result.lineTo(at + QPointF(2, -5.5) * side)
    return result


@lru_cache(maxsize=64)
def card_path(width: float, height: float, radius: float = RADIUS) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(0, 0, width, height), radius, radius)
    return path


@lru_cache(maxsize=64)
def bar_path(width: float, height: float = 6.0, radius: float = RADIUS) -> QPainterPath:
    """The coloured bar along a card's top, with the card's rounded corners."""
    path = QPainterPath(QPointF(0, radius))
    path.arcTo(0, 0, 2 * radius, 2 * radius, 180, -90)
    path.lineTo(width - radius, 0)
    path.arcTo(width - 2 * radius, 0, 2 * radius, 2 * radius, 90, -90)
    path.lineTo(width, height)
    path.lineTo(0, height)
    path.closeSubpath()
    return path


def paint_dashed_bar(painter: QPainter, width: float, colour: QColor, dashes: tuple[float, ...]) -> None:
    """The bar along a card's top with gaps, for prints without colours."""
    height = 6.0
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#ffffff"))
    painter.drawPath(bar_path(width))
    pen = QPen(colour, height - 1)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setDashPattern([length * height / (height - 1) for length in dashes])
    painter.setPen(pen)
    painter.drawLine(QPointF(RADIUS - 3, height / 2), QPointF(width - RADIUS + 3, height / 2))


def paint_moved(painter: QPainter, centre: QPointF, palette: Palette) -> None:
    """The mark of a block in another one's place: an arrow with two heads on a small pill."""
    pill = QRectF(centre.x() - 11, centre.y() - 6.5, 22, 13)
    painter.setPen(QPen(QColor(palette.accent), 1.2))
    painter.setBrush(QColor(palette.window))
    painter.drawRoundedRect(pill, 6.5, 6.5)
    for side in (-1, 1):
        tip = centre + QPointF(6.5 * side, 0)
        painter.drawLine(centre, tip)
        painter.drawLine(tip, tip + QPointF(-3 * side, -2.5))
        painter.drawLine(tip, tip + QPointF(-3 * side, 2.5))


def shape_text(shape: Shape) -> str:
    """`64×56×56`."""
    return "×".join(map(str, shape))


_MOST_KERNELS = 4096
_kernels: dict[BlockSpec, str] = {}
"""By form: a long network of equal blocks asks its operations once."""


def kernels_text(node: Node) -> str:
    """What has weights on a block's residual branch: `3×3, 3×3`; of a plain layer, with its channels: `3×3, 64`."""
    assert node.block is not None
    form = node.block.form
    if form not in _kernels:
        if len(_kernels) > _MOST_KERNELS:
            _kernels.clear()
        _kernels[form] = _kernels_of(node.block, node.input)
    return _kernels[form]


def _kernels_of(block: BlockSpec, shape: Shape) -> str:
    weighted = [one for one in block.operations(shape).branch if one.kind in ("conv", "linear")]
    depthwise = next((one for one in weighted if 1 < one.groups == one.input[0]), None)
    if depthwise is not None:  # what tells one MBConv from another; the rest is there when it is opened
        return tr("dw {window}", window=f"{depthwise.kernel}×{depthwise.kernel}")
    if not weighted:
        return tr("shortcut")  # all that is left of a block that was left out for good
    texts = [tr("fc") if one.kind == "linear" else f"{one.kernel}×{one.kernel}" for one in weighted]
    return f"{texts[0]}, {block.out_channels}" if block.kind == "layer" else ", ".join(texts)


def kind_text(kind: EdgeKind, preactivated: bool = False) -> str:
    """What the legend calls an edge; a pre-activation block's projection has no batch norm of its own."""
    names = {
        "forward": tr("forward"),
        "identity": tr("identity"),
        "projection": tr("projection (1×1 conv)") if preactivated else tr("projection (1×1 conv, BN)"),
        "subsampling": tr("option A (subsample, pad)"),
        "scale": tr("scaled shortcut"),
        "gate": tr("gated shortcut"),
        "dropout": tr("dropout shortcut"),
        "concat": tr("concatenation: each output goes to all later layers of its stage"),
        "none": tr("none"),
    }
    return names[kind]
