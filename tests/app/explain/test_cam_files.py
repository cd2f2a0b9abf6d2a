"""Grad-CAM's maps as files: what is in them, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication

from explorer.app.explain.cam_files import CamPicture, copied, done_words, kinds, written
from explorer.app.theme import DARK, LIGHT
from explorer.app.widgets.channels import TOP
from explorer.app.widgets.heat import heat_colours
from explorer.errors import UserError
from tests.app.explain.cam_support import UNSURE, cam_map, cam_result

ONE = cam_result(cam_map([[0.0, 1.0], [2.0, 4.0]]))
TWO = cam_result(cam_map([[0.0, 1.0], [2.0, 4.0]]), cam_map([[4.0, 0.0], [0.0, 0.0]], UNSURE))


def colours(image: QImage) -> set[tuple[int, int, int]]:
    packed = np.frombuffer(image.convertToFormat(QImage.Format.Format_RGB32).constBits(), np.uint32)
    return {(int(one) >> 16 & 255, int(one) >> 8 & 255, int(one) & 255) for one in np.unique(packed)}


def test_maps_legend_and_ground_are_there(qapp: QApplication) -> None:
    table = [tuple(int(value) for value in colour) for colour in heat_colours()]
    for palette, ground in ((LIGHT, (255, 255, 255)), (DARK, (0x1C, 0x20, 0x27))):
        found = colours(CamPicture(TWO, 1.0, palette).image())
        assert ground in found
        assert {table[0], table[TOP], table[round(TOP / 4)], table[round(TOP / 2)]} <= found
        assert len(found & set(table)) > 200, "the legend"


def test_a_single_map_has_its_words_beside_it(qapp: QApplication) -> None:
    one, two = CamPicture(ONE, 0.6, LIGHT), CamPicture(TWO, 0.6, LIGHT)
    assert one.size.width() == two.size.width()
    assert one.size.height() < two.size.height()


def test_vectors_carry_their_words(qapp: QApplication, tmp_path: Path) -> None:
    words = written(TWO, tmp_path / "map.svg").decode()
    for part in ("Where ResNet-20 looks for T-shirt/top", "Grad-CAM at layer3.2", "Without layer2.1",
                 "Deleted: layer2.1.", "30.0 %, score 4.2"):  # fmt: skip
        assert part in words


def test_no_numbers_are_magenta(qapp: QApplication) -> None:
    assert (255, 0, 255) in colours(CamPicture(cam_result(cam_map([[np.nan, 1.0]])), 1.0, LIGHT).image())


def test_tables_and_other_endings(tmp_path: Path) -> None:
    assert written(ONE, tmp_path / "map.csv").decode().splitlines()[3:5] == ["map,row,column,value", "intact,0,0,0"]
    with pytest.raises(UserError, match=r"map.pdf must end in .png, .svg or .csv"):
        written(ONE, tmp_path / "map.pdf")
    assert all(suffix in kinds() for suffix in ("*.png", "*.svg", "*.csv"))


def test_all_that_is_done_is_written() -> None:
    request = replace(TWO.request, deleted=frozenset({"layer2.1", "layer1.0"}), cut=frozenset({"layer3.1"}))
    assert done_words(replace(TWO, request=request)) == "Deleted: layer1.0, layer2.1. Shortcuts cut: layer3.1."
    assert done_words(ONE) == ""


def test_the_clipboard_gets_pixels(qapp: QApplication) -> None:
    copied(ONE, 0.6)
    assert QGuiApplication.clipboard().image().width() > 1200
