"""The row in which the measurement of gradients is set up and started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSpinBox, QWidget

from explorer.app.text import tr
from explorer.app.theme import SPACE
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.fields import Segmented
from explorer.app.widgets.numbers import tabular
from explorer.app.widgets.switch import SwitchBox
from explorer.engine.explain.gradients_records import MOST_SEEDS, Scheme, Source

_SCHEMES: tuple[tuple[Scheme, str, str], ...] = (
    ("trained", "As trained", "The weights at hand, batch norm with its trained statistics"),
    ("default", "PyTorch", "Drawn as PyTorch's layers draw them: uniform, variance 1/3 over fan-in"),
    ("he", "He", "Drawn as He et al. 2015 (arXiv:1502.01852) do: normal, variance 2 over fan-out"),
    ("glorot", "Glorot", "Drawn as Glorot and Bengio 2010 do: uniform, variance 2 over fan-in plus fan-out"),
)
_SOURCES: dict[Source, str] = {"images": "image set", "picture": "this picture", "noise": "noise"}
_OFFERED: dict[bool, tuple[Source, ...]] = {True: ("images", "picture"), False: ("noise", "images")}
_SEEDS = 3
UNTRAINED_TIP = "There are no weights: choose some, or Train the network"


@dataclass(frozen=True)
class GradientSetup:
    """What a person chooses: fields of GradientsRequest."""

    scheme: Scheme
    norm: bool
    seeds: int
    on: Source


class GradientSetupRow(QWidget):
    """Weights, batch norm, seeds, what the loss is of, and Run."""

    changed = Signal()
    """A person chose something else."""
    run_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running = self._done = False
        self._trained_chosen = True
        self._on: dict[bool, Source] = {True: "images", False: "noise"}
        self.scheme = Segmented([(value, tr(text), tr(tip)) for value, text, tip in _SCHEMES], tr("Weights"))
        self.scheme.set_value("trained")
        self.norm = SwitchBox(tr("Batch norm"), tr("Off: the same layers without it, with biases instead"), on=True)
        self.on = Choice(tr("What the loss is of"))
        self.on.setProperty("small", True)
        self.on.setToolTip(tr("What the loss is of: labelled images, one picture, or noise with random labels"))
        self.seeds = QSpinBox()
        self.seeds.setRange(1, MOST_SEEDS)
        self.seeds.setValue(_SEEDS)
        self.seeds.setSuffix(tr(" seeds"))
        self.seeds.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.seeds.setAccessibleName(tr("Seeds"))
        self.seeds.setToolTip(tr("How many times weights are drawn: median and range of all"))
        tabular(self.seeds)
        self.seeds.ensurePolished()
        self.seeds.setFixedWidth(self.seeds.fontMetrics().horizontalAdvance(tr(" seeds") + "10") + 28)
        self.run = QPushButton(tr("Run"))
        self.run.setProperty("primary", True)
        self.run.clicked.connect(self._clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE)
        for widget in (self.scheme, self.norm, self.on, self.seeds, self.run):
            row.addWidget(widget)
        row.addStretch(1)
        self.scheme.chosen.connect(self._scheme_chosen)
        self.norm.toggled.connect(self._tell)
        self.on.activated.connect(self._source_chosen)
        self.seeds.valueChanged.connect(self._tell)
        self._show_fields()

    # -- what the panel calls --------------------------------------------------------------------------------------

    def setup(self) -> GradientSetup:
        """What is set up now."""
        return GradientSetup(
            cast(Scheme, self.scheme.value), self.norm.isChecked(), self.seeds.value(), self.on.currentData()
        )

    def set_setup(self, setup: GradientSetup) -> None:
        """Fill the fields in; sends no signal."""
        self._trained_chosen = setup.scheme == "trained"
        self._on[self._trained_chosen] = setup.on
        for widget in (self.norm, self.seeds):
            widget.blockSignals(True)
        self.scheme.set_value(setup.scheme)
        self.norm.setChecked(setup.norm)
        self.seeds.setValue(setup.seeds)
        for widget in (self.norm, self.seeds):
            widget.blockSignals(False)
        self._show_fields()

    def show_weights(self, there: bool) -> None:
        """Whether there are trained weights to measure."""
        button = self.scheme.buttons["trained"]
        button.setEnabled(there)
        button.setToolTip(tr(_SCHEMES[0][2] if there else UNTRAINED_TIP))
        if not there and self.scheme.value == "trained":
            self.scheme.set_value("he")
        elif there and self._trained_chosen:
            self.scheme.set_value("trained")
        self._show_fields()

    def show_running(self, running: bool, done: bool = False) -> None:
        """Run, or Cancel; neither where trained weights have been measured, which begins by itself."""
        self._running, self._done = running, done
        self.run.setVisible(running or not (done and self.scheme.value == "trained"))
        self.run.setText(tr("Cancel") if running else tr("Run"))
        self.run.setProperty("primary", not running)
        self.run.style().unpolish(self.run)
        self.run.style().polish(self.run)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _show_fields(self) -> None:
        trained = self.scheme.value == "trained"
        self.norm.setVisible(not trained)
        self.seeds.setVisible(not trained)
        offered = _OFFERED[trained]
        self.on.clear()
        for source in offered:
            self.on.addItem(tr(_SOURCES[source]), source)
        self.on.setCurrentIndex(offered.index(self._on[trained]))
        self.run.setVisible(self._running or not (self._done and trained))

    def _scheme_chosen(self, scheme: str) -> None:
        self._trained_chosen = scheme == "trained"
        self._show_fields()
        self.changed.emit()

    def _source_chosen(self) -> None:
        self._on[self.scheme.value == "trained"] = self.on.currentData()
        self.changed.emit()

    def _tell(self) -> None:
        self.changed.emit()

    def _clicked(self) -> None:
        (self.cancel_requested if self._running else self.run_requested).emit()
