"""`compare` on the command line: what differs between two or three networks, and the figure of them side by side."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.cli.headless import show
from explorer.engine.known_accuracies import Known, known_accuracies, side_by_side
from explorer.engine.timing_records import NetworkTiming, TimingRequest, TimingResult
from explorer.engine.writing import whole_file
from explorer.errors import UserError
from explorer.networks import catalog
from explorer.networks.colouring import quantity_text
from explorer.networks.comparison import Fact, Value, align, check_count, facts
from explorer.networks.spec import NetworkSpec

_FIGURES = (".svg", ".png", ".pdf")


@dataclass(frozen=True)
class _Comparison:
    """All that is known; a timing where it was measured."""

    specs: tuple[NetworkSpec, ...]
    facts: tuple[Fact, ...]
    known: tuple[tuple[Known, ...], ...]
    timing: TimingResult | None


def compare(arguments: argparse.Namespace) -> None:
    """Print what differs; write the figure, or the table, where an output is named."""
    check_count(arguments.networks)
    specs = tuple(catalog.find(name) for name in arguments.networks)
    output: Path | None = arguments.output
    if output is not None:
        _check_output(output)
    known, timing = _measured(specs, arguments.device, arguments.latency)
    comparison = _Comparison(specs, facts(specs), known, timing)
    if output is not None:
        _write(comparison, output, arguments.theme)
    lines = _lines(comparison)
    if output is not None:
        lines += ["", f"written to {output}"]
    show(_data(comparison), arguments.json, lines)


def _check_output(path: Path) -> None:
    suffixes = (*_FIGURES, *_TABLES)
    if path.suffix.lower() not in suffixes:
        raise UserError(
            "The comparison can be written as {suffixes}; give the file one of these endings instead of {path}.",
            suffixes=", ".join(suffixes), path=path.name,
        )  # fmt: skip
    if not path.absolute().parent.is_dir():
        raise UserError("{path} can't be written: its folder is not there.", path=path)


def _measured(
    specs: tuple[NetworkSpec, ...], device: str, latency: bool
) -> tuple[tuple[tuple[Known, ...], ...], TimingResult | None]:
    """What is published of the networks, and what is measured here."""
    from explorer.engine import devices, weights
    from explorer.engine.session import Session
    from explorer.engine.steps import finish

    chosen = devices.choose(device)
    infos = (*weights.bundled(), *weights.torchvision_weights())
    known = tuple(known_accuracies(spec, infos) for spec in specs)
    timing = finish(Session().timing(TimingRequest(specs, device=chosen.id))) if latency else None
    return known, timing


def _write(comparison: _Comparison, path: Path, theme: str) -> None:
    if path.suffix.lower() in _TABLES:
        with whole_file(path) as part:
            part.write_text(_TABLES[path.suffix.lower()](comparison), encoding="utf-8", newline="")
        return
    from explorer.cli.window import qt_application

    qt_application(headless=True)
    from explorer.app.comparison.figure import ComparisonFigure
    from explorer.app.theme import DARK, LIGHT

    ComparisonFigure(comparison.specs, DARK if theme == "dark" else LIGHT).save(path)


# -- as rows of words ---------------------------------------------------------------------------------------------


def _rows(comparison: _Comparison) -> list[tuple[bool, list[str]]]:
    """Whether they differ, and the cells: a title, then one a network."""
    rows = [(fact.differs, [fact.title, *(_text(fact, value) for value in fact.values)]) for fact in comparison.facts]
    sources = list(_sources(comparison))
    for data, known in side_by_side(comparison.known):
        cells = [
            "–" if each is None else f"{100 * each.share:.2f} % [{sources.index(each.source) + 1}]" for each in known
        ]
        rows.append((_apart(known), [f"Accuracy, {data}", *cells]))
    timing = comparison.timing
    if timing is not None:
        title = f"Latency on {timing.device}"
        rows.append((timing.differs, [title, *(_time_text(network) for network in timing.networks)]))
    return rows


def _text(fact: Fact, value: Value) -> str:
    if not isinstance(value, int):
        return value or "–"
    if fact.unit == "B":
        return quantity_text(value, "B")
    return f"{value:,} {fact.unit}".strip()


def _apart(known: tuple[Known | None, ...]) -> bool:
    return len({each.share for each in known if each is not None}) > 1


def _sources(comparison: _Comparison) -> dict[str, None]:
    """Where the accuracies are from, each once, in the order of the table."""
    rows = side_by_side(comparison.known)
    return dict.fromkeys(each.source for _, known in rows for each in known if each is not None)


def _time_text(network: NetworkTiming) -> str:
    whole = network.whole
    median, low, high = (quantity_text(value, "s") for value in (whole.median, whole.low, whole.high))
    return f"{median} ({low} to {high}, n = {whole.rounds})"


def _lines(comparison: _Comparison) -> list[str]:
    table = [(False, ["", *(spec.name for spec in comparison.specs)]), *_rows(comparison)]
    widths = [max(len(cells[column]) for _, cells in table) for column in range(len(comparison.specs) + 1)]
    lines = []
    for differs, (title, *cells) in table:
        words = [title.ljust(widths[0]), *(cell.ljust(width) for cell, width in zip(cells, widths[1:], strict=True))]
        lines.append(f"{'*' if differs else ' '} {'  '.join(words)}".rstrip())
    return [*lines, "", "* differs", *_foot(comparison)]


def _foot(comparison: _Comparison) -> list[str]:
    """The sources of the accuracies by their numbers, and what the latency is."""
    lines = [f"[{number}] {source}" for number, source in enumerate(_sources(comparison), 1)]
    if comparison.timing is not None:
        lines.append("Latency: one picture's pass, median and quartiles of n passes of each network in turns.")
        lines += [comparison.timing.note] if comparison.timing.note else []
    return lines


def _data(comparison: _Comparison) -> dict[str, Any]:
    alignment = align(comparison.specs)
    networks = []
    for index, spec in enumerate(comparison.specs):
        networks.append(
            {
                "name": catalog.preset_name(spec) or spec.name,
                "title": spec.name,
                **{fact.key: fact.values[index] for fact in comparison.facts},
                "accuracies": [
                    {"accuracy": known.share, "data": str(known.data), "source": str(known.source)}
                    for known in comparison.known[index]
                ],
                "latency": None if comparison.timing is None else _latency(comparison.timing, index),
            }
        )
    return {
        "networks": networks,
        "differs": [fact.key for fact in comparison.facts if fact.differs],
        "resolutions": [
            {"side": side, "parts": [_parts(column.at(side)) for column in alignment.columns]}
            for side in alignment.sides
        ],
    }


def _parts(groups: tuple[Any, ...]) -> list[str]:
    return [part for group in groups for part in group.parts]


def _latency(timing: TimingResult, index: int) -> dict[str, Any]:
    whole = timing.networks[index].whole
    return {
        "seconds": whole.median, "low": whole.low, "high": whole.high, "rounds": whole.rounds, "device": timing.device,
    }  # fmt: skip


# -- as files -------------------------------------------------------------------------------------------------------


def _json_text(comparison: _Comparison) -> str:
    return json.dumps(_data(comparison), ensure_ascii=False, indent=2) + "\n"


def _csv_text(comparison: _Comparison) -> str:
    """Numbers in full, with their units in the titles."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["", *(spec.name for spec in comparison.specs)])
    units = {"B": " (bytes)", "px": " (px)", "": ""}
    for fact in comparison.facts:
        writer.writerow([fact.title + units[fact.unit], *fact.values])
    for data, known in side_by_side(comparison.known):
        writer.writerow([f"Accuracy, {data}", *("" if each is None else each.share for each in known)])
        writer.writerow(["Source", *("" if each is None else each.source for each in known)])
    if comparison.timing is not None:
        title = f"Latency on {comparison.timing.device} (median, s)"
        writer.writerow([title, *(f"{network.whole.median:.6g}" for network in comparison.timing.networks)])
    return text.getvalue()


def _markdown(comparison: _Comparison) -> str:
    """What differs in bold."""
    rows = [f"| | {' | '.join(spec.name for spec in comparison.specs)} |", "|---" * (len(comparison.specs) + 1) + "|"]
    for differs, (title, *cells) in _rows(comparison):
        shown = [f"**{cell}**" if differs and cell != "–" else cell for cell in cells]
        rows.append(f"| {title} | {' | '.join(shown)} |")
    return "\n".join([*rows, "", *(f"- {line}" for line in _foot(comparison))]) + "\n"


_TABLES: dict[str, Callable[[_Comparison], str]] = {".csv": _csv_text, ".md": _markdown, ".json": _json_text}
