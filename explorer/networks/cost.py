"""Shapes, parameters, MACs, activation memory and receptive field of a network, by arithmetic alone.

MACs count one multiply-add as one and conv and linear layers only, as He et al. 2015 do for what they print as FLOPs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from explorer.networks.operations import Operation, operations_by_part
from explorer.networks.spec import NetworkSpec, Shape

BYTES_PER_NUMBER = 4
"""float32."""
_KEPT = frozenset({"conv", "maxpool", "avgpool", "linear", "add", "subsample", "scale", "gate", "concat", "se"})


@dataclass(frozen=True)
class PartCost:
    """Cost of the stem, one block, one stage or the head.

    Attributes:
        id: `stem`, a block's or stage's id, or `head`.
        output: shape (channels, height, width).
        parameters: learned numbers.
        macs: multiply-adds for one image.
        activations: bytes, as in `NetworkCost`.
    """

    id: str
    output: Shape
    parameters: int
    macs: int
    activations: int


@dataclass(frozen=True)
class NetworkCost:
    """Cost of a whole network, for one image.

    Attributes:
        parameters: learned numbers.
        macs: multiply-adds.
        activations: bytes of all outputs of convolutions, pooling, subsampling, additions, concatenations, scaling,
            squeeze-excitation and the classifier in float32 (batch norm and ReLU can work in place).
        receptive_field: side in input pixels that one position of the last stage's map sees.
        stem, blocks, stages, head: its parts.
    """

    parameters: int
    macs: int
    activations: int
    receptive_field: int
    stem: PartCost
    blocks: tuple[PartCost, ...]
    stages: tuple[PartCost, ...]
    head: PartCost

    @property
    def parts(self) -> tuple[PartCost, ...]:
        """Stem, every block, head."""
        return (self.stem, *self.blocks, self.head)


@lru_cache(maxsize=32)
def network_cost(spec: NetworkSpec) -> NetworkCost:
    """Add up the operations of a spec."""
    field, jump = 1, 1
    parts = []
    for part_id, operations in operations_by_part(spec):
        parts.append(_sum(part_id, operations))
        if part_id != "head":
            field, jump = _grow(field, jump, operations)
    stem, *blocks, head = parts
    return NetworkCost(
        parameters=sum(part.parameters for part in parts),
        macs=sum(part.macs for part in parts),
        activations=sum(part.activations for part in parts),
        receptive_field=field,
        stem=stem,
        blocks=tuple(blocks),
        stages=_by_stage(spec, blocks),
        head=head,
    )


@lru_cache(maxsize=8)
def receptive_fields(spec: NetworkSpec) -> dict[str, int]:
    """Side in input pixels that one position of a part's output sees, of the stem and of every block."""
    field, jump = 1, 1
    fields = {}
    for part_id, operations in operations_by_part(spec):
        if part_id != "head":
            field, jump = _grow(field, jump, operations)
            fields[part_id] = field
    return fields


def _sum(part_id: str, operations: tuple[Operation, ...]) -> PartCost:
    kept = sum(_numbers(operation.output) for operation in operations if operation.kind in _KEPT)
    return PartCost(
        part_id,
        operations[-1].output,
        sum(operation.parameters for operation in operations),
        sum(operation.macs for operation in operations),
        kept * BYTES_PER_NUMBER,
    )


def _numbers(shape: Shape) -> int:
    return shape[0] * shape[1] * shape[2]


def _grow(field: int, jump: int, operations: tuple[Operation, ...]) -> tuple[int, int]:
    """Receptive field and step in input pixels after the residual branch (Araujo et al. 2019, Computing Receptive
    Fields, equation 2); the shortcut sees less. What is flattened is seen whole."""
    for operation in operations:
        if operation.kind == "flatten":
            field += (operation.input[1] - 1) * jump
        elif not operation.on_shortcut:
            field += (operation.kernel - 1) * jump
            jump *= operation.stride
    return field, jump


def _by_stage(spec: NetworkSpec, blocks: list[PartCost]) -> tuple[PartCost, ...]:
    stages = []
    start = 0
    for stage in spec.stages:
        own = blocks[start : start + len(stage.blocks)]
        start += len(stage.blocks)
        stages.append(
            PartCost(
                stage.id,
                own[-1].output,
                sum(part.parameters for part in own),
                sum(part.macs for part in own),
                sum(part.activations for part in own),
            )
        )
    return tuple(stages)
