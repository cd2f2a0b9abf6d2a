"""Networks before training: what is drawn, and how large their gradients then are."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from explorer.engine.build import build
from explorer.engine.explain import initialising
from explorer.engine.explain.gradients_records import GradientsRequest, GradientsResult, Profile, Scheme, middle
from explorer.engine.modules import Network
from explorer.engine.records import UNTRAINED
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.networks import catalog
from explorer.networks.families.densenet import DenseNetSpec
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import SPECS, TINY, pictures

CPU = torch.device("cpu")


def drawn(spec: NetworkSpec, scheme: str, norm: bool = True, seed: int = 0) -> Network:
    network = initialising.empty(spec, norm, CPU)
    finish(initialising.draw(network, scheme, seed))
    return network


# -- what is drawn -------------------------------------------------------------------------------------------------


def test_the_default_is_what_pytorch_draws() -> None:
    spec = SPECS["basic B"]
    network = drawn(spec, "default")

    torch.manual_seed(0)
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer in layers:
        found = {name: value.detach().clone() for name, value in layer.named_parameters()}
        layer.reset_parameters()
        assert all(torch.equal(value, found[name]) for name, value in layer.named_parameters())


def test_hes_scheme_is_what_networks_of_this_program_start_with() -> None:
    spec = SPECS["bottleneck B"]
    ours, builds = drawn(spec, "he"), build(spec, 0)
    large = [name for name, value in ours.named_parameters() if value.dim() == 4 and value.numel() > 1000]
    assert len(large) > 5
    for name in large:
        value, expected = ours.get_parameter(name).detach(), builds.get_parameter(name).detach()
        assert float(value.std()) == pytest.approx((2 / (len(value) * value[0, 0].numel())) ** 0.5, rel=0.1)
        assert float(value.std()) == pytest.approx(float(expected.std()), rel=0.1)


def test_glorots_scheme_has_its_bound() -> None:
    weight = drawn(catalog.find("resnet20"), "glorot").get_parameter("layer3.1.conv1.weight").detach()
    expected = nn.init.xavier_uniform_(torch.empty_like(weight), generator=torch.Generator().manual_seed(0))
    assert float(weight.abs().max()) == pytest.approx(float(expected.abs().max()), rel=1e-3)
    assert float(weight.std()) == pytest.approx(float(expected.std()), rel=0.02)


def test_the_classifier_starts_alike_with_every_scheme() -> None:
    bound = 1 / 64**0.5
    for scheme in ("default", "he", "glorot"):
        weight = drawn(catalog.find("resnet20"), scheme).get_parameter("fc.weight").detach()
        assert float(weight.abs().max()) == pytest.approx(bound, rel=0.02)
        assert float(weight.std()) == pytest.approx(bound / 3**0.5, rel=0.1)


def test_a_seed_says_it_all_and_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(7)
    state = torch.get_rng_state()
    first, again, other = drawn(TINY, "he"), drawn(TINY, "he"), drawn(TINY, "he", seed=1)

    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, again.get_parameter(name)) for name, value in first.named_parameters())
    assert not torch.equal(first.get_parameter("conv1.weight"), other.get_parameter("conv1.weight"))


def test_large_layers_are_drawn_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(initialising, "_CHUNK", 50)
    network = initialising.empty(TINY, True, CPU)
    steps = sum(1 for _ in initialising.draw(network, "default", 0))

    assert steps > sum(-(-value.numel() // 50) for value in network.parameters() if value.dim() == 4)
    assert all(bool(value.isfinite().all()) for value in network.state_dict().values())


# -- with and without batch norm -----------------------------------------------------------------------------------


def test_batch_norms_take_the_batchs_own_statistics_and_dropout_stays_off() -> None:
    network = drawn(TINY.with_(dropout=0.5), "he")
    assert all(module.training for module in network.modules() if isinstance(module, nn.BatchNorm2d))
    assert not any(module.training for module in network.modules() if isinstance(module, nn.Dropout))
    x = pictures(TINY, 8)
    assert torch.equal(network(x), network(x))


NORMED: dict[str, NetworkSpec] = {
    **{name: SPECS[name] for name in ("basic A", "bottleneck B", "pre-activation A", "plain")},
    "bn after": TINY.with_(order="bn-after"),
    "relu only": TINY.with_(order="relu-only"),
    "DenseNet": DenseNetSpec((3, 3, 2), 4, 8, "cifar", 2, 0.5, side=16, classes=5),
}


@pytest.mark.parametrize("name", NORMED)
def test_without_batch_norm_everything_else_stays(name: str) -> None:
    """The same network with batch norms that do nothing: zero mean, unit variance, no epsilon, biases zero."""
    spec = NORMED[name]
    network = drawn(spec, "he", norm=False)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    usual = build(spec, 0)
    state = {key: value for key, value in network.state_dict().items() if key in usual.state_dict()}
    usual.load_state_dict(state, strict=False)
    for module in usual.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 0.0
    x = pictures(spec, 4)
    kept = x.clone()

    torch.testing.assert_close(network(x), usual(x), rtol=1e-4, atol=1e-5)
    assert torch.equal(x, kept)


def test_without_batch_norm_layers_have_biases_as_others_without_it() -> None:
    network = drawn(TINY, "default", norm=False)
    assert initialising.has_norms(TINY)
    assert not initialising.has_norms(catalog.find("vgg11"))
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            assert layer.bias is not None
            assert 0 < float(layer.bias.detach().abs().max()) <= layer.weight[0].numel() ** -0.5
    assert all(
        not layer.bias.any() for layer in drawn(TINY, "he", norm=False).modules() if isinstance(layer, nn.Conv2d)
    )


# -- how large the gradients are -----------------------------------------------------------------------------------

# Measured with these very settings (CIFAR networks of 16, 32 and 64 filters, option A, 16 images of N(0, 1), random
# labels, batch norm by the batch, float32) on three other seeds, by plain PyTorch: the norm of the gradient at the
# first block's input over that behind the last block, geometric means. Where batch norm makes it grow: Yang et al. 2019
# (arXiv:1902.08129); that a ReLU and PyTorch's default leave about 0.4 of it a layer follows from He et al. 2015
# (arXiv:1502.01852, equation 14): sqrt(1/3 / 2).
FACTS: dict[tuple[int, bool, Scheme], tuple[float, float]] = {
    (20, False, "default"): (0.3984, 5.602e-8),
    (20, False, "he"): (8.073, 0.2920),
    (20, False, "glorot"): (1.064, 8.929e-4),
    (20, True, "default"): (8.686, 24.16),
    (20, True, "he"): (8.369, 24.62),
    (20, True, "glorot"): (9.170, 25.28),
    (56, False, "he"): (8759.0, 0.1510),
    (56, False, "glorot"): (9.358, 2.145e-9),
    (56, True, "default"): (32.44, 9639.0),
    (56, True, "he"): (34.83, 13829.0),
}
"""Depth, batch norm, scheme -> with shortcuts, plain."""


@cache
def at_initialisation(name: str, scheme: Scheme, norm: bool) -> GradientsResult:
    request = GradientsRequest(catalog.find(name), UNTRAINED, scheme=scheme, norm=norm, seeds=3, on="noise")
    result: GradientsResult = finish(Session().explain(request))
    return result


def mean(values: np.ndarray) -> float:
    return float(np.exp(np.mean(np.log(values))))


@pytest.mark.parametrize("setting", FACTS)
def test_the_ratios_are_those_measured_elsewhere_within_a_factor_of_two(setting: tuple[int, bool, Scheme]) -> None:
    depth, norm, scheme = setting
    residual, plain = at_initialisation(f"resnet{depth}", scheme, norm).networks

    assert (residual.name, plain.name) == (f"ResNet-{depth}", f"Plain-{depth}")
    for profile, expected in zip((residual, plain), FACTS[setting], strict=True):
        assert 0.5 < mean(profile.ratios("inputs")) / expected < 2
    if norm:
        assert mean(plain.ratios("inputs")) > 2 * mean(residual.ratios("inputs")), "they grow, more without shortcuts"


def test_at_the_weights_too() -> None:
    # As above: the second layer of the first block over the last convolution, with batch norm, He's scheme.
    residual, plain = at_initialisation("resnet20", "he", True).networks
    for profile, expected in ((residual, 2.866), (plain, 10.35)):
        second = next(place for place, spot in enumerate(profile.weights) if spot.depth == 3)
        _, last = profile.ends("weights")
        assert profile.weights[last].id == ("layer3.2.conv2" if profile is residual else "layer3.5.conv1")
        assert 0.5 < mean(profile.weight_norms[:, second] / profile.weight_norms[:, last]) / expected < 2


def test_without_batch_norm_a_deep_plain_network_loses_its_gradient() -> None:
    residual, plain = at_initialisation("resnet56", "default", False).networks

    assert 0.5 < mean(residual.ratios("inputs")) / 0.4604 < 2  # measured as above
    # Between a third and a half of it is left by each of the 54 layers: less than float32 can square, but not nothing.
    assert 0.36 < mean(plain.ratios("inputs")) ** (1 / 54) < 0.42
    assert plain.input_norms[:, 0].max() < 1e-22
    assert (plain.input_norms > 0).all()


def test_what_float32_cannot_hold_is_exactly_zero_and_stays_in_sight() -> None:
    spec = catalog.find("plain110").with_(side=8, width=4)
    result: GradientsResult = finish(
        Session().explain(GradientsRequest(spec, UNTRAINED, scheme="default", norm=False, seeds=2, on="noise"))
    )
    (profile,) = result.networks
    spreads = profile.spreads("inputs")

    assert (spreads[0].zeros, spreads[0].median, spreads[0].broken) == (2, 0.0, 0)
    assert spreads[-1].zeros == 0
    assert 0 < profile.count("inputs", lambda norms: norms == 0) < profile.input_norms.size
    assert middle(profile.ratios("inputs")) == 0


def test_every_seed_is_a_network_of_its_own_and_can_be_repeated_by_hand() -> None:
    spec = TINY
    result: GradientsResult = finish(
        Session().explain(GradientsRequest(spec, UNTRAINED, scheme="he", seeds=3, on="noise"))
    )
    profile: Profile = result.networks[0]
    assert len(set(profile.losses)) == 3

    generator = torch.Generator().manual_seed(2)
    labels = torch.randint(spec.classes, (16,), generator=generator)
    x = torch.randn(16, *spec.input_shape, generator=generator)
    network = drawn(spec, "he", seed=2)
    functional.cross_entropy(network(x), labels).backward()

    assert profile.weights[0].id == "conv1"
    weights = {spot.id: norm for spot, norm in zip(profile.weights, profile.weight_norms[2], strict=True)}
    assert weights == pytest.approx(
        {name: float(network.get_parameter(f"{name}.weight").grad.norm()) for name in weights}, rel=1e-4
    )
