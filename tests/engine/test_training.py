"""The training loop: repeatable, resumable, and told in a sentence when it can't go on."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.engine.datasets import ArrayImages
from explorer.engine.held_out import network_accuracy
from explorer.engine.modules import Network
from explorer.engine.records import Preprocessing
from explorer.engine.steps import finish
from explorer.engine.training import augment, train
from explorer.engine.training_records import Progress, Recipe
from explorer.errors import UserError
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import GREY
from tests.engine.sentences import assert_one_sentence
from tests.engine.training_support import QUICK, SPEC, same, stripes


def run(recipe: Recipe = QUICK, spec: NetworkSpec = SPEC, **where: object) -> tuple[Network, list[Progress]]:
    steps: list[Progress] = []
    network = finish(train(spec, stripes(), GREY, recipe, **where), steps.append)  # type: ignore[arg-type]
    return network, steps


def without_time(steps: list[Progress]) -> list[tuple[float, ...]]:
    return [(step.epoch, step.fraction, step.loss, step.accuracy, step.rate) for step in steps]


@pytest.fixture(scope="module")
def whole() -> tuple[Network, list[Progress]]:
    return run()


Whole = tuple[Network, list[Progress]]


# -- repeatable and resumable ------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_network_bit_for_bit(whole: Whole) -> None:
    again = run()
    assert same(whole[0], again[0])
    assert without_time(whole[1]) == without_time(again[1])
    assert not same(whole[0], run(Recipe(epochs=3, seed=6, batch=16, bf16=False))[0])


def test_what_is_dropped_is_the_runs_own(tmp_path: Path) -> None:
    """Dropout draws from torch's own generator, which a window's other jobs and a restart leave anywhere."""
    spec = SPEC.with_(dropout=0.5)
    torch.manual_seed(1)
    whole = run(spec=spec)[0]
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    assert same(whole, run(spec=spec)[0])
    assert torch.equal(before, torch.random.get_rng_state())
    assert not same(whole, run()[0])
    state = tmp_path / "run.state"
    job = train(spec, stripes(), GREY, QUICK, state)
    for _ in range(6):
        next(job)
    job.close()
    assert same(run(spec=spec, state_file=state, resume=True)[0], whole)


@pytest.mark.parametrize("stop_after", [1, 2, 4, 5, 8, 12])
def test_a_killed_run_goes_on_as_if_nothing_had_been(stop_after: int, whole: Whole, tmp_path: Path) -> None:
    """Dropped after any step, in the middle of an epoch too: 60 images in batches of 16 are 4 steps an epoch."""
    state = tmp_path / "run.state"
    job = train(SPEC, stripes(), GREY, QUICK, state)
    for _ in range(stop_after):
        next(job)
    job.close()
    network, steps = run(state_file=state, resume=True)
    assert same(network, whole[0])
    assert without_time(steps) == without_time(whole[1][stop_after:])
    assert list(tmp_path.iterdir()) == [state], "no half file is left"


@pytest.mark.parametrize("schedule", ["onecycle", "steps"])
def test_a_resume_takes_up_the_schedule(schedule: str, tmp_path: Path) -> None:
    recipe = Recipe(epochs=4, batch=20, bf16=False, schedule=schedule)  # type: ignore[arg-type]
    state = tmp_path / "run.state"
    job = train(SPEC, stripes(), GREY, recipe, state)
    for _ in range(7):
        next(job)
    job.close()
    assert same(run(recipe, state_file=state, resume=True)[0], run(recipe)[0])


def test_each_epoch_takes_every_image_once_in_an_order_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    pixels = ArrayImages.pixels

    def noted(self: ArrayImages, indices: np.ndarray, preprocessing: Preprocessing) -> torch.Tensor:
        taken.extend(indices.tolist())
        return pixels(self, indices, preprocessing)

    monkeypatch.setattr(ArrayImages, "pixels", noted)
    run()
    epochs = [taken[first : first + 60] for first in (0, 60, 120)]
    assert all(sorted(epoch) == list(range(60)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_seconds_go_on_counting_after_a_resume(tmp_path: Path) -> None:
    state = tmp_path / "run.state"
    job = train(SPEC, stripes(), GREY, QUICK, state)
    before = [next(job) for _ in range(4)][-1]
    job.close()
    _, steps = run(state_file=state, resume=True)
    assert steps[0].seconds > before.seconds


def test_without_resume_a_run_starts_afresh(whole: Whole, tmp_path: Path) -> None:
    state = tmp_path / "run.state"
    run(state_file=state)
    network, steps = run(state_file=state)
    assert len(steps) == 12
    assert same(network, whole[0])


def test_a_finished_run_resumed_is_the_same_network(whole: Whole, tmp_path: Path) -> None:
    state = tmp_path / "run.state"
    run(state_file=state)
    network, steps = run(state_file=state, resume=True)
    assert not steps
    assert same(network, whole[0])
    assert not network.training


@pytest.mark.parametrize(
    "change",
    [{"seed": 6}, {"epochs": 4}, {"rate": 0.2}, {"flip": False}, {"schedule": "steps"}, {"bf16": True}],
    ids=lambda change: next(iter(change)),
)
def test_another_runs_state_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    state = tmp_path / "run.state"
    run(state_file=state)
    other = Recipe(**{"epochs": 3, "seed": 5, "batch": 16, "bf16": False, **change})  # type: ignore[arg-type]
    with pytest.raises(UserError, match="another run") as caught:
        run(other, state_file=state, resume=True)
    assert_one_sentence(caught.value)


class _Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("kind", ["empty", "noise", "cut", "code", "other"])
def test_a_state_that_is_none_is_refused_in_a_sentence(kind: str, tmp_path: Path) -> None:
    state, ran = tmp_path / "run.state", tmp_path / "ran"
    run(state_file=state)
    whole = state.read_bytes()
    if kind in ("code", "other"):
        torch.save({"identity": _Evil(ran)} if kind == "code" else [1, 2], state)
    else:
        state.write_bytes({"empty": b"", "noise": bytes(range(256)) * 9, "cut": whole[: len(whole) // 2]}[kind])
    with pytest.raises(UserError, match=r"run\.state") as caught:
        run(state_file=state, resume=True)
    assert_one_sentence(caught.value)
    assert not ran.exists()


def test_a_state_that_cannot_be_written_is_told_and_leaves_no_half_file(tmp_path: Path) -> None:
    state = tmp_path / "run.state"
    state.mkdir()
    for path in (state, tmp_path / "missing" / "run.state"):
        with pytest.raises(UserError, match=r"run\.state") as caught:
            run(state_file=path)
        assert_one_sentence(caught.value)
    assert list(tmp_path.iterdir()) == [state]


# -- the schedule ------------------------------------------------------------------------------------------------


def test_one_cycle_goes_up_and_down(whole: Whole) -> None:
    """Smith and Topin 2017: up to the largest rate in the first quarter (cosine), down to almost 0 at the end."""
    rates = [step.rate for step in whole[1]]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(QUICK.rate, rel=0.05)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert top / len(rates) == pytest.approx(0.25, abs=0.1)
    assert rates[-1] < QUICK.rate / 1000


@pytest.mark.parametrize("schedule", ["onecycle", "steps"])
@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5])
def test_very_short_runs_have_a_schedule_too(schedule: str, epochs: int) -> None:
    """One step an epoch."""
    _, steps = run(Recipe(epochs, batch=60, bf16=False, schedule=schedule))  # type: ignore[arg-type]
    assert len(steps) == epochs
    assert all(0 < step.rate <= 0.1 for step in steps)


def test_steps_fall_to_a_tenth_at_one_half_and_three_quarters() -> None:
    """He et al. 2015, section 4.2: at 32k and 48k of 64k iterations."""
    _, steps = run(Recipe(epochs=4, batch=20, bf16=False, schedule="steps", rate=0.1))
    rates = [step.rate for step in steps]
    assert rates == pytest.approx([0.1] * 5 + [0.01] * 3 + [0.001] * 4)


def test_progress_tells_where_the_run_is(whole: Whole) -> None:
    steps = whole[1]
    assert [step.fraction for step in steps] == pytest.approx([number / 12 for number in range(1, 13)])
    assert [step.epoch for step in steps] == [1] * 4 + [2] * 4 + [3] * 4
    assert [step.epoch_done for step in steps] == [False, False, False, True] * 3
    assert all(0 <= step.accuracy <= 1 and math.isfinite(step.loss) for step in steps)


def test_it_learns() -> None:
    network, steps = run(Recipe(epochs=12, batch=16, bf16=False, flip=False, pad=1))
    test = stripes(200, seed=1)
    assert network_accuracy(network, test, GREY, batch=64) > 180
    assert steps[-1].loss < steps[0].loss / 2


def test_bfloat16_learns_about_the_same(whole: Whole) -> None:
    network, steps = run(Recipe(epochs=3, seed=5, batch=16))
    assert all(parameter.dtype == torch.float32 for parameter in network.parameters())
    assert steps[0].loss == pytest.approx(whole[1][0].loss, rel=0.1)


def test_the_figure_on_the_card_is_a_plain_count(whole: Whole) -> None:
    images = stripes(70, seed=2)
    correct = 0
    with torch.inference_mode():
        for pixels, label in zip(images.array, images.labels, strict=True):
            x = (torch.tensor(pixels, dtype=torch.float32)[None, None] / 255 - 0.4) / 0.3
            correct += int(whole[0](x).argmax()) == label
    assert network_accuracy(whole[0], images, GREY, batch=32) == correct


# -- flips and crops ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("flip", "pad", "channels"), [(True, 2, 1), (True, 0, 3), (False, 3, 2), (False, 0, 1)])
def test_flips_and_crops_are_those_of_a_slow_loop(flip: bool, pad: int, channels: int) -> None:
    """Each image mirrored or not, then cut out of a black frame at some place: found by trying all."""
    pixels = torch.randint(1, 256, (200, channels, 6, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    kept = pixels.clone()
    found = augment(pixels, flip, pad, torch.Generator().manual_seed(1))
    assert torch.equal(pixels, kept)
    assert (found.shape, found.dtype) == (pixels.shape, torch.uint8)
    ways = _ways(flip, pad)
    equal = torch.stack([(_slow(pixels, *way, pad) == found).flatten(1).all(1) for way in ways])
    assert (equal.sum(0) == 1).all()
    seen = equal.sum(1)
    assert int((seen > 0).sum()) > 0.8 * len(ways)
    if flip:
        mirrored = torch.tensor([way[0] for way in ways])
        assert int(seen[mirrored].sum()) / 200 == pytest.approx(0.5, abs=0.12)


def _ways(flip: bool, pad: int) -> list[tuple[bool, int, int]]:
    places = range(2 * pad + 1)
    return [(mirrored, row, column) for mirrored in (False, True)[: flip + 1] for row in places for column in places]


def _slow(images: torch.Tensor, mirrored: bool, row: int, column: int, pad: int) -> torch.Tensor:
    """All of them the same way."""
    height, width = images.shape[2:]
    result = torch.zeros_like(images)
    for y in range(height):
        for x in range(width):
            source_y, source_x = y + row - pad, x + column - pad
            if mirrored:
                source_x = (width - 1 - x) + column - pad
            if 0 <= source_y < height and 0 <= source_x < width:
                result[:, :, y, x] = images[:, :, source_y, source_x]
    return result


# -- what can't be trained ---------------------------------------------------------------------------------------


def test_a_loss_that_explodes_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"epoch \d.*learning rate below 1e\+25") as caught:
        run(Recipe(epochs=3, batch=16, rate=1e25, bf16=False), state_file=tmp_path / "run.state")
    assert_one_sentence(caught.value)


def test_labels_beyond_the_outputs_are_refused() -> None:
    with pytest.raises(UserError, match=r"3 classes.*2 outputs") as caught:
        run(spec=SPEC.with_(classes=2))
    assert_one_sentence(caught.value)


@pytest.mark.parametrize(
    "values",
    [{"epochs": 0}, {"batch": 0}, {"epochs": -1}, {"pad": -1}, {"rate": 0.0}, {"rate": -1.0}, {"rate": math.nan},
     {"rate": math.inf}, {"seed": -1}, {"seed": 10**30}],
    ids=str,
)  # fmt: skip
def test_recipes_that_cannot_be_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UserError) as caught:
        Recipe(**{"epochs": 1, **values})  # type: ignore[arg-type]
    assert_one_sentence(caught.value)


def test_a_last_batch_of_one_image_is_no_problem() -> None:
    """Batch norm can't take the statistics of a single number, which the last map of a small input is."""
    spec = ResNetSpec("imagenet", (1, 1, 1, 1), in_channels=1, side=8, classes=3, width=2)
    images = stripes(33)
    steps: list[Progress] = []
    finish(train(spec, images, GREY, QUICK, None), steps.append)
    assert sum(step.epoch_done for step in steps) == 3
    assert steps[-1].fraction == 1


def test_one_image_a_step_is_refused_where_it_cannot_be() -> None:
    spec = ResNetSpec("imagenet", (1, 1, 1, 1), in_channels=1, side=8, classes=3, width=2)
    one = copy.copy(stripes())
    one.array, one.labels = one.array[:1], one.labels[:1]
    for images, recipe in ((stripes(), Recipe(1, batch=1, bf16=False)), (one, QUICK)):
        with pytest.raises(UserError, match="at least 2 images") as caught:
            finish(train(spec, images, GREY, recipe))
        assert_one_sentence(caught.value)
    finish(train(SPEC, one, GREY, QUICK))
