"""What blocks add as text: CSV for tables, JSON for programs; without torch."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

from explorer.engine.explain.block_outline import MEASURES, Measure, Outline
from explorer.engine.explain.blocks_records import BlocksResult, BlockStatisticsResult, PictureFigures, SetFigures
from explorer.engine.records import Prediction

_OF_MEASURE = ("", "_low", "_median", "_high", "_n")
_EXIT = (
    "exit_class", "exit_probability", "exit_true_probability", "exit_accuracy", "exit_low", "exit_high",
    "exit_agreement", "exit_n",
)  # fmt: skip
COLUMNS = (
    "network", "kind", "id", "place", "state",
    *(f"{measure}{part}" for measure in MEASURES for part in _OF_MEASURE), *_EXIT,
)  # fmt: skip
"""Of the CSV. A row a block, then a row a layer, of the network and then of its plain twin. `ratio`, `cosine` and
`response` are the picture's; `_low`, `_median`, `_high` the quartiles over `_n` images that gave a number. A block's
response is that of its last layer. What does not exist is empty, what is no number `nan` or `inf`. Shares are from 0 to
1; `exit_low` to `exit_high` is the 95 % Wilson interval of the accuracy, or of the agreement without labels."""
Row = dict[str, Any]


def csv_text(found: BlocksResult | None, measured: BlockStatisticsResult | None, protocol: Sequence[str] = ()) -> str:
    """The protocol as lines that begin with `#`, then the rows."""
    text = io.StringIO()
    for line in protocol:
        text.write(f"# {' '.join(line.split())}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows(found, measured):
        writer.writerow(["" if row.get(column) is None else row[column] for column in COLUMNS])
    return text.getvalue()


def json_data(found: BlocksResult | None, measured: BlockStatisticsResult | None) -> dict[str, Any]:
    """The same rows by network: `blocks` and `layers`, each without what it does not have; `set` says what was
    measured over."""
    networks: dict[str, Any] = {}
    for row in rows(found, measured):
        name, kind = row.pop("network"), row.pop("kind")
        one = networks.setdefault(name, {"network": name, "blocks": [], "layers": []})
        one[f"{kind}s"].append({key: value for key, value in row.items() if value is not None})
    data: dict[str, Any] = {"networks": list(networks.values())}
    if measured is not None:
        data["set"] = {
            "name": str(measured.data_name), "images": measured.images, "total": measured.total,
            "seconds": measured.seconds, "device": measured.device,
        }  # fmt: skip
    if found is not None:
        own = found.prediction
        data["picture"] = {
            "name": found.request.picture.name,
            "true_class": None if found.label is None else own.classes[found.label],
            "prediction": own.top(1)[0][1] if own.finite else None,
        }
    return data


def rows(found: BlocksResult | None, measured: BlockStatisticsResult | None) -> Iterator[Row]:
    """Blocks and layers of the network, then of its twin."""
    pictures = (None, None) if found is None else (found.figures, found.twin)
    sets = (None, None) if measured is None else (measured.figures, measured.twin)
    for own, over in zip(pictures, sets, strict=True):
        if own is not None or over is not None:
            yield from _of_network(own, over, found)


def _of_network(own: PictureFigures | None, over: SetFigures | None, found: BlocksResult | None) -> Iterator[Row]:
    outline = own.outline if own is not None else over.outline if over is not None else None
    assert outline is not None
    for index, mark in enumerate(outline.blocks):
        row: Row = {"network": outline.spec.name, "kind": "block", "id": mark.block, "place": mark.place}
        row["state"] = mark.mode
        row |= _figures("ratio", index, mark.has_ratio, own, over)
        row |= _figures("cosine", index, mark.has_cosine, own, over)
        last = _last_layer(outline, mark.block)
        row |= _figures("response", last, last >= 0, own, over)
        if mark.block in outline.exits:
            row |= _exit(outline.exits.index(mark.block), own, over, found)
        yield row
    for index, layer in enumerate(outline.layers):
        row = {"network": outline.spec.name, "kind": "layer", "id": layer.id, "place": layer.part}
        yield {**row, **_figures("response", index, layer.there, own, over)}


def _last_layer(outline: Outline, block: str) -> int:
    return max((index for index, layer in enumerate(outline.layers) if layer.part == block and layer.there), default=-1)


def _figures(measure: Measure, index: int, there: bool, own: PictureFigures | None, over: SetFigures | None) -> Row:
    """One figure's columns; none of them where it does not exist."""
    if not there:
        return {}
    row: Row = {}
    if own is not None:
        row[measure] = _number(own.values(measure)[index])
    if over is not None:
        spread = over.quartiles(measure)
        for name, values in (("low", spread.low), ("median", spread.median), ("high", spread.high)):
            row[f"{measure}_{name}"] = _number(values[index])
        row[f"{measure}_n"] = int(spread.numbers[index])
    return row


def _exit(index: int, own: PictureFigures | None, over: SetFigures | None, found: BlocksResult | None) -> Row:
    row: Row = {}
    if own is not None and found is not None:
        prediction = Prediction(own.exits[index], found.prediction.classes)
        if prediction.finite:
            _, row["exit_class"], row["exit_probability"] = prediction.top(1)[0]
        if found.label is not None:
            row["exit_true_probability"] = _number(prediction.probabilities[found.label])
    if over is not None:
        counts = over.exits[index]
        row["exit_low"], row["exit_high"] = counts.interval()
        row |= {"exit_accuracy": counts.accuracy, "exit_agreement": counts.agreement, "exit_n": counts.images}
    return row


def _number(value: float) -> float | str:
    """What is no number is told in words, as JSON has none for it."""
    value = float(value)
    return value if math.isfinite(value) else str(value)
