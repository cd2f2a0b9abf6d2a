"""What starts and stops the measurement over the image set."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from explorer.app.text import tr
from explorer.app.widgets.choice import Choice

COUNTS: tuple[int | None, ...] = (100, 500, 1000, None)
USUAL = 500


class RunRow(QWidget):
    """How many images, and the button that measures over them or cancels that."""

    run_requested = Signal()
    cancel_requested = Signal()
    count_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running = False
        self.images = Choice(tr("Images"))
        for count in COUNTS:
            words = tr("all images") if count is None else tr("{count} images", count=f"{count:,}")
            self.images.addItem(words, count)
        self.images.setCurrentIndex(COUNTS.index(USUAL))
        self.images.setToolTip(tr("The first of the set's balanced, shuffled order"))
        self.images.setProperty("small", True)
        self.button = QPushButton()
        self.button.setProperty("small", True)
        self.button.clicked.connect(self._clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.images)
        row.addWidget(self.button)
        self.images.currentIndexChanged.connect(self._count_changed)
        self.show_running(False)

    @property
    def count(self) -> int | None:
        """How many images are wanted, None for all."""
        found: int | None = self.images.currentData()
        return found

    def show_running(self, running: bool) -> None:
        self._running = running
        self.button.setText(tr("Cancel") if running else tr("Measure"))
        tip = tr("Stop; what was measured stays") if running else tr("Measure the same over the image set")
        self.button.setToolTip(tip)

    def _clicked(self) -> None:
        (self.cancel_requested if self._running else self.run_requested).emit()

    def _count_changed(self) -> None:
        self.count_changed.emit()
