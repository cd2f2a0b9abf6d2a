"""Names -> specs.

ImageNet presets are those of He et al. 2015, Table 1; CIFAR presets those of its Table 6, with option A shortcuts and
10 classes, and those with bottlenecks and projections of He et al. 2016 (`resnet164`, `resnet1001`). `preresnet110` is
the form that Veit et al. 2016 deleted blocks of, `plain20` and `plain56` the plain twins of He et al. 2015, section
4.2, `plain18` and `plain34` those of its section 4.1, and `vgg_narrow` the control of Veit et al.: a VGG-like net of
one width, 15 weighted layers with batch norm, so that any but the first may go (theirs is 128 channels wide, ours 64).
Any other depth follows the same pattern (`families.resnet_depths`).

A family is one file in `explorer.networks.families` and one entry in `FAMILIES` and `PRESETS` here.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from explorer.errors import UserError
from explorer.networks.checks import shown
from explorer.networks.families.densenet import IMAGENET as DENSE
from explorer.networks.families.densenet import DenseNetSpec, dense, dense_imagenet
from explorer.networks.families.efficientnet import SCALES, EfficientNetSpec, efficientnet
from explorer.networks.families.mlp import MlpSpec
from explorer.networks.families.pruned import PrunedSpec
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.families.resnet_depths import (
    CIFAR,
    CIFAR_BOTTLENECK,
    IMAGENET,
    cifar,
    imagenet,
    resnext,
    wide,
)
from explorer.networks.families.vgg import CONVOLUTIONS, VggSpec
from explorer.networks.spec import NetworkSpec

FAMILIES: dict[str, type[NetworkSpec]] = {
    "imagenet": ResNetSpec,
    "cifar": ResNetSpec,
    "vgg": VggSpec,
    "densenet": DenseNetSpec,
    "efficientnet": EfficientNetSpec,
    "mlp": MlpSpec,
    "pruned": PrunedSpec,
}
"""What files call a family."""


def _resnets() -> dict[str, NetworkSpec]:
    found = {f"resnet{depth}": imagenet(depth) for depth in IMAGENET}
    found |= {f"resnet{depth}": cifar(((depth - 2) // 6,) * 3, "basic") for depth in CIFAR}
    found |= {f"resnet{depth}": cifar(((depth - 2) // 9,) * 3, "bottleneck") for depth in CIFAR_BOTTLENECK}
    for depth in (110, 164, 1001, 200):
        found[f"preresnet{depth}"] = found[f"resnet{depth}"].with_(order="pre-activation")
    found |= {f"resnet{depth}_v1": imagenet(depth).with_(stride_place="1x1") for depth in (50, 101, 152)}
    for order in ("bn-after", "relu-before", "relu-only"):
        found[f"resnet110_{order.replace('-', '_')}"] = found["resnet110"].with_(order=order)
    for variant in ("scale", "scale-both", "exclusive-gate", "shortcut-gate", "dropout"):
        found[f"resnet110_{variant.replace('-', '_')}"] = found["resnet110"].with_(variant=variant)
    found["resnet110_conv_shortcut"] = found["resnet110"].with_(shortcut="C")
    found |= {f"plain{depth}": found[f"resnet{depth}"].twin() for depth in (20, 56, 18, 34)}
    return {**found}


def _relatives() -> dict[str, NetworkSpec]:
    bottlenecks = {depth: imagenet(depth) for depth in (50, 101)}
    found: dict[str, NetworkSpec] = {
        f"wide_resnet{depth}_2": spec.with_(base_width=128) for depth, spec in bottlenecks.items()
    }
    found |= {f"wrn{depth}_{widening}": wide(depth, widening) for depth, widening in ((16, 4), (28, 10), (40, 4))}
    for depth, groups, width in ((50, 32, 4), (101, 32, 8), (101, 64, 4), (29, 8, 64)):
        found[f"resnext{depth}_{groups}x{width}d"] = resnext(depth, groups, width)
    return found


def _vggs() -> dict[str, NetworkSpec]:
    found = {f"vgg{layers}": VggSpec(layers) for layers in CONVOLUTIONS}
    return {**found, **{f"{name}_bn": spec.with_(norm=True) for name, spec in found.items()}}


def _dense() -> dict[str, NetworkSpec]:
    found = {f"densenet{depth}": dense_imagenet(depth) for depth in DENSE}
    return {**found, "densenet40_12": dense(40, 12), "densenet_bc100_12": dense(100, 12, bottleneck=True)}


def _mlps() -> dict[str, NetworkSpec]:
    residual = {f"mlp{depth}_{width}": MlpSpec(depth, width) for depth, width in ((8, 128), (20, 64), (56, 64))}
    return {**residual, **{f"plain_{name}": spec.twin() for name, spec in residual.items()}}


PRESETS: dict[str, NetworkSpec] = {
    **_resnets(),
    **_relatives(),
    "vgg_narrow": ResNetSpec(
        "cifar", (5, 4, 4), "layer", "none", side=32, classes=10, width=64, widths="same", downsampling="pool"
    ),
    **_vggs(),
    **_dense(),
    **{f"efficientnet_b{scale}": efficientnet(scale) for scale in range(len(SCALES))},
    **_mlps(),
}
"""Every network that has a name, in the order in which menus show them."""


def find(name: str) -> NetworkSpec:
    """A preset by name, another network that a family knows by name (`wrn16_8`), a spec's JSON file by path, or the
    JSON itself.

    Raises:
        UserError: none of them; the nearest names are offered.
    """
    if name.lstrip().startswith("{"):
        return NetworkSpec.from_json(name)
    path = Path(name)
    # Unlike Path's, false for names too long to exist.
    if _preset(name) is None and (path.suffix.lower() == ".json" or os.path.isfile(name)):
        return NetworkSpec.load(path)
    spec = named(name)
    if spec is not None:
        return spec
    if not name.strip():
        raise UserError("A network's name is empty; give one that `python main.py list` shows, or a spec's JSON file.")
    names = nearest(name)
    raise UserError(
        "There is no network named {name}; {offer}, or give a spec's JSON file.",
        name=shown(name),
        offer=f"the nearest are {', '.join(names)}" if names else "give one that `python main.py list` shows",
    )  # fmt: skip


def named(name: str) -> NetworkSpec | None:
    """A preset, or another network that a family knows by name; None where there is none.

    Raises:
        SpecError: a family knows the kind of name, but there is no such network.
    """
    preset = _preset(name)
    if preset is not None:
        return preset
    normal = _normal(name)
    found = (family.named(normal) for family in dict.fromkeys(FAMILIES.values()))
    return next((spec for spec in found if spec is not None), None)


def nearest(name: str) -> tuple[str, ...]:
    """Names of presets that are like one, at most five: those that begin with it, then the nearest in spelling."""
    typed, known = _squeezed(name), {_squeezed(preset): preset for preset in PRESETS}
    begun = [preset for preset in known if typed and preset.startswith(typed)]
    near = dict.fromkeys([*begun, *get_close_matches(typed, known, 5, 0.5)])
    return tuple(known[preset] for preset in near)[:5]


def _preset(name: str) -> NetworkSpec | None:
    return _by_name().get(_squeezed(name))


@cache
def _by_name() -> dict[str, NetworkSpec]:
    """The presets under their names, and under what people call them where that is the name of no other."""
    called = {_squeezed(spec.name): spec for spec in reversed(PRESETS.values())}
    return called | {_squeezed(name): spec for name, spec in PRESETS.items()}


_SEPARATORS = str.maketrans({"-": "_", " ": "_", ",": "_", "(": "_", ")": "_", "×": "x"})
"""What people write between the parts of a name: `ResNeXt-29, 8×64d`."""


def _parts(name: str) -> list[str]:
    return [part for part in name.lower().translate(_SEPARATORS).split("_") if part]


def _squeezed(name: str) -> str:
    """A name without what people write differently."""
    return "".join(_parts(name))


def _normal(name: str) -> str:
    """A name in small letters, one `_` between two numbers and nothing between a word and a number."""
    parts = _parts(name)
    return "".join(
        f"_{part}" if part[0].isdigit() and before and before[-1].isdigit() else part
        for before, part in zip(["", *parts], parts, strict=False)
    )


def first_of(family: str) -> NetworkSpec | None:
    """The preset that a family starts from; None where it has none."""
    return next((spec for spec in PRESETS.values() if spec.family == family), None)


def preset_name(spec: NetworkSpec) -> str | None:
    """The preset that a spec is, apart from its input and its classes; None where it is none."""
    for name, preset in PRESETS.items():
        if preset.same_architecture(spec):
            return name
    return None
