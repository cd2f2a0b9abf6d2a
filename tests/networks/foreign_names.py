"""The same parameters under the names that other repositories give them, as their code defines the modules.

Each function takes this program's shapes by name and gives a repository's; where a repository numbers the layers of a
block in one run, the numbers are those of its `nn.Sequential`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Shapes = Mapping[str, tuple[int, ...]]
Rules = list[tuple[str, str]]


def by(rules: Rules) -> Callable[[Shapes], dict[str, tuple[int, ...]]]:
    """A renaming by the first rule that changes the name, applied to each."""

    def rename(shapes: Shapes) -> dict[str, tuple[int, ...]]:
        renamed = {}
        for name, shape in shapes.items():
            for pattern, new in rules:
                changed, count = re.subn(pattern, new, name)
                if count:
                    name = changed
                    break
            renamed[name] = shape
        return renamed

    return rename


def pre_activated(rules: Rules, last: str, *, counters: bool = True) -> Callable[[Shapes], dict[str, tuple[int, ...]]]:
    """A repository whose first pre-activation block keeps its own first batch norm, and with the last one's name."""

    def rename(shapes: Shapes) -> dict[str, tuple[int, ...]]:
        moved = {re.sub(r"^bn\.", "last.", re.sub(r"^bn1\.", "layer1.0.bn1.", name)): s for name, s in shapes.items()}
        renamed = by([(r"^last\.", f"{last}."), *rules])(moved)
        return {name: shape for name, shape in renamed.items() if counters or "num_batches" not in name}

    return rename


def resnetv2_timm(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """timm's `resnetv2_50`: blocks in `stages.0.blocks.0`, `norm1`, and a 1x1 convolution as the classifier."""
    names = pre_activated([], "norm")(shapes)
    result = {}
    for name, shape in names.items():
        name = re.sub(r"^layer(\d)\.(\d+)", lambda found: f"stages.{int(found[1]) - 1}.blocks.{found[2]}", name)
        name = re.sub(r"\.bn(\d)\.", r".norm\1.", name).replace("downsample.0.", "downsample.conv.")
        name = re.sub(r"^conv1\.", "stem.conv.", name)
        if name.startswith("fc."):
            name, shape = f"head.{name}", (*shape, 1, 1) if len(shape) == 2 else shape
        result[name] = shape
    return result


def weiaicunzai_stages(found: re.Match[str]) -> str:
    return f"conv{int(found[1]) + 1}_x.{found[2]}."


def weiaicunzai(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """`conv2_x.0.residual_function.0`, a stem `conv1.0` and `conv1.1`."""
    places = {"conv1": 0, "bn1": 1, "conv2": 3, "bn2": 4, "conv3": 6, "bn3": 7}
    result = {}
    for name, shape in shapes.items():
        found = re.fullmatch(r"layer(\d)\.(\d+)\.(conv\d|bn\d)\.(.+)", name)
        if found:
            name = f"conv{int(found[1]) + 1}_x.{found[2]}.residual_function.{places[found[3]]}.{found[4]}"
        elif name.startswith("layer"):
            name = re.sub(r"^layer(\d)\.(\d+)\.downsample", _shortcut, name)
        else:
            name = re.sub(r"^bn1\.", "conv1.1.", re.sub(r"^conv1\.", "conv1.0.", name))
        result[name] = shape
    return result


def _shortcut(found: re.Match[str]) -> str:
    return f"conv{int(found[1]) + 1}_x.{found[2]}.shortcut"


def xternalz(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """WideResNet-pytorch: `block1.layer.0.bn1`, `convShortcut`, a last batch norm called `bn1`; no counters, as before
    torch 0.4.1."""
    names = pre_activated([], "bn1", counters=False)(shapes)
    names = by([(r"^layer(\d)\.(\d+)\.downsample\.0\.", r"block\1.layer.\2.convShortcut.")])(names)
    return by([(r"^layer(\d)\.(\d+)\.", r"block\1.layer.\2.")])(names)


def resnext_bearpaw(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """`stage_1.stage_1_bottleneck_0.conv_reduce`, a stem `conv_1_3x3` and `bn_1`."""
    inside = {
        "conv1": "conv_reduce", "bn1": "bn_reduce", "conv2": "conv_conv", "bn2": "bn", "conv3": "conv_expand",
        "bn3": "bn_expand", "downsample.0": "shortcut.shortcut_conv", "downsample.1": "shortcut.shortcut_bn",
    }  # fmt: skip
    result = {}
    for name, shape in shapes.items():
        found = re.fullmatch(r"layer(\d)\.(\d+)\.(.+)\.(\w+)", name)
        if found:
            name = f"stage_{found[1]}.stage_{found[1]}_bottleneck_{found[2]}.{inside[found[3]]}.{found[4]}"
        result[name] = shape
    return by([(r"^conv1\.", "conv_1_3x3."), (r"^bn1\.", "bn_1."), (r"^fc\.", "classifier.")])(result)


RESNETS: dict[str, tuple[Callable[[Shapes], dict[str, tuple[int, ...]]], tuple[str, ...]]] = {
    "torchvision": (dict, ("resnet18", "resnet50", "wide_resnet50_2", "resnext50_32x4d", "resnet50_v1")),
    "timm": (dict, ("resnet34", "resnext101_64x4d")),
    "timm resnetv2": (resnetv2_timm, ("preresnet200",)),
    "akamaster": (by([(r"^fc\.", "linear."), (r"downsample", "shortcut")]), ("resnet20", "resnet56", "resnet1202")),
    "kuangliu": (by([(r"^fc\.", "linear."), (r"downsample", "shortcut")]), ("resnext29_8x64d",)),
    "chenyaofo": (dict, ("resnet32",)),
    "bearpaw preresnet": (pre_activated([], "bn"), ("preresnet110", "preresnet164")),
    "bearpaw resnext": (resnext_bearpaw, ("resnext29_8x64d",)),
    "weiaicunzai": (weiaicunzai, ("resnet18", "resnet50", "resnet110_conv_shortcut")),
    "xternalz": (xternalz, ("wrn28_10", "wrn16_4")),
}  # fmt: skip
"""Repository -> how it names parameters, and presets that it has."""


def dense(
    layer: str, transition: str, last: str, head: str, rules: Rules
) -> Callable[[Shapes], dict[str, tuple[int, ...]]]:
    """A repository of DenseNets without torchvision's container `features`.

    Args:
        layer: how a layer's path is written, with {stage} and {layer}, both counted from 0.
        transition: the same of a transition, with {stage}.
        last, head: the last batch norm and the classifier.
        rules: for what is inside a layer or a transition.
    """

    def rename(shapes: Shapes) -> dict[str, tuple[int, ...]]:
        result = {}
        for name, shape in shapes.items():
            if found := re.fullmatch(r"features\.denseblock(\d)\.denselayer(\d+)\.(.+)", name):
                path = layer.format(stage=int(found[1]) - 1, next=found[1], layer=int(found[2]) - 1)
                name = f"{path}.{_first(rules, found[3])}"
            elif found := re.fullmatch(r"features\.transition(\d)\.(.+)", name):
                path = transition.format(stage=int(found[1]) - 1, next=found[1])
                name = f"{path}.{_first(rules, found[2])}"
            name = name.replace("features.conv0", "conv1").replace("features.norm5", last)
            result[re.sub("^classifier", head, name)] = shape
        return result

    return rename


def _first(rules: Rules, name: str) -> str:
    for pattern, new in rules:
        if re.match(pattern, name):
            return re.sub(pattern, new, name)
    return name


_DENSE = [(r"^norm(\d)", r"bn\1"), (r"^norm\.", "bn1."), (r"^conv\.", "conv1.")]
_DENSE_KUANGLIU = [(r"^norm(\d)", r"bn\1"), (r"^norm\.", "bn.")]
_DENSE_RUN = [
    (r"^norm1", "0"), (r"^conv1", "2"), (r"^norm2", "3"), (r"^conv2", "5"), (r"^norm\.", "0."), (r"^conv\.", "1."),
]  # fmt: skip


def dense_weiaicunzai(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Containers `dense_block_layer_0` but for the last, `dense_block2`; layers in one run."""
    names = dense(
        "features.dense_block_layer_{stage}.bottle_neck_layer_{layer}.bottle_neck",
        "features.transition_layer_{stage}.down_sample", "features.bn", "linear", _DENSE_RUN,
    )(shapes)  # fmt: skip
    last = max(int(found[1]) for name in names if (found := re.match(r"features\.dense_block_layer_(\d)", name)))
    return {name.replace(f"dense_block_layer_{last}", f"dense_block{last}"): shape for name, shape in names.items()}


DENSENETS: dict[str, tuple[Callable[[Shapes], dict[str, tuple[int, ...]]], tuple[str, ...]]] = {
    "torchvision": (dict, ("densenet121", "densenet161")),
    "torchvision before 0.2": (
        by([(r"(denselayer\d+)\.(norm|conv)(\d)\.", r"\1.\2.\3.")]), ("densenet121", "densenet201")
    ),
    "andreasveit": (
        dense("block{next}.layer.{layer}", "trans{next}", "bn1", "fc", _DENSE), ("densenet_bc100_12", "densenet40_12")
    ),
    "bearpaw": (dense("dense{next}.{layer}", "trans{next}", "bn", "fc", _DENSE), ("densenet_bc100_12",)),
    "kuangliu": (dense("dense{next}.{layer}", "trans{next}", "bn", "linear", _DENSE_KUANGLIU), ("densenet_bc100_12",)),
    "weiaicunzai": (dense_weiaicunzai, ("densenet_bc100_12",)),
}  # fmt: skip
