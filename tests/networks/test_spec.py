"""Specs: what can be built, what is refused and in which words, and the JSON form."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.checks import MAX_BLOCKS, SpecError
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.spec import NetworkSpec
from tests.engine.sentences import assert_one_sentence

SPEC = ResNetSpec("imagenet", (1, 2, 3, 4), "bottleneck", "C", "1x1", in_channels=2, side=65, classes=11, width=8)


def test_depth_counts_stem_branches_and_classifier() -> None:
    """He et al. 2015, Table 1 and section 4.2 (6n+2); He et al. 2016, section 5 (9n+2)."""
    for name, spec in PRESETS.items():
        if isinstance(spec, ResNetSpec) and name.startswith(("resnet", "preresnet", "plain")):
            assert re.fullmatch(rf"(pre)?(resnet|plain){spec.depth}(_[a-z0-9_]+)?", name)
    assert PRESETS["vgg_narrow"].depth == 15, "as the VGG-like control of Veit et al. 2016"
    assert ResNetSpec("cifar", (18, 18, 18), "bottleneck").depth == 164
    assert ResNetSpec("cifar", (3, 3, 3), "basic", "C").depth == 20, "projections are not counted"


def test_blocks_are_named_as_torchvision_names_them() -> None:
    assert SPEC.block_ids == (
        "layer1.0", "layer2.0", "layer2.1", "layer3.0", "layer3.1", "layer3.2",
        "layer4.0", "layer4.1", "layer4.2", "layer4.3",
    )  # fmt: skip


def test_channels_strides_and_shortcuts_of_each_option() -> None:
    """He et al. 2015, section 3.3."""
    for option, same, changing in (
        ("A", "identity", "subsampling"),
        ("B", "identity", "projection"),
        ("C", "projection", "projection"),
    ):
        for block in PRESETS["resnet50"].with_(shortcut=option).all_blocks:
            first = block.id.endswith(".0")
            assert block.downsampling == first
            assert block.shortcut == (changing if first else same)
            assert block.stride == (2 if first and block.id != "layer1.0" else 1)
    widths = [(block.in_channels, block.width, block.out_channels) for block in PRESETS["resnet50"].all_blocks]
    assert widths[:4] == [(64, 64, 256), (256, 64, 256), (256, 64, 256), (256, 128, 512)]


def test_layer1_of_a_basic_network_keeps_its_shape() -> None:
    first = PRESETS["resnet18"].all_blocks[0]
    assert (first.shortcut, first.downsampling) == ("identity", False)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("family", ["vgg", "", None, 3, ["cifar"]]),
        ("block", ["plain", None]),
        ("shortcut", ["D", "a", None]),
        ("stride_place", ["7x7", None]),
        ("in_channels", [0, -1, 513, 3.0, "3", None, True]),
        ("side", [7, 2049, 32.5, None]),
        ("classes", [1, 100_001, "ten"]),
        ("width", [0, 1025, float("nan")]),
        ("blocks", [(), (1, 2), (1, 2, 3, 4, 5), (0, 1, 1), (1, -1, 1), (1, 1.0, 1), (True, 1, 1), (MAX_BLOCKS, 1, 1)]),
    ],
)
def test_wrong_values_are_refused_in_a_sentence(field: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(SpecError) as caught:
            ResNetSpec("cifar", (1, 1, 1)).with_(**{field: value})
        assert_words(caught.value)


def assert_words(error: UserError) -> None:
    """A refused None is named in the sentence, which `assert_one_sentence` doesn't expect."""
    assert str(error).endswith(".")
    assert "\n" not in str(error)
    assert "{" not in str(error).replace("{}", "")


def test_the_sentence_names_value_and_limits() -> None:
    with pytest.raises(SpecError, match=r"^The input side must be a whole number from 8 to 2048, not 4\.$"):
        SPEC.with_(side=4)
    with pytest.raises(SpecError, match=r"^layer2 needs a whole number of blocks, at least 1, not 0\.$"):
        SPEC.with_(blocks=(1, 0, 1, 1))


def test_same_architecture_ignores_input_and_classes_only() -> None:
    other = SPEC.with_(in_channels=3, side=224, classes=1000)
    assert other != SPEC
    assert SPEC.same_architecture(other)
    for change in (
        {"shortcut": "B"},
        {"stride_place": "3x3"},
        {"blocks": (1, 2, 3, 5)},
        {"width": 9},
        {"block": "basic"},
    ):
        assert not SPEC.same_architecture(SPEC.with_(**change))


def test_the_stride_of_a_basic_block_has_one_place() -> None:
    basic = PRESETS["resnet18"]
    assert basic.same_architecture(basic.with_(stride_place="1x1", classes=4, side=99, in_channels=1))
    assert basic.with_(stride_place="1x1").same_architecture(basic)


def test_unknown_block_ids_are_named() -> None:
    assert SPEC.check_ids(["layer2.1", "layer2.1"]) == {"layer2.1"}
    assert SPEC.check_ids(()) == frozenset()
    with pytest.raises(UserError, match=r"no block layer5\.0, stem; its blocks are layer1\.0 to layer4\.3") as caught:
        SPEC.check_ids(["stem", "layer5.0", "layer2.1"])
    assert_one_sentence(caught.value)


# -- JSON --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [SPEC, *PRESETS.values()], ids=lambda spec: spec.name)
def test_json_and_back(spec: NetworkSpec, tmp_path: Path) -> None:
    path = tmp_path / "network.json"
    path.write_text(spec.to_json(), encoding="utf-8")
    assert NetworkSpec.load(path) == spec
    assert hash(NetworkSpec.load(path)) == hash(spec)


def test_a_short_file_takes_the_defaults() -> None:
    assert NetworkSpec.from_json('{"family": "imagenet", "blocks": [2, 2, 2, 2]}') == PRESETS["resnet18"]


def _changed(**changes: object) -> str:
    return json.dumps({**json.loads(SPEC.to_json()), **changes})


@pytest.mark.parametrize(
    "text",
    [
        "", "not json", "[]", "3", "null", '"resnet18"', "{", "[" * 100_000, "{}", '{"family": "cifar"}',
        '{"blocks": [1]}', _changed(format="another"), _changed(version=2), _changed(version="1"), _changed(blocks=3),
        _changed(blocks="1111"), _changed(blocks=["a"] * 4), _changed(blocks=[[1]] * 4), _changed(blocks=[1, 1, 1]),
        _changed(side=1e300), _changed(blocks=[10**4299] * 4), _changed(blocks=[-(10**4298)] * 4),
        _changed(version=1.5),
        _changed(side=10**4299), _changed(version=10**4299), _changed(family="r" * 9999), _changed(**{"x" * 9999: 1}),
        _changed(extra=1), _changed(family="resnext"), _changed(side=10**30), _changed(classes="many"),
    ],
)  # fmt: skip
def test_files_that_are_no_spec_are_refused(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        NetworkSpec.from_json(text)
    assert_one_sentence(caught.value)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "network.json"
    path.write_text(SPEC.to_json(), encoding="utf-8-sig")
    assert NetworkSpec.load(path) == SPEC


def test_the_sentence_on_the_version_names_what_is_wrong_with_it() -> None:
    with pytest.raises(SpecError, match=r"has version 2; this program reads version 1\.$"):
        NetworkSpec.from_json(_changed(version=2))
    for version in ("1", "2", None, True):
        with pytest.raises(SpecError, match=r"^The version in the network's JSON file must be the whole number 1\.$"):
            NetworkSpec.from_json(_changed(version=version))


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.json"
    garbage.write_bytes(b"\xff\xfe\x00{")
    for path in (tmp_path / "missing.json", tmp_path, garbage):
        with pytest.raises(SpecError, match=path.name) as caught:
            NetworkSpec.load(path)
        assert_one_sentence(caught.value)


# -- other orders, plain networks --------------------------------------------------------------------------------


def test_a_plain_twin_has_the_same_layers_and_no_shortcut() -> None:
    """He et al. 2015, section 3.3: layer by layer where blocks are basic, block by block where bottlenecks."""
    for spec in (PRESETS["resnet34"], PRESETS["resnet56"], PRESETS["resnet50"], PRESETS["preresnet110"]):
        twin = spec.twin()
        assert twin.depth == spec.depth
        assert twin.plain
        assert {block.shortcut for block in twin.all_blocks} == {"none"}
        assert (twin.order, twin.name) == ("original", f"Plain-{spec.depth}")
    layers = PRESETS["resnet34"].twin()
    assert layers.blocks == (6, 8, 12, 6), "He et al. 2015, Fig. 3, middle: pairs of layers"
    assert [layers.stages[1].blocks[index].stride for index in (0, 1)] == [2, 1]
    assert [(block.in_channels, block.out_channels) for block in layers.stages[1].blocks[:2]] == [(64, 128), (128, 128)]


def test_only_the_first_block_of_a_pre_activation_network_is_first() -> None:
    """He et al. 2016, section 5."""
    blocks = PRESETS["preresnet110"].all_blocks
    assert [block.id for block in blocks if block.first] == ["layer1.0"]
    assert all(block.preactivated for block in blocks)
    assert not any(block.first or block.preactivated for block in PRESETS["resnet110"].all_blocks)


def test_pools_stand_before_the_first_layer_of_later_stages() -> None:
    blocks = PRESETS["vgg_narrow"].all_blocks
    assert [block.id for block in blocks if block.pooled] == ["layer2.0", "layer3.0"]
    assert not any(block.downsampling for block in blocks), "any layer may go"
    assert PRESETS["vgg_narrow"].name == "VGG-like-15"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"block": "layer"}, "shortcut option none"),
        ({"order": "pre-activation", "shortcut": "none"}, "needs shortcuts"),
        ({"order": "post"}, "order of activation must be one of original, bn-after, relu-before"),
        ({"widths": "tripled"}, "widths must be one of doubled, same"),
        ({"downsampling": "crop"}, "downsampling must be one of stride, pool"),
    ],
)
def test_impossible_kinds_are_refused_in_a_sentence(changes: dict[str, str], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        PRESETS["resnet20"].with_(**changes)


def test_files_of_before_open_as_they_were_meant() -> None:
    """Files without the fields that came later."""
    text = '{"family": "cifar", "blocks": [3, 3, 3], "shortcut": "A", "side": 32, "classes": 10, "width": 16}'
    assert NetworkSpec.from_json(text) == PRESETS["resnet20"]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_survives_json(name: str) -> None:
    assert NetworkSpec.from_json(PRESETS[name].to_json()) == PRESETS[name]
