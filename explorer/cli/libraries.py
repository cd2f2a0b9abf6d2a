"""Whether Qt can run here, and if not, in one sentence, what to install. Also run by the Makefile before anything
else: `python -m explorer.cli.libraries [--screen]`."""

from __future__ import annotations

import ctypes
import os
import sys

from explorer.errors import UserError

_ALWAYS = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
"""What Qt's own libraries load on Linux -> the Debian package that holds it."""
_SCREEN = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""What the xcb platform loads besides, for a window under X11."""


def check_libraries(screen: bool) -> None:
    """Check what Qt needs of the system.

    Args:
        screen: whether a window on an X11 screen is wanted, too.

    Raises:
        UserError: libraries are missing; the sentence names the packages.
    """
    if not sys.platform.startswith("linux"):
        return
    wanted = {**_ALWAYS, **(_SCREEN if screen else {})}
    missing = [package for library, package in wanted.items() if not _loads(library)]
    if missing:
        raise UserError(
            "Qt needs system libraries that are missing here; install them with: sudo apt-get install {packages}.",
            packages=" ".join(missing),
        )


def has_screen() -> bool:
    """Whether a window can be shown: always true on Windows and macOS, else whether a display answers or another
    platform was asked for."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    if os.environ.get("WAYLAND_DISPLAY"):
        return True
    return bool(os.environ.get("DISPLAY")) and _x11_answers()


def _x11_answers() -> bool:
    """Whether the display named in the environment accepts a connection; Qt itself would abort where it doesn't."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # check_libraries tells of it
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    try:
        check_libraries(screen="--screen" in sys.argv and bool(os.environ.get("DISPLAY")))
    except UserError as error:
        sys.exit(str(error))
