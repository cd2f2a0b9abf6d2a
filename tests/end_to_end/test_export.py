"""What is exported is whole, or a sentence says why not."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtGui import QGuiApplication
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFileDialog

from explorer.app.export_dialog import ExportDialog
from explorer.networks.spec import NetworkSpec
from tests.end_to_end.conftest import Open
from tests.end_to_end.person import Person


def answer(monkeypatch: pytest.MonkeyPatch, path: Path | str, kind: str = "") -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), kind))


def export_diagram(person: Person, suffix: str = "svg") -> None:
    """Through the dialog, as it opens, in one of its formats."""
    person.choose("export_diagram")
    dialog = person.window.findChildren(ExportDialog)[-1]
    dialog.format.setCurrentIndex(dialog.format.findData(f".{suffix}"))
    dialog.accept()


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_the_diagram(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    person.click_switch("layer1.1")
    answer(monkeypatch, tmp_path / "out", f"X (*.{suffix})")  # without an ending: the chosen kind's is added
    export_diagram(person, suffix)
    path = tmp_path / f"out.{suffix}"
    assert str(path) in person.told
    if suffix == "svg":
        assert QSvgRenderer(str(path)).isValid()
        assert "1 deleted" in path.read_text()
    elif suffix == "png":
        assert Image.open(path).width > 600
    else:
        assert path.read_bytes().startswith(b"%PDF")


def test_the_network_comes_back_as_it_was(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = person.state.spec.with_(width=4, shortcut="C", classes=7)
    person.window.network_panel.spec_requested.emit(spec)
    answer(monkeypatch, tmp_path / "net.json")
    person.choose("save_network")
    assert NetworkSpec.load(tmp_path / "net.json") == spec
    person.choose("undo")
    person.drop_file(tmp_path / "net.json")
    assert person.state.spec == spec
    assert person.wait_for_picture().request.spec == spec


def test_maps_and_predictions(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person.click_switch("layer1.1")
    result = person.wait_for_picture()
    answer(monkeypatch, tmp_path / "maps.png")
    person.choose("export_maps")
    assert Image.open(tmp_path / "maps.png").size[0] > 100
    answer(monkeypatch, tmp_path / "predictions.csv")
    person.choose("export_predictions")
    rows = list(csv.reader((tmp_path / "predictions.csv").open(encoding="utf-8")))
    assert "layer1.1" in rows[1][0]
    assert rows[2] == ["index", "label", "probability", "intact_probability"]
    assert len(rows) == 3 + 10
    for index, label, share, before in rows[3:]:
        assert label == result.prediction.classes[int(index)]
        assert float(share) == pytest.approx(float(result.prediction.probabilities[int(index)]), rel=1e-4)
        assert float(before) == pytest.approx(float(result.intact.probabilities[int(index)]), rel=1e-4)


def test_the_clipboard(person: Person) -> None:
    person.choose("copy_diagram")
    assert not QGuiApplication.clipboard().image().isNull()
    person.window.maps_panel._copy()
    assert "clipboard" in person.told


def test_where_nothing_can_be_written(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    for action, name in (
        ("export_diagram", "a.svg"), ("export_maps", "a.png"),
        ("export_predictions", "a.csv"), ("save_network", "a.json"),
    ):  # fmt: skip
        answer(monkeypatch, tmp_path / "file" / name)
        if action == "export_diagram":
            export_diagram(person)
        else:
            person.choose(action)
        assert name in person.told
        assert "can't be written" in person.told
        person.window.notice.close_button.click()
    answer(monkeypatch, tmp_path / "a.docx")
    export_diagram(person)
    assert ".svg" in person.told
    assert (tmp_path / "file").read_text() == "in the way"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "settings") == ["file"]


def test_cancelled_dialogs_write_nothing(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "")
    export_diagram(person)
    for action in ("export_maps", "export_predictions", "save_network"):
        person.choose(action)
    assert not person.told


def test_before_there_is_anything_to_export(open_window: Open) -> None:
    person = open_window()
    for action in ("export_maps", "export_predictions"):
        person.choose(action)
        assert "open a picture first" in person.told
