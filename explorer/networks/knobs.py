"""What a form asks a person for: the choices and numbers of a network, as its family declares them.

A family says in `NetworkSpec.knobs` which of its fields a person sets, and the window makes rows of them without
knowing the family. A network that nothing more is known of still has its input and its classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.networks.spec import NetworkSpec

KnobKind = Literal["choice", "number", "share"]


@dataclass(frozen=True)
class Option:
    """One value of a choice: what the field holds, its few words, and a sentence with the paper's section."""

    value: str | int | bool
    label: str
    tip: str = ""


@dataclass(frozen=True)
class Knob:
    """One thing to set.

    Attributes:
        name: of the spec's field, or what `NetworkSpec.turned` makes of it.
        label: a few words before it, a template.
        value: as the network has it; a tuple where it takes several numbers, one for each stage.
        kind: one of `options`; whole `number`s; a `share` from 0 to 1.
        options: what can be chosen.
        tip: a sentence about it.
        digits: for how many there is room, of a number.
        fields: names of the spec's fields where it has several, one for each number.
        usual: what it mostly is; a form keeps those that are so folded away under "More". None: always in sight.
    """

    name: str
    label: str
    value: Any
    kind: KnobKind = "number"
    options: tuple[Option, ...] = ()
    tip: str = ""
    digits: int = 4
    fields: tuple[str, ...] = ()
    usual: object = None

    @property
    def more(self) -> bool:
        """Whether it is mostly left as it is."""
        return self.usual is not None

    @property
    def special(self) -> bool:
        """Whether it is mostly left as it is, but not here."""
        return self.more and self.value != self.usual

    @property
    def values(self) -> tuple[Any, ...]:
        """What stands in its fields."""
        return self.value if isinstance(self.value, tuple) else (self.value,)


def yes_or_no(name: str, label: str, value: bool, tips: tuple[str, str], tip: str = "") -> Knob:
    """A choice between without and with something; `tips` in this order."""
    options = (Option(False, "Without", tips[0]), Option(True, "With", tips[1]))
    return Knob(name, label, value, "choice", options, tip)


class Adjustable:
    """The part of a spec that forms use; families override what they have."""

    def knobs(self) -> tuple[Knob, ...]:
        """What a person sets, beside input and classes, in the order of a form; only what applies to this network."""
        return ()

    def block_knobs(self, block_id: str) -> tuple[Knob, ...]:
        """What a person sets of a single block."""
        return ()

    def turned(self: Any, name: str, value: Any, block_id: str = "") -> NetworkSpec:
        """The network with one knob set to another value.

        Args:
            name: the knob's.
            value: of its kind.
            block_id: of the block, of one of the `block_knobs`.

        Raises:
            UserError: there is no such network.
        """
        changed: NetworkSpec = self.with_(**{name: value})
        return changed

    def neighbours(self, name: str, value: int) -> tuple[int, ...]:
        """Numbers next to one that a knob can have, below and above; empty where any can be."""
        return ()

    def residual(self: Any) -> NetworkSpec:
        """The network with shortcuts of which this is the plain twin; the opposite of `NetworkSpec.twin`.

        Raises:
            UserError: there is none.
        """
        raise UserError("{network} is plain by nature: there is no twin with shortcuts.", network=self.name)


def common_knobs(spec: NetworkSpec) -> tuple[Knob, ...]:
    """What every network has."""
    sizes = (spec.in_channels, spec.side)
    tip = "Input channels, and side of the square input in pixels"
    return (
        Knob("input", "Input", sizes, tip=tip, fields=("in_channels", "side")),
        Knob("classes", "Classes", spec.classes, tip="Outputs of the classifier", digits=6),
    )
