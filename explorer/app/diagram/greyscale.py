"""A diagram for a print without colours: greys, and patterns where colours told things apart.

A stage's bars have a pattern of their own (solid, long dashes, dots, dash-dots), deleted cards are hatched as in a
technical drawing, and kinds of edge keep the dashes that they have in colour.
"""

from __future__ import annotations

from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from explorer.app.theme import Palette

GREY = Palette(
    False, "#ffffff", "#f4f4f4", "#ffffff", "#d0d0d0", "#000000", "#444444", "#000000", "#ffffff", "#000000", "#555555",
    0.1, 0.2,
)  # fmt: skip
DASHES: dict[str, tuple[float, ...]] = {
    "layer2": (2.2, 0.7),
    "layer3": (0.6, 0.5),
    "layer4": (2.2, 0.5, 0.5, 0.5),
    "layer5": (1.2, 0.35),
    "layer6": (1.2, 0.4, 0.4, 0.4, 0.4, 0.4),
    "layer7": (3.5, 0.5),
    "stem": (0.25, 0.25),
}
"""Lengths in heights of a bar; the first stage and the head are solid."""
_GREYS = {
    "layer1": "#1c1c1c", "layer2": "#4a4a4a", "layer3": "#6e6e6e", "layer4": "#303030", "layer5": "#5c5c5c",
    "layer6": "#242424", "layer7": "#7a7a7a", "head": "#000000",
}  # fmt: skip
_HATCH = 5.0


def stage_grey(part_id: str) -> QColor:
    """A part's grey; its pattern tells it apart where greys come out alike."""
    return QColor(_GREYS.get(part_id.split(".")[0], "#8a8a8a"))


def hatch(painter: QPainter, rect: QRectF, colour: QColor) -> None:
    """Thin strokes across a rectangle, as real lines: patterned brushes are lost in some vector formats."""
    painter.setPen(QPen(colour, 0.6))
    width, height = rect.width(), rect.height()
    at = _HATCH
    while at < width + height:
        left, right = max(0.0, at - height), min(at, width)
        painter.drawLine(
            QLineF(rect.left() + left, rect.top() + at - left, rect.left() + right, rect.top() + at - right)
        )
        at += _HATCH
