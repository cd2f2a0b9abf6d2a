"""From what a network says of each image to the points of a study, batch by batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from explorer.engine.records import Counts
from explorer.engine.studies.plan import Planned
from explorer.engine.study_records import Latency, StudyPoint

MEMORY = 256 * 2**20
"""Bytes of answers that are remembered for the next study."""
_ONE = 2.0**40
"""Changes of probability are added up as whole numbers of 2^-40: their sum is the same whatever the batches, so that a
study taken up again ends with the very number of one run through."""


class Answers:
    """What the network says of each image with one lesion, as it comes.

    Args:
        total: images in the end.

    Attributes:
        predictions: int32 (total,), -1 where the network gives no numbers, and where nothing is known yet.
        probabilities: of the true class, float32 (total,).
        images: how many of them are there, from the first on.
    """

    def __init__(self, total: int) -> None:
        self.predictions = np.full(total, -1, np.int32)
        self.probabilities = np.full(total, np.nan, np.float32)
        self.images = 0

    @property
    def finished(self) -> bool:
        return self.images == len(self.predictions)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.predictions.nbytes + self.probabilities.nbytes

    def add(self, first: int, predictions: np.ndarray, probabilities: np.ndarray) -> None:
        """The answers on a batch whose first image is at `first`; what is there already stays.

        A study that is taken up again may meet a batch once more of which it had got only some lesions' answers.
        """
        known, end = self.images - first, first + len(predictions)
        if end > self.images:
            self.predictions[self.images : end] = predictions[known:]
            self.probabilities[self.images : end] = probabilities[known:]
            self.images = end


class Memory:
    """Finished answers under what they depend on, the last used ones, up to so many bytes.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int = MEMORY) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, Answers] = OrderedDict()
        self._size = 0

    def use(self, key: Hashable) -> Answers | None:
        """What is kept under a key, if anything, which then counts as the last used."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: Hashable, answers: Answers) -> None:
        """Keep finished answers, and drop those that were not used for the longest time."""
        if key not in self._kept:
            self._size += answers.size
        self._kept[key] = answers
        self._kept.move_to_end(key)
        while self._size > self._limit and self._kept:
            self._size -= self._kept.popitem(last=False)[1].size

    def clear(self) -> None:
        self._kept.clear()
        self._size = 0


@dataclass
class Score:
    """Adds up the answers with one lesion against the intact ones, as far as both are there.

    Attributes:
        answers, intact: with the lesion and without; they grow.
        labels: int (total,), None where there are none.
        classes: how many the labels are of.
        images: counted so far.
    """

    answers: Answers
    intact: Answers
    labels: np.ndarray | None
    classes: int
    images: int = 0
    _sums: np.ndarray = field(default_factory=lambda: np.zeros(6, np.int64))
    """Correct, agreeing, intact correct, intact answered, lost, won."""
    _probability: int = 0
    _recalled: np.ndarray | None = None

    def update(self) -> bool:
        """Count what has come since; whether anything has."""
        end = min(self.answers.images, self.intact.images)
        if end <= self.images:
            return False
        part = slice(self.images, end)
        self.images = end
        said, intact = self.answers.predictions[part], self.intact.predictions[part]
        agreeing = int(((said == intact) & (intact >= 0)).sum())
        if self.labels is None:
            self._sums += (0, agreeing, 0, int((intact >= 0).sum()), 0, 0)
            return True
        labels = self.labels[part]
        right, was = said == labels, intact == labels
        self._sums += (
            int(right.sum()), agreeing, int(was.sum()), int((intact >= 0).sum()),
            int((was & ~right).sum()), int((right & ~was).sum()),
        )  # fmt: skip
        self._probability += _scaled(self.answers.probabilities[part]) - _scaled(self.intact.probabilities[part])
        recalled = np.bincount(labels[right], minlength=self.classes)
        self._recalled = recalled if self._recalled is None else self._recalled + recalled
        return True

    @property
    def merit(self) -> tuple[int, int]:
        """What `greedy` looks at: correct predictions, and at a tie the mean probability of the true class; without
        labels, how many agree with the intact network."""
        correct, agreeing = int(self._sums[0]), int(self._sums[1])
        return (agreeing, 0) if self.labels is None else (correct, self._probability)

    def point(self, planned: Planned, macs: int, latency: Latency | None = None) -> StudyPoint:
        """The point, as far as it is counted."""
        correct, agreeing, was, answered, lost, won = map(int, self._sums)
        labelled = self.labels is not None
        counted = labelled and self.images > 0
        return StudyPoint(
            lesion=planned.lesion,
            size=planned.size,
            seed=planned.seed,
            macs=macs,
            counts=Counts(self.images, correct if labelled else None, agreeing),
            intact=Counts(self.images, was if labelled else None, answered),
            discordant=(lost, won),
            probability=self._probability / _ONE / self.images if counted else None,
            recalled=self._recalled if counted else np.zeros(self.classes, np.int64) if labelled else None,
            predictions=self.answers.predictions,
            kendall_tau=planned.kendall_tau,
            latency=latency,
        )


def _scaled(probabilities: np.ndarray) -> int:
    """Their sum as a whole number of 2^-40; one that is no number counts as 0, since such an answer is never right."""
    return int(np.rint(np.nan_to_num(probabilities.astype(np.float64)) * _ONE).astype(np.int64).sum())


def best(scores: Sequence[Score]) -> int:
    """The number of the first score with the most merit."""
    return max(range(len(scores)), key=lambda number: (scores[number].merit, -number))
