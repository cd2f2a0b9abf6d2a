"""What cards, tooltips and opened blocks say."""

from __future__ import annotations

from explorer.app.diagram.look import kernels_text, shape_text
from explorer.app.text import tr
from explorer.networks.cost import PartCost, network_cost
from explorer.networks.layout import Cell
from explorer.networks.operations import Operation
from explorer.networks.spec import BlockSpec, NetworkSpec


def card_words(cell: Cell, spec: NetworkSpec) -> tuple[str, str]:
    """Title and second line of a card."""
    if cell.kind == "block":
        return cell.id.rpartition(".")[2], kernels_text(cell.node)
    if cell.kind in ("fold", "handle"):
        first, last = (block.rpartition(".")[2] for block in (cell.hidden[0], cell.hidden[-1]))
        return f"× {len(cell.hidden)}", f"{first} – {last}"
    if cell.kind == "input":
        return tr("input"), shape_text(spec.input_shape)
    if cell.kind == "stem":
        return tr("stem"), tr("7×7, pool") if spec.family == "imagenet" else tr("conv 3×3")
    return tr("pool · fc"), tr("{classes} classes", classes=spec.classes)


def operation_words(operation: Operation) -> tuple[str, str]:
    """Title and second line of an operation's box."""
    window = f"{operation.kernel}×{operation.kernel}"
    stride = tr("stride {stride}", stride=operation.stride)
    words = {
        "conv": (tr("conv {window}", window=window), stride),
        "bn": (tr("BN"), ""),
        "relu": (tr("ReLU"), ""),
        "add": ("+", ""),
        "maxpool": (tr("max pool {window}", window=window), stride),
        "avgpool": (tr("average pool"), window),
        "linear": (tr("fc"), f"{operation.input[0]} → {operation.output[0]}"),
        "subsample": (tr("subsample"), tr("{stride}, pad", stride=stride)),
    }
    return words[operation.kind]


def deletion_text(block: BlockSpec) -> str:
    """What deleting this very block means (Veit et al. 2016, section 4.1)."""
    if block.shortcut == "identity":
        return tr("identity block: becomes y = x")
    if block.shortcut == "subsampling":
        return tr("downsampling block: only its subsampled, zero-padded input is left")
    if block.downsampling:
        return tr("downsampling block: only its projection is left")
    return tr("block with a projection: only the projection is left")


def formula(block: BlockSpec, deleted: bool) -> str:
    """What an opened block computes. Its input has passed a ReLU, so that ReLU(x) = x."""
    way = {"identity": "x", "projection": "P(x)", "subsampling": "S(x)"}[block.shortcut]
    what = {"identity": "", "projection": tr("   P: the projection"), "subsampling": tr("   S: the subsampling")}
    if deleted and block.shortcut == "identity":
        return tr("Deleted: F(x) := 0, so y = ReLU(x) = x")
    if deleted:
        return tr("Deleted: F(x) := 0, so y = ReLU({way})", way=way) + what[block.shortcut]
    return tr("y = ReLU(F(x) + {way})", way=way) + what[block.shortcut]


def opened_title(cell: Cell) -> str:
    """The heading of an opened part."""
    if cell.node.block is None:
        return tr("stem") if cell.kind == "stem" else tr("head")
    return tr("{id}, {kind}", id=cell.id, kind=_kind_text(cell.node.block))


def tooltip(cell: Cell, spec: NetworkSpec, deleted: bool) -> str:
    """Lines about a card: id, kind, shapes, cost, shortcut, deletion; what a click does to a fold."""
    if cell.kind == "fold":
        return tr(
            "{first} to {last}: {count} equal blocks, folded. Click or Enter unfolds them.",
            first=cell.hidden[0], last=cell.hidden[-1], count=len(cell.hidden),
        )  # fmt: skip
    if cell.kind == "handle":
        return tr("Click or Enter folds {first} to {last} again.", first=cell.hidden[0], last=cell.hidden[-1])
    if cell.kind == "input":
        return tr("Input: {shape}", shape=shape_text(spec.input_shape))
    cost = next(part for part in network_cost(spec).parts if part.id == cell.id)
    lines = [
        cell.id if cell.node.block is None else opened_title(cell),
        tr("in {input}, out {output}", input=shape_text(cell.node.input), output=shape_text(cell.node.output)),
        _cost_text(cost),
    ]
    if cell.node.block is not None:
        lines.append(tr("shortcut: {kind}", kind=_shortcut_text(cell.node.block)))
        what = deletion_text(cell.node.block)
        lines.append(tr("Deleted; {what}", what=what) if deleted else tr("If deleted, {what}", what=what))
    return "\n".join(lines)


def spoken(cell: Cell, deleted: bool) -> str:
    """One line for a screen reader."""
    if cell.node.block is None or cell.hidden:
        return cell.id if not cell.hidden else tr("{count} blocks, folded", count=len(cell.hidden))
    state = tr("deleted") if deleted else tr("on")
    return f"{opened_title(cell)}, {_shortcut_text(cell.node.block)}, {state}"


def _kind_text(block: BlockSpec) -> str:
    return tr("basic block") if block.kind == "basic" else tr("bottleneck block")


def _shortcut_text(block: BlockSpec) -> str:
    names = {
        "identity": tr("identity"),
        "projection": tr("projection, 1×1 conv and BN"),
        "subsampling": tr("option A, subsampling and zero padding"),
    }
    return names[block.shortcut]


def _cost_text(cost: PartCost) -> str:
    return tr("{parameters} parameters, {macs} MACs", parameters=f"{cost.parameters:,}", macs=f"{cost.macs:,}")
