"""Saving trained weights with what a reader needs to trust and repeat them.

Beside `NAME.safetensors` (fp16, torchvision's key names) lie `NAME.json`, the card, and `NAME.csv`, the training log.
The weights' own header repeats spec, classes and preprocessing, so that the file alone opens ready to use.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from explorer.engine.modules import ResidualNetwork
from explorer.engine.records import Preprocessing
from explorer.engine.training import Progress
from explorer.errors import UserError


def half_precision(network: ResidualNetwork) -> dict[str, Tensor]:
    """The state dict with its real numbers rounded to fp16, as it is saved."""
    state = network.state_dict()
    return {
        key: (value.half() if value.is_floating_point() else value).cpu().contiguous() for key, value in state.items()
    }


def save_weights(
    path: Path, state: dict[str, Tensor], network: ResidualNetwork, classes: Sequence[str], preprocessing: Preprocessing
) -> None:
    """Write the weights; the file of before stays whole until the new one is complete.

    Raises:
        UserError: the file can't be written.
    """
    header = {
        "spec": network.spec.to_json(),
        "classes": json.dumps(list(classes)),
        "preprocessing": json.dumps(asdict(preprocessing)),
    }
    unfinished = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(state, unfinished, header)
        os.replace(unfinished, path)
    except (OSError, RuntimeError) as error:
        unfinished.unlink(missing_ok=True)
        raise UserError("{path} can't be written: {reason}.", path=path, reason=error) from None


def save_card(path: Path, card: dict[str, Any], log: Sequence[Progress]) -> None:
    """Write the card and the log beside the weights at `path`.

    Args:
        path: of the weights.
        card: what is to be told; torch's version is added.
        log: one row an epoch.
    """
    card = {**card, "torch": torch.__version__}
    path.with_suffix(".json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    with path.with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "train_loss", "train_accuracy", "learning_rate", "seconds"])
        for row in log:
            writer.writerow([row.epoch, f"{row.loss:.5f}", f"{row.accuracy:.5f}", f"{row.rate:.6g}", f"{row.seconds:.1f}"])
