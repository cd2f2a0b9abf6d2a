"""`recognise`: which network a checkpoint is of."""

from __future__ import annotations

import argparse
import json
import math
from typing import Any

from explorer.engine.recognising import RecognisedFile, UnrecognisedError, described, recognise_file
from explorer.networks.catalog import preset_name
from explorer.networks.recognition import Candidate
from explorer.networks.spec import NetworkSpec


def recognise(arguments: argparse.Namespace) -> None:
    """Print the networks whose weights a file could be, the likeliest first.

    Raises:
        UnrecognisedError: there are none; with `--json`, the nearest was printed all the same.
    """
    try:
        file = recognise_file(arguments.file)
    except UnrecognisedError as error:
        if arguments.json:
            print(json.dumps(_data(error.file), ensure_ascii=False))
        raise
    print(json.dumps(_data(file), ensure_ascii=False) if arguments.json else "\n".join(_lines(file)))


def _data(file: RecognisedFile) -> dict[str, Any]:
    best = file.recognition.nearest
    data: dict[str, Any] = {
        "file": file.name,
        "entries": len(file.header.tensors),
        "parameters": _numbers(file),
        **(_network(best.spec) if file.candidates and best else {"name": None, "family": None, "spec": None}),
        "nearest": _network(best.spec) if best and not file.candidates else None,
        "missing": list(best.missing) if best else [],
        "unexpected": list(best.unexpected) if best else [],
        "misshapen": [
            {"key": one.key, "shape": list(one.shape), "wanted": list(one.wanted)}
            for one in (best.misshapen if best else ())
        ],
        "candidates": [_network(each.spec) for each in file.candidates],
    }
    return data


def _network(spec: NetworkSpec) -> dict[str, Any]:
    return {"name": preset_name(spec) or spec.name, "family": spec.family, "spec": spec.to_fields()}


def _numbers(file: RecognisedFile) -> int:
    """All numbers in the file, statistics of batch norms among them."""
    return sum(math.prod(shape) for shape in file.header.shapes.values())


def _lines(file: RecognisedFile) -> list[str]:
    first, *others = file.candidates
    lines = [
        f"{file.name}: {first.spec.name}",
        f"  preset      {preset_name(first.spec) or 'none'}",
        f"  family      {first.spec.family}",
        f"  input       {first.spec.in_channels} channels",
        f"  classes     {first.spec.classes:,}",
        f"  entries     {len(file.header.tensors):,}",
        f"  numbers     {_numbers(file):,}",
        f"  missing     {len(first.missing):,}",
        f"  unexpected  {len(first.unexpected):,}",
    ]
    if others:
        lines += ["", "Names and shapes fit these as well:"]
        lines += [f"  {_told_apart(each, first)}" for each in others]
    return lines


def _told_apart(candidate: Candidate, first: Candidate) -> str:
    preset = preset_name(candidate.spec)
    words = described(candidate.spec, first.spec)
    return f"{words}: {preset}" if preset else words
