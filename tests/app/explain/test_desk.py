"""When a view's job runs: in sight, once something changed; and what it hears of its end."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from explorer.app.explain.desk import Desk
from explorer.app.jobs import Jobs, Lane, Make
from explorer.app.window import Window
from explorer.errors import UserError
from tests.app.panel_support import document, picture
from tests.app.test_jobs import job, until_idle

INFO = cast("Any", object())


class Telling(Desk):
    """Notes what it is told."""

    lane = Lane.GRADIENTS

    def __init__(self, window: Window, panel: QWidget) -> None:
        super().__init__(window, panel)
        self.told: list[Any] = []
        self.steps: list[object] = ["half"]

    def job(self) -> Make | None:
        return job(*self.steps, result="whole")

    def forget(self) -> None:
        self.told.append("forgotten")

    def show_busy(self) -> None:
        self.told.append("busy")

    def show_step(self, value: Any) -> None:
        self.told.append(value)

    def show_result(self, value: Any) -> None:
        self.told.append(value)

    def show_error(self, words: str) -> None:
        self.told.append(words)

    def show_cancelled(self) -> None:
        self.told.append("cancelled")


class Asked(Telling):
    by_itself: ClassVar[bool] = False


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[Any]:
    """What a desk needs of a window."""

    class Host(QWidget):
        pass

    host: Any = Host()
    qtbot.addWidget(host)
    host.document = document(info=INFO)
    host.jobs = Jobs(host)
    host.refused = []
    host.notice = SimpleNamespace(refuse=host.refused.append)
    host.jobs.start()
    host.resize(300, 200)
    with qtbot.waitExposed(host):
        host.show()
    yield host
    host.jobs.close()


def made(window: Any, kind: type[Telling] = Telling, seen: bool = True) -> Telling:
    panel = QWidget(window)
    desk = kind(window, panel)
    if seen:
        panel.show()
        desk.look()
    return desk


def settle(qtbot: QtBot, window: Any) -> None:
    qtbot.wait(30)
    until_idle(qtbot, window.jobs)


def test_it_runs_once_it_is_looked_at_and_again_after_a_change(qtbot: QtBot, window: Any) -> None:
    desk = made(window)
    settle(qtbot, window)
    assert desk.told == ["busy", "half", "whole"]
    desk.look()
    settle(qtbot, window)
    assert len(desk.told) == 3, "nothing changed"
    window.document.replace(deleted=frozenset(("layer1.0",)))
    settle(qtbot, window)
    assert desk.told[3:] == ["forgotten", "busy", "half", "whole"]


def test_out_of_sight_it_waits(qtbot: QtBot, window: Any) -> None:
    desk = made(window, seen=False)
    window.document.replace(picture=picture())
    settle(qtbot, window)
    assert desk.told == ["forgotten"]
    desk.panel.show()
    desk.look()
    settle(qtbot, window)
    assert desk.told == ["forgotten", "busy", "half", "whole"]


def test_one_that_takes_long_waits_until_it_is_asked_for(qtbot: QtBot, window: Any) -> None:
    desk = made(window, Asked)
    settle(qtbot, window)
    assert desk.told == []
    desk.run()
    settle(qtbot, window)
    assert desk.told == ["busy", "half", "whole"]


def test_without_weights_it_waits_for_them(qtbot: QtBot, window: Any) -> None:
    window.document.replace(info=None)
    desk = made(window)
    settle(qtbot, window)
    assert desk.told == []
    window.document.replace(info=INFO)
    settle(qtbot, window)
    assert desk.told == ["forgotten", "busy", "half", "whole"]


def test_a_job_that_a_change_made_pointless_ends_without_a_word(qtbot: QtBot, window: Any) -> None:
    def forever(session: object) -> Generator[object, None, None]:
        while True:
            yield None

    desk = made(window, Asked)
    desk.job = lambda: forever  # type: ignore[method-assign]
    desk.run()
    assert desk.running
    window.document.replace(spec=replace(window.document.state.spec, classes=7))
    settle(qtbot, window)
    assert not desk.running
    assert desk.told[-1] == "forgotten"
    assert "cancelled" not in desk.told


def test_what_the_person_cancels_is_told_as_such(qtbot: QtBot, window: Any) -> None:
    def forever(session: object) -> Generator[object, None, None]:
        while True:
            yield None

    desk = made(window, Asked)
    desk.job = lambda: forever  # type: ignore[method-assign]
    desk.run()
    window.jobs.cancel(Lane.GRADIENTS)
    settle(qtbot, window)
    assert desk.told[-1] == "cancelled"


@pytest.mark.parametrize("seen", [True, False])
def test_a_refusal_is_told_where_it_can_be_seen(qtbot: QtBot, window: Any, seen: bool) -> None:
    desk = made(window, Asked, seen)
    desk.steps = [UserError("No {what}; give one.", what="shortcut")]
    desk.run()
    settle(qtbot, window)
    assert desk.told[-1] == "No shortcut; give one."
    assert window.refused == ([] if seen else ["No shortcut; give one."])
