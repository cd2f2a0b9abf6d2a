"""Opening the window, or doing the same job without one where there is no screen."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.cli.libraries import check_libraries, has_screen
from explorer.cli.values import ids
from explorer.engine.records import UNTRAINED, WeightsKind, WeightsRef
from explorer.engine.resources import FOLDER, bundled_network
from explorer.errors import UserError
from explorer.networks import catalog
from explorer.networks.lesion import lesion
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    from explorer.app.window import Window

REPORT_FOLDER = Path("resnet-explorer-report")
_SCREENSHOT_SECONDS = 300
_PAINTED_MS = 1000
"""After a study's end: the last results are shown, and what they change in the window is painted."""


def qt_application(headless: bool) -> QApplication:
    """The application object; without a screen Qt paints in memory.

    Raises:
        UserError: system libraries that Qt needs are missing.
    """
    if headless and sys.platform.startswith("linux"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    x11 = not headless and not os.environ.get("QT_QPA_PLATFORM") and not os.environ.get("WAYLAND_DISPLAY")
    check_libraries(screen=x11)
    if sys.platform == "win32":
        import torch  # noqa: F401  # after Qt, its libraries can fail to load there
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication

    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    application = QApplication(["ResNet Explorer"])
    application.setApplicationName("ResNet Explorer")
    application.setStyle("Fusion")
    application.setWindowIcon(QIcon(str(FOLDER / "icons" / "resnet-explorer.svg")))
    return application


def open_window(arguments: argparse.Namespace) -> int:
    """The window with the picture given, if any; the exit status once it closes.

    Raises:
        UserError: the picture is not there, or the screenshot can't be made.
    """
    if arguments.image is not None and not os.path.isfile(arguments.image):
        raise UserError(
            "{name} is neither a command nor a picture that is there; see `main.py --help`.", name=arguments.image
        )
    screen = has_screen()
    if arguments.screenshot is not None:
        return _screenshot(arguments, headless=not screen)
    if not screen:
        return _report_instead(arguments)
    application = qt_application(headless=False)
    window = _window(arguments)
    if arguments.study is not None:
        window.settled.connect(partial(window.study_desk.begin, arguments.study))
    if arguments.view is not None:
        window.settled.connect(window.actions_by_name[f"show_{arguments.view}"].trigger)
    window.show()
    if arguments.lesson is not None:  # after the docks, which it puts back in the end, have their sizes
        window.lessons.begin_named(arguments.lesson)
    status = application.exec()
    if not window.jobs.ended:
        # A step of many seconds is still running in its thread, which Qt can't end; nothing is left to save.
        os._exit(status)
    return status


def _window(arguments: argparse.Namespace, store: QSettings | None = None) -> Window:
    from explorer.app.lesson_menu import folders
    from explorer.app.lessons import named
    from explorer.app.settings import Settings
    from explorer.app.theme import theme
    from explorer.app.window import FIRST_NETWORK, FIRST_WEIGHTS, Window

    network = (FIRST_NETWORK, FIRST_WEIGHTS) if arguments.network is None else _first(arguments.network)
    deleted = lesion(network[0], ids(arguments.delete)).deleted
    settings = Settings(store)
    if arguments.lesson is not None:
        named(arguments.lesson, folders(settings))  # one that is not there is refused before the window opens
    theme().use(arguments.theme or settings.theme)
    return Window(settings, arguments.image, deleted, network)


def _first(name: str) -> tuple[NetworkSpec, WeightsRef]:
    """The network of a name with its bundled weights, or untrained."""
    spec = catalog.find(name)
    bundled = bundled_network(catalog.preset_name(spec) or "")
    if bundled is None:
        return spec, UNTRAINED
    return bundled[0], WeightsRef(WeightsKind.BUNDLED, bundled[1])


def _report_instead(arguments: argparse.Namespace) -> int:
    from explorer.cli.arguments import parse
    from explorer.cli.report import report

    print(f"There is no display here, so the report is written to the folder {REPORT_FOLDER} instead of a window.")
    words = ["report", "-o", str(REPORT_FOLDER), "--delete", arguments.delete]
    words += [] if arguments.network is None else ["--network", arguments.network]
    report(parse(words if arguments.image is None else [*words, "--image", str(arguments.image)]))
    return 0


def _view(window: Window, name: str, then: Callable[[], None]) -> None:
    """Bring a tab to the front, begin what it has a button for, and do something once nothing runs any more."""
    window.actions_by_name[f"show_{name}"].trigger()
    if name in window.views.tabs:
        window.views.tabs[name].opened().begin()
    _when_idle(window, then)


def _when_idle(window: Window, then: Callable[[], None]) -> None:
    """Do something once nothing runs any more, and it is painted."""
    from PySide6.QtCore import QTimer

    idle = QTimer(window, interval=_PAINTED_MS)
    was: list[bool] = []

    def look() -> None:
        was.append(not window.jobs.running() and not window.runner.pending)
        if all(was[-2:]) and len(was) > 1:  # twice: what the end of a job changes is painted, too
            idle.stop()
            then()

    idle.timeout.connect(look)
    idle.start()


def _measure_lesson(window: Window, then: Callable[[], None]) -> None:
    """Guess in the middle of the scale, and show what is measured."""
    window.lessons.begin_measuring()
    _when_idle(window, then)


def _prepare_screenshot(window: Window, arguments: argparse.Namespace, save: Callable[[], None]) -> None:
    """Bring what was asked for into sight, and save once it is there."""
    from PySide6.QtCore import QTimer

    def save_soon(activity: str) -> None:
        if activity == "idle" and window.studies.results:
            QTimer.singleShot(_PAINTED_MS, save)

    if arguments.lesson is not None:
        window.lessons.begin_named(arguments.lesson)
        window.settled.connect(partial(_measure_lesson, window, save))
    elif arguments.view is not None:
        window.settled.connect(partial(_view, window, arguments.view, save))
    elif arguments.study is None:
        window.settled.connect(save)
    else:
        window.studies.activity_changed.connect(save_soon)
        window.settled.connect(partial(window.study_desk.begin, arguments.study))


def _screenshot(arguments: argparse.Namespace, headless: bool) -> int:
    path: Path = arguments.screenshot
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise UserError("{path} must end in .png, .jpg or .webp.", path=path)
    application = qt_application(headless)
    from PySide6.QtCore import QSettings, QTimer

    # The person's own settings are neither shown nor changed.
    folder = tempfile.TemporaryDirectory()
    store = QSettings(f"{folder.name}/settings.ini", QSettings.Format.IniFormat)
    window = _window(arguments, store)
    window.forget_layout()
    window.resize(*arguments.size)
    window.show()
    saved: list[bool] = []

    def save() -> None:
        if window.studies.activity == "idle":  # between the two studies of Fig. 3 it is so for a moment only
            saved.append(window.grab().save(str(path)))
            application.exit()

    _prepare_screenshot(window, arguments, save)
    QTimer.singleShot(_SCREENSHOT_SECONDS * 1000, application.exit)
    application.exec()
    window.close()
    store.sync()  # or it would be written later, and the folder made again
    folder.cleanup()
    if not saved:
        raise UserError("The window had no results after {seconds} seconds.", seconds=_SCREENSHOT_SECONDS)
    if not saved[0]:
        raise UserError("{path} can't be written; choose a folder that is there and writable.", path=path)
    print(path)
    return 0
