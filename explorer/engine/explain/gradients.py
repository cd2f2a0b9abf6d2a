"""How large the loss's gradient is at every block's input and at all weights, of a network and its plain twin.

Trained weights are measured as they are, batch norm in eval mode, over labelled images or one picture. A network that
is drawn anew is measured as training would first meet it: batch norm normalises by the batch. Nothing is updated.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from explorer.engine import devices, images, weights
from explorer.engine.datasets import LabelledImages
from explorer.engine.explain import initialising
from explorer.engine.explain.gradient_pass import PASSES, Segment, Sums, learn, norms_of, segments
from explorer.engine.explain.gradients_records import (
    INITIAL_IMAGES,
    MOST_SEEDS,
    TRAINED_IMAGES,
    GradientsRequest,
    GradientsResult,
    Profile,
    Scheme,
    Spot,
)
from explorer.engine.explain.gradients_words import lesion_notes, lesioned
from explorer.engine.explain.twins import twin_of
from explorer.engine.modules import Network
from explorer.engine.records import UNTRAINED, DeviceInfo, Step, WeightsInfo, WeightsRef
from explorer.errors import UserError
from explorer.networks.checks import SpecError
from explorer.networks.cost import network_cost
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

if TYPE_CHECKING:
    from explorer.engine.session import Session

Told = Step | GradientsResult
Batch = tuple[Tensor, Tensor | None]
_KEPT_OVER_COUNTED = 3
"""What a pass keeps for its way back, over the activations that costs count."""
_USUAL_MACS, _FEWEST = 6e10, 4
"""Multiply-adds, forward and back, of the usual number of images; and the least number."""
_CHUNK_BYTES, _BATCH_BYTES = 64e6, 1e9
"""Of activations: of a pass over some of the images, and of one over a batch that can't be divided."""


@dataclass
class _Readings:
    """What was measured of one network so far."""

    spec: NetworkSpec
    lesion: Lesion = INTACT
    inputs: tuple[Spot, ...] = ()
    weights: tuple[Spot, ...] = ()
    rows: list[tuple[list[float], list[float], float]] = field(default_factory=list)

    def add(self, sums: Sums, found: tuple[list[tuple[Spot, float]], list[tuple[Spot, float]]]) -> None:
        inputs, own = found
        self.inputs = tuple(spot for spot, _ in inputs)
        self.weights = tuple(spot for spot, _ in own)
        self.rows.append(([norm for _, norm in inputs], [norm for _, norm in own], sums.loss))

    def profile(self) -> Profile:
        inputs, own, losses = (np.array(column, np.float64) for column in zip(*self.rows, strict=True))
        name = lesioned(self.spec, self.lesion)
        return Profile(name, self.spec.depth, self.inputs, self.weights, inputs, own, losses)


@dataclass
class _Work:
    """A request on its way, on one device.

    Attributes:
        session, request, device: of it.
        info: of the network's weights.
        lesion: of the network; its twin has none.
        scheme: what is done.
        began: seconds on the clock.
        notes: to tell.
        passes: in the end, for the progress.
        done: of them.
        labelled: whether the classes of the images are known.
    """

    session: Session
    request: GradientsRequest
    device: DeviceInfo
    info: WeightsInfo
    lesion: Lesion
    scheme: Scheme
    began: float
    notes: list[str]
    passes: int = 1
    done: int = 0
    labelled: bool = False

    @property
    def spec(self) -> NetworkSpec:
        return self.info.spec

    def step(self, share: float, text: str) -> Step:
        """How far it is, within the pass that is on."""
        return Step(min((self.done + share) / self.passes, 1.0), text)

    def result(self, readings: list[_Readings], alone: str, count: int, total: int) -> GradientsResult:
        return GradientsResult(
            self.request, self.scheme, tuple(reading.profile() for reading in readings), alone, count, self.labelled,
            total, tuple(dict.fromkeys(note for note in self.notes if note)), time.perf_counter() - self.began,
            self.device.title,
        )  # fmt: skip


def run(session: Session, request: GradientsRequest) -> Generator[Told, None, GradientsResult]:
    """Measure; yields the result so far after every seed.

    Raises:
        UserError: the weights, images or picture can't be had.
    """
    if not 1 <= request.seeds <= MOST_SEEDS:
        raise UserError("The number of seeds must be from 1 to {most}, not {seeds}.",
                        most=MOST_SEEDS, seeds=request.seeds)  # fmt: skip
    began = time.perf_counter()

    def on(device: DeviceInfo, note: str) -> Generator[Told, None, GradientsResult]:
        return _measured(session, request, device, note, began)

    return (yield from devices.run_with_fallback(on, *devices.choose_or_cpu(request.device), session.leave))


def _measured(
    session: Session, request: GradientsRequest, device: DeviceInfo, note: str, began: float
) -> Generator[Told, None, GradientsResult]:
    if request.weights == UNTRAINED:
        info = weights.untrained(request.spec)
    else:
        info = (yield from session.load(request.spec, request.weights)).info
    scheme, notes = request.scheme, [note]
    if scheme == "trained" and request.weights == UNTRAINED:
        scheme = "he"
        notes.append(
            Sentence("{network} has no weights, so they are drawn as He et al. 2015 draw them.", network=info.spec.name)
        )
    work = _Work(session, request, device, info, request.lesion.checked(info.spec), scheme, began, notes)
    return (yield from (_trained(work) if scheme == "trained" else _initial(work)))


# -- trained -------------------------------------------------------------------------------------------------------


def _trained(work: _Work) -> Generator[Told, None, GradientsResult]:
    """The network with its weights, and the twin that comes with the program."""
    request, info = work.request, work.info
    twin, alone = yield from _trained_twin(work)
    work.notes += lesion_notes(info.spec, work.lesion, None if twin is None else twin[0])
    data = None
    if request.on == "picture":
        count = 1
    else:
        data = yield from work.session.open(request.data, info)
        order = data.order(0)[: request.images or _usual(info.spec)]
        count = len(order)
        _check(data, count, work)
    networks: list[tuple[NetworkSpec, WeightsRef, Lesion]] = [(info.spec, request.weights, work.lesion)]
    networks += [] if twin is None else [(*twin, INTACT)]
    size = max(1, min(count, int(_CHUNK_BYTES / _bytes(info.spec))))
    work.passes = len(networks) * -(-count // size)
    readings = []
    for spec, ref, lesion in networks:
        loaded = yield from work.session.load(spec, ref)
        network = work.session.on_device(loaded.network, work.device.id)
        cut, sums = segments(network, lesion), Sums()
        for start in range(0, count, size):
            here = loaded.info
            batch = _one(work, here) if data is None else _some(data, order[start : start + size], here)
            yield from _pass(work, network, cut, batch, len(batch[0]) / count, sums, start + size >= count)
        readings.append(_Readings(spec, lesion))
        readings[-1].add(sums, norms_of(sums, cut))
    return work.result(readings, alone, count, 1)


def _usual(spec: NetworkSpec) -> int:
    """Images whose gradients a person gets to see in some seconds: fewer of a large network."""
    macs = PASSES * network_cost(spec).macs
    return max(_FEWEST, min(TRAINED_IMAGES, int(_USUAL_MACS / macs)))


def _trained_twin(work: _Work) -> Generator[Step, None, tuple[tuple[NetworkSpec, WeightsRef] | None, str]]:
    """The bundled twin, if it was trained on what the network was trained on, or why there is none."""
    _, alone = _twin(work.spec)
    if alone:
        return None, alone
    found = twin_of(work.spec)
    if found is not None:
        twin = (yield from work.session.load(*found)).info
        if twin.spec.input_shape == work.spec.input_shape and twin.classes == work.info.classes:
            return found, ""
    return None, Sentence(
        "No plain twin of {network} that is trained alike comes with the program; drawn anew, it is there.",
        network=work.spec.name,
    )


def _check(data: LabelledImages, count: int, work: _Work) -> None:
    """Say what is special about a set.

    Raises:
        UserError: it has no images.
    """
    if not count:
        raise UserError("{name} has no images to measure on.", name=data.name)
    work.labelled = data.labels is not None
    if data.labels is None:
        # The set's own note is on measuring how often the network agrees with itself, which nobody does here.
        words = Sentence("The images have no labels that the network knows, so the loss is that of its own answers.")
        if work.scheme != "trained":
            words = Sentence("The images have no labels that the network knows, so they got labels at random.")
        work.notes.append(words)
        return
    work.notes.append(data.note)
    if len(np.unique(data.labels)) == 1:
        work.notes.append(
            Sentence(
                "All images are of one class, {name}: the loss only says how well the network knows this one.",
                name=data.classes[int(data.labels[0])],
            )
        )


def _some(data: LabelledImages, indices: np.ndarray, info: WeightsInfo) -> Batch:
    """Some images as the network takes them, and their labels."""
    x = images.normalise(data.pixels(indices, info.preprocessing), info.preprocessing)
    return x, None if data.labels is None else torch.from_numpy(data.labels[indices].astype(np.int64))


def _one(work: _Work, info: WeightsInfo) -> Batch:
    """The picture as the network takes it, and its class where that is known.

    Raises:
        UserError: there is no picture.
    """
    picture = work.request.picture
    if picture is None:
        raise UserError("There is no picture to measure on: open one, or choose the image set.")
    pixels, _ = images.fit(picture, info.preprocessing)
    x = images.normalise(pixels, info.preprocessing)
    work.labelled = picture.label in info.classes
    if picture.label in info.classes:
        return x, torch.tensor([info.classes.index(picture.label)])
    work.notes.append(Sentence("The picture's class is not known, so the loss is that of the network's own answer."))
    return x, None


# -- drawn anew ----------------------------------------------------------------------------------------------------


def _initial(work: _Work) -> Generator[Told, None, GradientsResult]:
    """The network and its twin, drawn once for each seed."""
    request, spec = work.request, work.spec
    twin, alone = _twin(spec)
    work.notes += lesion_notes(spec, work.lesion, twin)
    specs = [spec] if twin is None else [spec, twin]
    if not initialising.has_norms(spec):
        work.notes.append(Sentence("{network} has no batch norm.", network=spec.name))
    data = None
    if request.on != "noise":
        data = yield from work.session.open(request.data, work.info)
    count = _batch_size(work, data)
    work.passes = len(specs) * request.seeds
    networks = []
    for own in specs:
        yield work.step(0, Sentence("Building {network}", network=own.name))
        work.session.make_room(own)
        networks.append(initialising.empty(own, request.norm, torch.device(work.device.id)))
    cuts = [segments(networks[0], work.lesion), *(segments(network) for network in networks[1:])]
    readings = [_Readings(own, INTACT if number else work.lesion) for number, own in enumerate(specs)]
    for seed in range(request.seeds):
        batch = _batch(work, data, count, seed)
        for network, cut, reading in zip(networks, cuts, readings, strict=True):
            for _ in initialising.draw(network, work.scheme, seed):
                yield work.step(0, Sentence("Drawing weights"))
            sums = Sums()
            yield from _pass(work, network, cut, batch, 1.0, sums, True)
            reading.add(sums, norms_of(sums, cut))
        result = work.result(readings, alone, count, request.seeds)
        yield result
    return result


def _twin(spec: NetworkSpec) -> tuple[NetworkSpec | None, str]:
    """The plain twin, or why there is none."""
    if spec.plain:
        return None, Sentence("{network} has no shortcuts itself, so no plain twin is beside it.", network=spec.name)
    try:
        return spec.twin(), ""
    except SpecError as error:
        return None, Sentence(error.template, **error.values)


def _batch_size(work: _Work, data: LabelledImages | None) -> int:
    """Images in a batch, fewer where the network is too large for the usual number.

    Raises:
        UserError: the set has too few.
    """
    wanted = work.request.images or INITIAL_IMAGES
    count = min(wanted, max(2, int(_BATCH_BYTES / _bytes(work.spec))))
    if count < wanted:
        work.notes.append(
            Sentence(
                "The batch has {count} images, as {wanted} would need too much memory.", count=count, wanted=wanted
            )
        )
    if data is not None:
        count = min(count, len(data))
        _check(data, count, work)
    if count < 2 and work.request.norm:
        raise UserError("Batch norm in training needs at least two images: choose more, or measure without batch norm.")
    return count


def _batch(work: _Work, data: LabelledImages | None, count: int, seed: int) -> Batch:
    """Images and labels of one seed: standard normal noise and labels at random, or from a set."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(work.spec.classes, (count,), generator=generator)
    if data is None:
        return torch.randn(count, *work.spec.input_shape, generator=generator), labels
    x, known = _some(data, data.order(seed)[:count], work.info)
    return x, labels if known is None else known


# -- both ----------------------------------------------------------------------------------------------------------


def _bytes(spec: NetworkSpec) -> float:
    """That one image takes on its way forward and back, about."""
    return _KEPT_OVER_COUNTED * network_cost(spec).activations


def _pass(
    work: _Work, network: Network, cut: list[Segment], batch: Batch, share: float, sums: Sums, last: bool
) -> Generator[Step, None, None]:
    words = Sentence("Gradients of {network}", network=network.spec.name)
    x, labels = (None if tensor is None else tensor.to(work.device.id) for tensor in batch)
    assert x is not None
    for part in learn(network, cut, x, labels, share, sums, last):
        yield work.step(part, words)
    work.done += 1
