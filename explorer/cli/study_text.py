"""A study's result as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from explorer.engine.study_records import StudyPoint, StudyResult

_MINUS = "\u2212"


def lines(result: StudyResult, output: Path | None) -> list[str]:
    """Protocol, table, notes, and where the output lies."""
    intact = result.intact.counts
    found = [*result.protocol.sentences, ""]
    if intact.accuracy is not None:
        low, high = intact.interval()
        found.append(
            f"intact  {_percent(intact.accuracy)} %  ({intact.correct:,} of {intact.images:,}; "
            f"95 % interval {100 * low:.2f} to {100 * high:.2f} %)"
        )
    rows = list(_drawn(result) if result.request.kind in ("random", "reorder") else _single(result))
    found += _aligned(rows)
    found += ["", *result.notes] if result.notes else []
    return [*found, "", *([str(output)] if output else []), result.protocol.command]


def _single(result: StudyResult) -> Iterator[Sequence[str]]:
    """A row a point: `single`, `cut` and `greedy`."""
    labelled = result.labels is not None
    greedy = result.request.kind == "greedy"
    yield [
        "next block" if greedy else "block",
        *(["accuracy", "change in points", "± 95 %"] if labelled else []),
        "agreement",
        *(["change of p(true class)"] if labelled else []),
        "MACs left",
        *(["latency"] if greedy else []),
    ]
    before: frozenset[str] = frozenset()
    for point in result.points:
        changed = point.lesion.deleted | point.lesion.cut
        row = [", ".join(sorted(changed - before))]
        before = changed if greedy else frozenset()
        if labelled:
            change, half = point.change() or (0.0, 0.0)
            row += [f"{_percent(point.counts.accuracy)} %", _signed(change), f"{100 * half:.2f}"]
        row.append(f"{_percent(point.counts.agreement)} %")
        if labelled:
            row.append(_signed(point.probability or 0.0))
        row.append(f"{100 * point.macs / result.intact.macs:.1f} %")
        if point.latency is not None:
            row.append(f"{1000 * point.latency.median:.2f} of {1000 * point.latency.intact:.2f} ms")
        yield row


def _drawn(result: StudyResult) -> Iterator[Sequence[str]]:
    """A row a k: median and quartiles over the repeats."""
    labelled = result.labels is not None
    reorder = result.request.kind == "reorder"
    what = "accuracy" if labelled else "agreement"
    yield ["swaps" if reorder else "blocks", f"median {what}", "lower quartile", "upper quartile",
           *(["Kendall's tau"] if reorder else []), "repeats"]  # fmt: skip
    points = sorted(result.points, key=lambda point: point.size)
    for size, group in groupby(points, key=lambda point: point.size):
        same = list(group)
        low, median, high = np.quantile([_share(point, labelled) for point in same], (0.25, 0.5, 0.75))
        tau = np.median([point.kendall_tau or 0.0 for point in same])
        yield [
            f"{size}", *(f"{_percent(share)} %" for share in (median, low, high)),
            *([f"{tau:.3f}".replace("-", _MINUS)] if reorder else []), f"{len(same)}",
        ]  # fmt: skip


def _share(point: StudyPoint, labelled: bool) -> float:
    return (point.counts.accuracy if labelled else point.counts.agreement) or 0.0


def _percent(share: float | None) -> str:
    return f"{100 * (share or 0.0):.2f}"


def _signed(share: float) -> str:
    text = f"{100 * share:+.2f}"
    return text.replace("-", _MINUS)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) if number == 0 else cell.rjust(width)
                  for number, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]  # fmt: skip
