"""What the window's training runs leave in their folder, read without torch.

NAME.safetensors, .json and .csv are the last weights, their card and the log; NAME-best the best ones, where others.
While a run is not finished there are NAME.state, from which it goes on, and NAME.run, which says what it is.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from explorer.engine.records import UNTRAINED, DataRef, Preprocessing, WeightsInfo, WeightsKind, WeightsRef, wilson
from explorer.engine.training_records import Recipe, TrainingRequest, Unfinished
from explorer.engine.writing import whole_file
from explorer.errors import UserError
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

FORMAT, VERSION = "resnet-explorer training", 1
BEST = "-best"
_NUMBER = re.compile(r"-(\d+)(-best)?$")
_KEPT_STATES = 10
_LARGEST = 1 << 20
"""Bytes of a card or record: none of ours has more than a few thousand."""
_DAMAGE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError, UserError,
)  # fmt: skip
"""What a file that anyone may have written can raise when it is read as one of ours."""


# -- weights -----------------------------------------------------------------------------------------------------


def trained(folder: Path) -> tuple[WeightsInfo, ...]:
    """The weights that the window trained, the last written first; what can't be read is passed over."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder.glob("*.safetensors"):
            info = trained_info(path)
            with contextlib.suppress(OSError):
                if info is not None:
                    found.append((path.stat().st_mtime, path.stem, info))
    return tuple(info for _, _, info in sorted(found, key=lambda entry: (-entry[0], entry[1])))


def trained_info(path: Path) -> WeightsInfo | None:
    """What the card beside a weights file says; None where it is not of a network that the window trained."""
    try:
        card = _read(path.with_suffix(".json"))
        if card.get("format") != FORMAT:
            return None
        return _info(path, card)
    except _DAMAGE:
        return None


def own_title(ref: WeightsRef, folder: Path | None) -> str | None:
    """How weights are called that lie where the window's own runs are kept; None for all others.

    Args:
        ref: the weights.
        folder: of the runs.
    """
    if folder is None or ref.kind is not WeightsKind.FILE:
        return None
    path = Path(ref.value)
    if os.path.realpath(path.parent) != os.path.realpath(folder):
        return None
    info = trained_info(path)
    return None if info is None else info.title


def _read(path: Path) -> Any:
    """What a card or a record holds.

    Raises:
        ValueError: it is no file, or far too large for one of ours.
    """
    if not path.is_file() or path.stat().st_size > _LARGEST:
        raise ValueError(f"{path} is none of ours")
    return json.loads(path.read_text(encoding="utf-8"))


def _info(path: Path, card: dict[str, Any]) -> WeightsInfo:
    values = card["preprocessing"]
    preprocessing = Preprocessing(**{**values, "mean": tuple(values["mean"]), "std": tuple(values["std"])})
    figure, words = _figure(card)
    title = _title(path, card)
    if figure is not None:
        title = Sentence("{name} · {share:.1f} %", name=title, share=100 * figure)
    return WeightsInfo(
        WeightsRef(WeightsKind.FILE, str(path)),
        title,
        NetworkSpec.from_json(json.dumps(card["spec"])),
        tuple(map(str, card["classes"])),
        preprocessing,
        figure,
        Sentence(
            "{data}; {epochs:.4g} of {all} epochs, batch {batch}, learning rate {rate:g}, seed {seed}. {figure}",
            data=str(card["data"]), epochs=_finite(card["epochs_done"]), all=int(card["epochs"]),
            batch=int(card["recipe"]["batch"]), rate=_finite(card["recipe"]["rate"]), seed=int(card["seed"]),
            figure=words,
        ),
        _remark(card),
    )  # fmt: skip


def _finite(value: Any) -> float:
    """A number that can be shown.

    Raises:
        ValueError: it is none.
    """
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is no finite number")
    return number


def _title(path: Path, card: dict[str, Any]) -> Sentence:
    found = _NUMBER.search(path.stem)
    number = int(found[1]) if found else 1
    if card["kind"] == "last":
        if number == 1:
            return Sentence("My training, last weights")
        return Sentence("My training {number}, last weights", number=number)
    return Sentence("My training") if number == 1 else Sentence("My training {number}", number=number)


def _figure(card: dict[str, Any]) -> tuple[float | None, Sentence]:
    """The share that stands in the menu, and what it is a share of."""
    for kind, words in (
        ("test", "{correct:,} of {images:,} test images right, 95 % interval {low:.1f} to {high:.1f} %."),
        ("validation", "{correct:,} of {images:,} held-out images right, 95 % interval {low:.1f} to {high:.1f} %."),
    ):
        if card.get(kind) is not None:
            correct, images = int(card[kind]["correct"]), int(card[kind]["images"])
            if not (0 <= correct <= images and images > 0):
                raise ValueError(f"{correct} of {images} can't be right")
            low, high = wilson(correct, images)
            shares = {"low": 100 * low, "high": 100 * high}
            return correct / images, Sentence(words, correct=correct, images=images, **shares)
    return None, Sentence("Its accuracy was not measured.")


def _remark(card: dict[str, Any]) -> str:
    seen = int(card.get("bundled_images_seen", 0))
    if not seen:
        return ""
    return Sentence(
        "These weights were trained on {count:,} of the 2,000 bundled images, so an accuracy measured on those is too "
        "high.",
        count=seen,
    )


# -- runs that are not finished ------------------------------------------------------------------------------------


def new_name(folder: Path, spec: NetworkSpec) -> str:
    """A name for a run's files: of the network, with the first number that no file has."""
    network = re.sub(r"[^a-z0-9]+", "-", spec.name.lower()).strip("-")[:60] or "network"
    number = 1
    while any(folder.glob(f"{network}-{number}.*")) or any(folder.glob(f"{network}-{number}{BEST}.*")):
        number += 1
    return f"{network}-{number}"


def state_path(request: TrainingRequest) -> Path:
    return request.folder / f"{request.name}.state"


def write_run(request: TrainingRequest, fraction: float, epoch: int) -> None:
    """Say what a run is and how far, for whoever takes it up.

    Raises:
        UserError: the file can't be written.
    """
    values = {
        "format": FORMAT,
        "version": VERSION,
        "spec": json.loads(request.spec.to_json()),
        "device": request.device,
        "data": asdict(request.data),
        "images": request.images,
        "recipe": asdict(request.recipe),
        "smaller": request.smaller,
        "fraction": fraction,
        "epoch": epoch,
    }
    with whole_file(request.folder / f"{request.name}.run") as unfinished:
        unfinished.write_text(json.dumps(values), encoding="utf-8")


def unfinished(folder: Path) -> tuple[Unfinished, ...]:
    """The runs that can be taken up again, the last saved first; what can't be read is passed over."""
    return tuple(sorted(_unfinished(folder), key=lambda run: -run.saved))


def _unfinished(folder: Path) -> Iterator[Unfinished]:
    for path in folder.glob("*.run"):
        try:
            values = _read(path)
            if (values["format"], values["version"]) != (FORMAT, VERSION):
                continue
            request = TrainingRequest(
                NetworkSpec.from_json(json.dumps(values["spec"])), UNTRAINED, str(values["device"]),
                data=DataRef(**values["data"]), images=values["images"], recipe=Recipe(**values["recipe"]),
                smaller=bool(values["smaller"]), folder=folder, name=path.stem, resume=True,
            )  # fmt: skip
            fraction, epoch = _finite(values["fraction"]), int(values["epoch"])
            if not (0 <= fraction <= 1 and epoch >= 1):
                continue
            yield Unfinished(request, fraction, epoch, state_path(request).stat().st_mtime)
        except _DAMAGE:
            continue


def discard(request: TrainingRequest) -> None:
    """Throw away what a run would go on from; weights that it has left stay.

    Raises:
        UserError: a file can't be removed.
    """
    for path in (state_path(request), request.folder / f"{request.name}.run"):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(
                "{path} can't be removed: {reason}.", path=path, reason=error.strerror or str(error)
            ) from None


def make_room(folder: Path, spare: str) -> None:
    """Throw away the oldest unfinished runs where there are many.

    Args:
        folder: of the runs.
        spare: name of the one that stays in any case.
    """
    others = [run for run in unfinished(folder) if run.request.name != spare]
    for run in others[_KEPT_STATES - 1 :]:
        discard(replace(run.request))
