"""Three blocks unravelled: the eight paths through them, each with its share of the gradient (Veit et al. 2016, Fig.
1)."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.app.paths_words import gone_words, norm, share, unravelled_words, way_words
from explorer.app.text import tr
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.labels import paragraph
from explorer.app.widgets.path_row import PathRow
from explorer.app.widgets.scroll_column import ScrollColumn
from explorer.engine.explain.paths_records import Unravelled, selections
from explorer.networks.lesion import INTACT, Lesion

MOST = 3


def trio(forks: tuple[str, ...], selection: str | None) -> tuple[str, ...]:
    """Three blocks in a row around the selected one; the first three where none is selected."""
    place = forks.index(selection) if selection in forks else 1
    first = min(max(place - 1, 0), max(len(forks) - MOST, 0))
    return forks[first : first + MOST]


class UnravelledView(QWidget):
    """Three blocks to choose, and their paths below each other."""

    chosen = Signal(tuple)
    """Ids of the blocks that a person chose, from input to output."""
    pointed = Signal(object, object)
    """Ids of the blocks whose branch, and whose shortcut, the path under the pointer takes; both empty for none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._forks: tuple[str, ...] = ()
        self._blocks: tuple[str, ...] = ()
        self._found: Unravelled | None = None
        self._lesion = INTACT
        self.rows: list[PathRow] = []
        self.choices = [Choice(tr("Block {number}", number=number + 1)) for number in range(MOST)]
        self.words = paragraph(rank="small")
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(6)
        label = QLabel(tr("Blocks"))
        label.setProperty("rank", "muted")
        head.addWidget(label)
        for number, choice in enumerate(self.choices):
            choice.setProperty("small", True)
            choice.activated.connect(partial(self._choose, number))
            head.addWidget(choice)
        head.addStretch(1)
        self._scroll = ScrollColumn()
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list = self._scroll.column
        self._list.setSpacing(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(6)
        outer.addLayout(head)
        outer.addWidget(self._scroll, 100)
        outer.addWidget(self.words)
        outer.addStretch(1)

    # -- what the panel says -------------------------------------------------------------------------------------

    def show_blocks(self, forks: tuple[str, ...], blocks: tuple[str, ...]) -> None:
        """Offer a network's blocks, and take these."""
        if forks != self._forks:
            self._forks = forks
            for choice in self.choices:
                choice.clear()
                choice.addItems(list(forks))
        for number, choice in enumerate(self.choices):
            choice.setVisible(number < len(blocks))
            if number < len(blocks):
                choice.setCurrentText(blocks[number])
        if blocks != self._blocks:
            self._blocks = blocks
            self._make_rows()
        self.show_found(None)

    def show_found(self, found: Unravelled | None) -> None:
        """The measured shares, None while there are none; of other blocks they are not shown."""
        self._found = found if found is not None and found.chosen == self._blocks else None
        self._show()

    def show_lesion(self, lesion: Lesion) -> None:
        """Strike out what is gone."""
        self._lesion = lesion
        self._show()

    @property
    def blocks(self) -> tuple[str, ...]:
        """Those that are unravelled."""
        return self._blocks

    # -- rows ----------------------------------------------------------------------------------------------------

    def _make_rows(self) -> None:
        for row in self.rows:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = []
        for taken in selections(self._blocks) if self._blocks else ():
            row = PathRow(self._blocks, taken, way_words(taken, self._blocks))
            row.pointed.connect(partial(self._point, row))
            self._list.insertWidget(len(self.rows), row)
            self.rows.append(row)
        for before, after in pairwise([*self.choices, *self.rows]):
            self.setTabOrder(before, after)
        # No more than the rows need, so that the words stand right below them.
        self._scroll.setMaximumHeight(sum(row.sizeHint().height() + 1 for row in self.rows))

    def _show(self) -> None:
        found = self._found
        left = 0
        for number, row in enumerate(self.rows):
            gone = gone_words(row.taken, self._blocks, self._lesion)
            left += not gone
            row.show_gone(gone)
            if found is None:
                row.show_share(float("nan"), "")
                continue
            told = tr(
                "{way}: norm {norm}, {along} of the whole gradient in its direction",
                way=row.words, norm=norm(float(found.norms[number])), along=_signed(float(found.along[number])),
            )  # fmt: skip
            row.show_share(float(found.shares[number]), told)
        if found is None:
            self.words.setText(tr("Their shares appear here once they are measured.") if self.rows else "")
        else:
            self.words.setText(unravelled_words(found, left))

    def _choose(self, number: int, index: int) -> None:
        """A block that is there already changes places with the one that it takes the place of."""
        blocks = list(self._blocks)
        wanted = self._forks[index]
        if wanted in blocks:
            blocks[blocks.index(wanted)] = blocks[number]
        blocks[number] = wanted
        self.chosen.emit(tuple(sorted(blocks, key=self._forks.index)))

    def _point(self, row: PathRow, lit: bool) -> None:
        """The row under the pointer goes before the one with the focus."""
        shown = row if lit else next((one for one in self.rows if one.lit), None)
        if shown is None:
            self.pointed.emit(frozenset(), frozenset())
        else:
            self.pointed.emit(shown.taken, frozenset(self._blocks) - shown.taken)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.pointed.emit(frozenset(), frozenset())


def _signed(value: float) -> str:
    """`12.3 %`, `−4.0 %`."""
    if value != value:
        return tr("no number")
    return share(value) if value >= 0 else f"−{share(-value)}"
