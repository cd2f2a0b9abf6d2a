"""ImageNet weights over the network, as this machine plays it: progress, cancel, a wrong hash, closing in between."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from explorer.app.jobs import Lane
from explorer.engine.records import UNTRAINED, Step, WeightsInfo, WeightsKind
from explorer.networks.catalog import PRESETS
from tests.end_to_end.conftest import close
from tests.end_to_end.person import Person
from tests.engine.files_server import Site, served

ENTRY = "ResNet18_Weights.IMAGENET1K_V1"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that gives out (untrained) ResNet-18 weights under the address that torchvision's enum names."""
    from explorer.engine import weights
    from explorer.engine.build import build

    buffer = io.BytesIO()
    torch.save(build(PRESETS["resnet18"], seed=2).state_dict(), buffer)
    content = buffer.getvalue()
    with served() as site:
        path = f"/resnet18-{hashlib.sha256(content).hexdigest()[:8]}.pth"
        site.files[path] = content
        original = weights._cached_or_downloaded
        monkeypatch.setattr(weights, "_cached_or_downloaded", lambda _, title: original(site.address + path, title))
        yield site
    for thread in threading.enumerate():
        if thread.name == "download":
            thread.join(5)
            assert not thread.is_alive()


def cache() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


def files() -> list[Path]:
    return list(cache().iterdir()) if cache().is_dir() else []


def choose_imagenet(person: Person) -> WeightsInfo:
    """As in the menu, once the network is ResNet-18."""
    info = next(info for info in person.window.runner.offer.weights if info.ref.value == ENTRY)
    person.window.toolbar.weights_requested.emit(info)
    return info


def test_progress_then_the_classes_and_the_preprocessing_of_imagenet(person: Person, site: Site) -> None:
    (path,) = site.files
    site.held.add(path)
    steps: list[Step] = []
    person.window.jobs.stepped.connect(
        lambda lane, step: steps.append(step) if lane is Lane.WEIGHTS and isinstance(step, Step) else None
    )
    choose_imagenet(person)
    person.wait(lambda: any(step.fraction is not None and step.fraction > 0.3 for step in steps))
    status = person.window.status
    person.wait(lambda: "Downloading ResNet18" in status.words.text())
    assert status.progress.isVisible()
    assert 300 < status.progress.value() < 700
    assert person.state.weights.kind is WeightsKind.BUNDLED  # what was open stays until the new is there
    person.click_switch("layer1.1")  # and works
    assert person.wait_for_picture().request.deleted == {"layer1.1"}
    site.release.set()
    person.wait(lambda: person.state.weights.value == ENTRY)
    result = person.wait_for_picture()
    assert result.request.spec == PRESETS["resnet18"]
    assert result.seen.shape == (224, 224, 3)
    assert "tench" in result.prediction.classes
    assert person.state.spec.classes == 1000
    assert [file.name for file in files()] == [path.strip("/")]


@pytest.mark.parametrize("way", ["button", "escape"])
def test_cancelling_leaves_nothing(person: Person, site: Site, way: str) -> None:
    site.held.update(site.files)
    before = person.state
    choose_imagenet(person)
    person.wait(lambda: "Downloading" in person.window.status.words.text())
    if way == "button":
        person.window.status.cancel.click()
    else:
        person.choose("cancel")
    person.wait(lambda: not files())
    assert person.state == before
    assert not person.told
    assert Lane.WEIGHTS not in person.window.jobs.running()


def test_closing_leaves_nothing(person: Person, site: Site) -> None:
    site.held.update(site.files)
    choose_imagenet(person)
    person.wait(lambda: bool(files()))
    close(person.window)
    assert not files()


def test_a_wrong_hash_is_refused(person: Person, site: Site) -> None:
    (path,) = site.files
    site.files[path] = site.files[path][:-5] + b"wrong"
    before = person.state
    choose_imagenet(person)
    person.wait(lambda: bool(person.told))
    assert "checksum" in person.told
    assert person.state == before
    assert not files()


def test_one_that_breaks_off_is_refused(person: Person, site: Site) -> None:
    site.broken_off.update(site.files)
    before = person.state
    choose_imagenet(person)
    person.wait(lambda: bool(person.told))
    assert "broke off" in person.told
    assert person.state == before
    assert not files()


def test_without_a_connection(person: Person) -> None:
    before = person.state
    choose_imagenet(person)
    person.wait(lambda: bool(person.told))
    assert "can't be reached" in person.told
    assert person.state == before


def test_another_network_ends_the_download(person: Person, site: Site) -> None:
    site.held.update(site.files)
    choose_imagenet(person)
    person.wait(lambda: bool(files()))
    tiny = PRESETS["resnet20"].with_(width=4, side=16)
    person.window.network_panel.spec_requested.emit(tiny)
    assert person.wait_for_picture().request.spec == tiny
    assert person.state.weights == UNTRAINED
    assert not files()
