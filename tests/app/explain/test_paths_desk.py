"""When the paths are measured, on what, and what a person's choices change."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from explorer.app.explain import paths_desk
from explorer.app.explain.paths_desk import PathsDesk
from explorer.app.jobs import Jobs, Lane
from explorer.app.panels.paths import PathsPanel
from explorer.engine.explain.paths_records import PathsRequest, PathsResult, Unravelled, selections
from explorer.engine.records import Step
from explorer.networks import catalog
from explorer.networks.paths import forks
from tests.app.panel_support import document, picture

NONE: frozenset[str] = frozenset()


def answer(request: PathsRequest) -> PathsResult:
    found = forks(request.spec)
    norms = np.ones((request.seeds, len(found) + 1))
    count = len(selections(request.chosen))
    apart = Unravelled(request.chosen, selections(request.chosen), np.ones(count), np.full(count, 1 / count), 1.0)
    return PathsResult(request, found, norms, apart, request.images, True, "made up")


class Host(QWidget):
    """What a desk needs of a window; the engine's part is played by `asked`."""

    def __init__(self) -> None:
        super().__init__()
        self.document = document(info=cast("Any", object()))
        self.jobs = Jobs(self)
        self.lit: list[tuple[frozenset[str], frozenset[str]]] = []
        self.diagram = SimpleNamespace(light_path=lambda taken, around: self.lit.append((taken, around)))
        self.notice = SimpleNamespace(refuse=self.lit.append)
        self.asked: list[PathsRequest] = []
        self.held = False


@pytest.fixture
def host(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    made = Host()

    class Played:
        def __init__(self, request: PathsRequest) -> None:
            made.asked.append(request)
            self.request = request

        def __call__(self, session: Any) -> Generator[Any, None, Any]:
            while made.held:
                yield Step(0.5, "held", waiting=True)
            yield Step(0.9, "nearly")
            return answer(self.request)

    monkeypatch.setattr(paths_desk, "Explain", Played)
    qtbot.addWidget(made)
    made.jobs.start()
    made.resize(720, 400)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.held = False
    made.jobs.close()


@pytest.fixture
def desk(host: Any) -> PathsDesk:
    panel = PathsPanel(host)
    panel.resize(714, 380)
    found = PathsDesk(host, panel)
    panel.show()
    found.look()
    return found


def settle(qtbot: QtBot, host: Any) -> None:
    qtbot.wait(20)
    qtbot.waitUntil(lambda: not host.jobs.running(), timeout=5000)


def test_counts_ask_for_nothing(desk: PathsDesk, host: Any, qtbot: QtBot) -> None:
    settle(qtbot, host)
    assert host.asked == []
    assert desk.panel.chart.isVisible()


def test_measuring_shows_what_it_measured(desk: PathsDesk, host: Any, qtbot: QtBot) -> None:
    desk.begin()
    settle(qtbot, host)
    (request,) = host.asked
    assert (request.seeds, request.images, request.picture) == (20, 16, None)
    assert request.chosen == ("layer1.0", "layer1.1", "layer1.2")
    assert desk.panel.page == "product", "the counts make room"
    assert desk.panel.result is not None
    assert not desk.panel.bar.running


def test_on_the_unravelled_page_the_chosen_blocks_are_measured_by_themselves(
    desk: PathsDesk, host: Any, qtbot: QtBot
) -> None:
    desk.panel.show_page("unravelled")
    settle(qtbot, host)
    assert [request.seeds for request in host.asked] == [0]
    assert desk.panel.unravelled.rows[0].number == "12.5\u00a0%"
    desk.panel.show_page("counts")
    desk.panel.show_page("unravelled")
    settle(qtbot, host)
    assert len(host.asked) == 1, "what is known is not measured again"


def test_a_large_network_waits_to_be_asked(desk: PathsDesk, host: Any, qtbot: QtBot) -> None:
    host.document.replace(spec=catalog.find("resnet152"))
    desk.panel.show_page("unravelled")
    settle(qtbot, host)
    assert host.asked == []
    desk.measure()
    settle(qtbot, host)
    assert [request.seeds for request in host.asked] == [0]


def test_other_blocks_are_measured_once_the_orders_are_done(desk: PathsDesk, host: Any, qtbot: QtBot) -> None:
    host.held = True
    desk.measure()
    qtbot.waitUntil(lambda: bool(host.jobs.running()), timeout=2000)
    desk.panel.show_page("unravelled")
    desk.panel.blocks_chosen.emit(("layer2.0", "layer2.1", "layer3.0"))
    qtbot.wait(50)
    assert len(host.asked) == 1, "the orders go on"
    host.held = False
    settle(qtbot, host)
    qtbot.waitUntil(lambda: len(host.asked) == 2, timeout=2000)
    settle(qtbot, host)
    assert (host.asked[1].seeds, host.asked[1].chosen) == (0, ("layer2.0", "layer2.1", "layer3.0"))
    assert desk.panel.result is not None
    assert len(desk.panel.result.norms) == 20
    assert desk.panel.unravelled.rows[0].number == "12.5\u00a0%"


def test_the_blocks_follow_the_selection_until_they_are_chosen(desk: PathsDesk, host: Any) -> None:
    host.document.replace(selection="layer2.1")
    assert desk.panel.unravelled.blocks == ("layer2.0", "layer2.1", "layer2.2")
    host.document.replace(selection="layer2.2")
    assert desk.panel.unravelled.blocks == ("layer2.0", "layer2.1", "layer2.2"), "it is among them"
    host.document.replace(selection="head")
    assert desk.panel.unravelled.blocks == ("layer2.0", "layer2.1", "layer2.2")
    desk.panel.blocks_chosen.emit(("layer1.0", "layer2.0", "layer3.0"))
    host.document.replace(selection="layer3.2")
    assert desk.panel.unravelled.blocks == ("layer1.0", "layer2.0", "layer3.0")
    host.document.replace(spec=catalog.find("mlp20_64"))
    assert desk.panel.unravelled.blocks == ("layer1.0", "layer1.1", "layer1.2")


def test_deleting_drops_no_measurement(desk: PathsDesk, host: Any, qtbot: QtBot) -> None:
    desk.measure()
    settle(qtbot, host)
    host.document.replace(deleted=frozenset({"layer1.1"}))
    settle(qtbot, host)
    assert len(host.asked) == 1
    assert desk.panel.result is not None
    assert len(desk.panel.chart.series) == 2
    assert sum(bool(row.gone) for row in desk.panel.unravelled.rows) == 4


@pytest.mark.parametrize("change", ["spec", "weights", "data", "images"])
def test_another_network_or_set_forgets(desk: PathsDesk, host: Any, qtbot: QtBot, change: str) -> None:
    desk.measure()
    settle(qtbot, host)
    if change == "images":
        desk.panel.bar.images.setCurrentIndex(2)
        desk.panel.bar.images_changed.emit()
    elif change == "spec":
        host.document.replace(spec=catalog.find("resnet56"))
    elif change == "data":
        host.document.replace(data=type(host.document.state.data)("folder", "elsewhere"))
    else:
        host.document.replace(info=cast("Any", object()))
    assert desk.panel.result is None
    assert "Press Measure" in desk.panel.hint.text()


def test_a_picture_matters_only_where_it_is_measured(desk: PathsDesk, host: Any, qtbot: QtBot) -> None:
    desk.measure()
    settle(qtbot, host)
    host.document.replace(picture=picture())
    assert desk.panel.result is not None
    desk.panel.bar.images.setCurrentIndex(0)
    desk.panel.bar.images_changed.emit()
    desk.measure()
    settle(qtbot, host)
    assert host.asked[-1].picture is host.document.state.picture
    host.document.replace(picture=picture(name="other.png"))
    assert desk.panel.result is None


def test_without_a_picture_it_says_what_to_do(desk: PathsDesk, host: Any, qtbot: QtBot) -> None:
    desk.panel.bar.images.setCurrentIndex(0)
    desk.measure()
    settle(qtbot, host)
    assert host.asked == []
    assert "Open, drop or paste a picture" in desk.panel.error.text()


def test_cancelling_keeps_what_there_is(desk: PathsDesk, host: Any, qtbot: QtBot) -> None:
    host.held = True
    desk.measure()
    qtbot.waitUntil(lambda: Lane.PATHS in host.jobs.running(), timeout=2000)
    assert desk.panel.bar.running
    request = host.asked[0]
    desk.show_step(PathsResult(request, forks(request.spec), np.ones((3, 10)), None, 16, True, "made up"))
    desk.panel.bar.button.click()
    settle(qtbot, host)
    assert not desk.panel.bar.running
    assert desk.panel.result is not None
    assert len(desk.panel.result.norms) == 3


def test_a_network_without_shortcuts_is_not_measured(desk: PathsDesk, host: Any, qtbot: QtBot) -> None:
    host.document.replace(spec=catalog.find("plain20"))
    desk.panel.show_page("unravelled")
    desk.measure()
    settle(qtbot, host)
    assert host.asked == []
    assert "one path only" in desk.panel.hint.text()


def test_paths_light_up_in_the_diagram_and_go_out(desk: PathsDesk, host: Any, qtbot: QtBot) -> None:
    desk.panel.show_page("unravelled")
    settle(qtbot, host)
    desk.panel.unravelled.rows[1].setFocus()
    assert host.lit[-1] == (frozenset({"layer1.2"}), frozenset({"layer1.0", "layer1.1"}))
    desk.look_away()
    assert host.lit[-1] == (NONE, NONE)


def test_what_is_saved_of_unravelled_blocks_is_their_eight_paths(
    desk: PathsDesk, host: Any, qtbot: QtBot, tmp_path: Path
) -> None:
    """One row a path, without any order of the blocks having been measured; and a table alone is offered."""
    asked: list[tuple[str, str, str]] = []
    path = tmp_path / "eight.csv"

    def where(*args: str) -> Path:
        asked.append(args)  # type: ignore[arg-type]
        return path

    host.files = SimpleNamespace(where=where)
    host.notice.inform = host.lit.append
    desk.panel.show_page("unravelled")
    settle(qtbot, host)
    assert desk.panel.save.isVisible()
    assert desk.panel.result is None
    host.document.replace(deleted=frozenset({"layer1.0"}))
    desk.panel.save.click()
    assert asked[0][1:] == ("unravelled-resnet-20.csv", "CSV (*.csv)")
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    ways = [" ".join(block for block, one in zip(("layer1.0", "layer1.1", "layer1.2"), way, strict=True) if one)
            for way in product((False, True), repeat=3)]  # fmt: skip
    assert [row["through"] for row in rows] == ways
    assert [int(row["blocks_taken"]) for row in rows] == [0, 1, 1, 2, 1, 2, 2, 3]
    assert [float(row["norm"]) for row in rows] == [1.0] * 8
    assert [float(row["share_of_norms"]) for row in rows] == [1 / 8] * 8
    assert [row["left"] for row in rows] == ["1"] * 4 + ["0"] * 4, "the deleted block's branch is gone"
    path = tmp_path / "eight.svg"
    desk.panel.save.click()
    assert not path.exists()
    assert ".csv" in str(host.lit[-1])
    desk.panel.show_unravelled(None)
    assert not desk.panel.save.isVisible()
