"""One block: x, F(x) and x + F(x) side by side, channel by channel, on one scale."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, Signal, SignalInstance
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.app.block_words import block_words, cosine, number, untrained_words
from explorer.app.text import tr
from explorer.app.theme import SPACE, theme
from explorer.app.widgets import channels as arithmetic
from explorer.app.widgets.colour_bar import ColourBar
from explorer.app.widgets.labels import ElidedLabel, paragraph
from explorer.app.widgets.mosaic import Mosaic
from explorer.app.widgets.numbers import measured
from explorer.engine.explain.block_outline import BlockMark, Join
from explorer.engine.explain.blocks_records import BlockMaps, BlocksResult

_SIGN = 14
_TITLES: dict[Join, tuple[str, str, str]] = {
    "add": ("x", "F(x)", "x + F(x)"),
    "gate": ("gated x", "gated F(x)", "the sum"),
    "concat": ("x", "F(x)", "x, F(x)"),
    "none": ("x", "F(x)", ""),
}
_WHOSE = ("from the shortcut", "from the branch", "their sum")
_BEHIND = ("from the shortcut", "from the branch", "what goes on")
_PLAIN = ("what comes to the layer", "what the layer makes of it", "")


class _Column(QWidget):
    """One of the three: its name, what it is, its channels."""

    def __init__(self) -> None:
        super().__init__()
        self.name, self.what, self.mosaic = QLabel(), ElidedLabel(rank="small"), Mosaic()
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        font = self.name.font()
        font.setBold(True)
        self.name.setFont(font)
        self.maps: np.ndarray | None = None
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        row.addWidget(self.name)
        row.addWidget(self.what, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.mosaic, 1)

    def set_names(self, name: str, what: str) -> None:
        self.name.setText(name)
        self.what.setText(what)
        self.mosaic.setAccessibleName(tr("Channels of {name}", name=name))


class BlockMapsPage(QWidget):
    """Three mosaics of a block; a channel chosen in one is marked in all, and alone it fills them."""

    save_requested = Signal(QImage)
    copy_requested = Signal(QImage)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._maps: BlockMaps | None = None
        self._figures = self._untrained = ""
        self._channel = 0
        self.columns = (_Column(), _Column(), _Column())
        self.signs = (QLabel("+"), QLabel("="))
        self.words = paragraph(rank="small")
        self.bar, self.pointer = ColourBar(), ElidedLabel(rank="small")
        self.single = QPushButton(tr("One channel"))
        self.single.setCheckable(True)
        self.single.setProperty("chip", True)
        self.single.setToolTip(tr("Show the chosen channel alone; the arrow keys go to the next one"))
        self.single.toggled.connect(self._show)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addLayout(self._middle(), 1)
        layout.addWidget(self.words)
        layout.addLayout(self._foot())
        theme().changed.connect(self._show)

    def _middle(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        for index, column in enumerate(self.columns):
            if index:
                sign = self.signs[index - 1]
                sign.setProperty("rank", "headline")
                sign.setFixedWidth(_SIGN)
                sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
                row.addWidget(sign)
            row.addWidget(column, 1)
            mosaic = column.mosaic
            mosaic.chosen.connect(self._choose)
            mosaic.hovered.connect(self._hover)
            mosaic.installEventFilter(self)
            mosaic.verticalScrollBar().valueChanged.connect(partial(self._scroll, index))
        return row

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        row.addWidget(self.bar)
        row.addWidget(self.single)
        row.addWidget(self.pointer, 1)
        for text, tip, signal in (
            (tr("Copy"), tr("Copy the maps as a picture"), self.copy_requested),
            (tr("Save…"), tr("Save the maps as a PNG file"), self.save_requested),
        ):
            button = QPushButton(text)
            button.setProperty("quiet", True)
            button.setToolTip(tip)
            button.clicked.connect(partial(self._send, signal))
            row.addWidget(button)
        return row

    # -- showing -------------------------------------------------------------------------------------------------

    def show_result(self, result: BlocksResult) -> None:
        """The maps of the block that was asked for."""
        before = self._maps
        self._maps = result.maps
        self._figures = "" if result.maps is None else _figure_words(result, result.maps.mark)
        self._untrained = untrained_words(result)
        if before is None or result.maps is None or before.carried.shape != result.maps.carried.shape:
            self._channel = 0
        self._show()

    def clear(self) -> None:
        self._maps = None

    @property
    def channel(self) -> int:
        """The channel that is marked."""
        return self._channel

    def image(self) -> QImage:
        """All that is shown, each number a square of whole pixels, side by side with their signs."""
        shown = [column.mosaic.to_image() for column in self.columns if column.isVisibleTo(self)]
        gap = 4 * SPACE
        width = sum(image.width() for image in shown) + gap * (len(shown) - 1)
        image = QImage(max(width, 1), max((one.height() for one in shown), default=1), QImage.Format.Format_RGB32)
        image.fill(QColor(theme().palette.window))
        painter, x = QPainter(image), 0
        painter.setPen(QColor(theme().palette.text))
        for index, one in enumerate(shown):
            painter.drawImage(x, 0, one)
            x += one.width()
            if index + 1 < len(shown):
                middle = int(Qt.AlignmentFlag.AlignCenter)
                painter.drawText(x, 0, gap, image.height(), middle, self.signs[index].text())
            x += gap
        painter.end()
        return image

    def _show(self) -> None:
        maps = self._maps
        if maps is None:
            return
        shown = (maps.carried, maps.added, maps.total)
        self._show_names(maps)
        there = [one for one in shown if one is not None and one.size]
        every = [arithmetic.levels(one) for one in there]
        # What a branch adds has a sign: zero is seen as zero, also where this block's numbers have one sign only.
        low, high = arithmetic.symmetric(min(one[0] for one in every), max(one[1] for one in every))
        colours = arithmetic.table(arithmetic.DIVERGING_DARK if theme().palette.dark else arithmetic.DIVERGING)
        for column, values in zip(self.columns, shown, strict=True):
            column.maps = values
            if values is None:
                column.mosaic.clear()
                continue
            single = self.single.isChecked()
            part = values[self._channel : self._channel + 1] if single else values
            order = np.arange(len(part))
            column.mosaic.set_channels(arithmetic.indices(part, low, high, symmetric=True), colours, order)
            column.mosaic.set_current(0 if single else min(self._channel, len(values) - 1))
        self.bar.set(low, high, colours)
        self._tell()

    def _show_names(self, maps: BlockMaps) -> None:
        mark = maps.mark
        whose = {"none": _PLAIN, "concat": _BEHIND}.get(mark.join, _WHOSE)
        names = _names(mark)
        for column, name, what, values in zip(
            self.columns, names, whose, (maps.carried, maps.added, maps.total), strict=True
        ):
            column.setVisible(values is not None)
            column.set_names(name, tr(what) if what else "")
        plus = {"concat": "|", "none": "→"}.get(mark.join, "+")
        for sign, text, values in zip(self.signs, (plus, "="), (maps.added, maps.total), strict=True):
            sign.setText(text)
            sign.setVisible(values is not None)
        words = block_words(mark)
        if not all(np.isfinite(values).all() for values in (maps.carried, maps.added) if values is not None):
            words = tr("{words} Some of the numbers are none: they are magenta.", words=words)
        self.words.setText(" ".join(one for one in (words, self._untrained) if one))

    # -- channels ------------------------------------------------------------------------------------------------

    def _choose(self, channel: int) -> None:
        if self.single.isChecked():
            return
        self._channel = channel
        for column in self.columns:
            if column.maps is not None and channel < len(column.maps):
                column.mosaic.set_current(channel)
        self._tell()

    def _step(self, by: int) -> None:
        """The next channel, shown alone."""
        assert self._maps is not None
        self._channel = min(max(self._channel + by, 0), len(self._maps.carried) - 1)
        self._show()

    def _scroll(self, index: int, value: int) -> None:
        """Mosaics of the same channels scroll together."""
        for column in self.columns:
            if column is not self.columns[index]:
                column.mosaic.verticalScrollBar().setValue(value)

    def _tell(self) -> None:
        """The block's figures, and which channel is alone."""
        alone = tr("channel {number}", number=self._channel) if self.single.isChecked() else ""
        self.pointer.setText(" · ".join(one for one in (alone, self._figures) if one))

    def _hover(self, channel: int, row: int, column: int) -> None:
        """The three numbers at one place."""
        if channel < 0 or self._maps is None:
            self._tell()
            return
        channel = self._channel if self.single.isChecked() else channel
        place = tr("channel {number}, row {row}, column {column}", number=channel, row=row, column=column)
        told = []
        for one, values in zip(
            _names(self._maps.mark), (self._maps.carried, self._maps.added, self._maps.total), strict=True
        ):
            if values is not None and channel < len(values) and row < values.shape[1] and column < values.shape[2]:
                told.append(f"{one} {measured(float(values[channel, row, column]))}")
        self.pointer.setText(tr("{place}: {values}", place=place, values=", ".join(told)))

    def _send(self, signal: SignalInstance) -> None:
        if self._maps is not None:
            signal.emit(self.image())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A channel alone: the arrow keys go to the next one, Escape shows all again."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self.single.isChecked():
            steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
            if event.key() in steps and self._maps is not None:
                self._step(steps[Qt.Key(event.key())])
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.single.setChecked(False)
                return True
        return super().eventFilter(watched, event)


def _names(mark: BlockMark) -> tuple[str, str, str]:
    """What stands above the three."""
    carried, added, total = (tr(title) if title else "" for title in _TITLES[mark.join])
    return carried, added if mark.gated or mark.join != "gate" else "F(x)", total


def _figure_words(result: BlocksResult, mark: BlockMark) -> str:
    """`|F(x)| / |x| = 0.88, cosine −0.14`, of those that exist."""
    figures = result.figures
    index = next(index for index, one in enumerate(figures.outline.blocks) if one.block == mark.block)
    told = [f"|F(x)| / |x| = {number(float(figures.ratio[index]))}"] if mark.has_ratio else []
    told += [tr("cosine {value}", value=cosine(float(figures.cosine[index])))] if mark.has_cosine else []
    return ", ".join(told)
