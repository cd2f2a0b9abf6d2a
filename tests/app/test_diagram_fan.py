"""DenseNet's fan of arcs: what is joined, what stands out, what a deleted layer no longer gives."""

from __future__ import annotations

from itertools import combinations

from pytestqt.qtbot import QtBot

from explorer.app.diagram.fan import FanItem
from explorer.app.diagram.view import DiagramView
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import Lesion
from tests.app.diagram_support import make_view, middle

DENSE = PRESETS["densenet121"]


def fans(view: DiagramView) -> list[FanItem]:
    return [item for item in view.diagram.items() if isinstance(item, FanItem)]


def test_each_output_goes_to_all_later_layers(qtbot: QtBot) -> None:
    fan = next(fan for fan in fans(make_view(qtbot, DENSE, 1300)) if fan.fan.stage == "layer1")
    ports = range(len(fan.fan.ports))
    assert len(ports) == 1 + 6
    assert set(fan.arcs()) == {(start, end) for start, end in combinations(ports, 2) if end > start + 1}


def test_one_item_a_fan_and_not_one_an_arc(qtbot: QtBot) -> None:
    view = make_view(qtbot, PRESETS["densenet201"], 1300)
    view.choose_level("blocks")
    assert len(fans(view)) <= 4 + view.diagram.layout_.rows
    assert all(len(fan.arcs()) <= 1000 for fan in fans(view))


def test_the_arcs_of_the_layer_that_is_current_or_pointed_at_stand_out(qtbot: QtBot) -> None:
    view = make_view(qtbot, DENSE, 1300)
    before = view.viewport().grab().toImage()
    view.hover(middle(view, "layer1.2"))
    assert view.diagram.look.hover == "layer1.2"
    assert [port for fan in fans(view) for port in fan._marked()] == [3]
    assert view.viewport().grab().toImage() != before
    view.hover(view.viewport().rect().bottomRight())
    assert view.viewport().grab().toImage() == before


def test_a_deleted_layer_gives_nothing(qtbot: QtBot) -> None:
    view = make_view(qtbot, DENSE, 1300)
    view.viewport().grab()
    assert all(fan._gone.isEmpty() for fan in fans(view))
    view.set_lesion(Lesion(frozenset({"layer1.2"})))
    view.viewport().grab()
    gone = {fan.fan.stage: fan._gone.elementCount() for fan in fans(view)}
    assert gone["layer1"] == 4 * 2, "a start and three points for each of the arcs to layers 4 and 5"
