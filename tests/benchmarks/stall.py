"""The longest gap of a 10 ms timer in the window's thread while accuracy runs: at most 100 ms."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time

from PySide6.QtCore import QEventLoop, QSettings, QTimer, Signal

from explorer.app import commands
from explorer.app.settings import Settings
from explorer.app.window import Window
from explorer.cli.window import qt_application
from tests.benchmarks.common import tell


def _wait(signal: Signal, milliseconds: int) -> None:
    loop = QEventLoop()
    signal.connect(loop.quit)
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def main(toggles: int = 12) -> None:
    qt_application(headless="DISPLAY" not in os.environ)
    with tempfile.TemporaryDirectory() as home:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, home)
        window = Window(Settings())
        window.resize(1440, 900)
        window.show()
        _wait(window.settled, 120_000)  # type: ignore[arg-type]
        gaps: list[float] = []
        last = time.perf_counter()

        def tick() -> None:
            nonlocal last
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

        timer = QTimer(interval=10)
        timer.timeout.connect(tick)
        timer.start()
        last = time.perf_counter()
        for number in range(toggles):
            ids = window.document.state.spec.block_ids
            commands.toggle_deleted(window.document, ids[number % len(ids)])
            _wait(window.jobs.stopped, 50)  # type: ignore[arg-type]
            while window.jobs.running():
                _wait(window.jobs.stopped, 5000)  # type: ignore[arg-type]
        timer.stop()
        window.close()
    tell(
        milliseconds=1000 * max(gaps),
        at_most=100,
        median=1000 * statistics.median(gaps),
        percentile_99=1000 * sorted(gaps)[int(0.99 * len(gaps))],
        ticks=len(gaps),
        toggles=toggles,
    )


if __name__ == "__main__":
    sys.exit(main())
