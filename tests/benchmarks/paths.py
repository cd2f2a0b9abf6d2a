"""The gradient over paths of every length of ResNet-110, 20 seeds and 16 images, as a job with its steps, against as
many plain backward passes: at most 1.0.

    python -m tests.benchmarks.paths            # all: some minutes
    python -m tests.benchmarks.paths --quick    # 2 seeds
    python -m tests.benchmarks.paths preresnet110

A plain backward pass is PyTorch's own, from the loss of the same images to all weights; a few are timed, spread between
the seeds, and their median is counted once for each path.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from dataclasses import dataclass, field

import psutil
import torch
from torch.nn import functional

from explorer.engine.build import build
from explorer.engine.explain.paths import Batch, measure
from explorer.engine.explain.paths_records import PathsRequest, PathsResult
from explorer.engine.modules import Network
from explorer.engine.records import CPU, UNTRAINED, WeightsKind, WeightsRef
from explorer.engine.resources import bundled_network
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.networks.catalog import PRESETS
from tests.benchmarks.common import tell

IMAGES, SEEDS = 16, 20
_CANCELLED_AFTER_S = 1.0


def loaded(name: str) -> tuple[Network, bool]:
    """A network with its bundled weights, else as it was initialised; and whether it is trained."""
    found = bundled_network(name)
    if found is None:
        return build(PRESETS[name]), False
    spec, weights = found
    return finish(Session().load(spec, WeightsRef(WeightsKind.BUNDLED, weights))).network, True


def batch_of(network: Network) -> Batch:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(IMAGES, *network.spec.input_shape, generator=generator)
    return Batch(x, torch.randint(0, network.spec.classes, (IMAGES,), generator=generator), "noise")


def plain_backward(network: Network, batch: Batch) -> float:
    """Seconds of one plain backward pass, the forward pass left out."""
    assert batch.labels is not None
    network.zero_grad(set_to_none=True)
    loss = functional.cross_entropy(network(batch.x), batch.labels)
    began = time.perf_counter()
    loss.backward()  # type: ignore[no-untyped-call]
    seconds = time.perf_counter() - began
    network.zero_grad(set_to_none=True)
    return seconds


@dataclass
class Watched:
    """Our job, its pauses left out of its time.

    Attributes:
        seconds: in all its steps.
        plain: those of plain passes between the seeds.
        longest: between two of its steps.
    """

    seconds: float = 0.0
    plain: list[float] = field(default_factory=list)
    longest: float = 0.0
    steps: int = 0

    def run(self, network: Network, batch: Batch, seeds: int) -> PathsResult:
        """To its end; after each seed a plain pass is timed."""
        plain_backward(network, batch)
        job = measure(network, PathsRequest(network.spec, UNTRAINED, seeds=seeds), batch, CPU)
        while True:
            began = time.perf_counter()
            try:
                told = next(job)
            except StopIteration as end:
                self._note(began)
                result: PathsResult = end.value
                return result
            self._note(began)
            if isinstance(told, PathsResult):
                self.plain.append(plain_backward(network, batch))

    def _note(self, began: float) -> None:
        taken = time.perf_counter() - began
        self.seconds += taken
        self.longest = max(self.longest, taken)
        self.steps += 1


def cancelled(network: Network, batch: Batch) -> float:
    """Seconds that closing takes in the middle."""
    job = measure(network, PathsRequest(network.spec, UNTRAINED, seeds=SEEDS), batch, CPU)
    until = time.perf_counter() + _CANCELLED_AFTER_S
    while time.perf_counter() < until:
        next(job)
    began = time.perf_counter()
    job.close()
    return time.perf_counter() - began


def _peak() -> float:
    """MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    name = next((word for word in sys.argv[1:] if not word.startswith("-")), "resnet110")
    seeds = 2 if "--quick" in sys.argv else SEEDS
    network, trained = loaded(name)
    batch = batch_of(network)
    idle = psutil.Process().memory_info().rss / 2**20
    watched = Watched()
    result = watched.run(network, batch, seeds)
    paths = result.norms.size
    plain = statistics.median(watched.plain)
    tell(
        ratio=watched.seconds / (plain * paths), at_most=1.0, ours_s=watched.seconds, plain_s_each=plain, paths=paths,
        seeds=seeds, images=IMAGES, network=name, trained=trained, steps=watched.steps,
        longest_between_yields_s=watched.longest, cancel_s=cancelled(network, batch),
        peak_mib_above_start=_peak() - idle, threads=torch.get_num_threads(),
    )  # fmt: skip


if __name__ == "__main__":
    main()
