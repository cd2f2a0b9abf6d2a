"""The training panel: what it asks for, says and draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from explorer.app import training_texts as texts
from explorer.app.panels.training import TrainingPanel
from explorer.app.theme import DARK, LIGHT, Palette, theme
from explorer.app.training_texts import accuracy_chart, error_chart, loss_chart
from explorer.engine.images import default_preprocessing
from explorer.engine.records import UNTRAINED, DataRef, WeightsInfo, WeightsKind, WeightsRef
from explorer.engine.training_logs import TrainingLog, training_logs
from explorer.engine.training_records import (
    NO_CURVES,
    Curves,
    Progress,
    Recipe,
    TrainingRequest,
    TrainingResult,
    TrainingStatus,
    Unfinished,
    Validated,
    one_minute,
)
from tests.app.panel_support import SMALL, pixels, show

REQUEST = TrainingRequest(SMALL, UNTRAINED, recipe=Recipe(epochs=10))
INFO = WeightsInfo(
    WeightsRef(WeightsKind.FILE, "one.safetensors"), "My training · 85.2 %", SMALL, ("a", "b"),
    default_preprocessing(SMALL), 0.852, "852 of 1,000 test images right.",
)  # fmt: skip


@pytest.fixture(scope="module")
def logs() -> list[TrainingLog]:
    found = {log.key: log for log in training_logs()}
    return [found[key] for key in texts.BEHIND]


@pytest.fixture
def panel(qtbot: QtBot, logs: list[TrainingLog]) -> TrainingPanel:
    shown = show(qtbot, TrainingPanel(logs), 700, 330)
    shown.column.show_network(SMALL)
    return shown


def drawn(panel: TrainingPanel) -> list[str]:
    return [one.name for one in panel.share.series]


def curves(epochs: float, a_epoch: int = 40, seed: int = 0) -> Curves:
    """Noise around a curve that falls."""
    generator = np.random.default_rng(seed)
    places = np.arange(1, round(epochs * a_epoch) + 1) / a_epoch
    losses = 2 * np.exp(-places) + 0.2 + generator.normal(0, 0.05, len(places))
    right = tuple(Validated(epoch, 60 + 3 * epoch, 100, 1 / epoch) for epoch in range(1, int(epochs) + 1))
    return Curves(places, losses, np.clip(1 - losses / 2.5, 0, 1), right)


def status(epochs: float = 2.5, left: float | None = 72.0) -> TrainingStatus:
    progress = Progress(int(epochs) + 1, epochs / 10, 0.41, 0.852, 0.1, 30.0, False)
    return TrainingStatus(REQUEST, "ten images", progress, curves(epochs), left)


# -- words -------------------------------------------------------------------------------------------------------


def test_the_line_says_where_the_run_is() -> None:
    words = texts.progress_words(status())
    assert words == "held out 66.0 % · epoch 3 of 10 · 1 min 12 s left · loss 0.410 · accuracy 85.2 %"
    assert texts.progress_words(replace(status(), progress=None)) == "about to begin"
    assert texts.status_words(status()) == "Training ResNet-20: epoch 3 of 10, 1 min 12 s left"
    assert texts.status_words(status(left=None)) == "Training ResNet-20"
    progress = status().progress
    assert progress is not None
    testing = replace(status(), progress=replace(progress, phase="testing"))
    assert "test images" in texts.progress_words(testing)
    assert "test images" in texts.status_words(testing)


def test_what_can_be_taken_up_is_named() -> None:
    one = Unfinished(REQUEST, 0.25, 3, 0.0)
    assert texts.unfinished_words([]) is None
    assert texts.unfinished_words([one]) == "Not finished: ResNet-20, stopped in epoch 3 of 10"
    assert texts.unfinished_words([one, one, one]) == "Not finished: ResNet-20, stopped in epoch 3 of 10; and 2 more"


def test_what_the_panel_says_of_the_bundled_networks_is_so(logs: list[TrainingLog]) -> None:
    """From 6 to 30 epochs; the plain network of 56 layers has a higher training error than the one of 20 at each of its
    epochs; the one of 56 layers with shortcuts ends, after 10, below both."""
    errors = {log.spec.name: np.array(log.errors) for log in logs}
    assert set(errors) == {"ResNet-20", "Plain-20", "ResNet-56", "Plain-56"}
    lengths = {name: len(log) for name, log in errors.items()}
    assert lengths == {"ResNet-20": 30, "Plain-20": 8, "ResNet-56": 10, "Plain-56": 6}
    assert (errors["Plain-56"] > errors["Plain-20"][:6] + 0.03).all()
    assert errors["ResNet-56"][-1] < min(errors["Plain-20"][-1], errors["Plain-56"][-1])
    for words in ("from 6 to 30 epochs", "each of its 6 epochs", "after 10 epochs, below both plain ones"):
        assert words in texts.ABOUT


# -- charts ------------------------------------------------------------------------------------------------------


def test_the_lines_are_the_means_of_what_they_stand_for() -> None:
    given = curves(10)
    series, frame = accuracy_chart(given, 10)
    line = next(one for one in series if one.name == "training images")
    assert len(line.x) == 40
    assert line.x.tolist() == pytest.approx([number / 4 for number in range(1, 41)])
    expected = 100 * given.accuracies.reshape(40, 10).mean(1)
    assert np.allclose(line.y, expected)
    assert list(frame.x_range or ()) == [0, 10]
    held = next(one for one in series if one.name == "held-out images")
    assert held.x.tolist() == list(range(1, 11))
    assert held.y.tolist() == pytest.approx([60 + 3 * epoch for epoch in range(1, 11)])


def test_points_of_unequal_length_weigh_what_they_are() -> None:
    """The last stretch of an epoch can be shorter: 3 + 1 batches of four."""
    given = Curves(np.array([0.75, 1.0]), np.array([1.0, 5.0]), np.array([0.1, 0.5]))
    series, _ = loss_chart(given, 100)
    assert series[0].y.tolist() == pytest.approx([2.0])


def test_the_bundled_networks_lie_behind_by_the_same_epoch(logs: list[TrainingLog]) -> None:
    series, frame = error_chart(curves(10), 10, logs)
    assert [one.name for one in series] == [
        "held-out images", "training images", "ResNet-20", "Plain-20", "ResNet-56", "Plain-56",
    ]  # fmt: skip
    assert [one.dashed for one in series[2:]] == [False, True, False, True]
    assert all(one.role == "context" for one in series[2:])
    assert list(frame.x_range or ()) == [0, 10]
    resnet = series[2]
    assert max(resnet.x) == 10
    assert np.allclose(resnet.y, [100 * error for error in logs[0].errors[:10]])
    assert max(max(one.y) for one in series) <= 40, "what has just begun would press the others flat"
    alone, frame = error_chart(NO_CURVES, 1, logs)
    assert [one.name for one in alone] == ["ResNet-20", "Plain-20", "ResNet-56", "Plain-56"]
    assert list(frame.x_range or ()) == [0, 30]


def test_a_run_that_learns_nothing_is_shown_all_the_same(logs: list[TrainingLog]) -> None:
    given = Curves(np.array([0.5, 1.0]), np.array([2.3, 2.3]), np.array([0.1, 0.1]), (Validated(1, 10, 100, 2.3),))
    series, _ = error_chart(given, 10, logs)
    assert [one.y.tolist() for one in series[:2]] == [[90.0], pytest.approx([90.0, 90.0])]


def test_a_held_out_loss_far_beyond_leaves_the_others_legible() -> None:
    given = replace(curves(2), validated=(Validated(1, 10, 100, 23.0), Validated(2, 60, 100, 0.9)))
    series, _ = loss_chart(given, 10)
    assert series[0].x.tolist() == [2]


def test_a_single_point_is_marked() -> None:
    """A line of one point can't be seen."""
    one = Curves(np.array([0.1]), np.array([2.3]), np.array([0.7]))
    for series, _ in (loss_chart(one, 10), accuracy_chart(one, 10), error_chart(one, 10, [])):
        assert [line.marks for line in series] == [True]
    assert [line.marks for line in loss_chart(curves(0.9), 10)[0]] == [False]


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_the_lines_behind_stand_out(qtbot: QtBot, palette: Palette, logs: list[TrainingLog]) -> None:
    """At least 3 to 1 against the window, as WCAG 2.1, 1.4.11 asks of graphics."""

    def luminance(colour: str) -> float:
        given = QColor(colour)
        parts = np.array([given.redF(), given.greenF(), given.blueF()])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ np.array([0.2126, 0.7152, 0.0722]))

    theme().use("dark" if palette.dark else "light")
    series, _ = error_chart(NO_CURVES, 1, logs)
    theme().use("light")
    assert len(series) == 4
    for line in series:
        pair = sorted((luminance(str(line.colour)), luminance(palette.window)))
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 3, line.name


# -- the panel ---------------------------------------------------------------------------------------------------


def test_without_a_run_the_degradation_is_there(panel: TrainingPanel) -> None:
    assert not panel.loss.isVisible()
    assert drawn(panel) == ["ResNet-20", "Plain-20", "ResNet-56", "Plain-56"]
    assert panel.heading.full_text == "Bundled networks on Fashion-MNIST"
    assert panel.heading.text() == panel.heading.full_text, "not cut off"
    assert "Start trains the open network" in panel.note.text()
    assert panel.note.isVisible()
    assert panel.column.network.full_text == "Train ResNet-20"
    panel.behind.click()
    assert drawn(panel) == []
    panel.behind.click()
    assert len(drawn(panel)) == 4


def test_a_run_from_start_to_end(panel: TrainingPanel, qtbot: QtBot) -> None:
    column = panel.column
    with qtbot.waitSignal(column.start_requested):
        column.start.click()
    panel.show_begun(REQUEST)
    assert not column.start.isVisible()
    assert not column.epochs.isEnabled()
    panel.show_status(status())
    assert column.progress.value() == 250
    assert "epoch 3 of 10" in panel.words.full_text
    assert column.network.full_text == "Training ResNet-20"
    qtbot.waitUntil(lambda: panel.loss.isVisible(), timeout=3000)
    panel.show_result(TrainingResult(status(10.0, 0.0), (INFO,)))
    assert panel.words.full_text == "My training · 85.2 %, after 30 s"
    assert panel.note.isVisible()
    assert panel.note.text() == INFO.source, "the card"
    assert column.start.isVisible()
    with qtbot.waitSignal(panel.open_requested) as asked:
        panel.open.click()
    assert asked.args == [INFO]
    panel.show_begun(REQUEST)
    assert not panel.open.isVisible()
    assert not panel.loss.isVisible()


def test_the_network_is_named_before_the_first_step(panel: TrainingPanel) -> None:
    """That of the recipe, whatever is open."""
    request = one_minute(seed=7)
    panel.show_begun(request)
    assert panel.column.network.full_text == "Training ResNet-8"
    assert panel.heading.full_text == "ResNet-8"
    assert not panel.note.isVisible()
    panel._draw()
    assert panel.heading.full_text == "ResNet-8"
    panel.show_stopped()
    assert panel.column.network.full_text == "Train ResNet-20"
    assert panel.note.isVisible()


def test_the_bundled_networks_lie_behind_their_own_images_only(panel: TrainingPanel) -> None:
    panel.show_begun(replace(REQUEST, data=DataRef("folder", "/pictures/pets")))
    assert drawn(panel) == []
    assert not panel.behind.isVisible()
    for kind in ("fashion-mnist", "fashion-mnist-full"):
        panel.show_begun(replace(REQUEST, data=DataRef(kind)))
        assert len(drawn(panel)) == 4
        assert panel.behind.isVisible()
    assert "on Fashion-MNIST" in panel.behind.toolTip()


def test_what_is_pointed_at_is_read_out(panel: TrainingPanel) -> None:
    panel.show_begun(REQUEST)
    panel.show_status(status())
    panel._draw()
    place = drawn(panel).index("held-out images")
    panel.share.go_to((place, 1))
    assert panel.words.full_text == "epoch 2 · held-out images: error 34.0 %"
    assert panel.share.accessibleDescription() == panel.words.full_text
    panel.behind.click()
    assert panel.words.full_text == "epoch 2 · held-out images: accuracy 66.0 %"
    panel.show_status(status())
    assert panel.words.full_text == "epoch 2 · held-out images: accuracy 66.0 %", "it is still pointed at"
    panel.share.go_to(None)
    assert panel.words.full_text == texts.progress_words(status())
    panel.loss.go_to((0, 0))
    assert panel.words.full_text == "epoch 1 · held-out images: loss 1.000"


def test_pause_and_go_on_are_one_button(panel: TrainingPanel, qtbot: QtBot) -> None:
    panel.show_begun(REQUEST)
    with qtbot.waitSignal(panel.column.pause_requested):
        panel.column.pause.click()
    panel.column.show_activity("paused")
    assert panel.column.pause.text() == "Go on"
    with qtbot.waitSignal(panel.column.go_on_requested):
        panel.column.pause.click()


def test_an_end_with_a_sentence(panel: TrainingPanel) -> None:
    panel.show_begun(REQUEST)
    panel.show_status(status())
    panel.show_error("The loss became infinite in epoch 3.")
    assert panel.error.isVisible()
    assert panel.column.start.isVisible()
    assert len(panel.loss.series) == 2, "the curves stay, to see where it went wrong"
    panel.show_begun(REQUEST)
    assert not panel.error.isVisible()


def test_the_setup_is_what_is_in_the_fields(panel: TrainingPanel) -> None:
    request = one_minute(seed=7)
    panel.column.show_recipe(request.data, request.images, request.recipe)
    setup = panel.column.setup()
    assert (setup.data, setup.images) == (request.data, request.images)
    assert setup.recipe == request.recipe
    panel.column.show_recipe(DataRef("folder", "/pictures/pets"), 123, Recipe(epochs=2, batch=3, rate=0.5, seed=1))
    setup = panel.column.setup()
    assert (setup.data.path, setup.images, setup.recipe.rate) == ("/pictures/pets", 123, 0.5)
    assert panel.column.data.currentText() == "pets"
    panel.column.use_data(DataRef("folder", "/pictures/pets"))
    assert panel.column.data.count() == 4, "a folder stands there once"


def test_many_words_a_second_are_drawn_seldom(panel: TrainingPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    panel.show_begun(REQUEST)
    monkeypatch.setattr(panel.loss, "show_series", lambda *_: drawn.append(1))
    for number in range(200):
        panel.show_status(status(0.1 + number / 100))
    assert not drawn, "not before the next second"


@pytest.mark.parametrize(("width", "height"), [(660, 250), (1100, 480)])
def test_everything_is_in_its_place(width: int, height: int, qtbot: QtBot, logs: list[TrainingLog]) -> None:
    panel = show(qtbot, TrainingPanel(logs), width, height)
    panel.show_begun(REQUEST)
    panel.show_status(status())
    panel._draw()
    qtbot.wait(50)
    for widget in (panel.loss, panel.share, panel.words, panel.column.pause, panel.behind):
        place = widget.mapTo(panel, widget.rect().bottomRight())
        assert place.x() <= width, widget.accessibleName()
        assert place.y() <= height, widget.accessibleName()
    assert panel.loss.width() > 150
    assert len(np.unique(pixels(panel.loss).reshape(-1, 3), axis=0)) > 10
    column = panel.column.widget()
    assert column is not None
    assert column.minimumSizeHint().width() <= panel.column.viewport().width(), "no field is cut off"
