"""DenseNets: every layer gets the channels of all layers before it (Huang et al. 2017, arXiv:1608.06993).

One dense layer is one block here: its shortcut carries all channels that came, and its own k, the growth, are put
behind them. Names of parameters are those of torchvision's `models/densenet.py`, which has the ImageNet networks; those
for CIFAR, which it lacks, follow the paper's section 4.2 under the same names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from explorer.networks.checks import SpecError, check_choice, check_counts, shown
from explorer.networks.knobs import Knob, Option, yes_or_no
from explorer.networks.operations import (
    Operation,
    Wiring,
    bn,
    concat,
    conv,
    dropout,
    global_average,
    linear,
    max_pool3,
    pool,
    relu,
)
from explorer.networks.spec import BlockSpec, NetworkSpec, Shape, StageSpec

Stem = Literal["imagenet", "cifar"]

STAGES: dict[str, int] = {"imagenet": 4, "cifar": 3}
IMAGENET: dict[int, tuple[tuple[int, ...], int, int]] = {
    121: ((6, 12, 24, 16), 32, 64),
    161: ((6, 12, 36, 24), 48, 96),
    169: ((6, 12, 32, 32), 32, 64),
    201: ((6, 12, 48, 32), 32, 64),
}
"""Layers in each stage, growth and channels of the stem: the paper's Table 1, and torchvision's for 161."""
_LIMITS = {"growth": (1, 512), "stem_width": (1, 1024), "bottleneck": (0, 16)}
_WORDS = {
    "growth": "The growth",
    "stem_width": "The width of the stem",
    "bottleneck": "The width of the bottleneck, in growths,",
}
_LAYER = re.compile(r"features\.denseblock(\d{1,2})\.denselayer(\d{1,4})\.")
_STEMS = (
    Option("imagenet", "ImageNet", "7×7 convolution with max pool, four stages (Huang et al. 2017, Table 1)"),
    Option("cifar", "CIFAR", "3×3 convolution, three stages of equal length (section 3, Implementation Details)"),
)
_BOTTLENECKS = (
    "Only a 3×3 convolution in each layer",
    "A 1×1 convolution to 4k channels before each 3×3 one: DenseNet-B (section 3, Bottleneck layers)",
)
_SMALLEST_SIDE = {"imagenet": 29, "cifar": 8}
"""Of the input: below it, the pools between the stages leave nothing."""


@dataclass(frozen=True, kw_only=True)
class DenseLayer(BlockSpec):
    """One dense layer: BN, ReLU, 3x3 conv on all that came before it, or BN, ReLU, 1x1 conv in front of these.

    Attributes:
        growth: channels that it adds: the paper's k.
        bottleneck: channels of its 1x1 convolution, in growths; 0 for none.
        transition: path of the transition before it; empty where there is none.
        dropout: share that training drops of what it adds.
    """

    growth: int
    bottleneck: int
    transition: str = ""
    dropout: float = 0.0

    @property
    def downsampling(self) -> bool:
        # It adds channels, as every other layer of the network does; the transitions halve the map.
        return False

    @property
    def form(self) -> BlockSpec:
        # Its weights know the channels that it gets by their places, so no other layer can stand for it.
        return self

    @property
    def preactivated(self) -> bool:
        return True

    @property
    def uncut(self) -> str:
        return "The shortcut of {id} can't be cut: it carries what all the layers behind it need from those before it."

    def operations(self, shape: Shape) -> Wiring:
        """The paper's section 3; paddings as in torchvision's `models/densenet.py`."""
        before = tuple(self._transition(shape)) if self.transition else ()
        entering = before[-1].output if before else shape
        branch = tuple(self._branch(entering))
        return Wiring(before, branch=branch, join=concat(f"{self.path}.concat", entering, self.growth))

    def _transition(self, shape: Shape) -> Iterator[Operation]:
        yield bn(f"{self.transition}.norm", shape)
        yield relu(f"{self.transition}.relu", shape)
        one = conv(f"{self.transition}.conv", shape, self.in_channels, 1)
        yield one
        yield pool(f"{self.transition}.pool", one.output, "avgpool")

    def _branch(self, shape: Shape) -> Iterator[Operation]:
        convolutions = [(self.growth, 3)]
        if self.bottleneck:
            convolutions.insert(0, (self.bottleneck * self.growth, 1))
        for number, (channels, size) in enumerate(convolutions, 1):
            yield bn(f"{self.path}.norm{number}", shape)
            yield relu(f"{self.path}.relu{number}", shape)
            one = conv(f"{self.path}.conv{number}", shape, channels, size)
            yield one
            shape = one.output
        if self.dropout:
            yield dropout(f"{self.path}.dropout", shape, self.dropout)


@dataclass(frozen=True)
class DenseNetSpec(NetworkSpec):
    """What a person chooses of a DenseNet.

    Attributes:
        blocks: dense layers in each stage, which the paper calls a dense block.
        growth: channels that each layer adds: k.
        stem_width: channels of the stem.
        stem: of `imagenet` (7x7, stride 2, max pool; four stages) or `cifar` (3x3; three stages, or
            four).
        bottleneck: channels of the 1x1 convolution in each layer, in growths: 4 in DenseNet-B; 0 for no such one.
        compression: share of the channels that a transition keeps: 0.5 in DenseNet-C, else 1.
        in_channels, side: the input is in_channels x side x side.
        classes: outputs of the classifier.
        dropout: share of what a layer adds that training drops: 0.2 in the paper without augmentation (section 4.2).

    Raises:
        SpecError: a value is outside what can be built.
    """

    blocks: tuple[int, ...]
    growth: int = 32
    stem_width: int = 64
    stem: Stem = "imagenet"
    bottleneck: int = 4
    compression: float = 0.5
    in_channels: int = 3
    side: int = 224
    classes: int = 1000
    dropout: float = 0.0
    family: Literal["densenet"] = "densenet"

    def __post_init__(self) -> None:
        check_choice("family", self.family, ("densenet",))
        check_choice("stem", self.stem, get_args(Stem))
        self.check_numbers(_LIMITS, _WORDS)
        check_counts("layer{number}", self.blocks, "dense layers")
        # Four behind the small stem: how repositories train ImageNet's networks on CIFAR.
        wanted = STAGES[self.stem] if self.large else "3 or 4"
        if len(self.blocks) not in (STAGES[self.stem], 4):
            raise SpecError(
                "A DenseNet with this stem has {wanted} stages, so it needs {wanted} numbers of layers, not {given}.",
                wanted=wanted, given=len(self.blocks),
            )  # fmt: skip
        if not _is_share(self.compression) or self.compression == 0:
            raise SpecError("The compression must be a number above 0 and at most 1, not {value}.",
                            value=shown(self.compression))  # fmt: skip
        if not _is_share(self.dropout) or self.dropout == 1:
            raise SpecError("The share of dropout must be a number from 0 to below 1, not {value}.",
                            value=shown(self.dropout))  # fmt: skip
        self._check_maps()

    def _check_maps(self) -> None:
        smallest = _SMALLEST_SIDE[self.stem]
        if self.side < smallest:
            raise SpecError(
                "The pools of {network} leave nothing of an input of side {side}; it needs at least {smallest}.",
                network=self.name, side=self.side, smallest=smallest,
            )  # fmt: skip
        if any(block.in_channels == 0 for block in self.all_blocks):
            raise SpecError("A compression to {share:g} leaves no channels: keep more.", share=self.compression)

    # -- derived -------------------------------------------------------------------------------------------------

    @property
    def depth(self) -> int:
        """Weighted layers: stem, those of the dense layers, transitions, classifier (the paper's L)."""
        return (2 if self.bottleneck else 1) * sum(self.blocks) + len(self.blocks) + 1

    @property
    def name(self) -> str:
        """How people call it: `DenseNet-121`; for CIFAR `DenseNet-40-12` and `DenseNet-BC-100-12`, with the growth."""
        if self.large:
            usual = IMAGENET.get(self.depth) == (self.blocks, self.growth, self.stem_width)
            return f"DenseNet-{self.depth}" if usual else f"DenseNet-{self.depth}-{self.growth}"
        form = ("B" if self.bottleneck else "") + ("C" if self.compression < 1 else "")
        return f"DenseNet-{form}{'-' if form else ''}{self.depth}-{self.growth}"

    @property
    def layers(self) -> bool:
        return True

    @property
    def summary(self) -> str:
        return f"dense layers ({', '.join(map(str, self.blocks))}), each adds {self.growth} channels"

    @property
    def sources(self) -> tuple[str, ...]:
        return ("Huang et al. 2017, Densely Connected Convolutional Networks (arXiv:1608.06993)",)

    @property
    def heading(self) -> str:
        return "DenseNet"

    @property
    def large(self) -> bool:
        return self.stem == "imagenet"

    @property
    def wrapped(self) -> tuple[str, dict[str, Any]] | None:
        """torchvision's, where it has these layers; its input has 3 channels."""
        usual = self.large and (self.bottleneck, self.compression, self.dropout, self.in_channels) == (4, 0.5, 0, 3)
        if not usual or IMAGENET.get(self.depth) != (self.blocks, self.growth, self.stem_width):
            return None
        return f"densenet{self.depth}", {"num_classes": self.classes}

    @cached_property
    def stages(self) -> tuple[StageSpec, ...]:
        stages = []
        channels = self.stem_width
        for index, count in enumerate(self.blocks):
            if index:
                channels = int(channels * self.compression)
            layers = tuple(self._layer(index, position, channels + position * self.growth) for position in range(count))
            channels += count * self.growth
            stages.append(StageSpec(f"layer{index + 1}", layers, channels))
        return tuple(stages)

    def _layer(self, index: int, position: int, channels: int) -> DenseLayer:
        first = index > 0 and position == 0
        return DenseLayer(
            id=f"layer{index + 1}.{position}", kind="dense layer", in_channels=channels,
            out_channels=channels + self.growth, shortcut="concat",
            path=f"features.denseblock{index + 1}.denselayer{position + 1}", pooled=first, growth=self.growth,
            bottleneck=self.bottleneck, transition=f"features.transition{index}" if first else "", dropout=self.dropout,
        )  # fmt: skip

    def stem_operations(self) -> tuple[Operation, ...]:
        """7x7 conv, BN, ReLU, 3x3 max pool (ImageNet), or a 3x3 conv alone (CIFAR), as the first layer brings BN and
        ReLU."""
        if not self.large:
            return (conv("features.conv0", self.input_shape, self.stem_width, 3),)
        first = conv("features.conv0", self.input_shape, self.stem_width, 7, 2)
        shape = first.output
        return (first, bn("features.norm0", shape), relu("features.relu0", shape), max_pool3("features.pool0", shape))

    def head_operations(self, shape: Shape) -> tuple[Operation, ...]:
        """The last BN and ReLU, global average pooling, the classifier."""
        average = global_average("avgpool", shape)
        last = (bn("features.norm5", shape), relu("last_relu", shape))
        return (*last, average, linear("classifier", average.output, self.classes))

    def same_architecture(self, other: NetworkSpec) -> bool:
        """As in `NetworkSpec`; dropout is training's."""
        return self.equal_but(other, "dropout")

    def knobs(self) -> tuple[Knob, ...]:
        tip = "Of ImageNet's networks, or of those for CIFAR (Huang et al. 2017, section 3, Implementation Details)"
        small = () if self.large else (Knob("depth", "Depth", self.depth, tip="Weighted layers: the paper's L"),)
        return (
            Knob("stem", "Stem", self.stem, "choice", _STEMS, tip),
            *small,
            Knob("blocks", "Layers a stage", self.blocks, tip="Dense layers in each stage", digits=3),
            Knob("growth", "Growth", self.growth, tip="Channels that each layer adds: the paper's k (section 3)"),
            yes_or_no("bottleneck", "Bottleneck", self.bottleneck > 0, _BOTTLENECKS, "DenseNet-B"),
            Knob("compression", "Compression", self.compression, "share",
                 tip="Share of its channels that a transition keeps: 0.5 in DenseNet-C (section 3)"),
            Knob("stem_width", "Stem width", self.stem_width, tip="Channels of the stem", usual=self._usual_stem),
            Knob("dropout", "Dropout", self.dropout, "share", usual=0.0,
                 tip="Share of what a layer adds that training drops; 0.2 without augmentation (section 4.2)"),
        )  # fmt: skip

    @property
    def _usual_stem(self) -> int:
        """2k, but of CIFAR's networks without bottlenecks 16."""
        return 2 * self.growth if self.large or self.bottleneck else 16

    def turned(self, name: str, value: Any, block_id: str = "") -> NetworkSpec:
        """A depth's layers are shared evenly; another stem brings its own network."""
        if name == "stem":
            return dense_imagenet(121) if value == "imagenet" else dense(40, 12)
        if name == "depth":
            if not isinstance(value, int):
                raise SpecError("The depth must be a whole number of layers, not {depth}.", depth=value)
            return self.with_(blocks=dense(value, self.growth, self.bottleneck > 0).blocks)
        if name == "bottleneck":
            return self.with_(bottleneck=4 if value else 0)
        return self.with_(**{name: value})

    def neighbours(self, name: str, value: int) -> tuple[int, ...]:
        if name != "depth":
            return ()
        step = 6 if self.bottleneck else 3
        count, rest = divmod(value - 4, step)
        below, above = count if rest else count - 1, count + 1
        return tuple(step * number + 4 for number in dict.fromkeys((below, max(above, 1))) if number > 0)

    @classmethod
    def named(cls, name: str) -> NetworkSpec | None:
        """`densenet40_12`, `densenetbc100_12`: depth and growth of CIFAR's, as the paper's Table 2 names them."""
        found = re.fullmatch(r"densenet(bc)?(\d{1,5})_(\d{1,4})", name)
        return None if found is None else dense(int(found[2]), int(found[3]), bool(found[1]))

    @classmethod
    def recognise(cls, shapes: Mapping[str, tuple[int, ...]]) -> Iterable[NetworkSpec]:
        """Layers from the names, all else from the shapes of the first layer of each stage."""
        layers: dict[int, int] = {}
        for found in map(_LAYER.match, shapes):
            if found:
                layers[int(found[1])] = max(layers.get(int(found[1]), 0), int(found[2]))
        layer, stem = "features.denseblock1.denselayer1", _weight(shapes, "features.conv0")
        first, second = _weight(shapes, f"{layer}.conv1"), _weight(shapes, f"{layer}.conv2")
        before, behind = _weight(shapes, "features.transition1.conv")[1::-1]
        growth = second[0] or first[0]
        if not (stem[0] and growth and layers):
            return
        usual = 0.5 if behind == int(before * 0.5) else behind / max(before, 1)
        yield cls(
            tuple(layers.get(number, 0) for number in range(1, max(layers) + 1)), growth, stem[0],
            "imagenet" if stem[2] == 7 else "cifar", first[0] // growth if second[0] else 0, usual, stem[1],
            224 if stem[2] == 7 else 32, max(shapes.get("classifier.weight", ())[:1], default=1000),
        )  # fmt: skip


def _weight(shapes: Mapping[str, tuple[int, ...]], module: str) -> tuple[int, ...]:
    """The shape of a convolution's weight; zeros where there is none."""
    shape = shapes.get(f"{module}.weight", ())
    return shape if len(shape) == 4 else (0, 0, 0, 0)


def dense_imagenet(depth: int) -> DenseNetSpec:
    """A network of the paper's Table 1."""
    return DenseNetSpec(*IMAGENET[depth])


def dense(depth: int, growth: int, bottleneck: bool = False) -> DenseNetSpec:
    """DenseNet-depth-growth for CIFAR, of depth 3n + 4, or DenseNet-BC of depth 6n + 4, n layers in each of three
    stages; the stem has 16 channels, of BC twice the growth (Huang et al. 2017, section 3, Implementation Details).

    Raises:
        SpecError: there is no such depth.
    """
    step = 6 if bottleneck else 3
    count, rest = divmod(depth - 4, step)
    if rest or count < 1:
        nearest = max(count, 1), max(count, 0) + 1
        raise SpecError(
            "There is no {kind} with {depth} layers, as depths are {step}n + 4; try {near}.",
            kind="DenseNet-BC" if bottleneck else "CIFAR DenseNet", depth=depth, step=step,
            near=" or ".join(str(step * number + 4) for number in dict.fromkeys(nearest)),
        )  # fmt: skip
    return DenseNetSpec(
        (count,) * 3, growth, 2 * growth if bottleneck else 16, "cifar", 4 if bottleneck else 0,
        0.5 if bottleneck else 1.0, side=32, classes=10,
    )  # fmt: skip


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
