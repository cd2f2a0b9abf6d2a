"""The state: immutable, and a signal for each part that changes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest
from pytestqt.qtbot import QtBot

from explorer.app.document import Document, State
from explorer.engine.records import DataRef, DeviceInfo, WeightsInfo
from explorer.networks.catalog import PRESETS
from tests.app.panel_support import CLASSES, SMALL, TRAINED, document, picture

SIGNALS = [
    "spec_changed", "weights_changed", "picture_changed", "data_changed", "deleted_changed", "selection_changed",
    "device_changed",
]  # fmt: skip
INFO = WeightsInfo(TRAINED, "Fashion-MNIST", SMALL, CLASSES, None)
CHANGES = {
    "spec": (PRESETS["resnet18"], "spec_changed"),
    "weights": (State(SMALL).weights, "weights_changed"),
    "info": (INFO, "weights_changed"),
    "picture": (picture(), "picture_changed"),
    "data": (DataRef("folder", "x"), "data_changed"),
    "deleted": (frozenset({"layer1.0"}), "deleted_changed"),
    "cut": (frozenset({"layer1.1"}), "deleted_changed"),
    "order": (("layer1.1", "layer1.0", *SMALL.block_ids[2:]), "deleted_changed"),
    "selection": ("layer1", "selection_changed"),
    "device": (DeviceInfo("cuda:0", "GPU"), "device_changed"),
}


def heard(shown: Document) -> list[str]:
    names: list[str] = []
    for name in SIGNALS:
        getattr(shown, name).connect(lambda name=name: names.append(name))
    return names


@pytest.mark.parametrize("field", CHANGES)
def test_each_field_has_its_signal(qtbot: QtBot, field: str) -> None:
    shown = document()
    names = heard(shown)
    value, signal = CHANGES[field]
    shown.replace(**{field: value})
    assert names == [signal]
    assert getattr(shown.state, field) == value
    shown.replace(**{field: value})
    assert names == [signal]  # nothing new, nothing said


def test_every_field_is_in_the_table() -> None:
    assert set(CHANGES) == {field.name for field in fields(State)}


def test_signals_come_once_all_is_in_place(qtbot: QtBot) -> None:
    shown = document()
    seen: list[State] = []
    shown.spec_changed.connect(lambda: seen.append(shown.state))
    shown.deleted_changed.connect(lambda: seen.append(shown.state))
    names = heard(shown)
    shown.replace(spec=PRESETS["resnet18"], info=INFO, weights=State(SMALL).weights, deleted=frozenset({"layer1.0"}))
    assert names == ["spec_changed", "weights_changed", "deleted_changed"]
    assert seen == [shown.state, shown.state]


def test_a_state_can_not_be_changed(qtbot: QtBot) -> None:
    with pytest.raises(FrozenInstanceError):
        document().state.selection = "stem"
