"""Grad-CAM against Captum's, on networks built by hand and by torchvision; with blocks deleted, cut and moved."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision
from torch.nn import functional

from explorer.engine import images
from explorer.engine.build import build
from explorer.engine.explain.cam import _tail, grad_cam
from explorer.engine.explain.cam_records import CamRequest, CamResult
from explorer.engine.modules import Network
from explorer.engine.records import UNTRAINED, Step, WeightsKind, WeightsRef
from explorer.engine.resources import bundled_network
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS, find
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import INTACT, Lesion, lesion
from explorer.networks.spec import NetworkSpec
from tests.engine.explain.cam_support import HandMade, by_captum, picture
from tests.engine.networks import SPECS, TINY, network_of, pictures, settled

ALIKE = SPECS["basic A"]
"""Of the original order with option A, as `HandMade` is."""


def ours(network: Network, x: torch.Tensor, done: Lesion, block: str, label: int) -> np.ndarray:
    return finish(grad_cam(network, x, done, block, label))[0].numpy()


def test_torchvisions_resnet18_at_every_block() -> None:
    """Random weights, and batch norms that know what comes: else some maps are zero throughout."""
    spec = PRESETS["resnet18"].with_(side=64, classes=7)
    network = settled(spec)
    theirs = torchvision.models.resnet18(num_classes=7).eval()
    theirs.load_state_dict(network.state_dict())
    x = pictures(spec, 1)
    seen = 0
    for block in ("layer1.0", "layer2.1", "layer3.0", "layer3.1", "layer4.0", "layer4.1"):
        stage, number = block.split(".")
        for label in (0, 3):
            wanted = by_captum(theirs, getattr(theirs, stage)[int(number)], x, label)
            found = ours(network, x, INTACT, block, label)
            np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-5 * max(wanted.max(), 1e-3))
            seen += int(wanted.max() > 0)
    assert seen > 6, "most maps must say something"


def test_bundled_resnet20_on_its_own_pictures() -> None:
    found = bundled_network("resnet20")
    assert found is not None
    ref = WeightsRef(WeightsKind.BUNDLED, found[1])
    session = Session()
    loaded = finish(session.load(found[0], ref))
    spec = loaded.info.spec
    assert isinstance(spec, ResNetSpec)
    hand_made = HandMade(spec, loaded.network.state_dict())
    for number in range(3):
        shown = images.sample(number)
        pixels, _ = images.fit(shown, loaded.info.preprocessing)
        x = images.normalise(pixels, loaded.info.preprocessing)
        for block in ("layer1.0", "layer2.1", "layer3.2"):
            request = CamRequest(spec, ref, picture=shown, label=number, block=block)
            result = finish(session.explain(request))
            wanted = by_captum(hand_made, hand_made.unit(block), x, number)
            np.testing.assert_allclose(result.intact.values, wanted, rtol=1e-3, atol=1e-5)
            logits = hand_made(x)[0]
            assert result.intact.score == pytest.approx(float(logits[number]), rel=1e-4, abs=1e-4)
            shares = torch.softmax(logits, 0).detach().numpy()
            np.testing.assert_allclose(result.intact.prediction.probabilities, shares, atol=1e-5)


@pytest.mark.parametrize(
    "done",
    [
        Lesion(deleted=frozenset({"layer1.1", "layer3.1"})),
        Lesion(deleted=frozenset({"layer2.0"}), cut=frozenset({"layer2.2"})),
        Lesion(order=("layer1.1", "layer1.0", "layer2.0", "layer2.2", "layer2.1", "layer3.0", "layer3.1")),
    ],
    ids=["deleted", "downsampling deleted, shortcut cut", "moved"],
)
def test_lesions_as_in_a_module_made_by_hand(done: Lesion) -> None:
    network = network_of(ALIKE, seed=3)
    hand_made = HandMade(ALIKE, network.state_dict(), done.deleted, done.cut, done.order)
    x = pictures(ALIKE, 1, seed=1)
    for block in ALIKE.block_ids:
        wanted = by_captum(hand_made, hand_made.unit(block), x, 2)
        np.testing.assert_allclose(ours(network, x, done.checked(ALIKE), block, 2), wanted, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", list(SPECS))
def test_equations_one_and_two_whatever_the_blocks(name: str) -> None:
    """The whole pass recorded at once, and the sums written out; with every other block deleted where it can be."""
    spec = SPECS[name]
    network = network_of(spec)
    free = [block.id for block in spec.all_blocks if not block.kept]
    for done in (INTACT, lesion(spec, free[1::2]), lesion(spec, free[::2])):
        block = spec.block_ids[len(spec.block_ids) // 2]
        x = pictures(spec, 1)
        kept = {}
        y = network.stem(x)
        for block_id, module in network.blocks():
            y = module(network.enter(block_id, y), done.mode(block_id))
            if block_id == block:
                y = kept[block_id] = y.detach().clone().requires_grad_()
        score = network.head(y)[0, 1]
        (gradient,) = torch.autograd.grad(score, kept[block])
        wanted = torch.zeros(kept[block].shape[2:])
        for channel, slope in zip(kept[block][0], gradient[0], strict=True):
            wanted += float(slope.sum()) / slope.numel() * channel.detach()
        found, logits, label = finish(grad_cam(network, x, done, block, 1))
        torch.testing.assert_close(found, functional.relu(wanted), rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(logits, network(x, done)[0].detach())
        assert label == 1


@pytest.mark.parametrize("name", ["densenet40_12", "efficientnet_b0", "resnet110_exclusivegate"])
def test_other_families(name: str) -> None:
    """Captum can't see their blocks; the definition can: a step along the score's gradient, channel by channel."""
    spec = find(name).with_(side=32, classes=5)
    network = network_of(spec)
    block = spec.block_ids[-2]
    x = pictures(spec, 1)
    found = ours(network, x, INTACT, block, 2)
    y = network.stem(x)
    blocks = list(network.blocks())
    for block_id, module in blocks[:-1]:
        y = module(network.enter(block_id, y)).detach()
    behind = blocks[-1]

    def score(step: torch.Tensor) -> torch.Tensor:
        """With a constant added to each channel, whose slope is the sum over the positions."""
        moved = y + step[:, None, None]
        return network.head(behind[1](network.enter(behind[0], moved)))[0, 2]

    slopes = torch.autograd.functional.jacobian(score, torch.zeros(y.shape[1]))
    wanted = torch.relu((slopes[:, None, None] / y[0, 0].numel() * y[0]).sum(0)).numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-6)


def test_parameters_are_as_before_and_have_no_gradients() -> None:
    network = network_of(TINY)
    frozen = next(network.parameters())
    frozen.requires_grad_(False)
    finish(grad_cam(network, pictures(TINY, 1), INTACT, "layer1.0", None))
    assert all(parameter.requires_grad is (parameter is not frozen) for parameter in network.parameters())
    assert all(parameter.grad is None for parameter in network.parameters())


def leaves(value: torch.Tensor) -> list[torch.Tensor]:
    """Every tensor that a recorded one could give a gradient to."""
    found, ways = [], [value.grad_fn]
    seen = set(ways)
    while ways:
        way = ways.pop()
        if way is None:
            continue
        if hasattr(way, "variable"):
            found.append(way.variable)
        following = {behind for behind, _ in way.next_functions} - seen
        seen |= following
        ways += following
    return found


GATES = TINY.with_(variant="exclusive-gate", order="pre-activation")
CONSTANT: dict[str, tuple[NetworkSpec, Lesion]] = {
    "gates, blocks moved": (GATES, INTACT.swapped(GATES, "layer2.1", "layer2.2")),
    "projections": (SPECS["pre-activation B"], INTACT),
    "transitions": (find("densenet22_4").with_(side=16, classes=5), INTACT),
    "torchvision's": (SPECS["bottleneck B"], INTACT),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_every_parameter_counts_as_a_constant(name: str) -> None:
    """Of a block, of what stands before its place, and of the head."""
    spec, done = CONSTANT[name]
    network, block = network_of(spec), spec.block_ids[0]
    with torch.no_grad():
        x = dict(network.blocks())[block](network.enter(block, network.stem(pictures(spec, 1))))
    pieces = list(_tail(network, x, done, block))
    assert len(pieces) == len(spec.block_ids)
    for piece in pieces:
        assert [found is piece.entering for found in leaves(piece.leaving)] == [True]


def test_nothing_is_left_on_between_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.engine.explain.passing.STEP_S", 0)
    network = network_of(TINY)
    job = grad_cam(network, pictures(TINY, 1), INTACT, "layer1.1", 0)
    shares = []
    for share in job:
        shares.append(share)
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()
        assert all(parameter.requires_grad for parameter in network.parameters())
    assert len(shares) > 10
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1, abs=0.02)


def test_dropped_in_the_middle_nothing_stays_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.engine.explain.passing.STEP_S", 0)
    network = network_of(TINY)
    job = grad_cam(network, pictures(TINY, 1), INTACT, "layer1.0", 0)
    for _ in range(6):
        next(job)
    job.close()
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert torch.is_grad_enabled()


# -- the job -----------------------------------------------------------------------------------------------------


def looked(spec: NetworkSpec = TINY, **more: object) -> CamResult:
    return finish(Session().explain(CamRequest(spec, UNTRAINED, picture=picture(), **more)))  # type: ignore[arg-type]


def test_by_itself_the_class_that_the_intact_network_says_at_the_last_block() -> None:
    result = looked(deleted=frozenset({"layer1.0", "layer2.1"}))
    assert result.block == "layer3.1"
    assert result.label == result.intact.prediction.top(1)[0][0]
    assert result.now is not None
    assert result.now.prediction.classes == result.classes
    assert not np.array_equal(result.now.values, result.intact.values)
    assert result.intact.values.shape == (2, 2)
    assert result.seen.shape == (8, 8, 3)


def test_without_a_lesion_there_is_one_map() -> None:
    result = looked()
    assert result.now is None
    assert result.maps == (result.intact,)
    assert result.scale_note == ""


def test_one_job_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.engine.explain.passing.STEP_S", 0)
    steps: list[Step] = []
    request = CamRequest(TINY, UNTRAINED, picture=picture(), deleted=frozenset({"layer1.0"}))
    finish(Session().explain(request), steps.append)
    shares = [step.fraction for step in steps if step.fraction is not None]
    assert len(shares) >= 20
    assert max(shares) <= 1


def test_a_block_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"has no block layer9\.0"):
        looked(block="layer9.0")


def test_a_class_that_is_not_there() -> None:
    with pytest.raises(UserError, match="There is no class 5"):
        looked(label=5)


def test_an_mlp_has_no_maps() -> None:
    with pytest.raises(UserError, match="has no maps"):
        looked(find("mlp8_128"))


def test_numbers_that_are_none_are_shown_as_such() -> None:
    session = Session()
    network = finish(session.load(TINY, UNTRAINED)).network
    network.get_submodule("layer3.1.bn2").running_var.fill_(float("nan"))
    result = finish(session.explain(CamRequest(TINY, UNTRAINED, picture=picture(), block="layer1.0")))
    assert not result.intact.finite
    assert result.label == 0
    assert np.isnan(result.intact.values).all()
    assert result.intact.highest == 0


def test_a_class_for_which_nothing_speaks() -> None:
    """The classifier takes away from the class whatever is there."""
    session = Session()
    network = finish(session.load(TINY, UNTRAINED)).network
    network.get_parameter("fc.weight").data[3] = -1
    result = finish(session.explain(CamRequest(TINY, UNTRAINED, picture=picture(), label=3)))
    assert result.intact.finite
    assert not result.intact.values.any()
    assert result.intact.highest == 0


def test_a_device_that_is_gone() -> None:
    result = looked(device="cuda:99")
    assert result.device == "CPU"
    assert result.note == "The device cuda:99 is not there any more, so this ran on the CPU."


def test_same_numbers_each_time() -> None:
    first, second = looked(block="layer2.0", label=1), looked(block="layer2.0", label=1)
    np.testing.assert_array_equal(first.intact.values, second.intact.values)


def test_on_an_untrained_deep_network() -> None:
    network = build(TINY)
    values, _, _ = finish(grad_cam(network, pictures(TINY, 1), INTACT, "layer1.0", 0))
    assert torch.isfinite(values).all()
