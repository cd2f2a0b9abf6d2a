"""Gradients over chosen paths equal those that autograd gives where all other ways are detached by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from explorer.engine.explain import paths_passage
from explorer.engine.explain.paths_passage import Fork, Recorder, Recording, Stretch, largest_batch
from explorer.engine.explain.paths_records import selections
from explorer.engine.explain.paths_walks import ChosenWays, EveryLength, Walk, at_input, orders
from explorer.engine.modules import Network
from explorer.networks.catalog import PRESETS
from explorer.networks.families.efficientnet import EfficientNetSpec
from explorer.networks.families.mlp import MlpSpec
from explorer.networks.families.pruned import PrunedSpec
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.paths import forks
from explorer.networks.spec import NetworkSpec
from tests.engine.explain.linear_networks import linear_network, path_by_matrices
from tests.engine.networks import TINY, network_of, pictures
from tests.engine.residual_by_hand import SPECS as BY_HAND
from tests.engine.residual_by_hand import ByHand

IMAGES = 3
LABELS = torch.tensor([1, 0, 3])


def recorded(network: Network, x: Tensor, labels: Tensor | None = LABELS) -> Recording:
    *_, recording = Recorder(network).record(x, labels, len(x))
    assert isinstance(recording, Recording)
    return recording


def walked(walk: Walk) -> list[Tensor]:
    for _ in walk:
        pass
    return at_input(walk)


@dataclass(frozen=True)
class OnePath(ByHand):
    """The network spelt out, forward whole; a gradient goes back through the branches of some blocks only, and around
    all others.

    Attributes:
        taken: ids of the blocks through whose branch it goes.
    """

    taken: frozenset[str] = frozenset()

    def together(self, name: str, x: Tensor, branch: Tensor, shortcut: Tensor, stride: int) -> Tensor:
        branch, shortcut = (branch, shortcut.detach()) if name in self.taken else (branch.detach(), shortcut)
        # The gate is held as it is.
        return super().together(name, x.detach(), branch, shortcut, stride)


def by_hand(network: Network, x: Tensor, taken: frozenset[str]) -> Tensor:
    """The gradient of the mean loss at the input over one path."""
    spec = network.spec
    assert isinstance(spec, ResNetSpec)
    x = x.clone().requires_grad_()
    logits = OnePath(spec, network.state_dict(), taken=taken).logits(x)
    functional.cross_entropy(logits, LABELS).backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    return x.grad


def whole(network: Network, x: Tensor) -> Tensor:
    """Plain autograd through the program's own network."""
    x = x.clone().requires_grad_()
    loss = functional.cross_entropy(network(x), LABELS)
    return torch.autograd.grad(loss, x)[0]


def equal(found: Tensor, expected: Tensor, tolerance: float = 1e-10) -> None:
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) <= tolerance * float(expected.abs().max()) + 1e-300


# -- linear networks ---------------------------------------------------------------------------------------------


def test_on_a_linear_network_the_eight_paths_add_up_to_the_whole_gradient() -> None:
    network = linear_network(3)
    x = pictures(network.spec, IMAGES).double()
    blocks = network.spec.block_ids
    walk = ChosenWays(recorded(network, x), blocks)
    gradients = walked(walk)
    assert set(walk.taken) == set(selections(blocks))
    assert len(gradients) == 8
    logits = network(x).detach().requires_grad_()
    at_logits = torch.autograd.grad(functional.cross_entropy(logits, LABELS), logits)[0]
    for taken, gradient in zip(walk.taken, gradients, strict=True):
        equal(gradient.flatten(1), path_by_matrices(network, at_logits, taken), 1e-13)
    equal(torch.stack(gradients).sum(0), whole(network, x), 1e-13)


def test_paths_of_each_length_on_a_linear_network() -> None:
    network = linear_network(5)
    x = pictures(network.spec, IMAGES).double()
    logits = network(x).detach().requires_grad_()
    at_logits = torch.autograd.grad(functional.cross_entropy(logits, LABELS), logits)[0]
    for order in orders(network.spec.block_ids, 3):
        gradients = walked(EveryLength(recorded(network, x), order))
        assert len(gradients) == 6
        for length, gradient in enumerate(gradients):
            expected = path_by_matrices(network, at_logits, frozenset(order[:length]))
            equal(gradient.flatten(1), expected, 1e-13)


@pytest.mark.parametrize("scale", [1e-4, 1e3])
def test_gradients_beyond_float32_keep_their_size(scale: float) -> None:
    """Twenty branches of 1e-4: 1e-80 is far below what float32 reaches, as 1e60 is above."""
    network = linear_network(20, scale)
    x = pictures(network.spec, IMAGES).double()
    logits = network(x).detach().requires_grad_()
    at_logits = torch.autograd.grad(functional.cross_entropy(logits, LABELS), logits)[0]
    (order,) = orders(network.spec.block_ids, 1)
    expected = path_by_matrices(network, at_logits, frozenset(order)).norm()
    recording = recorded(network.float(), x.float())
    walk = EveryLength(Recording(recording.pieces, _at_last_block(at_logits, network), recording.loss), order)
    walked(walk)
    assert walk.gradients[-1].values.dtype == torch.float32
    assert walk.gradients[-1].norm() / float(expected) == pytest.approx(1, rel=1e-4)
    assert not 1e-38 < float(expected) < 1e38


def _at_last_block(at_logits: Tensor, network: Network) -> Tensor:
    """The gradient at the last block's output, from that of the float64 network."""
    found: Tensor = (at_logits.float() @ network.state_dict()["fc.weight"])[:, :, None, None]
    return found


# -- all kinds of blocks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BY_HAND)
def test_a_path_of_every_length_equals_the_detached_network(name: str) -> None:
    network = network_of(BY_HAND[name]).double()
    x = pictures(network.spec, IMAGES).double()
    order = orders(forks(network.spec), 2)[1]
    gradients = walked(EveryLength(recorded(network, x), order))
    assert len(gradients) == len(network.spec.all_blocks) + 1
    for length, gradient in enumerate(gradients):
        equal(gradient, by_hand(network, x, frozenset(order[:length])))


OTHERS: dict[str, NetworkSpec] = {
    "MLP": MlpSpec(10, 12, side=8, classes=5),
    "EfficientNet": EfficientNetSpec(0, side=32, classes=5),
    "pruned": PrunedSpec(TINY, ("layer1.1",), ("layer2.1",)),
    "ImageNet's": ResNetSpec("imagenet", (1, 2, 1, 1), "bottleneck", "B", side=40, classes=5, width=4),
}


@pytest.mark.parametrize("name", [*(name for name in BY_HAND if "gate" not in name), *OTHERS])
def test_the_ways_through_three_blocks_add_up_to_the_whole_gradient(name: str) -> None:
    network = network_of((BY_HAND | OTHERS)[name]).double()
    x = pictures(network.spec, IMAGES).double()
    gradients = walked(ChosenWays(recorded(network, x), forks(network.spec)[-3:]))
    assert len(gradients) == 8
    equal(torch.stack(gradients).sum(0), whole(network, x), 1e-9)


def test_all_ways_together_are_a_sum_over_paths() -> None:
    """Of seven blocks, the way around one and through another is the sum of the 32 paths that take these."""
    network = network_of(TINY).double()
    x = pictures(TINY, IMAGES).double()
    chosen = ("layer1.0", "layer3.1")
    walk = ChosenWays(recorded(network, x), chosen)
    found = walked(walk)
    gradients = dict(zip(walk.taken, found, strict=True))
    others = tuple(block for block in TINY.block_ids if block not in chosen)
    paths = [by_hand(network, x, taken | {"layer3.1"}) for taken in selections(others)]
    equal(gradients[frozenset({"layer3.1"})], torch.stack(paths).sum(0))


@pytest.mark.parametrize("name", ["original A", "pre-activation B", "exclusive-gate original", "EfficientNet", "MLP"])
def test_several_gradients_at_once_are_the_same(name: str) -> None:
    """As they are taken back on an accelerator."""
    network = network_of((BY_HAND | OTHERS)[name]).double()
    x = pictures(network.spec, IMAGES).double()
    chosen = forks(network.spec)[:2]
    one_by_one = walked(ChosenWays(recorded(network, x), chosen))
    recording = recorded(network, x)
    for piece in recording.pieces:
        for pull in (piece.branch, piece.shortcut) if isinstance(piece, Fork) else (piece.pull,):
            pull.together = True
    for found, expected in zip(walked(ChosenWays(recording, chosen)), one_by_one, strict=True):
        equal(found, expected)


def test_the_forward_pass_is_whole() -> None:
    network = network_of(TINY)
    x = pictures(TINY, IMAGES)
    assert recorded(network, x).loss == pytest.approx(
        float(functional.cross_entropy(network(x), LABELS).detach()), rel=1e-5
    )


def test_without_labels_the_loss_is_of_what_the_network_says() -> None:
    network = network_of(TINY).double()
    x = pictures(TINY, IMAGES).double()
    said = network(x).argmax(1)
    assert torch.equal(recorded(network, x, None).start, recorded(network, x, said).start)


def test_identity_shortcuts_cost_nothing() -> None:
    pieces = recorded(network_of(TINY), pictures(TINY, 1), None).pieces
    assert [piece.shortcut.free for piece in pieces if isinstance(piece, Fork)] == [
        block.shortcut == "identity" for block in TINY.all_blocks
    ]
    pre = TINY.with_(order="pre-activation")
    stretches = [
        piece for piece in recorded(network_of(pre), pictures(pre, 1), None).pieces if isinstance(piece, Stretch)
    ]
    assert len(stretches) == 1, "nothing but the stem lies on all paths of a pre-activation network"


def test_nothing_of_the_network_changes() -> None:
    network = network_of(TINY)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    recording = recorded(network, pictures(TINY, IMAGES))
    walked(EveryLength(recording, orders(TINY.block_ids, 1)[0]))
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert all(value.grad is None and value.requires_grad for value in network.parameters())


def test_orders_are_repeatable_and_fair() -> None:
    blocks = tuple(f"layer1.{number}" for number in range(6))
    found = orders(blocks, 400)
    assert found[:5] == orders(blocks, 5)
    assert all(sorted(order) == sorted(blocks) for order in found)
    first = np.array([order.index("layer1.0") for order in found])
    assert np.bincount(first, minlength=6).min() > 40, "each place is as likely"


def test_few_images_at_once_where_a_network_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    small = PRESETS["resnet20"].with_(in_channels=1, side=28)
    assert largest_batch(small, cpu) >= 16
    assert 1 <= largest_batch(PRESETS["resnet152"], cpu) <= 4
    assert largest_batch(PRESETS["resnet152"], torch.device("cuda")) < 16, "its activations would not fit"
    monkeypatch.setattr(paths_passage, "BUDGET", 1)
    assert largest_batch(small, cpu) == 1


def _counted(back: Callable[..., Tensor], pulled: list[int], *arguments: object) -> Tensor:
    pulled.append(1)
    return back(*arguments)


def test_gradients_are_shared_as_long_as_paths_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """About n^2 / 4 branches for a whole order, not n^2 / 2."""
    network = linear_network(20)
    recording = recorded(network, pictures(network.spec, 1).double(), None)
    pulled: list[int] = []
    for piece in recording.pieces:
        if isinstance(piece, Fork):
            back = piece.branch._back
            monkeypatch.setattr(piece.branch, "_back", partial(_counted, back, pulled))
    walked(EveryLength(recording, orders(network.spec.block_ids, 1)[0]))
    assert 20 * 20 / 4 * 0.7 < len(pulled) < 20 * 20 / 4 * 1.3
