"""Fixtures for all tests: no screen, no settings of the person who runs them, no network beyond this machine."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# On tensors as small as the tests' torch's threads only wait for each other: ten times as long on busy cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

_connect = socket.socket.connect


def _only_here(self: socket.socket, address: object) -> None:
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(f"tests stay on this machine, not {address[0]}")
    _connect(self, address)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def stay_here(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No connection leaves this machine, and downloads go to a folder of the test's own."""
    monkeypatch.setattr(socket.socket, "connect", _only_here)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path_factory.mktemp("hub")))


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and kept studies go to the test's folder."""
    monkeypatch.setattr("explorer.app.settings.own_data_folder", lambda: tmp_path / "settings" / "data")
    folder = tmp_path / "settings"
    for scope in (QSettings.Scope.UserScope, QSettings.Scope.SystemScope):
        QSettings.setPath(QSettings.Format.IniFormat, scope, str(folder))


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fails a test that leaves one of the program's threads or a window behind."""
    yield
    application = QApplication.instance()
    if isinstance(application, QApplication):
        left = [widget for widget in application.topLevelWidgets() if widget.isVisible()]
        for widget in left:
            widget.close()
        assert not left, f"windows left open: {left}"
    threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("explorer")]
    assert not threads, f"threads left running: {threads}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests marked gpu where there is no CUDA; say so, once."""
    if not any(item.get_closest_marker("gpu") for item in items):
        return
    import torch

    if not torch.cuda.is_available():
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason="no CUDA device here"))
