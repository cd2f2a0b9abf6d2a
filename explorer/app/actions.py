"""One table of actions: menus, toolbar and shortcuts are made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from explorer.app.text import tr

Key = str | QKeySequence.StandardKey


@dataclass(frozen=True)
class Entry:
    """One action.

    Attributes:
        name: by which it is found (`window.actions_by_name["open"]`).
        menu: the menu it stands in; a second level after a slash.
        text: in the menu, English; translated when the menu is made.
        key: its shortcut, if any.
        tip: the tooltip, where the text does not say it all.
    """

    name: str
    menu: str
    text: str
    key: Key | None = None
    tip: str = ""


_Standard = QKeySequence.StandardKey

ENTRIES: tuple[Entry | None, ...] = (
    Entry("open", "File", "Open image…", _Standard.Open),
    Entry("paste", "File", "Paste image", _Standard.Paste),
    Entry("sample", "File", "Next sample image", "Ctrl+J", "The next image of the bundled Fashion-MNIST set"),
    Entry("chart", "File", "Test chart", "Ctrl+Shift+J", "Edges, rings and gradients, to look at filters with"),
    None,
    Entry("choose_network", "File", "Choose network…", "Ctrl+N", "By family or by name"),
    Entry("open_network", "File", "Open network…", None, "A network's JSON file"),
    Entry("save_network", "File", "Save network as JSON…", _Standard.Save),
    Entry("open_weights", "File", "Open checkpoint…", "Ctrl+Shift+O", ".pth, .pt, .th or .safetensors"),
    None,
    Entry(
        "export_network", "File/Export", "Network as PyTorch code, weights, ONNX or JSON…", "Ctrl+Alt+E",
        "The open network, with or without the deleted blocks",
    ),
    Entry("export_diagram", "File/Export", "Diagram as SVG, PDF or PNG…", "Ctrl+E"),
    Entry("copy_diagram", "File/Export", "Copy diagram", "Ctrl+Shift+C"),
    Entry("export_maps", "File/Export", "Feature maps as PNG…"),
    Entry("export_predictions", "File/Export", "Predictions as CSV…"),
    Entry("export_study", "File/Export", "Study as CSV…", "Ctrl+Shift+E", "With a header that suffices to repeat it"),
    Entry("export_chart", "File/Export", "Study chart as SVG or PNG…"),
    Entry("copy_chart", "File/Export", "Copy study chart"),
    None,
    Entry("quit", "File", "Quit", _Standard.Quit),
    Entry("undo", "Edit", "Undo", _Standard.Undo),
    Entry("redo", "Edit", "Redo", _Standard.Redo),
    None,
    Entry("toggle", "Edit", "Delete or restore the selected block", "Ctrl+D", "Space does the same in the diagram"),
    Entry("restore", "Edit", "Restore all", "Ctrl+Shift+R", "Nothing deleted, cut or moved any more"),
    Entry("twin", "Edit", "Plain twin, and back", "Ctrl+T", "The same network without any shortcut (He et al. 2015)"),
    None,
    Entry("find", "Edit", "Find a block", _Standard.Find),
    Entry("run_study", "Study", "Run the study", "Ctrl+R", "Delete, cut or move blocks one after another, and measure"),
    Entry("pause_study", "Study", "Pause the study", "Ctrl+Shift+P"),
    Entry("cancel_study", "Study", "Cancel the study", None, "What was measured stays, and can be taken up again"),
    None,
    Entry("training_logs", "Study", "How the bundled networks were trained…", None, "Error by epoch, and the commands"),
    Entry("zoom_in", "View", "Zoom in", _Standard.ZoomIn),
    Entry("zoom_out", "View", "Zoom out", _Standard.ZoomOut),
    Entry("fit", "View", "Fit the diagram", "Ctrl+0"),
    Entry("level_stages", "View/Detail", "Stages", None, "A summary of each stage; 1 in the diagram"),
    Entry("level_runs", "View/Detail", "Fold all", None, "Long runs of equal blocks folded; 2 in the diagram"),
    Entry("level_blocks", "View/Detail", "Unfold all", None, "Every block; 3 in the diagram"),
    Entry("level_operations", "View/Detail", "Open the selected part", None, "Its operations; 4 in the diagram"),
    Entry("minimap", "View", "Overview of a zoomed diagram", None, "A small picture of all of it, in the corner"),
    None,
    Entry("compare", "View", "Compare…", "Ctrl+K", "Two or three networks side by side, aligned by resolution"),
    Entry("figure_3", "View", "Compare as in Fig. 3 of the paper", None, "VGG-19, Plain-34 and ResNet-34"),
    None,
    Entry("show_maps", "View", "Feature maps", "Ctrl+1"),
    Entry("show_study", "View", "Deletion study", "Ctrl+2"),
    Entry("show_blocks", "View", "Residuals", "Ctrl+3", "What each block adds to what its shortcut carries"),
    Entry("show_gradients", "View", "Gradients", "Ctrl+4", "How large they are at every block, plain and residual"),
    Entry("show_paths", "View", "Paths", "Ctrl+5", "How many there are, how long, and which carry the gradient"),
    Entry("show_cam", "View", "Where it looks", "Ctrl+6", "Grad-CAM at any block, and a channel from block to block"),
    Entry("show_training", "View", "Training", "Ctrl+7", "Train the open network, and watch its curves grow"),
    None,
    Entry("cancel", "View", "Cancel what is running", "Esc"),
    None,
    Entry("theme_system", "View/Theme", "As the system"),
    Entry("theme_light", "View/Theme", "Light"),
    Entry("theme_dark", "View/Theme", "Dark"),
    Entry("lessons", "Lessons", "All lessons…", "Ctrl+L", "Short ones, to guess and to measure; yours too"),
    Entry("end_lesson", "Lessons", "End the lesson", None, "The panels are as they were before"),
    None,
    Entry("lessons_folder", "Lessons", "Open the lessons folder", None, "Text files: write your own"),
    Entry("keys", "Help", "Keyboard", _Standard.HelpContents),
    Entry("about", "Help", "About ResNet Explorer"),
)  # fmt: skip
"""Every action in the order of the menus; None is a separator in the menu of the entry before it."""


def make_actions(
    window: QMainWindow, slots: dict[str, Callable[[], object]]
) -> tuple[dict[str, QAction], dict[str, QMenu]]:
    """Fill the menu bar and connect every action to its slot.

    Args:
        window: whose menu bar it is.
        slots: what each entry's name does; all of them, and no other.

    Returns:
        The actions by their names, and the menus by theirs.

    Raises:
        ValueError: an entry without a slot, or a slot without an entry.
    """
    names = {entry.name for entry in ENTRIES if entry is not None}
    if names != slots.keys():
        raise ValueError(f"actions and slots differ: {sorted(names ^ slots.keys())}")
    actions: dict[str, QAction] = {}
    menus: dict[str, QMenu] = {}
    menu = None
    for entry in ENTRIES:
        if entry is None:
            assert menu is not None
            menu.addSeparator()
            continue
        menu = _menu(window, menus, entry.menu)
        action = QAction(tr(entry.text), window)
        if entry.key is not None:
            action.setShortcuts([QKeySequence(entry.key)] if isinstance(entry.key, str) else entry.key)
        if entry.tip:
            action.setToolTip(tr(entry.tip))
            action.setStatusTip(tr(entry.tip))
        action.triggered.connect(_Slot(slots[entry.name]))
        if entry.name == "cancel":
            # Shown in the menu, heard by the window once fields and diagram have had no use for the key.
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        if entry.name == "quit":
            action.setMenuRole(QAction.MenuRole.QuitRole)
        if entry.name == "about":
            action.setMenuRole(QAction.MenuRole.AboutRole)
        menu.addAction(action)
        actions[entry.name] = action
    return actions, menus


class _Slot:
    """Drops the `checked` argument of `triggered`."""

    def __init__(self, slot: Callable[[], object]) -> None:
        self._slot = slot

    def __call__(self, checked: bool = False) -> None:
        self._slot()


def _menu(window: QMainWindow, menus: dict[str, QMenu], path: str) -> QMenu:
    if path not in menus:
        parent, _, name = path.rpartition("/")
        menus[path] = _menu(window, menus, parent).addMenu(tr(name)) if parent else window.menuBar().addMenu(tr(name))
    return menus[path]
