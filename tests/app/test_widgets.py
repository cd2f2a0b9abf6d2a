"""The small widgets: numbers, labels, layouts, colours."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from explorer.app.theme import DARK, LIGHT, Palette, part_colour
from explorer.app.widgets import channels
from explorer.app.widgets.fields import parsed
from explorer.app.widgets.figures import FigureTable
from explorer.app.widgets.flow import FlowLayout
from explorer.app.widgets.labels import ElidedLabel
from explorer.app.widgets.mosaic import GAP, SMALLEST, arrange
from explorer.app.widgets.numbers import measured, percent, scaled, signed, whole
from tests.app.panel_support import show


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, ("0", "")),
        (640, ("640", "")),
        (999, ("999", "")),
        (1000, ("1.00", "k")),
        (9_995, ("10.0", "k")),
        (442_368, ("442", "k")),
        (999_499, ("999", "k")),
        (999_500, ("1.00", "M")),
        (40_551_040, ("40.6", "M")),
        (11_513_626_624, ("11.5", "G")),
        (float("nan"), ("–", "")),
    ],
)
def test_scaled_keeps_three_figures(number: float, text: tuple[str, str]) -> None:
    assert scaled(number) == text


def test_other_numbers() -> None:
    assert whole(25_557_032) == "25,557,032"
    assert percent(0.91684) == "91.7"
    assert percent(None) == percent(float("nan")) == "–"
    assert signed(-2.41) == "−2.4"
    assert signed(0.04) == signed(-0.04) == "0.0"
    assert signed(3.2) == "+3.2"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0"), (4.71, "4.7"), (0.996, "1.0"), (0.031, "0.031"), (-0.4, "−0.4"), (12345.0, "1.2e+04"),
     (float("inf"), "–")],
)  # fmt: skip
def test_measured(value: float, text: str) -> None:
    assert measured(value) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [("18", 18), ("1,202", 1202), ("-3", -3), ("12,5", "12,5"), ("1_000", "1_000"), ("٣", "٣"), ("3.0", "3.0")],
)
def test_typed_numbers(text: str, value: object) -> None:
    assert parsed(text) == value


@pytest.mark.parametrize("count", [1, 2, 3, 16, 64, 100, 512, 2048])
@pytest.mark.parametrize("room", [(120, 72), (600, 160), (600, 300), (1500, 700), (40, 2000)])
def test_cells_are_the_largest_that_fit_or_scroll(count: int, room: tuple[int, int]) -> None:
    width, height = room
    cells = arrange(count, QSize(*room))
    assert cells.columns * cells.rows >= count
    assert cells.columns * (cells.rows - 1) < count
    assert cells.columns * (cells.side + GAP) - GAP <= width
    fits = cells.rows * (cells.side + GAP) - GAP <= height
    best = max(
        min((width + GAP) // columns, (height + GAP) // -(-count // columns)) - GAP for columns in range(1, count + 1)
    )
    if best >= SMALLEST:
        assert fits
        assert cells.side == min(best, 160)
    else:
        assert cells.side >= SMALLEST


def test_grid_puts_channels_row_by_row() -> None:
    maps = np.random.default_rng(0).integers(0, 254, (5, 2, 3)).astype(np.uint8)
    tiled, columns = channels.grid(maps)
    assert columns == 3
    assert tiled.shape == (4, 9)
    for channel in range(5):
        row, column = divmod(channel, columns)
        assert (tiled[2 * row : 2 * row + 2, 3 * column : 3 * column + 3] == maps[channel]).all()
    assert (tiled[2:, 6:] == channels.NOTHING).all()


def test_indices_follow_the_levels() -> None:
    maps = np.array([[[-1.0, 0.0], [1.0, 3.0]]], np.float32)
    assert channels.levels(maps) == (-1.0, 3.0)
    assert channels.symmetric(-1.0, 3.0) == channels.symmetric(-3.0, 1.0) == (-3.0, 3.0)
    assert channels.indices(maps, -1, 3).tolist() == [[[0, 63], [126, 253]]]
    assert (channels.indices(np.zeros((1, 2, 2), np.float32), 0, 0, symmetric=True) // 2 == 63).all()
    strange = np.array([[[np.nan, np.inf], [-np.inf, 0.5]]], np.float32)
    assert channels.indices(strange, 0, 1).tolist() == [[[254, 253], [0, 126]]]


def test_flow_goes_on_in_the_next_row(qtbot: QtBot) -> None:
    holder = QWidget()
    flow = FlowLayout(holder, gap=6)
    labels = []
    for _ in range(7):
        label = QLabel("x")
        label.setFixedSize(50, 20)
        flow.addWidget(label)
        labels.append(label)
    show(qtbot, holder, 170, 200)
    # Three of 50 with two gaps of 6 are 162.
    assert [label.y() for label in labels] == [0, 0, 0, 26, 26, 26, 52]
    assert flow.heightForWidth(170) == 72
    assert flow.heightForWidth(1000) == 20
    flow.clear()
    assert flow.count() == 0
    assert flow.heightForWidth(170) == 0


def test_elided_label_keeps_the_whole_text_at_hand(qtbot: QtBot) -> None:
    holder = QWidget()
    layout = QVBoxLayout(holder)
    label = ElidedLabel("a name that is far too long for its place")
    layout.addWidget(label)
    show(qtbot, holder, 100, 40)
    assert label.text().endswith("…")
    assert label.full_text == label.toolTip() == label.accessibleName()
    holder.resize(600, 40)
    qtbot.waitUntil(lambda: label.text() == label.full_text, timeout=1000)
    assert label.toolTip() == ""


def test_figures_align_at_their_right_ends(qtbot: QtBot) -> None:
    table = FigureTable()
    for key, number, unit in (("a", "269,722", ""), ("b", "40.6", "M"), ("c", "81", "px")):
        table.add(key, key)
        table.set(key, number, unit)
    show(qtbot, table, 240, 90)
    qtbot.wait(1)
    numbers = [label for label in table.findChildren(QLabel) if label.text() in {"269,722", "40.6", "81"}]
    assert len({label.geometry().right() for label in numbers}) == 1
    assert all(label.alignment() & Qt.AlignmentFlag.AlignRight for label in numbers)
    assert numbers[1].accessibleName() == "b: 40.6 M"


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_text_stands_out_from_its_ground(palette: Palette) -> None:
    """At least 4.5 to 1 (WCAG 2.2, criterion 1.4.3)."""

    def luminance(name: str) -> float:
        shares = [QColor(name).redF(), QColor(name).greenF(), QColor(name).blueF()]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    pairs = [
        (palette.text, palette.window),
        (palette.text, palette.control),
        (palette.muted, palette.window),
        (palette.muted, palette.control),
        (palette.error, palette.window),
        (palette.on_accent, palette.accent),
    ]
    for text, ground in pairs:
        high, low = sorted((luminance(text), luminance(ground)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5


def test_stage_colours_are_those_of_okabe_and_ito() -> None:
    assert part_colour("layer3.1").name().upper() == "#E69F00"
    assert part_colour("layer1").name().upper() == "#0072B2"
    assert part_colour("head").name().upper() == "#CC79A7"
