"""The dialog with the training of the bundled networks, against their cards and logs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from explorer.app.training_log import TrainingLogDialog, show_training_logs
from explorer.engine.training_logs import training_logs
from explorer.networks.catalog import preset_name

WEIGHTS = Path(__file__).parents[2] / "resources" / "weights"


def test_every_bundled_network_has_its_log_and_figure() -> None:
    logs = training_logs()
    assert {log.key for log in logs} == {path.stem for path in WEIGHTS.glob("*.safetensors")}
    for log in logs:
        card = json.loads((WEIGHTS / f"{log.key}.json").read_text(encoding="utf-8"))
        with (WEIGHTS / f"{log.key}.csv").open(newline="", encoding="utf-8") as file:
            _, *rows = csv.reader(file)
        assert log.epochs == tuple(range(1, card["epochs"] + 1)) == tuple(int(row[0]) for row in rows)
        assert [round(1 - error, 5) for error in log.errors] == [float(row[2]) for row in rows]
        assert log.correct / log.images == card["test"]["accuracy"]
        assert f"{preset_name(log.spec)}-fashion-mnist" == log.key
        assert f"--epochs {len(log.epochs)} " in log.command


def test_networks_are_drawn_as_they_are_chosen(qtbot: QtBot) -> None:
    logs = training_logs()
    dialog = TrainingLogDialog(logs, [logs[0].key])
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.chosen() == logs[:1]
    (curve,) = dialog.plot.getPlotItem().listDataItems()
    assert list(curve.getData()[0]) == list(logs[0].epochs)
    assert list(curve.getData()[1]) == [100 * error for error in logs[0].errors]
    dialog.table.item(1, 0).setCheckState(Qt.CheckState.Checked)
    names = [item.name() for item in dialog.plot.getPlotItem().listDataItems()]
    assert names == [log.spec.name for log in logs[:2]]
    dialog.table.setCurrentCell(1, 0)
    assert dialog.command.full_text == logs[1].command
    dialog.table.item(0, 0).setCheckState(Qt.CheckState.Unchecked)
    assert dialog.chosen() == logs[1:2]


def test_the_open_network_is_drawn_at_first(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    show_training_logs(training_logs(), "resnet18-fashion-mnist", parent)
    (dialog,) = parent.findChildren(TrainingLogDialog)
    assert "resnet18-fashion-mnist" in {log.key for log in dialog.chosen()}
    dialog.reject()
