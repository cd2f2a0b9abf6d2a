"""The same picture through several networks, each as if it were run alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models import ResNet50_Weights

from explorer.engine import images
from explorer.engine.comparing import at_hand
from explorer.engine.comparing_records import ComparedPicture, ComparedRequest
from explorer.engine.known_accuracies import Known, known_accuracies, side_by_side
from explorer.engine.records import UNTRAINED, PictureRequest, WeightsKind, WeightsRef
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.weights import bundled, torchvision_weights
from explorer.networks.catalog import PRESETS
from tests.engine.networks import TINY

PICTURE = images.sample(3)


def compared(request: ComparedRequest) -> list[ComparedPicture]:
    told: list[object] = []
    finish(Session().compared(request), told.append)
    return [value for value in told if isinstance(value, ComparedPicture)]


def test_each_network_as_if_it_were_run_alone() -> None:
    specs = (PRESETS["resnet20"], PRESETS["plain20"])
    answers = compared(ComparedRequest(specs, PICTURE, (None, None)))
    assert [answer.index for answer in answers] == [0, 1]
    for answer, name in zip(answers, ("resnet20", "plain20"), strict=True):
        ref = WeightsRef(WeightsKind.BUNDLED, f"{name}-fashion-mnist")
        assert answer.info is not None
        assert answer.info.ref == ref
        alone = finish(Session().run_picture(PictureRequest(answer.info.spec, ref, PICTURE)))
        assert answer.prediction is not None
        assert answer.seen is not None
        np.testing.assert_array_equal(answer.prediction.probabilities, alone.prediction.probabilities)
        np.testing.assert_array_equal(answer.seen, alone.seen)
        assert set(answer.maps) == {"stem", "layer1", "layer2", "layer3"}
        for part, values in answer.maps.items():
            np.testing.assert_array_equal(values, alone.maps[part])


def test_a_network_that_fails_does_not_keep_the_others(tmp_path: Path) -> None:
    gone = WeightsRef(WeightsKind.FILE, str(tmp_path / "gone.pth"))
    answers = compared(ComparedRequest((TINY, TINY), PICTURE, (gone, UNTRAINED)))
    assert answers[0].error is not None
    assert "gone.pth" in str(answers[0].error)
    assert answers[0].prediction is None
    assert answers[1].error is None
    assert answers[1].prediction is not None


def test_what_is_at_hand_needs_no_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert at_hand(PRESETS["resnet20"]).value == "resnet20-fashion-mnist"
    assert at_hand(PRESETS["resnet50"]) == UNTRAINED
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for entry in (ResNet50_Weights.IMAGENET1K_V1, ResNet50_Weights.IMAGENET1K_V2):
        (folder / entry.url.rpartition("/")[2]).touch()
        assert at_hand(PRESETS["resnet50"]).value == str(entry), "the newest that is there"
    assert at_hand(PRESETS["resnet101"]) == UNTRAINED


def test_known_accuracies_have_their_sources() -> None:
    infos = (*bundled(), *torchvision_weights())
    known = known_accuracies(PRESETS["resnet34"], infos)
    assert [round(each.share, 5) for each in known] == [0.7548, 0.73314]
    assert "Table 3" in known[0].source
    assert "IMAGENET1K_V1" in known[1].source
    twenty = known_accuracies(PRESETS["resnet20"].with_(in_channels=1, side=28), infos)
    assert [str(each.data) for each in twenty] == ["CIFAR-10 test", "Fashion-MNIST test, bundled"]
    assert known_accuracies(TINY, infos) == ()


def test_only_accuracies_on_the_same_images_stand_beside_each_other() -> None:
    first = (Known(0.9, "A", "x"), Known(0.8, "B", "y"))
    second = (Known(0.7, "B", "z"), Known(0.6, "C", "w"))
    rows = side_by_side((first, second))
    assert [title for title, _ in rows] == ["A", "B", "C"]
    assert rows[1][1] == (first[1], second[0])
    assert rows[0][1] == (first[0], None)
