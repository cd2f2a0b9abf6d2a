"""The same picture through several networks, one after another, each with the weights that are at hand for it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torchvision.models import get_weight

from explorer.engine import weights
from explorer.engine.comparing_records import ComparedPicture, ComparedRequest
from explorer.engine.records import UNTRAINED, PictureRequest, Step, WeightsRef
from explorer.errors import UserError
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from explorer.engine.session import Session


def at_hand(spec: NetworkSpec) -> WeightsRef:
    """Weights that need no download: bundled ones, else torchvision's newest that has been downloaded, else none."""
    for info in weights.bundled():
        if info.spec.same_architecture(spec):
            return info.ref
    for info in reversed(weights.torchvision_weights()):
        if info.spec.same_architecture(spec) and _downloaded(info.ref):
            return info.ref
    return UNTRAINED


def _downloaded(ref: WeightsRef) -> bool:
    name = str(get_weight(ref.value).url).rpartition("/")[2]
    return (Path(torch.hub.get_dir()) / "checkpoints" / name).is_file()


def run(session: Session, request: ComparedRequest) -> Generator[Step | ComparedPicture, None, None]:
    """Each network's result as it comes; one that can't be run doesn't keep the others from it."""
    for index, (spec, ref) in enumerate(zip(request.specs, request.weights, strict=True)):
        try:
            yield (yield from _one(session, request, index, spec, ref or at_hand(spec)))
        except UserError as error:
            yield ComparedPicture(index, error=error)


def _one(
    session: Session, request: ComparedRequest, index: int, spec: NetworkSpec, ref: WeightsRef
) -> Generator[Step, None, ComparedPicture]:
    loaded = yield from session.load(spec, ref)
    info = loaded.info
    asked = PictureRequest(info.spec, ref, request.picture, device=request.device)
    result = yield from session.run_picture(asked)
    stages = {stage.id for stage in info.spec.stages}
    maps = {part: values for part, values in result.maps.items() if part in stages or part == "stem"}
    return ComparedPicture(index, info, result.seen, result.prediction, maps, result.seconds)
