"""Two or three networks to choose, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from explorer.app.network_chooser import NetworkChooser
from explorer.app.text import tr
from explorer.app.theme import SPACE
from explorer.networks.catalog import PRESETS
from explorer.networks.comparison import MOST
from explorer.networks.spec import NetworkSpec

_THIRD = "resnet50"


class Choosers(QWidget):
    """One button a network, with the list of all of them below; the third comes and goes."""

    chosen = Signal(object)
    """A tuple of two or three NetworkSpecs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.specs: tuple[NetworkSpec, ...] = ()
        self._trained: tuple[NetworkSpec, ...] = ()
        self._place = 0
        self.chooser = NetworkChooser(self)
        self.chooser.chosen.connect(self._take)
        self.buttons = [QPushButton() for _ in range(MOST)]
        self.words = [QLabel(tr("and")) for _ in range(MOST - 1)]
        self.add = _quiet(tr("+ Third network"))
        self.add.clicked.connect(self._add_third)
        self.drop = _quiet("×")
        self.drop.setToolTip(tr("Only two networks"))
        self.drop.setAccessibleName(tr("Take the third network away"))
        self.drop.clicked.connect(self._drop_third)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        for place, button in enumerate(self.buttons):
            button.clicked.connect(partial(self.choose, place))
            if place:
                self.words[place - 1].setProperty("rank", "muted")
                layout.addWidget(self.words[place - 1])
            layout.addWidget(button)
        layout.addWidget(self.drop)
        layout.addWidget(self.add)

    def show_networks(self, specs: tuple[NetworkSpec, ...]) -> None:
        """What is compared now."""
        self.specs = specs
        for place, button in enumerate(self.buttons):
            there = place < len(specs)
            button.setVisible(there)
            if place:
                self.words[place - 1].setVisible(there)
            if there:
                button.setText(f"{specs[place].name}  ▾")
                button.setAccessibleName(tr("Network {number}: {name}", number=place + 1, name=specs[place].name))
        third = len(specs) == MOST
        self.add.setVisible(not third)
        self.drop.setVisible(third)

    def show_trained(self, specs: Iterable[NetworkSpec]) -> None:
        """Networks that the program brings weights along for."""
        self._trained = tuple(specs)

    def choose(self, place: int, _checked: bool = False) -> None:
        """Open the list for one of the networks."""
        self._place = place
        self.chooser.open_below(self.buttons[place], self.specs[place], self._trained)

    def _take(self, spec: NetworkSpec) -> None:
        if spec != self.specs[self._place]:
            self.chosen.emit((*self.specs[: self._place], spec, *self.specs[self._place + 1 :]))

    def _add_third(self) -> None:
        self.chosen.emit((*self.specs, PRESETS[_THIRD]))

    def _drop_third(self) -> None:
        self.chosen.emit(self.specs[:2])


def _quiet(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("quiet", True)
    return button
