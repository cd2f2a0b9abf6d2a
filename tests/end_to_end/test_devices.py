"""A device that is out of memory, or gone: the run falls back to the CPU and says so."""

from __future__ import annotations

import pytest
import torch

from explorer.engine.records import CPU, DeviceInfo
from tests.end_to_end.person import Person

# torch's "meta" device stands in for an accelerator: tensors go there, and nothing comes back.
FAKE = DeviceInfo("meta", "Toy accelerator")


@pytest.fixture
def failure() -> Exception:
    """What the accelerator fails with."""
    return torch.OutOfMemoryError("out of memory")


@pytest.fixture
def accelerator(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    """The machine has one more device, on which every pass fails and from which nothing can be moved."""
    from explorer.engine import capture, deletion, devices

    def full(*arguments: object) -> object:
        raise failure

    plain = capture.capture_steps
    monkeypatch.setattr(
        capture, "capture_steps",
        lambda network, x, *rest: full() if x.device.type == "meta" else plain(network, x, *rest),
    )  # fmt: skip
    predict = deletion.Meter._predict
    monkeypatch.setattr(
        deletion.Meter, "_predict",
        lambda self, *rest: full() if self.device.type == "meta" else predict(self, *rest),
    )  # fmt: skip
    monkeypatch.setattr(devices, "devices", lambda: (CPU, FAKE))


def test_out_of_memory_falls_back_and_says_so(accelerator: None, person: Person) -> None:
    intact = person.wait_for_picture().prediction.probabilities
    menu = person.window.toolbar.device.menu()
    assert [action.text() for action in menu.actions()] == ["CPU", "Toy accelerator"]
    menu.actions()[1].trigger()
    assert person.state.device == FAKE
    result = person.wait_for_picture()
    assert "Toy accelerator is out of memory, so this ran on the CPU." in person.told
    assert result.device == "CPU"
    assert result.prediction.probabilities.tolist() == intact.tolist()
    assert "CPU" in person.window.status.passed.text()
    accuracy = person.wait_for_accuracy()
    assert accuracy.total == 2000
    assert "out of memory" in person.window.accuracy_panel.note.text()


@pytest.mark.parametrize("failure", [torch.AcceleratorError("CUDA error: unspecified launch failure")])
def test_a_device_that_stops_in_the_middle(accelerator: None, person: Person) -> None:
    intact = person.wait_for_picture().prediction.probabilities
    person.window.toolbar.device.menu().actions()[1].trigger()
    result = person.wait_for_picture()
    assert "Toy accelerator doesn't answer any more, so this ran on the CPU." in person.told
    assert result.device == "CPU"
    assert result.prediction.probabilities.tolist() == intact.tolist()
    person.window.toolbar.device.menu().actions()[0].trigger()
    person.click_switch("layer1.0")
    assert person.wait_for_picture().request.deleted == frozenset({"layer1.0"})
    assert person.wait_for_accuracy().total == 2000


def test_a_device_that_vanishes(accelerator: None, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer.engine import devices

    monkeypatch.setattr(devices, "devices", lambda: (CPU,))
    person.window.toolbar.device_requested.emit(FAKE)
    result = person.wait_for_picture()
    assert result.device == "CPU"
    assert "not there any more" in person.told


def test_the_processor_itself_out_of_memory(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer.engine import capture

    def full(*arguments: object) -> object:
        raise MemoryError

    person.wait_until_idle()
    with monkeypatch.context() as patch:
        patch.setattr(capture, "capture_steps", full)
        person.click_switch("layer1.0")
        person.wait(lambda: person.window.prediction_panel.error.isVisible())
    assert "not enough memory" in person.window.prediction_panel.error.text()
    person.choose("undo")
    assert person.wait_for_picture().request.deleted == frozenset()
    assert not person.window.prediction_panel.error.isVisible()


def test_a_fault_of_the_program_is_one_sentence(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer.engine import capture

    def broken(*arguments: object) -> object:
        raise KeyError("{surprise}")

    with monkeypatch.context() as patch:
        patch.setattr(capture, "capture_steps", broken)
        person.click_switch("layer1.0")
        person.wait(lambda: person.window.prediction_panel.error.isVisible())
    assert "surprise" in person.window.prediction_panel.error.text()
    person.click_switch("layer1.0")
    assert person.wait_for_picture().request.deleted == frozenset()
