"""How large gradients are: what is asked and what was measured, without torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from explorer.engine.explain.records import ExplainRequest
from explorer.engine.records import DataRef, Picture
from explorer.sentences import Sentence

Scheme = Literal["trained", "default", "he", "glorot"]
Kind = Literal["inputs", "weights"]
Source = Literal["noise", "images", "picture"]

INITIALISATIONS: tuple[Scheme, ...] = ("default", "he", "glorot")
SCHEME_WORDS: dict[str, str] = {
    "trained": Sentence("as trained"),
    "default": Sentence("PyTorch's default"),
    "he": Sentence("He's"),
    "glorot": Sentence("Glorot's"),
}
MOST_SEEDS = 10
TRAINED_IMAGES = 32
INITIAL_IMAGES = 16
BUNDLED_IMAGES = DataRef("fashion-mnist")
HEAD = "head"
STEM = "stem"


@dataclass(frozen=True)
class GradientsRequest(ExplainRequest):
    """Which gradients to measure.

    Attributes:
        scheme: the weights: `trained` for those of the request, else how they are drawn anew: PyTorch's `default`,
            `he` or `glorot`. Without weights `trained` becomes `he`, and the result says so.
        norm: whether a network that is drawn anew keeps its batch norms.
        seeds: how many times it is drawn, from seed 0 on.
        on: where the loss comes from: `noise` with random labels, labelled `images`, or one `picture`. Trained weights
            take images or a picture, others noise or images.
        data: the images.
        picture: the one.
        images: how many make the loss, at most; 0 for the usual number, which is less for large networks.
    """

    view: ClassVar[str] = "gradients"

    scheme: Scheme = "trained"
    norm: bool = True
    seeds: int = 3
    on: Source = "images"
    data: DataRef = BUNDLED_IMAGES
    picture: Picture | None = None
    images: int = 0


@dataclass(frozen=True)
class Spot:
    """Where a gradient's norm was taken.

    Attributes:
        id: of the block whose input it is, `head` for what the last block gives; or the module path of the weights.
        block: the block that it belongs to, else `stem` or `head`.
        depth: for weights the number of their layer, as the depth of a network is counted; for an input the layers
            before it.
        counted: whether the weights are of a counted layer: projections, gates and squeeze-excitation are not.
    """

    id: str
    block: str
    depth: int
    counted: bool = True


@dataclass(frozen=True)
class Spread:
    """One spot over all seeds.

    Attributes:
        median, low, high: of the norms, as `middle` orders them.
        zeros: how many are exactly zero: smaller than the least float32, or nothing to learn.
        broken: how many are no finite numbers.
        count: of seeds.
    """

    median: float
    low: float
    high: float
    zeros: int
    broken: int
    count: int


@dataclass(frozen=True, eq=False)
class Profile:
    """Norms of the gradients of one network.

    Attributes:
        name: of the network.
        depth: its weighted layers.
        inputs: every block's input, from input to output, and that of the head.
        weights: of every convolution and fully connected layer.
        input_norms, weight_norms: float64 (seeds, spots), of the loss's gradient over the whole batch; they hold what
            float32 gave: zeros, infinities and NaN too.
        losses: float64 (seeds,).
    """

    name: str
    depth: int
    inputs: tuple[Spot, ...]
    weights: tuple[Spot, ...]
    input_norms: np.ndarray
    weight_norms: np.ndarray
    losses: np.ndarray

    def spots(self, kind: Kind) -> tuple[Spot, ...]:
        return self.inputs if kind == "inputs" else self.weights

    def norms(self, kind: Kind) -> np.ndarray:
        return self.input_norms if kind == "inputs" else self.weight_norms

    def spreads(self, kind: Kind) -> list[Spread]:
        """Of every spot."""
        return [spread(values) for values in self.norms(kind).T]

    def ends(self, kind: Kind) -> tuple[int, int]:
        """Positions of the first and the last spot that are compared: the first block's input and what the last block
        gives; or the first and the last layer inside the blocks."""
        if kind == "inputs":
            return 0, len(self.inputs) - 1
        inside = [
            position for position, spot in enumerate(self.weights) if spot.counted and spot.block not in (STEM, HEAD)
        ]
        return (inside[0], inside[-1]) if inside else (0, len(self.weights) - 1)

    def ratios(self, kind: Kind) -> np.ndarray:
        """The first norm over the last, float64 (seeds,): above 1 where gradients grow toward the input."""
        first, last = self.ends(kind)
        norms = self.norms(kind)
        with np.errstate(all="ignore"):
            return np.asarray(norms[:, first] / norms[:, last], np.float64)

    def count(self, kind: Kind, what: Callable[[np.ndarray], np.ndarray]) -> int:
        """How many norms are so, over all spots and seeds."""
        return int(what(self.norms(kind)).sum())


@dataclass(frozen=True, eq=False)
class GradientsResult:
    """What was measured, so far or in full.

    Attributes:
        request: what was asked.
        scheme: what was done: `he` where there were no weights to take.
        networks: the network and its plain twin, or the network alone.
        alone: why there is no twin beside it, one sentence; empty where there is one.
        images: in the loss.
        labelled: whether their classes are known; else the loss is that of the network's own answers, or of labels
            drawn at random.
        total: seeds in the end.
        notes: sentences on what was left out or assumed.
        seconds: so far.
        device: title of the device.
    """

    request: GradientsRequest
    scheme: Scheme
    networks: tuple[Profile, ...]
    alone: str
    images: int
    labelled: bool
    total: int
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    device: str = "CPU"

    @property
    def seeds(self) -> int:
        """Seeds of which everything is there."""
        return len(self.networks[0].losses)

    @property
    def finished(self) -> bool:
        return self.seeds == self.total


def spread(values: np.ndarray) -> Spread:
    """Of the norms of one spot, float64 (seeds,)."""
    ordered = np.sort(values)
    return Spread(
        middle(values), float(ordered[0]), float(ordered[-1]), int((values == 0).sum()),
        int((~np.isfinite(values)).sum()), len(values),
    )  # fmt: skip


def middle(values: np.ndarray) -> float:
    """The median, infinity counting above all numbers and NaN above that; of an even number of values the geometric
    mean of the middle two, as belongs to a log axis."""
    ordered = np.sort(values)
    low, high = float(ordered[(len(ordered) - 1) // 2]), float(ordered[len(ordered) // 2])
    if low == high or not np.isfinite(high):
        return high
    return float(np.sqrt(low) * np.sqrt(high))
