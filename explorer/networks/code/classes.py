"""A form -> the class, or the function, that makes its blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from explorer.networks.code.chains import Item, Node, lines, made, nodes
from explorer.networks.code.forms import OPTIONAL, Form
from explorer.networks.code.layout import Call, docstring, laid_out
from explorer.networks.code.leaves import words
from explorer.networks.code.symbols import IN, OUT, Symbols
from explorer.networks.operations import SHORTCUT_ONLY, Operation

_BODY = 8
_STOCHASTIC = "stochastic_depth"
_NAMES = {"basic": "BasicBlock", "mbconv": "MBConv", "layer": "Layer"}


@dataclass(frozen=True)
class Maker:
    """What makes blocks of one form.

    Attributes:
        name: of the class or function.
        text: its code.
        arguments: of each sample, behind the input channels.
        entering: input channels of each sample.
        omits: whether something that only training does was left out.
    """

    name: str
    text: str
    arguments: tuple[tuple[str, ...], ...]
    entering: tuple[int, ...]
    omits: bool = False


class _Sections:
    """The items of a form's sections."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.symbols = Symbols(form)
        self.omits = False
        sample = form.widest
        self.join = sample.wiring.join
        concat = self.join is not None and self.join.kind == "concat"
        self.shared, parting = self._items("shared", IN, False)
        self.branch, leaving = self._items("branch", parting, True, concat)
        self.shortcut, _ = self._items("shortcut", parting, True)
        self.gate: list[Item] = []
        if self.join is not None and self.join.kind == "gate":
            self.gate, opened = self._items("join", IN, True)
            leaving = leaving if self.branch else opened
        self.leaving = f"{IN} + {leaving}" if concat else leaving
        self.after, _ = self._items("after", self.leaving, False)

    def _items(self, section: str, entering: str, leads_out: bool, growth: bool = False) -> tuple[list[Item], str]:
        column = list(self.form.column(section))
        weighty = [index for index, (one, _) in enumerate(column) if one.kind in ("conv", "linear", "subsample")]
        items = []
        for index, (one, like) in enumerate(column):
            last = leads_out and (one.kind == "gate" or (bool(weighty) and index == weighty[-1]))
            values = self.symbols.values(like, entering, last, growth)
            if _for_training(like):
                self.omits = True
            else:
                items.append(Item(self.form.widest.local(one), one, values))
            entering = values.out
        return items, entering


def _for_training(like: dict[int, Operation]) -> bool:
    """Whether it is stochastic depth, whose share is another in each block: a matter of how it is trained."""
    return all(op.kind == "dropout" and op.id.endswith(f".{_STOCHASTIC}") for op in like.values())


def maker(form: Form, name: str) -> Maker:
    """The code for a form under a name.

    Raises:
        ValueError: its modules can't be arranged.
    """
    sections = _Sections(form)
    text = _function(sections, name) if form.samples[0].is_row else _class(sections, name)
    symbols = sections.symbols
    count = len(form.samples)
    entering = tuple(sample.wiring.all[0].input[0] for sample in form.samples)
    return Maker(name, text, tuple(symbols.arguments(index) for index in range(count)), entering, sections.omits)


def names(found: Sequence[Form], first: str) -> list[str]:
    """A name for each form: its kind's, or what tells it from those that are more frequent.

    Args:
        found: the forms, the most frequent first.
        first: id of the network's first block.
    """
    taken: list[str] = []
    for form in found:
        block = form.samples[0].block
        base = _NAMES.get(block.kind) or "".join(word.capitalize() for word in block.kind.split())
        if form.samples[0].is_row:
            base = base.lower()
        wishes = [base]
        if not any(one.kind in ("conv", "linear") and not one.on_shortcut for one in form.widest.wiring.all):
            wishes.insert(0, "Shortcut")
        if len(form.samples) == 1 and block.id == first:
            wishes.append(f"First{base}")
        wishes.append(f"{'Plain' if block.shortcut == 'none' else block.shortcut.capitalize()}{base}")
        wishes += [f"{base}{number}" for number in range(2, len(found) + 2)]
        taken.append(next(wish for wish in wishes if wish not in taken))
    return taken


# -- writing -----------------------------------------------------------------------------------------------------


def _signature(symbols: Symbols) -> tuple[str, ...]:
    return tuple(f"{name}: int" for name in (IN, *symbols.used))


def _function(sections: _Sections, name: str) -> str:
    row = [item.made() for item in (*sections.branch, *sections.after)]
    head = Call(f"def {name}(", _signature(sections.symbols), ")")
    return "\n".join(
        [
            laid_out(head, 0, after=" -> list[nn.Module]:"),
            docstring([f"{_row_words(sections.form)}."], 4),
            laid_out(Call("[", tuple(row), "]"), 4, "return "),
        ]
    )


def _class(sections: _Sections, name: str) -> str:
    head = Call("def __init__(", ("self", *_signature(sections.symbols)))
    text = [
        f"class {name}(nn.Module):",
        docstring([_words(sections)], 4),
        "",
        laid_out(head, 4, after=" -> None:"),
        " " * _BODY + "super().__init__()",
        " " * _BODY + f"self.out_channels = {sections.leaving}",
        *_modules(sections),
        "",
        "    def forward(self, x: Tensor) -> Tensor:",
        *(" " * _BODY + line for line in _forward(sections)),
    ]
    return "\n".join(text)


def _modules(sections: _Sections) -> Iterable[str]:
    items = [*sections.shared, *sections.branch, *sections.shortcut, *sections.gate, *sections.after]
    for node in nodes(items):
        if not node.is_group and node.items[0].is_function:
            continue
        code = made(node, _no_stage)
        if node.name == OPTIONAL and sections.form.optional:
            yield " " * _BODY + f"self.{OPTIONAL} = None"
            yield " " * _BODY + f"if {_condition(sections.symbols)}:"
            yield laid_out(code, _BODY + 4, f"self.{OPTIONAL} = ")
        else:
            yield laid_out(code, _BODY, f"self.{node.name} = ")


def _condition(symbols: Symbols) -> str:
    changes = [f"{name} != 1" for name in ("stride",) if name in symbols.used]
    return " or ".join([*changes, *([f"{IN} != {OUT}"] if OUT in symbols.used else [])])


def _no_stage(_: Sequence[Node]) -> str:
    raise ValueError("a block in a block")


def _forward(sections: _Sections) -> list[str]:
    done: list[str] = []
    parting = "x"
    if sections.shared:
        parting = "activated"
        done += _assigned(sections.shared, "x", parting)
    row, out = lines(nodes(sections.branch), parting, "out", _BODY)
    done += row
    join = sections.join
    if join is not None:
        if out not in ("x", parting):
            done.append(f"out = {out}")
        carried = _carried(sections, parting, done)
        out = _joined(join, carried, sections, done)
    if sections.after and out != "x":
        simple = all(item.operation is not None and item.operation.kind == "relu" for item in sections.after)
        if not simple:
            done.append(f"out = {out}")
            out = "out"
    row, out = lines(nodes(sections.after), out, "out", _BODY + 4)
    return [*done, *row, f"return {out}"]


def _assigned(items: Sequence[Item], x: str, target: str) -> list[str]:
    row, last = lines(nodes(items), x, target, _BODY)
    return [*row, f"{target} = {last}"]


def _carried(sections: _Sections, parting: str, done: list[str]) -> str:
    """The name of what comes by the shortcut."""
    items = sections.shortcut
    if not items:
        return parting
    x = parting
    if sections.form.optional:
        done.append(f"shortcut = {x} if self.{OPTIONAL} is None else self.{OPTIONAL}({x})")
        items, x = [item for item in items if item.path[0] != OPTIONAL], "shortcut"
    if items:
        done += _assigned(items, x, "shortcut")
    return "shortcut"


def _joined(join: Operation, carried: str, sections: _Sections, done: list[str]) -> str:
    if join.kind == "concat":
        return f"torch.cat([{carried}, out], 1)"
    if join.kind == "add":
        return f"out + {carried}"
    done.append(f"gate = torch.sigmoid(self.{sections.gate[0].path[0]}(x))")
    if join.number == SHORTCUT_ONLY:
        return f"(1 - gate) * {carried}"
    return f"{'gate * ' if join.number else ''}out + (1 - gate) * {carried}"


# -- words -------------------------------------------------------------------------------------------------------


def _row_words(form: Form) -> str:
    sample = form.widest
    found = ", ".join(_unrepeated([words(one) for one in (*sample.wiring.branch, *sample.wiring.after)]))
    return found[:1].upper() + found[1:]


def _words(sections: _Sections) -> str:
    wiring = sections.form.widest.wiring
    found = ", ".join(_word(item) for item in (*sections.shared, *sections.branch)) or "nothing"
    found = found[:1].upper() + found[1:]
    way = ", ".join(words(one) for one in wiring.shortcut)
    where = " where the shape changes" if sections.form.optional else ""
    if wiring.join is not None:
        ways = {"add": "added to", "concat": "behind", "gate": "gated together with"}
        if wiring.join.number == SHORTCUT_ONLY:
            found, ways = "No branch", {"gate": "a gate on"}
        found += f"; {ways[wiring.join.kind]} the input"
        found += f" ({way}{where})" if way else ""
    behind = ", ".join(words(one) for one in wiring.after)
    return f"{found}; {behind}." if behind else f"{found}."


def _word(item: Item) -> str:
    assert item.operation is not None
    assert item.values is not None
    return words(item.operation, item.values.kernel.isdigit())


def _unrepeated(texts: list[str]) -> list[str]:
    return [text for index, text in enumerate(texts) if index == 0 or text != texts[index - 1]]
