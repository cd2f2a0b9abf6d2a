"""The toolbar: network, weights and device to choose, undo and redo, opening and export, finding a block."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QCompleter, QLineEdit, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from explorer.app.document import Document
from explorer.app.network_chooser import NetworkChooser
from explorer.app.text import tr, translated
from explorer.app.theme import theme
from explorer.engine.records import UNTRAINED, Offer, WeightsInfo, WeightsKind
from explorer.engine.training_files import trained

_UNDO = "M7 4 L3 8 L7 12 M3 8 H11 a4 4 0 0 1 0 8 H8"
_MOST_TRAINED = 8
"""Of those for other networks."""
_REDO = "M13 4 L17 8 L13 12 M17 8 H9 a4 4 0 0 0 0 8 H12"


class ToolBar(QToolBar):
    """Asks; what is open is changed by others."""

    network_requested = Signal(object)
    """The NetworkSpec of a name."""
    weights_requested = Signal(object)
    """A WeightsInfo, or None for untrained."""
    checkpoint_requested = Signal()
    device_requested = Signal(object)
    """A DeviceInfo."""
    found = Signal(str)
    """A block's id."""
    search_changed = Signal(str)

    def __init__(self, document: Document, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(tr("Toolbar"), parent)
        self._document = document
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setIconSize(QSize(20, 20))
        self.network = QToolButton()
        self.network.setAccessibleName(tr("Network"))
        self.network.clicked.connect(self.choose_network)
        self.addWidget(self.network)
        self.chooser = NetworkChooser(self)
        self.chooser.chosen.connect(self.network_requested)
        self.weights = self._menu_button(tr("Weights"))
        self.device = self._menu_button(tr("Device"))
        self.addSeparator()
        self._icons = {"undo": _UNDO, "redo": _REDO}
        self._actions = actions
        for name in self._icons:
            self.addAction(actions[name])
        self.addSeparator()
        self._text_button(actions["open"])
        actions["sample"].setIconText(tr("Next sample"))
        self._text_button(actions["sample"])
        export = QToolButton()
        export.setText(tr("Export") + "  ▾")
        export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(export)
        menu.addActions([actions[name] for name in ("export_diagram", "copy_diagram", "export_maps")])
        menu.addActions([actions[name] for name in ("export_predictions", "export_study", "export_chart")])
        menu.addAction(actions["save_network"])
        export.setMenu(menu)
        self.addWidget(export)
        self._add_search()
        self._offer = Offer(())
        self._trained: tuple[WeightsInfo, ...] = ()
        theme().changed.connect(self._draw_icons)
        document.spec_changed.connect(self._refresh)
        document.weights_changed.connect(self._refresh)
        document.device_changed.connect(self._refresh)
        self._draw_icons()
        self._refresh()

    def show_offer(self, offer: Offer) -> None:
        """What this machine has to choose from."""
        self._offer = offer
        self._refresh()

    def show_trained(self, folder: Path) -> None:
        """The weights that the person trained: those in their folder, the last ones first."""
        self._trained = trained(folder)
        self._refresh()

    def choose_network(self) -> None:
        """Open the list of networks."""
        bundled = (info.spec for info in self._offer.weights if info.ref.kind is WeightsKind.BUNDLED)
        self.chooser.open_below(self.network, self._document.state.spec, bundled)

    def focus_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    # -- building ------------------------------------------------------------------------------------------------

    def _menu_button(self, name: str) -> QToolButton:
        button = QToolButton()
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setAccessibleName(name)
        button.setMenu(QMenu(button))
        button.menu().setToolTipsVisible(True)
        self.addWidget(button)
        return button

    def _text_button(self, action: QAction) -> None:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.addWidget(button)

    def _add_search(self) -> None:
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        gap.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.addWidget(gap)
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(200)
        self._ids = QStringListModel(self)
        completer = QCompleter(self._ids, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.activated.connect(self._find_completed)
        self.search.setCompleter(completer)
        self.search.returnPressed.connect(self._find)
        self.search.textChanged.connect(self.search_changed)
        self.addWidget(self.search)

    def _find(self) -> None:
        text = self.search.text().strip().lower()
        blocks = self._document.state.spec.all_blocks
        exact = (block.id for block in blocks if text in (block.id, block.path))
        hit = next(exact, None) or next((block.id for block in blocks if text in f"{block.id} {block.path}"), None)
        if text and hit is not None:
            self.found.emit(hit)

    def _find_completed(self, name: str) -> None:
        """A block chosen from the list of names, by id or module path."""
        self.found.emit(next(iter(self._document.state.spec.check_ids([name]))))

    # -- following the document ----------------------------------------------------------------------------------

    def _refresh(self) -> None:
        state = self._document.state
        paths = (block.path for block in state.spec.all_blocks if block.path)
        self._ids.setStringList([*state.spec.block_ids, *paths])
        layers = state.spec.layers
        self.search.setPlaceholderText(tr("Find a layer  (Ctrl+F)") if layers else tr("Find a block  (Ctrl+F)"))
        self.search.setAccessibleName(tr("Find a layer by its id") if layers else tr("Find a block by its id"))
        self._label(self.network, tr("Network"), state.spec.name)
        title = tr("Untrained") if state.weights == UNTRAINED else tr("loading…")
        if state.info is not None and state.weights != UNTRAINED:
            title = _with_accuracy(state.info)
        self._label(self.weights, tr("Weights"), title)
        self._label(self.device, tr("Device"), state.device.title)
        self._fill_weights()
        self._fill_devices()

    def _label(self, button: QToolButton, name: str, value: str) -> None:
        shown = value if len(value) <= 28 else value[:27] + "…"
        button.setText(f"{name}  {shown}  ▾")
        button.setToolTip(f"{name}: {value}")
        button.setAccessibleDescription(value)

    def _fill_weights(self) -> None:
        state = self._document.state
        menu = self.weights.menu()
        menu.clear()
        group = QActionGroup(menu)
        every = (*self._offer.weights, *self._trained)
        fitting = [info for info in every if info.spec.same_architecture(state.spec)]
        others = [
            info
            for info in self._offer.weights
            if info not in fitting and info.ref.kind is WeightsKind.BUNDLED
        ]  # fmt: skip
        _heading(menu, tr("For {network}", network=state.spec.name))
        for info in fitting:
            self._add_weights(menu, group, _with_accuracy(info), info, state.weights == info.ref)
        self._add_weights(menu, group, tr("Untrained"), None, state.weights == UNTRAINED)
        if others:
            _heading(menu, tr("Bundled for other networks"))
            for info in others:
                self._add_weights(menu, group, f"{info.spec.name}: {_with_accuracy(info)}", info, False)
        elsewhere = [info for info in self._trained if info not in fitting][:_MOST_TRAINED]
        if elsewhere:
            _heading(menu, tr("Trained here, for other networks"))
            for info in elsewhere:
                self._add_weights(menu, group, f"{info.spec.name}: {_with_accuracy(info)}", info, False)
        menu.addSeparator()
        menu.addAction(tr("Open checkpoint…"), self.checkpoint_requested.emit)

    def _add_weights(
        self, menu: QMenu, group: QActionGroup, text: str, info: WeightsInfo | None, checked: bool
    ) -> None:
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(checked)
        if info is not None:
            action.setToolTip(translated(info.source))
        group.addAction(action)
        action.triggered.connect(_Emit(self.weights_requested.emit, info))

    def _fill_devices(self) -> None:
        menu = self.device.menu()
        menu.clear()
        group = QActionGroup(menu)
        for device in self._offer.devices or (self._document.state.device,):
            action = menu.addAction(device.title)
            action.setCheckable(True)
            action.setChecked(device == self._document.state.device)
            group.addAction(action)
            action.triggered.connect(_Emit(self.device_requested.emit, device))

    def _draw_icons(self) -> None:
        colours = theme().palette
        for name, path in self._icons.items():
            icon = QIcon()
            icon.addPixmap(_stroke(path, colours.text), QIcon.Mode.Normal)
            icon.addPixmap(_stroke(path, colours.line), QIcon.Mode.Disabled)
            self._actions[name].setIcon(icon)


def _heading(menu: QMenu, text: str) -> None:
    """A line that tells what follows; a style sheet hides the text of Qt's own sections."""
    if not menu.isEmpty():
        menu.addSeparator()
    menu.addAction(text).setEnabled(False)


class _Emit:
    """Calls with one value, whatever the signal brings."""

    def __init__(self, call: Callable[[object], object], value: object) -> None:
        self._call, self._value = call, value

    def __call__(self, checked: bool = False) -> None:
        self._call(self._value)


def _with_accuracy(info: WeightsInfo) -> str:
    if info.accuracy is None or "%" in info.title:
        return translated(info.title)
    return tr("{name} · {share:.1f} %", name=info.title, share=100 * info.accuracy)


def _stroke(path: str, colour: str) -> QPixmap:
    """A path drawn as a line icon of 20 by 20, at four times that size."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><path d="{path}" fill="none" '
        f'stroke="{colour}" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
    pixmap = QPixmap(80, 80)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.encode())).render(painter)
    painter.end()
    return pixmap
