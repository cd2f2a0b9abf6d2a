"""Levels of detail: summaries of stages from afar, folded runs, blocks, operations; and the overview."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from pytestqt.qtbot import QtBot

from explorer.app.diagram.bands import BandItem, summary_lines
from explorer.app.diagram.look import TEXT_FROM
from explorer.app.diagram.minimap import Minimap
from explorer.app.diagram.view import DiagramView
from explorer.app.theme import theme
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import Lesion
from tests.app.diagram_support import LEFT, RESNET, make_view

LONG = PRESETS["resnet1202"]


@pytest.fixture
def view(qtbot: QtBot) -> DiagramView:
    return make_view(qtbot, LONG, 900, 360)


def bands(view: DiagramView) -> list[BandItem]:
    return [item for item in view.diagram.items() if isinstance(item, BandItem)]


def seen_cards(view: DiagramView) -> set[str]:
    return {name for name, card in view.diagram.cards.items() if card.isVisible()}


def overview(view: DiagramView) -> Minimap:
    found = view.findChild(Minimap)
    assert found is not None
    return found


def test_from_afar_stages_stand_in_for_their_cards(view: DiagramView) -> None:
    assert "layer1.0" in seen_cards(view)
    view.zoom_by(TEXT_FROM / view.zoom * 0.98)
    assert view.diagram.level == "stages"
    assert seen_cards(view) == {"input", "stem", "head"}
    view.zoom_by(1.1)
    assert view.diagram.level == "runs"
    assert "layer1.0" in seen_cards(view)


def test_a_summary_counts_blocks_and_what_is_done_to_them(view: DiagramView) -> None:
    view.set_lesion(Lesion(frozenset({"layer2.3", "layer2.4"}), frozenset({"layer2.9"})))
    words = {band.band.id: band.words() for band in bands(view)}
    assert words["layer1"] == ["200 blocks", "16×32×32"]
    assert words["layer2"] == ["200 blocks", "32×16×16", "2 deleted", "1 cut"]


def test_a_summary_has_one_bar_for_each_block_folded_or_not(view: DiagramView) -> None:
    def bars() -> list[str]:
        found = [bar.block for band in bands(view) for bar in band._bars]
        return sorted(found)

    folded = bars()
    assert folded == sorted(LONG.block_ids)
    view.choose_level("blocks")
    assert bars() == folded


def test_a_summary_shows_what_is_deleted(view: DiagramView) -> None:
    view.choose_level("stages")
    before = view.grab().toImage()
    view.set_lesion(Lesion(frozenset({"layer1.0"})))
    assert view.grab().toImage() != before


@pytest.mark.parametrize(
    ("width", "height", "lines"),
    [
        (400, 60, ["layer2", "9 blocks · 32×16×16 · 1 deleted"]),
        (90, 80, ["layer2", "9 blocks", "32×16×16", "1 deleted"]),
        (90, 40, ["layer2", "9 blocks"]),
        (400, 20, ["layer2 · 9 blocks · 32×16×16 · 1 deleted"]),
        (130, 20, ["layer2 · 9 blocks"]),
        (60, 20, ["layer2"]),
        (20, 80, []), (400, 10, []),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("qapp")
def test_a_summary_says_as_much_as_there_is_room_for(width: float, height: float, lines: list[str]) -> None:
    assert summary_lines("layer2", ["9 blocks", "32×16×16", "1 deleted"], width, height) == lines


def test_the_level_can_be_chosen_by_key_and_menu(view: DiagramView, qtbot: QtBot) -> None:
    qtbot.keyClick(view, Qt.Key.Key_3)
    assert set(LONG.block_ids) <= seen_cards(view), "near enough for cards"
    assert view.diagram.level == "blocks"
    qtbot.keyClick(view, Qt.Key.Key_2)
    assert view.diagram.level == "runs"
    assert "layer2.100" not in view.diagram.cards
    qtbot.keyClick(view, Qt.Key.Key_1)
    assert view.diagram.level == "stages"
    view._legend.controls.detail.menu().actions()[1].trigger()
    assert view.diagram.level == "runs"
    assert "folded runs" in view._legend.controls.detail.text()
    qtbot.keyClick(view, Qt.Key.Key_4)
    assert view.diagram.opened is not None


def test_folding_all_leaves_out_what_is_deleted_or_selected(view: DiagramView) -> None:
    view.choose_level("blocks")
    view.set_lesion(Lesion(frozenset({"layer1.50"})))
    view.set_selection("layer3.70")
    view.choose_level("runs")
    assert {"layer1.50", "layer3.70"} <= set(view.diagram.cards)
    assert "layer1.51" not in view.diagram.cards


def test_a_click_on_a_summary_selects_the_stage_and_a_double_click_goes_near(view: DiagramView, qtbot: QtBot) -> None:
    view.choose_level("blocks")
    view.fit()
    assert view.diagram.level == "stages"
    rect = next(band.rect() for band in bands(view) if band.band.id == "layer2")
    heard: list[str] = []
    view.selected.connect(heard.append)
    at = view.mapFromScene(rect.center())
    qtbot.mouseClick(view.viewport(), LEFT, pos=at)
    assert heard == ["layer2"]
    assert "200 blocks" in view._tooltip(view.mapToScene(at), LONG)
    qtbot.mouseDClick(view.viewport(), LEFT, pos=at)
    assert view.diagram.level == "blocks"
    assert view.seen().contains(rect.center())


def test_another_network_is_shown_in_the_usual_detail(view: DiagramView) -> None:
    view.choose_level("stages")
    view.set_spec(RESNET)
    assert view.diagram.level == "blocks"


def test_finding_a_block_leaves_the_summaries(view: DiagramView) -> None:
    view.choose_level("stages")
    assert view.reveal("layer2.77")
    assert view.diagram.cards["layer2.77"].isVisible()


def test_the_overview_stands_there_only_while_a_part_is_seen(view: DiagramView) -> None:
    assert not overview(view).isVisible()
    view.zoom_by(2)
    assert overview(view).isVisible()
    assert view.viewport().geometry().contains(overview(view).geometry())
    view.fit()
    assert not overview(view).isVisible()
    view.zoom_by(2)
    view.set_minimap(False)
    assert not overview(view).isVisible()
    view.set_minimap(True)
    view.open_part("layer1.0")
    assert not overview(view).isVisible(), "it would hide the operations"


def test_the_overviews_frame_follows_what_is_seen(view: DiagramView) -> None:
    view.zoom_by(3)
    before = overview(view).frame()
    view.pan(QPoint(-60, 0))
    after = overview(view).frame()
    assert after.center().x() < before.center().x()
    assert overview(view).seen == view.seen()
    whole = QRectF(0, 0, overview(view).width(), overview(view).height())
    assert whole.contains(after)


def test_pressing_and_dragging_in_the_overview_moves_the_view(view: DiagramView, qtbot: QtBot) -> None:
    view.zoom_by(3)
    map_ = overview(view)
    qtbot.mousePress(map_, LEFT, pos=QPoint(12, map_.height() // 2))
    start = view.seen().center()
    assert start.x() < view.diagram.content().width() * 0.25
    qtbot.mouseMove(map_, QPoint(map_.width() - 12, map_.height() // 2))
    qtbot.mouseRelease(map_, LEFT, pos=QPoint(map_.width() - 12, map_.height() // 2))
    assert view.seen().center().x() > view.diagram.content().width() * 0.75
    assert not view.fitted


def test_the_overview_is_drawn_once_while_the_view_moves(view: DiagramView, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = 0
    draw = Minimap._draw

    def count(*arguments: object) -> None:
        nonlocal drawn
        drawn += 1
        draw(*arguments)

    monkeypatch.setattr(Minimap, "_draw", count)
    view.zoom_by(3)
    for _ in range(5):
        view.pan(QPoint(10, 0))
        overview(view).grab()
    assert drawn == 1
    theme().use("dark")
    overview(view).grab()
    theme().use("light")
    view.set_lesion(Lesion(frozenset({"layer1.0"})))
    overview(view).grab()
    assert drawn == 3


def test_what_a_scene_shows_can_be_shown_elsewhere(view: DiagramView, qtbot: QtBot) -> None:
    view.choose_level("blocks")
    view.choose_colouring("macs")
    view.open_part("layer1.3")
    other = make_view(qtbot, LONG)
    other.diagram.show_like(view.diagram.shown())
    assert set(other.diagram.cards) == set(view.diagram.cards)
    assert other.diagram.layout_ == view.diagram.layout_
    assert other.diagram.opened is not None
    assert other.diagram.opened.scenePos() == view.diagram.opened.scenePos()
    assert other.colouring == view.colouring
    assert other.diagram.card_at(QPointF(*view.diagram.cards["layer1.0"].box.rect.middle)) is not None
