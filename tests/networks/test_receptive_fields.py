"""Receptive fields block by block, against the way a single position's gradient spreads to the input."""

from __future__ import annotations

import pytest
import torch

from explorer.engine.build import build
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost, receptive_fields
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import TINY

LARGE = TINY.with_(side=64)
"""So large that no position reaches the border."""


@pytest.mark.parametrize("name", ["resnet20", "resnet18", "resnet50", "vgg16", "densenet40_12"])
def test_last_block_sees_what_the_network_sees(name: str) -> None:
    spec = PRESETS[name]
    fields = receptive_fields(spec)
    assert list(fields) == ["stem", *spec.block_ids]
    assert fields[spec.block_ids[-1]] == network_cost(spec).receptive_field


@pytest.mark.parametrize("spec", [LARGE, LARGE.twin(), LARGE.with_(order="pre-activation")], ids=lambda spec: spec.name)
def test_gradient_of_one_position_spreads_over_its_field(spec: NetworkSpec) -> None:
    """All weights are positive, so that nothing cancels out and no ReLU is in the way."""
    network = build(spec)
    for parameter in network.parameters():
        parameter.data.fill_(0.01)
    x = torch.ones(1, *spec.input_shape, requires_grad=True)
    fields = receptive_fields(spec)
    y = network.stem(x)
    for block_id, block in network.blocks():
        y = block(network.enter(block_id, y))
        middle = y.shape[2] // 2
        (gradient,) = torch.autograd.grad(y[0, 0, middle, middle], x, retain_graph=True)
        rows = gradient[0].abs().amax((0, 2)).nonzero()
        assert int(rows.max() - rows.min()) + 1 == min(fields[block_id], spec.side), block_id
