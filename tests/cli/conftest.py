"""Running the command line as a person does: words in; status, output and errors out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from explorer.cli import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The one JSON object that it printed."""
        assert self.status == 0, self.err
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1, "one object on one line"
        assert not self.err
        value = json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert isinstance(value, dict)
        return value

    @property
    def sentence(self) -> str:
        """The one sentence that refuses it."""
        assert self.status == 2
        assert not self.out
        assert self.err.startswith("main.py: ")
        assert self.err.endswith(".\n")
        assert self.err.count("\n") == 1
        assert "Traceback" not in self.err
        assert "Errno" not in self.err
        assert "{" not in self.err
        return self.err.removeprefix("main.py: ").strip()


Command = Callable[..., Ran]


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str], qapp: object) -> Command:
    """`command("describe", "resnet20")`, in this process."""

    def run(*words: object) -> Ran:
        capfd.readouterr()
        status = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return Ran(status, out, err)

    return run


@pytest.fixture
def process(tmp_path: Path) -> Command:
    """The same in a process of its own, in an empty folder and without a display."""

    def run(*words: object, **environment: str) -> Ran:
        hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
        kept = {name: value for name, value in os.environ.items() if name not in hidden}
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=tmp_path, env={**kept, "HOME": str(tmp_path), **environment},
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A labelled folder: dark and bright pictures, twelve of each."""
    generator = np.random.default_rng(0)
    for name, level in (("bright", 180), ("dark", 20)):
        place = tmp_path / "pictures" / name
        place.mkdir(parents=True)
        for number in range(12):
            Image.fromarray(generator.integers(level, level + 60, (12, 12), dtype=np.uint8)).save(
                place / f"{number}.png"
            )
    return tmp_path / "pictures"
