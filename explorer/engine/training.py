"""The training loop: it made the bundled weights, and it trains any network that a person builds.

SGD with Nesterov momentum, a one-cycle schedule (Smith and Topin 2017, arXiv:1708.07120) or the steps of He et al.
2015, section 4.2 (a tenth at one half and three quarters of the way), flips and padded crops (ibid.). One generator an
epoch, seeded by seed and epoch and kept with the state, so that a run that was killed and resumed, wherever that was,
draws what an uninterrupted one draws.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import StochasticDepth

from explorer.engine.build import build
from explorer.engine.held_out import TrainingImages, pieces, predicted
from explorer.engine.images import normalise
from explorer.engine.modules import Network
from explorer.engine.records import Preprocessing
from explorer.engine.training_records import Curves, Phase, Progress, Recipe, Validated
from explorer.engine.training_state import DivergedError, kept, load_state
from explorer.errors import UserError
from explorer.networks.cost import network_cost
from explorer.networks.spec import NetworkSpec

_POINTS = 400
"""Of the training images' curves, about."""
_NARROW = 8
_DROPPING = (nn.Dropout, StochasticDepth)
"""What draws numbers in a forward pass."""
_LOOK_SECONDS = 0.25
"""Between two looks at the loss on a device whose queue of work a look empties."""


class Trainer:
    """One run. Between two steps of `run` its state can be saved, and another one taken up.

    Args:
        spec: the network.
        images: labelled training images.
        preprocessing: how they become its input.
        recipe: how to train.
        validation: labelled images that are held out: predicted after every epoch, and never trained on.

    Attributes:
        network: what is trained.
        identity: what must be the same for a state to be this run's.
        epoch, step: whole epochs done, and steps of the current one.
        seconds: that it worked.

    Raises:
        UserError: labels that the network has no output for, or all alike; too few images a step for its batch norms.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        images: TrainingImages,
        preprocessing: Preprocessing,
        recipe: Recipe,
        validation: TrainingImages | None = None,
    ) -> None:
        self._edges = _edges(len(images), recipe.batch)
        _check_fits(spec, images, self._edges)
        self.spec, self.recipe = spec, recipe
        self._images, self._preprocessing, self._validation = images, preprocessing, validation
        self._device = torch.device(recipe.device)
        self.network = build(spec, recipe.seed).to(self._device)
        self._layout = _layout(self.network, self._device)
        self.network.to(memory_format=self._layout)
        self._optimizer = torch.optim.SGD(
            self.network.parameters(), recipe.rate, recipe.momentum, weight_decay=recipe.weight_decay, nesterov=True
        )
        self._drops = any(isinstance(module, _DROPPING) for module in self.network.modules())
        self.steps = len(self._edges) - 1
        self._scheduler = _scheduler(self._optimizer, recipe, self.steps)
        self.identity = _identity(spec, images, recipe, validation)
        self.epoch = self.step = 0
        self.seconds = 0.0
        self._every = max(1, -(-recipe.epochs * self.steps // _POINTS))
        self._points: list[tuple[float, float, float]] = []
        self._validated: list[Validated] = []
        self._begin_epoch()

    def run(self) -> Generator[Progress, None, None]:
        """Train to the end; yields after each step.

        Raises:
            DivergedError: the loss is no number any more.
        """
        work = self._work()
        while True:
            began = time.perf_counter()
            progress = next(work, None)
            self.seconds += time.perf_counter() - began
            if progress is None:
                break
            yield replace(progress, seconds=self.seconds)
        self.network.eval()

    @property
    def fraction(self) -> float:
        """Of the whole run, 0 to 1."""
        return (self.epoch * self.steps + self.step) / (self.recipe.epochs * self.steps)

    @property
    def rate(self) -> float:
        """The learning rate now."""
        return float(self._optimizer.param_groups[0]["lr"])

    @property
    def curves(self) -> Curves:
        """How it went so far."""
        table = np.array(self._points, np.float64).reshape(-1, 3)
        return Curves(table[:, 0], table[:, 1], table[:, 2], tuple(self._validated))

    # -- the state to go on from ---------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All that the rest of the run depends on.

        Raises:
            DivergedError: the loss is no number any more.
        """
        if self._seen:
            self._look()
        return {
            **{name: part.state_dict() for name, part in self._parts.items()},
            "identity": self.identity,
            "epochs": self.epoch,
            "step": self.step,
            "seconds": self.seconds,
            "generator": self._generator.get_state(),
            "sums": [float(self._losses), float(self._correct), self._seen],
            "told": list(self._told),
            "points": torch.tensor(self._points, dtype=torch.float64),
            "validated": [[row.epoch, row.correct, row.images, row.loss] for row in self._validated],
        }

    def take_up(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave; one of before, without a place in the epoch, is at the beginning of one."""
        for name, part in self._parts.items():
            part.load_state_dict(state[name])
        self.epoch, self.step, self.seconds = int(state["epochs"]), int(state.get("step", 0)), float(state["seconds"])
        self._points = [(x, y, z) for x, y, z in state["points"].tolist()] if "points" in state else []
        self._validated = [Validated(*row) for row in state.get("validated", ())]
        self._begin_epoch()
        if self.step:
            self._generator.set_state(state["generator"])
            losses, correct, self._seen = state["sums"]
            self._losses.fill_(losses)
            self._correct.fill_(correct)
            self._told = tuple(state["told"])
            self._look()

    @property
    def _parts(self) -> dict[str, Any]:
        return {"network": self.network, "optimizer": self._optimizer, "scheduler": self._scheduler}

    # -- inside --------------------------------------------------------------------------------------------------

    def _begin_epoch(self) -> None:
        self._generator = torch.Generator().manual_seed(self.recipe.seed * 100_003 + self.epoch)
        self._order = torch.randperm(len(self._images), generator=self._generator).numpy()
        self._losses = torch.zeros((), device=self._device)
        self._correct = torch.zeros((), device=self._device)
        self._seen = 0
        self._loss, self._accuracy = 0.0, 0.0
        self._waiting: list[tuple[float, int, Tensor, Tensor]] = []
        self._told = (0.0, 0.0, 0)
        self._looked = -math.inf

    def _work(self) -> Iterator[Progress]:
        while self.epoch < self.recipe.epochs:
            while self.step < self.steps:
                self._do_step()
                if self.step < self.steps:
                    yield self._progress()
            for _ in self._validate():
                yield self._progress("validating")
            done = self._progress(done=True)
            self.epoch, self.step = self.epoch + 1, 0
            self._begin_epoch()
            yield done

    def _do_step(self) -> None:
        first, end = self._edges[self.step], self._edges[self.step + 1]
        chosen = self._order[first:end]
        pixels = augment(
            self._images.pixels(chosen, self._preprocessing), self.recipe.flip, self.recipe.pad, self._generator
        )
        x = normalise(pixels.to(self._device), self._preprocessing).to(memory_format=self._layout)
        y = torch.from_numpy(self._images.labels[chosen]).to(self._device)
        if not self.network.training:
            self.network.train()
        with (
            _dropping(self.recipe.seed, self.epoch, first, self._device) if self._drops else nullcontext(),
            torch.autocast(self._device.type, torch.bfloat16, enabled=self.recipe.bf16),
        ):
            logits = self.network(x)
        loss = functional.cross_entropy(logits.float(), y)
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        self._optimizer.step()
        self._scheduler.step()
        self._seen += len(chosen)
        self._losses += loss.detach() * len(chosen)
        self._correct += (logits.argmax(1) == y).sum()
        self.step += 1
        self._note()

    def _note(self) -> None:
        """Make points of the curves, and look at the loss where that costs nothing or it has been long."""
        if (self.epoch * self.steps + self.step) % self._every == 0 or self.step == self.steps:
            place = self.epoch + self.step / self.steps
            self._waiting.append((place, self._seen, self._losses.clone(), self._correct.clone()))
        now = time.perf_counter()
        if self._device.type == "cpu" or self.step == self.steps or now - self._looked > _LOOK_SECONDS:
            self._look()
            self._looked = now

    def _look(self) -> None:
        """Read the sums, which waits for the device."""
        self._loss, self._accuracy = float(self._losses) / self._seen, float(self._correct) / self._seen
        if not math.isfinite(self._loss):
            raise self._diverged()
        for place, seen, losses, correct in self._waiting:
            now = (float(losses), float(correct), seen)
            loss, right, images = (after - before for after, before in zip(now, self._told, strict=True))
            self._points.append((place, loss / images, right / images))
            self._told = now
        self._waiting.clear()

    def _validate(self) -> Generator[None, None, None]:
        """Predict the held-out images, in short pieces."""
        if self._validation is None:
            return
        self.network.eval()
        work = predicted(self.network, self._validation, self._preprocessing, self.recipe.device, pieces(self.spec))
        correct, loss = yield from work
        if not math.isfinite(loss):
            raise self._diverged()
        self._validated.append(Validated(self.epoch + 1, correct, len(self._validation), loss))

    def _diverged(self) -> DivergedError:
        return DivergedError(
            "The loss became infinite in epoch {epoch}; try a learning rate below {rate}.",
            epoch=self.epoch + 1, rate=self.recipe.rate,
        )  # fmt: skip

    def _progress(self, phase: Phase = "training", done: bool = False) -> Progress:
        return Progress(
            self.epoch + 1,
            self.fraction,
            self._loss,
            self._accuracy,
            self.rate,
            self.seconds,
            done,
            phase,
            self._validated[-1] if done and self._validated else None,
        )


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
        state_file: where the state is kept, to resume from; None keeps nothing.
        resume: take up the state in `state_file` if it is there.

    Raises:
        UserError: labels that the network has no output for, too few images a step for its batch norms, a state of
            another run or one that can't be written, a loss that is no number.
    """
    trainer = Trainer(spec, images, preprocessing, recipe)
    if resume and state_file is not None and state_file.exists():
        load_state(state_file, trainer)
    yield from kept(trainer, state_file)
    return trainer.network


def _layout(network: Network, device: torch.device) -> torch.memory_format:
    """Channels last, which is faster; but a processor without AVX-512 then writes beyond its memory in the backward
    pass of strided 1x1 convolutions of fewer than 8 channels (torch 2.15 with oneDNN)."""
    narrow = any(
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and module.stride != (1, 1)
        and module.in_channels // module.groups < _NARROW
        for module in network.modules()
    )
    return torch.contiguous_format if narrow and device.type == "cpu" else torch.channels_last


def _identity(
    spec: NetworkSpec, images: TrainingImages, recipe: Recipe, validation: TrainingImages | None
) -> dict[str, Any]:
    """What a run depends on; the device may change between a kill and a resume."""
    return {
        "spec": spec.to_json(),
        "recipe": {key: value for key, value in asdict(recipe).items() if key != "device"},
        "images": len(images),
        "labels": zlib.crc32(np.asarray(images.labels, np.int64).tobytes()),
        "validation": 0 if validation is None else len(validation),
    }


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
