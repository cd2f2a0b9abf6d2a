"""The work of a study and how far it is: a list of lesions, all measured batch by batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

from explorer.engine.studies.bench import Bench, Run
from explorer.engine.studies.plan import Planned, lesion_macs, load_tau, plan
from explorer.engine.studies.scores import Score
from explorer.engine.study_records import Latency, StudyPoint
from explorer.networks.lesion import INTACT

_POINTS_A_PIECE = 200


@dataclass
class Entry:
    """A point of a study and what it is made from."""

    planned: Planned
    run: Run
    macs: int
    latency: Latency | None = None
    shown: StudyPoint | None = None


class Work(ABC):
    """What a study does, piece by piece.

    Attributes:
        bench: what it measures with.
        entries: the points so far.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.entries: list[Entry] = []
        self._intact = Entry(Planned(INTACT, 0), bench.intact, lesion_macs(bench.spec, INTACT))
        self._scores: dict[str, Score] = {}

    @abstractmethod
    def prepare(self) -> Iterator[None]:
        """Find out what there is to do, with pauses."""

    @abstractmethod
    def steps(self) -> Iterator[None]:
        """Do it, with pauses after short pieces of work."""

    @property
    @abstractmethod
    def fraction(self) -> float:
        """Of all work done, 0 to 1."""

    @abstractmethod
    def pending(self) -> bool:
        """Whether anything is to be measured now."""

    def state(self) -> dict[str, Any]:
        """What is kept in the header of a file, beside the answers."""
        return {}

    def add(self, planned: Planned, latency: Latency | None = None) -> Entry:
        """A point more."""
        entry = Entry(planned, self.bench.run(planned.lesion), lesion_macs(self.bench.spec, planned.lesion), latency)
        self.entries.append(entry)
        return entry

    def points(self) -> Generator[None, None, tuple[StudyPoint, tuple[StudyPoint, ...]]]:
        """The intact point and all others, as far as they are measured; those that nothing came to are the same
        objects as before. Pauses between."""
        changed: set[str] = set()
        points = []
        for number, entry in enumerate((self._intact, *self.entries), 1):
            points.append(self._point(entry, changed))
            if number % _POINTS_A_PIECE == 0:
                yield
        return points[0], tuple(points[1:])

    def _point(self, entry: Entry, changed: set[str]) -> StudyPoint:
        key = entry.run.key
        score = self._scores.get(key)
        if score is None:
            score = self._scores[key] = self.bench.score(entry.run)
        if score.update():
            changed.add(key)
        if entry.shown is None or key in changed:
            entry.shown = score.point(entry.planned, entry.macs, entry.latency)
        return entry.shown


class Listed(Work):
    """`single`, `cut`, `random` and `reorder`: all lesions are known before."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self._runs: list[Run] = [bench.intact]

    def prepare(self) -> Iterator[None]:
        known = {self.bench.intact.key}
        request = self.bench.material.request
        if request.kind == "reorder":
            yield from load_tau()
        for planned in plan(request, self.bench.spec):
            entry = self.add(planned)
            if entry.run.key not in known:
                known.add(entry.run.key)
                self._runs.append(entry.run)
            yield

    def steps(self) -> Iterator[None]:
        yield from self.bench.measure(self._runs)

    @property
    def fraction(self) -> float:
        done = sum(run.answers.images for run in self._runs)
        return done / (len(self._runs) * self.bench.total)

    def pending(self) -> bool:
        return bool(self.bench.pending(self._runs))
