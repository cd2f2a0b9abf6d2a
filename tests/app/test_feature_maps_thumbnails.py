"""Maps that were too large to keep: their thumbnails are shown at once, the whole maps when they have come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.app.panels.feature_maps import FeatureMapsPanel
from tests.app.panel_support import SMALL, document, picture, picture_result, show


def test_thumbnails_stand_in_until_the_whole_maps_are_there(qtbot: QtBot) -> None:
    maps = {"layer1": np.ones((2, 16, 16), np.float32)}
    small = {"layer2": np.arange(3 * 8 * 8, dtype=np.float32).reshape(3, 8, 8)}
    panel = show(qtbot, FeatureMapsPanel(document(SMALL, picture=picture())), 870, 400)
    asked: list[str] = []
    panel.maps_requested.connect(asked.append)
    result = replace(picture_result(picture(), np.full(10, 0.1), maps=maps), thumbnails=small)
    panel.show_result(result)
    qtbot.mouseClick(panel.chips["layer2"], Qt.MouseButton.LeftButton)
    assert panel.mosaic.isVisible()
    assert panel.caption.full_text == "3 channels, averaged down to 8×8"
    assert asked == ["layer2"]
    panel.show_result(replace(result, maps={**maps, "layer2": np.ones((3, 14, 14), np.float32)}))
    assert panel.caption.full_text.startswith("3 channels, 14×14")
    assert asked == ["layer2"]
