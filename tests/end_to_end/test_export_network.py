"""A person takes the network along: as code, weights or specification, with or without the deleted blocks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog
from safetensors.torch import load_file

from explorer.app.jobs import Lane
from explorer.app.network_export import NetworkExportDialog
from explorer.engine import export_records
from explorer.networks.cost import network_cost
from explorer.networks.families.pruned import PrunedSpec
from explorer.networks.spec import NetworkSpec
from tests.end_to_end.person import Person
from tests.engine.test_code import built

SAVE = QDialogButtonBox.StandardButton.Save


def asked(person: Person) -> NetworkExportDialog:
    """The dialog that the menu opens."""
    person.choose("export_network")
    (dialog,) = [one for one in person.window.findChildren(NetworkExportDialog) if one.isVisible()]
    return dialog


def save(person: Person, dialog: NetworkExportDialog, suffix: str, path: Path, patch: pytest.MonkeyPatch) -> str:
    """Save in that format at a path; what the file dialog proposed."""
    proposed: list[str] = []

    def answer(_window: object, _title: str, name: str, kinds: str) -> tuple[str, str]:
        proposed.append(Path(name).name)
        return str(path), kinds

    patch.setattr(QFileDialog, "getSaveFileName", answer)
    dialog.kind.setCurrentIndex(dialog.kind.findData(suffix))
    dialog.buttons.button(SAVE).click()
    return proposed[0]


def test_without_the_deleted_blocks_and_open_again(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = network_cost(person.state.spec)
    for block in ("layer1.1", "layer3.2"):
        person.click_switch(block)
    before = person.wait_for_picture()
    for suffix, name in ((".safetensors", "small.safetensors"), (".py", "small"), (".json", "small.json")):
        dialog = asked(person)
        assert dialog.without.isVisible()
        assert dialog.without.isChecked()
        assert f"instead of {whole.parameters:,}" in dialog.told.text()
        proposal = save(person, dialog, suffix, tmp_path / name, monkeypatch)
        assert proposal.endswith(suffix)
        assert " " not in proposal
        file = tmp_path / f"small{suffix}"
        person.wait(lambda file=file: str(file) in person.told)
        assert "ResNet-20 without layer1.1 and layer3.2" in person.told
        person.window.notice.close_button.click()
    spec = NetworkSpec.load(tmp_path / "small.json")
    network = built((tmp_path / "small.py").read_text(encoding="utf-8"), spec)
    network.load_state_dict(load_file(tmp_path / "small.safetensors"), strict=True)
    with torch.no_grad():
        assert network(torch.zeros(1, *spec.input_shape)).isfinite().all()
    person.drop_file(tmp_path / "small.safetensors")
    person.wait(lambda: isinstance(person.state.spec, PrunedSpec))
    after = person.wait_for_picture()
    assert not person.state.lesion
    assert after.prediction.probabilities == pytest.approx(before.prediction.probabilities, abs=1e-5)
    assert after.prediction.classes == before.prediction.classes
    assert set(person.window.diagram.diagram.cards) >= set(spec.block_ids)
    person.click_switch("layer2.1")
    assert person.wait_for_picture().request.deleted == {"layer2.1"}


def test_the_whole_network_although_blocks_are_deleted(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.click_switch("layer1.1")
    dialog = asked(person)
    dialog.without.click()
    assert "instead of" not in dialog.told.text()
    save(person, dialog, ".json", tmp_path / "whole.json", monkeypatch)
    person.wait(lambda: "whole.json" in person.told)
    assert NetworkSpec.load(tmp_path / "whole.json") == person.state.spec


def test_nothing_is_deleted_so_nothing_is_asked(person: Person) -> None:
    dialog = asked(person)
    assert not dialog.without.isVisible()
    dialog.buttons.button(QDialogButtonBox.StandardButton.Cancel).click()
    assert Lane.EXPORT not in person.window.jobs.running()
    assert not person.told


def test_what_can_not_be_is_said_in_the_dialog(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_records, "ONNX_PACKAGES", ("no_package_of_this_name",))
    dialog = asked(person)
    dialog.kind.setCurrentIndex(dialog.kind.findData(".onnx"))
    assert "pip install" in dialog.told.text()
    assert not dialog.buttons.button(SAVE).isEnabled()
    save(person, dialog, ".py", tmp_path / "out.docx", monkeypatch)
    assert "must end in" in person.told
    person.window.notice.close_button.click()
    (tmp_path / "in-the-way").write_text("")
    save(person, asked(person), ".py", tmp_path / "in-the-way" / "out.py", monkeypatch)
    assert "There is no folder" in person.told
