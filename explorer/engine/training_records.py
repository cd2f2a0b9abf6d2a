"""What training is asked for and what it tells: plain dataclasses, without torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from explorer.engine.explain.records import ExplainRequest
from explorer.engine.records import UNTRAINED, DataRef, WeightsInfo
from explorer.errors import UserError
from explorer.networks import catalog
from explorer.networks.spec import NetworkSpec

_LARGEST_SEED = 2**32 - 1
Phase = Literal["training", "validating", "testing"]


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        epochs: passes over the images.
        seed: of initial weights, order, flips and crops.
        batch: images a step.
        rate: the schedule's largest learning rate.
        schedule: `onecycle` or `steps`.
        weight_decay, momentum: of SGD.
        flip: whether images are mirrored at random.
        pad: pixels added on each side before the random crop.
        device: torch's name of the device.
        bf16: whether convolutions and products run in bfloat16 (autocast); `devices.bf16_pays` tells where it pays.
    """

    epochs: int
    seed: int = 0
    batch: int = 128
    rate: float = 0.1
    schedule: Literal["onecycle", "steps"] = "onecycle"
    weight_decay: float = 5e-4
    momentum: float = 0.9
    flip: bool = True
    pad: int = 2
    device: str = "cpu"
    bf16: bool = True

    def __post_init__(self) -> None:
        for name in ("epochs", "batch"):
            if getattr(self, name) < 1:
                raise UserError("Training needs {name} of at least 1.", name=name)
        if self.pad < 0 or not math.isfinite(self.rate) or self.rate <= 0:
            raise UserError("Training needs a learning rate above 0 and a padding of at least 0.")
        if not 0 <= self.seed <= _LARGEST_SEED:
            raise UserError(
                "The seed must be a whole number from 0 to {most}, not {seed}.", most=_LARGEST_SEED, seed=self.seed
            )


@dataclass(frozen=True)
class Validated:
    """What held-out images said after an epoch.

    Attributes:
        epoch: after which, from 1.
        correct, images: how many of how many were predicted right.
        loss: mean cross-entropy on them.
    """

    epoch: int
    correct: int
    images: int
    loss: float

    @property
    def accuracy(self) -> float:
        return self.correct / self.images


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    Attributes:
        epoch: the current one, from 1.
        fraction: of the whole run, 0 to 1.
        loss, accuracy: means over the epoch so far, on the augmented training images.
        rate: the current learning rate.
        seconds: that it worked, those before a resume included, pauses not.
        epoch_done: whether this was the epoch's last batch; such rows make up the log.
        phase: what is going on: training, or predicting held-out images.
        validated: what the held-out images said, where the epoch is done and there are such images.
    """

    epoch: int
    fraction: float
    loss: float
    accuracy: float
    rate: float
    seconds: float
    epoch_done: bool
    phase: Phase = "training"
    validated: Validated | None = None


@dataclass(frozen=True, eq=False)
class Curves:
    """How a run went so far.

    Attributes:
        epochs: where each point of the training images lies, in epochs from the beginning; float64 (points,).
        losses, accuracies: means over the images since the point before it, float64 (points,).
        validated: what the held-out images said after each epoch; empty where none are held out.
    """

    epochs: np.ndarray
    losses: np.ndarray
    accuracies: np.ndarray
    validated: tuple[Validated, ...] = ()

    @property
    def best(self) -> Validated | None:
        """Of the epoch whose weights are kept as the best: most held-out images right, the later one of equals."""
        return max(self.validated, key=lambda row: (row.correct, row.epoch), default=None)


NO_CURVES = Curves(np.empty(0), np.empty(0), np.empty(0))


@dataclass(frozen=True)
class TrainingRequest(ExplainRequest):
    """Training of a network from its initial weights.

    Attributes:
        data: which images: `fashion-mnist-full` is its training set, `fashion-mnist` what of it comes with the program,
            `folder` a person's own.
        images: how many of them to train on at most, None for all; some are held out from the others, or from these.
        recipe: how; its device and bfloat16 are those of the run, not what stands there.
        smaller: whether the bundled images are taken where Fashion-MNIST is not here and can't be downloaded.
        folder: where state, weights and cards are kept.
        name: of the files there; empty for a new one.
        resume: whether to go on from the state that lies there.
    """

    view: ClassVar[str] = "training"

    data: DataRef = field(default_factory=lambda: DataRef("fashion-mnist-full"))
    images: int | None = None
    recipe: Recipe = field(default_factory=lambda: Recipe(epochs=10))
    smaller: bool = False
    folder: Path = Path()
    name: str = ""
    resume: bool = False

    def for_images(self, there: int) -> TrainingRequest:
        """The same where fewer images had to do than were asked for: as many steps, so the more epochs.

        Args:
            there: how many there are to train on.
        """
        if self.images is None or there >= self.images:
            return self
        epochs = self.recipe.epochs * self.images // there
        return replace(self, recipe=replace(self.recipe, epochs=epochs))


@dataclass(frozen=True)
class TrainingStatus:
    """A run as it is shown: now and then while it runs, and at its end.

    Attributes:
        request: what is trained; its spec is adapted to the images, its name is that of the files.
        description: one line on the images.
        classes: how many there are.
        progress: where it is, None before the first step.
        curves: so far.
        left: seconds to its end, None while unknown.
        note: a sentence on what was not done as asked, empty where nothing was.
    """

    request: TrainingRequest
    description: str
    progress: Progress | None
    curves: Curves
    left: float | None
    note: str = ""


@dataclass(frozen=True)
class TrainingResult:
    """A finished run.

    Attributes:
        status: its end.
        weights: what it left, for the menu: the best first, then the last where they are others.
    """

    status: TrainingStatus
    weights: tuple[WeightsInfo, ...]


@dataclass(frozen=True)
class Unfinished:
    """A run that can be taken up again.

    Attributes:
        request: to submit for that; it resumes.
        fraction: of it done.
        epoch: in which it stopped, from 1.
        saved: when, in seconds since 1970.
    """

    request: TrainingRequest
    fraction: float
    epoch: int
    saved: float


# -- the recipe that a class can watch -----------------------------------------------------------------------------

ONE_MINUTE_NETWORK: NetworkSpec = catalog.find("resnet8").with_(in_channels=1, side=28, classes=10)
ONE_MINUTE_IMAGES = 10_000
ONE_MINUTE = Recipe(epochs=6, batch=64, rate=0.2)
"""With the network and images above; measured by `python -m tests.benchmarks.training --recipe`."""


def one_minute(folder: Path = Path(), device: str = "cpu", seed: int = 0) -> TrainingRequest:
    """The request of the one-minute recipe."""
    return TrainingRequest(
        ONE_MINUTE_NETWORK, UNTRAINED, device, images=ONE_MINUTE_IMAGES, recipe=replace(ONE_MINUTE, seed=seed),
        smaller=True, folder=folder,
    )  # fmt: skip
