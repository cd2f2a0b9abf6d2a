"""A dialog with what a checkpoint of no known network holds: its tensors as a tree, beside the nearest network's."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QTreeWidgetItemIterator,
    QVBoxLayout,
    QWidget,
)

from explorer.app.text import tr
from explorer.app.theme import SPACE, theme
from explorer.engine.recognising import RecognisedFile, times

_NAME, _SHAPE, _TYPE, _NUMBERS, _REMARK = range(5)
_FEW = 40
"""Entries up to which all of the tree is unfolded at first; of a larger one what differs, where it is so few."""
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class TensorTreeDialog(QDialog):
    """Every tensor of a file under its modules, with shape, type and how many numbers; and how the nearest network's
    parameters differ.

    Args:
        file: what it holds.
        sentence: why it could not be opened.
    """

    def __init__(self, file: RecognisedFile, sentence: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("What {name} holds", name=file.name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(860, 600)
        self._file = file
        self._branches: dict[str, QTreeWidgetItem] = {}
        self._numbers: Counter[str] = Counter()
        self._differing: Counter[str] = Counter()
        self.reason = QLabel(sentence, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.summary = QLabel(self._summary(), textFormat=Qt.TextFormat.PlainText)
        self.summary.setProperty("rank", "muted")
        self.tree = self._make_tree()
        self.tree.setStyleSheet("QTreeView::item { padding: 3px 8px 3px 0; }")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = buttons.addButton(tr("Copy as text"), QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.clicked.connect(self.copy)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(2 * SPACE,) * 4)
        layout.setSpacing(SPACE)
        for widget in (self.reason, self.summary):
            layout.addWidget(widget)
        layout.addWidget(self.tree, 1)
        layout.addWidget(buttons)
        theme().changed.connect(self._colour)
        self._colour()

    def copy(self) -> None:
        """The whole list on the clipboard, one entry a line, with tabs."""
        QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in self.rows()))

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Name, shape, type, numbers and remark of every entry, those that are missing last."""
        remarks = self._remarks()
        for key, shape in self._file.header.shapes.items():
            yield key, times(shape), self._file.header.kind(key), str(math.prod(shape)), remarks.get(key, "")
        nearest = self._file.recognition.nearest
        for key in () if nearest is None else nearest.missing:
            yield key, "", "", "", tr("missing")

    # -- making --------------------------------------------------------------------------------------------------

    def _summary(self) -> str:
        shapes = self._file.header.shapes.values()
        return tr("{count:,} entries, {numbers:,} numbers", count=len(shapes), numbers=sum(map(math.prod, shapes)))

    def _remarks(self) -> dict[str, str]:
        """What the nearest network has to say of the file's entries."""
        nearest = self._file.recognition.nearest
        if nearest is None:
            return {}
        remarks = dict.fromkeys(nearest.unexpected, tr("unknown"))
        remarks |= {one.key: tr("should be {shape}", shape=times(one.wanted)) for one in nearest.misshapen}
        return remarks

    def _make_tree(self) -> QTreeWidget:
        nearest = self._file.recognition.nearest
        heads = [tr("Name"), tr("Shape"), tr("Type"), tr("Numbers")]
        if nearest is not None:
            heads.append(tr("For {network}", network=nearest.spec.name))
        tree = QTreeWidget(columnCount=len(heads))
        tree.setUniformRowHeights(True)
        tree.setHeaderLabels(heads)
        tree.headerItem().setTextAlignment(_NUMBERS, _RIGHT)
        tree.setAccessibleName(tr("Tensors of the file"))
        items: list[QTreeWidgetItem] = []
        for row in self.rows():
            *modules, name = row[_NAME].split(".")
            path, parent = "", None
            for module in modules:
                path = f"{path}.{module}" if path else module
                parent = self._branch(path, module, parent, items)
                self._numbers[path] += int(row[_NUMBERS] or 0)
                self._differing[path] += bool(row[_REMARK])
            self._place(QTreeWidgetItem([name, *self._shown(row[1:])]), parent, items)
        for path, branch in self._branches.items():
            branch.setText(_NUMBERS, f"{self._numbers[path]:,}")
            if self._differing[path]:
                words = (
                    tr("1 differs")
                    if self._differing[path] == 1
                    else tr("{count:,} differ", count=self._differing[path])
                )
                branch.setText(_REMARK, words)
        tree.addTopLevelItems(items)
        whole = len(self._file.header.tensors) <= _FEW
        for path, branch in self._branches.items():
            branch.setExpanded(
                whole or (0 < self._differing[path.partition(".")[0]] <= _FEW and self._differing[path] > 0)
            )
        header = tree.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.setStretchLastSection(False)
        return tree

    @staticmethod
    def _shown(cells: tuple[str, ...]) -> list[str]:
        shape, kind, numbers, remark = cells
        return [shape, kind, f"{int(numbers):,}" if numbers else "", remark]

    def _branch(
        self, path: str, name: str, parent: QTreeWidgetItem | None, items: list[QTreeWidgetItem]
    ) -> QTreeWidgetItem:
        if path not in self._branches:
            self._branches[path] = QTreeWidgetItem([name])
            self._place(self._branches[path], parent, items)
        return self._branches[path]

    @staticmethod
    def _place(item: QTreeWidgetItem, parent: QTreeWidgetItem | None, items: list[QTreeWidgetItem]) -> None:
        item.setTextAlignment(_NUMBERS, _RIGHT)
        if parent is None:
            items.append(item)
        else:
            parent.addChild(item)

    def _colour(self) -> None:
        """Remarks in the colour of refusals."""
        brush = QBrush(QColor(theme().palette.error))
        items = QTreeWidgetItemIterator(self.tree)
        while item := items.value():
            item.setForeground(_REMARK, brush)
            items += 1
