"""The two choices in the diagram's corner: what the blocks are coloured by, and how much of the network is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from explorer.app.diagram.levels import Level
from explorer.app.text import tr
from explorer.networks.colouring import COST_KINDS

STAGES_KIND, TIME_KIND = "stages", "time"
KINDS = (STAGES_KIND, *COST_KINDS, TIME_KIND)


def kind_words(kind: str) -> str:
    """What a menu calls a quantity."""
    return {
        "stages": tr("stages"),
        "parameters": tr("parameters"),
        "macs": tr("MACs"),
        "activations": tr("activation memory"),
        "time": tr("measured time"),
    }[kind]


def level_words(level: str) -> str:
    """What a menu calls a level of detail."""
    return {
        "stages": tr("stages"),
        "runs": tr("folded runs"),
        "blocks": tr("all blocks"),
        "operations": tr("operations"),
    }[level]


class Controls(QWidget):
    """Two quiet buttons with a menu each."""

    kind_chosen = Signal(str)
    """One of KINDS."""
    level_chosen = Signal(str)
    """`stages`, `runs`, `blocks`, or `operations` of the selected part."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.time_offered = False
        """Whether somebody measures the blocks' time when asked to."""
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.colour = self._button(tr("What the blocks are coloured by"))
        self.detail = self._button(tr("How much of the network is shown"))
        row.addWidget(self.colour)
        row.addWidget(self.detail)
        self._kinds = self._fill(self.colour, KINDS, kind_words, self.kind_chosen.emit)
        self._levels = self._fill(
            self.detail, ("stages", "runs", "blocks", "operations"), level_words, self.level_chosen.emit
        )
        for key, level in enumerate(("stages", "runs", "blocks", "operations"), start=1):
            action = self._levels[level]
            action.setText(f"{level_words(level)}\t{key}")
        self.colour.menu().aboutToShow.connect(self._offer)
        self.show_kind(STAGES_KIND)
        self.show_level("runs")

    def _button(self, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("quiet", True)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolTip(name)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setMenu(QMenu(button))
        return button

    def _fill(
        self, button: QToolButton, names: tuple[str, ...], words: Callable[[str], str], choose: Callable[[str], None]
    ) -> dict[str, QAction]:
        group = QActionGroup(button)
        actions = {}
        for name in names:
            action = group.addAction(words(name))
            action.setCheckable(True)
            action.triggered.connect(partial(_choose, choose, name))
            button.menu().addAction(action)
            actions[name] = action
        return actions

    def _offer(self) -> None:
        self._kinds[TIME_KIND].setVisible(self.time_offered)

    def sizeHint(self) -> QSize:
        """For the words of the moment, though Qt has not laid out anew yet."""
        self._row.activate()
        return self._row.sizeHint()

    def show_kind(self, kind: str) -> None:
        """This is what the blocks are coloured by."""
        self._kinds[kind].setChecked(True)
        self.colour.setText(tr("Colour: {what}", what=kind_words(kind)) + " ▾")

    def show_level(self, level: Level) -> None:
        """So much is shown."""
        self._levels[level].setChecked(True)
        # Zooming changes the words: they must not change the room that the legend has.
        self.detail.ensurePolished()
        words = (tr("Detail: {what}", what=level_words(name)) + " ▾" for name in self._levels)
        self.detail.setMinimumWidth(max(map(self.detail.fontMetrics().horizontalAdvance, words)) + 18)
        self.detail.setText(tr("Detail: {what}", what=level_words(level)) + " ▾")


def _choose(choose: Callable[[str], None], name: str, checked: bool = False) -> None:
    """Drops the `checked` argument of `triggered`."""
    choose(name)
