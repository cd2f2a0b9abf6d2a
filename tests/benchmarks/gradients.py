"""Gradient profile of ResNet-110 against a plain forward and backward pass of the same batch: time and memory.

`python -m tests.benchmarks.gradients` prints one JSON object. Time is the median of rounds taken in turns in one
process; memory is what the process's resident size grows by at most, each way in processes of its own, the least of
several. The aim is a ratio of at most 1.3 for both, with batch norm as trained and as in the first step of training.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from explorer.engine.build import build
from explorer.engine.explain.gradient_pass import Sums, learn, norms_of, segments
from explorer.engine.modules import Network
from explorer.engine.steps import finish
from explorer.networks import catalog
from tests.benchmarks.common import side_by_side, tell

_IMAGES, _ROUNDS, _PROCESSES = 16, 9, 3
_KIB = 1024


def _work(training: bool, images: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """Ours and the plain way, on the same network and batch."""
    network = build(catalog.find("resnet110"), 0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train(training)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(images, *network.spec.input_shape, generator=generator)
    labels = torch.randint(network.spec.classes, (images,), generator=generator)
    cut = segments(network)

    def ours() -> object:
        sums = Sums()
        finish(learn(network, cut, x, labels, 1.0, sums))
        return norms_of(sums, cut)

    return ours, lambda: _plain(network, x, labels)


def _plain(network: Network, x: torch.Tensor, labels: torch.Tensor) -> None:
    network.zero_grad(set_to_none=True)
    functional.cross_entropy(network(x), labels).backward()  # type: ignore[no-untyped-call]


def _peak(way: str, training: bool, images: int) -> None:
    """In a process of its own: bytes that the resident size grows by, after a small pass of the same kind."""
    warm = _work(training, 2)
    ours, plain = _work(training, images)
    call = ours if way == "ours" else plain
    (warm[0] if way == "ours" else warm[1])()
    # Linux: forget the highest resident size so far, which a process takes over from the one that started it.
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    call()
    print(_status("VmHWM") - before)


def _status(name: str) -> int:
    """Bytes, from the kernel's account of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * _KIB for line in lines if line.startswith(f"{name}:"))


def _measured_peak(way: str, training: bool, images: int) -> int:
    words = [sys.executable, "-m", "tests.benchmarks.gradients", "--peak", way, "--images", str(images)]
    words += ["--training"] if training else []
    return min(int(subprocess.run(words, capture_output=True, text=True, check=True).stdout) for _ in range(_PROCESSES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=_IMAGES)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--peak", choices=("ours", "plain"))
    parser.add_argument("--training", action="store_true")
    arguments = parser.parse_args()
    if arguments.peak is not None:
        _peak(arguments.peak, arguments.training, arguments.images)
        return
    figures: dict[str, float] = {}
    for name, training in (("as trained", False), ("first step", True)):
        ours, plain = side_by_side(*_work(training, arguments.images), arguments.rounds)
        peaks = {way: _measured_peak(way, training, arguments.images) for way in ("ours", "plain")}
        figures |= {
            f"{name}: seconds": ours,
            f"{name}: plain seconds": plain,
            f"{name}: time ratio": ours / plain,
            f"{name}: peak MiB": peaks["ours"] / 2**20,
            f"{name}: plain peak MiB": peaks["plain"] / 2**20,
            f"{name}: memory ratio": peaks["ours"] / peaks["plain"],
        }
    worst = max(value for key, value in figures.items() if "ratio" in key)
    tell(
        network="resnet110", images=arguments.images, rounds=arguments.rounds, threads=torch.get_num_threads(),
        **figures, worst_ratio=worst, goal=1.3,
    )  # fmt: skip


if __name__ == "__main__":
    main()
