"""VGG networks' parameters under the names of other programs: timm's, which has convolutions in the place of the fully
connected layers."""

from __future__ import annotations

import re

from explorer.networks.naming import Shapes

_TIMM = {"pre_logits.fc1": "classifier.0", "pre_logits.fc2": "classifier.3", "head.fc": "classifier.6"}
_PLACE = re.compile(r"(pre_logits\.fc1|pre_logits\.fc2|head\.fc)\.(weight|bias)")


def vgg_names(shapes: Shapes) -> dict[str, str]:
    """Name -> the name that torchvision gives it.

    Args:
        shapes: without wrappers' prefixes.
    """
    return {name: f"{_TIMM[found[1]]}.{found[2]}" if (found := _PLACE.fullmatch(name)) else name for name in shapes}
