"""What a block adds: requests and results; without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from explorer.engine.explain.block_outline import BlockMark, Measure, Outline
from explorer.engine.explain.records import ExplainRequest
from explorer.engine.explain.twins import twin_of
from explorer.engine.records import Counts, DataRef, Picture, Prediction, WeightsKind, WeightsRef
from explorer.networks.spec import NetworkSpec

# -- requests ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class BlocksRequest(ExplainRequest):
    """One picture through the network, and through its bundled plain twin.

    Attributes:
        picture: what to run.
        block: id of the block whose maps are wanted; empty for none.
    """

    view: ClassVar[str] = "blocks"

    picture: Picture
    block: str = ""


@dataclass(frozen=True, kw_only=True)
class BlockStatisticsRequest(ExplainRequest):
    """The same figures over a set of images.

    Attributes:
        data: the set.
        images: how many of it at most, None for all; from the front of its balanced, shuffled order.
    """

    view: ClassVar[str] = "blocks"

    data: DataRef
    images: int | None = None


def twin_beside(spec: NetworkSpec, weights: WeightsRef) -> tuple[NetworkSpec, WeightsRef] | None:
    """The bundled plain twin that takes the same pictures and tells the same number of classes apart; None where there
    is none, and for a network that is not trained."""
    found = None if weights.kind is WeightsKind.UNTRAINED else twin_of(spec)
    if found is None or (found[0].input_shape, found[0].classes) != (spec.input_shape, spec.classes):
        return None
    return found


# -- results ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class BlockMaps:
    """What one block does to the picture, each float32 (C, H, W).

    Attributes:
        mark: which block.
        carried: what its shortcut brings to the addition, scaled or gated where the block does that; zeros where it is
            cut; in a layer without shortcut what comes to it.
        added: what its branch brings, F(x), gated where the block does that; zeros where it is deleted. None in a
            deleted layer without shortcut, which passes its input on.
        total: both together, before what follows; in a dense layer one behind the other. None without shortcut.
    """

    mark: BlockMark
    carried: np.ndarray
    added: np.ndarray | None
    total: np.ndarray | None


@dataclass(frozen=True, eq=False)
class PictureFigures:
    """One network's figures of one picture; NaN where there is none.

    Attributes:
        outline: which blocks and layers they are of.
        ratio: |F(x)| / |x| at each place, L2 norms over the whole map; float64 (places,).
        cosine: between x and F(x) at each place; float64 (places,).
        response: standard deviation of each layer's response over channels and positions; float64 (layers,).
        exits: probabilities behind each exit; float32 (exits, classes).
    """

    outline: Outline
    ratio: np.ndarray
    cosine: np.ndarray
    response: np.ndarray
    exits: np.ndarray

    def values(self, measure: Measure) -> np.ndarray:
        found: np.ndarray = getattr(self, measure)
        return found


@dataclass(frozen=True, eq=False)
class Quartiles:
    """Of each block's or layer's figure over images; all (things,).

    Attributes:
        low, median, high: quartiles of the finite values, linearly interpolated; NaN where there is none.
        numbers: how many images gave a finite value.
        images: how many there are.
    """

    low: np.ndarray
    median: np.ndarray
    high: np.ndarray
    numbers: np.ndarray
    images: int


@dataclass(frozen=True, eq=False)
class SetFigures:
    """One network's figures over the images so far.

    Attributes:
        outline: which blocks and layers they are of.
        ratio, cosine, response: of the figures of single images, as in `PictureFigures`.
        exits: of the head behind each exit; `agreeing` counts agreement with the network's own answer.
    """

    outline: Outline
    ratio: Quartiles
    cosine: Quartiles
    response: Quartiles
    exits: tuple[Counts, ...]

    def quartiles(self, measure: Measure) -> Quartiles:
        found: Quartiles = getattr(self, measure)
        return found


@dataclass(frozen=True, eq=False)
class BlocksResult:
    """What came out of a BlocksRequest.

    Attributes:
        request: what was asked.
        figures: of the network.
        prediction: the network's own; that of its last exit.
        label: number of the picture's true class among the network's, None where unknown.
        maps: of the block asked for; None where none was.
        twin: figures of the plain twin, None where none is bundled.
        device: title of the device.
        note: one sentence where the CPU stood in for another device, else empty.
    """

    request: BlocksRequest
    figures: PictureFigures
    prediction: Prediction
    label: int | None
    maps: BlockMaps | None
    twin: PictureFigures | None
    device: str
    note: str = ""

    def exit(self, index: int) -> Prediction:
        """The prediction behind an exit."""
        return Prediction(self.figures.exits[index], self.prediction.classes)


@dataclass(frozen=True, eq=False)
class BlockStatisticsResult:
    """What came out of a BlockStatisticsRequest, so far or in full.

    Attributes:
        request: what was asked.
        figures: of the network.
        twin: of the plain twin on the same images, None where none is bundled.
        twin_weights: the twin's, None where there is none.
        images: so far.
        total: images in the end.
        data_name: what the set is called.
        seconds: so far.
        device: title of the device.
        data_note: one sentence on images left out, empty where none were.
        note: one sentence where the CPU stood in for another device, else empty.
    """

    request: BlockStatisticsRequest
    figures: SetFigures
    twin: SetFigures | None
    twin_weights: WeightsRef | None
    images: int
    total: int
    data_name: str
    seconds: float
    device: str
    data_note: str = ""
    note: str = ""

    @property
    def finished(self) -> bool:
        return self.images == self.total
