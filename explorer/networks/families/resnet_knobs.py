"""What a person sets of a residual network, and what follows from that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from explorer.networks.checks import SpecError
from explorer.networks.knobs import Knob, Option
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from explorer.networks.families.resnet import ResNetSpec

_AS_NETWORK = "network"

_BLOCKS = (
    Option("basic", "Basic", "Two 3×3 convolutions (He et al. 2015, Fig. 5, left)"),
    Option("bottleneck", "Bottleneck", "1×1, 3×3 and 1×1 convolutions (He et al. 2015, Fig. 5, right)"),
    Option("layer", "Layer", "One 3×3 convolution, for networks without shortcuts (He et al. 2015, section 3.3)"),
)
_SHORTCUTS = (
    Option(
        "A", "A",
        "Option A: identity shortcuts; where the shape changes, every second position and zeros for the new channels. "
        "No parameters (He et al. 2015, section 3.3)",
    ),
    Option(
        "B", "B",
        "Option B: identity shortcuts; where the shape changes, a projection: 1×1 convolution and batch norm "
        "(He et al. 2015, section 3.3)",
    ),
    Option("C", "C", "Option C: every shortcut is a projection (He et al. 2015, section 4.1)"),
    Option(
        "none", "None",
        "No shortcuts: the plain network of the same depth, a basic block's two convolutions as two layers "
        "(He et al. 2015, section 3.3)",
    ),
)  # fmt: skip
_ORDERS = (
    Option(
        "original", "(a) Original",
        "Convolution, batch norm, ReLU; a last ReLU behind the addition (He et al. 2015, section 3.4; He et al. 2016, "
        "Fig. 4a). CIFAR-10 error of ResNet-110: 6.61 % (He et al. 2016, Table 2)",
    ),
    Option(
        "bn-after", "(b) BN after addition",
        "The last batch norm stands behind the addition, so that the shortcut passes it, too (He et al. 2016, "
        "Fig. 4b). CIFAR-10 error of ResNet-110: 8.17 % (Table 2)",
    ),
    Option(
        "relu-before", "(c) ReLU before addition",
        "The last ReLU stands before the addition, so that a branch can only add (He et al. 2016, Fig. 4c). CIFAR-10 "
        "error of ResNet-110: 7.84 % (Table 2)",
    ),
    Option(
        "relu-only", "(d) ReLU-only pre-activation",
        "ReLU, convolution, batch norm; nothing behind the addition (He et al. 2016, Fig. 4d). CIFAR-10 error of "
        "ResNet-110: 6.71 % (Table 2)",
    ),
    Option(
        "pre-activation", "(e) Pre-activation",
        "Batch norm, ReLU, convolution; nothing behind the addition (He et al. 2016, Fig. 4e). CIFAR-10 error of "
        "ResNet-110: 6.37 % (Table 2)",
    ),
)  # fmt: skip
_VARIANTS = (
    Option("none", "None", "Shortcuts that pass on what comes (He et al. 2016, equation 1)"),
    Option(
        "scale", "Scaled by 0.5",
        "The shortcut times 0.5. ResNet-110 fails on CIFAR-10, with an error above 20 % (He et al. 2016, Table 1)",
    ),
    Option(
        "scale-both", "Both scaled by 0.5",
        "Shortcut and branch times 0.5. CIFAR-10 error of ResNet-110: 12.35 % instead of 6.61 % (He et al. 2016, "
        "Table 1)",
    ),
    Option(
        "exclusive-gate", "Exclusive gating",
        "A gate g(x) for the branch and 1 − g(x) for the shortcut. CIFAR-10 error of ResNet-110: 8.70 % at best "
        "(He et al. 2016, Table 1)",
    ),
    Option(
        "shortcut-gate", "Shortcut-only gating",
        "A gate 1 − g(x) for the shortcut alone. CIFAR-10 error of ResNet-110: 6.91 % at best (He et al. 2016, "
        "Table 1)",
    ),
    Option(
        "dropout", "Dropout",
        "Half of the shortcut's values are dropped in training. ResNet-110 fails on CIFAR-10, with an error above "
        "20 % (He et al. 2016, Table 1)",
    ),
)  # fmt: skip
_WIDTHS = (
    Option("doubled", "Doubled", "Twice as many channels with each stage (He et al. 2015, section 3.3)"),
    Option("same", "Same", "One width in all stages: any layer can stand in any place, and be deleted"),
)
_HALVING = (
    Option("stride", "Stride", "The first block or layer of a stage halves the map by its stride"),
    Option("pool", "Max pool", "A 2×2 max pool before the stage halves the map, as in VGG"),
)
_STRIDES = (
    Option("3x3", "3×3", "The halving stride is on the 3×3 convolution, as in torchvision (ResNet v1.5)"),
    Option("1x1", "1×1", "The halving stride is on the first 1×1 convolution, as in the paper (He et al. 2015)"),
)


def knobs(spec: ResNetSpec) -> tuple[Knob, ...]:
    """Those of the network's kind: groups belong to bottlenecks, orders to shortcuts, widths to plain networks."""
    return (*_main(spec), *_more(spec))


def _main(spec: ResNetSpec) -> Iterator[Knob]:
    yield Knob(
        "depth", "Depth", spec.depth,
        tip="Weighted layers; any depth that exists (He et al. 2015, Table 1 and section 4.2)",
    )  # fmt: skip
    layers = spec.block == "layer"
    yield Knob(
        "blocks", "Layers a stage" if layers else "Blocks a stage", spec.blocks, digits=3,
        tip="Number of blocks in each stage, from layer1 on; of layers, where there are no shortcuts",
    )  # fmt: skip
    yield Knob("block", "Block", spec.block, "choice", _BLOCKS, "What each block is made of")
    tip = "What goes around the residual branch (He et al. 2015, section 3.3)"
    yield Knob("shortcut", "Shortcut", spec.shortcut, "choice", _SHORTCUTS, tip)
    if not spec.plain:
        tip = "Of batch norm, ReLU and convolution (He et al. 2016, Fig. 4)"
        yield Knob("order", "Order", spec.order, "choice", _ORDERS, tip)
    if spec.block == "bottleneck":
        tip = "Which convolution of a bottleneck block halves the map"
        yield Knob("stride_place", "Stride on", spec.stride_place, "choice", _STRIDES, tip)


def _more(spec: ResNetSpec) -> Iterator[Knob]:
    if not spec.plain:
        tip = "What the shortcuts do besides (He et al. 2016, Table 1)"
        yield Knob("variant", "Variant", spec.variant, "choice", _VARIANTS, tip, usual="none")
    if spec.plain or spec.widths != "doubled":
        tip = "How the width goes on from stage to stage"
        yield Knob("widths", "Widths", spec.widths, "choice", _WIDTHS, tip, usual=None if spec.plain else "doubled")
    if spec.plain or spec.downsampling != "stride":
        tip = "What halves the map between two stages"
        usual = None if spec.plain else "stride"
        yield Knob("downsampling", "Halving", spec.downsampling, "choice", _HALVING, tip, usual=usual)
    if spec.block == "bottleneck":
        tip = "Groups of the 3×3 convolutions: the cardinality of ResNeXt (Xie et al. 2017, section 3)"
        yield Knob("groups", "Groups", spec.groups, tip=tip, usual=1)
        tip = "Channels of a group where the width is 64: 4 in ResNeXt-50 32x4d, 128 in Wide ResNet-50-2"
        yield Knob("base_width", "Group width", spec.base_width, tip=tip, usual=64)
    yield from _widths(spec)
    if not spec.plain:
        tip = "Share of values dropped inside the branches in training (Zagoruyko and Komodakis 2016, section 2.4)"
        yield Knob("dropout", "Dropout", spec.dropout, "share", tip=tip, usual=0.0)


def _widths(spec: ResNetSpec) -> Iterator[Knob]:
    usual = 64 if spec.large else 16
    width, stem = usual, spec.width
    factor, rest = divmod(spec.width, spec.stem_channels)
    if not spec.large and spec.widths == "doubled" and not rest:
        if factor > 1:
            width, stem = spec.width, usual  # the one follows from the other, and the factor says it
        tip = "The k of WRN-d-k: how many times the stem's channels layer1 has (Zagoruyko and Komodakis 2016, Table 1)"
        yield Knob("widening", "Widening", factor, tip=tip, usual=1)
    tip = "Channels of the 3×3 convolutions in layer1; each further stage has twice as many, or as many"
    yield Knob("width", "Width", spec.width, tip=tip, usual=width)
    tip = "Channels of the stem's convolution; as many as layer1 has, unless it is widened"
    yield Knob("stem_width", "Stem width", spec.stem_channels, tip=tip, usual=stem)


def block_knobs(spec: ResNetSpec, block_id: str) -> tuple[Knob, ...]:
    """The shortcut option of a single block (He et al. 2015, section 3.3)."""
    if spec.plain or block_id not in spec.block_ids:
        return ()
    usual = Option(_AS_NETWORK, "As the rest", "The option that is chosen for the whole network")
    own = (Option(option.value, f"Option {option.value}", option.tip) for option in _SHORTCUTS)
    options = (usual, *(option for option in own if option.value != "none"))
    value = dict(spec.shortcuts).get(block_id, _AS_NETWORK)
    return (Knob("shortcuts", "Shortcut of {id}", value, "choice", options, "The option of this block alone"),)


def turned(spec: ResNetSpec, name: str, value: Any, block_id: str = "") -> NetworkSpec:
    """What follows: another depth brings its blocks, no shortcuts the plain twin, and options of blocks that are no
    more go with them.

    Raises:
        SpecError: there is no such network.
    """
    makers = {"depth": _of_depth, "blocks": _with_blocks, "shortcut": _with_shortcut, "widening": _widened}
    if name in makers:
        return makers[name](spec, value)
    if name == "shortcuts":
        rest = tuple(pair for pair in spec.shortcuts if pair[0] != block_id)
        return spec.with_(shortcuts=rest if value == _AS_NETWORK else tuple(sorted((*rest, (block_id, value)))))
    if name == "stem_width":
        return spec.with_(stem_width=0 if value == spec.width else value)
    return spec.with_(**{name: value})


def neighbours(spec: ResNetSpec, name: str, value: int) -> tuple[int, ...]:
    """Of a depth those that exist; other numbers go on one by one."""
    from explorer.networks.families.resnet_depths import nearest_depths

    return nearest_depths(spec.family, value, spec.block) if name == "depth" else ()


def residual(spec: ResNetSpec) -> NetworkSpec:
    """With option B, or A in the CIFAR family, as its presets have it."""
    return _with_shortcut(spec, "B" if spec.large else "A")


def _of_depth(spec: ResNetSpec, depth: object) -> NetworkSpec:
    """The network with the blocks of another depth."""
    from explorer.networks.families.resnet_depths import from_depth

    if not isinstance(depth, int):
        raise SpecError("The depth must be a whole number of layers, not {depth}.", depth=depth)
    found = from_depth(spec.family, depth, spec.block)
    return _kept(spec, found.blocks).with_(blocks=found.blocks, block=found.block)


def _with_blocks(spec: ResNetSpec, blocks: tuple[Any, ...]) -> NetworkSpec:
    return _kept(spec, blocks).with_(blocks=blocks)


def _kept(spec: ResNetSpec, blocks: tuple[Any, ...]) -> ResNetSpec:
    """The network without the options of blocks that the counts no longer have."""
    counts = {f"layer{number}": count for number, count in enumerate(blocks, 1) if isinstance(count, int)}
    there = {f"{stage}.{number}" for stage, count in counts.items() for number in range(count)}
    return spec.with_(shortcuts=tuple(pair for pair in spec.shortcuts if pair[0] in there))


def _with_shortcut(spec: ResNetSpec, option: Any) -> NetworkSpec:
    from explorer.networks.families.resnet_depths import residual_twin

    if option == "none":
        return spec.twin()
    return residual_twin(spec, option) if spec.plain else spec.with_(shortcut=option)


def _widened(spec: ResNetSpec, factor: Any) -> NetworkSpec:
    if not isinstance(factor, int) or factor < 1:
        raise SpecError("The widening factor must be a whole number, at least 1, not {value}.", value=factor)
    stem = spec.stem_channels
    return spec.with_(width=stem * factor, stem_width=stem if factor > 1 else 0)
