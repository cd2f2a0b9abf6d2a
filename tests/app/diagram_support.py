"""What the diagram's tests share: views, points on cards and arcs, pixels."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from explorer.app.diagram.view import DiagramView
from explorer.app.theme import theme
from explorer.networks.catalog import PRESETS
from explorer.networks.spec import NetworkSpec

LEFT = Qt.MouseButton.LeftButton
RESNET, PLAIN, VGG, PRE = (PRESETS[name] for name in ("resnet20", "plain20", "vgg_narrow", "preresnet110"))


def make_view(qtbot: QtBot, spec: NetworkSpec, width: int = 900, height: int = 360) -> DiagramView:
    theme().use("light")
    view = DiagramView()
    qtbot.addWidget(view)
    view.resize(width, height)
    view.show()
    view.set_spec(spec)
    view.setFocus()
    return view


def middle(view: DiagramView, block: str) -> QPoint:
    """A point in the lower half of a card, off its switch, in the viewport."""
    rect = view.diagram.cards[block].box.rect
    return view.mapFromScene(QPointF(rect.middle[0], rect.y + 0.75 * rect.height))


def top_of_arc(view: DiagramView, block: str) -> QPoint:
    path = view.diagram.arcs[block].line.points
    # A cubic from a base line with both control points at one height reaches three quarters of the way up.
    (x, base), (_, peak), (end, _) = path[0], path[1], path[3]
    return view.mapFromScene(QPointF((x + end) / 2, base + 0.75 * (peak - base)))


def around(view: DiagramView, block: str) -> QImage:
    """The pixels of a card and its arc."""
    rect = view.diagram.cards[block].box.rect
    corner = view.mapFromScene(QPointF(rect.x - 6, rect.y - 60))
    end = view.mapFromScene(QPointF(rect.right + 6, rect.bottom + 8))
    return view.viewport().grab().toImage().copy(corner.x(), corner.y(), end.x() - corner.x(), end.y() - corner.y())


def colours(image: QImage) -> set[str]:
    """All that occur in it."""
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def drag(view: DiagramView, qtbot: QtBot, start: QPoint, end: QPoint, drop: bool = True) -> None:
    qtbot.mousePress(view.viewport(), LEFT, pos=start)
    for share in (0.1, 0.5, 1.0):
        qtbot.mouseMove(view.viewport(), start + (end - start) * share)
    if drop:
        qtbot.mouseRelease(view.viewport(), LEFT, pos=end)
