"""Gradients of the pass cut into blocks: autograd's own, on modules built by hand and torchvision's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional

from explorer.engine.build import build
from explorer.engine.explain import gradient_pass
from explorer.engine.explain.gradient_pass import Sums, learn, norms_of, segments
from explorer.engine.explain.gradients_records import Spot
from explorer.engine.modules import Network
from explorer.engine.steps import finish
from explorer.networks import catalog
from explorer.networks.families.densenet import DenseNetSpec
from explorer.networks.families.mlp import MlpSpec
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import SPECS, TINY, lively, network_of, pictures
from tests.engine.residual_by_hand import ByHand

LABELS = torch.tensor([0, 3, 1, 4])


def measured(
    network: Network, x: Tensor, labels: Tensor | None = LABELS, lesion: Lesion = INTACT, chunk: int = 0
) -> tuple[dict[Spot, float], dict[str, float], float]:
    """Norms at all inputs and weights, and the loss."""
    cut, sums = segments(network, lesion), Sums()
    size = chunk or len(x)
    for start in range(0, len(x), size):
        some = x[start : start + size]
        own = None if labels is None else labels[start : start + size]
        finish(learn(network, cut, some, own, len(some) / len(x), sums, start + size >= len(x)))
    inputs, weights = norms_of(sums, cut)
    return dict(inputs), {spot.id: norm for spot, norm in weights}, sums.loss


def by_autograd(network: Network, x: Tensor, lesion: Lesion = INTACT) -> tuple[list[float], dict[str, float], float]:
    """The same by one plain backward pass over the pieces of `Network.steps`, each of whose results keeps its
    gradient."""
    kept, y = [], x
    for step in network.steps(lesion):
        y = step(y)
        if y.requires_grad:
            y.retain_grad()
        kept.append(y)
    loss = functional.cross_entropy(y, LABELS[: len(x)])
    loss.backward()
    weights = {name: float(value.grad.norm()) for name, value in network.named_parameters() if value.grad is not None}
    return [float(value.grad.norm()) for value in kept[:-1] if value.grad is not None], weights, float(loss.detach())


@pytest.mark.parametrize("name", SPECS)
def test_the_gradients_are_those_of_a_plain_backward_pass(name: str) -> None:
    network = network_of(SPECS[name])
    x = pictures(SPECS[name], 4)

    inputs, weights, loss = measured(network, x)
    _, expected, right = by_autograd(network, x)

    assert loss == pytest.approx(right, rel=1e-5)
    assert [spot.id for spot in inputs] == [*SPECS[name].block_ids, "head"]
    layers = {path for path, module in network.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)}
    assert weights.keys() == layers, "every convolution and fully connected layer, projections too"
    assert weights == pytest.approx({layer: expected[f"{layer}.weight"] for layer in layers}, rel=1e-4, abs=1e-12)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["basic A", "bottleneck B", "pre-activation A", "paper's stride"])
def test_inputs_of_blocks_get_the_gradients_of_the_network_spelt_out_from_the_paper(name: str, training: bool) -> None:
    spec = SPECS[name]
    assert isinstance(spec, ResNetSpec)
    network = network_of(spec)
    if training:
        network.train()
    state = {key: value.detach().clone() for key, value in network.state_dict().items()}
    for key, _ in network.named_parameters():
        state[key].requires_grad_()
    x = pictures(spec, 4)
    entering: dict[str, Tensor] = {}

    class Watching(ByHand):
        def unit(self, name: str, x: Tensor, stride: int, deleted: bool, cut: bool) -> Tensor:
            x.retain_grad()
            entering[name] = x
            return super().unit(name, x, stride, deleted, cut)

    functional.cross_entropy(Watching(spec, state, training).logits(x), LABELS).backward()
    inputs, weights, _ = measured(network, x)

    found = {spot.id: norm for spot, norm in inputs.items() if spot.id != "head"}
    assert found == pytest.approx({block: float(value.grad.norm()) for block, value in entering.items()}, rel=2e-4)
    assert weights == pytest.approx({key: float(state[f"{key}.weight"].grad.norm()) for key in weights}, rel=2e-4)


def test_the_gradients_of_torchvisions_resnet18_are_its_own() -> None:
    spec = catalog.find("resnet18").with_(side=64, classes=10)
    network = lively(build(spec, 0))
    twin = torchvision.models.resnet18(num_classes=10)
    twin.load_state_dict(network.state_dict())
    twin.eval()
    x = pictures(spec, 4)

    functional.cross_entropy(twin(x), LABELS).backward()
    _, weights, _ = measured(network, x)

    layers = {name for name, module in twin.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)}
    assert len(layers) == 21
    expected = {name: float(twin.get_submodule(name).weight.grad.norm()) for name in layers}
    assert weights == pytest.approx(expected, rel=1e-4)


FAMILIES: dict[str, NetworkSpec] = {
    "DenseNet": DenseNetSpec((3, 3, 2), 4, 8, "cifar", 2, 0.5, side=16, classes=5),
    "MLP": MlpSpec(8, 12, side=8, classes=5),
    "EfficientNet": catalog.find("efficientnet_b0").with_(side=48, classes=5),
    "gated": TINY.with_(shortcut="B", variant="exclusive-gate"),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_other_families_are_cut_at_every_block_too(name: str) -> None:
    spec = FAMILIES[name]
    network = network_of(spec)
    x = pictures(spec, 4)

    inputs, weights, loss = measured(network, x)
    _, expected, right = by_autograd(network, x)

    assert loss == pytest.approx(right, rel=1e-5)
    assert [spot.id for spot in inputs] == [*spec.block_ids, "head"]
    layers = {path for path, module in network.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)}
    assert weights.keys() == layers
    right_ones = {layer: expected[f"{layer}.weight"] for layer in layers}
    assert weights == pytest.approx(right_ones, rel=2e-3, abs=1e-7 * max(right_ones.values()))


def test_a_lesion_is_measured_as_it_is() -> None:
    network = network_of(TINY)
    x = pictures(TINY, 4)
    lesion = Lesion(
        deleted=frozenset({"layer2.1", "layer3.0"}), cut=frozenset({"layer1.1"}),
        order=("layer1.1", "layer1.0", *TINY.block_ids[2:]),
    ).checked(TINY)  # fmt: skip

    inputs, weights, loss = measured(network, x, lesion=lesion)
    norms, expected, right = by_autograd(network, x, lesion)

    assert loss == pytest.approx(right, rel=1e-5)
    assert [spot.id for spot in inputs] == ["layer1.1", "layer1.0", *TINY.block_ids[2:], "head"]
    assert "layer2.1.conv1" not in weights, "what is deleted learns nothing"
    assert "layer3.0.conv1" not in weights
    assert weights == pytest.approx({name: expected[f"{name}.weight"] for name in weights}, rel=1e-4)
    # The deleted identity block has the same gradient on both sides, which autograd kept once.
    found = list(inputs.values())
    assert found == pytest.approx(norms, rel=1e-4)


def test_images_may_come_in_pieces() -> None:
    network = network_of(TINY)
    x = pictures(TINY, 4)

    whole, pieces = measured(network, x), measured(network, x, chunk=3)

    assert pieces[2] == pytest.approx(whole[2], rel=1e-5)
    assert list(pieces[0].values()) == pytest.approx(list(whole[0].values()), rel=1e-4)
    assert pieces[1] == pytest.approx(whole[1], rel=1e-4)


def test_without_labels_the_networks_own_answers_count() -> None:
    network = network_of(TINY)
    x = pictures(TINY, 4)
    with torch.no_grad():
        own = network(x).argmax(1)

    assert measured(network, x, None) == measured(network, x, own)


def test_depths_count_layers_as_the_paper_does() -> None:
    network = network_of(SPECS["basic B"])

    inputs, _ = norms_of(_after_one_pass(network), segments(network))
    spots = {spot.id: spot for segment in segments(network) for spot, _ in segment.weights}

    assert [spot.depth for spot, _ in inputs] == [1, 3, 5, 7, 9, 11], "two layers a block, behind that of the stem"
    assert spots["conv1"].depth == 1
    assert spots["layer1.0.conv1"].depth == 2
    assert spots["fc"].depth == SPECS["basic B"].depth == 12
    assert [name for name, spot in spots.items() if not spot.counted] == [
        "layer2.0.downsample.0", "layer3.0.downsample.0",
    ]  # fmt: skip


def _after_one_pass(network: Network) -> Sums:
    sums = Sums()
    finish(learn(network, segments(network), pictures(network.spec, 4), LABELS, 1.0, sums))
    return sums


def test_the_network_stays_as_it_was() -> None:
    network = network_of(TINY)
    before = {key: value.clone() for key, value in network.state_dict().items()}

    measured(network, pictures(TINY, 4))

    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert all(value.grad is None for value in network.parameters())


def test_a_pass_can_be_dropped_between_two_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.engine.explain.gradient_pass._PIECE_S", 0.0)
    network = network_of(TINY)
    work = learn(network, segments(network), pictures(TINY, 4), LABELS, 1.0, Sums())

    with torch.no_grad():  # another job's mode, between two steps
        shares = list(itertools.islice(work, 12))
    assert torch.is_grad_enabled()
    work.close()

    assert shares == sorted(shares)
    assert len(set(shares)) == 12


def test_the_norm_of_many_numbers_is_that_of_all_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.randn(7, 11, 3, 3, generator=torch.Generator().manual_seed(0))
    expected = float(np.sqrt((values.double().numpy() ** 2).sum()))
    for numbers in (1, 10, 100, 693, 1 << 22):
        monkeypatch.setattr(gradient_pass, "_PIECE_NUMBERS", numbers)
        assert gradient_pass._norm(values) == pytest.approx(expected, rel=1e-14)
        last = values.to(memory_format=torch.channels_last)
        assert gradient_pass._norm(last) == pytest.approx(expected, rel=1e-14)


def test_what_float32_still_holds_is_not_lost_in_the_norm() -> None:
    from explorer.engine.explain.gradient_pass import _norm

    tiny = torch.full((4, 4), 1e-30)
    assert _norm(tiny) == pytest.approx(4e-30, rel=1e-6)
    assert float(tiny.norm()) == 0, "float32's own squares are"
    assert _norm(torch.full((4,), 3e38)) == pytest.approx(6e38, rel=1e-6)
    assert np.isnan(_norm(torch.tensor([1.0, float("nan")])))
    assert _norm(torch.tensor([1.0, float("inf")])) == float("inf")
