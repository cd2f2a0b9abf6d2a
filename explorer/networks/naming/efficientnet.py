"""EfficientNets' parameters under the names of other programs: timm and lukemelas/EfficientNet-PyTorch.

Names are those of torchvision's `models/efficientnet.py` afterwards. What TensorFlow's networks compute differently
(padding on one side, the batch norms' epsilon) no name or shape tells.
"""

from __future__ import annotations

import re

from explorer.networks.naming import Shapes

_TIMM = re.compile(r"blocks\.(\d)\.(\d{1,3})\.(.+)")
_LUKEMELAS = re.compile(r"_blocks\.(\d{1,3})\.(.+)")
_TIMM_LAYERS = {
    "conv_pw": "expand.0", "bn1": "expand.1", "conv_dw": "deep.0", "bn2": "deep.1", "se.conv_reduce": "squeeze.fc1",
    "se.conv_expand": "squeeze.fc2", "conv_pwl": "project.0", "bn3": "project.1",
}  # fmt: skip
_TIMM_FIRST = {
    "conv_dw": "deep.0", "bn1": "deep.1", "se.conv_reduce": "squeeze.fc1", "se.conv_expand": "squeeze.fc2",
    "conv_pw": "project.0", "bn2": "project.1",
}  # fmt: skip
"""Of blocks that don't expand."""
_LUKEMELAS_LAYERS = {
    "_expand_conv": "expand.0", "_bn0": "expand.1", "_depthwise_conv": "deep.0", "_bn1": "deep.1",
    "_se_reduce": "squeeze.fc1", "_se_expand": "squeeze.fc2", "_project_conv": "project.0", "_bn2": "project.1",
}  # fmt: skip
_NUMBERS = {"expand": 0, "deep": 1, "squeeze": 2, "project": 3}
_ENDS = {
    "conv_stem": "features.0.0", "bn1": "features.0.1", "conv_head": "features.8.0", "bn2": "features.8.1",
    "classifier": "classifier.1", "_conv_stem": "features.0.0", "_bn0": "features.0.1", "_conv_head": "features.8.0",
    "_bn1": "features.8.1", "_fc": "classifier.1",
}  # fmt: skip


def efficientnet_names(shapes: Shapes) -> dict[str, str]:
    """Name -> the name that torchvision gives it.

    Args:
        shapes: without wrappers' prefixes.
    """
    if not any(name.startswith(("conv_stem.", "_conv_stem.")) for name in shapes):
        return {name: name for name in shapes}
    places = _places(shapes)
    names = {}
    for name in shapes:
        module, _, field = name.rpartition(".")
        found = _TIMM.fullmatch(module)
        if found:
            layers = _TIMM_LAYERS if f"blocks.{found[1]}.{found[2]}.conv_pwl.weight" in shapes else _TIMM_FIRST
            new = _inside(int(found[1]) + 1, int(found[2]), layers.get(found[3], ""), layers is _TIMM_LAYERS)
        elif found := _LUKEMELAS.fullmatch(module):
            number = int(found[1])
            stage, position = places.get(number, (0, 0))
            expands = f"_blocks.{number}._expand_conv.weight" in shapes
            new = _inside(stage, position, _LUKEMELAS_LAYERS.get(found[2], ""), expands) if stage else ""
        else:
            new = _ENDS.get(module, "")
        names[name] = f"{new}.{field}" if new else name
    return names


def _inside(stage: int, position: int, layer: str, expands: bool) -> str:
    """A module's path in a block: blocks that don't expand lack the first of the four layers."""
    kind, _, rest = layer.partition(".")
    if not kind:
        return ""
    return f"features.{stage}.{position}.block.{_NUMBERS[kind] - (not expands)}.{rest}"


def _places(shapes: Shapes) -> dict[int, tuple[int, int]]:
    """Stage and position of blocks that are numbered in one row.

    A stage begins where the output is another than the input, or the depthwise kernel another than before; so it is
    with all seven of EfficientNet's.
    """
    places: dict[int, tuple[int, int]] = {}
    stage, position, before = 0, 0, (0, 0)
    for number in range(len(shapes)):
        project = shapes.get(f"_blocks.{number}._project_conv.weight", ())
        deep = shapes.get(f"_blocks.{number}._depthwise_conv.weight", ())
        if len(project) != 4 or len(deep) != 4:
            break
        now = (project[0], deep[2])
        stage, position = (stage, position + 1) if now == before else (stage + 1, 0)
        places[number], before = (stage, position), now
    return places
