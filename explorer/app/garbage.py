"""Garbage is collected in the window's thread only.

Python looks for garbage in whichever thread happens to allocate. Were that the engine's, widgets and graphics items
caught in reference cycles would be destroyed there, under the hands of the window's thread, which Qt does not survive.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_INTERVAL = 500
"""Milliseconds between two looks."""


class Collector(QObject):
    """Takes collecting over from Python between `start` and `stop`, by the same thresholds."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = QTimer(self, interval=_INTERVAL)
        self._clock.timeout.connect(self.collect)

    def start(self) -> None:
        gc.disable()
        self._clock.start()

    def stop(self) -> None:
        self._clock.stop()
        gc.unfreeze()
        gc.enable()

    def collect(self) -> None:
        """Collect the oldest generation that has filled up, if any."""
        for generation, (count, threshold) in reversed(
            [*enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True))]
        ):
            if 0 < threshold < count:
                gc.collect(generation)
                return

    def spare(self) -> None:
        """Leave what there is by now alone: torch's modules stay for good, and looking through them takes a while."""
        gc.freeze()
