"""Chips of deleted, cut or moved blocks, in their stages' colours, each with a cross that restores it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QFrame, QLabel, QScrollArea, QSizePolicy, QWidget

from explorer.app.text import tr
from explorer.app.theme import mixed, part_colour, theme
from explorer.app.widgets.flow import FlowLayout

MOST_CHIPS = 100
_RESTORE = "Restore {id}"
_HEIGHT = 24
_MOST_HEIGHT = 4 * _HEIGHT + 3 * 6


class RestoreChip(QAbstractButton):
    """One block to which something is done; a click takes it back."""

    def __init__(self, block_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.block_id = block_id
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.say(block_id, tr("Restore {id}", id=block_id))
        theme().changed.connect(self.update)

    def say(self, text: str, tip: str) -> None:
        """What stands on it, and what a click does."""
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        self.ensurePolished()
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 36, _HEIGHT)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strong = self.underMouse() or self.isDown()
        ground = mixed(part_colour(self.block_id), colours.card + (0.12 if strong else 0), colours.window)
        painter.setPen(QPen(QColor(colours.accent), 1.5) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        rect = self.rect().toRectF().adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
        painter.setPen(QColor(colours.text))
        painter.drawText(self.rect().adjusted(10, 0, -24, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.setPen(QPen(QColor(colours.text if strong else colours.muted), 1.3))
        x, y = self.width() - 15.0, self.height() / 2
        painter.drawLine(QPointF(x - 3, y - 3), QPointF(x + 3, y + 3))
        painter.drawLine(QPointF(x - 3, y + 3), QPointF(x + 3, y - 3))


class ChipArea(QScrollArea):
    """Chips in rows; from the fifth row on it scrolls."""

    restore_requested = Signal(str)

    def __init__(self, tip: str = _RESTORE, parent: QWidget | None = None) -> None:
        """`tip` says what a click on the chip of a block does, in English."""
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Not Fixed: that would hold it to the size hint, which is from before it got its width.
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        self._flow = FlowLayout(inner)
        self.chips: list[RestoreChip] = []
        self._tip = tip
        self.more = QLabel()
        self.more.setProperty("rank", "small")
        self._flow.addWidget(self.more)
        self.setWidget(inner)

    def set_blocks(self, ids: Sequence[str], texts: Mapping[str, str] | None = None) -> None:
        """Show these blocks, in this order; beyond the first hundred only how many there are. `texts` are what stands
        on their chips where that is not the id alone.

        Chips that stay are kept: deleting one more block adds one widget, however many there are.
        """
        kept = {chip.block_id: chip for chip in self.chips}
        shown = ids[:MOST_CHIPS]
        self.chips = [kept.pop(block_id) if block_id in kept else self._new(block_id) for block_id in shown]
        for chip in self.chips:
            text = (texts or {}).get(chip.block_id, chip.block_id)
            if chip.text() != text or self._tip != _RESTORE:
                chip.say(text, tr(self._tip, id=chip.block_id))
        for chip in kept.values():
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        rest = len(ids) - len(self.chips)
        self.more.setText(tr("and {count} more", count=rest) if rest else "")
        self.more.setVisible(rest > 0)
        self._flow.set_order([*self.chips, self.more])
        self.updateGeometry()

    def _new(self, block_id: str) -> RestoreChip:
        chip = RestoreChip(block_id)
        chip.clicked.connect(self._clicked)
        self._flow.addWidget(chip)
        # Shown now and not with the next event: the area's height is asked for before that.
        chip.show()
        return chip

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return min(self._flow.heightForWidth(width), _MOST_HEIGHT)

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(max(self.width(), 200)))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, _HEIGHT if self.chips else 0)

    def _clicked(self) -> None:
        chip = self.sender()
        if isinstance(chip, RestoreChip):
            self.restore_requested.emit(chip.block_id)


class PartChip(QAbstractButton):
    """A part to look at; filled with its stage's colour when it is the one."""

    def __init__(self, part_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.part_id = part_id
        self.setText(part_id)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Maps of {id}", id=part_id))
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        self.ensurePolished()
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 24, _HEIGHT)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(colours.line if self.underMouse() else colours.control)
        text = QColor(colours.muted)
        if self.isChecked():
            ground = part_colour(self.part_id)
            # Black or white, whichever stands out more: amber needs black, blue white.
            text = QColor("#10141a") if _luminance(ground) > 0.22 else QColor("#ffffff")
        painter.setPen(QPen(QColor(colours.accent), 1.5) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        rect = self.rect().toRectF().adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
        painter.setPen(text)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


def _luminance(colour: QColor) -> float:
    """Relative luminance from 0 to 1 (WCAG 2.2)."""
    shares = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (float(s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4) for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
