"""What the table of differences says: rows of words, from facts, published accuracies and what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from explorer.app.text import tr, translated
from explorer.engine.known_accuracies import Known, side_by_side
from explorer.engine.timing_records import Spread, TimingResult
from explorer.networks.colouring import quantity_text
from explorer.networks.comparison import Fact, Value, facts, part_costs
from explorer.networks.cost import PartCost
from explorer.networks.spec import NetworkSpec

NOTHING = "–"
_SAME = 0.005
"""A ratio nearer to 1 than this is not worth a word."""


@dataclass(frozen=True)
class Cell:
    """What one network has: words, those behind them in second rank, and a tooltip."""

    text: str
    more: str = ""
    tip: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        title: what it is about.
        cells: one a network.
        differs: whether it is worth a look.
        heading: whether it only begins a section.
        hint: of a heading, whether it stands in for one and says what to do.
    """

    title: str
    cells: tuple[Cell, ...] = ()
    differs: bool = False
    heading: bool = False
    hint: bool = False


def fact_rows(specs: tuple[NetworkSpec, ...]) -> list[Row]:
    """What arithmetic knows."""
    return [Row(tr(fact.title), tuple(_cells(fact)), fact.differs) for fact in facts(specs)]


def _cells(fact: Fact) -> Iterable[Cell]:
    for value, ratio in zip(fact.values, fact.ratios, strict=True):
        yield Cell(_text(fact, value), _ratio(ratio if fact.differs else None), _exact(fact, value))


def _text(fact: Fact, value: Value) -> str:
    if not isinstance(value, int):
        return tr(value) if value else NOTHING
    if fact.unit == "px":
        return f"{value:,} px"
    return quantity_text(value, fact.unit) if fact.unit or value >= 100_000 else f"{value:,}"


def _exact(fact: Fact, value: Value) -> str:
    if not isinstance(value, int):
        return ""
    return tr("{value} bytes", value=f"{value:,}") if fact.unit == "B" else f"{value:,} {fact.unit}".strip()


def _ratio(ratio: float | None) -> str:
    """`×0.15`, of the first network's; empty for its own."""
    if ratio is None or abs(ratio - 1) < _SAME:
        return ""
    return f"×{ratio:.2f}" if ratio < 9.995 else f"×{ratio:,.0f}"


def accuracy_rows(known: tuple[tuple[Known, ...], ...]) -> list[Row]:
    """One row for each set of images: only accuracies on the same ones can be compared."""
    rows = []
    for data, values in side_by_side(known):
        cells = tuple(
            Cell(NOTHING) if each is None else Cell(f"{100 * each.share:.2f} %", tip=translated(each.source))
            for each in values
        )
        apart = len({each.share for each in values if each is not None}) > 1
        rows.append(Row(translated(data), cells, apart))
    return rows


def sources(known: tuple[tuple[Known, ...], ...]) -> str:
    """Where the accuracies are from, each source once."""
    found = dict.fromkeys(each.source for _, values in side_by_side(known) for each in values if each is not None)
    return "; ".join(translated(source) for source in found)


def timing_row(timing: TimingResult | None, count: int) -> Row:
    """The measured latency; dashes until it is measured."""
    if timing is None:
        return Row(tr("Latency, measured here"), (Cell(NOTHING, tip=tr("Not measured yet")),) * count)
    first = timing.networks[0].whole.median
    cells = tuple(
        Cell(quantity_text(network.whole.median, "s"), _ratio(network.whole.median / first), spread_text(network.whole))
        for network in timing.networks
    )
    return Row(tr("Latency on {device}", device=timing.device), cells, timing.differs)


def spread_text(spread: Spread) -> str:
    return tr(
        "median of {rounds} passes, quartiles {low} and {high}",
        rounds=spread.rounds, low=quantity_text(spread.low, "s"), high=quantity_text(spread.high, "s"),
    )  # fmt: skip


def selection_rows(
    specs: tuple[NetworkSpec, ...], found: tuple[tuple[str, ...], ...], timing: TimingResult | None
) -> list[Row]:
    """Facts of the selected part and its counterparts; of several of them together."""
    costs = [_of(spec, parts) for spec, parts in zip(specs, found, strict=True)]
    rows = [
        _row(tr("Part"), [_names(parts) for parts in found]),
        _row(tr("Output"), ["×".join(map(str, own[-1].output)) if own else NOTHING for own in costs]),
        _sums(tr("Parameters"), [[part.parameters for part in own] for own in costs]),
        _sums(tr("MACs"), [[part.macs for part in own] for own in costs]),
        _sums(tr("Activation memory"), [[part.activations for part in own] for own in costs], "B"),
    ]
    if timing is not None and all(network.parts for network in timing.networks):
        rows.append(_times(timing, found))
    return rows


def _of(spec: NetworkSpec, parts: tuple[str, ...]) -> list[PartCost]:
    costs = part_costs(spec)
    return [costs[part] for part in parts if part in costs]


def _names(parts: tuple[str, ...]) -> str:
    if len(parts) < 3:
        return ", ".join(parts) or NOTHING
    return tr("{first} to {last}", first=parts[0], last=parts[-1])


def _row(title: str, texts: list[str]) -> Row:
    return Row(title, tuple(map(Cell, texts)), len(set(texts)) > 1)


def _sums(title: str, values: list[list[int]], unit: str = "") -> Row:
    texts = [quantity_text(sum(own), "B" if unit == "B" else "") if own else NOTHING for own in values]
    return _row(title, texts)


def _times(timing: TimingResult, found: tuple[tuple[str, ...], ...]) -> Row:
    """A sum of medians has no quartiles of its own; a single part's stand in the tooltip."""
    cells = []
    for network, parts in zip(timing.networks, found, strict=True):
        own = [network.parts[part] for part in parts if part in network.parts]
        text = quantity_text(sum(spread.median for spread in own), "s") if own else NOTHING
        cells.append(Cell(text, tip=spread_text(own[0]) if len(own) == 1 else ""))
    return Row(tr("Measured time"), tuple(cells), True)
