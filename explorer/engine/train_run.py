"""One whole training run, from names to files: what `python main.py train` does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from explorer.engine.build import build
from explorer.engine.cards import half_precision, save_card, save_weights
from explorer.engine.datasets import FASHION_MNIST_CLASSES, fashion_mnist, fashion_mnist_preprocessing
from explorer.engine.training import Progress, Recipe, network_accuracy, train
from explorer.networks.spec import NetworkSpec


def run_training(
    spec: NetworkSpec, output: Path, recipe: Recipe, command: str, resume: bool = False
) -> Iterator[Progress]:
    images = fashion_mnist("train")
    preprocessing = fashion_mnist_preprocessing(spec.in_channels, spec.side)
    state_file = output.with_name(output.stem + ".state")
    log_file: list[Progress] = []
    run = train(spec, images, preprocessing, recipe, state_file, resume)
    while True:
        try:
            progress = next(run)
        except StopIteration as end:
            network = end.value
            break
        if progress.epoch_done:
            log_file.append(progress)
        yield progress
    state = half_precision(network)
    save_weights(output, state, network, FASHION_MNIST_CLASSES, preprocessing)
    saved = build(spec, seed=None)
    saved.load_state_dict({key: value.float() for key, value in state.items()})
    test = fashion_mnist("test")
    accuracy = network_accuracy(saved, test, preprocessing)
    card: dict[str, Any] = {
        "network": spec.name,
        "command": command,
        "seed": recipe.seed,
        "epochs": recipe.epochs,
        "recipe": asdict(recipe),
        "training_images": len(images),
        "test": {"correct": round(accuracy * len(test)), "images": len(test), "accuracy": accuracy},
    }
    save_card(output, card, log_file)
