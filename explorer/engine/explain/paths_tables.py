"""Paths as tables, for files and scripts; without torch."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

from explorer.engine.explain.paths_records import PathsResult, Unravelled
from explorer.networks.paths import PAPER_BLOCKS, PAPER_LENGTHS, PAPER_SHARE, PathCounts, remarks

COLUMNS = (
    "length", "paths", "share_of_paths", "paths_left", "share_left", "mean_norm", "lowest_norm", "highest_norm",
    "share_of_product", "effective",
)  # fmt: skip

PATH_COLUMNS = ("through", "blocks_taken", "norm", "share_of_norms", "along_whole", "left")


def number(value: float) -> float | None:
    """A number for JSON; None for what is none, or infinite."""
    return value if math.isfinite(value) else None


def rows(result: PathsResult, counts: PathCounts) -> list[dict[str, Any]]:
    """One for each length.

    Args:
        result: what was measured; its norms may be missing.
        counts: of the network with its lesion.
    """
    mean, (low, high), carried = result.mean(), result.spread(), result.carried_shares()
    effective = result.effective()
    return [
        {
            "length": length,
            "paths": counts.of_length(length),
            "share_of_paths": counts.of_length(length) / counts.total,
            "paths_left": counts.left_of_length(length),
            "share_left": float(counts.share_left(length)),
            "mean_norm": number(float(mean[length])),
            "lowest_norm": number(float(low[length])),
            "highest_norm": number(float(high[length])),
            "share_of_product": number(float(carried[length])),
            "effective": effective is not None and effective[0] <= length <= effective[1],
        }
        for length in counts.lengths
    ]


def json_data(result: PathsResult, counts: PathCounts) -> dict[str, Any]:
    """All of it, with whole numbers in full."""
    request = result.request
    effective = result.effective()
    return {
        "network": request.spec.name,
        "blocks": counts.blocks,
        "paths": counts.total,
        "deleted": sorted(request.deleted),
        "paths_left": counts.total_left,
        "remarks": list(remarks(request.spec)),
        "images": result.images,
        "source": result.source,
        "loss": "of the labels" if result.labelled else "of the predicted classes",
        "seeds": len(result.norms),
        "seconds": round(result.seconds, 3),
        "device": result.device,
        "notes": list(result.notes),
        "effective_lengths": None if effective is None else list(effective),
        "effective_lengths_by_seed": [None if one is None else list(one) for one in result.effective_by_seed()],
        "effective_share_of_paths": None if effective is None else float(counts.share_between(*effective)),
        "paper": {"blocks": PAPER_BLOCKS, "effective_lengths": list(PAPER_LENGTHS), "share_of_paths": PAPER_SHARE},
        "lengths": rows(result, counts),
        "chosen_blocks": [] if result.unravelled is None else list(result.unravelled.chosen),
        "chosen_paths": [] if result.unravelled is None else _chosen(result.unravelled, request.deleted, request.cut),
    }


def _chosen(found: Unravelled, deleted: frozenset[str], cut: frozenset[str]) -> list[dict[str, Any]]:
    return [
        {
            "through": [block for block in found.chosen if block in taken],
            "norm": number(float(norm)),
            "share_of_norms": number(float(share)),
            "along_whole": number(float(along)),
            "left": is_left(taken, found.chosen, deleted, cut),
        }
        for taken, norm, share, along in zip(found.taken, found.norms, found.shares, found.along, strict=True)
    ]


def is_left(
    taken: frozenset[str], chosen: tuple[str, ...], deleted: frozenset[str], cut: frozenset[str] = frozenset()
) -> bool:
    """Whether a path is still there: no deleted branch and no cut shortcut is on it."""
    return not taken & deleted and cut.intersection(chosen) <= taken


def unravelled_csv(result: PathsResult, deleted: frozenset[str], cut: frozenset[str]) -> str:
    """One row for each path through the chosen blocks, below a header that says how it was measured.

    Args:
        result: with those paths.
        deleted, cut: what is done to the network now; the paths were measured in the intact one.
    """
    found = result.unravelled
    assert found is not None
    loss = "of the labels" if result.labelled else "of the predicted classes"
    header = {
        "network": result.request.spec.name,
        "blocks": ", ".join(found.chosen),
        "measured on": f"{result.source}; {result.images} images, loss {loss}",
        "norm of the whole gradient": number(found.whole),
        "after": "Veit et al. 2016, Fig. 1",
    }
    out = io.StringIO()
    for key, value in header.items():
        out.write(f"# {key}: {value}\n")
    writer = csv.DictWriter(out, PATH_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for path in _chosen(found, deleted, cut):
        through = path["through"]
        row = {**path, "through": " ".join(through), "blocks_taken": len(through), "left": int(path["left"])}
        writer.writerow(row)
    return out.getvalue()


def csv_text(result: PathsResult, counts: PathCounts, command: str = "") -> str:
    """One row a length, below a header that says how it was measured."""
    data = json_data(result, counts)
    effective = data["effective_lengths"]
    measured = f"{result.source}; {result.images} images, loss {data['loss']}, {data['seeds']} seeds"
    held = "" if effective is None else f"{effective[0]} to {effective[1]} hold 95 % of number x mean norm"
    first, last = PAPER_LENGTHS
    header = {
        "network": data["network"],
        "paths": f"{counts.total} of {counts.blocks} blocks",
        "deleted": ", ".join(data["deleted"]),
        "paths left": counts.total_left,
        "measured on": measured if result.images else "",
        "effective lengths": held,
        "paper": f"almost all, {first} to {last} of {PAPER_BLOCKS} (Veit et al. 2016, section 5)",
        "command": command,
    }
    out = io.StringIO()
    for key, value in header.items():
        if value != "":
            out.write(f"# {key}: {value}\n")
    for path in data["chosen_paths"]:
        way = ", ".join(path["through"]) or "none"
        out.write(f"# path through {way} of {', '.join(data['chosen_blocks'])}: norm {path['norm']}\n")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in data["lengths"]:
        writer.writerow({**row, "effective": int(row["effective"])})
    return out.getvalue()
