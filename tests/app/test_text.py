"""Another language: what the window and the engine say is translated, with its values in their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app.actions import ENTRIES
from explorer.app.document import Document, State
from explorer.app.jobs import Jobs, Lane
from explorer.app.notice import NoticeBar
from explorer.app.panels.accuracy import AccuracyPanel
from explorer.app.panels.prediction import PredictionPanel
from explorer.app.runner import Runner
from explorer.app.status import StatusBar
from explorer.app.text import sentence, tr, translated
from explorer.app.toolbar import ToolBar
from explorer.engine import devices, downloads, images, weights
from explorer.engine.fitting import adaptation
from explorer.engine.folders import open_folder
from explorer.engine.records import CPU, Counts, DeviceInfo, Offer, Preprocessing, WeightsKind, WeightsRef
from explorer.engine.steps import finish
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.sentences import Joined, Sentence
from tests.app.panel_support import CLASSES, SMALL, TRAINED, accuracy_result, document, picture, picture_result, show

SHARES = np.eye(10)[3]
GPU = DeviceInfo("cuda:0", "nvidia x")


class Loud(QTranslator):
    """A language that is English in capitals; what stands in braces stays."""

    def isEmpty(self) -> bool:
        return False

    def translate(self, context: str, text: str, disambiguation: str | None = None, n: int = -1) -> str:
        return loud(text) if context == "explorer" else ""


def loud(template: str) -> str:
    return re.sub(r"(\{[^}]*\})|([^{}]+)", lambda found: found[1] or found[2].upper(), template)


@pytest.fixture
def language(qapp: QApplication) -> Iterator[None]:
    translator = Loud()
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


@pytest.fixture
def torn(tmp_path: Path) -> str:
    """The note on a folder with a torn picture, and with one outside its classes."""
    for place, name in (("trouser", "a"), ("bag", "b"), (".", "d")):
        (tmp_path / place).mkdir(exist_ok=True)
        Image.new("L", (28, 28), 90).save(tmp_path / place / f"{name}.png")
    (tmp_path / "bag" / "torn.png").write_bytes(b"\x89PNG torn")
    return finish(open_folder(tmp_path, CLASSES)).note


def fallback() -> str:
    note = devices.fallback_note(MemoryError(), GPU)
    assert note is not None
    return note


@pytest.mark.usefixtures("language")
def test_templates_are_translated_and_values_are_not() -> None:
    assert tr("Open {name}", name="a.png") == "OPEN a.png"
    assert translated(fallback()) == "nvidia x IS OUT OF MEMORY, SO THIS RAN ON THE CPU."
    assert translated("plain {name}") == "plain {name}"
    assert sentence(UserError("{name} holds {what}.", name="a", what=Sentence("no {kind}", kind="cat"))) == (
        "a HOLDS NO cat."
    )
    inner = Joined(", ", [Sentence("grey"), "x.png", Sentence("{side:.1f} px", side=28)])
    assert tr("Seen: {note}", note=inner) == "SEEN: GREY, x.png, 28.0 PX"


def test_english_needs_no_translator(qapp: QApplication) -> None:
    assert translated(fallback()) == fallback()
    assert tr("Open {name}", name="{odd}") == "Open {odd}"


@pytest.mark.usefixtures("language")
def test_steps_in_the_status_bar(qtbot: QtBot) -> None:
    bar = show(qtbot, StatusBar(), 900, 30)
    bar.job_started(Lane.WEIGHTS)
    qtbot.waitUntil(bar.words.isVisible)
    assert bar.words.text() == "LOADING WEIGHTS"
    bar.job_stepped(Lane.WEIGHTS, downloads._step(1_500_000, 3_000_000, "ResNet18 v1"))
    assert bar.words.text() == "DOWNLOADING ResNet18 v1: 1.5 OF 3.0 MB"


@pytest.mark.usefixtures("language")
def test_what_is_said_in_the_notice(qtbot: QtBot, torn: str) -> None:
    notice = show(qtbot, NoticeBar(), 600, 60)
    opened = Document(State(SMALL, weights=TRAINED))
    jobs = Jobs()
    runner = Runner(opened, jobs)
    runner.said.connect(notice.inform)
    changed = adaptation(SMALL.with_(in_channels=3, classes=1200), SMALL)
    assert changed == (
        "The network was adapted to the weights: its input is now 1x28x28 instead of 3x28x28 and it has 10 classes "
        "instead of 1,200."
    )
    for note in (changed, adaptation(SMALL.with_(side=32), SMALL), adaptation(SMALL.with_(classes=2), SMALL), torn):
        runner._say(note)
        assert notice.text == loud_but_for_names(note)
    jobs.close()


def loud_but_for_names(text: str) -> str:
    """A finished sentence of these tests in the loud language, where its values (sizes, names) are known."""
    return re.sub(r"\d+x\d+x\d+|bag/torn\.png", lambda found: found[0].lower(), text.upper(), flags=re.IGNORECASE)


@pytest.mark.usefixtures("language")
def test_notes_in_the_prediction_panel(qtbot: QtBot) -> None:
    several = Joined(" ", [Sentence("It shows the first of {frames} frames.", frames=3), Sentence("It is odd.")])
    shown = picture(note=several)
    _, words = images.fit(shown, Preprocessing(1, 14, 14, (0.5,), (0.5,), True, False, False, 56))
    panel = show(qtbot, PredictionPanel(document(SMALL, picture=shown)))
    panel.show_result(replace(picture_result(shown, SHARES), note=fallback(), preprocessing_note=words))
    assert panel.notes.text() == (
        "IT SHOWS THE FIRST OF 3 FRAMES. IT IS ODD.\nnvidia x IS OUT OF MEMORY, SO THIS RAN ON THE CPU."
    )
    assert panel.preprocessing.text() == (
        "AS THE NETWORK SEES IT: GREY, SHORTER SIDE SCALED TO 14 PX, ENLARGED TO 56 PX"
    )


@pytest.mark.usefixtures("language")
def test_notes_in_the_accuracy_panel(qtbot: QtBot, torn: str) -> None:
    panel = show(qtbot, AccuracyPanel(document()))
    counts = Counts(2, 1, 2)
    panel.show_result(replace(accuracy_result(counts, counts, 2), data_note=torn, note=fallback()))
    assert panel.note.text() == (
        "1 PICTURE CAN'T BE READ AND WAS LEFT OUT: bag/torn.png. "
        "1 PICTURE LIES OUTSIDE THE CLASS FOLDERS AND WAS LEFT OUT.\n"
        "nvidia x IS OUT OF MEMORY, SO THIS RAN ON THE CPU."
    )


@pytest.mark.usefixtures("language")
def test_weights_in_the_toolbar(qtbot: QtBot) -> None:
    ref = WeightsRef(WeightsKind.TORCHVISION, "ResNet18_Weights.IMAGENET1K_V1")
    info = next(info for info in weights.torchvision_weights() if info.ref == ref)
    opened = Document(State(PRESETS["resnet18"]))
    actions = {entry.name: QAction(entry.name) for entry in ENTRIES if entry is not None}
    bar = show(qtbot, ToolBar(opened, actions), 1200, 40)
    bar.show_offer(Offer((CPU,), (info, replace(info, title=Sentence("my own {what}", what="file"), accuracy=0.5))))
    tips = {action.text(): action.toolTip() for action in bar.weights.menu().actions()}
    figure = f"{100 * info.accuracy:.1f}" if info.accuracy is not None else ""
    assert tips[f"ImageNet V1 · {figure} %"] == (
        "TORCHVISION'S ResNet18_Weights.IMAGENET1K_V1; ACCURACY ON IMAGENET'S 50,000 VALIDATION IMAGES, AS PUBLISHED "
        "WITH IT"
    )
    assert "MY OWN file · 50.0 %" in tips
