"""What is remembered between two runs, and a settings folder that is missing or can't be written."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from explorer.app.settings import Settings
from explorer.app.theme import theme
from tests.end_to_end.conftest import Open, close
from tests.end_to_end.person import Person, picture_file


def test_size_docks_theme_and_folder_come_back(open_window: Open, tmp_path: Path) -> None:
    first = open_window(size=None)
    first.window.resize(760, 640)
    first.window.docks["blocks"].hide()
    first.choose("theme_dark")
    (tmp_path / "pictures").mkdir()
    first.drop_file(picture_file(tmp_path / "pictures" / "a.png"))
    close(first.window)
    second = open_window(size=None)
    assert second.window.size().toTuple() == (760, 640)
    assert second.window.docks["blocks"].isHidden()
    assert second.window.docks["network"].isVisible()
    assert second.window.settings.theme == "dark"
    assert second.window.settings.folder == str(tmp_path / "pictures")
    theme().use("light")


def test_a_hidden_panel_comes_back_by_the_view_menu(person: Person) -> None:
    for dock in person.window.docks.values():
        dock.close()
        assert not dock.isVisible()
        action = next(a for a in person.window.menus["View"].actions() if a.text() == dock.windowTitle())
        action.trigger()
        assert dock.isVisible()


def test_a_layout_of_another_version_is_not_applied(open_window: Open) -> None:
    first = open_window()
    first.window.docks["blocks"].hide()
    close(first.window)
    first.window.settings._store.setValue("window/version", "0")
    assert open_window().window.docks["blocks"].isVisible()


@pytest.mark.parametrize(
    "damage", [b"", b"\xff\xfe nonsense", b"[window]\nversion=1\ngeometry=3\nstate=@ByteArray(x)\n"]
)
def test_a_damaged_settings_file(open_window: Open, tmp_path: Path, damage: bytes) -> None:
    file = Path(Settings()._store.fileName())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(damage)
    person = open_window()
    person.wait_for_picture()
    assert all(dock.isVisible() for dock in person.window.docks.values())


@pytest.mark.parametrize("where", ["below a file", "missing"])
def test_settings_that_can_not_be_kept_are_no_error(open_window: Open, tmp_path: Path, where: str) -> None:
    """Also root, who may write everywhere, can't make a folder below a file."""
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / ("file" if where == "below a file" else "missing") / "deep"
    for scope in (QSettings.Scope.UserScope, QSettings.Scope.SystemScope):
        QSettings.setPath(QSettings.Format.IniFormat, scope, str(folder))
    person = open_window()
    person.wait_for_picture()
    person.choose("theme_dark")
    person.choose("theme_light")
    person.drop_file(picture_file(tmp_path / "a.png"))
    person.wait(lambda: person.picture.name == "a.png")
    close(person.window)
    assert not person.told
    assert (where == "missing") == folder.is_dir()
