"""The commands that need no window, sharing all code with it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from explorer.cli.values import ids
from explorer.engine.records import AccuracyRequest, DataKind, DataRef, PictureRequest, WeightsRef
from explorer.networks import catalog
from explorer.networks.cost import network_cost
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from explorer.engine.session import Session


def run(arguments: argparse.Namespace) -> int:
    """Run the command that the arguments name."""
    commands: dict[str, Callable[[argparse.Namespace], None]] = {
        "describe": describe,
        "draw": draw,
        "predict": predict,
        "accuracy": accuracy,
        "study": _study,
        "explain": _explain,
        "train": _train,
        "report": _report,
        "recognise": _recognise,
        "compare": _compare,
        "export": _export,
        "list": _list,
        "lessons": _lessons,
    }
    commands[arguments.command](arguments)
    return 0


def show(data: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """Print one JSON object, or the lines a person reads."""
    print(json.dumps(data, ensure_ascii=False) if as_json else "\n".join(lines))


def describe(arguments: argparse.Namespace) -> None:
    spec = catalog.find(arguments.network)
    cost = network_cost(spec)
    data = {
        "name": catalog.preset_name(spec) or spec.name,
        "depth": spec.depth,
        "parameters": cost.parameters,
        "macs": cost.macs,
        "activation_bytes": cost.activations,
        "receptive_field": cost.receptive_field,
        "input": list(spec.input_shape),
        "classes": spec.classes,
        "stages": [
            {
                "id": stage.id,
                "blocks": len(stage.blocks),
                "output": list(part.output),
                "parameters": part.parameters,
                "macs": part.macs,
            }
            for stage, part in zip(spec.stages, cost.stages, strict=True)
        ],
        "blocks": [
            {"id": block.id, "kind": block.kind, "shortcut": block.shortcut, "output": list(part.output)}
            for block, part in zip(spec.all_blocks, cost.blocks, strict=True)
        ],
    }
    lines = [
        f"{spec.name}: {spec.summary}",
        f"  input            {_shape(spec.input_shape):>14}",
        f"  classes          {spec.classes:>14,}",
        f"  depth            {spec.depth:>14,}",
        f"  parameters       {cost.parameters:>14,}",
        f"  MACs             {cost.macs:>14,}",
        f"  activations      {cost.activations / 2**20:>14,.2f} MiB",
        f"  receptive field  {cost.receptive_field:>14,} px",
        "",
        f"  {'stage':<8}{'blocks':>7}{'output':>14}{'parameters':>14}{'MACs':>16}",
    ]
    lines += [
        f"  {stage.id:<8}{len(stage.blocks):>7}{_shape(part.output):>14}{part.parameters:>14,}{part.macs:>16,}"
        for stage, part in zip(spec.stages, cost.stages, strict=True)
    ]
    show(data, arguments.json, lines)


def draw(arguments: argparse.Namespace) -> None:
    from explorer.cli.window import qt_application

    spec = catalog.find(arguments.network)
    deleted = spec.check_ids(ids(arguments.delete))
    qt_application(headless=True)
    from explorer.app.diagram.levels import Shown
    from explorer.app.export import render_diagram
    from explorer.app.picture import PictureOptions
    from explorer.networks.colouring import cost_colouring
    from explorer.networks.folding import runs
    from explorer.networks.graph import block_graph

    background = arguments.background or arguments.theme
    options = PictureOptions(
        background, background == "transparent" and arguments.theme == "dark", arguments.greyscale, arguments.scale,
        arguments.width,
    )  # fmt: skip
    shown = Shown(
        unfolded=runs(block_graph(spec)) if arguments.level == "blocks" else frozenset(),
        visible=deleted,
        stages=arguments.level == "stages",
        colouring=None if arguments.colour is None else cost_colouring(spec, arguments.colour),
    )
    render_diagram(spec, deleted, arguments.output, None, options, shown=shown)
    print(arguments.output)


def predict(arguments: argparse.Namespace) -> None:
    session, spec, ref, device = prepared(arguments)
    from explorer.engine.pictures import open_picture
    from explorer.engine.steps import finish

    deleted = spec.check_ids(ids(arguments.delete))
    picture = open_picture(arguments.image)
    result = finish(session.run_picture(PictureRequest(spec, ref, picture, deleted, device)))
    finite = result.prediction.finite
    rows = result.prediction.top(arguments.top) if finite else []
    silent = "" if finite else "The network's outputs are not numbers, so that it gives no answer."
    notes = [note for note in (silent, picture.note, adapted(session, spec, ref), result.note) if note]
    data = {
        "predictions": [{"label": label, "index": index, "probability": share} for index, label, share in rows],
        "deleted": sorted(deleted),
        "device": result.device,
        "seconds": result.seconds,
        "notes": notes,
    }
    lines = [f"{100 * share:6.2f} %  {label}" for _, label, share in rows]
    show(data, arguments.json, lines + notes)


def accuracy(arguments: argparse.Namespace) -> None:
    from explorer.engine.steps import finish

    session, spec, ref, device = prepared(arguments)
    deleted = spec.check_ids(ids(arguments.delete))
    request = AccuracyRequest(spec, ref, data_ref(arguments.data), deleted, arguments.images, device)
    result = finish(session.accuracy(request))
    counts, intact = result.counts, result.intact
    notes = [note for note in (adapted(session, spec, ref), result.data_note, result.note) if note]
    low, high = counts.interval()
    data = {
        "accuracy": counts.accuracy,
        "correct": counts.correct,
        "images": counts.images,
        "interval": [low, high],
        "agreement": counts.agreement,
        "intact": {"accuracy": intact.accuracy, "correct": intact.correct},
        "deleted": sorted(deleted),
        "device": result.device,
        "seconds": result.seconds,
        "notes": notes,
    }
    lines = []
    if counts.correct is not None and counts.accuracy is not None and intact.accuracy is not None:
        lines.append(f"accuracy   {100 * counts.accuracy:6.2f} %  ({counts.correct:,} of {counts.images:,})")
        lines.append(f"intact     {100 * intact.accuracy:6.2f} %  ({intact.correct:,})")
    lines.append(f"agreement  {100 * (counts.agreement or 0):6.2f} %  with the intact network")
    lines.append(f"95 % interval {100 * low:.2f} to {100 * high:.2f} %")
    show(data, arguments.json, lines + notes)


def adapted(session: Session, spec: NetworkSpec, ref: WeightsRef) -> str:
    """What the weights, which the session has at hand, changed of the network asked for."""
    from explorer.engine.steps import finish

    return finish(session.load(spec, ref)).info.adapted


def data_ref(text: str) -> DataRef:
    """The labelled set that `--data` names."""
    names: dict[str, DataKind] = {"fashion-mnist": "fashion-mnist", "fashion-mnist-full": "fashion-mnist-full"}
    return DataRef(names[text]) if text in names else DataRef("folder", text)


def prepared(arguments: argparse.Namespace) -> tuple[Session, NetworkSpec, WeightsRef, str]:
    """A session, and what `--network`, `--weights` and `--device` name."""
    spec = catalog.find(arguments.network)
    from explorer.engine import devices, weights
    from explorer.engine.session import Session

    return Session(), spec, weights.parse_ref(arguments.weights, spec), devices.choose(arguments.device).id


def _study(arguments: argparse.Namespace) -> None:
    from explorer.cli.studies import study

    study(arguments)


def _explain(arguments: argparse.Namespace) -> None:
    from explorer.cli.explain.command import explain

    explain(arguments)


def _train(arguments: argparse.Namespace) -> None:
    from explorer.cli.training import train

    train(arguments)


def _report(arguments: argparse.Namespace) -> None:
    from explorer.cli.report import report

    report(arguments)


def _recognise(arguments: argparse.Namespace) -> None:
    from explorer.cli.recognise import recognise

    recognise(arguments)


def _compare(arguments: argparse.Namespace) -> None:
    from explorer.cli.comparing import compare

    compare(arguments)


def _export(arguments: argparse.Namespace) -> None:
    from explorer.cli.exporting import export

    export(arguments)


def _list(arguments: argparse.Namespace) -> None:
    from explorer.cli.listing import list_networks

    list_networks(arguments)


def _lessons(arguments: argparse.Namespace) -> None:
    from explorer.cli.lessons import lessons

    lessons(arguments)


def _shape(shape: tuple[int, int, int]) -> str:
    return "x".join(str(side) for side in shape)
