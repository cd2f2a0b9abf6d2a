"""Training in the window: one run as a job that tells how it goes a few times a second."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.engine import devices
from explorer.engine.records import Step
from explorer.engine.training_data import Material, material
from explorer.engine.training_files import discard, make_room, new_name, trained_info, write_run
from explorer.engine.training_records import Progress, TrainingRequest, TrainingResult, TrainingStatus
from explorer.engine.training_run import TrainingRun, check_memory, check_output, failures_told
from explorer.errors import UserError
from explorer.sentences import Joined

if TYPE_CHECKING:
    from explorer.engine.session import Session

_TELL_SECONDS = 0.3
_PIECE_SECONDS = 0.01
"""Shorter steps are put together: each one costs the window a little."""
_WRITE_SECONDS = 20.0

Told = Step | TrainingStatus


def run(session: Session, request: TrainingRequest) -> Generator[Told | None, None, TrainingResult]:
    """Train a network, and keep its state, its best and its last weights in the request's folder.

    Dropped on the way, it leaves the state to go on from, and the weights as they are.

    Args:
        session: whose thread it runs in.
        request: what is trained, and how.

    Raises:
        UserError: see `explorer.engine.training_run.run` and `explorer.engine.training_data.material`.
    """
    device, moved = devices.choose_or_cpu(request.device)
    found = yield from material(request)
    # What a resume must find again: the images that were taken, the arithmetic of the device it began on.
    bf16 = request.recipe.bf16 if request.resume else devices.bf16_pays(device.id)
    if found.data != request.data:
        request = request.for_images(len(found.training))
    request = replace(
        request,
        spec=found.spec,
        device=device.id,
        data=found.data,
        recipe=replace(request.recipe, device=device.id, bf16=bf16),
        name=request.name or new_name(request.folder, found.spec),
    )
    note = Joined(" ", [words for words in (moved, found.note) if words])
    return (yield from _Run(request, found, note).steps())


class _Run:
    """A run, and what is told of it."""

    def __init__(self, request: TrainingRequest, found: Material, note: str) -> None:
        self._request, self._found, self._note = request, found, note
        self._began = (0.0, 0.0)

    def steps(self) -> Generator[Told | None, None, TrainingResult]:
        request, recipe = self._request, self._request.recipe
        output = request.folder / f"{request.name}.safetensors"
        check_output(output)
        check_memory(self._found, recipe)
        make_room(request.folder, request.name)
        with failures_told(recipe.device):
            run = TrainingRun(self._found, output, recipe, "")
            if request.resume:
                run.take_up()
            self._began = (run.trainer.fraction, run.trainer.seconds)
            progress = None
            write_run(request, run.trainer.fraction, _epoch(run))
            yield self._status(run, progress)
            try:
                with closing(run.steps()) as work:
                    told = written = paused = time.perf_counter()
                    for progress in work:
                        now = time.perf_counter()
                        if progress.epoch_done or now - written > _WRITE_SECONDS:
                            write_run(request, progress.fraction, progress.epoch)
                            written = now
                        if progress.epoch_done or now - told > _TELL_SECONDS:
                            yield self._status(run, progress)
                            told = paused = time.perf_counter()
                        elif now - paused > _PIECE_SECONDS:
                            yield None
                            paused = time.perf_counter()
            except GeneratorExit:
                self._stopped(run)
                raise
            except UserError:
                if not run.can_go_on:
                    discard(request)
                raise
        discard(request)
        status = self._status(run, progress)
        infos = [trained_info(path) for path in run.weights]
        return TrainingResult(status, tuple(info for info in infos if info is not None))

    def _stopped(self, run: TrainingRun) -> None:
        """The state is kept already; nobody hears any more where the rest can't be."""
        with suppress(UserError):
            write_run(self._request, run.trainer.fraction, _epoch(run))
            run.keep_last()

    def _status(self, run: TrainingRun, progress: Progress | None) -> TrainingStatus:
        left = None
        done, (before, seconds) = run.trainer.fraction, self._began
        if progress is not None and done > before:
            left = (run.trainer.seconds - seconds) / (done - before) * (1 - done)
        return TrainingStatus(self._request, self._found.description, progress, run.trainer.curves, left, self._note)


def _epoch(run: TrainingRun) -> int:
    """The one a run is in; the last one where it is through all."""
    return min(run.trainer.epoch + 1, run.trainer.recipe.epochs)
