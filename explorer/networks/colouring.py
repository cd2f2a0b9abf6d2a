"""A quantity for each block, to colour the diagram by: parameters, MACs and activation memory by arithmetic, or
whatever was measured.

Only blocks make the scale: the stem and the head are no blocks, and a classifier of millions of parameters would leave
all of them pale. Their values are kept all the same, and painted at the end of the scale where they are beyond it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from explorer.networks.cost import PartCost, network_cost
from explorer.networks.spec import NetworkSpec

CostKind = Literal["parameters", "macs", "activations"]
Unit = Literal["", "B", "s"]
COST_KINDS: tuple[CostKind, ...] = get_args(CostKind)
_TITLES: dict[str, str] = {"parameters": "Parameters", "macs": "MACs", "activations": "Activation memory"}
_PREFIXES: dict[Unit, tuple[tuple[float, str], ...]] = {
    "": ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")),
    "B": ((2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B")),
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
}


@dataclass(frozen=True)
class Colouring:
    """What to colour the blocks by.

    Attributes:
        kind: `parameters`, `macs`, `activations`, `time`: what a menu calls it by.
        title: of the legend, in English words for `tr`.
        unit: empty for numbers, `B` for bytes, `s` for seconds: values are in it, texts take a prefix.
        values: by the id of each block, and of `stem` and `head` if known.
        spread: low and high end of what was measured (the quartiles, say) by the same ids; empty where exact.
        note: one sentence on where the values are from, for tooltips; empty where the title says it all.
    """

    kind: str
    title: str
    unit: Unit
    values: Mapping[str, float]
    spread: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    note: str = ""

    @property
    def largest(self) -> float:
        """The largest value of a block: the end of the scale, which begins at 0."""
        return max((value for name, value in self.values.items() if name not in ("stem", "head")), default=0.0)

    def share(self, value: float) -> float:
        """Where a value stands on the scale: 0 … 1."""
        return min(max(value / self.largest, 0.0), 1.0) if self.largest > 0 else 0.0

    def value(self, ids: Iterable[str]) -> float | None:
        """The mean over some blocks; None where none of them has a value."""
        known = [self.values[name] for name in ids if name in self.values]
        return sum(known) / len(known) if known else None

    def text(self, value: float) -> str:
        """A value with three digits and its unit."""
        return quantity_text(value, self.unit)

    def spread_text(self, name: str) -> str:
        """`1.20 ms – 1.31 ms`; empty where it is exact."""
        return " – ".join(map(self.text, self.spread[name])) if name in self.spread else ""


def cost_colouring(spec: NetworkSpec, kind: CostKind) -> Colouring:
    """What arithmetic knows of every part (`explorer.networks.cost`)."""
    cost = network_cost(spec)
    return Colouring(
        kind, _TITLES[kind], "B" if kind == "activations" else "", {part.id: _cost(part, kind) for part in cost.parts}
    )


def _cost(part: PartCost, kind: CostKind) -> float:
    return float({"parameters": part.parameters, "macs": part.macs, "activations": part.activations}[kind])


def quantity_text(value: float, unit: Unit = "") -> str:
    """Three digits and a prefix: `2.36 M`, `784 KiB`, `1.27 ms`; 0 without one."""
    if value == 0:
        return f"0 {unit}".strip()
    scale, name = next((pair for pair in _PREFIXES[unit] if abs(value) >= pair[0] * 0.9995), _PREFIXES[unit][-1])
    number = value / scale
    digits = 0 if float(number).is_integer() and scale == 1.0 and unit != "s" else max(0, 2 - _order(number))
    return f"{number:,.{digits}f} {name}".strip()


def _order(number: float) -> int:
    """Of the digit before all others, once rounded to three: 9.996 counts as 10."""
    magnitude = abs(number)
    return 0 if magnitude < 9.995 else 1 if magnitude < 99.95 else 2
