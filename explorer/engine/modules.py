"""A network as a PyTorch module, made of the operations that its spec lists.

A block can run with its residual branch deleted (F := 0, Veit et al. 2016, section 4.1) or its shortcut cut, and the
blocks in another order: the lesion is an argument of the forward pass, not a state of the module, so one module serves
every lesion. Names of parameters are torchvision's; where torchvision has the network (`NetworkSpec.wrapped`), it
builds the modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain

import torch
import torchvision
from torch import Tensor, nn

from explorer.engine.tracks import ADDABLE, Step, compiled, leaf, plant, run
from explorer.networks.lesion import INTACT, Lesion, Mode, places
from explorer.networks.operations import SHORTCUT_ONLY, Operation, Wiring, state_of
from explorer.networks.spec import BlockSpec, NetworkSpec

Parts = dict[str, tuple[Operation, ...]]


class Block:
    """One residual unit, y = after(join(shortcut(x), F(x))): of the original order ReLU(x + F(x)) (He et al. 2015,
    equations 1 and 2); of a plain network, whose shortcut is `none`, after(F(x)).

    It holds no parameters of its own: they are the network's.

    Args:
        spec: which one.
        wiring: its operations.
        network: whose modules it runs.

    Attributes:
        modules: of its operations, by their ids.
    """

    def __init__(self, spec: BlockSpec, wiring: Wiring, network: Network) -> None:
        self.spec, self.wiring = spec, wiring
        self.plain = wiring.join is None
        module = network.module
        self.modules = {operation.id: found for operation in wiring.all if (found := module(operation.id)) is not None}
        own = bool(wiring.shared)
        self._shared = compiled(wiring.shared, module, False)
        self._branch = compiled(wiring.branch, module, False)
        self._shortcut = compiled(wiring.shortcut, module, False)
        self._after = compiled(wiring.after, module, True)
        # Dropout hands on its input itself where nothing is trained.
        own = own or any(operation.kind != "dropout" for operation in wiring.shortcut)
        self._after_kept = compiled(wiring.after, module, own)
        self._stand_in = None if wiring.stand_in is None else compiled((wiring.stand_in,), module, False)
        self._gate = None if wiring.join is None or wiring.join.kind != "gate" else module(wiring.join.id)
        kinds = [operation.kind for operation in wiring.branch if operation.kind != "dropout"]
        self._in_place = bool(kinds) and kinds[-1] in ADDABLE

    def branch(self, x: Tensor) -> Tensor:
        """The residual branch F, from where the ways part: (N, in_channels, H, W) -> (N, channels, H / stride,
        W / stride)."""
        return run(self._branch, x)

    def shortcut(self, x: Tensor) -> Tensor:
        """The other way, from where the ways part; the identity returns x itself."""
        return run(self._shortcut, x)

    def around(self, x: Tensor) -> Tensor:
        """The output when the branch is zero. A block without shortcut passes its input on, subsampled and padded as
        option A does where the shape changes."""
        if self.spec.passes_on:
            return x
        if self.plain:
            return x if self._stand_in is None else run(self._stand_in, x)
        y = self.shortcut(run(self._shared, x))
        if self._gate is not None:
            return run(self._after, (1 - self._gate(x)) * y)
        assert self.wiring.join is not None
        if self.wiring.join.kind == "concat":
            missing = self.wiring.join.output[0] - y.shape[1]
            return run(self._after, torch.cat([y, y.new_zeros(len(y), missing, *y.shape[2:])], 1))
        return run(self._after_kept, y)

    def __call__(self, x: Tensor, mode: Mode = "whole", out: Tensor | None = None) -> Tensor:
        """The block's output.

        Args:
            x: (N, in_channels, H, W).
            mode: `deleted` for what the shortcut alone gives, `cut` for what the branch alone gives.
            out: memory for the sum of the two ways, outside of autograd; else it is new.
        """
        if mode == "deleted":
            return self.around(x)
        parting = run(self._shared, x)
        y = self.branch(parting)
        if not self.plain:
            y = self._joined(x, y, None if mode == "cut" else self.shortcut(parting), out)
        return run(self._after, y)

    def _joined(self, x: Tensor, y: Tensor, carried: Tensor | None, out: Tensor | None) -> Tensor:
        """Both ways together; `carried` is None where the shortcut is cut."""
        join = self.wiring.join
        assert join is not None
        if self._gate is not None:
            opened = self._gate(x)
            if join.number == SHORTCUT_ONLY:
                assert carried is not None
                left: Tensor = (1 - opened) * carried
                return left
            y = opened * y if join.number else y
            return y if carried is None else y + (1 - opened) * carried
        if carried is None:
            return y
        if join.kind == "concat":
            return torch.cat([carried, y], 1)
        if out is not None:
            return torch.add(y, carried, out=out)
        return y.add_(carried) if self._in_place else y + carried


class Network(nn.Module):
    """Stem, blocks, head.

    Input (N, in_channels, side, side), output (N, classes). Of `any_side` networks any other side works too, as long as
    the maps don't vanish; the spec's is what the cost figures state.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        self.spec = spec
        stem = spec.stem_operations()
        wirings: dict[str, Wiring] = {}
        shape = stem[-1].output
        for block in spec.all_blocks:
            wirings[block.id] = block.operations(shape)
            shape = wirings[block.id].all[-1].output
        head = spec.head_operations(shape)
        self.parts: Parts = {"stem": stem, **{key: wiring.all for key, wiring in wirings.items()}, "head": head}
        self._build()
        self._stem = compiled(stem, self.module, False)
        self._head = compiled(head, self.module, False)
        self._before = {
            key: compiled(wiring.before, self.module, False) for key, wiring in wirings.items() if wiring.before
        }
        self._blocks = {block.id: Block(block, _inside(wirings[block.id]), self) for block in spec.all_blocks}
        self._entries = {key: wiring.before for key, wiring in wirings.items()}

    def _build(self) -> None:
        """The modules with the parameters, under the paths of the operations.

        Of torchvision's, those that are missing or of another shape are made anew: its constructors take three input
        channels only.
        """
        if self.spec.wrapped is not None:
            name, arguments = self.spec.wrapped
            for child, module in torchvision.models.get_model_builder(name)(**arguments).named_children():
                self.add_module(child, module)
        for operation in chain.from_iterable(self.parts.values()):
            if not self._has(operation) and (module := leaf(operation)) is not None:
                plant(self, operation.id, module)

    def _has(self, operation: Operation) -> bool:
        """Whether the module of an operation is there, with the parameters that it needs."""
        module = self.module(operation.id)
        if module is None:
            return False
        return {key: tuple(value.shape) for key, value in module.state_dict().items()} == dict(state_of(operation))

    def module(self, path: str) -> nn.Module | None:
        """The module at a path; None where there is none, as of operations without parameters."""
        try:
            return self.get_submodule(path)
        except AttributeError:
            return None

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Pairs of id and block, from input to output."""
        yield from self._blocks.items()

    def norms(self, part: str, before: bool = False) -> list[nn.BatchNorm2d]:
        """The batch norms of a part, in its order.

        Args:
            part: `stem`, a block's id, or `head`.
            before: of what stands before a block's place, instead of the block's own.
        """
        entry = self._entries.get(part, ())
        operations = entry if before else self.parts[part][len(entry) :]
        found = [self.module(operation.id) for operation in operations if operation.kind == "bn"]
        return [norm for norm in found if isinstance(norm, nn.BatchNorm2d)]

    def stem(self, x: Tensor) -> Tensor:
        """(N, in_channels, side, side) -> what comes to the first block's place."""
        return run(self._stem, x)

    def enter(self, place: str, x: Tensor) -> Tensor:
        """What stands before a place, as a pool, done to what comes there; x itself where nothing does.

        Args:
            place: id of the block whose own place it is.
            x: what the block before left.
        """
        return run(self._before.get(place, ()), x)

    def head(self, x: Tensor) -> Tensor:
        """The last block's output -> logits (N, classes)."""
        return torch.flatten(run(self._head, x), 1)

    def forward(self, x: Tensor, lesion: Lesion = INTACT) -> Tensor:
        """Logits, with the lesion done to its blocks."""
        x = self.stem(x)
        for place in places(self.spec, lesion):
            x = self._blocks[place.block](self.enter(place.spec.id, x), place.mode)
        return self.head(x)

    def steps(self, lesion: Lesion = INTACT) -> list[Step]:
        """The same, cut into short pieces."""
        pieces: list[Step] = [self.stem]
        for place in places(self.spec, lesion):
            if place.spec.id in self._before:
                pieces.append(partial(self.enter, place.spec.id))
            pieces.append(partial(self._blocks[place.block], mode=place.mode))
        return [*pieces, self.head]


def _inside(wiring: Wiring) -> Wiring:
    """Without what belongs to the place."""
    return Wiring((), wiring.shared, wiring.branch, wiring.shortcut, wiring.join, wiring.after, wiring.stand_in)


def answers(logits: Tensor) -> Tensor:
    """The class that a network says: (N, classes) -> int64 (N,), -1 where its logits are not all numbers, so that no
    such answer is ever right."""
    return torch.where(logits.isfinite().all(1), logits.argmax(1), -1)
