"""What goes into the engine and what comes out: plain dataclasses of numbers and NumPy arrays, without torch.

The window builds requests and shows results from this file alone, so that it need not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import numpy as np

from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec

# -- what is chosen ----------------------------------------------------------------------------------------------


class WeightsKind(StrEnum):
    UNTRAINED = "untrained"
    BUNDLED = "bundled"
    TORCHVISION = "torchvision"
    FILE = "file"


@dataclass(frozen=True)
class WeightsRef:
    """Which weights, without the weights.

    Attributes:
        kind: where they come from.
        value: UNTRAINED: nothing. BUNDLED: the file's stem under `resources/weights`. TORCHVISION: the enum's full
            name, `ResNet50_Weights.IMAGENET1K_V2`. FILE: the path.
    """

    kind: WeightsKind
    value: str = ""


UNTRAINED = WeightsRef(WeightsKind.UNTRAINED)


DataKind = Literal["fashion-mnist", "fashion-mnist-full", "folder"]
PictureKind = Literal["file", "bytes", "sample", "chart"]


@dataclass(frozen=True)
class DataRef:
    """Which labelled images: `fashion-mnist` (the bundled 2,000), `fashion-mnist-full` (the 10,000 test images) or
    `folder` with its path."""

    kind: DataKind
    path: str = ""


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes a network's input.

    Attributes:
        channels: of the input. 1: grey. 3: red, green, blue. Any other number repeats red, green, blue in turn.
        resize: side in pixels to which the shorter side is scaled, or the longer one with `pad`.
        crop: side in pixels of the square that is kept from the middle.
        mean, std: subtracted and divided by, on values from 0 to 1; one number a colour channel (1 or 3).
        grey: whether colour is dropped first; a grey picture fills all channels alike.
        pad: whether the whole picture is kept and the square filled up with black, instead of cropped.
        negate_bright: whether a picture on a bright background is negated, as Fashion-MNIST's makers did (Xiao et
            al. 2017, arXiv:1708.07747, section 2).
        enlarge: side in pixels to which the square is enlarged at the end; 0 leaves it.
        interpolation: `bilinear` or `bicubic`.
    """

    channels: int
    resize: int
    crop: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    grey: bool = False
    pad: bool = False
    negate_bright: bool = False
    enlarge: int = 0
    interpolation: str = "bilinear"

    @property
    def side(self) -> int:
        """Side in pixels of what the network gets."""
        return self.enlarge or self.crop


@dataclass(frozen=True)
class WeightsInfo:
    """What weights bring with them.

    Attributes:
        ref: which.
        title: for menus, `Fashion-MNIST` or `ImageNet V2`.
        spec: the network as these weights need it (input, classes).
        classes: label of each output; for untrained weights or a bare checkpoint `class 0` …
        preprocessing: how a picture becomes the input.
        accuracy: published or measured top-1 share on the set they were made for, None where unknown.
        source: one line on where weights and figure come from.
        adapted: one sentence on what was changed of the spec asked for, and on what is wrong with the values; empty
            where there is nothing to say.
        alternatives: other networks that the weights could be of, as far as names and shapes tell.
    """

    ref: WeightsRef
    title: str
    spec: NetworkSpec
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    accuracy: float | None = None
    source: str = ""
    adapted: str = ""
    alternatives: tuple[NetworkSpec, ...] = ()


@dataclass(frozen=True, eq=False)
class Picture:
    """An opened picture, upright, without alpha, reduced if it was very large.

    Attributes:
        name: file name, or what the sample is called.
        pixels: uint8 (H, W, 3).
        note: one sentence on what was done on opening (reduced, first frame …), empty where nothing was.
        label: the true class of a sample, None where unknown.
        path: the file it came from, empty where it came from none.
    """

    name: str
    pixels: np.ndarray
    note: str = ""
    label: str | None = None
    path: str = ""


@dataclass(frozen=True)
class DeviceInfo:
    """A device to run on: torch's name (`cpu`, `cuda:0`, `mps`) and the person's (`CPU`, `NVIDIA H200`)."""

    id: str
    title: str


CPU = DeviceInfo("cpu", "CPU")

# -- steps of a job ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """What a running job yields: how far it is (0 to 1, None where unknown) and in what words.

    `waiting` says that the job has nothing to compute for the moment (it waits for the network), so that others may
    go first.
    """

    fraction: float | None
    text: str = ""
    waiting: bool = False


# -- requests and results ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PictureRequest:
    """One picture through one network, with some blocks deleted.

    Attributes:
        spec, weights: the network.
        picture: what to run.
        deleted: ids of the blocks whose residual branch is zero.
        device: torch's name.
        wanted: ids of parts whose maps are needed even where those of all blocks would be too large to keep.
        cut, order: the rest of the lesion, as in `explorer.networks.lesion.Lesion`.
    """

    spec: NetworkSpec
    weights: WeightsRef
    picture: Picture
    deleted: frozenset[str] = frozenset()
    device: str = "cpu"
    wanted: tuple[str, ...] = ()
    cut: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()

    @property
    def lesion(self) -> Lesion:
        return Lesion(self.deleted, self.cut, self.order)


@dataclass(frozen=True, eq=False)
class Prediction:
    """Probabilities of one pass, float32 (classes,), summing to 1; NaN where the network gave no numbers."""

    probabilities: np.ndarray
    classes: tuple[str, ...]

    @property
    def finite(self) -> bool:
        """Whether the network gave numbers."""
        return bool(np.isfinite(self.probabilities).all())

    def top(self, count: int = 5) -> list[tuple[int, str, float]]:
        """The `count` likeliest classes: index, label, probability; NaN counts as 0."""
        values = np.nan_to_num(self.probabilities)
        order = np.argsort(-values, kind="stable")[:count]
        return [(int(index), self.classes[index], float(values[index])) for index in order]


@dataclass(frozen=True, eq=False)
class PictureResult:
    """What came out of a PictureRequest.

    Attributes:
        request: what was asked.
        seen: uint8 (side, side, 3): the picture as the network sees it, before mean and std.
        input_mean, input_std: of the numbers that the network got.
        preprocessing_note: in words, how `seen` came about.
        prediction, intact: with the blocks deleted, and with none (the same object where none are).
        maps, intact_maps: part id (`stem`, `layer1` …, `layer1.0` …) -> float32 (C, H, W). A stage's maps are those
            of its last block.
        seconds: of the pass with the blocks deleted.
        device: title of the device it ran on.
        note: one sentence where the run had to fall back to the CPU, else empty.
        thumbnails: of the blocks whose maps are too large to keep, each channel's means over at most 8x8 parts of the
            map; float32 (C, h, w).
    """

    request: PictureRequest
    seen: np.ndarray
    input_mean: float
    input_std: float
    preprocessing_note: str
    prediction: Prediction
    intact: Prediction
    maps: dict[str, np.ndarray]
    intact_maps: dict[str, np.ndarray]
    seconds: float
    device: str
    note: str = ""
    thumbnails: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class AccuracyRequest:
    """Accuracy of a network on a labelled set, with some blocks deleted.

    Attributes:
        spec, weights, deleted, device, cut, order: as in PictureRequest.
        data: the labelled set.
        images: how many of it at most, None for all; taken from the front of the balanced, shuffled order.
    """

    spec: NetworkSpec
    weights: WeightsRef
    data: DataRef
    deleted: frozenset[str] = frozenset()
    images: int | None = None
    device: str = "cpu"
    cut: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()

    @property
    def lesion(self) -> Lesion:
        return Lesion(self.deleted, self.cut, self.order)


@dataclass(frozen=True)
class Counts:
    """How many predictions were right (None where the images have no labels) and how many agree with the intact
    network, of how many images."""

    images: int
    correct: int | None
    agreeing: int

    @property
    def accuracy(self) -> float | None:
        return self.correct / self.images if self.correct is not None and self.images else None

    @property
    def agreement(self) -> float | None:
        return self.agreeing / self.images if self.images else None

    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the accuracy, or of the agreement where there are no labels."""
        return wilson(self.agreeing if self.correct is None else self.correct, self.images)


@dataclass(frozen=True)
class AccuracyResult:
    """An accuracy so far or in full.

    Attributes:
        request: what was asked.
        counts, intact: with the blocks deleted and with none, on the same images.
        discordant: images that only the intact network got right, and only the one with deletions: what the paired
            interval of the change rests on. (0, 0) without labels.
        total: images in the end.
        seconds: so far.
        device: title of the device.
        data_note: one sentence on images left out, empty where none were.
        note: one sentence where the run had to fall back to the CPU, else empty.
    """

    request: AccuracyRequest
    counts: Counts
    intact: Counts
    discordant: tuple[int, int]
    total: int
    seconds: float
    device: str = "CPU"
    data_note: str = ""
    note: str = ""

    @property
    def finished(self) -> bool:
        return self.counts.images == self.total

    def change(self) -> tuple[float, float] | None:
        """Change of accuracy against intact and the half width of its paired 95 % interval, as shares; None without
        labels."""
        return paired_change(self.counts, self.discordant)


def paired_change(counts: Counts, discordant: tuple[int, int]) -> tuple[float, float] | None:
    """Change of accuracy between two measurements of the same images, and the half width of its 95 % interval.

    Args:
        counts: of the later one.
        discordant: images that only the earlier one got right, and only the later one.

    Returns:
        Two shares, the change as it was measured and the half width of the Wald interval with half an image added to
        each of the four kinds of pairs (Agresti and Min 2005, Statistics in Medicine 24:729), so that it is not zero
        where no prediction changed; None without labels or images.
    """
    if counts.correct is None or not counts.images:
        return None
    lost, won = discordant
    n = counts.images
    more = n + 2
    spread = (lost + won + 1) / more - ((won - lost) / more) ** 2
    return (won - lost) / n, 1.959964 * float(np.sqrt(spread / more))


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927, JASA 22:209); (0, 1) without trials."""
    if not trials:
        return 0.0, 1.0
    z = 1.959964
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * float(np.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2)))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Offer:
    """What this machine offers, for the menus: devices, and the weights that a spec can take."""

    devices: tuple[DeviceInfo, ...]
    weights: tuple[WeightsInfo, ...] = field(default=())
