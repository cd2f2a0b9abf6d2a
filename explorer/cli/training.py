"""`train` on the command line."""

from __future__ import annotations

import argparse
import shlex
import sys

from explorer.engine import devices
from explorer.engine.records import DataRef
from explorer.engine.steps import finish
from explorer.engine.training_data import prepare
from explorer.engine.training_records import Progress, Recipe
from explorer.engine.training_run import check_output, run
from explorer.networks import catalog


def train(arguments: argparse.Namespace) -> None:
    """Train a network, telling each epoch on a line, and the batches between on a terminal."""
    spec = catalog.find(arguments.network)
    bundled = arguments.data in ("fashion-mnist", "fashion-mnist-full")
    data = DataRef("fashion-mnist-full") if bundled else DataRef("folder", arguments.data)
    device = devices.choose(arguments.device)
    recipe = Recipe(
        epochs=arguments.epochs,
        seed=arguments.seed,
        batch=arguments.batch,
        rate=arguments.rate,
        schedule=arguments.schedule,
        device=device.id,
        bf16=devices.bf16_pays(device.id) and not arguments.float32,
    )
    check_output(arguments.output)
    material = finish(prepare(spec, data, arguments.side))
    print(f"{material.spec.name}, {material.description}", flush=True)
    card = finish(run(material, arguments.output, recipe, _command(arguments), arguments.resume), _Teller(recipe))
    test = card["test"]
    print(f"{arguments.output}: {100 * test['accuracy']:.2f} % of {test['images']:,} test images")


def _command(arguments: argparse.Namespace) -> str:
    """The command as the card repeats it: what was given, without --resume."""
    words = ["python", "main.py", "train", "--network", arguments.network, "--data", arguments.data]
    words += ["--epochs", str(arguments.epochs), "--seed", str(arguments.seed)]
    defaults = {"side": None, "batch": 128, "rate": 0.1, "schedule": "onecycle"}
    for name, default in defaults.items():
        if getattr(arguments, name) != default:
            words += [f"--{name}", str(getattr(arguments, name))]
    if arguments.float32:
        words.append("--float32")
    return shlex.join([*words, "-o", arguments.output.as_posix()])


class _Teller:
    """Prints progress."""

    def __init__(self, recipe: Recipe) -> None:
        self._epochs = recipe.epochs
        self._terminal = sys.stdout.isatty()

    def __call__(self, progress: Progress) -> None:
        if not (progress.epoch_done or self._terminal):
            return
        left = progress.seconds / progress.fraction - progress.seconds
        line = (
            f"epoch {progress.epoch:>3} of {self._epochs}  loss {progress.loss:.4f}  "
            f"accuracy {100 * progress.accuracy:5.2f} %  {progress.seconds:,.0f} s, {left:,.0f} s left"
        )
        end = "\n" if progress.epoch_done else ""
        print(f"\r\x1b[K{line}" if self._terminal else line, end=end, flush=True)
