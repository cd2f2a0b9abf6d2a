"""A whole run, from a folder of pictures to weights, card and log that open again."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from explorer.engine import training_run
from explorer.engine.cards import half_precision, read_log, save_card, save_weights, write_log
from explorer.engine.images import normalise
from explorer.engine.records import AccuracyRequest, DataRef, WeightsKind, WeightsRef, wilson
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.training_data import Material, Part, prepare
from explorer.engine.training_records import Progress, Recipe
from explorer.engine.training_run import run
from explorer.errors import UserError
from explorer.networks.families.resnet import ResNetSpec
from tests.engine.networks import GREY, TINY, network_of
from tests.engine.sentences import assert_one_sentence

SPEC = ResNetSpec("cifar", (1, 1, 1), side=8, classes=10, width=4)
RECIPE = Recipe(epochs=3, batch=16, bf16=False)
COLOURS = {"amber": (250, 160, 20), "blue": (20, 40, 240), "green": (30, 200, 60)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures of three colours, 14 of each, with noise."""
    generator = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        place = tmp_path / "pictures" / name
        place.mkdir(parents=True)
        for number in range(14):
            pixels = np.clip(np.array(colour) + generator.normal(0, 20, (10, 12, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / f"{number}.png")
    return tmp_path / "pictures"


def material_of(folder: Path) -> Material:
    return finish(prepare(SPEC, DataRef("folder", str(folder)), None))


def assert_same(one: Path, other: Path) -> None:
    """The weights, bit for bit; the order of the header's entries is safetensors' own."""
    states = load_file(one), load_file(other)
    assert set(states[0]) == set(states[1])
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_a_labelled_folder_adapts_the_network_and_is_split_once(folder: Path) -> None:
    material = material_of(folder)
    assert material.spec == SPEC.with_(classes=3)
    assert material.classes == tuple(COLOURS)
    training, test = material.training, material.test
    assert isinstance(training, Part)
    assert isinstance(test, Part)
    assert not set(training.indices) & set(test.indices)
    assert len(training) + len(test) == 42
    assert (len(training), len(test)) == (37, 5)
    assert set(Counter(test.labels.tolist()).values()) == {1, 2}, "every class is tested"
    files_of = training.whole.files  # type: ignore[attr-defined]
    for part in (training, test):
        assert [tuple(COLOURS)[label] for label in part.labels] == [
            files_of[index].parent.name for index in part.indices
        ]
    assert finish(prepare(SPEC, DataRef("folder", str(folder)), 16)).spec.side == 16


def test_a_run_leaves_weights_card_and_log_that_agree(folder: Path, tmp_path: Path) -> None:
    material, output = material_of(folder), tmp_path / "out" / "colours.safetensors"
    steps: list[Progress] = []
    card = finish(run(material, output, RECIPE, "the command"), steps.append)
    assert files(output.parent) == {"colours.safetensors", "colours.json", "colours.csv"}
    written = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    assert written == {**json.loads(json.dumps(card)), "torch": torch.__version__}
    assert (written["command"], written["seed"], written["epochs"]) == ("the command", 0, 3)
    assert written["recipe"] == asdict(RECIPE)
    assert written["training_images"] == 37
    test = written["test"]
    assert test["images"] == 5
    assert test["accuracy"] == test["correct"] / 5
    assert test["interval_95"] == list(wilson(test["correct"], 5))
    with output.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ends = [step for step in steps if step.epoch_done]
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    for row, step in zip(rows, ends, strict=True):
        assert float(row["train_loss"]) == pytest.approx(step.loss, abs=1e-5)
        assert float(row["train_accuracy"]) == pytest.approx(step.accuracy, abs=1e-5)


def test_the_saved_file_opens_ready_to_use(folder: Path, tmp_path: Path) -> None:
    """Spec, classes and preprocessing come from the file; what it says of the test images is what the card says."""
    material, output = material_of(folder), tmp_path / "colours.safetensors"
    card = finish(run(material, output, RECIPE, ""))
    here = Session()
    asked = SPEC.with_(side=32)
    loaded = finish(here.load(asked, WeightsRef(WeightsKind.FILE, str(output))))
    assert loaded.info.spec == material.spec
    assert loaded.info.classes == material.classes
    assert loaded.info.preprocessing == material.preprocessing
    assert loaded.info.adapted
    x = normalise(material.test.pixels(np.arange(5), material.preprocessing), material.preprocessing)
    with torch.inference_mode():
        correct = int((loaded.network(x).argmax(1).numpy() == material.test.labels).sum())
    assert correct == card["test"]["correct"]
    request = AccuracyRequest(loaded.info.spec, loaded.info.ref, DataRef("folder", str(folder)))
    counts = finish(here.accuracy(request)).counts
    assert counts.images == 42
    assert counts.correct is not None


def test_weights_come_back_as_they_were_rounded(tmp_path: Path) -> None:
    network = network_of(TINY)
    path = tmp_path / "new" / "tiny.safetensors"
    save_weights(path, half_precision(network), network, [f"kind {index}" for index in range(5)], GREY)
    loaded = finish(Session().load(TINY, WeightsRef(WeightsKind.FILE, str(path))))
    for key, value in network.state_dict().items():
        found = loaded.network.state_dict()[key]
        assert found.dtype == value.dtype
        assert torch.equal(found, value.half().float() if value.is_floating_point() else value), key


def test_the_same_command_gives_the_same_weights_bit_for_bit(folder: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        finish(run(material_of(folder), tmp_path / f"{name}.safetensors", RECIPE, ""))
    assert_same(tmp_path / "one.safetensors", tmp_path / "other.safetensors")


@pytest.mark.parametrize("steps", [1, 3, 5, 9])
def test_a_run_that_is_cancelled_leaves_no_half_weights_and_can_go_on(steps: int, folder: Path, tmp_path: Path) -> None:
    """37 images in batches of 16 are three steps an epoch."""
    out = tmp_path / "out"
    output = out / "colours.safetensors"
    job = run(material_of(folder), output, RECIPE, "")
    for _ in range(steps):
        next(job)
    job.close()
    assert files(out) == ({"colours.state"} if steps < 3 else {"colours.state", "colours.csv"})
    finish(run(material_of(folder), output, RECIPE, "", resume=True))
    finish(run(material_of(folder), tmp_path / "whole.safetensors", RECIPE, ""))
    assert_same(output, tmp_path / "whole.safetensors")
    assert [row.epoch for row in read_log(output.with_suffix(".csv"))] == [1, 2, 3]
    assert files(out) == {"colours.safetensors", "colours.json", "colours.csv"}


def test_weights_of_before_stay_whole_while_new_ones_are_made(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "colours.safetensors"
    output.write_bytes(b"what was there")
    job = run(material_of(folder), output, RECIPE, "")
    for _ in range(8):
        next(job)
    job.close()
    assert output.read_bytes() == b"what was there"


def test_a_damaged_log_does_not_keep_a_run_from_going_on(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "colours.safetensors"
    job = run(material_of(folder), output, RECIPE, "")
    for _ in range(6):
        next(job)
    job.close()
    path, state = output.with_suffix(".csv"), output.with_suffix(".state")
    kept = state.read_bytes()
    for log in ("", "epoch,train_loss", "epoch\n1,2", "epoch\nx,1,1,1,1\n", "\x00\xff", None):
        state.write_bytes(kept)
        path.unlink() if log is None else path.write_text(log, encoding="latin-1")
        finish(run(material_of(folder), output, RECIPE, "", resume=True))
        assert [row.epoch for row in read_log(path)] == [3], log


def test_stopped_while_it_is_tested_a_run_ends_without_its_log(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "colours.safetensors"
    job = run(material_of(folder), output, RECIPE, "")
    told = next(progress for progress in job if progress.phase == "testing")
    job.close()
    output.with_suffix(".csv").unlink()
    again = list(run(material_of(folder), output, RECIPE, "", resume=True))
    assert {progress.phase for progress in again} == {"testing"}, "all epochs were done"
    assert (again[0].epoch, again[0].fraction, again[0].rate) == (told.epoch, 1.0, pytest.approx(told.rate))
    assert again[0].loss == pytest.approx(told.loss, rel=0.1), "the mean of the batches, of which one is short"
    assert again[0].seconds == pytest.approx(told.seconds, rel=0.01)
    assert files(tmp_path) == {"colours.safetensors", "colours.json"}


def test_a_log_read_is_the_log_written(tmp_path: Path) -> None:
    rows = [Progress(number, 0.0, 1 / number, 0.5, 0.1 / number, 2.5 * number, True) for number in (1, 2, 3)]
    write_log(tmp_path / "log.csv", rows)
    for row, found in zip(rows, read_log(tmp_path / "log.csv"), strict=True):
        assert found.epoch == row.epoch
        assert (found.loss, found.rate) == (pytest.approx(row.loss, abs=1e-5), pytest.approx(row.rate, rel=1e-5))
    assert files(tmp_path) == {"log.csv"}


# -- what can't be ------------------------------------------------------------------------------------------------


def refused(job: Any) -> str:
    with pytest.raises(UserError) as caught:
        finish(job)
    assert_one_sentence(caught.value)
    return str(caught.value)


def test_places_that_cannot_be_written_are_refused_before_training(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_run, "Trainer", lambda *_: pytest.fail("it trained"))
    (tmp_path / "file").touch()
    (tmp_path / "taken.safetensors").mkdir()
    long = "w" * 248 + ".safetensors"
    for name in ("weights.pth", "weights", "file/weights.safetensors", "taken.safetensors", long):
        assert Path(name).name in refused(run(material_of(folder), tmp_path / name, RECIPE, ""))


@pytest.mark.parametrize("suffix", [".json", ".csv", ".state", ".safetensors.part"])
def test_a_file_that_cannot_be_written_later_is_told_in_a_sentence(suffix: str, folder: Path, tmp_path: Path) -> None:
    """A folder of that name is in the way."""
    (tmp_path / f"colours{suffix}").mkdir()
    assert "colours" in refused(run(material_of(folder), tmp_path / "colours.safetensors", RECIPE, ""))


def test_asking_whether_a_place_can_be_written_touches_no_file_in_it(tmp_path: Path) -> None:
    mine = tmp_path / "mine.part"
    mine.write_text("a person's own")
    training_run.check_output(tmp_path / "mine.safetensors")
    assert mine.read_text() == "a person's own"
    assert files(tmp_path) == {"mine.part"}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:1] CPUAllocator: can't allocate memory"),
            "smaller batch",
        ),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), "smaller input side"),
        (MemoryError(), "smaller batch"),
        (torch.AcceleratorError("CUDA error: unspecified launch failure"), "resume the run"),
    ],
    ids=["full", "full card", "memory", "lost card"],
)
def test_a_device_that_fails_in_training_is_told_in_a_sentence(
    error: Exception, words: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr("explorer.engine.training.normalise", failing)
    # `meta` stands in for a card.
    device = "meta" if "CUDA" in str(error) else "cpu"
    recipe = replace(RECIPE, device=device)
    assert words in refused(run(material_of(folder), tmp_path / "colours.safetensors", recipe, ""))


def test_a_mistake_in_training_is_not_covered_up(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: object) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr("explorer.engine.training.normalise", mistaken)
    with pytest.raises(RuntimeError, match="mat1"):
        finish(run(material_of(folder), tmp_path / "colours.safetensors", RECIPE, ""))


def test_a_batch_that_the_memory_can_never_hold_is_refused_before_it_is_tried(folder: Path, tmp_path: Path) -> None:
    material = material_of(folder)
    huge = replace(material, spec=material.spec.with_(width=1024, blocks=(1000, 1000, 1000), side=2048))
    words = refused(run(huge, tmp_path / "colours.safetensors", RECIPE, ""))
    assert "it needs about" in words
    assert "smaller input side" in words


def test_a_card_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="missing") as caught:
        save_card(tmp_path / "missing" / "weights.safetensors", {})
    assert_one_sentence(caught.value)


def test_a_folder_without_classes_is_refused(folder: Path, tmp_path: Path) -> None:
    assert "at least two classes" in refused(prepare(SPEC, DataRef("folder", str(folder / "blue")), None))
    assert refused(prepare(SPEC, DataRef("folder", str(tmp_path / "nowhere")), None))


def test_a_side_that_cannot_be_is_refused(folder: Path) -> None:
    assert "input side" in refused(prepare(SPEC, DataRef("folder", str(folder)), 4))
