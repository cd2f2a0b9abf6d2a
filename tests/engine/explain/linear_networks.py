"""Networks of linear layers alone, whose gradients are products of matrices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from explorer.engine.build import build
from explorer.engine.modules import Network
from explorer.networks.families.mlp import FullyConnected, MlpSpec
from explorer.networks.operations import Operation, Wiring, add, linear
from explorer.networks.spec import Shape, StageSpec


@dataclass(frozen=True, kw_only=True)
class LinearBlock(FullyConnected):
    """y = x + W x."""

    def operations(self, shape: Shape) -> Wiring:
        return Wiring(
            branch=(linear(f"{self.id}.fc1", shape, self.out_channels, bias=False),), join=add(f"{self.id}.add", shape)
        )


@dataclass(frozen=True)
class LinearSpec(MlpSpec):
    """Flatten, a layer, blocks, the classifier: no batch norm and no ReLU anywhere."""

    @cached_property
    def stages(self) -> tuple[StageSpec, ...]:
        like = LinearBlock(id="", kind="block", in_channels=self.width, out_channels=self.width)
        blocks = tuple(replace(like, id=f"layer1.{number}") for number in range(self.depth // 2 - 1))
        return (StageSpec("layer1", blocks, self.width),)

    def stem_operations(self) -> tuple[Operation, ...]:
        return super().stem_operations()[:2]


def linear_network(blocks: int, scale: float = 0.5) -> Network:
    """In float64, its branches' weights drawn with that deviation."""
    network = build(LinearSpec(2 * blocks + 2, 6, "identity", 1, 8, 4)).double()
    generator = torch.Generator().manual_seed(blocks)
    for name, weight in network.named_parameters():
        if name.startswith("layer1"):
            weight.data = scale * torch.randn(weight.shape, generator=generator, dtype=torch.float64)
    return network


def path_by_matrices(network: Network, at_logits: Tensor, taken: frozenset[str]) -> Tensor:
    """The gradient at the input over one path, row by row: (N, classes) -> (N, in_channels * side * side)."""
    state = network.state_dict()
    gradient = at_logits @ state["fc.weight"]
    for block in reversed(network.spec.block_ids):
        if block in taken:
            gradient = gradient @ state[f"{block}.fc1.weight"]
    found: Tensor = gradient @ state["fc1.weight"]
    return found
