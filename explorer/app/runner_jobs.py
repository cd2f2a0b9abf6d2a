"""The runner's jobs: small objects, so that nothing of the window travels with them."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from explorer.engine.recognising import open_checkpoint
from explorer.engine.records import (
    AccuracyRequest,
    AccuracyResult,
    DataRef,
    Offer,
    Picture,
    PictureKind,
    PictureRequest,
    PictureResult,
    Step,
    WeightsInfo,
    WeightsRef,
)
from explorer.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from explorer.engine.session import Session


def offer(session: Session) -> Generator[Step, None, Offer]:
    """What this machine offers."""
    return session.offer()


class Load:
    """The weights that a network is open with, or is to be."""

    def __init__(self, spec: NetworkSpec, ref: WeightsRef) -> None:
        self.spec, self.ref = spec, ref

    def __call__(self, session: Session) -> Generator[Step, None, WeightsInfo]:
        loaded = yield from session.load(self.spec, self.ref)
        return loaded.info


class OpenData:
    """Opens an image set for a network; the session keeps it for the measurement. Gives what it is, and its note."""

    def __init__(self, spec: NetworkSpec, weights: WeightsRef, ref: DataRef) -> None:
        self.spec, self.weights, self.ref = spec, weights, ref

    def __call__(self, session: Session) -> Generator[Step, None, tuple[DataRef, str]]:
        loaded = yield from session.load(self.spec, self.weights)
        images = yield from session.open(self.ref, loaded.info)
        return self.ref, images.note


class OpenCheckpoint:
    """A file of weights, with the network that they are of: the open one where it fits, else the likeliest."""

    def __init__(self, present: NetworkSpec, ref: WeightsRef) -> None:
        self.spec, self.ref = present, ref

    def __call__(self, session: Session) -> Generator[Step, None, WeightsInfo]:
        return open_checkpoint(session, self.spec, self.ref)


class OpenPicture:
    """A picture from a file, the clipboard, or the bundled ones."""

    def __init__(self, kind: PictureKind, value: Any, name: str = "") -> None:
        self.kind, self.value, self.name = kind, value, name

    def __call__(self, session: Session) -> Generator[Step, None, Picture]:
        return session.open_picture(self.kind, self.value, self.name)


class RunPicture:
    """A picture through the network."""

    def __init__(self, request: PictureRequest) -> None:
        self.request = request

    def __call__(self, session: Session) -> Generator[Step, None, PictureResult]:
        return session.run_picture(self.request)


class Measure:
    """The accuracy of the network."""

    def __init__(self, request: AccuracyRequest) -> None:
        self.request = request

    def __call__(self, session: Session) -> Generator[Any, None, AccuracyResult]:
        return session.accuracy(self.request)
