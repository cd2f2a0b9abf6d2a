"""How long one picture's pass takes: what is asked and what was measured, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.engine.records import WeightsRef
from explorer.networks.spec import NetworkSpec


@dataclass(frozen=True)
class TimingRequest:
    """Which networks to time, in turns, so that whatever else the machine does slows all alike.

    Attributes:
        specs: the networks.
        weights: of a network that is open anyway; None for networks made for the measurement alone, since the time of
            a pass does not depend on what the weights are.
        device: torch's name.
        by_part: whether stem, each block and head are timed, too.
        seconds: after which no further round begins, once there are the least.
    """

    specs: tuple[NetworkSpec, ...]
    weights: WeightsRef | None = None
    device: str = "cpu"
    by_part: bool = False
    seconds: float = 1.5


@dataclass(frozen=True)
class Spread:
    """Seconds: median, lower and upper quartile of `rounds` measurements."""

    median: float
    low: float
    high: float
    rounds: int


@dataclass(frozen=True)
class NetworkTiming:
    """One network's.

    Attributes:
        spec: which.
        whole: of a whole pass, from input to logits.
        parts: of `stem`, every block and `head` within a pass, by their ids; empty where they were not asked for. In
            each round they add up to a pass; their medians add up to less than its median where other programs
            interrupt every pass, but a different part each time.
    """

    spec: NetworkSpec
    whole: Spread
    parts: Mapping[str, Spread] = field(default_factory=dict)


@dataclass(frozen=True)
class TimingResult:
    """What was measured.

    Attributes:
        request: what was asked.
        networks: in the order of the request.
        device: title of the device.
        threads: CPU threads that torch may use.
        note: one sentence where the CPU stood in for another device, else empty.
    """

    request: TimingRequest
    networks: tuple[NetworkTiming, ...]
    device: str
    threads: int = 1
    note: str = ""

    @property
    def differs(self) -> bool:
        """Whether the quartiles of two networks lie apart."""
        wholes = [network.whole for network in self.networks]
        return max(whole.low for whole in wholes) > min(whole.high for whole in wholes)
