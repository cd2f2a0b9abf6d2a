"""Pictures -> the network's input, in two steps: `fit` to whole numbers at the crop's size, then `normalise`."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from explorer.engine.records import Preprocessing


def normalise(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """The second step: whole numbers to what the network gets.

    Args:
        pixels: uint8 (N, 1 or 3, crop, crop).
        preprocessing: of the weights.

    Returns:
        float32 (N, channels, side, side).
    """
    values = pixels.to(torch.float32).div_(255)
    shape = (1, -1, 1, 1)
    mean, std = (torch.tensor(numbers, device=values.device).view(shape) for numbers in (preprocessing.mean, preprocessing.std))
    values = values.sub_(mean).div_(std)
    if preprocessing.enlarge:
        side = (preprocessing.enlarge, preprocessing.enlarge)
        values = functional.interpolate(values, side, mode="bilinear", align_corners=False)
    if preprocessing.channels != values.shape[1]:
        repeats = -(-preprocessing.channels // values.shape[1])
        values = values.repeat(1, repeats, 1, 1)[:, : preprocessing.channels]
    return values
