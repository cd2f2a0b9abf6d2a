"""The network as a person builds it: family, depth, blocks, shortcuts, input; and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from explorer.app.document import Document
from explorer.app.panels.network_texts import ABOUT, FIGURES, OPTIONS, row_tip
from explorer.app.text import sentence, tr
from explorer.app.theme import SPACE
from explorer.app.widgets.fields import FieldRow, NumberField, Segmented
from explorer.app.widgets.figures import FigureTable
from explorer.app.widgets.labels import separator
from explorer.app.widgets.numbers import scaled, whole
from explorer.app.widgets.panel import Panel
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from explorer.networks.families.resnet import STAGES, ResNetSpec, ShortcutOption
from explorer.networks.families.resnet_depths import from_depth, nearest_depths, residual_twin
from explorer.networks.spec import NetworkSpec, SpecError

_MOST_STAGES = max(STAGES.values())
Change = Callable[[], NetworkSpec]


class NetworkPanel(Panel):
    """Asks for another network and never changes it itself: what it shows is always the document's.

    What cannot be is refused under its field, and the network stays. Changing one thing keeps the others, except for
    the family, which starts from its own small network (ResNet-18, ResNet-20), since stem, side and width belong to
    it, and for taking away all shortcuts or bringing them back: the depth stays, so two layers become one block.
    Widths and the way of halving are shown where they matter: in plain networks.
    """

    spec_requested = Signal(object)
    """The NetworkSpec that a person asks for."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(tr("Network"), tr(ABOUT), parent)
        self._document = document
        self.rows: dict[str, FieldRow] = {}
        self.family = self._choice("family", tr("Family"))
        self.depth_field = self._number("depth", tr("Depth"), 4)
        self.blocks = [NumberField(tr("Blocks in layer{number}", number=index + 1)) for index in range(_MOST_STAGES)]
        self._add("blocks", tr("Blocks a stage"), self.blocks)
        self.block = self._choice("block", tr("Block"))
        self.shortcut = self._choice("shortcut", tr("Shortcut"))
        self.order = self._choice("order", tr("Order"))
        self.stride = self._choice("stride_place", tr("Stride on"))
        self.channels = NumberField(tr("Input channels"))
        self.side = NumberField(tr("Input side in pixels"), 4)
        self._add("input", tr("Input"), [self.channels, self.side])
        self.classes = self._number("classes", tr("Classes"), 6)
        self.width_field = self._number("width", tr("Width"), 4)
        self.widths = self._choice("widths", tr("Widths"))
        self.downsampling = self._choice("downsampling", tr("Halving"))
        self.body.addSpacing(SPACE)
        self.body.addWidget(separator())
        self.body.addSpacing(SPACE)
        self.figures = FigureTable()
        for key, name, tip in FIGURES:
            self.figures.add(key, tr(name), tr(tip))
        self.body.addWidget(self.figures)
        self.finish()
        self._connect()
        document.spec_changed.connect(self._refresh)
        self._refresh()

    # -- building ------------------------------------------------------------------------------------------------

    def _add(self, key: str, text: str, fields: list[NumberField] | list[Segmented]) -> None:
        self.rows[key] = FieldRow(text, fields, tr(row_tip(key)))
        self.body.addWidget(self.rows[key])
        self.body.setSpacing(3)

    def _choice(self, key: str, text: str) -> Segmented:
        control = Segmented([(value, tr(shown), tr(tip)) for value, shown, tip in OPTIONS[key]], text)
        self._add(key, text, [control])
        return control

    def _number(self, key: str, text: str, digits: int) -> NumberField:
        field = NumberField(text, digits)
        self._add(key, text, [field])
        return field

    def _connect(self) -> None:
        self.family.chosen.connect(self._choose_family)
        self.shortcut.chosen.connect(self._choose_shortcut)
        for key, control in self._choices().items():
            if control is not self.shortcut:
                control.chosen.connect(partial(self._change, key, key))
        self.depth_field.entered.connect(self._enter_depth)
        self.depth_field.stepped.connect(self._step_depth)
        for index, field in enumerate(self.blocks):
            field.entered.connect(partial(self._enter_blocks, index))
            field.stepped.connect(partial(self._step_blocks, index))
        plain = (
            ("input", "in_channels", self.channels),
            ("input", "side", self.side),
            ("classes", "classes", self.classes),
            ("width", "width", self.width_field),
        )
        for row, name, field in plain:
            field.entered.connect(partial(self._enter, row, name, field))
            field.stepped.connect(partial(self._step, row, name, field))

    def _choices(self) -> dict[str, Segmented]:
        """The choices that are fields of a spec, but for the family."""
        return {
            "block": self.block,
            "shortcut": self.shortcut,
            "order": self.order,
            "stride_place": self.stride,
            "widths": self.widths,
            "downsampling": self.downsampling,
        }

    # -- what a person does --------------------------------------------------------------------------------------

    @property
    def _spec(self) -> ResNetSpec:
        spec = self._document.state.spec
        assert isinstance(spec, ResNetSpec)
        return spec

    def _choose_family(self, family: str) -> None:
        self._ask("family", lambda: PRESETS["resnet18" if family == "imagenet" else "resnet20"])

    def _choose_shortcut(self, option: ShortcutOption) -> None:
        self._ask("shortcut", lambda: self._with_shortcut(option))

    def _with_shortcut(self, option: ShortcutOption) -> NetworkSpec:
        spec = self._spec
        if option == "none":
            return spec.twin()
        return residual_twin(spec, option) if spec.plain else spec.with_(shortcut=option)

    def _change(self, row: str, name: str, value: object) -> None:
        self._ask(row, lambda: self._spec.with_(**{name: value}))

    def _enter(self, row: str, name: str, field: NumberField, value: object) -> None:
        self._ask(row, lambda: self._spec.with_(**{name: value}), field)

    def _step(self, row: str, name: str, field: NumberField, by: int) -> None:
        self._ask(row, lambda: self._spec.with_(**{name: getattr(self._spec, name) + by}), field)

    def _enter_blocks(self, index: int, count: object) -> None:
        def changed() -> NetworkSpec:
            blocks: list[object] = list(self._spec.blocks)
            blocks[index] = count
            return self._spec.with_(blocks=tuple(blocks))

        self._ask("blocks", changed, self.blocks[index])

    def _step_blocks(self, index: int, by: int) -> None:
        self._enter_blocks(index, self._spec.blocks[index] + by)

    def _enter_depth(self, depth: object) -> None:
        self._ask("depth", lambda: self._of_depth(depth), self.depth_field, depth)

    def _step_depth(self, by: int) -> None:
        spec = self._spec
        wanted = [
            depth for depth in nearest_depths(spec.family, spec.depth, spec.block) if (depth - spec.depth) * by > 0
        ]
        if wanted:
            self._enter_depth(wanted[0])

    def _of_depth(self, depth: object) -> NetworkSpec:
        """The present network with the blocks of another depth."""
        if not isinstance(depth, int):
            raise SpecError("The depth must be a whole number of layers, not {depth}.", depth=depth)
        found = from_depth(self._spec.family, depth, self._spec.block)
        return self._spec.with_(blocks=found.blocks, block=found.block)

    def _ask(self, row: str, change: Change, field: NumberField | None = None, depth: object = None) -> None:
        """Ask for a changed network, or refuse it where it was typed."""
        try:
            spec = change()
        except UserError as error:
            offers = self._offers(depth) if isinstance(depth, int) else []
            self.rows[row].refuse(sentence(error), offers)
            order: list[QWidget] = [self.depth_field, *offers]
            for before, after in pairwise(order):
                self.setTabOrder(before, after)
            if field is not None:
                field.set_refused(True)
            self._show_choices()
            return
        self.rows[row].refuse("")
        if spec != self._spec:
            self.spec_requested.emit(spec)
        # The document has the last word, also where the window did not grant the request.
        self._refresh()

    def _offers(self, depth: int) -> list[QPushButton]:
        buttons = []
        for near in nearest_depths(self._spec.family, depth, self._spec.block):
            button = QPushButton(str(near))
            button.setAccessibleName(tr("Use depth {depth}", depth=near))
            button.clicked.connect(partial(self._take_offer, near))
            buttons.append(button)
        return buttons

    def _take_offer(self, depth: int) -> None:
        self.depth_field.setFocus()
        self._enter_depth(depth)

    # -- what is shown -------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        spec = self._document.state.spec
        for row in self.rows.values():
            row.refuse("")
            row.setVisible(isinstance(spec, ResNetSpec))
        self._show_figures()
        if not isinstance(spec, ResNetSpec):
            return
        self._show_choices()
        self.depth_field.set_value(spec.depth)
        for index, field in enumerate(self.blocks):
            field.setVisible(index < len(spec.blocks))
            if index < len(spec.blocks):
                field.set_value(spec.blocks[index])
        for field, value in (
            (self.channels, spec.in_channels),
            (self.side, spec.side),
            (self.classes, spec.classes),
            (self.width_field, spec.width),
        ):
            field.set_value(value)

    def _show_choices(self) -> None:
        spec = self._spec
        self.family.set_value(spec.family)
        for name, control in self._choices().items():
            control.set_value(getattr(spec, name))
        self.rows["stride_place"].setVisible(spec.block == "bottleneck")
        layers = spec.block == "layer"
        self.rows["blocks"].label.setText(tr("Layers a stage") if layers else tr("Blocks a stage"))
        for name, usual in (("widths", "doubled"), ("downsampling", "stride")):
            self.rows[name].setVisible(spec.plain or getattr(spec, name) != usual)

    def _show_figures(self) -> None:
        spec = self._document.state.spec
        cost = network_cost(spec)
        self.figures.set("depth", whole(spec.depth))
        self.figures.set("parameters", whole(cost.parameters))
        number, prefix = scaled(cost.macs)
        exact = tr(
            "{number} multiply-adds of conv and linear layers for one image; He et al. print them as FLOPs.",
            number=whole(cost.macs),
        )
        self.figures.set("macs", number, prefix, exact)
        number, prefix = scaled(cost.activations)
        self.figures.set("activations", number, f"{prefix}B")
        self.figures.set("field", whole(cost.receptive_field), tr("px"))
