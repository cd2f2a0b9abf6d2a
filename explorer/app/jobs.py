"""The one background queue: submit, progress, cancel; late answers of older requests are dropped.

A single long-lived thread runs all jobs. A job is a generator (see `explorer.engine.session`): between its steps the
thread turns to whatever lane is more urgent, so that a prediction need not wait for an accuracy nor anything for a
study, and a dropped job ends at its next step. A lane can be paused: its job is kept as it is between two steps. The
thread imports torch itself, so the window never waits for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThread, Signal

from explorer.app.garbage import Collector
from explorer.engine.records import Step
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.engine.session import Session

_log = logging.getLogger(__name__)
_NAP = 0.05
"""Seconds before a job that waits for the network is asked again."""


class Lane(IntEnum):
    """What a job is for; each lane runs one job at a time, and the lower number goes first."""

    OFFER = 0
    WEIGHTS = 1
    OPEN = 2
    PICTURE = 3
    DATA = 4
    FLIPPED = 5
    EXPORT = 6
    CAM = 7
    FILM = 8
    BLOCKS = 9
    COMPARE = 10
    TIMES = 11
    COMPARE_TIMES = 12
    LESSON = 13
    ACCURACY = 14
    BLOCK_STATISTICS = 15
    GRADIENTS = 16
    PATHS = 17
    STUDY = 18
    TRAINING = 19
    IMPORTS = 20


Work = Generator[Any, None, Any]
Make = Callable[["Session"], Work]


@dataclass
class _Job:
    lane: Lane
    ticket: int
    make: Make
    work: Work | None = None
    awake_at: float = 0.0
    paused: bool = False


class _Worker(QThread):
    """Runs the jobs; tells of them by one signal, delivered in the window's thread."""

    told = Signal(int, int, str, object)
    """Lane, ticket, what (`step`, `done`, `failed`, `dropped`), and the value."""

    def __init__(self, parent: QObject, trained: Path | None) -> None:
        super().__init__(parent)
        self.setObjectName("engine")
        self._trained = trained
        self._changed = threading.Condition()
        self._jobs: dict[Lane, _Job] = {}
        self._dropped: list[_Job] = []
        self._closing = False

    # called in the window's thread

    def put(self, job: _Job) -> None:
        """Queue a job; the one before it in its lane is dropped. Once closing, nothing is taken any more."""
        with self._changed:
            if self._closing:
                return
            self._drop(job.lane)
            self._jobs[job.lane] = job
            self._changed.notify()

    def drop(self, lane: Lane) -> bool:
        """Drop a lane's job; false where it has just ended by itself, and nothing is left to clean up."""
        with self._changed:
            there = lane in self._jobs
            self._drop(lane)
            self._changed.notify()
        return there

    def pause(self, lane: Lane, paused: bool) -> None:
        """Leave a lane's job alone, or go on with it."""
        with self._changed:
            job = self._jobs.get(lane)
            if job is not None:
                job.paused = paused
            self._changed.notify()

    def close(self) -> None:
        """Drop everything and end the thread after the step in progress."""
        with self._changed:
            self._closing = True
            for lane in list(self._jobs):
                self._drop(lane)
            self._changed.notify()

    @property
    def closing(self) -> bool:
        return self._closing

    def _drop(self, lane: Lane) -> None:
        job = self._jobs.pop(lane, None)
        if job is not None:
            self._dropped.append(job)

    # called in the worker's thread

    def run(self) -> None:
        make_session = _session_maker(self._trained)
        while True:
            job, dropped = self._next()
            # Dropped generators are closed here, where they run, so that their clean-up runs too: also at the end.
            for old in dropped:
                _end_early(old)
                self.told.emit(old.lane, old.ticket, "dropped", None)
            if job is not None:
                self._step(job, make_session)
            elif self._closing:
                return

    def _next(self) -> tuple[_Job | None, list[_Job]]:
        """The most urgent job that has something to do, if any, and the jobs dropped since; waits for either."""
        with self._changed:
            if not self._ready() and not self._dropped and not self._closing:
                self._changed.wait(_NAP if any(not job.paused for job in self._jobs.values()) else None)
            dropped, self._dropped = self._dropped, []
            return min(self._ready(), key=lambda job: job.lane, default=None), dropped

    def _ready(self) -> list[_Job]:
        now = time.monotonic()
        return [job for job in self._jobs.values() if job.awake_at <= now and not job.paused]

    def _step(self, job: _Job, get_session: Callable[[], Session]) -> None:
        try:
            if job.work is None:
                job.work = job.make(get_session())
            value = next(job.work)
        except StopIteration as end:
            self._end(job, "done", end.value)
        except UserError as error:
            self._end(job, "failed", error)
        except Exception as error:
            _log.exception("A job failed")
            self._end(job, "failed", UserError("Something went wrong in the program itself: {error}.", error=error))
        else:
            if isinstance(value, Step) and value.waiting:
                job.awake_at = time.monotonic() + _NAP
            self.told.emit(job.lane, job.ticket, "step", value)

    def _end(self, job: _Job, what: str, value: object) -> None:
        with self._changed:
            if self._jobs.get(job.lane) is job:
                del self._jobs[job.lane]
        self.told.emit(job.lane, job.ticket, what, value)


def _session_maker(trained: Path | None) -> Callable[[], Session]:
    """What gives the thread's one session; every job is told why where the engine can't be loaded."""
    try:
        from explorer.engine.session import Session  # torch is imported here, beside the window
    except (ImportError, OSError) as error:
        _log.exception("The engine can't be imported")
        reason = str(error)

        def refuse() -> Session:
            raise UserError("PyTorch can't be loaded, so nothing runs: {reason}; install it again.", reason=reason)

        return refuse
    session = Session(trained)
    return lambda: session


def _end_early(job: _Job) -> None:
    """Close a dropped job; one whose clean-up fails must not take the thread along."""
    try:
        if job.work is not None:
            job.work.close()
    except Exception:
        _log.exception("A cancelled job did not end cleanly")


class Jobs(QObject):
    """What the window sees of the queue.

    Args:
        trained: where the person's own training runs are kept; None for nowhere.
    """

    started = Signal(object)
    """A lane got a job."""
    stepped = Signal(object, object)
    """Lane, and a Step or partial result."""
    finished = Signal(object, object)
    """Lane, and the result."""
    failed = Signal(object, object)
    """Lane, and the UserError."""
    stopped = Signal(object)
    """A lane has no job any more: it finished, failed or was cancelled."""
    paused = Signal(object)
    """A lane's job is left alone until it is resumed."""
    resumed = Signal(object)
    """A lane's job goes on."""
    dropped = Signal(object)
    """What a cancelled or replaced job of a lane had to clean up, or to keep, is done."""

    def __init__(self, parent: QObject | None = None, trained: Path | None = None) -> None:
        super().__init__(parent)
        self._ticket = 0
        self._current: dict[Lane, int] = {}
        self._paused: set[Lane] = set()
        self._worker = _Worker(self, trained)
        self._worker.told.connect(self._hear)
        self._collector = Collector(self)

    def start(self) -> None:
        """Start the thread; what was submitted before waits for it. A queue that was closed stays so."""
        if not self._worker.closing:
            self._collector.start()
            self._worker.start()

    def submit(self, lane: Lane, make: Make) -> None:
        """Run a job; an older one of the same lane is cancelled and never heard of again.

        Args:
            lane: what it is for.
            make: called in the worker's thread with the session; gives the generator. It must hold snapshots only.
        """
        self._ticket += 1
        self._current[lane] = self._ticket
        self._paused.discard(lane)
        self._worker.put(_Job(lane, self._ticket, make))
        self.started.emit(lane)

    def cancel(self, lane: Lane) -> None:
        """Drop a lane's job."""
        if self._current.pop(lane, None) is not None:
            self._paused.discard(lane)
            cleans_up = self._worker.drop(lane)
            self.stopped.emit(lane)
            if not cleans_up:
                self.dropped.emit(lane)

    def pause(self, lane: Lane) -> None:
        """Leave a lane's job alone after its present step; it keeps all it has, and other lanes go on."""
        if lane in self._current and lane not in self._paused:
            self._paused.add(lane)
            self._worker.pause(lane, True)
            self.paused.emit(lane)

    def resume(self, lane: Lane) -> None:
        """Go on with a paused job."""
        if lane in self._paused:
            self._paused.discard(lane)
            self._worker.pause(lane, False)
            self.resumed.emit(lane)

    def running(self) -> tuple[Lane, ...]:
        """The lanes that have a job which is not paused, the most urgent first."""
        return tuple(sorted(self._current.keys() - self._paused))

    def is_paused(self, lane: Lane) -> bool:
        return lane in self._paused

    def close(self) -> bool:
        """Cancel everything and wait for the thread.

        Returns:
            Whether it ended; it does unless one step takes more than 20 seconds.
        """
        self._current.clear()
        self._paused.clear()
        self._worker.close()
        ended = self.ended or self._worker.wait(20_000)
        self._collector.stop()
        return ended

    @property
    def ended(self) -> bool:
        """Whether the thread is not running (any more)."""
        return not self._worker.isRunning()

    def _hear(self, lane_number: int, ticket: int, what: str, value: object) -> None:
        lane = Lane(lane_number)
        if what == "dropped":
            self.dropped.emit(lane)
        if self._current.get(lane) != ticket:
            return
        if what == "step":
            self.stepped.emit(lane, value)
            return
        del self._current[lane]
        self._paused.discard(lane)
        if lane is Lane.OFFER:
            self._collector.spare()
        (self.finished if what == "done" else self.failed).emit(lane, value)
        self.stopped.emit(lane)
