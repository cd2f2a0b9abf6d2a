"""Measured time: arithmetic against a clock that only the work moves, and real passes for their form."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from explorer.engine import timing
from explorer.engine.records import UNTRAINED, Step
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.timing import LEAST_ROUNDS, ROUNDS, Race, Track, parts_of, timed_parts, timed_pass
from explorer.engine.timing_records import NetworkTiming, Spread, TimingRequest, TimingResult
from explorer.networks.catalog import PRESETS
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import SPECS, TINY, network_of, pictures

X = torch.zeros(1)


class Clock:
    """Stands still but for the work that moves it; counts the calls of each part."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def __call__(self) -> float:
        return self.now

    def part(self, name: str, *seconds: float) -> tuple[str, timing.Piece]:
        """A part that takes these seconds in turn, the last ones again and again."""
        left = list(seconds)

        def work(x: Tensor) -> Tensor:
            self.calls.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]
            return x

        return name, work


def track(*parts: tuple[str, timing.Piece]) -> Track:
    return Track(parts, X, 1)


def test_a_pass_takes_the_sum_of_its_pieces_and_pauses_in_between() -> None:
    clock = Clock()
    work = timed_pass([clock.part(name, 0.03)[1] for name in "abcd"], X, 1, clock)
    pauses = 0
    while True:
        try:
            next(work)
        except StopIteration as end:
            seconds = end.value
            break
        pauses += 1
        clock.now += 100  # somebody else's turn
    assert seconds == pytest.approx(0.12)
    assert pauses == 2, "after every 0.05 s of work, and at its end"


def test_parts_add_up_to_the_pass() -> None:
    clock = Clock()
    parts = [clock.part("stem", 0.01), clock.part("layer1.0", 0.06), clock.part("head", 0.002)]
    laps = finish(timed_parts(parts, X, 1, clock))
    assert laps == pytest.approx({"stem": 0.01, "layer1.0": 0.06, "head": 0.002})
    whole = finish(timed_pass([piece for _, piece in parts], X, 1, clock))
    assert whole == pytest.approx(sum(laps.values()))


def test_median_and_quartiles_of_the_rounds() -> None:
    """The two rounds to warm up, slow as they are, don't count."""
    clock = Clock()
    one = track(clock.part("stem", 50, 50, 1, 2, 3, 4, 5))
    finish(Race([one], False, 0.1, clock).run())
    assert one.whole() == Spread(3, 2, 4, LEAST_ROUNDS)
    assert one.by_part() == {}


def test_quick_passes_have_more_rounds_up_to_a_limit() -> None:
    clock = Clock()
    slow, quick = track(clock.part("slow", 1.0)), track(clock.part("quick", 1e-6))
    finish(Race([slow], False, 0.5, clock).run())
    assert slow.whole().rounds == LEAST_ROUNDS
    finish(Race([quick], False, 0.5, clock).run())
    assert quick.whole().rounds == ROUNDS
    assert quick.whole().median == pytest.approx(1e-6)


def test_networks_take_turns_and_each_goes_first() -> None:
    clock = Clock()
    finish(Race([track(clock.part("a", 1.0)), track(clock.part("b", 1.0))], False, 0.5, clock).run())
    measured = "".join(clock.calls[4:])
    assert measured == "abbaabbaab"


def test_progress_grows_to_the_end() -> None:
    clock = Clock()
    race = Race([track(clock.part("a", 0.2))], True, 1.0, clock)
    told = [race.done for _ in race.run()]
    assert all(before <= after for before, after in pairwise(told))
    assert told[0] == 0.0
    assert race.done == 1.0


@pytest.mark.parametrize("name", sorted(SPECS))
def test_the_parts_of_a_network_make_its_logits(name: str) -> None:
    network = network_of(SPECS[name])
    x = pictures(SPECS[name], 1)
    parts = parts_of(network)
    assert [part for part, _ in parts] == ["stem", *SPECS[name].block_ids, "head"]
    with torch.inference_mode():
        expected, found = network(x), x
        for _, piece in parts:
            found = piece(found)
    assert torch.equal(found, expected)


def test_a_request_of_two_networks() -> None:
    specs: tuple[NetworkSpec, ...] = (TINY, TINY.twin())
    steps: list[Step] = []
    result = finish(Session().timing(TimingRequest(specs, by_part=True, seconds=0.05)), steps.append)
    assert [network.spec for network in result.networks] == list(specs)
    for network in result.networks:
        assert tuple(network.parts) == ("stem", *network.spec.block_ids, "head")
        for spread in (network.whole, *network.parts.values()):
            assert 0 < spread.low <= spread.median <= spread.high
            assert LEAST_ROUNDS <= spread.rounds <= ROUNDS
    assert len({spread.rounds for network in result.networks for spread in network.parts.values()}) == 1
    assert result.device == "CPU"
    assert not result.note
    assert all(isinstance(step, Step) for step in steps)


def test_an_open_network_is_timed_with_its_own_weights() -> None:
    session = Session()
    loaded = finish(session.load(TINY, UNTRAINED))
    before = {key: value.clone() for key, value in loaded.network.state_dict().items()}
    finish(session.timing(TimingRequest((TINY,), UNTRAINED, seconds=0.01)))
    assert finish(session.load(TINY, UNTRAINED)).network is loaded.network
    assert all(torch.equal(value, before[key]) for key, value in loaded.network.state_dict().items())


@pytest.mark.parametrize("name", ["resnet20", "preresnet110", "densenet40_12", "mlp8_128", "resnet110_exclusive_gate"])
def test_what_is_made_for_timing_computes_numbers_of_a_usual_size(name: str) -> None:
    """Numbers close to zero would be slow, and so no measure of a trained network."""
    spec = PRESETS[name]
    network = finish(timing._filled(spec, torch.device("cpu")))
    x = torch.randn(1, *spec.input_shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        for part, piece in parts_of(network):
            x = piece(x)
            assert float(x.abs().amax()) > 1e-6, part
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert shapes == {key: tuple(value.shape) for key, value in network_of(spec).state_dict().items()}


def test_a_device_that_is_not_there_is_told() -> None:
    result = finish(Session().timing(TimingRequest((TINY,), device="cuda:9", seconds=0.01)))
    assert result.device == "CPU"
    assert "is not there any more" in result.note


def test_whether_times_differ() -> None:
    def of(*spreads: tuple[float, float]) -> bool:
        timings = tuple(NetworkTiming(TINY, Spread((low + high) / 2, low, high, 5)) for low, high in spreads)
        return TimingResult(TimingRequest((TINY,) * len(spreads)), timings, "CPU").differs

    assert not of((1, 3), (2, 4))
    assert of((1, 2), (3, 4))
    assert of((1, 5), (1, 2), (3, 4))


@pytest.mark.gpu
def test_parts_are_consistent_with_the_pass_on_cuda() -> None:
    request = TimingRequest((PRESETS["resnet50"],), device="cuda:0", by_part=True)
    network = finish(Session().timing(request)).networks[0]
    share = sum(part.median for part in network.parts.values()) / network.whole.median
    assert 0.3 < share < 1.5
