"""Where the network looks: what is asked and what comes out, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from explorer.engine.explain.class_names import class_of
from explorer.engine.explain.records import ExplainRequest
from explorer.engine.records import Picture, Prediction
from explorer.errors import UserError
from explorer.networks.cost import receptive_fields
from explorer.networks.operations import operations_by_part
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

COARSE = 8
"""Positions a side up to which a map is called coarse: ImageNet's networks end at 7."""


@dataclass(frozen=True, kw_only=True)
class CamRequest(ExplainRequest):
    """Grad-CAM of one picture, for one class at one block.

    Attributes:
        picture: what is run.
        label: number of the class; None for the one that the intact network says.
        block: id of the block whose output is looked at; empty for the last one.
    """

    view: ClassVar[str] = "cam"

    picture: Picture
    label: int | None = None
    block: str = ""


@dataclass(frozen=True, eq=False)
class CamMap:
    """What one pass says.

    Attributes:
        values: float32 (height, width) of the block's output: ReLU of the sum of its channels, each times the mean of
            the score's gradient over its positions (Selvaraju et al. 2017, equations 1 and 2).
        score: of the class, before softmax.
        prediction: of the pass.
    """

    values: np.ndarray
    score: float
    prediction: Prediction

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.values).all())

    @property
    def highest(self) -> float:
        """Its largest number, 0 where there is none."""
        known = self.values[np.isfinite(self.values)]
        return float(known.max()) if known.size else 0.0


@dataclass(frozen=True, eq=False)
class CamResult:
    """What came out of a CamRequest.

    Attributes:
        request: what was asked.
        block, label: which block and class it is of.
        seen: uint8 (side, side, 3): the picture as the network sees it.
        intact: with nothing deleted.
        now: with the lesion; None where there is none.
        seconds: of all passes.
        device: title of the device.
        note: one sentence where the run had to fall back to the CPU, else empty.
    """

    request: CamRequest
    block: str
    label: int
    seen: np.ndarray
    intact: CamMap
    now: CamMap | None
    seconds: float
    device: str
    note: str = ""

    @property
    def classes(self) -> tuple[str, ...]:
        return self.intact.prediction.classes

    @property
    def maps(self) -> tuple[CamMap, ...]:
        """The intact one, and the present one where it is another."""
        return (self.intact,) if self.now is None else (self.intact, self.now)

    @property
    def present(self) -> CamMap:
        """Of the network as it is now."""
        return self.now or self.intact

    @property
    def top(self) -> float:
        """The highest level of the colours: that of the intact map, so that a change shows; the present one's where
        the intact map is zero."""
        return self.intact.highest or self.present.highest

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of the maps, sentence by sentence."""
        spec = self.request.spec
        found = [size_note(self.intact.values.shape), field_note(spec, self.block), self.scale_note]
        return tuple(sentence for sentence in found if sentence)

    @property
    def scale_note(self) -> str:
        """What the colours mean where there are two maps."""
        if self.now is None or not self.top:
            return ""
        if not self.intact.highest:
            return Sentence("The colours run up to the highest number of the map with blocks deleted.")
        if self.now.highest > self.top:
            return Sentence(
                "Both maps are on the intact one's scale; the other goes up to {times} times as high.",
                times=f"{self.now.highest / self.top:.2g}",
            )
        return Sentence("Both maps are on the intact one's scale.")


def map_note(found: CamMap) -> str:
    """What is odd about one map; empty where nothing is."""
    if not found.finite:
        return Sentence("Some of its numbers are no numbers.")
    if not found.highest:
        return Sentence("Nothing at this block speaks for this class.")
    return ""


def size_note(shape: tuple[int, ...]) -> str:
    """How coarse a small map is; empty for a larger one."""
    height, width = shape
    if height * width == 1:
        return Sentence("The map has a single position: it says how much, not where.")
    if max(height, width) > COARSE:
        return ""
    return Sentence(
        "The map has {height}×{width} positions, each for {share} of the picture: no outline is finer than that.",
        height=height, width=width, share=_share(height * width),
    )  # fmt: skip


def _share(positions: int) -> str:
    return Sentence("1/{count}", count=positions)


def field_note(spec: NetworkSpec, block: str) -> str:
    """How far a position sees, where that is the whole picture, so that its place means less; else empty."""
    field, side = receptive_fields(spec)[block], spec.side
    if _squeezes(spec, block):
        return Sentence(
            "Squeeze-excitation tells each position of the whole picture, so where a map is bright need not be where "
            "the evidence is."
        )
    if field < side:
        return ""
    if field < 2 * side - 1:
        return Sentence(
            "Positions in the middle see {field}×{field} pixels, the whole picture of {side}×{side}, so where a map is "
            "bright need not be where the evidence is.",
            field=field, side=side,
        )  # fmt: skip
    return Sentence(
        "Each position sees {field}×{field} pixels, the whole picture of {side}×{side}, so where a map is bright need "
        "not be where the evidence is.",
        field=field, side=side,
    )  # fmt: skip


def _squeezes(spec: NetworkSpec, block: str) -> bool:
    """Whether squeeze-excitation stands before a block's output."""
    for part, operations in operations_by_part(spec):
        if any(operation.kind == "se" for operation in operations):
            return True
        if part == block:
            return False
    return False


def no_maps(spec: NetworkSpec) -> Sentence | None:
    """Why there is nothing to lay over the picture; None where there is."""
    if spec.any_side:
        return None
    return Sentence(
        "{network} has no maps: its first layer takes all pixels at once, and nothing behind it has a place in the "
        "picture; choose a network of convolutions.",
        network=spec.name,
    )


def check_maps(spec: NetworkSpec) -> None:
    """Refuse a network without maps.

    Raises:
        UserError: it is one.
    """
    why = no_maps(spec)
    if why is not None:
        raise UserError(why.template, **why.values)


def checked_block(spec: NetworkSpec, block: str) -> str:
    """A block's id; the last one's where it is empty.

    Raises:
        UserError: the network has no such block.
    """
    if not block:
        return spec.block_ids[-1]
    (found,) = spec.check_ids([block])
    return found


def checked_label(classes: tuple[str, ...], label: int) -> int:
    """The number of a class.

    Raises:
        UserError: there is no such class.
    """
    return class_of(classes, str(label)) if not 0 <= label < len(classes) else label
