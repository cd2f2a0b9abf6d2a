"""A field for one class of many: the likeliest first, then all others, narrowed by typing."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QWidget

from explorer.app.text import sentence, tr
from explorer.app.theme import theme
from explorer.app.widgets.numbers import percent
from explorer.engine.explain.class_names import class_of, titles
from explorer.engine.records import Prediction
from explorer.errors import UserError

_TOP = 5
_ARROW = 18
_POPUP_ROWS, _POPUP_WIDTH = 12, 320
_CLASS = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class _Row:
    """One entry: the class's number, what is shown of it, and what typing is compared with."""

    number: int
    shown: str
    title: str


class _Rows(QAbstractListModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[_Row] = []

    def set_rows(self, rows: list[_Row]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.shown
        if role == Qt.ItemDataRole.EditRole:
            return row.title
        return row.number if role == _CLASS else None


class ClassField(QLineEdit):
    """Shows one class. A click, Down or typing lists them; Enter takes what is typed, a name or a number."""

    chosen = Signal(int)
    """Number of the class that a person chose."""
    refused = Signal(str)
    """Why what was typed is no class: a sentence; empty once that is over."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setTextMargins(0, 0, _ARROW - 6, 0)
        self._classes: tuple[str, ...] = ()
        self._titles: list[str] = []
        self._current = -1
        self._rows = _Rows(self)
        completer = QCompleter(self._rows, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionRole(Qt.ItemDataRole.EditRole)
        completer.setMaxVisibleItems(_POPUP_ROWS)
        completer.activated[QModelIndex].connect(self._completed)  # type: ignore[index]  # Qt's overload
        self.setCompleter(completer)
        popup = completer.popup()
        if popup is not None:
            # Wider than the field, for long names with share and mark.
            popup.setMinimumWidth(_POPUP_WIDTH)
            popup.setStyleSheet("QListView::item { padding: 3px 6px; }")
            popup.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.returnPressed.connect(self._enter)
        self.editingFinished.connect(self._restore)
        theme().changed.connect(self.update)

    # -- what is shown ---------------------------------------------------------------------------------------------

    @property
    def current(self) -> int:
        """Number of the class that is shown, -1 for none."""
        return self._current

    def set_classes(self, prediction: Prediction, current: int, truth: int | None) -> None:
        """Show a class, and offer all.

        Args:
            prediction: whose likeliest classes come first.
            current: number of the class that is shown.
            truth: number of the true one, None where unknown.
        """
        if prediction.classes != self._classes:
            self._classes, self._titles = prediction.classes, titles(prediction.classes)
        first = [(index, share) for index, _, share in prediction.top(_TOP)] if prediction.finite else []
        rows = [self._row(index, share, truth) for index, share in first]
        leading = {index for index, _ in first}
        rows += [self._row(index, None, truth) for index in range(len(self._classes)) if index not in leading]
        self._rows.set_rows(rows)
        self._current = current
        if not self.isModified():
            self._restore()

    @property
    def offered(self) -> list[str]:
        """What the list shows, from its top."""
        return [row.shown for row in self._rows.rows]

    def sizeHint(self) -> QSize:
        return QSize(200, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(96, super().minimumSizeHint().height())

    def _row(self, index: int, share: float | None, truth: int | None) -> _Row:
        title = self._titles[index]
        shown = title if share is None else tr("{label}  ·  {share} %", label=title, share=percent(share))
        return _Row(index, tr("{label}  ·  true label", label=shown) if index == truth else shown, title)

    # -- choosing --------------------------------------------------------------------------------------------------

    def _completed(self, index: QModelIndex) -> None:
        number = index.data(_CLASS)
        if isinstance(number, int):
            self._choose(number)

    def _enter(self) -> None:
        popup = self.completer().popup()
        if popup is not None:
            if popup.isVisible() and popup.currentIndex().isValid():
                return  # the completer tells of that one
            popup.hide()
        try:
            number = class_of(self._classes, self.text())
        except UserError as error:
            self.refused.emit(sentence(error))
            self._restore()
            return
        self._choose(number)

    def _choose(self, number: int) -> None:
        self.refused.emit("")
        changed, self._current = number != self._current, number
        self._restore()
        if changed:
            self.chosen.emit(number)

    def _restore(self) -> None:
        """Show the class again, whatever was half typed; ready to be typed over, where the field has the focus."""
        title = self._titles[self._current] if 0 <= self._current < len(self._titles) else ""
        self.setText(title)
        hint = tr("A class by its name or number; click for a list")
        self.setToolTip(f"{title}\n{hint}".strip())
        self.setCursorPosition(0)
        if self.hasFocus():
            # From the end, so that of a long name the beginning stays in sight.
            self.setSelection(len(self.text()), -len(self.text()))
        self.setModified(False)

    def _list(self) -> None:
        self.completer().setCompletionPrefix("")
        self.completer().complete()

    # -- events ----------------------------------------------------------------------------------------------------

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if not self.isModified() and event.button() == Qt.MouseButton.LeftButton:
            self.selectAll()
            self._list()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self._list()
        elif event.key() == Qt.Key.Key_Escape and self.isModified():
            self._restore()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(QColor(theme().palette.text))
        place = QRectF(self.width() - _ARROW - 2, 0, _ARROW, self.height())
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), "▾")
