"""Mean time to the full new accuracy after switching one random block, against evaluating the same network afresh.

ResNet-20, 1,000 images, 30 toggles in a row: at most 0.6. Both ways must give the same counts.
"""

from __future__ import annotations

import random
import statistics
import time

import numpy as np
import torch

from explorer.engine import fashion
from explorer.engine.datasets import open_data
from explorer.engine.deletion import Meter
from explorer.engine.images import normalise
from explorer.engine.records import DataRef, WeightsKind, WeightsRef
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import Lesion
from tests.benchmarks.common import tell

_IMAGES, _TOGGLES, _BATCH = 1000, 30, 128


def main() -> None:
    loaded = finish(Session().load(PRESETS["resnet20"], WeightsRef(WeightsKind.BUNDLED, "resnet20-fashion-mnist")))
    network, info = loaded.network, loaded.info
    data = finish(open_data(DataRef("fashion-mnist"), info))
    order = data.order(0)[:_IMAGES]
    meter = Meter(network, data, info.preprocessing, order, torch.device("cpu"))
    assert data.labels is not None
    assert data.classes == fashion.CLASSES
    labels = data.labels[order]

    def afresh(deleted: frozenset[str]) -> int:
        correct = 0
        with torch.inference_mode():
            for first in range(0, _IMAGES, _BATCH):
                chosen = order[first : first + _BATCH]
                x = normalise(data.pixels(chosen, info.preprocessing), info.preprocessing)
                found = network(x, Lesion(frozenset(deleted))).argmax(1).numpy()
                correct += int(np.sum(found == labels[first : first + _BATCH]))
        return correct

    deleted: frozenset[str] = frozenset()
    list(meter.measure(Lesion(deleted)))
    afresh(deleted)
    generator = random.Random(0)
    times = []
    for _ in range(_TOGGLES):
        deleted = deleted ^ {generator.choice(info.spec.block_ids)}
        began = time.perf_counter()
        *_, last = meter.measure(Lesion(deleted))
        between = time.perf_counter()
        correct = afresh(deleted)
        ended = time.perf_counter()
        assert last.counts.correct == correct
        times.append((between - began, ended - between))
    ours_s, plain_s = (statistics.mean(column) for column in zip(*times, strict=True))
    tell(ratio=ours_s / plain_s, at_most=0.6, ours_s=ours_s, plain_s=plain_s, toggles=_TOGGLES, images=_IMAGES)


if __name__ == "__main__":
    main()
