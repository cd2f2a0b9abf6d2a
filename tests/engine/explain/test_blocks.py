"""What a block adds: against networks spelt out by hand, against hooks on torchvision's, and figures against NumPy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor, nn

from explorer.engine.explain.block_outline import first_block, outline
from explorer.engine.explain.block_taps import Figures, Halves, Walk, deviation
from explorer.engine.explain.blocks_records import BlocksRequest
from explorer.engine.modules import Network
from explorer.engine.records import UNTRAINED
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.networks.catalog import PRESETS, find
from explorer.networks.families.mlp import MlpSpec
from explorer.networks.families.pruned import PrunedSpec
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import INTACT, Lesion, lesion
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import SPECS, TINY, network_of, pictures
from tests.engine.residual_by_hand import SPECS as BY_HAND
from tests.engine.residual_by_hand import ByHand


def walked(network: Network, x: Tensor, done: Lesion = INTACT, keep: str = "") -> Figures:
    return finish(Walk(network, done, keep).steps(x))


def halves(network: Network, x: Tensor, block: str, done: Lesion = INTACT) -> Halves:
    kept = walked(network, x, done, block).kept
    assert kept is not None
    return kept


@dataclass(frozen=True)
class Recorded(ByHand):
    """Notes what meets in each unit, and what each convolution says, behind the batch norm that it goes into."""

    met: dict[str, tuple[Tensor, Tensor, Tensor]] = field(default_factory=dict)
    said: dict[str, Tensor] = field(default_factory=dict)

    def together(self, name: str, x: Tensor, branch: Tensor, shortcut: Tensor, stride: int) -> Tensor:
        zero = torch.zeros_like(branch)
        alone = (super(Recorded, self).together(name, x, *ways, stride) for ways in ((zero, shortcut), (branch, zero)))
        total = super().together(name, x, branch, shortcut, stride)
        self.met[name] = (*alone, total)  # type: ignore[assignment]
        return total

    def conv(self, name: str, x: Tensor, stride: int = 1, groups: int = 1) -> Tensor:
        self.said[name] = super().conv(name, x, stride, groups)
        return self.said[name]

    def norm(self, name: str, x: Tensor) -> Tensor:
        y = super().norm(name, x)
        for layer in [layer for layer, said in self.said.items() if said is x]:
            self.said[layer] = y
        return y


def by_hand(network: Network, x: Tensor, deleted: Collection[str] = (), cut: Collection[str] = ()) -> Recorded:
    spec = network.spec
    assert isinstance(spec, ResNetSpec)
    recorded = Recorded(spec, network.state_dict())
    with torch.inference_mode():
        recorded.logits(x, deleted, cut)
    return recorded


def slowly(carried: np.ndarray, added: np.ndarray) -> tuple[float, float]:
    """Ratio of norms and cosine of one image, number by number."""
    xx = ff = xf = 0.0
    for one, other in zip(carried.ravel().tolist(), added.ravel().tolist(), strict=True):
        xx, ff, xf = xx + one * one, ff + other * other, xf + one * other
    return (ff / xx) ** 0.5, xf / (xx * ff) ** 0.5


@pytest.mark.parametrize("name", BY_HAND)
def test_every_order_and_shortcut_as_in_the_figures(name: str) -> None:
    spec = BY_HAND[name]
    network, x = network_of(spec).double(), pictures(spec, 2).double()
    truth, figures = by_hand(network, x), walked(network, x)
    for place, block in enumerate(spec.block_ids):
        carried, added, total = truth.met[block]
        found = halves(network, x, block)
        assert found.carried is not None
        assert found.added is not None
        assert found.total is not None
        torch.testing.assert_close(found.carried, carried, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(found.added, added, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(found.total, total, rtol=1e-9, atol=1e-9)
        for image in range(2):
            ratio, cosine = slowly(carried[image].numpy(), added[image].numpy())
            assert float(figures.ratio[image, place]) == pytest.approx(ratio, rel=1e-7)
            assert float(figures.cosine[image, place]) == pytest.approx(cosine, rel=1e-7, abs=1e-9)
    for number, layer in enumerate(figures.outline.layers):
        for image in range(2):
            expected = float(np.std(truth.said[layer.id][image].numpy()))
            assert float(figures.response[image, number]) == pytest.approx(expected, rel=1e-7), layer.id


@pytest.mark.parametrize("builder", ["resnet18", "resnet50"])
def test_responses_are_those_of_hooks_on_torchvisions_batch_norms(builder: str) -> None:
    """He et al. 2015, Fig. 7: the outputs of each layer, after BN and before ReLU or addition."""
    spec = PRESETS[builder].with_(side=32, classes=7)
    network = network_of(spec)
    theirs = torchvision.models.get_model(builder, num_classes=7).eval()
    theirs.load_state_dict(network.state_dict())
    heard: dict[str, Tensor] = {}

    def listen(name: str, module: nn.Module) -> None:
        module.register_forward_hook(lambda _module, _inputs, output: heard.update({name: output.clone()}))

    for name, module in theirs.named_modules():
        if isinstance(module, nn.BatchNorm2d) and "downsample" not in name:
            listen(name.replace("bn", "conv"), module)
    x = pictures(spec, 3)
    with torch.inference_mode():
        theirs(x)
    figures = walked(network, x)
    assert [layer.id for layer in figures.outline.layers] == list(heard)
    assert all(layer.normed for layer in figures.outline.layers)
    for number, values in enumerate(heard.values()):
        expected = values.flatten(1).double().std(1, correction=0)
        torch.testing.assert_close(figures.response[:, number].double(), expected, rtol=1e-4, atol=1e-5)


def test_the_layers_of_resnet_20_are_the_19_of_the_paper() -> None:
    """He et al. 2015, section 4.2: 6n + 2 layers, the classifier the last of them."""
    layers = outline(PRESETS["resnet20"]).layers
    assert len(layers) == 19
    assert {layer.kernel for layer in layers} == {3}
    assert [layer.id for layer in layers[:3]] == ["conv1", "layer1.0.conv1", "layer1.0.conv2"]


def test_the_twin_has_the_same_layers_one_for_one() -> None:
    spec = PRESETS["resnet20"]
    assert len(outline(spec.twin()).layers) == len(outline(spec).layers)


OTHERS: dict[str, NetworkSpec] = {
    "MLP": MlpSpec(8, 12, side=8, classes=5),
    "plain MLP": MlpSpec(8, 12, "none", side=8, classes=5),
    "DenseNet": find("densenet22_4").with_(side=16, in_channels=1, classes=5),
    "EfficientNet": find("efficientnet_b0").with_(side=32, classes=5),
}


@pytest.mark.parametrize("name", [*SPECS, *OTHERS])
def test_the_last_exit_is_the_networks_prediction(name: str) -> None:
    """Bit for bit, with any lesion."""
    spec = {**SPECS, **OTHERS}[name]
    network, x = network_of(spec), pictures(spec, 2)
    dones = [Lesion()]
    deletable = [block.id for block in spec.all_blocks if not block.kept]
    dones += [lesion(spec, deletable[-1:]), lesion(spec, deletable[:1])]
    cuttable = [block.id for block in spec.all_blocks if not block.uncut]
    dones += [lesion(spec, cut=cuttable[-1:])] if cuttable else []
    for done in dones:
        figures = walked(network, x, done)
        with torch.inference_mode():
            assert torch.equal(figures.exits[-1], network(x, done))


def test_a_vgg_network_has_responses_alone() -> None:
    """Without batch norm each is its convolution's own output."""
    found = outline(find("vgg11"))
    assert [layer.normed for layer in found.layers] == [False] * 8
    assert [layer.normed for layer in outline(find("vgg11_bn")).layers] == [True] * 8
    assert not found.has("ratio")
    assert not found.has("cosine")
    assert found.exits == ("layer5.0", "layer5.1")


def test_the_last_exit_is_the_networks_prediction_with_blocks_moved() -> None:
    network, x = network_of(TINY), pictures(TINY, 2)
    moved = Lesion(frozenset({"layer2.2"}), frozenset({"layer1.0"})).swapped(TINY, "layer2.1", "layer2.2")
    figures = walked(network, x, moved)
    with torch.inference_mode():
        assert torch.equal(figures.exits[-1], network(x, moved))
    marks = {mark.place: (mark.block, mark.mode) for mark in figures.outline.blocks}
    assert marks["layer2.1"] == ("layer2.2", "deleted")
    assert marks["layer2.2"] == ("layer2.1", "whole")


def test_an_exit_is_the_head_on_the_blocks_output() -> None:
    network, x = network_of(TINY), pictures(TINY, 2)
    with torch.inference_mode():
        entering = network.stem(x)
        said = {}
        for name, block in network.blocks():
            entering = block(entering)
            if name.startswith("layer3"):
                said[name] = network.head(entering)
    figures = walked(network, x)
    assert figures.outline.exits == ("layer3.0", "layer3.1") == tuple(said)
    for index, name in enumerate(said):
        assert torch.equal(figures.exits[index], said[name])


def test_an_exit_of_a_pre_activation_network_has_the_last_batch_norm_and_relu() -> None:
    """He et al. 2016, section 5."""
    spec = TINY.with_(order="pre-activation")
    network, x = network_of(spec), pictures(spec, 2)
    out = halves(network, x, "layer3.0").out
    with torch.inference_mode():
        pooled = torch.relu(network.get_submodule("bn")(out)).mean((2, 3))
        expected = network.get_submodule("fc")(pooled)
    torch.testing.assert_close(walked(network, x).exits[0], expected)


def test_a_deleted_block_adds_nothing() -> None:
    network, x = network_of(TINY), pictures(TINY, 3)
    done = lesion(TINY, ["layer2.1"])
    figures = walked(network, x, done)
    place = TINY.block_ids.index("layer2.1")
    assert figures.ratio[:, place].tolist() == [0.0, 0.0, 0.0]
    assert figures.cosine[:, place].isnan().all()
    found = halves(network, x, "layer2.1", done)
    assert found.added is None
    truth = by_hand(network, x, deleted=["layer2.1"]).met["layer2.1"]
    assert found.carried is not None
    torch.testing.assert_close(found.carried, truth[0], rtol=1e-5, atol=1e-5)
    gone = [number for number, layer in enumerate(figures.outline.layers) if layer.part == "layer2.1"]
    assert len(gone) == 2
    assert figures.response[:, gone].isnan().all()
    others = [number for number in range(len(figures.outline.layers)) if number not in gone]
    assert figures.response[:, others].isfinite().all()
    assert not any(figures.outline.layers[number].there for number in gone)


def test_a_cut_shortcut_carries_nothing() -> None:
    network, x = network_of(TINY), pictures(TINY, 3)
    done = lesion(TINY, cut=["layer2.0"])
    figures = walked(network, x, done)
    place = TINY.block_ids.index("layer2.0")
    assert figures.ratio[:, place].isnan().all()
    found = halves(network, x, "layer2.0", done)
    assert found.carried is None
    truth = by_hand(network, x, cut=["layer2.0"]).met["layer2.0"]
    torch.testing.assert_close(found.total, truth[1], rtol=1e-5, atol=1e-5)


def test_what_does_not_exist_is_no_number() -> None:
    for name in ("plain", "VGG-like"):
        network = network_of(SPECS[name])
        figures = walked(network, pictures(SPECS[name], 2))
        assert figures.ratio.isnan().all()
        assert figures.cosine.isnan().all()
        assert figures.response.isfinite().all()
        assert "plain network" in figures.outline.missing("ratio")
    dense = OTHERS["DenseNet"]
    figures = walked(network_of(dense), pictures(dense, 2))
    assert figures.ratio.isfinite().all()
    assert figures.cosine.isnan().all()
    assert "no angle" in figures.outline.missing("cosine")
    assert figures.outline.missing("ratio") == ""
    assert figures.outline.exits == dense.block_ids[-1:]
    assert "head fits" in figures.outline.missing_exits


def test_a_dense_layer_puts_its_channels_behind() -> None:
    spec = OTHERS["DenseNet"]
    network, x = network_of(spec), pictures(spec, 2)
    block = spec.block_ids[1]
    found = halves(network, x, block)
    assert found.carried is not None
    assert found.added is not None
    assert found.total is not None
    assert found.added.shape[1] == 4
    assert torch.equal(found.total, torch.cat([found.carried, found.added], 1))
    assert torch.equal(found.total, found.out)
    added, carried = (float(np.sqrt((part[0].double().numpy() ** 2).sum())) for part in (found.added, found.carried))
    assert float(walked(network, x).ratio[0, 1]) == pytest.approx(added / carried, rel=1e-5)


def test_numbers_that_are_none_are_shown_as_such() -> None:
    network, x = network_of(TINY), pictures(TINY, 2)
    with torch.no_grad():
        network.get_submodule("layer2.1.conv1").weight.fill_(torch.nan)  # type: ignore[operator]
    figures = walked(network, x)
    place = TINY.block_ids.index("layer2.1")
    assert figures.ratio[:, :place].isfinite().all()
    assert figures.ratio[:, place:].isnan().all()
    assert figures.exits.isnan().all()


def test_an_input_of_zeros_has_no_ratio() -> None:
    """|F(x)| / 0: infinite, not large."""
    network, x = network_of(TINY), pictures(TINY, 1)
    with torch.no_grad():
        norm = network.get_submodule("bn1")
        assert isinstance(norm, nn.BatchNorm2d)
        norm.weight.zero_()
        norm.bias.fill_(-1)
    assert walked(network, x).ratio[0, 0] == torch.inf


def test_the_deviation_is_torchs() -> None:
    values = torch.randn(3, 5, 4, 4, generator=torch.Generator().manual_seed(0)) * 3 + 20
    torch.testing.assert_close(deviation(values), values.flatten(1).std(1, correction=0), rtol=1e-5, atol=1e-5)


def test_a_pass_can_be_dropped_in_the_middle() -> None:
    spec = ResNetSpec("cifar", (3, 3, 3), in_channels=3, side=64, width=64)
    steps = Walk(network_of(spec), INTACT).steps(pictures(spec, 1))
    shares = [next(steps), next(steps)]
    assert 0 < shares[0] < shares[1] < 1
    assert not torch.is_inference_mode_enabled()
    steps.close()
    assert not torch.is_inference_mode_enabled()


@pytest.mark.parametrize("order", ["original", "relu-before", "pre-activation", "bn-after"])
def test_a_block_of_which_only_its_gate_is_left(order: str) -> None:
    """Pruned of a gated block whose shortcut is the identity: its shortcut stays, times one minus the gate."""
    whole = TINY.with_(variant="exclusive-gate", order=order)
    spec = PrunedSpec(whole, ("layer1.1", "layer2.1"))
    mark = outline(spec).block("layer2.1")
    assert (mark.join, mark.input, mark.output) == ("gate", (8, 4, 4), (8, 4, 4))
    network, x = network_of(whole), pictures(spec, 2)
    remaining = Network(spec).eval()
    remaining.load_state_dict({key: network.state_dict()[key] for key in remaining.state_dict()})
    figures = walked(remaining, x, keep="layer1.1")
    with torch.inference_mode():
        torch.testing.assert_close(figures.exits[-1], network(x, lesion(whole, ["layer1.1", "layer2.1"])))
    assert figures.ratio[:, 1].tolist() == [0.0, 0.0]
    assert figures.kept is not None
    assert figures.kept.added is None
    session = Session()
    request = BlocksRequest(spec, UNTRAINED, picture=finish(session.open_picture("sample", 0)), block="layer1.1")
    maps = finish(session.explain(request)).maps
    assert not maps.added.any()
    assert maps.total is maps.carried


def test_the_block_to_begin_with() -> None:
    assert first_block(PRESETS["resnet20"]) == "layer2.1"
    assert first_block(PRESETS["resnet50"]) == "layer2.1"
    assert first_block(PRESETS["plain20"]) == "layer1.0"
    assert first_block(find("efficientnet_b0")) == "layer2.1"
    assert first_block(TINY.with_(blocks=(2, 1, 1))) == "layer1.0"
