"""Residual MLPs against a plain loop over matrices."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from explorer.engine.build import build, build_untrained
from explorer.engine.modules import Network
from explorer.networks.families.mlp import MlpSpec
from explorer.networks.lesion import INTACT, Lesion, exchangeable, lesion
from tests.engine.evaluations import COUNT, drawn_lesions, evaluator_of, gathered, plain
from tests.engine.networks import image_set, lively, pictures
from tests.engine.test_families_orders import assert_costs

SPECS = {
    "residual": MlpSpec(8, 12, side=8, classes=5),
    "twin": MlpSpec(8, 12, side=8, classes=5).twin(),
    "colours": MlpSpec(4, 7, in_channels=3, side=8, classes=4),
    "odd": MlpSpec(5, 9, "none", side=8, classes=5),
}


def _by_hand(network: Network, x: Tensor, deleted: Collection[str] = (), cut: Collection[str] = ()) -> Tensor:
    """y = ReLU(x + F(x)), F two layers each with batch norm; of the twin y = ReLU(F(x)), F one of them."""
    spec = network.spec
    x = torch.relu(_layer(network, "fc1", "bn1", x.reshape(len(x), -1)))
    for number in range(len(spec.all_blocks)):
        name = f"layer1.{number}"
        y = _layer(network, f"{name}.fc1", f"{name}.bn1", x)
        if spec.plain:
            x = x if name in deleted else torch.relu(y)
            continue
        y = _layer(network, f"{name}.fc2", f"{name}.bn2", torch.relu(y))
        x = torch.relu((0 if name in cut else x) + (0 if name in deleted else y))
    return x @ network.fc.weight.T + network.fc.bias


def _layer(network: Network, linear: str, norm: str, x: Tensor) -> Tensor:
    y = x @ network.get_submodule(linear).weight.T
    module = network.get_submodule(norm)
    if network.training:
        mean, variance = y.mean(0), y.var(0, unbiased=False)
    else:
        mean, variance = module.running_mean, module.running_var
    return (y - mean) / torch.sqrt(variance + 1e-5) * module.weight + module.bias


@pytest.mark.parametrize("name", SPECS)
def test_logits_are_those_of_a_plain_loop(name: str) -> None:
    spec = SPECS[name]
    network, x = lively(build(spec)).double(), pictures(spec, 3).double()
    ids = spec.block_ids
    lesions = [INTACT, *(lesion(spec, [block]) for block in ids), lesion(spec, ids)]
    if not spec.plain:
        lesions += [*(lesion(spec, cut=[block]) for block in ids), lesion(spec, ids[:1], ids[1:2])]
    with torch.inference_mode():
        intact = network(x)
        for done in lesions:
            found = network(x, done)
            torch.testing.assert_close(found, _by_hand(network, x, done.deleted, done.cut), rtol=1e-9, atol=1e-9)
            assert bool(done) == bool((found - intact).abs().max() > 1e-6)


@pytest.mark.parametrize("name", SPECS)
def test_a_step_of_training_is_that_of_a_plain_loop(name: str) -> None:
    spec = SPECS[name]
    network, x = lively(build(spec)).double().train(), pictures(spec, 6).double()
    parameters = list(network.parameters())
    found, expected = (
        torch.autograd.grad(logits.square().sum(), parameters) for logits in (network(x), _by_hand(network, x))
    )
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)


def test_a_students_own_module_takes_the_same_file() -> None:
    """Names are those that one would write."""

    class Block(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.fc1, self.bn1 = nn.Linear(width, width, bias=False), nn.BatchNorm1d(width)
            self.fc2, self.bn2 = nn.Linear(width, width, bias=False), nn.BatchNorm1d(width)

        def forward(self, x: Tensor) -> Tensor:
            y = self.bn2(self.fc2(torch.relu(self.bn1(self.fc1(x)))))
            return torch.relu(x + y)

    class Mlp(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.bn1 = nn.Linear(784, 64, bias=False), nn.BatchNorm1d(64)
            self.layer1 = nn.Sequential(*(Block(64) for _ in range(9)))
            self.fc = nn.Linear(64, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.layer1(torch.relu(self.bn1(self.fc1(x.flatten(1))))))

    network, mine = build_untrained(MlpSpec()), Mlp().eval()
    mine.load_state_dict(network.state_dict())
    x = pictures(network.spec, 5)
    with torch.inference_mode():
        torch.testing.assert_close(network(x), mine(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("spec", [*SPECS.values(), MlpSpec(), MlpSpec(56, 64).twin(), MlpSpec(302, 16)], ids=str)
def test_arithmetic_is_the_modules(spec: MlpSpec) -> None:
    assert_costs(spec)


@pytest.mark.parametrize("name", ["residual", "twin"])
def test_the_evaluator_says_what_the_plain_loop_says(name: str) -> None:
    spec = SPECS[name]
    network, images = build_untrained(spec), image_set(COUNT, spec.side)
    assert exchangeable(spec) == (spec.block_ids,), "blocks of one width can stand in each other's places"
    lesions: list[Lesion] = drawn_lesions(spec, 20)
    expected = np.array([plain(network, images, images.order(0), done)[0] for done in lesions])
    assert len(np.unique(expected)) > 1
    for fast in (False, True):
        found, _ = gathered(evaluator_of(network, images, fast), lesions)
        assert np.array_equal(found, expected)
