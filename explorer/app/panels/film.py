"""A film: one channel of a stage followed from block to block, played or stepped."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSlider, QSpinBox, QVBoxLayout, QWidget

from explorer.app.text import tr, translated
from explorer.app.theme import SPACE, theme
from explorer.app.widgets import channels as arithmetic
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.colour_bar import ColourBar
from explorer.app.widgets.filmstrip import Filmstrip
from explorer.app.widgets.hint_panel import HintPanel
from explorer.app.widgets.labels import ElidedLabel, paragraph
from explorer.app.widgets.mosaic import coloured
from explorer.app.widgets.numbers import measured, tabular
from explorer.app.widgets.pictures import PictureView
from explorer.engine.explain.film_records import FilmResult, Frame, carried_note, stage_of
from explorer.networks.spec import NetworkSpec

_ABOUT = (
    "One channel of a stage, behind one block after another. In a residual network that is one thing that changes "
    "little by little: the identity shortcut brings each number of the channel to the same place behind the block, and "
    "the residual branch adds to it (He et al. 2015, equation 1). Greff et al. 2017 call it iterative estimation: a "
    "stage refines one representation.\n\n"
    "Where a block changes the shape, a channel comes from no single one before it, except with option A, which "
    "carries the first channels on, every second position of them (He et al. 2015, section 3.3). In a plain network "
    "no channel does.\n\n"
    "All frames share one scale. |change| is the mean of the absolute difference to the frame before. Behind a deleted "
    "block with an identity shortcut it is zero where nothing, or only a ReLU, stands behind the addition; batch norm "
    "there goes on changing what comes."
)
_FRAME_MS = 500
_STEPS: dict[int, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_SIDE, _LARGEST = 160, 420
_AROUND = 150
"""Height of all that is not the frame."""


class FilmPanel(HintPanel):
    """Shows a result that the desk hands over; asks for a stage or a channel."""

    stage_chosen = Signal(str)
    channel_chosen = Signal(int)
    most_requested = Signal()
    lit = Signal(str)
    """Id of the part whose frame a person looks at; empty for none any more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Film"), tr(_ABOUT), parent)
        self.result: FilmResult | None = None
        self._images: list[QImage] = []
        self._frame = 0
        self._timer = QTimer(self, interval=_FRAME_MS)
        self._timer.timeout.connect(self._next)
        chooser = self._build_chooser()
        self._build_middle()
        self._build_controls()
        self._build_foot()
        self.compose(chooser, self._middle, self._controls, self._foot)
        theme().changed.connect(self._show_frames)

    @property
    def filled(self) -> bool:
        return self.result is not None

    # -- building --------------------------------------------------------------------------------------------------

    def _build_chooser(self) -> tuple[QWidget, ...]:
        self.stages = Choice(tr("Stage"))
        self.stages.textActivated.connect(self.stage_chosen)
        self.channel = QSpinBox()
        self.channel.setAccessibleName(tr("Channel"))
        self.channel.setToolTip(tr("Up and Down for the next channel"))
        self.channel.setKeyboardTracking(False)
        self.channel.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.channel.setFixedWidth(64)
        tabular(self.channel)
        self.channel.valueChanged.connect(self.channel_chosen)
        self.most = QPushButton(tr("most changing"))
        self.most.setProperty("quiet", True)
        self.most.setToolTip(tr("The channel that changes most from block to block"))
        self.most.clicked.connect(self.most_requested)
        words = QLabel(tr("channel"))
        words.setProperty("rank", "muted")
        words.setBuddy(self.channel)
        return self.stages, words, self.channel, self.most

    def _build_middle(self) -> None:
        self._middle = QWidget()
        self._middle.installEventFilter(self)
        row = QHBoxLayout(self._middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * SPACE)
        left = QVBoxLayout()
        left.setSpacing(4)
        self.view = PictureView(_SIDE, tr("The frame"))
        left.addWidget(self.view)
        left.addStretch(1)
        self.strip = Filmstrip()
        self.strip.chosen.connect(self.go)
        row.addLayout(left)
        row.addWidget(self.strip, 1)

    def _build_controls(self) -> None:
        self._controls = QWidget()
        row = QHBoxLayout(self._controls)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE)
        self.play = QPushButton()
        self.play.setProperty("small", True)
        self.play.clicked.connect(self.toggle)
        self.play.installEventFilter(self)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(tr("Frame"))
        self.slider.setToolTip(tr("Left and Right for one block less or more"))
        self.slider.setMinimumWidth(80)
        self.slider.setMaximumWidth(240)
        self.slider.setPageStep(1)
        self.slider.valueChanged.connect(self._slid)
        self.part = ElidedLabel()
        self.change = ElidedLabel(rank="small")
        tabular(self.change)
        for label in (self.part, self.change):
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        for widget in (self.play, self.slider, self.part, self.change):
            row.addWidget(widget)
        row.addStretch(1)
        self._show_playing()

    def _build_foot(self) -> None:
        self._foot = QWidget()
        row = QHBoxLayout(self._foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * SPACE)
        self.bar = ColourBar()
        self.note = paragraph(rank="small")
        row.addWidget(self.bar)
        row.addWidget(self.note, 1)

    @property
    def order(self) -> tuple[QWidget, ...]:
        """In which Tab walks."""
        return (self.stages, self.channel, self.most, self.strip, self.play, self.slider, self.info)

    # -- what the desk calls ---------------------------------------------------------------------------------------

    def set_stages(self, spec: NetworkSpec, stage: str) -> None:
        """Offer a network's stages, one of which is shown."""
        self.stages.offer([found.id for found in spec.stages], stage)

    def show_result(self, result: FilmResult) -> None:
        """Show a film; the place in it stays where it can."""
        self.result = result
        self.set_state("")
        self.show_hint("")
        for widget in (self.channel, self.slider):
            widget.blockSignals(True)
        self.channel.setRange(0, result.channels - 1)
        self.channel.setValue(result.channel)
        self.slider.setRange(0, len(result.frames) - 1)
        self.play.setEnabled(len(result.frames) > 1)
        self._frame = min(self._frame, len(result.frames) - 1)
        self.slider.setValue(self._frame)
        for widget in (self.channel, self.slider):
            widget.blockSignals(False)
        request = result.request
        note = carried_note(request.spec, stage_of(request.spec, request.stage), request.lesion, result.channel)
        notes = [translated(words) for words in (note, result.note) if words]
        self.note.setText(" ".join(notes))
        self._show_frames()

    def show_hint(self, text: str, rank: str = "muted") -> None:
        """A sentence in place of the film; an empty one shows it."""
        super().show_hint(text, rank)
        if text:
            self.stop()

    def clear(self) -> None:
        """What is shown is of something else."""
        self.stop()
        self.result = None
        self._frame = 0
        self.show_hint("")

    # -- playing ---------------------------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    @property
    def frame(self) -> int:
        """Number of the frame that is shown."""
        return self._frame

    def toggle(self) -> None:
        """Play, from the beginning where the end was reached; or pause."""
        if self.playing:
            self.stop()
        elif self.result is not None:
            if self._frame >= len(self.result.frames) - 1:
                self.go(0)
            else:
                self._light()
            self._timer.start()
            self._show_playing()

    def stop(self) -> None:
        """No frame follows by itself."""
        self._timer.stop()
        self._show_playing()

    def go(self, frame: int) -> None:
        """Show a frame, and light its block."""
        if self.result is None:
            return
        self._frame = min(max(frame, 0), len(self.result.frames) - 1)
        self._show_frame()
        self._light()

    def _next(self) -> None:
        """The next frame; the last one ends the film."""
        if self.result is None or self._frame >= len(self.result.frames) - 1:
            self.stop()
            return
        self.go(self._frame + 1)
        if self._frame == len(self.result.frames) - 1:
            self.stop()

    def _slid(self, frame: int) -> None:
        if frame != self._frame:
            self.go(frame)

    def _light(self) -> None:
        if self.result is not None:
            self.lit.emit(self.result.frames[self._frame].part)

    def _show_playing(self) -> None:
        self.play.setText(tr("Pause") if self.playing else tr("Play"))

    # -- frames ----------------------------------------------------------------------------------------------------

    def _show_frames(self) -> None:
        """All frames, in the colours of one scale."""
        if self.result is None:
            return
        frames = np.stack([frame.values for frame in self.result.frames])
        low, high = arithmetic.levels(frames)
        # Behind a ReLU nothing is negative; where something is, zero must be seen as zero.
        signed = low < 0
        if signed:
            low, high = arithmetic.symmetric(low, high)
        diverging = arithmetic.DIVERGING_DARK if theme().palette.dark else arithmetic.DIVERGING
        colours = arithmetic.table(diverging if signed else arithmetic.SEQUENTIAL)
        indices = arithmetic.indices(frames, low, high, signed)
        self._images = [coloured(one, colours) for one in indices]
        self.strip.set_frames(self._images, [frame.part for frame in self.result.frames])
        self.bar.set(low, high, colours)
        self._show_frame()

    def _show_frame(self) -> None:
        assert self.result is not None
        frame = self.result.frames[self._frame]
        self.strip.set_current(self._frame)
        self.view.set_image(self._images[self._frame])
        self.part.setText(frame.part)
        self.change.setText(change_words(frame, self.result.request.stage))
        self.slider.blockSignals(True)
        self.slider.setValue(self._frame)
        self.slider.blockSignals(False)

    # -- events ----------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._step(event):
            super().keyPressEvent(event)

    def _step(self, event: QKeyEvent) -> bool:
        """Left and Right; whether it was one of them."""
        step = _STEPS.get(event.key())
        if step is None or self.result is None:
            return False
        self.stop()
        self.go(self._frame + step)
        return True

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing plays unseen, and nothing stays lit."""
        super().hideEvent(event)
        self.stop()
        self.lit.emit("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The frame takes what height there is, and leaves the strip its width; on the button, too, Left and Right
        step, where Qt would move the focus."""
        if watched is self._middle:
            if event.type() == QEvent.Type.Resize:
                side = max(min(self.height() - _AROUND, self.width() // 3, _LARGEST), 72)
                self.view.setFixedSize(side, side)
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self._step(event):
            return True
        return super().eventFilter(watched, event)


def change_words(frame: Frame, stage: str) -> str:
    """How much the channel changed against the frame before; of the first, what it is."""
    if frame.change is not None:
        return tr("|change| {number}", number=measured(frame.change))
    inside = frame.part.split(".")[0] == stage
    return tr("where it begins") if inside else tr("what comes into {stage}", stage=stage)
