"""Measured times of the open network: asked for, handed on, forgotten."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal

from explorer.app.document import Document, State
from explorer.app.jobs import Lane
from explorer.app.times import TIME, Times, time_colouring
from explorer.engine.records import DeviceInfo
from explorer.engine.timing_records import NetworkTiming, Spread, TimingRequest, TimingResult
from explorer.errors import UserError
from explorer.networks.colouring import Colouring
from tests.engine.networks import TINY


class Queue(QObject):
    """Stands for the queue: keeps what was submitted, and tells what a test wants."""

    finished = Signal(object, object)
    failed = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.submitted: list[Any] = []
        self.cancelled: list[Lane] = []

    def submit(self, lane: Lane, make: Callable[[Any], Generator[Any, None, Any]]) -> None:
        assert lane is Lane.TIMES
        self.submitted.append(make)

    def cancel(self, lane: Lane) -> None:
        self.cancelled.append(lane)


class Desk:
    """Times with a document and a queue, and all that was heard."""

    def __init__(self) -> None:
        self.document = Document(State(TINY))
        self.queue = Queue()
        self.times = Times(self.document, self.queue)  # type: ignore[arg-type]
        self.measured: list[Any] = []
        self.coloured: list[Any] = []
        self.told: list[str] = []
        self.times.measured.connect(self.measured.append)
        self.times.coloured.connect(self.coloured.append)
        self.times.said.connect(self.told.append)
        self.times.refused.connect(self.told.append)

    def answer(self, note: str = "") -> None:
        self.queue.finished.emit(Lane.TIMES, result(note))


def result(note: str = "") -> TimingResult:
    parts = {part: Spread(2.0, 1.0, 4.0, 9) for part in ("stem", *TINY.block_ids, "head")}
    network = NetworkTiming(TINY, Spread(20.0, 19.0, 21.0, 9), parts)
    return TimingResult(TimingRequest((TINY,), by_part=True), (network,), "Toaster", note=note)


@pytest.fixture
def desk(qapp: object) -> Desk:
    return Desk()


def test_colours_are_medians_with_quartiles_as_their_spread() -> None:
    colouring = time_colouring(result())
    assert colouring.values["layer2.1"] == 2.0
    assert colouring.spread_text("layer2.1") == "1.00 s – 4.00 s"
    assert colouring.note == "one picture on Toaster: median of 9 passes, and their quartiles"


def test_only_time_is_measured(desk: Desk) -> None:
    desk.times.colour("macs")
    assert not desk.queue.submitted


def test_asked_for_by_the_diagram(desk: Desk) -> None:
    desk.times.colour(TIME)
    request = desk.queue.submitted[0].request
    assert (request.specs, request.by_part, request.device) == ((TINY,), True, "cpu")
    desk.answer()
    assert isinstance(desk.coloured[0], Colouring)
    assert desk.measured[0] == desk.coloured[0].values
    desk.times.colour(TIME)
    assert len(desk.queue.submitted) == 1, "it is known"
    assert desk.coloured[1] is desk.coloured[0]


def test_asked_for_by_the_tree(desk: Desk) -> None:
    desk.times.measure()
    desk.answer()
    assert len(desk.measured) == 1
    assert not desk.coloured
    desk.times.measure()
    assert len(desk.queue.submitted) == 2, "anew"


@pytest.mark.parametrize("change", [{"spec": TINY.with_(width=5)}, {"device": DeviceInfo("cuda:0", "GPU")}])
def test_it_holds_for_one_network_on_one_device(desk: Desk, change: dict[str, Any]) -> None:
    desk.times.colour(TIME)
    desk.answer()
    desk.document.replace(**change)
    assert desk.queue.cancelled == [Lane.TIMES]
    assert desk.measured[-1] is None
    assert desk.coloured[-1] is None
    desk.times.colour(TIME)
    assert len(desk.queue.submitted) == 2


def test_what_went_wrong_is_told(desk: Desk) -> None:
    desk.times.colour(TIME)
    desk.queue.failed.emit(Lane.TIMES, UserError("No room."))
    desk.queue.failed.emit(Lane.STUDY, UserError("Not ours."))
    desk.queue.finished.emit(Lane.STUDY, None)
    desk.answer("Done on the CPU.")
    assert desk.told == ["No room.", "Done on the CPU."]
