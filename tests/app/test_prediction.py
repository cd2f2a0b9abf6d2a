"""The prediction panel: what it says of real and made-up results."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from explorer.app.panels.prediction import PredictionPanel
from explorer.app.theme import LIGHT
from explorer.engine.build import build
from explorer.engine.records import UNTRAINED
from explorer.networks.lesion import Lesion
from tests.app.panel_support import CLASSES, SMALL, document, picture, picture_result, pixels, show

SHARES = np.array([0.01, 0.02, 0.03, 0.0, 0.005, 0.6, 0.015, 0.2, 0.02, 0.1])


def test_empty_panel_offers_three_ways_to_a_picture(qtbot: QtBot) -> None:
    panel = show(qtbot, PredictionPanel(document()))
    buttons = {button.text(): button for button in panel.empty.findChildren(QPushButton)}
    wanted = {"Open…": panel.open_requested, "Sample": panel.sample_requested, "Test chart": panel.chart_requested}
    assert set(buttons) == set(wanted)
    for text, signal in wanted.items():
        with qtbot.waitSignal(signal, timeout=1000):
            qtbot.mouseClick(buttons[text], Qt.MouseButton.LeftButton)
    assert not panel.content.isVisible()


def test_result_of_a_real_network(qtbot: QtBot) -> None:
    shown = picture()
    with torch.inference_mode():
        x = torch.from_numpy(shown.pixels[None, :, :, :1].astype(np.float32) / 255).permute(0, 3, 1, 2)
        network = build(SMALL)
        now = torch.softmax(network(x, Lesion(frozenset({"layer2.1"}))), 1)[0].double().numpy()
        intact = torch.softmax(network(x), 1)[0].double().numpy()
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown, deleted=frozenset({"layer2.1"}))))
    panel.show_result(picture_result(shown, now, intact, frozenset({"layer2.1"})))
    order = sorted(range(10), key=lambda index: -now[index])
    assert panel.headline.full_text == CLASSES[order[0]]
    assert panel.chance.text() == f"{100 * now[order[0]]:.1f} % · was {100 * intact[order[0]]:.1f} %"
    for (name, bar, number), index in zip(panel.bars.rows, order[:5], strict=True):
        assert name.full_text == CLASSES[index]
        assert number.text() == f"{100 * now[index]:.1f} %"
        assert bar.share == pytest.approx(now[index], abs=1e-6)
        assert bar.ghost == pytest.approx(intact[index], abs=1e-6)
        assert f"intact {100 * intact[index]:.1f} %" in number.accessibleName()


def test_intact_network_has_no_ghosts(qtbot: QtBot) -> None:
    shown = picture(label="Sandal")
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown)))
    panel.show_result(picture_result(shown, SHARES))
    assert panel.headline.full_text == "Sandal"
    assert panel.chance.text() == "60.0 %"
    assert panel.truth.full_text == "true label: Sandal"
    assert all(bar.ghost is None for _, bar, _ in panel.bars.rows)
    assert [name.full_text for name, _, _ in panel.bars.rows][:3] == ["Sandal", "Sneaker", "Ankle boot"]
    assert panel.name.full_text == "half.png"
    assert "1×28×28" in panel.numbers.text()
    assert "Turned grey." in panel.preprocessing.text()


def test_bars_are_as_long_as_they_say(qtbot: QtBot) -> None:
    shown = picture()
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown)))
    panel.show_result(picture_result(shown, SHARES))
    qtbot.wait(1)
    accent = np.array([int(LIGHT.accent[i : i + 2], 16) for i in (1, 3, 5)])
    for (_, bar, _), share in zip(panel.bars.rows[:3], (0.6, 0.2, 0.1), strict=True):
        line = pixels(bar)[bar.height() // 2].astype(int)
        painted = int((np.abs(line - accent).sum(-1) < 30).sum())
        assert painted == pytest.approx(share * bar.width(), abs=2)


def test_ghost_shows_beyond_a_bar_that_shrank(qtbot: QtBot) -> None:
    shown = picture()
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown, deleted=frozenset({"layer1.1"}))))
    before = np.roll(SHARES, 0).copy()
    before[5], before[0] = 0.9, 0.0
    panel.show_result(picture_result(shown, SHARES, before, frozenset({"layer1.1"})))
    qtbot.wait(1)
    bar = panel.bars.rows[0][1]
    line = pixels(bar)[bar.height() // 2].astype(int)
    colours = [tuple(line[int(bar.width() * at)]) for at in (0.3, 0.75, 0.96)]
    assert len(set(colours)) == 3


def test_picture_is_enlarged_pixel_by_pixel(qtbot: QtBot) -> None:
    shown = picture()
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown)))
    panel.show_result(picture_result(shown, SHARES))
    row = pixels(panel.picture)[56, :, 0]
    # 28 pixels on 112: black and white meet at 56, with nothing smoothed between.
    assert row[10:55].max() == 0
    assert row[57:102].min() == 255


def test_untrained_network_says_that_it_guesses(qtbot: QtBot) -> None:
    shown = picture()
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown)))
    classes = tuple(f"class {number}" for number in range(10))
    panel.show_result(picture_result(shown, SHARES, weights=UNTRAINED, classes=classes))
    assert panel.headline.full_text == "class 5"
    assert "untrained" in panel.notes.text()
    assert "one time in 10" in panel.notes.text()


def test_what_opening_did_is_told(qtbot: QtBot) -> None:
    shown = picture(note="Reduced from 9,000×6,000 pixels.")
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown)))
    assert "Reduced from 9,000×6,000 pixels." in panel.notes.text()
    assert panel.notes.isVisible()
    assert not panel.bars.isVisible()


def test_error_takes_the_place_of_an_older_answer(qtbot: QtBot) -> None:
    shown = picture()
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown)))
    panel.show_result(picture_result(shown, SHARES))
    panel.show_error("The device has run out of memory.")
    assert panel.error.isVisible()
    assert panel.error.text() == "The device has run out of memory."
    assert not panel.headline.isVisible()
    assert not panel.bars.isVisible()
    panel.show_result(picture_result(shown, SHARES))
    assert not panel.error.isVisible()
    assert panel.headline.isVisible()


def test_another_picture_drops_the_old_answer(qtbot: QtBot) -> None:
    shown = picture()
    opened = document(SMALL, picture=shown)
    panel = show(qtbot, PredictionPanel(opened))
    panel.show_result(picture_result(shown, SHARES))
    opened.replace(picture=picture(name="other.png"))
    assert panel.name.full_text == "other.png"
    assert not panel.headline.isVisible()
    opened.replace(picture=None)
    assert panel.empty.isVisible()


def test_short_runs_do_not_flicker_and_long_ones_say_so(qtbot: QtBot) -> None:
    shown = picture()
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown)))
    panel.show_busy(True)
    assert panel.state.full_text == ""
    qtbot.waitUntil(lambda: panel.state.full_text == "running…", timeout=2000)
    panel.show_result(picture_result(shown, SHARES))
    assert panel.state.full_text == ""
    panel.show_busy(True)
    panel.show_busy(False)
    qtbot.wait(350)
    assert panel.state.full_text == ""


def test_outputs_that_are_no_numbers(qtbot: QtBot) -> None:
    shown = picture()
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown)))
    panel.show_result(picture_result(shown, np.full(10, np.nan)))
    assert panel.headline.full_text == "No answer"
    assert "not numbers" in panel.chance.text()
    pixels(panel)


def test_long_names_fit_and_stay_readable_in_tooltips(qtbot: QtBot) -> None:
    name = "great white shark, white shark, man-eater, man-eating shark, Carcharodon carcharias"
    shown = picture(name="a photograph with a really long name, taken in the summer of 2019 (copy 3).jpeg")
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown)), width=280)
    panel.show_result(picture_result(shown, SHARES, classes=tuple(f"{name} {number}" for number in range(10))))
    qtbot.wait(1)
    assert panel.headline.full_text == f"{name} 5"
    assert panel.headline.toolTip() == f"{name} 5"
    assert panel.headline.height() <= 2 * panel.headline.fontMetrics().lineSpacing() + 4
    assert panel.bars.rows[0][0].toolTip() == f"{name} 5"
    assert panel.name.toolTip() == shown.name
    for _, _, number in panel.bars.rows:
        assert number.mapTo(panel, number.rect().bottomRight()).x() <= 280


def test_class_names_are_never_markup(qtbot: QtBot) -> None:
    shown = picture(name="<b>x</b>.png")
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown)))
    panel.show_result(picture_result(shown, SHARES, classes=("<h1>big</h1>",) * 10))
    assert panel.headline.full_text == "<h1>big</h1>"
    assert panel.headline.textFormat() == Qt.TextFormat.PlainText
    assert panel.name.textFormat() == Qt.TextFormat.PlainText


def test_another_network_takes_the_answer_away(qtbot: QtBot) -> None:
    """While it loads, the old network's class must not stand under it."""
    shown = picture()
    opened = document(SMALL, picture=shown)
    panel = show(qtbot, PredictionPanel(opened))
    panel.show_result(picture_result(shown, SHARES))
    assert panel.headline.isVisible()
    opened.replace(spec=SMALL.with_(width=8))
    assert not panel.headline.isVisible()
