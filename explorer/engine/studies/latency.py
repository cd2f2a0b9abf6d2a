"""How long one picture takes with a lesion, measured beside the intact network."""

from __future__ import annotations

import time
from collections.abc import Generator

import numpy as np
import torch

from explorer.engine.modules import Network
from explorer.engine.study_records import Latency
from explorer.engine.timing import timed_pass
from explorer.networks.cost import network_cost
from explorer.networks.lesion import INTACT, Lesion

ROUNDS = 100
_LEAST_ROUNDS = 5
_SECONDS = 0.5
"""After which no further round begins, once there are the least."""
_WARMING = 2


def measure(network: Network, lesion: Lesion, device: torch.device) -> Generator[None, None, Latency]:
    """Time passes of one picture, in turns with the lesion and without, so that whatever else the machine does slows
    both alike. Always the float32 network, whatever arithmetic the study has; pauses often.

    Args:
        network: in eval mode, on its device.
        lesion: checked.
        device: of the network.
    """
    x = torch.zeros(1, *network.spec.input_shape, device=device)
    times: dict[bool, list[float]] = {False: [], True: []}
    began = time.perf_counter()
    for turn in range(_WARMING + ROUNDS):
        if turn >= _WARMING + _LEAST_ROUNDS and time.perf_counter() - began > _SECONDS:
            break
        # In turns as to which goes first, or what else keeps the machine busy might always meet the same one.
        for with_lesion in (turn % 2 == 0, turn % 2 != 0):
            # Both networks get the threads that suit the intact one.
            pieces = network.steps(lesion if with_lesion else INTACT)
            seconds = yield from timed_pass(pieces, x, network_cost(network.spec).macs)
            if turn >= _WARMING:
                times[with_lesion].append(seconds)
    low, median, high = np.quantile(times[True], (0.25, 0.5, 0.75))
    return Latency(float(median), float(low), float(high), float(np.median(times[False])), len(times[True]))
