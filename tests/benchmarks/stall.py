"""The longest gap of a 10 ms timer in the window's thread, while accuracy runs and with a study beside it: at most 100.

And how long a prediction takes beside a study, and closing the window in the middle of one.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSettings, QTimer, Signal

from explorer.app import commands
from explorer.app.jobs import Lane
from explorer.app.settings import Settings
from explorer.app.window import Window
from explorer.cli.window import qt_application
from explorer.engine.study_records import StudyRequest
from tests.benchmarks.common import tell


def _wait(signal: Signal, milliseconds: int) -> None:
    loop = QEventLoop()
    signal.connect(loop.quit)
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def _gaps(do: Callable[[], None]) -> list[float]:
    """Seconds between the ticks of a 10 ms timer while something is done."""
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
    do()
    timer.stop()
    return gaps


def _toggle(window: Window, toggles: int, answers: list[float]) -> None:
    """Delete or restore block after block, each once picture and accuracy of the one before are in."""
    for number in range(toggles):
        ids = window.document.state.spec.block_ids
        began = time.perf_counter()
        commands.toggle_deleted(window.document, ids[number % len(ids)])
        _wait(window.runner.picture_done, 20_000)  # type: ignore[arg-type]
        answers.append(time.perf_counter() - began)
        while window.runner.pending or set(window.jobs.running()) - {Lane.STUDY}:
            _wait(window.jobs.stopped, 5000)  # type: ignore[arg-type]


def _study(window: Window, toggles: int, answers: list[float]) -> None:
    """The same beside a study of 500 points, which is drawn as it goes on; its first chart included."""
    state = window.document.state
    window.actions_by_name["show_study"].trigger()
    window.studies.run(StudyRequest("random", state.spec, state.weights, state.data, seeds=50))
    while not any(point.counts.images for result in window.studies.results for point in result.points):
        _wait(window.studies.results_changed, 20_000)  # type: ignore[arg-type]
    _toggle(window, toggles, answers)


def main(toggles: int = 12) -> None:
    qt_application(headless="DISPLAY" not in os.environ)
    with tempfile.TemporaryDirectory() as home:
        window = Window(Settings(QSettings(str(Path(home) / "settings.ini"), QSettings.Format.IniFormat)))
        window.resize(1440, 900)
        window.show()
        _wait(window.settled, 120_000)  # type: ignore[arg-type]
        answers: list[float] = []
        gaps = _gaps(lambda: _toggle(window, toggles, answers))
        beside: list[float] = []
        study_gaps = _gaps(lambda: _study(window, toggles, beside))
        still = Lane.STUDY in window.jobs.running()
        began = time.perf_counter()
        window.close()
        closing = time.perf_counter() - began
    tell(
        milliseconds=1000 * max(gaps),
        study_stall_ms=1000 * max(study_gaps),
        at_most=100,
        median=1000 * statistics.median(gaps),
        percentile_99=1000 * sorted(gaps)[int(0.99 * len(gaps))],
        study_percentile_99=1000 * sorted(study_gaps)[int(0.99 * len(study_gaps))],
        answer_ms=1000 * statistics.median(answers),
        answer_beside_a_study_ms=1000 * statistics.median(beside),
        closing_ms=1000 * closing,
        study_still_ran=still,
        ticks=len(gaps),
        study_ticks=len(study_gaps),
        toggles=toggles,
    )


if __name__ == "__main__":
    sys.exit(main())
