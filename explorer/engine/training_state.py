"""The file from which a run goes on: network, optimizer, schedule, place in the epoch, and what was measured.

Nothing in it can run code; it is read with torch's `weights_only`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from explorer.engine.training_records import Progress
from explorer.engine.writing import whole_file
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.engine.training import Trainer

_VERSION = 2
"""Files without a version hold whole epochs only; they can still be taken up."""

_SAVE_SECONDS = 20.0
_SAVE_SHARE = 30
"""How many times longer than saving took a run works at least until the next time."""


class DivergedError(UserError):
    """The loss is no number any more."""


def save_state(path: Path, trainer: Trainer) -> bool:
    """Write where a run is; the file of before stays whole until the new one is complete.

    Returns:
        Whether it was written: weights that are no numbers any more don't take the place of the last good ones.

    Raises:
        UserError: it can't be written.
    """
    if not all(bool(torch.isfinite(value).all()) for value in trainer.network.parameters()):
        return False
    with whole_file(path) as unfinished:
        torch.save({**trainer.state(), "version": _VERSION}, unfinished)
    return True


def kept(
    trainer: Trainer, state_file: Path | None, epoch_done: Callable[[Progress], None] | None = None
) -> Generator[Progress, None, None]:
    """A run whose state is kept: after its epochs, every 20 seconds, and when it is dropped; the less often the longer
    saving takes.

    Args:
        trainer: the run.
        state_file: where; None keeps nothing.
        epoch_done: called at the end of each epoch, before its state is saved.
    """
    if state_file is None:
        yield from trainer.run()
        return
    place, saved, took = (trainer.epoch, trainer.step), trainer.seconds, 0.0
    try:
        for progress in trainer.run():
            if progress.epoch_done and epoch_done is not None:
                epoch_done(progress)
            since = trainer.seconds - saved
            least = _SAVE_SHARE * took
            if progress.fraction == 1 or since > max(_SAVE_SECONDS, least) or (progress.epoch_done and since >= least):
                began = time.perf_counter()
                save_state(state_file, trainer)
                place, saved, took = (trainer.epoch, trainer.step), trainer.seconds, time.perf_counter() - began
            yield progress
    except GeneratorExit:
        if (trainer.epoch, trainer.step) != place:
            with suppress(DivergedError):
                save_state(state_file, trainer)
        raise


def load_state(path: Path, trainer: Trainer) -> None:
    """Bring a run to where its file says that it was.

    Raises:
        UserError: the file is another run's, or none that can be used.
    """
    try:
        state = read_state(path)
        if _differs(state["identity"], trainer.identity):
            raise UserError(
                "{path} holds another run (network, images or recipe differ); give the command it was started with.",
                path=path,
            )
        if state.get("version", 1) not in (1, _VERSION):
            raise UserError(
                "{path} is the state of a run of another version of this program; remove it to start afresh.", path=path
            )
        trainer.take_up(state)
    except UserError:
        raise
    except Exception:  # what torch raises on a file that isn't its own is not documented
        raise _no_state(path) from None


def read_state(path: Path) -> dict[str, Any]:
    """What a state file holds, on the CPU.

    Raises:
        UserError: it is none that can be used.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise _no_state(path)
    except UserError:
        raise
    except Exception:  # as above
        raise _no_state(path) from None
    return state


def _no_state(path: Path) -> UserError:
    return UserError(
        "{path} is no training state to resume from: remove it, or leave --resume out to start afresh.", path=path
    )


def _differs(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Files of before say less of the images; what they don't say can't differ."""
    return {"spec", "recipe", "images"} - found.keys() != set() or any(
        found[key] != wanted.get(key) for key in found
    )  # fmt: skip
