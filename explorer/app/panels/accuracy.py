"""How often the network is right with what is done to its blocks, while it is being measured; and what that is."""

from __future__ import annotations

from functools import partial
from html import escape
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QProgressBar, QPushButton, QSizePolicy, QWidget

from explorer.app.document import Document
from explorer.app.panels.deletion_texts import lesion_sentence, moved_blocks, nothing_sentence, ordered
from explorer.app.text import tr, translated
from explorer.app.theme import SPACE, theme
from explorer.app.widgets.chips import ChipArea
from explorer.app.widgets.figures import FigureTable
from explorer.app.widgets.labels import paragraph, separator
from explorer.app.widgets.numbers import UNKNOWN, percent, signed, whole
from explorer.app.widgets.panel import Panel
from explorer.engine.records import AccuracyResult, WeightsKind
from explorer.networks.spec import NetworkSpec

_ABOUT = (
    "The share of the image set's pictures whose likeliest class is the true one, with its 95 % Wilson interval and "
    "the number of pictures n so far. Pictures come in a shuffled order that keeps the classes balanced.\n\n"
    "Change is against the intact network on the same pictures; its interval is the paired one, so it is narrower "
    "than the two accuracies' own would suggest. Agreement is the share of pictures on which both say the same.\n\n"
    "Deleting a block sets its residual branch to zero at test time, without training again (Veit et al. 2016, "
    "section 4.1); cutting its shortcut is the opposite and leaves the branch alone. Moved blocks have changed places "
    "with others of equal shape (section 4.3). A plain network has no shortcuts: a deleted layer passes its input "
    "on, subsampled and padded where it changes the shape, if it can be deleted then. A deleted layer of a DenseNet "
    "adds zeros in the place of its channels."
)
_HEADINGS = {
    ("deleted", "blocks"): "Deleted blocks",
    ("deleted", "layers"): "Deleted layers",
    ("cut", "blocks"): "Cut shortcuts",
    ("moved", "blocks"): "Moved blocks",
    ("moved", "layers"): "Moved layers",
    ("several", "blocks"): "Deleted, cut and moved blocks",
    ("several", "layers"): "Deleted and moved layers",
}
_DATA_WIDTH = 200
_NBSP = "\u00a0"
_SETS = {
    "fashion-mnist": "Fashion-MNIST, the bundled 2,000",
    "fashion-mnist-full": "Fashion-MNIST, all 10,000 test images",
    "folder": "A labelled folder…",
}


class AccuracyPanel(Panel):
    """Shows results that the window hands over, as they stream in; asks to restore blocks and for other images."""

    restore_requested = Signal(str)
    """Id of a deleted block."""
    shortcut_requested = Signal(str)
    """Id of a block whose shortcut is to be restored."""
    place_requested = Signal(str)
    """Id of a block that is to go back to its own place."""
    restore_all_requested = Signal()
    measure_requested = Signal()
    """Measure an untrained network, too."""
    data_requested = Signal(str)
    """`fashion-mnist` (bundled), `fashion-mnist-full` or `folder`: the kind of a DataRef."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(tr("Accuracy"), tr(_ABOUT), parent)
        self._document = document
        self._result: AccuracyResult | None = None
        self.figure = QLabel()
        self.figure.setTextFormat(Qt.TextFormat.RichText)
        self.figure.setWordWrap(True)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.figure.setSizePolicy(policy)
        self.meaning = paragraph()
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        # Its room stays when it goes, so that the figures below do not jump at the end.
        keeps = self.progress.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(keeps)
        self.progress.setAccessibleName(tr("Images measured"))
        self.error = paragraph(rank="error")
        self.measure = QPushButton(tr("Measure anyway"))
        self.measure.setProperty("small", True)
        self.measure.clicked.connect(self.measure_requested)
        self.table = FigureTable()
        self.table.add("interval", tr("95 % interval"), tr("Wilson's score interval (Wilson 1927)"))
        self.table.add("intact", tr("Intact"), tr("With nothing deleted, cut or moved, on the same images"))
        self.table.add("change", tr("Change"), tr("Percentage points, with the paired 95 % interval"))
        same = tr("Share of images on which this network and the intact one say the same class")
        self.table.add("agreement", tr("Agreement"), same)
        self.note = paragraph(rank="small")
        for widget in (self.figure, self.meaning, self.progress, self.error):
            self.body.addWidget(widget)
        self.body.addWidget(self.measure, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addWidget(self.table)
        self.body.addWidget(self.note)
        self.data = self._data_button()
        self.body.addWidget(self.data, 0, Qt.AlignmentFlag.AlignLeft)
        self._build_done()
        self.finish()
        document.deleted_changed.connect(self._show_done)
        document.spec_changed.connect(self._start_over)
        document.weights_changed.connect(self._start_over)
        document.data_changed.connect(self._start_over)
        theme().changed.connect(self._show_figure)
        self._start_over()

    # -- building ------------------------------------------------------------------------------------------------

    def _data_button(self) -> QPushButton:
        button = QPushButton()
        button.setProperty("small", True)
        button.setAccessibleName(tr("Choose the image set"))
        menu = QMenu(button)
        for kind, text in _SETS.items():
            action = menu.addAction(tr(text))
            action.triggered.connect(partial(self.data_requested.emit, kind))
        button.setMenu(menu)
        return button

    def _build_done(self) -> None:
        self.body.addSpacing(SPACE)
        self.body.addWidget(separator())
        self.body.addSpacing(SPACE)
        self.heading = QLabel()
        self.heading.setProperty("rank", "title")
        self.body.addWidget(self.heading)
        self._labels: dict[str, QLabel] = {}
        self.chips = self._chips("deleted", tr("deleted"), "Restore {id}", self.restore_requested)
        self.cut_chips = self._chips("cut", tr("shortcut cut"), "Restore the shortcut of {id}", self.shortcut_requested)
        self.moved_chips = self._chips("moved", tr("moved"), "Put {id} back in its place", self.place_requested)
        self.sentence = paragraph()
        self.body.addWidget(self.sentence)
        self.restore_all = QPushButton(tr("Restore all"))
        self.restore_all.clicked.connect(self.restore_all_requested)
        row = QHBoxLayout()
        row.addWidget(self.restore_all)
        row.addStretch(1)
        self.body.addLayout(row)

    def _chips(self, key: str, text: str, tip: str, restore: SignalInstance) -> ChipArea:
        label = QLabel(text)
        label.setProperty("rank", "small")
        self._labels[key] = label
        chips = ChipArea(tip)
        chips.setAccessibleName(text)
        chips.restore_requested.connect(restore)
        self.body.addWidget(label)
        self.body.addWidget(chips)
        return chips

    # -- what the window calls -----------------------------------------------------------------------------------

    def show_result(self, result: AccuracyResult) -> None:
        """Show an accuracy, so far or in full."""
        self._result = result
        self.error.hide()
        self.show_busy(not result.finished)
        self._show_figure()
        self._show_table(result)
        self.progress.setRange(0, max(result.total, 1))
        self.progress.setValue(result.counts.images)
        self.progress.setVisible(not result.finished)
        self._set_note("\n".join(translated(note) for note in (result.data_note, result.note) if note))

    show_accuracy = show_result

    def show_busy(self, busy: bool) -> None:
        """Say that a measurement is on."""
        if not busy:
            self.set_state("")
            return
        self.set_busy(tr("measuring…"))
        self.error.hide()
        self.measure.hide()

    def show_error(self, sentence: str) -> None:
        """Say why there is no figure."""
        self._result = None
        self.set_state("")
        self._start_over()
        self.error.setText(sentence)
        self.error.show()
        self.meaning.hide()

    # -- inside --------------------------------------------------------------------------------------------------

    def _start_over(self) -> None:
        """Another network, other weights or images: older figures would be about something else."""
        self._result = None
        self.error.hide()
        self.progress.hide()
        self._set_note("")
        self._show_figure()
        self._show_data()
        for key in ("interval", "intact", "change", "agreement"):
            self.table.show_row(key, False)
        self._show_done()

    def _show_figure(self) -> None:
        result = self._result
        if result is None:
            self.figure.hide()
            self._show_why_none()
            return
        self.measure.hide()
        counts = result.counts
        labelled = counts.correct is not None
        low, high = counts.interval()
        so_far = whole(counts.images)
        if not result.finished:
            so_far = tr("{done} of {all}", done=so_far, all=whole(result.total))
        share = percent(counts.accuracy if labelled else counts.agreement)
        rest = tr("± {half} · n = {count}", half=f"{50 * (high - low):.1f}", count=so_far)
        self.figure.setText(_rich(f"{share} %", rest if counts.images else f"n = {so_far}"))
        self.figure.setAccessibleName(f"{share} % {rest}")
        self.figure.show()
        if not result.finished:
            # Where that takes two lines, it keeps them at the end: the figures below do not jump.
            self.figure.setMinimumHeight(self.figure.heightForWidth(self.figure.width()))
        self.meaning.setVisible(not labelled)
        self.meaning.setText(tr("agreement with the intact network: these images have no labels"))

    def _show_why_none(self) -> None:
        """What stands in the figure's place; an untrained network's accuracy is measured only when asked for."""
        state = self._document.state
        untrained = state.weights.kind is WeightsKind.UNTRAINED
        text = tr("The accuracy appears here as soon as the network has weights and images.")
        if untrained:
            text = tr(
                "This network is untrained: it guesses, so its accuracy is about chance, one in {count}.",
                count=whole(state.spec.classes),
            )
        self.meaning.setText(text)
        self.meaning.show()
        self.measure.setVisible(untrained)

    def _show_table(self, result: AccuracyResult) -> None:
        counts, change = result.counts, result.change()
        low, high = counts.interval()
        labelled = counts.correct is not None
        changed = bool(result.request.lesion)
        self.table.set("interval", f"{percent(low)}{_NBSP}–{_NBSP}{percent(high)}" if counts.images else UNKNOWN, "%")
        self.table.set("intact", percent(result.intact.accuracy), "%")
        if change is not None:
            self.table.set("change", f"{signed(100 * change[0])} ± {100 * change[1]:.1f}", tr("points"))
        self.table.set("agreement", percent(counts.agreement), "%")
        self.table.show_row("interval", True)
        self.table.show_row("intact", labelled and changed)
        self.table.show_row("change", change is not None and changed)
        self.table.show_row("agreement", labelled and changed)

    def _set_note(self, text: str) -> None:
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def _show_data(self) -> None:
        data = self._document.state.data
        name = Path(data.path).name if data.kind == "folder" else tr(_SETS[data.kind])
        self.data.setToolTip(data.path or tr("Choose the image set"))
        short = self.data.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _DATA_WIDTH)
        self.data.setText(tr("{name} ▾", name=short.replace("&", "&&")))

    def _show_done(self) -> None:
        """What is deleted, cut and moved, as chips and in sentences."""
        state = self._document.state
        spec, lesion = state.spec, state.lesion
        moved = moved_blocks(spec, lesion)
        self.chips.set_blocks([block.id for block in ordered(spec, lesion.deleted)])
        self.cut_chips.set_blocks([block.id for block in ordered(spec, lesion.cut)])
        at = {block: tr("{block} at {place}", block=block, place=place) for block, place in moved.items()}
        self.moved_chips.set_blocks(list(moved), at)
        areas = {"deleted": self.chips, "cut": self.cut_chips, "moved": self.moved_chips}
        used = [key for key, area in areas.items() if area.chips]
        for key, area in areas.items():
            area.setVisible(key in used)
            self._labels[key].setVisible(key in used and len(used) > 1)
        self.heading.setText(tr(_heading(used, spec)))
        chips = [chip for area in areas.values() for chip in area.chips]
        for before, after in pairwise([self.data, *chips, self.restore_all]):
            self.setTabOrder(before, after)
        self.restore_all.setVisible(bool(lesion))
        self.sentence.setText(lesion_sentence(spec, lesion) or nothing_sentence(spec))


def _heading(used: list[str], spec: NetworkSpec) -> str:
    """Over the chips; where all are of one kind it says which, and no further words are needed."""
    noun = "layers" if spec.layers else "blocks"
    if len(used) > 1:
        return _HEADINGS["several", noun]
    return _HEADINGS[used[0] if used else "deleted", noun]


def _rich(figure: str, rest: str) -> str:
    """The large figure and, on its base line, what belongs to it; the latter keeps together."""
    muted = theme().palette.muted
    together = escape(rest).replace(" ", "&nbsp;")
    large = escape(figure).replace(" ", "&nbsp;")
    return (
        f'<span style="font-size:28px; font-weight:700">{large}</span>&nbsp;&nbsp; '
        f'<span style="font-size:12px; color:{muted}">{together}</span>'
    )
