"""Images that a network is not trained on: predicting them, in short pieces."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from explorer.engine.images import normalise
from explorer.engine.modules import answers
from explorer.engine.records import Preprocessing
from explorer.engine.steps import finish
from explorer.networks.cost import network_cost
from explorer.networks.spec import NetworkSpec

_PREDICTED = 250
"""Images at once, at most, when held-out ones are predicted."""
_PIECE = 2_000_000_000
"""Multiply-adds of them, about."""


class TrainingImages(Protocol):
    """A labelled image set, as training needs it."""

    @property
    def labels(self) -> np.ndarray: ...

    def __len__(self) -> int: ...

    def pixels(self, indices: np.ndarray, preprocessing: Preprocessing) -> Tensor: ...


def predicted(
    network: nn.Module, images: TrainingImages, preprocessing: Preprocessing, device: str, batch: int
) -> Generator[None, None, tuple[int, float]]:
    """Predict images in float32, a batch between two yields; gives how many are right, and the mean cross-entropy."""
    correct, loss = 0, 0.0
    for first in range(0, len(images), batch):
        chosen = np.arange(first, min(first + batch, len(images)))
        labels = images.labels[chosen]
        with torch.inference_mode():
            x = normalise(images.pixels(chosen, preprocessing).to(device), preprocessing)
            logits = network(x).float()
            target = torch.from_numpy(labels).to(logits.device)
            loss += float(functional.cross_entropy(logits, target, reduction="sum"))
            correct += int((answers(logits).cpu().numpy() == labels).sum())
        yield
    return correct, loss / max(len(images), 1)


def pieces(spec: NetworkSpec) -> int:
    """How many images to predict at once, so that others need not wait long."""
    return max(1, min(_PREDICTED, _PIECE // network_cost(spec).macs))


def network_accuracy(
    network: nn.Module, images: TrainingImages, preprocessing: Preprocessing, device: str = "cpu", batch: int = 250
) -> int:
    """How many images are predicted right, in float32: the figure on the card."""
    return finish(predicted(network, images, preprocessing, device, batch))[0]
