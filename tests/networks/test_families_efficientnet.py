"""EfficientNet against its paper's tables."""

from __future__ import annotations

from itertools import pairwise

import pytest

from explorer.errors import UserError
from explorer.networks.catalog import PRESETS, find, preset_name
from explorer.networks.checks import SpecError
from explorer.networks.cost import network_cost
from explorer.networks.families.efficientnet import EfficientNetSpec, efficientnet
from explorer.networks.lesion import course, exchangeable, lesion
from explorer.networks.operations import operations_by_part
from explorer.networks.spec import NetworkSpec
from tests.engine.sentences import assert_one_sentence

B0 = PRESETS["efficientnet_b0"]
# Tan and Le 2019, Table 2: millions of parameters and billions of multiply-adds ("FLOPS"), which it counts a little
# otherwise: of B4 it prints 4.2, where torchvision's module has 4.39.
TABLE = [(5.3, 0.39), (7.8, 0.70), (9.2, 1.0), (12, 1.8), (19, 4.2), (30, 9.9), (43, 19), (66, 37)]
SIDES = (224, 240, 260, 300, 380, 456, 528, 600)


@pytest.mark.parametrize("scale", range(8))
def test_sizes_are_those_of_the_paper(scale: int) -> None:
    spec = PRESETS[f"efficientnet_b{scale}"]
    cost = network_cost(spec)
    parameters, macs = TABLE[scale]
    assert cost.parameters / 1e6 == pytest.approx(parameters, rel=0.02)
    assert cost.macs / 1e9 == pytest.approx(macs, rel=0.05)
    assert spec.side == SIDES[scale]


def test_b0_is_table_1() -> None:
    """Resolution stands for a stage's input there, channels for its output."""
    rows = [(112, 16, 1), (112, 24, 2), (56, 40, 2), (28, 80, 3), (14, 112, 3), (14, 192, 4), (7, 320, 1)]
    parts = dict(operations_by_part(B0))
    for stage, part, (side, channels, layers) in zip(B0.stages, network_cost(B0).stages, rows, strict=True):
        assert parts[stage.blocks[0].id][0].input[1] == side
        assert (part.output[0], len(stage.blocks)) == (channels, layers)
    assert [part[0].kernel for name, part in parts.items() if name == "stem"] == [3]
    assert network_cost(B0).stem.output == (32, 112, 112)
    assert parts["head"][0].output == (1280, 7, 7)
    sizes = {stage.id: {one.kernel for block in stage.blocks for one in parts[block.id] if one.groups > 1}
             for stage in B0.stages}  # fmt: skip
    assert [sizes[stage.id] for stage in B0.stages] == [{3}, {3}, {5}, {3}, {5}, {5}, {3}]


@pytest.mark.parametrize("scale", range(8))
def test_operations_follow_one_another(scale: int) -> None:
    spec = efficientnet(scale)
    seen: set[str] = set()
    shape = spec.input_shape
    weighted = 0
    for _, operations in operations_by_part(spec):
        assert operations[0].input == shape
        for one, following in pairwise(operations):
            assert one.output == following.input
        shape = operations[-1].output
        seen |= {one.id for one in operations}
        weighted += sum(one.kind in ("conv", "linear") for one in operations)
    assert len(seen) == sum(len(operations) for _, operations in operations_by_part(spec))
    assert weighted == spec.depth


def test_a_block() -> None:
    kinds = [operation.kind for operation in dict(operations_by_part(B0))["layer2.1"]]
    expected = "conv bn silu conv bn silu se conv bn dropout add"
    assert " ".join(kinds) == expected
    first = dict(operations_by_part(B0))["layer1.0"]
    assert " ".join(operation.kind for operation in first) == "conv bn silu se conv bn"
    squeezed = next(one for one in dict(operations_by_part(B0))["layer2.1"] if one.kind == "se")
    assert (squeezed.input[0], squeezed.number) == (144, 6), "a quarter of the block's input channels (section 4)"
    shares = [block.share for block in B0.all_blocks]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(0.2 * 15 / 16)


def test_only_residual_blocks_can_be_deleted_or_cut() -> None:
    for block in B0.all_blocks:
        residual = block.stride == 1 and block.in_channels == block.out_channels
        assert block.shortcut == ("identity" if residual else "none")
        if residual:
            assert course(B0, lesion(B0, [block.id])) == tuple(
                ("whole", other) for other in B0.block_ids if other != block.id
            )
            assert ("cut", block.id) in course(B0, lesion(B0, cut=[block.id]))
            continue
        for ways, words in (({"deleted": [block.id]}, "can't be deleted"), ({"cut": [block.id]}, "no shortcut to cut")):
            with pytest.raises(UserError, match=words) as caught:
                lesion(B0, **ways)
            assert_one_sentence(caught.value)
            assert str(caught.value).startswith(block.id)
    assert [block.id for block in B0.all_blocks if not block.kept] == [
        "layer2.1", "layer3.1", "layer4.1", "layer4.2", "layer5.1", "layer5.2", "layer6.1", "layer6.2", "layer6.3",
    ]  # fmt: skip
    assert not B0.plain
    assert not B0.layers


def test_blocks_of_equal_shape_change_places_whatever_training_leaves_out() -> None:
    assert exchangeable(B0) == (
        ("layer4.1", "layer4.2"),
        ("layer5.1", "layer5.2"),
        ("layer6.1", "layer6.2", "layer6.3"),
    )


def test_names_and_json() -> None:
    for written in ("efficientnet_b3", "EfficientNet-B3", "efficientnetb3", "efficientnet 3"):
        assert find(written) == PRESETS["efficientnet_b3"]
    spec = efficientnet(7).with_(in_channels=1, side=28, classes=10)
    assert NetworkSpec.from_json(spec.to_json()) == NetworkSpec.from_json(spec.to_short_json()) == spec
    assert preset_name(spec) == "efficientnet_b7"
    assert preset_name(EfficientNetSpec(2)) == "efficientnet_b2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("efficientnet_b8", "There is no EfficientNet-B8; choose B0 to B7."),
        ('{"family": "efficientnet", "scale": 8}', "no EfficientNet-B8"),
        ('{"family": "efficientnet", "scale": "0"}', "choose B0 to B7"),
        ('{"family": "efficientnet", "scale": true}', "choose B0 to B7"),
        ('{"family": "efficientnet", "scale": 0, "side": 7}', "whole number from 8 to 2048, not 7"),
        ('{"family": "efficientnet", "scale": 0, "classes": 1}', "classes"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        find(text)
    assert_one_sentence(caught.value)
    assert words in str(caught.value)


def test_there_is_no_plain_twin() -> None:
    with pytest.raises(SpecError) as caught:
        B0.twin()
    assert_one_sentence(caught.value)
