"""A copy of a network made for speed: batch norms folded into the convolutions before them, channels last.

In eval mode a batch norm is an affine map of each channel, so a convolution before it can do its work. On the CPU,
oneDNN adds the shortcut and applies the ReLU while a result is still in the cache. This rounds a little otherwise than
the network itself does.

oneDNN's ReLU makes zero of what is no number, where PyTorch's passes it on: a network whose weights are not all numbers
takes PyTorch's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

from explorer.engine.modules import Block, PreactivatedBlock, ResidualNetwork, pool
from explorer.engine.studies.passes import Where
from explorer.networks.lesion import Action, Mode


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
        weight, bias = _folded(conv, norm)
        self.weight = weight.to(form.dtype).contiguous(memory_format=layout(form.device))
        self.bias = bias.to(form.dtype)

    def __call__(self, x: Tensor, relu: bool, add: Tensor | None = None, owned: bool = False) -> Tensor:
        """ReLU(conv(x) + add); the sum may be written into `add` where it is `owned`."""
        y = functional.conv2d(x, self.weight, self.bias, self.stride, self.padding)
        if add is not None:
            y += add
        return y.relu_() if relu else y


class _Fused(_Convolution):
    """The same as one operation of oneDNN."""

    def __init__(self, conv: nn.Conv2d, norm: nn.Module | None, form: _Form) -> None:
        super().__init__(conv, norm, form)
        self.fused_relu = form.fused_relu
        self.places = (self.padding, self.stride, [1, 1], 1)
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
def _fuses() -> bool:
    """Whether this torch has the fused operations, which are not part of its public face, and they are right."""
    try:
        with torch.inference_mode(), torch.random.fork_rng(devices=[]):
            conv = nn.Conv2d(3, 3, 3, padding=1, bias=False)
            form = _Form(torch.float32, torch.device("cpu"))
            plain, fused = _Convolution(conv, None, form), _Fused(conv, None, form)
            x = torch.linspace(-1, 1, 96).view(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
            calls = [partial(each, x, True) for each in (plain, fused)]
            alone = torch.allclose(calls[0](), calls[1](), atol=1e-5)
            outside = torch.allclose(calls[0](x), calls[1](x), atol=1e-5)
            return alone and outside and torch.allclose(calls[0](x), calls[1](x.clone(), True), atol=1e-5)
    except (AttributeError, RuntimeError, TypeError, NotImplementedError):
        return False


def _convolution(conv: nn.Module, norm: nn.Module | None, form: _Form) -> _Convolution:
    assert isinstance(conv, nn.Conv2d)
    kind = _Fused if form.device.type == "cpu" and _fuses() else _Convolution
    return kind(conv, norm, form)


def layout(device: torch.device) -> torch.memory_format:
    """Channels last, but on MPS, where it brings nothing."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def _folded(conv: nn.Conv2d, norm: nn.Module | None) -> tuple[Tensor, Tensor]:
    """Weight and bias, the batch norm's scale and shift in them; in float64, so that they are rounded once. MPS has no
    float64."""
    wide = torch.float32 if conv.weight.device.type == "mps" else torch.float64
    weight = conv.weight.detach().to(wide)
    if norm is None:
        return weight.float(), torch.zeros(len(weight), device=weight.device)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, variance = norm.running_mean.to(wide), norm.running_var.to(wide)
    scale, shift = norm.weight.detach().to(wide), norm.bias.detach().to(wide)
    folded = fuse_conv_bn_weights(weight, None, mean, variance, norm.eps, scale, shift)
    return folded[0].detach().float(), folded[1].detach().float()


@dataclass(frozen=True)
class _Affine:
    """A batch norm with no convolution before it, then ReLU."""

    scale: Tensor
    shift: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.shift, x, self.scale).relu_()


def _affine(norm: nn.Module, form: _Form) -> _Affine:
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
    shift = norm.bias.detach() - norm.running_mean * scale
    return _Affine(scale.to(form.dtype)[:, None, None], shift.to(form.dtype)[:, None, None])


class _FoldedBlock:
    """One block. The words are those of `modules.Block`."""

    def __init__(self, block: Block, form: _Form) -> None:
        parts = dict(block.named_children())
        names = [name for name in parts if name.startswith("conv")]
        self.entry: _Affine | None = None
        if isinstance(block, PreactivatedBlock):
            # Behind each convolution stands the batch norm of the next one.
            norms = [parts.get(f"bn{number + 1}") for number in range(1, len(names) + 1)]
            self.entry = None if block.first else _affine(parts["bn1"], form)
            self.joined, self.projected = False, block.projected
        else:
            norms = [parts[name.replace("conv", "bn")] for name in names]
            self.joined, self.projected = True, False
        self.convs = [_convolution(parts[name], norm, form) for name, norm in zip(names, norms, strict=True)]
        self.plain = block.plain
        self.downsample = _shortcut(block.downsample, form)

    def __call__(self, x: Tensor, mode: Mode, owned: bool) -> Tensor:
        if mode == "deleted":
            return self.around(x)
        inner = x if self.entry is None else self.entry(x)
        outer = inner if self.projected else x
        y = inner
        for conv in self.convs[:-1]:
            y = conv(y, relu=True)
        last = self.convs[-1]
        if mode == "cut" or self.plain:
            return last(y, self.joined)
        if self.downsample is None:
            return last(y, self.joined, outer, owned)
        return last(y, self.joined, self.shortcut(outer, relu=False), owned=True)

    def shortcut(self, x: Tensor, relu: bool) -> Tensor:
        """Where it is not the identity."""
        if isinstance(self.downsample, _Convolution):
            return self.downsample(x, relu)
        assert self.downsample is not None
        y: Tensor = self.downsample(x)
        # What comes in from a ReLU needs none, and option A only leaves out and adds zeros.
        return y.contiguous(memory_format=layout(x.device))

    def around(self, x: Tensor) -> Tensor:
        """The output when the branch is zero; of an identity that is x itself."""
        if self.downsample is None:
            return x
        if self.projected and self.entry is not None:
            x = self.entry(x)
        return self.shortcut(x, self.joined)


def _shortcut(module: nn.Module | None, form: _Form) -> _Convolution | nn.Module | None:
    if not isinstance(module, nn.Sequential):
        return module
    return _convolution(module[0], module[1] if len(module) > 1 else None, form)


class FoldedPasses:
    """The network's copy; the network stays as it is.

    A block is folded when it is first run: those of a ResNet-152 take a second together, too long for a job to pause.

    Args:
        network: in eval mode, on its device.
        dtype: to compute in; the head computes in float32.
    """

    def __init__(self, network: ResidualNetwork, dtype: torch.dtype = torch.float32) -> None:
        finite = all(bool(value.isfinite().all()) for value in network.state_dict().values())
        form = _Form(dtype, network.fc.weight.device, fused_relu=finite)
        self.network, self.dtype, self.layout = network, dtype, layout(form.device)
        self.first = _convolution(network.conv1, network.bn1, form)
        self._form = form
        self._originals = dict(network.blocks())
        self._blocks: dict[str, _FoldedBlock] = {}
        self.last: _Affine | None = None
        if network.spec.order == "pre-activation":
            self.last = _affine(network.bn, _Form(torch.float32, form.device))

    def enter(self, x: Tensor) -> Tensor:
        return x.to(self.dtype).contiguous(memory_format=self.layout)

    def stem(self, x: Tensor) -> Tensor:
        y = self.first(self.enter(x), relu=True)
        pooled: Tensor = self.network.maxpool(y)
        # Of one channel, images are of both layouts at once, and torch may choose either for what comes of them.
        return pooled.contiguous(memory_format=self.layout)

    def run(self, where: Where, action: Action, x: Tensor, owned: bool) -> Tensor:
        mode, block = action
        if mode == "pool":
            return pool(x)
        if block not in self._blocks:
            self._blocks[block] = _FoldedBlock(self._originals[block], self._form)
        return self._blocks[block](x, mode, owned)

    def head(self, where: Where, x: Tensor) -> Tensor:
        x = x.float()
        if self.last is not None:
            x = self.last(x)
        logits: Tensor = self.network.fc(x.mean((2, 3)))
        return logits
