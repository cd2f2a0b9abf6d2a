"""A graphics view that zooms at the cursor, pans by dragging, and stays fitted until a person does either.

Dragging pans with the left button, unless what is under the mouse can itself be taken, and always with the middle one.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QNativeGestureEvent, QPainter, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsView, QWidget

LARGEST_FIT = 1.4
"""Fitting enlarges a small picture no further than this."""
ZOOMS = (0.05, 8.0)
_STEP = 1.25
_MARGIN = 14.0


class ZoomView(QGraphicsView):
    """Zooming and panning; what is fitted and what a click means is for a subclass to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fitted = True
        self._press: QPoint | None = None
        self._pan_from: QPoint | None = None
        self._taken = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    # -- for a subclass ------------------------------------------------------------------------------------------

    def zoomed(self) -> None:
        """The zoom is another one."""

    def shifted(self) -> None:
        """Another part of the scene is seen, or the same part in another size."""

    def content(self) -> QRectF:
        """What fit shows, in the scene."""
        return self.sceneRect()

    def arrange(self, room: QRectF) -> None:
        """Use the chance to lay out for a room before it is fitted."""

    def click(self, at: QPoint) -> None:
        """The left button was pressed and released without dragging."""

    def hover(self, at: QPoint) -> bool:
        """The mouse moved; says whether something there can be clicked."""
        return False

    def take(self, at: QPoint) -> bool:
        """The left button was pressed there and the mouse moves: says whether something is taken along."""
        return False

    def carry(self, at: QPoint) -> None:
        """What was taken is here now."""

    def put_down(self) -> None:
        """The button was released."""

    def let_go(self) -> None:
        """Forget what was taken, and that a button is pressed."""
        self._press = self._pan_from = None
        self._taken = False
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)

    # -- zoom ----------------------------------------------------------------------------------------------------

    @property
    def zoom(self) -> float:
        """Logical pixels of the screen for one unit of the scene."""
        return self.transform().m11()

    @property
    def fitted(self) -> bool:
        """Whether the picture follows the size of the view: nobody has zoomed or panned."""
        return self._fitted

    def fit(self) -> None:
        """Show everything, and keep it so while the view is resized."""
        self._fitted = True
        room = QRectF(self.viewport().rect()).adjusted(_MARGIN, _MARGIN / 2, -_MARGIN, -_MARGIN / 2)
        room.setSize(room.size().expandedTo(QRectF(0, 0, 50, 50).size()))
        self.arrange(room)
        content = self.content()
        scale = min(room.width() / content.width(), room.height() / content.height(), LARGEST_FIT)
        self.resetTransform()
        self.scale(max(scale, ZOOMS[0]), max(scale, ZOOMS[0]))
        self.zoomed()
        self.centerOn(content.center())
        self.shifted()

    def show_rect(self, rect: QRectF, largest: float) -> None:
        """Show a part of the scene, as large as there is room, but no larger than that zoom."""
        self._fitted = False
        room = QRectF(self.viewport().rect()).adjusted(_MARGIN, _MARGIN / 2, -_MARGIN, -_MARGIN / 2)
        scale = min(room.width() / max(rect.width(), 1.0), room.height() / max(rect.height(), 1.0), largest)
        scale = min(max(scale, ZOOMS[0]), ZOOMS[1])
        self.resetTransform()
        self.scale(scale, scale)
        self.zoomed()
        self.centerOn(rect.center())
        self.shifted()

    def zoom_in(self) -> None:
        self.zoom_by(_STEP)

    def zoom_out(self) -> None:
        self.zoom_by(1 / _STEP)

    def actual_size(self) -> None:
        """One to one, around the middle of the view."""
        self.zoom_by(1 / self.zoom)

    def zoom_by(self, factor: float, at: QPoint | None = None) -> None:
        """Zoom so that what is at a point of the viewport (its middle unless told) stays there."""
        self._fitted = False
        at = at or self.viewport().rect().center()
        factor = min(max(self.zoom * factor, ZOOMS[0]), ZOOMS[1]) / self.zoom
        before = self.mapToScene(at)
        self.scale(factor, factor)
        self.zoomed()
        self._scroll(self.mapFromScene(before) - at)
        self.shifted()

    def pan(self, by: QPoint) -> None:
        """Move the window onto the scene by pixels."""
        self._fitted = False
        self._scroll(by)

    def _scroll(self, by: QPoint) -> None:
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() + by.x())
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + by.y())

    def seen(self) -> QRectF:
        """The part of the scene that is seen."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    # -- events --------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._fitted:
            self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self.fit()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self.shifted()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel zooms at the cursor; sideways, it pans."""
        turned = event.angleDelta()
        if abs(turned.x()) > abs(turned.y()):
            self.pan(QPoint(-turned.x(), 0))
        elif turned.y():
            self.zoom_by(_STEP ** (turned.y() / 120), event.position().toPoint())
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        """Pinching on a touch pad zooms."""
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1 + event.value(), event.position().toPoint())
            return True
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        at = event.position().toPoint()
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = at
        elif event.button() == Qt.MouseButton.MiddleButton and self._press is None:
            self._press = self._pan_from = at
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self._press is None:
            hand = Qt.CursorShape.PointingHandCursor if self.hover(at) else Qt.CursorShape.ArrowCursor
            self.viewport().setCursor(hand)
            return
        moving = self._taken or self._pan_from is not None
        if not moving and (at - self._press).manhattanLength() >= QApplication.startDragDistance():
            self._taken = self.take(self._press)
            if not self._taken:
                self._pan_from = self._press
                self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._taken:
            self.carry(at)
        elif self._pan_from is not None:
            self.pan(self._pan_from - at)
            self._pan_from = at

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        pressed, panned, taken = self._press, self._pan_from is not None, self._taken
        self.let_go()
        if taken:
            self.put_down()
        elif pressed is not None and not panned:
            self.click(pressed)
