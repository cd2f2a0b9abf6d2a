"""Weights of every kind, from a reference to a state dict: untrained, bundled, torchvision's, a person's own."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchvision.models import WeightsEnum, get_model_weights, list_models
from torchvision.transforms import InterpolationMode

from explorer.engine.checkpoints import Checkpoint, read_checkpoint, read_header
from explorer.engine.downloads import Checksum, download
from explorer.engine.fitting import adaptation, broken_values, fit_state
from explorer.engine.images import default_preprocessing
from explorer.engine.recognising import described
from explorer.engine.records import UNTRAINED, Preprocessing, Step, WeightsInfo, WeightsKind, WeightsRef
from explorer.engine.resources import bundled_weights
from explorer.engine.training_files import trained_info
from explorer.engine.words import listed
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.checks import SpecError
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Joined, Sentence

State = dict[str, Tensor]
Resolved = tuple[WeightsInfo, State]
_OFFERED = frozenset(list_models())
_PRESETS = {name: spec for name, spec in PRESETS.items() if name in _OFFERED}
"""The networks that torchvision has weights for."""
_CHUNK = 1 << 24


# -- what there is -----------------------------------------------------------------------------------------------


def untrained(spec: NetworkSpec) -> WeightsInfo:
    """No weights: the network as initialised."""
    return WeightsInfo(
        UNTRAINED, Sentence("Untrained"), spec, generic_classes(spec.classes), default_preprocessing(spec)
    )


def bundled() -> list[WeightsInfo]:
    """All weights that come with the program, for whichever network; a damaged file is left out."""
    infos = []
    for path in bundled_weights():
        try:
            infos.append(_bundled_info(path))
        except UserError:
            continue
    return infos


def _bundled_info(path: Path) -> WeightsInfo:
    spec, classes, preprocessing = _from_header(read_header(path), path.name)
    accuracy, command = _card(path.with_suffix(".json"))
    title = "Fashion-MNIST" if path.stem.endswith("fashion-mnist") else path.stem
    if accuracy is not None:
        title = _with_accuracy(title, accuracy)
    source = Sentence("Trained with this program")
    if command:
        source = Sentence("Trained with this program: {command}", command=command)
    ref = WeightsRef(WeightsKind.BUNDLED, path.stem)
    return WeightsInfo(ref, title, spec, classes, preprocessing, accuracy, source)


def _card(path: Path) -> tuple[float | None, str]:
    """Accuracy on the test images and command, as far as the card tells."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        return float(card["test"]["accuracy"]), str(card["command"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, ""


@lru_cache(maxsize=1)
def torchvision_weights() -> tuple[WeightsInfo, ...]:
    """Every entry of torchvision's weights enums for the networks of this program."""
    return tuple(_torchvision_info(name, entry) for name, entry in _entries())


def _entries() -> Iterator[tuple[str, WeightsEnum]]:
    """Pairs of preset and entry. One of VGG-16's entries has no classifier, and is left out."""
    for name in _PRESETS:
        yield from ((name, entry) for entry in get_model_weights(name) if entry.meta["categories"] is not None)


def _torchvision_info(name: str, entry: WeightsEnum) -> WeightsInfo:
    transforms = entry.transforms()
    crop = transforms.crop_size[0]
    preprocessing = Preprocessing(
        channels=3,
        resize=transforms.resize_size[0],
        crop=crop,
        mean=tuple(transforms.mean),
        std=tuple(transforms.std),
        interpolation=InterpolationMode(transforms.interpolation).value,
    )
    accuracy = entry.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100
    classes = tuple(entry.meta["categories"])
    return WeightsInfo(
        WeightsRef(WeightsKind.TORCHVISION, str(entry)),
        _with_accuracy(f"ImageNet {entry.name.rpartition('_')[2]}", accuracy),
        _PRESETS[name].with_(side=crop, classes=len(classes)),
        classes,
        preprocessing,
        accuracy,
        Sentence(
            "torchvision's {name}; accuracy on ImageNet's 50,000 validation images, as published with it",
            name=str(entry),
        ),
    )


def _with_accuracy(name: str, share: float) -> Sentence:
    return Sentence("{name} · {share:.1f} %", name=name, share=100 * share)


def generic_classes(count: int) -> tuple[str, ...]:
    """`class 0`, `class 1` …"""
    return tuple(f"class {index}" for index in range(count))


# -- names -------------------------------------------------------------------------------------------------------


def parse_ref(text: str, spec: NetworkSpec) -> WeightsRef:
    """What a person means by a name: `untrained`, `fashion-mnist`, `imagenet` (torchvision's best for the network), a
    weights enum's name (`ResNet50_Weights.IMAGENET1K_V2`, or the part after the dot), or a file.

    Raises:
        UserError: nothing of that name, or nothing for this network.
    """
    key = text.strip().lower()
    if key == "untrained":
        return UNTRAINED
    if key == "fashion-mnist":
        return _chosen([info for info in bundled() if info.ref.value.endswith("fashion-mnist")], spec, "Fashion-MNIST")
    for info in bundled():
        if key == info.ref.value.lower():
            return info.ref
    if key in ("imagenet", "default") or key.startswith("imagenet1k_"):
        infos = [info for info in torchvision_weights() if key in ("imagenet", "default") or _ends(info, key)]
        return _chosen(infos, spec, text.strip().upper() if key.startswith("imagenet1k_") else "ImageNet")
    for info in torchvision_weights():
        if key == info.ref.value.lower():
            return info.ref
    if key and _exists(text):
        return WeightsRef(WeightsKind.FILE, str(Path(text).expanduser()))
    raise UserError(
        "There are no weights named “{text}”: give untrained, fashion-mnist, imagenet, the name of a torchvision "
        "weights enum such as ResNet50_Weights.IMAGENET1K_V2, or a file.",
        text=text,
    )


def _exists(text: str) -> bool:
    try:
        return Path(text).expanduser().exists()
    except (OSError, RuntimeError):  # No path at all, such as one of an unknown person or of a thousand letters.
        return False


def _ends(info: WeightsInfo, key: str) -> bool:
    return info.ref.value.lower().endswith("." + key)


def _chosen(infos: list[WeightsInfo], spec: NetworkSpec, what: str) -> WeightsRef:
    """The last that fits the network, which is the newest."""
    fitting = [info.ref for info in infos if info.spec.same_architecture(spec)]
    if fitting:
        return fitting[-1]
    if not infos:
        raise UserError("There are no {what} weights; give untrained, or a file.", what=what)
    namesake = next((info.spec for info in infos if info.spec.name == spec.name), None)
    if namesake is not None:
        raise UserError(
            "There are {what} weights for {other}, not for this {network}: choose that network.",
            what=what, other=described(namesake, spec), network=described(spec, namesake),
        )  # fmt: skip
    near = [info for info in infos if type(info.spec) is type(spec)]
    raise UserError(
        "There are no {what} weights for {network}: there are for {names}.",
        what=what, network=spec.name, names=listed(list(dict.fromkeys(info.spec.name for info in near or infos))),
    )  # fmt: skip


# -- getting them ------------------------------------------------------------------------------------------------


def resolve(ref: WeightsRef, spec: NetworkSpec) -> Generator[Step, None, Resolved]:
    """Get weights for a network; the job's return value is what they bring and the state dict, on the CPU.

    The state dict is complete and fits `build(info.spec)`; it is empty for untrained weights, which `build` draws.

    Raises:
        UserError: they don't fit the network, or can't be found, downloaded or read.
    """
    if ref.kind is WeightsKind.UNTRAINED:
        return untrained(spec), {}
    if ref.kind is WeightsKind.BUNDLED:
        return (yield from _resolve_bundled(ref, spec))
    if ref.kind is WeightsKind.TORCHVISION:
        return (yield from _resolve_torchvision(ref, spec))
    return (yield from _resolve_file(ref, spec))


def _adapted(info: WeightsInfo, spec: NetworkSpec) -> WeightsInfo:
    """The same for a network of the same architecture, saying what changes."""
    ends = {name: getattr(info.spec, name) for name in ("in_channels", "side", "classes")}
    words = [words for words in (adaptation(spec, info.spec), info.adapted) if words]
    return replace(info, spec=spec.with_(**ends), adapted=words[0] if len(words) == 1 else Joined(" ", words))


def _check_architecture(info: WeightsInfo, spec: NetworkSpec, name: str) -> None:
    if not info.spec.same_architecture(spec):
        raise UserError(
            "{name} are weights of {other}, not of {network}: choose that network.",
            name=name, other=described(info.spec, spec), network=described(spec, info.spec),
        )  # fmt: skip


def _resolve_bundled(ref: WeightsRef, spec: NetworkSpec) -> Generator[Step, None, Resolved]:
    path = next((path for path in bundled_weights() if path.stem == ref.value), None)
    if path is None:
        raise UserError("No weights {name} come with this program; choose others.", name=ref.value)
    info = _bundled_info(path)
    _check_architecture(info, spec, path.name)
    yield Step(None, Sentence("Reading {name}", name=path.name))
    info = _adapted(info, spec)
    _, state = fit_state(read_checkpoint(path).state, info.spec, path.name)
    return info, state


def _resolve_torchvision(ref: WeightsRef, spec: NetworkSpec) -> Generator[Step, None, Resolved]:
    info = next((info for info in torchvision_weights() if info.ref == ref), None)
    if info is None:
        raise UserError(
            "torchvision has no weights {name} for a network of this program; choose others.", name=ref.value
        )
    _check_architecture(info, spec, ref.value)
    name, _, version = ref.value.partition(".")
    entry = next(entry for _, entry in _entries() if str(entry) == ref.value)
    path = yield from _cached_or_downloaded(str(entry.url), f"{name.removesuffix('_Weights')} {version}")
    yield Step(None, Sentence("Reading {name}", name=path.name))
    info = _adapted(info, spec)
    _, state = fit_state(read_checkpoint(path).state, info.spec, path.name)
    return info, state


def _cached_or_downloaded(url: str, title: str) -> Generator[Step, None, Path]:
    """The file in torch's cache, where torch.hub keeps it too, by its name; the name ends with the beginning of its
    SHA-256. One that doesn't fit its name is fetched anew."""
    name = url.rpartition("/")[2]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    beginning = name.rpartition("-")[2].partition(".")[0]
    if path.is_file() and (yield from _sha256(path)).startswith(beginning):
        return path
    return (yield from download(url, path, Checksum("sha256", beginning), title))


def _sha256(path: Path) -> Generator[Step, None, str]:
    """A file's digest; empty where it can't be read."""
    digest = hashlib.sha256()
    try:
        size = max(1, path.stat().st_size)
        done = 0
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                done += len(chunk)
                yield Step(min(1.0, done / size), Sentence("Checking {name}", name=path.name))
    except OSError:
        return ""
    return digest.hexdigest()


def _resolve_file(ref: WeightsRef, spec: NetworkSpec) -> Generator[Step, None, Resolved]:
    path = Path(ref.value)
    yield Step(None, Sentence("Reading {name}", name=path.name))
    checkpoint = read_checkpoint(path)
    yield Step(None, Sentence("Comparing {name} with the network", name=path.name))
    info, state = _fitted_file(ref, spec, path, checkpoint)
    remarks = [remark for remark in (info.adapted, broken_values(state, path.name)) if remark]
    return replace(info, adapted=remarks[0] if len(remarks) == 1 else Joined(" ", remarks)), state


def _fitted_file(ref: WeightsRef, spec: NetworkSpec, path: Path, checkpoint: Checkpoint) -> Resolved:
    if "spec" in checkpoint.header:
        own, classes, preprocessing = _from_header(checkpoint.header, path.name)
        source = Sentence("{path}, trained with this program", path=path)
        info = trained_info(path) or WeightsInfo(ref, path.stem, own, classes, preprocessing, source=source)
        info = replace(info, ref=ref, title=path.stem, spec=own, classes=classes, preprocessing=preprocessing)
        _check_architecture(info, spec, path.name)
        info = _adapted(info, spec)
        _, state = fit_state(checkpoint.state, info.spec, path.name)
        return info, state
    fitted, state = fit_state(checkpoint.state, spec, path.name)
    known = _same_as_torchvision(path.name, fitted)
    if known is not None:
        source = Sentence("{path}, which has the name of {weights}", path=path, weights=known.ref.value)
        return replace(_adapted(known, spec), ref=ref, source=source), state
    classes, words = _likely_classes(fitted)
    info = WeightsInfo(
        ref, path.stem, fitted, classes, default_preprocessing(fitted),
        source=Sentence(words, path=path), adapted=adaptation(spec, fitted),
    )  # fmt: skip
    return info, state


def _same_as_torchvision(name: str, spec: NetworkSpec) -> WeightsInfo | None:
    """torchvision's weights, where a file of the same name was opened for the network they are for."""
    for _, entry in _entries():
        if str(entry.url).endswith("/" + name):
            info = next(info for info in torchvision_weights() if info.ref.value == str(entry))
            fits = info.spec.same_architecture(spec) and info.spec.classes == spec.classes
            return info if fits and info.spec.in_channels == spec.in_channels else None
    return None


def _likely_classes(spec: NetworkSpec) -> tuple[tuple[str, ...], str]:
    """A bare checkpoint's classes: a thousand outputs on colour pictures are ImageNet's, others have no names. With
    the template of a remark on that."""
    if spec.large and (spec.in_channels, spec.classes) == (3, 1000):
        words = "{path}; the classes' names are ImageNet's, which its 1,000 outputs suggest"
        return torchvision_weights()[0].classes, words
    return generic_classes(spec.classes), "{path}"


# -- the header of this program's own files -----------------------------------------------------------------------


def _from_header(header: dict[str, str], name: str) -> tuple[NetworkSpec, tuple[str, ...], Preprocessing]:
    """Spec, classes and preprocessing, as explorer.engine.cards writes them.

    Raises:
        UserError: something is missing or can't be.
    """
    try:
        spec = NetworkSpec.from_json(header["spec"])
        classes = json.loads(header["classes"])
        preprocessing = _preprocessing(json.loads(header["preprocessing"]))
        if not isinstance(classes, list) or not all(isinstance(label, str) for label in classes):
            raise ValueError("its classes are no list of names")
        if len(classes) != spec.classes:
            raise ValueError(f"it names {len(classes)} classes for {spec.classes} outputs")
        if (preprocessing.channels, preprocessing.side) != (spec.in_channels, spec.side):
            raise ValueError("its preprocessing makes another input than the network takes")
    except SpecError as error:
        raise _bad_header(name, str(error).rstrip(".")) from None
    except KeyError as error:
        raise _bad_header(name, f"it lacks {error}") from None
    except (ValueError, TypeError, RecursionError) as error:
        raise _bad_header(name, str(error)) from None
    return spec, tuple(classes), preprocessing


def _bad_header(name: str, reason: str) -> UserError:
    return UserError(
        "The header of {name}, which names its network, can't be used: {reason}.", name=name, reason=reason
    )


def _preprocessing(values: Any) -> Preprocessing:
    """From JSON, each value checked, since the file may be anyone's."""
    if not isinstance(values, dict):
        raise ValueError("its preprocessing is no set of values")
    mean, std = (tuple(float(number) for number in values.pop(key)) for key in ("mean", "std"))
    made = Preprocessing(**values, mean=mean, std=std)
    sizes = (made.channels, made.resize, made.crop)
    if not all(_whole(size, 1) for size in sizes) or not _whole(made.enlarge, 0):
        raise ValueError("a size in its preprocessing is no whole number that can be used")
    colours = 1 if made.grey else 3
    if len(mean) not in (1, colours) or len(std) not in (1, colours) or not all(map(math.isfinite, mean + std)):
        raise ValueError("the means and deviations in its preprocessing are not usable")
    if min(std) <= 0 or made.interpolation not in ("bilinear", "bicubic", "nearest"):
        raise ValueError("the deviations or the interpolation in its preprocessing are not usable")
    return made


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= 4096
