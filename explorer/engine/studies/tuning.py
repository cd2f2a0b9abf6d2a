"""Batch size and threads of a network's evaluations, measured once and remembered."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from explorer.engine.studies.passes import Passes, computing
from explorer.networks.cost import BYTES_PER_NUMBER, network_cost
from explorer.networks.spec import NetworkSpec

BATCH = 64
"""Images of a batch of the plain loop."""
_FREE = (64, 32, 128)
"""Batch sizes to try on the CPU, the usual one first."""
_MANY = 512
"""Images that fill an accelerator."""
_KEPT = 14
"""Activations kept at once on a walk through 8,192 lesions, by `tree.walk`'s bound."""
_MACS_A_PIECE = 4e9
"""Work of one block on one batch on the CPU, so that a cancel is heard: less than a tenth of a second."""
_MEASURING_S = 0.1
_ROUNDS = 3


@dataclass(frozen=True)
class Pace:
    """How many images at once, on how many threads of the CPU."""

    batch: int
    threads: int


_remembered: dict[tuple[object, ...], Pace] = {}


def most_images(spec: NetworkSpec, device: torch.device, budget: int) -> int:
    """Images at once so that the activations fit into a budget of bytes, and a block's work into a piece; at least
    one."""
    cost = network_cost(spec)
    outputs = [part.output for part in (cost.stem, *cost.blocks)]
    largest = max(channels * height * width for channels, height, width in outputs) * BYTES_PER_NUMBER
    bytes_an_image = _KEPT * largest + 2 * max(part.activations for part in cost.parts)
    most = budget // bytes_an_image
    if device.type == "cpu":
        most = min(most, int(_MACS_A_PIECE / max(part.macs for part in cost.parts)))
    return max(int(most), 1)


def pace(
    spec: NetworkSpec, device: torch.device, passes: Passes, most: int, fast: bool = False, free: bool = True
) -> Pace:
    """Batch size and threads for a network, measured once a process.

    One block of each stage is run on a batch of every size in question, on one thread and on all; the stages count as
    many times as they have blocks. It takes a quarter of a second at most: after a tenth no further choice is tried.

    Args:
        spec, device: of the network.
        passes: how it is run.
        most: images at once, from `most_images`.
        fast: whether `passes` are those of the fast mode.
        free: whether the batch may be another than the plain loop's.
    """
    usual = torch.get_num_threads()
    if device.type != "cpu":
        return Pace(min(most, _MANY if free else BATCH), usual)
    key = (spec, fast, free, most, usual)
    if key not in _remembered:
        batches = dict.fromkeys(min(most, size) for size in (_FREE if free else (BATCH,)))
        # One thread can't wait for another, whatever else the machine does, so its time is the safest to begin with.
        choices = [Pace(batch, threads) for batch in batches for threads in dict.fromkeys((1, usual))]
        _remembered[key] = _fastest(spec, passes, choices)
    return _remembered[key]


def _fastest(spec: NetworkSpec, passes: Passes, choices: list[Pace]) -> Pace:
    best, least = choices[0], float("inf")
    began = time.perf_counter()
    for choice in choices if len(choices) > 1 else ():
        seconds = _seconds_an_image(spec, passes, choice, least)
        if seconds < least:
            best, least = choice, seconds
        if time.perf_counter() - began > _MEASURING_S:
            break
    return best


def _seconds_an_image(spec: NetworkSpec, passes: Passes, choice: Pace, enough: float = float("inf")) -> float:
    """Mean of a few rounds of each stage's last block, after one to warm up: threads that have to wait for each other
    now will wait again. It stops early where it takes longer than `enough` an image."""
    total = 0.0
    cost = network_cost(spec)
    inputs = [part.output for part in (cost.stem, *cost.blocks)]
    with computing(choice.threads):
        for stage in spec.stages:
            block = stage.blocks[-1]
            shape = inputs[spec.all_blocks.index(block)]
            before = block.operations(shape).before
            x = passes.enter(torch.zeros(choice.batch, *(before[-1].output if before else shape)))
            passes.run((0, 0), ("whole", block.id), x, False)
            began = time.perf_counter()
            for _ in range(_ROUNDS):
                passes.run((0, 0), ("whole", block.id), x, False)
            total += (time.perf_counter() - began) / _ROUNDS * len(stage.blocks) / choice.batch
            if total > enough:
                break
    return total
