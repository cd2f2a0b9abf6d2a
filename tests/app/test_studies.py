"""From the study panel's requests to jobs and back, with a queue that does only what it is told."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from explorer.app.document import Document, State
from explorer.app.jobs import Lane
from explorer.app.runner import Runner
from explorer.app.studies import Studies
from explorer.app.study_jobs import remove_oldest
from explorer.app.study_recipes import RECIPES
from explorer.engine.records import Offer, Step, WeightsInfo, WeightsKind, WeightsRef
from explorer.engine.study_files import SUFFIX, Unfinished, path_for
from explorer.engine.study_records import FlippedImages, StudyRequest, StudyResult
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.lesion import Lesion
from tests.app.study_support import first, study
from tests.app.test_runner import PREPROCESSING
from tests.app.test_runner import Queue as PlainQueue

GREY = {"in_channels": 1, "side": 28}


class Queue(PlainQueue):
    """With what a study needs of it."""

    paused = Signal(object)
    resumed = Signal(object)
    dropped = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.resting: set[Lane] = set()

    def submit(self, lane: Lane, make: Any) -> None:
        super().submit(lane, make)
        self.resting.discard(lane)

    def cancel(self, lane: Lane) -> None:
        if lane in self.jobs:
            super().cancel(lane)
            self.resting.discard(lane)
            self.stopped.emit(lane)
            self.dropped.emit(lane)

    def running(self) -> tuple[Lane, ...]:
        return tuple(sorted(self.jobs.keys() - self.resting))

    def is_paused(self, lane: Lane) -> bool:
        return lane in self.resting

    def pause(self, lane: Lane) -> None:
        self.resting.add(lane)
        self.paused.emit(lane)

    def resume(self, lane: Lane) -> None:
        self.resting.discard(lane)
        self.resumed.emit(lane)

    def finish(self, lane: Lane, value: object) -> None:
        super().finish(lane, value)
        self.stopped.emit(lane)

    def fail(self, lane: Lane, sentence: str = "It is torn.") -> None:
        super().fail(lane, sentence)
        self.stopped.emit(lane)


class Desk(QObject):
    """Document, queue, runner and studies, and what they said."""

    def __init__(self, result: StudyResult, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        request = result.request
        self.document = Document(State(request.spec, request.weights, result.info))
        self.queue = Queue()
        self.runner = Runner(self.document, self.queue)
        self.runner.offer = Offer((), (result.info, *(info_of(name) for name in ("preresnet110", "vgg_narrow"))))
        self.studies = Studies(self.document, self.queue, self.runner, folder)
        self.told: list[str] = []
        self.shown: list[tuple[StudyResult, ...]] = []
        self.activities: list[str] = []
        self.unfinished: list[Any] = []
        self.studies.said.connect(self.told.append)
        self.studies.refused.connect(self.told.append)
        self.studies.results_changed.connect(self.shown.append)
        self.studies.activity_changed.connect(self.activities.append)
        self.studies.unfinished_changed.connect(self.unfinished.append)

    @property
    def asked(self) -> StudyRequest:
        request: StudyRequest = self.queue.jobs[Lane.STUDY].request
        return request

    def step(self, result: StudyResult) -> None:
        self.queue.stepped.emit(Lane.STUDY, result)


def info_of(name: str) -> WeightsInfo:
    spec = PRESETS[name].with_(**GREY)
    ref = WeightsRef(WeightsKind.BUNDLED, f"{name}-fashion-mnist")
    return WeightsInfo(ref, "Fashion-MNIST", spec, tuple(map(str, range(10))), PREPROCESSING)


@pytest.fixture(scope="module")
def result() -> StudyResult:
    return study(images=20)


@pytest.fixture
def desk(qtbot: QtBot, result: StudyResult, tmp_path: Path) -> Desk:
    return Desk(result, tmp_path / "studies")


def other_of(result: StudyResult, name: str) -> StudyResult:
    """The study as one of another network, for what only looks at names."""
    info = info_of(name)
    return replace(result, request=replace(result.request, spec=info.spec, weights=info.ref), info=info)


# -- running -------------------------------------------------------------------------------------------------------


def test_results_are_shown_as_they_come_and_in_the_end(qtbot: QtBot, desk: Desk, result: StudyResult) -> None:
    desk.studies.run(result.request)
    assert desk.asked == result.request
    assert desk.shown[-1] == ()
    for images in (4, 8, 12):
        desk.step(first(result, images))
    qtbot.waitUntil(lambda: bool(desk.shown[-1]))
    assert [shown[0].points[0].counts.images for shown in desk.shown[1:]] == [12], "each step was drawn"
    desk.queue.finish(Lane.STUDY, result)
    assert desk.shown[-1] == (result,)
    assert (desk.activities[0], desk.activities[-1]) == ("running", "idle")


def test_an_edit_of_the_document_leaves_a_study_alone(desk: Desk, result: StudyResult) -> None:
    desk.studies.run(result.request)
    desk.document.replace(spec=PRESETS["resnet18"], deleted=frozenset(), info=None)
    assert Lane.STUDY in desk.queue.jobs
    assert desk.asked.spec == result.request.spec


def test_pausing_and_going_on(desk: Desk, result: StudyResult) -> None:
    desk.studies.run(result.request)
    desk.studies.pause_or_resume()
    assert desk.studies.activity == "paused"
    desk.studies.pause_or_resume()
    assert desk.studies.activity == "running"
    assert desk.activities == ["running", "paused", "running"]


def test_cancelling_keeps_what_is_on_screen(desk: Desk, result: StudyResult) -> None:
    desk.studies.run(result.request)
    desk.step(first(result, 8))
    desk.studies.cancel()
    assert desk.studies.activity == "idle"
    assert desk.studies.results[0].points[0].counts.images == 8


def test_a_failure_ends_it_and_what_waits_behind_it(desk: Desk, result: StudyResult) -> None:
    desk.studies.follow_recipe("fig3")
    desk.queue.fail(Lane.STUDY)
    assert Lane.STUDY not in desk.queue.jobs
    assert desk.studies.activity == "idle"


# -- two over each other -------------------------------------------------------------------------------------------


def test_another_network_is_laid_over_the_one_that_is_shown(desk: Desk, result: StudyResult) -> None:
    desk.studies.compare("preresnet110")
    assert "Run a study first" in desk.told[-1]
    desk.studies.run(result.request)
    desk.queue.finish(Lane.STUDY, result)
    desk.studies.compare("preresnet110")
    assert desk.asked == replace(result.request, spec=info_of("preresnet110").spec, weights=info_of("preresnet110").ref)
    assert desk.studies.results == (result,)
    other = other_of(result, "preresnet110")
    desk.queue.finish(Lane.STUDY, other)
    assert desk.shown[-1] == (result, other)
    desk.studies.compare("vgg_narrow")  # takes the other's place
    third = other_of(result, "vgg_narrow")
    desk.queue.finish(Lane.STUDY, third)
    assert desk.shown[-1] == (result, third)
    desk.studies.run(result.request)
    assert desk.studies.results == ()


def test_a_comparison_waits_for_the_study_that_runs(desk: Desk, result: StudyResult) -> None:
    desk.studies.run(result.request)
    desk.studies.compare("vgg_narrow")
    assert desk.asked == result.request
    assert "follows" in desk.told[-1]
    desk.queue.finish(Lane.STUDY, result)
    assert desk.asked.weights == info_of("vgg_narrow").ref
    desk.studies.compare("preresnet110")  # the one laid over makes room at once
    assert desk.asked.weights == info_of("preresnet110").ref
    assert desk.studies.results == (result,)


def test_a_comparison_is_dropped_again(desk: Desk, result: StudyResult) -> None:
    desk.studies.run(result.request)
    desk.queue.finish(Lane.STUDY, result)
    desk.studies.compare("vgg_narrow")
    desk.step(other_of(result, "vgg_narrow"))
    assert len(desk.studies.results) == 2
    desk.studies.drop_comparison()
    assert desk.shown[-1] == (result,)
    assert Lane.STUDY not in desk.queue.jobs
    desk.studies.compare("preresnet110")  # and another is laid over it
    desk.queue.finish(Lane.STUDY, other_of(result, "preresnet110"))
    assert [shown.request.spec.name for shown in desk.shown[-1]] == [result.request.spec.name, "PreResNet-110"]


def test_cancelling_cancels_what_waits_too(desk: Desk, result: StudyResult) -> None:
    desk.studies.run(result.request)
    desk.studies.compare("vgg_narrow")
    desk.queue.cancel(Lane.STUDY)  # as Escape does
    assert Lane.STUDY not in desk.queue.jobs


def test_a_network_without_weights_is_one_sentence(desk: Desk, result: StudyResult) -> None:
    desk.studies.run(result.request)
    desk.studies.compare("twin")
    assert desk.told[-1].startswith("No trained weights of")
    desk.studies.compare("plain56")
    assert "No trained weights of" in desk.told[-1]
    assert desk.asked == result.request


# -- the paper's figures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECIPES)
def test_a_figure_of_the_paper(desk: Desk, result: StudyResult, name: str) -> None:
    desk.studies.follow_recipe(name)
    asked = desk.asked
    assert (asked.kind, asked.images, asked.seeds, asked.fast) == (RECIPES[name].kind, 1000, 10, False)
    assert asked.spec == desk.document.state.spec == info_of("preresnet110").spec
    assert desk.document.state.weights == asked.weights == info_of("preresnet110").ref
    assert asked.most == (None if name == "fig3" else 20)
    desk.document.undo_stack.undo()
    assert desk.document.state.spec == result.request.spec
    desk.queue.finish(Lane.STUDY, other_of(result, "preresnet110"))
    assert (Lane.STUDY in desk.queue.jobs) == (name == "fig3")
    if name == "fig3":
        assert desk.asked.spec == info_of("vgg_narrow").spec


def test_a_figure_whose_weights_are_not_there_is_one_sentence(desk: Desk) -> None:
    desk.runner.offer = Offer(())
    desk.studies.follow_recipe("fig5a")
    assert desk.told == [
        "No trained weights of PreResNet-110 come with this program: train it on the command line, or open a "
        "checkpoint of it, and study that."
    ]
    assert desk.queue.log == []
    assert desk.document.undo_stack.count() == 0


def test_a_figure_asked_for_in_the_first_moments_waits(desk: Desk) -> None:
    offer, desk.runner.offer = desk.runner.offer, Offer(())
    desk.queue.submit(Lane.OFFER, None)
    desk.studies.follow_recipe("fig5b")
    assert not desk.told
    desk.queue.finish(Lane.OFFER, offer)
    assert desk.asked.kind == "reorder"


# -- from a point to the network -----------------------------------------------------------------------------------


def test_a_point_is_done_to_the_network_that_is_open(desk: Desk, result: StudyResult) -> None:
    lesion = Lesion(deleted=frozenset({"layer1.0"}))
    desk.studies.apply(result, lesion)
    assert desk.document.state.deleted == {"layer1.0"}
    assert desk.studies.block_to_light(result, "layer1.0") == "layer1.0"
    desk.document.undo_stack.undo()
    assert not desk.document.state.deleted


def test_a_point_of_another_network_opens_it_in_one_step_of_undo(desk: Desk, result: StudyResult) -> None:
    other, before = other_of(result, "preresnet110"), desk.document.state
    assert desk.studies.block_to_light(other, "layer1.0") is None
    desk.studies.apply(other, Lesion(deleted=frozenset({"layer2.3"})))
    state = desk.document.state
    assert (state.spec, state.weights, state.deleted) == (other.info.spec, other.request.weights, {"layer2.3"})
    assert "is open now" in desk.told[-1]
    desk.document.undo_stack.undo()
    state = desk.document.state
    assert (state.spec, state.weights, state.deleted) == (before.spec, before.weights, before.deleted)


def test_the_images_behind_a_cell(desk: Desk, result: StudyResult) -> None:
    got: list[Any] = []
    desk.studies.flipped_done.connect(lambda *values: got.append(values))
    point = max(result.points, key=lambda point: result.total - point.counts.agreeing)
    desk.studies.ask_for_flipped(result, point, None)
    asked = desk.queue.jobs[Lane.FLIPPED].request
    changed = np.flatnonzero(point.predictions != result.intact.predictions)
    assert asked.indices == tuple(result.indices[changed])
    images = FlippedImages(asked, np.zeros((len(changed), 8, 8, 3), np.uint8))
    desk.queue.finish(Lane.FLIPPED, images)
    assert got == [(images, result, point, None)]


# -- files ---------------------------------------------------------------------------------------------------------


class Session:
    """Says how it was asked, and refuses to take up when told so."""

    def __init__(self, result: StudyResult, refusal: str = "") -> None:
        self.result, self.refusal = result, refusal
        self.asked: list[bool] = []
        self.went_on = False

    def study(self, request: StudyRequest, file: Path, resume: bool) -> Generator[object, None, StudyResult]:
        self.asked.append(resume)
        yield Step(None)
        if resume and self.refusal:
            raise UserError(self.refusal)
        yield first(self.result, 8)
        yield self.result
        self.went_on = True
        return self.result


def drain(work: Generator[object, None, object]) -> object:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def test_a_study_is_taken_up_where_there_is_a_file_of_it(desk: Desk, result: StudyResult) -> None:
    desk.studies.run(result.request)
    session = Session(result)
    assert drain(desk.queue.jobs[Lane.STUDY](session)) is result
    path_for(desk.folder, result.request).write_bytes(b"some")
    assert drain(desk.queue.jobs[Lane.STUDY](session)) is result
    assert session.asked == [False, True]
    assert not session.went_on, "the engine would have removed the file of a finished study"


def test_a_file_of_other_weights_is_no_obstacle_to_a_new_run(desk: Desk, result: StudyResult) -> None:
    desk.folder.mkdir()
    path_for(desk.folder, result.request).write_bytes(b"some")
    desk.studies.run(result.request)
    session = Session(result, "It is of other weights.")
    assert drain(desk.queue.jobs[Lane.STUDY](session)) is result
    assert session.asked == [True, False]


def test_an_unfinished_study_that_can_not_be_taken_up_is_refused(desk: Desk, result: StudyResult) -> None:
    desk.folder.mkdir()
    path = path_for(desk.folder, result.request)
    path.write_bytes(b"some")
    desk.studies.take_up(Unfinished(path, result.request, 0.5, 0.0))
    session = Session(result, "It is of other weights.")
    with pytest.raises(UserError, match="other weights"):
        drain(desk.queue.jobs[Lane.STUDY](session))
    assert session.asked == [True]
    assert path.read_bytes() == b"some"


def test_only_the_last_studies_are_kept(tmp_path: Path) -> None:
    for number in range(6):
        path = tmp_path / f"{number}{SUFFIX}"
        path.write_bytes(b"")
        os.utime(path, (number, number))
    (tmp_path / "other.txt").write_text("")
    remove_oldest(tmp_path, 2, spare=tmp_path / f"0{SUFFIX}")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"0{SUFFIX}", f"4{SUFFIX}", f"5{SUFFIX}", "other.txt"
    ]  # fmt: skip


def test_a_folder_that_can_not_be_made_does_not_stop_a_study(qtbot: QtBot, result: StudyResult, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    desk = Desk(result, tmp_path / "file" / "studies")
    desk.studies.run(result.request)
    assert drain(desk.queue.jobs[Lane.STUDY](Session(result))) is result
    assert desk.unfinished[-1] == ()
