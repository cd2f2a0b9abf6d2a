"""A path lit in the diagram: the cards whose branch it takes, the arcs of the blocks that it goes around."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from explorer.app.diagram.view import DiagramView
from explorer.app.theme import theme
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import Lesion
from tests.app.diagram_support import RESNET, around, colours, make_view

NONE: frozenset[str] = frozenset()


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[DiagramView]:
    """ResNet-20."""
    yield make_view(qtbot, RESNET)
    theme().use("light")


def lit(view: DiagramView) -> tuple[list[str], list[str]]:
    """Cards that are lit, and arcs that are."""
    scene = view.diagram
    return [name for name, card in scene.cards.items() if card.lit], [
        name for name, arc in scene.arcs.items() if arc.lit
    ]


def test_cards_of_branches_and_arcs_of_shortcuts_are_lit(view: DiagramView) -> None:
    before = view.viewport().grab().toImage()
    layout = view.diagram.layout_
    accent = QColor(theme().palette.accent).name()
    assert accent not in colours(around(view, "layer2.1"))
    view.light_path(frozenset({"layer2.0", "layer2.2"}), frozenset({"layer2.1"}))
    assert lit(view) == (["layer2.0", "layer2.2"], ["layer2.1"])
    assert view.diagram.arcs["layer2.1"].pen().color().name() == accent
    assert view.diagram.arcs["layer2.0"].pen().color().name() != accent
    assert accent in colours(around(view, "layer2.1"))
    assert view.diagram.layout_ is layout
    assert view.diagram.look.current is None
    view.light_path(NONE, NONE)
    assert lit(view) == ([], [])
    assert view.viewport().grab().toImage() == before


def test_another_path_takes_the_place_of_the_first(view: DiagramView) -> None:
    view.light_path(frozenset({"layer1.0"}), frozenset({"layer1.1"}))
    view.light_path(frozenset({"layer1.1"}), frozenset({"layer1.0"}))
    assert lit(view) == (["layer1.1"], ["layer1.0"])


def test_the_shortcut_of_a_deleted_block_stays_lit_after_a_path(view: DiagramView) -> None:
    view.set_lesion(Lesion(frozenset({"layer1.0"})))
    view.light_path(NONE, frozenset({"layer1.0", "layer1.1"}))
    assert lit(view) == ([], ["layer1.0", "layer1.1"])
    view.light_path(NONE, NONE)
    assert lit(view) == ([], ["layer1.0"])


def test_blocks_of_a_path_come_out_of_their_folds(qtbot: QtBot) -> None:
    view = make_view(qtbot, PRESETS["resnet110"])
    assert "layer2.9" not in view.diagram.cards
    view.light_path(frozenset({"layer2.9"}), frozenset({"layer2.10"}))
    assert lit(view) == (["layer2.9"], ["layer2.10"])
    view.light_path(NONE, NONE)
    assert "layer2.9" in view.diagram.cards, "a second look finds them where they were"


def test_from_afar_the_bars_of_the_path_stand_out(view: DiagramView) -> None:
    view.choose_level("stages")
    before = view.viewport().grab().toImage()
    view.light_path(frozenset({"layer2.0"}), frozenset({"layer2.1"}))
    assert view.viewport().grab().toImage() != before
    view.light_path(NONE, NONE)
    assert view.viewport().grab().toImage() == before


def test_another_network_has_no_path(view: DiagramView) -> None:
    view.light_path(frozenset({"layer1.0"}), frozenset({"layer1.1"}))
    view.set_spec(PRESETS["resnet56"])
    assert lit(view) == ([], [])
    assert view.diagram.look.taken == view.diagram.look.around == NONE
