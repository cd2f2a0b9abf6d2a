"""Measured gradients as text: CSV for tables, JSON for programs; without torch."""

from __future__ import annotations

import csv
import io
import math
from typing import Any, get_args

from explorer.engine.explain.gradients_records import GradientsResult, Kind, Profile
from explorer.engine.explain.gradients_words import course, edges, meaning, setting

COLUMNS = ("network", "of", "id", "block", "layer", "median", "low", "high", "zeros", "not_finite", "seeds")
"""Of the CSV, before one column a seed; `of` is `input` or `weight`, norms are those of the loss's gradient, and stand
as they were measured: `0.0`, `inf` and `nan` too."""


def csv_text(result: GradientsResult) -> str:
    """How it was measured as lines that begin with `#`, then one row a norm."""
    text = io.StringIO()
    for line in header(result):
        text.write(f"# {' '.join(line.split())}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *(f"seed_{seed}" for seed in range(result.seeds))])
    for profile in result.networks:
        for kind in get_args(Kind):
            spots, norms = profile.spots(kind), profile.norms(kind)
            for place, (spot, one) in enumerate(zip(spots, profile.spreads(kind), strict=True)):
                writer.writerow(
                    [
                        profile.name, kind[:-1], spot.id, spot.block, spot.depth, one.median, one.low, one.high,
                        one.zeros, one.broken, one.count, *map(float, norms[:, place]),
                    ]
                )  # fmt: skip
    return text.getvalue()


def header(result: GradientsResult) -> list[str]:
    """How it was measured, and what it says."""
    lines = [f"{setting(result)}.", f"device: {result.device}", f"seconds: {result.seconds:.1f}"]
    lines += [f"mean loss of {profile.name}: {' '.join(map(str, profile.losses))}" for profile in result.networks]
    lines += [course(profile, "inputs") for profile in result.networks]
    lines += [words for profile in result.networks for kind in get_args(Kind) if (words := edges(profile, kind))]
    return [line for line in (*lines, result.alone, *result.notes) if line]


def json_data(result: GradientsResult) -> dict[str, Any]:
    """One object; what is no finite number stands as `"inf"` or `"nan"`, which JSON has no numbers for."""
    request = result.request
    return {
        "scheme": result.scheme,
        "norm": request.norm or result.scheme == "trained",
        "loss_on": request.on,
        "deleted": sorted(request.deleted),
        "cut": sorted(request.cut),
        "order": list(request.order),
        "images": result.images,
        "labelled": result.labelled,
        "seeds": result.seeds,
        "networks": [_network(profile) for profile in result.networks],
        "alone": result.alone,
        "meaning": list(meaning(result)),
        "device": result.device,
        "seconds": result.seconds,
        "notes": list(result.notes),
    }


def _network(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "depth": profile.depth,
        "losses": [_number(loss) for loss in profile.losses],
        "ratio_inputs": [_number(ratio) for ratio in profile.ratios("inputs")],
        "ratio_weights": [_number(ratio) for ratio in profile.ratios("weights")],
        **{
            kind: [
                {
                    "id": spot.id,
                    "block": spot.block,
                    "layer": spot.depth,
                    "median": _number(one.median),
                    "low": _number(one.low),
                    "high": _number(one.high),
                    "norms": [_number(norm) for norm in profile.norms(kind)[:, place]],
                }
                for place, (spot, one) in enumerate(zip(profile.spots(kind), profile.spreads(kind), strict=True))
            ]
            for kind in get_args(Kind)
        },
    }


def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))
