"""What a study is asked and what it answers: plain dataclasses of numbers and NumPy arrays, without torch.

A study does many lesions to one network, one after another, and measures each on the same images (Veit et al. 2016,
arXiv:1605.06431, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from explorer.engine.records import Counts, DataRef, WeightsInfo, WeightsRef, paired_change
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec

StudyKind = Literal["single", "random", "reorder", "greedy", "cut"]


@dataclass(frozen=True)
class StudyRequest:
    """Which study.

    Attributes:
        kind: `single`: every block alone deleted; of a plain network, every layer. `random`: k blocks drawn at random,
            k = 0 … n; each seed shuffles the blocks once and deletes the first k of them. `reorder`: k swaps of random
            pairs of blocks of equal shape; each seed swaps on from its k - 1. `greedy`: the least harmful block, then
            the next. `cut`: every shortcut alone.
        spec, weights, data, device: as in AccuracyRequest.
        images: how many of the set, None for all; from the front of the balanced, shuffled order.
        seeds: repeats of `random` and `reorder`, with seeds 0, 1 …
        most: largest k of `random`, `reorder` and `greedy`, None for all blocks.
        downsampling: whether `random` and `greedy` may delete blocks that change the shape.
        fast: bfloat16, channels_last and folded batch norms instead of the very predictions of a plain loop.
        reestimate: whether batch norm statistics are estimated anew, on training images, for each lesion.
    """

    kind: StudyKind
    spec: NetworkSpec
    weights: WeightsRef
    data: DataRef
    images: int | None = None
    seeds: int = 10
    most: int | None = None
    downsampling: bool = True
    fast: bool = False
    reestimate: bool = False
    device: str = "cpu"


@dataclass(frozen=True)
class Latency:
    """Seconds of one picture's pass, measured side by side with the intact network's: medians and quartiles.

    Attributes:
        median, low, high: of the network with the lesion.
        intact: median of the intact network, in the same rounds.
        rounds: how many of each.
    """

    median: float
    low: float
    high: float
    intact: float
    rounds: int


@dataclass(frozen=True, eq=False)
class StudyPoint:
    """One lesion and what it did.

    Attributes:
        lesion: what was done.
        size: how many blocks were deleted or cut, or pairs swapped: the k of the study.
        seed: of the draw, None where nothing is drawn.
        macs: multiply-adds that are left for one image.
        counts, intact: with the lesion and intact, on the images measured so far.
        discordant: images that only the intact network got right, and only the one with the lesion.
        probability: mean change of the true class's probability against intact, None without labels or images.
        recalled: correct predictions of each class so far, int (classes,); None without labels.
        kendall_tau: of the order against the network's own (reorder only).
        latency: measured (greedy only).
        predictions: int32 (total,), in the study's order of images; the first `counts.images` are there.
    """

    lesion: Lesion
    size: int
    seed: int | None
    macs: int
    counts: Counts
    intact: Counts
    discordant: tuple[int, int]
    probability: float | None
    recalled: np.ndarray | None
    predictions: np.ndarray
    kendall_tau: float | None = None
    latency: Latency | None = None

    def change(self) -> tuple[float, float] | None:
        """Change of accuracy and the half width of its paired 95 % interval, as shares; None without labels."""
        return paired_change(self.counts, self.discordant)


@dataclass(frozen=True)
class Protocol:
    """How a study was done: what suffices to do it again.

    Attributes:
        command: the command line that repeats it.
        arithmetic: `float32, exact` or what the fast mode was.
        entries: pairs of a name and a value, in the order in which they are shown and written: study, network,
            weights, data, images, order of images, seeds, what is deleted how, batch norm, device, threads, batch,
            versions.
        sentences: the same for a person, in a few sentences (translatable).
    """

    command: str
    arithmetic: str
    entries: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class StudyResult:
    """A study so far or in full.

    Attributes:
        request: what was asked; its spec is the network as the weights need it.
        info: the weights.
        protocol: how it is done.
        intact: the point without a lesion.
        points: all lesions in the order of the plan; greedy: those chosen so far. Points without images yet are there.
        labels: of the images in the study's order, int (total,); None without labels.
        indices: of the images in their set, in the study's order, int (total,).
        total: images in the end.
        fraction: of all work done, 0 to 1.
        seconds: so far, those before a pause or a resume included.
        left: seconds to go, estimated; None where nothing is known yet.
        finished: whether that is all.
        device: title of the device.
        notes: sentences on images left out, a fallback, a file that could not be kept.
    """

    request: StudyRequest
    info: WeightsInfo
    protocol: Protocol
    intact: StudyPoint
    points: tuple[StudyPoint, ...]
    labels: np.ndarray | None
    indices: np.ndarray
    total: int
    fraction: float
    seconds: float
    left: float | None
    finished: bool
    device: str
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class FlippedRequest:
    """Images whose prediction a lesion changed, to look at.

    Attributes:
        spec, weights, data: as in the study.
        indices: of the images in their set.
    """

    spec: NetworkSpec
    weights: WeightsRef
    data: DataRef
    indices: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class FlippedImages:
    """uint8 (n, side, side, 3): the images as the network sees them, in the order asked for."""

    request: FlippedRequest
    pixels: np.ndarray
