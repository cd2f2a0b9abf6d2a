"""A copy of a network made for speed: batch norms folded into the convolutions before them, channels last.

In eval mode a batch norm is an affine map of each channel, so a convolution before it can do its work. On the CPU,
oneDNN adds the shortcut and applies the ReLU while a result is still in the cache. This rounds a little otherwise than
the network itself does.

oneDNN's ReLU makes zero of what is no number, where PyTorch's passes it on: a network whose weights are not all numbers
takes PyTorch's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

from explorer.engine.modules import Block, Network
from explorer.engine.studies.passes import Where
from explorer.engine.tracks import compiled, run
from explorer.networks.lesion import Action, Mode
from explorer.networks.operations import Operation


@dataclass(frozen=True)
class _Form:
    """What it is computed in.

    Attributes:
        dtype: of weights and activations.
        device: on which.
        fused_relu: whether ReLU may make zero of what is no number.
    """

    dtype: torch.dtype
    device: torch.device
    fused_relu: bool = True


class _Convolution:
    """A convolution with what follows it: batch norm folded in, an addition, ReLU.

    Args:
        conv: of the network.
        norm: the batch norm right behind it, if there is one.
        form: type and device to compute in.
    """

    def __init__(self, conv: nn.Conv2d, norm: nn.Module | None, form: _Form) -> None:
        self.stride, self.padding = list(conv.stride), [int(side) for side in conv.padding]
        self.groups = conv.groups
        weight, bias = _folded(conv, norm)
        self.weight = weight.to(form.dtype).contiguous(memory_format=layout(form.device))
        self.bias = bias.to(form.dtype)

    def __call__(self, x: Tensor, relu: bool, add: Tensor | None = None, owned: bool = False) -> Tensor:
        """ReLU(conv(x) + add); the sum may be written into `add` where it is `owned`."""
        y = functional.conv2d(x, self.weight, self.bias, self.stride, self.padding, 1, self.groups)
        if add is not None:
            y += add
        return y.relu_() if relu else y


class _Fused(_Convolution):
    """The same as one operation of oneDNN."""

    def __init__(self, conv: nn.Conv2d, norm: nn.Module | None, form: _Form) -> None:
        super().__init__(conv, norm, form)
        self.fused_relu = form.fused_relu
        self.places = (self.padding, self.stride, [1, 1], self.groups)
        self.weight = torch._C._nn.mkldnn_reorder_conv2d_weight(self.weight.to_mkldnn(), *self.places)

    def __call__(self, x: Tensor, relu: bool, add: Tensor | None = None, owned: bool = False) -> Tensor:
        operations = torch.ops.mkldnn
        then = "relu" if relu and self.fused_relu else None
        if add is None:
            alone = operations._convolution_pointwise.default
            y: Tensor = alone(x, self.weight, self.bias, *self.places, then or "none", [], "")
        elif owned:
            inside = operations._convolution_pointwise_.binary
            y = inside(add, x, self.weight, self.bias, *self.places, "add", 1.0, then, [], "")
        else:
            outside = operations._convolution_pointwise.binary
            y = outside(x, add, self.weight, self.bias, *self.places, "add", 1.0, then, [], "")
        return y.relu_() if relu and not self.fused_relu else y


@cache
def _fuses(number: torch.dtype) -> bool:
    """Whether this torch has the fused operations, which are not part of its public face, and they are right; in
    bfloat16 not every processor can do them."""
    try:
        with torch.inference_mode(), torch.random.fork_rng(devices=[]):
            conv = nn.Conv2d(3, 3, 3, padding=1, bias=False)
            form = _Form(number, torch.device("cpu"))
            plain, fused = _Convolution(conv, None, form), _Fused(conv, None, form)
            x = torch.linspace(-1, 1, 96).view(2, 3, 4, 4).to(number).contiguous(memory_format=torch.channels_last)
            near = partial(torch.allclose, atol=1e-5 if number == torch.float32 else 0.05)
            calls = [partial(each, x, True) for each in (plain, fused)]
            alone, outside = near(calls[0](), calls[1]()), near(calls[0](x), calls[1](x))
            return bool(alone and outside and near(calls[0](x), calls[1](x.clone(), True)))
    except (AttributeError, RuntimeError, TypeError, NotImplementedError):
        return False


def _convolution(conv: nn.Module, norm: nn.Module | None, form: _Form) -> _Convolution:
    assert isinstance(conv, nn.Conv2d)
    kind = _Fused if form.device.type == "cpu" and _fuses(form.dtype) else _Convolution
    return kind(conv, norm, form)


def layout(device: torch.device) -> torch.memory_format:
    """Channels last, but on MPS, where it brings nothing."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def _folded(conv: nn.Conv2d, norm: nn.Module | None) -> tuple[Tensor, Tensor]:
    """Weight and bias, the batch norm's scale and shift in them; in float64, so that they are rounded once. MPS has no
    float64."""
    wide = torch.float32 if conv.weight.device.type == "mps" else torch.float64
    weight = conv.weight.detach().to(wide)
    bias = None if conv.bias is None else conv.bias.detach().to(wide)
    if norm is None:
        return weight.float(), torch.zeros(len(weight), device=weight.device) if bias is None else bias.float()
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, variance = norm.running_mean.to(wide), norm.running_var.to(wide)
    scale, shift = norm.weight.detach().to(wide), norm.bias.detach().to(wide)
    folded = fuse_conv_bn_weights(weight, bias, mean, variance, norm.eps, scale, shift)
    return folded[0].detach().float(), folded[1].detach().float()


class _Affine:
    """A batch norm with no convolution before it."""

    def __init__(self, norm: nn.Module, form: _Form) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
        shift = norm.bias.detach() - norm.running_mean * scale
        self.scale, self.shift = (value.to(form.dtype)[:, None, None] for value in (scale, shift))

    def __call__(self, x: Tensor, relu: bool) -> Tensor:
        y = torch.addcmul(self.shift, x, self.scale)
        return y.relu_() if relu else y


class _Other:
    """An operation without parameters, as the network does it."""

    def __init__(self, operation: Operation, form: _Form) -> None:
        self.steps = compiled((operation,), lambda path: None, False)
        self.layout = layout(form.device)

    def __call__(self, x: Tensor, relu: bool) -> Tensor:
        # Of one channel, images are of both layouts at once, and torch may choose either for what comes of them.
        y = run(self.steps, x).contiguous(memory_format=self.layout)
        return functional.relu(y) if relu else y


@dataclass
class _Unit:
    """One thing to run, and whether ReLU follows."""

    does: _Convolution | _Affine | _Other
    relu: bool = False

    def __call__(self, x: Tensor) -> Tensor:
        return self.does(x, self.relu)


def foldable(network: Network) -> bool:
    """Whether this network's blocks are of operations that are folded here."""
    if network.spec.wrapped is not None:
        return False
    kinds = {
        operation.kind
        for part, operations in network.parts.items()
        if part != "head"
        for operation in operations
        if operation.kind not in ("dropout", "add")
    }
    return kinds <= {"conv", "bn", "relu", "maxpool", "subsample", "scale"}


def _units(operations: Sequence[Operation], network: Network, form: _Form) -> list[_Unit]:
    """Operations in a row, those that fold into one put together."""
    units: list[_Unit] = []
    rest = [operation for operation in operations if operation.kind != "dropout"]
    while rest:
        operation = rest.pop(0)
        module = network.module(operation.id)
        if operation.kind == "relu" and units and not units[-1].relu:
            units[-1].relu = True
        elif operation.kind == "conv":
            norm = rest.pop(0) if rest and rest[0].kind == "bn" else None
            folded = None if norm is None else network.module(norm.id)
            assert module is not None
            units.append(_Unit(_convolution(module, folded, form)))
        elif operation.kind == "bn":
            assert module is not None
            units.append(_Unit(_Affine(module, form)))
        else:
            units.append(_Unit(_Other(operation, form)))
    return units


class _FoldedBlock:
    """One block. The words are those of `modules.Block`."""

    def __init__(self, block: Block, network: Network, form: _Form) -> None:
        wiring = block.wiring
        self.passes_on, self.plain = block.spec.passes_on, block.plain
        self.shared = _units(wiring.shared, network, form)
        branch = _units(wiring.branch, network, form)
        self.branch, self.last = branch[:-1], branch[-1]
        self.shortcut = _units(wiring.shortcut, network, form)
        self.after = _units(wiring.after, network, form)
        # One operation does the last convolution, the addition and the ReLU behind it.
        self.fuses = isinstance(self.last.does, _Convolution) and not self.last.relu
        self.joined = bool(wiring.after) and wiring.after[0].kind == "relu"
        self.rest = self.after[1:] if self.joined else self.after
        stand_in = () if wiring.stand_in is None else (wiring.stand_in,)
        self.stand_in = _units(stand_in, network, form)

    def __call__(self, x: Tensor, mode: Mode, owned: bool) -> Tensor:
        if mode == "deleted":
            return self.around(x)
        parting = _through(self.shared, x)
        y = _through(self.branch, parting)
        if mode == "cut" or self.plain:
            if not self.fuses:
                return _through(self.after, self.last(y))
            return _through(self.rest, self.last.does(y, self.joined))
        carried = _through(self.shortcut, parting)
        mine = bool(self.shortcut) or (owned and not self.shared)
        if self.fuses and isinstance(self.last.does, _Convolution):
            return _through(self.rest, self.last.does(y, self.joined, carried, mine))
        return _through(self.after, self.last(y) + carried)

    def around(self, x: Tensor) -> Tensor:
        """The output when the branch is zero; of an identity that is x itself."""
        if self.passes_on:
            return x
        if self.plain:
            return _through(self.stand_in, x)
        return _through(self.after, _through(self.shortcut, _through(self.shared, x)))


def _through(units: Sequence[_Unit], x: Tensor) -> Tensor:
    for unit in units:
        x = unit(x)
    return x


class FoldedPasses:
    """The network's copy; the network stays as it is.

    A block is folded when it is first run: those of a ResNet-152 take a second together, too long for a job to pause.

    Args:
        network: in eval mode, on its device, `foldable`.
        dtype: to compute in; the head computes in float32.
    """

    def __init__(self, network: Network, dtype: torch.dtype = torch.float32) -> None:
        finite = all(bool(value.isfinite().all()) for value in network.state_dict().values())
        form = _Form(dtype, network.device, fused_relu=finite)
        self.network, self.dtype, self.layout = network, dtype, layout(form.device)
        self._stem = _units(network.parts["stem"], network, form)
        self._form = form
        self._originals = dict(network.blocks())
        self._blocks: dict[str, _FoldedBlock] = {}

    def enter(self, x: Tensor) -> Tensor:
        return x.to(self.dtype).contiguous(memory_format=self.layout)

    def stem(self, x: Tensor) -> Tensor:
        return _through(self._stem, self.enter(x)).contiguous(memory_format=self.layout)

    def run(self, where: Where, action: Action, x: Tensor, owned: bool) -> Tensor:
        mode, block = action
        if mode == "pool":
            return self.network.enter(block, x)
        if block not in self._blocks:
            self._blocks[block] = _FoldedBlock(self._originals[block], self.network, self._form)
        return self._blocks[block](x, mode, owned)

    def head(self, where: Where, x: Tensor) -> Tensor:
        return self.network.head(x.float())
