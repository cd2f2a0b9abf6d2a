"""What can be measured of which network: blocks, layers and early exits, by arithmetic alone; without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.networks.cost import network_cost
from explorer.networks.lesion import INTACT, Lesion, Mode, Place, by_id, places
from explorer.networks.operations import Operation, Wiring
from explorer.networks.spec import NetworkSpec, Shape, ShortcutKind
from explorer.sentences import Sentence

Join = Literal["add", "gate", "concat", "none"]
Measure = Literal["ratio", "cosine", "response"]
MEASURES: tuple[Measure, ...] = ("ratio", "cosine", "response")
_WEIGHTED = ("conv", "linear")
_IDLE = "dropout"
"""Does nothing where nothing is trained."""


@dataclass(frozen=True)
class BlockMark:
    """A place, and the block that stands there.

    Attributes:
        place: id of the block whose place it is.
        block: id of the block that stands there.
        mode: what is done to it.
        join: how shortcut and branch meet; `none` in a layer of a plain network.
        shortcut: what the shortcut is.
        after: kinds of operations behind the place where they meet: `("relu",)` in the original order.
        input, output: shapes of what comes to the block and of what it gives.
        scaled: whether a constant stands on the shortcut, and on the branch.
        gated: whether a gate weighs the branch too, and not the shortcut alone.
    """

    place: str
    block: str
    mode: Mode
    join: Join
    shortcut: ShortcutKind
    after: tuple[str, ...]
    input: Shape
    output: Shape
    scaled: tuple[bool, bool] = (False, False)
    gated: bool = False

    @property
    def has_ratio(self) -> bool:
        """Whether |F(x)| / |x| exists: something is added to something, or put behind it."""
        return self.join != "none" and self.mode != "cut"

    @property
    def has_cosine(self) -> bool:
        """Whether x and F(x) have an angle: both are there, with the same channels."""
        return self.join in ("add", "gate") and self.mode == "whole"


@dataclass(frozen=True)
class LayerMark:
    """A weighted layer of the stem or of a residual branch, whose response is measured.

    Attributes:
        id: of its convolution, or fully connected layer.
        part: `stem`, or the block's id.
        kernel: side of its window.
        normed: whether its response is what the batch norm directly behind it gives, else its own output.
        there: whether it runs: not in a deleted block.
    """

    id: str
    part: str
    kernel: int
    normed: bool
    there: bool = True


@dataclass(frozen=True)
class Outline:
    """What can be measured of a network.

    Attributes:
        spec: the network.
        blocks: every place from input to output.
        layers: every weighted layer from input to output, without those on shortcuts and in the head.
        exits: ids of the blocks of the last stage behind which the head fits, the last of all always among them.
    """

    spec: NetworkSpec
    blocks: tuple[BlockMark, ...]
    layers: tuple[LayerMark, ...]
    exits: tuple[str, ...]

    @property
    def has_ratio(self) -> bool:
        return any(block.has_ratio for block in self.blocks)

    @property
    def has_cosine(self) -> bool:
        return any(block.has_cosine for block in self.blocks)

    def has(self, measure: Measure) -> bool:
        """Whether there is anything to show of a measure."""
        if measure == "response":
            return any(layer.there for layer in self.layers)
        return self.has_ratio if measure == "ratio" else self.has_cosine

    def block(self, block_id: str) -> BlockMark:
        return next(block for block in self.blocks if block.block == block_id)

    @property
    def missing_exits(self) -> str:
        """Why there is no prediction behind some blocks of the last stage; empty where there is one behind each."""
        if len(self.exits) == len(self.spec.stages[-1].blocks):
            return ""
        if self.blocks[-1].join == "concat":
            return Sentence("Each dense layer adds channels, so the head fits behind the last one only.")
        return Sentence("The head fits only behind blocks whose output has the shape of the last one's.")

    def missing(self, measure: Measure) -> str:
        """Why a measure does not exist in this network, or not at every block; empty where it does."""
        joins = {block.join for block in self.blocks}
        if measure == "response":
            return ""
        if joins == {"none"}:
            return Sentence("A plain network adds nothing to anything: each layer's output takes its input's place.")
        if measure == "cosine" and joins == {"concat"}:
            return Sentence("A dense layer puts its channels behind those that came, so there is no angle to them.")
        if "none" in joins:
            return Sentence("Gaps: blocks without shortcut.")
        return ""


def outline(spec: NetworkSpec, lesion: Lesion = INTACT) -> Outline:
    """What can be measured of a network with a lesion, which must be `checked`."""
    found = _wirings(spec)
    blocks, layers = [], [_layer_mark(one, "stem") for one in responses(spec.stem_operations())]
    for place in places(spec, lesion):
        entering, wiring = found[place.block]
        blocks.append(_block_mark(place, entering, wiring, by_id(spec)[place.block].shortcut))
        layers += [_layer_mark(one, place.block, place.mode != "deleted") for one in responses(wiring.branch)]
    return Outline(spec, tuple(blocks), tuple(layers), _exits(spec, lesion))


@dataclass(frozen=True)
class Response:
    """Where in a row of operations a layer's response is.

    Attributes:
        layer: the convolution or fully connected layer.
        at: position of the operation whose output it is: the layer's own, or that of the batch norm behind it.
        normed: whether that is a batch norm.
    """

    layer: Operation
    at: int
    normed: bool


def responses(operations: tuple[Operation, ...]) -> tuple[Response, ...]:
    """The responses in a row of operations: He et al. 2015, section 4.2, take them after BN and before ReLU or
    addition. Where no batch norm follows directly, as in pre-activation blocks, it is the layer's own output."""
    found = []
    for index, operation in enumerate(operations):
        if operation.kind not in _WEIGHTED:
            continue
        behind = next((later for later in range(index + 1, len(operations)) if operations[later].kind != _IDLE), None)
        normed = behind is not None and operations[behind].kind == "bn"
        found.append(Response(operation, behind if normed and behind is not None else index, normed))
    return tuple(found)


def join_of(wiring: Wiring) -> Join:
    """How shortcut and branch of a block meet."""
    if wiring.join is None:
        return "none"
    kinds: dict[str, Join] = {"gate": "gate", "concat": "concat"}
    return kinds.get(wiring.join.kind, "add")


def first_block(spec: NetworkSpec) -> str:
    """The block to begin with: the second block of the second stage, or the first one with an identity shortcut, or
    else the first of all."""
    usual = [block.id for block in spec.all_blocks if block.id == "layer2.1" and block.shortcut == "identity"]
    identity = [block.id for block in spec.all_blocks if block.shortcut == "identity"]
    return (usual or identity or list(spec.block_ids))[0]


def _wirings(spec: NetworkSpec) -> dict[str, tuple[Shape, Wiring]]:
    """Of each block, the shape of what comes to it, behind what stands before its place, and its operations."""
    shape: Shape = spec.stem_operations()[-1].output
    found = {}
    for block in spec.all_blocks:
        wiring = block.operations(shape)
        found[block.id] = (wiring.before[-1].output if wiring.before else shape, wiring)
        shape = wiring.all[-1].output
    return found


def _block_mark(place: Place, entering: Shape, wiring: Wiring, shortcut: ShortcutKind) -> BlockMark:
    scaled = tuple(any(one.kind == "scale" for one in row) for row in (wiring.shortcut, wiring.branch))
    gated = wiring.join is not None and wiring.join.kind == "gate" and wiring.join.number > 0
    return BlockMark(
        place.spec.id, place.block, place.mode, join_of(wiring), shortcut, tuple(one.kind for one in wiring.after),
        entering, wiring.all[-1].output, (scaled[0], scaled[1]), gated,
    )  # fmt: skip


def _layer_mark(response: Response, part: str, there: bool = True) -> LayerMark:
    return LayerMark(response.layer.id, part, response.layer.kernel, response.normed, there)


def _exits(spec: NetworkSpec, lesion: Lesion) -> tuple[str, ...]:
    shapes = {part.id: part.output for part in network_cost(spec).blocks}
    last = shapes[spec.all_blocks[-1].id]
    stage = {block.id for block in spec.stages[-1].blocks}
    return tuple(
        place.block for place in places(spec, lesion) if place.spec.id in stage and shapes[place.spec.id] == last
    )
