"""Paints the rows of the block tree: a dot in the stage's colour and the id, figures, and a switch."""

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
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTreeView

from explorer.app.theme import mixed, part_colour, theme
from explorer.app.widgets.switch import paint_switch

ID_ROLE = Qt.ItemDataRole.UserRole
VALUE_ROLE = Qt.ItemDataRole.UserRole + 1
"""A figure's number, by which its column is sorted."""
SWITCH_ROLE = Qt.ItemDataRole.UserRole + 2
"""True: present. False: deleted. None: the row has no switch."""
CUT_ROLE = Qt.ItemDataRole.UserRole + 3
"""Whether the block's shortcut is cut."""
ROW = 26
SWITCH_WIDTH = 36
"""Of the column, the last one."""
NAME_MARGIN = 24
"""Beside a name, for the dot and the gaps."""
_SWITCH = QSize(24, 13)
_EDGE = 6
_MIDDLE = Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex


def switch_rect(cell: QRect) -> QRect:
    """Where the switch is in its cell, the last one of a row."""
    return QRect(cell.right() - _EDGE - _SWITCH.width(), cell.center().y() - _SWITCH.height() // 2, *_SWITCH.toTuple())


class BlockDelegate(QStyledItemDelegate):
    """The cells of a row, painted; a click on the switch toggles. What a row is, its first cell says."""

    toggled = Signal(str)
    """Id of the block whose switch was clicked."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(48, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        first, last = index.sibling(index.row(), 0), index.model().columnCount() - 1
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option, first)
        if index.column() == 0:
            self._paint_name(painter, option.rect, index)
        elif index.column() == last:
            present = first.data(SWITCH_ROLE)
            if present is not None:
                colours = theme().palette
                rect = QRectF(switch_rect(option.rect))
                paint_switch(painter, rect, present, QColor(colours.accent), colours)
        else:
            painter.setPen(QColor(theme().palette.muted))
            painter.drawText(option.rect.adjusted(0, 0, -4, 0), Qt.AlignmentFlag.AlignRight | _MIDDLE, index.data())
        painter.restore()

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        first = index.sibling(index.row(), 0)
        if index.column() != model.columnCount() - 1 or first.data(SWITCH_ROLE) is None:
            return False
        if not isinstance(event, QMouseEvent) or event.button() != Qt.MouseButton.LeftButton:
            return False
        if not switch_rect(option.rect).adjusted(-6, -6, 6, 6).contains(event.position().toPoint()):
            return False
        # A quick second click arrives as a double click: it toggles back, as a switch does.
        if event.type() == QEvent.Type.MouseButtonRelease:
            self.toggled.emit(first.data(ID_ROLE))
        return True

    @staticmethod
    def _paint_name(painter: QPainter, rect: QRect, index: Index) -> None:
        colours = theme().palette
        deleted = index.data(SWITCH_ROLE) is False
        colour = part_colour(index.data(ID_ROLE))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mixed(colour, 0.35, colours.window) if deleted else colour)
        dot = QRectF(rect.left() + 4, rect.center().y() - 3.5, 8, 8)
        painter.drawRoundedRect(dot, 2, 2)
        if index.data(CUT_ROLE):
            # As in the diagram, where the card of a block with a cut shortcut has a border in the accent colour.
            painter.setPen(QPen(QColor(colours.accent), 1.6))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(dot.adjusted(-2.5, -2.5, 2.5, 2.5), 3, 3)
        painter.setPen(QColor(colours.muted if deleted else colours.text))
        room = rect.adjusted(18, 0, -2, 0)
        name = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, max(room.width(), 0))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | _MIDDLE, name)

    @staticmethod
    def _paint_ground(painter: QPainter, option: QStyleOptionViewItem, first: QModelIndex) -> None:
        """This cell's part of the row's rounded ground."""
        state, colours, view = option.state, theme().palette, option.widget
        if not state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            return
        assert isinstance(view, QTreeView)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        focused = chosen and view.hasFocus()
        left = view.visualRect(first).left()
        row = QRectF(left, option.rect.top(), view.viewport().width() - left, option.rect.height())
        painter.save()
        painter.setClipRect(option.rect)
        painter.setPen(QColor(colours.accent) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.control) if chosen else mixed(QColor(colours.control), 0.5, colours.window))
        painter.drawRoundedRect(row.adjusted(0.5, 1.5, -0.5, -1.5), 5, 5)
        painter.restore()
