"""Specs: what can be built, what is refused and in which words, and the JSON form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.spec import MAX_BLOCKS, NetworkSpec, SpecError
from tests.engine.sentences import assert_one_sentence

SPEC = NetworkSpec("imagenet", (1, 2, 3, 4), "bottleneck", "C", "1x1", in_channels=2, side=65, classes=11, width=8)


def test_depth_counts_stem_branches_and_classifier() -> None:
    """He et al. 2015, Table 1 and section 4.2 (6n+2); He et al. 2016, section 5 (9n+2)."""
    for name, spec in PRESETS.items():
        assert f"resnet{spec.depth}" == name
    assert NetworkSpec("cifar", (18, 18, 18), "bottleneck").depth == 164
    assert NetworkSpec("cifar", (3, 3, 3), "basic", "C").depth == 20, "projections are not counted"


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
        ("blocks", [(), (1, 2), (1, 2, 3, 4), (0, 1, 1), (1, -1, 1), (1, 1.0, 1), (True, 1, 1), (MAX_BLOCKS, 1, 1)]),
    ],
)
def test_wrong_values_are_refused_in_a_sentence(field: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(SpecError) as caught:
            NetworkSpec("cifar", (1, 1, 1)).with_(**{field: value})
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
