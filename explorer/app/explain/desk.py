"""What the desks of all views have in common: when a view's job is submitted, dropped, and heard of.

A view runs only while it is in sight, and only what went stale. What a person has to ask for (it takes long) is
submitted by `run` alone.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from explorer.app.jobs import Lane, Make
from explorer.app.text import sentence
from explorer.engine.explain.records import ExplainRequest
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.app.window import Window
    from explorer.engine.session import Session


LANES = frozenset(
    {
        Lane.CAM, Lane.FILM, Lane.BLOCKS, Lane.LESSON, Lane.BLOCK_STATISTICS, Lane.GRADIENTS, Lane.PATHS, Lane.TRAINING,
    }
)  # fmt: skip
"""Whose failures the views tell themselves."""


class Explain:
    """The job of a request."""

    def __init__(self, request: ExplainRequest) -> None:
        self.request = request

    def __call__(self, session: Session) -> Generator[Any, None, Any]:
        return session.explain(self.request)


class Desk(QObject):
    """Brings one panel, the document and one lane of jobs together.

    A kind of desk gives its panel, what it asks for, and shows what comes back; it overrides the methods below.

    Args:
        window: whose document and jobs it uses.

    Attributes:
        panel: what it fills.
        lane: of its jobs.
        follows: signals of the document after which what is shown is of something else.
        by_itself: whether its job is submitted when the panel is in sight; else `run` does that.
    """

    lane: ClassVar[Lane]
    follows: ClassVar[tuple[str, ...]] = (
        "spec_changed",
        "weights_changed",
        "deleted_changed",
        "device_changed",
        "picture_changed",
    )
    by_itself: ClassVar[bool] = True

    def __init__(self, window: Window, panel: QWidget) -> None:
        super().__init__(window)
        self.window = window
        self.document = window.document
        self.jobs = window.jobs
        self.panel = panel
        self._stale = True
        self._finished = False
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._submit_if_stale)
        for name in self.follows:
            getattr(self.document, name).connect(self.changed)
        self.jobs.stepped.connect(self._stepped)
        self.jobs.finished.connect(self._done)
        self.jobs.failed.connect(self._failed)
        self.jobs.stopped.connect(self._stopped)

    # -- what a kind of desk says ----------------------------------------------------------------------------------

    def job(self) -> Make | None:
        """What to run now, of immutable snapshots; None where there is nothing to run, and the panel says why."""
        raise NotImplementedError

    def forget(self) -> None:
        """What is shown is of something else now."""

    def show_busy(self) -> None:
        """The job is on its way."""

    def show_step(self, value: Any) -> None:
        """A Step or a partial result."""

    def show_result(self, value: Any) -> None:
        """The job's result."""

    def show_error(self, words: str) -> None:
        """Why there is no result: a translated sentence."""

    def begin(self) -> None:
        """What the person would do first in this view, for pictures of the window; nothing where it runs by itself."""

    def show_cancelled(self) -> None:
        """The person cancelled the job; what came before stays."""

    # -- what the window calls ---------------------------------------------------------------------------------------

    def look(self) -> None:
        """The panel came into sight."""
        self._soon.start()

    def look_away(self) -> None:
        """The panel is out of sight; a running job goes on."""

    def changed(self) -> None:
        """Something of the document changed: what runs is about something else."""
        self.drop()
        self._stale = True
        self.forget()
        self._soon.start()

    def run(self) -> None:
        """Submit the job, in sight or not."""
        self._stale = False
        job = self.job() if self.document.state.info is not None else None
        if job is None:
            self._stale = True
            return
        self._finished = False
        self.show_busy()
        self.jobs.submit(self.lane, job)

    def drop(self) -> None:
        """Drop the job without a word."""
        self._finished = True
        self.jobs.cancel(self.lane)

    @property
    def running(self) -> bool:
        return self.lane in self.jobs.running()

    # -- jobs --------------------------------------------------------------------------------------------------------

    def _submit_if_stale(self) -> None:
        if self._stale and self.by_itself and self.panel.isVisible():
            self.run()

    def _stepped(self, lane: Lane, value: object) -> None:
        if lane is self.lane:
            self.show_step(value)

    def _done(self, lane: Lane, value: object) -> None:
        if lane is self.lane:
            self._finished = True
            self.show_result(value)

    def _failed(self, lane: Lane, error: UserError) -> None:
        if lane is self.lane:
            self._finished = True
            self.show_error(sentence(error))
            if not self.panel.isVisible():
                self.window.notice.refuse(sentence(error))

    def _stopped(self, lane: Lane) -> None:
        if lane is self.lane and not self._finished:
            self._finished = True
            self.show_cancelled()
