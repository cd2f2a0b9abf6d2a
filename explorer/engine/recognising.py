"""Which network a checkpoint file is of, before any of its tensors is read; and what is said of that.

Nothing here needs torch, so that the window can use it too.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.engine.headers import Header, read_tensor_header
from explorer.engine.records import Step, WeightsInfo, WeightsRef
from explorer.engine.words import listed
from explorer.errors import UserError
from explorer.networks.catalog import preset_name
from explorer.networks.checks import SpecError
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.recognition import Candidate, Clash, Recognition, compare, recognise
from explorer.networks.spec import NetworkSpec
from explorer.sentences import Joined, Sentence

if TYPE_CHECKING:
    from explorer.engine.session import Session


@dataclass(frozen=True)
class RecognisedFile:
    """A checkpoint's header, and the networks that it could be of."""

    name: str
    header: Header
    recognition: Recognition

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return self.recognition.candidates


class UnrecognisedError(UserError):
    """A checkpoint of no network that this program knows.

    Attributes:
        file: what it holds, and the network it comes nearest to.
    """

    def __init__(self, file: RecognisedFile) -> None:
        nearest = file.recognition.nearest
        if nearest is None:
            super().__init__(
                "{name} is of no network that this program knows, and none is near; compare its {count:,} entries with "
                "those of the network that you mean.",
                name=file.name, count=len(file.header.tensors),
            )  # fmt: skip
        elif nearest.clashes and not (nearest.missing or nearest.misshapen):
            error = ambiguous(nearest.clashes[0], file.name)
            super().__init__(error.template, **error.values)
        else:
            super().__init__(
                "{name} is of no network that this program knows; the nearest is {network}, for which {differences}.",
                name=file.name, network=nearest.spec.name, differences=differences(nearest),
            )  # fmt: skip
        self.file = file


def recognise_file(path: Path, like: NetworkSpec | None = None) -> RecognisedFile:
    """Find the networks that a checkpoint could be of.

    A file that this program wrote names its network itself.

    Args:
        path: of the checkpoint.
        like: the network that is open; it comes first where it fits.

    Raises:
        UserError: the file can't be read, or holds no weights.
        UnrecognisedError: they are of no network known here.
    """
    header = read_tensor_header(path)
    own = _own_network(header)
    if own is not None:
        found = compare(header.shapes, own)
        return RecognisedFile(path.name, header, Recognition((found,), found))
    file = RecognisedFile(path.name, header, recognise(header.shapes, like))
    if not file.candidates:
        raise UnrecognisedError(file)
    return file


def _own_network(header: Header) -> NetworkSpec | None:
    """What a file of this program says it is of, where that is true."""
    try:
        spec = NetworkSpec.from_json(header.metadata["spec"])
    except (KeyError, SpecError):
        return None
    return spec if compare(header.shapes, spec).fits else None


def open_checkpoint(session: Session, present: NetworkSpec, ref: WeightsRef) -> Generator[Step, None, WeightsInfo]:
    """Load a file's weights with the network that they are of; the session keeps both.

    Args:
        session: in whose thread this runs.
        present: the network that is open; it stays where it fits.
        ref: a file.

    Returns:
        What the weights bring; where they are of another network, with those that they could be of as well.

    Raises:
        UserError: the file can't be read.
        UnrecognisedError: it is of no network known here.
    """
    path = Path(ref.value)
    yield Step(None, Sentence("Looking at what {name} holds", name=path.name))
    found = recognise_file(path, present).candidates
    spec = found[0].spec
    another = not spec.same_architecture(present)
    loaded = yield from session.load(spec if another else present, ref)
    others = tuple(candidate.spec for candidate in found[1:]) if another else ()
    return replace(loaded.info, alternatives=others)


# -- words -------------------------------------------------------------------------------------------------------


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


def not_fitting(candidate: Candidate, name: str) -> UserError:
    """How a file differs from a network, as the sentence that a person reads."""
    if candidate.clashes:
        return ambiguous(candidate.clashes[0], name)
    return UserError(
        "{name} does not fit {network}: {differences}.",
        name=name, network=candidate.spec.name, differences=differences(candidate),
    )  # fmt: skip


def ambiguous(clash: Clash, name: str) -> UserError:
    """That a file holds two entries which would be the same."""
    return UserError(
        "{name} holds more than one network or classifier ({first} and {second} would both be {key}): save "
        "the one you mean alone.",
        name=name, first=clash.first, second=clash.second, key=clash.name,
    )  # fmt: skip


def differences(candidate: Candidate) -> str:
    """What speaks against a network: how many entries are missing, unknown and of another shape, and the first few."""
    misshapen = [
        Sentence(
            "{key} is {shape} instead of {wanted}", key=one.key, shape=_shape(one.shape), wanted=_shape(one.wanted)
        )
        for one in candidate.misshapen
    ]
    kinds: Mapping[tuple[str, str], Sequence[str]] = {
        ("1 entry is missing ({keys})", "{count:,} entries are missing ({keys})"): candidate.missing,
        ("1 entry is unknown ({keys})", "{count:,} entries are unknown ({keys})"): candidate.unexpected,
        ("1 entry is of another shape ({keys})", "{count:,} entries are of another shape ({keys})"): misshapen,
    }
    return Joined(
        ", ",
        [
            Sentence(one if len(keys) == 1 else several, count=len(keys), keys=listed(keys))
            for (one, several), keys in kinds.items()
            if keys
        ],
    )


def _shape(shape: Sequence[int]) -> str:
    return times(shape) if shape else Sentence("a single number")


def times(shape: Sequence[int]) -> str:
    """`3x32x32`."""
    return "x".join(map(str, shape))
