"""Training as the window asks for it: what it tells, what it leaves in its folder, and taking it up again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from explorer.engine.explain import training as job
from explorer.engine.records import UNTRAINED, AccuracyRequest, DataRef
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.training import Trainer
from explorer.engine.training_files import discard, new_name, trained, trained_info, unfinished, write_run
from explorer.engine.training_records import (
    ONE_MINUTE_IMAGES,
    Recipe,
    TrainingRequest,
    TrainingResult,
    TrainingStatus,
    one_minute,
)
from explorer.errors import UserError
from tests.engine.networks import TINY
from tests.engine.sentences import assert_one_sentence
from tests.engine.training_support import COLOURED, assert_same_files, coloured_folder

RECIPE = Recipe(epochs=3, seed=5, batch=8)
Ask = Callable[..., TrainingRequest]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    data = DataRef("folder", str(coloured_folder(tmp_path / "pictures")))

    def made(**changes: Any) -> TrainingRequest:
        values: dict[str, Any] = {"data": data, "recipe": RECIPE, "folder": tmp_path / "trained"}
        return TrainingRequest(**{"spec": COLOURED, "weights": UNTRAINED, **values, **changes})

    return made


@pytest.fixture(autouse=True)
def told_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a few times a second, so that a test stops where it means to."""
    monkeypatch.setattr(job, "_TELL_SECONDS", 0.0)


def whole_run(request: TrainingRequest) -> tuple[TrainingResult, list[TrainingStatus]]:
    told: list[Any] = []
    result = finish(Session().explain(request), told.append)
    return result, [value for value in told if isinstance(value, TrainingStatus)]


def stopped(request: TrainingRequest, when: Callable[[Any], bool]) -> None:
    """Run until something is told, then drop the job as the window does."""
    work = Session().explain(request)
    for value in work:
        if when(value):
            break
    work.close()


def second_epoch(value: Any) -> bool:
    return isinstance(value, TrainingStatus) and value.progress is not None and value.progress.epoch == 2


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_it_tells_how_it_goes_and_leaves_weights_that_open(ask: Ask) -> None:
    request = ask()
    result, told = whole_run(request)
    assert told[0].progress is None
    assert told[0].request.spec == COLOURED.with_(classes=3)
    ends = [status for status in told if status.progress is not None and status.progress.epoch_done]
    assert [len(status.curves.validated) for status in ends] == [1, 2, 3]
    assert ends[0].left is not None
    assert ends[0].left > 0
    assert ends[-1].left == 0
    info = result.weights[0]
    assert info == trained(request.folder)[-1] or info in trained(request.folder)
    assert info.classes == ("amber", "blue", "green")
    loaded = finish(Session(request.folder).load(COLOURED, info.ref))
    assert loaded.info.title == info.title
    assert loaded.info.accuracy == info.accuracy
    assert loaded.info.classes == info.classes
    assert not unfinished(request.folder)
    counts = finish(Session().accuracy(AccuracyRequest(loaded.info.spec, info.ref, request.data))).counts
    assert counts.images == 42


def test_a_run_that_is_dropped_and_taken_up_equals_one_run_through(ask: Ask, tmp_path: Path) -> None:
    request, other = ask(), ask(folder=tmp_path / "whole")
    stopped(request, second_epoch)
    (left,) = unfinished(request.folder)
    assert left.request.resume
    assert left.epoch == 2
    assert 1 / 3 <= left.fraction < 2 / 3
    assert left.request.spec == COLOURED.with_(classes=3)
    result, told = whole_run(left.request)
    expected, _ = whole_run(other)
    assert told[0].curves.validated[0] == expected.status.curves.validated[0], "the curves are there again"
    assert result.status.curves.validated == expected.status.curves.validated
    assert [info.title for info in result.weights] == [info.title for info in expected.weights]
    for info, same in zip(result.weights, expected.weights, strict=True):
        assert_same_files(Path(info.ref.value), Path(same.ref.value))
    assert files(request.folder) == files(other.folder)


def test_a_run_that_is_stopped_leaves_its_last_weights_and_its_best(ask: Ask) -> None:
    request = ask()
    stopped(request, second_epoch)
    infos = trained(request.folder)
    titles = sorted(str(info.title) for info in infos)
    assert titles[0].startswith("My training · ")
    assert titles[1].startswith("My training, last weights")
    best = next(info for info in infos if "last" not in info.title)
    assert "of 4 held-out images right" in best.source or "4 of 4" in best.source
    for info in infos:
        assert finish(Session().load(COLOURED, info.ref)).info.spec.classes == 3
    (left,) = unfinished(request.folder)
    discard(left.request)
    assert not unfinished(request.folder)
    assert trained(request.folder) == infos, "discarding what is unfinished takes no weights away"


def test_stopped_before_the_first_step_there_is_nothing_to_keep(ask: Ask) -> None:
    request = ask()
    stopped(request, lambda value: isinstance(value, TrainingStatus))
    assert not trained(request.folder)
    stopped(request, lambda value: True)


def test_each_run_has_files_of_its_own_and_a_number(ask: Ask) -> None:
    request = ask(recipe=replace(RECIPE, epochs=1))
    for number in (1, 2):
        result, _ = whole_run(request)
        assert result.status.request.name.endswith(f"-{number}")
    assert {str(info.title).split(" · ")[0] for info in trained(request.folder)} == {"My training", "My training 2"}
    assert new_name(request.folder, COLOURED).endswith("-3")


def test_cards_that_cannot_be_read_are_passed_over(ask: Ask) -> None:
    request = ask(recipe=replace(RECIPE, epochs=1))
    result, _ = whole_run(request)
    path = Path(result.weights[0].ref.value)
    for text in ("", "[]", '{"format": "resnet-explorer training"}', "\x00"):
        path.with_suffix(".json").write_text(text, encoding="utf-8")
        assert trained_info(path) is None
        assert trained(request.folder) == ()
    info = finish(Session().load(COLOURED, result.weights[0].ref)).info
    assert info.title == path.stem, "the weights open without their card"
    assert trained(request.folder / "nowhere") == ()


def test_records_of_runs_that_cannot_be_read_are_passed_over(ask: Ask) -> None:
    request = ask()
    stopped(request, second_epoch)
    (left,) = unfinished(request.folder)
    record = request.folder / f"{left.request.name}.run"
    text = record.read_text(encoding="utf-8")
    for damaged in ("", "{}", text.replace('"cifar"', '"nothing"'), text.replace('"version": 1', '"version": 9')):
        record.write_text(damaged, encoding="utf-8")
        assert unfinished(request.folder) == ()
    record.write_text(text, encoding="utf-8")
    (request.folder / f"{left.request.name}.state").unlink()
    assert unfinished(request.folder) == ()


def test_a_record_of_a_run_is_its_request(ask: Ask) -> None:
    request = ask(name="one", images=20, smaller=True, spec=TINY.with_(dropout=0.25), device="cuda:3")
    request.folder.mkdir()
    write_run(request, 0.25, 2)
    (request.folder / "one.state").touch()
    (left,) = unfinished(request.folder)
    assert left.request == replace(request, resume=True)
    assert (left.fraction, left.epoch) == (0.25, 2)


def test_the_oldest_unfinished_runs_make_room(ask: Ask) -> None:
    request = ask(recipe=replace(RECIPE, epochs=1))
    request.folder.mkdir()
    for number in range(1, 14):
        write_run(replace(request, name=f"old-{number}"), 0.5, 1)
        state = request.folder / f"old-{number}.state"
        state.touch()
        os.utime(state, (1000 + number, 1000 + number))
    whole_run(request)
    assert {run.request.name for run in unfinished(request.folder)} == {f"old-{number}" for number in range(5, 14)}


def test_a_device_that_is_not_there_leads_to_the_cpu_and_is_told(ask: Ask) -> None:
    result, _ = whole_run(ask(device="cuda:7", recipe=replace(RECIPE, epochs=1)))
    assert "cuda:7 is not there any more" in result.status.note
    assert result.status.request.device == "cpu"


def test_a_run_that_diverges_is_not_offered_again(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    request = ask(recipe=replace(RECIPE, rate=1e25))
    with pytest.raises(UserError, match="learning rate below") as caught:
        whole_run(request)
    assert_one_sentence(caught.value)
    assert not unfinished(request.folder)


def test_a_mistake_in_a_step_leaves_the_state_to_go_on_from(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is lost, say."""
    step = Trainer._do_step

    def failing(self: Trainer) -> None:
        if self.epoch == 1:
            raise RuntimeError("CUDA error: unspecified launch failure")
        step(self)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_do_step", failing)
        with pytest.raises(RuntimeError):
            whole_run(ask())
    (left,) = unfinished(ask().folder)
    assert left.fraction == pytest.approx(1 / 3)
    assert whole_run(left.request)[0].weights


def test_short_steps_are_put_together_and_long_ones_told_of(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each yield costs the window a little."""
    monkeypatch.setattr(job, "_PIECE_SECONDS", 3600.0)
    monkeypatch.setattr(job, "_TELL_SECONDS", 3600.0)
    told: list[Any] = []
    finish(Session().explain(ask()), told.append)
    statuses = [value for value in told if isinstance(value, TrainingStatus)]
    assert len(statuses) == 4, "before the first step, and after each epoch"
    assert None not in told


def test_the_recipe_says_what_the_button_promises() -> None:
    request = one_minute(seed=3)
    assert request.spec.name == "ResNet-8"
    assert (request.images, request.recipe.seed) == (ONE_MINUTE_IMAGES, 3)
    assert request.smaller
