"""What a run leaves: the best and the last weights, their cards, and the images that had a say in it."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from explorer.engine import fashion, training
from explorer.engine.cards import half_precision, read_log
from explorer.engine.datasets import ArrayImages
from explorer.engine.held_out import predicted
from explorer.engine.records import UNTRAINED, DataRef, Preprocessing, Step
from explorer.engine.steps import finish
from explorer.engine.training import Trainer
from explorer.engine.training_data import Material, Part, material
from explorer.engine.training_files import trained_info
from explorer.engine.training_records import Progress, Recipe, TrainingRequest
from explorer.engine.training_run import run
from explorer.errors import UserError
from explorer.networks import catalog
from tests.engine.networks import GREY
from tests.engine.sentences import assert_one_sentence
from tests.engine.training_support import COLOURED, COLOURS, QUICK, SPEC, coloured_folder, striped, stripes


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def card_of(path: Path) -> dict[str, Any]:
    card: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return card


@pytest.fixture
def best_is_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if of the held-out images 5, 9 and 7 had been right after the three epochs."""
    counts = iter((5, 9, 7))

    def counted(*arguments: Any) -> Generator[None, None, tuple[int, float]]:
        yield
        return next(counts), 1.0

    monkeypatch.setattr(training, "predicted", counted)


# -- best and last -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("best_is_the_second")
def test_the_best_weights_are_those_of_the_epoch_that_the_held_out_images_choose(tmp_path: Path) -> None:
    output = tmp_path / "out" / "stripes.safetensors"
    best_path = output.with_stem("stripes-best")
    one = Trainer(SPEC, stripes(), GREY, QUICK)
    states = [
        {key: value.clone() for key, value in half_precision(one.network).items()}
        for progress in one.run()
        if progress.epoch_done
    ]
    card = finish(run(striped(), output, QUICK, ""))
    assert files(output.parent) == {
        "stripes.safetensors", "stripes.json", "stripes.csv", "stripes-best.safetensors", "stripes-best.json",
    }  # fmt: skip
    for path, epoch in ((best_path, 2), (output, 3)):
        for key, value in load_file(path).items():
            assert torch.equal(value, states[epoch - 1][key]), key
        assert card_of(path)["epochs_done"] == epoch
    best = card_of(best_path)
    assert (best["kind"], best["validation"]["correct"], best["validation"]["images"]) == ("best", 9, 24)
    assert (card["kind"], card["validation"]["correct"]) == ("last", 7)
    assert best["test"]["images"] == card["test"]["images"] == 30
    rows = read_log(output.with_suffix(".csv"))
    assert [row.validated.correct for row in rows if row.validated] == [5, 9, 7]


def test_where_the_last_epoch_is_the_best_there_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter((5, 9, 9))

    def counted(*arguments: Any) -> Generator[None, None, tuple[int, float]]:
        yield
        return next(counts), 1.0

    monkeypatch.setattr(training, "predicted", counted)
    output = tmp_path / "out" / "stripes.safetensors"
    card = finish(run(striped(), output, QUICK, ""))
    assert files(output.parent) == {"stripes.safetensors", "stripes.json", "stripes.csv"}
    assert card["kind"] == "best"


@pytest.mark.usefixtures("best_is_the_second")
def test_the_figures_on_both_cards_are_a_plain_count_of_the_files(tmp_path: Path) -> None:
    output = tmp_path / "stripes.safetensors"
    finish(run(striped(), output, QUICK, ""))
    test = stripes(30, seed=2)
    for path in (output, output.with_stem("stripes-best")):
        one = Trainer(SPEC, stripes(), GREY, QUICK)
        one.network.load_state_dict({key: value.float() for key, value in load_file(path).items()})
        one.network.eval()
        correct = 0
        for pixels, label in zip(test.array, test.labels, strict=True):
            x = (torch.tensor(pixels, dtype=torch.float32)[None, None] / 255 - 0.4) / 0.3
            with torch.no_grad():
                correct += int(one.network(x).argmax()) == label
        assert card_of(path)["test"]["correct"] == correct


def test_test_images_are_looked_at_once_and_have_no_say(tmp_path: Path) -> None:
    """Not one of them is opened before the last epoch is over."""

    class Watched(ArrayImages):
        def pixels(self, indices: np.ndarray, preprocessing: Preprocessing) -> torch.Tensor:
            looked.extend(indices.tolist())
            return super().pixels(indices, preprocessing)

    looked: list[int] = []
    plain = stripes(30, seed=2)
    watched = Watched("stripes", plain.array, plain.labels, plain.classes)
    work = run(replace(striped(), test=watched), tmp_path / "stripes.safetensors", QUICK, "")
    for progress in work:
        assert not looked or progress.phase == "testing"
    assert sorted(set(looked)) == list(range(30))


def test_held_out_images_change_nothing_about_what_is_learned(tmp_path: Path) -> None:
    for name, held in (("with", stripes(24, seed=1)), ("without", None)):
        finish(run(replace(striped(), validation=held), tmp_path / f"{name}.safetensors", QUICK, ""))
    one, other = (load_file(tmp_path / f"{name}.safetensors") for name in ("with", "without"))
    assert all(torch.equal(value, other[key]) for key, value in one.items())


# -- a bad end -----------------------------------------------------------------------------------------------------


def diverging(output: Path, monkeypatch: pytest.MonkeyPatch, steps: int) -> tuple[list[Progress], UserError]:
    """A run one of whose weights becomes infinite after so many steps."""
    step = Trainer._do_step

    def broken(self: Trainer) -> None:
        step(self)
        if self.epoch * self.steps + self.step == steps:
            with torch.no_grad():
                next(iter(self.network.parameters())).fill_(torch.inf)

    monkeypatch.setattr(Trainer, "_do_step", broken)
    told: list[Progress] = []
    with pytest.raises(UserError) as caught:
        finish(run(striped(), output, QUICK, ""), told.append)
    assert_one_sentence(caught.value)
    return told, caught.value


def test_a_run_that_diverges_keeps_the_last_good_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Trainer(SPEC, stripes(), GREY, QUICK)
    for progress in one.run():
        if progress.epoch_done:
            break
    good = {key: value.clone() for key, value in half_precision(one.network).items()}
    output = tmp_path / "stripes.safetensors"
    told, error = diverging(output, monkeypatch, 6)
    assert "epoch 2" in str(error)
    assert "of 1 epochs, are kept" in str(error)
    assert told[-1].fraction == 0.5, "stopped at the first loss that is no number"
    assert all(torch.equal(value, good[key]) for key, value in load_file(output).items())
    assert card_of(output)["epochs_done"] == 1
    assert not output.with_suffix(".state").exists(), "going on would lead to the same end"


def test_a_run_that_diverges_at_once_leaves_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, error = diverging(tmp_path / "stripes.safetensors", monkeypatch, 1)
    assert "before there were weights to keep" in str(error)
    assert not list(tmp_path.iterdir())


def test_held_out_images_that_give_no_numbers_end_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last step of an epoch can spoil the weights, whose loss comes only with the next one."""
    _, error = diverging(tmp_path / "stripes.safetensors", monkeypatch, 4)
    assert "epoch 1" in str(error)
    assert not list(tmp_path.glob("*.safetensors"))


# -- which images ------------------------------------------------------------------------------------------------


def request(**changes: Any) -> TrainingRequest:
    return TrainingRequest(**{"spec": COLOURED, "weights": UNTRAINED, **changes})


def refused(**changes: Any) -> str:
    with pytest.raises(UserError) as caught:
        finish(material(request(**changes)))
    assert_one_sentence(caught.value)
    return str(caught.value)


def rows(images: Any) -> set[bytes]:
    return {row.tobytes() for row in images.array}


@pytest.fixture
def all_of_fashion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise in the place of the whole set, a tenth of its size."""

    def whole(split: str) -> Generator[Step, None, tuple[np.ndarray, np.ndarray]]:
        yield Step(None, "")
        count = 6_000 if split == "train" else 1_000
        generator = np.random.default_rng(count)
        return generator.integers(0, 256, (count, 28, 28), dtype=np.uint8), np.arange(count) % 10

    monkeypatch.setattr(fashion, "whole", whole)


@pytest.mark.usefixtures("all_of_fashion")
@pytest.mark.parametrize(("images", "trained", "held"), [(None, 5_400, 600), (1_000, 1_000, 100), (25, 25, 3)])
def test_no_image_is_trained_on_and_held_out(images: int | None, trained: int, held: int) -> None:
    found = finish(material(request(images=images)))
    parts = (found.training, found.validation, found.test)
    assert [len(part) for part in parts if part is not None] == [trained, held, 1_000]
    seen = [rows(part) for part in parts]
    assert sum(map(len, seen)) == len(set.union(*seen))
    counts = np.bincount(found.training.labels, minlength=10)
    assert counts.max() - counts.min() <= 4, "all classes in proportion"
    again = finish(material(request(images=images)))
    assert np.array_equal(found.training.array, again.training.array)  # type: ignore[attr-defined]


def test_the_bundled_images_are_enough_to_train_on() -> None:
    found = finish(material(request(data=DataRef("fashion-mnist"))))
    parts = (found.training, found.validation, found.test)
    assert [len(part) for part in parts if part is not None] == [1_512, 200, 800]
    assert sum(map(len, map(rows, parts))) == len(set.union(*map(rows, parts)))
    bundled = {row.tobytes() for row in fashion.bundled()[0]}
    assert len(rows(found.training) & bundled) == found.seen == 1_000
    assert (rows(found.test) | rows(found.validation)) <= bundled


def test_where_all_of_it_is_not_to_be_had_the_recipe_takes_the_bundled_images(monkeypatch: pytest.MonkeyPatch) -> None:
    def whole(split: str) -> Generator[Step, None, tuple[np.ndarray, np.ndarray]]:
        yield Step(None, "")
        raise UserError("{url} can't be reached; check the connection.", url="somewhere")

    monkeypatch.setattr(fashion, "whole", whole)
    found = finish(material(request(smaller=True, images=10_000)))
    assert len(found.training) == 1_512
    assert "bundled images alone" in found.note
    assert "somewhere can't be reached" in found.note
    assert found.data == DataRef("fashion-mnist")
    assert "somewhere" in refused(images=10_000)
    asked = request(images=10_000, recipe=Recipe(epochs=8))
    assert asked.for_images(1_512).recipe.epochs == 52, "as many steps"
    assert asked.for_images(20_000) == asked


def test_a_folder_is_divided_in_three(tmp_path: Path) -> None:
    data = DataRef("folder", str(coloured_folder(tmp_path / "pictures")))
    found = finish(material(request(data=data)))
    parts = [part for part in (found.training, found.validation, found.test) if isinstance(part, Part)]
    assert [len(part) for part in parts] == [33, 4, 5]
    assert sorted(np.concatenate([part.indices for part in parts])) == list(range(42))
    assert found.spec == COLOURED.with_(classes=3)
    assert found.classes == tuple(COLOURS)


def test_images_of_one_class_are_refused(tmp_path: Path) -> None:
    folder = coloured_folder(tmp_path / "pictures")
    data = DataRef("folder", str(folder))
    assert "two classes" in refused(data=data, images=1)
    assert "two classes" in refused(data=DataRef("folder", str(folder / "blue")))


@pytest.mark.usefixtures("all_of_fashion")
def test_the_input_stays_as_the_person_built_it_up_to_64_pixels() -> None:
    colour = finish(material(request(spec=COLOURED.with_(side=32)))).spec
    assert (colour.in_channels, colour.side, colour.classes) == (3, 32, 10)
    large = finish(material(request(spec=catalog.find("resnet18"))))
    assert (large.spec.side, large.spec.in_channels) == (64, 3)
    assert "64×64" in large.note
    assert large.preprocessing.side == 64
    mlp = catalog.find("mlp8_128").with_(in_channels=1, side=80)
    assert finish(material(request(spec=mlp))).spec.side == 80, "its weights are for that"


def test_predicting_in_pieces_is_predicting_at_once() -> None:
    network = Trainer(SPEC, stripes(), GREY, QUICK).network.eval()
    for batch in (1, 7, 100):
        correct, loss = finish(predicted(network, stripes(40, seed=4), GREY, "cpu", batch))
        if batch == 1:
            expected = (correct, loss)
        assert correct == expected[0]
        assert loss == pytest.approx(expected[1], rel=1e-5)


def test_cards_of_the_command_line_are_no_cards_of_the_window(tmp_path: Path) -> None:
    bare: Material = replace(striped(), validation=None)
    finish(run(bare, tmp_path / "stripes.safetensors", replace(QUICK, epochs=1), ""))
    assert trained_info(tmp_path / "stripes.safetensors") is None
