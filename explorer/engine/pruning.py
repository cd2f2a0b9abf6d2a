"""The weights of a network with blocks left out, made of those of the whole one.

Where only whole blocks are gone, the others' weights stay as they are. Channels of a deleted dense layer are zeros; a
batch norm makes another constant of them, and a 1x1 convolution behind it adds that constant, times its weights, to
each of its outputs. The next batch norm takes this up by its mean, the classifier by its bias: both networks compute
the same in evaluation (not so in training, where batch norm measures the mean itself).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explorer.engine.modules import Network
from explorer.networks.families.pruned import PrunedSpec, pruned
from explorer.networks.lesion import Lesion, by_id, places
from explorer.networks.operations import Operation, parameter_shapes
from explorer.networks.spec import NetworkSpec

State = dict[str, Tensor]


def pruned_state(network: Network, lesion: Lesion) -> tuple[NetworkSpec, State]:
    """What remains of a network with a lesion, for good, and its weights.

    Raises:
        UserError: it can't be left out (see `pruned`).
    """
    lesion = lesion.checked(network.spec)
    spec = pruned(network.spec, lesion)
    state = _in_places(network.spec, network.state_dict(), lesion)
    if isinstance(spec, PrunedSpec) and spec.slices and _concatenates(spec):
        gone = [place.spec.id for place in places(network.spec, lesion) if place.mode == "deleted"]
        state = _Slicer(network, state, frozenset(gone)).sliced()
    return spec, {key: state[key].detach().clone().contiguous() for key in parameter_shapes(spec)}


def _concatenates(spec: PrunedSpec) -> bool:
    return any(block.shortcut == "concat" for block in spec.base.all_blocks if block.id in spec.deleted)


def _in_places(spec: NetworkSpec, state: State, lesion: Lesion) -> State:
    """The weights under the names of the places where their blocks stand."""
    moved = dict(state)
    shape = spec.stem_operations()[-1].output
    blocks = by_id(spec)
    for place in places(spec, lesion):
        wiring = place.spec.operations(shape)
        if place.block != place.spec.id:
            theirs = blocks[place.block].operations(shape)
            own = wiring.all[len(wiring.before) :], theirs.all[len(theirs.before) :]
            for here, there in zip(*own, strict=True):
                for key in [key for key in state if key.startswith(f"{there.id}.")]:
                    moved[here.id + key.removeprefix(there.id)] = state[key]
        shape = wiring.all[-1].output
    return moved


@dataclass(frozen=True)
class _Flow:
    """What is known of the channels at one point, counted as in the whole network.

    Attributes:
        left: bool (C,), which of them are left.
        constant: (C,), of a channel that is gone its value, the same everywhere; of one that is left what its value
            lacks.
    """

    left: Tensor
    constant: Tensor

    @classmethod
    def whole(cls, channels: int) -> _Flow:
        return cls(torch.ones(channels, dtype=torch.bool), torch.zeros(channels))


class _Slicer:
    """Follows the channels through a network of dense layers.

    Args:
        network: the whole one.
        state: its weights.
        gone: ids of the blocks that are deleted.
    """

    def __init__(self, network: Network, state: State, gone: frozenset[str]) -> None:
        self._network, self._gone = network, gone
        self._state = dict(state)

    def sliced(self) -> State:
        """The weights, those of layers that are left with the channels that are."""
        spec = self._network.spec
        stem = spec.stem_operations()
        flow = _Flow.whole(stem[-1].output[0])
        shape = stem[-1].output
        for block in spec.all_blocks:
            wiring = block.operations(shape)
            flow = self._through(wiring.before, flow)
            join = wiring.join
            if join is None or join.kind != "concat":
                raise ValueError("channels are left out of networks of dense layers only")
            more = join.output[0] - join.input[0]
            if block.id in self._gone:
                added = _Flow(torch.zeros(more, dtype=torch.bool), torch.zeros(more))
            else:
                added = self._through((*wiring.shared, *wiring.branch), flow)
            flow = _Flow(torch.cat([flow.left, added.left]), torch.cat([flow.constant, added.constant]))
            shape = wiring.all[-1].output
        self._through(spec.head_operations(shape), flow)
        return self._state

    def _through(self, operations: Iterable[Operation], flow: _Flow) -> _Flow:
        for operation in operations:
            if operation.kind == "bn":
                flow = self._norm(operation, flow)
            elif operation.kind == "relu":
                flow = _Flow(flow.left, flow.constant.relu())
            elif operation.kind in ("conv", "linear"):
                flow = self._layer(operation, flow)
        return flow

    def _norm(self, operation: Operation, flow: _Flow) -> _Flow:
        """Behind it, channels that are left lack nothing any more."""
        norm = self._network.module(operation.id)
        assert isinstance(norm, nn.BatchNorm2d | nn.BatchNorm1d)
        weight, bias, mean, variance = (
            self._state[f"{operation.id}.{name}"] for name in ("weight", "bias", "running_mean", "running_var")
        )
        constant = (flow.constant - mean) / torch.sqrt(variance + norm.eps) * weight + bias
        for name, values in (
            ("weight", weight), ("bias", bias), ("running_mean", mean - flow.constant), ("running_var", variance),
        ):  # fmt: skip
            self._state[f"{operation.id}.{name}"] = values[flow.left]
        return _Flow(flow.left, torch.where(flow.left, torch.zeros_like(constant), constant))

    def _layer(self, operation: Operation, flow: _Flow) -> _Flow:
        weight = self._state[f"{operation.id}.weight"]
        self._state[f"{operation.id}.weight"] = weight[:, flow.left]
        if not flow.constant.any():
            return _Flow.whole(operation.output[0])
        # In double precision: hundreds of constants are added up.
        added = (weight.reshape(len(weight), -1).double() @ flow.constant.double()).to(weight.dtype)
        if operation.bias:
            key = f"{operation.id}.bias"
            self._state[key] = self._state[key] + added
            return _Flow.whole(operation.output[0])
        return _Flow(torch.ones(operation.output[0], dtype=torch.bool), added)
