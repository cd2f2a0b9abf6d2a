"""Orders of activation, shortcut variants, options of single blocks, WRN and ResNeXt, against the papers' figures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from explorer.engine import devices
from explorer.engine.build import build_empty
from explorer.engine.modules import Network
from explorer.engine.studies.folded import foldable
from explorer.networks.catalog import PRESETS, find
from explorer.networks.cost import network_cost
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import Lesion, lesion
from explorer.networks.operations import parameter_shapes
from explorer.networks.spec import NetworkSpec
from tests.engine.evaluations import COUNT, drawn_lesions, evaluator_of, gathered, plain, undecided
from tests.engine.networks import image_set, network_of, pictures
from tests.engine.residual_by_hand import SPECS, ByHand


def _settled(spec: ResNetSpec, seed: int = 0) -> Network:
    """In float64, so that only another formula can differ; gates neither open nor shut."""
    network = network_of(spec, seed).double()
    for name, parameter in network.named_parameters():
        if name.endswith("gate.bias"):
            parameter.data = torch.linspace(-1, 1, len(parameter), dtype=torch.float64)
    return network


def _lesions(spec: NetworkSpec) -> list[Lesion]:
    """Each block deleted, each cut, a neighbour deleted beside a cut one, everything deleted, everything cut."""
    ids = spec.block_ids
    alone = [lesion(spec, [block]) for block in ids] + [lesion(spec, cut=[block]) for block in ids]
    return [Lesion(), *alone, lesion(spec, ids[:2], ids[2:4]), lesion(spec, ids), lesion(spec, cut=ids)]


@pytest.mark.parametrize("name", SPECS)
def test_logits_are_those_of_the_figures(name: str) -> None:
    spec = SPECS[name]
    network, x = _settled(spec), pictures(spec, 3).double()
    by_hand = ByHand(spec, network.state_dict())
    with torch.inference_mode():
        intact = network(x)
        assert intact.std() > 0.05
        for done in _lesions(spec):
            before = x.clone()
            found, expected = network(x, done), by_hand.logits(x, done.deleted, done.cut)
            torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
            assert torch.equal(x, before)
            assert bool(done) == bool((found - intact).abs().max() > 1e-6), f"{done} changed nothing"


@pytest.mark.parametrize("name", SPECS)
def test_a_step_of_training_is_that_of_the_figures(name: str) -> None:
    """With dropout, the same values fall: the branch draws before the shortcut. Lesions where nothing is drawn."""
    spec = SPECS[name]
    network, x = _settled(spec).train(), pictures(spec, 4).double()
    by_hand = ByHand(spec, dict(network.named_parameters()), training=True)
    lesions = [Lesion()]
    if not spec.dropout and spec.variant != "dropout":  # what is deleted draws nothing
        lesions.append(lesion(spec, spec.block_ids[3:4], spec.block_ids[1:2]))
    for done in lesions:
        torch.manual_seed(3)
        logits = network(x, done)
        found = torch.autograd.grad(logits.square().sum(), list(network.parameters()), allow_unused=True)
        torch.manual_seed(3)
        expected_logits = by_hand.logits(x, done.deleted, done.cut)
        expected = torch.autograd.grad(
            expected_logits.square().sum(), list(network.parameters()), allow_unused=True, materialize_grads=True
        )
        torch.testing.assert_close(logits, expected_logits, rtol=1e-9, atol=1e-9)
        for (key, parameter), ours, theirs in zip(network.named_parameters(), found, expected, strict=True):
            ours = torch.zeros_like(parameter) if ours is None else ours
            torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-8, msg=lambda text, key=key: f"{key}: {text}")


@pytest.mark.parametrize("name", ["original A", "dropout original", "scale bn-after", "exclusive-gate B"])
def test_a_deleted_block_can_be_differentiated_in_eval_mode(name: str) -> None:
    """What runs in place must not spoil what an earlier block needs for its gradient."""
    spec = SPECS[name]
    network = _settled(spec)
    network(pictures(spec, 2).double(), lesion(spec, spec.block_ids[1:3])).sum().backward()
    assert network.get_parameter("conv1.weight").grad is not None


@pytest.mark.parametrize("name", SPECS)
def test_the_evaluator_says_what_the_plain_loop_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folded where its operations can be; the fast way, too, but for the rounding of bfloat16."""
    monkeypatch.setattr(devices, "bf16_pays", lambda device: False)
    spec = SPECS[name].with_(in_channels=1)
    network, images = undecided(spec), image_set(COUNT, spec.side)
    lesions = [*_lesions(spec), *drawn_lesions(spec, 4)]
    expected = np.array([plain(network, images, images.order(0), done)[0] for done in lesions])
    assert foldable(network) == (spec.variant not in ("exclusive-gate", "shortcut-gate"))
    exact, _ = gathered(evaluator_of(network, images), lesions)
    assert np.array_equal(exact, expected)
    fast, _ = gathered(evaluator_of(network, images, fast=True), lesions)
    assert (fast == expected).mean() > 0.999


# Published, or counted on independent modules: WRN (Zagoruyko and Komodakis 2016, Table 4, prints 2.7M, 11.0M, 36.5M,
# 8.9M and 0.6M), ResNeXt-29 (Xie et al. 2017, Table 7: 34.4M and 68.1M), PreResNet-1001 (He et al. 2016: 10.2M).
PUBLISHED = {
    "wrn16_4": (2_748_890, 392_612_352),
    "wrn16_8": (10_961_370, 1_548_145_664),
    "wrn28_10": (36_479_194, 5_243_328_768),
    "wrn40_4": (8_949_210, 1_298_582_016),
    "wrn40_1": (563_930, 83_280_512),
    "resnext29_8x64d": (34_426_698, 5_387_266_048),
    "resnext29_16x64d": (68_155_210, 10_688_866_304),
    "resnext50_32x4d": (25_028_904, 4_230_479_872),
    "resnext101_32x8d": (88_791_336, 16_414_015_488),
    "resnext101_64x4d": (83_455_272, 15_460_270_080),
    "wide_resnet50_2": (68_883_240, 11_398_021_120),
    "wide_resnet101_2": (126_886_696, 22_753_050_624),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_relatives_cost_what_is_published(name: str) -> None:
    cost = network_cost(find(name))
    assert (cost.parameters, cost.macs) == PUBLISHED[name]


def test_bottlenecks_of_the_papers_count() -> None:
    """He et al. 2016, Table 3, with projections where the shape changes (section 5): 164 and 1001 layers."""
    for depth, parameters, macs in ((164, 1_703_258, 247_646_720), (1001, 10_327_706, 1_490_995_712)):
        cost = network_cost(find(f"preresnet{depth}"))
        assert (cost.parameters, cost.macs) == (parameters, macs)


@pytest.mark.parametrize("name", SPECS)
def test_arithmetic_is_the_modules(name: str) -> None:
    assert_costs(SPECS[name])


def assert_costs(spec: NetworkSpec) -> None:
    """Parameters, names, shapes and multiply-adds by arithmetic are those of the module."""
    network, cost = build_empty(spec), network_cost(spec)
    assert {key: tuple(value.shape) for key, value in network.state_dict().items()} == parameter_shapes(spec)
    assert sum(parameter.numel() for parameter in network.parameters()) == cost.parameters
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(torch.empty(1, *spec.input_shape, device="meta"))
    assert counter.get_total_flops() == 2 * cost.macs


@pytest.mark.parametrize("name", ["resnext50_32x4d", "wide_resnet50_2"])
def test_relatives_give_torchvisions_logits(name: str) -> None:
    network = network_of(PRESETS[name])
    theirs = torchvision.models.get_model(name, weights=None).eval()
    theirs.load_state_dict(network.state_dict())
    x: Tensor = pictures(PRESETS[name].with_(side=48), 2)
    with torch.inference_mode():
        expected = theirs(x)
        assert expected.std() > 0.1
        assert (network(x) - expected).abs().max() < 1e-4


@pytest.mark.parametrize("name", ["resnext101_32x8d", "resnext101_64x4d", "wide_resnet101_2"])
def test_large_relatives_have_torchvisions_parameters(name: str) -> None:
    with torch.device("meta"):
        theirs: nn.Module = torchvision.models.get_model(name, weights=None)
    assert {key: tuple(value.shape) for key, value in theirs.state_dict().items()} == parameter_shapes(PRESETS[name])


def test_a_block_of_three_by_three_has_one_place_for_its_stride() -> None:
    """v1 and v1.5 share their parameters and differ in multiply-adds (He et al. 2015, Table 1; torchvision)."""
    late, early = network_cost(PRESETS["resnet50"]), network_cost(PRESETS["resnet50_v1"])
    assert late.parameters == early.parameters
    assert (late.macs, early.macs) == (4_089_184_256, 3_857_973_248)
