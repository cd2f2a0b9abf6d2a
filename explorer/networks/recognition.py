"""Which network a checkpoint is of, from the names and shapes of its tensors alone.

Every family proposes the networks that it takes the names for, under its own names; each proposal is then judged
against the parameters that such a network has. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from explorer.networks.catalog import FAMILIES, PRESETS
from explorer.networks.checks import SpecError
from explorer.networks.naming import COUNTER, Shapes, unwrapped, without_common_prefix
from explorer.networks.naming.densenet import densenet_names
from explorer.networks.naming.efficientnet import efficientnet_names
from explorer.networks.naming.resnet import resnet_names
from explorer.networks.naming.vgg import vgg_names
from explorer.networks.operations import parameter_shapes
from explorer.networks.spec import NetworkSpec

Shape = tuple[int, ...]
_ALIKE = 0.25
"""Share of names in common from which on a network counts as near."""


@dataclass(frozen=True)
class Misshapen:
    """An entry that has another shape than the network's."""

    key: str
    shape: Shape
    wanted: Shape


@dataclass(frozen=True)
class Clash:
    """Two entries of a file that come to the same name."""

    first: str
    second: str
    name: str


@dataclass(frozen=True)
class Candidate:
    """A network, and how a file's entries are its parameters.

    Attributes:
        spec: which; what names and shapes don't tell is as usual.
        names: key in the file -> key of this program; those that it has no use for are among `unexpected`.
        missing: keys of this program.
        unexpected: keys in the file.
        misshapen: keys in the file, with both shapes.
        clashes: entries that would be the same, so that it is unclear which is meant.
    """

    spec: NetworkSpec
    names: Mapping[str, str]
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    misshapen: tuple[Misshapen, ...] = ()
    clashes: tuple[Clash, ...] = ()

    @property
    def distance(self) -> int:
        """How many entries are not as they should be."""
        return len(self.missing) + len(self.unexpected) + len(self.misshapen) + len(self.clashes)

    @property
    def fits(self) -> bool:
        return not self.distance


@dataclass(frozen=True)
class Recognition:
    """What a checkpoint is.

    Attributes:
        candidates: networks whose parameters these are, the likeliest first; none where it is unknown.
        nearest: the network that the fewest entries speak against; None where no entry speaks for any.
    """

    candidates: tuple[Candidate, ...]
    nearest: Candidate | None


def recognise(shapes: Shapes, like: NetworkSpec | None = None) -> Recognition:
    """Find the networks whose parameters have these names and shapes.

    Args:
        shapes: of a file's entries, by their keys.
        like: the network that is open: where several fit it comes first, and its input side is kept.
    """
    keys = unwrapped(shapes)
    found = list(_candidates(keys, shapes))
    shorter = None if any(candidate.fits for candidate in found) else without_common_prefix(keys)
    if shorter is not None:
        found += _candidates(shorter, shapes)
    fitting = [candidate for candidate in found if candidate.fits]
    if like is not None:
        fitting = [_with_side_of(like, candidate) for candidate in fitting]
        asked = compare(shapes, like)
        if asked.fits:
            fitting = [asked, *(each for each in fitting if not each.spec.same_architecture(like))]
        found.append(asked)
    if fitting:
        return Recognition(tuple(fitting), fitting[0])
    near = [candidate for candidate in found if len(candidate.missing) < len(_wanted(candidate.spec)) / 2]
    nearest = min(near, key=lambda candidate: candidate.distance, default=None)
    return Recognition((), _nearest_preset(keys, shapes) if nearest is None else nearest)


def compare(shapes: Shapes, spec: NetworkSpec) -> Candidate:
    """How a file's entries are the parameters of one network, with as many input channels and classes as they have."""
    keys = unwrapped(shapes)
    found = _compared(keys, shapes, spec)
    shorter = None if found.fits else without_common_prefix(keys)
    if shorter is None:
        return found
    return min(found, _compared(shorter, shapes, spec), key=lambda candidate: candidate.distance)


def _compared(keys: Mapping[str, str], shapes: Shapes, spec: NetworkSpec) -> Candidate:
    names = _read(type(spec), keys, shapes)
    return judge(shapes, names, _with_ends(spec, names, shapes))


def judge(shapes: Shapes, names: Mapping[str, str], spec: NetworkSpec) -> Candidate:
    """Compare a file's entries with what a network needs; counters of batches may be missing.

    Args:
        shapes: of the file's entries, by their keys.
        names: key in the file -> key of this program.
        spec: the network.
    """
    wanted = _wanted(spec)
    origin: dict[str, str] = {}
    clashes, unexpected, misshapen = [], [], []
    for key, name in names.items():
        if name in origin:
            clashes.append(Clash(origin[name], key, name))
            continue
        origin[name] = key
        if name not in wanted:
            unexpected.append(key)
        elif not _same(shapes[key], wanted[name]):
            misshapen.append(Misshapen(key, shapes[key], wanted[name]))
    missing = [name for name in wanted if name not in origin and not name.endswith(COUNTER)]
    return Candidate(spec, names, tuple(missing), tuple(unexpected), tuple(misshapen), tuple(clashes))


def _same(shape: Shape, wanted: Shape) -> bool:
    """Whether shapes are equal, or one is a fully connected layer's and the other the same as a convolution's."""
    if shape == wanted:
        return True
    if {len(shape), len(wanted)} == {2, 4}:
        flat, full = sorted((shape, wanted), key=len)
        return flat == (full[0], full[1] * full[2] * full[3])
    return {shape, wanted} == {(), (1,)}


@lru_cache(maxsize=16)
def _wanted(spec: NetworkSpec) -> dict[str, Shape]:
    return parameter_shapes(spec)


# -- families ------------------------------------------------------------------------------------------------------

Names = Callable[[Shapes], dict[str, str]]
_FOREIGN: dict[str, Names] = {
    "imagenet": resnet_names,
    "densenet": densenet_names,
    "efficientnet": efficientnet_names,
    "vgg": vgg_names,
}
"""How other programs' names are read, for families that other programs have, too."""


def _families() -> dict[type[NetworkSpec], Names]:
    """Every family once, with what reads names for it."""
    found: dict[type[NetworkSpec], Names] = {}
    for key, family in FAMILIES.items():
        found.setdefault(family, _FOREIGN.get(key, _as_they_are))
    return found


def _candidates(keys: Mapping[str, str], shapes: Shapes) -> Iterator[Candidate]:
    """Every family's proposals, judged."""
    for family in _families():
        names = _read(family, keys, shapes)
        try:
            for spec in family.recognise({name: shapes[key] for key, name in names.items()}):
                yield judge(shapes, names, spec)
        except SpecError:
            continue


def _read(family: type[NetworkSpec], keys: Mapping[str, str], shapes: Shapes) -> dict[str, str]:
    """Key in the file -> the family's name."""
    names = _families()[family]({short: shapes[key] for key, short in keys.items()})
    return {key: names[short] for key, short in keys.items()}


def _as_they_are(shapes: Shapes) -> dict[str, str]:
    return {name: name for name in shapes}


def _nearest_preset(keys: Mapping[str, str], shapes: Shapes) -> Candidate | None:
    """Of all networks with a name, the one of whose names the most are there; None where they are few."""
    own = {family: set(_read(family, keys, shapes).values()) for family in _families()}
    shared = {
        name: 2 * len(wanted & own[type(PRESETS[name])]) / (len(wanted) + len(keys))
        for name, wanted in _preset_names().items()
    }
    best = max(shared, key=lambda name: shared[name])
    return compare(shapes, PRESETS[best]) if shared[best] > _ALIKE else None


@cache
def _preset_names() -> dict[str, frozenset[str]]:
    return {name: frozenset(parameter_shapes(spec)) for name, spec in PRESETS.items()}


def _with_side_of(like: NetworkSpec, candidate: Candidate) -> Candidate:
    """The candidate with the input side of a network of its family, where no entry tells it."""
    same = type(like) is type(candidate.spec) and like.family == candidate.spec.family
    if not (same and candidate.spec.any_side):
        return candidate
    return replace(candidate, spec=candidate.spec.with_(side=like.side))


def _with_ends(spec: NetworkSpec, names: Mapping[str, str], shapes: Shapes) -> NetworkSpec:
    """The network with as many input channels and classes as the first and the last weight have."""
    keys = {name: key for key, name in names.items()}
    wanted = [name for name in _wanted(spec) if name.endswith("weight")]
    first, last = (shapes.get(keys.get(name, ""), ()) for name in (wanted[0], wanted[-1]))
    changes = {}
    if len(first) == len(_wanted(spec)[wanted[0]]) == 4:
        changes["in_channels"] = first[1]
    if last:
        changes["classes"] = last[0]
    try:
        return spec.with_(**changes)
    except SpecError:
        return spec
