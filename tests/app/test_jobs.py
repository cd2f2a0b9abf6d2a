"""The queue: one lane one job, urgent ones first, late answers never heard of, clean-up in the thread."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from itertools import count
from typing import Any, ClassVar

import pytest
from pytestqt.qtbot import QtBot

from explorer.app.jobs import Jobs, Lane
from explorer.engine.records import Step
from explorer.errors import UserError

Log = list[tuple[Any, ...]]


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    jobs = Jobs()
    jobs.start()
    yield jobs
    assert jobs.close()
    assert not jobs._worker.isRunning()


@pytest.fixture
def log(jobs: Jobs) -> Log:
    entries: Log = []
    for name in ("started", "stopped"):
        getattr(jobs, name).connect(lambda lane, name=name: entries.append((name, lane)))
    for name in ("stepped", "finished", "failed"):
        getattr(jobs, name).connect(lambda lane, value, name=name: entries.append((name, lane, value)))
    return entries


def job(*steps: object, result: object = None, ended: Callable[[], object] = lambda: None) -> Callable[[object], Any]:
    def make(session: object) -> Generator[object, None, object]:
        try:
            for step in steps:
                if isinstance(step, Exception):
                    raise step
                if callable(step):
                    step()
                yield step
            return result
        finally:
            ended()

    return make


def until_idle(qtbot: QtBot, jobs: Jobs) -> None:
    qtbot.waitUntil(lambda: not jobs.running(), timeout=20_000)


def test_steps_then_the_result_then_the_end(qtbot: QtBot, jobs: Jobs, log: Log) -> None:
    jobs.submit(Lane.OPEN, job(1, 2, result="r"))
    until_idle(qtbot, jobs)
    assert log == [
        ("started", Lane.OPEN), ("stepped", Lane.OPEN, 1), ("stepped", Lane.OPEN, 2), ("finished", Lane.OPEN, "r"),
        ("stopped", Lane.OPEN),
    ]  # fmt: skip


def test_only_the_last_of_a_lane_is_heard_of(qtbot: QtBot, jobs: Jobs, log: Log) -> None:
    for number in range(20):
        jobs.submit(Lane.PICTURE, job(number, result=number))
    until_idle(qtbot, jobs)
    assert [entry for entry in log if entry[0] in ("stepped", "finished")] == [
        ("stepped", Lane.PICTURE, 19), ("finished", Lane.PICTURE, 19)
    ]  # fmt: skip


def test_an_answer_that_is_under_way_when_its_job_is_replaced_is_dropped(qtbot: QtBot, jobs: Jobs, log: Log) -> None:
    done = threading.Event()
    jobs.submit(Lane.PICTURE, job(done.set, result="late"))
    done.wait(20)
    time.sleep(0.05)  # its answer waits in the window's queue of events
    jobs.submit(Lane.PICTURE, job(result="new"))
    until_idle(qtbot, jobs)
    assert [entry[2] for entry in log if entry[0] == "finished"] == ["new"]


def test_the_urgent_lane_goes_first(qtbot: QtBot, jobs: Jobs) -> None:
    order: list[str] = []
    gate = threading.Event()

    def slow() -> None:
        order.append("accuracy")
        gate.wait(20)

    jobs.submit(Lane.ACCURACY, job(slow, lambda: order.append("accuracy"), lambda: order.append("accuracy")))
    qtbot.waitUntil(lambda: bool(order))
    jobs.submit(Lane.PICTURE, job(lambda: order.append("picture"), lambda: order.append("picture")))
    gate.set()
    until_idle(qtbot, jobs)
    assert order == ["accuracy", "picture", "picture", "accuracy", "accuracy"]


def test_a_job_that_waits_lets_others_go_first(qtbot: QtBot, jobs: Jobs, log: Log) -> None:
    waits = [Step(None, waiting=True)] * 3
    jobs.submit(Lane.WEIGHTS, job(*waits))
    jobs.submit(Lane.ACCURACY, job(*range(5)))
    until_idle(qtbot, jobs)
    ends = [entry[1] for entry in log if entry[0] == "finished"]
    assert ends == [Lane.ACCURACY, Lane.WEIGHTS]


def test_cancelling_closes_the_generator_in_the_thread_that_ran_it(qtbot: QtBot, jobs: Jobs, log: Log) -> None:
    where: list[int] = []
    ran: list[int] = []
    endless = [lambda: (ran.append(threading.get_ident()), time.sleep(0.005))] * 10_000
    jobs.submit(Lane.ACCURACY, job(*endless, ended=lambda: where.append(threading.get_ident())))
    qtbot.waitUntil(lambda: bool(ran))
    jobs.cancel(Lane.ACCURACY)
    assert not jobs.running()
    assert log[-1] == ("stopped", Lane.ACCURACY)
    qtbot.waitUntil(lambda: bool(where))
    assert where == [ran[0]]
    assert where[0] != threading.get_ident()
    jobs.cancel(Lane.ACCURACY)  # nothing there any more
    assert log.count(("stopped", Lane.ACCURACY)) == 1


def test_closing_closes_the_generator_too(qtbot: QtBot) -> None:
    """Else a half file of a download would stay."""
    jobs, ran, ended = Jobs(), threading.Event(), []
    jobs.start()
    endless = [lambda: (ran.set(), time.sleep(0.005))] * 10_000
    jobs.submit(Lane.WEIGHTS, job(*endless, ended=lambda: ended.append(True)))
    assert ran.wait(20)
    assert jobs.close()
    assert ended == [True]
    assert not jobs._worker.isRunning()


def test_a_closed_queue_neither_starts_nor_takes_anything(qtbot: QtBot) -> None:
    jobs = Jobs()
    assert jobs.close()
    jobs.start()
    jobs.submit(Lane.OPEN, job(1))
    assert not jobs._worker.isRunning()
    assert jobs.close()


def test_bad_input_and_faults_are_one_sentence_and_the_queue_goes_on(
    qtbot: QtBot, jobs: Jobs, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    jobs.submit(Lane.OPEN, job(UserError("It is {what}.", what="torn")))
    until_idle(qtbot, jobs)
    jobs.submit(Lane.OPEN, job(ZeroDivisionError("{odd}")))
    until_idle(qtbot, jobs)
    jobs.submit(Lane.OPEN, job(result="still there"))
    until_idle(qtbot, jobs)
    failures = [str(entry[2]) for entry in log if entry[0] == "failed"]
    assert failures == ["It is torn.", "Something went wrong in the program itself: {odd}."]
    assert log[-2] == ("finished", Lane.OPEN, "still there")
    assert "A job failed" in caplog.text


def test_a_clean_up_that_fails_does_not_end_the_thread(
    qtbot: QtBot, jobs: Jobs, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    ran = threading.Event()

    def fail() -> None:
        raise OSError("read-only")

    jobs.submit(Lane.OPEN, job(*[ran.set] * 1000, ended=fail))
    ran.wait(20)
    jobs.submit(Lane.OPEN, job(result="next"))
    until_idle(qtbot, jobs)
    assert log[-2] == ("finished", Lane.OPEN, "next")


def test_a_torch_that_can_not_be_loaded_is_told(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "explorer.engine.session", None)
    jobs = Jobs()
    jobs.start()
    with qtbot.waitSignal(jobs.failed) as failed:
        jobs.submit(Lane.OFFER, job(1))
    assert "PyTorch can't be loaded" in str(failed.args[1])
    assert jobs.close()


def test_garbage_is_left_to_the_windows_thread(qtbot: QtBot, jobs: Jobs) -> None:
    """Widgets caught in a cycle must not be destroyed in the engine's thread."""

    class Cycle:
        threads: ClassVar[list[int]] = []

        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            Cycle.threads.append(threading.get_ident())

    def litter() -> None:
        for _ in range(5000):
            Cycle()

    assert not gc.isenabled()
    jobs.submit(Lane.OPEN, job(litter, litter))
    until_idle(qtbot, jobs)
    qtbot.waitUntil(lambda: len(Cycle.threads) > 5000, timeout=10_000)
    assert set(Cycle.threads) == {threading.get_ident()}
    jobs.close()
    assert gc.isenabled()


def test_a_study_goes_on_only_while_nothing_else_has_to_be_done(qtbot: QtBot, jobs: Jobs) -> None:
    order: list[str] = []
    ran, gate = threading.Event(), threading.Event()
    study = [lambda: (order.append("study"), ran.set(), gate.wait(20))] * 3
    jobs.submit(Lane.STUDY, job(*study))
    assert ran.wait(20)
    others = [lane for lane in Lane if lane < Lane.STUDY]
    for lane in others:
        jobs.submit(lane, job(lambda: order.append("other")))
    gate.set()
    until_idle(qtbot, jobs)
    assert order == ["study", *["other"] * len(others), "study", "study"]


def test_a_paused_job_keeps_what_it_has_and_others_go_on(qtbot: QtBot, jobs: Jobs, log: Log) -> None:
    for name in ("paused", "resumed"):
        getattr(jobs, name).connect(lambda lane, name=name: log.append((name, lane)))
    done: list[int] = []
    steps = [lambda number=number: (done.append(number), time.sleep(0.002)) for number in range(200)]
    jobs.submit(Lane.STUDY, job(*steps, result="all"))
    qtbot.waitUntil(lambda: bool(done))
    jobs.pause(Lane.STUDY)
    jobs.pause(Lane.STUDY)  # it is already
    assert jobs.running() == ()
    assert jobs.is_paused(Lane.STUDY)
    jobs.submit(Lane.PICTURE, job(result="picture"))
    until_idle(qtbot, jobs)  # the step in progress has ended, too: the picture came after it
    so_far = len(done)
    qtbot.wait(100)
    assert len(done) == so_far < 200
    jobs.resume(Lane.STUDY)
    assert jobs.running() == (Lane.STUDY,)
    until_idle(qtbot, jobs)
    assert done == list(range(200))
    assert [entry for entry in log if entry[0] in ("paused", "resumed")] == [
        ("paused", Lane.STUDY), ("resumed", Lane.STUDY)
    ]  # fmt: skip
    assert ("finished", Lane.STUDY, "all") in log


@pytest.mark.parametrize("how", ["cancel", "replace", "close"])
def test_a_paused_job_that_is_dropped_cleans_up_first(qtbot: QtBot, jobs: Jobs, how: str) -> None:
    """Else a study's results so far would be lost."""
    order: list[str] = []

    def endless(session: object) -> Generator[int, None, None]:
        try:
            for number in count():
                order.append("old")
                yield number
        finally:
            order.append("kept")

    jobs.submit(Lane.STUDY, endless)
    qtbot.waitUntil(lambda: bool(order))
    jobs.pause(Lane.STUDY)
    if how == "replace":
        jobs.submit(Lane.STUDY, job(lambda: order.append("new")))
        assert not jobs.is_paused(Lane.STUDY)
        until_idle(qtbot, jobs)
        assert order[-2:] == ["kept", "new"]
        return
    if how == "close":
        assert jobs.close()
        assert order[-1] == "kept"
        return
    with qtbot.waitSignal(jobs.dropped, timeout=20_000):
        jobs.cancel(Lane.STUDY)
        assert not jobs.is_paused(Lane.STUDY)
    assert order[-1] == "kept"


def test_a_job_that_ended_before_it_was_dropped_is_told_of_too(qtbot: QtBot, jobs: Jobs) -> None:
    """The window has not heard of its end yet."""
    ended = threading.Event()
    jobs.submit(Lane.STUDY, job(result=1, ended=ended.set))
    assert ended.wait(20)
    time.sleep(0.05)  # the worker takes the job off its list
    assert Lane.STUDY in jobs.running(), "no event was handled since"
    with qtbot.waitSignal(jobs.dropped, timeout=20_000):
        jobs.cancel(Lane.STUDY)


def test_nothing_is_paused_where_nothing_runs(qtbot: QtBot, jobs: Jobs, log: Log) -> None:
    jobs.pause(Lane.STUDY)
    jobs.resume(Lane.STUDY)
    jobs.submit(Lane.STUDY, job(result=1))
    until_idle(qtbot, jobs)
    assert log[-2:] == [("finished", Lane.STUDY, 1), ("stopped", Lane.STUDY)]
