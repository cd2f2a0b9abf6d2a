"""What is said of Grad-CAM's maps, and finding a class by name or number."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.engine.explain.cam_records import (
    CamMap,
    CamRequest,
    CamResult,
    field_note,
    map_note,
    no_maps,
    size_note,
)
from explorer.engine.explain.class_names import class_of, number_of, titles
from explorer.engine.records import UNTRAINED, Prediction
from explorer.errors import UserError
from explorer.networks.catalog import find
from tests.engine.explain.cam_support import picture
from tests.engine.networks import TINY

ANSWER = Prediction(np.full(5, 0.2, np.float32), tuple("abcde"))
NAMES = ("T-shirt/top", "crane", "Trouser", "crane", "tiger shark", "tiger cat", "7")


def cam_map(*values: float) -> CamMap:
    return CamMap(np.array([values], np.float32), 1.5, ANSWER)


def result(intact: CamMap, now: CamMap | None) -> CamResult:
    request = CamRequest(TINY, UNTRAINED, picture=picture())
    return CamResult(request, "layer3.1", 0, np.zeros((8, 8, 3), np.uint8), intact, now, 0.1, "CPU")


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("trouser", 2),
        ("t shirt TOP", 0),
        ("2", 2),
        ("7", 6),
        ("0", 0),
        ("shark", 4),
        ("crane (3)", 3),
        ("tiger_cat", 5),
    ],
)
def test_classes_by_name_number_or_part(text: str, index: int) -> None:
    assert class_of(NAMES, text) == index


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("crane", "crane could be one of 2 classes: 1 crane, 3 crane; give the whole name, or the number."),
        ("tiger", "tiger could be one of 2 classes: 4 tiger shark, 5 tiger cat; give the whole name, or the number."),
        ("trousers", "There is no class trousers; did you mean Trouser? Numbers go from 0 to 6."),
        ("12", "There is no class 12; give one of the network's 7 classes (T-shirt/top to 7), or its number, 0 to 6."),
        (" ", "Give a class: its name, or its number, 0 to 6."),
        ("−", "There is no class −; give one of the network's 7 classes (T-shirt/top to 7), or its number, 0 to 6."),
    ],
)
def test_classes_that_are_none_or_several(text: str, words: str) -> None:
    with pytest.raises(UserError) as told:
        class_of(NAMES, text)
    assert str(told.value) == words


def test_numbers_tell_classes_of_one_name_apart() -> None:
    assert titles(NAMES) == ["T-shirt/top", "crane (1)", "Trouser", "crane (3)", "tiger shark", "tiger cat", "7"]
    assert number_of(NAMES, "trouser") == 2
    assert number_of(NAMES, "crane") is None
    assert number_of(NAMES, None) is None


def test_both_maps_are_on_the_intact_ones_scale() -> None:
    assert result(cam_map(0, 2), None).scale_note == ""
    assert result(cam_map(0, 2), cam_map(0, 1)).top == 2
    assert result(cam_map(0, 2), cam_map(0, 1)).scale_note == "Both maps are on the intact one's scale."
    higher = result(cam_map(0, 2), cam_map(0, 5))
    assert higher.top == 2
    assert "goes up to 2.5 times as high" in higher.scale_note
    zero = result(cam_map(0, 0), cam_map(0, 3))
    assert zero.top == 3
    assert "the map with blocks deleted" in zero.scale_note
    assert result(cam_map(0, 0), cam_map(0, 0)).scale_note == ""


def test_maps_that_say_nothing_or_are_no_numbers() -> None:
    assert map_note(cam_map(0, 0)) == "Nothing at this block speaks for this class."
    assert map_note(cam_map(0, np.nan)) == "Some of its numbers are no numbers."
    assert map_note(cam_map(0, 0.1)) == ""
    assert cam_map(np.nan, 3).highest == 3
    assert cam_map(np.nan, np.nan).highest == 0


@pytest.mark.parametrize(
    ("shape", "words"),
    [((1, 1), "single position"), ((2, 2), "2×2 positions, each for 1/4"), ((7, 7), "1/49 "), ((14, 14), "")],
)
def test_how_coarse_a_map_is(shape: tuple[int, int], words: str) -> None:
    note = size_note(shape)
    assert words in note
    assert bool(words) == bool(note)


def test_how_far_a_position_sees() -> None:
    """Of ResNet-20: 3 px behind the stem, 4 more for each block of layer1, 8 of layer2 (6 of its first, which begins at
    the old resolution), 16 of layer3 (12 of its first); Araujo et al. 2019, equation 2."""
    assert 3 + 3 * 4 + 6 + 2 * 8 == 37
    assert 37 + 12 + 2 * 16 == 81
    small = find("resnet20").with_(in_channels=1, side=28)
    assert field_note(small, "layer1.0") == ""
    assert "Positions in the middle see 37×37 pixels, the whole picture of 28×28" in field_note(small, "layer2.2")
    assert "Each position sees 81×81 pixels, the whole picture of 28×28" in field_note(small, "layer3.2")
    assert field_note(find("resnet18"), "layer2.1") == ""
    assert "435×435" in field_note(find("resnet18"), "layer4.1")
    assert "Squeeze-excitation" in field_note(find("efficientnet_b0"), "layer1.0")


def test_networks_without_maps() -> None:
    why = no_maps(find("mlp8_128"))
    assert why is not None
    assert why.startswith("MLP-8-128 has no maps: ")
    assert why.endswith("choose a network of convolutions.")
    assert no_maps(TINY) is None
