"""Whether a state dict fits a network, what of the network must change for it, and which network it looks like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from explorer.engine.build import build_empty
from explorer.engine.words import listed
from explorer.errors import UserError
from explorer.networks.catalog import preset_name
from explorer.networks.families.resnet import STAGES, Family, ResNetSpec, ShortcutOption
from explorer.networks.families.resnet_block import BlockKind
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Joined, Sentence

State = dict[str, Tensor]
_BLOCK = re.compile(r"^layer(\d)\.(\d{1,4})\.")
"""Stage and block; longer numbers are of no network here, and counting up to them could take for ever."""
_COUNTER = "num_batches_tracked"


@dataclass(frozen=True)
class Differences:
    """How a state dict differs from what a network needs; each entry in words."""

    missing: tuple[str, ...]
    extra: tuple[str, ...]
    misshapen: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.misshapen)


def fit_state(state: State, spec: NetworkSpec, name: str) -> tuple[NetworkSpec, State]:
    """The network with the input channels and classes of the weights, and the weights complete.

    Counters of batches that old files lack are added. Values that are no numbers stay; `broken_values` tells of them.

    Args:
        state: under this program's key names.
        spec: the network that was asked for.
        name: of the file, for errors.

    Raises:
        UserError: entries are missing, unknown or of another shape; it says which network would fit.
    """
    adapted = _with_ends_of(state, spec)
    wrong = differences(state, adapted)
    if wrong:
        other = guess(state, spec)
        if other is not None and not differences(state, other):
            raise UserError(
                "{name} looks like {other}, not like {network}: choose that network.",
                name=name, other=described(other, spec), network=described(spec, other),
            )  # fmt: skip
        raise UserError(
            "{name} does not fit {network}: {differences}.",
            name=name, network=spec.name, differences=_in_words(wrong),
        )  # fmt: skip
    negative = [key for key, value in state.items() if key.endswith("running_var") and (value.numpy() < 0).any()]
    if negative:
        raise UserError(
            "{name} holds variances below 0 in {count} of its entries ({keys}); its training went wrong or the file is "
            "damaged.",
            name=name, count=len(negative), keys=listed(negative),
        )  # fmt: skip
    return adapted, _completed(state, adapted)


def broken_values(state: State, name: str) -> str:
    """One sentence that names the entries with values that are no numbers, empty where there are none."""
    # NumPy checks in this thread; torch would wake its whole pool for each of thousands of small tensors.
    broken = [key for key, value in state.items() if not np.isfinite(value.numpy()).all()]
    if not broken:
        return ""
    words = (
        "{name} is loaded, but holds values that are no numbers (NaN or infinite) in {count:,} of its entries ({keys})."
    )
    if len(broken) == 1:
        words = "{name} is loaded, but holds values that are no numbers (NaN or infinite) in 1 of its entries ({keys})."
    return Sentence(words, name=name, count=len(broken), keys=listed(broken))


def _with_ends_of(state: State, spec: NetworkSpec) -> NetworkSpec:
    """The network with as many input channels and classes as the first and the last weight have."""
    first, last = state.get("conv1.weight"), state.get("fc.weight")
    changes = {}
    if first is not None and first.dim() == 4 and 1 <= first.shape[1] <= 512:
        changes["in_channels"] = first.shape[1]
    if last is not None and last.dim() == 2 and 2 <= last.shape[0] <= 100_000:
        changes["classes"] = last.shape[0]
    return spec.with_(**changes)


def differences(state: State, spec: NetworkSpec) -> Differences:
    """Compare names and shapes with the network's."""
    wanted = _wanted(spec)
    return Differences(
        tuple(key for key in wanted if key not in state and not key.endswith(_COUNTER)),
        tuple(key for key in state if key not in wanted),
        tuple(
            Sentence("{key} is {shape} instead of {wanted}", key=key, shape=_shape(state[key]), wanted=_shape(value))
            for key, value in wanted.items()
            if key in state and state[key].shape != value.shape
        ),
    )


@lru_cache(maxsize=4)
def _wanted(spec: NetworkSpec) -> State:
    """The network's state dict on the meta device: names, shapes and types."""
    return dict(build_empty(spec).state_dict())


def _completed(state: State, spec: NetworkSpec) -> State:
    none = torch.zeros((), dtype=torch.long)
    wanted = _wanted(spec)
    return {key: state.get(key, none).reshape(value.shape).to(value.dtype) for key, value in wanted.items()}


# -- which network it looks like ---------------------------------------------------------------------------------


def guess(state: State, like: NetworkSpec) -> NetworkSpec | None:
    """The network whose weights these seem to be, from names and shapes; None where there is none.

    What the weights don't tell (the input side, the place of the stride) is taken from `like`.
    """
    stem, first, last = (state.get(key) for key in ("conv1.weight", "layer1.0.conv1.weight", "fc.weight"))
    if stem is None or first is None or last is None or stem.dim() != 4 or first.dim() != 4 or last.dim() != 2:
        return None
    family: Family = "imagenet" if stem.shape[2] == 7 else "cifar"
    positions = [(int(found[1]), int(found[2])) for found in map(_BLOCK.match, state) if found]
    blocks = tuple(
        max((position for stage, position in positions if stage == number), default=-1) + 1
        for number in range(1, max(stage for stage, _ in positions) + 1)
    )
    if len(blocks) != STAGES[family]:
        return None
    kind: BlockKind = "layer"
    if "layer1.0.conv2.weight" in state:
        kind = "bottleneck" if "layer1.0.conv3.weight" in state else "basic"
    try:
        guessed = ResNetSpec(
            family,
            blocks,
            kind,
            "none" if kind == "layer" else _guess_shortcut(state, blocks),
            like.stride_place if isinstance(like, ResNetSpec) else "3x3",
            stem.shape[1],
            like.side,
            last.shape[0],
            first.shape[0],
            "pre-activation" if "bn.weight" in state else "original",
        )
        if last.shape[1] == first.shape[0] and kind == "layer":  # one width: max pools halve the map, as in VGG
            return guessed.with_(widths="same", downsampling="pool")
        return guessed
    except UserError:
        return None


def _guess_shortcut(state: State, blocks: Sequence[int]) -> ShortcutOption:
    def projects(stage: int, position: int) -> bool:
        return f"layer{stage}.{position}.downsample.0.weight" in state

    if not projects(2, 0):
        return "A"
    basic = "layer1.0.conv3.weight" not in state
    later = [(stage, 1) for stage, count in enumerate(blocks, 1) if count > 1]
    # Only option C has projections where the shape stays.
    keeps_shape = ([(1, 0)] if basic else []) + later
    return "C" if keeps_shape and all(projects(*place) for place in keeps_shape) else "B"


def described(spec: NetworkSpec, other: NetworkSpec) -> str:
    """A network's name, with what else tells it from another of the same name."""
    facts: list[str] = []
    if not isinstance(spec, ResNetSpec) or not isinstance(other, ResNetSpec):
        return spec.name
    if spec.family != other.family:
        facts.append(Sentence("the ImageNet family" if spec.family == "imagenet" else "the CIFAR family"))
    if spec.blocks != other.blocks and (spec.depth == other.depth or preset_name(spec) is None):
        facts.append(Sentence("{blocks} blocks", blocks="-".join(map(str, spec.blocks))))
    if spec.block != other.block and spec.depth == other.depth:
        facts.append(Sentence("basic blocks" if spec.block == "basic" else "bottleneck blocks"))
    if spec.shortcut != other.shortcut and not (spec.plain or other.plain):
        facts.append(Sentence("shortcut option {option}", option=spec.shortcut))
    if spec.stride_place != other.stride_place and spec.block == "bottleneck":
        facts.append(Sentence("the stride on the {place}", place=spec.stride_place))
    if spec.width != other.width:
        facts.append(Sentence("width {width}", width=spec.width))
    return Sentence("{network} ({facts})", network=spec.name, facts=Joined(", ", facts)) if facts else spec.name


# -- words -------------------------------------------------------------------------------------------------------


def adaptation(asked: NetworkSpec, got: NetworkSpec) -> str:
    """One sentence on what the weights changed of the network, empty where nothing."""
    if asked.input_shape != got.input_shape:
        words = "The network was adapted to the weights: its input is now {input} instead of {old_input}."
        if asked.classes != got.classes:
            words = (
                "The network was adapted to the weights: its input is now {input} instead of {old_input} and it has "
                "{classes:,} classes instead of {old_classes:,}."
            )
    elif asked.classes != got.classes:
        words = "The network was adapted to the weights: it has {classes:,} classes instead of {old_classes:,}."
    else:
        return ""
    return Sentence(
        words,
        input=_times(got.input_shape), old_input=_times(asked.input_shape),
        classes=got.classes, old_classes=asked.classes,
    )  # fmt: skip


def _in_words(wrong: Differences) -> str:
    kinds = (
        (wrong.missing, "1 entry is missing ({keys})", "{count:,} entries are missing ({keys})"),
        (wrong.extra, "1 entry is unknown ({keys})", "{count:,} entries are unknown ({keys})"),
        (wrong.misshapen, "1 entry is of another shape ({keys})", "{count:,} entries are of another shape ({keys})"),
    )
    return Joined(
        ", ",
        [
            Sentence(one if len(keys) == 1 else several, count=len(keys), keys=listed(keys))
            for keys, one, several in kinds
            if keys
        ],
    )


def _shape(value: Tensor) -> str:
    return _times(tuple(value.shape)) if value.dim() else Sentence("a single number")


def _times(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
