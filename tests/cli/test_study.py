"""`study`."""

from __future__ import annotations

import csv
import io
import json
import shlex
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image

from explorer.cli import arguments as cli_arguments
from explorer.cli import studies
from explorer.engine.records import Step, wilson
from explorer.engine.study_records import StudyKind, StudyResult
from explorer.engine.study_tables import COLUMNS
from tests.cli.conftest import Command
from tests.engine.study_support import FOUR, Case, case, done

KINDS = get_args(StudyKind)
WHAT = {"single": "deleted", "random": "deleted", "greedy": "deleted", "cut": "cut", "reorder": "order"}


@pytest.fixture
def made(tmp_path: Path) -> Case:
    return case(tmp_path, FOUR.with_(blocks=(3, 2, 1)))


@pytest.fixture
def words(made: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What every command here has in common."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.json").write_text(made.network.spec.to_json(), encoding="utf-8")
    given = ["--network", "small.json", "--weights", made.weights.value, "--images", 150]
    return [*given, "--seeds", 2, "--most", 3]


def read_csv(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Header and rows, as anyone would read them."""
    header = [line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# ")]
    table = "".join(line for line in io.StringIO(text) if not line.startswith("#"))
    return dict(header), list(csv.DictReader(io.StringIO(table)))


def test_the_kinds_are_those_of_the_engine() -> None:
    assert cli_arguments.STUDIES == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_json_has_what_was_promised(command: Command, words: list[object], made: Case, kind: Any) -> None:
    data = command("study", kind, *words, "--json").data
    assert set(data) == {"protocol", "intact", "results"}
    result = done(made.request(kind, most=3))
    assert data["intact"]["images"] == 150
    assert data["intact"]["correct"] == result.intact.counts.correct
    assert data["intact"]["accuracy"] == data["intact"]["correct"] / 150
    assert len(data["results"]) == len(result.points)
    for row, point in zip(data["results"], result.points, strict=True):
        lesion = {"deleted": point.lesion.deleted, "cut": point.lesion.cut, "order": point.lesion.order}[WHAT[kind]]
        if kind == "reorder":
            assert row["order"] == list(lesion or made.network.spec.block_ids)
            assert row["kendall_tau"] == point.kendall_tau
        else:
            assert set(row[WHAT[kind]]) == set(lesion)
            assert "kendall_tau" not in row
        assert (row["correct"], row["agreement"], row["macs"]) == (
            point.counts.correct, point.counts.agreement, point.macs,
        )  # fmt: skip
        assert row["accuracy"] == row["correct"] / 150
        assert (row["size"], row.get("seed")) == (point.size, point.seed)
        assert [row["low"], row["high"]] == pytest.approx(list(wilson(row["correct"], 150)))
        assert ("latency" in row) is (kind == "greedy")
    assert data["protocol"]["images"] == 150
    assert data["protocol"]["command"].startswith("python main.py study")


@pytest.mark.parametrize("kind", KINDS)
def test_the_csv_suffices_to_repeat_the_study(
    command: Command, words: list[object], made: Case, tmp_path: Path, kind: Any
) -> None:
    (tmp_path / "out").mkdir()
    output = tmp_path / "out" / "study.csv"
    ran = command("study", kind, *words, "-o", output)
    assert (ran.status, ran.err) == (0, "")
    text = output.read_text(encoding="utf-8")
    header, rows = read_csv(text)
    assert tuple(rows[0]) == COLUMNS
    (tmp_path / "small.json").unlink()  # the command holds the network itself
    python, program, *again = shlex.split(header["command"])
    assert (python, program) == ("python", "main.py")
    data = command(*again, "--json").data
    times = ("latency", "latency_low", "latency_high", "latency_intact")
    for row, repeated in zip(rows, data["results"], strict=True):
        assert row[WHAT[kind]].split() == repeated[WHAT[kind]]
        for name in COLUMNS[3:]:
            value = repeated.get(name)
            if name not in times:
                assert row[name] == ("" if value is None else str(value)), name
    assert {path.name for path in output.parent.iterdir()} == {"study.csv"}


def test_a_json_file_is_what_is_printed(command: Command, words: list[object], tmp_path: Path) -> None:
    printed = command("study", "single", *words, "--json", "-o", tmp_path / "study.JSON").data
    written = json.loads((tmp_path / "study.JSON").read_text(encoding="utf-8"))
    for data in (printed, written):
        data["protocol"].pop("seconds")
    assert printed == written


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_picture(command: Command, words: list[object], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"study.{suffix}"
    assert command("study", "random", *words, "-o", path).status == 0
    if suffix == "png":
        with Image.open(path) as image:
            assert len(np.unique(np.asarray(image))) > 10
    else:
        assert "<svg" in path.read_text(encoding="utf-8")


def test_bundled_weights_have_short_names(command: Command) -> None:
    data = command("study", "single", "--images", 20, "--json").data
    expected = "python main.py study single --network resnet20 --weights resnet20-fashion-mnist --data fashion-mnist"
    assert data["protocol"]["command"] == f"{expected} --images 20"
    _, _, *again = shlex.split(data["protocol"]["command"])
    assert command(*again, "--json").data["results"] == data["results"]


@pytest.mark.parametrize("kind", KINDS)
def test_for_reading(command: Command, words: list[object], kind: Any) -> None:
    ran = command("study", kind, *words)
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert "150 images" in ran.out
    assert "95 % interval" in ran.out
    assert lines[-1].startswith(f"python main.py study {kind}")
    table = lines[lines.index(next(line for line in lines if line.startswith("intact"))) + 1 : lines.index("", 6)]
    assert len({len(line) for line in table}) == 1, "columns are aligned"
    expected = {"single": 6, "cut": 6, "random": 4, "reorder": 4, "greedy": 3}[kind]
    assert len(table) == 1 + expected


def test_without_labels_there_is_only_the_agreement(command: Command, folder: Path) -> None:
    data = command("study", "single", "--data", folder / "dark", "--json").data
    assert data["intact"] == {"accuracy": None, "correct": None, "images": 12, "macs": data["intact"]["macs"]}
    for row in data["results"]:
        assert row["accuracy"] is row["correct"] is None
        assert 0 <= row["agreement"] <= 1
    assert "accuracy " not in command("study", "single", "--data", folder / "dark").out


# -- stopping ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [True, False])
def test_ctrl_c_leaves_a_file_to_go_on_from(
    command: Command, words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: bool
) -> None:
    output = tmp_path / "study.csv"
    more = ["-o", output] if given else []
    partial = Path(f"{output}.partial") if given else Path("study-random-ResNet-14.partial")
    seen: list[float] = []

    class Stopped(studies._Progress):
        def tell(self, told: Step | StudyResult) -> None:
            seen.append(told.fraction or 0.0)
            if seen[-1] > 0.2:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(studies, "_Progress", Stopped)
        ran = command("study", "random", *words, *more)
    assert ran.status == 130
    assert ran.err == (
        f"main.py: stopped; {partial} holds what is done: give the same command with --resume to go on from there.\n"
    )
    assert not output.exists()
    assert (tmp_path / partial).is_file()
    before = len(seen)
    if given:
        assert "another kind" in command("study", "cut", *words, *more, "--resume").sentence
    with monkeypatch.context() as patch:
        patch.setattr(studies, "_Progress", recorder(seen))
        resumed = command("study", "random", *words, *more, "--resume", "--json").data
    assert seen[before] >= 0
    assert min(share for share in seen[before:] if share) > 0.1
    assert not (tmp_path / partial).exists()
    again = command("study", "random", *words, "--json").data
    assert resumed["results"] == again["results"]
    assert resumed["intact"] == again["intact"]


def recorder(seen: list[float]) -> type[studies._Progress]:
    class Recorded(studies._Progress):
        def tell(self, told: Step | StudyResult) -> None:
            if isinstance(told, StudyResult):
                seen.append(told.fraction)

    return Recorded


def test_stopped_before_anything_was_done(
    command: Command, words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(studies._Progress):
        def tell(self, told: Step | StudyResult) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(studies, "_Progress", Stopped)
    ran = command("study", "single", *words)
    assert (ran.status, ran.err) == (130, "main.py: stopped\n")
    assert not list(tmp_path.glob("*.partial*"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(
    stream: io.StringIO, made: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(studies, "time", SimpleNamespace(monotonic=lambda: now[0]))
    result = done(made.request("single"))
    with studies._Progress(stream) as progress:
        for share in (0.25, 0.5):
            now[0] += 60.0
            progress.tell(Step(share, "Deleting every block alone"))
            progress.tell(replace(result, fraction=share, left=150.0))
    text = stream.getvalue()
    if stream.isatty():
        assert "\n" not in text
        assert text.endswith("\r\x1b[K"), "nothing is left of the bar"
        assert "[" + "#" * 15 + "-" * 15 + "]" in text
    else:
        assert "\r" not in text
        assert "\x1b" not in text
        assert text.count("\n") == 2
    assert "50 %  2 min left" in text


def test_durations() -> None:
    assert [studies.duration(seconds) for seconds in (0.2, 99, 100, 3600, 7200)] == [
        "0 s", "99 s", "2 min", "60 min", "2.0 h",
    ]  # fmt: skip


# -- bad input ---------------------------------------------------------------------------------------------------


def test_bad_input_is_refused_before_the_work(
    command: Command, words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        pytest.fail("work was begun")

    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(studies, "prepared", never)
        for output, words_told in (
            ("study.txt", "must end in .csv, .json, .png or .svg"),
            ("study", "must end in"),
            ("folder.csv", "is a folder"),
            ("file/study.csv", "can't be written"),
        ):
            assert words_told in command("study", "single", *words, "-o", output).sentence
    assert "at least 10 images" in command("study", "single", "--images", 9).sentence
    assert "invalid choice" in command("study", "triple").sentence
    assert "required" in command("study").sentence
    assert "no shortcuts" in command("study", "cut", "--network", "plain20", "--weights", "untrained").sentence
    for flag in ("--seeds", "--most", "--images"):
        assert "0" in command("study", "random", flag, 0).sentence
    assert "not an unfinished study" in resumed_from_foreign(command, words, tmp_path)


def resumed_from_foreign(command: Command, words: list[object], tmp_path: Path) -> str:
    foreign = tmp_path / "a.csv.partial"
    foreign.write_text("mine", encoding="utf-8")
    sentence = command("study", "single", *words, "-o", tmp_path / "a.csv", "--resume").sentence
    assert foreign.read_text(encoding="utf-8") == "mine"
    return sentence


def test_a_file_in_the_place_of_the_unfinished_study_is_not_lost(
    command: Command, words: list[object], tmp_path: Path
) -> None:
    """Its end would remove it."""
    output, partial = tmp_path / "a.csv", tmp_path / "a.csv.partial"
    partial.write_text("mine", encoding="utf-8")
    assert "not an unfinished study" in command("study", "single", *words, "-o", output).sentence
    assert partial.read_text(encoding="utf-8") == "mine"
    partial.unlink()
    keep_unfinished(command, [*words, "--seeds", 3], output)
    kept = partial.read_bytes()
    assert "another study" in command("study", "random", *words, "-o", output).sentence
    assert partial.read_bytes() == kept
    assert not output.exists()
    assert command("study", "random", *words, "--seeds", 3, "-o", output).status == 0
    assert not partial.exists()


def keep_unfinished(command: Command, words: list[object], output: Path) -> None:
    def full(self: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        assert "No space left" in command("study", "random", *words, "-o", output).sentence


def test_an_output_that_can_not_be_written_in_the_end_loses_nothing(
    command: Command, words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "study.csv"

    def full(self: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        assert "No space left" in command("study", "single", *words, "-o", output).sentence
    assert Path(f"{output}.partial").is_file()
    assert command("study", "single", *words, "-o", output, "--resume").status == 0
    assert output.is_file()


def test_untrained_weights_are_allowed_and_told(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "small.json"
    path.write_text(FOUR.to_json(), encoding="utf-8")
    data = command("study", "single", "--network", path, "--weights", "untrained", "--images", 20, "--json").data
    assert any("untrained" in note and "chance" in note for note in data["protocol"]["notes"])
