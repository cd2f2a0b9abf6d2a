"""A view whose run was cancelled before there was anything to show offers to run it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from explorer.app.explain import blocks_desk, cam_desk, film_desk
from explorer.app.explain.desk import Desk
from explorer.app.jobs import Jobs
from explorer.app.panels.residuals import ResidualsPanel
from explorer.engine.explain.blocks_records import BlocksRequest
from explorer.engine.explain.cam_records import CamRequest
from explorer.engine.explain.records import ExplainRequest
from explorer.engine.records import Step
from tests.app.explain.block_support import blocks_result
from tests.app.explain.cam_support import cam_map, cam_result, film_result
from tests.app.panel_support import document, picture


class Host(QWidget):
    """What a desk needs of a window; the engine waits for ever where it is `held`."""

    def __init__(self) -> None:
        super().__init__()
        self.document = document(info=cast("Any", object()), picture=picture())
        self.jobs = Jobs(self)
        self.select = lambda block: None
        self.diagram = SimpleNamespace(light=lambda part: None)
        self.files = SimpleNamespace(copy_image=lambda image: None)
        self.asked: list[ExplainRequest] = []
        self.held = True


def answer(request: ExplainRequest) -> Any:
    if isinstance(request, CamRequest):
        return cam_result(cam_map([[0.0, 1.0], [2.0, 4.0]]))
    if isinstance(request, BlocksRequest):
        return blocks_result()
    return film_result(("layer1.0", [[0.0]]), ("layer1.1", [[1.0]]))


@pytest.fixture
def host(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    made = Host()

    class Played:
        def __init__(self, request: ExplainRequest) -> None:
            made.asked.append(request)
            self.request = request

        def __call__(self, session: Any) -> Generator[Any, None, Any]:
            while made.held:
                yield Step(0.5, "held", waiting=True)
            yield Step(0.9, "nearly")
            return answer(self.request)

    for module in (blocks_desk, cam_desk, film_desk):
        monkeypatch.setattr(module, "Explain", Played)
    qtbot.addWidget(made)
    made.jobs.start()
    made.resize(720, 400)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.held = False
    made.jobs.close()


def looked(host: Any, qtbot: QtBot, name: str) -> tuple[Desk, Any]:
    """A desk that runs, and its panel with the hint."""
    module = {"cam": cam_desk, "film": cam_desk, "blocks": blocks_desk}[name]
    desk = module.make(host)
    desk.panel.setParent(host)
    desk.panel.resize(714, 380)
    desk.panel.show()
    panel: Any = desk.panel
    if name == "blocks":
        desk.look()
    else:
        panel.show_part(name)
        desk.look()
        panel = panel.cam if name == "cam" else panel.film
        desk = desk if name == "cam" else desk.film
    qtbot.waitUntil(lambda: bool(host.asked), timeout=2000)
    return desk, panel


def found(panel: Any) -> Any:
    return panel.results[0] if isinstance(panel, ResidualsPanel) else panel.result


@pytest.mark.parametrize("way", ["button", "come back"])
@pytest.mark.parametrize("name", ["cam", "film", "blocks"])
def test_cancelled_it_can_be_run(host: Any, qtbot: QtBot, name: str, way: str) -> None:
    desk, panel = looked(host, qtbot, name)
    qtbot.waitUntil(lambda: desk.running, timeout=2000)
    assert not panel.again.isVisible()
    host.jobs.cancel(desk.lane)
    before = len(host.asked)
    qtbot.wait(30)
    assert len(host.asked) == before, "what was cancelled does not begin by itself"
    assert panel.again.isVisible()
    assert panel.hint.text() == "Cancelled before there was anything to show."
    if way == "button":
        panel.again.click()
    else:
        desk.look()
    qtbot.waitUntil(lambda: desk.running, timeout=2000)
    assert len(host.asked) == before + 1
    assert not panel.again.isVisible()
    host.held = False
    qtbot.waitUntil(lambda: not desk.running, timeout=5000)
    qtbot.wait(10)
    assert not panel.hint.isVisible()


@pytest.mark.parametrize("name", ["cam", "film", "blocks"])
def test_cancelled_with_something_to_show_it_stays(host: Any, qtbot: QtBot, name: str) -> None:
    host.held = False
    desk, panel = looked(host, qtbot, name)
    qtbot.waitUntil(lambda: bool(found(panel)), timeout=5000)
    host.held = True
    desk.run()
    assert desk.running
    host.jobs.cancel(desk.lane)
    qtbot.wait(10)
    assert not panel.again.isVisible()
    assert not panel.hint.isVisible()
