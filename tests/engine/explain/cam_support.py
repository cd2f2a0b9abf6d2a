"""Networks whose blocks are modules that Captum can look at, spelt out by hand, and pictures for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import torch
from captum.attr import LayerGradCam
from torch import Tensor, nn

from explorer.engine.records import Picture
from explorer.networks.families.resnet import ResNetSpec
from tests.engine.residual_by_hand import ByHand


class Unit(nn.Module):
    """One residual unit. Deleted it is the identity where its shortcut is: what comes is a ReLU's output already, and a
    second ReLU would change nothing but the slope at zero, which is anything from 0 to 1 there."""

    def __init__(self, by_hand: ByHand, name: str, stride: int, deleted: bool, cut: bool) -> None:
        super().__init__()
        self._unit = (by_hand, name, stride, deleted, cut)

    def forward(self, x: Tensor) -> Tensor:
        by_hand, name, stride, deleted, cut = self._unit
        if deleted and stride == 1:
            return x.clone()
        return by_hand.unit(name, x, stride, deleted, cut)


class HandMade(nn.Module):
    """A CIFAR network of the original order, in which some blocks are deleted or cut.

    Args:
        spec, state: of the network.
        deleted, cut: ids of blocks.
        order: which block stands at each place; the network's own order where empty.
    """

    def __init__(
        self,
        spec: ResNetSpec,
        state: Mapping[str, Tensor],
        deleted: Collection[str] = (),
        cut: Collection[str] = (),
        order: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self._by_hand = ByHand(spec, state)
        strides = {block.id: block.stride for block in spec.all_blocks}
        self.units = nn.ModuleDict(
            {
                name.replace(".", "_"): Unit(self._by_hand, name, strides[name], name in deleted, name in cut)
                for name in order or spec.block_ids
            }
        )

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self._by_hand.norm("bn1", self._by_hand.conv("conv1", x)))
        for unit in self.units.values():
            x = unit(x)
        state = self._by_hand.state
        return nn.functional.linear(x.mean((2, 3)), state["fc.weight"], state["fc.bias"])

    def unit(self, name: str) -> nn.Module:
        return self.units[name.replace(".", "_")]


def by_captum(network: nn.Module, block: nn.Module, x: Tensor, label: int) -> np.ndarray:
    """Grad-CAM as Captum computes it: (height, width)."""
    found = LayerGradCam(network, block).attribute(x.clone().requires_grad_(), label, relu_attributions=True)
    assert isinstance(found, Tensor)
    return found[0, 0].detach().numpy()


def picture(side: int = 12, seed: int = 0) -> Picture:
    """Noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Picture("noise", pixels)
