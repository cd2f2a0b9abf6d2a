"""The toolbar: menus that show what is open and ask for what is chosen."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from explorer.app.actions import ENTRIES
from explorer.app.document import Document
from explorer.app.toolbar import ToolBar
from explorer.engine.records import (
    CPU,
    UNTRAINED,
    DeviceInfo,
    Offer,
    Preprocessing,
    WeightsInfo,
    WeightsKind,
    WeightsRef,
)
from explorer.networks.catalog import PRESETS
from tests.app.panel_support import CLASSES, SMALL, TRAINED, document, show

PREPROCESSING = Preprocessing(1, 28, 28, (0.3,), (0.3,), grey=True)
GPU = DeviceInfo("cuda:0", "NVIDIA H200")
FASHION = WeightsInfo(TRAINED, "Fashion-MNIST", SMALL, CLASSES, PREPROCESSING, 0.9412)
OTHER = WeightsInfo(
    WeightsRef(WeightsKind.BUNDLED, "resnet18"), "Fashion-MNIST", PRESETS["resnet18"], CLASSES, PREPROCESSING
)
IMAGENET = WeightsInfo(
    WeightsRef(WeightsKind.TORCHVISION, "ResNet18_Weights.IMAGENET1K_V1"), "ImageNet V1 · 69.8 %", PRESETS["resnet18"],
    CLASSES, PREPROCESSING, 0.698,
)  # fmt: skip
OFFER = Offer((CPU, GPU), (FASHION, OTHER, IMAGENET))
NAMES = [entry.name for entry in ENTRIES if entry is not None]


def bar(qtbot: QtBot, shown: Document) -> ToolBar:
    made = show(qtbot, ToolBar(shown, {name: QAction(name) for name in NAMES}), 1100, 44)
    made.show_offer(OFFER)
    return made


def texts(button: QToolButton) -> list[str]:
    """What can be chosen; headings can't."""
    return [action.text() for action in button.menu().actions() if action.text() and action.isEnabled()]


def headings(button: QToolButton) -> list[str]:
    return [action.text() for action in button.menu().actions() if action.text() and not action.isEnabled()]


def checked(button: QToolButton) -> list[str]:
    return [action.text() for action in button.menu().actions() if action.isChecked()]


def choose(button: QToolButton, text: str) -> None:
    next(action for action in button.menu().actions() if action.text() == text).trigger()


def test_the_menus_follow_the_document(qtbot: QtBot) -> None:
    shown = document()
    made = bar(qtbot, shown)
    assert "loading" in made.weights.text()
    shown.replace(info=FASHION)
    assert made.weights.toolTip() == "Weights: Fashion-MNIST · 94.1 %"
    assert checked(made.weights) == ["Fashion-MNIST · 94.1 %"]
    assert texts(made.weights) == [
        "Fashion-MNIST · 94.1 %", "Untrained", "ResNet-18: Fashion-MNIST", "Open checkpoint…"
    ]  # fmt: skip
    assert headings(made.weights) == ["For ResNet-20", "Bundled for other networks"]
    shown.replace(spec=PRESETS["resnet18"], weights=UNTRAINED, info=None)
    assert "ResNet-18" in made.network.text()
    assert checked(made.weights) == ["Untrained"]
    assert "ImageNet V1 · 69.8 %" in texts(made.weights)
    shown.replace(spec=PRESETS["resnet18"].with_(width=32))
    assert "ImageNet V1 · 69.8 %" not in texts(made.weights)


def test_weights_are_asked_for_with_what_they_bring(qtbot: QtBot) -> None:
    made = bar(qtbot, document())
    for text, info in (("ResNet-18: Fashion-MNIST", OTHER), ("Untrained", None)):
        with qtbot.waitSignal(made.weights_requested) as asked:
            choose(made.weights, text)
        assert asked.args == [info]
    with qtbot.waitSignal(made.checkpoint_requested):
        choose(made.weights, "Open checkpoint…")


def test_devices_by_name(qtbot: QtBot) -> None:
    shown = document()
    made = bar(qtbot, shown)
    assert texts(made.device) == ["CPU", "NVIDIA H200"]
    with qtbot.waitSignal(made.device_requested) as asked:
        choose(made.device, "NVIDIA H200")
    assert asked.args == [GPU]
    shown.replace(device=GPU)
    assert "NVIDIA H200" in made.device.text()
    assert checked(made.device) == ["NVIDIA H200"]


def test_long_names_are_shortened_and_stand_whole_in_the_tooltip(qtbot: QtBot) -> None:
    name = "a checkpoint with a very long name " * 3
    info = WeightsInfo(WeightsRef(WeightsKind.FILE, "x"), name, SMALL, CLASSES, PREPROCESSING)
    made = bar(qtbot, document(SMALL, info=info))
    assert len(made.weights.text()) < 50
    assert name in made.weights.toolTip()


@pytest.mark.parametrize(("text", "found"), [("layer2.1", "layer2.1"), (" LAYER3 ", "layer3.0"), ("1.2", "layer1.2")])
def test_finding(qtbot: QtBot, text: str, found: str) -> None:
    made = bar(qtbot, document())
    made.search.setText(text)
    with qtbot.waitSignal(made.found) as asked:
        made.search.returnPressed.emit()
    assert asked.args == [found]


def test_finding_by_the_module_path(qtbot: QtBot) -> None:
    made = bar(qtbot, document(PRESETS["densenet121"]))
    made.search.setText("features.denseblock2.denselayer3")
    with qtbot.waitSignal(made.found) as asked:
        made.search.returnPressed.emit()
    assert asked.args == ["layer2.2"]
    made.search.setText("block3.denselayer1")
    completer = made.search.completer()
    completer.setCompletionPrefix("denseblock3.denselayer24")
    assert completer.currentCompletion() == "features.denseblock3.denselayer24"
    with qtbot.waitSignal(made.found) as asked:
        completer.activated.emit(completer.currentCompletion())
    assert asked.args == ["layer3.23"]


def test_finding_nothing_asks_nothing(qtbot: QtBot) -> None:
    made = bar(qtbot, document())
    for text in ("", "  ", "layer9"):
        made.search.setText(text)
        with qtbot.assertNotEmitted(made.found):
            made.search.returnPressed.emit()
