"""Networks are recognised from names and shapes alone, whoever named them."""

from __future__ import annotations

import random
import re
import time
from typing import Any

import pytest

from explorer.networks.catalog import PRESETS
from explorer.networks.families.densenet import DenseNetSpec
from explorer.networks.families.mlp import MlpSpec
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.operations import parameter_shapes
from explorer.networks.recognition import Recognition, compare, recognise
from explorer.networks.spec import NetworkSpec
from tests.networks.foreign_efficientnet import LUKEMELAS, TIMM, Renaming, vgg_timm
from tests.networks.foreign_names import DENSENETS, RESNETS

Shapes = dict[str, tuple[int, ...]]
NO_PARAMETERS = {"resnet110_scale", "resnet110_scale_both", "resnet110_dropout"}
"""Variants of the shortcut that leave no trace in a file."""


def of(name: str) -> Shapes:
    return parameter_shapes(PRESETS[name])


def assert_found(found: Recognition, name: str) -> None:
    """The preset is among the networks found, and all of its entries have their place."""
    matching = [each for each in found.candidates if each.spec.same_architecture(PRESETS[name])]
    assert matching, found.nearest and (found.nearest.missing[:5], found.nearest.unexpected[:5])
    assert matching[0].spec.in_channels == PRESETS[name].in_channels
    assert matching[0].spec.classes == PRESETS[name].classes
    wanted = {key for key in of(name) if not key.endswith("num_batches_tracked")}
    assert wanted <= set(matching[0].names.values())


@pytest.mark.parametrize("name", sorted(PRESETS.keys() - NO_PARAMETERS))
def test_every_preset_is_recognised_by_its_own_names(name: str) -> None:
    assert_found(recognise(of(name)), name)


@pytest.mark.parametrize("name", sorted(NO_PARAMETERS))
def test_what_leaves_no_trace_is_found_where_it_is_open(name: str) -> None:
    assert not [each for each in recognise(of(name)).candidates if each.spec == PRESETS[name]]
    assert recognise(of(name), PRESETS[name]).candidates[0].spec == PRESETS[name]


@pytest.mark.parametrize(("repository", "name"), [(key, name) for key, (_, names) in RESNETS.items() for name in names])
def test_residual_networks_of_other_repositories(repository: str, name: str) -> None:
    rename, _ = RESNETS[repository]
    foreign = rename(of(name))
    assert len(foreign) == len(set(foreign)) > 0
    assert_found(recognise(foreign), name)


@pytest.mark.parametrize(
    ("repository", "name"), [(key, name) for key, (_, names) in DENSENETS.items() for name in names]
)
def test_densenets_of_other_repositories(repository: str, name: str) -> None:
    foreign = DENSENETS[repository][0](of(name))
    assert len(foreign) == len(of(name))
    assert repository == "torchvision" or foreign.keys() != of(name).keys()
    assert_found(recognise(foreign), name)


@pytest.mark.parametrize("rename", [TIMM, LUKEMELAS], ids=["timm", "lukemelas"])
@pytest.mark.parametrize("scale", range(8))
def test_efficientnets_of_other_repositories(scale: int, rename: Renaming) -> None:
    name = f"efficientnet_b{scale}"
    foreign = rename(of(name))
    assert len(foreign) == len(of(name))
    assert not foreign.keys() & of(name).keys()
    found = recognise(foreign)
    assert_found(found, name)
    first = found.candidates[0]
    assert {own: foreign[key] for key, own in first.names.items()} == of(name)


@pytest.mark.parametrize("name", ["vgg11", "vgg16_bn", "vgg19"])
def test_vggs_of_timm(name: str) -> None:
    assert_found(recognise(vgg_timm(of(name))), name)


@pytest.mark.parametrize("numbers", [(1, 28), (3, 32), (5, 10)])
def test_the_picture_of_an_mlp_is_told_by_its_first_layer(numbers: tuple[int, int]) -> None:
    for spec in (MlpSpec(8, 16, "identity", *numbers, 7), MlpSpec(9, 16, "none", *numbers, 7)):
        assert recognise(parameter_shapes(spec), MlpSpec()).candidates[0].spec == spec
    both = MlpSpec(8, 16, "identity", 3, 32).with_(in_channels=3, side=16)
    assert len(recognise(parameter_shapes(both)).candidates) == 1


@pytest.mark.parametrize(
    "name", ["resnet20", "resnext29_8x64d", "plain20", "densenet40_12", "vgg11", "efficientnet_b0", "mlp20_64"]
)
def test_mutated_names_and_shapes_never_raise(name: str) -> None:
    generator = random.Random(name)
    whole = list(of(name).items())
    for _ in range(25):
        mutated = dict(whole[: generator.randrange(1, len(whole))] if generator.random() < 0.3 else whole)
        for _ in range(generator.randrange(1, 6)):
            key, shape = generator.choice(whole)
            mutated.pop(key, None)
            key = re.sub(r"\d", lambda _: str(generator.choice((0, 1, 3, 9, 10**4))), key, count=generator.randrange(3))
            mutated[key] = tuple(generator.choice((0, 1, 2, side, 10**9)) for side in shape)[: generator.randrange(6)]
        found = recognise(mutated, PRESETS[name])
        assert all(candidate.fits for candidate in found.candidates)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "module.backbone.", "my_network."])
def test_prefixes_of_wrappers(prefix: str) -> None:
    found = recognise({prefix + key: shape for key, shape in of("resnet50").items()})
    assert_found(found, "resnet50")
    assert found.candidates[0].names[f"{prefix}conv1.weight"] == "conv1.weight"


def test_the_usual_one_comes_first_and_the_others_are_offered() -> None:
    specs = [each.spec for each in recognise(of("resnet50_v1")).candidates]
    assert specs[:2] == [PRESETS["resnet50"], PRESETS["resnet50_v1"]]
    assert {spec.order for spec in specs if isinstance(spec, ResNetSpec)} == {
        "original", "bn-after", "relu-before", "relu-only"
    }  # fmt: skip
    assert [each.spec for each in recognise(of("preresnet110")).candidates] == [PRESETS["preresnet110"]]


def test_what_is_open_comes_first_where_it_fits() -> None:
    asked = PRESETS["resnet50_v1"].with_(side=160, classes=7)
    specs = [each.spec for each in recognise(of("resnet50"), asked).candidates]
    assert specs[0] == PRESETS["resnet50_v1"].with_(side=160)
    assert len(specs) == len(set(specs)) == len(recognise(of("resnet50")).candidates)


@pytest.mark.parametrize("family", ["imagenet", "cifar"])
@pytest.mark.parametrize("block", ["basic", "bottleneck"])
@pytest.mark.parametrize("shortcut", ["A", "B", "C"])
@pytest.mark.parametrize("order", ["original", "pre-activation"])
def test_any_blocks_widths_options_channels_and_classes(family: Any, block: Any, shortcut: Any, order: Any) -> None:
    blocks = (1, 3, 2, 1) if family == "imagenet" else (2, 1, 4)
    spec = ResNetSpec(
        family, blocks, block, shortcut, in_channels=2, side=32, classes=5, width=12, order=order, stem_width=8
    )
    assert recognise(parameter_shapes(spec), ResNetSpec(family, blocks, side=32)).candidates[0].spec == spec


def test_shortcut_options_of_single_blocks() -> None:
    spec = PRESETS["resnet20"].with_(shortcut="B", shortcuts=(("layer1.1", "C"), ("layer2.0", "A")))
    assert recognise(parameter_shapes(spec)).candidates[0].spec == spec


def test_cardinality_and_width_of_groups() -> None:
    spec = ResNetSpec("cifar", (2, 1, 2), "bottleneck", side=32, classes=10, width=16, groups=4, base_width=32)
    assert recognise(parameter_shapes(spec)).candidates[0].spec == spec


def test_the_nearest_and_how_far_it_is() -> None:
    shapes = of("resnet50")
    del shapes["layer2.1.bn1.bias"]
    shapes |= {"layer1.0.se.fc1.weight": (16, 256, 1, 1), "fc.bias": (999,)}
    found = recognise(shapes)
    assert not found.candidates
    assert found.nearest is not None
    assert found.nearest.spec.name == "ResNet-50"
    assert found.nearest.missing == ("layer2.1.bn1.bias",)
    assert found.nearest.unexpected == ("layer1.0.se.fc1.weight",)
    assert [(one.key, one.shape, one.wanted) for one in found.nearest.misshapen] == [("fc.bias", (999,), (1000,))]
    assert found.nearest.distance == 3


def test_counters_may_be_missing_and_counted_operations_are_passed_over() -> None:
    shapes = {key: shape for key, shape in of("resnet20").items() if "num_batches" not in key}
    assert_found(recognise({**shapes, "total_ops": (1,), "layer1.total_params": (1,)}), "resnet20")


def test_two_networks_in_one_file_are_told() -> None:
    shapes = of("resnet20")
    both = {f"{net}.{key}": shape for net in ("model", "network") for key, shape in shapes.items()}
    found = recognise(both)
    assert not found.candidates
    clash = compare(both, PRESETS["resnet20"]).clashes[0]
    assert (clash.first, clash.second, clash.name) == ("model.conv1.weight", "network.conv1.weight", "conv1.weight")


@pytest.mark.parametrize(
    "shapes",
    [
        {}, {"weight": (3,)}, {"conv1.weight": ()}, {"conv1.weight": (0, 0, 0, 0)}, {"conv1.weight": (4, 3, 3, 3)},
        {"conv1.weight": (4, 3, 3, 3), "layer1.0.conv1.weight": (4, 4, 3, 3)},
        {"conv1.weight": (4, 3, 3, 3), "layer9999.0.conv1.weight": (4, 4, 3, 3)},
        {"conv1.weight": (4, 3, 3, 3), "layer1.0.conv1.weight": (4, 4, 3, 3), "layer1.9999.bn1.bias": (4,)},
        {"layer1.0.conv1.weight": (0, 0, 3, 3), "conv1.weight": (4, 3, 3, 3), "layer1.0.conv3.weight": (0, 1, 1, 1)},
        {"conv1.weight": (10**12, 10**12, 7, 7), "layer1.0.conv1.weight": (10**12, 4, 3, 3), "fc.weight": (0, 0)},
    ],
)  # fmt: skip
def test_what_is_no_network_is_none(shapes: Shapes) -> None:
    assert not recognise(shapes).candidates


def test_deep_networks_are_recognised_within_a_second() -> None:
    for name in ("resnet1202", "preresnet1001"):
        shapes = RESNETS["akamaster"][0](of(name))
        began = time.process_time()
        assert_found(recognise(shapes), name)
        assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "spec",
    [
        ResNetSpec("cifar", (2, 2, 2, 2), side=32, classes=10),
        ResNetSpec("cifar", (3, 4, 6, 3), "bottleneck", side=32, classes=100),
        DenseNetSpec((6, 12, 24, 16), 12, 24, "cifar", side=32, classes=10),
    ],
    ids=["ResNet-18", "ResNet-50", "DenseNet"],
)
def test_imagenets_stages_behind_a_small_stem(spec: NetworkSpec) -> None:
    """As kuangliu/pytorch-cifar and weiaicunzai/pytorch-cifar100 train them on CIFAR."""
    shapes = parameter_shapes(spec)
    renamings = [RESNETS["kuangliu"][0], RESNETS["weiaicunzai"][0]]
    if isinstance(spec, DenseNetSpec):
        renamings = [DENSENETS["kuangliu"][0], DENSENETS["weiaicunzai"][0]]
    for rename in renamings:
        assert recognise(rename(shapes)).candidates[0].spec == spec
