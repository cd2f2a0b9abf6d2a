"""`explain gradients`: the loss's gradient at every block and all weights, beside the plain twin."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.cli.explain.command import Prepared, check_output, finished, prepared
from explorer.cli.headless import data_ref, show
from explorer.engine.explain.gradients_records import INITIALISATIONS, MOST_SEEDS, GradientsRequest, Scheme, Source
from explorer.engine.records import UNTRAINED
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.engine.explain.gradients_records import GradientsResult

_SEEDS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What only this kind takes."""
    parser.add_argument(
        "--initialise", choices=INITIALISATIONS, metavar="SCHEME",
        help="draw the weights anew: default (PyTorch's), he or glorot (as trained)",
    )  # fmt: skip
    parser.add_argument("--no-norm", action="store_true", help="with --initialise: without batch norm")
    parser.add_argument(
        "--seeds", type=int, default=_SEEDS, metavar="R", help=f"with --initialise: draws, 1 to {MOST_SEEDS} ({_SEEDS})"
    )
    parser.add_argument(
        "--loss-on", choices=("images", "noise", "picture"), metavar="WHAT",
        help="images (those of --data), noise with random labels (with --initialise, as usual there), or picture (as "
        "usual where IMAGE is given)",
    )  # fmt: skip
    parser.add_argument(
        "--images",
        type=int,
        default=0,
        metavar="N",
        help="images in the loss (32, or 16 drawn anew; fewer for large networks)",
    )
    parser.add_argument(
        "--weights-chart",
        action="store_true",
        help="in .png and .svg show gradients at weights, not at inputs of blocks",
    )


def run(arguments: argparse.Namespace) -> None:
    """Measure, and print or write the figures."""
    check_output(arguments.output)
    _check_arguments(arguments)
    ready = prepared(arguments)
    from explorer.engine.explain.gradients_tables import csv_text, json_data
    from explorer.engine.writing import whole_file

    result: GradientsResult = finished(ready.session.explain(_request(arguments, ready)))
    if arguments.output is not None:
        if arguments.output.suffix.lower() == ".csv":
            with whole_file(arguments.output) as unfinished:
                unfinished.write_text(csv_text(result), encoding="utf-8", newline="")
        else:
            _draw(result, arguments)
    notes = tuple(dict.fromkeys((*ready.notes, *result.notes)))
    data = {**json_data(result), "notes": [str(note) for note in notes]}
    show(data, arguments.json, [*_lines(result, arguments.output), *map(str, notes)])


def _request(arguments: argparse.Namespace, ready: Prepared) -> GradientsRequest:
    scheme: Scheme = arguments.initialise or ("he" if ready.weights == UNTRAINED else "trained")
    usual: Source = "noise" if scheme != "trained" else "picture" if arguments.image else "images"
    on: Source = arguments.loss_on or usual
    if arguments.no_norm and scheme == "trained":
        raise UserError("Trained weights belong to batch norm: --no-norm needs --initialise.")
    if scheme != "trained" and on == "picture":
        raise UserError(
            "A network that is drawn anew is measured on images or noise: choose --loss-on images or noise."
        )
    if scheme == "trained" and on == "noise":
        raise UserError("Trained weights are measured on images or a picture: choose --loss-on images or picture.")
    return GradientsRequest(
        spec=ready.spec, weights=ready.weights, device=ready.device, deleted=ready.deleted, scheme=scheme,
        norm=not arguments.no_norm, seeds=arguments.seeds, on=on, data=data_ref(arguments.data),
        picture=ready.picture if on == "picture" else None, images=arguments.images,
    )  # fmt: skip


def _check_arguments(arguments: argparse.Namespace) -> None:
    """Asked before anything is loaded.

    Raises:
        UserError: numbers that can't be, or what only goes with --initialise without it.
    """
    if not 1 <= arguments.seeds <= MOST_SEEDS:
        raise UserError("The number of seeds must be from 1 to {most}, not {seeds}.",
                        most=MOST_SEEDS, seeds=arguments.seeds)  # fmt: skip
    if arguments.images < 0:
        raise UserError("The number of images must not be negative.")


def _draw(result: GradientsResult, arguments: argparse.Namespace) -> None:
    from explorer.app.gradient_chart import save_chart

    save_chart(result, "weights" if arguments.weights_chart else "inputs", arguments.output)


def _lines(result: GradientsResult, output: Path | None) -> list[str]:
    """What a person reads."""
    from explorer.engine.explain.gradients_records import middle
    from explorer.engine.explain.gradients_words import course, edges, figure, meaning, setting

    lines = [f"{setting(result)}.", ""]
    wide = max(18, *(len(profile.name) + 2 for profile in result.networks))
    lines.append(
        f"{'network':<{wide}}{'first block':>13}{'last block':>12}{'first / last':>14}{'range':>26}{'mean loss':>12}"
    )
    for profile in result.networks:
        first, last = (profile.spreads("inputs")[place] for place in profile.ends("inputs"))
        ratios = sorted(profile.ratios("inputs"))
        spread = "" if result.seeds < 2 else f"{figure(ratios[0])} to {figure(ratios[-1])}"
        lines.append(
            f"{profile.name:<{wide}}{figure(first.median):>13}{figure(last.median):>12}"
            f"{figure(middle(profile.ratios('inputs'))):>14}{spread:>26}{figure(middle(profile.losses)):>12}"
        )
    lines.append("")
    lines += [str(course(profile, "inputs")) for profile in result.networks]
    lines += [words for profile in result.networks if (words := str(edges(profile, "inputs")))]
    lines += [str(words) for words in (*meaning(result), result.alone) if words]
    if output is not None:
        lines.append(f"Written to {output}.")
    return lines
