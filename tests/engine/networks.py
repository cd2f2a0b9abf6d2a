"""Small networks with weights that matter, and images, for tests of the engine."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from explorer.engine.build import build, build_empty
from explorer.engine.datasets import ArrayImageSet
from explorer.engine.modules import Network
from explorer.engine.records import Preprocessing
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.spec import NetworkSpec

GREY = Preprocessing(1, 8, 8, (0.4,), (0.3,), grey=True)
TINY = ResNetSpec("cifar", (2, 3, 2), "basic", "A", in_channels=1, side=8, classes=5, width=4)

SPECS: dict[str, NetworkSpec] = {
    "basic A": TINY.with_(in_channels=3, side=12),
    "basic B": ResNetSpec("cifar", (2, 2, 1), "basic", "B", side=12, classes=5, width=4),
    "basic C": ResNetSpec("cifar", (2, 2, 1), "basic", "C", side=11, classes=5, width=4),
    "bottleneck A": ResNetSpec("cifar", (2, 1, 2), "bottleneck", "A", side=12, classes=5, width=2),
    "bottleneck B": ResNetSpec("imagenet", (1, 2, 1, 2), "bottleneck", "B", side=48, classes=5, width=4),
    "paper's stride": ResNetSpec("imagenet", (1, 2, 1, 1), "bottleneck", "B", "1x1", side=40, classes=5, width=4),
    "pre-activation A": TINY.with_(order="pre-activation"),
    "pre-activation B": ResNetSpec(
        "cifar", (2, 2, 1), "bottleneck", "B", side=12, classes=5, width=4, order="pre-activation"
    ),
    "pre-activation C": ResNetSpec("imagenet", (1, 2, 1, 1), shortcut="C", side=40, width=4, order="pre-activation"),
    "plain": TINY.twin(),
    "plain bottlenecks": ResNetSpec("cifar", (1, 2, 1), "bottleneck", "none", side=12, classes=5, width=4),
    "VGG-like": ResNetSpec(
        "cifar", (2, 2, 3), "layer", "none", side=12, classes=5, width=6, widths="same", downsampling="pool"
    ),
}


def lively(network: Network, seed: int = 0) -> Network:
    """Give the batch norms statistics and scales that are not trivial, so that a wrong one would show."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            size = module.num_features
            module.running_mean = torch.randn(size, generator=generator) * 0.2
            module.running_var = torch.rand(size, generator=generator) + 0.5
            module.weight.data = torch.rand(size, generator=generator) * 0.5 + 0.6
            module.bias.data = torch.randn(size, generator=generator) * 0.2
    return network


def settled(spec: NetworkSpec, seed: int = 0) -> Network:
    """A network of any depth whose logits tell pictures apart: its batch norms know the activations that come.

    Drawing a hundred million numbers takes seconds, so that each weight repeats a row of fewer.
    """
    network = build_empty(spec).to_empty(device="cpu")
    drawn = torch.randn(65_537, generator=torch.Generator().manual_seed(seed))  # a prime, so that no two rows are equal
    for value in network.parameters():
        size = value.numel()
        fan_in = max(size // len(value), 1)
        numbers = drawn.repeat(size // len(drawn) + 1)[:size].view(value.shape)
        value.data = numbers.mul_((2 / fan_in) ** 0.5) if value.dim() > 1 else numbers.mul_(0.1)
    lively(network, seed)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    if norms:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network.train()(torch.randn(6, *spec.input_shape))
    for norm in norms:
        norm.momentum = 0.1
    return network.eval()


def network_of(spec: NetworkSpec, seed: int = 0) -> Network:
    return lively(build(spec, seed), seed)


def pictures(spec: NetworkSpec, count: int, seed: int = 0) -> Tensor:
    return torch.randn(count, *spec.input_shape, generator=torch.Generator().manual_seed(seed))


def image_set(count: int, side: int = 8, classes: int = 5, labelled: bool = True, seed: int = 0) -> ArrayImageSet:
    """Noise in grey, with labels at random."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, count)
    labels[:classes] = np.arange(classes)
    names = tuple(f"class {index}" for index in range(classes))
    array = generator.integers(0, 256, (count, side, side), dtype=np.uint8)
    return ArrayImageSet("noise", array, labels if labelled else None, names if labelled else ())
