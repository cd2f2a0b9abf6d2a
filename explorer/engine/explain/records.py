"""What the requests of all views have in common; without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from explorer.engine.records import WeightsRef
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec


@dataclass(frozen=True)
class ExplainRequest:
    """One network, as it is now.

    Attributes:
        view: name of the module of this package that answers it.
        spec, weights: the network.
        device: torch's name.
        deleted, cut, order: the lesion, as in `explorer.networks.lesion.Lesion`.
    """

    view: ClassVar[str]

    spec: NetworkSpec
    weights: WeightsRef
    device: str = "cpu"
    deleted: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()

    @property
    def lesion(self) -> Lesion:
        return Lesion(self.deleted, self.cut, self.order)
