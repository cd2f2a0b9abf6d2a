"""How the bundled weights were trained: their cards and logs, read without torch."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from explorer.engine.resources import bundled_weights
from explorer.networks.checks import SpecError
from explorer.networks.spec import NetworkSpec


@dataclass(frozen=True)
class TrainingLog:
    """One training run.

    Attributes:
        key: the weights file's stem, as in `WeightsRef.value`.
        spec: the network.
        command: what made the file.
        data: one line on the images.
        correct, images: of the test images.
        interval: 95 %, as shares.
        epochs: 1 … n.
        errors: share of wrong predictions on the augmented training images, mean over each epoch while it ran.
        losses: cross-entropy, likewise.
    """

    key: str
    spec: NetworkSpec
    command: str
    data: str
    correct: int
    images: int
    interval: tuple[float, float]
    epochs: tuple[int, ...]
    errors: tuple[float, ...]
    losses: tuple[float, ...]


def training_logs() -> tuple[TrainingLog, ...]:
    """Those of every bundled network that has a card and a log, the shallow ones first; damaged ones are left out."""
    logs = []
    for weights in bundled_weights():
        try:
            logs.append(_read(weights))
        except (OSError, ValueError, KeyError, TypeError, SpecError):
            continue
    return tuple(sorted(logs, key=lambda log: (log.spec.depth, log.spec.name)))


def _read(weights: Path) -> TrainingLog:
    card = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
    with weights.with_suffix(".csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    test = card["test"]
    low, high = test["interval_95"]
    return TrainingLog(
        key=weights.stem,
        spec=NetworkSpec.from_json(json.dumps(card["spec"])),
        command=str(card["command"]),
        data=str(card["data"]),
        correct=int(test["correct"]),
        images=int(test["images"]),
        interval=(float(low), float(high)),
        epochs=tuple(int(row["epoch"]) for row in rows),
        errors=tuple(1 - float(row["train_accuracy"]) for row in rows),
        losses=tuple(float(row["train_loss"]) for row in rows),
    )
