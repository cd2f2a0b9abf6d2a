"""A spec -> its nn.Module."""

from __future__ import annotations

import torch
from torch import nn

from explorer.engine.modules import ResidualNetwork
from explorer.networks.spec import NetworkSpec


def build(spec: NetworkSpec, seed: int | None = 0) -> ResidualNetwork:
    """The network in eval mode, initialised as He et al. 2015 did (arXiv:1502.01852, equation 10, over fan-out).

    Args:
        spec: what to build.
        seed: of the initial weights, drawn without touching the global generator; None leaves PyTorch's own
            initial values, for a caller who loads weights anyway.
    """
    if seed is None:
        return ResidualNetwork(spec).eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ResidualNetwork(spec)
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return network.eval()


def build_empty(spec: NetworkSpec) -> ResidualNetwork:
    """The network on the meta device: names and shapes, no memory."""
    with torch.device("meta"):
        return ResidualNetwork(spec).eval()
