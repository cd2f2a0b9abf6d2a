"""Batch norm statistics estimated anew for each lesion, from training images that flow through the same lesion.

What enters the blocks behind a lesion is no longer what their batch norms were trained on; estimating mean and
variance anew tells that part of the damage from the rest. A batch norm's statistics depend only on what comes before
it, so lesions share them as far as they share their courses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from explorer.engine.build import copied
from explorer.engine.modules import Network
from explorer.engine.studies.folded import layout
from explorer.engine.studies.passes import PlainPasses, Where, walked
from explorer.engine.studies.tree import Edge
from explorer.networks.lesion import Action

Statistics = tuple[tuple[Tensor, Tensor], ...]
"""Mean and variance of each batch norm of a part, in the order of its modules."""
_STEM: Where = (-1, 0)


class ReestimatedPasses:
    """The network's modules with the statistics of a place on the walk.

    It works on a copy, which shares with the network what it can; the network stays as it is.

    Args:
        network: in eval mode, on its device.
        fast: what the convolutions compute in, channels last; batch norms and the head compute in float32. None for
            what the network itself does.
    """

    def __init__(self, network: Network, fast: torch.dtype | None = None) -> None:
        device = network.device
        self.network = copied(network, str(device))
        self.dtype, self.layout = torch.float32, torch.contiguous_format
        if fast is not None:
            self.dtype, self.layout = fast, layout(device)
            for module in self.network.modules():
                if isinstance(module, nn.Conv2d):
                    weight = module.weight.detach().to(fast).contiguous(memory_format=self.layout)
                    module.weight = nn.Parameter(weight, requires_grad=False)
        self._plain = PlainPasses(self.network)
        self._stem, self._head = self.network.norms("stem"), self.network.norms("head")
        self._norms = {block: self.network.norms(block) for block in network.spec.block_ids}
        self._before = {block: self.network.norms(block, before=True) for block in network.spec.block_ids}
        self._found: dict[Where, Statistics] = {}
        self._estimating = False

    def estimate(self, edges: Sequence[Edge], x: Tensor) -> Iterator[None]:
        """Estimate all statistics of a walk, as one pass of these images in training mode gives them (the variance
        with n - 1, as PyTorch keeps it).

        Args:
            edges: of the walk; from then on `run` and `head` take places on it.
            x: normalised training images (N, in_channels, side, side), at least two.

        Yields:
            After each operation.
        """
        self._found = {}
        self._estimating = True
        yield from walked(self, edges, x, lambda edge, logits: None)
        self._estimating = False

    def enter(self, x: Tensor) -> Tensor:
        return x.to(self.dtype).contiguous(memory_format=self.layout)

    def stem(self, x: Tensor) -> Tensor:
        with self._statistics(_STEM, self._stem):
            return self.enter(self._plain.stem(self.enter(x)))

    def run(self, where: Where, action: Action, x: Tensor, owned: bool) -> Tensor:
        mode, block = action
        with self._statistics(where, (self._before if mode == "pool" else self._norms)[block]):
            return self._plain.run(where, action, x, owned)

    def head(self, where: Where, x: Tensor) -> Tensor:
        with self._statistics(where, self._head):
            return self._plain.head(where, x.float())

    @contextmanager
    def _statistics(self, where: Where, norms: Sequence[nn.BatchNorm2d]) -> Iterator[None]:
        """Have these batch norms use the statistics of a place, or find them."""
        for index, norm in enumerate(norms):
            norm.train(self._estimating)
            if self._estimating:
                norm.running_mean = torch.zeros_like(norm.weight)
                norm.running_var = torch.ones_like(norm.weight)
                # All of what passes now, nothing of what was there. The count, which is the network's, stays.
                norm.momentum, norm.num_batches_tracked = 1.0, None
            else:
                norm.running_mean, norm.running_var = self._found[where][index]
        yield
        if self._estimating:
            self._found[where] = tuple(map(_statistics_of, norms))


def _statistics_of(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return norm.running_mean, norm.running_var
