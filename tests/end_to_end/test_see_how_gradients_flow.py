"""A person sees how gradients flow in the trained network and its twin, then draws weights anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.app.explain.gradients_desk import GradientsDesk
from explorer.app.jobs import Lane
from explorer.app.panels.gradients import GradientsPanel
from tests.end_to_end.person import Person


def look(person: Person) -> GradientsPanel:
    """Open the tab, once the accuracy, which goes first, is there."""
    person.wait_for_accuracy()
    person.choose("show_gradients")
    desk = person.window.views.tabs["gradients"].desk
    assert isinstance(desk, GradientsDesk)
    return desk.panel


def wait_for_result(person: Person, panel: GradientsPanel, scheme: str) -> None:
    person.wait(lambda: panel.result is not None and panel.result.finished and panel.result.scheme == scheme)


def test_look_delete_and_draw_anew(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = look(person)
    wait_for_result(person, panel, "trained")
    assert panel.result is not None
    assert [one.name for one in panel.result.networks] == ["ResNet-20", "Plain-20"]
    before = panel.result.networks[0].input_norms.copy()
    assert "unlikely cause of degradation" in panel.meaning.text()

    person.choose("sample")  # of what the loss is not
    person.wait_for_picture()
    assert panel.result is not None, "stays as it is"

    person.window.toggle("layer2.1")
    person.wait(lambda: panel.result is not None and panel.result.request.deleted == frozenset({"layer2.1"}))
    wait_for_result(person, panel, "trained")
    assert (panel.result.networks[0].input_norms != before).all()

    row = panel.setup_row
    row.scheme.buttons["default"].click()
    row.norm.click()
    row.seeds.setValue(2)
    assert panel.result is None
    assert Lane.GRADIENTS not in person.window.jobs.running()
    assert "Press Run" in panel.hint.text()
    row.run.click()
    wait_for_result(person, panel, "default")
    assert "Plain-20: the gradient vanishes toward the input" in panel.course.text()

    path = tmp_path / "gradients.csv"
    monkeypatch.setattr(person.window.files, "where", lambda *_: path)
    panel.export_requested.emit("csv")
    assert path.read_text(encoding="utf-8").startswith("# PyTorch's default initialisation, without batch norm")


def test_cancel_a_long_one(person: Person) -> None:
    panel = look(person)
    wait_for_result(person, panel, "trained")
    row = panel.setup_row
    row.scheme.buttons["he"].click()
    row.seeds.setValue(10)
    row.run.click()
    person.wait(lambda: panel.result is not None and panel.result.seeds >= 1)
    assert panel.result is not None
    assert not panel.result.finished
    row.run.click()
    person.wait(lambda: Lane.GRADIENTS not in person.window.jobs.running())
    seeds = panel.result.seeds
    assert seeds < 10, "what was measured stays"
    assert row.run.text() == "Run"
    assert f"{seeds} of 10 seeds" in panel.notes.text()
