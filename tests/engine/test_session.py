"""The engine's front: pictures, and accuracy against a plain loop over the bundled images."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.engine import devices, fashion, session
from explorer.engine.build import build_empty
from explorer.engine.capture import bytes_needed
from explorer.engine.cards import half_precision, save_weights
from explorer.engine.modules import Network
from explorer.engine.records import (
    CPU,
    UNTRAINED,
    AccuracyRequest,
    AccuracyResult,
    DataRef,
    DeviceInfo,
    Picture,
    PictureRequest,
    Step,
    WeightsKind,
    WeightsRef,
)
from explorer.engine.resources import bundled_weights
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import TINY, network_of
from tests.engine.sentences import assert_one_sentence

SMALL = TINY.with_(side=28, classes=10)
FASHION = DataRef("fashion-mnist")


def save(path: Path, spec: NetworkSpec = SMALL, seed: int = 0) -> WeightsRef:
    """A network with its weights rounded to fp16, as the program saves them."""
    network = network_of(spec, seed)
    save_weights(path, half_precision(network), network, fashion.CLASSES, fashion.preprocessing(1, 28))
    return WeightsRef(WeightsKind.FILE, str(path))


def plain_correct(network: torch.nn.Module, enlarge: int, channels: int, count: int) -> int:
    """How many of the first bundled images are right: pixels to numbers, network, largest output."""
    images, labels = fashion.bundled()
    correct = 0
    with torch.inference_mode():
        for first in range(0, count, 100):
            x = torch.tensor(images[first : min(first + 100, count)], dtype=torch.float32)[:, None] / 255
            x = (x - fashion.MEAN) / fashion.STD
            if enlarge:
                x = torch.nn.functional.interpolate(x, (enlarge, enlarge), mode="bilinear")
            predicted = network(x.repeat(1, channels, 1, 1)).argmax(1)
            correct += int((predicted == torch.tensor(labels[first : first + len(x)])).sum())
    return correct


def result_of(
    job: Generator[Step | AccuracyResult, None, AccuracyResult],
) -> tuple[AccuracyResult, list[AccuracyResult]]:
    steps: list[Any] = []
    return finish(job, steps.append), [step for step in steps if isinstance(step, AccuracyResult)]


def test_accuracy_on_the_bundled_images_is_that_of_a_plain_loop(tmp_path: Path) -> None:
    ref = save(tmp_path / "small.safetensors")
    result, steps = result_of(Session().accuracy(AccuracyRequest(SMALL, ref, FASHION)))
    network = network_of(SMALL)
    network.load_state_dict(
        {key: value.to(network.state_dict()[key].dtype) for key, value in half_precision(network).items()}
    )
    assert result.counts.images == result.total == 2000
    assert result.counts.correct == plain_correct(network, 0, 1, 2000)
    assert result.counts == result.intact
    assert result.discordant == (0, 0)
    assert result.finished
    assert steps[-1] == result
    assert not any(step.finished for step in steps[:-1])
    assert [step.counts.images for step in steps] == sorted(step.counts.images for step in steps)


@pytest.mark.parametrize("path", bundled_weights(), ids=lambda path: path.stem)
def test_bundled_weights_measure_as_a_plain_loop_does(path: Path) -> None:
    """And as their card says they were measured, as far as 2,000 of its 10,000 images can tell, or 300 where the
    network is large."""
    loaded = finish(Session().load(_spec_of(path), WeightsRef(WeightsKind.BUNDLED, path.stem)))
    info = loaded.info
    whole = network_cost(info.spec).macs < 5e7
    images = 2000 if whole else 300
    request = AccuracyRequest(info.spec, info.ref, FASHION, images=images)
    result, _ = result_of(Session().accuracy(request))
    order = np.sort(session.balanced_order(2000, fashion.bundled()[1], 0)[:images])
    if whole:
        assert result.counts.correct == plain_correct(loaded.network, 0, info.spec.in_channels, 2000)
    else:
        assert result.counts.correct == _plain_correct_of(loaded, order)
    card_file = path.with_suffix(".json")
    if card_file.exists():
        card = json.loads(card_file.read_text(encoding="utf-8"))
        assert {"network", "command", "seed", "epochs", "data", "test", "torch"} <= set(card)
        test = card["test"]
        assert test["images"] == 10_000
        assert test["correct"] == round(test["accuracy"] * test["images"])
        low, high = result.counts.interval()
        assert low - 0.01 < test["accuracy"] < high + 0.01
        assert path.with_suffix(".csv").read_text(encoding="utf-8").count("\n") == card["epochs"] + 1


def _spec_of(path: Path) -> NetworkSpec:
    return PRESETS[path.stem.partition("-")[0]]


def _plain_correct_of(loaded: session.Loaded, chosen: np.ndarray) -> int:
    images, labels = fashion.bundled()
    side, channels = loaded.info.spec.side, loaded.info.spec.in_channels
    x = (torch.tensor(images[chosen], dtype=torch.float32)[:, None] / 255 - fashion.MEAN) / fashion.STD
    x = torch.nn.functional.interpolate(x, (side, side), mode="bilinear").repeat(1, channels, 1, 1)
    with torch.inference_mode():
        predicted = torch.cat([loaded.network(part).argmax(1) for part in x.split(25)])
    return int((predicted.numpy() == labels[chosen]).sum())


def test_fewer_images_are_the_front_of_the_balanced_order() -> None:
    order = session.balanced_order(2000, fashion.bundled()[1], 0)[:70]
    assert np.bincount(fashion.bundled()[1][order], minlength=10).tolist() == pytest.approx([7] * 10, abs=2)
    result, _ = result_of(Session().accuracy(AccuracyRequest(SMALL, UNTRAINED, FASHION, images=70)))
    assert result.total == 70
    loaded = finish(Session().load(SMALL, UNTRAINED))
    assert loaded.info.spec == SMALL


def test_more_images_than_there_are_is_all_of_them() -> None:
    result, _ = result_of(Session().accuracy(AccuracyRequest(SMALL, UNTRAINED, FASHION, images=10**9)))
    assert result.total == result.counts.images == 2000


def test_one_session_measures_many_deletions_as_fresh_ones_do() -> None:
    kept = Session()
    for deleted in (frozenset(), frozenset({"layer1.1"}), frozenset({"layer1.1", "layer3.0"}), frozenset({"layer3.1"})):
        request = AccuracyRequest(SMALL, UNTRAINED, FASHION, deleted, 150)
        here, fresh = result_of(kept.accuracy(request))[0], result_of(Session().accuracy(request))[0]
        assert (here.counts, here.intact, here.discordant) == (fresh.counts, fresh.intact, fresh.discordant)


def test_a_measurement_dropped_half_way_is_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    request = AccuracyRequest(SMALL, UNTRAINED, FASHION, frozenset({"layer2.0"}), 600)
    here = Session()
    job = here.accuracy(request)
    for _ in range(3):
        next(job)
    job.close()
    assert result_of(here.accuracy(request))[0].counts == result_of(Session().accuracy(request))[0].counts


def test_unknown_blocks_are_refused() -> None:
    for job in (
        Session().accuracy(AccuracyRequest(SMALL, UNTRAINED, FASHION, frozenset({"layer9.0"}))),
        Session().run_picture(PictureRequest(SMALL, UNTRAINED, chart(), frozenset({"layer9.0"}))),
    ):
        with pytest.raises(UserError, match=r"layer9\.0") as caught:
            finish(job)  # type: ignore[arg-type]
        assert_one_sentence(caught.value)


# -- pictures ----------------------------------------------------------------------------------------------------


def chart(seed: int = 0) -> Picture:
    return Picture("noise", np.random.default_rng(seed).integers(0, 256, (40, 30, 3), dtype=np.uint8))


def test_a_picture_gives_probabilities_and_maps_beside_the_intact_ones() -> None:
    here = Session()
    intact = finish(here.run_picture(PictureRequest(SMALL, UNTRAINED, chart())))
    assert intact.prediction is intact.intact
    assert intact.maps is intact.intact_maps
    now = finish(here.run_picture(PictureRequest(SMALL, UNTRAINED, intact.request.picture, frozenset({"layer2.1"}))))
    assert float(now.prediction.probabilities.sum()) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(now.intact.probabilities, intact.prediction.probabilities)
    assert np.array_equal(now.maps["layer2.0"], intact.maps["layer2.0"]), "what stands before is as it was"
    assert np.array_equal(now.maps["layer2.1"], now.maps["layer2.0"]), "a deleted identity block hands on its input"
    assert not np.array_equal(now.maps["layer3"], now.intact_maps["layer3"])
    assert set(now.maps) == {"stem", *SMALL.block_ids, *(stage.id for stage in SMALL.stages)}
    assert all(maps.dtype == np.float32 and maps.ndim == 3 for maps in now.maps.values())


def test_prediction_is_the_networks_on_the_preprocessed_picture() -> None:
    index = int(session._sample_order()[0])
    result = finish(
        Session().run_picture(PictureRequest(SMALL, UNTRAINED, finish(Session().open_picture("sample", 0))))
    )
    network = finish(Session().load(SMALL, UNTRAINED)).network
    x = (torch.tensor(fashion.bundled()[0][index], dtype=torch.float32)[None, None] / 255 - 0.5) / 0.5
    with torch.inference_mode():
        expected = torch.softmax(network(x)[0], 0).numpy()
    assert result.prediction.probabilities == pytest.approx(expected, abs=1e-6)
    assert result.request.picture.label == fashion.CLASSES[fashion.bundled()[1][index]]


def test_samples_go_round_and_neighbours_differ() -> None:
    here = Session()
    labels = [finish(here.open_picture("sample", number)).label for number in range(20)]
    assert len(set(labels)) == 10
    assert finish(here.open_picture("sample", 2000)).label == labels[0]
    assert finish(here.open_picture("chart", None)).pixels.shape[2] == 3


# -- what is kept ------------------------------------------------------------------------------------------------


def test_a_network_is_built_once_however_it_is_asked_for(tmp_path: Path) -> None:
    """By the preset, whose input and classes the weights change, or by the spec as changed; the sentence on what was
    changed belongs to the one and not to the other."""
    ref = save(tmp_path / "small.safetensors")
    asked = SMALL.with_(in_channels=3, side=32, classes=100)
    here = Session()
    first, second, third = (finish(here.load(spec, ref)) for spec in (asked, SMALL, asked))
    assert first.network is second.network is third.network
    assert first.info.spec == second.info.spec == SMALL
    assert first.info.adapted
    assert not second.info.adapted
    assert third.info.adapted == first.info.adapted


def test_the_networks_used_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[NetworkSpec] = []
    build = session.build
    monkeypatch.setattr(session, "build_untrained", lambda spec: built.append(spec) or build(spec))
    here = Session()
    specs = [TINY.with_(classes=classes) for classes in (2, 3, 4)]
    for index in (0, 1, 0, 2, 0):
        finish(here.load(specs[index], UNTRAINED))
    assert built == specs


def test_a_file_saved_anew_is_read_again_and_one_that_is_gone_stays_open(tmp_path: Path) -> None:
    here, picture, path = Session(), chart(), tmp_path / "small.safetensors"

    def probabilities(session: Session) -> list[float]:
        return finish(session.run_picture(PictureRequest(SMALL, ref, picture))).prediction.probabilities.tolist()

    ref = save(path)
    first = probabilities(here)
    save(path, seed=1)
    os.utime(path, ns=(1, 1))
    second = probabilities(here)
    assert first != second
    assert second == probabilities(Session())
    path.unlink()
    assert probabilities(here) == second


def test_a_folder_with_another_picture_is_looked_through_again(tmp_path: Path) -> None:
    def put(name: str) -> None:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (30, 30)).save(tmp_path / name)

    here = Session()
    request = AccuracyRequest(SMALL, UNTRAINED, DataRef("folder", str(tmp_path)))
    for number in range(1, 4):
        put(f"a/{number}.png")
        os.utime(tmp_path / "a", ns=(number, number))
        assert result_of(here.accuracy(request))[0].total == number
    info = finish(here.load(SMALL, UNTRAINED)).info
    assert finish(here.open(request.data, info)) is finish(here.open(request.data, info))
    put("b/1.png")
    os.utime(tmp_path, ns=(1, 1))
    assert result_of(here.accuracy(request))[0].total == 4


def test_a_network_too_large_for_the_memory_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory: you tried")

    monkeypatch.setattr(session, "build_untrained", refuse)
    with pytest.raises(UserError, match="memory") as caught:
        finish(Session().load(TINY, UNTRAINED))
    assert_one_sentence(caught.value)


def test_a_network_that_would_not_fit_into_the_memory_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """The widest that a spec can be: terabytes, of which a system would promise some and then end the program."""
    monkeypatch.setattr(session, "build_untrained", lambda spec: pytest.fail("it was built"))
    spec = ResNetSpec("imagenet", (1000, 1000, 1000, 1000), "bottleneck", width=1024, side=2048)
    began = time.perf_counter()
    with pytest.raises(UserError, match=r"it needs about [\d,]+\.\d GB, [\d,]+\.\d GB are free") as caught:
        finish(Session().load(spec, UNTRAINED))
    assert time.perf_counter() - began < 5
    assert "smaller input side" in str(caught.value)


def test_where_memory_is_short_what_is_kept_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Session()
    finish(here.load(SMALL, UNTRAINED))
    free = iter([0, 1 << 40])
    monkeypatch.setattr(session.psutil, "virtual_memory", lambda: SimpleNamespace(available=next(free)))
    finish(here.load(TINY, UNTRAINED))
    assert [network.spec for network in here._networks.values()] == [TINY]


@pytest.mark.parametrize("name", ["resnet18", "resnet152"])
def test_the_memory_needed_is_more_than_the_parameters_and_less_than_twice_all_there_is(name: str) -> None:
    spec = PRESETS[name]
    parameters = 4 * sum(value.numel() for value in build_empty(spec).parameters())
    assert parameters < bytes_needed(spec) < 2 * (parameters + network_cost(spec).activations)


# -- devices that fail: torch's `meta` stands in, from which, as from a lost card, nothing comes back -------------

CARD = DeviceInfo("meta", "Card")
LOST = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
FULL = torch.OutOfMemoryError("out of memory")


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """What the card fails with, once something is added."""
    errors: list[Exception] = []

    monkeypatch.setattr(devices, "devices", lambda: (CPU, CARD))
    monkeypatch.setattr(Network, "stem", failing_stem(Network.stem, errors))
    return errors


def failing_stem(plain: Any, errors: list[Exception]) -> Any:
    def stem(self: Network, x: torch.Tensor) -> torch.Tensor:
        if x.device.type == "meta":
            raise errors[-1]
        result: torch.Tensor = plain(self, x)
        return result

    return stem


@pytest.mark.parametrize("error", [LOST, FULL], ids=["lost", "full"])
def test_a_picture_survives_its_device(card: list[Exception], error: Exception) -> None:
    card.append(error)
    here, picture = Session(), chart()
    asked = PictureRequest(SMALL, UNTRAINED, picture, frozenset({"layer2.0"}), CARD.id)
    result = finish(here.run_picture(asked))
    assert result.device == "CPU"
    assert result.note.startswith("Card ")
    expected = finish(Session().run_picture(PictureRequest(SMALL, UNTRAINED, picture, frozenset({"layer2.0"}))))
    assert np.array_equal(result.prediction.probabilities, expected.prediction.probabilities)
    again = finish(here.run_picture(PictureRequest(SMALL, UNTRAINED, picture, frozenset({"layer2.0"}))))
    assert (again.device, again.note) == ("CPU", "")
    assert np.array_equal(again.prediction.probabilities, expected.prediction.probabilities)


@pytest.mark.parametrize("error", [LOST, FULL], ids=["lost", "full"])
def test_an_accuracy_survives_its_device(card: list[Exception], error: Exception) -> None:
    card.append(error)
    request = AccuracyRequest(SMALL, UNTRAINED, FASHION, frozenset({"layer2.0"}), 200)
    here = Session()
    result, _ = result_of(here.accuracy(replace(request, device=CARD.id)))
    expected, _ = result_of(Session().accuracy(request))
    assert (result.counts, result.intact) == (expected.counts, expected.intact)
    assert result.device == "CPU"
    assert result.note.startswith("Card ")
    assert result_of(here.accuracy(request))[0].note == ""


def test_a_picture_on_a_failing_device_leaves_an_accuracy_on_the_cpu_alone(card: list[Exception]) -> None:
    card.append(LOST)
    here = Session()
    request = AccuracyRequest(SMALL, UNTRAINED, FASHION, images=300)
    job = here.accuracy(request)
    while not isinstance(next(job), AccuracyResult):
        pass
    finish(here.run_picture(PictureRequest(SMALL, UNTRAINED, chart(), device=CARD.id)))
    assert result_of(job)[0].counts == result_of(Session().accuracy(request))[0].counts


@pytest.mark.gpu
def test_a_real_card_computes_what_the_cpu_does() -> None:
    """And the network stays on the CPU meanwhile."""
    here, picture = Session(), chart()
    on_card = finish(here.run_picture(PictureRequest(SMALL, UNTRAINED, picture, device="cuda:0")))
    assert (on_card.note, on_card.device == "CPU") == ("", False)
    assert finish(here.load(SMALL, UNTRAINED)).network.conv1.weight.device.type == "cpu"
    on_cpu = finish(here.run_picture(PictureRequest(SMALL, UNTRAINED, picture)))
    assert on_card.prediction.probabilities == pytest.approx(on_cpu.prediction.probabilities, abs=1e-2)
