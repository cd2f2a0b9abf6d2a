"""Accuracy with blocks deleted, cut or moved, computed only from the first changed block on.

A batch keeps the activations that enter its blocks. When the lesion changes, nothing before the first place that
changed can differ, so the pass starts there. Predictions are exactly those of a fresh pass: the same
kernels see the same batches.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from explorer.engine.images import normalise
from explorer.engine.modules import Network, answers
from explorer.engine.records import Counts, Preprocessing
from explorer.networks.cost import BYTES_PER_NUMBER, network_cost
from explorer.networks.lesion import INTACT, Lesion, Place, places
from explorer.networks.spec import NetworkSpec

BUDGET = 320 * 2**20
"""Bytes of activations kept for reuse, over all images."""
_MACS_A_STEP = 2.5e9
"""Work after which a step ends, so that a person sees an estimate, and a cancel is heard, several times a second."""
_REMEMBERED = 64


class ImageSet(Protocol):
    """Images to measure on; `labels` is None where they have none."""

    labels: np.ndarray | None

    def __len__(self) -> int: ...

    def pixels(self, indices: np.ndarray, preprocessing: Preprocessing) -> Tensor: ...


@dataclass
class _Batch:
    """Some images, and the last pass over them."""

    indices: np.ndarray
    lesion: Lesion = INTACT
    entering: dict[int, Tensor] = field(default_factory=dict)
    """Position of a block -> what enters it."""
    memory: dict[int, Tensor] = field(default_factory=dict)
    """Position of a block -> where what enters it is written, pass after pass: fresh memory is slow at first touch."""
    predictions: np.ndarray | None = None
    intact: np.ndarray | None = None


@dataclass(frozen=True)
class Tally:
    """Counts over the first images of the order: with the lesion, intact, and the discordant pairs (lost,
    won)."""

    counts: Counts
    intact: Counts
    discordant: tuple[int, int]


class Meter:
    """Measures one network on one set of images, with any lesion, reusing what it does not change.

    Args:
        network: in eval mode, on its device.
        images: the set.
        preprocessing: how its images become the network's input.
        order: indices of the images to use, in the order in which they are taken.
        device: of the network.
        budget: bytes of activations to keep.
    """

    def __init__(
        self,
        network: Network,
        images: ImageSet,
        preprocessing: Preprocessing,
        order: np.ndarray,
        device: torch.device,
        budget: int = BUDGET,
    ) -> None:
        self.network = network
        self.images = images
        self.preprocessing = preprocessing
        self.device = device
        self.total = len(order)
        self._blocks = dict(network.blocks())
        self._batches = [_Batch(indices) for indices in _split(order, network.spec, device)]
        self._kept = positions_to_keep(network.spec, self.total, budget)
        self._remembered: OrderedDict[Lesion, list[np.ndarray]] = OrderedDict()

    def measure(self, lesion: Lesion) -> Iterator[Tally]:
        """Counts so far after each batch; the last is over all images.

        May be dropped at any point: what was computed stays for the next call.
        """
        known = self._remembered.get(lesion)
        predictions: list[np.ndarray] = []
        tally = _Running(self.images.labels is not None)
        for number, batch in enumerate(self._batches):
            if batch.intact is None:
                batch.intact = self._predict(batch, INTACT)
            found = self._predict(batch, lesion) if known is None else known[number]
            predictions.append(found)
            labels = None if self.images.labels is None else self.images.labels[batch.indices]
            tally.add(found, batch.intact, labels)
            if known is None or number == len(self._batches) - 1:
                yield tally.result()
        self._remember(lesion, predictions)

    def _remember(self, lesion: Lesion, predictions: list[np.ndarray]) -> None:
        self._remembered[lesion] = predictions
        self._remembered.move_to_end(lesion)
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)

    def _predict(self, batch: _Batch, lesion: Lesion) -> np.ndarray:
        """Top-1 of each image of a batch, int64 (n,); -1 where the network gives no numbers."""
        if batch.predictions is not None and batch.lesion == lesion:
            return batch.predictions
        with torch.inference_mode():
            course = places(self.network.spec, lesion)
            start, x = self._start(batch, course)
            # What stays is right with the old lesion and the new, so that a pass may fail from here on.
            batch.entering = {position: kept for position, kept in batch.entering.items() if position <= start}
            entering = dict(batch.entering)
            for position in range(start, len(course)):
                if position in self._kept:
                    entering[position] = x
                place = course[position]
                x = self.network.enter(place.spec.id, x)
                x = self._blocks[place.block](x, place.mode, batch.memory.get(position + 1))
                if position + 1 in self._kept and place.mode == "whole" and not place.spec.pooled:
                    batch.memory[position + 1] = x
            predictions: np.ndarray = answers(self.network.head(x)).cpu().numpy()
        batch.entering, batch.lesion, batch.predictions = entering, lesion, predictions
        return predictions

    def _start(self, batch: _Batch, course: tuple[Place, ...]) -> tuple[int, Tensor]:
        """The last kept position that the change of lesions leaves as it was, and what enters there."""
        pairs = zip(places(self.network.spec, batch.lesion), course, strict=True)
        first = next((position for position, (before, now) in enumerate(pairs) if before != now), 0)
        usable = [position for position in batch.entering if position <= first]
        if usable:
            return max(usable), batch.entering[max(usable)]
        pixels = self.images.pixels(batch.indices, self.preprocessing).to(self.device)
        return 0, self.network.stem(normalise(pixels, self.preprocessing))


class _Running:
    """Adds up batches. No answer (-1) is never right, and two of them don't agree."""

    def __init__(self, labelled: bool) -> None:
        self.labelled = labelled
        self.images = self.correct = self.intact = self.agreeing = self.answered = self.lost = self.won = 0

    def add(self, predictions: np.ndarray, intact: np.ndarray, labels: np.ndarray | None) -> None:
        self.images += len(predictions)
        self.agreeing += int(((predictions == intact) & (intact >= 0)).sum())
        self.answered += int((intact >= 0).sum())
        if labels is not None:
            right, was_right = predictions == labels, intact == labels
            self.correct += int(right.sum())
            self.intact += int(was_right.sum())
            self.lost += int((was_right & ~right).sum())
            self.won += int((right & ~was_right).sum())

    def result(self) -> Tally:
        return Tally(
            Counts(self.images, self.correct if self.labelled else None, self.agreeing),
            Counts(self.images, self.intact if self.labelled else None, self.answered),
            (self.lost, self.won),
        )


def positions_to_keep(spec: NetworkSpec, images: int, budget: int) -> frozenset[int]:
    """Positions of the blocks whose inputs are kept: all of them, or every second, third … so that they fit into the
    budget; none where not even the first does."""
    cost = network_cost(spec)
    outputs = [cost.stem.output, *(block.output for block in cost.blocks[:-1])]
    sizes = [channels * height * width * BYTES_PER_NUMBER * images for channels, height, width in outputs]
    for every in range(1, len(sizes) + 1):
        positions = range(0, len(sizes), every)
        if sum(sizes[position] for position in positions) <= budget:
            return frozenset(positions)
    return frozenset()


def _split(order: np.ndarray, spec: NetworkSpec, device: torch.device) -> list[np.ndarray]:
    """Batches of about equal work, the first a quarter of the others."""
    work = _MACS_A_STEP * (1 if device.type == "cpu" else 50)
    size = int(np.clip(work / max(network_cost(spec).macs, 1), 1, 128 if device.type == "cpu" else 512))
    first = max(size // 4, 1)
    edges = [first, *range(first + size, len(order), size)]
    return [batch for batch in np.split(order, edges) if len(batch)]
