"""The film on the screen: one scale, playing and stepping, and that nothing plays unseen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QTabWidget, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from explorer.app.panels.film import FilmPanel
from explorer.app.panels.looking import LookingPanel
from explorer.app.theme import theme
from explorer.app.widgets.channels import NO_NUMBER, SEQUENTIAL, TOP, table
from tests.app.explain.cam_support import film_result
from tests.app.panel_support import SMALL, pixels, show

FILM = film_result(
    ("stem", [[0, 1], [0, 1]]),
    ("layer1.0", [[0, 3], [0, 1]]),
    ("layer1.1", [[0, 3], [0, 1]]),
    ("layer1.2", [[4, 3], [0, 1]]),
)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[FilmPanel]:
    made = show(qtbot, FilmPanel(), 714, 330)
    made.set_stages(SMALL, "layer1")
    made.show_result(FILM)
    yield made
    theme().use("light")


@pytest.fixture
def lit(panel: FilmPanel) -> list[str]:
    told: list[str] = []
    panel.lit.connect(told.append)
    return told


def corner(panel: FilmPanel) -> np.ndarray:
    """The colour at the frame's upper left."""
    shown = pixels(panel.view)
    return shown[len(shown) // 4, len(shown) // 4].astype(int)


def test_all_frames_share_one_scale(panel: FilmPanel) -> None:
    assert (panel.bar.low.text(), panel.bar.high.text()) == ("0.0", "4.0")
    panel.go(0)
    assert np.abs(corner(panel) - table(SEQUENTIAL)[0]).max() <= 3
    panel.go(3)
    assert np.abs(corner(panel) - table(SEQUENTIAL)[TOP]).max() <= 3


def test_what_can_be_negative_has_zero_in_the_middle(panel: FilmPanel) -> None:
    panel.show_result(film_result(("layer1.0", [[-2.0, 1]]), ("layer1.1", [[0, 1]])))
    assert (panel.bar.low.text(), panel.bar.high.text()) == ("−2.0", "2.0")


def test_numbers_that_are_none_are_magenta(panel: FilmPanel) -> None:
    panel.show_result(film_result(("stem", [[1.0, 1]]), ("layer1.0", [[np.nan, 1]])))
    panel.go(1)
    assert np.abs(corner(panel) - table(SEQUENTIAL)[NO_NUMBER]).max() <= 1
    assert panel.change.full_text == "|change| –"


def test_block_and_change_stand_under_the_frame(panel: FilmPanel, lit: list[str]) -> None:
    told = []
    for frame in range(4):
        panel.go(frame)
        told.append((panel.part.full_text, panel.change.full_text))
    assert told == [
        ("stem", "what comes into layer1"),
        ("layer1.0", "|change| 0.5"),
        ("layer1.1", "|change| 0.0"),
        ("layer1.2", "|change| 1.0"),
    ]
    assert lit == ["stem", "layer1.0", "layer1.1", "layer1.2"]


def test_first_frame_of_a_stage_that_begins_with_a_projection(panel: FilmPanel) -> None:
    panel.show_result(film_result(("layer2.0", [[1.0]]), ("layer2.1", [[2.0]]), stage="layer2", channels=32))
    assert panel.change.full_text == "where it begins"
    assert panel.channel.maximum() == 31


@pytest.mark.parametrize("name", ["slider", "play", "strip"])
def test_left_and_right_step(panel: FilmPanel, lit: list[str], qtbot: QtBot, name: str) -> None:
    widget = getattr(panel, name)
    widget.setFocus()
    qtbot.keyClick(widget, Qt.Key.Key_Right)
    qtbot.keyClick(widget, Qt.Key.Key_Right)
    qtbot.keyClick(widget, Qt.Key.Key_Left)
    assert panel.frame == panel.slider.value() == panel.strip.current == 1
    assert lit == ["layer1.0", "layer1.1", "layer1.0"]


def test_stepping_ends_at_both_ends(panel: FilmPanel, qtbot: QtBot) -> None:
    qtbot.keyClick(panel, Qt.Key.Key_Left)
    assert panel.frame == 0
    for _ in range(6):
        qtbot.keyClick(panel, Qt.Key.Key_Right)
    assert panel.frame == 3


def test_plays_about_two_frames_a_second_to_the_end(panel: FilmPanel, lit: list[str], qtbot: QtBot) -> None:
    assert panel._timer.interval() == 500
    panel._timer.setInterval(10)
    qtbot.mouseClick(panel.play, Qt.MouseButton.LeftButton)
    assert panel.playing
    assert panel.play.text() == "Pause"
    qtbot.waitUntil(lambda: not panel.playing)
    assert lit == ["stem", "layer1.0", "layer1.1", "layer1.2"]
    assert panel.frame == 3
    assert panel.play.text() == "Play"
    panel.toggle()
    assert panel.frame == 0, "from the beginning again"
    panel.stop()


def test_pausing_keeps_the_frame(panel: FilmPanel, qtbot: QtBot) -> None:
    panel.toggle()
    panel._next()
    panel.toggle()
    assert not panel.playing
    qtbot.wait(30)
    assert panel.frame == 1


def test_stepping_by_hand_stops_playing(panel: FilmPanel, qtbot: QtBot) -> None:
    panel.toggle()
    qtbot.keyClick(panel, Qt.Key.Key_Right)
    assert not panel.playing


def test_hidden_it_stops_and_lights_nothing(panel: FilmPanel, lit: list[str]) -> None:
    panel.toggle()
    panel.hide()
    assert not panel.playing
    assert lit[-1] == ""
    panel.show()
    assert not panel.playing


def test_closing_stops_it(panel: FilmPanel) -> None:
    panel.toggle()
    panel.close()
    assert not panel.playing


def test_a_new_film_keeps_the_place(panel: FilmPanel) -> None:
    panel.go(2)
    panel.show_result(FILM)
    assert panel.frame == 2
    panel.show_result(film_result(("stem", [[1.0]]), ("layer1.0", [[2.0]])))
    assert panel.frame == 1
    panel.clear()
    assert not panel.strip.isVisible()


def test_a_single_frame_can_not_be_played(panel: FilmPanel) -> None:
    panel.show_result(film_result(("layer1.2", [[1.0]])))
    assert not panel.play.isEnabled()
    panel.show_result(FILM)
    assert panel.play.isEnabled()


def test_showing_a_film_asks_for_nothing(panel: FilmPanel) -> None:
    asked: list[int] = []
    panel.channel_chosen.connect(asked.append)
    panel.show_result(film_result(("stem", [[1.0]]), ("layer1.0", [[2.0]]), channel=9))
    assert panel.channel.value() == 9
    assert asked == []


def test_channels_and_stages_are_asked_for(panel: FilmPanel, qtbot: QtBot) -> None:
    channels: list[int] = []
    stages: list[str] = []
    most: list[bool] = []
    panel.channel_chosen.connect(channels.append)
    panel.stage_chosen.connect(stages.append)
    panel.most_requested.connect(lambda: most.append(True))
    panel.channel.setFocus()
    qtbot.keyClick(panel.channel, Qt.Key.Key_Up)
    qtbot.keyClick(panel.channel, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(panel.channel, "11")
    qtbot.keyClick(panel.channel, Qt.Key.Key_Return)
    assert channels == [4, 11]
    panel.stages.textActivated.emit("layer2")
    assert stages == ["layer2"]
    panel.most.click()
    assert most == [True]


def test_says_that_shortcuts_carry_the_channel(panel: FilmPanel) -> None:
    assert panel.note.text() == (
        "The shortcuts of layer1 carry channel 3 from block to block, and each block adds to it."
    )


def test_frames_are_told_to_screen_readers(panel: FilmPanel) -> None:
    panel.go(1)
    assert panel.strip.accessibleName() == "Frames"
    assert panel.strip.accessibleDescription() == "frame 2 of 4: layer1.0"


# -- both together -------------------------------------------------------------------------------------------------


def test_narrow_one_with_a_switch_wide_both(qtbot: QtBot) -> None:
    both = show(qtbot, LookingPanel(), 714, 330)
    told: list[bool] = []
    both.switched.connect(lambda: told.append(True))
    assert both.cam.isVisible()
    assert not both.film.isVisible()
    assert both.switch.isVisible()
    both.switch.buttons["film"].click()
    assert both.film.isVisible()
    assert not both.cam.isVisible()
    assert both.switch.isVisible()
    assert len(told) == 1
    both.resize(1300, 500)
    qtbot.waitUntil(both.cam.isVisible)
    assert both.film.isVisible()
    assert not both.switch.isVisible()
    both.resize(714, 330)
    qtbot.waitUntil(lambda: not both.cam.isVisible())
    assert both.film.isVisible()


def test_switching_away_from_a_playing_film_stops_it(qtbot: QtBot) -> None:
    both = show(qtbot, LookingPanel(), 714, 330)
    both.show_part("film")
    both.film.set_stages(SMALL, "layer1")
    both.film.show_result(FILM)
    both.film.toggle()
    both.switch.buttons["cam"].click()
    assert not both.film.playing


@pytest.mark.parametrize("name", ["cam", "film"])
def test_tab_walks_from_the_switch_through_the_panel(qtbot: QtBot, name: str) -> None:
    both = show(qtbot, LookingPanel(), 714, 330)
    both.show_part("film")
    both.show_part(name)
    panel = getattr(both, name)
    walked = []
    widget = both.switch.buttons["film"]
    for _ in range(60):
        widget = widget.nextInFocusChain()
        if widget in panel.order:
            walked.append(widget)
        if len(walked) == len(panel.order):
            break
    assert tuple(walked) == panel.order


def test_moved_into_a_window_tab_still_walks_from_the_switch(qtbot: QtBot) -> None:
    """Qt orders what is given another parent anew."""
    window = QWidget()
    row = QVBoxLayout(window)
    both = LookingPanel()
    row.addWidget(QPushButton("before"))
    tabs = QTabWidget()
    row.addWidget(tabs)
    tabs.addTab(both, "Where it looks")
    show(qtbot, window, 720, 400)
    widget: QWidget = both.switch.buttons["film"]
    walked = []
    for _ in range(len(both.cam.order) + 1):  # and what the words scroll in
        widget = widget.nextInFocusChain()
        walked.append(widget)
    assert walked[0] is both.cam.order[0]
    assert tuple(one for one in walked if one in both.cam.order) == both.cam.order
