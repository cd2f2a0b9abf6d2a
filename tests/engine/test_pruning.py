"""A network without its deleted blocks says what the whole one says with them deleted."""

from __future__ import annotations

import json

import pytest
import torch

from explorer.engine.build import build
from explorer.engine.pruning import pruned_state
from explorer.errors import UserError
from explorer.networks.catalog import find
from explorer.networks.checks import SpecError
from explorer.networks.code import pytorch_code
from explorer.networks.cost import network_cost
from explorer.networks.families.densenet import DenseNetSpec
from explorer.networks.families.pruned import PrunedSpec, pruned
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import Lesion
from explorer.networks.operations import parameter_shapes
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import SPECS, TINY, network_of, pictures, settled
from tests.engine.test_code import SMALL, Make, built

DENSE = DenseNetSpec((2, 3, 2, 2), 4, 8, side=40, classes=5)
DENSE_CIFAR = DenseNetSpec((2, 3, 2), 4, 8, "cifar", 0, 1.0, side=16, classes=5)
DENSE_BC = DenseNetSpec((3, 3, 2), 4, 8, "cifar", 2, 0.5, side=16, classes=5)


def check(spec: NetworkSpec, lesion: Lesion, make: Make = network_of) -> NetworkSpec:
    """That network, written code and opened spec of what remains answer as the whole one with the lesion."""
    whole = make(spec, 1)
    x = pictures(spec, 2)
    with torch.no_grad():
        expected = whole(x, lesion.checked(spec))
    small, state = pruned_state(whole, lesion)
    assert NetworkSpec.from_json(small.to_json()) == small == NetworkSpec.from_json(small.to_short_json())
    network = build(small, None)
    network.load_state_dict(state, strict=True)
    theirs = built(pytorch_code(small), small)
    theirs.load_state_dict(state, strict=True)
    scale = expected.abs().max()
    with torch.no_grad():
        for one in (network, theirs):
            assert (one(x) - expected).abs().max() <= 2e-5 * scale
    learned = sum(parameter.numel() for parameter in network.parameters())
    assert learned == network_cost(small).parameters <= network_cost(spec).parameters
    return small


def deletable(spec: NetworkSpec) -> list[str]:
    return [block.id for block in spec.all_blocks if not block.kept]


GATED = [name for name in SMALL if "gate" in name]


@pytest.mark.parametrize("name", sorted(SMALL))
def test_blocks_of_every_form_alone_and_all_that_can_go_but_one(name: str) -> None:
    spec = SMALL[name]
    ids = deletable(spec)
    for block in {ids[0], ids[-1], *(block.id for block in spec.all_blocks if block.downsampling and not block.kept)}:
        check(spec, Lesion(frozenset([block])))
    if len(deletable(spec)) > 1:
        check(spec, Lesion(frozenset(deletable(spec)[1:])))
        check(spec, Lesion(frozenset(deletable(spec)[:-1])))


@pytest.mark.parametrize("spec", [DENSE, DENSE_CIFAR, DENSE_BC], ids=lambda spec: spec.name)
def test_dense_layers(spec: DenseNetSpec) -> None:
    ids = spec.block_ids
    for chosen in [[one] for one in ids] + [list(ids[1:]), list(ids[:-1]), list(ids[2:5])]:
        small = check(spec, Lesion(frozenset(chosen)))
        assert isinstance(small, PrunedSpec)
        head = small.head_operations(small.all_blocks[-1].operations((1, 4, 4)).all[-1].output)
        assert small.slices == bool(spec.bottleneck)
        assert head
        if spec.bottleneck:
            assert not set(chosen) & set(small.block_ids), "the channels are gone, too"


def test_a_deleted_layer_takes_its_channels_along() -> None:
    small = pruned(DENSE, Lesion(frozenset(["layer1.0"])))
    whole, left = parameter_shapes(DENSE), parameter_shapes(small)
    path = "features.denseblock1.denselayer2.conv1.weight"
    assert whole[path][1] - left[path][1] == DENSE.growth
    assert whole["features.transition1.conv.weight"][1] - left["features.transition1.conv.weight"][1] == DENSE.growth


@pytest.mark.parametrize("name", GATED)
def test_a_gated_shortcut_stays_and_a_sentence_says_why(name: str) -> None:
    with pytest.raises(UserError, match=r"shortcut of layer1\.0 can't be left out for good, since its gate"):
        pruned(SMALL[name], Lesion(cut=frozenset(["layer1.0"])))


@pytest.mark.parametrize(
    ("name", "side", "gone"),
    [
        ("vgg11_bn", 32, ("layer5.0", "layer5.1")),
        ("efficientnet_b5", 32, ("layer3.1", "layer3.2")),
        ("densenet121", 32, ("layer1.5", "layer2.0", "layer2.7", "layer4.15")),
        ("resnext50_32x4d", 64, ("layer1.1", "layer3.0")),
    ],
)
def test_networks_of_the_catalogue(name: str, side: int, gone: tuple[str, ...]) -> None:
    small = check(find(name).with_(side=side), Lesion(frozenset(gone)), settled)
    assert len(small.block_ids) == len(find(name).block_ids) - len(gone) + (name == "resnext50_32x4d")


@pytest.mark.parametrize("name", [name for name in sorted(SMALL) if not SMALL[name].plain and name not in GATED])
def test_cut_shortcuts(name: str) -> None:
    spec = SMALL[name]
    ids = [block.id for block in spec.all_blocks if not block.uncut]
    check(spec, Lesion(cut=frozenset(ids[:1])))
    check(spec, Lesion(cut=frozenset(ids)))
    check(spec, Lesion(frozenset(ids[1:2]), frozenset(ids[2:4])))


def test_moved_blocks_take_the_names_of_their_places() -> None:
    for spec in (TINY.with_(blocks=(3, 3, 3)), SPECS["VGG-like"], ResNetSpec("cifar", (3, 3, 3), widths="same")):
        small_side = spec.with_(side=12, width=4, classes=5)
        first, last = small_side.stages[1].blocks[1].id, small_side.stages[1].blocks[-1].id
        lesion = Lesion().swapped(small_side, first, last) if first != last else Lesion()
        assert check(small_side, lesion) == small_side
        check(small_side, Lesion(frozenset([last]), order=lesion.order))


def test_what_remains_can_lose_more() -> None:
    spec = TINY.with_(blocks=(3, 3, 3))
    once, state = pruned_state(network_of(spec, 1), Lesion(frozenset(["layer1.1"])))
    network = build(once, None)
    network.load_state_dict(state)
    twice, state = pruned_state(network, Lesion(frozenset(["layer3.2"]), frozenset(["layer2.1"])))
    assert twice == pruned(spec, Lesion(frozenset(["layer1.1", "layer3.2"]), frozenset(["layer2.1"])))
    again = build(twice, None)
    again.load_state_dict(state, strict=True)
    x = pictures(spec, 2)
    lesion = Lesion(frozenset(["layer1.1", "layer3.2"]), frozenset(["layer2.1"]))
    with torch.no_grad():
        assert torch.allclose(again(x), network_of(spec, 1)(x, lesion), atol=1e-5)


def test_what_is_wrong_is_told() -> None:
    base = TINY.to_fields()
    for fields, words in (
        ({"base": base, "deleted": ["layer9.9"]}, "has no block"),
        ({"base": base, "deleted": []}, "Nothing is left out"),
        ({"base": base, "deleted": "layer1.1"}, "must be a list"),
        ({"base": base, "deleted": [3]}, "must be a list"),
        ({"base": 3}, "must be a whole network"),
        ({"deleted": ["layer1.1"]}, "must be a whole network"),
        ({"base": base, "deletd": []}, "unknown fields"),
        ({"base": {"family": "pruned", "base": base, "deleted": ["layer1.1"]}, "deleted": []}, "must be a whole"),
        ({"base": base, "deleted": ["layer1.1"], "cut": ["layer1.1"]}, "at once"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=words):
            NetworkSpec.from_json(json.dumps({"family": "pruned", **fields}))
    plain = find("mlp8_16")
    with pytest.raises(SpecError, match="Nothing would remain"):
        pruned(plain, Lesion(frozenset(plain.block_ids)))
    small = pruned(TINY, Lesion(frozenset(["layer2.0"])))
    with pytest.raises(UserError, match="only its shortcut is left"):
        Lesion(frozenset(["layer2.0"])).checked(small)
    with pytest.raises(SpecError, match="no plain twin"):
        small.twin()


def test_its_name_and_its_other_forms() -> None:
    small = pruned(find("resnet110"), Lesion(frozenset(["layer2.1", "layer2.2", "layer3.4"])))
    assert small.name == "ResNet-110 without 3 blocks"
    assert small.depth == 104
    other = small.with_(classes=7, in_channels=1)
    assert (other.classes, other.in_channels) == (7, 1)
    assert small.same_architecture(other)
    assert not small.same_architecture(find("resnet110"))
