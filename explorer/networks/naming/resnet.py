"""Residual networks' parameters under the names of other programs.

Known are torchvision, timm (`resnet`, `resnetv2`), akamaster/pytorch_resnet_cifar10, kuangliu/pytorch-cifar,
bearpaw/pytorch-classification, weiaicunzai/pytorch-cifar100, chenyaofo/pytorch-cifar-models,
xternalz/WideResNet-pytorch and huyvnphan/PyTorch_CIFAR10.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from explorer.networks.naming import Shapes

_PLACES = tuple(
    (re.compile(pattern), offset)
    for pattern, offset in (
        (r"stage_(\d{1,4})\.stage_\d+_bottleneck_(\d{1,4})\.(.+)", 0),
        (r"(?:layers?|stages?|groups?|blocks?)[._]?(\d{1,4})\.(?:(?:blocks?|layers?|units?)\.)?(\d{1,4})\.(.+)", 0),
        (r"conv(\d)_x\.(\d{1,4})\.(.+)", -1),
        (r"conv(\d)\.(\d{1,4})\.((?:residual|shortcut)\..+)", -1),
    )
)
"""Where in a name the stage, the block and the rest are, and what to add to the number of the stage."""
_SHORTCUT = r"^(?:shortcut|skip|identity_conv|identity|proj|projection|convShortcut|conv_shortcut|downsample)\."
_INSIDE = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (_SHORTCUT + r"(weight|bias)$", r"downsample.0.\1"),
        (_SHORTCUT + r"(?:0|conv|shortcut_conv)\.", "downsample.0."),
        (_SHORTCUT + r"(?:bn|norm|shortcut_bn)\.", "downsample.1."),
        (_SHORTCUT + r"1\.", "downsample.1."),
        (r"^norm_?(\d)\.", r"bn\1."),
        (r"^(conv|bn)_(\d)\.", r"\1\2."),
        (r"^(conv|bn)_?(?:a|reduce)\.", r"\g<1>1."),
        (r"^(?:conv_?b|conv_conv)\.", "conv2."),
        (r"^(?:bn_?b|bn)\.", "bn2."),
        (r"^(conv|bn)_?(?:c|expand)\.", r"\g<1>3."),
    )
)
_SEQUENCE = re.compile(
    r"^(?:residual_function|residual|branch|body|block|main|main_path|conv_block|convs)\.(\d+)\.(.+)$"
)
_HEAD = re.compile(
    r"^(?:fc|linear|classifier|head|head\.fc|last_linear|logits|output|compressible_linear)(?:\.\d+)?\.(weight|bias)$"
)
_STEM_CONV = re.compile(
    r"^(?:(?:stem|layer0|pre|conv1|init_block)\.)?(?:conv_?[01]?|0|init_conv|conv_1_3x3|compressible_conv1)\.(weight|bias)$"
)
_STEM_BN = re.compile(
    r"^(?:(?:stem|layer0|pre|conv1|init_block)\.(?:bn_?[01]?|norm_?[01]?|1)|(?:bn|norm)_?[01])\.(.+)$"
)
_LAST_BN = re.compile(r"^(?:bn|norm|last_bn|final_bn|bn_last|bn_final|norm_last|norm_final)\.(.+)$")


@dataclass(frozen=True)
class _Place:
    """An entry of a block."""

    stage: int
    block: int
    rest: str

    def name(self, shift: int) -> str:
        return f"layer{self.stage + shift}.{self.block}.{self.rest}"


def resnet_names(shapes: Shapes) -> dict[str, str]:
    """Name -> the name that torchvision gives it, and behind pre-activation blocks this program.

    Args:
        shapes: without wrappers' prefixes.
    """
    places = {key: place for key in shapes if (place := _place(key)) is not None}
    places |= _sequences(places, shapes)
    shift = 1 if any(place.stage == 0 for place in places.values()) else 0
    names = {key: place.name(shift) for key, place in places.items()}
    for key in shapes:
        if key not in names:
            names[key] = _end(key, shapes[key])
    _settle_batch_norms(names, shapes)
    return names


def _place(key: str) -> _Place | None:
    for pattern, offset in _PLACES:
        found = pattern.match(key)
        if found:
            return _Place(int(found[1]) + offset, int(found[2]), _inside(found[3]))
    return None


@lru_cache(maxsize=4096)
def _inside(rest: str) -> str:
    """The name within a block; there are few, however deep the network."""
    for pattern, new in _INSIDE:
        changed, count = pattern.subn(new, rest)
        if count:
            return changed
    return rest


def _sequences(places: dict[str, _Place], shapes: Shapes) -> dict[str, _Place]:
    """Entries of blocks that are one run of numbered layers: their convolutions and batch norms are counted."""
    found = {key: match for key, place in places.items() if (match := _SEQUENCE.match(place.rest))}
    layers: dict[tuple[int, int], dict[int, str]] = {}
    for key, match in found.items():
        if match[2] == "weight" and len(shapes[key]) in (1, 4):
            kind = "conv" if len(shapes[key]) == 4 else "bn"
            layers.setdefault((places[key].stage, places[key].block), {})[int(match[1])] = kind
    named = {}
    for key, match in found.items():
        place, number = places[key], int(match[1])
        kinds = layers.get((place.stage, place.block), {})
        if number in kinds:
            count = sum(kind == kinds[number] for at, kind in kinds.items() if at <= number)
            named[key] = _Place(place.stage, place.block, f"{kinds[number]}{count}.{match[2]}")
    return named


def _end(key: str, shape: tuple[int, ...]) -> str:
    """The name of an entry of the stem or the head."""
    if _HEAD.match(key) and len(shape) in (1, 2, 4):
        return f"fc.{key.rpartition('.')[2]}"
    found = _STEM_CONV.match(key)
    if found and len(shape) in (1, 4):
        return f"conv1.{found[1]}"
    found = _STEM_BN.match(key)
    if found:
        return f"bn1.{found[1]}"
    found = _LAST_BN.match(key)
    return f"bn.{found[1]}" if found else key


def _settle_batch_norms(names: dict[str, str], shapes: Shapes) -> None:
    """Tell the stem's batch norm from the last one, which some programs call the same.

    Before pre-activation blocks the stem's batch norm and ReLU are the first block's own, and belong to the stem here;
    so there a batch norm outside of the blocks is the last one, where there is but one.
    """
    sizes = {name: shapes[key] for key, name in names.items()}
    outside = [name for name in ("bn1", "bn") if f"{name}.weight" in sizes]
    if len(outside) == 2:
        return
    changes = dict.fromkeys(outside, "bn1")
    if _preactivated(sizes):
        changes = {**dict.fromkeys(outside, "bn"), "layer1.0.bn1": "bn1"}
    for key, name in names.items():
        module, _, field = name.rpartition(".")
        if module in changes:
            names[key] = f"{changes[module]}.{field}"


def _preactivated(sizes: Shapes) -> bool:
    """Whether the first batch norm of blocks is as wide as their input, which tells where the width changes."""
    if "layer1.0.bn1.weight" not in sizes:
        return False
    for name, shape in sizes.items():
        if name.endswith(".0.conv1.weight") and len(shape) == 4 and shape[0] != shape[1]:
            return sizes.get(name.replace("conv1", "bn1")) == (shape[1],)
    return False
