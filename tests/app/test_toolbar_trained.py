"""The Weights menu with what the person trained."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from explorer.app.settings import Settings
from explorer.app.window import Window
from explorer.engine.records import WeightsKind
from explorer.networks.catalog import PRESETS
from tests.app.panel_support import SMALL
from tests.engine.training_support import leave, odd_cards


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


def test_the_window_opens_whatever_lies_in_the_folder(qtbot: QtBot) -> None:
    folder = Settings().trained
    card = leave(folder, "resnet-20-1", SMALL, 852).with_suffix(".json").read_text(encoding="utf-8")
    for number, text in enumerate(odd_cards(card).values(), 2):
        (folder / f"resnet-20-{number}.safetensors").touch()
        (folder / f"resnet-20-{number}.json").write_text(text, encoding="utf-8")
        (folder / f"resnet-20-{number}.run").write_text(text, encoding="utf-8")
    window = Window(Settings())
    qtbot.addWidget(window)
    window.views.show("training")
    texts = [action.text() for action in window.toolbar.weights.menu().actions()]
    assert [text for text in texts if "My training" in text] == ["My training · 85.2 %"]
