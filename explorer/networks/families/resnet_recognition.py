"""Which residual network parameters could be of, from their names and shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from explorer.networks.families.resnet import Family, ResNetSpec, ShortcutOption
from explorer.networks.families.resnet_block import BlockKind, Order, Variant
from explorer.networks.naming import Shapes

_BLOCK = re.compile(r"^layer(\d{1,2})\.(\d{1,4})\.")
"""Longer numbers are of no network here, and counting up to them could take for ever."""
_ALIKE: tuple[Order, ...] = ("bn-after", "relu-before", "relu-only")
"""Orders of activation with the same names and shapes as the original one (He et al. 2016, Fig. 4)."""


def resnet_proposals(shapes: Shapes) -> Iterator[ResNetSpec]:
    """Residual networks whose parameters have these names, the usual one first.

    Names and shapes don't tell where a bottleneck has its stride (on the 1x1 in He et al. 2015 alone), nor the
    original order of activation from those with its batch norm or ReLU elsewhere; each of these is proposed. Variants
    of the shortcut that have no parameters, which only an ablation has (constant scaling, dropout), are not.

    Raises:
        SpecError: they are of no network that can be.
    """
    seen = _Seen(shapes)
    if not seen.usable:
        return
    usual = seen.usual()
    yield usual
    if (usual.block, usual.groups, usual.base_width) == ("bottleneck", 1, 64):
        yield usual.with_(stride_place="1x1")
    if usual.order == "original" and not usual.plain:
        yield from (usual.with_(order=order) for order in _ALIKE)
    if usual.variant == "exclusive-gate":
        yield usual.with_(variant="shortcut-gate")
    if usual.shortcut == "A" and usual.block == "bottleneck":
        yield usual.with_(shortcut="none", order="original")


@dataclass(frozen=True)
class _Seen:
    """What names and shapes say; names are this program's."""

    shapes: Shapes

    def shape(self, name: str, dimensions: int = 4) -> tuple[int, ...]:
        """Of a weight; zeros where there is none, or not of so many dimensions."""
        shape = self.shapes.get(f"{name}.weight", ())
        return shape if len(shape) == dimensions else (0,) * dimensions

    @property
    def usable(self) -> bool:
        return bool(self.shape("conv1")[0] and self.shape("layer1.0.conv1")[0])

    def usual(self) -> ResNetSpec:
        blocks = self._blocks()
        family: Family = "imagenet" if self.shape("conv1")[2] == 7 else "cifar"
        kind = self._kind()
        stem = self.shape("conv1")
        fields: dict[str, Any] = {"width": self._width(kind)}
        if kind == "bottleneck":
            fields |= self._groups(fields["width"])
        if kind == "layer":
            fields["shortcut"] = "none"
            if self.shape(f"layer{len(blocks)}.0.conv1")[0] == fields["width"]:
                fields |= {"widths": "same", "downsampling": "pool"}  # max pools halve the map, as in VGG
        else:
            fields["order"] = "pre-activation" if "bn.weight" in self.shapes else "original"
            fields["variant"] = self._variant()
        if stem[0] != fields["width"]:
            fields["stem_width"] = stem[0]
        if family == "cifar":
            fields["side"] = 32
        classes = self._classes()
        if classes:
            fields["classes"] = classes
        spec = ResNetSpec(family, blocks, kind, **{"in_channels": stem[1], "shortcut": "A", **fields})
        return spec if kind == "layer" else self._with_shortcuts(spec)

    def _blocks(self) -> tuple[int, ...]:
        counts: dict[int, int] = {}
        for found in map(_BLOCK.match, self.shapes):
            if found:
                stage = int(found[1])
                counts[stage] = max(counts.get(stage, 0), int(found[2]) + 1)
        return tuple(counts.get(stage, 0) for stage in range(1, max(counts) + 1))

    def _kind(self) -> BlockKind:
        if not self.shape("layer1.0.conv2")[0]:
            return "layer"
        return "bottleneck" if self.shape("layer1.0.conv3")[0] else "basic"

    def _width(self, kind: BlockKind) -> int:
        return self.shape("layer1.0.conv3")[0] // 4 if kind == "bottleneck" else self.shape("layer1.0.conv1")[0]

    def _groups(self, width: int) -> dict[str, int]:
        """Cardinality, and the channels of a group where the stage is 64 wide."""
        inside, of_group = self.shape("layer1.0.conv2")[:2]
        groups = inside // max(of_group, 1)
        return {"groups": groups, "base_width": inside // max(groups, 1) * 64 // max(width, 1)}

    def _variant(self) -> Variant:
        return "exclusive-gate" if any(name.endswith(".gate.weight") for name in self.shapes) else "none"

    def _classes(self) -> int:
        for dimensions in (2, 4):
            if self.shape("fc", dimensions)[0]:
                return self.shape("fc", dimensions)[0]
        return 0

    def _with_shortcuts(self, spec: ResNetSpec) -> ResNetSpec:
        """With the option that most blocks speak for, and those of single blocks that have another."""
        projects = {block: f"{block}.downsample.0.weight" in self.shapes for block in spec.block_ids}
        changes = [block.id for block in spec.all_blocks if block.downsampling]
        keeps = [block.id for block in spec.all_blocks if not block.downsampling]
        option: ShortcutOption = "B" if any(projects[block] for block in changes) else "A"
        if keeps and all(projects[block] for block in keeps):
            option = "C"
        singles = {block: "A" for block in changes if option != "A" and not projects[block]}
        if option != "C":
            singles |= {block: "C" for block in keeps if projects[block]}
        singles |= {block: "B" for block in changes if option == "A" and projects[block]}
        shortcuts = tuple((block, singles[block]) for block in spec.block_ids if block in singles)
        return spec.with_(shortcut=option, shortcuts=shortcuts)
