"""Building: initial values, seeds, and networks without memory."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from explorer.engine.build import build, build_empty, build_untrained
from explorer.networks.catalog import PRESETS
from explorer.networks.families.resnet import ResNetSpec
from tests.engine.networks import SPECS, TINY


def test_initial_weights_are_those_of_he_et_al() -> None:
    """Normal with deviation sqrt(2 / (k * k * channels out)) (arXiv:1502.01852, equation 14, over the outputs); batch
    norms start at 1 and 0."""
    network = build(PRESETS["resnet18"])
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 10_000:
            side, _ = module.kernel_size
            expected = math.sqrt(2 / (side * side * module.out_channels))
            assert float(module.weight.detach().std()) == pytest.approx(expected, rel=0.03)
            assert abs(float(module.weight.detach().mean())) < 4 * expected / math.sqrt(module.weight.numel())
        if isinstance(module, nn.BatchNorm2d):
            assert bool((module.weight == 1).all())
            assert not module.bias.any()


def test_a_seed_gives_the_same_network_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    states = [build(TINY, seed).state_dict() for seed in (0, 0, 1)]
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert not torch.equal(states[0]["conv1.weight"], states[2]["conv1.weight"])


@pytest.mark.parametrize("name", SPECS)
def test_the_network_without_memory_has_the_same_names_and_shapes(name: str) -> None:
    empty, real = build_empty(SPECS[name]).state_dict(), build(SPECS[name], None).state_dict()
    assert {key: value.shape for key, value in empty.items()} == {key: value.shape for key, value in real.items()}
    assert all(value.is_meta for value in empty.values())


def test_networks_come_in_eval_mode() -> None:
    for network in (build(TINY), build(TINY, None), build_empty(TINY)):
        assert not any(module.training for module in network.modules())


@pytest.mark.parametrize("channels", [1, 2, 4, 13])
def test_any_number_of_channels_and_classes(channels: int) -> None:
    spec = ResNetSpec("cifar", (1, 1, 1), in_channels=channels, side=8, classes=3, width=2)
    assert build(spec)(torch.zeros(2, channels, 8, 8)).shape == (2, 3)


def test_the_smallest_map_of_the_imagenet_family() -> None:
    spec = ResNetSpec("imagenet", (1, 1, 1, 1), side=8, classes=2, width=2)
    assert build(spec)(torch.zeros(1, *spec.input_shape)).shape == (1, 2)


def test_an_untrained_network_of_any_depth_gives_numbers() -> None:
    """A fresh batch norm lets activations double with every block: 2^600 is more than float32 holds."""
    spec = PRESETS["resnet1202"].with_(width=4, side=16)
    x = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert not torch.isfinite(build(spec)(x)).all()
        logits = build_untrained(spec)(x)
    assert torch.isfinite(logits).all()
    assert float(logits.abs().max()) < 1000


def test_untrained_statistics_are_those_of_the_first_pass_of_training() -> None:
    spec = PRESETS["resnet20"].with_(side=16)
    network, other = build_untrained(spec, seed=3), build(spec, seed=3)
    noise = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(3))
    first = other.conv1(noise)
    torch.testing.assert_close(network.bn1.running_mean, first.mean((0, 2, 3)))
    torch.testing.assert_close(network.bn1.running_var, first.var((0, 2, 3)))
    assert network.bn1.momentum == 0.1
    assert not network.training
