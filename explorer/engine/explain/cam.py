"""Where the network looks: Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391) of any class at any block."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from explorer.engine import devices, images
from explorer.engine.explain.cam_records import (
    CamMap,
    CamRequest,
    CamResult,
    check_maps,
    checked_block,
    checked_label,
)
from explorer.engine.explain.passing import Pace, outputs, told
from explorer.engine.modules import Network
from explorer.engine.records import DeviceInfo, Prediction, Step
from explorer.networks.cost import network_cost
from explorer.networks.lesion import INTACT, Lesion, places
from explorer.sentences import Sentence

if TYPE_CHECKING:
    from explorer.engine.session import Loaded, Session


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is the same for both passes."""

    block: str
    classes: tuple[str, ...]
    x: Tensor


def run(session: Session, request: CamRequest) -> Generator[Step, None, CamResult]:
    """The map of one class at one block, intact and with the lesion.

    Raises:
        UserError: a network without maps, a block or a class that is not there.
    """
    check_maps(request.spec)
    loaded = yield from session.load(request.spec, request.weights)
    lesion = request.lesion.checked(loaded.info.spec)
    block = checked_block(loaded.info.spec, request.block)
    label = None if request.label is None else checked_label(loaded.info.classes, request.label)
    pixels, _ = images.fit(request.picture, loaded.info.preprocessing)
    asked = _Asked(block, loaded.info.classes, images.normalise(pixels, loaded.info.preprocessing))

    def on(chosen: DeviceInfo, note: str) -> Generator[Step, None, CamResult]:
        network = session.on_device(loaded.network, chosen.id)
        began = time.perf_counter()
        intact, named = yield from _pass(loaded, network, asked, INTACT, label)
        now = None
        if lesion:
            now, _ = yield from _pass(loaded, network, asked, lesion, named)
        seen = images.seen(pixels, loaded.info.preprocessing)
        seconds = time.perf_counter() - began
        return CamResult(request, block, named, seen, intact, now, seconds, chosen.title, note)

    return (yield from devices.run_with_fallback(on, *devices.choose_or_cpu(request.device), session.leave))


def _pass(
    loaded: Loaded, network: Network, asked: _Asked, lesion: Lesion, label: int | None
) -> Generator[Step, None, tuple[CamMap, int]]:
    """One network's map; where no class is named, of the one that it says."""
    steps = grad_cam(network, asked.x.to(network.device), lesion, asked.block, label)
    words = Sentence("Looking for where the network looks")
    values, logits, found = yield from told(steps, network_cost(loaded.info.spec).macs, words)
    probabilities = torch.softmax(logits.float(), 0).cpu().numpy()
    prediction = Prediction(probabilities, asked.classes)
    return CamMap(values.float().cpu().numpy(), float(logits[found]), prediction), found


def grad_cam(
    network: Network, x: Tensor, lesion: Lesion, block: str, label: int | None
) -> Generator[float, None, tuple[Tensor, Tensor, int]]:
    """Equations 1 and 2 of Selvaraju et al. 2017 at the output of a block, with short steps in between.

    Only what stands behind the block is recorded, piece by piece, so that the way back has short steps, too. No
    gradient of a parameter is computed.

    Args:
        network: in eval mode.
        x: one picture (1, channels, side, side) on its device.
        lesion: checked.
        block: whose output A is looked at, wherever it stands.
        label: of which class's score y the gradient is taken; None for the likeliest.

    Returns:
        ReLU(sum over k of a_k A_k), (height, width), with a_k the mean of dy/dA_k over its positions; the logits
        (classes,), and the class.
    """
    cost = network_cost(network.spec)
    standing = [place.block for place in places(network.spec, lesion)]
    behind = sum(part.macs for part in cost.blocks[standing.index(block) + 1 :])
    pace = Pace(cost.stem.macs + sum(part.macs for part in cost.blocks) + behind)
    activation = x
    for place, output, macs in outputs(network, x, lesion):
        if pace.due(macs):
            yield pace.share
        if place is not None and place.block == block:
            activation = output
            break
    pieces: list[_Piece] = []
    for piece in _tail(network, activation, lesion, block):
        pieces.append(piece)
        if pace.due(piece.macs):
            yield pace.share
    logits = pieces[-1].leaving.detach()
    found = _likeliest(logits[0]) if label is None else label
    gradient = torch.zeros_like(logits)
    gradient[0, found] = 1
    while pieces:
        piece = pieces.pop()
        (gradient,) = torch.autograd.grad(piece.leaving, piece.entering, gradient)
        if pace.due(piece.macs):
            yield pace.share
    weights = gradient.mean((2, 3), keepdim=True)
    return torch.relu((weights * activation).sum(1))[0], logits[0], found


@dataclass(frozen=True, eq=False)
class _Piece:
    """A recorded piece of a pass: a graph of its own from what entered to what left, and its multiply-adds."""

    entering: Tensor
    leaving: Tensor
    macs: int


def _tail(network: Network, activation: Tensor, lesion: Lesion, block: str) -> Iterator[_Piece]:
    """What stands behind a block, recorded place by place, and the head."""
    cost, blocks = network_cost(network.spec), dict(network.blocks())
    pairs = list(zip(places(network.spec, lesion), cost.blocks, strict=True))
    first = next(number for number, (place, _) in enumerate(pairs) if place.block == block) + 1
    leaving = activation
    for place, part in pairs[first:]:
        entering = leaving.detach().requires_grad_()
        modules = [*blocks[place.block].modules.values(), *_modules(network, place.spec.id)]
        with _recorded(modules):
            leaving = blocks[place.block](network.enter(place.spec.id, entering), place.mode)
        yield _Piece(entering, leaving, part.macs)
    entering = leaving.detach().requires_grad_()
    with _recorded(_modules(network, "head")):
        leaving = network.head(entering)
    yield _Piece(entering, leaving, cost.head.macs)


def _modules(network: Network, part: str) -> list[nn.Module]:
    """Of a part's operations, with those before a block's place."""
    found = (network.module(operation.id) for operation in network.parts[part])
    return [module for module in found if module is not None]


@contextmanager
def _recorded(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Record what is computed inside, as if the parameters of the modules were constants: what their gradients would
    need is not kept. All other parameters are left alone: a deep network has thousands."""
    wanted = [one for module in modules for one in module.parameters() if one.requires_grad]
    for parameter in wanted:
        parameter.requires_grad_(False)
    try:
        with torch.enable_grad():
            yield
    finally:
        for parameter in wanted:
            parameter.requires_grad_(True)


def _likeliest(logits: Tensor) -> int:
    """The class that a network says; the first where its logits are no numbers."""
    probabilities = torch.softmax(logits.float(), 0).cpu().numpy()
    return int(np.argmax(np.nan_to_num(probabilities)))
