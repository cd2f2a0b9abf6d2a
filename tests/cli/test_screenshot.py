"""`--screenshot`: the real window, once its first results are in."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QImage

from tests.cli.conftest import ROOT, Command


def test_a_screenshot_shows_the_window_with_its_results(process: Command, tmp_path: Path) -> None:
    path = tmp_path / "window.png"
    ran = process(
        ROOT / "main.py", "--screenshot", path, "--size", "1280x720", "--theme", "dark", "--delete", "layer2.1"
    )
    assert (ran.status, ran.out.strip()) == (0, str(path))
    assert "Traceback" not in ran.err
    image = QImage(str(path))
    assert (image.width(), image.height()) == (1280, 720)
    assert image.pixelColor(4, 400).lightness() < 60
    # The accent colour, in which the arc of the deleted block is drawn, stands in the diagram's upper half.
    accent = sum(
        image.pixelColor(x, y).name() == "#5aa2ff" for x in range(300, 980, 2) for y in range(90, 290)
    )  # fmt: skip
    assert accent > 20


def test_a_screenshot_can_show_a_study(process: Command, tmp_path: Path) -> None:
    path = tmp_path / "study.png"
    ran = process(ROOT / "main.py", "--screenshot", path, "--theme", "light", "--study", "single")
    assert (ran.status, ran.out.strip()) == (0, str(path))
    assert "Traceback" not in ran.err
    image = QImage(str(path))
    # Bars in the colours of the stages stand in the lower half, between the dock's left edge and its table.
    for colour in ("#0072b2", "#009e73", "#e69f00"):
        bars = sum(image.pixelColor(x, y).name() == colour for x in range(520, 830, 2) for y in range(600, 800, 2))
        assert bars > 20, colour
