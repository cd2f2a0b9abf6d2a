"""A run that is killed anywhere, or comes to a bad end, and what is left of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from explorer.engine import training, training_state
from explorer.engine.images import normalise
from explorer.engine.steps import finish
from explorer.engine.training import Trainer, train
from explorer.engine.training_records import Progress, Recipe
from explorer.engine.training_state import DivergedError, kept, load_state, read_state, save_state
from explorer.errors import UserError
from tests.engine.networks import GREY
from tests.engine.sentences import assert_one_sentence
from tests.engine.training_support import QUICK, SPEC, same, stripes

_ROOT = Path(__file__).resolve().parents[2]
_KILLED = """
import sys
from pathlib import Path
from explorer.engine import training, training_state
from tests.engine.training_support import QUICK, SPEC, stripes
from explorer.engine.training import Trainer
from tests.engine.networks import GREY
training_state._SAVE_SECONDS = training_state._SAVE_SHARE = 0
trainer = Trainer(SPEC, stripes(), GREY, QUICK, stripes(24, seed=1))
for progress in training_state.kept(trainer, Path(sys.argv[1])):
    print(progress.epoch, progress.phase, flush=True)
    if progress.epoch == 2 and progress.fraction > 0.5:
        sys.stdin.readline()
"""


def trainer(recipe: Recipe = QUICK) -> Trainer:
    return Trainer(SPEC, stripes(), GREY, recipe, stripes(24, seed=1))


@pytest.fixture(scope="module")
def whole() -> tuple[Trainer, list[Progress]]:
    one = trainer()
    return one, list(one.run())


def numbers(steps: list[Progress]) -> list[tuple[object, ...]]:
    return [(step.epoch, step.fraction, step.loss, step.accuracy, step.rate, step.validated) for step in steps]


def assert_equal_to(whole: Trainer, other: Trainer) -> None:
    assert same(whole.network, other.network)
    for name in ("epochs", "losses", "accuracies"):
        assert np.array_equal(getattr(whole.curves, name), getattr(other.curves, name)), name
    assert whole.curves.validated == other.curves.validated


def test_a_process_that_is_killed_in_an_epoch_is_resumed_to_the_same_weights(
    whole: tuple[Trainer, list[Progress]], tmp_path: Path
) -> None:
    """SIGKILL, which nothing can be done about, in the middle of the second of three epochs."""
    state = tmp_path / "run.state"
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(state)], cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(6)]
        process.kill()
    assert process.returncode != 0
    assert told[-1] == "2 training\n", told
    found = read_state(state)
    assert 0 < found["epochs"] * 4 + found["step"] < 12
    other = trainer()
    load_state(state, other)
    list(other.run())
    assert_equal_to(whole[0], other)


@pytest.mark.parametrize("stop_after", range(1, 15))
def test_a_run_that_is_dropped_anywhere_goes_on_as_if_nothing_had_been(
    stop_after: int, whole: tuple[Trainer, list[Progress]], tmp_path: Path
) -> None:
    """After any step, the looks at the held-out images included; its curves go on, too."""
    state = tmp_path / "run.state"
    work = kept(trainer(), state)
    steps = [next(work) for _ in range(stop_after)]
    work.close()
    other = trainer()
    load_state(state, other)
    rest = list(other.run())
    assert_equal_to(whole[0], other)
    done = [step for step in (*steps, *rest) if step.phase == "training"]
    assert numbers(done) == numbers([step for step in whole[1] if step.phase == "training"])


def test_the_held_out_images_are_counted_as_a_plain_loop_counts_them(
    whole: tuple[Trainer, list[Progress]],
) -> None:
    held, correct, losses = stripes(24, seed=1), 0, []
    network = whole[0].network
    with torch.no_grad():
        for index, label in enumerate(held.labels):
            logits = network(normalise(held.pixels(np.array([index]), GREY), GREY))
            correct += int(logits.argmax()) == label
            losses.append(float(functional.cross_entropy(logits, torch.tensor([label]))))
    last = whole[0].curves.validated[-1]
    assert (last.epoch, last.correct, last.images) == (3, correct, 24)
    assert last.loss == pytest.approx(np.mean(losses), rel=1e-4)


def test_the_curves_are_the_means_between_their_points(whole: tuple[Trainer, list[Progress]]) -> None:
    curves = whole[0].curves
    assert curves.epochs.tolist() == pytest.approx([number / 4 for number in range(1, 13)])
    ends = [step for step in whole[1] if step.epoch_done]
    for epoch, step in enumerate(ends):
        own = slice(4 * epoch, 4 * epoch + 4)
        weights = np.array([16, 16, 16, 12]) / 60
        assert np.sum(curves.losses[own] * weights) == pytest.approx(step.loss, rel=1e-5)
        assert np.sum(curves.accuracies[own] * weights) == pytest.approx(step.accuracy, rel=1e-5)


def test_long_runs_have_no_more_points_than_a_chart_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_POINTS", 15)
    one = Trainer(SPEC, stripes(), GREY, Recipe(epochs=4, batch=4, bf16=False))
    steps = list(one.run())
    assert len(steps) == 60
    assert 10 < len(one.curves.epochs) <= 15 + 4, "one at the end of each epoch, too"
    assert one.curves.epochs[-1] == 4


def test_a_state_of_the_program_before_is_still_taken_up(tmp_path: Path) -> None:
    """It held whole epochs only, and less of the images."""
    recipe, state = QUICK, tmp_path / "run.state"
    one = Trainer(SPEC, stripes(), GREY, recipe)
    work = one.run()
    while one.epoch < 1:
        next(work)
    now = one.state()
    identity = {key: now["identity"][key] for key in ("spec", "recipe", "images")}
    kept_then = {key: now[key] for key in ("network", "optimizer", "scheduler", "epochs", "seconds")}
    torch.save({**kept_then, "identity": identity}, state)
    for _ in work:
        pass
    other = finish(train(SPEC, stripes(), GREY, recipe, state, resume=True))
    assert same(one.network, other)


def test_a_state_of_a_later_program_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "run.state"
    torch.save({**trainer().state(), "version": 99}, state)
    with pytest.raises(UserError, match="another version") as caught:
        load_state(state, trainer())
    assert_one_sentence(caught.value)


@pytest.mark.parametrize("change", ["labels", "validation"])
def test_other_images_are_another_run(change: str, tmp_path: Path) -> None:
    state = tmp_path / "run.state"
    save_state(state, trainer())
    images, held = stripes(), stripes(24, seed=1)
    if change == "labels":
        images.labels = (images.labels + 1) % 3
    other = Trainer(SPEC, images, GREY, QUICK, held if change == "labels" else None)
    with pytest.raises(UserError, match="another run"):
        load_state(state, other)


@pytest.mark.parametrize("damage", ["sums", "generator", "points", "optimizer"])
def test_a_state_that_lacks_a_part_is_refused_in_a_sentence(damage: str, tmp_path: Path) -> None:
    one, state = trainer(), tmp_path / "run.state"
    work = one.run()
    next(work)
    values: dict[str, Any] = {**one.state(), "version": 2, damage: "nothing of the kind"}
    torch.save(values, state)
    with pytest.raises(UserError, match=r"run\.state") as caught:
        load_state(state, trainer())
    assert_one_sentence(caught.value)


def test_weights_that_are_no_numbers_never_take_the_place_of_good_ones(tmp_path: Path) -> None:
    one, state = trainer(), tmp_path / "run.state"
    work = one.run()
    next(work)
    assert save_state(state, one)
    before = state.read_bytes()
    with torch.no_grad():
        next(iter(one.network.parameters())).fill_(torch.inf)
    assert not save_state(state, one)
    assert state.read_bytes() == before
    with pytest.raises(DivergedError, match="epoch 1"):
        list(work)


def test_saving_that_takes_long_is_done_the_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = []

    def slow(path: Path, one: Trainer) -> bool:
        saved.append((one.epoch, one.step))
        one.seconds -= 0.2  # as if the steps had been so much shorter than saving
        return True

    monkeypatch.setattr(training_state, "save_state", slow)
    clock = iter(np.arange(0, 10_000, 0.1))
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    list(kept(trainer(Recipe(epochs=8, seed=5, batch=16, bf16=False)), tmp_path / "run.state"))
    assert len(saved) <= 4, "of eight epochs"
    assert saved[-1] == (8, 0), "the end is always kept"
