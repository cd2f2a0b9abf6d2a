"""A study from its request to its result: what it is done on, how far it is, its file, its snapshots."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from explorer.engine import devices, fashion
from explorer.engine.datasets import ArrayImages, LabelledImages
from explorer.engine.images import seen
from explorer.engine.records import DeviceInfo, Preprocessing, Step, WeightsInfo, WeightsKind
from explorer.engine.studies import storage
from explorer.engine.studies.bench import Bench, Material
from explorer.engine.studies.greedy import Greedy
from explorer.engine.studies.plan import largest
from explorer.engine.studies.protocol import Circumstances, protocol
from explorer.engine.studies.storage import Saved
from explorer.engine.studies.work import Listed, Work
from explorer.engine.study_files import request_to_json
from explorer.engine.study_records import FlippedImages, FlippedRequest, Protocol, StudyRequest, StudyResult
from explorer.errors import UserError
from explorer.sentences import Sentence

if TYPE_CHECKING:
    from explorer.engine.session import Session

LEAST_IMAGES = 10
"""Fewer give no interval that means anything: the normal approximation behind it fails."""
TRAINING_IMAGES = 512
_LEAST_TRAINING = 16
_TRAINING_A_STEP = 16
SAVE_SECONDS = 10.0
_SHOW_SECONDS = 0.2
_DOING = {
    "single": "Deleting every block alone",
    "random": "Deleting blocks at random",
    "reorder": "Swapping blocks",
    "greedy": "Deleting the least harmful blocks",
    "cut": "Cutting every shortcut alone",
}
Told = Step | StudyResult
Item = TypeVar("Item")
Result = TypeVar("Result")


class Clock:
    """Counts the seconds of work: those between a step's beginning and its end, not those of a pause."""

    def __init__(self) -> None:
        self._before = 0.0
        self._began: float | None = None

    @property
    def seconds(self) -> float:
        running = 0.0 if self._began is None else time.perf_counter() - self._began
        return self._before + running

    def add(self, seconds: float) -> None:
        """Work that was done before."""
        self._before += seconds

    def drive(self, job: Generator[Item, None, Result]) -> Generator[Item, None, Result]:
        """The same job, timed."""
        with closing(job):
            while True:
                self._began = time.perf_counter()
                try:
                    item = next(job)
                except StopIteration as end:
                    result: Result = end.value
                    return result
                finally:
                    self._before, self._began = self.seconds, None
                yield item


def run(
    session: Session, request: StudyRequest, file: Path | None = None, resume: bool = False
) -> Generator[Told, None, StudyResult]:
    """Do a study; see `Session.study`."""
    clock = Clock()
    return (yield from clock.drive(_run(session, request, file, resume, clock)))


def _run(
    session: Session, request: StudyRequest, file: Path | None, resume: bool, clock: Clock
) -> Generator[Told, None, StudyResult]:
    loaded = yield from session.load(request.spec, request.weights)
    largest(request, loaded.info.spec)  # tells early what can't be
    data = yield from session.open(request.data, loaded.info)
    order = data.order(0)[: request.images]
    if len(order) < LEAST_IMAGES:
        raise UserError(
            "A study needs at least {least} images for an interval that means anything, not {count}: choose more, or "
            "a larger set.",
            least=LEAST_IMAGES, count=len(order),
        )  # fmt: skip
    training = yield from _training(request, data, len(order), loaded.info)
    weights = yield from storage.weights_digest(loaded.network)
    images = yield from storage.images_digest(data, order)
    material = Material(request, loaded.info, data, order, training, weights, images)
    identity = storage.identity(request, loaded.info.spec, weights, images)
    saved = None
    if resume and file is not None and file.exists():
        saved = storage.load(file, identity, len(order))
        clock.add(float(saved.header.get("seconds", 0.0)))

    def on(chosen: DeviceInfo, note: str) -> Generator[Told, None, StudyResult]:
        usable = saved if saved is not None and saved.header.get("device") == chosen.id else None
        network = session.on_device(loaded.network, chosen.id)
        bench = Bench(material, network, chosen, session.answers, usable)
        if usable is not None and usable.header.get("arithmetic") != bench.evaluator.arithmetic:
            raise UserError(
                "{path} was begun with another arithmetic ({before}) than there is here ({now}): choose another file, "
                "or remove it to begin anew.",
                path=file, before=usable.header.get("arithmetic"), now=bench.evaluator.arithmetic,
            )  # fmt: skip
        work: Work = Listed(bench)
        if request.kind == "greedy":
            work = Greedy(bench, network, {} if usable is None else usable.header)
        return Study(material, work, Keeper(file, identity, clock.seconds), clock, note).run()

    return (yield from devices.run_with_fallback(on, *_device(request, saved), session.leave))


def _device(request: StudyRequest, saved: Saved | None) -> tuple[DeviceInfo, str]:
    """The device asked for; that of before where a study is taken up, since another rounds otherwise."""
    name = request.device if saved is None else str(saved.header.get("device", request.device))
    device, note = devices.choose_or_cpu(name)
    if not note and device.id != devices.choose_or_cpu(request.device)[0].id:
        note = Sentence("This study was begun on {device}, so it goes on there.", device=device.title)
    return device, note


def _training(
    request: StudyRequest, data: LabelledImages, measured: int, info: WeightsInfo
) -> Generator[Step, None, Tensor | None]:
    """Images to estimate batch norm statistics on: training images of Fashion-MNIST, or those of a folder that are
    not measured.

    Raises:
        UserError: too few are left in the folder.
    """
    if not request.reestimate:
        return None
    if request.data.kind != "folder":
        images = ArrayImages("Fashion-MNIST", *fashion.bundled_training(), fashion.CLASSES)
        return (yield from _pixels(images, np.arange(len(images)), info.preprocessing))
    left = data.order(0)[measured : measured + TRAINING_IMAGES]
    if len(left) < _LEAST_TRAINING:
        raise UserError(
            "Batch norm statistics are estimated anew on images that are not measured, and {name} has only {count} "
            "more: measure at least {least} images fewer than it has.",
            name=data.name, count=len(left), least=_LEAST_TRAINING,
        )  # fmt: skip
    return (yield from _pixels(data, left, info.preprocessing))


def _pixels(
    images: ArrayImages | LabelledImages, indices: np.ndarray, preprocessing: Preprocessing
) -> Generator[Step, None, Tensor]:
    parts = []
    for first in range(0, len(indices), _TRAINING_A_STEP):
        parts.append(images.pixels(indices[first : first + _TRAINING_A_STEP], preprocessing))
        yield Step(first / len(indices), Sentence("Reading training images"))
    return torch.cat(parts)


class Keeper:
    """Keeps an unfinished study in a file; a full disk is told, and does not end the study.

    Args:
        path: of the file, None to keep nothing.
        identity: see `storage`.
        seconds: of work done when it begins.

    Attributes:
        note: why the study could not be kept the last time, empty where it could.
    """

    def __init__(self, path: Path | None, identity: dict[str, Any], seconds: float = 0.0) -> None:
        self.note = ""
        self._path = path
        self._identity = identity
        self._saved_at = seconds

    def due(self, seconds: float) -> bool:
        """Whether so many seconds of work are worth a new file."""
        return self._path is not None and seconds - self._saved_at >= SAVE_SECONDS

    def save(self, study: Study) -> None:
        """Write the file, if there is anything to keep."""
        work = study.work
        bench = work.bench
        if self._path is None or not any(run.answers.images for run in bench.runs.values()):
            return
        self._saved_at = study.clock.seconds
        header = {
            "identity": self._identity,
            "request": request_to_json(bench.material.request),
            "fraction": work.fraction,
            "seconds": study.clock.seconds,
            "device": bench.device.id,
            "arithmetic": bench.evaluator.arithmetic,
            "batch": bench.evaluator.batch,
            "threads": bench.evaluator.threads,
            "total": bench.total,
            **work.state(),
        }
        try:
            storage.save(self._path, header, {key: run.answers for key, run in bench.runs.items()})
            self.note = ""
        except UserError as error:
            self.note = Sentence(
                "What is done so far could not be kept, and what was kept before stays: {reason}",
                reason=Sentence(error.template, **error.values),
            )

    def remove(self) -> None:
        """The study is finished and seen: nothing is left to take up."""
        if self._path is not None:
            try:
                self._path.unlink(missing_ok=True)
            except OSError:
                return


class Study:
    """One run of a study on one device.

    Args:
        material: what it is done on.
        work: what it does.
        keeper: of its file.
        clock: of its work.
        note: on the device, empty for none.
    """

    def __init__(self, material: Material, work: Work, keeper: Keeper, clock: Clock, note: str) -> None:
        self.work = work
        self.clock = clock
        self._material = material
        self._request = replace(material.request, spec=material.info.spec)
        self._keeper = keeper
        self._note = note
        self._began: tuple[float, float] | None = None
        """Seconds and fraction when the first measurement began: before it, everything was known."""
        self._latest = (0.0, 0.0)
        """The same when the fraction last grew, which it does with each batch."""
        self._protocol: tuple[Circumstances, Protocol] | None = None

    def run(self) -> Generator[Told, None, StudyResult]:
        """Do it; the last thing yielded is the whole result, and the file goes once that is taken."""
        # Before all that is known is taken up, a file would hold less than the one of before.
        worth_keeping = False
        try:
            for _ in self.work.prepare():
                yield self._step()
            worth_keeping = True
            yield (yield from self._snapshot())
            yield from self._work()
            result = yield from self._snapshot(finished=True)
            yield result
            worth_keeping = False
        finally:
            if worth_keeping:
                self._keeper.save(self)
        self._keeper.remove()
        return result

    def _work(self) -> Generator[Told, None, None]:
        shown = time.perf_counter()
        for _ in self.work.steps():
            if self._began is None and self.work.pending():
                self._began = self.clock.seconds, self.work.fraction
            if self._keeper.due(self.clock.seconds):
                self._keeper.save(self)
            if time.perf_counter() - shown >= _SHOW_SECONDS:
                yield (yield from self._snapshot())
                shown = time.perf_counter()
            else:
                yield self._step()

    def _step(self) -> Step:
        return Step(self.work.fraction, Sentence(_DOING[self._material.request.kind]))

    def _snapshot(self, finished: bool = False) -> Generator[Step, None, StudyResult]:
        points = self.work.points()
        while True:
            try:
                next(points)
            except StopIteration as end:
                intact, others = end.value
                break
            yield self._step()
        material = self._material
        fraction = 1.0 if finished else self.work.fraction
        return StudyResult(
            request=self._request,
            info=material.info,
            protocol=self._current_protocol(),
            intact=intact,
            points=others,
            labels=material.labels,
            indices=material.order,
            total=len(material.order),
            fraction=fraction,
            seconds=self.clock.seconds,
            left=0.0 if finished else self._left(fraction),
            finished=finished,
            device=self.work.bench.device.title,
            notes=tuple(note for note in self._notes() if note),
        )

    def _left(self, fraction: float) -> float | None:
        """Seconds to go at the pace since the first measurement, counted down between two batches."""
        if self._began is None or fraction <= self._began[1]:
            return None
        now = self.clock.seconds
        if fraction > self._latest[1]:
            self._latest = now, fraction
        grown = self._latest[0]
        pace = (grown - self._began[0]) / (fraction - self._began[1])
        return max(pace * (1 - fraction) - (now - grown), 0.0)

    def _current_protocol(self) -> Protocol:
        met = self.work.bench.circumstances()
        if self._protocol is None or self._protocol[0] != met:
            self._protocol = met, protocol(self._material.request, met)
        return self._protocol[1]

    def _notes(self) -> tuple[str, ...]:
        material = self._material
        untrained = ""
        if material.request.weights.kind is WeightsKind.UNTRAINED:
            untrained = Sentence("The weights are untrained, so accuracy is that of chance.")
        return (untrained, material.info.adapted, material.data.note, self._note, self._keeper.note)


_SEEN_A_STEP = 16


def flipped(session: Session, request: FlippedRequest) -> Generator[Step, None, FlippedImages]:
    """Images as the network sees them; see `Session.flipped`.

    Raises:
        UserError: the set has fewer images than when it was measured.
    """
    info = (yield from session.load(request.spec, request.weights)).info
    data = yield from session.open(request.data, info)
    if max(request.indices, default=0) >= len(data):
        raise UserError("{name} has fewer images than when it was measured: measure again.", name=data.name)
    side = info.preprocessing.side
    pixels = np.zeros((len(request.indices), side, side, 3), np.uint8)
    indices = np.array(request.indices, np.int64)
    for first in range(0, len(indices), _SEEN_A_STEP):
        part = slice(first, first + _SEEN_A_STEP)
        fitted = data.pixels(indices[part], info.preprocessing)
        for place, image in enumerate(fitted, first):
            pixels[place] = seen(image, info.preprocessing)
        yield Step(first / len(indices), Sentence("Reading images"))
    return FlippedImages(request, pixels)
