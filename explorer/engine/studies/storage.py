"""Keeping a study that is not finished in a file, and taking it up again.

One `.npz` without pickles: a JSON `header` (see `explorer.engine.study_files`) and the answers so far, end to end. The
header's `identity` is what the answers depend on; a file whose identity is another is refused and left as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from explorer.engine.datasets import LabelledImages
from explorer.engine.folders import FolderImages
from explorer.engine.modules import Network
from explorer.engine.records import Step
from explorer.engine.studies.scores import Answers
from explorer.engine.study_files import FORMAT, VERSION, read
from explorer.engine.study_records import Latency, StudyRequest
from explorer.engine.writing import whole_file
from explorer.errors import UserError
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

_FILES_A_STEP = 500
_BYTES_A_STEP = 1 << 23
_DIFFERENT = {
    "spec": "another network",
    "weights": "other weights",
    "images": "other images",
    "kind": "another kind",
    "draws": "other blocks, repeats or numbers of them",
    "arithmetic": "another arithmetic",
    "reestimate": "other batch norm statistics",
}
"""Part of an identity -> in words, what the study in the file is of; the first that differs is told."""


@dataclass(frozen=True, eq=False)
class Saved:
    """A study from a file.

    Attributes:
        header: as it was saved.
        answers: under the keys of their lesions.
    """

    header: dict[str, Any]
    answers: dict[str, Answers]


# -- what a study depends on -------------------------------------------------------------------------------------


def identity(request: StudyRequest, spec: NetworkSpec, weights: str, images: str) -> dict[str, Any]:
    """What the answers of a study depend on, but for the device.

    Args:
        request: which study.
        spec: the network as the weights need it.
        weights, images: from `weights_digest` and `images_digest`.
    """
    drawn = request.kind in ("random", "reorder")
    return {
        "spec": json.loads(spec.to_json()),
        "weights": weights,
        "images": images,
        "kind": request.kind,
        "draws": [request.seeds if drawn else None, request.most, request.downsampling],
        "arithmetic": "fast" if request.fast else "exact",
        "reestimate": request.reestimate,
    }


def weights_digest(network: Network) -> Generator[Step, None, str]:
    """A digest of the state dict."""
    digest = hashlib.sha256()
    hashed = 0
    for key, value in network.state_dict().items():
        digest.update(f"{key} {tuple(value.shape)} {value.dtype}".encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        hashed += value.nbytes
        if hashed > _BYTES_A_STEP:
            yield Step(None, Sentence("Looking at the weights"))
            hashed = 0
    return digest.hexdigest()


def images_digest(data: LabelledImages, order: np.ndarray) -> Generator[Step, None, str]:
    """A digest of the images that are measured, in their order: of their numbers where they are in memory, of names,
    sizes and times where they are files."""
    digest = hashlib.sha256(order.astype(np.int64).tobytes())
    if data.labels is not None:
        digest.update(np.asarray(data.labels[order], np.int64).tobytes())
    if isinstance(data, FolderImages):
        for number, index in enumerate(order, 1):
            path = data.files[int(index)]
            try:
                status = path.stat()
                digest.update(f"{path.parent.name}/{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
            except OSError:
                digest.update(f"{path.parent.name}/{path.name}\n".encode())  # reading it will tell of it
            if number % _FILES_A_STEP == 0:
                yield Step(None, Sentence("Looking at the images"))
    else:
        array = getattr(data, "array", None)
        if array is not None:
            digest.update(np.ascontiguousarray(array[order]).tobytes())
    yield Step(None, Sentence("Looking at the images"))
    return digest.hexdigest()


# -- the file ----------------------------------------------------------------------------------------------------


def save(path: Path, header: Mapping[str, Any], answers: Mapping[str, Answers]) -> None:
    """Write a study's answers so far; the file of before stays whole until the new one is complete.

    Args:
        path: of the file.
        header: with the keys `identity`, `request` and `fraction`, and whatever else JSON can hold.
        answers: under the keys of their lesions.

    Raises:
        UserError: the file can't be written.
    """
    begun = {key: run for key, run in answers.items() if run.images}
    kept = begun.values()
    runs = [[key, run.images] for key, run in begun.items()]
    text = json.dumps({**header, "format": FORMAT, "version": VERSION, "runs": runs})
    with whole_file(path) as unfinished:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            np.savez(
                file,
                header=np.array(text),
                predictions=np.concatenate([np.empty(0, np.int32), *(run.predictions[: run.images] for run in kept)]),
                probabilities=np.concatenate(
                    [np.empty(0, np.float32), *(run.probabilities[: run.images] for run in kept)]
                ),
            )


def load(path: Path, wanted: Mapping[str, Any], total: int) -> Saved:
    """A study from its file.

    Args:
        path: of the file.
        wanted: the identity that it must have.
        total: images of the study.

    Raises:
        UserError: the file is another study's, damaged, or can't be read.
    """
    header, (predictions, probabilities) = read(path, "predictions", "probabilities")
    found = header.get("identity")
    if not isinstance(found, dict):
        raise _damaged(path)
    for part, words in _DIFFERENT.items():
        if found.get(part) != wanted[part]:
            raise UserError(
                "{path} holds a study of {what}, so this one can't go on from it: choose another file, or remove it "
                "to begin anew.",
                path=path, what=Sentence(words),
            )  # fmt: skip
    if predictions.dtype != np.int32 or probabilities.dtype != np.float32 or predictions.shape != probabilities.shape:
        raise _damaged(path)
    answers: dict[str, Answers] = {}
    begin = 0
    try:
        float(header["seconds"])
        for _, times in header.get("chosen", []):
            Latency(**times)
        for key, images in header["runs"]:
            run = answers[str(key)] = Answers(total)
            run.add(0, predictions[begin : begin + images], probabilities[begin : begin + images])
            begin += images
            if run.images != images:
                raise _damaged(path)
    except (KeyError, TypeError, ValueError):
        raise _damaged(path) from None
    return Saved(header, answers)


def _damaged(path: Path) -> UserError:
    return UserError("{path} is damaged: remove it to begin anew.", path=path)
