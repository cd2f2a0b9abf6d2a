"""The window: panels around the diagram, wired to the document; opening, saving, closing.

Data flows one way: a panel's request becomes a command, the command changes the document, the document's signals
reach panels and runner, the runner's results reach panels.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QActionGroup, QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QMainWindow, QTabWidget, QVBoxLayout, QWidget

from explorer.app import commands
from explorer.app.actions import make_actions
from explorer.app.comparison.desk import ComparisonDesk
from explorer.app.diagram.view import DiagramView
from explorer.app.docks import add_docks, lay_out
from explorer.app.document import Document, State
from explorer.app.explain.desk import LANES
from explorer.app.explain.views import Views
from explorer.app.files import Files
from explorer.app.jobs import Jobs, Lane
from explorer.app.lessons import LessonDesk
from explorer.app.network_export import NetworkExport
from explorer.app.notice import NoticeBar
from explorer.app.panels.accuracy import AccuracyPanel
from explorer.app.panels.blocks import BlocksPanel
from explorer.app.panels.feature_maps import FeatureMapsPanel
from explorer.app.panels.network import NetworkPanel
from explorer.app.panels.prediction import PredictionPanel
from explorer.app.runner import Runner
from explorer.app.settings import Settings
from explorer.app.status import StatusBar
from explorer.app.studies import Studies
from explorer.app.study_desk import StudyDesk
from explorer.app.text import sentence, tr, translated
from explorer.app.theme import ThemeName, theme
from explorer.app.times import Times
from explorer.app.toolbar import ToolBar
from explorer.app.wiring import slots, wire_panels, wire_results
from explorer.engine.records import (
    UNTRAINED,
    DataKind,
    DataRef,
    DeviceInfo,
    WeightsInfo,
    WeightsKind,
    WeightsRef,
)
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.spec import NetworkSpec

FIRST_WEIGHTS = WeightsRef(WeightsKind.BUNDLED, "resnet20-fashion-mnist")
FIRST_NETWORK = PRESETS["resnet20"].with_(in_channels=1, side=28)
"""What a new window shows: the small bundled network, ready at once and on any machine."""


class Window(QMainWindow):
    """The program's one window.

    Args:
        settings: what is remembered between runs.
        image: a picture to open at the start; a bundled sample where None.
        deleted: ids of blocks of the first network that are deleted at the start.
        network: the first network, and its weights.
    """

    settled = Signal()
    """The first results are in: the picture's, and the whole accuracy where it is measured."""

    def __init__(
        self,
        settings: Settings,
        image: Path | None = None,
        deleted: frozenset[str] = frozenset(),
        network: tuple[NetworkSpec, WeightsRef] = (FIRST_NETWORK, FIRST_WEIGHTS),
    ) -> None:
        super().__init__()
        self.settings = settings
        self.setWindowTitle("ResNet Explorer")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.document = Document(State(*network, deleted=deleted), self)
        self.jobs = Jobs(self, settings.trained)
        self.runner = Runner(self.document, self.jobs, self)
        self.studies = Studies(self.document, self.jobs, self.runner, settings.studies, self)
        self.files = Files(self)
        self.network_export = NetworkExport(self)
        self.study_desk = StudyDesk(self)
        self.comparison = ComparisonDesk(self)
        self.views = Views(self)
        self.lessons = LessonDesk(self)
        self.times = Times(self.document, self.jobs, self)
        self.diagram = DiagramView()
        self.actions_by_name, self.menus = make_actions(self, slots(self))
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self._build()
        wire_panels(self)
        wire_results(self)
        self.study_desk.wire()
        self._follow()
        self._restore_layout()
        self._settled = False
        self._sample = -1
        self._started = False
        self.diagram.setFocus()
        self._first_image = image

    # -- building ------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.toolbar = ToolBar(self.document, self.actions_by_name)
        self.addToolBar(self.toolbar)
        self.notice = NoticeBar()
        # A graphics view would take a dropped picture and do nothing with it: drops are the window's.
        self.diagram.setAcceptDrops(False)
        self.diagram.viewport().setAcceptDrops(False)
        middle = QWidget()
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notice)
        layout.addWidget(self.diagram, 1)
        self.setCentralWidget(middle)
        self.network_panel = NetworkPanel(self.document)
        self.blocks_panel = BlocksPanel(self.document)
        self.prediction_panel = PredictionPanel(self.document)
        self.accuracy_panel = AccuracyPanel(self.document)
        self.maps_panel = FeatureMapsPanel(self.document)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(self.maps_panel, tr("Feature maps"))
        self.tabs.addTab(self.study_desk.panel, tr("Deletion study"))
        self.views.add_to(self.tabs)
        self.docks = add_docks(
            self,
            {
                "network": (tr("Network"), self.network_panel),
                "blocks": (tr("Blocks"), self.blocks_panel),
                "prediction": (tr("Prediction"), self.prediction_panel),
                "accuracy": (tr("Accuracy"), self.accuracy_panel),
                "maps": (tr("Feature maps and studies"), self.tabs),
            },
        )
        self._view_menu()

    def _view_menu(self) -> None:
        view = self.menus["View"]
        view.addSeparator()
        for dock in self.docks.values():
            view.addAction(dock.toggleViewAction())
        self._themes = QActionGroup(self)
        for name in ("system", "light", "dark"):
            action = self._themes.addAction(self.actions_by_name[f"theme_{name}"])
            action.setCheckable(True)
            action.setChecked(name == theme().name)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_theme_changed)
        self.files.add_recent_menu(self.menus["File"], before=self.actions_by_name["paste"])
        self.lessons.menu.fill(self.menus["Lessons"], before=self.actions_by_name["lessons"])
        self.actions_by_name["end_lesson"].setEnabled(False)

    # -- following the document ----------------------------------------------------------------------------------

    def _follow(self) -> None:
        """The document -> the diagram, the title, undo and redo. Panels follow it by themselves."""
        self.document.spec_changed.connect(self._show_spec)
        self.document.deleted_changed.connect(self._show_deleted)
        self.document.selection_changed.connect(self._show_selection)
        self.document.picture_changed.connect(self._show_title)
        self.document.picture_changed.connect(self.files.remember)
        for changed in (self.document.picture_changed, self.document.data_changed, self.document.weights_changed):
            changed.connect(self.notice.forget_refusal)
        for changed in (self.document.spec_changed, self.document.deleted_changed):
            changed.connect(self.notice.forget_hint)
        stack = self.document.undo_stack
        stack.canUndoChanged.connect(self.actions_by_name["undo"].setEnabled)
        stack.canRedoChanged.connect(self.actions_by_name["redo"].setEnabled)
        stack.undoTextChanged.connect(self._show_undo_text)
        stack.redoTextChanged.connect(self._show_undo_text)
        self.actions_by_name["undo"].setEnabled(False)
        self.actions_by_name["redo"].setEnabled(False)
        self._show_spec()

    def _show_spec(self) -> None:
        self.diagram.set_spec(self.document.state.spec)
        self._show_deleted()
        self._show_title()

    def _show_deleted(self) -> None:
        self.diagram.set_lesion(self.document.state.lesion)
        self.actions_by_name["restore"].setEnabled(bool(self.document.state.lesion))

    def _show_selection(self) -> None:
        selection = self.document.state.selection
        self.diagram.set_selection(selection)
        self.actions_by_name["toggle"].setEnabled(selection in self.document.state.spec.block_ids)

    def _show_title(self) -> None:
        state = self.document.state
        parts = [state.spec.name, translated(state.picture.name) if state.picture else "", "ResNet Explorer"]
        self.setWindowTitle(" – ".join(part for part in parts if part))

    def _show_undo_text(self) -> None:
        stack = self.document.undo_stack
        for name, verb, text in (("undo", tr("Undo"), stack.undoText()), ("redo", tr("Redo"), stack.redoText())):
            self.actions_by_name[name].setText(f"{verb}: {text}" if text else verb)

    def show_busy(self, busy: bool, lane: Lane) -> None:
        if lane is Lane.PICTURE or (lane is Lane.WEIGHTS and self.document.state.info is None):
            self.prediction_panel.show_busy(busy)
            self.maps_panel.show_busy(busy)
        elif lane is Lane.ACCURACY:
            self.accuracy_panel.show_busy(busy)

    def refuse(self, lane: Lane, error: UserError) -> None:
        if lane is Lane.PICTURE:
            self.prediction_panel.show_error(sentence(error))
            self.maps_panel.show_error(sentence(error))
        elif lane is Lane.ACCURACY:
            self.accuracy_panel.show_error(sentence(error))
        elif lane is Lane.STUDY:
            self.study_desk.show_error(sentence(error))
        elif lane not in LANES:
            self.notice.refuse(sentence(error))

    # -- edits ---------------------------------------------------------------------------------------------------

    def toggle(self, block_id: str) -> None:
        self._edit(commands.toggle_deleted, block_id)

    def toggle_cut(self, block_id: str) -> None:
        self._edit(commands.toggle_cut, block_id)

    def move_block(self, block_id: str, place_id: str) -> None:
        self._edit(commands.move_block, block_id, place_id)

    def _edit(self, command: Callable[..., None], *names: str) -> None:
        """What a network's kind of blocks does not allow is told, and nothing changes."""
        try:
            command(self.document, *names)
        except UserError as error:
            self.notice.hint(sentence(error))

    def put_back(self, block_id: str) -> None:
        self._edit(commands.move_block, block_id, block_id)

    def toggle_selected(self) -> None:
        state = self.document.state
        if state.selection in state.spec.block_ids:
            self.toggle(str(state.selection))

    def restore_all(self) -> None:
        commands.restore(self.document)

    def select(self, part_id: str) -> None:
        self.document.replace(selection=part_id or None)

    def reveal(self, block_id: str) -> None:
        self.select(block_id)
        self.diagram.reveal(block_id)

    def use_weights(self, info: WeightsInfo | None) -> None:
        if info is None:
            commands.set_network(self.document, self.document.state.spec, UNTRAINED)
        else:
            self.runner.request_weights(info.ref, info.spec)

    def use_device(self, device: DeviceInfo) -> None:
        self.document.replace(device=device)

    def use_data(self, kind: DataKind) -> None:
        if kind == "folder":
            self.files.open_folder()
        else:
            self.runner.request_data(DataRef(kind))

    def choose_network(self) -> None:
        self.toolbar.choose_network()

    def show_twin(self) -> None:
        """The plain twin, or back; where there is none, the panel says why."""
        self.docks["network"].show()
        self.network_panel.toggle_twin()

    def find_block(self) -> None:
        self.toolbar.focus_search()

    def next_sample(self) -> None:
        """The next of the bundled labelled images."""
        self._sample += 1
        self.runner.open_sample(self._sample)

    def show_maps(self) -> None:
        self.docks["maps"].show()
        self.tabs.setCurrentWidget(self.maps_panel)

    def use_theme(self, name: ThemeName) -> None:
        self.settings.theme = name
        self.actions_by_name[f"theme_{name}"].setChecked(True)
        theme().use(name)

    def _system_theme_changed(self) -> None:
        if theme().name == "system":
            theme().use("system")

    # -- Qt's events ---------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._started:
            self._started = True
            # After the first paint, so that the window is there before torch takes the processor.
            QTimer.singleShot(0, self._begin)

    def _begin(self) -> None:
        if not self.isVisible():
            return  # closed before it began
        self.jobs.start()
        self.runner.begin()
        self.studies.look_for_unfinished()
        if self._first_image is not None:
            self.runner.open_picture(self._first_image)
        else:
            self.next_sample()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape that nothing with the focus had a use for (a field takes back, the diagram closes its sheet)."""
        if event.key() == Qt.Key.Key_Escape:
            self.actions_by_name["cancel"].trigger()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.files.drop(event.mimeData())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the layout, cancel what runs and wait for the thread: nothing runs on after the window.

        The window goes at once; one long step may be left to wait for. `jobs.ended` tells whether it came to its end.
        """
        self.lessons.close()
        self.settings.keep_window(self.saveGeometry(), self.saveState())
        self.hide()
        self.comparison.close()
        self.jobs.close()
        super().closeEvent(event)

    # -- layout --------------------------------------------------------------------------------------------------

    def _restore_layout(self) -> None:
        kept = self.settings.window()
        if kept is None or not (self.restoreGeometry(kept[0]) and self.restoreState(kept[1])):
            self.forget_layout()

    def forget_layout(self) -> None:
        """The layout of a first start."""
        lay_out(self, self.docks)

    def settle(self) -> None:
        """Tell once that all first results, or refusals, are in: nothing runs any more, and nothing is about to."""
        if self._settled or self.jobs.running() or self.runner.pending:
            return
        self._settled = True
        # A little later: the panels have laid out and painted what they were given.
        QTimer.singleShot(400, self._tell_settled)

    def _tell_settled(self) -> None:
        self.settled.emit()
