"""Studies that are stopped and taken up again."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer.engine.records import DataRef, WeightsKind, WeightsRef
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.studies import latency, storage
from explorer.engine.studies import study as module
from explorer.engine.studies.scores import Answers
from explorer.engine.study_files import path_for, read_header, request_from_json, request_to_json, unfinished
from explorer.engine.study_records import StudyKind, StudyRequest, StudyResult
from explorer.errors import UserError
from tests.engine.image_sets import put
from tests.engine.sentences import assert_one_sentence
from tests.engine.study_support import FOUR, Case, case, done, same, snapshots

KINDS: tuple[StudyKind, ...] = ("single", "random", "reorder", "greedy", "cut")
SPEC = FOUR.with_(blocks=(3, 3, 1))


@pytest.fixture
def four(tmp_path: Path) -> Case:
    return case(tmp_path, SPEC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "here.study"


def stopped(request: StudyRequest, file: Path, answers: int, resume: bool = False) -> StudyResult | None:
    """Go on until so many answers on a batch have come, then drop it as a cancel does; None where it was not over by
    then."""
    job = Session().study(request, file, resume)
    with pytest.MonkeyPatch.context() as patch:
        come: list[int] = []
        add = Answers.add

        def counted(self: Answers, *values: Any) -> None:
            add(self, *values)
            come.append(1)

        try:
            while len(come) < answers:
                if isinstance(next(job), StudyResult):
                    patch.setattr(Answers, "add", counted)  # what a file gives is not counted
        except StopIteration as end:
            result: StudyResult = end.value
            return result
        finally:
            job.close()
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_a_study_stopped_again_and_again_equals_one_run_through(
    four: Case, file: Path, kind: StudyKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every few steps, each time in a new session: a restart of the program."""
    monkeypatch.setattr(latency, "ROUNDS", 1)
    request = four.request(kind, most=3, images=300)
    whole = done(request)
    for stride in (11, 23):  # more than there are lesions, so that a batch more is whole each time
        rounds = 0
        result = None
        while result is None:
            result = stopped(request, file, stride, resume=True)
            rounds += 1
            assert rounds < 100
        assert rounds > 1 or stride > 11
        assert not file.exists()
        same(result, whole)


@pytest.mark.parametrize("answers", [1, 2, 5, 6, 7, 17, 29, 30])
def test_stopped_anywhere(four: Case, file: Path, answers: int) -> None:
    request = four.request("single", images=300)
    stopped(request, file, answers)
    same(done(request, file=file, resume=True), done(request))
    assert not file.exists()


@pytest.mark.parametrize("kind", ["random", "reorder", "greedy"])
def test_stopped_while_it_is_taken_up_again(four: Case, file: Path, kind: StudyKind) -> None:
    """At each step before the first result, when only some of what the file holds is there."""
    request = four.request(kind, images=300)
    for told in (job := Session().study(request, file)):
        if (told.fraction or 0.0) > 0.5:
            break
    job.close()
    before = file.read_bytes()
    over, steps = False, 0
    while not over:
        steps += 1
        job = Session().study(request, file, resume=True)
        over = any(isinstance(next(job), StudyResult) for _ in range(steps))
        job.close()
        if not over:
            assert file.read_bytes() == before
    assert steps > 3
    same(done(request, file=file, resume=True), done(request))


def test_what_was_done_is_not_done_again(four: Case, file: Path) -> None:
    request = four.request("random")
    assert stopped(request, file, 12) is None
    header = read_header(file)
    assert 0 < header["fraction"] < 1
    first = snapshots(Session().study(request, file, resume=True))[0]
    assert first.fraction == pytest.approx(header["fraction"])
    assert first.intact.counts.images > 0
    assert first.seconds >= header["seconds"]


def test_without_resume_it_begins_anew(four: Case, file: Path) -> None:
    request = four.request("single")
    stopped(request, file, 4)
    assert snapshots(Session().study(request, file))[0].fraction == 0.0


def test_the_file_goes_only_when_the_result_is_taken(four: Case, file: Path) -> None:
    """Whoever can't write the result can have it again at once."""
    request = four.request("single")
    job = Session().study(request, file)
    for told in job:
        if isinstance(told, StudyResult) and told.finished:
            break
    job.close()
    assert read_header(file)["fraction"] == 1.0
    assert snapshots(Session().study(request, file, resume=True))[0].intact.counts.images == 150
    done(request, file=file, resume=True)
    assert not file.exists()


def test_nothing_is_written_before_anything_is_measured(four: Case, file: Path) -> None:
    job = Session().study(four.request("single"), file)
    while not isinstance(next(job), StudyResult):
        pass
    job.close()
    assert not file.exists()


def test_it_is_saved_on_the_way(four: Case, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is killed closes nothing."""
    monkeypatch.setattr(module, "SAVE_SECONDS", 0.0)
    job = Session().study(four.request("single"), file)
    while not file.exists():
        next(job)
    assert read_header(file)["fraction"] > 0
    kept = file.read_bytes()
    job.close()
    file.write_bytes(kept)
    same(done(four.request("single"), file=file, resume=True), done(four.request("single")))


def test_a_full_disk_does_not_end_the_study(four: Case, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = four.request("single")
    stopped(request, file, 4)
    before = file.read_bytes()

    def full(stream: Any, **_: Any) -> None:
        stream.write(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.np, "savez", full)
    monkeypatch.setattr(module, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(module, "_SHOW_SECONDS", 0.0)
    job = Session().study(request, file, resume=True)
    for told in job:
        assert file.read_bytes() == before
        if isinstance(told, StudyResult) and told.finished:
            break
    assert isinstance(told, StudyResult)
    assert any("No space left" in note for note in told.notes)
    assert [path.name for path in file.parent.glob("here*")] == ["here.study"]
    with pytest.raises(StopIteration) as end:
        next(job)
    same(end.value.value, done(request))


# -- other files -------------------------------------------------------------------------------------------------


def refused(request: StudyRequest, file: Path) -> str:
    """The sentence; the file is as it was."""
    before = file.read_bytes()
    with pytest.raises(UserError) as caught:
        finish(Session().study(request, file, True))
    assert_one_sentence(caught.value)
    assert file.read_bytes() == before
    return str(caught.value)


def test_a_file_of_another_study_is_refused_and_untouched(tmp_path: Path, four: Case, file: Path) -> None:
    request = four.request("single")
    stopped(request, file, 4)
    assert "another network" in refused(case(tmp_path, FOUR, 1).request("single"), file)
    assert "other weights" in refused(case(tmp_path, SPEC, 2).request("single"), file)
    assert "other images" in refused(four.request("single", images=149), file)
    assert "another kind" in refused(four.request("cut"), file)
    assert "another arithmetic" in refused(four.request("single", fast=True), file)
    assert "other batch norm" in refused(four.request("single", reestimate=True), file)
    stopped(four.request("random"), file, 4)
    assert "repeats" in refused(four.request("random", seeds=3), file)
    assert "numbers" in refused(four.request("random", most=3), file)
    stopped(four.request("random"), file, 4)
    done(four.request("random"), file=file, resume=True)


def test_a_folder_whose_pictures_changed_is_another_set(tmp_path: Path, four: Case, file: Path) -> None:
    pictures = tmp_path / "pictures"
    for number in range(80):
        put(pictures / f"{number}.png", ("red", "blue", "green")[number % 3], (28, 28 + number % 5))
    request = replace(four.request("single", images=None), data=DataRef("folder", str(pictures)))
    stopped(request, file, 2)
    assert file.exists()
    put(pictures / "7.png", "white", (30, 28))
    assert "other images" in refused(request, file)


@pytest.mark.parametrize(
    "kind", ["empty", "text", "pickle", "foreign", "cut off", "bent", "short", "newer", "time", "round"]
)
def test_a_damaged_or_foreign_file_is_refused_and_untouched(four: Case, file: Path, kind: str) -> None:
    request = four.request("single")
    stopped(request, file, 4)
    whole = file.read_bytes()
    with np.load(file, allow_pickle=False) as saved:
        parts = {name: saved[name] for name in saved.files}
    header = json.loads(str(parts["header"]))
    if kind in ("empty", "text"):
        file.write_bytes(b"" if kind == "empty" else b"no study")
    elif kind == "cut off":
        file.write_bytes(whole[: len(whole) // 2])
    elif kind == "bent":
        file.write_bytes(whole[:400] + bytes(64) + whole[464:])
    else:
        if kind == "pickle":
            parts["header"] = np.array([{"a": 1}], dtype=object)
        elif kind == "foreign":
            parts = {"images": np.zeros(3)}
        elif kind == "short":
            parts["predictions"] = parts["predictions"][:-5]
            parts["probabilities"] = parts["probabilities"][:-5]
        else:
            bad = {"newer": {"version": 2}, "time": {"seconds": []}, "round": {"chosen": [["layer1.0", {}]]}}[kind]
            parts["header"] = np.array(json.dumps({**header, **bad}))
        with file.open("wb") as stream:
            np.savez(stream, **parts)
    sentence = refused(request, file)
    assert "version" in sentence if kind == "newer" else "damaged" in sentence


# -- names -------------------------------------------------------------------------------------------------------


def test_unfinished_studies_are_found_in_their_folder(tmp_path: Path, four: Case) -> None:
    folder = tmp_path / "studies"
    assert unfinished(folder) == []
    folder.mkdir()
    one, other = four.request("single"), four.request("random", seeds=3)
    for request in (one, other):
        stopped(request, path_for(folder, request), 4)
    (folder / "broken.study").write_bytes(b"PK\x03\x04")
    (folder / "note.txt").write_text("a note", encoding="utf-8")
    found = unfinished(folder)
    assert {study.request for study in found} == {one, other}
    for study in found:
        assert study.path == path_for(folder, study.request)
        assert 0 < study.fraction < 1
        same(done(study.request, file=study.path, resume=True), done(study.request))
    assert unfinished(folder) == []


def test_each_request_has_its_own_file_whatever_its_device(tmp_path: Path) -> None:
    request = StudyRequest("single", FOUR, WeightsRef(WeightsKind.BUNDLED, "x"), DataRef("fashion-mnist"))
    others = [
        replace(request, **change)  # type: ignore[arg-type]
        for change in (
            {"kind": "cut"}, {"spec": SPEC}, {"images": 10}, {"fast": True}, {"seeds": 3}, {"downsampling": False},
            {"data": DataRef("folder", "a")}, {"reestimate": True}, {"most": 3},
        )
    ]  # fmt: skip
    paths = {path_for(tmp_path, one) for one in (request, *others)}
    assert len(paths) == 10
    assert path_for(tmp_path, replace(request, device="cuda:0")) == path_for(tmp_path, request)
    for one in (request, *others):
        assert request_from_json(json.loads(json.dumps(request_to_json(one)))) == one
