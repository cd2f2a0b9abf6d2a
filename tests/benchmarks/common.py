"""What the benchmarks share: timing two ways side by side, and printing one JSON object."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def side_by_side(ours: Callable[[], object], plain: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median seconds of both, taken in turns in one run, after one of each to warm up."""
    ours()
    plain()
    pairs = []
    for number in range(rounds):
        # Each goes first as often, so that neither always finds the caches of the other.
        first, second = (ours, plain) if number % 2 else (plain, ours)
        times = {first: seconds(first), second: seconds(second)}
        pairs.append((times[ours], times[plain]))
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def tell(**figures: Any) -> None:
    """Print one JSON object, real numbers with four digits."""
    print(json.dumps({key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}))
