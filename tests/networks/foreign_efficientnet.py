"""EfficientNet's and VGG's parameters under timm's names and those of lukemelas/EfficientNet-PyTorch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Shapes = Mapping[str, tuple[int, ...]]
Renaming = Callable[[Shapes], dict[str, tuple[int, ...]]]
_PLACE = re.compile(r"features\.([1-7])\.(\d+)\.block\.(\d)\.(.+)\.(\w+)")
_LAYERS = {"expand": 0, "deep": 1, "squeeze": 2, "project": 3}


def efficientnet(block: str, inside: Mapping[str, str], first: Mapping[str, str], ends: Mapping[str, str]) -> Renaming:
    """A repository's names.

    Args:
        block: the path of a block, with {stage}, {position} in it and {number} of all blocks, counted from 0.
        inside: `expand.0` (its convolution), `expand.1` (its batch norm), `deep.0` … -> the repository's module.
        first: the same in blocks that don't expand.
        ends: torchvision's modules of stem and head -> the repository's.
    """

    def rename(shapes: Shapes) -> dict[str, tuple[int, ...]]:
        places = sorted({(int(found[1]), int(found[2])) for found in map(_PLACE.fullmatch, shapes) if found})
        result = {}
        for name, shape in shapes.items():
            module, _, field = name.rpartition(".")
            found = _PLACE.fullmatch(name)
            if not found:
                result[f"{ends[module]}.{field}"] = shape
                continue
            stage, position = int(found[1]), int(found[2])
            expands = f"features.{stage}.{position}.block.3.0.weight" in shapes
            layer = list(_LAYERS)[int(found[3]) + (not expands)]
            path = block.format(stage=stage - 1, position=position, number=places.index((stage, position)))
            result[f"{path}.{(inside if expands else first)[f'{layer}.{found[4]}']}.{field}"] = shape
        return result

    return rename


TIMM = efficientnet(
    "blocks.{stage}.{position}",
    {"expand.0": "conv_pw", "expand.1": "bn1", "deep.0": "conv_dw", "deep.1": "bn2", "squeeze.fc1": "se.conv_reduce",
     "squeeze.fc2": "se.conv_expand", "project.0": "conv_pwl", "project.1": "bn3"},
    {"deep.0": "conv_dw", "deep.1": "bn1", "squeeze.fc1": "se.conv_reduce", "squeeze.fc2": "se.conv_expand",
     "project.0": "conv_pw", "project.1": "bn2"},
    {"features.0.0": "conv_stem", "features.0.1": "bn1", "features.8.0": "conv_head", "features.8.1": "bn2",
     "classifier.1": "classifier"},
)  # fmt: skip
_LUKEMELAS = {
    "expand.0": "_expand_conv", "expand.1": "_bn0", "deep.0": "_depthwise_conv", "deep.1": "_bn1",
    "squeeze.fc1": "_se_reduce", "squeeze.fc2": "_se_expand", "project.0": "_project_conv", "project.1": "_bn2",
}  # fmt: skip
LUKEMELAS = efficientnet(
    "_blocks.{number}", _LUKEMELAS, _LUKEMELAS,
    {"features.0.0": "_conv_stem", "features.0.1": "_bn0", "features.8.0": "_conv_head", "features.8.1": "_bn1",
     "classifier.1": "_fc"},
)  # fmt: skip


def vgg_timm(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Convolutions in the place of the first two fully connected layers."""
    names = {"classifier.0": "pre_logits.fc1", "classifier.3": "pre_logits.fc2", "classifier.6": "head.fc"}
    sizes = {"pre_logits.fc1.weight": (4096, 512, 7, 7), "pre_logits.fc2.weight": (4096, 4096, 1, 1)}
    result = {}
    for name, shape in shapes.items():
        module, _, field = name.rpartition(".")
        new = f"{names.get(module, module)}.{field}"
        result[new] = sizes.get(new, shape)
    return result
