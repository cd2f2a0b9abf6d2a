"""Networks as they are before training: their weights drawn by PyTorch's default scheme, He's or Glorot's, with batch
norm or without.

What is drawn depends on the seed alone, not on the device, and the global generator is never touched. The classifier
always starts as PyTorch draws it, as in torchvision's ResNets: no ReLU follows it, for which He's scheme is made.
"""

from __future__ import annotations

import math
from collections.abc import Generator

import torch
from torch import Tensor, nn

from explorer.engine.heap import keep_freed_memory
from explorer.engine.modules import Network
from explorer.engine.tracks import Gate, plant
from explorer.networks.operations import operations_by_part
from explorer.networks.spec import NetworkSpec

_CHUNK = 1 << 22
"""Numbers drawn at once: well below a tenth of a second."""


class NoNorm(nn.Module):
    """Stands in the place of a batch norm: (N, C, H, W) as it is, in memory of its own, as what follows may write into
    it."""

    def forward(self, x: Tensor) -> Tensor:
        return x.clone()


class NormlessNetwork(Network):
    """The same network without its batch norms. Its layers get the biases that batch norm makes superfluous (Ioffe and
    Szegedy 2015, arXiv:1502.03167, section 3.2), as networks have them that were made without it."""

    def _build(self) -> None:
        super()._build()
        for path, module in list(self.named_modules()):
            if isinstance(module, nn.BatchNorm2d):
                plant(self, path, NoNorm())
            elif isinstance(module, nn.Conv2d | nn.Linear) and module.bias is None:
                module.bias = nn.Parameter(torch.empty(len(module.weight)))


def has_norms(spec: NetworkSpec) -> bool:
    """Whether there are batch norms to leave out."""
    return any(operation.kind == "bn" for _, operations in operations_by_part(spec) for operation in operations)


def empty(spec: NetworkSpec, norm: bool, device: torch.device) -> Network:
    """The network with memory for its weights; its batch norms take the statistics of each batch, as in training.
    Nothing else does what it does in training only, so that no dropout comes between."""
    keep_freed_memory()
    with torch.device("meta"):
        network = (Network if norm else NormlessNetwork)(spec)
    network.to_empty(device=device).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train()
    return network


def draw(network: Network, scheme: str, seed: int) -> Generator[None, None, None]:
    """Draw all weights, pausing after every few million.

    Args:
        network: of `empty`; may have been drawn before.
        scheme: `default`: uniform, as `reset_parameters` of PyTorch's layers does it (He's formula with a = sqrt(5),
            which makes the variance 1/3 over fan-in). `he`: normal, of variance 2 over fan-out (He et al. 2015,
            arXiv:1502.01852, equation 14), biases zero. `glorot`: uniform, of variance 2 over the sum of both fans
            (Glorot and Bengio 2010, equation 16), biases zero.
        seed: of the draw.
    """
    generator = torch.Generator().manual_seed(seed)
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    last = max((position for position, layer in enumerate(layers) if isinstance(layer, nn.Linear)), default=-1)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()
    for position, layer in enumerate(layers):
        own = "default" if position == last else scheme
        yield from _fill(layer.weight, *_law(layer.weight, own), generator)
        if layer.bias is None:
            continue
        if isinstance(layer, Gate):
            with torch.no_grad():
                layer.bias.fill_(-6.0)  # where it starts with every scheme (He et al. 2016, section 3.1)
        elif own == "default":
            yield from _fill(layer.bias, 1 / math.sqrt(_fans(layer.weight)[0]), True, generator)
        else:
            with torch.no_grad():
                layer.bias.zero_()


def _fans(weight: Tensor) -> tuple[int, int]:
    """Numbers that a layer's output adds up, and those that one of its inputs goes to."""
    return weight[0].numel(), weight.numel() // weight.shape[1]


def _law(weight: Tensor, scheme: str) -> tuple[float, bool]:
    """The bound of a uniform law (then True), or the deviation of a normal one."""
    inside, out = _fans(weight)
    if scheme == "default":
        return 1 / math.sqrt(inside), True
    if scheme == "glorot":
        return math.sqrt(6 / (inside + out)), True
    return math.sqrt(2 / out), False


def _fill(parameter: Tensor, size: float, uniform: bool, generator: torch.Generator) -> Generator[None, None, None]:
    flat = parameter.detach().view(-1)
    for piece in torch.split(flat, _CHUNK):
        drawn = torch.empty(len(piece))
        if uniform:
            drawn.uniform_(-size, size, generator=generator)
        else:
            drawn.normal_(0, size, generator=generator)
        piece.copy_(drawn)
        yield
