"""What stands in a network, in the order of its modules: single operations, and blocks by their makers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from explorer.networks.code.chains import Item, Node, StagePart, nodes
from explorer.networks.code.classes import Maker, maker, names
from explorer.networks.code.forms import Sample, forms, inside
from explorer.networks.code.layout import call
from explorer.networks.code.leaves import literal
from explorer.networks.operations import Operation, OperationKind
from explorer.networks.spec import BlockSpec, NetworkSpec

_FLATTEN: OperationKind = "flatten"


@dataclass(frozen=True)
class _Place:
    """A block, or an operation that stands in none.

    Attributes:
        sample: the block.
        operation: the operation.
        rows: whether the batch comes to it as rows of numbers instead of maps.
    """

    sample: Sample | None = None
    operation: Operation | None = None
    rows: bool = False


class Plan:
    """What is to be written of a network.

    Args:
        spec: which one.

    Attributes:
        makers: the classes and functions of its blocks, the most frequent first.
        nodes: the names in the network, from input to output.
        first: path of the first convolution, empty where it begins with something else.
        classifier: path of the last layer.

    Raises:
        ValueError: its modules can't be arranged.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        self.first, self.classifier = "", ""
        places = list(self._places())
        found = forms(place.sample for place in places if place.sample is not None)
        called = names(found, spec.all_blocks[0].id)
        self.makers = tuple(maker(form, name) for form, name in zip(found, called, strict=True))
        self._by_block: dict[str, tuple[Maker, int]] = {}
        for form, one in zip(found, self.makers, strict=True):
            self._by_block |= {sample.block.id: (one, index) for index, sample in enumerate(form.samples)}
        self.nodes = nodes(self._item(place) for place in places)

    def _places(self) -> Iterator[_Place]:
        stem = self.spec.stem_operations()
        self.first = stem[0].id if stem[0].kind == "conv" else ""
        row = _in_rows(stem, False)
        yield from row
        rows = row[-1].rows
        shape = stem[-1].output
        for block in self.spec.all_blocks:
            wiring = block.operations(shape)
            yield from _in_rows([_hoisted(one, block) for one in wiring.before], rows)
            yield _Place(Sample(block, inside(wiring), rows))
            shape = wiring.all[-1].output
        head = self.spec.head_operations(shape)
        self.classifier = head[-1].id
        yield from _in_rows(head, rows)

    def _item(self, place: _Place) -> Item:
        if place.operation is not None:
            return self._leaf(place.operation, place.rows)
        assert place.sample is not None
        block = place.sample.block
        one, index = self._by_block[block.id]
        arguments, entering = one.arguments[index], one.entering[index]
        if place.sample.is_row:
            ids = [operation.id for operation in place.sample.wiring.all]
            return Item(tuple(ids[0].split(".")), code=call(f"*{one.name}", str(entering), *arguments), spread=len(ids))
        code = call(one.name, str(entering), *arguments)
        return Item(tuple(block.module_path.split(".")), code=code, stage=StagePart(one.name, arguments, entering))

    def _leaf(self, one: Operation, rows: bool) -> Item:
        values = literal(one, rows)
        if one.id == self.first:
            values = replace(values, inside="in_channels")
        if one.id == self.classifier:
            values = replace(values, out="classes")
        return Item(tuple(one.id.split(".")), one, values)


def _in_rows(operations: Sequence[Operation], rows: bool) -> list[_Place]:
    """Operations with what makes rows of numbers of maps, before the first fully connected layer.

    Args:
        operations: one after another.
        rows: whether rows of numbers come.
    """
    first = next((index for index, one in enumerate(operations) if one.kind in (_FLATTEN, "linear")), None)
    if rows or first is None:
        return [_Place(operation=one, rows=rows) for one in operations]
    behind = list(operations[first:])
    if behind[0].kind == "linear":
        while first and operations[first - 1].kind in ("dropout", "relu", "silu"):
            first -= 1  # which may be in one Sequential with the layer
        one = operations[first]
        behind = [Operation(_FLATTEN, _FLATTEN, one.input, one.input), *operations[first:]]
    return [
        *(_Place(operation=one) for one in operations[:first]),
        *(_Place(operation=one, rows=index > 0) for index, one in enumerate(behind)),
    ]


def _hoisted(one: Operation, block: BlockSpec) -> Operation:
    """What belongs to a block's place under a name beside its stage, where it has the block's own."""
    for path in (block.module_path, block.id):
        if one.id.startswith(f"{path}."):
            stage = path.rpartition(".")[0].replace(".", "_")
            return replace(one, id=f"{stage}_{one.id.rpartition('.')[2]}")
    return one


def stages(row: Sequence[Node]) -> Iterator[Node]:
    """The stages among nodes and everything below them."""
    for node in row:
        if node.is_group:
            if all(not child.is_group and child.items[0].stage for child in node.nodes):
                yield node
            else:
                yield from stages(node.nodes)
