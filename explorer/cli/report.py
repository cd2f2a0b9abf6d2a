"""`report`: everything the window shows of one picture, as one HTML page with its images beside it."""

from __future__ import annotations

import argparse
import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.cli.headless import data_ref, prepared
from explorer.cli.values import ids
from explorer.cli.window import qt_application
from explorer.engine.records import AccuracyRequest, AccuracyResult, PictureRequest, PictureResult
from explorer.engine.steps import finish
from explorer.errors import UserError
from explorer.networks.cost import network_cost
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

_MAP_WIDTH, _MAP_HEIGHT = 720, 360


@dataclass(frozen=True)
class _Parts:
    """What the page is made of."""

    spec: NetworkSpec
    picture: PictureResult
    accuracy: AccuracyResult
    singles: list[tuple[str, AccuracyResult]]
    maps: list[tuple[str, str]]


def report(arguments: argparse.Namespace) -> None:
    """Run what the report shows and write it; tells each part as it is done, and names the page at the end.

    Raises:
        UserError: the folder can't be written, or anything that `predict` and `accuracy` refuse.
    """
    folder: Path = arguments.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError("{folder} can't be made: {reason}.", folder=folder, reason=error.strerror or error) from None
    qt_application(headless=True)
    session, spec, ref, device = prepared(arguments)
    info = finish(session.load(spec, ref)).info
    deleted = info.spec.check_ids(ids(arguments.delete))
    kind, value = ("sample", 0) if arguments.image is None else ("file", arguments.image)
    picture = finish(session.open_picture(kind, value))  # type: ignore[arg-type]
    result = finish(session.run_picture(PictureRequest(info.spec, ref, picture, deleted, device)))
    _draw(info.spec, deleted, folder, result)
    maps = _save_maps(result, folder)
    data = data_ref(arguments.data)

    def measured(ids_deleted: frozenset[str]) -> AccuracyResult:
        request = AccuracyRequest(info.spec, ref, data, ids_deleted, arguments.images, device)
        return finish(session.accuracy(request))

    whole = measured(deleted)
    singles = []
    for number, block_id in enumerate(info.spec.block_ids, 1):
        singles.append((block_id, measured(frozenset((block_id,)))))
        print(f"{number} of {len(info.spec.block_ids)} blocks measured: {block_id}", flush=True)
    page = folder / "index.html"
    _write(page, _html(_Parts(info.spec, result, whole, singles, maps), info.title))
    print(page)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError("{path} can't be written: {reason}.", path=path, reason=error.strerror or error) from None


def _draw(spec: NetworkSpec, deleted: frozenset[str], folder: Path, result: PictureResult) -> None:
    from PySide6.QtGui import QImage  # not before `qt_application` has seen that Qt's libraries are there

    from explorer.app.export import render_diagram
    from explorer.app.theme import theme

    theme().use("light")
    render_diagram(spec, deleted, folder / "diagram.svg")
    seen = result.seen
    height, width, _ = seen.shape
    image = QImage(seen.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    _save_image(image.scaledToWidth(224) if width < 224 else image, folder / "picture.png")


def _save_maps(result: PictureResult, folder: Path) -> list[tuple[str, str]]:
    """One mosaic for the stem and each stage; pairs of part id and caption."""
    parts = ["stem", *(stage.id for stage in result.request.spec.stages)]
    captions = []
    for part in parts:
        maps = result.maps[part]
        _save_image(_mosaic(maps), folder / f"maps-{part}.png")
        zeros = 100 * float((maps == 0).mean())
        captions.append((part, f"{maps.shape[0]} channels, {maps.shape[1]}×{maps.shape[2]}, {zeros:.0f} % zeros"))
    return captions


def _mosaic(maps: np.ndarray) -> QImage:
    """All channels of one part, as the window's feature maps show them."""
    from explorer.app.widgets import channels
    from explorer.app.widgets.mosaic import Mosaic

    mosaic = Mosaic()
    mosaic.resize(_MAP_WIDTH, _MAP_HEIGHT)
    mosaic.grab()  # lays it out, which Qt otherwise puts off until a widget is shown
    low, high = channels.levels(maps)
    mosaic.set_channels(channels.indices(maps, low, high), channels.table("viridis"), channels.order(maps, "index"))
    return mosaic.to_image()


def _save_image(image: QImage, path: Path) -> None:
    if not image.save(str(path)):
        raise UserError("{path} can't be written.", path=path)


# -- the page ----------------------------------------------------------------------------------------------------


def _html(parts: _Parts, weights: str) -> str:
    spec, cost = parts.spec, network_cost(parts.spec)
    counts = parts.accuracy.counts
    low, high = counts.interval()
    share = counts.agreement if counts.accuracy is None else counts.accuracy
    figure = "Agreement" if counts.accuracy is None else "Accuracy"
    deleted = ", ".join(sorted(parts.picture.request.deleted)) or "none"
    rows = [
        ("Weights", weights),
        ("Deleted blocks", deleted),
        ("Depth", str(spec.depth)),
        ("Parameters", f"{cost.parameters:,}"),
        ("Multiply-adds (MACs)", f"{cost.macs:,}"),
        ("Activations", f"{cost.activations / 2**20:.2f} MiB"),
        ("Receptive field", f"{cost.receptive_field} px"),
        (figure, f"{100 * (share or 0):.2f} % of n = {counts.images:,}"),
        ("95 % interval", f"{100 * low:.2f} to {100 * high:.2f} %"),
    ]
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_e(spec.name)} – ResNet Explorer</title><style>{_STYLE}</style></head><body>
<h1>{_e(spec.name)}</h1>
<table class="facts">{"".join(f"<tr><th>{_e(name)}</th><td>{_e(value)}</td></tr>" for name, value in rows)}</table>
<h2>Diagram</h2><img class="wide" src="diagram.svg" alt="Block diagram of {_e(spec.name)}">
<h2>Picture</h2>{_prediction(parts.picture)}
<h2>Feature maps</h2>{"".join(_map(part, caption) for part, caption in parts.maps)}
<h2>Each block deleted alone</h2>{_singles(parts)}
</body></html>
"""


def _prediction(result: PictureResult) -> str:
    bars = "".join(
        f"<tr><th>{_e(label)}</th><td><div class='bar' style='width:{200 * share:.0f}px'></div></td>"
        f"<td class='n'>{100 * share:.1f} %</td></tr>"
        for _, label, share in result.prediction.top(5)
    )
    truth = result.request.picture.label
    caption = f"{result.request.picture.name}, as the network sees it: {result.preprocessing_note}"
    return (
        f"<div class='row'><figure><img class='pixels' src='picture.png' alt='{_e(result.request.picture.name)}'>"
        f"<figcaption>{_e(caption)}{'' if truth is None else _e(f'; true label {truth}')}</figcaption></figure>"
        f"<table>{bars}</table></div>"
    )


def _map(part: str, caption: str) -> str:
    return (
        f"<figure><img class='pixels' src='maps-{part}.png' alt='Feature maps of {part}'>"
        f"<figcaption><b>{part}</b> {_e(caption)}</figcaption></figure>"
    )


def _singles(parts: _Parts) -> str:
    """A table: what is left of accuracy (or agreement) with each block deleted alone."""
    rows = []
    for block, (block_id, result) in zip(parts.spec.all_blocks, parts.singles, strict=True):
        counts = result.counts
        share = counts.agreement if counts.accuracy is None else counts.accuracy
        low, high = counts.interval()
        change = result.change()
        words = "" if change is None else f"{100 * change[0]:+.2f} ± {100 * change[1]:.2f}"
        rows.append(
            f"<tr><th>{block_id}</th><td>{block.shortcut}</td>"
            f"<td><div class='bar' style='width:{200 * (share or 0):.0f}px'></div></td>"
            f"<td class='n'>{100 * (share or 0):.2f} %</td><td class='n'>{100 * low:.2f} to {100 * high:.2f}</td>"
            f"<td class='n'>{words}</td><td class='n'>{100 * (counts.agreement or 0):.1f} %</td></tr>"
        )
    figure = "agreement" if parts.accuracy.counts.correct is None else "accuracy"
    head = (
        f"<tr><th>block</th><th>shortcut</th><th></th><th>{figure}</th><th>95 % interval</th>"
        "<th>change, points</th><th>agreement</th></tr>"
    )
    note = (
        "The residual branch of one block at a time gives zero and its shortcut stays (Veit et al. 2016, section 4.1). "
        f"n = {parts.accuracy.counts.images:,} images each; the change has the paired 95 % interval. "
        + parts.accuracy.data_note
    )
    return f"<table class='singles'>{head}{''.join(rows)}</table><p class='note'>{_e(note)}</p>"


def _e(text: str) -> str:
    return html.escape(text, quote=True)


_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1d232b;max-width:1000px;margin:32px auto;padding:0 24px}
h1{font-size:28px;margin:0 0 12px}
h2{font-size:16px;color:#5b646f;margin:36px 0 12px;border-top:1px solid #e1e4e9;padding-top:16px}
table{border-collapse:collapse}th{font-weight:400;color:#5b646f;text-align:left;padding:3px 20px 3px 0}
td{padding:3px 20px 3px 0}.n{text-align:right;font-variant-numeric:tabular-nums}
.bar{background:#0b62d6;height:8px;border-radius:4px;min-width:1px}.wide{width:100%}
.pixels{image-rendering:pixelated;max-width:100%}.row{display:flex;gap:32px;align-items:flex-start}
figure{margin:0 0 20px}.row figure{max-width:300px}figcaption{color:#5b646f;max-width:720px}.note{color:#5b646f}
"""
