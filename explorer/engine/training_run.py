"""A whole training run, from images to files: weights, card and log. The window's runs and `main.py train` are this."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import Tensor

from explorer.engine import devices
from explorer.engine.build import build
from explorer.engine.cards import half_precision, read_log, save_card, save_state, save_weights, write_log
from explorer.engine.checkpoints import read_checkpoint
from explorer.engine.held_out import TrainingImages, pieces, predicted
from explorer.engine.records import CPU, wilson
from explorer.engine.training import Trainer
from explorer.engine.training_data import Material
from explorer.engine.training_files import BEST, FORMAT
from explorer.engine.training_records import Progress, Recipe
from explorer.engine.training_state import DivergedError, kept, load_state, read_state
from explorer.engine.writing import unfinished
from explorer.errors import UserError
from explorer.networks.cost import BYTES_PER_NUMBER, network_cost

Card = dict[str, Any]


def run(
    material: Material, output: Path, recipe: Recipe, command: str, resume: bool = False
) -> Generator[Progress, None, Card]:
    """Train, save, and measure once on the test images; the job's return value is the card.

    The state to resume from lies beside the output until the run is over. Where images are held out, the weights that
    predict most of them right are kept beside it, too, under the name with `-best`.

    Raises:
        UserError: see `Trainer`; or a file can't be written, the memory is too small, or the device stops working.
    """
    check_output(output)
    check_memory(material, recipe)
    with failures_told(recipe.device):
        whole = TrainingRun(material, output, recipe, command)
        if resume:
            whole.take_up()
        return (yield from whole.steps())


class TrainingRun:
    """One run and its files.

    Args:
        material: what it works with.
        output: the weights' path; the other files lie beside it.
        recipe: how to train.
        command: what makes the file again, for the card.
        more: what the card says besides.
    """

    def __init__(
        self, material: Material, output: Path, recipe: Recipe, command: str, more: Card | None = None
    ) -> None:
        self._material, self._recipe, self._command, self._more = material, recipe, command, more or {}
        self._output, self._best_output = output, output.with_stem(output.stem + BEST)
        self._state_file, self._log_file = output.with_suffix(".state"), output.with_suffix(".csv")
        self.trainer = Trainer(material.spec, material.training, material.preprocessing, recipe, material.validation)
        self._log: list[Progress] = []

    def take_up(self) -> None:
        """Go on from the state that lies there, if any.

        Raises:
            UserError: it is another run's, or none that can be used.
        """
        if self._state_file.exists():
            load_state(self._state_file, self.trainer)
            self._log = read_log(self._log_file)

    def steps(self) -> Generator[Progress, None, Card]:
        """Train to the end, and measure; dropped on the way, the state stays to go on from.

        Raises:
            UserError: as `run`.
        """
        try:
            with closing(kept(self.trainer, self._state_file, self._epoch_done)) as work:
                yield from work
        except DivergedError as error:
            raise self._last_good(error) from None
        network = self.trainer.network
        state = half_precision(network)
        save_weights(self._output, state, network, self._material.classes, self._material.preprocessing)
        best = self.trainer.curves.best
        other = best is not None and best.epoch < self._recipe.epochs and self._best_output.exists()
        card = self._card("last" if other else "best", self._recipe.epochs)
        card["test"] = yield from self._tested(state)
        save_card(self._output, card)
        if best is not None and other:
            chosen = self._card("best", best.epoch)
            chosen["test"] = yield from self._tested(read_checkpoint(self._best_output).state)
            save_card(self._best_output, chosen)
        else:
            self._drop_best()
        self._state_file.unlink(missing_ok=True)
        return card

    def keep_last(self) -> None:
        """Save the weights of a run that was stopped as they are, unless they are no numbers any more.

        Raises:
            UserError: they can't be written.
        """
        done = self.trainer.epoch + self.trainer.step / self.trainer.steps
        if done:
            self._keep(half_precision(self.trainer.network), done)

    @property
    def weights(self) -> tuple[Path, ...]:
        """The files of weights that lie there, the best first."""
        return tuple(path for path in (self._best_output, self._output) if path.exists())

    @property
    def can_go_on(self) -> bool:
        """Whether a state lies there."""
        return self._state_file.exists()

    # -- inside --------------------------------------------------------------------------------------------------

    def _epoch_done(self, progress: Progress) -> None:
        """Before the state is saved: if the run is killed in between, the epoch's end is done again."""
        best = self.trainer.curves.best
        if best is not None and best.epoch == progress.epoch:
            network = self.trainer.network
            state = half_precision(network)
            save_weights(self._best_output, state, network, self._material.classes, self._material.preprocessing)
            save_card(self._best_output, self._card("best", best.epoch))
        self._log = [row for row in self._log if row.epoch < progress.epoch] + [progress]
        write_log(self._log_file, self._log)

    def _keep(self, state: dict[str, Tensor], done: float) -> None:
        if all(bool(torch.isfinite(value).all()) for value in state.values()):
            material = self._material
            save_state(self._output, state, material.spec, material.classes, material.preprocessing)
            save_card(self._output, self._card("last", done))

    def _last_good(self, error: DivergedError) -> UserError:
        """Keep the weights that were saved last, and say so. Going on from there would lead to the same end."""
        values = {"epoch": error.values["epoch"], "rate": error.values["rate"]}
        if not self._state_file.exists():
            return UserError(
                "The loss became infinite in epoch {epoch}, before there were weights to keep; try a learning rate "
                "below {rate}.",
                **values,
            )
        trainer = self.trainer
        trainer.take_up(read_state(self._state_file))
        done = trainer.epoch + trainer.step / trainer.steps
        self._keep(half_precision(trainer.network), done)
        self._state_file.unlink(missing_ok=True)
        return UserError(
            "The loss became infinite in epoch {epoch}, so training stopped, and the last good weights, of {done:.4g} "
            "epochs, are kept; try a learning rate below {rate}.",
            done=done, **values,
        )  # fmt: skip

    def _tested(self, state: dict[str, Tensor]) -> Generator[Progress, None, Card]:
        """What is on the card is so of the file: of the rounded weights, run in float32."""
        material, device = self._material, self._recipe.device
        saved = build(material.spec, seed=None)
        saved.load_state_dict(
            {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
        )
        saved.to(device)
        work = predicted(saved, material.test, material.preprocessing, device, pieces(material.spec))
        while True:
            try:
                next(work)
            except StopIteration as end:
                return _figures(end.value[0], material.test)
            yield replace(self._last_row(), fraction=1.0, epoch_done=False, phase="testing")

    def _last_row(self) -> Progress:
        """The log's last one; from the curves where the log is gone."""
        if self._log:
            return self._log[-1]
        curves, epochs = self.trainer.curves, self._recipe.epochs
        last = curves.epochs > epochs - 1
        loss, accuracy = (
            float(values[last].mean()) if last.any() else math.nan for values in (curves.losses, curves.accuracies)
        )
        validated = curves.validated[-1] if curves.validated else None
        return Progress(
            epochs, 1.0, loss, accuracy, self.trainer.rate, self.trainer.seconds, epoch_done=True, validated=validated
        )

    def _card(self, kind: str, done: float) -> Card:
        """The card of weights after so many epochs, without the figure on the test images."""
        material = self._material
        card: Card = {
            **self._more,
            "network": material.spec.name,
            "spec": material.spec.to_fields(),
            "command": self._command,
            "data": material.description,
            "seed": self._recipe.seed,
            "epochs": self._recipe.epochs,
            "recipe": asdict(self._recipe),
            "training_images": len(material.training),
            "test": None,
            "seconds": round(self.trainer.seconds, 1),
        }
        if material.validation is not None:
            row = next((row for row in self.trainer.curves.validated if row.epoch == done), None)
            card["kind"], card["epochs_done"] = kind, done
            card["validation"] = None if row is None else _figures(row.correct, material.validation)
            card["classes"], card["preprocessing"] = list(material.classes), asdict(material.preprocessing)
            card["bundled_images_seen"] = material.seen
            card["format"] = FORMAT
        return card

    def _drop_best(self) -> None:
        """The last weights are the best: one file is enough."""
        for path in (self._best_output, self._best_output.with_suffix(".json")):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _figures(correct: int, images: TrainingImages) -> Card:
    low, high = wilson(correct, len(images))
    return {
        "accuracy": correct / len(images),
        "correct": correct,
        "images": len(images),
        "interval_95": [low, high],
    }


def check_memory(material: Material, recipe: Recipe) -> None:
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
            "choose a smaller batch, a smaller input side, or a smaller network.",
            need=need / 1e9, free=free / 1e9,
        )  # fmt: skip


@contextmanager
def failures_told(device: str) -> Iterator[None]:
    """Make one sentence of what a device raises that is full or gone."""
    try:
        yield
    except (RuntimeError, MemoryError, AssertionError) as error:
        if devices.is_out_of_memory(error):
            raise UserError(
                "There is not enough memory to train this network on {device}: choose a smaller batch, or a smaller "
                "input side.",
                device=device,
            ) from None
        if device != CPU.id and devices.is_device_lost(error):
            raise UserError(
                "The device {device} doesn't answer any more: resume the run, on another device if need be, to go on "
                "from what was last saved.",
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
