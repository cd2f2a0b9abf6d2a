"""From a spec to its painted diagram, and the frame while panning and zooming. `python -m tests.benchmarks.diagram`

Prints one JSON object. `milliseconds`: medians; `limits`: what they are held to, of frames the 16.7 ms of 60 a second.
Each first painting starts cold: the graph and cost caches are emptied, so that it covers spec -> costs -> graph ->
layout -> scene -> painted viewport. `torchview`: the same networks drawn by torchview and Graphviz (module to SVG),
where both are installed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication

from explorer.app.diagram.look import TEXT_FROM
from explorer.app.diagram.view import DiagramView
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from explorer.networks.graph import block_graph
from explorer.networks.spec import NetworkSpec

SIZE = (1400, 500)
RUNS = 7
FRAMES = 40
FRAME = 1000 / 60
LIMITS = {
    "resnet152": 200.0, "resnet1202": 500.0, "plain1202": 500.0, "densenet201": 200.0, "efficientnet_b7": 200.0,
}  # fmt: skip
TORCHVIEW_SECONDS = 120
"""After this long a network is given up."""
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
    view.choose_level("blocks")


def panning(view: DiagramView) -> float:
    """Median frame: the window moves over the scene and everything in it is painted anew."""
    times = []
    for index in range(FRAMES):
        step = QPoint(23 if index % 20 < 10 else -23, 5 if index % 8 < 4 else -5)
        times.append(_milliseconds(lambda step=step: (view.pan(step), view.viewport().grab())))
    return statistics.median(times)


def zooming(view: DiagramView) -> float:
    """Median frame while the wheel turns in and out again."""
    times = []
    for index in range(FRAMES):
        factor = 1.08 if index % 10 < 5 else 1 / 1.08
        times.append(_milliseconds(lambda factor=factor: (view.zoom_by(factor), view.viewport().grab())))
    return statistics.median(times)


def frames(name: str) -> dict[str, float]:
    """Panning and zooming, folded and unfolded, far and near."""
    view = _paint(name)
    view.zoom_by(1.5)
    found = {"folded": (panning(view), zooming(view))}
    unfold_all(view)
    for words, zoom in (("fitted", None), ("smallest cards", TEXT_FROM * 1.02), ("actual size", 1.0)):
        view.fit()
        if zoom is not None:
            view.zoom_by(zoom / view.zoom)
        found[f"unfolded, {words}"] = (panning(view), zooming(view))
    view.close()
    return {
        f"{name} {words}, {what} frame": time_
        for words, pair in found.items() for what, time_ in zip(("pan", "zoom"), pair, strict=True)
    }  # fmt: skip


def torchview() -> dict[str, object] | str:
    """Milliseconds from the module to an SVG file by torchview and Graphviz, which are no dependencies of ours."""
    missing = [name for name in ("torchview", "graphviz") if importlib.util.find_spec(name) is None]
    missing += [] if shutil.which("dot") else ["dot"]
    if missing:
        return f"not installed: {', '.join(missing)}"
    return {name: _by_torchview(name) for name in LIMITS}


def _by_torchview(name: str) -> float | str:
    """In a process of its own, so that one that takes too long can be given up."""
    try:
        ran = subprocess.run(
            [sys.executable, "-c", _TORCHVIEW, name], capture_output=True, text=True, timeout=TORCHVIEW_SECONDS,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"more than {TORCHVIEW_SECONDS} s"
    return float(ran.stdout) if ran.returncode == 0 else ran.stderr.strip().rpartition("\n")[2]


_TORCHVIEW = """
import sys, time, tempfile
from torchview import draw_graph
from explorer.engine.build import build
from tests.benchmarks.diagram import NETWORKS
spec = NETWORKS[sys.argv[1]]
module = build(spec).eval()
with tempfile.TemporaryDirectory() as folder:
    start = time.perf_counter()
    graph = draw_graph(module, input_size=(1, *spec.input_shape), device="cpu", directory=folder)
    graph.visual_graph.render(format="svg", directory=folder)
    print((time.perf_counter() - start) * 1000)
"""


def main() -> int:
    app = QApplication.instance() or QApplication([])
    _paint("resnet20").close()  # fonts and styles are loaded once a process, before the first window
    found = {name: first_painting(name) for name in LIMITS}
    for name in LIMITS:
        found |= frames(name)
    app.processEvents()
    milliseconds = {name: round(value, 2) for name, value in found.items()}
    limits = {name: LIMITS.get(name, round(FRAME, 1)) for name in found}
    missed = [name for name, limit in limits.items() if found[name] > limit]
    met = not missed
    print(json.dumps({
        "benchmark": "diagram", "milliseconds": milliseconds, "limits": limits, "torchview": torchview(),
        "missed": missed, "met": met,
    }))  # fmt: skip
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
