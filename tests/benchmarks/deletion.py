"""Studies of many lesions beside the plain loop: for each lesion a full forward of all images, in batches of 64, eager,
float32, on the same threads.

- The single study of ResNet-56 on 1,000 images: at least 1.9 times as fast with equal counts, and in the fast mode at
  least 3.6 times with no bar off by more than 1 point, 0.3 on average. Where ResNet-56's weights are not bundled, they
  are random, and only the times mean something in the fast mode.
- A random study (10 seeds, every k) of ResNet-20 on 500 images: at least 1.3 times as fast, with equal predictions.
- Peak memory of the single study of ResNet-110 on 10,000 images in a process of its own, above what that process takes
  before: at most 1.5 GiB. Every batch runs the same walk on tensors of the same sizes, so the first three of its
  batches reach it; `memory_images` says how many were run, `--whole` runs them all (minutes).
- The longest time between two places where the study can be cancelled, that of making the evaluator (which measures its
  pace the first time), and the time that cancelling takes: at most 0.3 s each.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np
import psutil
import torch

from explorer.engine import fashion
from explorer.engine.build import build_untrained
from explorer.engine.datasets import ArrayImageSet
from explorer.engine.images import normalise
from explorer.engine.modules import Network
from explorer.engine.records import WeightsKind, WeightsRef
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.studies.evaluator import Evaluator
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import INTACT, Lesion
from explorer.networks.spec import NetworkSpec
from tests.benchmarks.common import tell

_IMAGES, _RANDOM_IMAGES, _MANY = 1000, 500, 10_000
_BATCH, _SEEDS = 64, 10
_PREPROCESSING = fashion.preprocessing(1, 28)
_CPU = torch.device("cpu")


def network_of(name: str) -> tuple[Network, bool]:
    """With its bundled weights, and whether there are any."""
    try:
        loaded = finish(Session().load(PRESETS[name], WeightsRef(WeightsKind.BUNDLED, f"{name}-fashion-mnist")))
    except UserError:
        return build_untrained(PRESETS[name].with_(in_channels=1, side=28, classes=10)), False
    return loaded.network, True


def images_of(count: int) -> tuple[ArrayImageSet, np.ndarray]:
    """So many of the bundled images, over and over where there are fewer; and their order."""
    array, labels = fashion.bundled()
    repeats = -(-count // len(array))
    images = ArrayImageSet("images", np.tile(array, (repeats, 1, 1)), np.tile(labels, repeats), fashion.CLASSES)
    return images, images.order(0)[:count]


def single(spec: NetworkSpec) -> list[Lesion]:
    return [INTACT, *(Lesion(frozenset({block})) for block in spec.block_ids)]


def at_random(spec: NetworkSpec) -> list[Lesion]:
    """Each seed shuffles the blocks once and deletes the first k."""
    found = [INTACT]
    for seed in range(_SEEDS):
        shuffled = np.random.default_rng(seed).permutation(spec.block_ids).tolist()
        found += [Lesion(frozenset(shuffled[: k + 1])) for k in range(len(shuffled))]
    return found


class Ours:
    """A study, with the seconds that it took, making the evaluator and measuring its pace included."""

    def __init__(self, network: Network, count: int, lesions: Sequence[Lesion], fast: bool = False) -> None:
        images, order = images_of(count)
        began = time.perf_counter()
        self.longest = 0.0
        self.evaluator = Evaluator(network, images, _PREPROCESSING, order, _CPU, fast)
        last = time.perf_counter()
        self.making = last - began
        self.predictions = np.zeros((len(lesions), count), np.int32)
        for answer in self.evaluator.evaluate(lesions):
            now = time.perf_counter()
            self.longest, last = max(self.longest, now - last), now
            if answer is not None:
                end = answer.first + len(answer.predictions)
                self.predictions[answer.number, answer.first : end] = answer.predictions
        self.seconds = time.perf_counter() - began


def plain(network: Network, count: int, lesions: Sequence[Lesion], threads: int) -> tuple[np.ndarray, float]:
    """Predictions and seconds of the plain loop."""
    images, order = images_of(count)
    usual = torch.get_num_threads()
    torch.set_num_threads(threads)
    began = time.perf_counter()
    predictions = np.zeros((len(lesions), count), np.int32)
    with torch.inference_mode():
        for number, lesion in enumerate(lesions):
            for first in range(0, count, _BATCH):
                pixels = images.pixels(order[first : first + _BATCH], _PREPROCESSING)
                logits = network(normalise(pixels, _PREPROCESSING), lesion)
                predictions[number, first : first + _BATCH] = logits.argmax(1).numpy()
    seconds = time.perf_counter() - began
    torch.set_num_threads(usual)
    return predictions, seconds


def accuracies(predictions: np.ndarray) -> np.ndarray:
    """In per cent, of each lesion."""
    images, order = images_of(predictions.shape[1])
    assert images.labels is not None
    percent: np.ndarray = 100 * (predictions == images.labels[order]).mean(1)
    return percent


def measure_single(count: int) -> dict[str, object]:
    network, trained = network_of("resnet56")
    lesions = single(network.spec)
    fast = Ours(network, count, lesions, fast=True)
    exact = Ours(network, count, lesions)
    expected, plain_s = plain(network, count, lesions, exact.evaluator.threads)
    off = np.abs(accuracies(fast.predictions) - accuracies(expected))
    assert np.array_equal(exact.predictions, expected)
    return {
        "exact_ratio": plain_s / exact.seconds, "exact_at_least": 1.9,
        "fast_ratio": plain_s / fast.seconds, "fast_at_least": 3.6,
        "fast_worst_points": float(off.max()), "worst_at_most": 1.0,
        "fast_mean_points": float(off.mean()), "mean_at_most": 0.3,
        "plain_s": plain_s, "exact_s": exact.seconds, "fast_s": fast.seconds,
        "trained": trained, "images": count, "lesions": len(lesions),
        "batch": exact.evaluator.batch, "threads": exact.evaluator.threads,
        "fast_threads": fast.evaluator.threads, "fast": fast.evaluator.arithmetic,
        "longest_between_yields_s": max(exact.longest, fast.longest),
        "longest_making_s": max(exact.making, fast.making), "seconds_at_most": 0.3,
    }  # fmt: skip


def measure_random() -> dict[str, object]:
    network, _ = network_of("resnet20")
    lesions = at_random(network.spec)
    ours = Ours(network, _RANDOM_IMAGES, lesions)
    expected, plain_s = plain(network, _RANDOM_IMAGES, lesions, ours.evaluator.threads)
    assert np.array_equal(ours.predictions, expected)
    return {"random_ratio": plain_s / ours.seconds, "random_at_least": 1.3, "random_images": _RANDOM_IMAGES}


def measure_cancel() -> dict[str, object]:
    network, _ = network_of("resnet56")
    images, order = images_of(_IMAGES)
    study = Evaluator(network, images, _PREPROCESSING, order, _CPU).evaluate(single(network.spec))
    for _ in range(5):
        next(study)
    began = time.perf_counter()
    study.close()  # type: ignore[attr-defined]  # a generator
    return {"cancel_close_s": time.perf_counter() - began, "cancel_at_most_s": 0.3}


def peak_memory(whole: bool) -> None:
    """In a process of its own: print MiB above the start, and images run."""
    network, _ = network_of("resnet110")
    images, order = images_of(_MANY)
    idle = psutil.Process().memory_info().rss / 2**20
    lesions = single(network.spec)
    evaluator = Evaluator(network, images, _PREPROCESSING, order, _CPU)
    predictions = np.full((len(lesions), _MANY), -1, np.int32)
    done = 0
    for answer in evaluator.evaluate(lesions):
        if answer is not None:
            done = answer.first + len(answer.predictions)
            predictions[answer.number, answer.first : done] = answer.predictions
        if not whole and done == 3 * evaluator.batch and (predictions[-1, :done] >= 0).all():
            break
    print(_peak() - idle, done)


def _peak() -> float:
    """MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def measure_memory(whole: bool) -> dict[str, object]:
    command = [sys.executable, "-m", "tests.benchmarks.deletion", "memory", *(["--whole"] if whole else [])]
    peak, done = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-2:]
    return {"peak_mib": float(peak), "peak_at_most_mib": 1536, "memory_images": int(done)}


def main() -> None:
    whole = "--whole" in sys.argv
    if "memory" in sys.argv:
        peak_memory(whole)
        return
    parts = {"single": lambda: measure_single(_IMAGES), "random": measure_random, "cancel": measure_cancel}
    parts["peak"] = lambda: measure_memory(whole)
    asked = [name for name in parts if name in sys.argv] or list(parts)
    figures: dict[str, object] = {}
    for name in asked:
        figures |= parts[name]()
    tell(**figures)


if __name__ == "__main__":
    main()
