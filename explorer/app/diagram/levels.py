"""How much of a network is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.networks.colouring import Colouring

Level = Literal["stages", "runs", "blocks"]
"""How much of a network is shown: a summary of each stage; equal blocks folded; every block. The operations of one
part are opened over it."""


@dataclass(frozen=True)
class Shown:
    """What of a network is shown, for showing the same elsewhere.

    Attributes:
        unfolded: ids of the runs that a person unfolded.
        visible: blocks that stay visible inside a folded run.
        room: width and height that it is laid out for.
        zoom: logical pixels for one unit of the scene.
        stages: whether only summaries of the stages are wanted, however near.
        opened: id of the part whose operations are shown, empty for none.
        colouring: what the blocks are filled by, None for their stages' colours alone.
        sheet: where the operations' sheet stands in the scene, x, y, and its scale.
    """

    unfolded: frozenset[str] = frozenset()
    visible: frozenset[str] = frozenset()
    room: tuple[float, float] = (850.0, 300.0)
    zoom: float = 1.0
    stages: bool = False
    opened: str = ""
    colouring: Colouring | None = None
    sheet: tuple[float, float, float] = (0.0, 0.0, 1.0)
