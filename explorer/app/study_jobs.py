"""The jobs of studies, and the files that they leave; small objects, so that nothing of the window goes with them."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.engine.records import Step
from explorer.engine.study_files import SUFFIX
from explorer.engine.study_records import FlippedImages, FlippedRequest, StudyRequest, StudyResult
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.engine.session import Session

KEPT_FILES = 20


class StudyJob:
    """A study that keeps what it has in a file.

    Args:
        request: which.
        file: where it is kept.
        anew: whether it begins anew where the file can't be taken up (its weights have changed since); else that is
            refused.
    """

    def __init__(self, request: StudyRequest, file: Path, anew: bool) -> None:
        self.request, self.file, self.anew = request, file, anew

    def __call__(self, session: Session) -> Generator[Step | StudyResult, None, StudyResult]:
        # The chart comes with the first result; its library takes a while to import, which here stops nobody.
        import_module("explorer.app.widgets.study_chart")
        with contextlib.suppress(OSError):  # the engine says in a note where nothing can be kept
            self.file.parent.mkdir(parents=True, exist_ok=True)
            remove_oldest(self.file.parent, KEPT_FILES - 1, spare=self.file)
        told: list[StudyResult] = []
        try:
            return (yield from self._do(session, self.file.exists(), told))
        except UserError:
            if told or not (self.anew and self.file.exists()):
                raise
        return (yield from self._do(session, False, told))

    def _do(
        self, session: Session, resume: bool, told: list[StudyResult]
    ) -> Generator[Step | StudyResult, None, StudyResult]:
        """The study until its whole result is there: ended before the engine would remove the file.

        Args:
            session: does it.
            resume: whether the file is taken up.
            told: gets the last result.
        """
        with closing(session.study(self.request, self.file, resume)) as work:
            for value in work:
                yield value
                if isinstance(value, StudyResult):
                    told[:] = [value]
                    if value.finished:
                        break
        return told[0]


class FlippedJob:
    def __init__(self, request: FlippedRequest) -> None:
        self.request = request

    def __call__(self, session: Session) -> Generator[Step, None, FlippedImages]:
        return session.flipped(self.request)


def remove_oldest(folder: Path, keep: int, spare: Path) -> None:
    """Leave only the studies that were written last.

    Args:
        folder: of the studies.
        keep: how many others stay.
        spare: one that stays in any case.

    Raises:
        OSError: the folder can't be read, or a file not removed.
    """
    others: Sequence[Path] = [path for path in folder.glob(f"*{SUFFIX}") if path != spare]
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[keep:]:
        path.unlink()
