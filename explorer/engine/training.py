"""The training loop: it made the bundled weights, and it trains any network that a person builds.

SGD with Nesterov momentum, a one-cycle schedule (Smith and Topin 2017, arXiv:1708.07120) or the steps of He et al.
2015, section 4.2 (a tenth at one half and three quarters of the way), flips and padded crops (ibid.). One generator an
epoch, seeded by seed and epoch, so that a run that was killed and resumed draws what an uninterrupted one draws.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from explorer.engine.build import build
from explorer.engine.images import normalise
from explorer.engine.modules import Network, answers
from explorer.engine.records import Preprocessing
from explorer.engine.writing import whole_file
from explorer.errors import UserError
from explorer.networks.cost import network_cost
from explorer.networks.spec import NetworkSpec

_LARGEST_SEED = 2**32 - 1


class TrainingImages(Protocol):
    """A labelled image set, as training needs it."""

    @property
    def labels(self) -> np.ndarray: ...

    def __len__(self) -> int: ...

    def pixels(self, indices: np.ndarray, preprocessing: Preprocessing) -> Tensor: ...


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
class Progress:
    """Where a run is.

    Attributes:
        epoch: the current one, from 1.
        fraction: of the whole run, 0 to 1.
        loss, accuracy: means over the epoch so far, on the augmented training images.
        rate: the current learning rate.
        seconds: since the run started, those before a resume included.
        epoch_done: whether this was the epoch's last batch; such rows make up the log.
    """

    epoch: int
    fraction: float
    loss: float
    accuracy: float
    rate: float
    seconds: float
    epoch_done: bool


def train(
    spec: NetworkSpec,
    images: TrainingImages,
    preprocessing: Preprocessing,
    recipe: Recipe,
    state_file: Path | None = None,
    resume: bool = False,
) -> Generator[Progress, None, Network]:
    """Train a network from its initial weights; the generator's return value is the trained network, in eval mode.

    Args:
        spec: the network.
        images: labelled training images.
        preprocessing: how they become its input.
        recipe: how to train.
        state_file: where the state after each epoch is kept, to resume from; None keeps nothing.
        resume: take up the state in `state_file` if it is there.

    Raises:
        UserError: labels that the network has no output for, too few images a step for its batch norms, a state of
            another run or one that can't be written, a loss that is no number.
    """
    edges = _edges(len(images), recipe.batch)
    _check_fits(spec, images, edges)
    network = build(spec, recipe.seed).to(recipe.device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        network.parameters(), recipe.rate, recipe.momentum, weight_decay=recipe.weight_decay, nesterov=True
    )
    steps = len(edges) - 1
    scheduler = _scheduler(optimizer, recipe, steps)
    start, seconds = 0, 0.0
    parts: dict[str, Any] = {"network": network, "optimizer": optimizer, "scheduler": scheduler}
    identity = {"spec": spec.to_json(), "recipe": _comparable(recipe), "images": len(images)}
    if resume and state_file is not None and state_file.exists():
        start, seconds = _load_state(state_file, parts, identity)
    began = time.perf_counter() - seconds
    for epoch in range(start, recipe.epochs):
        for step, (loss, accuracy) in enumerate(_epoch(parts, images, preprocessing, recipe, epoch), 1):
            done = step == steps
            elapsed = time.perf_counter() - began
            if done and state_file is not None:
                _save_state(state_file, parts, identity, epoch + 1, elapsed)
            fraction = (epoch * steps + step) / (recipe.epochs * steps)
            rate = optimizer.param_groups[0]["lr"]
            yield Progress(epoch + 1, fraction, loss, accuracy, rate, elapsed, done)
    network.eval()
    return network


def _edges(images: int, batch: int) -> list[int]:
    """Where each step's images begin, and where the last step's end. A single image left over goes with the step
    before: its own statistics would spoil the batch norms, and on a map of one position they have none."""
    edges = [*range(0, images, batch), images]
    if batch > 1 and len(edges) > 2 and edges[-1] - edges[-2] == 1:
        del edges[-2]
    return edges


def _check_fits(spec: NetworkSpec, images: TrainingImages, edges: list[int]) -> None:
    labels = int(images.labels.max()) + 1
    if labels > spec.classes:
        raise UserError(
            "The images have {there} classes, the network has {classes} outputs; give it as many.",
            there=labels, classes=spec.classes,
        )  # fmt: skip
    if network_cost(spec).stages[-1].output[1] == 1 and edges[1] == 1:
        raise UserError(
            "The last maps of this network have one position, so each step needs at least 2 images; give more of them, "
            "or a larger input side."
        )


def _scheduler(optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    total = recipe.epochs * steps
    if recipe.schedule == "onecycle":
        # Of four steps the first has no room to rise in, on which torch divides by zero.
        most = max(total + 1, 5)
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=most, pct_start=0.25)
    return torch.optim.lr_scheduler.MultiStepLR(optimizer, [total // 2, total * 3 // 4])


def _epoch(
    parts: dict[str, Any], images: TrainingImages, preprocessing: Preprocessing, recipe: Recipe, epoch: int
) -> Iterator[tuple[float, float]]:
    """One pass; yields mean loss and accuracy so far after each batch."""
    network: Network = parts["network"].train()
    generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch)
    order = torch.randperm(len(images), generator=generator).numpy()
    device = torch.device(recipe.device)
    losses = torch.zeros((), device=device)
    correct = torch.zeros((), device=device)
    seen = 0
    for first, end in pairwise(_edges(len(order), recipe.batch)):
        chosen = order[first:end]
        pixels = augment(images.pixels(chosen, preprocessing), recipe.flip, recipe.pad, generator)
        x = normalise(pixels.to(device), preprocessing).to(memory_format=torch.channels_last)
        y = torch.from_numpy(images.labels[chosen]).to(device)
        with (
            _dropping(recipe.seed, epoch, first, device),
            torch.autocast(device.type, torch.bfloat16, enabled=recipe.bf16),
        ):
            logits = network(x)
        loss = functional.cross_entropy(logits.float(), y)
        parts["optimizer"].zero_grad()
        torch.autograd.backward(loss)
        parts["optimizer"].step()
        parts["scheduler"].step()
        seen += len(chosen)
        losses += loss.detach() * len(chosen)
        correct += (logits.argmax(1) == y).sum()
        mean = float(losses) / seen
        if not math.isfinite(mean):
            raise UserError(
                "The loss became infinite in epoch {epoch}; try a learning rate below {rate}.",
                epoch=epoch + 1, rate=recipe.rate,
            )  # fmt: skip
        yield mean, float(correct) / seen


@contextmanager
def _dropping(seed: int, epoch: int, first: int, device: torch.device) -> Iterator[None]:
    """What dropout and stochastic depth drop depends on the run's seed and the batch alone, so that a run can be
    repeated, and resumed, whatever else drew numbers meanwhile; torch's own generator is left as it was."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed((seed * 100_003 + epoch) * 1_000_003 + first)
        yield


def augment(pixels: Tensor, flip: bool, pad: int, generator: torch.Generator) -> Tensor:
    """Mirror each image with probability 1/2 and shift it by up to `pad` pixels each way, black coming in.

    Args and returns uint8 (N, C, H, W).
    """
    count, _, height, width = pixels.shape
    rows = torch.arange(height).expand(count, height)
    columns = torch.arange(width).expand(count, width)
    if flip:
        mirrored = torch.rand(count, 1, generator=generator) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    if pad:
        rows = rows + torch.randint(0, 2 * pad + 1, (count, 1), generator=generator)
        columns = columns + torch.randint(0, 2 * pad + 1, (count, 1), generator=generator)
        pixels = functional.pad(pixels, (pad, pad, pad, pad))
    return pixels[torch.arange(count)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


# -- the state to resume from ------------------------------------------------------------------------------------


def _comparable(recipe: Recipe) -> dict[str, Any]:
    """The recipe without what may change between a kill and a resume."""
    return {key: value for key, value in asdict(recipe).items() if key != "device"}


def _save_state(path: Path, parts: dict[str, Any], identity: dict[str, Any], epochs: int, seconds: float) -> None:
    state = {name: part.state_dict() for name, part in parts.items()}
    with whole_file(path) as unfinished:
        torch.save({**state, "identity": identity, "epochs": epochs, "seconds": seconds}, unfinished)


def _load_state(path: Path, parts: dict[str, Any], identity: dict[str, Any]) -> tuple[int, float]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["identity"] != identity:
            raise UserError(
                "{path} holds another run (network, images or recipe differ); give the command it was started with.",
                path=path,
            )
        for name, part in parts.items():
            part.load_state_dict(state[name])
        return int(state["epochs"]), float(state["seconds"])
    except UserError:
        raise
    except Exception:  # what torch raises on a file that isn't its own is not documented
        raise UserError(
            "{path} is no training state to resume from: remove it, or leave --resume out to start afresh.", path=path
        ) from None


def network_accuracy(
    network: nn.Module, images: TrainingImages, preprocessing: Preprocessing, device: str = "cpu", batch: int = 250
) -> int:
    """How many images are predicted right, in float32: the figure on the card."""
    correct = 0
    with torch.inference_mode():
        for first in range(0, len(images), batch):
            chosen = np.arange(first, min(first + batch, len(images)))
            x = normalise(images.pixels(chosen, preprocessing).to(device), preprocessing)
            correct += int((answers(network(x)).cpu().numpy() == images.labels[chosen]).sum())
    return correct
