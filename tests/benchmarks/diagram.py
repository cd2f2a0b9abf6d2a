"""From a spec to its painted diagram, and the frame while panning. `python -m tests.benchmarks.diagram`

Prints one JSON object. `milliseconds`: medians; `limits`: what they are held to. Each first painting starts cold: the
graph and cost caches are emptied, so that it covers spec -> costs -> graph -> layout -> scene -> painted viewport.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication

from explorer.app.diagram.view import DiagramView
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from explorer.networks.graph import block_graph
from explorer.networks.spec import NetworkSpec

SIZE = (1400, 500)
RUNS = 7
FRAMES = 40
LIMITS = {"resnet152": 200.0, "resnet1202": 500.0, "plain1202": 500.0}
NETWORKS = {**PRESETS, "plain1202": PRESETS["resnet1202"].twin()}


def _milliseconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def _fresh(name: str) -> NetworkSpec:
    """An equal spec, with nothing computed yet."""
    network_cost.cache_clear()
    block_graph.cache_clear()
    return NETWORKS[name].with_()


def _paint(name: str) -> DiagramView:
    view = DiagramView()
    view.resize(*SIZE)
    view.show()
    view.set_spec(_fresh(name))
    view.grab()
    return view


def first_painting(name: str) -> float:
    """Median of a few cold runs."""
    times = []
    for _ in range(RUNS):
        view: list[DiagramView] = []
        times.append(_milliseconds(lambda found=view: found.append(_paint(name))))
        view[0].close()
        view[0].deleteLater()
    return statistics.median(times)


def unfold_all(view: DiagramView) -> None:
    while folds := [box_id for box_id, card in view.diagram.cards.items() if card.box.cell.kind == "fold"]:
        view.diagram.toggle_fold(folds[0])


def panning(view: DiagramView) -> float:
    """Median frame: the window moves over the scene and everything in it is painted anew."""
    times = []
    for index in range(FRAMES):
        step = QPoint(23 if index % 20 < 10 else -23, 5 if index % 8 < 4 else -5)
        times.append(_milliseconds(lambda step=step: (view.pan(step), view.viewport().grab())))
    return statistics.median(times)


def main() -> int:
    app = QApplication.instance() or QApplication([])
    _paint("resnet20").close()  # fonts and styles are loaded once a process, before the first window
    found = {name: first_painting(name) for name in LIMITS}
    for name in LIMITS:
        view = _paint(name)
        view.zoom_by(1.5)
        found[f"{name} pan frame"] = panning(view)
        unfold_all(view)
        view.fit()
        found[f"{name} unfolded, fitted, pan frame"] = panning(view)
        view.actual_size()
        found[f"{name} unfolded, actual size, pan frame"] = panning(view)
        view.close()
    app.processEvents()
    milliseconds = {name: round(value, 2) for name, value in found.items()}
    met = all(found[name] <= limit for name, limit in LIMITS.items())
    print(json.dumps({"benchmark": "diagram", "milliseconds": milliseconds, "limits": LIMITS, "met": met}))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
