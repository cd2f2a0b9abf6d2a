"""Saving trained weights with what a reader needs to trust and repeat them.

Beside `NAME.safetensors` (fp16, torchvision's key names) lie `NAME.json`, the card, and `NAME.csv`, the training log.
The weights' own header repeats spec, classes and preprocessing, so that the file alone opens ready to use.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from explorer.engine.modules import Network
from explorer.engine.records import Preprocessing
from explorer.engine.training_records import Progress, Validated
from explorer.engine.writing import whole_file
from explorer.networks.spec import NetworkSpec

_COLUMNS = ("epoch", "train_loss", "train_accuracy", "learning_rate", "seconds")

_VALIDATED = ("validation_correct", "validation_images", "validation_loss")


def half_precision(network: Network) -> dict[str, Tensor]:
    """The state dict with its real numbers rounded to fp16, as it is saved."""
    state = network.state_dict()
    return {
        key: (value.half() if value.is_floating_point() else value).cpu().contiguous() for key, value in state.items()
    }


def save_weights(
    path: Path, state: dict[str, Tensor], network: Network, classes: Sequence[str], preprocessing: Preprocessing
) -> None:
    """`save_state` of a network's weights."""
    save_state(path, state, network.spec, classes, preprocessing)


def save_state(
    path: Path, state: dict[str, Tensor], spec: NetworkSpec, classes: Sequence[str], preprocessing: Preprocessing
) -> None:
    """Write the weights; the file of before stays whole until the new one is complete.

    Raises:
        UserError: the file can't be written.
    """
    header = {
        "spec": spec.to_json(),
        "classes": json.dumps(list(classes)),
        "preprocessing": json.dumps(asdict(preprocessing)),
    }
    with whole_file(path) as unfinished:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(state, unfinished, header)
        mask = os.umask(0)
        os.umask(mask)
        unfinished.chmod(0o666 & ~mask)  # safetensors makes it the owner's alone


def save_card(path: Path, card: dict[str, Any]) -> None:
    """Write the card beside the weights at `path`; torch's version is added.

    Raises:
        UserError: it can't be written.
    """
    text = json.dumps({**card, "torch": torch.__version__}, indent=2, ensure_ascii=False)
    with whole_file(path.with_suffix(".json")) as unfinished:
        unfinished.write_text(text + "\n", encoding="utf-8")


def write_log(path: Path, rows: Sequence[Progress]) -> None:
    """The training log, one row an epoch; loss and accuracy are those on the augmented training images, and what the
    held-out images said stands behind them where there are any.

    Raises:
        UserError: it can't be written.
    """
    with whole_file(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        validated = any(row.validated for row in rows)
        writer.writerow((*_COLUMNS, *_VALIDATED) if validated else _COLUMNS)
        for row in rows:
            numbers = [f"{row.loss:.5f}", f"{row.accuracy:.5f}", f"{row.rate:.6g}", f"{row.seconds:.1f}"]
            if row.validated:
                numbers += [str(row.validated.correct), str(row.validated.images), f"{row.validated.loss:.5f}"]
            writer.writerow((row.epoch, *numbers))


def read_log(path: Path) -> list[Progress]:
    """The rows of a log so far; none where there is no log to go on with."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [[float(value) for value in row] for row in list(csv.reader(file))[1:]]
        return [_row(*row) for row in rows]
    except (OSError, ValueError, TypeError, csv.Error):
        return []


def _row(epoch: float, loss: float, accuracy: float, rate: float, seconds: float, *validated: float) -> Progress:
    row = Progress(int(epoch), 0.0, loss, accuracy, rate, seconds, epoch_done=True)
    if not validated:
        return row
    correct, images, mean = validated
    return replace(row, validated=Validated(row.epoch, int(correct), int(images), mean))
