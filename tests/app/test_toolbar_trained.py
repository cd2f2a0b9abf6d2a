"""The Weights menu with what the person trained."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from explorer.app.settings import Settings
from explorer.app.window import Window
from explorer.engine.images import default_preprocessing
from explorer.engine.records import WeightsKind
from explorer.engine.training_files import FORMAT
from explorer.networks.catalog import PRESETS
from explorer.networks.spec import NetworkSpec
from tests.app.panel_support import SMALL


def leave(folder: Path, name: str, spec: NetworkSpec, correct: int | None, **changes: object) -> None:
    """Weights with a card as a run leaves them; the weights are not looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.safetensors").touch()
    card = {
        "format": FORMAT, "kind": "best", "spec": spec.to_fields(), "data": "Pets: trained on 30 of its images",
        "seed": 3, "epochs": 10, "epochs_done": 10, "recipe": {"batch": 64, "rate": 0.2},
        "classes": [f"class {index}" for index in range(spec.classes)],
        "preprocessing": asdict(default_preprocessing(spec)),
        "test": None if correct is None else {"correct": correct, "images": 1000}, **changes,
    }  # fmt: skip
    (folder / f"{name}.json").write_text(json.dumps(card), encoding="utf-8")


@pytest.fixture
def window(qtbot: QtBot) -> Window:
    """Built, but not shown: its jobs do not run."""
    folder = Settings().trained
    leave(folder, "resnet-20-1", SMALL, 852)
    leave(folder, "resnet-20-3", SMALL, None, kind="last", epochs_done=2.5)
    leave(folder, "resnet-56-2", PRESETS["resnet56"], 913)
    made = Window(Settings())
    qtbot.addWidget(made)
    return made


def test_own_trainings_stand_in_the_menu_from_the_start(window: Window) -> None:
    texts = [action.text() for action in window.toolbar.weights.menu().actions()]
    fitting = texts.index("For ResNet-20")
    elsewhere = texts.index("Trained here, for other networks")
    assert set(texts[fitting:elsewhere]) >= {"My training · 85.2 %", "My training 3, last weights"}
    assert texts[elsewhere + 1] == "ResNet-56: My training 2 · 91.3 %"
    assert window.toolbar.weights.menu().toolTipsVisible()


def test_the_card_says_how_it_was_trained_and_on_how_many_it_was_measured(window: Window, qtbot: QtBot) -> None:
    actions = {action.text(): action for action in window.toolbar.weights.menu().actions()}
    tip = actions["My training · 85.2 %"].toolTip()
    assert tip == (
        "Pets: trained on 30 of its images; 10 of 10 epochs, batch 64, learning rate 0.2, seed 3. "
        "852 of 1,000 test images right, 95 % interval 82.9 to 87.3 %."
    )
    assert "2.5 of 10 epochs" in actions["My training 3, last weights"].toolTip()
    assert "accuracy was not measured" in actions["My training 3, last weights"].toolTip()
    with qtbot.waitSignal(window.toolbar.weights_requested) as asked:
        actions["My training · 85.2 %"].trigger()
    assert asked.args is not None
    assert asked.args[0].ref.kind is WeightsKind.FILE
    assert asked.args[0].ref.value.endswith("resnet-20-1.safetensors")
