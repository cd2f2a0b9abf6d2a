"""Pictures of studies: SVG and PNG files, and the clipboard; the same chart as on the screen, with what was measured
and how written around it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QImage, QPainter

from explorer.app import study_texts as texts
from explorer.app.diagram.look import font
from explorer.app.export import png, write_whole
from explorer.app.painted import PNG_SCALE, as_image, as_svg, picture_suffix
from explorer.app.study_numbers import MEASURES, usable
from explorer.app.text import tr, translated
from explorer.app.theme import DARK, LIGHT, Palette
from explorer.app.widgets.study_chart import ChartLook, StudyChart
from explorer.app.widgets.study_legend import StudyLegend
from explorer.engine.study_records import StudyResult

_WIDTH, _CHART = 960, 420
_MARGIN = 24
_HEADING = 52


class StudyPicture:
    """One or two studies with heading, legend and protocol, ready to be painted.

    Args:
        results: the studies; of a kind where there are two.
        palette: colours.
        look: what is drawn; the kind's first measure by place where None.
    """

    def __init__(self, results: Sequence[StudyResult], palette: Palette, look: ChartLook | None = None) -> None:
        self._results, self._palette = tuple(results), palette
        kind = results[0].request.kind
        look = look or ChartLook(MEASURES[kind][0])
        self.measure = usable(results[0], look.measure)
        self._legend = StudyLegend.of(results, self.measure)
        self._legend_height = self._legend.height(_WIDTH - 2 * _MARGIN)
        self._protocol = " ".join(translated(sentence) for sentence in results[0].protocol.sentences)
        metrics = QFontMetricsF(font(12))
        room = QRectF(0, 0, _WIDTH - 2 * _MARGIN, 10_000)
        flags = int(Qt.TextFlag.TextWordWrap)
        self._foot = metrics.boundingRect(room, flags, self._protocol).height() if self._protocol else 0.0
        self._chart = StudyChart(palette)
        # A chart lays itself out when it is shown; this one is never on a screen.
        self._chart.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        self._chart.resize(_WIDTH - 2 * _MARGIN, _CHART)
        self._chart.show()
        # Axes find out how wide they are when they are painted, and only then the labels know how many fit.
        for _ in range(2):
            self._chart.show_results(results, look)
            self._chart.grab()
            self._chart.plot.layout.activate()

    @property
    def size(self) -> QSize:
        """At one to one, with margins."""
        height = 2 * _MARGIN + _HEADING + self._legend_height + 8 + _CHART + 12 + self._foot
        return QSize(_WIDTH, round(height))

    def close(self) -> None:
        """Take the chart down."""
        self._chart.hide()
        self._chart.deleteLater()

    def paint(self, painter: QPainter) -> None:
        """At the painter's origin, one to one."""
        colours, width = self._palette, _WIDTH - 2 * _MARGIN
        painter.fillRect(QRectF(0, 0, self.size.width(), self.size.height()), QColor(colours.window))
        painter.translate(_MARGIN, _MARGIN)
        kind, plain = self._results[0].request.kind, self._results[0].request.spec.plain
        self._write(painter, QRectF(0, 0, width, 24), texts.kind_name(kind, plain), font(18, bold=True), colours.text)
        words = f"{tr(texts.MEASURE_NAMES[self.measure])}. {tr(texts.MEASURE_TIPS[self.measure])}."
        self._write(painter, QRectF(0, 26, width, 18), words, font(12), colours.muted)
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
        painter.drawText(QRectF(0, y, width, self._foot + 4), int(wrapped), self._protocol)

    def image(self, scale: float = PNG_SCALE) -> QImage:
        """As pixels, `scale` for each logical one."""
        return as_image(self.size, self.paint, self._palette.window, scale)

    def svg(self) -> bytes:
        """As an SVG file whose words are text."""
        title = " / ".join(texts.study_name(result) for result in self._results)
        return as_svg(self.size, self.paint, title, self._results[0].protocol.command)

    def _write(self, painter: QPainter, rect: QRectF, text: str, face: QFont, colour: str) -> None:
        painter.setFont(face)
        painter.setPen(QColor(colour))
        shown = QFontMetricsF(face).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)


def render_study(
    results: Sequence[StudyResult], path: Path | str, dark: bool = False, look: ChartLook | None = None
) -> None:
    """Write a study's chart, or two over each other, as .svg or .png (two pixels for each logical one). Needs a
    QApplication.

    Args:
        results: one or two studies of a kind.
        path: where to; an old file stays whole if it can't be written.
        dark: in the dark theme's colours.
        look: what is drawn; the kind's first measure by place where None.

    Raises:
        UserError: another suffix, or a place that can't be written.
    """
    suffix = picture_suffix(path)
    picture = StudyPicture(results, DARK if dark else LIGHT, look)
    try:
        data = picture.svg() if suffix == ".svg" else png(picture.image())
    finally:
        picture.close()
    write_whole(Path(path), data)


def study_image(results: Sequence[StudyResult], dark: bool = False, look: ChartLook | None = None) -> QImage:
    """The chart as pixels, two for each logical one."""
    picture = StudyPicture(results, DARK if dark else LIGHT, look)
    try:
        return picture.image()
    finally:
        picture.close()


def copy_study(results: Sequence[StudyResult], dark: bool = False, look: ChartLook | None = None) -> None:
    """The chart's pixels into the clipboard."""
    QGuiApplication.clipboard().setImage(study_image(results, dark, look))
