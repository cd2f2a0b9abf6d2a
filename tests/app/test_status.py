"""The status bar: what runs, how far it is, and nothing that flickers."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from explorer.app.jobs import Lane
from explorer.app.status import StatusBar
from explorer.engine.records import Counts, Step
from tests.app.panel_support import accuracy_result, show
from tests.app.study_support import first, study


@pytest.fixture
def bar(qtbot: QtBot) -> StatusBar:
    return show(qtbot, StatusBar(), 900, 30)


def test_a_short_job_is_not_mentioned(qtbot: QtBot, bar: StatusBar) -> None:
    bar.job_started(Lane.PICTURE)
    assert bar.idle.isVisible()
    bar.job_stopped(Lane.PICTURE)
    qtbot.wait(250)
    assert bar.idle.isVisible()
    assert not bar.cancel.isVisible()


def test_the_most_urgent_of_several_is_shown(qtbot: QtBot, bar: StatusBar) -> None:
    for lane in (Lane.ACCURACY, Lane.PICTURE):
        bar.job_started(lane)
    qtbot.waitUntil(bar.words.isVisible)
    assert bar.words.text() == "Running the picture"
    assert bar.progress.maximum() == 0  # nobody knows how far it is
    bar.job_stopped(Lane.PICTURE)
    qtbot.waitUntil(lambda: bar.words.text() == "Measuring accuracy")
    bar.job_stepped(Lane.ACCURACY, accuracy_result(Counts(500, 450, 500), Counts(500, 450, 500), 2000))
    assert (bar.progress.value(), bar.progress.maximum()) == (250, 1000)
    bar.job_stopped(Lane.ACCURACY)
    qtbot.waitUntil(bar.idle.isVisible)
    assert not bar.progress.isVisible()


def test_a_step_has_its_own_words(qtbot: QtBot, bar: StatusBar) -> None:
    bar.job_started(Lane.WEIGHTS)
    qtbot.waitUntil(bar.words.isVisible)
    bar.job_stepped(Lane.WEIGHTS, Step(0.5, "Downloading ResNet18 {odd} %s: 10 of 20 MB"))
    assert bar.words.text() == "Downloading ResNet18 {odd} %s: 10 of 20 MB"
    assert bar.progress.value() == 500
    with qtbot.waitSignal(bar.cancel_requested):
        bar.cancel.click()


def test_a_step_of_a_job_that_is_gone_is_ignored(qtbot: QtBot, bar: StatusBar) -> None:
    bar.job_stepped(Lane.WEIGHTS, Step(0.5, "late"))
    qtbot.wait(200)
    assert bar.idle.isVisible()


def test_every_lane_has_words(qtbot: QtBot, bar: StatusBar) -> None:
    for lane in Lane:
        bar.job_started(lane)
        qtbot.waitUntil(bar.words.isVisible)
        assert bar.words.text()
        bar.job_stopped(lane)
        qtbot.waitUntil(bar.idle.isVisible)


def test_what_is_being_looked_for_at_the_start_can_not_be_cancelled(qtbot: QtBot, bar: StatusBar) -> None:
    bar.job_started(Lane.OFFER)
    qtbot.waitUntil(bar.words.isVisible)
    assert not bar.cancel.isVisible()


def test_a_paused_study_is_not_running_but_is_mentioned(qtbot: QtBot, bar: StatusBar) -> None:
    bar.job_started(Lane.STUDY)
    qtbot.waitUntil(bar.words.isVisible)
    bar.job_paused(Lane.STUDY)
    qtbot.waitUntil(bar.idle.isVisible)
    assert bar.idle.text() == "The study is paused"
    assert not bar.cancel.isVisible()
    bar.job_started(Lane.ACCURACY)
    qtbot.waitUntil(bar.words.isVisible)
    assert bar.words.text() == "Measuring accuracy"
    bar.job_stopped(Lane.ACCURACY)
    bar.job_resumed(Lane.STUDY)
    qtbot.waitUntil(lambda: bar.words.text() == "Running the study")
    bar.job_stopped(Lane.STUDY)
    qtbot.waitUntil(bar.idle.isVisible)
    assert bar.idle.text() == "Ready"


def test_a_study_says_how_far_it_is_and_keeps_saying_so(qtbot: QtBot, bar: StatusBar) -> None:
    bar.job_started(Lane.STUDY)
    qtbot.waitUntil(bar.words.isVisible)
    bar.job_stepped(Lane.STUDY, Step(0.1, "Deleting every block alone"))
    assert bar.words.text() == "Deleting every block alone"
    result = first(study(images=20), 5)
    bar.job_stepped(Lane.STUDY, result)
    told = bar.words.text()
    assert result.request.spec.name in told
    assert "25 %" in told
    bar.job_stepped(Lane.STUDY, Step(0.3, "Deleting every block alone"))
    assert bar.words.text() == told
    assert bar.progress.value() == 300
