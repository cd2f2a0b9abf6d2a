"""Which predictions of a pass that rounds otherwise are surely those of the plain loop.

Two float32 passes of one network, in one order of operations or another, differ by rounding alone. A prediction can
differ only where the two largest logits lie closer together than that. How much a lesion's logits differ is measured:
its first few images run both ways. The tolerance is 64 times the largest difference that is found among these 4 x
classes logits, and at least 2^-12 of an image's largest logit, 4,096 times what one rounding may change it by.
Rounding adds up like random steps, so the differences of all images scatter about the same scale; one of 32 times the
largest of 4 x classes of them, on each of two logits, does not occur. Whatever is closer is run again the plain way, in
the plain loop's own batches, and so is what gives no numbers. In the single study of the bundled ResNet-56 on 1,000
images these were 3 of 28,000 predictions, and the largest difference among 1,120 logits was 3e-6.

Where those first images have logits beyond 10^9, every image is run the plain way: numbers may then overflow inside of
the network in one order of operations and not in the other. Where they have not, another image would have to be larger
by a factor of 10^10 at least to overflow.
"""

from __future__ import annotations

import torch
from torch import Tensor

IMAGES = 4
"""Run both ways with each lesion, to see how much they differ."""
_FACTOR = 64.0
_LEAST = 2.0**-12
_LARGEST = 1e9


def tolerance(plain: Tensor, ours: Tensor) -> Tensor:
    """The margin below which a prediction is not sure, from logits (n, classes) of the same images run both ways: a
    tensor without dimensions, infinite where nothing is sure."""
    largest = _FACTOR * (plain - ours).abs().max()
    return torch.where((plain.abs() < _LARGEST).all(), largest, torch.inf)


def unsure(logits: Tensor, least: Tensor) -> Tensor:
    """Which images must be run again: logits (n, classes), and what `tolerance` gave -> bool (n,)."""
    top = logits.topk(2, dim=1).values
    # Written so that what is no number is unsure.
    return ~(top[:, 0] - top[:, 1] > torch.maximum(least, _LEAST * logits.abs().amax(1)))
