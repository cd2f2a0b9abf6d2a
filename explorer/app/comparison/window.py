"""The window of the comparison: choosers above, the figure at the left, table and pictures at the right.

It stands on its own beside the main window, so that both can be seen at once, and closes with it.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QTabWidget, QVBoxLayout, QWidget

from explorer.app.comparison.choosers import Choosers
from explorer.app.comparison.pictures import PicturesPanel
from explorer.app.comparison.table import DifferenceTable
from explorer.app.comparison.view import ComparisonView
from explorer.app.notice import NoticeBar
from explorer.app.text import tr
from explorer.app.theme import SPACE, theme
from explorer.app.widgets.panel import InfoButton
from explorer.networks.spec import NetworkSpec

_SIZE = (1280, 860)
_SHARES = (640, 640)
_ABOUT = (
    "Networks side by side, from their input down, one row a layer: boxes at the same height have maps of the same "
    "side, as in Fig. 3 of He et al. 2015. Solid lines at the side are identity shortcuts, dashed ones projections; "
    "colours are those of the last network's stages.\n\n"
    "A click on a block marks what stands at the same resolution and the same relative position in the others. Wheel "
    "and drag zoom and move all networks together.\n\n"
    "Depth counts weighted layers (Table 1); MACs are what the paper prints as FLOPs. Only accuracies on the same "
    "images can be compared, so each set of images has a row of its own."
)


class ComparisonWindow(QWidget):
    """Two or three networks. It changes nothing by itself: it tells what a person wants."""

    networks_chosen = Signal(object)
    """A tuple of two or three NetworkSpecs."""
    figure_3_requested = Signal()
    export_requested = Signal()
    cancel_requested = Signal()
    shown = Signal(bool)
    """Whether it is open now."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("comparison")
        self.setWindowTitle(tr("Compare – ResNet Explorer"))
        self.setAutoFillBackground(True)
        self.choosers = Choosers()
        self.choosers.chosen.connect(self.networks_chosen)
        self.view = ComparisonView()
        self.table = DifferenceTable()
        self.pictures = PicturesPanel()
        self.notice = NoticeBar()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(self.table, tr("What differs"))
        self.tabs.addTab(self.pictures, tr("Same picture"))
        self.view.selected.connect(self.table.show_selection)
        self._lay_out()
        self._shortcuts()
        self.resize(*_SIZE)
        self.view.setFocus()
        theme().changed.connect(self.update)

    def _lay_out(self) -> None:
        self.figure_3 = QPushButton(tr("Fig. 3 of the paper"))
        self.figure_3.setToolTip(tr("VGG-19, Plain-34 and ResNet-34 (He et al. 2015, Fig. 3)"))
        self.figure_3.clicked.connect(self.figure_3_requested)
        self.fit = QPushButton(tr("Fit"))
        self.fit.setToolTip(tr("Show all of it (F)"))
        self.fit.clicked.connect(self.view.fit_all)
        self.export = QPushButton(tr("Export…"))
        self.export.setToolTip(tr("The figure as SVG, PDF or PNG"))
        self.export.clicked.connect(self.export_requested)
        bar = QHBoxLayout()
        bar.setContentsMargins(2 * SPACE, 10, 2 * SPACE, 10)
        bar.setSpacing(SPACE)
        bar.addWidget(self.choosers)
        bar.addStretch(1)
        for button in (self.figure_3, self.fit, self.export):
            bar.addWidget(button)
        bar.addWidget(InfoButton(tr(_ABOUT)))
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(self.view)
        self.splitter.addWidget(self.tabs)
        self.splitter.setSizes(list(_SHARES))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.notice)
        layout.addWidget(self.splitter, 1)

    def _shortcuts(self) -> None:
        for keys, slot in (
            (QKeySequence("Ctrl+E"), self.export_requested), (QKeySequence("Ctrl+0"), self.view.fit_all),
            (QKeySequence(QKeySequence.StandardKey.Close), None),
        ):  # fmt: skip
            shortcut = QShortcut(keys, self)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(self.close if slot is None else slot)

    def show_networks(self, specs: tuple[NetworkSpec, ...]) -> None:
        """In the choosers and in the figure; table and pictures have their own words for them."""
        self.choosers.show_networks(specs)
        self.view.show_networks(specs)
        self.setWindowTitle(tr("{networks} – Compare", networks=", ".join(spec.name for spec in specs)))

    # -- Qt's events ---------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Show and not event.spontaneous():
            self.shown.emit(True)
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape that the figure had no use for stops what runs."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancel_requested.emit()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.shown.emit(False)
        super().closeEvent(event)
