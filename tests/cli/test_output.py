"""Files that can't be written are refused in one sentence, before any work, alike by every command that measures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from explorer.cli import studies
from explorer.cli.explain import blocks, cam, gradients, paths
from explorer.cli.explain import command as common
from tests.cli.conftest import Command

KINDS = (("study", "single"), *(("explain", kind) for kind in common.KINDS))


@pytest.fixture(autouse=True)
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        pytest.fail("work was begun")

    monkeypatch.setattr(common, "prepared", never)
    for module in (studies, cam, gradients, blocks, paths):
        if hasattr(module, "prepared"):
            monkeypatch.setattr(module, "prepared", never)


@pytest.mark.parametrize("words", KINDS, ids="-".join)
def test_what_cannot_be_written_is_refused_before_the_work(
    words: tuple[str, str], command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.csv").mkdir()
    Path("file").touch()
    for output, told in (
        ("figures.pdf", "figures.pdf must end in .csv, "),
        ("figures", ".png or .svg."),
        ("folder.csv", "folder.csv is a folder"),
        ("nowhere/figures.csv", "can't be written: there is no folder nowhere"),
        ("file/figures.svg", "can't be written: there is no folder file"),
        (f"{300 * 'long'}/figures.png", "can't be written: File name too long."),
    ):
        assert told in command(*words, "-o", output).sentence
    assert sorted(os.listdir()) == ["file", "folder.csv"], "nothing is made on the way"


@pytest.mark.parametrize("words", KINDS, ids="-".join)
def test_a_full_or_locked_folder_is_told_before_the_work(
    words: tuple[str, str], command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", locked)
    assert "can't be written: Permission denied." in command(*words, "-o", tmp_path / "figures.csv").sentence
