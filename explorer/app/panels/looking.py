"""Grad-CAM and the film: side by side where there is room, else one of them with a switch."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from explorer.app.panels.cam import CamPanel
from explorer.app.panels.film import FilmPanel
from explorer.app.text import tr
from explorer.app.widgets.fields import Segmented

_BOTH_FROM = 1180
"""Width from which both have room."""


class LookingPanel(QWidget):
    """Holds both panels."""

    switched = Signal()
    """Another one, or both, came into sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Where it looks"))
        self.cam, self.film = CamPanel(), FilmPanel()
        self.switch = Segmented(
            (
                ("cam", tr("Grad-CAM"), tr("Which parts of the picture speak for a class")),
                ("film", tr("Film"), tr("One channel followed from block to block")),
            ),
            tr("What is shown"),
        )
        self.switch.set_value("cam")
        self.switch.chosen.connect(self._arrange)
        self._line = QFrame()
        self._line.setProperty("line", True)
        self._line.setFixedWidth(1)
        # The theme's line is a flat one.
        self._line.setStyleSheet("max-height: 16777215px; max-width: 1px;")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.cam, 1)
        row.addWidget(self._line)
        row.addWidget(self.film, 1)
        self._arrange()

    def show_part(self, name: str) -> None:
        """Bring `cam` or `film` into sight."""
        self.switch.set_value(name)
        self._arrange()

    def _arrange(self) -> None:
        both = self.width() >= _BOTH_FROM
        shown = {"cam": both or self.switch.value == "cam", "film": both or self.switch.value == "film"}
        panel = self.film if not shown["cam"] else self.cam
        if self.switch.parentWidget() is not panel:
            panel.header.insertWidget(0, self.switch)
            for before, after in pairwise((*self.switch.buttons.values(), *panel.order)):
                self.setTabOrder(before, after)
        self.switch.setVisible(not both)
        self._line.setVisible(both)
        changed = self.cam.isHidden() == shown["cam"] or self.film.isHidden() == shown["film"]
        focused = self.switch.hasFocus() or any(button.hasFocus() for button in self.switch.buttons.values())
        self.cam.setVisible(shown["cam"])
        self.film.setVisible(shown["film"])
        if focused:
            self.switch.buttons[self.switch.value].setFocus()
        if changed:
            self.switched.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 96)
