"""How long one picture's pass takes, of whole networks and of each of their parts: real measurements, in rounds.

Every round runs each network once, in turns as to which goes first, so that whatever else the machine does slows all
alike; medians and quartiles leave out what disturbed a few rounds. A long pass pauses between its blocks, and the pause
does not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from explorer.engine import devices
from explorer.engine.build import build_empty
from explorer.engine.modules import Network
from explorer.engine.records import DeviceInfo, Step
from explorer.engine.timing_records import NetworkTiming, Spread, TimingRequest, TimingResult
from explorer.engine.tracks import Step as Piece
from explorer.networks.cost import network_cost
from explorer.networks.lesion import places
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

if TYPE_CHECKING:
    from explorer.engine.session import Session

ROUNDS = 100
LEAST_ROUNDS = 5
_WARMING = 2
_PIECE_S = 0.05
_CHUNK = 1 << 22
"""Numbers of a parameter that are filled at once: well below a tenth of a second."""
Parts = Sequence[tuple[str, Piece]]
Clock = Callable[[], float]


def wait_for(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def timed_pass(
    pieces: Sequence[Piece], x: Tensor, macs: int, clock: Clock = time.perf_counter
) -> Generator[None, None, float]:
    """Seconds of one pass, waited for at its end; it pauses between its pieces where it is long.

    Args:
        pieces: one after another.
        x: the input, on its device.
        macs: of the pass, which decide on the number of threads.
        clock: seconds.
    """
    left = list(reversed(pieces))
    seconds = 0.0
    while left:
        with devices.threads_for(macs), torch.inference_mode():
            wait_for(x.device)
            began = clock()
            while left and clock() - began < _PIECE_S:
                x = left.pop()(x)
            wait_for(x.device)
            seconds += clock() - began
        yield
    return seconds


def timed_parts(
    parts: Parts, x: Tensor, macs: int, clock: Clock = time.perf_counter
) -> Generator[None, None, dict[str, float]]:
    """Seconds of each part within one pass, by its id.

    On CUDA they are read from events in the stream, so that nothing waits between two parts; on the CPU, which has
    done a part when the call returns, from the clock; on MPS each part is waited for.
    """
    left = list(reversed(parts))
    times: dict[str, float] = {}
    while left:
        with devices.threads_for(macs), torch.inference_mode():
            watch = _CudaWatch(x.device) if x.device.type == "cuda" else _Watch(x.device, clock)
            began = clock()
            while left and clock() - began < _PIECE_S:
                name, piece = left.pop()
                x = piece(x)
                watch.lap(name)
            times |= watch.times()
        yield
    return times


class _Watch:
    """Laps by a clock."""

    def __init__(self, device: torch.device, clock: Clock) -> None:
        self._device, self._clock = device, clock
        self._times: dict[str, float] = {}
        wait_for(device)
        self._last = clock()

    def lap(self, name: str) -> None:
        wait_for(self._device)
        now = self._clock()
        self._times[name] = now - self._last
        self._last = now

    def times(self) -> dict[str, float]:
        return self._times


class _CudaWatch:
    """Laps by events in the stream."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        torch.cuda.synchronize(device)
        self._stream = torch.cuda.current_stream(device)
        self._marks: list[tuple[str, torch.cuda.Event]] = [("", self._mark())]

    def _mark(self) -> torch.cuda.Event:
        event: torch.cuda.Event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record(self._stream)
        return event

    def lap(self, name: str) -> None:
        self._marks.append((name, self._mark()))

    def times(self) -> dict[str, float]:
        torch.cuda.synchronize(self._device)
        pairs = zip(self._marks, self._marks[1:], strict=False)
        return {name: before.elapsed_time(mark) / 1000 for (_, before), (name, mark) in pairs}


def parts_of(network: Network) -> list[tuple[str, Piece]]:
    """Stem, every block (with what stands before it) and head, each as a function of what comes to it."""
    blocks = dict(network.blocks())
    parts: list[tuple[str, Piece]] = [("stem", network.stem)]
    for place in places(network.spec):
        block, own = blocks[place.block], place.spec.id
        parts.append((own, _entering(network, own, block)))
    return [*parts, ("head", network.head)]


def _entering(network: Network, place: str, block: Piece) -> Piece:
    return lambda x: block(network.enter(place, x))


@dataclass
class Track:
    """One network that is timed, with its input, and the times so far."""

    parts: Parts
    x: Tensor
    macs: int
    wholes: list[float] = field(default_factory=list)
    laps: list[dict[str, float]] = field(default_factory=list)

    def whole(self) -> Spread:
        return _spread(self.wholes)

    def by_part(self) -> dict[str, Spread]:
        if not self.laps:
            return {}
        return {name: _spread([lap[name] for lap in self.laps]) for name, _ in self.parts}


def _spread(times: list[float]) -> Spread:
    low, median, high = np.quantile(times, (0.25, 0.5, 0.75))
    return Spread(float(median), float(low), float(high), len(times))


class Race:
    """Times tracks in turns.

    Args:
        tracks: get their times.
        by_part: whether each round also times the parts, in a pass of their own.
        seconds: of measured passes, after which no further round begins once there are `LEAST_ROUNDS`.
        clock: seconds.

    Attributes:
        done: how far it is, 0 to 1.
    """

    def __init__(
        self, tracks: Sequence[Track], by_part: bool, seconds: float, clock: Clock = time.perf_counter
    ) -> None:
        self._tracks, self._by_part, self._seconds, self._clock = tracks, by_part, seconds, clock
        self._spent = 0.0
        self.done = 0.0

    def run(self) -> Generator[None, None, None]:
        """Pauses after every piece of work."""
        for _ in range(_WARMING):
            yield from self._round(0, measured=False)
        for turn in range(ROUNDS):
            if turn >= LEAST_ROUNDS and self._spent > self._seconds:
                break
            yield from self._round(turn, measured=True)
            by_time = min(self._spent / self._seconds, (turn + 1) / LEAST_ROUNDS)
            self.done = min(max(by_time, (turn + 1) / ROUNDS), 1.0)
        self.done = 1.0

    def _round(self, turn: int, measured: bool) -> Generator[None, None, None]:
        first = turn % len(self._tracks)
        for track in (*self._tracks[first:], *self._tracks[:first]):
            pieces = [piece for _, piece in track.parts]
            whole = yield from timed_pass(pieces, track.x, track.macs, self._clock)
            laps = {}
            if self._by_part:
                laps = yield from timed_parts(track.parts, track.x, track.macs, self._clock)
            if measured:
                track.wholes.append(whole)
                track.laps += [laps] if laps else []
                self._spent += whole + sum(laps.values())


# -- a session's request -------------------------------------------------------------------------------------------


def run(session: Session, request: TimingRequest) -> Generator[Step, None, TimingResult]:
    """Time the networks of a request, on its device or, where that fails, on the CPU."""

    def on(device: DeviceInfo, note: str) -> Generator[Step, None, TimingResult]:
        tracks = []
        for spec in request.specs:
            network = yield from _ready(session, spec, request, device)
            x = torch.randn(1, *network.spec.input_shape, generator=torch.Generator().manual_seed(0))
            tracks.append(Track(parts_of(network), x.to(device.id), network_cost(network.spec).macs))
        race = Race(tracks, request.by_part, request.seconds)
        for _ in race.run():
            yield Step(race.done, Sentence("Measuring time on {device}", device=device.title))
        timings = tuple(
            NetworkTiming(spec, track.whole(), track.by_part())
            for spec, track in zip(request.specs, tracks, strict=True)
        )
        return TimingResult(request, timings, device.title, torch.get_num_threads(), note)

    return (yield from devices.run_with_fallback(on, *devices.choose_or_cpu(request.device), session.leave))


def _ready(
    session: Session, spec: NetworkSpec, request: TimingRequest, device: DeviceInfo
) -> Generator[Step, None, Network]:
    """The network on the device."""
    if request.weights is not None:
        loaded = yield from session.load(spec, request.weights)
        return session.on_device(loaded.network, device.id)
    session.make_room(spec)
    return (yield from _filled(spec, torch.device(device.id)))


def _filled(spec: NetworkSpec, device: torch.device) -> Generator[Step, None, Network]:
    """A network whose weights are drawn as He et al. 2015 draw them, but from few different numbers: made for its
    speed alone, piece by piece."""
    building = Step(None, Sentence("Building {network}", network=spec.name))
    network = build_empty(spec).to_empty(device=device)
    noise = torch.randn(_CHUNK, generator=torch.Generator().manual_seed(0)).to(device)
    for key, tensor in network.state_dict().items():
        if tensor.dim() < 2:
            tensor.fill_(1 if key.endswith(("weight", "running_var")) else 0)
            continue
        deviation = (2 * len(tensor) / tensor.numel()) ** 0.5
        for piece in tensor.view(-1).split(_CHUNK):
            torch.mul(noise[: len(piece)], deviation, out=piece)
            yield building
    yield building
    return network
