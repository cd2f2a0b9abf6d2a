"""The menu of lessons, and the folders they lie in."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QMenu

from explorer.app.text import tr
from explorer.engine.lesson_records import Lesson
from explorer.engine.lessons import BUNDLED, Found, find_lessons

if TYPE_CHECKING:
    from explorer.app.lessons import LessonDesk
    from explorer.app.settings import Settings
    from explorer.app.window import Window


class LessonMenu:
    """Looks for lessons whenever it opens, since a teacher may have changed one.

    Args:
        desk: begins them.
        window: whose settings know the person's folder.
    """

    def __init__(self, desk: LessonDesk, window: Window) -> None:
        self._desk = desk
        self._window = window
        self._entries: list[QAction] = []
        self._found = Found((), ())

    def fill(self, menu: QMenu, before: QAction) -> None:
        """List the lessons in a menu, anew each time it opens."""
        menu.aboutToShow.connect(partial(self._fill, menu, before))

    def _fill(self, menu: QMenu, before: QAction) -> None:
        for action in self._entries:
            menu.removeAction(action)
            action.deleteLater()
        self.look()
        self._entries = []
        for lesson in self._found.lessons:
            action = QAction(lesson.title.replace("&", "&&"), menu)
            action.setStatusTip(lesson.about)
            action.triggered.connect(partial(self._begin_entry, lesson))
            self._entries.append(action)
        for error in self._found.refusals:
            action = QAction(tr("{file} can't be used…", file=str(error.values["file"])), menu)
            action.triggered.connect(self._desk.show_list)
            self._entries.append(action)
        separator = QAction(menu)
        separator.setSeparator(True)
        self._entries.append(separator)
        menu.insertActions(before, self._entries)

    def _begin_entry(self, lesson: Lesson, _checked: bool = False) -> None:
        self._desk.begin(lesson)

    @property
    def folders(self) -> tuple[Path, Path]:
        return folders(self._window.settings)

    def open_folder(self) -> None:
        """Show the person's lessons in the system's own file window; the folder is made, with the instructions."""
        folder = self.folders[1]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / "README.md").exists():
                shutil.copyfile(BUNDLED / "README.md", folder / "README.md")
        except OSError:
            self._window.notice.refuse(
                tr("The folder {folder} can't be made; choose a place that can be written to.", folder=str(folder))
            )
            return
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._window.notice.inform(tr("Your lessons lie in {folder}", folder=str(folder)))

    def look(self) -> Found:
        """The lessons of both folders, read anew."""
        self._found = find_lessons(self.folders)
        return self._found


def folders(settings: Settings) -> tuple[Path, Path]:
    """Where lessons lie: those that come with the program, and the person's."""
    return BUNDLED, settings.data_folder / "lessons"
