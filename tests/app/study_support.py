"""Studies for the window's tests: a real network, real predictions, lesion by lesion in the plainest of loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from scipy.stats import kendalltau
from torch import Tensor

from explorer.app.panels.study import StudyPanel
from explorer.engine.modules import Network
from explorer.engine.records import Counts, DataRef, WeightsInfo, WeightsKind, WeightsRef
from explorer.engine.study_records import Latency, Protocol, StudyKind, StudyPoint, StudyRequest, StudyResult
from explorer.engine.weights import untrained
from explorer.networks.cost import network_cost
from explorer.networks.lesion import INTACT, Lesion, exchangeable
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import TINY, network_of, pictures

TRAINED = WeightsRef(WeightsKind.BUNDLED, "tiny")


@cache
def study(
    kind: StudyKind = "single", spec: NetworkSpec = TINY, images: int = 40, labelled: bool = True, seeds: int = 3
) -> StudyResult:
    """A finished study of a small network with random weights that matter. Its labels are what the intact network
    says, but for every fifth image, so that it is right on four of five."""
    network = network_of(spec).eval()
    x = pictures(spec, images)
    with torch.no_grad():
        # Random weights prefer one class whatever they see; without that all classes occur.
        network.fc.bias -= network(x).mean(0)
        labels = network(x).argmax(1).numpy()
    labels[::5] = (labels[::5] + 1) % spec.classes
    info = replace(untrained(spec), ref=TRAINED, title="Noise")
    request = StudyRequest(kind, spec, TRAINED, DataRef("fashion-mnist"), images, seeds)
    return measured(request, info, network, x, labels if labelled else None)


def measured(
    request: StudyRequest, info: WeightsInfo, network: Network, x: Tensor, labels: np.ndarray | None
) -> StudyResult:
    """Do a study, one full forward pass a lesion."""
    before = _probabilities(network, x, INTACT)
    intact = _point(request.spec, INTACT, 0, None, before, before, labels)
    lesions = list(_plan(request))
    points = [
        _point(request.spec, lesion, size, seed, before, _probabilities(network, x, lesion), labels)
        for lesion, size, seed in lesions
    ]
    if request.kind == "greedy":
        points = _greedy(request, network, x, before, labels)
    protocol = Protocol(
        "python main.py study", "float32, exact",
        (("study", request.kind), ("images", str(len(x))), ("device", "CPU")),
        ("Every block alone was deleted.", f"{len(x)} images."),
    )  # fmt: skip
    return StudyResult(
        request, info, protocol, intact, tuple(points), labels, np.arange(len(x))[::-1].copy(), len(x), 1.0, 2.0, 0.0,
        True, "CPU",
    )  # fmt: skip


def first(result: StudyResult, images: int) -> StudyResult:
    """The same study when it had come so far."""
    labels, before, classes = result.labels, result.intact.predictions, result.request.spec.classes
    points = [_cut_off(point, images, before, labels, classes) for point in result.points]
    intact = _cut_off(result.intact, images, before, labels, classes)
    return replace(
        result, points=tuple(points), intact=intact, finished=False, fraction=images / result.total, left=3.0
    )


def _cut_off(point: StudyPoint, images: int, before: np.ndarray, labels: np.ndarray | None, classes: int) -> StudyPoint:
    now = np.zeros_like(point.predictions)
    now[:images] = point.predictions[:images]
    known = None if labels is None else labels[:images]
    counts, intact, discordant, recalled = _counts(now[:images], before[:images], known, classes)
    return replace(point, counts=counts, intact=intact, discordant=discordant, recalled=recalled, predictions=now)


def _plan(request: StudyRequest) -> Iterator[tuple[Lesion, int, int | None]]:
    ids = request.spec.block_ids
    most = request.most or len(ids)
    if request.kind in ("single", "cut"):
        for block_id in ids:
            one = frozenset({block_id})
            yield (Lesion(one) if request.kind == "single" else Lesion(cut=one)), 1, None
    for seed in range(request.seeds if request.kind in ("random", "reorder") else 0):
        draw = np.random.default_rng(seed)
        if request.kind == "random":
            shuffled = draw.permutation(ids)
            for k in range(most + 1):
                yield Lesion(frozenset(map(str, shuffled[:k]))), k, seed
            continue
        lesion, groups = INTACT, exchangeable(request.spec)
        for k in range(1, most + 1):
            group = groups[draw.integers(len(groups))]
            one, other = draw.choice(group, 2, replace=False)
            lesion = lesion.swapped(request.spec, str(one), str(other))
            yield lesion, k, seed


def _greedy(
    request: StudyRequest, network: Network, x: Tensor, before: np.ndarray, labels: np.ndarray | None
) -> list[StudyPoint]:
    gone: frozenset[str] = frozenset()
    points: list[StudyPoint] = []
    for k in range(1, (request.most or len(request.spec.block_ids)) + 1):
        tried = []
        for block_id in request.spec.block_ids:
            if block_id not in gone:
                lesion = Lesion(gone | {block_id})
                now = _probabilities(network, x, lesion)
                tried.append(_point(request.spec, lesion, k, None, before, now, labels))
        best = max(tried, key=lambda point: (point.counts.correct or 0, point.counts.agreeing))
        gone = best.lesion.deleted
        share = best.macs / network_cost(request.spec).macs
        points.append(replace(best, latency=Latency(0.004 * share, 0.0039 * share, 0.0042 * share, 0.004, 5)))
    return points


def _probabilities(network: Network, x: Tensor, lesion: Lesion) -> np.ndarray:
    with torch.inference_mode():
        chunks: Sequence[Tensor] = [network(part, lesion).softmax(1) for part in x.split(64)]
        return torch.cat(list(chunks)).numpy()


def _point(
    spec: NetworkSpec, lesion: Lesion, size: int, seed: int | None, before: np.ndarray, now: np.ndarray,
    labels: np.ndarray | None,
) -> StudyPoint:  # fmt: skip
    counts, intact, discordant, recalled = _counts(now.argmax(1), before.argmax(1), labels, spec.classes)
    probability = None
    if labels is not None:
        rows = np.arange(len(labels))
        probability = float((now[rows, labels] - before[rows, labels]).mean())
    cost = network_cost(spec)
    macs = cost.macs - sum(part.macs for part in cost.blocks if part.id in lesion.deleted)
    places = [spec.block_ids.index(block_id) for block_id in lesion.order or spec.block_ids]
    tau = float(kendalltau(range(len(places)), places).statistic) if lesion.order else None
    return StudyPoint(
        lesion, size, seed, macs, counts, intact, discordant, probability, recalled, now.argmax(1).astype(np.int32), tau
    )


def _counts(
    now: np.ndarray, before: np.ndarray, labels: np.ndarray | None, classes: int
) -> tuple[Counts, Counts, tuple[int, int], np.ndarray | None]:
    agreeing = int((now == before).sum())
    if labels is None:
        return Counts(len(now), None, agreeing), Counts(len(now), None, len(now)), (0, 0), None
    right, was = now == labels, before == labels
    recalled = np.bincount(labels[right], minlength=classes)
    discordant = int((was & ~right).sum()), int((right & ~was).sum())
    return (
        Counts(len(now), int(right.sum()), agreeing),
        Counts(len(now), int(was.sum()), len(now)),
        discordant,
        recalled,
    )


def choose(panel: StudyPanel, kind: str) -> None:
    """Choose a kind of study in the panel's list."""
    panel.setup_column.kind.setCurrentIndex(panel.setup_column.kind.findData(kind))


def view(panel: StudyPanel, name: str) -> None:
    """Show the chart, or the damage by class."""
    panel.bar.view.buttons[name].click()
