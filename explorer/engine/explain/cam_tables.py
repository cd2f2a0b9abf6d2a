"""Grad-CAM's numbers for other programs: CSV and JSON."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import numpy as np

from explorer.engine.explain.cam_records import CamMap, CamResult, map_note


def csv_text(result: CamResult) -> str:
    """A row for each position of each map, behind lines that say what was computed."""
    request, text = result.request, io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([f"# Grad-CAM (Selvaraju et al. 2017) of {result.classes[result.label]} at {result.block}"])
    writer.writerow([f"# network {request.spec.name}, weights {request.weights.kind}:{request.weights.value}"])
    done = [f"picture {request.picture.name}", f"deleted {' '.join(sorted(request.deleted)) or 'none'}"]
    done += [f"shortcuts cut {' '.join(sorted(request.cut))}"] if request.cut else []
    done += [f"order {' '.join(request.order)}"] if request.order else []
    writer.writerow([f"# {', '.join(done)}"])
    writer.writerow(["map", "row", "column", "value"])
    for name, found in named(result):
        for (row, column), value in np.ndenumerate(found.values):
            writer.writerow([name, row, column, f"{float(value):.6g}"])
    return text.getvalue()


def json_data(result: CamResult) -> dict[str, Any]:
    """Everything, as JSON takes it; what is no number is null."""
    return {
        "class": result.classes[result.label],
        "index": result.label,
        "block": result.block,
        "deleted": sorted(result.request.deleted),
        "maps": {name: _map_data(result, found) for name, found in named(result)},
        "device": result.device,
        "seconds": result.seconds,
    }


def named(result: CamResult) -> list[tuple[str, CamMap]]:
    """The maps with their names: `intact`, and `now` where something is deleted."""
    return list(zip(("intact", "now"), result.maps, strict=False))


def _map_data(result: CamResult, found: CamMap) -> dict[str, Any]:
    probability = float(found.prediction.probabilities[result.label])
    return {
        "score": _number(found.score),
        "probability": _number(probability),
        "prediction": found.prediction.top(1)[0][1] if found.prediction.finite else None,
        "highest": found.highest,
        "note": map_note(found),
        "values": [[_number(float(value)) for value in row] for row in found.values],
    }


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
