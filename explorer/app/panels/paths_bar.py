"""What is measured over paths: on which images, how often; and the button that starts and stops it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from explorer.app.text import tr
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.labels import ElidedLabel
from explorer.app.widgets.numbers import tabular
from explorer.engine.explain.paths_records import IMAGES, SEEDS

PICTURE = 0
"""Stands for this picture alone among the numbers of images."""
_IMAGES = (PICTURE, IMAGES, 64)
_SEEDS = (5, SEEDS, 100)


class PathsBar(QWidget):
    """A line of words, images and orders; the button stands elsewhere."""

    measure_requested = Signal()
    cancel_requested = Signal()
    images_changed = Signal()
    """Other images are wanted, so that what was measured is of others."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running = False
        self.images = Choice(tr("Images"))
        for count in _IMAGES:
            self.images.addItem(tr("{count} images", count=count) if count else tr("this picture"), count)
        self.images.setCurrentIndex(_IMAGES.index(IMAGES))
        self.images.setToolTip(tr("The first of the image set's balanced, shuffled order, or the picture that is open"))
        self.seeds = Choice(tr("Orders"))
        for count in _SEEDS:
            self.seeds.addItem(tr("{count} orders", count=count), count)
        self.seeds.setCurrentIndex(_SEEDS.index(SEEDS))
        self.seeds.setToolTip(tr("Random orders of the blocks; each gives one path of every length"))
        self.button = QPushButton()
        self.button.setProperty("small", True)
        self.button.clicked.connect(self._clicked)
        self.words = ElidedLabel(rank="small")
        self.words.setMinimumWidth(40)
        tabular(self.words)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.words, 1)
        for widget in (self.images, self.seeds):
            widget.setProperty("small", True)
            row.addWidget(widget)
        self.images.activated.connect(self._images_chosen)
        self.show_running(False)

    @property
    def image_count(self) -> int:
        """How many are wanted; `PICTURE` for this picture alone."""
        found: int = self.images.currentData()
        return found

    @property
    def seed_count(self) -> int:
        found: int = self.seeds.currentData()
        return found

    @property
    def running(self) -> bool:
        """Whether orders are being followed."""
        return self._running

    def show_running(self, running: bool) -> None:
        """Whether orders are being followed."""
        self._running = running
        self.button.setText(tr("Cancel") if running else tr("Measure"))
        tip = tr("Stop; what was measured stays") if running else tr("Measure the gradient over paths of every length")
        self.button.setToolTip(tip)
        self.seeds.setEnabled(not running)
        self.images.setEnabled(not running)

    def _clicked(self) -> None:
        (self.cancel_requested if self._running else self.measure_requested).emit()

    def _images_chosen(self) -> None:
        self.images_changed.emit()
