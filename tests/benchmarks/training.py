"""Images a second of a training in the window over those of a minimal plain PyTorch loop: at least 0.95.

Both with the same network, batch, arithmetic, memory format and augmentation, taken in turns; and the longest gap of a
10 ms timer in the window's thread meanwhile: below 100 ms.

    python -m tests.benchmarks.training [--rounds R] [--network N] [--batch B]
    python -m tests.benchmarks.training --recipe [--seeds S]

The second way measures the one-minute recipe without a window: seconds of training, and test images right.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from PySide6.QtCore import QEventLoop, QSettings, QTimer
from torch.nn import functional

from explorer.app.explain.desk import Explain
from explorer.app.jobs import Lane
from explorer.app.settings import Settings
from explorer.app.window import Window
from explorer.cli.window import qt_application
from explorer.engine import devices, fashion
from explorer.engine.build import build
from explorer.engine.records import UNTRAINED, DataRef
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.training import augment
from explorer.engine.training_data import material
from explorer.engine.training_files import trained_info
from explorer.engine.training_records import Recipe, TrainingRequest, TrainingStatus, one_minute
from explorer.networks import catalog
from tests.benchmarks.common import tell
from tests.benchmarks.stall import _gaps, _wait

_WARM = 3
_EPOCHS = 1000
"""So many that a run never ends by itself."""


def plain_rate(request: TrainingRequest, seconds: float) -> float:
    """Images a second of the loop that anyone would write."""
    found = finish(material(request))
    recipe, spec = request.recipe, found.spec
    bf16 = devices.bf16_pays("cpu")
    images, labels = torch.from_numpy(found.training.array), torch.from_numpy(found.training.labels)  # type: ignore[attr-defined]
    mean, std = found.preprocessing.mean[0], found.preprocessing.std[0]
    network = build(spec).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(network.parameters(), recipe.rate, 0.9, weight_decay=5e-4, nesterov=True)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=10**6)
    generator = torch.Generator().manual_seed(0)
    done, began = 0, 0.0
    for step in range(10**6):
        if step == _WARM:
            began = time.perf_counter()
        elif step > _WARM and time.perf_counter() - began > seconds:
            break
        chosen = torch.randint(0, len(images), (recipe.batch,), generator=generator)
        pixels = augment(images[chosen].unsqueeze(1), recipe.flip, recipe.pad, generator)
        x = ((pixels.float() / 255 - mean) / std).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = network(x)
        loss = functional.cross_entropy(logits.float(), labels[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        scheduler.step()
        if step >= _WARM:
            done += recipe.batch
    return done / (time.perf_counter() - began)


@dataclass
class _Watch:
    """Counts images between two words of one epoch: held-out images and saving at its end are not the loop's."""

    images: int
    told: tuple[float, TrainingStatus] | None = None
    seconds: float = 0.0
    done: float = 0.0
    gaps: list[float] = field(default_factory=list)

    def hear(self, lane: Lane, value: object) -> None:
        if lane is not Lane.TRAINING or not isinstance(value, TrainingStatus) or value.progress is None:
            return
        now = time.perf_counter()
        if self.told is not None:
            before = self.told[1].progress
            assert before is not None
            if before.epoch == value.progress.epoch and value.progress.phase == "training":
                self.seconds += now - self.told[0]
                self.done += (value.progress.fraction - before.fraction) * _EPOCHS * self.images
        ends = value.progress.epoch_done or value.progress.phase != "training"
        self.told = None if ends else (now, value)


def window_rate(window: Window, request: TrainingRequest, images: int, seconds: float) -> _Watch:
    """The same in the window, its panel in sight and drawn as it goes on."""
    watch = _Watch(images)
    desk = window.views.show("training")
    window.jobs.stepped.connect(watch.hear)
    loop = QEventLoop()
    begun: list[float] = []

    def look() -> None:
        if watch.told is not None and not begun:
            begun.append(time.perf_counter())
        if begun and time.perf_counter() - begun[0] > seconds:
            loop.quit()

    def run() -> None:
        timer = QTimer(interval=50)
        timer.timeout.connect(look)
        timer.start()
        desk._submit(request)  # type: ignore[attr-defined]
        loop.exec()
        timer.stop()

    watch.gaps = _gaps(run)
    desk.stop()  # type: ignore[attr-defined]
    while Lane.TRAINING in window.jobs.running():
        _wait(window.jobs.stopped, 1000)  # type: ignore[arg-type]
    _wait(window.jobs.dropped, 5000)  # type: ignore[arg-type]
    window.jobs.stepped.disconnect(watch.hear)
    return watch


def measure(network: str, batch: int, rounds: int, seconds: float) -> None:
    qt_application(headless="DISPLAY" not in os.environ)
    there = fashion.find(["train-images-idx3-ubyte", "train-labels-idx1-ubyte"]) is not None
    data, images = (DataRef("fashion-mnist-full"), 10_000) if there else (DataRef("fashion-mnist"), 1_512)
    with tempfile.TemporaryDirectory() as home:
        window = Window(Settings(QSettings(str(Path(home) / "settings.ini"), QSettings.Format.IniFormat)))
        window.resize(1440, 900)
        window.show()
        _wait(window.settled, 120_000)  # type: ignore[arg-type]
        spec = catalog.find(network).with_(in_channels=1, side=28, classes=10)
        request = TrainingRequest(
            spec, UNTRAINED, data=data, images=images, recipe=Recipe(_EPOCHS, batch=batch), folder=Path(home) / "kept"
        )
        plain, ours, gaps = [], [], []
        window_rate(window, request, images, 1.0)  # to warm up: imports, and the first drawing
        for _ in range(rounds):
            plain.append(plain_rate(request, seconds))
            watch = window_rate(window, request, images, seconds)
            ours.append(watch.done / watch.seconds)
            gaps += watch.gaps
        window.close()
    tell(
        ratio=statistics.median(ours) / statistics.median(plain),
        at_least=0.95,
        stall_ms=1000 * max(gaps),
        at_most_ms=100,
        images_a_second=statistics.median(ours),
        plain_images_a_second=statistics.median(plain),
        all_ours=[round(rate) for rate in ours],
        all_plain=[round(rate) for rate in plain],
        rounds=rounds,
        seconds_each=seconds,
        network=network,
        batch=batch,
        threads=torch.get_num_threads(),
        ticks=len(gaps),
    )


def measure_recipe(seeds: int) -> None:
    """Each seed's run as the button starts it."""
    rows = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as home:
            request = replace(one_minute(Path(home)), recipe=replace(one_minute().recipe, seed=seed))
            began, processor = time.perf_counter(), time.process_time()
            result = finish(Explain(request)(Session()))
            wall, processor = time.perf_counter() - began, time.process_time() - processor
            status, info = result.status, result.weights[0]
            assert status.progress is not None
            assert trained_info(Path(info.ref.value)) == info
            rows.append(
                {
                    "seed": seed,
                    "accuracy": info.accuracy,
                    "validation": status.curves.validated[-1].accuracy,
                    "training_seconds": round(status.progress.seconds, 1),
                    "all_seconds": round(wall, 1),
                    "processor_seconds": round(processor, 1),
                }
            )
            print(rows[-1], file=sys.stderr, flush=True)
    tell(
        accuracy=statistics.median(row["accuracy"] for row in rows),
        least=min(row["accuracy"] for row in rows),
        test_images=10_000 if "10,000 test" in status.description else 800,
        training_seconds=statistics.median(row["training_seconds"] for row in rows),
        about=60,
        images=status.description,
        threads=torch.get_num_threads(),
        load=os.getloadavg()[0],
        runs=rows,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--network", default="resnet20")
    parser.add_argument("--batch", type=int, default=128)
    arguments = parser.parse_args()
    if arguments.recipe:
        measure_recipe(arguments.seeds)
    else:
        measure(arguments.network, arguments.batch, arguments.rounds, arguments.seconds)


if __name__ == "__main__":
    main()
