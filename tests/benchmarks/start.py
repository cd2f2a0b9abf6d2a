"""Process start to visible window, against `python -c "import torch"`: at most 0.6."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from tests.benchmarks.common import tell

# The real start, except that the process ends once the window has been painted for the first time.
_WINDOW = """
import os, sys
import explorer.app.window as module
class Painted(module.Window):
    def paintEvent(self, event):
        super().paintEvent(event)
        os._exit(0)
module.Window = Painted
from explorer.cli import main
main([])
"""
_PLAIN = "import torch"


def _seconds(code: str, environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def main(rounds: int = 7) -> None:
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "XDG_CONFIG_HOME": home}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        _seconds(_WINDOW, environment)
        _seconds(_PLAIN, environment)
        pairs = [(_seconds(_WINDOW, environment), _seconds(_PLAIN, environment)) for _ in range(rounds)]
    ours_s, plain_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    tell(ratio=ours_s / plain_s, at_most=0.6, ours_s=ours_s, plain_s=plain_s, rounds=rounds)


if __name__ == "__main__":
    main()
