"""A film: one channel of a stage, block after block, as the identity shortcuts carry it on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from explorer.engine import devices, images
from explorer.engine.explain.cam_records import check_maps
from explorer.engine.explain.film_records import (
    FilmRequest,
    FilmResult,
    Frame,
    check_channel,
    stage_of,
    starts_before,
)
from explorer.engine.explain.passing import Pace, outputs, told
from explorer.engine.modules import Network
from explorer.engine.records import DeviceInfo, Step
from explorer.networks.cost import network_cost
from explorer.networks.lesion import Lesion
from explorer.networks.spec import StageSpec
from explorer.sentences import Sentence

if TYPE_CHECKING:
    from explorer.engine.session import Session

Take = Callable[[str, Tensor], None]
"""Gets the part whose output it is, and the output (1, C, H, W)."""


def run(session: Session, request: FilmRequest) -> Generator[Step, None, FilmResult]:
    """The frames of one channel.

    Raises:
        UserError: a network without maps, a stage or a channel that is not there.
    """
    check_maps(request.spec)
    loaded = yield from session.load(request.spec, request.weights)
    spec = loaded.info.spec
    lesion, stage = request.lesion.checked(spec), stage_of(spec, request.stage)
    costs = {part.id: part for part in network_cost(spec).stages}
    channels = costs[stage.id].output[0]
    if request.channel is not None:
        check_channel(stage, request.channel, channels)
    pixels, _ = images.fit(request.picture, loaded.info.preprocessing)
    x = images.normalise(pixels, loaded.info.preprocessing)
    words = Sentence("Following a channel from block to block")

    def on(chosen: DeviceInfo, note: str) -> Generator[Step, None, FilmResult]:
        network = session.on_device(loaded.network, chosen.id)
        macs, there = network_cost(spec).macs, x.to(chosen.id)
        channel = request.channel
        if channel is None:
            changes = _Changes(channels)
            yield from told(walk(network, there, lesion, stage, changes.take), macs, words)
            channel = changes.most()
        frames = _Frames(channel)
        yield from told(walk(network, there, lesion, stage, frames.take), macs, words)
        return FilmResult(request, channel, channels, tuple(frames.kept), chosen.title, note)

    return (yield from devices.run_with_fallback(on, *devices.choose_or_cpu(request.device), session.leave))


def walk(network: Network, x: Tensor, lesion: Lesion, stage: StageSpec, take: Take) -> Generator[float, None, None]:
    """Run as far as the end of a stage, and hand over what comes into it, where that belongs to the film, and what
    leaves each of its places."""
    cost = network_cost(network.spec)
    inside = {block.id for block in stage.blocks}
    ids = ("stem", *network.spec.block_ids)
    last = ids[ids.index(stage.blocks[0].id) - 1] if starts_before(stage) else None
    before = ids[1 : ids.index(stage.blocks[-1].id) + 1]
    pace = Pace(cost.stem.macs + sum(part.macs for part in cost.blocks[: len(before)]))
    for place, output, macs in outputs(network, x, lesion):
        at = "stem" if place is None else place.spec.id
        if at == last or at in inside:
            take("stem" if place is None else place.block, output)
        if at == stage.blocks[-1].id:
            return
        if pace.due(macs):
            yield pace.share


class _Frames:
    """Keeps one channel of each output that has it."""

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self.kept: list[Frame] = []

    def take(self, part: str, output: Tensor) -> None:
        if self._channel >= output.shape[1]:
            return  # of a dense layer, which adds it later
        values = output[0, self._channel].float().cpu().numpy().copy()
        change = float(np.abs(values - self.kept[-1].values).mean()) if self.kept else None
        self.kept.append(Frame(part, values, change))


class _Changes:
    """Adds up how much each channel changes from block to block."""

    def __init__(self, channels: int) -> None:
        self._sums = torch.zeros(channels, dtype=torch.float64)
        self._spread = torch.zeros(channels, dtype=torch.float64)
        self._before: Tensor | None = None

    def take(self, part: str, output: Tensor) -> None:
        found = output[0].flatten(1)
        if self._before is not None:
            common = min(len(found), len(self._before))
            change = (found[:common] - self._before[:common]).abs().mean(1)
            self._sums[:common] += change.cpu().double()
        else:
            self._spread[: len(found)] = found.var(1, correction=0).cpu().double()
        self._before = found

    def most(self) -> int:
        """The channel that changes most; where none does, the one that varies most over the first map; number 0 where
        nothing is a number."""
        for keys in (self._sums, self._spread):
            known = torch.where(keys.isfinite(), keys, -1.0)
            if float(known.max()) > 0:
                return int(known.argmax())
        return 0
