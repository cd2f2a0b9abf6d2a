"""The place of the lesson panel: while a lesson is on it stands where network form and block tree stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QWidget

if TYPE_CHECKING:
    from explorer.app.window import Window

_REPLACED = ("network", "blocks")
_WIDTH = 300


class LessonDock:
    """Makes the dock when it is first needed and takes it out again, so that no kept layout knows of it.

    Args:
        window: whose docks they are.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._dock: QDockWidget | None = None
        self._accuracy_height = 0
        self._before: dict[str, tuple[bool, int, int]] = {}

    @property
    def is_open(self) -> bool:
        return self._dock is not None

    def open(self, panel: QWidget) -> None:
        """Show the panel; the docks that it replaces are hidden, and can be brought back from the View menu."""
        if self._dock is not None:
            return
        docks = self._window.docks
        self._before = {
            name: (not docks[name].isHidden(), docks[name].width(), docks[name].height()) for name in _REPLACED
        }
        for name in _REPLACED:
            docks[name].hide()
        dock = self._dock = QDockWidget(panel.accessibleName(), self._window)
        dock.setObjectName("lesson")
        dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        dock.setTitleBarWidget(QWidget())
        dock.setWidget(panel)
        self._window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        dock.show()
        self._window.resizeDocks([dock], [_WIDTH], Qt.Orientation.Horizontal)

    def hide_accuracy(self, hidden: bool) -> None:
        """Hide the accuracy while it is being guessed; it comes back unless it was not in sight before."""
        accuracy = self._window.docks["accuracy"]
        if hidden and not accuracy.isHidden():
            self._accuracy_height = accuracy.height()
            accuracy.hide()
        elif not hidden and self._accuracy_height:
            accuracy.show()
            self._window.resizeDocks([accuracy], [self._accuracy_height], Qt.Orientation.Vertical)
            self._accuracy_height = 0

    def close(self) -> None:
        """Take the panel away; the docks that it replaced are as they were."""
        if self._dock is None:
            return
        dock, self._dock = self._dock, None
        panel = dock.widget()
        self._window.removeDockWidget(dock)
        panel.setParent(None)
        dock.deleteLater()
        docks = self._window.docks
        shown = [name for name, (visible, _, _) in self._before.items() if visible]
        for name in _REPLACED:
            docks[name].setVisible(name in shown)
        if shown:
            there = [docks[name] for name in shown]
            widths, heights = ([self._before[name][part] for name in shown] for part in (1, 2))
            self._window.resizeDocks(there, widths, Qt.Orientation.Horizontal)
            self._window.resizeDocks(there, heights, Qt.Orientation.Vertical)
