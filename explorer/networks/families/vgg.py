"""VGG: 3x3 convolutions one after another, without shortcuts (Simonyan and Zisserman 2015, arXiv:1409.1556).

Names of parameters are those of torchvision's `models/vgg.py`, whose module the engine runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

from explorer.networks.checks import SpecError, check_choice, shown
from explorer.networks.knobs import Knob, Option, yes_or_no
from explorer.networks.operations import Operation, Wiring, adaptive_average, bn, conv, dropout, linear, pool, relu
from explorer.networks.operations import flatten as flattened
from explorer.networks.spec import BlockSpec, NetworkSpec, Shape, StageSpec

CONVOLUTIONS: dict[int, tuple[int, ...]] = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""Weighted layers -> convolutions at each of the five resolutions: configurations A, B, D and E of Table 1."""
_WIDTHS = (64, 128, 256, 512, 512)
_HIDDEN = 4096
_CONNECTED = 3
"""Fully connected layers."""
_POOLED_SIDE = 7
_LEAST_SIDE = 32
"""Five max pools halve the map; of a smaller one nothing would be left."""


@dataclass(frozen=True, kw_only=True)
class VggLayer(BlockSpec):
    """One convolution with ReLU, which passes its input on when it is deleted; the max pool before it stays.

    Attributes:
        norm: whether batch norm stands between the two.
    """

    norm: bool

    @property
    def kept(self) -> str:
        if self.passes_on:
            return ""
        return "{id} can't be deleted: it changes the number of channels, and the layers behind it need the new one."

    def operations(self, shape: Shape) -> Wiring:
        first = _index(self.module_path)
        before = (pool(f"features.{first - 1}", shape),) if self.pooled else ()
        one = conv(self.module_path, before[0].output if before else shape, self.out_channels, 3, bias=True)
        norm = (bn(f"features.{first + 1}", one.output),) if self.norm else ()
        return Wiring(before, branch=(one, *norm), after=(relu(f"features.{first + 1 + self.norm}", one.output),))


@dataclass(frozen=True)
class VggSpec(NetworkSpec):
    """What a person chooses of a VGG network.

    The stem is the first convolution; each further one is a layer that can be deleted where it keeps the number of
    channels. Stages are numbered as the paper numbers resolutions, `layer2` begins with conv2_1; VGG-11 has no layer1,
    since its only convolution at the full resolution is the stem.

    Attributes:
        configuration: weighted layers: 11, 13, 16 or 19.
        norm: whether batch norm follows each convolution (Ioffe and Szegedy 2015, after the paper).
        in_channels, side: the input is in_channels x side x side, at least 32 x 32.
        classes: outputs of the classifier.

    Raises:
        SpecError: a value is outside what can be built.
    """

    configuration: int
    norm: bool = False
    in_channels: int = 3
    side: int = 224
    classes: int = 1000

    family = "vgg"

    def __post_init__(self) -> None:
        if self.configuration is True or self.configuration not in CONVOLUTIONS:
            raise _no_such(self.configuration)
        _check_norm(self.norm)
        self.check_numbers({"side": (_LEAST_SIDE, 2048)}, {"side": "The input side of a VGG network"})

    @property
    def depth(self) -> int:
        """Weighted layers, as in its name: convolutions and the three fully connected layers."""
        return self.configuration

    @property
    def name(self) -> str:
        """`VGG-16`, or `VGG-16 BN`."""
        return f"VGG-{self.configuration}{' BN' if self.norm else ''}"

    @property
    def sources(self) -> tuple[str, ...]:
        return (
            "Simonyan and Zisserman 2014, Very Deep Convolutional Networks for Large-Scale Image Recognition "
            "(arXiv:1409.1556)",
        )

    @property
    def heading(self) -> str:
        return "VGG"

    @property
    def wrapped(self) -> tuple[str, dict[str, Any]]:
        return f"vgg{self.configuration}{'_bn' if self.norm else ''}", {"num_classes": self.classes}

    @cached_property
    def stages(self) -> tuple[StageSpec, ...]:
        """The stages with their layers, in order."""
        stages = []
        channels, index = _WIDTHS[0], self._step
        for number, convolutions in enumerate(CONVOLUTIONS[self.configuration]):
            stage = f"layer{number + 1}"
            blocks: list[BlockSpec] = []
            for position in range(number == 0, convolutions):
                pooled = number > 0 and position == 0
                index += pooled
                layer = VggLayer(
                    id=f"{stage}.{len(blocks)}", kind="layer", in_channels=channels, out_channels=_WIDTHS[number],
                    shortcut="none", path=f"features.{index}", pooled=pooled, norm=self.norm,
                )  # fmt: skip
                blocks.append(layer)
                channels, index = _WIDTHS[number], index + self._step
            if blocks:
                stages.append(StageSpec(stage, tuple(blocks), channels))
        return tuple(stages)

    @property
    def _step(self) -> int:
        """Modules of one convolution in torchvision's row of them."""
        return 3 if self.norm else 2

    def stem_operations(self) -> tuple[Operation, ...]:
        """The first convolution."""
        first = conv("features.0", self.input_shape, _WIDTHS[0], 3, bias=True)
        norm = (bn("features.1", first.output),) if self.norm else ()
        return (first, *norm, relu(f"features.{self._step - 1}", first.output))

    def head_operations(self, shape: Shape) -> tuple[Operation, ...]:
        """The last max pool, its average over 7 x 7 windows (nothing at 224 px), three fully connected layers."""
        last = pool(f"features.{_index(self.all_blocks[-1].module_path) + self._step}", shape)
        average = adaptive_average("avgpool", last.output, _POOLED_SIDE)
        flat = flattened("flatten", average.output)
        operations, numbers = [last, average, flat], count()
        for _ in range(2):
            operations.append(linear(f"classifier.{next(numbers)}", operations[-1].output, _HIDDEN))
            operations.append(relu(f"classifier.{next(numbers)}", operations[-1].output))
            operations.append(dropout(f"classifier.{next(numbers)}", operations[-1].output, 0.5))
        return (*operations, linear(f"classifier.{next(numbers)}", operations[-1].output, self.classes))

    def twin(self) -> VggSpec:
        """Itself: it has no shortcuts."""
        return self

    def knobs(self) -> tuple[Knob, ...]:
        layers = tuple(Option(depth, str(depth), f"Configuration {letter} of Table 1 (Simonyan and Zisserman 2015)")
                       for depth, letter in zip(CONVOLUTIONS, "ABDE", strict=True))  # fmt: skip
        tips = ("As in the paper", "Behind each convolution (Ioffe and Szegedy 2015)")
        tip = "Weighted layers: convolutions and three fully connected ones"
        return (
            Knob("configuration", "Depth", self.configuration, "choice", layers, tip),
            yes_or_no("norm", "Batch norm", self.norm, tips, "Whether batch norm follows each convolution"),
        )

    @classmethod
    def named(cls, name: str) -> NetworkSpec | None:
        """`vgg16`, `vgg16bn`."""
        found = re.fullmatch(r"vgg(\d{1,5})(bn)?", name)
        return cls(int(found[1]), bool(found[2])) if found else None

    @classmethod
    def recognise(cls, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[NetworkSpec]:
        """By the number of its convolutions."""
        first, last = shapes.get("features.0.weight", ()), shapes.get("classifier.6.weight", ())
        if len(first) == 4 and len(last) == 2:
            found = sum(name.startswith("features.") and len(shape) == 4 for name, shape in shapes.items())
            norm = "features.1.running_mean" in shapes
            yield cls(found + _CONNECTED, norm, in_channels=first[1], classes=last[0])


def _index(path: str) -> int:
    return int(path.rpartition(".")[2])


def _check_norm(value: object) -> None:
    if not isinstance(value, bool):
        check_choice("field norm", value, ("true", "false"))
        raise SpecError("The field norm must be true or false, without quotation marks.")


def _no_such(layers: object) -> SpecError:
    return SpecError("There is no VGG with {layers} layers; choose 11, 13, 16 or 19.", layers=shown(layers))
