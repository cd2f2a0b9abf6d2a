"""A person's own weights: they fit, they don't, they are dangerous."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from explorer.app.tensor_tree import TensorTreeDialog
from explorer.engine.build import build
from explorer.engine.records import UNTRAINED, WeightsKind
from explorer.networks.catalog import PRESETS
from explorer.networks.spec import NetworkSpec
from tests.end_to_end.person import Person

TINY = PRESETS["resnet20"].with_(width=4, side=16)


def saved(spec: NetworkSpec, path: Path, **extra: object) -> Path:
    state = {f"module.{key}": value for key, value in build(spec, seed=5).state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3, **extra}, path)
    return path


@pytest.fixture
def at_tiny(person: Person) -> Person:
    """Someone with a small untrained network open."""
    person.window.network_panel.spec_requested.emit(TINY)
    person.wait_for_picture()
    return person


def test_one_that_fits_is_used_and_can_be_undone(
    at_tiny: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, guess = at_tiny.state, at_tiny.wait_for_picture().prediction.probabilities
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(saved(TINY, tmp_path / "own.pth")), ""))
    at_tiny.choose("open_weights")
    at_tiny.wait(lambda: at_tiny.state.weights.kind is WeightsKind.FILE)
    result = at_tiny.wait_for_picture()
    assert result.request.spec == TINY
    assert result.prediction.probabilities.tolist() != guess.tolist()
    assert "own" in at_tiny.window.toolbar.weights.text()
    assert at_tiny.wait_for_any_accuracy().request.weights == at_tiny.state.weights
    at_tiny.choose("undo")
    at_tiny.wait_until_idle()
    assert at_tiny.state == before


def test_other_classes_and_channels_adapt_the_network_and_say_so(at_tiny: Person, tmp_path: Path) -> None:
    at_tiny.drop_file(saved(TINY.with_(classes=7, in_channels=1), tmp_path / "own.th"))
    at_tiny.wait(lambda: at_tiny.state.weights.kind is WeightsKind.FILE)
    assert (at_tiny.state.spec.classes, at_tiny.state.spec.in_channels) == (7, 1)
    assert "adapted" in at_tiny.told
    assert at_tiny.window.network_panel.classes.text() == "7"
    assert len(at_tiny.wait_for_picture().prediction.classes) == 7


def test_one_of_another_network_opens_that_with_its_weights(at_tiny: Person, tmp_path: Path) -> None:
    before = at_tiny.state
    own = TINY.with_(blocks=(5, 5, 5), classes=7)
    at_tiny.drop_file(saved(own, tmp_path / "own.pth"))
    at_tiny.wait(lambda: at_tiny.state.weights.kind is WeightsKind.FILE)
    assert at_tiny.state.spec.same_architecture(own)
    assert at_tiny.state.spec.classes == 7
    assert "own holds the weights of ResNet-32, which is open now." in at_tiny.told
    result = at_tiny.wait_for_picture()
    assert set(at_tiny.window.diagram.diagram.cards) >= set(own.block_ids)
    assert result.request.weights.value == str(tmp_path / "own.pth")
    at_tiny.choose("undo")
    at_tiny.wait_until_idle()
    assert at_tiny.state == before


def test_others_that_fit_are_offered_and_one_opens_instead(at_tiny: Person, tmp_path: Path) -> None:
    own = PRESETS["resnet50"].with_(width=4, classes=7)
    at_tiny.drop_file(saved(own, tmp_path / "own.pth"))
    at_tiny.wait(lambda: at_tiny.state.weights.kind is WeightsKind.FILE)
    notice = at_tiny.window.notice
    assert "ResNet-50, which is open now. Names and shapes fit 4 other networks as well." in at_tiny.told
    assert notice.choice.isVisible()
    choices = notice.choice.menu().actions()
    assert len({choice.text() for choice in choices}) == 4
    first = at_tiny.wait_for_picture()
    next(choice for choice in choices if "the stride on the 1x1" in choice.text()).trigger()
    at_tiny.wait(lambda: at_tiny.state.spec.same_architecture(own.with_(stride_place="1x1")))
    assert "ResNet-50 v1, which is open now." in at_tiny.told
    assert not notice.choice.isVisible()
    second = at_tiny.wait_for_picture()
    assert second.request.weights == first.request.weights
    assert second.prediction.probabilities.tolist() != first.prediction.probabilities.tolist()


def test_one_of_no_network_shows_what_it_holds(at_tiny: Person, tmp_path: Path) -> None:
    before = at_tiny.state
    state = build(PRESETS["resnet18"].with_(width=4), seed=5).state_dict()
    del state["bn1.bias"]
    state["fc.bias"] = torch.zeros(3)
    state["layer1.0.se.fc1.weight"] = torch.zeros(2, 4, 1, 1)
    torch.save(state, tmp_path / "own.pth")
    at_tiny.drop_file(tmp_path / "own.pth")
    at_tiny.wait(lambda: "the nearest is ResNet-18" in at_tiny.told)
    assert at_tiny.state == before
    dialog = at_tiny.window.findChild(TensorTreeDialog)
    assert dialog is not None
    assert dialog.reason.text() == at_tiny.told
    dialog.copy_button.click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == len(state) + 1
    assert "conv1.weight\t4x3x7x7\tfloat32\t588\t" in lines
    assert "layer1.0.se.fc1.weight\t2x4x1x1\tfloat32\t8\tunknown" in lines
    assert "fc.bias\t3\tfloat32\t3\tshould be 1000" in lines
    assert lines[-1] == "bn1.bias\t\t\t\tmissing"
    dialog.close()


def test_missing_and_misshapen_entries_are_named(person: Person, tmp_path: Path) -> None:
    state = build(TINY, seed=5).state_dict()
    del state["bn1.weight"]
    state["layer1.0.conv1.weight"] = torch.zeros(2, 2)
    torch.save(state, tmp_path / "own.pth")
    person.window.network_panel.spec_requested.emit(TINY)
    person.drop_file(tmp_path / "own.pth")  # while the network itself is still being loaded
    person.wait(lambda: "bn1.weight" in person.told)
    assert "layer1.0.conv1.weight" in person.told
    person.window.findChild(TensorTreeDialog).close()
    assert person.wait_for_picture().request.spec == TINY
    assert person.state.weights == UNTRAINED


def test_what_is_not_a_number_is_loaded_with_a_warning(at_tiny: Person, tmp_path: Path) -> None:
    state = build(TINY, seed=5).state_dict()
    state["fc.bias"][0] = torch.nan
    torch.save(state, tmp_path / "own.pth")
    at_tiny.drop_file(tmp_path / "own.pth")
    at_tiny.wait(lambda: "fc.bias" in at_tiny.told)
    assert "no numbers" in at_tiny.told
    at_tiny.wait(lambda: at_tiny.state.weights.kind is WeightsKind.FILE)
    assert not np.isfinite(at_tiny.wait_for_picture().prediction.probabilities).any()


class Dangerous:
    """What runs a command when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.trace}'",)


def test_a_pickle_that_would_run_code_does_not(at_tiny: Person, tmp_path: Path) -> None:
    before, trace = at_tiny.state, tmp_path / "it-ran"
    at_tiny.drop_file(saved(TINY, tmp_path / "own.pth", extra=Dangerous(trace)))
    at_tiny.wait(lambda: bool(at_tiny.told))
    assert "would run code" in at_tiny.told
    assert not trace.exists()
    assert at_tiny.state == before


def test_the_file_may_go_away_afterwards(at_tiny: Person, tmp_path: Path) -> None:
    path = saved(TINY, tmp_path / "own.pth")
    at_tiny.drop_file(path)
    at_tiny.wait(lambda: at_tiny.state.weights.kind is WeightsKind.FILE)
    at_tiny.wait_for_picture()
    path.unlink()
    at_tiny.click_switch("layer1.1")
    assert at_tiny.wait_for_picture().request.deleted == {"layer1.1"}
