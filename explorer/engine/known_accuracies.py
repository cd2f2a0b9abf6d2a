"""Accuracies that are known of a network before anything is measured: the papers', torchvision's, the bundled
weights'. Without torch: the window uses it on what the engine offered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from explorer.engine.records import WeightsInfo, WeightsKind
from explorer.networks.published import published
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence


@dataclass(frozen=True)
class Known:
    """One accuracy.

    Attributes:
        share: of correct predictions, top-1.
        data: on which images; in short.
        source: who says so.
    """

    share: float
    data: str
    source: str


def known_accuracies(spec: NetworkSpec, infos: Iterable[WeightsInfo]) -> tuple[Known, ...]:
    """The paper's figure first, then those of the weights there are.

    Args:
        spec: which network, whatever its input and classes.
        infos: weights of all networks.
    """
    paper = published(spec)
    found = [] if paper is None else [Known(paper.accuracy, paper.data, paper.source)]
    found += [
        Known(round(info.accuracy, 6), _data(info), _source(info))
        for info in infos
        if info.accuracy is not None and info.spec.same_architecture(spec)
    ]
    return tuple(found)


def side_by_side(known: Iterable[tuple[Known, ...]]) -> list[tuple[str, tuple[Known | None, ...]]]:
    """Pairs of the images that an accuracy is of and the accuracies on them, one a network, None where it has none:
    only those on the same images can be compared."""
    by_data = [{str(each.data): each for each in own} for own in known]
    titles = {str(each.data): each.data for own in by_data for each in own.values()}
    return [(title, tuple(own.get(key) for own in by_data)) for key, title in titles.items()]


def _data(info: WeightsInfo) -> str:
    if info.ref.kind is WeightsKind.TORCHVISION:
        return Sentence("ImageNet validation, {version}", version=info.ref.value.rpartition(".")[2])
    if info.ref.value.endswith("fashion-mnist"):
        return Sentence("Fashion-MNIST test, bundled")
    return info.title


def _source(info: WeightsInfo) -> str:
    """In a few words; on which images is said elsewhere."""
    if info.ref.kind is WeightsKind.TORCHVISION:
        return Sentence("torchvision's {name}", name=info.ref.value)
    if info.ref.kind is WeightsKind.BUNDLED:
        return Sentence("trained with this program")
    return info.source
