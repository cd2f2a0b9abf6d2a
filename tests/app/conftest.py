"""What several tests of the window's parts start from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from explorer.app.panels.study import StudyPanel
from explorer.app.theme import theme
from tests.app.panel_support import show
from tests.app.study_support import study
from tests.engine.networks import TINY


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[StudyPanel]:
    """A study panel that knows the open network, without a study."""
    panel = show(qtbot, StudyPanel(), 1000, 360)
    panel.show_network(TINY, study().info)
    yield panel
    theme().use("light")
