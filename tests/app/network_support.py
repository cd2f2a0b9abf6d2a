"""A network panel and the person at it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from explorer.app.commands import set_network
from explorer.app.document import Document
from explorer.app.panels.network import NetworkPanel
from explorer.app.panels.network_form import OptionList
from explorer.app.widgets.fields import NumberField, Segmented
from explorer.engine.records import UNTRAINED
from explorer.networks.spec import NetworkSpec
from tests.app.panel_support import document, show


class Host:
    """Stands for the window: grants what the panel asks for, or only notes it."""

    def __init__(self, qtbot: QtBot, spec: NetworkSpec, grants: bool = True, width: int = 252) -> None:
        self.qtbot = qtbot
        self.document: Document = document(spec)
        self.asked: list[NetworkSpec] = []
        self.grants = grants
        self.panel = show(qtbot, NetworkPanel(self.document), width, 640)
        self.panel.spec_requested.connect(self._grant)

    def _grant(self, spec: NetworkSpec) -> None:
        self.asked.append(spec)
        if self.grants:
            set_network(self.document, spec, UNTRAINED)

    @property
    def spec(self) -> NetworkSpec:
        return self.document.state.spec

    def type(self, field: NumberField, text: str, end: Qt.Key = Qt.Key.Key_Return) -> None:
        field.setFocus()
        field.selectAll()
        self.qtbot.keyClicks(field, text)
        self.qtbot.keyClick(field, end)

    def choose(self, name: str, value: str) -> None:
        """One of a choice, where all stand beside each other or in a list."""
        choice = self.panel.rows[name].choice
        if isinstance(choice, Segmented):
            self.click(choice.buttons[value])
        elif isinstance(choice, OptionList):
            choice.choose(value)

    def chosen(self, name: str) -> str:
        choice = self.panel.rows[name].choice
        assert choice is not None
        return choice.value

    def shown(self) -> set[str]:
        """The rows in sight."""
        return {name for name, row in self.panel.rows.items() if row.isVisible()}

    def click(self, button: QPushButton) -> None:
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
