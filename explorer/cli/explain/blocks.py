"""`explain blocks` on the command line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from explorer.cli.values import ids, positive

if TYPE_CHECKING:
    from explorer.cli.explain.command import Prepared
    from explorer.engine.explain.block_outline import Measure
    from explorer.engine.explain.blocks_records import BlocksResult, BlockStatisticsResult, Quartiles

_SHOWN = ("ratio", "cosine", "response", "exits")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What only this kind takes."""
    parser.add_argument("--images", type=positive, metavar="K", default=500, help="at most so many of the set (500)")
    parser.add_argument("--no-data", dest="over_data", action="store_false", help="the picture alone")
    parser.add_argument("--cut", default="", metavar="IDS", help="blocks whose shortcuts are cut, ids with commas")
    parser.add_argument("--measure", choices=_SHOWN, default="ratio", help="of a chart (ratio)")
    parser.add_argument("--by-size", action="store_true", help="a chart of responses with the largest first")


def run(arguments: argparse.Namespace) -> None:
    """Measure the picture and the set, print or write the figures."""
    from explorer.cli.explain.command import check_output, finished, prepared

    check_output(arguments.output)
    from explorer.cli.headless import data_ref, show
    from explorer.engine.explain.blocks_records import BlocksRequest, BlockStatisticsRequest
    from explorer.engine.explain.blocks_tables import json_data
    from explorer.networks.lesion import lesion

    given = prepared(arguments)
    done = lesion(given.spec, given.deleted, ids(arguments.cut))
    common: dict[str, Any] = {
        "spec": given.spec, "weights": given.weights, "device": given.device, "deleted": done.deleted, "cut": done.cut,
    }  # fmt: skip
    found = finished(given.session.explain(BlocksRequest(**common, picture=given.picture)))
    measured = None
    if arguments.over_data:
        request = BlockStatisticsRequest(**common, data=data_ref(arguments.data), images=arguments.images)
        measured = finished(given.session.explain(request))
    notes = _notes(given, found, measured)
    data = {**json_data(found, measured), "notes": notes}
    lines = _lines(found, measured) + notes
    if arguments.output is not None:
        _write(arguments, found, measured, given.notes)
        lines.append(str(arguments.output))
    show(data, arguments.json, lines)


def _notes(given: Prepared, found: BlocksResult, measured: BlockStatisticsResult | None) -> list[str]:
    outline = found.figures.outline
    told = [*given.notes, outline.missing("ratio"), outline.missing("cosine"), outline.missing_exits, found.note]
    if measured is not None:
        told += [measured.data_note, measured.note]
    return list(dict.fromkeys(str(one) for one in told if one))


# -- what a person reads ---------------------------------------------------------------------------------------------


def _lines(found: BlocksResult, measured: BlockStatisticsResult | None) -> list[str]:
    """Blocks, layers beside the twin's, and the head applied early."""
    outline = found.figures.outline
    count = "" if measured is None else f", set: {measured.images:,} images, median and quartiles"
    lines = [f"{outline.spec.name}: what each block adds (picture{count})", ""]
    lines += _block_lines(found, measured)
    lines += ["", "standard deviation of each layer's response (He et al. 2015, Fig. 7)", ""]
    lines += _layer_lines(found, measured, twin=False)
    if found.twin is not None:
        lines += ["", f"the plain twin, {found.twin.outline.spec.name}", ""]
        lines += _layer_lines(found, measured, twin=True)
    return [*lines, "", "the head applied early", "", *_exit_lines(found, measured)]


def _block_lines(found: BlocksResult, measured: BlockStatisticsResult | None) -> list[str]:
    outline = found.figures.outline
    lines = [f"  {'block':<12}{'|F(x)|/|x|':>{_width(measured)}}{'cosine':>{_width(measured)}}"]
    for index, mark in enumerate(outline.blocks):
        line = f"  {mark.block:<12}"
        both: tuple[tuple[Measure, bool], ...] = (("ratio", mark.has_ratio), ("cosine", mark.has_cosine))
        for measure, there in both:
            line += _cell(measure, index, there, found, measured)
        state = "" if mark.mode == "whole" else f"  {mark.mode}"
        lines.append(line + state)
    return lines


def _layer_lines(found: BlocksResult, measured: BlockStatisticsResult | None, twin: bool) -> list[str]:
    own = found.twin if twin else found.figures
    assert own is not None
    wide = max(len(layer.id) for layer in own.outline.layers) + 2
    lines = []
    for index, layer in enumerate(own.outline.layers):
        cell = _cell("response", index, layer.there, found, measured, twin)
        lines.append(f"  {layer.id:<{wide}}{cell}{'' if layer.there else '  deleted'}")
    return lines


def _cell(
    measure: Measure, index: int, there: bool, found: BlocksResult, measured: BlockStatisticsResult | None,
    twin: bool = False,
) -> str:  # fmt: skip
    """`0.88   0.90 (0.81 to 1.02)`, right-aligned; a dash where the figure does not exist."""
    if not there:
        return f"{'-':>{_width(measured)}}"
    own = found.twin if twin else found.figures
    assert own is not None
    text = f"{own.values(measure)[index]:8.3f}"
    if measured is not None:
        figures = measured.twin if twin else measured.figures
        assert figures is not None
        text += f"  {_spread(figures.quartiles(measure), index)}"
    return f"{text:>{_width(measured)}}"


def _spread(found: Quartiles, index: int) -> str:
    low, median, high = found.low[index], found.median[index], found.high[index]
    lost = found.images - int(found.numbers[index])
    return f"{median:7.3f} ({low:.3f} to {high:.3f})" + (f" n = {found.numbers[index]}" if lost else "")


def _width(measured: BlockStatisticsResult | None) -> int:
    return 12 if measured is None else 38


def _exit_lines(found: BlocksResult, measured: BlockStatisticsResult | None) -> list[str]:
    lines = []
    for index, block in enumerate(found.figures.outline.exits):
        prediction = found.exit(index)
        _, name, probability = prediction.top(1)[0]
        line = (
            f"  {block:<12}{100 * probability:6.1f} %  {name:<16}" if prediction.finite else f"  {block:<12}no numbers"
        )
        if found.label is not None:
            line += f"  true class {100 * prediction.probabilities[found.label]:6.1f} %"
        if measured is not None:
            counts = measured.figures.exits[index]
            value, word = (
                (counts.agreement, "agree") if counts.correct is None else (counts.accuracy, "right")
            )  # without labels only the agreement with the last one is known
            low, high = counts.interval()
            line += f"  {100 * (value or 0):6.1f} % {word} ({100 * low:.1f} to {100 * high:.1f}), n = {counts.images}"
        lines.append(line)
    return lines


# -- files -----------------------------------------------------------------------------------------------------------


def _write(
    arguments: argparse.Namespace, found: BlocksResult, measured: BlockStatisticsResult | None, notes: tuple[str, ...]
) -> None:
    from explorer.app.block_export import save

    save(arguments.output, arguments.measure, "size" if arguments.by_size else "depth", found, measured, notes=notes)
