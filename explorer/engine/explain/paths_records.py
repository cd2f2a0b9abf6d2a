"""What goes into the paths view and what comes out; without torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import ClassVar

import numpy as np

from explorer.engine.explain.records import ExplainRequest
from explorer.engine.records import DataRef, Picture
from explorer.networks.paths import PathCounts, forks, shortest_interval

IMAGES, SEEDS = 16, 20


@dataclass(frozen=True)
class PathsRequest(ExplainRequest):
    """The gradient that paths carry in the intact network.

    The lesion takes paths away from the counts alone; nothing is measured anew.

    Attributes:
        data: the images, taken from the front of the balanced, shuffled order.
        images: how many.
        picture: this picture instead of the set; its label is what the network predicts.
        seeds: how many random orders of the blocks; of each, the first k blocks are the branches of a path of length
            k. None measures the chosen blocks' paths alone.
        chosen: ids of up to three blocks whose paths are taken apart.
    """

    view: ClassVar[str] = "paths"

    data: DataRef = field(default_factory=lambda: DataRef("fashion-mnist"))
    images: int = IMAGES
    picture: Picture | None = None
    seeds: int = SEEDS
    chosen: tuple[str, ...] = ()


def counted(request: PathsRequest) -> PathsResult:
    """What is known of a network's paths before anything is measured."""
    found = forks(request.spec)
    return PathsResult(request, found, np.empty((0, len(found) + 1)), None, 0, False, "")


def selections(chosen: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    """The blocks whose branch each path takes: none first, all last; the first block changes slowest."""
    ways = product((False, True), repeat=len(chosen))
    return tuple(frozenset(block for block, taken in zip(chosen, way, strict=True) if taken) for way in ways)


@dataclass(frozen=True, eq=False)
class Unravelled:
    """The gradient at the input, taken apart by the ways through a few blocks (Veit et al. 2016, Fig. 1).

    Through all other blocks it takes both ways, so that the parts add up to the whole gradient.

    Attributes:
        chosen: ids of the blocks, from input to output.
        taken: of each path, the blocks whose branch it takes.
        norms: of each path's gradient, float64 (paths,).
        along: each path's part of the whole gradient, in its direction: they add up to 1.
        whole: norm of the sum of all.
    """

    chosen: tuple[str, ...]
    taken: tuple[frozenset[str], ...]
    norms: np.ndarray
    along: np.ndarray
    whole: float

    @property
    def shares(self) -> np.ndarray:
        """Each norm's share of the sum of the norms; NaN where that is zero or no number."""
        total = float(self.norms.sum())
        found: np.ndarray = self.norms / total if total > 0 else np.full(len(self.norms), np.nan)
        return found


@dataclass(frozen=True, eq=False)
class PathsResult:
    """Gradients by length so far or in full.

    Attributes:
        request: what was asked.
        forks: ids of the blocks at which paths part.
        norms: of the mean loss's gradient at the input, over one path of each length: float64 (seeds so far,
            blocks + 1); empty where none were asked for.
        unravelled: of the chosen blocks, None where none are.
        images: how many were measured.
        labelled: whether the loss is of their labels; else of the classes that the network predicts.
        source: what the images are.
        seconds: so far.
        device: title of the device.
        notes: sentences on images left out, and on a run that had to fall back to the CPU.
    """

    request: PathsRequest
    forks: tuple[str, ...]
    norms: np.ndarray
    unravelled: Unravelled | None
    images: int
    labelled: bool
    source: str
    seconds: float = 0.0
    device: str = "CPU"
    notes: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        return len(self.norms) == self.request.seeds

    @property
    def counts(self) -> PathCounts:
        """Of the intact network."""
        return PathCounts(self.forks)

    def mean(self) -> np.ndarray:
        """Of each length, the mean norm over the seeds: float64 (blocks + 1,); NaN without seeds."""
        if not len(self.norms):
            return np.full(len(self.forks) + 1, np.nan)
        found: np.ndarray = self.norms.mean(0)
        return found

    def spread(self) -> tuple[np.ndarray, np.ndarray]:
        """Of each length, the smallest and the largest norm of all seeds."""
        if not len(self.norms):
            return self.mean(), self.mean()
        return self.norms.min(0), self.norms.max(0)

    def carried(self, norms: np.ndarray | None = None, counts: PathCounts | None = None) -> np.ndarray:
        """Of each length, the number of paths times the mean norm, over the number of all paths of the intact network:
        what the paths of this length carry for each path that there is.

        Args:
            norms: of each length; the mean where None.
            counts: with a lesion, for what is left; the intact network's where None.
        """
        counts = counts or self.counts
        shares = [counts.left_of_length(length) / counts.total for length in counts.lengths]
        found: np.ndarray = np.array(shares) * (self.mean() if norms is None else norms)
        return found

    def carried_shares(self, norms: np.ndarray | None = None) -> np.ndarray:
        """The same as shares of their sum; NaN where that is zero or no number."""
        carried = self.carried(norms)
        total = float(carried.sum())
        there = total > 0 and np.isfinite(total)
        found: np.ndarray = carried / total if there else np.full(len(carried), np.nan)
        return found

    def effective(self) -> tuple[int, int] | None:
        """First and last of the effective lengths: the shortest interval that holds 95 % of what all paths carry; None
        where there is no such number."""
        return shortest_interval(self.carried().tolist()) if len(self.norms) else None

    def effective_by_seed(self) -> tuple[tuple[int, int] | None, ...]:
        """The same for each seed alone."""
        return tuple(shortest_interval(self.carried(norms).tolist()) for norms in self.norms)
