"""VGG against its paper's Table 1."""

from __future__ import annotations

from itertools import pairwise

import pytest

from explorer.errors import UserError
from explorer.networks.catalog import PRESETS, find, preset_name
from explorer.networks.checks import SpecError
from explorer.networks.cost import network_cost
from explorer.networks.families.vgg import VggSpec
from explorer.networks.lesion import INTACT, Lesion, course, exchangeable, lesion
from explorer.networks.operations import operations_by_part
from explorer.networks.spec import NetworkSpec
from tests.engine.sentences import assert_one_sentence

# Simonyan and Zisserman 2015, Table 1, configurations A, B, D and E: channels of each convolution, M for a max pool.
TABLE = {
    11: "64 M 128 M 256 256 M 512 512 M 512 512 M",
    13: "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
    16: "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    19: "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}
# Its Table 2, millions of parameters.
MILLIONS = {11: 133, 13: 133, 16: 138, 19: 144}


@pytest.mark.parametrize("layers", TABLE)
def test_layers_are_those_of_the_table(layers: int) -> None:
    for norm in (False, True):
        spec = VggSpec(layers, norm)
        operations = [one for _, operations in operations_by_part(spec) for one in operations]
        row = [one for one in operations if one.kind in ("conv", "maxpool")]
        written = " ".join("M" if one.kind == "maxpool" else str(one.output[0]) for one in row)
        assert written == TABLE[layers]
        assert {one.kernel for one in row if one.kind == "conv"} == {3}
        assert [one.output[0] for one in operations if one.kind == "linear"] == [4096, 4096, 1000]
        assert sum(one.kind in ("conv", "linear") for one in operations) == spec.depth == layers
        assert sum(one.kind == "bn" for one in operations) == (layers - 3 if norm else 0)
        assert round(network_cost(spec).parameters / 1e6) == MILLIONS[layers]
        for one, following in pairwise(operations):
            assert one.output == following.input
        assert len({one.id for one in operations}) == len(operations)


def test_names() -> None:
    assert [VggSpec(16).name, VggSpec(19, True).name] == ["VGG-16", "VGG-19 BN"]
    for written in ("vgg16_bn", "VGG-16 BN", "vgg16bn"):
        assert find(written) is PRESETS["vgg16_bn"] == VggSpec(16, norm=True)
    assert preset_name(VggSpec(13, side=64, in_channels=1, classes=10)) == "vgg13"
    assert PRESETS["vgg16"].plain
    assert PRESETS["vgg16"].layers
    assert PRESETS["vgg16"].twin() is PRESETS["vgg16"]


def test_stages_are_the_papers_resolutions() -> None:
    spec = PRESETS["vgg16"]
    assert [(stage.id, len(stage.blocks)) for stage in spec.stages] == [
        ("layer1", 1), ("layer2", 2), ("layer3", 3), ("layer4", 3), ("layer5", 3),
    ]  # fmt: skip
    assert [part.output for part in network_cost(spec).stages] == [
        (64, 224, 224), (128, 112, 112), (256, 56, 56), (512, 28, 28), (512, 14, 14),
    ]  # fmt: skip
    assert [block.path for block in spec.all_blocks] == [f"features.{n}" for n in
        (2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)]  # fmt: skip
    # The stem is the whole first resolution of VGG-11.
    assert [stage.id for stage in PRESETS["vgg11"].stages] == ["layer2", "layer3", "layer4", "layer5"]
    assert [block.id for block in spec.all_blocks if block.pooled] == [f"layer{n}.0" for n in (2, 3, 4, 5)]


def test_layers_of_equal_shape_can_be_deleted() -> None:
    for spec in (PRESETS["vgg19"], PRESETS["vgg11_bn"]):
        for block in spec.all_blocks:
            if block.in_channels == block.out_channels:
                assert block.kept == ""
                assert lesion(spec, [block.id]).deleted == {block.id}
                pools = [("pool", block.id)] if block.pooled else []
                actions = course(spec, lesion(spec, [block.id]))
                assert ("whole", block.id) not in actions
                assert all(pool in actions for pool in pools)
            else:
                with pytest.raises(UserError, match=f"^{block.id} can't be deleted") as caught:
                    lesion(spec, [block.id])
                assert_one_sentence(caught.value)
    assert [block.id for block in PRESETS["vgg16"].all_blocks if block.kept] == ["layer2.0", "layer3.0", "layer4.0"]
    with pytest.raises(UserError, match="VGG-16 has no shortcuts to cut"):
        lesion(PRESETS["vgg16"], cut=["layer3.1"])


def test_layers_of_equal_shape_change_places() -> None:
    spec = PRESETS["vgg16"]
    assert ("layer4.1", "layer4.2", "layer5.0", "layer5.1", "layer5.2") in exchangeable(spec)
    swapped = INTACT.swapped(spec, "layer4.1", "layer5.0")
    assert Lesion(order=swapped.order).checked(spec) == swapped


@pytest.mark.parametrize("spec", [VggSpec(11), VggSpec(19, True, 1, 48, 12)])
def test_json_round_trip(spec: NetworkSpec) -> None:
    assert NetworkSpec.from_json(spec.to_json()) == spec
    assert NetworkSpec.from_json(spec.to_short_json()) == spec


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"family": "vgg", "configuration": 12}', "There is no VGG with 12 layers; choose 11, 13, 16 or 19."),
        ('{"family": "vgg", "configuration": "16"}', "no VGG with 16 layers"),
        ('{"family": "vgg", "configuration": [16]}', "no VGG"),
        ('{"family": "vgg", "configuration": true}', "no VGG"),
        ('{"family": "vgg"}', "lacks the field configuration"),
        ('{"family": "vgg", "configuration": 16, "norm": "yes"}', "norm"),
        ('{"family": "vgg", "configuration": 16, "norm": 1}', "norm"),
        ('{"family": "vgg", "configuration": 16, "norm": "true"}', "without quotation marks"),
        ('{"family": "vgg", "configuration": 16, "side": 31}', "whole number from 32 to 2048, not 31"),
        ('{"family": "vgg", "configuration": 16, "width": 3}', "unknown fields"),
        ("vgg12", "There is no VGG with 12 layers"),
        ("vgg-99999 bn", "There is no VGG with 99999 layers"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        find(text)
    assert_one_sentence(caught.value)
    assert words in str(caught.value)
