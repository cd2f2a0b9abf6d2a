"""What a lesson's step sets the window up with: its network with weights in, and its picture."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from explorer.engine import weights
from explorer.engine.explain.lesson_records import LessonRequest, Missing, Prepared, SettingRequest
from explorer.engine.lesson_measures import MEASURES
from explorer.engine.records import UNTRAINED, Picture, Step, WeightsKind, WeightsRef
from explorer.engine.resources import bundled_network
from explorer.errors import UserError
from explorer.networks import catalog
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from explorer.engine.session import Session


Request = SettingRequest | LessonRequest


def run(session: Session, request: SettingRequest) -> Generator[Step, None, Prepared]:
    """Load what is at hand; weights that are not are told of, and nothing is downloaded."""
    missing = [] if request.untrained else missing_weights(request)
    if missing:
        return Prepared(tuple(missing))
    setting = request.step.setting
    assert setting.network is not None
    loaded = yield from session.load(*chosen(setting.network, setting.weights, request))
    picture = None
    if setting.picture is not None:
        picture = yield from open_picture(session, setting.picture)
    return Prepared((), loaded.info, picture)


def open_picture(session: Session, name: int | str) -> Generator[Step, None, Picture]:
    """A step's picture: the number of a bundled one, `chart`, or a file."""
    if isinstance(name, int):
        return (yield from session.open_picture("sample", name))
    if name == "chart":
        return (yield from session.open_picture("chart", None))
    return (yield from session.open_picture("file", name))


def missing_weights(request: Request) -> list[Missing]:
    """Those of the window's network, and of the networks that are measured, that are not at hand; each once."""
    step = request.step
    asked = [(step.setting.network, step.setting.weights)]
    asked += [(figure.network, figure.weights) for figure in step.figures if not MEASURES[figure.measure].at_once]
    found: list[Missing] = []
    for spec, words in asked:
        absent = None if spec is None else _missing(spec, words, request)
        if absent is not None and absent not in found:
            found.append(absent)
    return found


def chosen(spec: NetworkSpec, words: str, request: Request) -> tuple[NetworkSpec, WeightsRef]:
    """The network and the weights that a file's words name; bundled ones with the input that they need.

    Args:
        spec: the network as the file names it.
        words: what the file says of its weights; empty for the bundled ones.
        request: tells where files are, and whether to do without weights that are missing.

    Raises:
        UserError: there are none, and they can't be done without.
    """
    if words == "untrained" or (request.untrained and _missing(spec, words, request) is not None):
        return spec, UNTRAINED
    return _named(spec, words, request)


def _named(spec: NetworkSpec, words: str, request: Request) -> tuple[NetworkSpec, WeightsRef]:
    if not words:
        bundled = bundled_network(catalog.preset_name(spec) or "")
        if bundled is None:
            raise UserError("No weights of {network} come with this program.", network=spec.name)
        return bundled[0], WeightsRef(WeightsKind.BUNDLED, bundled[1])
    if _is_file(words):
        return spec, WeightsRef(WeightsKind.FILE, str(_file(words, request)))
    return spec, weights.parse_ref(words, spec)


def _is_file(words: str) -> bool:
    return words not in ("", "untrained", "imagenet") and not words.split(".")[0].endswith("_Weights")


def _file(words: str, request: Request) -> Path:
    """Where a file is: beside the lesson, unless another one was chosen."""
    return Path(dict(request.files).get(words, request.folder / words))


def _missing(spec: NetworkSpec, words: str, request: Request) -> Missing | None:
    """What is missing of these weights; None where they are at hand."""
    if words == "untrained":
        return None
    if _is_file(words) and not _file(words, request).is_file():
        return Missing("file", spec, words)
    try:
        _, ref = _named(spec, words, request)
    except UserError:
        return Missing("none", spec, words or "bundled")
    if ref.kind is WeightsKind.TORCHVISION and not _cached(ref):
        return Missing("download", spec, ref.value, ref)
    return None


def _cached(ref: WeightsRef) -> bool:
    """Whether torch's cache holds the file of torchvision's weights."""
    for _, entry in weights._entries():
        if str(entry) == ref.value:
            name = str(entry.url).rpartition("/")[2]
            return Path(torch.hub.get_dir()).joinpath("checkpoints", name).is_file()
    return False
