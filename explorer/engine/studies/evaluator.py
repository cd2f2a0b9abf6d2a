"""What a network answers on a set of images with each of many lesions, computed together.

Nothing is computed twice that a lesion does not change (see `tree`). Exact by default: the very predictions of the
plain loop, which passes each batch of 64 images through the network afresh for each lesion, eagerly and in float32.
(Of a network so large that 64 images are too much work or memory, the batch is smaller, here and there.)
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.engine import devices
from explorer.engine.deletion import ImageSet
from explorer.engine.images import normalise
from explorer.engine.modules import Network, answers
from explorer.engine.records import Preprocessing
from explorer.engine.studies import guard
from explorer.engine.studies.folded import FoldedPasses, foldable, layout
from explorer.engine.studies.passes import Passes, PlainPasses, computing, in_pieces, walked
from explorer.engine.studies.reestimate import ReestimatedPasses
from explorer.engine.studies.tree import Edge, walk
from explorer.engine.studies.tuning import BATCH, most_images, pace
from explorer.networks.lesion import Lesion, course

BUDGET = 512 * 2**20
"""Bytes of activations at once."""
_READ = 16
"""Images read at once."""
_NONE: dict[int, Tensor] = {}


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network says of a batch of images with one lesion.

    Attributes:
        number: of the lesion among those asked for.
        first: place of the batch's first image in the order.
        predictions: int32 (n,), -1 where the network gives no numbers.
        probabilities: of the true class, float32 (n,); NaN without labels, and where the network gives no numbers.
    """

    number: int
    first: int
    predictions: np.ndarray
    probabilities: np.ndarray


Row = tuple[Tensor, ...]
"""Of a batch with one lesion, on the device: predictions, probabilities, which of them are unsure; each (n,)."""


class Evaluator:
    """Measures one network on one set of images with many lesions.

    Making one takes up to half a second: the first of a network measures how it is run the fastest.

    Args:
        network: in eval mode, on its device; it is not changed.
        images: the set.
        preprocessing: how its images become the network's input.
        order: indices of the images to use, in the order in which they are taken.
        device: of the network.
        fast: bfloat16 where it pays, channels_last, folded batch norms; else exact, and so are networks of operations
            that are not folded here.
        training: uint8 (n, 1 or 3, crop, crop), training images on which batch norm statistics are estimated anew for
            each lesion (see `reestimate`), the first so many of them as the budget allows at once; None for the
            network's own statistics.
        budget: bytes of activations at once.
        batch, threads: instead of what is measured.

    Attributes:
        total: images in the order.
        batch: images at once.
        threads: that the CPU computes with.
        arithmetic: in words, for the protocol.
        training: images on which statistics are estimated; None for the network's own.
    """

    def __init__(
        self,
        network: Network,
        images: ImageSet,
        preprocessing: Preprocessing,
        order: np.ndarray,
        device: torch.device,
        fast: bool = False,
        training: Tensor | None = None,
        budget: int = BUDGET,
        batch: int | None = None,
        threads: int | None = None,
    ) -> None:
        self.network = network
        self.images = images
        self.preprocessing = preprocessing
        self.order = order
        self.device = device
        self.total = len(order)
        labels = images.labels
        self._labels = None if labels is None else torch.from_numpy(labels[order]).to(device)
        folds = foldable(network)
        fast = fast and folds
        self._fast = fast
        self._number = torch.bfloat16 if fast and devices.bf16_pays(str(device)) else torch.float32
        # What rounds otherwise than the plain loop is made sure of. Re-estimating, and elsewhere than on the CPU,
        # exact is what the network's own modules compute in the plain loop's batches.
        self._guarded = not fast and folds and training is None and device.type == "cpu"
        self._plain = PlainPasses(network)
        self._passes: Passes = self._plain
        if training is None and (fast or self._guarded):
            with computing(1):
                self._passes = FoldedPasses(network, self._number)
        self.arithmetic = self._words(training is None)
        most = most_images(network.spec, device, budget)
        self.training = None if training is None else training[: max(most, 2)]
        self._plain_batch = min(BATCH, most)
        chosen = pace(network.spec, device, self._passes, most, fast, free=self._passes is not self._plain)
        self.batch, self.threads = batch or chosen.batch, threads or chosen.threads

    def _words(self, folded: bool) -> str:
        if not self._fast:
            return "float32, exact"
        words = [str(self._number).removeprefix("torch.")]
        if layout(self.device) == torch.channels_last:
            words.append("channels_last")
        return ", ".join([*words, "folded batch norms"] if folded else words)

    def evaluate(self, lesions: Sequence[Lesion], start: int = 0) -> Iterator[Answer | None]:
        """Answers of every lesion, batch by batch.

        It may be dropped at any point.

        Args:
            lesions: checked; those that do the same are computed once.
            start: place in the order of the first image to measure.

        Yields:
            Every lesion's answer on a batch before the next batch, in the order of the lesions; None between pieces of
            work, which take about a twentieth of a second.
        """
        return in_pieces(self._evaluated(list(lesions), start), self.threads)

    def _evaluated(self, lesions: list[Lesion], start: int) -> Iterator[Answer | None]:
        edges = yield from self._walk(lesions)
        tolerances: dict[int, Tensor] = {}
        passes = self._passes
        if self.training is not None:
            passes = yield from self._reestimated(edges, self.training)
        if self._guarded:
            tolerances = yield from self._tolerances(edges)
        while start < self.total:
            # From wherever it starts, it goes on at the edges of batches.
            end = min(start - start % self.batch + self.batch, self.total)
            rows = yield from self._rows(passes, edges, start, end, tolerances)
            # The first time that anything waits for the device.
            columns = [torch.stack(column).cpu().numpy() for column in zip(*rows.values(), strict=True)]
            if tolerances:
                yield from self._make_sure([lesions[edges[edge].numbers[0]] for edge in rows], columns, start)
            row_of = {number: row for row, edge in enumerate(rows) for number in edges[edge].numbers}
            for number in range(len(lesions)):
                yield Answer(number, start, *(column[row_of[number]] for column in columns[:2]))
            start = end

    def _walk(self, lesions: Sequence[Lesion]) -> Generator[None, None, tuple[Edge, ...]]:
        courses = []
        for lesion in lesions:
            courses.append(course(self.network.spec, lesion))
            yield
        return walk(courses)

    def _reestimated(self, edges: Sequence[Edge], training: Tensor) -> Generator[None, None, Passes]:
        passes = ReestimatedPasses(self.network, self._number if self._fast else None)
        yield
        yield from passes.estimate(edges, normalise(training.to(self.device), self.preprocessing))
        return passes

    def _input(self, start: int, end: int) -> Generator[None, None, Tensor]:
        """The network's input of a part of the order."""
        pixels = []
        for first in range(start, end, _READ):
            pixels.append(self.images.pixels(self.order[first : min(first + _READ, end)], self.preprocessing))
            yield
        together = torch.cat(pixels)
        if self.device.type == "cuda":
            together = together.pin_memory()
        return normalise(together.to(self.device, non_blocking=True), self.preprocessing)

    def _tolerances(self, edges: Sequence[Edge]) -> Generator[None, None, dict[int, Tensor]]:
        """For the lesions at the end of each edge, from the first images of the order, wherever the evaluation starts:
        so its answers don't depend on that."""
        x = yield from self._input(0, min(guard.IMAGES, self.total))
        plain: dict[int, Tensor] = {}
        ours: dict[int, Tensor] = {}
        yield from walked(self._plain, edges, x, plain.__setitem__)
        yield from walked(self._passes, edges, x, ours.__setitem__)
        return {edge: guard.tolerance(plain[edge], ours[edge]) for edge in plain}

    def _rows(
        self, passes: Passes, edges: Sequence[Edge], start: int, end: int, tolerances: Mapping[int, Tensor] = _NONE
    ) -> Generator[None, None, dict[int, Row]]:
        """What is said of a part of the order at the end of each edge."""
        rows: dict[int, Row] = {}

        def listen(edge: int, logits: Tensor) -> None:
            unsure = (guard.unsure(logits, tolerances[edge]),) if tolerances else ()
            rows[edge] = (*self._read(logits, start), *unsure)

        x = yield from self._input(start, end)
        yield from walked(passes, edges, x, listen)
        return rows

    def _read(self, logits: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Predictions and the true class's probabilities from logits (n, classes) of the images from `start` on."""
        predictions = answers(logits)
        if self._labels is None:
            return predictions.int(), torch.full(predictions.shape, torch.nan, device=logits.device)
        labels = self._labels[start : start + len(logits), None]
        probabilities = logits.softmax(1).gather(1, labels)[:, 0]
        return predictions.int(), probabilities.where(predictions >= 0, torch.nan)

    def _make_sure(self, lesions: Sequence[Lesion], columns: Sequence[np.ndarray], start: int) -> Iterator[None]:
        """Put the plain loop's answers in the place of those that are unsure.

        Args:
            lesions: of each row.
            columns: predictions, probabilities and what is unsure of them, (rows, n) each.
            start: place of the first image in the order.
        """
        unsure = columns[2]
        batches = (start + np.arange(unsure.shape[1])) // self._plain_batch
        for batch in np.unique(batches[unsure.any(0)]):
            inside = unsure & (batches == batch)
            again = np.flatnonzero(inside.any(1))
            first = int(batch) * self._plain_batch
            edges = yield from self._walk([lesions[int(row)] for row in again])
            rows = yield from self._rows(self._plain, edges, first, min(first + self._plain_batch, self.total))
            for edge, found in rows.items():
                row = again[edges[edge].numbers[0]]
                places = np.flatnonzero(inside[row])
                for column, values in zip(columns, found, strict=False):
                    column[row, places] = values.numpy()[start + places - first]
