"""Results as the engine gives them, of numbers drawn at random, for tests of what is shown."""

from __future__ import annotations

import numpy as np

from explorer.engine.explain.block_outline import Outline, outline
from explorer.engine.explain.blocks_records import (
    BlockMaps,
    BlocksRequest,
    BlocksResult,
    BlockStatisticsRequest,
    BlockStatisticsResult,
    PictureFigures,
    Quartiles,
    SetFigures,
)
from explorer.engine.records import Counts, DataRef, Prediction, WeightsRef
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec
from tests.app.panel_support import CLASSES, SMALL, TRAINED, picture

PLAIN = SMALL.twin()


def figures(shape: Outline, seed: int = 0) -> PictureFigures:
    """Numbers where there are some, NaN elsewhere."""
    generator = np.random.default_rng(seed)
    ratio = np.array([generator.uniform(0.5, 2) if mark.has_ratio else np.nan for mark in shape.blocks])
    ratio[[index for index, mark in enumerate(shape.blocks) if mark.mode == "deleted" and mark.has_ratio]] = 0
    cosine = np.array([generator.uniform(-1, 1) if mark.has_cosine else np.nan for mark in shape.blocks])
    response = np.array([generator.uniform(0.1, 1) if layer.there else np.nan for layer in shape.layers])
    exits = generator.dirichlet(np.ones(len(CLASSES)), len(shape.exits)).astype(np.float32)
    return PictureFigures(shape, ratio, cosine, response, exits)


def block_maps(shape: Outline, block: str, seed: int = 0) -> BlockMaps:
    """Three maps that fit: carried and added with a sign, and their sum."""
    mark = shape.block(block)
    generator = np.random.default_rng(seed)
    carried = generator.normal(size=mark.output if mark.join != "concat" else mark.input).astype(np.float32)
    if mark.join == "concat":
        growth = mark.output[0] - mark.input[0]
        added = generator.normal(size=(growth, *mark.output[1:])).astype(np.float32)
        return BlockMaps(mark, carried, added, np.concatenate([carried, added]))
    added = generator.normal(size=mark.output).astype(np.float32)
    if mark.join == "none":
        return BlockMaps(mark, carried, None if mark.mode == "deleted" else added, None)
    added = added * np.float32(mark.mode != "deleted")
    carried = carried * np.float32(mark.mode != "cut")
    return BlockMaps(mark, carried, added, carried + added)


def blocks_result(
    spec: NetworkSpec = SMALL, done: Lesion = INTACT, block: str = "layer2.1", label: int | None = 2,
    twin: NetworkSpec | None = PLAIN, seed: int = 0, weights: WeightsRef = TRAINED,
) -> BlocksResult:  # fmt: skip
    shape = outline(spec, done)
    own = figures(shape, seed)
    request = BlocksRequest(
        spec=spec, weights=weights, deleted=done.deleted, cut=done.cut, picture=picture(), block=block
    )
    beside = None if twin is None else figures(outline(twin), seed + 1)
    maps = block_maps(shape, block, seed) if block else None
    return BlocksResult(request, own, Prediction(own.exits[-1], CLASSES), label, maps, beside, "CPU")


def quartiles(values: np.ndarray, images: int) -> Quartiles:
    counts = np.where(np.isfinite(values), images, 0)
    return Quartiles(values - 0.1, values, values + 0.1, counts, images)


def set_figures(shape: Outline, images: int, labelled: bool = True, seed: int = 0) -> SetFigures:
    own = figures(shape, seed)
    count = len(shape.exits)
    exits = tuple(
        Counts(images, images * (index + 1) // (count + 1) if labelled else None, images * (index + 1) // count)
        for index in range(count)
    )
    spread = (quartiles(values, images) for values in (own.ratio, own.cosine, own.response))
    ratio, cosine, response = spread
    return SetFigures(shape, ratio, cosine, response, exits)


def statistics(
    spec: NetworkSpec = SMALL, images: int = 500, total: int = 500, labelled: bool = True, done: Lesion = INTACT,
    twin: NetworkSpec | None = PLAIN,
) -> BlockStatisticsResult:  # fmt: skip
    request = BlockStatisticsRequest(
        spec=spec, weights=TRAINED, deleted=done.deleted, cut=done.cut, data=DataRef("fashion-mnist"), images=total
    )
    own = set_figures(outline(spec, done), images, labelled)
    beside = None if twin is None else set_figures(outline(twin), images, labelled, 1)
    return BlockStatisticsResult(request, own, beside, None, images, total, "Fashion-MNIST", 1.0, "CPU")
