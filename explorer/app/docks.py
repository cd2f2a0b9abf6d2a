"""The docks around the diagram: where each panel stands, and how large it is at first."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

_LEFT, _RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
_BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea
_AREAS = {"network": _LEFT, "blocks": _LEFT, "prediction": _RIGHT, "accuracy": _RIGHT, "maps": _BOTTOM}


def add_docks(window: QMainWindow, panels: Mapping[str, tuple[str, QWidget]]) -> dict[str, QDockWidget]:
    """Put each panel into a dock of the window.

    Args:
        window: whose docks they are.
        panels: title and widget by the dock's name, one of `_AREAS`.
    """
    window.setCorner(Qt.Corner.BottomLeftCorner, _LEFT)
    window.setCorner(Qt.Corner.BottomRightCorner, _RIGHT)
    docks = {}
    for name, (title, panel) in panels.items():
        dock = QDockWidget(title, window)
        dock.setObjectName(name)
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
        # Each panel has its own title row; a second one above it would only be noise.
        dock.setTitleBarWidget(QWidget())
        dock.setWidget(panel)
        window.addDockWidget(_AREAS[name], dock)
        docks[name] = dock
    return docks


def lay_out(window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
    """The layout of a first start, for the size of the screen."""
    screen = window.screen().availableGeometry()
    window.resize(min(1440, screen.width()), min(900, screen.height()))
    for dock in docks.values():
        dock.show()
    horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
    window.resizeDocks([docks["network"], docks["prediction"]], [272, 292], horizontal)
    window.resizeDocks([docks["network"], docks["blocks"]], [500, 300], vertical)
    window.resizeDocks([docks["prediction"], docks["accuracy"]], [390, 410], vertical)
    window.resizeDocks([docks["maps"]], [400], vertical)
