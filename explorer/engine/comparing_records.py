"""The same picture through several networks: what is asked and what comes out, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from explorer.engine.records import Picture, Prediction, WeightsInfo, WeightsRef
from explorer.errors import UserError
from explorer.networks.spec import NetworkSpec


@dataclass(frozen=True, eq=False)
class ComparedRequest:
    """One picture through several networks, nothing deleted.

    Attributes:
        specs: the networks.
        picture: what to run.
        weights: of each network; None for the first that are at hand: bundled ones, else ImageNet's where they have
            been downloaded, else none at all.
        device: torch's name.
    """

    specs: tuple[NetworkSpec, ...]
    picture: Picture
    weights: tuple[WeightsRef | None, ...]
    device: str = "cpu"


@dataclass(frozen=True, eq=False)
class ComparedPicture:
    """What one network made of it.

    Attributes:
        index: of the network in the request.
        info: its weights; its spec is the network as they need it. None where they could not be had.
        seen: uint8 (side, side, 3), the picture as the network sees it.
        prediction: of the intact network.
        maps: float32 (C, H, W) of the stem and of each stage, by their ids.
        seconds: of the pass.
        error: why there is none of this, else None.
    """

    index: int
    info: WeightsInfo | None = None
    seen: np.ndarray | None = None
    prediction: Prediction | None = None
    maps: Mapping[str, np.ndarray] = field(default_factory=dict)
    seconds: float = 0.0
    error: UserError | None = None
