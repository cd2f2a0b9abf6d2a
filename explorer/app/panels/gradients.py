"""How large the loss's gradient is from block to block, of the network and its plain twin."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QMenu, QPushButton, QSplitter, QVBoxLayout, QWidget

from explorer.app.gradient_chart import KIND_WORDS, KINDS, GradientLines
from explorer.app.panels.gradients_setup import GradientSetup, GradientSetupRow
from explorer.app.text import tr, translated
from explorer.app.theme import SPACE
from explorer.app.widgets.fields import Segmented
from explorer.app.widgets.labels import ElidedLabel, paragraph
from explorer.app.widgets.legend import LegendStrip
from explorer.app.widgets.line_chart import LineChart
from explorer.app.widgets.line_legend import LineLegend
from explorer.app.widgets.numbers import tabular
from explorer.app.widgets.panel import Panel
from explorer.app.widgets.scroll_column import ScrollColumn
from explorer.engine.explain.gradients_records import GradientsResult, Kind, Profile, Spread, spread
from explorer.engine.explain.gradients_words import course, edges, figure, meaning, setting

_ABOUT = (
    "Training moves each weight along the gradient of the loss. It is computed from the output back to the input, "
    "block by block; here is how large it is (its L2 norm) at every block's input, or at the weights of every layer, "
    "for this network and for its plain twin, the same layers without shortcuts (He et al. 2015, section 3.3).\n\n"
    "As trained: the weights at hand, batch norm with its trained statistics. Otherwise weights are drawn anew, once a "
    "seed, and batch norm normalises by the batch, as in the first step of training; the line is the median, the band "
    "the range. Without batch norm the layers have biases instead.\n\n"
    "Gradients that vanish are often blamed for degradation, the higher training error of deeper plain networks. He et "
    "al. 2015 call that unlikely (section 4.1): their plain networks have batch norm, and they verified that gradients "
    "are healthy. With batch norm, gradients of plain networks even grow toward the input before training, "
    "exponentially with depth (Yang et al. 2019, arXiv:1902.08129).\n\n"
    "A gradient of exactly zero, or one that is no finite number, has no place on a log axis; it stands at its edge."
)
_EXPORTS = (("csv", "CSV…"), ("png", "PNG…"), ("svg", "SVG…"))
_SIDE = 260


class GradientsPanel(Panel):
    """Shows results that the desk hands over; asks for a run, a file, a block."""

    setup_changed = Signal()
    run_requested = Signal()
    cancel_requested = Signal()
    export_requested = Signal(str)
    hovered = Signal(object)
    """Id of the block at the point under the pointer, None for none."""
    block_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Gradients"), tr(_ABOUT), parent, scrolls=False)
        self.result: GradientsResult | None = None
        self._lines: GradientLines | None = None
        self.title.hide()
        self.setup_row = GradientSetupRow()
        self.setup_row.changed.connect(self.setup_changed)
        self.setup_row.run_requested.connect(self.run_requested)
        self.setup_row.cancel_requested.connect(self.cancel_requested)
        self.header.insertWidget(0, self.setup_row)
        self.hint = paragraph()
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.body.addWidget(self.hint, 1)
        self.body.addWidget(self._build_middle(), 1)
        self.finish()
        self.forget()

    # -- building --------------------------------------------------------------------------------------------------

    def _build_middle(self) -> QWidget:
        self._middle = QSplitter(Qt.Orientation.Horizontal)
        self._middle.setChildrenCollapsible(False)
        self._middle.addWidget(self._build_chart())
        self._middle.addWidget(self._build_side())
        self._middle.setStretchFactor(0, 1)
        self._middle.setStretchFactor(1, 0)
        self._middle.setSizes([2 * _SIDE, _SIDE])
        return self._middle

    def _build_chart(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, SPACE, 0)
        column.setSpacing(4)
        self.kind = Segmented(
            [
                ("inputs", tr(KIND_WORDS["inputs"]), tr("The gradient that comes to each block's input")),
                ("weights", tr(KIND_WORDS["weights"]), tr("The gradient at each convolution's weights")),
            ],
            tr("Whose gradient"),
        )
        self.kind.set_value("inputs")
        self.kind.chosen.connect(self._show)
        self.legend = LegendStrip()
        self.chart = LineChart(tr("Norm of the gradient along the depth"))
        self.chart.pointed.connect(self._pointed)
        self.chart.chosen.connect(self._point_chosen)
        self.words = ElidedLabel(rank="small")
        self.words.setMinimumWidth(40)
        tabular(self.words)
        self.export = QPushButton(tr("Export ▾"))
        self.export.setProperty("quiet", True)
        menu = QMenu(self.export)
        for kind, words in _EXPORTS:
            menu.addAction(tr(words)).triggered.connect(partial(self.export_requested.emit, kind))
        self.export.setMenu(menu)
        foot = QHBoxLayout()
        foot.setSpacing(SPACE)
        foot.addWidget(self.kind)
        foot.addWidget(self.words, 1)
        foot.addWidget(self.export)
        column.addWidget(self.legend)
        column.addWidget(self.chart, 1)
        column.addLayout(foot)
        return holder

    def _build_side(self) -> QWidget:
        self.side = ScrollColumn()
        self.side.setMinimumWidth(180)
        self.side.setAccessibleName(tr("What the gradients say"))
        self.side.column.setContentsMargins(SPACE, 0, 10, 0)
        self.table = QWidget()
        self._grid = QGridLayout(self.table)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)
        self.course = paragraph(rank="")
        self.meaning = paragraph(rank="muted")
        self.notes = paragraph(rank="small")
        for widget in (self.table, self.course, self.meaning, self.notes):
            self.side.column.addWidget(widget)
        self.side.column.addStretch(1)
        return self.side

    # -- what the desk calls ---------------------------------------------------------------------------------------

    def setup(self) -> GradientSetup:
        """What is set up."""
        return self.setup_row.setup()

    @property
    def shown_kind(self) -> Kind:
        """Whose gradients are shown."""
        return KINDS[0] if self.kind.value == KINDS[0] else KINDS[1]

    def show_running(self, running: bool) -> None:
        """Whether the measurement is on."""
        self.setup_row.show_running(running, self.result is not None and self.result.finished)
        if not running:
            self.set_state("")
        elif self.result is None:
            self._show_hint(tr("The first lines appear here in a moment."))

    def show_share(self, share: float | None) -> None:
        """How far it is."""
        if share is not None:
            self.set_busy(tr("{percent} %", percent=int(100 * share)))

    def show_result(self, result: GradientsResult) -> None:
        """What was measured so far, or in full."""
        self.result = result
        if result.finished:
            self.setup_row.show_running(False, True)
        self.hint.hide()
        self._middle.show()
        self._show()

    def show_error(self, words: str) -> None:
        """Why there is nothing."""
        self.forget()
        self._show_hint(words, "error")

    def forget(self) -> None:
        """What was shown is of something else."""
        self.result, self._lines = None, None
        if self.setup().scheme == "trained":
            self._show_hint(tr("The gradient at every block appears here after the run."))
        else:
            self._show_hint(
                tr("Press Run to draw the weights of the network and of its plain twin anew, and see how large the "
                   "gradient of the loss is at every block before the first step of training.")
            )  # fmt: skip

    # -- inside ----------------------------------------------------------------------------------------------------

    def _show_hint(self, words: str, rank: str = "muted") -> None:
        self.hint.setText(words)
        self.hint.setProperty("rank", rank)
        self.hint.style().unpolish(self.hint)
        self.hint.style().polish(self.hint)
        self._middle.hide()
        self.hint.show()

    def _show(self) -> None:
        result = self.result
        if result is None:
            return
        lines = self._lines = GradientLines(result, self.shown_kind)
        self.chart.show_series(lines.series, lines.frame)
        self.legend.show_legend(LineLegend(lines.series, lines.frame, lines.band))
        self._show_table(result)
        kind = self.shown_kind
        said: list[str] = [course(profile, kind) for profile in result.networks]
        said += [words for profile in result.networks if (words := edges(profile, kind))]
        self.course.setText("\n".join(map(translated, said)))
        self.meaning.setText("\n\n".join(map(translated, meaning(result))))
        notes = [f"{translated(setting(result))}.", result.alone, *result.notes]
        self.notes.setText("\n".join(translated(words) for words in notes if words))
        self.words.setText("")

    def _show_table(self, result: GradientsResult) -> None:
        """First, last, both over each other and the loss, one column a network."""
        while self._grid.count():
            item = self._grid.takeAt(0)
            assert item is not None
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        first, last = (
            (tr("first block"), tr("last block"))
            if self.shown_kind == "inputs"
            else (tr("first layer"), tr("last layer"))
        )
        for row, name in enumerate((first, last, tr("first / last"), tr("mean loss")), 1):
            label = QLabel(name)
            label.setProperty("rank", "muted")
            self._grid.addWidget(label, row, 0)
        for column, profile in enumerate(result.networks, 1):
            heading = _Heading(profile.name, tr("network") if column == 1 else tr("plain twin"))
            heading.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(heading, 0, column)
            for row, one in enumerate(_cells(profile, self.shown_kind), 1):
                self._grid.addWidget(_cell(one, profile.name), row, column)

    def _pointed(self, series: int, point: int) -> None:
        if self._lines is None or series < 0:
            self.words.setText("")
            self.hovered.emit(None)
            return
        self.words.setText(self._lines.words(series, point))
        self.chart.setAccessibleDescription(self.words.full_text)
        self.hovered.emit(self._lines.block(series, point))

    def _point_chosen(self, series: int, point: int) -> None:
        block = None if self._lines is None else self._lines.block(series, point)
        if block is not None:
            self.block_chosen.emit(block)


class _Heading(ElidedLabel):
    """A network's name, or what it is where the name does not fit."""

    _short = ""

    def __init__(self, name: str, short: str) -> None:
        super().__init__(name, rank="small")
        self._short = short
        self._elide()

    def _elide(self) -> None:
        super()._elide()
        if self._short and self.text() != self.full_text:
            shown = self.fontMetrics().elidedText(self._short, Qt.TextElideMode.ElideRight, max(self.width(), 1))
            QLabel.setText(self, shown)

    def minimumSizeHint(self) -> QSize:
        size = super().minimumSizeHint()
        short = self.fontMetrics().horizontalAdvance(self._short) + 2
        return QSize(max(size.width(), min(short, self.sizeHint().width())), size.height())


def _cells(profile: Profile, kind: Kind) -> list[Spread]:
    first, last = profile.ends(kind)
    spreads = profile.spreads(kind)
    return [spreads[first], spreads[last], spread(profile.ratios(kind)), spread(profile.losses)]


def _cell(one: Spread, network: str) -> QLabel:
    label = QLabel(figure(one.median))
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    tabular(label)
    if one.count > 1:
        label.setToolTip(
            tr("{low} to {high}, {count} seeds", low=figure(one.low), high=figure(one.high), count=one.count)
        )
    label.setAccessibleName(f"{network}: {label.text()}")
    return label
