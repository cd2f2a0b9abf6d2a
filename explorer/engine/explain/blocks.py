"""What each block adds to what its shortcut carries, of one picture and over a set of images.

He et al. 2015 show the standard deviations of the layers' responses (section 4.2, Fig. 7); Greff et al. 2017
(arXiv:1612.07771) read the blocks of a stage as steps that refine one estimate, which the head applied early shows.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
import torch

from explorer.engine import devices
from explorer.engine.datasets import LabelledImages
from explorer.engine.explain.block_outline import Outline
from explorer.engine.explain.block_taps import Figures, Halves, Walk
from explorer.engine.explain.blocks_records import (
    BlockMaps,
    BlocksRequest,
    BlocksResult,
    BlockStatisticsRequest,
    BlockStatisticsResult,
    PictureFigures,
    Quartiles,
    SetFigures,
    twin_beside,
)
from explorer.engine.explain.passing import told
from explorer.engine.folders import fold
from explorer.engine.images import fit, normalise
from explorer.engine.modules import answers
from explorer.engine.records import Counts, DeviceInfo, Prediction, Step
from explorer.errors import UserError
from explorer.networks.cost import network_cost
from explorer.networks.lesion import INTACT, Lesion
from explorer.sentences import Sentence

if TYPE_CHECKING:
    from explorer.engine.session import Loaded, Session

_MACS_A_BATCH = 1e9
_LARGEST_BATCH = {"cpu": 64}
_LARGEST_ELSEWHERE = 512
_SHOW_S = 0.25
"""Between two snapshots of the figures over a set."""
Told = Step | BlockStatisticsResult


def run(
    session: Session, request: BlocksRequest | BlockStatisticsRequest
) -> Generator[Told, None, BlocksResult | BlockStatisticsResult]:
    """The job of either request."""
    if isinstance(request, BlocksRequest):
        return (yield from _picture(session, request))
    return (yield from _statistics(session, request))


def _twin(session: Session, loaded: Loaded) -> Generator[Step, None, Loaded | None]:
    found = twin_beside(loaded.info.spec, loaded.info.ref)
    return None if found is None else (yield from session.load(*found))


# -- one picture -----------------------------------------------------------------------------------------------------


def _picture(session: Session, request: BlocksRequest) -> Generator[Step, None, BlocksResult]:
    loaded = yield from session.load(request.spec, request.weights)
    spec = loaded.info.spec
    lesion = request.lesion.checked(spec)
    if request.block:
        spec.check_ids((request.block,))
    twin = yield from _twin(session, loaded)

    def on(device: DeviceInfo, note: str) -> Generator[Step, None, BlocksResult]:
        figures = yield from _once(session, loaded, request, lesion, device)
        beside = None
        if twin is not None:
            beside = _of_picture((yield from _once(session, twin, request, INTACT, device)))
        own = _of_picture(figures)
        classes = loaded.info.classes
        return BlocksResult(
            request, own, Prediction(own.exits[-1], classes), _label(request.picture.label, classes),
            _maps(figures.outline, request.block, figures.kept), beside, device.title, note,
        )  # fmt: skip

    return (yield from devices.run_with_fallback(on, *devices.choose_or_cpu(request.device), session.leave))


def _once(
    session: Session, loaded: Loaded, request: BlocksRequest, lesion: Lesion, device: DeviceInfo
) -> Generator[Step, None, Figures]:
    """One pass of the picture."""
    spec, preprocessing = loaded.info.spec, loaded.info.preprocessing
    x = normalise(fit(request.picture, preprocessing)[0], preprocessing).to(device.id)
    walk = Walk(session.on_device(loaded.network, device.id), lesion, request.block)
    return (yield from told(walk.steps(x), network_cost(spec).macs, Sentence("Taking blocks apart")))


def _of_picture(figures: Figures) -> PictureFigures:
    ratio, cosine, response = (
        values[0].cpu().double().numpy() for values in (figures.ratio, figures.cosine, figures.response)
    )
    exits = torch.softmax(figures.exits[:, 0].float(), 1).cpu().numpy()
    return PictureFigures(figures.outline, ratio, cosine, response, exits)


def _maps(outline: Outline, block: str, halves: Halves | None) -> BlockMaps | None:
    """What is shown of a block; what is not there counts as zeros where it would be added."""
    if halves is None:
        return None
    mark = outline.block(block)
    carried, added, total = (
        None if values is None else values[0].float().cpu().numpy()
        for values in (halves.carried, halves.added, halves.total)
    )
    if mark.join == "none":
        assert carried is not None
        return BlockMaps(mark, carried, added, None)
    if carried is None:
        assert added is not None
        carried = np.zeros_like(added)
    if added is None:
        growth = halves.out.shape[1] - len(carried) if mark.join == "concat" else len(carried)
        added = np.zeros((growth, *carried.shape[1:]), np.float32)
        total = np.concatenate([carried, added]) if mark.join == "concat" else carried
    return BlockMaps(mark, carried, added, total)


def _label(name: str | None, classes: tuple[str, ...]) -> int | None:
    """The number of the true class, where the network has it."""
    if name is None:
        return None
    return next((index for index, known in enumerate(classes) if fold(known) == fold(name)), None)


# -- a set of images -------------------------------------------------------------------------------------------------


class _Gathered:
    """One network's figures of the images so far. Numbers are kept, a few hundred an image; maps are not.

    Args:
        walk: runs the network.
        images: their labels are what is true.
    """

    def __init__(self, walk: Walk, images: LabelledImages) -> None:
        self._walk, self._labels = walk, images.labels
        self._values: dict[str, list[np.ndarray]] = {"ratio": [], "cosine": [], "response": []}
        exits = len(walk.outline.exits)
        self._correct, self._agreeing = np.zeros(exits, int), np.zeros(exits, int)
        self._images = 0

    def add(self, figures: Figures, indices: np.ndarray) -> None:
        """A batch's."""
        for name, rows in self._values.items():
            rows.append(getattr(figures, name).cpu().double().numpy())
        said = torch.stack([answers(logits) for logits in figures.exits]).cpu().numpy()
        self._agreeing += ((said == said[-1]) & (said[-1] >= 0)).sum(1)
        if self._labels is not None:
            self._correct += (said == self._labels[indices]).sum(1)
        self._images += len(indices)

    def figures(self) -> SetFigures:
        """Of all so far."""
        counts = tuple(
            Counts(self._images, None if self._labels is None else int(correct), int(agreeing))
            for correct, agreeing in zip(self._correct, self._agreeing, strict=True)
        )
        ratio, cosine, response = (quartiles(np.concatenate(rows)) for rows in self._values.values())
        return SetFigures(self._walk.outline, ratio, cosine, response, counts)


def quartiles(values: np.ndarray) -> Quartiles:
    """Of each column's finite values.

    Args:
        values: float64 (images, things).
    """
    known = np.isfinite(values)
    counts = known.sum(0)
    found = np.full((3, values.shape[1]), np.nan)
    whole = counts == len(values)
    shares = (0.25, 0.5, 0.75)
    if len(values) and whole.any():
        found[:, whole] = np.quantile(values[:, whole], shares, axis=0)
    for column in np.flatnonzero(~whole & (counts > 0)):
        found[:, column] = np.quantile(values[known[:, column], column], shares)
    low, median, high = found
    return Quartiles(low, median, high, counts, len(values))


def _statistics(session: Session, request: BlockStatisticsRequest) -> Generator[Told, None, BlockStatisticsResult]:
    """Figures over a set; yields them several times a second on the way."""
    loaded = yield from session.load(request.spec, request.weights)
    lesion = request.lesion.checked(loaded.info.spec)
    images = yield from session.open(request.data, loaded.info)
    twin = yield from _twin(session, loaded)
    began = time.perf_counter()

    def on(device: DeviceInfo, note: str) -> Generator[Told, None, BlockStatisticsResult]:
        both = [(loaded, lesion)] if twin is None else [(loaded, lesion), (twin, INTACT)]
        return _gather(session, request, both, images, device, note, began)

    return (yield from devices.run_with_fallback(on, *devices.choose_or_cpu(request.device), session.leave))


def _gather(
    session: Session,
    request: BlockStatisticsRequest,
    networks: list[tuple[Loaded, Lesion]],
    images: LabelledImages,
    device: DeviceInfo,
    note: str,
    began: float,
) -> Generator[Told, None, BlockStatisticsResult]:
    order = images.order(0)[: request.images]
    if not len(order):
        raise UserError("{name} has no images to measure on.", name=images.name)
    walks = [Walk(session.on_device(one.network, device.id), lesion) for one, lesion in networks]
    gathered = [_Gathered(walk, images) for walk in walks]
    macs = sum(network_cost(one.info.spec).macs for one, _ in networks)
    shown = time.perf_counter()
    done = 0

    def result() -> BlockStatisticsResult:
        figures = [one.figures() for one in gathered]
        beside, weights = (figures[1], networks[1][0].info.ref) if len(figures) > 1 else (None, None)
        return BlockStatisticsResult(
            request, figures[0], beside, weights, done, len(order), images.name, time.perf_counter() - began,
            device.title, images.note, note,
        )  # fmt: skip

    for indices in batches(order, macs, device):
        start = done / len(order)
        for (one, _), walk, into in zip(networks, walks, gathered, strict=True):
            preprocessing = one.info.preprocessing
            x = normalise(images.pixels(indices, preprocessing).to(device.id), preprocessing)
            own = network_cost(one.info.spec).macs
            share = len(indices) / len(order) * own / macs
            words = Sentence("Taking blocks apart")
            into.add((yield from told(walk.steps(x), own, words, start, share)), indices)
            start += share
            yield Step(start, Sentence("Taking blocks apart over {name}", name=images.name))
        done += len(indices)
        if time.perf_counter() - shown >= _SHOW_S and done < len(order):
            shown = time.perf_counter()
            yield result()
    return result()


def batches(order: np.ndarray, macs: int, device: DeviceInfo) -> list[np.ndarray]:
    """Images for one step each: short on a CPU, so that something more urgent need not wait."""
    small = device.id == "cpu"
    size = int(_MACS_A_BATCH * (1 if small else 50) / max(macs, 1))
    size = min(max(size, 1), _LARGEST_BATCH["cpu"] if small else _LARGEST_ELSEWHERE)
    return [order[start : start + size] for start in range(0, len(order), size)]
