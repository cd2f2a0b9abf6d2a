"""The legend of a study's chart: which study is which, and what the signs mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from explorer.app import study_texts as texts
from explorer.app.study_numbers import ONE_BY_ONE, Measure, halves
from explorer.app.text import tr
from explorer.app.theme import Palette, mixed, part_colour
from explorer.app.widgets.legend import Legend
from explorer.engine.study_records import StudyResult

Sign = Literal["", "bars", "line", "path", "second", "triangle", "whisker", "quartiles", "run", "budget"]


@dataclass(frozen=True)
class StudyLegend(Legend):
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

    def has_sign(self, sign: Sign) -> bool:
        return bool(sign)

    def is_plain(self, sign: Sign) -> bool:
        return sign in ("bars", "line", "path", "second")

    def paint_sign(self, painter: QPainter, sign: Sign, rect: QRectF, palette: Palette) -> None:
        _SIGNS[sign](painter, rect, palette)


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
