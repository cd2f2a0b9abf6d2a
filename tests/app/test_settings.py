"""What is remembered, typed, whatever stands in the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSettings

from explorer.app.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.ini"


def settings(file: Path) -> Settings:
    return Settings(QSettings(str(file), QSettings.Format.IniFormat))


def test_values_come_back(file: Path, tmp_path: Path) -> None:
    first = settings(file)
    assert (first.theme, first.folder, first.window()) == ("system", str(Path.home()), None)
    first.theme = "dark"
    first.folder = str(tmp_path)
    first.keep_window(QByteArray(b"\x01\xff"), QByteArray(b"state"))
    first._store.sync()
    second = settings(file)
    assert (second.theme, second.folder) == ("dark", str(tmp_path))
    assert second.window() == (QByteArray(b"\x01\xff"), QByteArray(b"state"))


def test_a_folder_that_is_gone_is_the_home_folder(file: Path, tmp_path: Path) -> None:
    first = settings(file)
    first.folder = str(tmp_path / "gone")
    assert first.folder == str(Path.home())


@pytest.mark.parametrize(
    "text",
    ["", "theme=7\nfolder=@Invalid()\n[window]\nversion=1\ngeometry=x\nstate=3\n", "theme=a, b\n[window]\nversion=99\n",
     "\x00\x01 no settings", "theme=@Variant(\\0\\0)\n"],
)  # fmt: skip
def test_whatever_stands_in_the_file(file: Path, text: str) -> None:
    file.write_text(text)
    read = settings(file)
    assert read.theme == "system"
    assert read.folder == str(Path.home())
    assert read.window() is None


def test_a_file_that_can_not_be_written_forgets(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    first = settings(tmp_path / "file" / "own.ini")
    first.theme = "dark"
    first.keep_window(QByteArray(b"1"), QByteArray(b"2"))
    first._store.sync()
    assert first._store.status() == QSettings.Status.AccessError
    assert first.theme == "dark"  # for as long as the program runs


def test_recent_pictures_are_known_by_their_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(b"x")
    settings = Settings()
    settings.add_recent(Path("a.png"))
    monkeypatch.chdir("/")
    assert settings.recent == (tmp_path / "a.png",)


def test_names_that_cannot_be_looked_up_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    settings = Settings()
    settings.add_recent(tmp_path / ("x" * 300))
    settings.add_recent(tmp_path / "a.png")
    settings.folder = "y" * 300
    assert settings.recent == (tmp_path / "a.png",)
    assert settings.folder == str(Path.home())


def test_studies_stand_in_the_systems_folder_or_beside_a_store_of_ones_own(tmp_path: Path) -> None:
    assert Settings().studies == tmp_path / "settings" / "data" / "studies"  # redirected for the tests
    assert settings(tmp_path / "own" / "s.ini").studies == tmp_path / "own" / "studies"
