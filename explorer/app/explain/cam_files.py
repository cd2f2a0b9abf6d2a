"""Grad-CAM's maps over the picture as files: PNG and SVG with a legend, and the numbers as CSV."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QImage, QPainter

from explorer.app.diagram.look import font
from explorer.app.export import png
from explorer.app.painted import as_image, as_svg
from explorer.app.panels.cam import answer_words, lesion_words, odd_words
from explorer.app.text import tr, translated
from explorer.app.theme import LIGHT, Palette, theme
from explorer.app.widgets.channels import TOP
from explorer.app.widgets.heat import heat_colours, heat_image
from explorer.app.widgets.numbers import measured, percent
from explorer.app.widgets.pictures import to_image
from explorer.engine.explain.cam_records import CamMap, CamResult
from explorer.engine.explain.cam_tables import csv_text
from explorer.errors import UserError

SUFFIXES = (".png", ".svg", ".csv")
OPACITY = 0.6
_SIDE, _GAP, _MARGIN = 320, 16, 24
_WIDTH = 2 * _SIDE + _GAP
_HEADING, _ROW, _STRIP = 64, 22, 10
_WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
_LINE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class CamPicture:
    """The maps with heading, legend and what to know of them, ready to be painted.

    Args:
        result: what is shown.
        opacity: of the maps over the picture, 0 to 1.
        palette: colours.
    """

    def __init__(self, result: CamResult, opacity: float, palette: Palette) -> None:
        self._result, self._opacity, self._palette = result, opacity, palette
        notes = [done_words(result), answer_words(result), *odd_words(result).split("\n")]
        notes += [translated(note) for note in (*result.notes, result.note)]
        self._notes = "\n".join(note for note in notes if note)
        # Words stand beside a single map, and below two.
        width = _SIDE if result.now is None else _WIDTH
        room = QRectF(0, 0, width, 10_000)
        self._words = QFontMetricsF(font(12)).boundingRect(room, int(_WRAPPED), self._notes).height() + 4

    @property
    def title(self) -> str:
        result = self._result
        return tr(
            "Where {network} looks for {label}",
            network=result.request.spec.name,
            label=result.classes[result.label],
        )

    @property
    def size(self) -> QSize:
        """At one to one, with margins."""
        below = 0.0 if self._result.now is None else 12 + self._words
        height = 2 * _MARGIN + _HEADING + 2 * _ROW + _SIDE + 8 + _ROW + below
        return QSize(_WIDTH + 2 * _MARGIN, round(height))

    def paint(self, painter: QPainter) -> None:
        """At the painter's origin, one to one."""
        colours, result = self._palette, self._result
        painter.fillRect(QRectF(0, 0, self.size.width(), self.size.height()), QColor(colours.window))
        painter.translate(_MARGIN, _MARGIN)
        self._write(painter, QRectF(0, 0, _WIDTH, 26), self.title, font(18, bold=True), colours.text)
        subtitle = tr(
            "Grad-CAM at {block}. Picture: {name}", block=result.block, name=translated(result.request.picture.name)
        )
        self._write(painter, QRectF(0, 30, _WIDTH, 18), subtitle, font(12), colours.muted)
        lesion = result.request.lesion
        names = (tr("Intact"), lesion_words(lesion.deleted, lesion.cut, lesion.order))
        for number, found in enumerate(result.maps):
            self._map(painter, QPointF(number * (_SIDE + _GAP), _HEADING), names[number], found)
        y = _HEADING + 2 * _ROW + _SIDE + 8.0
        self._legend(painter, QRectF(0, y, _SIDE, _ROW))
        beside = result.now is None
        place = (
            QRectF(_SIDE + _GAP, _HEADING + _ROW, _SIDE, self._words)
            if beside
            else QRectF(0, y + _ROW + 12, _WIDTH, self._words)
        )
        painter.setFont(font(12))
        painter.setPen(QColor(colours.muted))
        painter.drawText(place, int(_WRAPPED), self._notes)

    def image(self) -> QImage:
        return as_image(self.size, self.paint, self._palette.window)

    def svg(self) -> bytes:
        return as_svg(self.size, self.paint, self.title, self._notes)

    def _map(self, painter: QPainter, at: QPointF, name: str, found: CamMap) -> None:
        """One map over the picture, each number a square."""
        result, colours = self._result, self._palette
        self._write(painter, QRectF(at.x(), at.y(), _SIDE, _ROW), name, font(13, bold=True), colours.text)
        square = QRectF(at.x(), at.y() + _ROW, _SIDE, _SIDE)
        # Enlarged here, by whole squares: viewers of SVG files would smooth what is small.
        for image, opacity in ((to_image(result.seen), 1.0), (heat_image(found.values, result.top), self._opacity)):
            painter.setOpacity(opacity)
            painter.drawImage(square, _enlarged(image))
        painter.setOpacity(1)
        share = percent(float(found.prediction.probabilities[result.label]))
        words = tr("{share} %, score {score}", share=share, score=measured(found.score))
        below = QRectF(at.x(), square.bottom() + 2, _SIDE, _ROW)
        self._write(painter, below, words, font(12), colours.muted)

    def _legend(self, painter: QPainter, room: QRectF) -> None:
        """Lowest number, colours, highest number."""
        colours, high = self._palette, measured(self._result.top)
        metrics = QFontMetricsF(font(12))
        before, right = metrics.horizontalAdvance("0.0") + 8, metrics.horizontalAdvance(high) + 8
        self._write(painter, room, "0.0", font(12), colours.muted)
        end = QRectF(room.right() - right + 8, room.top(), right, room.height())
        self._write(painter, end, high, font(12), colours.muted)
        table = heat_colours()
        strip = QRectF(room.left() + before, room.center().y() - _STRIP / 2, room.width() - before - right, _STRIP)
        step = strip.width() / (TOP + 1)
        painter.setPen(Qt.PenStyle.NoPen)
        for index in range(TOP + 1):
            # A little wider than its step, so that no ground shows between two.
            bar = QRectF(
                strip.left() + index * step, strip.top(), min(step * 1.5, strip.right() - index * step), _STRIP
            )
            red, green, blue = (int(value) for value in table[index])
            painter.fillRect(bar, QColor(red, green, blue))

    def _write(self, painter: QPainter, rect: QRectF, text: str, face: QFont, colour: str) -> None:
        painter.setFont(face)
        painter.setPen(QColor(colour))
        shown = QFontMetricsF(face).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, int(_LINE), shown)


def done_words(result: CamResult) -> str:
    """All that is done to the network, for whoever has but the file; empty where nothing is."""
    request = result.request
    parts = []
    if request.deleted:
        parts.append(tr("Deleted: {blocks}.", blocks=", ".join(sorted(request.deleted))))
    if request.cut:
        parts.append(tr("Shortcuts cut: {blocks}.", blocks=", ".join(sorted(request.cut))))
    if request.order:
        parts.append(tr("Order: {blocks}.", blocks=", ".join(request.order)))
    return " ".join(parts)


def _enlarged(image: QImage) -> QImage:
    """At least as large as it is printed, each pixel a square."""
    factor = max(-(-2 * _SIDE // max(image.width(), 1)), 1)
    return image.scaled(image.width() * factor, image.height() * factor)


def suffix_of(path: Path) -> str:
    """A file's ending, in small letters.

    Raises:
        UserError: it is none of `SUFFIXES`.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError("{path} must end in {suffixes}.", path=path, suffixes=".png, .svg or .csv")
    return suffix


def written(result: CamResult, path: Path, opacity: float = OPACITY, palette: Palette | None = None) -> bytes:
    """A file's bytes, of the kind that its name asks for. Pictures need a QApplication.

    Raises:
        UserError: another ending.
    """
    suffix = suffix_of(path)
    if suffix == ".csv":
        return csv_text(result).encode()
    picture = CamPicture(result, opacity, palette or LIGHT)
    return picture.svg() if suffix == ".svg" else png(picture.image())


def copied(result: CamResult, opacity: float) -> None:
    """The picture's pixels into the clipboard."""
    QGuiApplication.clipboard().setImage(CamPicture(result, opacity, theme().palette).image())


def kinds() -> str:
    """The kinds of files, for a dialog."""
    return "PNG (*.png);;SVG (*.svg);;CSV (*.csv)"
