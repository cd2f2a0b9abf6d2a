"""The legend of a study's chart: which study is which, and what the signs mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.app import study_texts as texts
from explorer.app.study_numbers import ONE_BY_ONE, Measure, halves
from explorer.app.text import tr
from explorer.app.theme import Palette, mixed, part_colour, theme
from explorer.engine.study_records import StudyResult

Sign = Literal["", "bars", "line", "path", "second", "triangle", "whisker", "quartiles", "run", "budget"]
_SIZE = 12
_LINE = 20.0
_SAMPLE = 24.0
_GAP = 18.0


@dataclass(frozen=True)
class StudyLegend:
    """Pairs of a sign, empty for none, and its words; the studies come first."""

    entries: tuple[tuple[Sign, str], ...]

    @classmethod
    def of(cls, results: Sequence[StudyResult], measure: Measure) -> StudyLegend:
        """Only the signs that occur."""
        if not results:
            return cls(())
        kind = results[0].request.kind
        first: Sign = "bars" if kind in ONE_BY_ONE else "path" if kind == "greedy" else "line"
        signs: tuple[Sign, ...] = (first, "second")
        entries: list[tuple[Sign, str]] = []
        for sign, result in zip(signs, results, strict=False):
            entries += [(sign, texts.study_name(result)), ("", texts.intact_words(result))]
        if kind in ONE_BY_ONE:
            spec = results[0].request.spec
            if any(halves(spec, block) for block in spec.block_ids):
                entries.append(("triangle", tr("downsampling")))
        if kind in ("random", "reorder"):
            entries += [("quartiles", tr("quartiles")), ("run", tr("one run"))]
        elif measure != "probability":
            words = tr("paired 95 % interval") if measure == "change" else tr("95 % interval (Wilson)")
            entries.append(("whisker", words))
        return cls(tuple(entries))

    def height(self, width: float) -> float:
        """What it needs at that width."""
        return (self._places(width)[-1].y() + 1) * _LINE if self.entries else 0.0

    def paint(self, painter: QPainter, rect: QRectF, palette: Palette) -> None:
        """Into a rectangle, from its top left."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetricsF(_font())
        for (sign, words), place in zip(self.entries, self._places(rect.width()), strict=True):
            x, y = rect.left() + place.x(), rect.top() + place.y() * _LINE
            if sign:
                _SIGNS[sign](painter, QRectF(x, y + 3, _SAMPLE, _LINE - 6), palette)
                x += _SAMPLE + 6
            painter.setFont(_font())
            painter.setPen(QColor(palette.text if sign in ("bars", "line", "path", "second") else palette.muted))
            room = rect.right() - x
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
            painter.drawText(QRectF(x, y, room, _LINE), int(flags), shown)

    def _places(self, width: float) -> list[QPointF]:
        """Left end of each entry; y counts lines."""
        metrics = QFontMetricsF(_font())
        x, line, places = 0.0, 0, []
        for sign, words in self.entries:
            needed = (_SAMPLE + 6 if sign else 0) + metrics.horizontalAdvance(words)
            if x and x + needed > width:
                x, line = 0.0, line + 1
            places.append(QPointF(x, line))
            x += needed + _GAP
        return places


class StudyLegendStrip(QWidget):
    """The legend above the chart."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._legend = StudyLegend(())
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(tr("Legend"))
        theme().changed.connect(self.update)

    def show_legend(self, legend: StudyLegend) -> None:
        if legend != self._legend:
            self._legend = legend
            self.setAccessibleDescription("; ".join(words for _, words in legend.entries))
            self.updateGeometry()
            self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return int(self._legend.height(width))

    def sizeHint(self) -> QSize:
        return QSize(300, self.heightForWidth(max(self.width(), 300)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._legend.paint(painter, QRectF(self.rect()), theme().palette)


def _font() -> QFont:
    font = QFont()
    font.setPixelSize(_SIZE)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def _bars(painter: QPainter, rect: QRectF, palette: Palette) -> None:
    """Three bars in stage colours."""
    painter.setPen(Qt.PenStyle.NoPen)
    for number, share in enumerate((0.55, 1.0, 0.75)):
        height = rect.height() * share
        painter.setBrush(part_colour(f"layer{number + 1}"))
        painter.drawRect(QRectF(rect.left() + 2 + 7 * number, rect.bottom() - height, 5, height))


def _line(painter: QPainter, rect: QRectF, palette: Palette) -> None:
    y = rect.center().y()
    painter.setPen(QPen(QColor(palette.accent), 2))
    painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right(), y))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(palette.accent))
    painter.drawEllipse(rect.center(), 3, 3)


def _path(painter: QPainter, rect: QRectF, palette: Palette) -> None:
    """Dots in stage colours on a line."""
    y = rect.center().y()
    painter.setPen(QPen(mixed(QColor(palette.muted), 0.7, palette.window), 1.5))
    painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right(), y))
    painter.setPen(Qt.PenStyle.NoPen)
    for number in range(3):
        painter.setBrush(part_colour(f"layer{number + 1}"))
        painter.drawEllipse(QPointF(rect.left() + 4 + 8 * number, y), 3.5, 3.5)


def _second(painter: QPainter, rect: QRectF, palette: Palette) -> None:
    middle = rect.center()
    painter.setPen(QPen(mixed(QColor(palette.text), 0.8, palette.window), 1.4))
    painter.setBrush(QColor(palette.window))
    points = [QPointF(0, -5), QPointF(4, 0), QPointF(0, 5), QPointF(-4, 0)]
    painter.drawPolygon(QPolygonF([middle + point for point in points]))


def _triangle(painter: QPainter, rect: QRectF, palette: Palette) -> None:
    middle = rect.center()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(palette.text))
    points = [QPointF(0, 4), QPointF(4.5, -4), QPointF(-4.5, -4)]
    painter.drawPolygon(QPolygonF([middle + point for point in points]))


def _whisker(painter: QPainter, rect: QRectF, palette: Palette) -> None:
    x = rect.center().x()
    painter.setPen(QPen(mixed(QColor(palette.text), 0.75, palette.window), 1.3))
    painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()))


def _quartiles(painter: QPainter, rect: QRectF, palette: Palette) -> None:
    painter.fillRect(rect, mixed(QColor(palette.accent), 0.16, palette.window))


def _run(painter: QPainter, rect: QRectF, palette: Palette) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(mixed(QColor(palette.accent), 0.4, palette.window))
    painter.drawEllipse(rect.center(), 3, 3)


def _budget(painter: QPainter, rect: QRectF, palette: Palette) -> None:
    painter.setPen(QPen(QColor(palette.accent), 1.5))
    painter.setBrush(mixed(QColor(palette.accent), 0.3, palette.window))
    painter.drawEllipse(rect.center(), 6, 6)


_SIGNS: dict[Sign, Callable[[QPainter, QRectF, Palette], None]] = {
    "bars": _bars,
    "line": _line,
    "path": _path,
    "second": _second,
    "triangle": _triangle,
    "whisker": _whisker,
    "quartiles": _quartiles,
    "run": _run,
    "budget": _budget,
}
