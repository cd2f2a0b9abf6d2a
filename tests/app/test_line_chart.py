"""The chart of lines: what can't be drawn becomes a sign at the edge, the pointer and the keys find points, files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from explorer.app.chart_export import ChartWords, chart_image, render_chart
from explorer.app.theme import DARK, LIGHT, theme
from explorer.app.widgets.legend import LegendStrip
from explorer.app.widgets.line_chart import LineChart, log_ticks, log_words
from explorer.app.widgets.line_legend import LineLegend
from explorer.app.widgets.line_series import Band, Frame, Series, drawn, edges
from explorer.errors import UserError

X = np.arange(6.0)
NETWORK = Series("ResNet", X, 10.0**X, 10.0 ** (X - 1), 10.0 ** (X + 1), ids=tuple(f"layer1.{n}" for n in range(6)))
PLAIN = Series("Plain", X, np.array([0.0, 1e-3, np.nan, np.inf, 1.0, 10.0]), role="second", dashed=True)
BEHIND = Series("behind", X, 10.0 ** (X - 2), role="context", marks=False)
FRAME = Frame("block", "norm", log=True, bands=(Band(-0.5, 2.5, "layer1"), Band(2.5, 5.5, "layer2")))


@pytest.fixture
def chart(qtbot: QtBot) -> Iterator[LineChart]:
    theme().use("light")
    chart = LineChart("Gradients")
    qtbot.addWidget(chart)
    chart.resize(600, 300)
    with qtbot.waitExposed(chart):
        chart.show()
    chart.show_series((NETWORK, PLAIN, BEHIND), FRAME)
    chart.grab()
    yield chart
    theme().use("light")


def at(chart: LineChart, series: int, point: int) -> QPoint:
    one = chart.series[series]
    place = QPointF(float(one.x[point]), float(drawn(one.y, chart.frame.log)[point]))
    return chart.mapFromScene(chart.plot.getViewBox().mapViewToScene(place))


def test_what_a_logarithm_has_no_place_for_is_told_apart() -> None:
    assert edges(PLAIN.y, log=True) == ["zero", None, "none", "high", None, None]
    assert edges(PLAIN.y, log=False) == [None, None, "none", "high", None, None]
    assert edges(np.array([-1.0, -np.inf]), log=True) == ["zero", "none"]
    assert drawn(np.array([0.0, 0.01, np.inf, 1000.0]), log=True) == pytest.approx([np.nan, -2, np.nan, 3], nan_ok=True)
    assert drawn(np.array([0.0, np.inf]), log=False) == pytest.approx([0, np.nan], nan_ok=True)


def test_an_axis_is_labelled_in_one_notation() -> None:
    assert log_words([-3, -2, 0, 3]) == ["0.001", "0.01", "1", "1000"]
    assert log_words([-12, -2, 0, 4]) == ["10⁻¹²", "10⁻²", "10⁰", "10⁴"]
    assert log_words(list(np.log10([0.02, 0.05, 0.1, 20.0]))) == ["0.02", "0.05", "0.1", "20"]
    assert log_words(list(np.log10([2e-7, 5e-7, 1e-6]))) == ["2·10⁻⁷", "5·10⁻⁷", "10⁻⁶"]


def test_few_powers_of_ten_are_divided_where_there_is_room() -> None:
    assert log_words(log_ticks(-1.8, -0.6, 150)) == ["0.02", "0.05", "0.1", "0.2"]
    assert log_words(log_ticks(-1.8, 0.9, 80)) == ["0.03", "0.1", "0.3", "1", "3"]
    assert log_words(log_ticks(-1.8, 0.9, 60)) == ["0.1", "1"]
    assert log_ticks(-6.5, 6.5, 150) == [-4.0, 0.0, 4.0]
    assert log_ticks(-1.5, 2.5, 400) == [-1.0, 0.0, 1.0, 2.0]


def test_the_axis_of_one_power_of_ten_has_at_least_three_labels(chart: LineChart) -> None:
    chart.show_series((Series("Plain-20", X, np.linspace(0.06, 0.2, 6)),), FRAME)
    chart.grab()
    axis = chart.plot.getAxis("left")
    (low, high), size = axis.range, axis.size().height()
    (spacing, values), *rest = axis.tickValues(low, high, size)
    assert not rest
    assert {"0.05", "0.1", "0.2"} <= set(axis.tickStrings(values, 1.0, spacing))


def test_the_range_holds_every_point_band_and_sign(chart: LineChart) -> None:
    (left, right), (low, high) = chart.plot.getViewBox().viewRange()
    assert left < 0
    assert right > 5
    assert low < -3
    assert high > 6


def test_pointing_and_clicking_tell_which_point(chart: LineChart, qtbot: QtBot) -> None:
    pointed, chosen = [], []
    chart.pointed.connect(lambda *hit: pointed.append(hit))
    chart.chosen.connect(lambda *hit: chosen.append(hit))
    qtbot.mouseMove(chart.viewport(), at(chart, 0, 4))
    qtbot.mouseClick(chart.viewport(), Qt.MouseButton.LeftButton, pos=at(chart, 0, 4))
    assert pointed[-1] == (0, 4)
    assert chosen == [(0, 4)]
    assert chart.hit(*at(chart, 1, 1).toTuple()) == (1, 1)
    assert chart.hit(2, 2) is None


def test_what_lies_behind_can_t_be_pointed_at(chart: LineChart) -> None:
    chart.show_series((BEHIND,), FRAME)
    chart.grab()
    assert chart.hit(*at(chart, 0, 2).toTuple()) is None


def test_keys_walk_along_the_lines(chart: LineChart, qtbot: QtBot) -> None:
    pointed, chosen = [], []
    chart.pointed.connect(lambda *hit: pointed.append(hit))
    chart.chosen.connect(lambda *hit: chosen.append(hit))
    keys = (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Left)
    for key in keys:
        qtbot.keyClick(chart, key)
    assert pointed == [(0, 0), (0, 1), (1, 1), (1, 0)]
    qtbot.keyClick(chart, Qt.Key.Key_Return)
    assert chosen == [(1, 0)]


def test_the_focus_is_seen_where_keys_brought_it_and_takes_the_mark_away(chart: LineChart, qtbot: QtBot) -> None:
    def corner() -> str:
        return str(chart.grab().toImage().pixelColor(0, 0).name())

    chart.activateWindow()
    for reason, colour in (
        (Qt.FocusReason.MouseFocusReason, LIGHT.window),
        (Qt.FocusReason.TabFocusReason, LIGHT.accent),
    ):
        chart.clearFocus()
        chart.setFocus(reason)
        qtbot.waitUntil(chart.hasFocus)
        assert corner() == QColor(colour).name()
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    with qtbot.waitSignal(chart.pointed) as left:
        chart.clearFocus()
    assert left.args == [-1, -1]
    assert corner() == QColor(LIGHT.window).name()


def test_numbers_at_the_ends_of_the_horizontal_axis_are_there(chart: LineChart) -> None:
    chart.show_series((Series("counts", np.arange(7.0), np.arange(7.0)),), Frame("length", "paths"))
    image = QImage(chart.size(), QImage.Format.Format_RGB32)
    painter = QPainter(image)
    axis = chart.plot.getAxis("bottom")
    texts = axis.generateDrawSpecs(painter)[2]
    painter.end()
    assert sorted(text for *_, text in texts) == list("0123456")


def test_other_series_keep_no_mark_of_points_that_are_gone(chart: LineChart) -> None:
    chart.point_at(1, 5)
    chart.show_series((Series("short", X[:2], X[:2]),), Frame("", ""))
    assert chart._current is None
    chart.clear_series()
    chart.grab()


def test_without_lines_there_is_nothing_to_see(chart: LineChart) -> None:
    chart.show_series((), FRAME)
    image = chart.grab().toImage()
    middle = [image.pixelColor(x, image.height() // 2) for x in range(20, image.width() - 20, 20)]
    assert set(map(QColor.name, middle)) == {QColor(LIGHT.window).name()}


@pytest.mark.parametrize("y", [np.full(6, np.nan), np.zeros(6), np.full(6, np.inf)])
def test_lines_of_nothing_to_draw_are_drawn(chart: LineChart, y: np.ndarray) -> None:
    for log in (True, False):
        chart.show_series((Series("odd", X, y, y, y),), Frame("x", "y", log=log))
        assert not chart.grab().isNull()


def test_it_follows_the_theme(chart: LineChart) -> None:
    theme().use("dark")
    assert chart.grab().toImage().pixelColor(3, 3) == QColor(DARK.window)
    assert chart.colour(NETWORK) == QColor(DARK.accent)


def test_the_legend_names_only_what_occurs(qtbot: QtBot) -> None:
    words = [text for _, text in LineLegend((NETWORK, PLAIN), FRAME, "range").entries]
    assert words == ["ResNet", "Plain", "range", "exactly zero", "infinite", "no number"]
    assert [text for _, text in LineLegend((NETWORK,), FRAME, "range").entries] == ["ResNet", "range"]
    strip = LegendStrip()
    qtbot.addWidget(strip)
    strip.show_legend(LineLegend((NETWORK, PLAIN), FRAME, "range"))
    assert strip.heightForWidth(150) > strip.heightForWidth(600) > 0
    assert "exactly zero" in strip.accessibleDescription()


def test_a_chart_is_written_as_pixels_and_as_svg_with_its_words(tmp_path: Path, qtbot: QtBot) -> None:
    words = ChartWords("Gradients", "of the loss", "range of 3 seeds", "16 images, seed 1")
    for dark, palette in ((False, LIGHT), (True, DARK)):
        render_chart((NETWORK, PLAIN), FRAME, words, tmp_path / "chart.png", dark)
        image = QImage(str(tmp_path / "chart.png"))
        assert image.width() == 1920
        assert image.pixelColor(2, 2) == QColor(palette.window)
    render_chart((NETWORK, PLAIN), FRAME, words, tmp_path / "chart.svg")
    text = " ".join(ElementTree.parse(tmp_path / "chart.svg").getroot().itertext())
    for expected in ("Gradients", "of the loss", "ResNet", "range of 3 seeds", "16 images, seed 1"):
        assert expected in text
    assert chart_image((NETWORK,), FRAME, words).width() == 1920


def test_another_ending_is_refused_in_one_sentence(tmp_path: Path, qtbot: QtBot) -> None:
    with pytest.raises(UserError, match=r"as \.png, \.svg"):
        render_chart((NETWORK,), FRAME, ChartWords("x"), tmp_path / "chart.doc")
