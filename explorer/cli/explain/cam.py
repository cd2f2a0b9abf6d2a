"""`explain cam`: Grad-CAM of any class at any block, as words, numbers or a picture."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from explorer.cli.explain.command import check_output, prepared
from explorer.cli.headless import show

if TYPE_CHECKING:
    from explorer.engine.explain.cam_records import CamMap, CamResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What only this kind takes."""
    parser.add_argument(
        "--class", dest="label", metavar="C", help="a class by name or number (what the intact network says)"
    )
    parser.add_argument("--block", default="", metavar="ID", help="the block whose output is looked at (the last one)")


def run(arguments: argparse.Namespace) -> None:
    """Compute the maps; print them, and write the file that was asked for."""
    check_output(arguments.output)
    asked = prepared(arguments)
    from explorer.engine.explain.cam_records import CamRequest
    from explorer.engine.explain.cam_tables import json_data
    from explorer.engine.explain.class_names import class_of
    from explorer.engine.steps import finish

    classes = finish(asked.session.load(asked.spec, asked.weights)).info.classes
    label = None if arguments.label is None else class_of(classes, arguments.label)
    request = CamRequest(
        asked.spec, asked.weights, asked.device, asked.deleted,
        picture=asked.picture, label=label, block=arguments.block,
    )  # fmt: skip
    result = finish(asked.session.explain(request))
    if arguments.output is not None:
        _write(result, arguments)
    notes = [*asked.notes, *result.notes, *([result.note] if result.note else [])]
    show({**json_data(result), "notes": notes}, arguments.json, [*_lines(result), *notes])


def _write(result: CamResult, arguments: argparse.Namespace) -> None:
    output = arguments.output
    if output.suffix.lower() == ".csv":
        from explorer.engine.explain.cam_tables import csv_text
        from explorer.engine.writing import whole_file

        with whole_file(output) as unfinished:
            unfinished.write_text(csv_text(result), encoding="utf-8", newline="")
        return
    from explorer.app.explain.cam_files import written
    from explorer.app.export import write_whole

    write_whole(output, written(result, output))


def _lines(result: CamResult) -> list[str]:
    """What a person reads: the class's share and score, and the map's numbers where they fit."""
    from explorer.engine.explain.cam_records import map_note
    from explorer.engine.explain.cam_tables import named

    lines = [f"Grad-CAM of {result.classes[result.label]} ({result.label}) at {result.block}"]
    for name, found in named(result):
        share = 100 * float(found.prediction.probabilities[result.label])
        lines.append(f"  {name:<7} {share:6.2f} %  score {found.score:9.4g}  highest {found.highest:9.4g}")
        note = map_note(found)
        lines += [f"          {note}"] if note else _rows(found)
    return lines


def _rows(found: CamMap) -> list[str]:
    """A small map as a table; a large one is for the file."""
    if found.values.shape[1] > 14:
        return []
    return ["    " + " ".join(f"{float(value):8.3g}" for value in row) for row in found.values]
