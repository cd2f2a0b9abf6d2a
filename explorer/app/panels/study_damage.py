"""Damage by class: a heat map of blocks by classes, and the images behind one of its cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolTip, QVBoxLayout, QWidget

from explorer.app.study_numbers import Damage, block_of, damage, flipped
from explorer.app.text import tr
from explorer.app.theme import SPACE, theme
from explorer.app.widgets.colour_bar import ColourBar
from explorer.app.widgets.flow import FlowLayout
from explorer.app.widgets.heat_map import HeatMap, diverging
from explorer.app.widgets.labels import ElidedLabel, paragraph
from explorer.app.widgets.numbers import signed, whole
from explorer.app.widgets.pictures import PictureView, to_image
from explorer.app.widgets.scroll_column import ScrollColumn
from explorer.engine.study_records import FlippedImages, StudyPoint, StudyResult

_PICTURE = 64
_CARD = 104


class DamageView(QWidget):
    """The heat map of the first study, with its colour bar."""

    chosen = Signal(int, int)
    """Point and class of a cell."""
    pointed = Signal(int)
    """Point under the pointer, -1 for none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: StudyResult | None = None
        self._damage: Damage | None = None
        self.hint = paragraph()
        self.map = HeatMap()
        self.map.pointed.connect(self._point)
        self.map.chosen.connect(self._choose)
        self.bar = ColourBar()
        self.words = ElidedLabel(rank="small")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.hint)
        column.addWidget(self.map, 1)
        foot = QHBoxLayout()
        foot.setSpacing(SPACE)
        foot.addWidget(self.bar)
        self.unit = QLabel(tr("points"))
        self.unit.setProperty("rank", "small")
        foot.addWidget(self.unit)
        foot.addWidget(self.words, 1)
        column.addLayout(foot)
        theme().changed.connect(self._show)
        self._show()

    def show_results(self, results: Sequence[StudyResult]) -> None:
        """Show the first study's damage."""
        self._result = results[0] if results else None
        if self.isVisible():
            self._show()

    def showEvent(self, event: object) -> None:
        self._show()

    def _show(self) -> None:
        self._damage = None if self._result is None else damage(self._result)
        there = self._damage is not None and len(self._damage.blocks) > 0
        for widget in (self.map, self.bar, self.unit, self.words):
            widget.setVisible(there)
        self.hint.setVisible(not there)
        self.hint.setText(self._why_not())
        if self._damage is None or self._result is None or not there:
            return
        end = self.map.show_values(self._damage.change, self._damage.blocks, self._result.info.classes)
        self.bar.set(-end, end, diverging())

    def _why_not(self) -> str:
        if self._result is None:
            return tr("Run a study of single blocks to see which classes each block matters to.")
        if self._result.labels is None:
            return tr("These images have no labels, so there is no recall.")
        return tr("Damage by class is shown for studies of one block at a time; this one is of several.")

    def cell_lines(self, column: int, row: int) -> list[str]:
        """What a cell says."""
        assert self._damage is not None
        assert self._result is not None
        number = self._damage.points[column]
        point = self._result.points[number]
        images = int(self._damage.images[column, row])
        change = float(self._damage.change[column, row])
        head = f"{self._damage.blocks[column]} · {self._result.info.classes[row]}"
        if not np.isfinite(change):
            return [head, tr("no image of this class yet")]
        return [
            head,
            tr("recall {change} points, n = {images}", change=signed(change), images=whole(images)),
            tr("{count} predictions changed", count=whole(len(flipped(self._result, point, row)))),
        ]

    def _point(self, column: int, row: int) -> None:
        if column < 0 or self._damage is None:
            self.words.setText("")
            self.pointed.emit(-1)
            QToolTip.hideText()
            return
        lines = self.cell_lines(column, row)
        self.words.setText(" · ".join(lines))
        self.pointed.emit(self._damage.points[column])
        if self.map.underMouse():
            QToolTip.showText(self.map.tip_place(column, row), "\n".join(lines), self.map)

    def _choose(self, column: int, row: int) -> None:
        if self._damage is not None:
            self.chosen.emit(self._damage.points[column], row)


class FlippedView(ScrollColumn):
    """The images whose prediction a lesion changed, with both predictions."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = self.column
        self.heading = QLabel()
        self.heading.setWordWrap(True)
        self.count = paragraph(rank="small")
        holder = QWidget()
        self._flow = FlowLayout(holder, gap=10)
        policy = holder.sizePolicy()
        policy.setHeightForWidth(True)
        holder.setSizePolicy(policy)
        self.cards: list[QWidget] = []
        column.addWidget(self.heading)
        column.addWidget(self.count)
        column.addWidget(holder)
        column.addStretch(1)

    def show_waiting(self, result: StudyResult, point: StudyPoint, label: int | None) -> None:
        """Say what is being fetched."""
        self._clear()
        self.heading.setText(_flipped_heading(result, point, label))
        self.count.setText(tr("fetching the images…"))

    def show_flipped(self, images: FlippedImages, result: StudyResult, point: StudyPoint, label: int | None) -> None:
        """Show the images with what the intact network and this one say."""
        self._clear()
        every = len(flipped(result, point, label))
        seen = point.counts.images
        of = seen if label is None or result.labels is None else int((result.labels[:seen] == label).sum())
        self.heading.setText(_flipped_heading(result, point, label))
        words = tr("{count} of {of} predictions changed", count=whole(every), of=whole(of))
        if every > len(images.pixels):
            words = tr("{words}; {shown} are shown", words=words, shown=whole(len(images.pixels)))
        self.count.setText(words)
        places = {int(index): place for place, index in enumerate(result.indices)}
        for index, pixels in zip(images.request.indices, images.pixels, strict=True):
            card = _card(result, point, places[int(index)], pixels)
            self.cards.append(card)
            self._flow.addWidget(card)

    def _clear(self) -> None:
        self._flow.clear()
        self.cards = []


def _flipped_heading(result: StudyResult, point: StudyPoint, label: int | None) -> str:
    where = block_of(point) or tr("{count} blocks", count=point.size)
    done = tr("cut") if point.lesion.cut else tr("deleted")
    head = f"{where} · {done}"
    return head if label is None else tr("{head}, true class {name}", head=head, name=result.info.classes[label])


def _card(result: StudyResult, point: StudyPoint, place: int, pixels: np.ndarray) -> QWidget:
    """A picture, and under it the prediction before and now, the right one marked."""
    classes = result.info.classes
    before, now = int(result.intact.predictions[place]), int(point.predictions[place])
    truth = None if result.labels is None else int(result.labels[place])
    card = QWidget()
    card.setFixedWidth(_CARD)
    column = QVBoxLayout(card)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(1)
    picture = PictureView(_PICTURE, "")
    picture.set_image(to_image(pixels))
    column.addWidget(picture)
    lines = [
        tr("intact: {name}{mark}", name=classes[before], mark=" ✓" if before == truth else ""),
        tr("now: {name}{mark}", name=classes[now], mark=" ✓" if now == truth else ""),
    ]
    for number, line in enumerate(lines):
        column.addWidget(ElidedLabel(line, rank="small" if number == 0 else ""))
    told = (
        ", ".join(lines)
        if truth is None
        else tr("{said}; true class {name}", said=", ".join(lines), name=classes[truth])
    )
    picture.setAccessibleName(told)
    picture.setToolTip(told)
    return card
