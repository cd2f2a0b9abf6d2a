"""A whole training run, from names to files: weights, card and log. `python main.py train` is this."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from torch import Tensor

from explorer.engine import devices, fashion
from explorer.engine.build import build
from explorer.engine.cards import half_precision, read_log, save_card, save_weights, write_log
from explorer.engine.datasets import ArrayImages, LabelledImages, training_folder
from explorer.engine.images import default_preprocessing
from explorer.engine.records import CPU, DataRef, Preprocessing, Step, wilson
from explorer.engine.held_out import TrainingImages, network_accuracy
from explorer.engine.training import train
from explorer.engine.training_records import Progress, Recipe
from explorer.engine.writing import unfinished
from explorer.errors import UserError
from explorer.networks.cost import BYTES_PER_NUMBER, network_cost
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

_HELD_OUT = 10
"""Of a folder's images the first tenth of the balanced order, which has all classes in proportion, is kept for the
final figure."""


@dataclass(frozen=True)
class Part:
    """Some images of a labelled set, as training and testing take them."""

    whole: LabelledImages
    indices: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    def pixels(self, indices: np.ndarray, preprocessing: Preprocessing) -> Tensor:
        return self.whole.pixels(self.indices[indices], preprocessing)


@dataclass(frozen=True)
class Material:
    """What a run works with.

    Attributes:
        spec: the network, its input and classes adapted to the images.
        training, test: labelled images; the test images are used for the final figure alone.
        classes: name of each label.
        preprocessing: how an image becomes the network's input.
        description: one line for the card.
    """

    spec: NetworkSpec
    training: TrainingImages
    test: TrainingImages
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    description: str


def prepare(spec: NetworkSpec, data: DataRef, side: int | None) -> Generator[Step, None, Material]:
    """Open the images and adapt the network to them.

    Fashion-MNIST gives the CIFAR family its own 1x28x28 and the ImageNet family 3x64x64, grey in all channels.

    Args:
        spec: as asked for.
        data: `fashion-mnist` and `fashion-mnist-full` both mean the 60,000 training images.
        side: of the input in pixels; None for the default.

    Raises:
        UserError: the images can't be had, or have no labels.
    """
    if data.kind != "folder":
        large = spec.large
        spec = spec.with_(in_channels=3 if large else 1, side=side or (64 if large else 28), classes=10)
        yield Step(None, Sentence("Reading {name}", name="Fashion-MNIST"))
        training = ArrayImages("Fashion-MNIST", *(yield from fashion.whole("train")), fashion.CLASSES)
        test = ArrayImages("Fashion-MNIST", *(yield from fashion.whole("test")), fashion.CLASSES)
        return Material(
            spec, training, test, fashion.CLASSES,
            fashion.preprocessing(spec.in_channels, spec.side),
            "Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747): trained on its 60,000 training images, tested once on "
            "its 10,000 test images",
        )  # fmt: skip
    whole, labels = yield from training_folder(Path(data.path))
    spec = spec.with_(side=side or spec.side, classes=len(whole.classes))
    order = whole.order(0)
    held_out, rest = np.split(order, [-(-len(order) // _HELD_OUT)])
    return Material(
        spec,
        Part(whole, rest, labels[rest]),
        Part(whole, held_out, labels[held_out]),
        whole.classes,
        default_preprocessing(spec),
        f"{whole.name}: trained on {len(rest):,} of its images, tested once on the other {len(held_out):,}",
    )


def run(
    material: Material, output: Path, recipe: Recipe, command: str, resume: bool = False
) -> Generator[Progress, None, dict[str, Any]]:
    """Train, save, and measure once on the test images; the job's return value is the card.

    The state to resume from lies beside the output until the run is over.

    Raises:
        UserError: see `train`; or a file can't be written, the memory is too small, or the device stops working.
    """
    check_output(output)
    _check_memory(material, recipe)
    with _failures_told(recipe.device):
        return (yield from _run(material, output, recipe, command, resume))


def _run(
    material: Material, output: Path, recipe: Recipe, command: str, resume: bool
) -> Generator[Progress, None, dict[str, Any]]:
    state_file, log_file = output.with_suffix(".state"), output.with_suffix(".csv")
    log = read_log(log_file) if resume and state_file.exists() else []
    training = train(material.spec, material.training, material.preprocessing, recipe, state_file, resume)
    while True:
        try:
            progress = next(training)
        except StopIteration as end:
            network = end.value
            break
        if progress.epoch_done:
            log = [row for row in log if row.epoch < progress.epoch] + [progress]
            write_log(log_file, log)
        yield progress
    state = half_precision(network)
    save_weights(output, state, network, material.classes, material.preprocessing)
    # The figure on the card is that of the file: of the rounded weights, run in float32.
    saved = build(material.spec, seed=None)
    saved.load_state_dict({key: value.float() if value.is_floating_point() else value for key, value in state.items()})
    saved.to(recipe.device)
    correct = network_accuracy(saved, material.test, material.preprocessing, recipe.device)
    low, high = wilson(correct, len(material.test))
    card: dict[str, Any] = {
        "network": material.spec.name,
        "spec": material.spec.to_fields(),
        "command": command,
        "data": material.description,
        "seed": recipe.seed,
        "epochs": recipe.epochs,
        "recipe": asdict(recipe),
        "training_images": len(material.training),
        "test": {
            "accuracy": correct / len(material.test),
            "correct": correct,
            "images": len(material.test),
            "interval_95": [low, high],
        },
        "seconds": log[-1].seconds if log else 0.0,
    }
    save_card(output, card)
    state_file.unlink(missing_ok=True)
    return card


def _check_memory(material: Material, recipe: Recipe) -> None:
    """Whether the machine's memory can hold what the steps need at the least: weights, gradients and momenta, and what
    the backward pass needs of the forward one. A system that promises more than it has would end the program later.

    Raises:
        UserError: it can't.
    """
    if recipe.device != CPU.id:
        return
    cost = network_cost(material.spec)
    batch = min(recipe.batch, len(material.training))
    need = 3 * BYTES_PER_NUMBER * cost.parameters + batch * cost.activations // (2 if recipe.bf16 else 1)
    free = psutil.virtual_memory().available
    if need > free:
        raise UserError(
            "There is not enough memory for this training: it needs about {need:,.1f} GB, {free:,.1f} GB are free; "
            "give a smaller --batch or --side, or a smaller network.",
            need=need / 1e9, free=free / 1e9,
        )  # fmt: skip


@contextmanager
def _failures_told(device: str) -> Iterator[None]:
    """Make one sentence of what a device raises that is full or gone."""
    try:
        yield
    except (RuntimeError, MemoryError, AssertionError) as error:
        if devices.is_out_of_memory(error):
            raise UserError(
                "There is not enough memory to train this network on {device}: give a smaller --batch or --side.",
                device=device,
            ) from None
        if device != CPU.id and devices.is_device_lost(error):
            raise UserError(
                "The device {device} doesn't answer any more: give the same command with --resume to go on from the "
                "last epoch that was finished.",
                device=device,
            ) from None
        raise


def check_output(output: Path) -> None:
    """Whether weights, card and log can be written, asked before hours of training.

    Raises:
        UserError: another suffix, a folder in the way, or a place that can't be written.
    """
    if output.suffix != ".safetensors":
        raise UserError("{path} must end in .safetensors.", path=output)
    try:
        for path in (output, *map(output.with_suffix, (".json", ".csv", ".state")), unfinished(output)):
            if path.is_dir():
                raise UserError(
                    "{path} is a folder, and a file of that name is to be written; choose another name.", path=path
                )
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        raise UserError("{path} can't be written: {reason}.", path=output, reason=error.strerror or error) from None
