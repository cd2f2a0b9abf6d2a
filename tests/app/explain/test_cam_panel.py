"""Grad-CAM on the screen: the maps' colours, the class field, and what is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from explorer.app.panels.cam import CamPanel, answer_words, lesion_words, odd_words
from explorer.app.theme import theme
from explorer.app.widgets.channels import NO_NUMBER, TOP
from explorer.app.widgets.class_field import ClassField
from explorer.app.widgets.heat import heat_colours, heat_image
from explorer.engine.records import UNTRAINED, Prediction
from tests.app.explain.cam_support import SURE, UNSURE, cam_map, cam_result
from tests.app.panel_support import CLASSES, SMALL, pixels, show

MAP = [[0.0, 1.0], [2.0, 4.0]]


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[CamPanel]:
    made = show(qtbot, CamPanel(), 714, 330)
    made.set_blocks(SMALL, "layer3.2")
    yield made
    theme().use("light")


@pytest.fixture
def field(qtbot: QtBot) -> ClassField:
    made = show(qtbot, ClassField("Class"), 200, 40)
    made.set_classes(Prediction(SURE, CLASSES), 0, 5)
    return made


def notes(panel: CamPanel) -> str:
    """What stands at the right, below the answer."""
    return "\n".join(label.text() for label in panel.notes if label.isVisible())


# -- the maps ------------------------------------------------------------------------------------------------------


def test_colours_run_from_zero_to_the_top() -> None:
    image = heat_image(np.array([[0, 4, 8, np.nan]]), 4)
    table = heat_colours()
    for column, index in enumerate((0, TOP, TOP, NO_NUMBER)):
        assert QColor(image.pixel(column, 0)).getRgb()[:3] == tuple(int(value) for value in table[index])


def test_the_map_lies_over_the_picture(panel: CamPanel) -> None:
    """Of the half black, half white picture; at full cover only the map is left."""
    panel.show_result(cam_result(cam_map(MAP)))
    panel.opacity.setValue(100)
    shown = pixels(panel.intact.view)
    side = len(shown)
    quarter = side // 4
    table = heat_colours()
    wanted = [[table[0], table[round(TOP / 4)]], [table[round(TOP / 2)], table[TOP]]]
    for row in (0, 1):
        for column in (0, 1):
            found = shown[quarter + row * side // 2, quarter + column * side // 2].astype(int)
            assert np.abs(found - wanted[row][column]).max() <= 3
    panel.opacity.setValue(0)
    bare = pixels(panel.intact.view)
    assert bare[side // 2, quarter].max() < 10
    assert bare[side // 2, 3 * quarter].min() > 245


def test_one_map_and_a_hint_without_a_lesion(panel: CamPanel) -> None:
    panel.show_result(cam_result(cam_map(MAP)))
    assert panel.intact.isVisible()
    assert not panel.now.isVisible()
    assert panel.more.isVisible()
    assert "Delete a block" in panel.more.text()
    assert panel.answer.text() == "The network says T-shirt/top, 90.0\u00a0%."


def test_two_maps_on_the_intact_ones_scale(panel: CamPanel) -> None:
    panel.show_result(cam_result(cam_map(MAP), cam_map([[8, 0], [0, 0]], UNSURE)))
    assert panel.now.isVisible()
    assert not panel.more.isVisible()
    assert panel.bar.high.text() == "4.0"
    assert panel.now.heading.full_text == "Without layer2.1"
    assert "the other goes up to 2 times as high" in notes(panel)
    assert panel.answer.text() == "Intact it says T-shirt/top, 90.0\u00a0%; now Pullover, 40.0\u00a0%."
    assert panel.intact.numbers.full_text == "90.0 %, score 4.2"
    assert panel.now.numbers.full_text == "30.0 %, score 4.2"
    panel.opacity.setValue(100)
    now = pixels(panel.now.view)
    assert np.abs(now[len(now) // 4, len(now) // 4].astype(int) - heat_colours()[TOP]).max() <= 3


def test_a_map_that_is_all_zero_says_so(panel: CamPanel) -> None:
    panel.show_result(cam_result(cam_map([[0, 0], [0, 0]])))
    assert panel.odd.isVisible()
    assert panel.odd.text() == "Nothing at this block speaks for this class."
    panel.show_result(cam_result(cam_map(MAP), cam_map([[0, 0], [0, 0]])))
    assert panel.odd.text() == "Now: Nothing at this block speaks for this class."
    panel.show_result(cam_result(cam_map(MAP)))
    assert not panel.odd.isVisible()


def test_no_numbers_are_told_and_magenta(panel: CamPanel) -> None:
    nothing = np.full(10, np.nan)
    panel.show_result(cam_result(cam_map(np.full((2, 2), np.nan), nothing)))
    assert panel.odd.text() == "Some of its numbers are no numbers."
    assert panel.answer.text() == "The network's outputs are not numbers, so that it gives no answer."
    panel.opacity.setValue(100)
    assert tuple(pixels(panel.intact.view)[40, 40]) == (255, 0, 255)
    assert panel.intact.numbers.full_text == "– %, score 4.2"


def test_coarse_maps_say_how_coarse_they_are(panel: CamPanel) -> None:
    panel.show_result(cam_result(cam_map([[3.0]])))
    assert "a single position" in notes(panel)
    panel.show_result(cam_result(cam_map(np.ones((7, 7)))))
    assert "7×7 positions, each for 1/49" in notes(panel)
    assert "the whole picture of 28×28" in notes(panel)
    panel.show_result(cam_result(cam_map(np.ones((28, 28))), block="layer1.0"))
    assert notes(panel) == ""


def test_an_untrained_network_is_called_so(panel: CamPanel) -> None:
    result = cam_result(cam_map(np.ones((14, 14))), block="layer2.0")
    panel.show_result(replace(result, request=replace(result.request, weights=UNTRAINED)))
    assert "This network is untrained" in notes(panel)
    panel.show_result(result)
    assert "untrained" not in notes(panel)


def test_words_of_lesions_and_answers() -> None:
    nothing: frozenset[str] = frozenset()
    assert lesion_words(frozenset({"layer1.0", "layer1.1"}), nothing, ()) == "Without 2 blocks"
    assert lesion_words(nothing, frozenset({"layer1.0"}), ()) == "As it is now"
    same = cam_result(cam_map(MAP), cam_map(MAP))
    assert answer_words(same) == "Both say T-shirt/top: intact 90.0\u00a0%, now 90.0\u00a0%."
    assert odd_words(same) == ""
    both = cam_result(cam_map([[0]]), cam_map([[0]]))
    assert odd_words(both) == "Nothing at this block speaks for this class."


def test_a_hint_takes_the_place_of_maps_and_choosers(panel: CamPanel) -> None:
    panel.show_result(cam_result(cam_map(MAP)))
    panel.show_hint("MLP-20-64 has no maps.")
    assert panel.hint.isVisible()
    assert not panel.intact.isVisible()
    assert not panel.classes.isVisible()
    panel.show_result(cam_result(cam_map(MAP)))
    assert panel.intact.isVisible()
    assert panel.classes.isVisible()


@pytest.mark.parametrize(("width", "height"), [(560, 260), (714, 330), (1100, 700)])
def test_pictures_take_the_room_and_nothing_overlaps(panel: CamPanel, width: int, height: int, qtbot: QtBot) -> None:
    panel.resize(width, height)
    panel.show_result(cam_result(cam_map(MAP), cam_map(MAP, UNSURE)))
    qtbot.wait(20)
    first, second = panel.intact.geometry(), panel.now.geometry()
    assert not first.intersects(second)
    assert panel.intact.view.width() == panel.intact.view.height() >= 72
    bottom = panel.intact.mapTo(panel, panel.intact.rect().bottomLeft()).y()
    assert bottom <= panel._foot.geometry().top() + panel._content.geometry().top()
    assert panel.notes[0].width() >= 150


def test_dark_theme(panel: CamPanel) -> None:
    panel.show_result(cam_result(cam_map(MAP)))
    theme().use("dark")
    assert panel.bar.high.text() == "4.0"


# -- choosing ------------------------------------------------------------------------------------------------------


def test_blocks_are_offered_and_asked_for(panel: CamPanel) -> None:
    panel.show_result(cam_result(cam_map(MAP)))
    assert [panel.blocks.itemText(index) for index in range(panel.blocks.count())] == list(SMALL.block_ids)
    assert panel.blocks.currentText() == "layer3.2"
    asked: list[str] = []
    panel.block_chosen.connect(asked.append)
    panel.blocks.setFocus()
    panel.blocks.setCurrentIndex(1)
    assert asked == [], "only a person asks"
    panel.blocks.textActivated.emit("layer1.1")
    assert asked == ["layer1.1"]


def test_the_likeliest_five_come_first_then_all_others_with_the_true_one_marked(field: ClassField) -> None:
    assert field.text() == "T-shirt/top"
    assert field.offered == [
        "T-shirt/top  ·  90.0 %",
        "Trouser  ·  4.0 %",
        "Pullover  ·  2.0 %",
        "Dress  ·  1.0 %",
        "Coat  ·  1.0 %",
        "Sandal  ·  true label",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ]


def test_typing_a_name_or_number_and_enter(field: ClassField, qtbot: QtBot) -> None:
    chosen: list[int] = []
    field.chosen.connect(chosen.append)
    field.setFocus()
    for text, number in (("sneaker", 7), ("2", 2), ("ankle", 9)):
        field.selectAll()
        qtbot.keyClicks(field, text)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        assert chosen[-1] == number
        assert field.text() == CLASSES[number]
        assert field.current == number
    assert len(chosen) == 3


def test_a_class_that_is_not_there_is_refused_and_the_old_one_stays(field: ClassField, qtbot: QtBot) -> None:
    refused: list[str] = []
    chosen: list[int] = []
    field.refused.connect(refused.append)
    field.chosen.connect(chosen.append)
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "zebra")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert refused[-1].startswith("There is no class zebra")
    assert chosen == []
    assert field.text() == "T-shirt/top"
    qtbot.keyClicks(field, "bag")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert refused[-1] == ""
    assert chosen == [8]


def test_typing_narrows_the_list_and_a_click_on_it_chooses(field: ClassField, qtbot: QtBot) -> None:
    chosen: list[int] = []
    field.chosen.connect(chosen.append)
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "shi")
    completer = field.completer()
    assert completer.completionCount() == 2
    popup = completer.popup()
    assert popup is not None
    qtbot.waitUntil(popup.isVisible)
    index = completer.completionModel().index(1, 0)
    assert index.data() == "Shirt"
    qtbot.mouseClick(popup.viewport(), Qt.MouseButton.LeftButton, pos=popup.visualRect(index).center())
    assert chosen == [6]
    assert field.text() == "Shirt"


def test_down_lists_all(field: ClassField, qtbot: QtBot) -> None:
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Down)
    assert field.completer().completionCount() == 10
    popup = field.completer().popup()
    assert popup is not None
    assert popup.isVisible()
    popup.hide()


def test_escape_and_leaving_take_back_what_was_half_typed(field: ClassField, qtbot: QtBot) -> None:
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "xyz")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "T-shirt/top"


def test_a_new_result_does_not_take_away_what_is_being_typed(field: ClassField, qtbot: QtBot) -> None:
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "sne")
    field.set_classes(Prediction(UNSURE, CLASSES), 2, None)
    assert field.text() == "sne"
    assert field.offered[0] == "Pullover  ·  40.0 %"


def test_two_classes_of_one_name_are_told_apart(field: ClassField) -> None:
    classes = ("crane", "dog", "crane")
    field.set_classes(Prediction(np.array([0.2, 0.1, 0.7], np.float32), classes), 2, None)
    assert field.text() == "crane (2)"
    assert field.offered[:2] == ["crane (2)  ·  70.0 %", "crane (0)  ·  20.0 %"]


def test_a_refused_class_is_told_in_the_panel(panel: CamPanel) -> None:
    panel.show_result(cam_result(cam_map(MAP)))
    panel.classes.refused.emit("There is no class zebra.")
    assert panel.odd.isVisible()
    assert panel.odd.text() == "There is no class zebra."
    assert panel.odd.property("rank") == "error"
    panel.classes.refused.emit("")
    assert not panel.odd.isVisible()
    assert panel.odd.property("rank") == ""
