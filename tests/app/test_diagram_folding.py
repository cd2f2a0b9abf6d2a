"""Large networks: folds, unfolding, finding a block, and what cards and legend say."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from explorer.app.diagram.legend import Legend
from explorer.app.diagram.view import DiagramView
from explorer.app.diagram.words import tooltip
from explorer.networks.catalog import PRESETS
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec

LEFT = Qt.MouseButton.LeftButton
FOLD = "fold:layer2.2"


@pytest.fixture
def view(qtbot: QtBot) -> DiagramView:
    """ResNet-1202 in the window."""
    view = DiagramView()
    qtbot.addWidget(view)
    view.resize(850, 330)
    view.show()
    view.set_spec(PRESETS["resnet1202"])
    return view


def click(view: DiagramView, qtbot: QtBot, box_id: str) -> None:
    x, y = view.diagram.cards[box_id].box.rect.middle
    qtbot.mouseClick(view.viewport(), LEFT, pos=view.mapFromScene(QPointF(x, y)))


def test_a_click_unfolds_a_run_and_a_click_on_its_handle_folds_it_again(view: DiagramView, qtbot: QtBot) -> None:
    before = set(view.diagram.cards)
    assert "layer2.100" not in before
    click(view, qtbot, FOLD)
    assert {block.id for block in PRESETS["resnet1202"].stages[1].blocks} <= set(view.diagram.cards)
    view.actual_size()
    view.centerOn(view.diagram.cards[FOLD])
    click(view, qtbot, FOLD)
    assert set(view.diagram.cards) == before


def test_enter_unfolds_and_folds(view: DiagramView, qtbot: QtBot) -> None:
    view.set_selection("layer2.1")
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.diagram.look.current == FOLD
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert "layer2.100" in view.diagram.cards
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert "layer2.100" not in view.diagram.cards
    assert view.diagram.look.current == FOLD


def test_folding_again_leaves_out_what_is_deleted(view: DiagramView, qtbot: QtBot) -> None:
    view.diagram.toggle_fold(FOLD)
    view.set_lesion(Lesion(frozenset({"layer2.100"})))
    view.set_selection("layer2.150")
    view.diagram.toggle_fold(FOLD)
    assert "layer2.100" in view.diagram.cards
    assert "layer2.150" not in view.diagram.cards


def test_deleted_and_selected_blocks_come_out_of_their_folds(view: DiagramView) -> None:
    view.set_lesion(Lesion(frozenset({"layer1.50", "layer3.120"})))
    view.set_selection("layer2.77")
    assert {"layer1.50", "layer3.120", "layer2.77"} <= set(view.diagram.cards)
    assert view.diagram.cards["layer1.50"].deleted
    assert view.fitted


def test_find_shows_a_block_large_enough_to_read(view: DiagramView) -> None:
    for box_id in ("fold:layer1.1", FOLD, "fold:layer3.2"):
        view.diagram.toggle_fold(box_id)
    view.fit()
    assert view.zoom < 0.3
    assert view.reveal("layer3.150")
    assert view.diagram.look.current == "layer3.150"
    assert view.zoom == pytest.approx(1)
    seen = view.mapToScene(view.viewport().rect()).boundingRect()
    assert seen.contains(view.diagram.cards["layer3.150"].sceneBoundingRect())
    assert not view.reveal("layer9.0")


def test_a_zoomed_view_follows_the_walk(view: DiagramView, qtbot: QtBot) -> None:
    view.zoom_by(3)
    for _ in range(len(view.diagram.walk)):
        qtbot.keyClick(view, Qt.Key.Key_Right)
        seen = view.mapToScene(view.viewport().rect()).boundingRect()
        assert seen.contains(view.diagram.cards[view.diagram.look.current].sceneBoundingRect())


def test_another_network_forgets_the_old_one(view: DiagramView) -> None:
    view.set_lesion(Lesion(frozenset({"layer1.50"})))
    view.set_selection("layer1.50")
    view.open_part("layer1.50")
    view.set_spec(PRESETS["resnet18"])
    assert view.diagram.opened is None
    assert view.diagram.look.deleted == frozenset()
    assert view.diagram.look.current is None
    assert len(view.diagram.cards) == 11
    assert view.fitted


def test_toggling_a_block_of_the_unfolded_network_takes_a_moment(view: DiagramView) -> None:
    for box_id in ("fold:layer1.1", FOLD, "fold:layer3.2"):
        view.diagram.toggle_fold(box_id)
    view.viewport().grab()
    start = time.process_time()
    view.set_lesion(Lesion(frozenset({"layer2.100"})))
    assert time.process_time() - start < 0.05


def variants(spec: NetworkSpec) -> list[NetworkSpec]:
    """The network, with each of the shortcut options of He et al. 2015 where it has any."""
    if spec.plain or not isinstance(spec, ResNetSpec):
        return [spec]
    return [spec.with_(shortcut=option) for option in ("A", "B", "C")]


def test_every_preset_can_be_painted_in_any_size(view: DiagramView) -> None:
    for preset in PRESETS.values():
        for spec in variants(preset):
            view.set_spec(spec)
            view.set_lesion(Lesion(frozenset({spec.block_ids[0], spec.block_ids[-1]})))
            assert not view.grab().isNull()
    view.resize(1, 1)
    assert view.zoom > 0


@pytest.mark.parametrize(
    ("name", "option", "words"),
    [
        ("resnet20", "A", ["identity", "option A (subsample, pad)"]),
        ("resnet18", "B", ["identity", "projection (1×1 conv, BN)"]),
        ("resnet34", "C", ["projection (1×1 conv, BN)"]),
    ],
)
def test_the_legend_names_the_kinds_that_occur(name: str, option: str, words: list[str]) -> None:
    spec = PRESETS[name].with_(shortcut=option)
    assert [text for _, text in Legend.of(spec).entries] == words
    deleted = Legend.of(spec, Lesion(frozenset(spec.block_ids[:2])))
    assert len(deleted.entries) == len(words) + 1
    assert deleted.count == f"{len(spec.block_ids)} blocks · 2 deleted"


def test_a_tooltip_says_what_deleting_this_very_block_means(view: DiagramView) -> None:
    def tip(name: str, block: str) -> str:
        view.set_spec(PRESETS[name])
        return tooltip(view.diagram.cards[block].box.cell, PRESETS[name])

    assert "becomes y = x" in tip("resnet18", "layer1.0")
    assert "only its projection is left" in tip("resnet18", "layer2.0")
    assert "subsampled" in tip("resnet20", "layer2.0")
    # 64·128·9 + 128·128·9 + 64·128 weights and three batch norms of 2·128 (He et al. 2015, Table 1).
    text = tip("resnet18", "layer2.0")
    assert "230,144 parameters" in text
    assert "in 64×56×56, out 128×28×28" in text
    assert "MACs" in text
