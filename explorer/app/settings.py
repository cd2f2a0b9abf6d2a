"""What the program remembers between runs, typed. A settings folder that can't be written is no error: it forgets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

from explorer.app.theme import ThemeName

ORGANISATION = "resnet-explorer"
_LAYOUT_VERSION = 1
"""Raised whenever docks change, so that an old layout is not applied to a new window."""
_RECENT = 8


class Settings:
    """Typed access to QSettings.

    Args:
        store: where values are kept; the person's own settings where None.
    """

    def __init__(self, store: QSettings | None = None) -> None:
        # Whoever brings a store of their own wants nothing left outside its folder.
        self.data_folder = own_data_folder() if store is None else Path(store.fileName()).parent
        self._store = store or QSettings(
            QSettings.Format.IniFormat, QSettings.Scope.UserScope, ORGANISATION, "explorer"
        )

    @property
    def theme(self) -> ThemeName:
        value = self._text("theme")
        return cast("ThemeName", value) if value in ("light", "dark", "system") else "system"

    @theme.setter
    def theme(self, name: ThemeName) -> None:
        self._store.setValue("theme", name)

    @property
    def minimap(self) -> bool:
        """Whether an overview stands in the corner of a zoomed diagram."""
        return self._text("minimap") != "false"

    @minimap.setter
    def minimap(self, shown: bool) -> None:
        self._store.setValue("minimap", "true" if shown else "false")

    @property
    def recent(self) -> tuple[Path, ...]:
        """Pictures opened lately that are still there, the last one first."""
        value = self._store.value("recent")
        paths = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        return tuple(path for path in (Path(str(item)) for item in paths) if os.path.isfile(path))[:_RECENT]

    def add_recent(self, path: Path) -> None:
        path = Path(os.path.abspath(path))
        others = [item for item in self.recent if item != path]
        self._store.setValue("recent", [str(item) for item in (path, *others)][:_RECENT])

    @property
    def folder(self) -> str:
        """Where the last file was opened or saved; the home folder at first."""
        value = self._text("folder")
        return value if value and os.path.isdir(value) else str(Path.home())

    @folder.setter
    def folder(self, path: str) -> None:
        self._store.setValue("folder", path)

    @property
    def studies(self) -> Path:
        """Where studies are kept, the unfinished ones too; it need not be there yet."""
        return self.data_folder / "studies"

    @property
    def trained(self) -> Path:
        """Where training runs are kept, and what they trained; it need not be there yet."""
        return self.data_folder / "trained"

    def window(self) -> tuple[QByteArray, QByteArray] | None:
        """Geometry and dock state of the window, None where there are none of this version."""
        if self._text("window/version") != str(_LAYOUT_VERSION):
            return None
        geometry, state = self._store.value("window/geometry"), self._store.value("window/state")
        if isinstance(geometry, QByteArray) and isinstance(state, QByteArray):
            return geometry, state
        return None

    def keep_window(self, geometry: QByteArray, state: QByteArray) -> None:
        self._store.setValue("window/version", str(_LAYOUT_VERSION))
        self._store.setValue("window/geometry", geometry)
        self._store.setValue("window/state", state)

    def _text(self, key: str) -> str:
        value = self._store.value(key)
        return value if isinstance(value, str) else ""


def own_data_folder() -> Path:
    """The folder that the system sets aside for what this program keeps."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation))
