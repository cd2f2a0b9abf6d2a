"""`explain paths` on the command line."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING

from explorer.cli.values import count, ids
from explorer.errors import UserError
from explorer.networks import catalog

if TYPE_CHECKING:
    from explorer.app.paths_charts import Shown
    from explorer.engine.explain.paths_records import PathsResult, Unravelled
    from explorer.networks.paths import PathCounts

_MOST_ROWS = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What only this kind takes."""
    parser.add_argument("--images", type=count, metavar="K", default=16, help="images of the set (16)")
    parser.add_argument("--seeds", type=count, metavar="R", default=20, help="random orders of the blocks (20)")
    parser.add_argument("--cut", default="", metavar="IDS", help="blocks whose shortcuts are cut, ids with commas")
    parser.add_argument("--blocks", default="", metavar="IDS", help="up to three blocks to unravel (the first three)")
    parser.add_argument(
        "--chart", choices=("counts", "gradient", "product"), default="product", help="in FILE (product)"
    )
    parser.add_argument("--log", action="store_true", help="a logarithmic axis for counts and product, too")


def run(arguments: argparse.Namespace) -> None:
    """Count and measure, print or write the figures."""
    from explorer.cli.explain.command import check_output, finished, prepared

    check_output(arguments.output)
    from explorer.cli.headless import data_ref, show
    from explorer.engine.explain.paths_records import PathsRequest
    from explorer.engine.explain.paths_tables import json_data
    from explorer.networks.lesion import lesion
    from explorer.networks.paths import PathCounts, forks, why_none

    why = why_none(catalog.find(arguments.network))  # before a network is built for nothing
    if why is not None:
        raise UserError(why.template, **why.values)
    given = prepared(arguments)
    done = lesion(given.spec, given.deleted, ids(arguments.cut))
    request = PathsRequest(
        spec=given.spec, weights=given.weights, device=given.device, deleted=done.deleted, cut=done.cut,
        data=data_ref(arguments.data), images=arguments.images,
        picture=None if arguments.image is None else given.picture, seeds=arguments.seeds,
        chosen=ids(arguments.blocks) or forks(given.spec)[:3],
    )  # fmt: skip
    result: PathsResult = finished(given.session.explain(request))
    counts = PathCounts.of(given.spec, done)
    data = {**json_data(result, counts), "cut": sorted(done.cut), "notes": [*given.notes, *result.notes]}
    lines = _lines(result, counts, [*given.notes, *result.notes])
    if arguments.output is not None:
        from explorer.app.paths_export import save

        shown: Shown = arguments.chart if len(result.norms) else "counts"
        save(arguments.output, shown, counts, result, arguments.log, command=_command(arguments))
        lines += ["", str(arguments.output)]
    show(data, arguments.json, lines)


# -- what a person reads ---------------------------------------------------------------------------------------------


def _lines(result: PathsResult, counts: PathCounts, notes: list[str]) -> list[str]:
    """Counts, a table by length, the effective lengths and the chosen blocks' paths."""
    from explorer.app import paths_words as words
    from explorer.networks.paths import remarks

    lines = [
        f"{result.request.spec.name}: {words.count_words(counts)}".replace("\u200b", ""),
        *map(str, remarks(result.request.spec)),
        words.source_words(result),
        *notes,
        "",
    ]
    lines += _table(result, counts)
    if len(result.norms):
        lines += ["", words.gradient_words(result), words.effective_words(result).replace(" (grey)", "")]
    if result.unravelled is not None:
        lines += ["", *_chosen(result.unravelled, result)]
    return lines


def _table(result: PathsResult, counts: PathCounts) -> list[str]:
    """A row a length; of long networks every second, third …"""
    from explorer.app.paths_words import norm, share

    wide = max(len(f"{counts.of_length(counts.blocks // 2):,}"), 5)
    lines = [f"{'length':>6}  {'paths':>{wide}}  {'left':>12}  {'mean norm':>12}  {'of product':>14}"]
    carried, mean = result.carried_shares(), result.mean()
    every = -(-len(counts.lengths) // _MOST_ROWS)
    for length in counts.lengths[::every]:
        there = len(result.norms) > 0
        cells = [
            f"{length:>6}",
            f"{counts.of_length(length):>{wide},}",
            f"{share(float(counts.share_left(length))):>12}",
            f"{norm(float(mean[length])) if there else '-':>12}",
            f"{share(float(carried[length])) if there and carried[length] == carried[length] else '-':>14}",
        ]
        lines.append("  ".join(cells))
    return lines


def _chosen(found: Unravelled, result: PathsResult) -> list[str]:
    from explorer.app.paths_words import gone_words, norm, share, way_words

    lines = [f"The gradient through {', '.join(found.chosen)}, and both ways through all other blocks:"]
    for taken, one, part in zip(found.taken, found.norms, found.shares, strict=True):
        words = f"  {way_words(taken, found.chosen):<40}  norm {norm(float(one)):>12}"
        words += f"  {share(float(part)):>8}" if part == part else ""
        gone = gone_words(taken, found.chosen, result.request.lesion)
        lines.append(f"{words}  {gone}".rstrip())
    return lines


# -- arguments -------------------------------------------------------------------------------------------------------


def _command(arguments: argparse.Namespace) -> str:
    """The command that repeats it."""
    words = ["explain", "paths", *([str(arguments.image)] if arguments.image is not None else [])]
    words += ["--network", arguments.network]
    words += ["--weights", arguments.weights] if arguments.weights is not None else []
    words += ["--data", arguments.data, "--images", str(arguments.images), "--seeds", str(arguments.seeds)]
    for name in ("delete", "cut", "blocks"):
        words += [f"--{name}", getattr(arguments, name)] if getattr(arguments, name) else []
    return "python main.py " + shlex.join(words)
