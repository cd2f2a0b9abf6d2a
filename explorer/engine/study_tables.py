"""A study as text: CSV for tables, JSON for programs; without torch."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from explorer.engine.study_records import StudyPoint, StudyResult

COLUMNS = (
    "deleted", "cut", "order", "size", "seed", "images", "correct", "accuracy", "low", "high", "change", "half_width",
    "lost", "won", "agreement", "probability", "macs", "kendall_tau", "latency", "latency_low", "latency_high",
    "latency_intact",
)  # fmt: skip
"""Of the CSV. Shares from 0 to 1, seconds, ids separated by spaces; `low` to `high` is the 95 % Wilson interval of the
accuracy, or of the agreement without labels, `half_width` that of the paired interval of `change`."""


def csv_text(result: StudyResult) -> str:
    """The protocol as lines that begin with `#`, then one row a point, in the study's order.

    The line `# command: …` repeats the study.
    """
    text = io.StringIO()
    for name, value in _header(result):
        text.write(f"# {name}: {' '.join(value.split())}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for point in result.points:
        row = _row(result, point)
        writer.writerow(["" if row[column] is None else row[column] for column in COLUMNS])
    return text.getvalue()


def json_text(result: StudyResult) -> str:
    """One JSON object in one line: `protocol`, `intact`, `results`."""
    return json.dumps(json_data(result), ensure_ascii=False)


def json_data(result: StudyResult) -> dict[str, Any]:
    """What `json_text` writes. Each of `results` names what was done under `deleted`, `cut` or `order`, whichever the
    study does, and has the columns of the CSV; those that have no value in this study are left out, but for accuracy
    and correct, which are null without labels."""
    intact = result.intact.counts
    protocol = {_key(name): _value(name, value) for name, value in result.protocol.entries}
    return {
        "protocol": {
            "command": result.protocol.command,
            **protocol,
            "sentences": list(result.protocol.sentences),
            "notes": list(result.notes),
            "seconds": result.seconds,
            "finished": result.finished,
        },
        "intact": {
            "accuracy": intact.accuracy,
            "correct": intact.correct,
            "images": intact.images,
            "macs": result.intact.macs,
        },
        "results": [_object(result, point) for point in result.points],
    }


def _header(result: StudyResult) -> Iterator[tuple[str, str]]:
    yield "command", result.protocol.command
    yield from result.protocol.entries
    intact = result.intact.counts
    if intact.correct is not None and intact.accuracy is not None:
        yield "intact accuracy", repr(intact.accuracy)
        yield "intact correct", str(intact.correct)
        yield "intact images", str(intact.images)
    yield "finished", "yes" if result.finished else "no"
    yield "done", f"{100 * result.fraction:.1f} %"
    yield "seconds", f"{result.seconds:.1f}"
    for note in result.notes:
        yield "note", str(note)


def _row(result: StudyResult, point: StudyPoint) -> dict[str, Any]:
    """Column -> value, None for none."""
    lesion, counts, spec = point.lesion, point.counts, result.request.spec
    low, high = counts.interval()
    change, half = point.change() or (None, None)
    labelled = counts.correct is not None
    row: dict[str, Any] = {
        "deleted": " ".join(block for block in spec.block_ids if block in lesion.deleted),
        "cut": " ".join(block for block in spec.block_ids if block in lesion.cut),
        "order": " ".join(lesion.order or spec.block_ids) if result.request.kind == "reorder" else "",
        "size": point.size,
        "seed": point.seed,
        "images": counts.images,
        "correct": counts.correct,
        "accuracy": counts.accuracy,
        "low": low,
        "high": high,
        "change": change,
        "half_width": half,
        "lost": point.discordant[0] if labelled else None,
        "won": point.discordant[1] if labelled else None,
        "agreement": counts.agreement,
        "probability": point.probability,
        "macs": point.macs,
        "kendall_tau": point.kendall_tau,
    }
    times = point.latency
    row |= dict.fromkeys(("latency", "latency_low", "latency_high", "latency_intact"))
    if times is not None:
        row |= {"latency": times.median, "latency_low": times.low, "latency_high": times.high}
        row["latency_intact"] = times.intact
    return row


def _object(result: StudyResult, point: StudyPoint) -> dict[str, Any]:
    row = _row(result, point)
    what = {"cut": "cut", "reorder": "order"}.get(result.request.kind, "deleted")
    ids = row[what].split()
    always = ("accuracy", "correct", "agreement")
    rest = {
        name: value
        for name, value in row.items()
        if name not in ("deleted", "cut", "order") and (value is not None or name in always)
    }
    return {what: ids, **rest}


def _key(name: str) -> str:
    return name.lower().replace(" ", "_").replace("-", "_").replace("'", "")


def _value(name: str, value: str) -> Any:
    if name == "spec":
        return json.loads(value)
    return int(value) if value.isdecimal() else str(value)
