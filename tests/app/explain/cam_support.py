"""Results of Grad-CAM and films as the engine gives them, without an engine."""

from __future__ import annotations

import numpy as np

from explorer.engine.explain.cam_records import CamMap, CamRequest, CamResult
from explorer.engine.explain.film_records import FilmRequest, FilmResult, Frame
from explorer.engine.records import Prediction
from tests.app.panel_support import CLASSES, SMALL, TRAINED, picture

SURE = np.array([0.9, 0.04, 0.02, 0.01, 0.01, 0.008, 0.006, 0.004, 0.001, 0.001], np.float32)
UNSURE = np.array([0.3, 0.1, 0.4, 0.05, 0.05, 0.04, 0.03, 0.01, 0.01, 0.01], np.float32)


def cam_map(values: object, shares: np.ndarray = SURE, classes: tuple[str, ...] = CLASSES) -> CamMap:
    return CamMap(np.array(values, np.float32), 4.2, Prediction(shares.astype(np.float32), classes))


def cam_result(
    intact: CamMap,
    now: CamMap | None = None,
    label: int = 0,
    truth: str | None = None,
    block: str = "layer3.2",
) -> CamResult:
    deleted = frozenset({"layer2.1"}) if now is not None else frozenset()
    shown = picture(label=truth)
    request = CamRequest(SMALL, TRAINED, deleted=deleted, picture=shown)
    return CamResult(request, block, label, shown.pixels, intact, now, 0.01, "CPU")


def film_result(*frames: tuple[str, object], channel: int = 3, stage: str = "layer1", channels: int = 16) -> FilmResult:
    """From pairs of a part and its values."""
    made: list[Frame] = []
    for part, values in frames:
        array = np.array(values, np.float32)
        change = float(np.abs(array - made[-1].values).mean()) if made else None
        made.append(Frame(part, array, change))
    request = FilmRequest(SMALL, TRAINED, picture=picture(), stage=stage, channel=channel)
    return FilmResult(request, channel, channels, tuple(made), "CPU")
