"""What the panels' tests share: documents, panels on screen, results, pixels."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from explorer.app.document import Document, State
from explorer.app.theme import theme
from explorer.engine.records import (
    AccuracyRequest,
    AccuracyResult,
    Counts,
    DataRef,
    Picture,
    PictureRequest,
    PictureResult,
    Prediction,
    WeightsKind,
    WeightsRef,
)
from explorer.networks.catalog import PRESETS
from explorer.networks.spec import NetworkSpec

CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
SMALL = PRESETS["resnet20"].with_(in_channels=1, side=28)
TRAINED = WeightsRef(WeightsKind.BUNDLED, "resnet20")
Shown = TypeVar("Shown", bound=QWidget)


def show(qtbot: QtBot, widget: Shown, width: int = 280, height: int = 640) -> Shown:
    """Put a widget on the (offscreen) screen, in the light theme."""
    theme().use("light")
    qtbot.addWidget(widget)
    widget.resize(width, height)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def document(spec: NetworkSpec = SMALL, **state: object) -> Document:
    return Document(State(spec, weights=TRAINED, **state))  # type: ignore[arg-type]


def picture(**changes: object) -> Picture:
    pixels = np.zeros((28, 28, 3), np.uint8)
    pixels[:, 14:] = 255
    return Picture(**{"name": "half.png", "pixels": pixels, **changes})  # type: ignore[arg-type]


def picture_result(
    shown: Picture,
    now: np.ndarray,
    intact: np.ndarray | None = None,
    deleted: frozenset[str] = frozenset(),
    spec: NetworkSpec = SMALL,
    weights: WeightsRef = TRAINED,
    classes: tuple[str, ...] = CLASSES,
    maps: dict[str, np.ndarray] | None = None,
    intact_maps: dict[str, np.ndarray] | None = None,
) -> PictureResult:
    prediction = Prediction(now.astype(np.float32), classes)
    before = prediction if intact is None else Prediction(intact.astype(np.float32), classes)
    maps = maps or {}
    return PictureResult(
        PictureRequest(spec, weights, shown, deleted),
        shown.pixels,
        0.0125,
        0.987,
        "Turned grey.",
        prediction,
        before,
        maps,
        maps if intact_maps is None else intact_maps,
        0.003,
        "CPU",
    )


def accuracy_result(
    counts: Counts,
    intact: Counts,
    total: int,
    discordant: tuple[int, int] = (0, 0),
    deleted: frozenset[str] = frozenset(),
) -> AccuracyResult:
    request = AccuracyRequest(SMALL, TRAINED, DataRef("fashion-mnist"), deleted)
    return AccuracyResult(request, counts, intact, discordant, total, 1.0)


def pixels(widget: QWidget) -> np.ndarray:
    """What is painted, uint8 (H, W, 3)."""
    image = widget.grab().toImage().convertToFormat(widget.grab().toImage().Format.Format_RGB888)
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return lines[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()
