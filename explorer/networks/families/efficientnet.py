"""EfficientNet: inverted residual blocks with squeeze-excitation, B0 scaled up to B7 (Tan and Le 2019,
arXiv:1905.11946).

Names of parameters are those of torchvision's `models/efficientnet.py`, whose module the engine runs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from explorer.networks.checks import SpecError, is_int, shown
from explorer.networks.knobs import Knob, Option
from explorer.networks.operations import (
    Operation,
    Wiring,
    add,
    bn,
    conv,
    dropout,
    global_average,
    linear,
    silu,
    squeeze_excitation,
)
from explorer.networks.spec import BlockSpec, NetworkSpec, Shape, StageSpec

_STAGES = (
    (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)  # fmt: skip
"""Of B0 (Table 1), stage by stage: expansion, kernel, stride, channels, blocks."""
_STEM = 32
SCALES: tuple[tuple[float, float, int, float], ...] = (
    (1.0, 1.0, 224, 0.2), (1.0, 1.1, 240, 0.2), (1.1, 1.2, 260, 0.3), (1.2, 1.4, 300, 0.3), (1.4, 1.8, 380, 0.4),
    (1.6, 2.2, 456, 0.4), (1.8, 2.6, 528, 0.5), (2.0, 3.1, 600, 0.5),
)  # fmt: skip
"""Of B0 to B7: factors of width and depth, input side, dropout before the classifier (the authors' code; section 5.2 of
the paper gives the range of the dropout)."""
_DIVISOR = 8
_LARGE_EPS, _LARGE_EPS_FROM = 1e-3, 5
"""What batch norm adds to the variance in B5 and larger, as in torchvision's."""
_DROPPED = 0.2
"""Stochastic depth in training: the share of the last block; earlier ones have proportionally less (section 5.2)."""


@dataclass(frozen=True, kw_only=True)
class MBConv(BlockSpec):
    """An inverted residual block: a 1x1 convolution to more channels, a depthwise one, squeeze-excitation, a 1x1
    convolution back, and the addition of its input where that has the same shape.

    Attributes:
        size: of the depthwise convolution.
        expansion: channels of it over those of the input.
        share: of images whose residual branch training leaves out.
        eps: what batch norm adds to the variance; 0 for the usual.
    """

    size: int
    expansion: int
    share: float = 0.0
    eps: float = 0.0

    @property
    def form(self) -> BlockSpec:
        # What training leaves out makes no difference to what stands where.
        return replace(super().form, share=0.0)  # type: ignore[call-arg]

    @property
    def kept(self) -> str:
        if self.shortcut == "identity":
            return ""
        return "{id} can't be deleted: it changes the shape and has no shortcut, so nothing would get through."

    def operations(self, shape: Shape) -> Wiring:
        branch = list(self._branch(shape))
        output = branch[-1].output
        if self.shortcut == "none":
            return Wiring(branch=tuple(branch))
        branch.append(dropout(f"{self.module_path}.stochastic_depth", output, self.share))
        return Wiring(branch=tuple(branch), join=add(f"{self.module_path}.add", output))

    def _branch(self, shape: Shape) -> Iterator[Operation]:
        path, wide, number = f"{self.module_path}.block", self.expansion * self.in_channels, 0
        if self.expansion != 1:
            yield from conv_bn(f"{path}.0", shape, wide, 1, eps=self.eps)
            shape, number = (wide, *shape[1:]), 1
        deep = list(conv_bn(f"{path}.{number}", shape, wide, self.size, self.stride, groups=wide, eps=self.eps))
        yield from deep
        squeezed = max(1, self.in_channels // 4)
        yield squeeze_excitation(f"{path}.{number + 1}", deep[-1].output, squeezed)
        yield from conv_bn(f"{path}.{number + 2}", deep[-1].output, self.out_channels, 1, active=False, eps=self.eps)


@dataclass(frozen=True)
class EfficientNetSpec(NetworkSpec):
    """What a person chooses of an EfficientNet.

    Attributes:
        scale: 0 to 7, of B0 to B7.
        in_channels, side: the input is in_channels x side x side.
        classes: outputs of the classifier.

    Raises:
        SpecError: a value is outside what can be built.
    """

    scale: int
    in_channels: int = 3
    side: int = 224
    classes: int = 1000

    family = "efficientnet"

    def __post_init__(self) -> None:
        if not is_int(self.scale) or not 0 <= self.scale < len(SCALES):
            raise SpecError("There is no EfficientNet-B{scale}; choose B0 to B7.", scale=shown(self.scale))
        self.check_numbers({}, {})

    @property
    def depth(self) -> int:
        """Weighted layers: every convolution and the classifier, without the two small ones of each
        squeeze-excitation, which stand beside the way of the image. The paper states no depth."""
        return 3 + sum(2 if block.expansion == 1 else 3 for block in self._mbconvs)

    @property
    def name(self) -> str:
        """`EfficientNet-B0`."""
        return f"EfficientNet-B{self.scale}"

    @property
    def sources(self) -> tuple[str, ...]:
        return (
            "Tan and Le 2019, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks "
            "(arXiv:1905.11946)",
        )

    @property
    def heading(self) -> str:
        return "EfficientNet"

    @property
    def wrapped(self) -> tuple[str, dict[str, Any]]:
        return f"efficientnet_b{self.scale}", {"num_classes": self.classes}

    @property
    def summary(self) -> str:
        return f"MBConv {super().summary}"

    @cached_property
    def stages(self) -> tuple[StageSpec, ...]:
        """The seven stages with their blocks, in order; two of them keep the resolution of the one before."""
        deep = SCALES[self.scale][1]
        counts = [math.ceil(blocks * deep) for *_, blocks in _STAGES]
        stages, made, channels = [], 0, self._width(_STEM)
        for number, (expansion, size, stride, width, _) in enumerate(_STAGES):
            blocks: list[BlockSpec] = []
            for position in range(counts[number]):
                steps, out = stride if position == 0 else 1, self._width(width)
                block = MBConv(
                    id=f"layer{number + 1}.{position}", kind="mbconv", in_channels=channels, out_channels=out,
                    stride=steps, shortcut="identity" if steps == 1 and channels == out else "none",
                    path=f"features.{number + 1}.{position}", size=size, expansion=expansion,
                    share=_DROPPED * (made + position) / sum(counts), eps=self._eps,
                )  # fmt: skip
                blocks.append(block)
                channels = out
            made += len(blocks)
            stages.append(StageSpec(f"layer{number + 1}", tuple(blocks), channels))
        return tuple(stages)

    @property
    def _eps(self) -> float:
        return _LARGE_EPS if self.scale >= _LARGE_EPS_FROM else 0.0

    @property
    def _mbconvs(self) -> Iterator[MBConv]:
        return (block for block in self.all_blocks if isinstance(block, MBConv))

    def _width(self, channels: int) -> int:
        """Channels times the factor of width, rounded to a multiple of 8 and never down by more than a tenth, as in
        the authors' code."""
        wanted = channels * SCALES[self.scale][0]
        rounded = max(_DIVISOR, int(wanted + _DIVISOR / 2) // _DIVISOR * _DIVISOR)
        return rounded + _DIVISOR if rounded < 0.9 * wanted else rounded

    def stem_operations(self) -> tuple[Operation, ...]:
        """A 3x3 convolution with stride 2."""
        return tuple(conv_bn("features.0", self.input_shape, self._width(_STEM), 3, 2, eps=self._eps))

    def head_operations(self, shape: Shape) -> tuple[Operation, ...]:
        """A 1x1 convolution to four times the channels, global average pooling, the classifier."""
        wide = tuple(conv_bn(f"features.{len(_STAGES) + 1}", shape, 4 * shape[0], 1, eps=self._eps))
        average = global_average("avgpool", wide[-1].output)
        dropped = dropout("classifier.0", average.output, SCALES[self.scale][3])
        return (*wide, average, dropped, linear("classifier.1", average.output, self.classes))

    def knobs(self) -> tuple[Knob, ...]:
        scales = tuple(Option(number, f"B{number}", _scale_words(number)) for number in range(len(SCALES)))
        tip = "How much deeper, wider and at which side than B0 (Tan and Le 2019, section 3.3)"
        return (Knob("scale", "Scale", self.scale, "choice", scales, tip),)

    def turned(self, name: str, value: Any, block_id: str = "") -> NetworkSpec:
        """Another scale brings its own side."""
        return self.with_(**{name: value, "side": SCALES[value][2]} if name == "scale" else {name: value})

    @classmethod
    def named(cls, name: str) -> NetworkSpec | None:
        """`efficientnetb0`, `efficientnet0`."""
        found = re.fullmatch(r"efficientnetb?(\d{1,5})", name)
        return efficientnet(int(found[1])) if found else None

    @classmethod
    def recognise(cls, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[NetworkSpec]:
        """By the channels of its last convolution, which are those of at most two of them."""
        first, last = shapes.get("features.0.0.weight", ()), shapes.get("classifier.1.weight", ())
        if len(first) != 4 or len(last) != 2:
            return
        for scale in range(len(SCALES)):
            if 4 * cls(scale).stages[-1].out_channels == last[1]:
                yield efficientnet(scale).with_(in_channels=first[1], classes=last[0])


def _scale_words(scale: int) -> str:
    width, depth, side, _ = SCALES[scale]
    return f"Width × {width:g}, depth × {depth:g}, input {side} × {side}"


def efficientnet(scale: int) -> EfficientNetSpec:
    """B0 to B7, at its own input side.

    Raises:
        SpecError: there is none of that scale.
    """
    spec = EfficientNetSpec(scale)
    return spec.with_(side=SCALES[scale][2])


def conv_bn(
    path: str,
    shape: Shape,
    channels: int,
    size: int,
    stride: int = 1,
    *,
    groups: int = 1,
    active: bool = True,
    eps: float = 0.0,
) -> Iterator[Operation]:
    """A convolution, batch norm and, where active, SiLU, at torchvision's paths of the three."""
    one = conv(f"{path}.0", shape, channels, size, stride, groups=groups)
    yield one
    yield bn(f"{path}.1", one.output, eps=eps)
    if active:
        yield silu(f"{path}.2", one.output)
