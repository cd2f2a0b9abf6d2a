"""To be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from explorer.app.explain.desk import Desk
from explorer.app.jobs import Lane, Make

if TYPE_CHECKING:
    from explorer.app.window import Window


class _Empty(Desk):
    lane = Lane.PATHS

    def job(self) -> Make | None:
        return None


def make(window: Window) -> Desk:
    return _Empty(window, QWidget())
