"""The network as a person builds it: family, depth, blocks, shortcuts, input; and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from explorer.app.document import Document
from explorer.app.panels.network_form import KnobRow, shape
from explorer.app.panels.network_texts import FAMILY_TIP, FIGURES, MORE_TIP, TWIN_TIPS, about, family_options
from explorer.app.text import sentence, tr
from explorer.app.theme import SPACE
from explorer.app.widgets.fields import NumberField
from explorer.app.widgets.figures import FigureTable
from explorer.app.widgets.labels import paragraph, separator
from explorer.app.widgets.numbers import scaled, whole
from explorer.app.widgets.panel import Panel
from explorer.errors import UserError
from explorer.networks.catalog import first_of
from explorer.networks.colouring import quantity_text
from explorer.networks.cost import network_cost
from explorer.networks.knobs import Knob, common_knobs
from explorer.networks.spec import NetworkSpec

_GAP = 3
Change = Callable[[], NetworkSpec]


class NetworkPanel(Panel):
    """Asks for another network and never changes it itself: what it shows is always the document's.

    Its rows are the knobs that the network's family declares, so that it knows no family. What cannot be is refused
    under its field, and the network stays. Changing one thing keeps the others, except for the family, which starts
    from its first preset. Knobs that are mostly left as they are stand behind "More", unless they are not so here. One
    button leads to the plain twin, and back to the network that it was made of. The options of a single block are
    shown while it is selected.
    """

    spec_requested = Signal(object)
    """The NetworkSpec that a person asks for."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(tr("Network"), tr(about(document.state.spec)), parent)
        self._document = document
        self.rows: dict[str, KnobRow] = {}
        """The rows in use, by their knobs' names; those that don't apply are hidden."""
        self._made: dict[tuple[object, ...], KnobRow] = {}
        self._order: list[KnobRow] = []
        self._unfolded = False
        self._origin: tuple[NetworkSpec, NetworkSpec] | None = None
        self._form = QVBoxLayout()
        self._form.setSpacing(_GAP)
        self.body.setSpacing(_GAP)
        self.body.addLayout(self._form)
        self._build_foot()
        self.block_form = QVBoxLayout()
        self.body.addLayout(self.block_form)
        self.block_row: KnobRow | None = None
        """Of the selected block, where it has options of its own."""
        self.body.addSpacing(SPACE)
        self.body.addWidget(separator())
        self.body.addSpacing(SPACE)
        self.figures = FigureTable()
        for key, name, tip in FIGURES:
            self.figures.add(key, tr(name), tr(tip))
        self.body.addWidget(self.figures)
        self.finish()
        document.spec_changed.connect(self._refresh)
        document.selection_changed.connect(self._show_block)
        self._refresh()

    # -- building ------------------------------------------------------------------------------------------------

    def _build_foot(self) -> None:
        """Below the rows: what opens the others, and the way to the twin."""
        self.more = QPushButton()
        self.more.setToolTip(tr(MORE_TIP))
        self.more.clicked.connect(self._fold)
        self.twin = QPushButton()
        self.twin.clicked.connect(self.toggle_twin)
        line = QHBoxLayout()
        line.setContentsMargins(0, 4, 0, 0)
        self.more.setProperty("quiet", True)
        self.more.setProperty("flush", True)
        self.twin.setProperty("small", True)
        line.addWidget(self.more)
        line.addStretch(1)
        line.addWidget(self.twin)
        self.body.addLayout(line)
        self.twin_refusal = paragraph(rank="error")
        self.twin_refusal.hide()
        self.body.addWidget(self.twin_refusal)

    def _row(self, knob: Knob, label: str) -> KnobRow:
        """The row that shows such a knob, made when it is needed first."""
        row = self._made.get(shape(knob))
        if row is None:
            row = self._made[shape(knob)] = KnobRow(knob, label)
            row.asked.connect(self._turn)
            row.stepped.connect(self._step)
        return row

    # -- what a person does --------------------------------------------------------------------------------------

    @property
    def _spec(self) -> NetworkSpec:
        return self._document.state.spec

    def field(self, name: str, index: int = 0) -> NumberField:
        """The number field of a knob; `index` where it has several."""
        return self.rows[name].numbers[index]

    @property
    def depth_field(self) -> NumberField:
        return self.field("depth")

    @property
    def classes(self) -> NumberField:
        return self.field("classes")

    def toggle_twin(self) -> None:
        """Ask for the plain twin; of a plain network, for the one it was made of, or one that it could be made of."""
        self.twin_refusal.hide()
        try:
            spec = self._residual() if self._spec.plain else self._twin()
        except UserError as error:
            self.twin_refusal.setText(sentence(error))
            self.twin_refusal.show()
            return
        self.spec_requested.emit(spec)

    def _fold(self) -> None:
        self._unfolded = not self._unfolded
        self._show_rows()

    def _twin(self) -> NetworkSpec:
        twin = self._spec.twin()
        self._origin = (self._spec, twin)
        return twin

    def _residual(self) -> NetworkSpec:
        spec = self._spec
        if self._origin is not None and self._origin[1].same_architecture(spec):
            # Weights may have brought another input and other classes.
            return self._origin[0].with_(in_channels=spec.in_channels, side=spec.side, classes=spec.classes)
        return spec.residual()

    def _turn(self, name: str, value: Any, field: NumberField | None) -> None:
        if name == "family":
            self._ask("family", lambda: first_of(value) or self._spec)
        elif name in {knob.name for knob in self._block_knobs()}:
            block = self._document.state.selection or ""
            self._ask(name, lambda: self._spec.turned(name, value, block))
        else:
            self._ask(name, lambda: self._spec.turned(name, value), field, value)

    def _step(self, name: str, value: int, by: int, field: NumberField) -> None:
        """The next number above or below that can be."""
        near = self._spec.neighbours(name, value)
        wanted = [number for number in near if (number - value) * by > 0] if near else [value + by]
        if wanted:
            self._turn(name, wanted[0], field)

    def _ask(self, name: str, change: Change, field: NumberField | None = None, value: object = None) -> None:
        """Ask for a changed network, or refuse it where it was typed."""
        try:
            spec = change()
        except UserError as error:
            self._refuse(self._row_of(name), sentence(error), self._offers(name, value, field), field)
            return
        self._row_of(name).refuse("")
        if spec != self._spec:
            self.spec_requested.emit(spec)
        # The document has the last word, also where the window did not grant the request.
        self._refresh()

    def _row_of(self, name: str) -> KnobRow:
        if self.block_row is not None and self.block_row.knob.name == name:
            return self.block_row
        return next((row for row in self.rows.values() if name in row.knob.fields), None) or self.rows[name]

    def _refuse(self, row: KnobRow, text: str, offers: list[QPushButton], field: NumberField | None) -> None:
        if row.choice is not None:
            row.show_knob(row.knob, row.label.text())
        row.refuse(text, offers)
        if field is not None:
            field.set_refused(True)
            _chain([field, *offers])

    def _offers(self, name: str, value: object, field: NumberField | None) -> list[QPushButton]:
        """Buttons with numbers that can be, in the place of one that can't."""
        if not isinstance(value, int) or field is None:
            return []
        buttons = []
        for near in self._spec.neighbours(name, value):
            button = QPushButton(str(near))
            button.setAccessibleName(tr("Use {number}", number=near))
            button.clicked.connect(partial(self._take_offer, name, near, field))
            buttons.append(button)
        return buttons

    def _take_offer(self, name: str, number: int, field: NumberField) -> None:
        field.setFocus()
        self._turn(name, number, field)

    # -- what is shown -------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        self._show_rows()
        self._show_block()
        self._show_figures()
        self.info.explain(tr(about(self._spec)))

    def _show_rows(self) -> None:
        family = Knob("family", "Family", self._spec.family, "choice", family_options(self._spec), FAMILY_TIP)
        own = self._spec.knobs()
        knobs = [family, *(knob for knob in own if not knob.more), *common_knobs(self._spec)]
        further = [knob for knob in own if knob.more]
        rows = []
        for knob in (*knobs, *further):
            row = self._row(knob, tr(knob.label))
            row.show_knob(knob, tr(knob.label))
            self.rows[knob.name] = row
            rows.append(row)
        if rows != self._order:
            self._lay_out(rows)
        for row in rows:
            row.setVisible(not row.knob.more or row.knob.special or self._unfolded)
        self._show_foot(any(not knob.special for knob in further))
        _chain([field for row in rows for field in row.fields] + [self.more, self.twin])

    def _lay_out(self, rows: list[KnobRow]) -> None:
        for row in self._order:
            self._form.removeWidget(row)
            if row not in rows:
                row.hide()
        for row in rows:
            self._form.addWidget(row)
        self._order = rows

    def _show_foot(self, foldable: bool) -> None:
        plain = self._spec.plain
        self.more.setText(tr("Fewer  ▴") if self._unfolded else tr("More  ▾"))
        self.more.setVisible(foldable)
        self.twin.setText(tr("With shortcuts") if plain else tr("Plain twin"))
        self.twin.setToolTip(tr(TWIN_TIPS[plain]))
        self.twin_refusal.hide()

    def _block_knobs(self) -> tuple[Knob, ...]:
        return self._spec.block_knobs(self._document.state.selection or "")

    def _show_block(self) -> None:
        """The options of the selected block, where it has some."""
        if self.block_row is not None:
            self.block_row.hide()
            self.block_row = None
        for knob in self._block_knobs():
            label = tr(knob.label, id=self._document.state.selection)
            self.block_row = self._row(knob, label)
            self.block_row.show_knob(knob, label)
            self.block_form.addWidget(self.block_row)
            self.block_row.show()
            _chain([self.twin, *self.block_row.fields])

    def _show_figures(self) -> None:
        cost = network_cost(self._spec)
        self.figures.set("depth", whole(self._spec.depth))
        self.figures.set("parameters", whole(cost.parameters))
        number, prefix = scaled(cost.macs)
        exact = tr(
            "{number} multiply-adds of conv and linear layers for one image; He et al. print them as FLOPs.",
            number=whole(cost.macs),
        )
        self.figures.set("macs", number, prefix, exact)
        number, unit = quantity_text(cost.activations, "B").split(" ")
        self.figures.set("activations", number, unit, tr("{value} bytes", value=whole(cost.activations)))
        self.figures.set("field", whole(cost.receptive_field), tr("px"))


def _chain(widgets: Iterable[QWidget]) -> None:
    """Tab goes from one to the next."""
    for before, after in pairwise(widgets):
        QWidget.setTabOrder(before, after)
