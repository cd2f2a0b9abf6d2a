"""A spec -> its nn.Module."""

from __future__ import annotations

import torch
from torch import nn

from explorer.engine.heap import keep_freed_memory
from explorer.engine.modules import Network
from explorer.networks.spec import NetworkSpec

_NOISE_IMAGES, _NOISE_SIDE, _NOISE_ROWS, _NOISE_NUMBERS = 4, 64, 256, 2**23


def build(spec: NetworkSpec, seed: int | None = 0) -> Network:
    """The network in eval mode, initialised as He et al. 2015 did (arXiv:1502.01852, equation 10, over fan-out).

    Args:
        spec: what to build.
        seed: of the initial weights, drawn without touching the global generator; None leaves them unset, for a caller
            who loads weights anyway: drawing those of a VGG takes seconds.
    """
    keep_freed_memory()
    if seed is None:
        return build_empty(spec).to_empty(device="cpu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(spec)
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return network.eval()


def build_untrained(spec: NetworkSpec, seed: int = 0) -> Network:
    """The network as `build` draws it, its batch norms' statistics taken from one pass over noise.

    A fresh batch norm in eval mode passes its input on as it is, so that the activations of a residual network double
    with every block and overflow in a deep one. Training's first pass would normalise them; so does this one.
    """
    network = build(spec, seed)
    generator = torch.Generator().manual_seed(seed)
    images, side = _NOISE_IMAGES, min(spec.side, _NOISE_SIDE)
    if not spec.any_side:  # without maps each picture is but one value of a channel, so it takes more of them
        side = spec.side
        images = max(images, min(_NOISE_ROWS, _NOISE_NUMBERS // (spec.in_channels * side * side)))
    noise = torch.randn(images, spec.in_channels, side, side, generator=generator)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = None  # the statistics of all that passes, not a moving average
    with torch.no_grad():
        network.train()(noise)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum
    return network.eval()


def build_empty(spec: NetworkSpec) -> Network:
    """The network on the meta device: names and shapes, no memory."""
    with torch.device("meta"):
        return Network(spec).eval()


def copied(network: Network, device: str) -> Network:
    """The same network on another device, in eval mode; the one given stays where it is."""
    copy = build_empty(network.spec)
    copy.load_state_dict({key: value.to(device) for key, value in network.state_dict().items()}, assign=True)
    return copy
