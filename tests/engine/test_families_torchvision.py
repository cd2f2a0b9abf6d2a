"""Every network that torchvision has, too: what arithmetic says of it, and what it computes, against torchvision's."""

from __future__ import annotations

from functools import cache

import pytest
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import get_model_weights, list_models

from explorer.engine.build import build_empty
from explorer.engine.modules import Network
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from explorer.networks.operations import parameter_shapes
from tests.engine.networks import pictures, settled

NAMES = [name for name in PRESETS if name in list_models(torchvision.models)]
# Of torchvision 0.29's modules: parameters by counting them, MACs (convolutions and fully connected layers) for one
# image at the side that the weights were published for. They round to the parameters and "GFLOPS" of the weights enums.
COUNTED = {
    "resnext50_32x4d": (25_028_904, 224, 4_230_479_872),
    "resnext101_32x8d": (88_791_336, 224, 16_414_015_488),
    "resnext101_64x4d": (83_455_272, 224, 15_460_270_080),
    "wide_resnet50_2": (68_883_240, 224, 11_398_021_120),
    "wide_resnet101_2": (126_886_696, 224, 22_753_050_624),
    "vgg16": (138_357_544, 224, 15_470_264_320),
    "vgg16_bn": (138_365_992, 224, 15_470_264_320),
    "vgg19": (143_667_240, 224, 19_632_062_464),
    "vgg19_bn": (143_678_248, 224, 19_632_062_464),
    "efficientnet_b0": (5_288_548, 224, 385_814_752),
    "efficientnet_b1": (7_794_184, 240, 686_802_832),
    "efficientnet_b2": (9_109_994, 288, 1_087_529_456),
    "efficientnet_b3": (12_233_232, 300, 1_827_141_392),
    "efficientnet_b4": (19_341_616, 380, 4_393_771_024),
    "efficientnet_b5": (30_389_784, 456, 10_266_384_752),
    "efficientnet_b6": (43_040_704, 528, 19_067_593_536),
    "efficientnet_b7": (66_347_960, 600, 37_745_884_192),
}


@cache
def theirs(name: str) -> nn.Module:
    """torchvision's own network, without memory."""
    with torch.device("meta"):
        return torchvision.models.get_model(name, weights=None).eval()


def test_all_that_torchvision_has_of_these_families_is_here() -> None:
    families = ("resnet", "wide_resnet", "resnext", "vgg", "efficientnet_b")
    assert {name for name in list_models(torchvision.models) if name.startswith(families)} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_names_and_shapes_of_parameters_are_torchvisions(name: str) -> None:
    expected = {key: tuple(value.shape) for key, value in theirs(name).state_dict().items()}
    assert parameter_shapes(PRESETS[name]) == expected
    assert {key: tuple(value.shape) for key, value in build_empty(PRESETS[name]).state_dict().items()} == expected
    counted = sum(value.numel() for value in theirs(name).parameters())
    assert network_cost(PRESETS[name]).parameters == counted


@pytest.mark.parametrize("name", NAMES)
def test_macs_and_shapes_are_those_of_a_pass(name: str) -> None:
    """PyTorch's own counter counts two operations for each multiply-add."""
    spec = PRESETS[name]
    network, cost = build_empty(spec), network_cost(PRESETS[name])
    x = torch.empty(1, *spec.input_shape, device="meta")
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        x = network.stem(x)
        shapes = [tuple(x.shape[1:])]
        for block_id, block in network.blocks():
            x = block(network.enter(block_id, x))
            shapes.append(tuple(x.shape[1:]))
        assert network.head(x).shape == (1, spec.classes)
    assert shapes == [part.output for part in (cost.stem, *cost.blocks)]
    assert counter.get_total_flops() == 2 * cost.macs


@pytest.mark.parametrize("name", COUNTED)
def test_published_figures(name: str) -> None:
    parameters, side, macs = COUNTED[name]
    cost = network_cost(PRESETS[name].with_(side=side))
    assert (cost.parameters, cost.macs) == (parameters, macs)
    for entry in get_model_weights(name):
        if entry.meta["categories"] is not None and entry.transforms().crop_size == [side]:
            assert entry.meta["num_params"] == parameters
            assert round(macs / 1e9, 3) == entry.meta["_ops"]


def torchvision_of(network: Network, name: str) -> nn.Module:
    """torchvision's network, sharing all numbers with ours."""
    with torch.device("meta"):
        module = torchvision.models.get_model(name, weights=None, num_classes=network.spec.classes).eval()
    module.load_state_dict(network.state_dict(), strict=True, assign=True)
    return module


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("resnext50_32x4d", 64),
        ("wide_resnet50_2", 64),
        ("vgg11", 32),
        ("vgg13_bn", 48),
        ("vgg16_bn", 64),
        ("efficientnet_b0", 64),
        ("efficientnet_b0", 75),
        ("efficientnet_b1", 48),
        ("efficientnet_b3", 32),
        ("efficientnet_b5", 32),
    ],
)
def test_logits_are_torchvisions(name: str, side: int) -> None:
    """With one state dict, taken over as it is, and the batch norms' statistics drawn."""
    network = settled(PRESETS[name].with_(side=side, classes=12))
    module = torchvision_of(network, name)
    x = pictures(network.spec, 3)
    with torch.inference_mode():
        expected, found = module(x), network(x)
    assert expected.std(0).min() > 1e-3 * expected.abs().max(), "logits that are all alike would prove nothing"
    assert (expected - found).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize("name", ["vgg11_bn", "efficientnet_b1"])
def test_training_passes_are_torchvisions(name: str) -> None:
    """With dropout and stochastic depth from the same generator: gradients and running statistics, too."""
    network = settled(PRESETS[name].with_(side=32, classes=4))
    module = torchvision_of(network, name)
    for each in module.modules():  # each pass has running statistics of its own to change
        for key, value in list(each.named_buffers(recurse=False)):
            each.register_buffer(key, value.clone())
    x = pictures(network.spec, 4)
    results = []
    for each in (network, module):
        each.train()
        torch.manual_seed(3)
        loss = nn.functional.cross_entropy(each(x), torch.tensor([0, 1, 2, 3]))
        weights = {key: value for key, value in each.named_parameters() if value.numel() < 2**20}
        gradients = torch.autograd.grad(loss, list(weights.values()))
        results.append((loss.item(), dict(zip(weights, gradients, strict=True))))
    (ours, found), (expected, wanted) = results
    assert ours == pytest.approx(expected, rel=1e-5)
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        assert (found[key] - value).abs().max() <= 1e-3 * value.abs().max() + 1e-6, key
    state = dict(module.named_buffers())
    assert all(torch.allclose(value, state[key], atol=1e-5) for key, value in network.named_buffers())


@pytest.mark.parametrize("name", ["vgg11", "vgg11_bn", "efficientnet_b0"])
def test_other_inputs_and_classes(name: str) -> None:
    """Of torchvision's modules only the first convolution is made anew."""
    spec = PRESETS[name].with_(in_channels=1, side=32, classes=7)
    network = settled(spec)
    usual = {key: tuple(value.shape) for key, value in theirs(name).state_dict().items()}
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert shapes == parameter_shapes(spec)
    assert list(shapes) == list(usual)
    first, last = next(iter(usual)), list(usual)[-2:]
    assert {key for key in usual if usual[key] != shapes[key]} == {first, *last}
    logits = network(pictures(spec, 2))
    assert logits.shape == (2, 7)
    # A grey picture through the summed kernels is the same picture in three channels through the kernel itself.
    wide = settled(spec.with_(in_channels=3))
    with torch.no_grad():
        network.load_state_dict(
            {k: v.sum(1, keepdim=True) if k == first else v for k, v in wide.state_dict().items()}
        )  # fmt: skip
        x = pictures(spec, 2)
        expected = wide(x.repeat(1, 3, 1, 1))
        assert (network(x) - expected).abs().max() <= 1e-3 * expected.abs().max()
