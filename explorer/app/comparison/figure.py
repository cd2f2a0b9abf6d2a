"""The figure as a file: all networks, with a legend of the shortcuts below."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter

from explorer.app.comparison.scene import ComparisonScene
from explorer.app.diagram.look import edge_pen, font, write
from explorer.app.drawing import Drawing
from explorer.app.export import png, write_whole
from explorer.app.picture import LARGEST_SIDE
from explorer.app.text import tr
from explorer.app.theme import Palette
from explorer.errors import UserError
from explorer.networks.graph import EdgeKind
from explorer.networks.spec import NetworkSpec

_MARGIN = 24.0
_FOOT = 34.0
_LINE = 20.0
_INDENT, _STROKE, _NEAR, _APART = 18.0, 30.0, 8.0, 28.0
"""Of the legend: before a line of it, its samples' length, from them to their words, and to the next sample."""
_SMALL = 12
_SCALE = 2.0
_WORDS: dict[EdgeKind, str] = {
    "identity": "identity shortcut", "projection": "projection (1×1 conv)", "subsampling": "option A (subsample, pad)",
    "scale": "scaled shortcut", "gate": "gated shortcut", "dropout": "dropout shortcut", "concat": "concatenation",
}  # fmt: skip


class ComparisonFigure(Drawing):
    """Networks side by side, ready to be painted.

    Args:
        specs: from left to right.
        palette: colours.
        unfolded: pairs of a column and a run in it that is shown whole.
    """

    def __init__(
        self, specs: tuple[NetworkSpec, ...], palette: Palette, unfolded: frozenset[tuple[int, str]] = frozenset()
    ) -> None:
        self._scene = ComparisonScene(palette)
        self._scene.show_networks(specs, unfolded)
        self._palette = palette
        self.title = ", ".join(spec.name for spec in specs)
        self.description = tr("{networks}, aligned by resolution", networks=self.title)

    @property
    def size(self) -> QSizeF:
        content = self._scene.content()
        foot = legend_height(self._scene.specs, content.width())
        return QSizeF(content.width() + 2 * _MARGIN, content.height() + foot + 2 * _MARGIN)

    def save(self, path: Path) -> None:
        """Write it as .svg, .pdf or .png.

        Raises:
            UserError: another suffix, or a place that can't be written; an old file stays whole.
        """
        makers = {".svg": self.svg, ".pdf": self.pdf, ".png": self._png}
        maker = makers.get(path.suffix.lower())
        if maker is None:
            raise UserError(
                "The figure can be written as {suffixes}; give the file one of these endings instead of {path}.",
                suffixes=", ".join(makers), path=path.name,
            )  # fmt: skip
        write_whole(path, maker())

    def image(self) -> QImage:
        """Two pixels for each logical one, or fewer where that were too many."""
        scale = min(_SCALE, LARGEST_SIDE / max(self.size.width(), self.size.height()))
        image = QImage((self.size * scale).toSize(), QImage.Format.Format_RGB32)
        self._paint_on(image, scale)
        return image

    def _png(self) -> bytes:
        return png(self.image())

    def paint(self, painter: QPainter) -> None:
        painter.fillRect(QRectF(QPointF(), self.size), QColor(self._palette.window))
        painter.translate(_MARGIN, _MARGIN)
        content = self._scene.content()
        self._scene.render(painter, content, content)
        paint_legend(painter, QRectF(0, content.bottom(), content.width(), _FOOT), self._scene.specs, self._palette)


def legend_height(specs: tuple[NetworkSpec, ...], width: float) -> float:
    """What the legend needs, in as many lines as its words take in this width."""
    return _FOOT + _LINE * (len(_legend_lines(specs, width)) - 1)


def _legend_lines(specs: tuple[NetworkSpec, ...], width: float) -> list[list[tuple[EdgeKind, str, float]]]:
    """Kind, words and place of each entry, line by line."""
    present = {block.shortcut for spec in specs for block in spec.all_blocks}
    metrics = QFontMetricsF(font(_SMALL))
    lines: list[list[tuple[EdgeKind, str, float]]] = [[]]
    x = _INDENT
    for kind, word in _WORDS.items():
        if kind not in present:
            continue
        text = tr(word)
        wide = _STROKE + _NEAR + metrics.horizontalAdvance(text)
        if lines[-1] and x + wide > width:
            lines.append([])
            x = _INDENT
        lines[-1].append((kind, text, x))
        x += wide + _APART
    return lines


def paint_legend(painter: QPainter, rect: QRectF, specs: tuple[NetworkSpec, ...], palette: Palette) -> None:
    """What the lines at the sides are: those kinds that the networks have."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for number, line in enumerate(_legend_lines(specs, rect.width())):
        middle = rect.y() + _FOOT / 2 + 6 + number * _LINE
        for kind, text, at in line:
            x = rect.x() + at
            painter.setPen(edge_pen(kind, palette))
            painter.drawLine(QPointF(x, middle), QPointF(x + _STROKE, middle))
            place = QRectF(x + _STROKE + _NEAR, middle - 10, 10, 20)
            write(painter, place, text, _SMALL, palette.muted, align=Qt.AlignmentFlag.AlignLeft)
