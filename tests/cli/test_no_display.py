"""Where there is no display, `python main.py` says so in one line and writes the report."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from explorer.cli import libraries, window
from explorer.cli import report as report_module
from tests.cli.conftest import ROOT, Command
from tests.cli.test_report import Page

LINE = "There is no display here, so the report is written to the folder resnet-explorer-report instead of a window."


def test_the_report_is_written_and_its_folder_named(process: Command, tmp_path: Path) -> None:
    """The whole of it, in a process of its own: all 2,000 images with each of nine blocks deleted."""
    ran = process(ROOT / "main.py")
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == LINE
    assert lines[-1] == "resnet-explorer-report/index.html"
    page = Page(tmp_path / "resnet-explorer-report" / "index.html")
    assert "n = 2,000" in page.text
    assert all((tmp_path / "resnet-explorer-report" / name).is_file() for name in page.images)


def test_a_picture_given_is_the_reports(
    command: Command, picture: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[argparse.Namespace] = []
    monkeypatch.setattr(window, "has_screen", lambda: False)
    monkeypatch.setattr(report_module, "report", asked.append)
    ran = command(picture)
    assert (ran.status, ran.out) == (0, LINE + "\n")
    assert asked[0].image == picture
    assert asked[0].output == window.REPORT_FOLDER


@pytest.mark.parametrize(
    ("environment", "screen"),
    [
        ({}, False),
        ({"DISPLAY": ""}, False),
        ({"DISPLAY": ":987"}, False),
        ({"DISPLAY": "nonsense"}, False),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"QT_QPA_PLATFORM": "offscreen"}, True),
    ],
    ids=str,
)
def test_a_display_that_does_not_answer_is_none(
    environment: dict[str, str], screen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert libraries.has_screen() == screen


def test_missing_libraries_are_named_by_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries.sys, "platform", "linux")
    monkeypatch.setattr(libraries, "_loads", lambda library: library not in ("libEGL.so.1", "libxcb-cursor.so.0"))
    with pytest.raises(libraries.UserError, match=r"apt-get install libegl1\.$"):
        libraries.check_libraries(screen=False)
    with pytest.raises(libraries.UserError, match=r"apt-get install libegl1 libxcb-cursor0\.$"):
        libraries.check_libraries(screen=True)
    monkeypatch.setattr(libraries.sys, "platform", "darwin")
    libraries.check_libraries(screen=True)
