"""The gradient that paths carry, by their length and through chosen blocks (Veit et al. 2016, section 5).

The forward pass is whole; on the way back a path of length k takes the residual branch of k blocks and the shortcut of
all others. Batch norms are in eval mode, the loss is the mean cross entropy, and what is measured is its gradient at
the network's input.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import Tensor

from explorer.engine import devices, images
from explorer.engine.explain.paths_passage import Fork, Pull, Recorder, Recording, largest_batch
from explorer.engine.explain.paths_records import PathsRequest, PathsResult, Unravelled, selections
from explorer.engine.explain.paths_walks import ChosenWays, EveryLength, at_input, orders
from explorer.engine.images import normalise
from explorer.engine.modules import Network
from explorer.engine.records import DeviceInfo, Step
from explorer.errors import UserError
from explorer.networks.paths import forks, why_none
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

if TYPE_CHECKING:
    from explorer.engine.session import Loaded, Session

_PIECE_S = 0.025
_MOST_CHOSEN = 3
_TRIALS, _READ = 3, 8
Told = Step | PathsResult
Paced = TypeVar("Paced")
_END = object()


def run(session: Session, request: PathsRequest) -> Generator[Told, None, PathsResult]:
    """Measure; yields the result so far after each seed.

    Raises:
        UserError: the network has one path only, a chosen block is not one of them, or there is no image.
    """
    loaded = yield from session.load(request.spec, request.weights)
    spec = loaded.info.spec
    why = why_none(spec)
    if why is not None:
        raise UserError(why.template, **why.values)
    _check_chosen(spec, request.chosen)
    batch = yield from _images(session, request, loaded)

    def on(device: DeviceInfo, note: str) -> Generator[Told, None, PathsResult]:
        network = session.on_device(loaded.network, device.id)
        return measure(network, request, batch, device, note)

    return (yield from devices.run_with_fallback(on, *devices.choose_or_cpu(request.device), session.leave))


def _check_chosen(spec: NetworkSpec, chosen: tuple[str, ...]) -> None:
    spec.check_ids(chosen)
    unknown = [block for block in chosen if block not in forks(spec)]
    if unknown:
        raise UserError("{id} has no shortcut, so that no paths part there; choose another block.", id=unknown[0])
    if len(set(chosen)) != len(chosen) or len(chosen) > _MOST_CHOSEN:
        raise UserError("Choose up to {most} different blocks, so that their paths can be seen.", most=_MOST_CHOSEN)


@dataclass(frozen=True, eq=False)
class Batch:
    """What is measured on.

    Attributes:
        x: the network's input, (N, in_channels, side, side) on the CPU.
        labels: int64 (N,), None where the network's own answers are taken.
        source: what they are.
        note: on images left out, empty where none were.
    """

    x: Tensor
    labels: Tensor | None
    source: str
    note: str = ""


def _images(session: Session, request: PathsRequest, loaded: Loaded) -> Generator[Step, None, Batch]:
    info = loaded.info
    if request.picture is not None:
        pixels, _ = images.fit(request.picture, info.preprocessing)
        return Batch(normalise(pixels, info.preprocessing), None, request.picture.name)
    data = yield from session.open(request.data, info)
    chosen = data.order(0)[: request.images]
    if not len(chosen):
        raise UserError("{name} has no images to measure on.", name=data.name)
    parts = []
    for first in range(0, len(chosen), _READ):
        yield Step(None, Sentence("Reading the images"))
        parts.append(data.pixels(chosen[first : first + _READ], info.preprocessing))
    x = normalise(torch.cat(parts), info.preprocessing)
    labels = None if data.labels is None else torch.from_numpy(np.asarray(data.labels)[chosen]).long()
    return Batch(x, labels, data.name, data.note if labels is not None else "")


def measure(
    network: Network, request: PathsRequest, batch: Batch, device: DeviceInfo, note: str = ""
) -> Generator[Told, None, PathsResult]:
    """`run` on a network that is there already."""
    began = time.perf_counter()
    passes = Passes(network, batch, torch.device(device.id))
    found = forks(network.spec)
    result = PathsResult(
        request, found, np.empty((0, len(found) + 1)), None, len(batch.x), batch.labels is not None, batch.source,
        0.0, device.title, tuple(filter(None, (batch.note, note))),
    )  # fmt: skip
    if request.chosen:
        unravelled = yield from _taken_apart(passes, tuple(one for one in found if one in request.chosen))
        result = replace(result, unravelled=unravelled, seconds=time.perf_counter() - began)
        yield result
    for seed, order in enumerate(orders(found, request.seeds)):
        norms = yield from _every_length(passes, order, seed, request.seeds)
        result = replace(result, norms=np.vstack((result.norms, norms)), seconds=time.perf_counter() - began)
        yield result
    return result


class Passes:
    """The recorded passes of all images, in batches that fit into memory.

    One batch is recorded once; of several only one is kept at a time.

    Args:
        network: in eval mode, on its device.
        batch: all images.
        device: the network's.
    """

    def __init__(self, network: Network, batch: Batch, device: torch.device) -> None:
        self._network, self._batch, self._device = network, batch, device
        size = largest_batch(network.spec, device)
        self._slices = [slice(first, first + size) for first in range(0, len(batch.x), size)]
        self._threads = 1
        self._kept: tuple[int, Recording] | None = None

    def __len__(self) -> int:
        return len(self._slices)

    def recording(self, number: int) -> Generator[Step, None, Recording]:
        """That of a batch."""
        if self._kept is None or self._kept[0] != number:
            self._kept = None  # before the next one, so that both are never held at once
            part, labels = self._slices[number], self._batch.labels
            steps = Recorder(self._network).record(
                self._batch.x[part].to(self._device),
                None if labels is None else labels[part].to(self._device),
                len(self._batch.x),
            )
            recording: Recording | None = None
            for told in self.paced(steps):
                recording = told or recording
                yield Step(None, Sentence("Running the network"))
            assert recording is not None
            self._kept = number, recording
        self._threads = _threads(self._kept[1])
        return self._kept[1]

    def paced(self, steps: Iterator[Paced]) -> Iterator[Paced | None]:
        """The steps, several at once while they are short; gives what the last one of each lot gave."""
        found: Paced | None = None
        left = True
        while left:
            began = time.perf_counter()
            with computing(self._threads):
                while left and time.perf_counter() - began < _PIECE_S:
                    step = next(steps, _END)
                    left = step is not _END
                    found = step if left else found  # type: ignore[assignment]
            yield found


@contextmanager
def computing(threads: int) -> Iterator[None]:
    """On so many threads, as autograd needs it."""
    usual = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def _threads(recording: Recording) -> int:
    """How many take a gradient back: one, unless all are faster even at their slowest. A second one helps little with
    maps so small, and is waited for where the machine has other things to do."""
    usual = torch.get_num_threads()
    pulls = [piece.branch for piece in recording.pieces if isinstance(piece, Fork)]
    if usual == 1 or recording.start.device.type != "cpu":
        return usual
    pull = pulls[len(pulls) // 2]
    alone = _trials(pull, 1)
    if min(alone) > _PIECE_S:
        return usual  # with maps this large there is enough for each of them to do
    return usual if max(_trials(pull, usual)) < min(alone) else 1


def _trials(pull: Pull, threads: int) -> list[float]:
    """Seconds of a few gradients taken back, after one to warm up; of one alone where that takes long."""
    times: list[float] = []
    with computing(threads):
        while len(times) <= _TRIALS and max(times, default=0.0) <= _PIECE_S:
            began = time.perf_counter()
            pull.trial()
            times.append(time.perf_counter() - began)
    return times[1:] or times


def _every_length(passes: Passes, order: list[str], seed: int, seeds: int) -> Generator[Step, None, np.ndarray]:
    """Norm of the gradient over one path of each length, float64 (blocks + 1,)."""
    norms = np.zeros(len(order) + 1)
    for number in range(len(passes)):
        walk = EveryLength((yield from passes.recording(number)), order)
        for _ in passes.paced(iter(walk)):
            done = (seed + (number + walk.done) / len(passes)) / seeds
            yield Step(done, Sentence("Following paths, order {number} of {count}", number=seed + 1, count=seeds))
        norms = np.hypot(norms, [gradient.norm() for gradient in walk.gradients])
    return norms


def _taken_apart(passes: Passes, chosen: tuple[str, ...]) -> Generator[Step, None, Unravelled]:
    taken = selections(chosen)
    parts: list[list[Tensor]] = [[] for _ in taken]
    for number in range(len(passes)):
        walk = ChosenWays((yield from passes.recording(number)), chosen)
        for _ in passes.paced(iter(walk)):
            yield Step(None, Sentence("Taking the gradient apart"))
        for found, gradient in zip(walk.taken, at_input(walk), strict=True):
            parts[taken.index(found)].append(gradient)
    gradients = torch.stack([torch.cat(part).flatten() for part in parts])
    whole = gradients.sum(0)
    square = float(whole @ whole)
    along = (gradients @ whole) / square if square else torch.full((len(taken),), torch.nan)
    return Unravelled(chosen, taken, gradients.norm(dim=1).numpy(), along.numpy(), square**0.5)
