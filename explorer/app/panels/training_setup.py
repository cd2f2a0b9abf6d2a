"""The column in which a training is set up, started, paused and stopped."""

from __future__ import annotations

import os
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QWidget,
)

from explorer.app.text import tr
from explorer.app.theme import SPACE
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.field_column import FieldColumn, choose_count, field_label, progress_bar, spin_box
from explorer.app.widgets.labels import ElidedLabel
from explorer.app.widgets.numbers import tabular, whole
from explorer.engine.records import DataRef
from explorer.engine.training_records import Recipe
from explorer.networks.spec import NetworkSpec

WIDTH = 238
_FIELD, _WIDE = 88, 124
_COUNTS = (1_000, 2_000, 5_000, 10_000, 20_000)
_FOLDER = "folder"
_LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class TrainingSetup:
    """What a person chooses: images and recipe."""

    data: DataRef
    images: int | None
    recipe: Recipe


class TrainingColumn(FieldColumn):
    """Fields, Start, and while a run goes on its progress, Pause and Stop."""

    start_requested = Signal()
    recipe_requested = Signal()
    pause_requested = Signal()
    go_on_requested = Signal()
    stop_requested = Signal()
    folder_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(WIDTH, parent)
        self.setAccessibleName(tr("What is trained, and how"))
        self._activity = "idle"
        self._trains = ""
        self._build_buttons()
        self._build_fields()
        self.column.addStretch(1)
        self.show_activity("idle")

    # -- building ------------------------------------------------------------------------------------------------

    def _build_buttons(self) -> None:
        """Above the fields, so that they are in sight however low the dock is."""
        self.network = ElidedLabel(rank="title")
        self.start = QPushButton(tr("Start"))
        self.start.setProperty("primary", True)
        self.start.clicked.connect(self.start_requested)
        self.pause = QPushButton(tr("Pause"))
        self.pause.clicked.connect(self._pause)
        self.stop = QPushButton(tr("Stop"))
        self.stop.setToolTip(tr("State, best and last weights are kept; it can be taken up again"))
        self.stop.clicked.connect(self.stop_requested)
        self.recipe = QPushButton(tr("One-minute recipe"))
        self.recipe.setToolTip(
            tr("ResNet-8 on 10,000 images of Fashion-MNIST: about a minute on two processor cores, whatever is open")
        )
        self.recipe.clicked.connect(self.recipe_requested)
        self.progress = progress_bar(tr("Progress of the training"))
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.start, self.pause, self.stop):
            buttons.addWidget(button, 1)
        self.column.addWidget(self.network)
        self.column.addLayout(buttons)
        self.column.addWidget(self.recipe)
        self.column.addWidget(self.progress)

    def _build_fields(self) -> None:
        self.data = Choice(tr("Images"))
        self.data.addItem(tr("Fashion-MNIST"), DataRef("fashion-mnist-full"))
        self.data.setItemData(
            0, tr("Its 60,000 training images; downloaded where they are not here"), Qt.ItemDataRole.ToolTipRole
        )
        self.data.addItem(tr("Bundled images"), DataRef("fashion-mnist"))
        self.data.setItemData(
            1, tr("1,512 of the images of Fashion-MNIST that come with the program"), Qt.ItemDataRole.ToolTipRole
        )
        self.data.addItem(tr("Folder…"), _FOLDER)
        self._chosen = 0
        self.data.activated.connect(self._data_chosen)
        self.images = Choice(tr("How many images"))
        for count in _COUNTS:
            self.images.addItem(whole(count), count)
        self.images.addItem(tr("all"), None)
        self.images.setCurrentIndex(_COUNTS.index(10_000))
        self.epochs = spin_box(1, 9999, 10)
        self.batch = spin_box(1, 4096, 64)
        self.rate = QDoubleSpinBox()
        self.rate.setDecimals(4)
        self.rate.setRange(0.0001, 10.0)
        self.rate.setSingleStep(0.05)
        self.rate.setValue(0.1)
        self.rate.setAlignment(Qt.AlignmentFlag.AlignRight)
        tabular(self.rate)
        self.seed = spin_box(0, _LARGEST_SEED, 0)
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        rows = (
            (tr("Data"), self.data, tr("Labelled images; some of them are held out and not trained on")),
            (tr("Images"), self.images, tr("How many are trained on at most; a tenth as many others are held out")),
            (tr("Epochs"), self.epochs, tr("Passes over the training images")),
            (tr("Batch"), self.batch, tr("Images a step")),
            (tr("Learning rate"), self.rate, tr("The largest one: it rises to it, and falls to nothing")),
            (tr("Seed"), self.seed, tr("Of the initial weights, the order, and what is mirrored and shifted")),
        )
        for row, (text, field, tip) in enumerate(rows):
            label = field_label(text, field, tip)
            field.setFixedWidth(_FIELD if row else _WIDE)
            grid.addWidget(label, row, 0)
            # The first label is short, and its field is wide.
            grid.addWidget(field, row, 1 if row == 0 else 2, 1, 2 if row == 0 else 1, Qt.AlignmentFlag.AlignRight)
        self._fields = [field for _, field, _ in rows]
        self.column.addSpacing(SPACE // 2)
        self.column.addLayout(grid)

    # -- what the panel calls ------------------------------------------------------------------------------------

    def setup(self) -> TrainingSetup:
        """What is set up now.

        Raises:
            UserError: it can't be.
        """
        recipe = Recipe(
            epochs=self.epochs.value(), seed=self.seed.value(), batch=self.batch.value(), rate=self.rate.value()
        )
        return TrainingSetup(self.data.itemData(self._chosen), self.images.currentData(), recipe)

    def show_recipe(self, data: DataRef, images: int | None, recipe: Recipe) -> None:
        """Fill the fields in."""
        self.use_data(data)
        choose_count(self.images, images)
        self.epochs.setValue(recipe.epochs)
        self.batch.setValue(recipe.batch)
        self.rate.setValue(recipe.rate)
        self.seed.setValue(recipe.seed)

    def use_data(self, ref: DataRef) -> None:
        """Choose an image set; a folder is added to the choices."""
        place = self._place(ref)
        if place is None:
            place = self.data.count() - 1
            self.data.insertItem(place, os.path.basename(ref.path.rstrip("/\\")) or ref.path, ref)
            self.data.setItemData(place, ref.path, Qt.ItemDataRole.ToolTipRole)
        self.data.setCurrentIndex(place)
        self._chosen = place

    def show_network(self, spec: NetworkSpec) -> None:
        """Name what Start trains."""
        self._trains = tr("Train {network}", network=spec.name)
        if self._activity == "idle":
            self.network.setText(self._trains)

    def show_running(self, spec: NetworkSpec) -> None:
        """Name what is trained, whatever is open."""
        self.network.setText(tr("Training {network}", network=spec.name))

    def show_activity(self, activity: str) -> None:
        """`idle`, `running` or `paused`."""
        self._activity = activity
        idle = activity == "idle"
        if idle:
            self.network.setText(self._trains)
        window = self.window()
        focus = window.focusWidget() if window.isVisible() else None
        for button in (self.start, self.recipe):
            button.setVisible(idle)
        for widget in (self.pause, self.stop, self.progress):
            widget.setVisible(not idle)
        for field in self._fields:
            field.setEnabled(idle)
        # What is hidden would hand the keyboard to whatever field comes next.
        if focus in (self.start, self.recipe) and not idle:
            self.pause.setFocus()
        elif focus in (self.pause, self.stop) and idle:
            self.start.setFocus()
        self.pause.setText(tr("Go on") if activity == "paused" else tr("Pause"))

    def show_progress(self, fraction: float | None) -> None:
        """How far a run is; None where nobody knows."""
        self.progress.setRange(0, 0 if fraction is None else 1000)
        self.progress.setValue(0 if fraction is None else round(1000 * fraction))

    @property
    def activity(self) -> str:
        return self._activity

    # -- inside --------------------------------------------------------------------------------------------------

    def _place(self, ref: DataRef) -> int | None:
        return next((place for place in range(self.data.count()) if self.data.itemData(place) == ref), None)

    def _data_chosen(self, place: int) -> None:
        if self.data.itemData(place) == _FOLDER:
            self.data.setCurrentIndex(self._chosen)
            self.folder_requested.emit()
        else:
            self._chosen = place

    def _pause(self) -> None:
        (self.go_on_requested if self._activity == "paused" else self.pause_requested).emit()
