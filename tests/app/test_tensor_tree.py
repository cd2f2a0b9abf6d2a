"""What a checkpoint of no known network holds."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from PySide6.QtWidgets import QTreeWidgetItemIterator
from pytestqt.qtbot import QtBot

from explorer.app.tensor_tree import TensorTreeDialog
from explorer.engine.recognising import UnrecognisedError, recognise_file

STATE = {
    "conv_first.weight": torch.zeros(8, 3, 5, 5), "blocks.0.mix.weight": torch.zeros(8, 8, dtype=torch.float16),
    "blocks.0.mix.bias": torch.zeros(8), "blocks.1.mix.weight": torch.zeros(8, 8), "steps": torch.tensor(3),
}  # fmt: skip


@pytest.fixture
def dialog(qtbot: QtBot, tmp_path: Path) -> TensorTreeDialog:
    torch.save(STATE, tmp_path / "own.pth")
    with pytest.raises(UnrecognisedError) as caught:
        recognise_file(tmp_path / "own.pth")
    dialog = TensorTreeDialog(caught.value.file, str(caught.value))
    qtbot.addWidget(dialog)
    return dialog


def texts(dialog: TensorTreeDialog, column: int) -> list[str]:
    found, items = [], QTreeWidgetItemIterator(dialog.tree)
    while item := items.value():
        found.append(item.text(column))
        items += 1
    return found


def test_tensors_stand_under_their_modules_with_sums(dialog: TensorTreeDialog) -> None:
    assert texts(dialog, 0) == [
        "conv_first", "weight", "blocks", "0", "mix", "weight", "bias", "1", "mix", "weight", "steps"
    ]  # fmt: skip
    assert texts(dialog, 1) == ["", "8x3x5x5", "", "", "", "8x8", "8", "", "", "8x8", ""]
    assert texts(dialog, 2)[1::4] == ["float32", "float16", "float32"]
    assert texts(dialog, 3) == ["600", "600", "136", "72", "72", "64", "8", "64", "64", "64", "1"]
    total = sum(math.prod(value.shape) for value in STATE.values())
    assert dialog.summary.text() == f"5 entries, {total:,} numbers"


def test_nothing_is_near_it(dialog: TensorTreeDialog) -> None:
    assert "none is near" in dialog.reason.text()
    assert dialog.tree.columnCount() == 4
    assert [row[0] for row in dialog.rows()] == list(STATE)
