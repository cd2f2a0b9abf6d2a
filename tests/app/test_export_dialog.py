"""The dialog of the diagram's export: what can be chosen, what it will come to, and what can't be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSizeF, Qt
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from explorer.app.diagram.view import DiagramView
from explorer.app.export_dialog import ExportDialog
from explorer.app.picture import PictureOptions, WindowPart
from explorer.networks.lesion import INTACT
from tests.app.diagram_support import RESNET, make_view


@pytest.fixture
def view(qtbot: QtBot) -> DiagramView:
    return make_view(qtbot, RESNET)


@pytest.fixture
def dialog(view: DiagramView) -> Iterator[ExportDialog]:
    view.zoom_by(2)
    shown = view.diagram.shown()
    part = WindowPart(shown, view.seen(), QSizeF(view.viewport().size()))
    dialog = ExportDialog(RESNET, INTACT, shown, part, view)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    dialog.open()
    yield dialog
    dialog.close()


def save(dialog: ExportDialog) -> bool:
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Save).isEnabled()


def choose(dialog: ExportDialog, **what: object) -> None:
    for name, data in what.items():
        choice = getattr(dialog, name)
        choice.setCurrentIndex(choice.findData(data))


def test_it_says_how_large_a_png_will_be(dialog: ExportDialog) -> None:
    assert not dialog.scale.isEnabled(), "vectors have no pixels"
    choose(dialog, format=".png", scale=3)
    assert dialog.options == PictureOptions(scale=3.0)
    image = dialog.picture.image()
    assert f"{image.width():,} × {image.height():,} pixels" in dialog.told.text()
    choose(dialog, scale=0)
    dialog.width_pixels.setValue(3000)
    assert dialog.options == PictureOptions(width=3000)
    assert dialog.told.text().startswith("3,000 ×")


def test_a_picture_that_is_too_large_cannot_be_saved_and_says_why(dialog: ExportDialog) -> None:
    choose(dialog, format=".png", scale=0)
    dialog.width_pixels.setValue(16_000)
    assert not save(dialog)
    assert "choose a scale of at most" in dialog.told.text()
    dialog.accept()
    assert dialog.isVisible()
    choose(dialog, format=".svg")
    assert save(dialog)


def test_the_part_that_the_window_shows(dialog: ExportDialog, view: DiagramView) -> None:
    assert dialog.window_part is None
    choose(dialog, part="view")
    assert dialog.window_part is not None
    assert dialog.window_part.seen == view.seen()


def test_greyscale_is_not_for_dark_pages(dialog: ExportDialog) -> None:
    for dark, light in (("dark", "light"), ("light ink", "transparent")):
        dialog.greyscale.setChecked(False)
        choose(dialog, background=dark)
        dialog.greyscale.setChecked(True)
        assert dialog.background.currentData() == light
        assert dialog.options.greyscale
        assert save(dialog)


def test_every_choice_changes_the_preview(dialog: ExportDialog) -> None:
    seen = []
    for what in ({}, {"background": "dark"}, {"background": "transparent"}, {"part": "view"}):
        choose(dialog, **what)
        seen.append(dialog.preview.pixmap().toImage())
    dialog.greyscale.setChecked(True)
    seen.append(dialog.preview.pixmap().toImage())
    assert all(one != other for index, one in enumerate(seen) for other in seen[:index])


def test_saving_tells_once(dialog: ExportDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(dialog.chosen, timeout=1000):
        dialog.accept()
    assert not dialog.isVisible()
