"""Names and depths: presets against the papers' tables, other depths against their own rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.errors import UserError
from explorer.networks.catalog import PRESETS, find, nearest, preset_name
from explorer.networks.checks import MAX_BLOCKS, SpecError
from explorer.networks.cost import network_cost
from explorer.networks.families.mlp import MlpSpec
from explorer.networks.families.resnet import Family, ResNetSpec
from explorer.networks.families.resnet_depths import (
    CIFAR,
    IMAGENET,
    from_depth,
    largest_depth,
    nearest_depths,
    residual_twin,
    smallest_depth,
)
from tests.engine.sentences import assert_one_sentence


@pytest.mark.parametrize(
    ("name", "block", "blocks"),
    [
        # He et al. 2015, Table 1.
        ("resnet18", "basic", (2, 2, 2, 2)),
        ("resnet34", "basic", (3, 4, 6, 3)),
        ("resnet50", "bottleneck", (3, 4, 6, 3)),
        ("resnet101", "bottleneck", (3, 4, 23, 3)),
        ("resnet152", "bottleneck", (3, 8, 36, 3)),
        # Its section 4.2: n blocks in each of three stages, depth 6n+2.
        ("resnet20", "basic", (3, 3, 3)),
        ("resnet32", "basic", (5, 5, 5)),
        ("resnet44", "basic", (7, 7, 7)),
        ("resnet56", "basic", (9, 9, 9)),
        ("resnet110", "basic", (18, 18, 18)),
        ("resnet1202", "basic", (200, 200, 200)),
    ],
)
def test_presets_are_those_of_the_paper(name: str, block: str, blocks: tuple[int, ...]) -> None:
    spec = PRESETS[name]
    assert (spec.block, spec.blocks) == (block, blocks)
    large = len(blocks) == 4
    assert spec.family == ("imagenet" if large else "cifar")
    assert (spec.input_shape, spec.classes, spec.width) == (
        ((3, 224, 224), 1000, 64) if large else ((3, 32, 32), 10, 16)
    )
    assert (spec.shortcut, spec.stride_place) == ("B" if large else "A", "3x3")


def test_every_preset_is_found_by_its_name_however_it_is_written() -> None:
    for name, spec in PRESETS.items():
        for written in (name, name.upper(), name.replace("resnet", "ResNet-"), name.replace("resnet", "resnet_")):
            assert find(written) is spec
        assert preset_name(spec) == name
    assert len(PRESETS) >= 44


def test_every_preset_is_found_by_what_people_call_it() -> None:
    for preset in PRESETS.values():
        assert find(preset.name) == preset


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("WRN-28-10", "wrn28_10"),
        ("Wide ResNet-28-10", "wrn28_10"),
        ("WRN-50-2", "wide_resnet50_2"),
        ("WRN-101-2-bottleneck", "wide_resnet101_2"),
        ("ResNeXt-29, 8x64d", "resnext29_8x64d"),
        ("ResNeXt-50 (32×4d)", "resnext50_32x4d"),
        ("DenseNet-BC-100-12", "densenet_bc100_12"),
        ("EfficientNet-B7", "efficientnet_b7"),
        ("vgg16-bn", "vgg16_bn"),
        ("resnet 50", "resnet50"),
        ("ResNet-50 v1.5", "resnet50"),
        ("ResNet-50 v1", "resnet50_v1"),
        ("preact_resnet200", "preresnet200"),
    ],
)
def test_names_as_papers_and_people_write_them(written: str, name: str) -> None:
    assert find(written) == PRESETS[name]


def test_other_depths_of_the_papers_stride_are_found_by_their_names() -> None:
    spec = ResNetSpec("imagenet", (2, 2, 2, 2), "bottleneck", stride_place="1x1")
    assert find(spec.name).with_(blocks=spec.blocks) == spec


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("resnext", {"resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "resnext29_8x64d"}),
        ("resnet", {"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"}),
        ("efficient", {"efficientnet_b0", "efficientnet_b1"}),
    ],
)
def test_names_that_begin_alike_are_offered_first(name: str, wanted: set[str]) -> None:
    assert wanted <= set(nearest(name))


@pytest.mark.parametrize(("name", "offer"), [("wrn4_2", "try 10."), ("wrn27_2", "try 22 or 28.")])
def test_each_depth_is_offered_once(name: str, offer: str) -> None:
    with pytest.raises(SpecError, match=offer):
        find(name)
    with pytest.raises(SpecError, match=r"try 4\."):
        MlpSpec(3)


@pytest.mark.parametrize(("family", "smallest"), [("imagenet", 29), ("cifar", 8)])
def test_pools_that_leave_nothing_are_refused(family: Family, smallest: int) -> None:
    """Three of them halve the map; the smallest side that is let through leaves one position."""
    spec = ResNetSpec(family, (1, 1, 1, 1), side=smallest, downsampling="pool")
    assert network_cost(spec).blocks[-1].output[1:] == (1, 1)
    if family == "imagenet":
        with pytest.raises(SpecError, match="it needs at least 29"):
            spec.with_(side=smallest - 1)


def test_a_preset_keeps_its_name_with_another_input() -> None:
    assert preset_name(PRESETS["resnet20"].with_(in_channels=1, side=28)) == "resnet20"
    assert preset_name(PRESETS["resnet20"].with_(shortcut="B")) is None
    assert preset_name(PRESETS["resnet110"].with_(order="pre-activation")) == "preresnet110"
    assert preset_name(PRESETS["resnet56"].twin()) == "plain56"
    assert preset_name(PRESETS["resnet50"].with_(stride_place="1x1")) == "resnet50_v1"
    assert preset_name(PRESETS["resnet18"].with_(stride_place="1x1")) == "resnet18"


def test_a_file_is_found_by_its_path(tmp_path: Path) -> None:
    spec = ResNetSpec("cifar", (1, 2, 1), side=16)
    for name in ("mine.json", "mine", "mine.JSON"):
        path = tmp_path / name
        path.write_text(spec.to_json(), encoding="utf-8")
        assert find(str(path)) == spec


@pytest.mark.parametrize(
    "name", ["resnet19", "", " ", "alexnet", "missing.json", "x" * 300, "x" * 5000, "/", ".", "a\0b"]
)
def test_other_names_are_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(UserError) as caught:
        find(name)
    if len(name) < 300:
        assert_one_sentence(caught.value)


def _all_depths(family: Family, up_to: int) -> set[int]:
    """By trying every number of blocks: the paper's rules for CIFAR, any four stages for ImageNet."""
    if family == "cifar":
        return {
            convs * 3 * n + 2 for convs in (2, 3) for n in range(1, MAX_BLOCKS // 3 + 1) if convs * 3 * n + 2 <= up_to
        }
    return {convs * total + 2 for convs in (2, 3) for total in range(4, MAX_BLOCKS + 1) if convs * total + 2 <= up_to}


@pytest.mark.parametrize("family", ["imagenet", "cifar"])
def test_every_depth_that_exists_is_built_and_no_other(family: Family) -> None:
    existing = _all_depths(family, 400)
    for depth in range(1, 401):
        for block in ("basic", "bottleneck"):
            if depth not in existing:
                with pytest.raises(SpecError) as caught:
                    from_depth(family, depth, block)  # type: ignore[arg-type]
                assert_one_sentence(caught.value)
                continue
            spec = from_depth(family, depth, block)  # type: ignore[arg-type]
            assert spec.depth == depth
            assert spec.family == family
            if family == "cifar":
                assert len(set(spec.blocks)) == 1


@pytest.mark.parametrize("family", ["imagenet", "cifar"])
def test_the_nearest_depths_offered_exist_and_are_nearest(family: Family) -> None:
    existing = _all_depths(family, 3000)
    for depth in [*range(-3, 120), 1001, 1202, 1999]:
        if depth in existing:
            continue
        below = [other for other in existing if other < depth]
        above = [other for other in existing if other > depth]
        wanted = ([max(below)] if below else []) + ([min(above)] if above else [])
        assert list(nearest_depths(family, depth)) == wanted
    with pytest.raises(SpecError, match="try 10"):
        from_depth("imagenet", 5)
    with pytest.raises(SpecError, match=r"There is no CIFAR ResNet with 21 layers; try 20 or 26\."):
        from_depth("cifar", 21)


def test_ends_of_each_family() -> None:
    assert (smallest_depth("imagenet"), smallest_depth("cifar")) == (10, 8)
    for family in ("imagenet", "cifar"):
        largest = largest_depth(family)  # type: ignore[arg-type]
        assert from_depth(family, largest).depth == largest  # type: ignore[arg-type]
        assert nearest_depths(family, 10**9) == (largest,)  # type: ignore[arg-type]
        below = nearest_depths(family, largest)  # type: ignore[arg-type]
        assert len(below) == 1
        assert from_depth(family, below[0]).depth == below[0] < largest  # type: ignore[arg-type]
        above = nearest_depths(family, smallest_depth(family))  # type: ignore[arg-type]
        assert len(above) == 1
        assert from_depth(family, above[0]).depth == above[0] > smallest_depth(family)  # type: ignore[arg-type]
        assert sum(from_depth(family, largest).blocks) <= MAX_BLOCKS  # type: ignore[arg-type]


def test_preset_depths_give_the_presets() -> None:
    for spec in (PRESETS[f"resnet{depth}"] for depth in (*IMAGENET, *CIFAR, 1001)):
        for block in ("basic", "bottleneck"):
            assert from_depth(spec.family, spec.depth, block) == spec  # type: ignore[arg-type]


def test_the_kind_of_block_asked_for_is_kept_where_it_fits() -> None:
    """164 layers are 6 x 27 + 2 and 9 x 18 + 2 (He et al. 2016, Table 4 has the latter)."""
    assert from_depth("cifar", 164, "bottleneck").blocks == (18, 18, 18)
    assert from_depth("cifar", 164, "basic").blocks == (27, 27, 27)
    assert from_depth("cifar", 29, "basic").block == "bottleneck"


@pytest.mark.parametrize(
    ("family", "depth", "layers"),
    [
        # He et al. 2015, section 4.2: 6n + 2 layers, 2n a stage; section 4.1 and Table 1: ImageNet's plain nets.
        ("cifar", 20, (6, 6, 6)),
        ("cifar", 56, (18, 18, 18)),
        ("imagenet", 18, (4, 4, 4, 4)),
        ("imagenet", 34, (6, 8, 12, 6)),
        # The VGG-like network of 15 layers keeps its stages.
        ("cifar", 15, (5, 4, 4)),
        ("cifar", 5, (1, 1, 1)),
    ],
)
def test_single_layers_of_any_depth(family: Family, depth: int, layers: tuple[int, ...]) -> None:
    spec = from_depth(family, depth, "layer")
    assert (spec.block, spec.shortcut, spec.blocks, spec.depth) == ("layer", "none", layers, depth)


def test_single_layers_have_every_depth_and_stay_single_layers() -> None:
    for family in ("imagenet", "cifar"):
        low, high = smallest_depth(family, "layer"), largest_depth(family, "layer")
        for depth in [*range(low, 200), high]:
            spec = from_depth(family, depth, "layer")
            assert (spec.depth, spec.block) == (depth, "layer")
            assert min(spec.blocks) >= 1
        assert nearest_depths(family, 60, "layer") == (59, 61)
        with pytest.raises(SpecError, match=f"plain network with {low - 1} layers; try {low}"):
            from_depth(family, low - 1, "layer")
        with pytest.raises(SpecError, match=f"try {high}"):
            from_depth(family, high + 1, "layer")


@pytest.mark.parametrize("name", ["resnet20", "resnet56", "resnet34"])
def test_a_plain_network_and_its_residual_twin_lead_back_to_each_other(name: str) -> None:
    spec = PRESETS[name]
    assert spec.twin().depth == spec.depth
    assert residual_twin(spec.twin(), spec.shortcut) == spec


def test_layers_that_can_not_be_paired_are_named() -> None:
    with pytest.raises(SpecError, match="layer1 has 5") as refused:
        residual_twin(PRESETS["vgg_narrow"], "A")
    assert_one_sentence(refused.value)
    even = PRESETS["vgg_narrow"].with_(blocks=(4, 4, 4))
    twin = residual_twin(even, "A")
    assert (twin.blocks, twin.block, twin.depth, twin.downsampling) == ((2, 2, 2), "basic", 14, "pool")
    blocks = PRESETS["resnet50"].twin()
    assert residual_twin(blocks, "B") == PRESETS["resnet50"]
