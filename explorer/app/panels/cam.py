"""Where the network looks: Grad-CAM over the picture, intact and as the network is now."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSlider, QVBoxLayout, QWidget

from explorer.app.text import tr, translated
from explorer.app.theme import SPACE, theme
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.class_field import ClassField
from explorer.app.widgets.colour_bar import ColourBar
from explorer.app.widgets.heat import heat_colours, heat_image
from explorer.app.widgets.hint_panel import HintPanel
from explorer.app.widgets.labels import ElidedLabel, paragraph, set_rank
from explorer.app.widgets.numbers import measured, percent
from explorer.app.widgets.pictures import PictureView, to_image
from explorer.app.widgets.scroll_column import ScrollColumn
from explorer.engine.explain.cam_records import CamMap, CamResult, map_note
from explorer.engine.explain.class_names import number_of
from explorer.engine.records import WeightsKind
from explorer.networks.spec import NetworkSpec

_ABOUT = (
    "Grad-CAM (Selvaraju et al. 2017, section 3): which parts of the picture speak for a class, as far as one block's "
    "output tells. The class's score, before the softmax, is taken back to that output; the mean of its gradient over "
    "a channel is that channel's weight (equation 1). The channels, each times its weight, are added up, and what is "
    "below zero is left out (equation 2).\n\n"
    "Each square is one position of the block's output. It is a summary, not a proof: it leaves out what speaks "
    "against the class, and of early blocks it says little. The paper takes the last convolutions, which know most of "
    "what there is and still where it is.\n\n"
    "With blocks deleted, cut or moved, the same is done a second time. Both maps are of the same class and on the "
    "same scale, so that you see what changed. The network's answer may be another one: choose that class to see where "
    "it comes from."
)
_SIDE = 160
_LARGEST = 420
_AROUND = 132
"""Height of all that is not a picture."""
_NOTES = 5
_WORDS = 220
"""Least width of the words at the right."""


class Tile(QWidget):
    """One map over the picture, with what it is of above it and its numbers below."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.heading = ElidedLabel()
        self.view = PictureView(_SIDE, name)
        self.numbers = ElidedLabel(rank="small")
        for label in (self.heading, self.numbers):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for widget in (self.heading, self.view, self.numbers):
            column.addWidget(widget)

    def show_map(self, picture: QImage, found: CamMap, top: float, opacity: float, label: int) -> None:
        """A map over the picture."""
        self.view.set_image(picture)
        self.view.set_over(heat_image(found.values, top), opacity)
        share = percent(float(found.prediction.probabilities[label]))
        self.numbers.setText(tr("{share} %, score {score}", share=share, score=measured(found.score)))

    def set_side(self, side: int) -> None:
        self.view.setFixedSize(side, side)


class CamPanel(HintPanel):
    """Shows a result that the desk hands over; asks for a class or a block."""

    class_chosen = Signal(int)
    block_chosen = Signal(str)
    save_requested = Signal()
    copy_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Where it looks"), tr(_ABOUT), parent)
        self.result: CamResult | None = None
        chooser = self._build_chooser()
        self._build_middle()
        self._build_foot()
        self.compose(chooser, self._middle, self._foot)
        theme().changed.connect(self._paint)

    @property
    def filled(self) -> bool:
        return self.result is not None

    # -- building --------------------------------------------------------------------------------------------------

    def _build_chooser(self) -> tuple[QWidget, ...]:
        self.classes = ClassField(tr("Class"))
        self.blocks = Choice(tr("Block whose output is looked at"))
        self.blocks.setToolTip(tr("The block whose output is looked at; selecting one in the diagram chooses it, too"))
        self.blocks.setMaxVisibleItems(16)
        self.blocks.textActivated.connect(self.block_chosen)
        self.classes.chosen.connect(self.class_chosen)
        self.classes.refused.connect(self._refuse)
        words = (QLabel(tr("class")), QLabel(tr("at")))
        for label in words:
            label.setProperty("rank", "muted")
        words[0].setBuddy(self.classes)
        words[1].setBuddy(self.blocks)
        return words[0], self.classes, words[1], self.blocks

    def _build_middle(self) -> None:
        self._middle = QWidget()
        self._middle.installEventFilter(self)
        row = QHBoxLayout(self._middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * SPACE)
        self.intact = Tile(tr("Where the intact network looks"))
        self.now = Tile(tr("Where the network looks now"))
        for tile in (self.intact, self.now):
            row.addWidget(tile, 0, Qt.AlignmentFlag.AlignTop)
        self.words = ScrollColumn()
        self.words.setAccessibleName(tr("What to know of the maps"))
        self.answer = paragraph(rank="")
        self.odd = paragraph(rank="")
        self.more = paragraph()
        self.notes = [paragraph(rank="small") for _ in range(_NOTES)]
        for label in (self.answer, self.odd, self.more, *self.notes):
            self.words.column.addWidget(label)
        self.words.column.addStretch(1)
        row.addWidget(self.words, 1)

    def _build_foot(self) -> None:
        self._foot = QWidget()
        row = QHBoxLayout(self._foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE)
        self.bar = ColourBar()
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(60)
        self.opacity.setFixedWidth(96)
        self.opacity.setToolTip(tr("How much the map covers the picture"))
        self.opacity.setAccessibleName(tr("How much the map covers the picture"))
        self.opacity.valueChanged.connect(self._paint)
        cover = QLabel(tr("cover"))
        cover.setProperty("rank", "small")
        cover.setBuddy(self.opacity)
        row.addWidget(self.bar)
        row.addSpacing(SPACE)
        row.addWidget(cover)
        row.addWidget(self.opacity)
        row.addStretch(1)
        self.copy, self.save = QPushButton(tr("Copy")), QPushButton(tr("Save…"))
        for button, tip, signal in (
            (self.copy, tr("Copy the maps as a picture"), self.copy_requested),
            (self.save, tr("Save the maps as a picture, or their numbers as a table"), self.save_requested),
        ):
            button.setProperty("quiet", True)
            button.setToolTip(tip)
            button.clicked.connect(signal)
            row.addWidget(button)

    @property
    def order(self) -> tuple[QWidget, ...]:
        """In which Tab walks."""
        return (self.classes, self.blocks, self.words, self.opacity, self.copy, self.save, self.info)

    # -- what the desk calls ---------------------------------------------------------------------------------------

    def set_blocks(self, spec: NetworkSpec, block: str) -> None:
        """Offer a network's blocks, one of which is looked at."""
        self.blocks.offer(spec.block_ids, block)

    def show_result(self, result: CamResult) -> None:
        """Show maps."""
        self.result = result
        self.set_state("")
        self.show_hint("")
        truth = number_of(result.classes, result.request.picture.label)
        self.classes.set_classes(result.present.prediction, result.label, truth)
        self._paint()
        self._tell()

    def clear(self) -> None:
        """What is shown is of something else."""
        self.result = None
        self.show_hint("")

    # -- inside ----------------------------------------------------------------------------------------------------

    def _paint(self) -> None:
        result = self.result
        if result is None:
            return
        picture, opacity = to_image(result.seen), self.opacity.value() / 100
        lesion = result.request.lesion
        self.intact.heading.setText(tr("Intact"))
        self.intact.show_map(picture, result.intact, result.top, opacity, result.label)
        self.now.setVisible(result.now is not None)
        if result.now is not None:
            self.now.heading.setText(lesion_words(lesion.deleted, lesion.cut, lesion.order))
            self.now.show_map(picture, result.now, result.top, opacity, result.label)
        self.bar.set(0, result.top, heat_colours())

    def _tell(self) -> None:
        result = self.result
        assert result is not None
        self.answer.setText(answer_words(result))
        odd = odd_words(result)
        self.odd.setText(odd)
        self.odd.setVisible(bool(odd))
        self.more.setText(tr("Delete a block, and a second map shows where the network looks then."))
        self.more.setVisible(result.now is None)
        untrained = result.request.weights.kind is WeightsKind.UNTRAINED
        notes = [tr("This network is untrained: nothing of what it looks at is learned.")] if untrained else []
        notes += [translated(note) for note in (*result.notes, result.note) if note]
        for number, label in enumerate(self.notes):
            label.setText(notes[number] if number < len(notes) else "")
            label.setVisible(number < len(notes))

    def _refuse(self, words: str) -> None:
        """A class that there is not, told at the top of the words; the maps stay."""
        set_rank(self.odd, "error" if words else "")
        if words:
            self.odd.setText(words)
            self.odd.show()
        elif self.result is not None:
            self._tell()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The pictures take what height there is, and leave the words their width."""
        if event.type() == QEvent.Type.Resize:
            across = (self.width() - _WORDS - 6 * SPACE) // 2
            side = max(min(self.height() - _AROUND, across, _LARGEST), 72)
            for tile in (self.intact, self.now):
                tile.set_side(side)
        return super().eventFilter(watched, event)


def lesion_words(deleted: frozenset[str], cut: frozenset[str], order: tuple[str, ...]) -> str:
    """What is done to the network, in a few words."""
    if cut or order:
        return tr("As it is now")
    if len(deleted) == 1:
        return tr("Without {block}", block=next(iter(deleted)))
    return tr("Without {count} blocks", count=len(deleted))


def answer_words(result: CamResult) -> str:
    """What the networks say of the picture."""
    intact, now = result.intact.prediction, result.present.prediction
    if not now.finite:
        return tr("The network's outputs are not numbers, so that it gives no answer.")
    _, label, share = now.top(1)[0]
    if result.now is None or not intact.finite:
        return tr("The network says {label}, {share}\u00a0%.", label=label, share=percent(share))
    _, before, was = intact.top(1)[0]
    if label == before:
        return tr(
            "Both say {label}: intact {was}\u00a0%, now {share}\u00a0%.",
            label=label,
            was=percent(was),
            share=percent(share),
        )
    return tr(
        "Intact it says {before}, {was}\u00a0%; now {label}, {share}\u00a0%.",
        before=before, was=percent(was), label=label, share=percent(share),
    )  # fmt: skip


def odd_words(result: CamResult) -> str:
    """What is odd about the maps, once where it is so of both."""
    found = [translated(map_note(one)) for one in result.maps]
    if result.now is None or found[0] == found[1]:
        return found[0]
    names = (tr("Intact"), tr("Now"))
    return "\n".join(
        tr("{which}: {words}", which=name, words=words) for name, words in zip(names, found, strict=True) if words
    )
