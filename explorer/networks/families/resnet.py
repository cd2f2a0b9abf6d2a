"""Residual networks: ResNet, its orders of activation and shortcut variants, Wide ResNet, ResNeXt, plain networks.

Words follow He et al. 2015 (arXiv:1512.03385), He et al. 2016 (arXiv:1603.05027) for the order of activation and the
variants of shortcuts, Zagoruyko and Komodakis 2016 (arXiv:1605.07146) for width, Xie et al. 2017 (arXiv:1611.05431) for
cardinality. Strides, paddings and names of parameters are those of torchvision's `models/resnet.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from explorer.networks.checks import SpecError, check_choice, check_counts, shown
from explorer.networks.families import resnet_knobs
from explorer.networks.families.resnet_block import (
    CONVS,
    EXPANSION,
    ORDER_WORDS,
    VARIANT_WORDS,
    BlockKind,
    Order,
    ResidualBlock,
    StridePlace,
    Variant,
)
from explorer.networks.families.resnet_papers import papers
from explorer.networks.operations import Operation, bn, conv, global_average, linear, max_pool3, relu
from explorer.networks.spec import NetworkSpec, Shape, ShortcutKind, StageSpec

Family = Literal["imagenet", "cifar"]
ShortcutOption = Literal["A", "B", "C", "none"]
Widths = Literal["doubled", "same"]
Downsampling = Literal["stride", "pool"]

STAGES: dict[str, int] = {"imagenet": 4, "cifar": 3}
"""As in the papers."""
_LIMITS = {"width": (1, 1024), "groups": (1, 1024), "base_width": (1, 1024), "stem_width": (0, 1024)}
_WORDS = {
    "width": "The width of the first stage",
    "groups": "The number of groups",
    "base_width": "The width of a group",
    "stem_width": "The width of the stem",
}


@dataclass(frozen=True)
class ResNetSpec(NetworkSpec):
    """What a person chooses of a residual network.

    Attributes:
        family: `imagenet` (7x7 stem, four stages) or `cifar` (3x3 stem, three stages, or four).
        blocks: blocks in each stage.
        block: basic, bottleneck, or single layers.
        shortcut: option A, B or C of He et al. 2015, section 3.3. A: identity, zero-padded subsampling where the
            shape changes. B: projection where the shape changes. C: projections everywhere. `none`: a plain network.
        stride_place: the bottleneck's stride on its `3x3` (torchvision, v1.5) or its first `1x1` (the paper, v1).
        in_channels, side: the input is in_channels x side x side.
        classes: outputs of the classifier.
        width: channels of the first stage, before a bottleneck's expansion; doubles with each stage, unless `widths`
            says otherwise.
        order: of activation (He et al. 2016, Fig. 4): `original` (a), `bn-after` the addition (b), `relu-before` the
            addition (c), `relu-only` pre-activation (d), full `pre-activation` (e).
        widths: `doubled` with each stage, or the `same` in all.
        downsampling: between stages by the `stride` of a block, or by a max `pool` before it, as in VGG.
        groups: of a bottleneck's 3x3 convolutions: the cardinality of ResNeXt.
        base_width: channels of a group where `width` is 64, as torchvision's `width_per_group`; 128 in
            Wide ResNet-50-2.
        stem_width: channels of the stem; 0 for as many as `width`.
        variant: what the shortcuts do besides (He et al. 2016, Table 1): `none`, `scale` by 0.5, `scale-both`,
            `exclusive-gate`, `shortcut-gate`, `dropout`.
        dropout: share of values dropped inside the residual branches in training, between the convolutions
            (Zagoruyko and Komodakis 2016, section 2.4).
        shortcuts: options of single blocks, pairs of id and option A, B or C.

    Raises:
        SpecError: a value is outside what can be built.
    """

    family: Family
    blocks: tuple[int, ...]
    block: BlockKind = "basic"
    shortcut: ShortcutOption = "B"
    stride_place: StridePlace = "3x3"
    in_channels: int = 3
    side: int = 224
    classes: int = 1000
    width: int = 64
    order: Order = "original"
    widths: Widths = "doubled"
    downsampling: Downsampling = "stride"
    groups: int = 1
    base_width: int = 64
    stem_width: int = 0
    variant: Variant = "none"
    dropout: float = 0.0
    shortcuts: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        check_choice("family", self.family, get_args(Family))
        check_choice("block", self.block, get_args(BlockKind))
        check_choice("shortcut option", self.shortcut, get_args(ShortcutOption))
        check_choice("stride place", self.stride_place, get_args(StridePlace))
        check_choice("order of activation", self.order, get_args(Order))
        check_choice("widths", self.widths, get_args(Widths))
        check_choice("downsampling", self.downsampling, get_args(Downsampling))
        check_choice("shortcut variant", self.variant, get_args(Variant))
        self._check_plain()
        self.check_numbers(_LIMITS, _WORDS)
        self._check_blocks()
        self._check_groups()
        self._check_maps()
        if not isinstance(self.dropout, int | float) or not 0 <= self.dropout < 1:
            raise SpecError("The share of dropout must be a number from 0 to below 1, not {value}.",
                            value=shown(self.dropout))  # fmt: skip
        self._check_shortcuts()

    def _check_plain(self) -> None:
        if self.block == "layer" and self.shortcut != "none":
            raise SpecError("Single layers have no shortcut: choose the shortcut option none, or basic blocks.")
        if self.shortcut != "none":
            return
        if self.order == "pre-activation":
            raise SpecError("The pre-activation order needs shortcuts: choose the original order, or an option A to C.")
        if self.order != "original":
            raise SpecError("This order of activation needs shortcuts: choose the original one, or an option A to C.")
        if self.variant != "none" or self.shortcuts:
            raise SpecError("Variants of the shortcuts need shortcuts: choose an option A to C, or no variant.")

    def _check_blocks(self) -> None:
        if not isinstance(self.blocks, tuple):
            raise SpecError("The field blocks must be a list of whole numbers, one for each stage.")
        # Four behind the small stem: how repositories train ImageNet's networks on CIFAR.
        wanted = "3 or 4" if self.family == "cifar" else STAGES[self.family]
        if len(self.blocks) not in (STAGES[self.family], 4):
            raise SpecError(
                "A network of this family has {wanted} stages, so it needs {wanted} numbers of blocks, not {given}.",
                wanted=wanted, given=len(self.blocks),
            )  # fmt: skip
        check_counts("layer{number}", self.blocks, "blocks")

    def _check_groups(self) -> None:
        if self.block != "bottleneck" and (self.groups != 1 or self.base_width != 64):
            raise SpecError("Groups, and a width of their own, are for bottleneck blocks: choose these, or one group.")
        if self.block == "bottleneck" and self.width * self.base_width < 64:
            raise SpecError(
                "A group of {base} channels at width 64 has none at width {width}: make one of them larger.",
                base=self.base_width, width=self.width,
            )  # fmt: skip

    def _check_maps(self) -> None:
        """Strides round up and always leave a position; pools round down."""
        pools = len(self.blocks) - 1
        if self.downsampling == "pool" and self.stem_operations()[-1].output[1] < 2**pools:
            raise SpecError(
                "The pools of {network} leave nothing of an input of side {side}; it needs at least {smallest}.",
                network=self.name, side=self.side, smallest=4 * 2**pools - 3 if self.large else 2**pools,
            )  # fmt: skip

    def _check_shortcuts(self) -> None:
        if not isinstance(self.shortcuts, tuple) or not all(
            isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in self.shortcuts
        ):
            raise SpecError("The field shortcuts must be a list of pairs of a block's id and its option.")
        for block, option in self.shortcuts:
            check_choice(f"shortcut option of {shown(block)}", option, ("A", "B", "C"))
        self.check_ids(block for block, _ in self.shortcuts)

    # -- derived -------------------------------------------------------------------------------------------------

    @property
    def depth(self) -> int:
        """Weighted layers: stem convolution, those on the residual branches, the classifier. Projections are not
        counted (He et al. 2015, Table 1)."""
        return CONVS[self.block] * sum(self.blocks) + 2

    @property
    def name(self) -> str:
        """How people call it: `ResNet-50`, `PreResNet-110` (pre-activation), `Plain-20` (no shortcuts), `VGG-like-15`
        (no shortcuts, max pools between the stages), `WRN-28-10`, `ResNeXt-50 32x4d`; further choices in brackets."""
        more = [words[key] for words, key in ((ORDER_WORDS, self.order), (VARIANT_WORDS, self.variant)) if key in words]
        if self.shortcut == "C":
            more.append("option C")
        return f"{self._plain_name} ({', '.join(more)})" if more else self._plain_name

    @property
    def _plain_name(self) -> str:
        wide = self.widening
        if wide is not None:
            # Their depth counts the three projections, and not the classifier.
            return f"WRN-{self.depth + 2}-{wide}"
        kind = "PreResNet" if self.order == "pre-activation" else "ResNet"
        if self.plain:
            kind = "VGG-like" if self.downsampling == "pool" else "Plain"
        if self.groups > 1:
            before = {"PreResNet": "Pre", "Plain": "Plain "}.get(kind, "")
            return f"{before}ResNeXt-{self.depth} {self.groups}x{self.base_width * self.width // 64}d"
        if self.base_width != 64:
            ratio = self.base_width / 64
            return f"Wide {kind}-{self.depth}-{ratio:g}"
        return f"{kind}-{self.depth}{' v1' if self.paper_stride else ''}"

    @property
    def paper_stride(self) -> bool:
        """Whether its bottlenecks halve the map in their first 1x1, as the paper's and unlike torchvision's."""
        return self.block == "bottleneck" and self.stride_place == "1x1"

    @property
    def widening(self) -> int | None:
        """The k of WRN-d-k, of CIFAR networks as Zagoruyko and Komodakis 2016 widen them, Table 1; else None."""
        wide = (self.family, self.block, self.order, self.shortcut) == ("cifar", "basic", "pre-activation", "B")
        if not wide or self.stem_width in (0, self.width) or self.width % self.stem_width:
            return None
        return self.width // self.stem_width if len(set(self.blocks)) == 1 else None

    @property
    def plain(self) -> bool:
        """Whether it has no shortcuts."""
        return self.shortcut == "none"

    @property
    def layers(self) -> bool:
        return self.block == "layer"

    @property
    def summary(self) -> str:
        return f"{self.block} blocks {self.blocks}, shortcut option {self.shortcut}"

    @property
    def sources(self) -> tuple[str, ...]:
        return papers(self)

    @property
    def heading(self) -> str:
        if self.downsampling == "pool":
            return "VGG-like, one width"
        if self.plain:
            return "Plain, without shortcuts"
        if self.groups > 1:
            return "ResNeXt"
        if self.base_width != 64 or self.widening is not None:
            return "Wide ResNet"
        if self.variant != "none" or self.order in ORDER_WORDS or self.shortcut == "C":
            return "Orders and shortcuts of He et al. 2016"
        if self.order == "pre-activation":
            return "Pre-activation"
        return "ResNet for ImageNet" if self.large else "ResNet for CIFAR"

    @property
    def large(self) -> bool:
        return self.family == "imagenet"

    @property
    def stem_channels(self) -> int:
        return self.stem_width or self.width

    @cached_property
    def stages(self) -> tuple[StageSpec, ...]:
        """The stages with their blocks, in order."""
        stages = []
        channels = self.stem_channels
        for index, count in enumerate(self.blocks):
            stage_id = f"layer{index + 1}"
            planes = self.width * (2**index if self.widths == "doubled" else 1)
            blocks = []
            for position in range(count):
                block = self._block(f"{stage_id}.{position}", channels, planes, index, position)
                blocks.append(block)
                channels = block.out_channels
            stages.append(StageSpec(stage_id, tuple(blocks), channels))
        return tuple(stages)

    @cached_property
    def _options(self) -> dict[str, str]:
        return dict(self.shortcuts)

    def _block(self, block_id: str, channels: int, planes: int, index: int, position: int) -> ResidualBlock:
        """A block at a position of a stage."""
        between = index > 0 and position == 0
        pooled = between and self.downsampling == "pool"
        stride = 2 if between and not pooled else 1
        out = planes * EXPANSION[self.block]
        width = planes * self.base_width // 64 * self.groups if self.block == "bottleneck" else planes
        option = self._options.get(block_id, self.shortcut)
        return ResidualBlock(
            id=block_id, kind=self.block, in_channels=channels, out_channels=out, stride=stride,
            shortcut=self._shortcut_kind(option, stride != 1 or channels != out), pooled=pooled, width=width,
            stride_place=self.stride_place, order=self.order,
            first=self.order in ("relu-only", "pre-activation") and index == position == 0,
            groups=self.groups, variant=self.variant, dropout=self.dropout,
        )  # fmt: skip

    def _shortcut_kind(self, option: str, changes: bool) -> ShortcutKind:
        if option == "none":
            return "none"
        if option == "C" or (changes and option == "B"):
            return "projection"
        if changes:
            return "subsampling"
        kinds: dict[Variant, ShortcutKind] = {
            "none": "identity", "scale": "scale", "scale-both": "scale", "exclusive-gate": "gate",
            "shortcut-gate": "gate", "dropout": "dropout",
        }  # fmt: skip
        return kinds[self.variant]

    def stem_operations(self) -> tuple[Operation, ...]:
        """7x7 conv, BN, ReLU, 3x3 max pool (ImageNet family) or 3x3 conv, BN, ReLU (CIFAR family)."""
        first = conv("conv1", self.input_shape, self.stem_channels, 7 if self.large else 3, 2 if self.large else 1)
        operations = [first, bn("bn1", first.output), relu("relu", first.output)]
        return (*operations, max_pool3("maxpool", first.output)) if self.large else tuple(operations)

    def head_operations(self, shape: Shape) -> tuple[Operation, ...]:
        """Global average pooling and the classifier, on the last stage's output; behind pre-activation blocks, the
        last batch norm and ReLU first (He et al. 2016, section 5)."""
        last: list[Operation] = []
        if self.order == "pre-activation":
            last.append(bn("bn", shape))
        if self.order in ("pre-activation", "relu-only"):
            last.append(relu("last_relu", shape))
        average = global_average("avgpool", shape)
        return (*last, average, linear("fc", average.output, self.classes))

    def same_architecture(self, other: NetworkSpec) -> bool:
        """Whether weights of one compute the same in the other: both have the same blocks and shortcuts, whatever
        their input and classes. A basic block has its stride in one place only, so there it makes no difference;
        dropout is training's."""
        if not isinstance(other, ResNetSpec):
            return False
        free = ["dropout"]
        if self.block != "bottleneck":
            free.append("stride_place")
        if self.stem_channels == other.stem_channels:
            free.append("stem_width")
        return self.equal_but(other, *free)

    def twin(self) -> ResNetSpec:
        """The plain twin: the same network without any shortcut (He et al. 2015, section 3.3), layer by layer where
        its blocks are basic."""
        blocks, block = self.blocks, self.block
        if block == "basic":
            blocks, block = tuple(2 * count for count in blocks), "layer"
        return self.with_(
            blocks=blocks, block=block, shortcut="none", order="original", variant="none", dropout=0.0, shortcuts=()
        )

    knobs = resnet_knobs.knobs
    block_knobs = resnet_knobs.block_knobs
    turned = resnet_knobs.turned
    neighbours = resnet_knobs.neighbours
    residual = resnet_knobs.residual

    @classmethod
    def recognise(cls, shapes: Mapping[str, tuple[int, ...]]) -> Iterable[NetworkSpec]:
        from explorer.networks.families.resnet_recognition import resnet_proposals  # which imports this module

        return resnet_proposals(shapes)

    @classmethod
    def named(cls, name: str) -> NetworkSpec | None:
        """`wrn16_4`, `resnext29_8x64d`, `resnet47`, `resnet26v1`, `preresnet56` or `preactresnet56`, `plain44`, as
        `catalog.find` normalises names."""
        # Which imports this module.
        from explorer.networks.families.resnet_depths import from_depth, of_depth, resnext, wide

        if found := re.fullmatch(r"wrn(50|101)_2(?:bottleneck)?", name):  # the paper's section 3.3, on ImageNet
            return of_depth(int(found[1])).with_(base_width=128)
        if found := re.fullmatch(r"(?:wrn|wideresnet)(\d{1,5})_(\d{1,3})", name):
            return wide(int(found[1]), int(found[2]))
        if found := re.fullmatch(r"resnext(\d{1,5})_(\d{1,4})x(\d{1,4})d?", name):
            return resnext(int(found[1]), int(found[2]), int(found[3]))
        if found := re.fullmatch(r"(pre(?:act)?)?(resnet|plain)(\d{1,5})", name):
            spec = of_depth(int(found[3]), plain=found[2] == "plain")
            return spec.with_(order="pre-activation") if found[1] else spec
        if found := re.fullmatch(r"resnet(\d{1,5})v1(\.5)?", name):  # where ImageNet's bottlenecks have their stride
            spec = from_depth("imagenet", int(found[1]), "bottleneck")
            return spec if found[2] or spec.block == "basic" else spec.with_(stride_place="1x1")
        return None
