"""How a study was done, in a command line that repeats it, in a table and in sentences."""

from __future__ import annotations

import json
import platform
import shlex
from dataclasses import dataclass

import numpy as np
import torch

from explorer import __version__
from explorer.engine.records import CPU, DataRef, WeightsInfo, WeightsKind, WeightsRef
from explorer.engine.studies.plan import candidates, largest
from explorer.engine.study_records import Protocol, StudyRequest
from explorer.networks.catalog import PRESETS, preset_name
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Sentence

_RANDOM_OR_GREEDY = ("random", "greedy")
_DRAWN = ("random", "reorder")


@dataclass(frozen=True)
class Circumstances:
    """What a study meets, beside its request.

    Attributes:
        info: the weights.
        weights: digest of the state dict.
        data: the image set's name.
        labelled: whether its images have labels.
        images: how many are measured.
        training: how many training images batch norm statistics are estimated on, 0 for none.
        device: torch's name, and `title` the person's.
        arithmetic, threads, batch: of the evaluator.
    """

    info: WeightsInfo
    weights: str
    data: str
    labelled: bool
    images: int
    training: int
    device: str
    title: str
    arithmetic: str
    threads: int
    batch: int


def protocol(request: StudyRequest, met: Circumstances) -> Protocol:
    """The protocol of a study."""
    spec = met.info.spec
    return Protocol(
        command=command(request, met.device),
        arithmetic=met.arithmetic,
        entries=tuple(_entries(request, spec, met)),
        sentences=(_deed(request, spec), *_left_out(request, spec), _measured(met), _computed(met), _norms(met)),
    )


# -- the command line --------------------------------------------------------------------------------------------


def command(request: StudyRequest, device: str = CPU.id) -> str:
    """The command line that repeats a study: every choice that is not the default."""
    words = ["python", "main.py", "study", request.kind]
    words += ["--network", network_word(request.spec, request.weights), "--weights", weights_word(request.weights)]
    words += ["--data", data_word(request.data)]
    if request.images is not None:
        words += ["--images", str(request.images)]
    if request.kind in _DRAWN:
        words += ["--seeds", str(request.seeds)]
    if request.most is not None and request.kind not in ("single", "cut"):
        words += ["--most", str(request.most)]
    if not request.downsampling and request.kind in _RANDOM_OR_GREEDY:
        words.append("--no-downsampling")
    words += ["--reestimate"] * request.reestimate + ["--fast"] * request.fast
    if device != CPU.id:
        words += ["--device", device]
    return shlex.join(words)


def network_word(spec: NetworkSpec, weights: WeightsRef) -> str:
    """A name for a spec, or its JSON in one line where it has none.

    Weights that bring input and classes with them fit a preset whatever its own.
    """
    name = preset_name(spec)
    if name is not None:
        brought = weights.kind in (WeightsKind.BUNDLED, WeightsKind.TORCHVISION)
        if brought or PRESETS[name] == spec:
            return name
    return spec.to_short_json()


def weights_word(ref: WeightsRef) -> str:
    return "untrained" if ref.kind is WeightsKind.UNTRAINED else ref.value


def data_word(ref: DataRef) -> str:
    """A folder that is called like one of the sets is told from it by a path."""
    if ref.kind != "folder":
        return ref.kind
    return f"./{ref.path}" if ref.path in ("fashion-mnist", "fashion-mnist-full") else ref.path


# -- the table ---------------------------------------------------------------------------------------------------


def _entries(request: StudyRequest, spec: NetworkSpec, met: Circumstances) -> list[tuple[str, str]]:
    seeds = f"0 to {request.seeds - 1}" if request.kind in _DRAWN else "none"
    norms = f"estimated anew on {met.training} training images" if met.training else "the network's own"
    return [
        ("study", request.kind),
        ("network", spec.name),
        ("spec", json.dumps(spec.to_fields())),
        ("weights", weights_word(request.weights)),
        ("weights SHA-256", met.weights),
        ("data", met.data),
        ("images", str(met.images)),
        ("order of images", "shuffled with seed 0, classes balanced" if met.labelled else "shuffled with seed 0"),
        ("seeds", seeds),
        ("blocks", f"{len(candidates(request, spec))} of {len(spec.all_blocks)}"),
        ("largest k", str(largest(request, spec))),
        ("done", str(_deed(request, spec))),
        ("interval", "95 %, paired (adjusted Wald, Agresti and Min 2005)" if met.labelled else "none without labels"),
        ("batch norm", norms),
        ("arithmetic", met.arithmetic),
        ("device", met.title),
        ("threads", str(met.threads)),
        ("batch", str(met.batch)),
        ("versions", f"ResNet Explorer {__version__}, torch {torch.__version__}, NumPy {np.__version__}, "
                     f"Python {platform.python_version()}"),
    ]  # fmt: skip


# -- the sentences -----------------------------------------------------------------------------------------------


def _deed(request: StudyRequest, spec: NetworkSpec) -> str:
    """What is deleted, cut or moved, and how."""
    count, most = len(candidates(request, spec)), largest(request, spec)
    if request.kind == "single":
        if spec.plain and any(block.kept for block in spec.all_blocks):
            return Sentence(
                "Each of the {count:,} layers of equal shape alone is deleted: it passes on what it gets.", count=count
            )
        if spec.plain:
            return Sentence(
                "Each of the {count:,} layers alone is deleted: it passes on what it gets, subsampled and filled up "
                "with zeros where it changes the shape.", count=count,
            )  # fmt: skip
        if all(block.shortcut == "concat" for block in spec.all_blocks):
            return Sentence(
                "Each of the {count:,} dense layers alone is deleted: the channels that it adds are zero.", count=count
            )
        return Sentence(
            "Each of the {count:,} blocks alone is deleted: its residual branch gives zero, its shortcut stays.",
            count=count,
        )
    if request.kind == "cut":
        return Sentence(
            "The shortcut of each of the {count:,} blocks alone is cut: the block gives what its residual branch "
            "gives.", count=count,
        )  # fmt: skip
    if request.kind == "random":
        return Sentence(
            "k = 0 … {most:,} of {count:,} blocks drawn at random are deleted, in {seeds:,} repeats: each shuffles the "
            "blocks once and deletes the first k.", most=most, count=count, seeds=request.seeds,
        )  # fmt: skip
    if request.kind == "reorder":
        return Sentence(
            "k = 0 … {most:,} random pairs of blocks of equal shape are swapped, one after another, in {seeds:,} "
            "repeats.", most=most, seeds=request.seeds,
        )  # fmt: skip
    return Sentence(
        "In each of {most:,} rounds every one of the {count:,} blocks that is left is deleted on trial, and the one "
        "whose deletion harms least stays deleted.", most=most, count=count,
    )  # fmt: skip


def _left_out(request: StudyRequest, spec: NetworkSpec) -> tuple[str, ...]:
    """How many blocks can't be deleted, where a study would delete them, and why the first of them."""
    kept = [block for block in spec.all_blocks if block.kept]
    if not kept or request.kind in ("cut", "reorder"):
        return ()
    reason = Sentence(kept[0].kept, id=kept[0].id)
    words = "1 of all {total:,} is left out; {reason}" if len(kept) == 1 else (
        "{count:,} of all {total:,} are left out; {reason}"
    )  # fmt: skip
    return (Sentence(words, count=len(kept), total=len(spec.all_blocks), reason=reason),)


def _measured(met: Circumstances) -> str:
    if not met.labelled:
        return Sentence(
            "Each lesion is measured on the same {images:,} images ({data}); they have no labels that the network "
            "knows, so only the agreement with the intact network is told.", images=met.images, data=met.data,
        )  # fmt: skip
    return Sentence(
        "Each lesion is measured on the same {images:,} images ({data}); intervals are 95 %, paired.",
        images=met.images, data=met.data,
    )  # fmt: skip


def _computed(met: Circumstances) -> str:
    return Sentence("Computed on {device}: {arithmetic}.", device=met.title, arithmetic=met.arithmetic)


def _norms(met: Circumstances) -> str:
    if met.training:
        return Sentence(
            "For each lesion, and for the intact network, batch norm statistics are estimated anew on {count:,} "
            "training images.",
            count=met.training,
        )
    return Sentence("Batch norm keeps the intact network's statistics.")
