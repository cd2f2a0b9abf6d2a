"""`train` on the command line."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from explorer.engine import devices
from explorer.engine.records import DataRef
from explorer.engine.steps import finish
from explorer.engine.training_data import Material, material, prepare
from explorer.engine.training_records import Progress, Recipe, one_minute
from explorer.engine.training_run import check_output, run
from explorer.errors import UserError
from explorer.networks import catalog

_NAP = 0.2
"""Seconds between two looks at whether a paused run may go on."""
_DEFAULTS = {"side": None, "batch": 128, "rate": 0.1, "schedule": "onecycle"}


def train(arguments: argparse.Namespace) -> None:
    """Train a network, telling each epoch on a line, and the batches between on a terminal.

    Ctrl-C, or the signal TERM, stops it after the batch at hand, and its state stays to go on from.
    """
    make = _one_minute if arguments.recipe else _as_asked
    check_output(arguments.output)
    recipe, found = make(arguments)
    print(f"{found.spec.name}, {found.description}", flush=True)
    if found.note:
        print(found.note, flush=True)
    work = run(found, arguments.output, recipe, _command(arguments), arguments.resume)
    card = _watched(work, _Teller(recipe), arguments.pause_file)
    test = card["test"]
    print(f"{arguments.output}: {100 * test['accuracy']:.2f} % of {test['images']:,} test images")


def _as_asked(arguments: argparse.Namespace) -> tuple[Recipe, Material]:
    for name in ("network", "epochs"):
        if getattr(arguments, name) is None:
            raise UserError("Training needs --{name}, or --recipe one-minute; see `main.py train --help`.", name=name)
    spec = catalog.find(arguments.network)
    bundled = arguments.data in (None, "fashion-mnist", "fashion-mnist-full")
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
    return recipe, finish(prepare(spec, data, arguments.side))


def _one_minute(arguments: argparse.Namespace) -> tuple[Recipe, Material]:
    """The recipe says everything but seed, device and arithmetic."""
    for name, default in {"network": None, "epochs": None, "data": None, **_DEFAULTS}.items():
        if getattr(arguments, name) != default:
            raise UserError("The recipe one-minute says itself what --{name} would; leave that out.", name=name)
    device = devices.choose(arguments.device)
    bf16 = devices.bf16_pays(device.id) and not arguments.float32
    request = one_minute(device=device.id, seed=arguments.seed)
    found = finish(material(request))
    recipe = request.for_images(len(found.training)).recipe
    return replace(recipe, device=device.id, bf16=bf16), found


def _command(arguments: argparse.Namespace) -> str:
    """The command as the card repeats it: what was given, without --resume and --pause-file."""
    words = ["python", "main.py", "train"]
    if arguments.recipe:
        words += ["--recipe", arguments.recipe]
    else:
        words += ["--network", arguments.network, "--data", arguments.data or "fashion-mnist-full"]
        words += ["--epochs", str(arguments.epochs)]
    words += ["--seed", str(arguments.seed)]
    for name, default in _DEFAULTS.items():
        if getattr(arguments, name) != default:
            words += [f"--{name}", str(getattr(arguments, name))]
    if arguments.float32:
        words.append("--float32")
    return shlex.join([*words, "-o", arguments.output.as_posix()])


# -- stopping and pausing ------------------------------------------------------------------------------------------


def _watched(
    work: Generator[Progress, None, dict[str, Any]], tell: Callable[[Progress], None], pause_file: Path | None
) -> dict[str, Any]:
    """The run to its end, its state kept where it is stopped.

    Raises:
        KeyboardInterrupt: it was stopped; its words say how to go on.
    """
    with closing(work), _asked_to_stop() as asked:
        while True:
            try:
                progress = next(work)
            except StopIteration as end:
                card: dict[str, Any] = end.value
                return card
            tell(progress)
            _wait_while(pause_file, asked)
            if asked:
                break
    raise KeyboardInterrupt(
        f"stopped in epoch {progress.epoch}; what is done is kept: give the same command with --resume to go on."
    )


@contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """A list that is filled once the process is asked to stop; a second time it stops at once, as usual."""
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait_while(pause_file: Path | None, asked: list[int]) -> None:
    """Do nothing while the file is there."""
    if pause_file is None or not pause_file.exists():
        return
    print(f"paused while {pause_file} is there", flush=True)
    while pause_file.exists() and not asked:
        time.sleep(_NAP)
    if not asked:
        print("going on", flush=True)


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
        if progress.validated is not None:
            line += f"  held-out images {100 * progress.validated.accuracy:5.2f} %"
        end = "\n" if progress.epoch_done else ""
        print(f"\r\x1b[K{line}" if self._terminal else line, end=end, flush=True)
