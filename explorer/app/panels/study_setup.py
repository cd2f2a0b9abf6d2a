"""The column in which a study is set up, started, and stopped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from explorer.app import study_texts as texts
from explorer.app.panels.study_paper import FIGURES
from explorer.app.text import tr
from explorer.app.theme import SPACE
from explorer.app.widgets.choice import Choice
from explorer.app.widgets.field_column import FieldColumn, choose_count, field_label, progress_bar, spin_box
from explorer.app.widgets.labels import ElidedLabel, paragraph
from explorer.app.widgets.numbers import tabular, whole
from explorer.app.widgets.switch import SwitchBox
from explorer.engine.records import WeightsInfo
from explorer.engine.study_records import StudyKind, StudyResult
from explorer.networks.spec import NetworkSpec

WIDTH = 222
"""Room for the longest words beside a scroll bar: were it less, what has the focus would be scrolled to, sideways."""
_IMAGES = (100, 200, 500, 1000, 2000, 5000)
_FIRST_IMAGES = 500
_SEEDS = 10
_PAPER_MOST = 20


@dataclass(frozen=True)
class Setup:
    """A study without its network: the fields of StudyRequest that a person chooses."""

    kind: StudyKind
    images: int | None
    seeds: int
    most: int | None
    downsampling: bool
    fast: bool
    reestimate: bool


class SetupColumn(FieldColumn):
    """Fields, Run, and while a study runs its progress, Pause and Cancel."""

    run_requested = Signal(object)
    pause_requested = Signal()
    resume_requested = Signal()
    cancel_requested = Signal()
    recipe_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(WIDTH, parent)
        self._spec: NetworkSpec | None = None
        self._info: WeightsInfo | None = None
        self._activity = "idle"
        self._lesioned = False
        self._build_kind()
        self._build_buttons()
        self._build_fields()
        self._build_recipes()
        self.column.addStretch(1)
        self._kind_changed()
        self.show_activity("idle")

    # -- building ------------------------------------------------------------------------------------------------

    def _build_kind(self) -> None:
        self.kind = Choice(tr("Study"))
        for kind in texts.KINDS:
            self.kind.addItem(texts.kind_name(kind, plain=False), kind)
        self.kind.currentIndexChanged.connect(self._kind_changed)
        self.column.addWidget(self.kind)

    def _build_buttons(self) -> None:
        """Above the fields, so that they are in sight however low the dock is."""
        self.run = QPushButton(tr("Run"))
        self.run.setProperty("primary", True)
        self.run.clicked.connect(self._run)
        self.pause = QPushButton(tr("Pause"))
        self.pause.clicked.connect(self._pause)
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.clicked.connect(self.cancel_requested)
        self.progress = progress_bar(tr("Progress of the study"))
        self.progress_words = ElidedLabel(rank="small")
        tabular(self.progress_words)
        self.reason = paragraph(rank="error")
        self.note = paragraph(rank="small")
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.run, self.pause, self.cancel):
            buttons.addWidget(button, 1)
        self.column.addLayout(buttons)
        for widget in (self.progress, self.progress_words, self.reason, self.note):
            self.column.addWidget(widget)

    def _build_fields(self) -> None:
        self.images = Choice(tr("Images"))
        for count in _IMAGES:
            self.images.addItem(whole(count), count)
        self.images.addItem(tr("all"), None)
        self.images.setCurrentIndex(_IMAGES.index(_FIRST_IMAGES))
        self.seeds = spin_box(1, 1000, _SEEDS)
        self.most = spin_box(0, 4000, 0)
        self.most.setSpecialValueText(tr("all"))
        for field, width in ((self.images, 84), (self.seeds, 46), (self.most, 46)):
            field.setFixedWidth(width)
        self._fields: dict[str, tuple[QLabel, QWidget]] = {}
        first, second = QHBoxLayout(), QHBoxLayout()
        self._add_field(first, "images", tr("Images"), self.images, tr(texts.IMAGES_TIP))
        self._add_field(second, "seeds", tr("Repeats"), self.seeds, tr(texts.SEEDS_TIP))
        second.addStretch(1)
        self._add_field(second, "most", tr("k ≤"), self.most, tr(texts.MOST_TIP))
        self.column.addLayout(first)
        self.column.addLayout(second)
        self.downsampling = SwitchBox(tr("Downsampling blocks, too"), tr(texts.DOWNSAMPLING_TIP), on=True)
        self.fast = SwitchBox(tr("Fast mode"), tr(texts.FAST_TIP))
        self.reestimate = SwitchBox(tr("Re-estimate batch norm"), tr(texts.REESTIMATE_TIP))
        for box in (self.downsampling, self.fast, self.reestimate):
            self.column.addWidget(box)

    def _add_field(self, row: QHBoxLayout, key: str, text: str, field: QWidget, tip: str) -> None:
        label = field_label(text, field, tip)
        row.setSpacing(6)
        row.addWidget(label)
        if key == "images":
            row.addStretch(1)
        row.addWidget(field)
        self._fields[key] = (label, field)

    def _build_recipes(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        heading = QLabel(tr("As in the paper"))
        heading.setProperty("rank", "title")
        heading.setToolTip("Veit et al. 2016, arXiv:1605.06431")
        self.recipes: dict[str, QPushButton] = {}
        for name, figure in FIGURES.items():
            button = QPushButton(tr(figure.title))
            button.setProperty("small", True)
            button.setToolTip(tr("Set up and run Veit et al. 2016, {figure}", figure=tr(figure.heading)))
            button.clicked.connect(partial(self._use_recipe, name))
            self.recipes[name] = button
            row.addWidget(button)
        row.addStretch(1)
        self.column.addSpacing(SPACE)
        self.column.addWidget(heading)
        self.column.addLayout(row)

    # -- what the panel calls ------------------------------------------------------------------------------------

    @property
    def activity(self) -> str:
        """`idle`, `running` or `paused`."""
        return self._activity

    def setup(self) -> Setup:
        """What is set up now."""
        return Setup(
            self._kind(), self.images.currentData(), self.seeds.value(), self.most.value() or None,
            self.downsampling.isChecked(), self.fast.isChecked(), self.reestimate.isChecked(),
        )  # fmt: skip

    def set_setup(self, setup: Setup) -> None:
        """Fill the fields in."""
        self.kind.setCurrentIndex(self.kind.findData(setup.kind))
        choose_count(self.images, setup.images)
        self.seeds.setValue(setup.seeds)
        self.most.setValue(setup.most or 0)
        for box, on in (
            (self.downsampling, setup.downsampling),
            (self.fast, setup.fast),
            (self.reestimate, setup.reestimate),
        ):
            box.setChecked(on)

    def show_network(self, spec: NetworkSpec, info: WeightsInfo | None) -> None:
        """Say what this network can have, in its words."""
        self._spec, self._info = spec, info
        for place in range(self.kind.count()):
            self.kind.setItemText(place, texts.kind_name(self.kind.itemData(place), spec.plain))
        self.downsampling.setText(tr("Downsampling layers, too") if spec.plain else tr("Downsampling blocks, too"))
        self.most.setMaximum(len(spec.block_ids))
        self._kind_changed()

    def show_lesion(self, there: bool) -> None:
        """Whether the open network has something deleted, cut or moved: a study starts without that."""
        self._lesioned = there
        self._show_reason()

    def show_activity(self, activity: str) -> None:
        """`idle`, `running` or `paused`."""
        self._activity = activity
        idle = activity == "idle"
        window = self.window()
        focus = window.focusWidget() if window.isVisible() else None
        self.run.setVisible(idle)
        for widget in (self.pause, self.cancel, self.progress, self.progress_words):
            widget.setVisible(not idle)
        # What is hidden would hand the keyboard to whatever field comes next.
        if focus is self.run and not idle:
            self.pause.setFocus()
        elif focus in (self.pause, self.cancel) and idle:
            self.run.setFocus()
        self.pause.setText(tr("Resume") if activity == "paused" else tr("Pause"))
        self._show_reason()

    def show_progress(self, result: StudyResult) -> None:
        """How far a study is."""
        self.progress.setValue(round(1000 * result.fraction))
        done = tr("{percent} %", percent=int(100 * result.fraction))
        if self._activity == "paused":
            words = tr("paused at {done}", done=done)
        elif result.left is None:
            words = done
        else:
            words = tr("{done} · {left} left", done=done, left=texts.duration(result.left))
        self.progress_words.setText(words)

    # -- inside --------------------------------------------------------------------------------------------------

    def _kind(self) -> StudyKind:
        kind: StudyKind = self.kind.currentData()
        return kind

    def _kind_changed(self) -> None:
        kind, plain = self._kind(), self._spec is not None and self._spec.plain
        self.kind.setToolTip(texts.meaning(kind, plain))
        for key, kinds in (("seeds", ("random", "reorder")), ("most", ("random", "reorder", "greedy"))):
            for widget in self._fields[key]:
                widget.setVisible(kind in kinds)
        self.downsampling.setVisible(kind in ("random", "greedy"))
        self._show_reason()

    def _show_reason(self) -> None:
        reason = "" if self._spec is None else texts.obstacle(self._kind(), self._spec)
        self.run.setEnabled(self._spec is not None and not reason)
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        note = "\n".join(filter(None, (texts.weights_note(self._info), texts.lesion_note(self._lesioned))))
        self.note.setText(note)
        self.note.setVisible(bool(note))

    def _run(self) -> None:
        self.run_requested.emit(self.setup())

    def _pause(self) -> None:
        (self.resume_requested if self._activity == "paused" else self.pause_requested).emit()

    def _use_recipe(self, name: str) -> None:
        """The fields show what the recipe is; whoever listens chooses the network and runs it."""
        figure = FIGURES[name]
        most = _PAPER_MOST if figure.kind != "single" else None
        self.set_setup(Setup(figure.kind, 1000, _SEEDS, most, True, False, False))
        self.recipe_requested.emit(name)
