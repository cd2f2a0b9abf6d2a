"""The engine's front: requests in, plain results out. The window's worker and the command line both use it.

Every method is a generator: it yields `Step`s (or partial results) between short pieces of work, so that its caller
can show progress, put something more urgent first, or drop it. A session belongs to one thread.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Generator, Hashable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from torch import Tensor

from explorer.engine import capture, comparing, devices, exporting, fashion, images, pictures, timing, weights
from explorer.engine.build import build, build_untrained, copied
from explorer.engine.comparing_records import ComparedPicture, ComparedRequest
from explorer.engine.datasets import LabelledImages, open_data
from explorer.engine.deletion import Meter
from explorer.engine.explain import dispatch
from explorer.engine.explain.records import ExplainRequest
from explorer.engine.modules import Network
from explorer.engine.ordering import balanced_order
from explorer.engine.recent import Recent
from explorer.engine.records import (
    CPU,
    AccuracyRequest,
    AccuracyResult,
    DataRef,
    DeviceInfo,
    Offer,
    Picture,
    PictureKind,
    PictureRequest,
    PictureResult,
    Prediction,
    Step,
    WeightsInfo,
    WeightsKind,
    WeightsRef,
)
from explorer.engine.studies import study as studies
from explorer.engine.studies.scores import Memory
from explorer.engine.study_records import FlippedImages, FlippedRequest, StudyRequest, StudyResult
from explorer.engine.timing_records import TimingRequest, TimingResult
from explorer.engine.training_files import own_title
from explorer.errors import UserError
from explorer.networks.cost import network_cost
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

_NETWORKS = 2
"""How many built networks stay in memory."""
_INFOS = 32


@dataclass(frozen=True, eq=False)
class Loaded:
    """A network with its weights in, on the CPU, and what they brought."""

    info: WeightsInfo
    network: Network


@dataclass(frozen=True, eq=False)
class _Pass:
    """One pass of a picture, on the CPU."""

    prediction: Prediction
    maps: dict[str, np.ndarray]
    thumbnails: dict[str, np.ndarray]
    seconds: float
    device: str
    note: str


class Session:
    """Runs requests, keeping what the next one is likely to need again.

    Args:
        trained: where the person's own training runs are kept, whose weights have names of their own; None for nowhere.
    """

    def __init__(self, trained: Path | None = None) -> None:
        self._trained = trained
        self._infos: Recent[WeightsInfo] = Recent(_INFOS)
        self._networks: Recent[Network] = Recent(_NETWORKS)
        self._copies: Recent[Network] = Recent(1)
        self._stamps: Recent[Hashable] = Recent(_INFOS)
        self._passes: Recent[_Pass] = Recent(1)
        self._data: Recent[LabelledImages] = Recent(2)
        self._meters: Recent[Meter] = Recent(1)
        self.answers = Memory()
        """Of studies."""

    # -- networks ------------------------------------------------------------------------------------------------

    def load(self, spec: NetworkSpec, ref: WeightsRef) -> Generator[Step, None, Loaded]:
        """The network with weights in; its spec is adapted to what they need.

        Raises:
            UserError: the weights can't be had, or don't fit.
        """
        kept_as = (ref, self._stamp(ref.value) if ref.kind is WeightsKind.FILE else None)
        asked = (spec, kept_as)
        info = self._infos.use(asked)
        network = None if info is None else self._networks.use((info.spec, kept_as))
        if info is None or network is None:
            info, state = yield from weights.resolve(ref, spec)
            info = replace(info, title=own_title(ref, self._trained) or info.title)
            # Several specs asked for can lead to one network; what was adapted differs between them.
            network = self._networks.use((info.spec, kept_as))
            if network is None:
                self.make_room(info.spec)
                network = _built(info.spec, state)
            self._infos[asked] = info
            self._networks[info.spec, kept_as] = network
        return Loaded(info, network)

    def _stamp(self, path: str) -> Hashable:
        """What changes when a file is saved anew, or a folder or a class folder in it gets or loses a picture.

        Where the path is gone it is as it was last: what was read from it can still be used.
        """
        try:
            status = os.stat(path)
            stamps = [(path, status.st_mtime_ns, status.st_size)]
            if stat.S_ISDIR(status.st_mode):
                with os.scandir(path) as entries:
                    stamps += sorted((entry.path, entry.stat().st_mtime_ns, 0) for entry in entries if entry.is_dir())
            self._stamps[path] = tuple(stamps)
        except (OSError, ValueError):
            pass
        return self._stamps.use(path)

    def make_room(self, spec: NetworkSpec) -> None:
        """Before a network is built, drop what is kept where memory is short.

        A system that promises more memory than it has would end the program half way, without an error.

        Raises:
            UserError: there is not enough even so.
        """
        need = capture.bytes_needed(spec)
        if need > psutil.virtual_memory().available:
            for kept in (self._networks, self._copies, self._passes, self._data, self._meters):
                kept.clear()
            self.answers.clear()
        free = psutil.virtual_memory().available
        if need > free:
            raise UserError(
                "There is not enough memory for this network: it needs about {need:,.1f} GB, {free:,.1f} GB are free; "
                "choose a smaller one, or a smaller input side.",
                need=need / 1e9, free=free / 1e9,
            )  # fmt: skip

    def on_device(self, network: Network, device: str) -> Network:
        """The network on a device. What goes there is a copy: a device that fails takes everything on it along."""
        if device == CPU.id:
            return network
        copy = self._copies.use((network, device))
        if copy is None:
            self._copies.clear()
            copy = self._copies[network, device] = copied(network, device)
        return copy

    def leave(self, device: DeviceInfo) -> None:
        """Drop what is kept on a device that failed, and give its memory back."""
        self._copies.clear()
        for key in [key for key, meter in self._meters.items() if meter.device.type != CPU.id]:
            del self._meters[key]
        devices.release(device)

    def offer(self) -> Generator[Step, None, Offer]:
        """The devices of this machine, and the weights there are for named networks."""
        yield Step(None, Sentence("Looking for devices and weights"))
        return Offer(devices.devices(), (*weights.bundled(), *weights.torchvision_weights()))

    def open_picture(self, kind: PictureKind, value: object, name: str = "") -> Generator[Step, None, Picture]:
        """Open a picture.

        Args:
            kind: `file` (value is its path), `bytes` (a pasted file's), `sample` (the number of a bundled image,
                counted on from the first after the last) or `chart` (value is not used).
            value: as `kind` says.
            name: what pasted bytes are to be called.

        Raises:
            UserError: it can't be opened.
        """
        yield Step(None, Sentence("Opening the picture"))
        if kind == "file":
            return pictures.open_picture(Path(str(value)))
        if kind == "bytes" and isinstance(value, bytes):
            return pictures.picture_from_bytes(value, name)
        if kind == "sample" and isinstance(value, int):
            return images.sample(int(_sample_order()[value % images.sample_count()]))
        return images.test_chart()

    # -- one picture ---------------------------------------------------------------------------------------------

    def run_picture(self, request: PictureRequest) -> Generator[Step, None, PictureResult]:
        """Prediction and maps of one picture, with the lesion and intact."""
        loaded = yield from self.load(request.spec, request.weights)
        spec, info = loaded.info.spec, loaded.info
        lesion = request.lesion.checked(spec)
        pixels, words = images.fit(request.picture, info.preprocessing)
        x = images.normalise(pixels, info.preprocessing)
        keep = capture.parts_to_keep(spec, request.wanted)
        intact_key = (loaded.network, request.picture, request.device, keep)
        intact = self._passes.use(intact_key)
        if intact is None:
            yield Step(None, Sentence("Running the intact network"))
            intact = yield from self._run(loaded, x, INTACT, keep, request.device)
            self._passes[intact_key] = intact
        now = intact
        if lesion:
            yield Step(None, Sentence("Running the network"))
            now = yield from self._run(loaded, x, lesion, keep, request.device)
        return PictureResult(
            request=request,
            seen=images.seen(pixels, info.preprocessing),
            input_mean=float(x.mean()),
            input_std=float(x.std(correction=0)),
            preprocessing_note=words,
            prediction=now.prediction,
            intact=intact.prediction,
            maps=now.maps,
            intact_maps=intact.maps,
            seconds=now.seconds,
            device=now.device,
            note=now.note,
            thumbnails=now.thumbnails,
        )

    def _run(
        self, loaded: Loaded, x: Tensor, lesion: Lesion, keep: frozenset[str], device: str
    ) -> Generator[Step, None, _Pass]:
        """One pass on a device, or on the CPU where the device can't."""

        def on(chosen: DeviceInfo, note: str) -> Generator[Step, None, _Pass]:
            network = self.on_device(loaded.network, chosen.id)
            macs = network_cost(loaded.info.spec).macs
            small: dict[str, Tensor] = {}
            steps = capture.capture_steps(network, x.to(chosen.id), lesion, keep, small)
            seconds = 0.0
            while True:
                began = time.perf_counter()
                try:
                    with devices.threads_for(macs):
                        share = next(steps)
                except StopIteration as end:
                    logits, kept = end.value
                    break
                seconds += time.perf_counter() - began
                yield Step(share, Sentence("Running the network"))
            probabilities = torch.softmax(logits[0].float(), 0).cpu().numpy()
            seconds += time.perf_counter() - began
            maps, thumbnails = (
                {part: values[0].float().cpu().numpy() for part, values in parts.items()} for parts in (kept, small)
            )
            return _Pass(Prediction(probabilities, loaded.info.classes), maps, thumbnails, seconds, chosen.title, note)

        return (yield from devices.run_with_fallback(on, *devices.choose_or_cpu(device), self.leave))

    export = exporting.export

    # -- accuracy ------------------------------------------------------------------------------------------------

    def accuracy(self, request: AccuracyRequest) -> Generator[Step | AccuracyResult, None, AccuracyResult]:
        """Accuracy with the lesion, beside the intact one; yields each estimate on the way."""
        loaded = yield from self.load(request.spec, request.weights)
        request.lesion.checked(loaded.info.spec)
        data = yield from self.open(request.data, loaded.info)
        began = time.perf_counter()

        def on(chosen: DeviceInfo, note: str) -> Generator[AccuracyResult, None, AccuracyResult]:
            return self._estimates(request, loaded, data, chosen, note, began)

        return (yield from devices.run_with_fallback(on, *devices.choose_or_cpu(request.device), self.leave))

    def _estimates(
        self,
        request: AccuracyRequest,
        loaded: Loaded,
        data: LabelledImages,
        device: DeviceInfo,
        note: str,
        began: float,
    ) -> Generator[AccuracyResult, None, AccuracyResult]:
        meter = self._meter(loaded, data, request.images, device)
        for tally in meter.measure(request.lesion.checked(loaded.info.spec)):
            result = AccuracyResult(
                request, tally.counts, tally.intact, tally.discordant, meter.total, time.perf_counter() - began,
                device.title, data.note, note,
            )  # fmt: skip
            yield result
        return result

    def timing(self, request: TimingRequest) -> Generator[Step, None, TimingResult]:
        """Time of one picture's pass through each network, and through each of its parts where asked for."""
        return (yield from timing.run(self, request))

    def compared(self, request: ComparedRequest) -> Generator[Step | ComparedPicture, None, None]:
        """The same picture through several networks; yields each one's result."""
        return (yield from comparing.run(self, request))

    def explain(self, request: ExplainRequest) -> Generator[Any, None, Any]:
        """What `explorer.engine.explain` computes; yields `Step`s and partial results of the request's kind."""
        return (yield from dispatch.run(self, request))

    # -- studies -------------------------------------------------------------------------------------------------

    def study(
        self, request: StudyRequest, file: Path | None = None, resume: bool = False
    ) -> Generator[Step | StudyResult, None, StudyResult]:
        """Do many lesions; yields the result so far several times a second, the first time before any measurement.

        Not going on with it is a pause, whose time doesn't count. The last result yielded is the whole one; the file
        is removed when the study goes on after that.

        Args:
            request: which study.
            file: where the answers so far are kept, every few seconds and when the study is dropped; None for nowhere.
            resume: whether to go on from the file, if it is there.

        Raises:
            UserError: the study can't be done on this network or these images, or the file is of another study (and
                stays as it is).
        """
        return (yield from studies.run(self, request, file, resume))

    def flipped(self, request: FlippedRequest) -> Generator[Step, None, FlippedImages]:
        """Images of a set as the network sees them."""
        return (yield from studies.flipped(self, request))

    # -- image sets ----------------------------------------------------------------------------------------------

    def open(self, ref: DataRef, info: WeightsInfo) -> Generator[Step, None, LabelledImages]:
        """A labelled set, its classes matched to the network's."""
        key = (ref, info.classes, self._stamp(ref.path) if ref.kind == "folder" else None)
        data = self._data.use(key)
        if data is None:
            data = self._data[key] = yield from open_data(ref, info)
        return data

    def _meter(self, loaded: Loaded, data: LabelledImages, count: int | None, device: DeviceInfo) -> Meter:
        key = (loaded.network, data, count, device.id)
        meter = self._meters.use(key)
        if meter is None:
            order = data.order(0)[:count]
            if not len(order):
                raise UserError("{name} has no images to measure on.", name=data.name)
            network = self.on_device(loaded.network, device.id)
            self._meters.clear()  # before the new one, so that both are never kept at once
            meter = Meter(network, data, loaded.info.preprocessing, order, torch.device(device.id))
            self._meters[key] = meter
        return meter


def _built(spec: NetworkSpec, state: dict[str, Tensor]) -> Network:
    """The network with a state dict in, or untrained where it is empty.

    Raises:
        UserError: there is not enough memory for it.
    """
    try:
        network = build(spec, seed=None) if state else build_untrained(spec)
    except (RuntimeError, MemoryError) as error:
        devices.fallback_note(error, CPU)
        raise
    if state:
        network.load_state_dict(state, strict=True)
    return network


@cache
def _sample_order() -> np.ndarray:
    """The bundled images in an order in which neighbours are of different classes."""
    return balanced_order(images.sample_count(), fashion.bundled()[1], 0)
