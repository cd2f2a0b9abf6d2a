"""Two or three networks to choose, side by side."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from explorer.app.text import tr
from explorer.app.theme import SPACE
from explorer.app.widgets.choice import Choice
from explorer.networks.catalog import PRESETS
from explorer.networks.comparison import MOST
from explorer.networks.spec import NetworkSpec

_THIRD = "resnet50"
_ROWS = 24


class Choosers(QWidget):
    """One list a network; the third comes and goes."""

    chosen = Signal(object)
    """A tuple of two or three NetworkSpecs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.specs: tuple[NetworkSpec, ...] = ()
        self.lists = [Choice(tr("Network {number}", number=place + 1)) for place in range(MOST)]
        self.add = QPushButton(tr("+ Third network"))
        self.add.setProperty("quiet", True)
        self.add.clicked.connect(self._add_third)
        self.drop = QPushButton("×")
        self.drop.setProperty("quiet", True)
        self.drop.setToolTip(tr("Only two networks"))
        self.drop.setAccessibleName(tr("Take the third network away"))
        self.drop.clicked.connect(self._drop_third)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        self.against = []
        for place, choice in enumerate(self.lists):
            choice.setMaxVisibleItems(_ROWS)
            choice.activated.connect(partial(self._choose, place))
            if place:
                word = QLabel(tr("and"))
                word.setProperty("rank", "muted")
                self.against.append(word)
                layout.addWidget(word)
            layout.addWidget(choice)
        layout.addWidget(self.drop)
        layout.addWidget(self.add)

    def show_networks(self, specs: tuple[NetworkSpec, ...]) -> None:
        """What is compared now; a network of no name stands first in its list."""
        self.specs = specs
        for place, choice in enumerate(self.lists):
            there = place < len(specs)
            choice.setVisible(there)
            if place:
                self.against[place - 1].setVisible(there)
            if there:
                self._fill(choice, specs[place])
        third = len(specs) == MOST
        self.add.setVisible(not third)
        self.drop.setVisible(third)

    @staticmethod
    def _fill(choice: Choice, spec: NetworkSpec) -> None:
        choice.clear()
        if spec not in PRESETS.values():
            choice.addItem(spec.name, spec)
        for preset in PRESETS.values():
            choice.addItem(preset.name, preset)
            if preset == spec:
                choice.setCurrentIndex(choice.count() - 1)

    def _choose(self, place: int, index: int) -> None:
        spec = self.lists[place].itemData(index)
        if spec != self.specs[place]:
            self.chosen.emit((*self.specs[:place], spec, *self.specs[place + 1 :]))

    def _add_third(self) -> None:
        self.chosen.emit((*self.specs, PRESETS[_THIRD]))

    def _drop_third(self) -> None:
        self.chosen.emit(self.specs[:2])
