"""What a network answers on a set of images with each of many lesions, computed together.

Nothing is computed twice that a lesion does not change (see `tree`). Exact by default: the very predictions of the
plain loop, a fresh eager float32 pass of each lesion over the images in batches of 64.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.engine.deletion import ImageSet
from explorer.engine.images import normalise
from explorer.engine.modules import ResidualNetwork, answers, pool
from explorer.engine.records import Preprocessing
from explorer.engine.studies.tree import Edge, walk
from explorer.networks.lesion import Action, Lesion, course

BUDGET = 768 * 2**20
"""Bytes of activations at once."""
BATCH = 64
"""Images of a batch of the plain loop."""
_PIECE_S = 0.05
"""Seconds of work after which an evaluation pauses, so that a cancel is heard."""
_READ = 16
"""Images read at once."""


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


class Evaluator:
    """Measures one network on one set of images with many lesions.

    Args:
        network: in eval mode, on its device; it is not changed.
        images: the set.
        preprocessing: how its images become the network's input.
        order: indices of the images to use, in the order in which they are taken.
        device: of the network.
        fast: bfloat16 where it pays, channels_last, folded batch norms; else exact.
        training: uint8 (n, 1 or 3, crop, crop), training images on which batch norm statistics are estimated anew for
            each lesion; None for the network's own statistics.
        budget: bytes of activations at once.

    Attributes:
        total: images in the order.
        batch: images at once.
        threads: that the CPU computes with.
        arithmetic: in words, for the protocol.
    """

    def __init__(
        self,
        network: ResidualNetwork,
        images: ImageSet,
        preprocessing: Preprocessing,
        order: np.ndarray,
        device: torch.device,
        fast: bool = False,
        training: Tensor | None = None,
        budget: int = BUDGET,
    ) -> None:
        self.network = network
        self.images = images
        self.preprocessing = preprocessing
        self.order = order
        self.device = device
        self.total = len(order)
        self.batch = BATCH
        self.threads = torch.get_num_threads()
        self.arithmetic = "float32, exact"
        self._blocks = dict(network.blocks())
        labels = images.labels
        self._labels = None if labels is None else torch.from_numpy(labels[order]).to(device)

    def evaluate(self, lesions: Sequence[Lesion], start: int = 0) -> Iterator[Answer | None]:
        """Answers of every lesion, batch by batch.

        Args:
            lesions: checked; equal ones are computed once.
            start: place in the order of the first image to measure, a multiple of `batch`.

        Yields:
            Every lesion's answer on a batch before the next batch; None between short pieces of work.
        """
        edges = walk([course(self.network.spec, lesion) for lesion in lesions])
        for first in range(start, self.total, self.batch):
            found: dict[int, tuple[Tensor, Tensor]] = {}
            for _ in self._pass(edges, first, found):
                yield None
            for number in sorted(found):
                predictions, probabilities = found[number]
                yield Answer(number, first, predictions.cpu().numpy(), probabilities.cpu().numpy())

    def _pass(self, edges: Sequence[Edge], first: int, found: dict[int, tuple[Tensor, Tensor]]) -> Iterator[None]:
        """One batch through the tree."""
        pixels = []
        chosen = self.order[first : first + self.batch]
        for begin in range(0, len(chosen), _READ):
            pixels.append(self.images.pixels(chosen[begin : begin + _READ], self.preprocessing))
            yield
        with torch.inference_mode():
            kept = [self.network.stem(normalise(torch.cat(pixels).to(self.device), self.preprocessing))]
        paused = time.perf_counter()
        for edge in edges:
            x = kept[edge.start - 1]
            del kept[edge.start - edge.release :]
            for action in edge.actions:
                with torch.inference_mode():
                    x = self._run(action, x)
                if time.perf_counter() - paused > _PIECE_S:
                    yield
                    paused = time.perf_counter()
            if edge.keep:
                kept.append(x)
            if edge.numbers:
                with torch.inference_mode():
                    said = self._answer(self.network.head(x), first)
                found.update(dict.fromkeys(edge.numbers, said))

    def _run(self, action: Action, x: Tensor) -> Tensor:
        mode, block = action
        if mode == "pool":
            return pool(x)
        result: Tensor = self._blocks[block](x, mode)
        return result

    def _answer(self, logits: Tensor, first: int) -> tuple[Tensor, Tensor]:
        """Predictions and the true class's probabilities."""
        predictions = answers(logits)
        if self._labels is None:
            probabilities = torch.full(predictions.shape, float("nan"), device=logits.device)
        else:
            labels = self._labels[first : first + len(logits), None]
            probabilities = logits.float().softmax(1).gather(1, labels)[:, 0]
            probabilities = probabilities.where(predictions >= 0, float("nan"))
        return predictions.to(torch.int32), probabilities
