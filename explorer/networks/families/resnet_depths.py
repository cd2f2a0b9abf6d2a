"""Depths -> residual networks, those of the papers and any other depth in their pattern; wide ones and ResNeXt."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from explorer.networks.checks import MAX_BLOCKS, SpecError
from explorer.networks.families.resnet import STAGES, Family, ResNetSpec, ShortcutOption
from explorer.networks.families.resnet_block import CONVS, BlockKind

IMAGENET: dict[int, tuple[BlockKind, tuple[int, ...]]] = {
    18: ("basic", (2, 2, 2, 2)),
    34: ("basic", (3, 4, 6, 3)),
    50: ("bottleneck", (3, 4, 6, 3)),
    101: ("bottleneck", (3, 4, 23, 3)),
    152: ("bottleneck", (3, 8, 36, 3)),
    200: ("bottleneck", (3, 24, 36, 3)),
}
"""He et al. 2015, Table 1; 200 layers: He et al. 2016, section 4.2."""
CIFAR = (20, 32, 44, 56, 110, 1202)
"""With basic blocks: He et al. 2015, Table 6."""
CIFAR_BOTTLENECK = (164, 1001)
"""He et al. 2016, Table 2 and section 4."""
MAX_DEPTH = 3 * MAX_BLOCKS + 2


def imagenet(depth: int) -> ResNetSpec:
    """A network of the ImageNet family in the paper's form."""
    block, blocks = IMAGENET[depth]
    return ResNetSpec("imagenet", blocks, block)


def cifar(blocks: tuple[int, ...], block: BlockKind) -> ResNetSpec:
    """A network of the CIFAR family with 10 classes; of basic blocks with option A shortcuts (He et al. 2015, section
    4.2), of bottlenecks with projections (He et al. 2016, section 5)."""
    option: ShortcutOption = "B" if block == "bottleneck" else "A"
    return ResNetSpec("cifar", blocks, block, shortcut=option, side=32, classes=10, width=16)


def of_depth(depth: int, plain: bool = False) -> ResNetSpec:
    """The network of a depth in the family that has it: ImageNet's where the paper has that depth there, else CIFAR's
    where its pattern has it, else ImageNet's.

    Raises:
        SpecError: there is none.
    """
    block: BlockKind = "layer" if plain else "basic"
    if depth in IMAGENET:
        return from_depth("imagenet", depth, block)
    family: Family = "cifar" if _exists("cifar", depth, block) else "imagenet"
    return from_depth(family, depth, block)


def from_depth(family: Family, depth: int, block: BlockKind = "basic") -> ResNetSpec:
    """The network of a family with that depth.

    A preset's depth gives the preset; of single layers, its plain twin. Otherwise the blocks keep to the kind asked
    for where the depth allows it, else to the other kind; single layers stay single layers. CIFAR networks have depth
    6n+2 (basic) or 9n+2 (bottleneck), n blocks a stage (He et al. 2015, section 4.2; He et al. 2016, section 5). The
    papers give no rule for ImageNet depths between their own; here up to 16 blocks are shared in the proportion
    3:4:6:3 of ResNet-34 and further ones go to layer3, as from ResNet-50 to ResNet-101; of single layers up to 32.
    Single layers of CIFAR networks are shared evenly, earlier stages first.

    Raises:
        SpecError: no such network; `nearest_depths` gives the ones to offer.
    """
    if block == "layer":
        layers = _layers_for(family, depth)
        if layers is not None:
            return _plain(family, layers)
    elif family == "imagenet" and depth in IMAGENET:
        return imagenet(depth)
    elif family == "cifar" and depth in CIFAR:
        return cifar(((depth - 2) // 6,) * 3, "basic")
    for kind in _kinds(block):
        blocks = _blocks_for(family, depth, kind)
        if blocks is None:
            continue
        if family == "imagenet":
            return ResNetSpec("imagenet", blocks, kind)
        return cifar(blocks, kind)
    near = " or ".join(str(value) for value in nearest_depths(family, depth, block))
    raise SpecError(
        "There is no {family} {what} with {depth} layers; try {near}.",
        family="ImageNet" if family == "imagenet" else "CIFAR", what="plain network" if block == "layer" else "ResNet",
        depth=depth, near=near,
    )  # fmt: skip


def nearest_depths(family: Family, depth: int, block: BlockKind = "basic") -> tuple[int, ...]:
    """The existing depths next to one: the nearest below and above, or the one of them there is at and beyond the
    ends. With residual blocks of either kind, or with single layers."""
    low, high = smallest_depth(family, block), largest_depth(family, block)
    start = min(max(depth, low), high)
    if start != depth:
        return (start,)
    below = next((candidate for candidate in range(depth - 1, low - 1, -1) if _exists(family, candidate, block)), None)
    above = next((candidate for candidate in range(depth + 1, high + 1) if _exists(family, candidate, block)), None)
    return tuple(candidate for candidate in (below, above) if candidate is not None)


def smallest_depth(family: Family, block: BlockKind = "basic") -> int:
    """The depth with one basic block a stage, or one layer."""
    return 2 + CONVS["layer" if block == "layer" else "basic"] * STAGES[family]


@cache
def largest_depth(family: Family, block: BlockKind = "basic") -> int:
    """The deepest network of a family that the limit on blocks allows."""
    return next(depth for depth in range(MAX_DEPTH, 0, -1) if _exists(family, depth, block))


def residual_twin(spec: ResNetSpec, shortcut: ShortcutOption) -> ResNetSpec:
    """The residual network of which a plain one is the twin: pairs of single layers become basic blocks, so that the
    depth stays; the opposite of `ResNetSpec.twin`.

    Raises:
        SpecError: a stage has an odd number of layers, which can't be paired.
    """
    if spec.block != "layer":
        return spec.with_(shortcut=shortcut)
    odd = next((number for number, count in enumerate(spec.blocks, 1) if count % 2), None)
    if odd is not None:
        raise SpecError(
            "A basic block takes two layers, but layer{number} has {count}: give each stage an even number first.",
            number=odd, count=spec.blocks[odd - 1],
        )  # fmt: skip
    return spec.with_(blocks=tuple(count // 2 for count in spec.blocks), block="basic", shortcut=shortcut)


def wide(depth: int, widening: int, dropout: float = 0.0) -> ResNetSpec:
    """WRN-depth-widening for CIFAR (Zagoruyko and Komodakis 2016, Table 1): depth 6n + 4, pre-activation basic blocks.

    Raises:
        SpecError: there is no such depth.
    """
    count, rest = divmod(depth - 4, 6)
    if rest or count < 1:
        near = " or ".join(str(6 * number + 4) for number in sorted({max(count, 1), max(count + 1, 1)}))
        raise SpecError(
            "There is no WRN with {depth} layers, as depths are 6n + 4; try {near}.", depth=depth, near=near
        )
    return ResNetSpec(
        "cifar", (count,) * 3, "basic", "B", side=32, classes=10, width=16 * widening, order="pre-activation",
        stem_width=16, dropout=dropout,
    )  # fmt: skip


def resnext(depth: int, groups: int, base_width: int) -> ResNetSpec:
    """ResNeXt (Xie et al. 2017): of ImageNet's depths with four stages, else of CIFAR's 9n + 2 with three (section
    5.3).

    Raises:
        SpecError: there is no such depth.
    """
    stages = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}.get(depth)
    if stages is not None:
        return ResNetSpec("imagenet", stages, "bottleneck", groups=groups, base_width=base_width)
    count, rest = divmod(depth - 2, 9)
    if rest or count < 1:
        raise SpecError(
            "There is no ResNeXt with {depth} layers; try 50, 101 or 152, or {near} for CIFAR.",
            depth=depth, near=9 * max(round((depth - 2) / 9), 1) + 2,
        )  # fmt: skip
    return ResNetSpec(
        "cifar", (count,) * 3, "bottleneck", "B", side=32, classes=10, width=64, groups=groups, base_width=base_width
    )


def _kinds(block: BlockKind) -> tuple[BlockKind, ...]:
    if block == "layer":
        return ()
    return ("basic", "bottleneck") if block == "basic" else ("bottleneck", "basic")


def _exists(family: Family, depth: int, block: BlockKind) -> bool:
    if block == "layer":
        return _layers_for(family, depth) is not None
    return any(_blocks_for(family, depth, kind) for kind in _kinds(block))


def _plain(family: Family, layers: tuple[int, ...]) -> ResNetSpec:
    if family == "imagenet":
        return ResNetSpec("imagenet", layers, "layer", "none")
    return cifar(layers, "basic").with_(block="layer", shortcut="none")


def _layers_for(family: Family, depth: int) -> tuple[int, ...] | None:
    """Single layers in each stage: of a preset's depth, those of its plain twin."""
    total, stages = depth - 2, STAGES[family]
    if not stages <= total <= MAX_BLOCKS:
        return None
    if family == "cifar":
        each, rest = divmod(total, stages)
        return tuple(each + (index < rest) for index in range(stages))
    preset = IMAGENET.get(depth)
    if preset is not None and preset[0] == "basic":
        return tuple(2 * count for count in preset[1])
    return (6, 8, total - 20, 6) if total > 32 else _proportional(total)


def _blocks_for(family: Family, depth: int, kind: BlockKind) -> tuple[int, ...] | None:
    total, rest = divmod(depth - 2, CONVS[kind])
    stages = STAGES[family]
    if rest or not stages <= total <= MAX_BLOCKS:
        return None
    if family == "cifar":
        return (total // stages,) * stages if total % stages == 0 else None
    if total > 16:
        return (3, 4, total - 10, 3)
    return _proportional(total)


def _proportional(total: int) -> tuple[int, ...]:
    """Cumulative rounding of 3:4:6:3, so that the sum is exact and no stage is empty."""
    edges = [round(total * part / 16) for part in (0, 3, 7, 13, 16)]
    return tuple(high - low for low, high in pairwise(edges))
