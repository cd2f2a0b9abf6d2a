"""The modules against torchvision, and deletion against a slow, obvious implementation."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest
import torch
import torchvision
from torch import Tensor, nn

from explorer.engine.modules import Block, Network
from explorer.engine.tracks import Subsampling
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import INTACT, Lesion, by_id, exchangeable, lesion
from explorer.networks.spec import BlockSpec, NetworkSpec
from tests.engine.networks import SPECS, network_of, pictures

TORCHVISION = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")


@pytest.mark.parametrize("name", TORCHVISION)
def test_logits_are_torchvisions(name: str) -> None:
    """With one state dict, taken over as it is in both directions, at 64 px (ResNet-18: at 224 px)."""
    spec = PRESETS[name]
    ours = network_of(spec)
    theirs = torchvision.models.get_model(name, weights=None).eval()
    state = ours.state_dict()
    assert set(state) == set(theirs.state_dict())
    assert all(state[key].shape == value.shape for key, value in theirs.state_dict().items())
    theirs.load_state_dict(state, strict=True)
    x = torch.randn(2, 3, 224 if name == "resnet18" else 64, 224 if name == "resnet18" else 64)
    with torch.inference_mode():
        expected, found = theirs(x), ours(x)
    assert expected.std() > 0.1, "logits that are all alike would prove nothing"
    assert (expected - found).abs().max() < 1e-4


def _by_hand(
    network: Network, x: Tensor, deleted: Collection[str], cut: Collection[str] = (), order: Sequence[str] = ()
) -> Tensor:
    """A forward pass spelt out: each block in turn, y = ReLU(shortcut(x) + F(x)), F = 0 where deleted, the shortcut 0
    where cut; pre-activated without that ReLU; a plain one without a shortcut, unless it is deleted."""
    spec = network.spec
    x = torch.relu(network.bn1(network.conv1(x)))
    if spec.family == "imagenet":
        x = nn.functional.max_pool2d(x, 3, 2, 1)
    ids = [f"layer{stage}.{number}" for stage, count in enumerate(spec.blocks, 1) for number in range(count)]
    for place, name in zip(ids, order or ids, strict=True):
        block = network.get_submodule(name)
        if spec.downsampling == "pool" and place.endswith(".0") and place != "layer1.0":
            x = nn.functional.max_pool2d(x, kernel_size=2, stride=2)
        by_hand = _preactivated_by_hand if spec.order == "pre-activation" else _original_by_hand
        branch, shortcut = by_hand(block, x, by_id(spec)[name])
        if spec.shortcut == "none" and name not in deleted:
            shortcut = torch.zeros(())
        y = (0 if name in deleted else branch) + (0 if name in cut else shortcut)
        x = y if spec.order == "pre-activation" else torch.relu(y)
    if spec.order == "pre-activation":
        x = torch.relu(network.bn(x))
    return network.fc(x.mean((2, 3)))


def _original_by_hand(block: nn.Module, x: Tensor, spec: BlockSpec) -> tuple[Tensor, Tensor]:
    y = block.bn1(block.conv1(x))
    if hasattr(block, "conv2"):
        y = block.bn2(block.conv2(torch.relu(y)))
    if hasattr(block, "conv3"):
        y = block.bn3(block.conv3(torch.relu(y)))
    return y, _shortcut_by_hand(block, x, spec)


def _preactivated_by_hand(block: nn.Module, x: Tensor, spec: BlockSpec) -> tuple[Tensor, Tensor]:
    activated = torch.relu(block.bn1(x)) if hasattr(block, "bn1") else x
    y = block.conv2(torch.relu(block.bn2(block.conv1(activated))))
    if hasattr(block, "conv3"):
        y = block.conv3(torch.relu(block.bn3(y)))
    projected = hasattr(block, "downsample")
    return y, block.get_submodule("downsample.0")(activated) if projected else _shortcut_by_hand(block, x, spec)


def _shortcut_by_hand(block: nn.Module, x: Tensor, spec: BlockSpec) -> Tensor:
    if hasattr(block, "downsample"):
        return block.get_submodule("downsample.1")(block.get_submodule("downsample.0")(x))
    if spec.stride == 1 and spec.in_channels == spec.out_channels:
        return x
    side = (x.shape[2] + 1) // 2 if spec.stride == 2 else x.shape[2]
    y = torch.zeros(len(x), spec.out_channels, side, side)
    for row in range(side):
        for column in range(side):
            y[:, : x.shape[1], row, column] = x[:, :, spec.stride * row, spec.stride * column]
    return y


def _choices(spec: NetworkSpec) -> list[set[str]]:
    """Nothing, each block alone, neighbours, all blocks of a stage, everything."""
    ids = spec.block_ids
    pairs = [set(ids[index : index + 2]) for index in range(len(ids) - 1)]
    return [set(), *({name} for name in ids), *pairs, {name for name in ids if name.startswith("layer2")}, set(ids)]


@pytest.mark.parametrize("name", SPECS)
def test_deletion_is_what_the_slow_way_gives(name: str) -> None:
    network = network_of(SPECS[name])
    x = pictures(SPECS[name], 3)
    with torch.inference_mode():
        intact = network(x)
        for deleted in _choices(SPECS[name]):
            found, expected = network(x, Lesion(frozenset(deleted))), _by_hand(network, x, deleted)
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
            assert bool(deleted) == bool((found - intact).abs().max() > 1e-4), f"deleting {deleted} changed nothing"


@pytest.mark.parametrize("name", SPECS)
def test_deleting_nothing_is_bit_identical(name: str) -> None:
    network = network_of(SPECS[name])
    x = pictures(SPECS[name], 2)
    with torch.inference_mode():
        y = network.stem(x)
        for block_id, block in network.blocks():
            pooled = name == "VGG-like" and block_id in ("layer2.0", "layer3.0")
            y = block(nn.functional.max_pool2d(y, 2) if pooled else y)
        expected = network.head(y)
        for deleted in ((), set(), frozenset(), []):
            assert torch.equal(network(x, Lesion(frozenset(deleted))), expected)


def test_a_deleted_identity_block_hands_on_what_came_in() -> None:
    network = network_of(SPECS["basic B"])
    x = torch.rand(2, 4, 6, 6)
    kept = x.clone()
    with torch.inference_mode():
        assert torch.equal(dict(network.blocks())["layer1.1"](x, "deleted"), kept)
        dict(network.blocks())["layer1.1"](x, "whole")
    assert torch.equal(x, kept), "a block must not write into its input"


@pytest.mark.parametrize("name", SPECS)
def test_no_block_writes_into_its_input(name: str) -> None:
    network = network_of(SPECS[name])
    with torch.inference_mode():
        x = network.stem(pictures(SPECS[name], 2))
        for _, block in network.blocks():
            for deleted in (False, True):
                before = x.clone()
                block(x, "deleted" if deleted else "whole")
                assert torch.equal(x, before)
            x = block(x)


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if not spec.plain])
def test_cutting_is_what_the_slow_way_gives(name: str) -> None:
    network = network_of(SPECS[name])
    x = pictures(SPECS[name], 3)
    with torch.inference_mode():
        intact = network(x)
        for cut in _choices(SPECS[name])[1:]:
            found = network(x, lesion(SPECS[name], cut=cut))
            torch.testing.assert_close(found, _by_hand(network, x, (), cut), rtol=1e-4, atol=1e-5)
            assert (found - intact).abs().max() > 1e-4, f"cutting {cut} changed nothing"
        assert torch.equal(network(x), intact), "restored, bit for bit"


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if exchangeable(spec)])
def test_another_order_is_what_the_slow_way_gives(name: str) -> None:
    spec = SPECS[name]
    network = network_of(spec)
    x = pictures(spec, 3)
    group = exchangeable(spec)[-1]
    moved = INTACT.swapped(spec, group[0], group[-1])
    with torch.inference_mode():
        intact = network(x)
        for deleted in ((), group[:1]):
            found = network(x, Lesion(frozenset(deleted), order=moved.order))
            expected = _by_hand(network, x, deleted, order=moved.order)
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
            assert (found - intact).abs().max() > 1e-4
        assert torch.equal(network(x, Lesion(order=spec.block_ids)), intact), "the network's own order changes nothing"


def test_deletion_is_no_state() -> None:
    network = network_of(SPECS["basic B"])
    x = pictures(SPECS["basic B"], 2)
    with torch.inference_mode():
        before = network(x)
        network(x, Lesion(frozenset({"layer1.0", "layer2.0"})))
        assert torch.equal(network(x), before)


@pytest.mark.parametrize(("side", "stride"), [(8, 2), (7, 2), (1, 2), (5, 1)])
def test_option_a_takes_every_second_position_and_fills_up_with_zeros(side: int, stride: int) -> None:
    """He et al. 2015, section 3.3."""
    x = torch.randn(2, 3, side, side)
    y = Subsampling(3, 7, stride)(x)
    kept = range(0, side, stride)
    assert y.shape == (2, 7, len(kept), len(kept))
    for row, source_row in enumerate(kept):
        for column, source_column in enumerate(kept):
            assert torch.equal(y[:, :3, row, column], x[:, :, source_row, source_column])
    assert not y[:, 3:].any()


def test_blocks_stand_in_order_with_their_ids() -> None:
    network = network_of(SPECS["bottleneck B"])
    pairs = list(network.blocks())
    assert tuple(block_id for block_id, _ in pairs) == SPECS["bottleneck B"].block_ids
    for block_id, block in pairs:
        assert isinstance(block, Block)
        own = {f"{block_id}.{name}": module for name, module in network.get_submodule(block_id).named_modules()}
        assert block.modules
        assert all(own[name] is module for name, module in block.modules.items())


def test_gradients_reach_every_weight() -> None:
    """What runs in place must not spoil training."""
    for spec in SPECS.values():
        network = network_of(spec).train()
        network(pictures(spec, 4)).square().sum().backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name
