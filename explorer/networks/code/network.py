"""The whole file: imports, the classes of the blocks, the class of the network, and how it is tried."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from explorer.networks.code.chains import Node, StagePart, lines, made
from explorer.networks.code.helpers import SQUEEZE_EXCITATION, STAGE, SUBSAMPLING, numbered_stage
from explorer.networks.code.layout import Call, Code, call, docstring, laid_out
from explorer.networks.code.plan import Plan, stages
from explorer.networks.cost import network_cost
from explorer.networks.spec import NetworkSpec

_BODY = 8


def pytorch_code(spec: NetworkSpec) -> str:
    """A Python file that builds the network with PyTorch alone; its state dict has the keys of this program's.

    Raises:
        ValueError: its modules can't be arranged as modules in modules.
    """
    plan = Plan(spec)
    name = class_name(spec)
    numbering = _Numbering(plan)
    parts = [maker.text for maker in reversed(plan.makers)]
    if any(True for _ in stages(plan.nodes)):
        parts.append(numbering.function)
    parts.append(_network(plan, numbering, name))
    body = "\n\n\n".join(parts)
    helpers = [
        text
        for word, text in (("Subsampling(", SUBSAMPLING), ("SqueezeExcitation(", SQUEEZE_EXCITATION))
        if word in body
    ]
    body = "\n\n\n".join([*helpers, body])
    return "\n\n".join([_docstring(plan), _imports(body)]) + f"\n\n\n{body}\n\n\n{_trial(spec, name)}\n"


def class_name(spec: NetworkSpec) -> str:
    """The network's name as a Python class: `ResNet50`, `WRN28_10`, `ResNeXt50_32x4d`."""
    words = re.findall(r"[0-9A-Za-z]+", spec.name.replace("×", "x"))
    text = ""
    for word in words:
        join = "_" if text and text[-1].isdigit() and word[0].isdigit() else ""
        text += join + word[0].upper() + word[1:]
    return text if text[:1].isalpha() else f"Network{text}"


# -- the parts of the file ---------------------------------------------------------------------------------------


def _docstring(plan: Plan) -> str:
    spec = plan.spec
    cost = network_cost(spec)
    shape = " x ".join(map(str, spec.input_shape))
    paragraphs = [f"{spec.name} in PyTorch."]
    if spec.sources:
        paragraphs.append(f"After {'; '.join(spec.sources)}.")
    paragraphs += [
        f"{cost.parameters:,} parameters; {cost.macs:,} multiply-adds for one input of {shape}.",
        "Written by ResNet Explorer from the network's specification. The keys of its state dict are those of the "
        "weights that the program exports:",
        f"    network = {class_name(spec)}()\n    network.load_state_dict(safetensors.torch.load_file(path))",
    ]
    if any(maker.omits for maker in plan.makers):
        paragraphs.append("Stochastic depth, which leaves out branches at random in training, is not in this file.")
    paragraphs.append("This file is yours: use, change and share it as you like.")
    return docstring(paragraphs)


def _imports(body: str) -> str:
    plain = []
    if "OrderedDict(" in body:
        plain.append("from collections import OrderedDict")
    if "Any" in re.findall(r"\w+", body):
        plain.append("from typing import Any")
    torch = ["import torch", "from torch import Tensor, nn"]
    if "functional." in body:
        torch.append("from torch.nn import functional")
    return "\n\n".join("\n".join(lines) for lines in (plain, torch) if lines)


def _trial(spec: NetworkSpec, name: str) -> str:
    shape = ", ".join(map(str, (1, *spec.input_shape)))
    return (
        'if __name__ == "__main__":\n'
        f"    network = {name}().eval()\n"
        "    with torch.no_grad():\n"
        f"        print(tuple(network(torch.zeros({shape})).shape))"
    )


def _network(plan: Plan, numbering: _Numbering, name: str) -> str:
    spec = plan.spec
    choices = [f"in_channels: int = {spec.in_channels}"] if plan.first else []
    head = Call("def __init__(", ("self", *choices, f"classes: int = {spec.classes}"))
    rows, last = lines(plan.nodes, "x", "x", _BODY)
    text = [
        f"class {name}(nn.Module):",
        docstring([f"{spec.name}: {spec.summary}."], 4),
        "",
        laid_out(head, 4, after=" -> None:"),
        " " * _BODY + "super().__init__()",
        *(
            laid_out(made(node, numbering.stage), _BODY, f"self.{node.name} = ")
            for node in plan.nodes
            if node.is_group or not node.items[0].is_function
        ),
        "",
        "    def forward(self, x: Tensor) -> Tensor:",
        *(" " * _BODY + line for line in [*rows, f"return {last}"]),
    ]
    return "\n".join(text)


class _Numbering:
    """How the blocks of the stages are named, and so which function puts them together.

    Args:
        plan: of the network.
    """

    def __init__(self, plan: Plan) -> None:
        found = [[_split(child.name) for child in stage.nodes] for stage in stages(plan.nodes)]
        prefixes = {prefix for stage in found for prefix, _ in stage}
        if len(prefixes) > 1:
            raise ValueError(f"blocks are named in several ways: {', '.join(sorted(prefixes))}")
        self.prefix = next(iter(prefixes), "")
        self.counted = not self.prefix and all(
            [number for _, number in stage] == list(range(len(stage))) for stage in found
        )

    @property
    def function(self) -> str:
        return STAGE if self.counted else numbered_stage(self.prefix)

    def stage(self, blocks: Sequence[Node]) -> Code:
        """A call of that function; blocks of one kind in a row make one row of it."""
        rows: list[Code] = []
        entering = ""
        for part, group in groupby(blocks, lambda node: _repeated(node)):
            alike = list(group)
            entering = entering or str(_part(alike[0]).in_channels)
            count = str(len(alike)) if self.counted else _numbers([_split(node.name)[1] for node in alike])
            rows.append(Call("(", (part[0], count, *part[1])))
        return call("stage", entering, *rows)


def _part(node: Node) -> StagePart:
    part = node.items[0].stage
    assert part is not None
    return part


def _repeated(node: Node) -> tuple[str, tuple[str, ...]]:
    return _part(node).name, _part(node).arguments


def _split(name: str) -> tuple[str, int]:
    """`denselayer12` -> `denselayer`, 12."""
    found = re.fullmatch(r"(\D*)(\d+)", name)
    if found is None:
        raise ValueError(f"a block is named {name}, without a number")
    return found[1], int(found[2])


def _numbers(numbers: Sequence[int]) -> str:
    """`range(4)`, `range(1, 7)`, `(0, 2)`, `(*range(18), 20)`."""
    runs = list(_runs(numbers))
    texts = [_range(first, last) for first, last in runs]
    if len(runs) == 1:
        return texts[0] if "range" in texts[0] else f"({texts[0]},)"
    return f"({', '.join('*' + text if 'range' in text else text for text in texts)})"


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    for _, group in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        if len(run) == 2:  # which are shorter one by one
            yield from ((number, number) for number in run)
        else:
            yield run[0], run[-1]


def _range(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"range({last + 1})" if first == 0 else f"range({first}, {last + 1})"
