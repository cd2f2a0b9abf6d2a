"""A chart as a file: heading, legend, the chart as on the screen, and notes below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from explorer.app.diagram.look import font
from explorer.app.painted import as_image, picture_suffix, write_picture
from explorer.app.theme import DARK, LIGHT, Palette
from explorer.app.widgets.chart import Chart
from explorer.app.widgets.legend import Legend
from explorer.app.widgets.line_chart import LineChart
from explorer.app.widgets.line_legend import LineLegend
from explorer.app.widgets.line_series import Frame, Series

_WIDTH, _CHART, _MARGIN, _HEADING = 960, 420, 24, 52


@dataclass(frozen=True, eq=False)
class ChartWords:
    """What stands around a chart.

    Attributes:
        heading, explanation: above it.
        band: what the bands around the lines are.
        notes: below it: how it was measured, n, and the command that repeats it.
    """

    heading: str
    explanation: str = ""
    band: str = ""
    notes: str = ""


class ChartPicture:
    """A chart with its words, ready to be painted. Needs a QApplication.

    Args:
        chart: of its own, not on any screen; the picture takes it down.
        draw: draws what it shows, called as often as that takes.
        legend: above it.
        words: around it.
        palette: colours.
    """

    def __init__(
        self, chart: Chart, draw: Callable[[], None], legend: Legend, words: ChartWords, palette: Palette
    ) -> None:
        self._chart, self._legend, self._words, self._palette = chart, legend, words, palette
        width = _WIDTH - 2 * _MARGIN
        self._legend_height = legend.height(width)
        room = QRectF(0, 0, width, 10_000)
        wrap = int(Qt.TextFlag.TextWordWrap)
        metrics = QFontMetricsF(font(12))
        self._foot = metrics.boundingRect(room, wrap, words.notes).height() if words.notes else 0.0
        # A chart lays itself out when it is shown; this one is never on a screen.
        chart.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        chart.resize(width, _CHART)
        chart.show()
        # Axes find out how wide they are when they are painted, and only then the labels know how many fit.
        for _ in range(2):
            draw()
            chart.grab()
            chart.plot.layout.activate()

    @property
    def size(self) -> QSize:
        """At one to one, with margins."""
        return QSize(_WIDTH, round(2 * _MARGIN + _HEADING + self._legend_height + 8 + _CHART + 12 + self._foot))

    def close(self) -> None:
        """Take the chart down."""
        self._chart.hide()
        self._chart.deleteLater()

    def paint(self, painter: QPainter) -> None:
        """At the painter's origin, one to one."""
        colours, width = self._palette, _WIDTH - 2 * _MARGIN
        painter.fillRect(QRectF(0, 0, self.size.width(), self.size.height()), QColor(colours.window))
        painter.translate(_MARGIN, _MARGIN)
        _write(painter, QRectF(0, 0, width, 24), self._words.heading, font(18, bold=True), colours.text)
        _write(painter, QRectF(0, 26, width, 18), self._words.explanation, font(12), colours.muted)
        y = float(_HEADING)
        self._legend.paint(painter, QRectF(0, y, width, self._legend_height), colours)
        y += self._legend_height + 8
        painter.setBrush(Qt.BrushStyle.NoBrush)
        self._chart.vector_painting(True)
        self._chart.paint_on(painter, QRectF(0, y, width, _CHART))
        self._chart.vector_painting(False)
        y += _CHART + 12
        wrapped = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        painter.setFont(font(12))
        painter.setPen(QColor(colours.muted))
        painter.drawText(QRectF(0, y, width, self._foot + 4), int(wrapped), self._words.notes)

    def image(self) -> QImage:
        """As pixels, two for each logical one."""
        return as_image(self.size, self.paint, self._palette.window)

    def write(self, path: Path | str, title: str, description: str) -> None:
        """As .svg or .png; title and description are the SVG's.

        Raises:
            UserError: another ending, or a place that can't be written.
        """
        write_picture(path, self.size, self.paint, self._palette.window, title, description)


def line_picture(series: Sequence[Series], frame: Frame, words: ChartWords, dark: bool) -> ChartPicture:
    """A chart of lines, ready to be painted."""
    palette = DARK if dark else LIGHT
    chart = LineChart(words.heading, palette)
    return ChartPicture(
        chart, partial(chart.show_series, series, frame), LineLegend(series, frame, words.band), words, palette
    )


def render_chart(
    series: Sequence[Series], frame: Frame, words: ChartWords, path: Path | str, dark: bool = False
) -> None:
    """Write a chart as .svg or .png (two pixels for each logical one). Needs a QApplication.

    Args:
        series, frame: as `LineChart` takes them.
        words: around it; its notes become the SVG's description.
        path: where to; an old file stays whole if it can't be written.
        dark: in the dark theme's colours.

    Raises:
        UserError: another ending, or a place that can't be written.
    """
    picture_suffix(path)
    picture = line_picture(series, frame, words, dark)
    try:
        picture.write(path, words.heading, words.notes)
    finally:
        picture.close()


def chart_image(series: Sequence[Series], frame: Frame, words: ChartWords, dark: bool = False) -> QImage:
    """The chart as pixels, two for each logical one, for the clipboard."""
    picture = line_picture(series, frame, words, dark)
    try:
        return picture.image()
    finally:
        picture.close()


def _write(painter: QPainter, rect: QRectF, text: str, face: QFont, colour: str) -> None:
    painter.setFont(face)
    painter.setPen(QColor(colour))
    shown = QFontMetricsF(face).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
