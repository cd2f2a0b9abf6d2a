"""The field for a guess, and the line on which it stands beside what was measured."""

from __future__ import annotations

import math
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QValidator
from pytestqt.qtbot import QtBot

from explorer.app.widgets.guess import GuessField, Scale
from explorer.app.widgets.number_line import NumberLine
from explorer.engine.lesson_records import Choice, Measured, Question
from tests.app.panel_support import show

POINTS = Question("How many points?", "lost", 0, 90)
SHARE = Question("How large?", "ratio", 0, 2)
MANY = Question("How many?", "paths", 1, 1e12, log=True)
FEW = Question(
    "Which?", "gap", choices=(Choice("a little", 1.0), Choice("quite a lot, so that it wraps", 9.0), Choice("b"))
)


def test_nothing_is_a_guess_until_it_is_touched(qtbot: QtBot) -> None:
    field = show(qtbot, GuessField(POINTS, "points"), 270, 40)
    assert field.guess is None
    assert field.number.text() == "–"
    with qtbot.waitSignal(field.changed):
        qtbot.keyClick(field.slider, Qt.Key.Key_Right)
    assert field.guess == 46
    assert field.number.text() == "46"


def test_a_press_on_the_slider_is_a_guess_where_it_stands(qtbot: QtBot) -> None:
    field = show(qtbot, GuessField(POINTS, "points"), 270, 40)
    field.slider.setSliderDown(True)
    assert field.guess == 45


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("12", 12),
        ("-3", 0),
        ("1,0", 1),
        ("0,5", 0.5),
        ("7,25", 7.25),
        ("1,000", 90),
        ("0.5", 0.5),
        ("7.4", 7.4),
        ("95", 90),
    ],
)
def test_a_number_that_is_typed(typed: str, value: float, qtbot: QtBot) -> None:
    field = show(qtbot, GuessField(POINTS, "points"), 270, 40)
    field.number.selectAll()
    qtbot.keyClicks(field.number, typed)
    with qtbot.waitSignal(field.confirmed):
        qtbot.keyClick(field.number, Qt.Key.Key_Return)
    assert field.guess == pytest.approx(value)
    assert field.slider.value() == round(value)


def test_what_is_counted_has_no_decimals(qtbot: QtBot) -> None:
    field = show(qtbot, GuessField(Question("Up to which length?", "longest", 0, 27), "count"), 270, 40)
    assert field.scale is not None
    assert [field.scale.words(place, "count") for place in (0, 9, 27)] == ["0", "9", "27"]
    qtbot.keyClick(field.slider, Qt.Key.Key_Right)
    assert (field.guess, field.number.text()) == (14, "14")


def test_counts_that_no_float_holds_end_the_scale(qtbot: QtBot) -> None:
    line = show(qtbot, NumberLine(), 260, 44)
    line.set(Scale(MANY), "count", 1e6, Measured("paths", 2**3072))
    assert not line.grab().isNull()
    assert line._ends == (0, pytest.approx(924.76, abs=0.01))
    assert Scale(MANY).words(line._ends[1], "count") == "5.8 × 10⁹²⁴"
    assert line.x_of(2**3072) == pytest.approx(line.width() - 8)
    line.set(Scale(POINTS), "points", 12, Measured("lost", 2**3072))
    assert not line.grab().isNull()
    assert line._ends == (0, 90)
    assert [Scale(POINTS).place(number) for number in (2**3072, -(2**3072))] == [math.inf, -math.inf]
    widest = Scale(Question("?", "x", 5e-324, sys.float_info.max, log=True))
    assert widest.number(widest.high + 0.001) == sys.float_info.max
    assert widest.words(widest.high, "count") == "1.8 × 10³⁰⁸"


def test_a_logarithmic_scale_takes_powers(qtbot: QtBot) -> None:
    field = show(qtbot, GuessField(MANY, "count"), 270, 40)
    for typed, value in (("1000000", 1e6), ("1e9", 1e9), ("2.0 × 10⁷", 2e7), ("134,217,728", 134217728.0), ("5", 5.0)):
        field.number.touch()
        field.number.lineEdit().setText(typed)
        field.number.interpretText()
        assert field.guess == pytest.approx(value, rel=1e-3)
    assert field.number.validate("0", 1)[0] is QValidator.State.Intermediate
    assert field.number.validate("many", 4)[0] is QValidator.State.Intermediate
    field.set_guess(1e12)
    assert field.slider.value() == field.slider.maximum()
    assert "10¹²" in field.number.text()


def test_small_scales_have_decimals() -> None:
    scale = Scale(SHARE)
    assert scale.decimals == 2
    assert scale.words(0.5, "times") == "0.50"
    assert Scale(POINTS).words(12.0, "points") == "12"


def test_choices_by_key_by_mouse_and_by_their_words(qtbot: QtBot) -> None:
    field = show(qtbot, GuessField(FEW, "points"), 180, 120)
    assert field.guess is None
    qtbot.mouseClick(field.buttons[1], Qt.MouseButton.LeftButton)
    assert field.guess == 1
    qtbot.mouseClick(field._words[2], Qt.MouseButton.LeftButton)
    assert field.guess == 2
    field.buttons[0].setFocus()
    qtbot.keyClick(field.buttons[0], Qt.Key.Key_Space)
    assert field.guess == 0
    with qtbot.waitSignal(field.confirmed):
        qtbot.keyClick(field.buttons[0], Qt.Key.Key_Return)
    field.lock(right=2)
    qtbot.mouseClick(field._words[1], Qt.MouseButton.LeftButton)
    assert field.guess == 0, "locked"
    assert field._words[2].text() == "b ✓"
    assert field.buttons[0].accessibleName() == "a little: your guess"
    assert field.buttons[2].accessibleName() == "b: as measured"


def test_the_line_places_both_and_makes_room(qtbot: QtBot) -> None:
    line = show(qtbot, NumberLine(), 216, 44)
    line.set(Scale(POINTS), "points", 45, Measured("lost", 22.5, 20, 25))
    places = [line.x_of(value) for value in (0, 22.5, 45, 90)]
    assert places == pytest.approx([8, 58, 108, 208])
    line.set(Scale(POINTS), "points", 45, Measured("lost", -10.0))
    assert line.x_of(-10.0) == pytest.approx(8), "the end moves out"
    assert line.x_of(math.nan) is None
    line.set(Scale(MANY), "count", 1e6, Measured("paths", 1e3))
    assert line.x_of(1e6) == pytest.approx(108)
    line.set(Scale(MANY), "count", 1e6, Measured("paths", 0.0))
    assert line.x_of(0.0) == pytest.approx(8)
    line.set(Scale(MANY), "count", 1e6, Measured("paths", math.nan))
    assert not line.grab().isNull()
