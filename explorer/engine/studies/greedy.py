"""Deleting the least harmful block, then the next: the frontier of accuracy against work and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import torch

from explorer.engine.modules import Network
from explorer.engine.studies import latency
from explorer.engine.studies.bench import Bench, Run
from explorer.engine.studies.plan import Planned, candidates, largest
from explorer.engine.studies.scores import best
from explorer.engine.studies.work import Work
from explorer.engine.study_records import Latency
from explorer.networks.lesion import Lesion


class Greedy(Work):
    """In each round every block that is left is deleted on trial; the one after which most images are right stays
    deleted. At a tie the mean probability of the true class decides, then the place in the network; without labels, the
    agreement with the intact network does instead of the accuracy.

    A greedy choice is not the best set of its size: finding that would need every set.

    Args:
        bench: what to measure with.
        network: the float32 network on its device, whose latency is measured.
        saved: what `state` gave, from a file; empty for none.
    """

    def __init__(self, bench: Bench, network: Network, saved: dict[str, Any]) -> None:
        super().__init__(bench)
        request = bench.material.request
        self._network = network
        self._ids = candidates(request, bench.spec)
        self._rounds = largest(request, bench.spec)
        self._chosen: list[str] = []
        self._trials: list[tuple[str, Run]] = []
        self._saved = saved

    def prepare(self) -> Iterator[None]:
        """Take up the rounds that are finished, up to the first whose answers are not there."""
        for block, times in self._saved.get("chosen", []):
            chosen = Lesion(deleted=frozenset([*self._chosen, block]))
            if block not in self._ids or block in self._chosen or not self.bench.run(chosen).answers.finished:
                break
            self._choose(block, Latency(**times))
            yield
        self._begin_round()

    def steps(self) -> Iterator[None]:
        while self._trials:
            runs = [run for _, run in self._trials]
            yield from self.bench.measure(runs)
            scores = []
            for run in runs:
                score = self.bench.score(run)
                score.update()
                scores.append(score)
                yield
            block, run = self._trials[best(scores)]
            times = yield from latency.measure(self._network, run.lesion, torch.device(self.bench.device.id))
            for other in runs:
                if other is not run:
                    self.bench.forget(other)
            self._choose(block, times)
            self._begin_round()
            yield

    def _choose(self, block: str, times: Latency) -> None:
        self._chosen.append(block)
        self.add(Planned(Lesion(deleted=frozenset(self._chosen)), len(self._chosen)), times)

    def _begin_round(self) -> None:
        self._trials = []
        if len(self._chosen) < self._rounds:
            left = [block for block in self._ids if block not in self._chosen]
            self._trials = [
                (block, self.bench.run(Lesion(deleted=frozenset([*self._chosen, block])))) for block in left
            ]

    @property
    def fraction(self) -> float:
        """A round's work is about the square of the number of blocks that are left: so many trials, each of so many
        blocks."""
        count = len(self._ids)
        works = [(count - number) ** 2 for number in range(self._rounds)]
        done = float(sum(works[: len(self._chosen)]))
        if self._trials:
            images = sum(run.answers.images for _, run in self._trials)
            done += works[len(self._chosen)] * images / (len(self._trials) * self.bench.total)
        return done / sum(works)

    def pending(self) -> bool:
        return bool(self.bench.pending([run for _, run in self._trials]))

    def state(self) -> dict[str, Any]:
        times = (entry.latency for entry in self.entries)
        return {"chosen": [[block, asdict(own)] for block, own in zip(self._chosen, times, strict=True) if own]}
