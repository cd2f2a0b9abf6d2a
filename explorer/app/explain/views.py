"""The views beside feature maps and deletion study: a tab each, whose panel is made when it is first looked at."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from explorer.app.explain.desk import Desk
from explorer.app.jobs import Lane
from explorer.app.text import tr

if TYPE_CHECKING:
    from explorer.app.window import Window
    from explorer.engine.session import Session


@dataclass(frozen=True)
class View:
    """One tab.

    Attributes:
        name: by which it is found.
        title: on the tab, English.
        tip: what it shows, English.
    """

    name: str
    title: str
    tip: str

    def desk(self, window: Window) -> Desk:
        """Its desk, from `explorer.app.explain.NAME_desk`, which is imported when it is first needed: with pyqtgraph
        that takes a while."""
        made: Desk = import_module(f"{__package__}.{self.name}_desk").make(window)
        return made


VIEWS = (
    View("blocks", "Residuals", "What each block adds to what its shortcut carries"),
    View("gradients", "Gradients", "How large they are at every block, plain and residual"),
    View("paths", "Paths", "How many there are, how long they are, and which carry the gradient"),
    View("cam", "Where it looks", "Grad-CAM at any block, and a channel followed from block to block"),
    View("training", "Training", "Train the open network, and watch its curves grow"),
)


class ViewTab(QWidget):
    """Holds a view's panel, once it has been looked at."""

    def __init__(self, view: View, window: Window) -> None:
        super().__init__()
        self.view = view
        self.desk: Desk | None = None
        self._window = window
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def opened(self) -> Desk:
        """Its desk, made now if need be."""
        if self.desk is None:
            self.desk = self.view.desk(self._window)
            self._layout.addWidget(self.desk.panel)
        return self.desk

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.opened().look()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self.desk is not None:
            self.desk.look_away()


class Views:
    """All of them.

    Args:
        window: whose tabs they are.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self.tabs = {view.name: ViewTab(view, window) for view in VIEWS}

    def add_to(self, tabs: QTabWidget) -> None:
        """Behind the tabs that are there."""
        for tab in self.tabs.values():
            tabs.setTabToolTip(tabs.addTab(tab, tr(tab.view.title)), tr(tab.view.tip))
        self._window.settled.connect(self._prepare)

    def show(self, name: str) -> Desk:
        """Bring a view to the front, and its dock back if it was closed; gives its desk."""
        desk = self.tabs[name].opened()
        self._window.docks["maps"].show()
        self._window.tabs.setCurrentWidget(self.tabs[name])
        return desk

    def _prepare(self) -> None:
        """Once nothing else is to be done, import what the views need, so that none of them is slow to open."""
        self._window.jobs.submit(Lane.IMPORTS, _import_views)


def _import_views(session: Session) -> Generator[Any, None, None]:
    for view in VIEWS:
        import_module(f"{__package__}.{view.name}_desk")
        yield None
