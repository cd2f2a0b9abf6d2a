"""Blocks that differ in nothing but numbers: one form, and one class or function in the code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from explorer.networks.operations import Operation, Operations, Wiring
from explorer.networks.spec import BlockSpec

OPTIONAL = "downsample"
"""Name of what stands on a shortcut only where the shape changes."""
_WITH_PARAMETERS = frozenset({"conv", "bn", "linear", "se", "gate"})


@dataclass(frozen=True)
class Sample:
    """One block of the network.

    Attributes:
        block: it.
        wiring: its operations, without those of its place.
        rows: whether the batch comes as rows of numbers instead of maps.
    """

    block: BlockSpec
    wiring: Wiring
    rows: bool

    def local(self, operation: Operation) -> tuple[str, ...]:
        """An operation's path inside the block."""
        for path in (self.block.module_path, self.block.id):
            if operation.id.startswith(f"{path}."):
                return tuple(operation.id.removeprefix(f"{path}.").split("."))
        return (operation.id.rpartition(".")[2],)

    @property
    def is_row(self) -> bool:
        """Whether its modules stand beside those of other blocks instead of in a module of their own."""
        inside = f"{self.block.module_path}."
        return any(one.kind in _WITH_PARAMETERS and not one.id.startswith(inside) for one in self.wiring.all)

    @property
    def optional(self) -> Operations:
        """Of its shortcut, what only blocks have that change the shape."""
        return tuple(one for one in self.wiring.shortcut if self.local(one)[0] == OPTIONAL)

    @property
    def key(self) -> tuple[Any, ...]:
        """What blocks of one form have in common, the optional part aside."""
        wiring, skipped = self.wiring, self.optional
        shortcut = tuple(one for one in wiring.shortcut if one not in skipped)
        sections = (wiring.shared, wiring.branch, shortcut, (wiring.join,) if wiring.join else (), wiring.after)
        parts = tuple(tuple(self._signature(one) for one in section) for section in sections)
        return (self.block.kind, self.rows, self.is_row, *parts)

    @property
    def optional_key(self) -> tuple[Any, ...]:
        return tuple(self._signature(one) for one in self.optional)

    def _signature(self, operation: Operation) -> tuple[Any, ...]:
        kind = operation.kind
        fixed = operation.number if kind in ("bn", "scale", "gate") else 0
        side = operation.output[1:] if kind == "avgpool" and operation.stride == 1 else 0
        return (() if self.is_row else self.local(operation), kind, operation.bias, fixed, side)


@dataclass(frozen=True)
class Form:
    """Blocks of one form.

    Attributes:
        samples: they, from input to output.
        optional: whether only some of them have the optional part of the shortcut.
    """

    samples: tuple[Sample, ...]
    optional: bool = False

    @property
    def widest(self) -> Sample:
        """One that has all operations."""
        return next((sample for sample in self.samples if sample.optional), self.samples[0])

    def column(self, section: str) -> Iterator[tuple[Operation, dict[int, Operation]]]:
        """Operations of one section in a sample that has all, each with those that stand for it in all samples.

        Args:
            section: name of an attribute of `Wiring`.
        """
        rows = [_section(sample, section) for sample in self.samples]
        for position, one in enumerate(_section(self.widest, section)):
            alike = {}
            for index, row in enumerate(rows):
                shift = len(row) - len(_section(self.widest, section))  # the optional part comes first
                if position + shift >= 0:
                    alike[index] = row[position + shift]
            yield one, alike


def _section(sample: Sample, section: str) -> Operations:
    found = getattr(sample.wiring, section)
    return found if isinstance(found, tuple) else (found,) if found else ()


def forms(samples: Iterable[Sample]) -> list[Form]:
    """The forms among blocks, the most frequent first."""
    groups: dict[tuple[Any, ...], list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.key, []).append(sample)
    found = [form for group in groups.values() for form in _split(group)]
    return sorted(found, key=lambda form: -len(form.samples))


def _split(group: Sequence[Sample]) -> list[Form]:
    """One form where the change of shape alone tells which blocks have the optional part, else one for each kind of
    it."""
    kinds: dict[tuple[Any, ...], list[Sample]] = {}
    for sample in group:
        kinds.setdefault(sample.optional_key, []).append(sample)
    if len(kinds) == 2 and () in kinds and all(bool(one.optional) == one.block.downsampling for one in group):
        return [Form(tuple(group), optional=True)]
    return [Form(tuple(samples)) for samples in kinds.values()]


def inside(wiring: Wiring) -> Wiring:
    """Without what belongs to the place."""
    return replace(wiring, before=())
