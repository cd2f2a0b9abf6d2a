"""A map of numbers from zero up as an image to be laid over a picture."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from explorer.app.widgets import channels as arithmetic
from explorer.app.widgets.mosaic import coloured


def heat_image(values: np.ndarray, top: float) -> QImage:
    """Each number a pixel, from zero in the lowest colour to `top` in the highest; what is no number is magenta.

    Args:
        values: (H, W).
        top: where the colours end.
    """
    return coloured(arithmetic.indices(values.astype(np.float32), 0, top), heat_colours())


def heat_colours() -> arithmetic.Indices:
    """The table of colours."""
    return arithmetic.table(arithmetic.SEQUENTIAL)
