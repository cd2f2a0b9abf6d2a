"""What cards, tooltips and opened blocks say."""

from __future__ import annotations

from explorer.app.diagram.look import kernels_text, shape_text
from explorer.app.text import tr, translated
from explorer.networks.colouring import Colouring
from explorer.networks.cost import PartCost, network_cost
from explorer.networks.folding import Cell
from explorer.networks.lesion import Mode, exchangeable
from explorer.networks.operations import Operation, Operations
from explorer.networks.spec import BlockSpec, NetworkSpec, Shape


def card_words(cell: Cell, spec: NetworkSpec) -> tuple[str, str]:
    """Title and second line of a card."""
    if cell.kind == "block":
        # In another one's place a block is told from its neighbours by its whole name.
        return cell.id.rpartition(".")[2], cell.id if cell.node.moved else kernels_text(cell.node)
    if cell.kind in ("fold", "handle"):
        first, last = (block.rpartition(".")[2] for block in (cell.hidden[0], cell.hidden[-1]))
        return f"× {len(cell.hidden)}", f"{first} – {last}"
    if cell.kind == "input":
        return tr("input"), shape_text(spec.input_shape)
    if cell.kind == "stem":
        return tr("stem"), _stem_text(spec)
    return _head_words(spec, spec.head_operations(cell.node.input))


def _head_words(spec: NetworkSpec, operations: Operations) -> tuple[str, str]:
    """An MLP pools nothing, and VGG has three fully connected layers."""
    layers = sum(one.kind == "linear" for one in operations)
    classifier = tr("fc") if layers == 1 else tr("{count} fc", count=layers)
    pools = any(one.kind in ("avgpool", "maxpool") for one in operations)
    title = tr("pool · {classifier}", classifier=classifier) if pools else classifier
    first = operations[0]
    if first.kind == "conv":
        return title, tr("conv {window} first", window=f"{first.kernel}×{first.kernel}")
    if first.kind == "bn":
        return title, tr("BN, ReLU first")
    return title, tr("{classes} classes", classes=spec.classes)


def _stem_text(spec: NetworkSpec) -> str:
    operations = spec.stem_operations()
    window = next((f"{one.kernel}×{one.kernel}" for one in operations if one.kind == "conv"), "")
    if any(one.kind == "maxpool" for one in operations):
        return tr("{window}, pool", window=window)
    return tr("conv {window}", window=window) if window else tr("fc")


def operation_words(operation: Operation) -> tuple[str, str]:
    """Title and second line of an operation's box."""
    window = f"{operation.kernel}×{operation.kernel}"
    stride = tr("stride {stride}", stride=operation.stride)
    words = {
        "conv": (tr("conv {window}", window=window), _conv_text(operation, stride)),
        "bn": (tr("BN"), ""),
        "relu": (tr("ReLU"), ""),
        "silu": (tr("SiLU"), ""),
        "add": ("+", ""),
        "concat": (tr("concat"), f"+ {operation.output[0] - operation.input[0]}"),
        "gate": (tr("gate"), tr("g F + (1−g) x") if operation.number else tr("F + (1−g) x")),
        "scale": (f"× {operation.number:g}", ""),
        "dropout": (tr("dropout"), f"{operation.number:g}"),
        "se": (tr("squeeze-excite"), f"{operation.input[0]} → {operation.number:g} → {operation.input[0]}"),
        "flatten": (tr("flatten"), ""),
        "maxpool": (tr("max pool {window}", window=window), stride),
        "avgpool": (tr("average pool"), window),
        "linear": (tr("fc"), f"{operation.input[0]} → {operation.output[0]}"),
        "subsample": (tr("subsample"), tr("{stride}, pad", stride=stride)),
    }
    return words[operation.kind]


def _conv_text(operation: Operation, stride: str) -> str:
    """Below a convolution: its groups where it has several, of which a depthwise one has as many as channels."""
    if operation.groups == 1:
        return stride
    if operation.groups == operation.input[0]:
        return tr("depthwise") if operation.stride == 1 else tr("depthwise, /{stride}", stride=operation.stride)
    groups = tr("{count} groups", count=operation.groups)
    return groups if operation.stride == 1 else tr("{groups}, /{stride}", groups=groups, stride=operation.stride)


def deletion_text(block: BlockSpec) -> str:
    """What deleting this very block means (Veit et al. 2016, section 4.1); of a plain network, this very layer."""
    if block.shortcut == "none":
        return _plain_deletion_text(block)
    if block.shortcut == "concat":
        return tr("its own channels become zero: the layers behind it get those of the others alone")
    if block.shortcut in ("scale", "dropout", "gate"):
        return tr("only the {kind} shortcut is left", kind=_shortcut_text(block))
    if block.shortcut == "identity":
        return tr("identity block: becomes y = x")
    if block.shortcut == "subsampling":
        return tr("downsampling block: only its subsampled, zero-padded input is left")
    if block.downsampling:
        return tr("downsampling block: only its projection is left")
    return tr("block with a projection: only the projection is left")


def _plain_deletion_text(block: BlockSpec) -> str:
    layer = block.kind == "layer"
    if not block.passes_on:
        if layer:
            return tr("layer that changes the shape: its input goes on, subsampled and zero-padded")
        return tr("block that changes the shape: its input goes on, subsampled and zero-padded")
    if block.pooled:
        return tr("becomes y = x; the max pool before it stays")
    return tr("layer of equal shape: becomes y = x") if layer else tr("block of equal shape: becomes y = x")


def formula(block: BlockSpec, mode: Mode, shape: Shape | None = None) -> str:
    """What an opened block computes, or what is left of that.

    The input of an original block has passed a ReLU, so that ReLU(x) = x; nothing follows the addition of a
    pre-activation block (He et al. 2016, equation 3).
    """
    if block.shortcut == "none":
        return _plain_formula(block, mode)
    way, what = _way(block)
    branch = "g(x) F(x)" if _exclusive(block) else "F(x)"
    if block.shortcut == "concat":
        if mode == "deleted":
            return tr("Deleted: F(x) := 0, so ") + "y = [x, 0]"
        return "y = [x, F(x)]" + tr("   x: the channels of all layers before it")
    if mode == "deleted":
        start, total = tr("Deleted: F(x) := 0, so "), way
    elif mode == "cut":
        start, total, what = tr("Shortcut cut: "), branch, ""
    else:
        start, total = "", f"{branch} + {way}"
    shape = shape or (block.in_channels, 32, 32)
    if not any(one.kind == "relu" for one in block.operations(shape).after):
        return f"{start}y = {total}{what}"
    after = f"ReLU({total})" + (" = x" if (mode, way) == ("deleted", "x") else "")
    return f"{start}y = {after}{what}"


def _way(block: BlockSpec) -> tuple[str, str]:
    """What arrives by the shortcut, and in words what that is."""
    ways = {
        "subsampling": ("S(x)", tr("   S: the subsampling")),
        "scale": (f"{_factor(block):g} x", ""),
        "dropout": ("x", ""),
        "gate": ("(1 − g(x)) x", tr("   g: the gate")),
    }
    if block.shortcut in ways:
        return ways[block.shortcut]
    if block.shortcut == "projection" and block.parts_late:
        return "P(a)", tr("   P: the projection, a = ReLU(BN(x))")
    return ("P(x)", tr("   P: the projection")) if block.shortcut == "projection" else ("x", "")


def _factor(block: BlockSpec) -> float:
    """Of a scaled shortcut."""
    shape = (block.in_channels, 8, 8)
    return next((one.number for one in block.operations(shape).shortcut if one.kind == "scale"), 1.0)


def _exclusive(block: BlockSpec) -> bool:
    """Whether a gate weighs the residual branch, too (He et al. 2016, section 3.1)."""
    join = block.operations((block.in_channels, 8, 8)).join if block.shortcut == "gate" else None
    return join is not None and join.number == 1


def _plain_formula(block: BlockSpec, mode: Mode) -> str:
    x = "p" if block.pooled else "x"
    what = tr("   p: x behind the max pool") if block.pooled else ""
    if mode == "deleted":
        if block.passes_on:
            return tr("Deleted: ") + f"y = {x}" + what
        return tr("Deleted: ") + f"y = S({x})" + tr("   S: subsampling and zero padding") + what
    inside = f"BN(conv({x}))" if block.kind == "layer" else f"F({x})"
    return f"y = ReLU({inside})" + what


def opened_title(cell: Cell) -> str:
    """The heading of an opened part."""
    if cell.node.block is None:
        return tr("stem") if cell.kind == "stem" else tr("head")
    kind = _kind_text(cell.node.block)
    if cell.node.moved:
        return tr("{id}, {kind}, in the place of {place}", id=cell.id, kind=kind, place=cell.node.place)
    return tr("{id}, {kind}", id=cell.id, kind=kind)


def tooltip(cell: Cell, spec: NetworkSpec, mode: Mode = "whole", colouring: Colouring | None = None) -> str:
    """Lines about a card: id, kind, shapes, cost, shortcut, what it is coloured by, what is or can be done; what a
    click does to a fold."""
    if cell.kind == "fold":
        return "\n".join([_fold_text(cell, spec), *_value_lines(cell, colouring)])
    if cell.kind == "handle":
        return tr("Click or Enter folds {first} to {last} again.", first=cell.hidden[0], last=cell.hidden[-1])
    if cell.kind == "input":
        return tr("Input: {shape}", shape=shape_text(spec.input_shape))
    # Shapes and multiply-adds are those of the place.
    cost = next(part for part in network_cost(spec).parts if part.id == (cell.node.place or cell.id))
    lines = [
        cell.id if cell.node.block is None else opened_title(cell),
        tr("in {input}, out {output}", input=shape_text(cell.node.input), output=shape_text(cell.node.output)),
        _cost_text(cost),
    ]
    lines += _value_lines(cell, colouring)
    if cell.node.block is not None:
        lines += _block_lines(cell.node.block, mode)
        if any(cell.id in group for group in exchangeable(spec)):
            lines.append(tr("Dragged onto another card of equal shape, it changes places with it"))
    return "\n".join(lines)


def _value_lines(cell: Cell, colouring: Colouring | None) -> list[str]:
    """What a card is coloured by: its value, with the spread of a measured one; of a fold its blocks' mean."""
    if colouring is None:
        return []
    place = cell.node.place or cell.id
    value = colouring.value(cell.hidden or (place,))
    if value is None:
        return []
    title, text = tr(colouring.title), colouring.text(value)
    if cell.hidden:
        return [tr("{title}: {value} a block, the mean, which colours it", title=title, value=text)]
    spread = colouring.spread_text(place)
    line = tr("{title}: {value} ({spread})", title=title, value=text, spread=spread) if spread else f"{title}: {text}"
    return [line, *([translated(colouring.note)] if colouring.note else [])]


def stage_tooltip(spec: NetworkSpec, stage_id: str) -> str:
    """Lines about a stage that shows its summary."""
    cost = next(part for part in network_cost(spec).stages if part.id == stage_id)
    count = next(len(stage.blocks) for stage in spec.stages if stage.id == stage_id)
    template = "{id}: {count} layers, output {shape}" if spec.layers else "{id}: {count} blocks, output {shape}"
    return "\n".join([
        tr(template, id=stage_id, count=f"{count:,}", shape=shape_text(cost.output)),
        _cost_text(cost),
        tr("A double click goes near"),
    ])  # fmt: skip


def _fold_text(cell: Cell, spec: NetworkSpec) -> str:
    first, last, count = cell.hidden[0], cell.hidden[-1], len(cell.hidden)
    if spec.layers:
        return tr(
            "{first} to {last}: {count} equal layers, folded. Click or Enter unfolds them.",
            first=first, last=last, count=count,
        )  # fmt: skip
    return tr(
        "{first} to {last}: {count} equal blocks, folded. Click or Enter unfolds them.",
        first=first, last=last, count=count,
    )  # fmt: skip


def _block_lines(block: BlockSpec, mode: Mode) -> list[str]:
    plain = block.shortcut == "none"
    lines = [] if plain else [tr("shortcut: {kind}", kind=_shortcut_text(block))]
    what = deletion_text(block)
    if mode == "cut":
        lines.append(tr("Shortcut cut; only the residual branch is left"))
    elif mode == "deleted":
        lines.append(tr("Deleted; {what}", what=what))
    else:
        lines.append(tr("If deleted, {what}", what=what))
    if block.kept:
        lines[-1] = tr(block.kept, id=block.id)
        return lines
    lines.append(tr("Space deletes it") if plain or block.uncut else tr("Space deletes it, X cuts its shortcut"))
    return lines


def arc_tooltip(block: BlockSpec, cut: bool) -> str:
    """About the shortcut of a block."""
    name = tr("shortcut of {id}: {kind}", id=block.id, kind=_shortcut_text(block))
    if block.uncut:
        return f"{name}\n{tr(block.uncut, id=block.id)}"
    what = tr("Cut. A click restores it.") if cut else tr("A click cuts it: then y = F(x).")
    return f"{name}\n{what}"


def pool_tooltip(place: str) -> str:
    """About the max pool before a place."""
    return tr("The pool before {place}, with stride 2; it stays when the layer is deleted or moved", place=place)


def spoken(cell: Cell, mode: Mode) -> str:
    """One line for a screen reader."""
    block = cell.node.block
    if cell.hidden:
        return tr("{count} folded", count=len(cell.hidden))
    if block is None:
        return cell.id
    states = {"deleted": tr("deleted"), "cut": tr("shortcut cut"), "whole": tr("on")}
    parts = [opened_title(cell), *([] if block.shortcut == "none" else [_shortcut_text(block)]), states[mode]]
    return ", ".join(parts)


def _kind_text(block: BlockSpec) -> str:
    if block.kind == "layer":
        return tr("plain layer")
    if block.kind not in ("basic", "bottleneck"):
        kind = {"mbconv": tr("MBConv block"), "fully connected": tr("fully connected block")}.get(block.kind)
        kind = kind or tr(block.kind)
        return kind if block.shortcut != "none" else tr("{kind} without shortcut", kind=kind)
    if block.preactivated:
        names = {"basic": tr("pre-activation basic block"), "bottleneck": tr("pre-activation bottleneck block")}
    elif block.shortcut == "none":
        names = {"basic": tr("basic block without shortcut"), "bottleneck": tr("bottleneck block without shortcut")}
    else:
        names = {"basic": tr("basic block"), "bottleneck": tr("bottleneck block")}
    return names[block.kind]


def _shortcut_text(block: BlockSpec) -> str:
    projection = tr("projection, 1×1 conv") if block.preactivated else tr("projection, 1×1 conv and BN")
    names = {
        "identity": tr("identity"),
        "projection": projection,
        "subsampling": tr("option A, subsampling and zero padding"),
        "scale": tr("scaled"),
        "gate": tr("gated"),
        "dropout": tr("dropout"),
        "concat": tr("concatenation"),
        "none": tr("none"),
    }
    return names[block.shortcut]


def _cost_text(cost: PartCost) -> str:
    return tr("{parameters} parameters, {macs} MACs", parameters=f"{cost.parameters:,}", macs=f"{cost.macs:,}")
