"""What blocks add, in words."""

from __future__ import annotations

import numpy as np

from explorer.app.text import tr, translated
from explorer.app.widgets.numbers import UNKNOWN, percent
from explorer.engine.explain.block_outline import BlockMark, Measure, Outline
from explorer.engine.explain.blocks_records import BlocksResult, BlockStatisticsResult, Quartiles
from explorer.engine.records import WeightsKind

NAMES: dict[Measure, str] = {"ratio": "|F(x)| / |x|", "cosine": "Cosine", "response": "Response"}
TIPS: dict[Measure, str] = {
    "ratio": "Norm of what a block's branch adds, over the norm of what its shortcut carries",
    "cosine": "Between both: 1 same direction, 0 at right angles, −1 opposite",
    "response": "Standard deviation of each layer's output, after BN and before ReLU or addition",
}
Found = BlocksResult | None
Measured = BlockStatisticsResult | None


def number(value: float) -> str:
    """`0.88`, `12.3`, `0.0042`; `∞`; an en dash where there is none."""
    if np.isposinf(value):
        return "∞"
    if not np.isfinite(value):
        return UNKNOWN
    size = abs(value)
    text = f"{size:.2f}" if 0.1 <= size < 10 or not size else f"{size:.1f}" if 10 <= size < 1000 else f"{size:.2g}"
    return f"−{text}" if value < 0 and float(text) else text


def cosine(value: float) -> str:
    """`−0.14`, with two digits whatever its size; an en dash where there is none."""
    if not np.isfinite(value):
        return UNKNOWN
    text = f"{abs(value):.2f}"
    return f"−{text}" if value < 0 and float(text) else text


def figure(measure: Measure, value: float) -> str:
    """A figure as a person reads it."""
    return cosine(value) if measure == "cosine" else number(value)


def point_words(measure: Measure, twin: bool, index: int, found: Found, measured: Measured) -> str:
    """What is known of a place or layer: `ResNet-20, layer2.1: 0.88 in this picture; median 0.90, quartiles 0.81 to
    1.02, n = 500`.

    Args:
        measure: which figure.
        twin: whether the plain twin's is meant.
        index: of the place or layer in the outline.
        found, measured: the figures at hand.
    """
    own = None if found is None else found.twin if twin else found.figures
    over = None if measured is None else measured.twin if twin else measured.figures
    told = (
        [] if own is None else [tr("{value} in this picture", value=figure(measure, float(own.values(measure)[index])))]
    )
    told += [] if over is None else [spread_words(measure, over.quartiles(measure), index)]
    outline = over.outline if over is not None else own.outline if own is not None else None
    if outline is None:
        return ""
    name = outline.layers[index].id if measure == "response" else outline.blocks[index].block
    return tr("{network}, {name}: {values}", network=outline.spec.name, name=name, values="; ".join(told))


def spread_words(measure: Measure, found: Quartiles, index: int) -> str:
    """Median, quartiles, n, and how many images gave no number."""
    values = (found.low, found.median, found.high)
    low, median, high = (figure(measure, float(one[index])) for one in values)
    counted = int(found.numbers[index])
    words = tr("median {median}, quartiles {low} to {high}, n = {count}",
               median=median, low=low, high=high, count=f"{counted:,}")  # fmt: skip
    lost = found.images - counted
    return words if not lost else tr("{words} ({count} more gave no number)", words=words, count=f"{lost:,}")


def lost_words(measured: Measured, measure: Measure) -> str:
    """A sentence where some images gave no number; empty where all did."""
    if measured is None:
        return ""
    figures = measured.figures
    found = figures.quartiles(measure)
    there = places_of(figures.outline, measure)
    lost = int((found.images - found.numbers[there]).max()) if len(there) else 0
    if not lost:
        return ""
    return tr("Up to {count} of {images} images gave no number.", count=f"{lost:,}", images=f"{found.images:,}")


def untrained_words(result: BlocksResult | BlockStatisticsResult) -> str:
    """A sentence where the network has no weights; empty where it has."""
    if result.request.weights.kind is not WeightsKind.UNTRAINED:
        return ""
    return tr("The network is untrained: this is how it was initialised.")


def share(value: float) -> str:
    """`75.8 %`."""
    return f"{percent(value)}\u00a0%" if np.isfinite(value) else UNKNOWN


def shape_words(shape: tuple[int, int, int]) -> str:
    return "×".join(map(str, shape))


def block_words(mark: BlockMark) -> str:
    """What is shown of a block, and what follows: one to three short sentences."""
    sentences = [tr(_lesion_words(mark), id=mark.block)] if mark.mode != "whole" else []
    if not sentences:
        sentences.append(_shortcut_words(mark))
    if mark.join in ("add", "gate"):
        sentences.append(tr(_AFTER.get(mark.after, "More follows.")))
    if mark.place != mark.block:
        sentences.append(tr("It stands in the place of {id}.", id=mark.place))
    return " ".join(one for one in sentences if one)


_AFTER: dict[tuple[str, ...], str] = {
    (): "Nothing follows the sum.",
    ("relu",): "A ReLU follows the sum.",
    ("bn", "relu"): "Batch norm and a ReLU follow the sum.",
}


def _lesion_words(mark: BlockMark) -> str:
    if mark.mode == "cut":
        return "Cut: the shortcut carries nothing, so F(x) goes on alone."
    if mark.join == "none":
        return "Deleted: the layer passes on what comes to it."
    if mark.join == "concat":
        return "Deleted: the channels that it would add are zeros."
    return "Deleted: F(x) is zero, so only what the shortcut carries goes on."


def _shortcut_words(mark: BlockMark) -> str:
    shapes = {"input": shape_words(mark.input), "output": shape_words(mark.output)}
    if mark.join == "none":
        return tr("No shortcut: F(x) goes on alone, and nothing is added to it.")
    if mark.join == "concat":
        growth = mark.output[0] - mark.input[0]
        return tr("A dense layer adds nothing up: its {count} channels stand behind the {before} that came.",
                  count=growth, before=mark.input[0])  # fmt: skip
    if mark.join == "gate":
        if mark.gated:
            return tr("A gate weighs both ways; shown is what it lets through (He et al. 2016, section 3.1).")
        return tr("A gate weighs the shortcut; shown is what it lets through (He et al. 2016, section 3.1).")
    if mark.shortcut == "projection":
        return tr("A 1×1 projection takes x from {input} to {output}, so that the shapes agree.", **shapes)
    if mark.shortcut == "subsampling":
        how = tr("every other position, and zeros") if mark.input[1] != mark.output[1] else tr("zeros")
        return tr("Option A takes x from {input} to {output}, so that the shapes agree: {how} as new channels.",
                  how=how, **shapes)  # fmt: skip
    if mark.scaled[1]:
        return tr("Both ways are halved before they meet, and shown so (He et al. 2016, section 3.1).")
    if mark.scaled[0]:
        return tr("The shortcut halves x, and is shown so (He et al. 2016, section 3.1).")
    return tr("The shortcut carries x unchanged, {output} like F(x).", **shapes)


def places_of(outline: Outline, measure: Measure) -> np.ndarray:
    """Numbers of the places or layers at which a figure exists; what is no number there is drawn as such."""
    if measure == "response":
        return np.flatnonzero([layer.there for layer in outline.layers])
    return np.flatnonzero([block.has_ratio if measure == "ratio" else block.has_cosine for block in outline.blocks])


def blocks_of(outline: Outline, measure: Measure) -> list[str]:
    """Of the block that each place or layer belongs to."""
    if measure == "response":
        return [layer.part for layer in outline.layers]
    return [block.block for block in outline.blocks]


def protocol(found: Found, measured: Measured) -> list[str]:
    """How it was measured: sentences."""
    result = measured or found
    assert result is not None
    request, spec = result.request, result.figures.outline.spec
    told = [tr("{network}, weights {weights}, batch norm in eval mode, on {device}.", network=spec.name,
               weights=request.weights.value or str(request.weights.kind), device=result.device)]  # fmt: skip
    lesion = request.lesion
    for ids, words in ((lesion.deleted, "Deleted: {ids}."), (lesion.cut, "Shortcuts cut: {ids}.")):
        if ids:
            told.append(tr(words, ids=", ".join(one for one in spec.block_ids if one in ids)))
    if lesion.order:
        told.append(tr("Blocks are moved."))
    if found is not None:
        told.append(tr("Picture: {name}.", name=found.request.picture.name))
    if measured is not None:
        told.append(tr("Set: {name}; the first {count} of its balanced, shuffled order.", name=measured.data_name,
                       count=f"{measured.images:,}"))  # fmt: skip
        told += [translated(note) for note in (measured.data_note, measured.note) if note]
    if result.twin is not None:
        told.append(tr("The twin is {network}, intact.", network=result.twin.outline.spec.name))
    return told
