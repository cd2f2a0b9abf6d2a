"""Blocks filled by a quantity: which colour, which words, readable on every fill, light and dark."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from explorer.app.diagram.heat import contrast, heat, luminance, text_on
from explorer.app.diagram.legend import Legend
from explorer.app.diagram.view import DiagramView
from explorer.app.diagram.words import tooltip
from explorer.app.theme import DARK, LIGHT, Palette
from explorer.networks.catalog import PRESETS
from explorer.networks.colouring import Colouring, cost_colouring
from explorer.networks.lesion import Lesion
from tests.app.diagram_support import RESNET, make_view

SHARES = [index / 50 for index in range(51)]


def ground(view: DiagramView, box_id: str) -> QColor:
    """A card's colour, at its lower left corner."""
    rect = view.diagram.cards[box_id].box.rect
    image = view.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    at = view.mapFromScene(QPointF(rect.x + 6, rect.bottom - 5)) * ratio
    return image.pixelColor(at)


@pytest.mark.parametrize(("palette", "grey"), [(LIGHT, False), (DARK, False), (LIGHT, True)])
def test_lightness_goes_one_way_and_words_can_be_read_everywhere(palette: Palette, grey: bool) -> None:
    shades = [heat(share, palette, grey) for share in SHARES]
    steps = [luminance(after) - luminance(before) for before, after in pairwise(shades)]
    assert all(step * (1 if palette.dark else -1) > 0 for step in steps)
    assert min(contrast(text_on(shade, grey), shade) for shade in shades) >= 4.5


def test_a_block_is_filled_by_its_share_of_the_largest(qtbot: QtBot) -> None:
    view = make_view(qtbot, RESNET)
    before = ground(view, "layer3.1")
    values = {block: float(index) for index, block in enumerate(RESNET.block_ids)}
    view.set_colouring(Colouring("time", "Time", "s", values))
    assert ground(view, "layer3.1") != before
    last = len(values) - 1
    for block, index in (("layer1.0", 0), ("layer2.1", 4), ("layer3.2", last)):
        assert ground(view, block).name() == heat(index / last, LIGHT).name()
    view.set_colouring(None)
    assert ground(view, "layer3.1") == before


def test_a_deleted_block_has_no_fill(qtbot: QtBot) -> None:
    view = make_view(qtbot, RESNET)
    view.set_lesion(Lesion(frozenset({"layer3.1"})))
    before = ground(view, "layer3.1")
    view.choose_colouring("parameters")
    assert ground(view, "layer3.1") == before


def test_a_fold_has_the_mean_of_its_blocks_and_says_so(qtbot: QtBot) -> None:
    spec = PRESETS["resnet1202"]
    view = make_view(qtbot, spec, 1000)
    values = {block: float(index) for index, block in enumerate(spec.block_ids)}
    colouring = Colouring("time", "Time", "s", values)
    view.set_colouring(colouring)
    card = view.diagram.cards["fold:layer1.1"]
    inside = [values[block] for block in card.box.cell.hidden]
    mean = sum(inside) / len(inside)
    assert view.diagram.look.value(card.box.cell) == pytest.approx(mean)
    text = tooltip(card.box.cell, spec, "whole", colouring)
    assert colouring.text(mean) in text
    assert "the mean" in text


def test_a_tooltip_tells_value_spread_and_where_it_is_from(qtbot: QtBot) -> None:
    view = make_view(qtbot, RESNET)
    colouring = Colouring(
        "time", "Time", "s", {"layer1.0": 0.00125}, {"layer1.0": (0.0012, 0.0013)}, "20 runs on this processor."
    )
    text = tooltip(view.diagram.cards["layer1.0"].box.cell, RESNET, "whole", colouring)
    assert "Time: 1.25 ms (1.20 ms – 1.30 ms)" in text
    assert "20 runs on this processor." in text
    other = tooltip(view.diagram.cards["layer1.1"].box.cell, RESNET, "whole", colouring)
    assert "Time" not in other


def test_the_legend_has_title_and_ends_of_the_scale(qtbot: QtBot) -> None:
    colouring = cost_colouring(RESNET, "activations")
    legend = Legend.of(RESNET, colouring=colouring)
    assert "Activation memory 0 192 KiB" in legend.words
    assert legend.height(300) > Legend.of(RESNET).height(300)
    view = make_view(qtbot, RESNET)
    view.set_colouring(colouring)
    assert "Activation memory" in view._legend.accessibleDescription()


def test_another_network_is_coloured_by_its_own_figures(qtbot: QtBot) -> None:
    view = make_view(qtbot, RESNET)
    heard: list[Colouring | None] = []
    view.colouring_changed.connect(heard.append)
    view.choose_colouring("macs")
    view.set_spec(PRESETS["resnet50"])
    assert view.colouring == cost_colouring(PRESETS["resnet50"], "macs")
    view.set_colouring(Colouring("time", "Time", "s", {"layer1.0": 1.0}))
    view.set_spec(RESNET)
    assert view.colouring is None, "what was measured of one network is not shown on another"
    assert [found.kind if found else None for found in heard] == ["macs", "macs", "time", None]


def test_time_is_somebody_elses_to_measure(qtbot: QtBot) -> None:
    view = make_view(qtbot, RESNET)
    asked: list[str] = []
    view.colouring_requested.connect(asked.append)
    view.choose_colouring("time")
    assert asked == ["time"]
    assert view.colouring is None


def test_the_menu_offers_time_only_where_it_can_be_measured(qtbot: QtBot) -> None:
    view = make_view(qtbot, RESNET)
    controls = view._legend.controls
    menu = controls.colour.menu()
    for offered in (False, True):
        view.offer_time(offered)
        menu.aboutToShow.emit()
        assert ("measured time" in [action.text() for action in menu.actions() if action.isVisible()]) is offered
    menu.actions()[2].trigger()
    assert view.colouring is not None
    assert view.colouring.kind == "macs"
    assert "MACs" in controls.colour.text()
    menu.actions()[0].trigger()
    assert view.colouring is None


def test_moved_blocks_have_the_value_of_their_place(qtbot: QtBot) -> None:
    view = make_view(qtbot, RESNET)
    order = list(RESNET.block_ids)
    first, second = order.index("layer1.1"), order.index("layer1.2")
    order[first], order[second] = order[second], order[first]
    view.set_colouring(Colouring("time", "Time", "s", {"layer1.1": 1.0, "layer1.2": 2.0}))
    view.set_lesion(replace(Lesion(), order=tuple(order)))
    cell = view.diagram.cards["layer1.2"].box.cell
    assert cell.node.place == "layer1.1"
    assert view.diagram.look.value(cell) == 1.0
