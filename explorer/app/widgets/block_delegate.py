"""Paints the rows of the block tree: a dot in the stage's colour, the id, the cost, and a switch."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from explorer.app.theme import Palette, mixed, part_colour, theme
from explorer.app.widgets.switch import paint_switch

ID_ROLE = Qt.ItemDataRole.UserRole
COST_ROLE = Qt.ItemDataRole.UserRole + 1
SWITCH_ROLE = Qt.ItemDataRole.UserRole + 2
"""True: present. False: deleted. None: the row has no switch."""
CUT_ROLE = Qt.ItemDataRole.UserRole + 3
"""Whether the block's shortcut is cut."""
ROW = 26
_SWITCH = QSize(24, 13)
_EDGE = 6
Index = QModelIndex | QPersistentModelIndex


def switch_rect(row: QRect) -> QRect:
    """Where the switch of a row is."""
    return QRect(row.right() - _EDGE - _SWITCH.width(), row.center().y() - _SWITCH.height() // 2, *_SWITCH.toTuple())


class BlockDelegate(QStyledItemDelegate):
    """One row, painted; a click on the switch toggles."""

    toggled = Signal(str)
    """Id of the block whose switch was clicked."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(160, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colours = theme().palette
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option, colours)
        present = index.data(SWITCH_ROLE)
        colour = part_colour(index.data(ID_ROLE))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mixed(colour, 0.35, colours.window) if present is False else colour)
        dot = QRectF(rect.left() + 4, rect.center().y() - 3.5, 8, 8)
        painter.drawRoundedRect(dot, 2, 2)
        if index.data(CUT_ROLE):
            # As in the diagram, where the card of a block with a cut shortcut has a border in the accent colour.
            painter.setPen(QPen(QColor(colours.accent), 1.6))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(dot.adjusted(-2.5, -2.5, 2.5, 2.5), 3, 3)
        right = rect.right() - _EDGE - _SWITCH.width() - 10
        cost = index.data(COST_ROLE)
        taken = painter.fontMetrics().horizontalAdvance(cost) + 8
        painter.setPen(QColor(colours.muted))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(rect.left(), rect.top(), right - rect.left(), rect.height()),
                         Qt.AlignmentFlag.AlignRight | middle, cost)  # fmt: skip
        painter.setPen(QColor(colours.muted if present is False else colours.text))
        room = QRect(rect.left() + 18, rect.top(), max(right - taken - rect.left() - 18, 0), rect.height())
        name = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | middle, name)
        if present is not None:
            paint_switch(painter, QRectF(switch_rect(rect)), present, QColor(colours.accent), colours)
        painter.restore()

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        if index.data(SWITCH_ROLE) is None or not isinstance(event, QMouseEvent):
            return False
        inside = switch_rect(option.rect).adjusted(-6, -6, 6, 6).contains(event.position().toPoint())
        if not inside or event.button() != Qt.MouseButton.LeftButton:
            return False
        # A quick second click arrives as a double click: it toggles back, as a switch does.
        if event.type() == QEvent.Type.MouseButtonRelease:
            self.toggled.emit(index.data(ID_ROLE))
        return True

    @staticmethod
    def _paint_ground(painter: QPainter, option: QStyleOptionViewItem, colours: Palette) -> None:
        state = option.state
        if not state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            return
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        focused = chosen and bool(state & QStyle.StateFlag.State_HasFocus)
        painter.setPen(QColor(colours.accent) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.control) if chosen else mixed(QColor(colours.control), 0.5, colours.window))
        painter.drawRoundedRect(QRectF(option.rect).adjusted(0.5, 1.5, -0.5, -1.5), 5, 5)
