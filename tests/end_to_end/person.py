"""A person at the window: what they do with it, and how long they wait for what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer.app.document import State
from explorer.app.jobs import Lane
from explorer.app.window import Window
from explorer.engine.records import AccuracyResult, Picture, PictureResult

PATIENCE = 20_000
"""Milliseconds after which a test gives up; on a busy machine a first import of torch takes many of them."""
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Person:
    """Someone at an open window.

    Attributes:
        window: what they sit at.
        accuracies: every accuracy that the window was given, partial ones too.
        pictures: every result of a picture that the window was given.
    """

    def __init__(self, window: Window, bot: QtBot) -> None:
        self.window = window
        self.bot = bot
        self.accuracies: list[AccuracyResult] = []
        self.pictures: list[PictureResult] = []
        window.runner.accuracy_done.connect(self.accuracies.append)
        window.runner.picture_done.connect(self.pictures.append)

    @property
    def state(self) -> State:
        return self.window.document.state

    @property
    def picture(self) -> Picture:
        assert self.state.picture is not None
        return self.state.picture

    @property
    def told(self) -> str:
        """What the notice says."""
        return self.window.notice.text

    # -- waiting -------------------------------------------------------------------------------------------------

    def wait(self, condition: Callable[[], bool]) -> None:
        self.bot.waitUntil(condition, timeout=PATIENCE)

    def wait_for_picture(self) -> PictureResult:
        """The result of what is open now."""
        self.wait(lambda: self.answered)
        return self.pictures[-1]

    def wait_for_accuracy(self) -> AccuracyResult:
        """The whole accuracy of what is open now."""
        self.wait(lambda: self.measured and self.accuracies[-1].finished)
        return self.accuracies[-1]

    def wait_for_any_accuracy(self) -> AccuracyResult:
        """An estimate, partial as it may be, of what is open now."""
        self.wait(lambda: self.measured)
        return self.accuracies[-1]

    def wait_until_idle(self) -> None:
        self.wait(lambda: not self.window.jobs.running() and not self.window.runner.pending)

    def wait_for(self, lane: Lane) -> None:
        """Until a job of this kind is on its way."""
        if lane not in self.window.jobs.running():
            with self.bot.waitSignal(
                self.window.jobs.started, timeout=PATIENCE, check_params_cb=lambda got: got is lane
            ):
                pass

    def wait_for_offer(self) -> None:
        self.wait(lambda: bool(self.window.runner.offer.weights))

    @property
    def answered(self) -> bool:
        """Whether the last result is of what is open, and nothing newer is on its way."""
        result, state = self.window.runner.result, self.state
        if result is None or self.window.runner.pending:
            return False
        asked = result.request
        return (
            (asked.spec, asked.weights, asked.lesion) == (state.spec, state.weights, state.lesion)
            and asked.picture is state.picture
            and asked.device == state.device.id
        )

    @property
    def measured(self) -> bool:
        state = self.state
        if not self.accuracies or self.window.runner.pending:
            return False
        asked = self.accuracies[-1].request
        return (asked.spec, asked.weights, asked.lesion, asked.data, asked.device) == (
            state.spec, state.weights, state.lesion, state.data, state.device.id
        )  # fmt: skip

    # -- doing ---------------------------------------------------------------------------------------------------

    def choose(self, name: str) -> None:
        """An action of the menu bar."""
        action = self.window.actions_by_name[name]
        assert action.isEnabled(), name
        action.trigger()

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = NO_KEY) -> None:
        """A key, to whatever has the focus."""
        self.bot.keyClick(QApplication.focusWidget() or self.window, key, modifier)

    def type(self, text: str) -> None:
        self.bot.keyClicks(QApplication.focusWidget() or self.window, text)

    def drop(self, mime: QMimeData, on: QWidget | None = None) -> bool:
        """Drag something onto a widget, as the system tells it; whether it was taken."""
        target = on or self.window.diagram.viewport()
        at = target.rect().center()
        arguments = (Qt.DropAction.CopyAction, mime, LEFT, NO_KEY)
        enter = QDragEnterEvent(QPoint(at), *arguments)
        QApplication.sendEvent(target, enter)
        if not enter.isAccepted():
            return False
        QApplication.sendEvent(target, QDragMoveEvent(QPoint(at), *arguments))
        drop = QDropEvent(QPointF(at), *arguments)
        QApplication.sendEvent(target, drop)
        return drop.isAccepted()

    def drop_file(self, path: Path, on: QWidget | None = None) -> bool:
        return self.drop(file_mime(path), on)

    def click_switch(self, block: str) -> None:
        """The switch on a block's card."""
        diagram = self.window.diagram
        card = diagram.diagram.cards[block]
        at = diagram.mapFromScene(card.mapToScene(card._switch().center()))
        self.bot.mouseClick(diagram.viewport(), LEFT, NO_KEY, at)


def file_mime(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def picture_file(path: Path, side: int = 40, seed: int = 1, **options: Any) -> Path:
    """A colourful picture, in the format that its name asks for."""
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side + 10, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return path
