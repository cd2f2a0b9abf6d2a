"""What each channel of a part makes of the picture: a mosaic, one channel enlarged over the picture, the change."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QImage
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QPushButton, QSizePolicy, QSlider, QVBoxLayout, QWidget

from explorer.app.document import Document
from explorer.app.text import tr
from explorer.app.theme import SPACE, theme
from explorer.app.widgets import channels as arithmetic
from explorer.app.widgets.chips import PartChip
from explorer.app.widgets.colour_bar import ColourBar
from explorer.app.widgets.flow import FlowLayout
from explorer.app.widgets.labels import ElidedLabel, paragraph, set_rank
from explorer.app.widgets.mosaic import Mosaic
from explorer.app.widgets.numbers import measured
from explorer.app.widgets.panel import Panel
from explorer.app.widgets.pictures import PictureView, to_image
from explorer.engine.records import PictureResult

_ABOUT = (
    "The output of the stem, of a stage (what stands last in it) or of the selected block, channel by channel, after "
    "the addition and its ReLU (He et al. 2015, section 3.2); bright is strong. All channels share one scale, that of "
    "the colour bar. A zero means that the ReLU let nothing pass, or that option A's padding was never filled.\n\n"
    "Nothing follows the addition of a pre-activation block (He et al. 2016, section 4.1), so its output can be "
    "negative: red is above zero, blue below. In a plain network it is the output of a layer's ReLU.\n\n"
    "Click a channel to lay it over the picture. Each further stage halves the map, so one of its positions stands "
    "for a larger part of the picture (Table 1).\n\n"
    "Change against intact shows this network's maps minus the intact network's: red is more, blue is less. What "
    "stands before the first deleted, cut or moved block does not change."
)
_ORDERS: dict[arithmetic.Order, str] = {
    "index": "sorted by index",
    "mean": "sorted by mean",
    "variance": "sorted by variance",
}
_SIDE = 136
_LARGEST_SIDE = 280
_BESIDE, _AROUND = 64, 104
"""What stands below the enlarged channel, and the foot with all gaps, in logical pixels."""


class FeatureMapsPanel(Panel):
    """Shows the maps of a result that the window hands over.

    The chips are stem, stages and the block that was last selected; selecting a part elsewhere chooses its chip.
    """

    maps_requested = Signal(str)
    """Id of a part whose maps the result at hand has not kept."""
    copy_requested = Signal(QImage)
    save_requested = Signal(QImage)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(tr("Feature maps"), tr(_ABOUT), parent, scrolls=False)
        self._document = document
        self._result: PictureResult | None = None
        self._maps: np.ndarray | None = None
        self._part = "layer1"
        self._block: str | None = None
        self._order: arithmetic.Order = "index"
        self._channel: int | None = None
        self._asked = ""
        self.chips: dict[str, PartChip] = {}
        self._build_header()
        self._build_middle()
        self._build_foot()
        self.hint = paragraph()
        self.body.addWidget(self.hint)
        self.body.addWidget(self._middle, 1)
        self.body.addWidget(self._foot)
        self.finish()
        theme().changed.connect(self._show_maps)
        document.spec_changed.connect(self._spec_changed)
        document.picture_changed.connect(self._forget)
        document.selection_changed.connect(self._follow_selection)
        self._spec_changed()
        self._follow_selection()

    # -- building ------------------------------------------------------------------------------------------------

    def _build_header(self) -> None:
        """Chips in place of the title, which the tab already shows."""
        self.title.hide()
        holder = QWidget()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        holder.setSizePolicy(policy)
        self._flow = FlowLayout(holder)
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._chip_clicked)
        self.caption = ElidedLabel(rank="small")
        self.caption.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.sort = QPushButton()
        self.sort.setProperty("quiet", True)
        self.sort.setAccessibleName(tr("Order of the channels"))
        menu = QMenu(self.sort)
        group = QActionGroup(menu)
        self.orders: dict[str, QAction] = {}
        for order, text in _ORDERS.items():
            action = menu.addAction(tr(text))
            action.setCheckable(True)
            action.triggered.connect(partial(self._sort_by, order))
            group.addAction(action)
            self.orders[order] = action
        self.sort.setMenu(menu)
        self.header.insertWidget(0, holder, 3)
        self.header.addWidget(self.caption, 2)
        self.header.addWidget(self.sort)
        self.header.setStretchFactor(self.state, 0)

    def _build_middle(self) -> None:
        self._middle = QWidget()
        self._middle.installEventFilter(self)
        row = QHBoxLayout(self._middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * SPACE)
        self.mosaic = Mosaic()
        self.mosaic.chosen.connect(self._choose)
        self.mosaic.hovered.connect(self._hover)
        row.addWidget(self.mosaic, 1)
        side = QVBoxLayout()
        side.setSpacing(4)
        self.enlarged = PictureView(_SIDE, tr("The chosen channel over the picture"))
        self.channel_label = ElidedLabel()
        self.range_label = ElidedLabel(rank="small")
        for label in (self.channel_label, self.range_label):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(65)
        self.opacity.setToolTip(tr("How much the channel covers the picture"))
        self.opacity.setAccessibleName(tr("How much the channel covers the picture"))
        self.opacity.valueChanged.connect(self._show_channel)
        for widget in (self.enlarged, self.channel_label, self.range_label, self.opacity):
            side.addWidget(widget)
        side.addStretch(1)
        row.addLayout(side)

    def _build_foot(self) -> None:
        self._foot = QWidget()
        row = QHBoxLayout(self._foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE)
        self.bar = ColourBar()
        self.change = QPushButton(tr("Change against intact"))
        self.change.setCheckable(True)
        self.change.setProperty("chip", True)
        self.change.toggled.connect(self._show_maps)
        self.pointer = ElidedLabel(rank="small")
        row.addWidget(self.bar)
        row.addWidget(self.change)
        row.addWidget(self.pointer, 1)
        for text, tip, send in (
            (tr("Copy"), tr("Copy the mosaic as a picture"), self._copy),
            (tr("Save…"), tr("Save the mosaic as a PNG file"), self._save),
        ):
            button = QPushButton(text)
            button.setProperty("quiet", True)
            button.setToolTip(tip)
            button.clicked.connect(send)
            row.addWidget(button)

    # -- what the window calls -----------------------------------------------------------------------------------

    @property
    def part(self) -> str:
        """Id of the part whose maps are shown, for the request's `wanted`."""
        return self._part

    def show_result(self, result: PictureResult) -> None:
        """Show the maps of a result."""
        self._result = result
        self.set_state("")
        self._show_maps()

    def show_busy(self, busy: bool) -> None:
        """Say that a run is on; what was shown stays until the new result is there."""
        if busy:
            self.set_busy(tr("running…"))
        else:
            self.set_state("")

    def show_error(self, sentence: str) -> None:
        """Say why there are no maps."""
        self._forget()
        self.set_state("")
        self._show_hint(sentence, "error")

    def image(self) -> QImage:
        """The whole mosaic, each number a square of whole pixels; null where there are no maps."""
        return self.mosaic.to_image()

    # -- parts ---------------------------------------------------------------------------------------------------

    def _spec_changed(self) -> None:
        spec = self._document.state.spec
        if self._block is not None and self._block not in spec.block_ids:
            self._block = None
        self._forget()
        self._show_chips()

    def _show_chips(self) -> None:
        spec = self._document.state.spec
        parts = ["stem", *(stage.id for stage in spec.stages)]
        if self._block is not None:
            parts.append(self._block)
        if self._part not in parts:
            self._part = "layer1"
        if list(self.chips) != parts:
            self._flow.clear()
            self.chips = {part: PartChip(part) for part in parts}
            for chip in self.chips.values():
                self._group.addButton(chip)
                self._flow.addWidget(chip)
            *_, last = order = [*self.chips.values(), self.sort]
            for before, after in pairwise(order):
                self.setTabOrder(before, after)
            self.setTabOrder(last, self.mosaic)
        self.chips[self._part].setChecked(True)

    def _follow_selection(self) -> None:
        spec = self._document.state.spec
        selection = self._document.state.selection
        if selection in spec.block_ids:
            self._block = selection
        elif selection not in {"stem", *(stage.id for stage in spec.stages)}:
            return
        assert selection is not None
        self._go_to(selection)
        self._show_chips()
        self._show_maps()

    def _go_to(self, part: str) -> None:
        """Channels of another part are others: none of them is chosen yet."""
        if part != self._part:
            self._part, self._channel, self._asked = part, None, ""

    def _chip_clicked(self, chip: PartChip) -> None:
        self._go_to(chip.part_id)
        self._show_maps()

    def _sort_by(self, order: arithmetic.Order) -> None:
        self._order = order
        self._show_maps()

    # -- maps ----------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._result = None
        self._asked = ""
        self._show_maps()

    def _show_maps(self) -> None:
        maps, small = self._pick()
        self.sort.setText(tr("{order} ▾", order=tr(_ORDERS[self._order])))
        self.orders[self._order].setChecked(True)
        if maps is None or not maps.size:
            self._maps = None
            self.mosaic.clear()
            self._show_missing()
            return
        self._show_hint("")
        before = self._before(maps)
        shown = maps if before is None else maps - before
        self._maps = shown
        changed = before is not None
        low, high = arithmetic.levels(shown)
        # Behind a ReLU nothing is negative; where something is, zero must be seen as zero.
        signed = changed or low < 0
        if signed:
            low, high = arithmetic.symmetric(low, high)
        diverging = arithmetic.DIVERGING_DARK if theme().palette.dark else arithmetic.DIVERGING
        colours = arithmetic.table(diverging if signed else arithmetic.SEQUENTIAL)
        order = arithmetic.order(shown, self._order)
        self.mosaic.set_channels(arithmetic.indices(shown, low, high, signed), colours, order)
        self.bar.set(low, high, colours)
        self._show_caption(maps, changed and low == high == 0, small)
        if self._channel is None or self._channel >= len(maps):
            # Until a person chooses, the channel that shows most.
            self.mosaic.set_current(int(arithmetic.order(shown, "variance")[0]))
        else:
            self.mosaic.set_current(self._channel)
        self._show_channel()
        if small and self._asked != self._part:
            self._asked = self._part
            self.maps_requested.emit(self._part)

    def _pick(self) -> tuple[np.ndarray | None, bool]:
        """The maps to show, and whether they are thumbnails of maps that were too large to keep."""
        if self._result is None:
            return None, False
        maps = self._result.maps.get(self._part)
        return (self._result.thumbnails.get(self._part), True) if maps is None else (maps, False)

    def _before(self, maps: np.ndarray) -> np.ndarray | None:
        """The intact network's maps where the change is to be shown; switches the button off where there are none."""
        result = self._result
        before = result.intact_maps.get(self._part) if result is not None and result.request.lesion else None
        possible = before is not None and before.shape == maps.shape
        self.change.setEnabled(possible)
        first = tr("Delete, cut or move something first: then the maps differ from the intact ones.")
        elsewhere = tr("In its own place this part has maps of another size.")
        self.change.setToolTip("" if possible else first if before is None else elsewhere)
        if not possible and self.change.isChecked():
            self.change.blockSignals(True)
            self.change.setChecked(False)
            self.change.blockSignals(False)
        return before if possible and self.change.isChecked() else None

    def _show_caption(self, maps: np.ndarray, unchanged: bool, small: bool) -> None:
        count, height, width = maps.shape
        text = tr("{count} channels, {height}×{width}", count=f"{count:,}", height=height, width=width)
        zeros = tr("{share} % zeros", share=f"{100 * arithmetic.zeros(maps):.0f}")
        parts = [text, zeros, *([tr("no change")] if unchanged else [])]
        if small:
            words = "{count} channels, averaged down to {height}×{width}"
            parts = [tr(words, count=f"{count:,}", height=height, width=width)]
        if not np.isfinite(maps).all():
            parts.append(tr("some are no numbers"))
        self.caption.setText(" · ".join(parts))

    def _show_missing(self) -> None:
        if self._document.state.picture is None:
            self._show_hint(tr("Open, drop or paste a picture to see what each channel makes of it."))
        elif self._result is None:
            self._show_hint(tr("The maps of {part} appear here after the run.", part=self._part))
        elif self._asked != self._part:
            self._asked = self._part
            self._show_hint(tr("Computing the maps of {part} …", part=self._part))
            self.maps_requested.emit(self._part)
        else:
            # Asked once is enough: a run that still leaves them out would only be repeated for ever.
            self._show_hint(tr("The maps of {part} are too large to keep here.", part=self._part))

    def _show_hint(self, text: str, rank: str = "muted") -> None:
        """A sentence in place of the maps; an empty one shows the maps."""
        self.hint.setText(text)
        set_rank(self.hint, rank)
        self.hint.setVisible(bool(text))
        for widget in (self._middle, self._foot, self.caption, self.sort):
            widget.setVisible(not text)
        if text:
            # The mosaic held the height; without it the hint stays at the top.
            self.hint.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)

    # -- one channel ---------------------------------------------------------------------------------------------

    def _choose(self, channel: int) -> None:
        self._channel = channel
        self._show_channel()

    def _show_channel(self) -> None:
        if self._maps is None or self._result is None:
            return
        channel = self.mosaic.current
        values = self._maps[channel]
        self.enlarged.set_image(to_image(self._result.seen))
        self.enlarged.set_over(self.mosaic.channel_image(channel), self.opacity.value() / 100)
        self.channel_label.setText(tr("channel {number} on the picture", number=channel))
        finite = values[np.isfinite(values)]
        low, mean, high = (finite.min(), finite.mean(), finite.max()) if finite.size else (np.nan,) * 3
        numbers = {"low": low, "high": high, "mean": mean}
        told = {name: measured(float(number)) for name, number in numbers.items()}
        self.range_label.setText(tr("{low} to {high}, mean {mean}", **told))

    def _hover(self, channel: int, row: int, column: int) -> None:
        if channel < 0 or self._maps is None:
            self.pointer.setText("")
            return
        value = measured(float(self._maps[channel, row, column]))
        place = tr("channel {number}, row {row}, column {column}", number=channel, row=row, column=column)
        self.pointer.setText(tr("{place}: {value}", place=place, value=value))

    def _copy(self) -> None:
        self.copy_requested.emit(self.image())

    def _save(self) -> None:
        self.save_requested.emit(self.image())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The enlarged channel takes what height there is, within reason; chips in two lines leave it less."""
        if event.type() == QEvent.Type.Resize:
            room = min(self.height() - _AROUND - self._flow.geometry().height() - _BESIDE, self.width() // 4)
            side = max(min(room, _LARGEST_SIDE), 72)
            self.enlarged.setFixedSize(side, side)
        return super().eventFilter(watched, event)
