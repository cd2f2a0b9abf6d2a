"""The list of networks that have a name, over the window: typing narrows it, and reaches networks that are no presets.

Headings are those of the families. A filled dot marks a network whose weights the program brings along.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from explorer.app.text import sentence, tr
from explorer.app.theme import SPACE, theme
from explorer.app.widgets.labels import paragraph
from explorer.app.widgets.numbers import scaled, whole
from explorer.errors import UserError
from explorer.networks import catalog
from explorer.networks.cost import network_cost
from explorer.networks.spec import NetworkSpec

_SIZE = QSize(500, 540)
_ROW = 26
_NUMBERS = (64, 92)
"""Widths of the columns of numbers."""
SPEC_ROLE = Qt.ItemDataRole.UserRole
TRAINED_ROLE = Qt.ItemDataRole.UserRole + 1
"""Whether the program brings weights along."""
CURRENT_ROLE = Qt.ItemDataRole.UserRole + 2
"""Whether it is the network that is open."""
_WALKING = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Found:
    """What a text leads to.

    Attributes:
        groups: heading and the networks under it.
        said: a sentence where the text names no network, else empty.
    """

    groups: dict[str, list[NetworkSpec]]
    said: str = ""


def search(text: str) -> Found:
    """The presets whose name or heading has all words of the text; a network that a family knows by that name; or,
    where there is neither, what is nearest."""
    words = [_squeezed(word) for word in text.split()]
    hits = [
        preset
        for name, preset in catalog.PRESETS.items()
        if all(word in _squeezed(f"{name} {preset.name} {preset.heading}") for word in words)
    ]
    groups = _grouped(hits)
    if not words:
        return Found(groups)
    try:
        spec = catalog.named(text)
    except UserError as error:
        return Found(groups or _nearest(text), "" if groups else sentence(error))
    if spec is not None:
        return Found({tr("By this name"): [spec], **_grouped(hit for hit in hits if hit != spec)})
    if groups:
        return Found(groups)
    near = _nearest(text)
    nothing = tr("There is no network named {name}.", name=text.strip())
    return Found(near, nothing)


def _grouped(specs: Iterable[NetworkSpec]) -> dict[str, list[NetworkSpec]]:
    groups: dict[str, list[NetworkSpec]] = {}
    for spec in specs:
        groups.setdefault(tr(spec.heading), []).append(spec)
    return groups


def _nearest(text: str) -> dict[str, list[NetworkSpec]]:
    near = [catalog.PRESETS[name] for name in catalog.nearest(text)]
    return {tr("Nearest"): near} if near else {}


@lru_cache(maxsize=512)
def _parameters(spec: NetworkSpec) -> int:
    """Kept for the whole list, which is filled anew with each letter."""
    return network_cost(spec).parameters


def _squeezed(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter not in "-_ ")


class NetworkChooser(QFrame):
    """A list over the window. Up and Down walk, Enter or a click chooses, Escape closes."""

    chosen = Signal(object)
    """A NetworkSpec."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setProperty("popover", True)
        self.setAccessibleName(tr("Choose a network"))
        self._open: NetworkSpec | None = None
        self._trained: tuple[NetworkSpec, ...] = ()
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.setPlaceholderText(tr("Find or name one: 50, densenet, wrn40_2, resnet47"))
        self.search.setAccessibleName(tr("Find or name a network"))
        self.search.installEventFilter(self)
        self._model = QStandardItemModel(0, 3, self)
        self.view = QTreeView()
        self._set_up_view()
        self.said = paragraph(rank="error")
        self.foot = _Legend()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 10)
        layout.setSpacing(SPACE)
        for widget in (self.search, self.said, self.view, self.foot):
            layout.addWidget(widget, 1 if widget is self.view else 0)
        self.resize(_SIZE)
        self.search.textChanged.connect(self._fill)
        theme().changed.connect(self.view.viewport().update)

    def _set_up_view(self) -> None:
        view = self.view
        view.setModel(self._model)
        view.setItemDelegate(_Delegate(view))
        view.setRootIsDecorated(False)
        view.setIndentation(0)
        view.setUniformRowHeights(True)
        view.setMouseTracking(True)
        view.setFrameShape(QFrame.Shape.NoFrame)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setAccessibleName(tr("Networks"))
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._model.setHorizontalHeaderLabels([tr("Network"), tr("Depth"), tr("Parameters")])
        header = view.header()
        header.setStretchLastSection(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in enumerate(_NUMBERS, 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)
            self._model.horizontalHeaderItem(column).setTextAlignment(Qt.AlignmentFlag.AlignRight)
        self._model.horizontalHeaderItem(0).setTextAlignment(Qt.AlignmentFlag.AlignLeft)
        view.clicked.connect(self._take)

    def open_below(self, button: QWidget, spec: NetworkSpec, trained: Iterable[NetworkSpec]) -> None:
        """Under a button, with the whole list.

        Args:
            button: where it hangs.
            spec: the network that is open.
            trained: networks that the program brings weights along for.
        """
        self._open, self._trained = spec, tuple(trained)
        self.search.clear()
        self._fill("")
        room = button.screen().availableGeometry()
        corner = button.mapToGlobal(QPoint(0, button.height() + 4))
        self.resize(_SIZE.boundedTo(QSize(room.width(), room.bottom() - corner.y() - SPACE)))
        self.move(max(room.left(), min(corner.x(), room.right() - self.width())), corner.y())
        self.show()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)
        self.view.scrollTo(self.view.currentIndex(), QAbstractItemView.ScrollHint.PositionAtCenter)

    # -- filling -------------------------------------------------------------------------------------------------

    def _fill(self, text: str) -> None:
        found = search(text)
        self._model.removeRows(0, self._model.rowCount())
        for heading, specs in found.groups.items():
            item = QStandardItem(heading)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self._model.appendRow([item])
            self.view.setFirstColumnSpanned(self._model.rowCount() - 1, QModelIndex(), True)
            for spec in specs:
                self._model.appendRow(self._row(spec))
        self.said.setText(found.said)
        self.said.setVisible(bool(found.said))
        self._select_first()

    def _row(self, spec: NetworkSpec) -> list[QStandardItem]:
        parameters = _parameters(spec)
        number, prefix = scaled(parameters)
        trained = any(spec.same_architecture(other) for other in self._trained)
        name = QStandardItem(spec.name)
        name.setData(spec, SPEC_ROLE)
        name.setData(trained, TRAINED_ROLE)
        name.setData(self._open is not None and spec.same_architecture(self._open), CURRENT_ROLE)
        with_weights = "{name}, {depth} layers, {parameters} parameters, comes with weights"
        without = "{name}, {depth} layers, {parameters} parameters"
        values = {"name": spec.name, "depth": spec.depth, "parameters": whole(parameters)}
        name.setAccessibleText(tr(with_weights if trained else without, **values))
        row = [name, QStandardItem(whole(spec.depth)), QStandardItem(f"{number} {prefix}".strip())]
        row[2].setToolTip(whole(parameters))
        return row

    def _select_first(self) -> None:
        """The network that is open, where it is listed, else the first one."""
        rows = [self._model.index(row, 0) for row in range(self._model.rowCount())]
        rows = [index for index in rows if index.data(SPEC_ROLE) is not None]
        current = None if self.search.text().strip() else next((row for row in rows if row.data(CURRENT_ROLE)), None)
        if rows:
            self.view.setCurrentIndex(current or rows[0])

    # -- choosing ------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keyboard stays in the field; keys that walk and choose are the list's."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if event.key() in _WALKING:
            self.view.keyPressEvent(event)
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(self.view.currentIndex())
            return True
        return False

    def _take(self, index: QModelIndex) -> None:
        spec = index.sibling(index.row(), 0).data(SPEC_ROLE)
        if spec is not None:
            self.hide()
            self.chosen.emit(spec)


class _Legend(QLabel):
    """What the dot means."""

    def __init__(self) -> None:
        super().__init__(tr("comes with weights"))
        self.setProperty("rank", "small")
        self.setContentsMargins(20, 0, 0, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _paint_dot(QPainter(self), self.rect())


def _paint_dot(painter: QPainter, rect: QRect) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme().palette.accent))
    painter.drawEllipse(QRectF(rect.left() + 6, rect.center().y() - 2.5, 6, 6))


class _Delegate(QStyledItemDelegate):
    """Rows of the list: a heading, or a network's name with its dot, and its numbers."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colours = theme().palette
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = Qt.AlignmentFlag.AlignVCenter
        spec = index.sibling(index.row(), 0).data(SPEC_ROLE)
        if spec is None:
            font = painter.font()
            font.setWeight(font.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(QColor(colours.muted))
            painter.drawText(rect.adjusted(4, 4, 0, 0), Qt.AlignmentFlag.AlignLeft | middle, index.data())
            painter.restore()
            return
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.fillRect(rect, QColor(colours.control))
        if index.column():
            painter.setPen(QColor(colours.muted))
            painter.drawText(rect.adjusted(0, 0, -8, 0), Qt.AlignmentFlag.AlignRight | middle, index.data())
        else:
            self._paint_name(painter, rect, index)
        painter.restore()

    @staticmethod
    def _paint_name(painter: QPainter, rect: QRect, index: Index) -> None:
        colours = theme().palette
        if index.data(TRAINED_ROLE):
            _paint_dot(painter, rect)
        if index.data(CURRENT_ROLE):
            font = painter.font()
            font.setWeight(font.Weight.Bold)
            painter.setFont(font)
        painter.setPen(QColor(colours.text))
        room = rect.adjusted(20, 0, -8, 0)
        name = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
