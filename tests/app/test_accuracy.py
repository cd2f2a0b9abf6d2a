"""The accuracy panel: figures against arithmetic of our own, chips, sentences."""

from __future__ import annotations

import time
from dataclasses import replace
from html.parser import HTMLParser
from math import sqrt

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app.panels.accuracy import AccuracyPanel
from explorer.app.panels.deletion_texts import deletion_sentence, lesion_sentence, moved_blocks, ordered
from explorer.app.theme import theme
from explorer.engine.records import UNTRAINED, Counts, DataRef
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import INTACT, Lesion
from tests.app.panel_support import SMALL, accuracy_result, document, pixels, show

TWO = frozenset({"layer2.1", "layer3.2"})


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data


def read(panel: AccuracyPanel) -> str:
    """The big figure and its line, as a person reads it."""
    words = _Words()
    words.feed(panel.figure.text())
    return " ".join(words.text.split())


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's interval as the two roots of (p - share)^2 = z^2 p (1 - p) / n."""
    z2, share = 1.959964**2, successes / n
    a, b, c = 1 + z2 / n, -(2 * share + z2 / n), share**2
    root = sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def test_estimate_streams_in_with_its_interval_and_n(qtbot: QtBot) -> None:
    panel = show(qtbot, AccuracyPanel(document(SMALL, deleted=TWO)))
    panel.show_result(accuracy_result(Counts(640, 587, 610), Counts(640, 602, 640), 2000, (25, 10), TWO))
    low, high = wilson(587, 640)
    assert read(panel) == f"91.7 % ± {50 * (high - low):.1f} · n = 640 of 2,000"
    assert panel.table.text("interval") == f"{100 * low:.1f}\u00a0–\u00a0{100 * high:.1f} %"
    assert panel.progress.isVisible()
    assert panel.progress.value() / panel.progress.maximum() == pytest.approx(0.32)
    assert panel.table.text("intact") == "94.1 %"
    # Paired: 15 of 640 fewer, from 35 discordant pairs; half an image more of each kind of pair for the interval.
    change = -15 / 640
    half = 1.959964 * sqrt((36 / 642 - (15 / 642) ** 2) / 642)
    assert panel.table.text("change") == f"−{-100 * change:.1f} ± {100 * half:.1f} points"
    assert panel.table.text("agreement") == f"{100 * 610 / 640:.1f} %"


def test_finished_measurement_hides_its_progress_and_keeps_n(qtbot: QtBot) -> None:
    panel = show(qtbot, AccuracyPanel(document()))
    panel.show_result(accuracy_result(Counts(2000, 1880, 2000), Counts(2000, 1880, 2000), 2000))
    assert read(panel).endswith("n = 2,000")
    assert read(panel).startswith("94.0 %")
    assert not panel.progress.isVisible()
    assert panel.state.full_text == ""
    for row in ("intact", "change", "agreement"):
        assert not panel.table.is_shown(row)


def test_layout_does_not_jump_when_the_progress_goes(qtbot: QtBot) -> None:
    panel = show(qtbot, AccuracyPanel(document()))
    panel.show_result(accuracy_result(Counts(640, 600, 640), Counts(640, 600, 640), 2000))
    qtbot.wait(1)
    before = panel.table.pos()
    panel.show_result(accuracy_result(Counts(2000, 1883, 2000), Counts(2000, 1883, 2000), 2000))
    qtbot.wait(1)
    assert panel.table.pos() == before


def test_images_without_labels_show_the_agreement_and_say_so(qtbot: QtBot) -> None:
    panel = show(qtbot, AccuracyPanel(document(SMALL, deleted=TWO)))
    panel.show_result(accuracy_result(Counts(100, None, 95), Counts(100, None, 100), 100, deleted=TWO))
    assert read(panel).startswith("95.0 %")
    assert "n = 100" in read(panel)
    assert panel.meaning.isVisible()
    assert "agreement" in panel.meaning.text()
    assert "no labels" in panel.meaning.text()
    assert not panel.table.is_shown("change")


def test_nothing_measured_yet_says_what_is_missing(qtbot: QtBot) -> None:
    panel = show(qtbot, AccuracyPanel(document()))
    assert panel.meaning.isVisible()
    assert not panel.figure.isVisible()
    assert not panel.measure.isVisible()


def test_untrained_network_is_measured_only_on_request(qtbot: QtBot) -> None:
    opened = document(SMALL)
    panel = show(qtbot, AccuracyPanel(opened))
    opened.replace(weights=UNTRAINED)
    assert "untrained" in panel.meaning.text()
    assert "one in 10" in panel.meaning.text()
    with qtbot.waitSignal(panel.measure_requested):
        qtbot.mouseClick(panel.measure, Qt.MouseButton.LeftButton)
    panel.show_busy(True)
    assert not panel.measure.isVisible()


def test_error_replaces_the_figure(qtbot: QtBot) -> None:
    panel = show(qtbot, AccuracyPanel(document()))
    panel.show_result(accuracy_result(Counts(10, 9, 10), Counts(10, 9, 10), 10))
    panel.show_error("The folder is empty; choose one with a folder a class.")
    assert not panel.figure.isVisible()
    assert panel.error.isVisible()
    assert panel.error.text() == "The folder is empty; choose one with a folder a class."
    panel.show_result(accuracy_result(Counts(10, 9, 10), Counts(10, 9, 10), 10))
    assert not panel.error.isVisible()
    assert panel.figure.isVisible()


@pytest.mark.parametrize(
    "change", [{"spec": PRESETS["resnet18"]}, {"weights": UNTRAINED}, {"data": DataRef("folder", "/a/b")}]
)
def test_figures_of_something_else_go(qtbot: QtBot, change: dict[str, object]) -> None:
    opened = document()
    panel = show(qtbot, AccuracyPanel(opened))
    panel.show_result(accuracy_result(Counts(10, 9, 10), Counts(10, 9, 10), 10))
    opened.replace(**change)
    assert not panel.figure.isVisible()


def test_chips_restore_their_block(qtbot: QtBot) -> None:
    panel = show(qtbot, AccuracyPanel(document(SMALL, deleted=TWO)))
    assert [chip.text() for chip in panel.chips.chips] == ["layer2.1", "layer3.2"]
    with qtbot.waitSignal(panel.restore_requested) as sent:
        qtbot.mouseClick(panel.chips.chips[1], Qt.MouseButton.LeftButton)
    assert sent.args == ["layer3.2"]
    panel.chips.chips[0].setFocus()
    with qtbot.waitSignal(panel.restore_requested) as sent:
        qtbot.keyClick(panel.chips.chips[0], Qt.Key.Key_Space)
    assert sent.args == ["layer2.1"]
    with qtbot.waitSignal(panel.restore_all_requested):
        qtbot.mouseClick(panel.restore_all, Qt.MouseButton.LeftButton)


def test_chips_have_their_stages_colours(qtbot: QtBot) -> None:
    panel = show(qtbot, AccuracyPanel(document(SMALL, deleted=TWO)))
    qtbot.wait(1)
    for chip, colour in zip(panel.chips.chips, ("#009E73", "#E69F00"), strict=True):
        seen = QColor(*(int(value) for value in pixels(chip)[chip.height() // 2, 5]))
        # A light tint of the stage's colour has its hue.
        assert abs(seen.hue() - QColor(colour).hue()) <= 4


def test_fifty_chips_scroll_inside_their_room(qtbot: QtBot) -> None:
    spec = PRESETS["resnet152"]
    opened = document(spec, deleted=frozenset(spec.block_ids))
    panel = show(qtbot, AccuracyPanel(opened), 280, 600)
    qtbot.wait(1)
    assert len(panel.chips.chips) == 50
    assert panel.chips.height() <= 130
    for chip in panel.chips.chips:
        assert chip.x() + chip.width() <= panel.chips.viewport().width()
    assert panel.chips.verticalScrollBar().maximum() > 0
    rows = {(chip.x(), chip.y()) for chip in panel.chips.chips}
    assert len(rows) == 50
    opened.replace(deleted=frozenset())
    assert panel.chips.chips == []
    assert not panel.restore_all.isVisible()
    assert "None." in panel.sentence.text()


def test_hundreds_of_deleted_blocks_stay_quick_and_are_counted(qtbot: QtBot) -> None:
    spec = PRESETS["resnet1202"]
    ids = spec.block_ids
    opened = document(spec, deleted=frozenset(ids[:599]))
    panel = show(qtbot, AccuracyPanel(opened), 280, 600)
    assert [chip.text() for chip in panel.chips.chips] == list(ids[:100])
    assert panel.chips.more.text() == "and 499 more"
    begun = time.perf_counter()
    opened.replace(deleted=frozenset(ids[1:600]))
    QApplication.processEvents()
    # It takes a few hundredths of a second.
    assert time.perf_counter() - begun < 0.3
    assert [chip.text() for chip in panel.chips.chips] == list(ids[1:101])
    places = [(chip.y(), chip.x()) for chip in panel.chips.chips]
    assert places == sorted(places)
    opened.replace(deleted=frozenset(ids[:2]))
    assert not panel.chips.more.isVisible()


def test_tab_walks_from_chip_to_chip_to_restore_all(qtbot: QtBot) -> None:
    panel = show(qtbot, AccuracyPanel(document(SMALL, deleted=TWO)))
    panel.activateWindow()
    panel.data.setFocus()
    met = []
    for _ in range(3):
        qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Tab)
        met.append(panel.focusWidget())
    assert met == [*panel.chips.chips, panel.restore_all]


def test_image_set_is_named_and_another_can_be_asked_for(qtbot: QtBot) -> None:
    opened = document()
    panel = show(qtbot, AccuracyPanel(opened))
    assert "Fashion-MNIST" in panel.data.text()
    asked: list[str] = []
    panel.data_requested.connect(asked.append)
    for action in panel.data.menu().actions():
        action.trigger()
    assert asked == ["fashion-mnist", "fashion-mnist-full", "folder"]
    opened.replace(data=DataRef("folder", "/home/someone/my pictures"))
    assert "my pictures" in panel.data.text()
    assert panel.data.toolTip() == "/home/someone/my pictures"


def test_figure_follows_the_theme(qtbot: QtBot) -> None:
    panel = show(qtbot, AccuracyPanel(document()))
    panel.show_result(accuracy_result(Counts(10, 9, 10), Counts(10, 9, 10), 10))
    light = panel.figure.text()
    theme().use("dark")
    assert panel.figure.text() != light
    theme().use("light")
    assert panel.figure.text() == light


@pytest.mark.parametrize(
    ("network", "deleted", "said"),
    [
        (SMALL, {"layer2.1"}, "Its residual branch gives zero; the identity shortcut carries the signal on."),
        (SMALL, TWO, "Their residual branches give zero; the identity shortcuts carry the signal on."),
        (PRESETS["resnet18"], {"layer2.0"}, "Its residual branch gives zero; only its projection is left."),
        (PRESETS["resnet50"], {"layer1.0"}, "Its residual branch gives zero; only its projection is left."),
        (SMALL, {"layer2.0"}, "only its subsampling shortcut is left, without parameters (option A)."),
        (PRESETS["resnet18"], {"layer2.0", "layer2.1"}, "Of layer2.0 only the projection is left."),
        (PRESETS["resnet18"], {"layer2.0", "layer3.0", "layer1.1"}, "Of layer2.0 and layer3.0 only the projections"),
        (PRESETS["resnet20"].with_(shortcut="C"), {"layer1.1"}, "only its projection is left."),
        (PRESETS["resnet18"], set(), ""),
        (PRESETS["resnet110_bn_after"], {"layer1.3"}, "The batch norm behind the addition of layer1.3 still changes"),
        (PRESETS["resnet110_scale"], {"layer1.3"}, "its shortcut carries half of the signal on: 0.5 x."),
        (PRESETS["resnet110_shortcut_gate"], {"layer1.3", "layer1.4"}, "their gated shortcuts carry (1 − g(x)) x on."),
        (PRESETS["resnet110_dropout"], {"layer1.3"}, "its shortcut carries the signal on, as its dropout acts in"),
        (PRESETS["densenet121"], {"layer1.3"}, "Its 32 channels become zero; those of all layers before it go on."),
        (PRESETS["densenet161"], {"layer1.3", "layer2.2"}, "Their 96 channels become zero"),
        (PRESETS["densenet121"], {"layer2.0", "layer1.1"}, "The transition before layer2.0 stays."),
        (PRESETS["mlp20_64"], {"layer1.0"}, "the identity shortcut carries the signal on."),
    ],
)
def test_sentence_says_what_deleting_leaves(network: object, deleted: set[str], said: str) -> None:
    text = deletion_sentence(ordered(network, deleted))  # type: ignore[arg-type]
    assert said in text
    # Only blocks that halve the map are said to cost more than their neighbours (Veit et al. 2016, Fig. 3).
    halving = bool(deleted & {"layer2.0", "layer3.0", "layer4.0"}) and network is not PRESETS["densenet121"]
    assert ("visibly more" in text) is halving


def test_cut_and_moved_blocks_have_chips_that_take_them_back(qtbot: QtBot) -> None:
    done = Lesion(TWO, frozenset({"layer1.1"})).swapped(SMALL, "layer1.0", "layer1.2")
    opened = document(SMALL, deleted=done.deleted, cut=done.cut, order=done.order)
    panel = show(qtbot, AccuracyPanel(opened), 280, 900)
    assert panel.heading.text() == "Deleted, cut and moved blocks"
    assert [chip.text() for chip in panel.chips.chips] == ["layer2.1", "layer3.2"]
    assert [chip.text() for chip in panel.cut_chips.chips] == ["layer1.1"]
    assert [chip.text() for chip in panel.moved_chips.chips] == ["layer1.2 at layer1.0", "layer1.0 at layer1.2"]
    with qtbot.waitSignal(panel.shortcut_requested) as cut:
        qtbot.mouseClick(panel.cut_chips.chips[0], Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(panel.place_requested) as moved:
        qtbot.mouseClick(panel.moved_chips.chips[1], Qt.MouseButton.LeftButton)
    assert (cut.args, moved.args) == (["layer1.1"], ["layer1.0"])
    assert panel.cut_chips.chips[0].accessibleName() == "Restore the shortcut of layer1.1"
    assert panel.moved_chips.chips[0].accessibleName() == "Put layer1.2 back in its place"
    opened.replace(deleted=frozenset(), order=())
    assert panel.heading.text() == "Cut shortcuts"
    assert panel.cut_chips.isVisible()
    assert not panel.chips.isVisible()
    assert not panel.moved_chips.isVisible()
    assert panel.restore_all.isVisible()
    opened.replace(cut=frozenset())
    assert not panel.restore_all.isVisible()
    assert panel.heading.text() == "Deleted blocks"


def test_chips_that_come_later_have_room_for_all_their_rows(qtbot: QtBot) -> None:
    opened = document()
    panel = show(qtbot, AccuracyPanel(opened), 280, 900)
    done = Lesion(frozenset(SMALL.block_ids[:7])).swapped(SMALL, "layer1.0", "layer1.2")
    opened.replace(deleted=done.deleted, order=done.order)
    qtbot.wait(1)
    for area in (panel.chips, panel.moved_chips):
        assert area.height() == area.heightForWidth(area.width())
        assert area.verticalScrollBar().maximum() == 0
        below = max(chip.geometry().bottom() for chip in area.chips)
        assert below < area.viewport().height()


def test_a_block_that_moves_on_has_its_new_place_on_its_chip(qtbot: QtBot) -> None:
    opened = document(SMALL, order=INTACT.swapped(SMALL, "layer1.0", "layer1.2").order)
    panel = show(qtbot, AccuracyPanel(opened))
    opened.replace(order=INTACT.swapped(SMALL, "layer1.0", "layer1.1").order)
    assert [chip.text() for chip in panel.moved_chips.chips] == ["layer1.1 at layer1.0", "layer1.0 at layer1.1"]


def test_figures_beside_intact_are_shown_for_cut_and_moved_blocks_too(qtbot: QtBot) -> None:
    panel = show(qtbot, AccuracyPanel(document()))
    result = accuracy_result(Counts(10, 5, 6), Counts(10, 9, 10), 10, (4, 0))
    for lesion in ({"cut": frozenset({"layer2.1"})}, {"order": INTACT.swapped(SMALL, "layer1.0", "layer1.1").order}):
        panel.show_result(replace(result, request=replace(result.request, **lesion)))
        for row in ("intact", "change", "agreement"):
            assert panel.table.is_shown(row)


@pytest.mark.parametrize(
    ("network", "deleted", "said", "unsaid"),
    [
        ("plain20", {"layer1.1"}, "The layer becomes the identity: it passes its input on.", "shape"),
        ("plain20", {"layer1.1", "layer2.1"}, "The layers become identities", "paper"),
        ("plain20", {"layer2.0"}, "layer2.0 changes the shape: its input goes on, subsampled and padded", "identity"),
        ("plain20", {"layer2.0", "layer3.0"}, "layer2.0 and layer3.0 change the shape: their inputs go on", "identit"),
        ("vgg_narrow", {"layer2.0"}, "The max pool before layer2.0 stays.", "subsampled"),
        ("plain56", set(PRESETS["plain56"].block_ids), "layer2.0 and layer3.0 change the shape", "block"),
    ],
)
def test_of_a_plain_network_nothing_is_said_of_branches_and_shortcuts(
    network: str, deleted: set[str], said: str, unsaid: str
) -> None:
    text = deletion_sentence(ordered(PRESETS[network], deleted))
    assert said in text
    for word in (unsaid, "hortcut", "branch", "projection"):
        assert word not in text
    # Veit et al. 2016, Fig. 3: of VGG, for one layer at a time.
    assert ("Veit et al. 2016, Fig. 3" in text) is (len(deleted) == 1)


@pytest.mark.parametrize(
    ("network", "said"),
    [("resnet20", "residual branch"), ("plain20", "passes its input on"), ("densenet121", "channels that it adds")],
)
def test_what_deleting_will_do_is_said_beforehand(qtbot: QtBot, network: str, said: str) -> None:
    panel = show(qtbot, AccuracyPanel(document(PRESETS[network])))
    assert said in panel.sentence.text()


def test_sentences_of_cut_and_moved_blocks() -> None:
    swapped = INTACT.swapped(SMALL, "layer1.0", "layer1.2")
    assert moved_blocks(SMALL, swapped) == {"layer1.2": "layer1.0", "layer1.0": "layer1.2"}
    assert lesion_sentence(SMALL, swapped) == "layer1.2 and layer1.0 stand in each other's places."
    assert "3 blocks stand in other blocks' places." in lesion_sentence(
        SMALL, swapped.swapped(SMALL, "layer1.0", "layer1.1")
    )
    text = lesion_sentence(SMALL, Lesion(cut=frozenset({"layer1.0", "layer2.0"})))
    assert text == "Of layer1.0 and layer2.0 only the residual branches are left: their shortcuts are cut."
    assert lesion_sentence(SMALL, INTACT) == ""
