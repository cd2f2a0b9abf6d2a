"""Deleting, cutting and moving in VGG and EfficientNet, against torchvision's modules with blocks taken out."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from explorer.engine.modules import Network
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import INTACT, Lesion, exchangeable, lesion
from tests.engine.networks import pictures, settled
from tests.engine.test_families_torchvision import torchvision_of


def _vgg_without(module: nn.Module, path: str, layer: int) -> None:
    """Take a convolution, its batch norm if any, and its ReLU out of torchvision's row."""
    first = int(path.rpartition(".")[2])
    for index in range(first, first + layer):
        module.features[index] = nn.Identity()


def _mbconv_without(module: nn.Module, path: str) -> None:
    """F := 0, by a last batch norm that makes zero of everything."""
    block = module.get_submodule(path)
    block.block[-1][1].weight = nn.Parameter(torch.zeros_like(block.block[-1][1].weight))
    block.block[-1][1].bias = nn.Parameter(torch.zeros_like(block.block[-1][1].bias))


def _same(network: Network, module: nn.Module, x: Tensor, done: Lesion) -> None:
    with torch.inference_mode():
        intact, expected, found = network(x), module(x), network(x, done)
        y = x
        for step in network.steps(done):
            y = step(y)
    scale = expected.abs().max()
    assert (found - expected).abs().max() <= 1e-5 * scale
    assert torch.equal(y, found)
    assert (intact - found).abs().max() > 1e-3 * scale, "the lesion must matter"


@pytest.mark.parametrize("name", ["vgg16", "vgg11_bn"])
def test_deleted_layers_of_vgg_pass_their_input_on(name: str) -> None:
    """Even the first of a stage, behind its max pool."""
    spec = PRESETS[name].with_(side=64, classes=6)
    network, x = settled(spec), pictures(spec, 2)
    free = [block for block in spec.all_blocks if not block.kept]
    assert any(block.pooled for block in free)
    for chosen in ([free[0]], [free[-1]], [block for block in free if block.pooled], free):
        module = torchvision_of(network, name)
        for block in chosen:
            _vgg_without(module, block.path, 3 if spec.norm else 2)
        _same(network, module, x, lesion(spec, [block.id for block in chosen]))


def test_moved_layers_of_vgg_leave_the_pools_where_they_are() -> None:
    spec = PRESETS["vgg16_bn"].with_(side=64, classes=6)
    network, x = settled(spec), pictures(spec, 2)
    module = torchvision_of(network, "vgg16_bn")
    rows = {block.id: int(block.path.rpartition(".")[2]) for block in spec.all_blocks}
    for step in range(3):
        one, other = rows["layer4.2"] + step, rows["layer5.0"] + step
        module.features[one], module.features[other] = module.features[other], module.features[one]
    _same(network, module, x, INTACT.swapped(spec, "layer4.2", "layer5.0"))


@pytest.mark.parametrize("name", ["efficientnet_b0", "efficientnet_b2"])
def test_deleted_blocks_of_efficientnet_are_the_identity(name: str) -> None:
    spec = PRESETS[name].with_(side=64, classes=6)
    network, x = settled(spec), pictures(spec, 2)
    free = [block for block in spec.all_blocks if not block.kept]
    for chosen in ([free[0]], [free[-1]], free[::3], free):
        module = copy.deepcopy(torchvision_of(network, name))
        for block in chosen:
            _mbconv_without(module, block.path)
        _same(network, module, x, lesion(spec, [block.id for block in chosen]))


def test_cut_and_moved_blocks_of_efficientnet() -> None:
    spec = PRESETS["efficientnet_b0"].with_(side=64, classes=6)
    network, x = settled(spec), pictures(spec, 2)
    module = torchvision_of(network, "efficientnet_b0")
    for path in ("features.3.1", "features.6.3"):
        module.get_submodule(path).use_res_connect = False
    _same(network, module, x, lesion(spec, cut=["layer3.1", "layer6.3"]))
    module = torchvision_of(network, "efficientnet_b0")
    stage = module.features[6]
    stage[1], stage[3] = stage[3], stage[1]
    assert ("layer6.1", "layer6.2", "layer6.3") in exchangeable(spec)
    _same(network, module, x, INTACT.swapped(spec, "layer6.1", "layer6.3"))


def test_an_untrained_network_tells_pictures_apart() -> None:
    from explorer.engine.build import build_untrained

    spec = PRESETS["efficientnet_b0"].with_(side=64, classes=6)
    network, x = build_untrained(spec), pictures(spec, 4)
    with torch.inference_mode():
        logits = network(x)
        again = network(x)
    assert torch.equal(logits, again), "nothing is dropped outside of training"
    assert logits.isfinite().all()
    assert logits.std(0).min() > 1e-3
