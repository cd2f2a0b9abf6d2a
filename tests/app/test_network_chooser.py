"""The list of networks: a person opens it, types, walks and chooses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from explorer.app.actions import ENTRIES
from explorer.app.network_chooser import CURRENT_ROLE, SPEC_ROLE, TRAINED_ROLE, NetworkChooser, search
from explorer.app.toolbar import ToolBar
from explorer.engine.records import CPU, Offer, Preprocessing, WeightsInfo
from explorer.networks.catalog import PRESETS
from explorer.networks.spec import NetworkSpec
from tests.app.panel_support import CLASSES, SMALL, TRAINED, document, show

BUNDLED = WeightsInfo(TRAINED, "Fashion-MNIST", SMALL, CLASSES, Preprocessing(1, 28, 28, (0.3,), (0.3,)), 0.94)


@pytest.fixture
def bar(qtbot: QtBot) -> Iterator[ToolBar]:
    actions = {entry.name: QAction(entry.name) for entry in ENTRIES if entry is not None}
    made = show(qtbot, ToolBar(document(PRESETS["resnet50"]), actions), 1100, 44)
    made.show_offer(Offer((CPU,), (BUNDLED,)))
    yield made
    made.chooser.hide()


def listed(chooser: NetworkChooser) -> dict[str, list[NetworkSpec]]:
    """Headings, and what stands below them."""
    groups: dict[str, list[NetworkSpec]] = {}
    for row in range(chooser.view.model().rowCount()):
        index = chooser.view.model().index(row, 0)
        spec = index.data(SPEC_ROLE)
        if spec is None:
            heading = index.data()
            groups[heading] = []
        else:
            groups[heading].append(spec)
    return groups


def opened(qtbot: QtBot, bar: ToolBar) -> NetworkChooser:
    """By the keyboard alone."""
    bar.network.setFocus()
    qtbot.keyClick(bar.network, Qt.Key.Key_Space)
    assert bar.chooser.isVisible()
    return bar.chooser


def test_every_preset_is_listed_under_its_family_with_its_numbers(qtbot: QtBot, bar: ToolBar) -> None:
    chooser = opened(qtbot, bar)
    groups = listed(chooser)
    assert [spec for specs in groups.values() for spec in specs if spec not in PRESETS.values()] == []
    assert sum(map(len, groups.values())) == len(PRESETS)
    assert list(groups)[:2] == ["ResNet for ImageNet", "ResNet for CIFAR"]
    assert PRESETS["densenet121"] in groups["DenseNet"]
    current = chooser.view.currentIndex()
    assert current.data(SPEC_ROLE) == PRESETS["resnet50"]
    assert current.data(CURRENT_ROLE)
    assert [current.siblingAtColumn(column).data() for column in range(3)] == ["ResNet-50", "50", "25.6 M"]
    rows = (chooser.view.model().index(row, 0) for row in range(chooser.view.model().rowCount()))
    trained = [row for row in rows if row.data(TRAINED_ROLE)]
    assert [row.data() for row in trained] == ["ResNet-20"]
    assert trained[0].data(Qt.ItemDataRole.AccessibleTextRole).endswith("269,722 parameters, comes with weights")


def test_typing_narrows_keys_walk_and_enter_chooses(qtbot: QtBot, bar: ToolBar) -> None:
    chooser = opened(qtbot, bar)
    qtbot.keyClicks(chooser.search, "wide 2")
    wide = ["Wide ResNet-50-2", "Wide ResNet-101-2", "WRN-28-10"]
    assert [spec.name for spec in listed(chooser)["Wide ResNet"]] == wide
    qtbot.keyClick(chooser.search, Qt.Key.Key_Down)
    with qtbot.waitSignal(bar.network_requested) as asked:
        qtbot.keyClick(chooser.search, Qt.Key.Key_Return)
    assert asked.args == [PRESETS["wide_resnet101_2"]]
    assert not chooser.isVisible()
    # It opens whole again, and Escape changes nothing.
    chooser = opened(qtbot, bar)
    assert sum(map(len, listed(chooser).values())) == len(PRESETS)
    with qtbot.assertNotEmitted(bar.network_requested):
        qtbot.keyClick(chooser.search, Qt.Key.Key_Escape)
    assert not chooser.isVisible()


def test_a_click_chooses_and_one_on_a_heading_does_not(qtbot: QtBot, bar: ToolBar) -> None:
    chooser = opened(qtbot, bar)
    view = chooser.view
    view.scrollToTop()
    heading, first = view.model().index(0, 0), view.model().index(1, 1)
    with qtbot.assertNotEmitted(bar.network_requested):
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(heading).center())
    with qtbot.waitSignal(bar.network_requested) as asked:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(first).center())
    assert asked.args == [PRESETS["resnet18"]]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("wrn40_2", "WRN-40-2"),
        ("WRN-40-2", "WRN-40-2"),
        ("resnext29_16x64d", "ResNeXt-29 16x64d"),
        ("densenet_bc_190_40", "DenseNet-BC-190-40"),
        ("resnet47", "ResNet-47"),
        ("resnet_50", "ResNet-50"),
    ],
)
def test_names_that_are_no_presets_are_known_too(text: str, name: str) -> None:
    found = search(text)
    assert next(iter(found.groups.values()))[0].name == name
    assert found.said == ""


@pytest.mark.parametrize(
    ("text", "said", "near"),
    [
        ("wrn41_2", "There is no WRN with 41 layers, as depths are 6n + 4; try 40 or 46.", "wrn40_4"),
        ("densnet121", "There is no network named densnet121.", "densenet121"),
        ("zzz", "There is no network named zzz.", None),
        ("/etc/passwd", "There is no network named /etc/passwd.", None),
    ],
)
def test_wrong_names_say_so_and_offer_the_nearest(text: str, said: str, near: str | None) -> None:
    found = search(text)
    assert found.said == said
    offered = [spec for specs in found.groups.values() for spec in specs]
    assert (PRESETS[near] in offered) if near else not offered


def test_what_is_said_stands_below_the_field(qtbot: QtBot, bar: ToolBar) -> None:
    chooser = opened(qtbot, bar)
    qtbot.keyClicks(chooser.search, "zzz")
    assert chooser.said.isVisible()
    with qtbot.assertNotEmitted(bar.network_requested):
        qtbot.keyClick(chooser.search, Qt.Key.Key_Return)
    assert chooser.isVisible()
    qtbot.keyClick(chooser.search, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(chooser.search, "mlp8_256")
    assert not chooser.said.isVisible()
    with qtbot.waitSignal(bar.network_requested) as asked:
        qtbot.keyClick(chooser.search, Qt.Key.Key_Enter)
    assert asked.args[0].name == "MLP-8-256"
