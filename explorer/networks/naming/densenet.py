"""DenseNets' parameters under the names of other programs.

Known are torchvision (and its files of before version 0.2: `norm.1`), timm, kuangliu/pytorch-cifar,
bearpaw/pytorch-classification, weiaicunzai/pytorch-cifar100, andreasveit/densenet-pytorch and
huyvnphan/PyTorch_CIFAR10.
"""

from __future__ import annotations

import re

from explorer.networks.naming import Shapes

_LAYERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:features\.)?dense_?block(\d{1,3})\.dense_?layer(\d{1,4})\.(.+)",
        r"(?:features\.)?dense_block(?:_layer_)?(\d{1,3})\.bottle_neck_layer_(\d{1,4})\.bottle_neck\.(.+)",
        r"(?:dense|block)_?(\d{1,3})\.(?:layers?\.)?(\d{1,4})\.(.+)",
    )
)
"""Where in a name the stage, the layer and the rest are; all but torchvision's count layers from 0."""
_TRANSITION = re.compile(r"(?:features\.)?trans(?:ition)?(?:_layer)?_?(\d{1,3})\.(?:down_sample\.)?(.+)")
_INSIDE = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"^(norm|conv)\.(\d)\.", r"\1\2."),
        (r"^bn(\d)\.", r"norm\1."),
    )
)
_IN_SEQUENCE = {"0": "norm1", "2": "conv1", "3": "norm2", "5": "conv2"}
_IN_TRANSITION = {"0": "norm", "1": "conv", "bn": "norm", "bn1": "norm", "conv1": "conv"}
_STEM = re.compile(r"(?:features\.)?(?:conv0?|conv1|init_conv)\.weight")
_LAST = re.compile(r"(?:features\.)?(?:bn|bn1|norm|norm_?final|norm\d|norm_?last)\.(.+)")
_HEAD = re.compile(r"(?:fc|linear|classifier|head|output)\.(weight|bias)")


def densenet_names(shapes: Shapes) -> dict[str, str]:
    """Name -> the name that torchvision gives it.

    Args:
        shapes: without wrappers' prefixes.
    """
    names = {}
    shift = 1 if any(key.startswith("features.dense_block_layer_0.") for key in shapes) else 0
    for key in shapes:
        names[key] = _layer(key, shift) or _transition(key, shift) or _end(key)
    return names


def _layer(key: str, shift: int) -> str:
    for number, pattern in enumerate(_LAYERS):
        found = pattern.fullmatch(key)
        if found:
            layer = int(found[2]) + (1 if number else 0)
            return f"features.denseblock{int(found[1]) + shift}.denselayer{layer}.{_inside(found[3], number == 1)}"
    return ""


def _inside(rest: str, in_sequence: bool) -> str:
    first, _, field = rest.partition(".")
    if in_sequence and first in _IN_SEQUENCE:
        return f"{_IN_SEQUENCE[first]}.{field}"
    for pattern, new in _INSIDE:
        rest = pattern.sub(new, rest)
    return rest


def _transition(key: str, shift: int) -> str:
    found = _TRANSITION.fullmatch(key)
    if not found:
        return ""
    first, _, field = found[2].partition(".")
    return f"features.transition{int(found[1]) + shift}.{_IN_TRANSITION.get(first, first)}.{field}"


def _end(key: str) -> str:
    """The name of an entry of the stem or the head."""
    if key.startswith("features.norm0."):
        return key
    if _STEM.fullmatch(key):
        return "features.conv0.weight"
    found = _HEAD.fullmatch(key)
    if found:
        return f"classifier.{found[1]}"
    found = _LAST.fullmatch(key)
    return f"features.norm5.{found[1]}" if found else key
