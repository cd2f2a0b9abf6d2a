"""What a study measures with: one network on one set of images, any lesions, nothing measured twice."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from explorer.engine.datasets import LabelledImages
from explorer.engine.modules import Network
from explorer.engine.records import CPU, DeviceInfo, WeightsInfo
from explorer.engine.studies.evaluator import Evaluator
from explorer.engine.studies.protocol import Circumstances
from explorer.engine.studies.scores import Answers, Memory, Score
from explorer.engine.studies.storage import Saved
from explorer.engine.study_records import StudyRequest
from explorer.networks.lesion import INTACT, Lesion, course

_LEAST_PART, _PARTS = 8, 8
"""Lesions in a part of the first batch at the least, and how many parts at the most."""


@dataclass(frozen=True, eq=False)
class Material:
    """What a study is done on, whatever the device.

    Attributes:
        request: what was asked.
        info: the weights.
        data: the image set.
        order: int64 (total,), the images in the order in which they are measured.
        training: uint8 (n, 1 or 3, crop, crop), to estimate batch norm statistics on; None for none.
        weights, images: digests, see `storage`.
    """

    request: StudyRequest
    info: WeightsInfo
    data: LabelledImages
    order: np.ndarray
    training: Tensor | None
    weights: str
    images: str

    @cached_property
    def labels(self) -> np.ndarray | None:
        return None if self.data.labels is None else self.data.labels[self.order]


@dataclass(frozen=True, eq=False)
class Run:
    """One lesion to measure, and its answers so far."""

    key: str
    lesion: Lesion
    answers: Answers


class Bench:
    """Measures lesions. Lesions with equal courses are one run; finished ones are remembered for later studies.

    Args:
        material: what to measure on.
        network: on the device.
        device: of the network.
        memory: of finished answers, shared by all studies.
        saved: the same study from a file, which is gone on with in the same batches; None for none.

    Attributes:
        spec: of the network.
        runs: all that are of use now, under their keys; the intact network's first.
    """

    def __init__(
        self,
        material: Material,
        network: Network,
        device: DeviceInfo,
        memory: Memory,
        saved: Saved | None = None,
    ) -> None:
        self.material = material
        self.spec = material.info.spec
        self.device = device
        self.evaluator = Evaluator(
            network, material.data, material.info.preprocessing, material.order, torch.device(device.id),
            fast=material.request.fast, training=material.training,
            batch=_kept(saved, "batch"), threads=_kept(saved, "threads", torch.get_num_threads()),
        )  # fmt: skip
        self._memory = memory
        self._saved = {} if saved is None else saved.answers
        self._origin: tuple[Hashable, ...] = (
            material.weights, self.spec, material.images, material.request.fast, material.request.reestimate, device.id,
        )  # fmt: skip
        self.runs: dict[str, Run] = {}
        self.intact = self.run(INTACT)

    @property
    def total(self) -> int:
        return len(self.material.order)

    def run(self, lesion: Lesion) -> Run:
        """The run of a lesion, with what is known of it."""
        key = course_key(self, lesion)
        if key not in self.runs:
            answers = self._memory.use((self._origin, key)) or self._saved.get(key) or Answers(self.total)
            self.runs[key] = Run(key, lesion, answers)
        return self.runs[key]

    def forget(self, run: Run) -> None:
        """Drop a run that is of no use any more; a finished one may still be remembered."""
        self.runs.pop(run.key, None)

    def score(self, run: Run) -> Score:
        return Score(run.answers, self.intact.answers, self.material.labels, len(self.material.info.classes))

    def pending(self, runs: Sequence[Run]) -> list[Run]:
        """Those that are not finished."""
        return [run for run in runs if not run.answers.finished]

    def measure(self, runs: Sequence[Run]) -> Iterator[None]:
        """Measure runs to the end, all on a batch before the next, with pauses after short pieces of work."""
        pending = self.pending([self.intact, *(run for run in runs if run is not self.intact)])
        if not pending:
            return
        if self._worth_parting(pending):
            size = max(_LEAST_PART, -(-len(pending) // _PARTS))
            for begin in range(0, len(pending), size):
                yield from self._evaluate(pending[begin : begin + size], 0, only_first=True)
            pending = self.pending(pending)
        if pending:
            batch = self.evaluator.batch
            yield from self._evaluate(pending, min(run.answers.images for run in pending) // batch * batch)

    def _worth_parting(self, pending: Sequence[Run]) -> bool:
        """Whether the first batch is done in parts, so that the first bars show within a second or two and not all
        together after many: where there are many lesions, on the CPU. It costs a hundredth or so of a study of 1,000
        images; with statistics to estimate anew it would cost far more."""
        fresh = not any(run.answers.images for run in pending)
        slow = self.device.id == CPU.id and self.material.training is None
        return fresh and slow and len(pending) >= 2 * _LEAST_PART

    def _evaluate(self, runs: Sequence[Run], start: int, only_first: bool = False) -> Iterator[None]:
        """From an image on to the end, or a single batch."""
        left = len(runs)
        for answer in self.evaluator.evaluate([run.lesion for run in runs], start):
            if answer is not None:
                run = runs[answer.number]
                run.answers.add(answer.first, answer.predictions, answer.probabilities)
                if run.answers.finished:
                    self._memory.keep((self._origin, run.key), run.answers)
                left -= 1
            yield
            if only_first and not left:
                return

    def circumstances(self) -> Circumstances:
        """For the protocol."""
        material, evaluator = self.material, self.evaluator
        return Circumstances(
            info=material.info,
            weights=material.weights,
            data=material.data.name,
            labelled=material.labels is not None,
            images=self.total,
            training=0 if evaluator.training is None else len(evaluator.training),
            device=self.device.id,
            title=self.device.title,
            arithmetic=evaluator.arithmetic,
            threads=evaluator.threads,
            batch=evaluator.batch,
        )


def _kept(saved: Saved | None, name: str, most: int | None = None) -> int | None:
    """A number that a study was begun with, so that it goes on rounding as before; None where there is none, or more
    than there can be here."""
    value = None if saved is None else saved.header.get(name)
    usable = isinstance(value, int) and value >= 1 and (most is None or value <= most)
    return value if usable else None


def course_key(bench: Bench, lesion: Lesion) -> str:
    """A short name for what happens between stem and head; lesions that compute the same have the same."""
    text = ";".join(f"{mode} {block}" for mode, block in course(bench.spec, lesion))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
