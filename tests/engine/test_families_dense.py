"""DenseNets against torchvision's, against one written out here, and a deleted layer against a zeroed one."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from explorer.engine.build import build, build_empty, build_untrained
from explorer.engine.deletion import Meter
from explorer.engine.modules import Network
from explorer.engine.studies.plan import lesion_macs
from explorer.networks.catalog import PRESETS, find
from explorer.networks.cost import network_cost
from explorer.networks.families.densenet import DenseNetSpec, dense
from explorer.networks.lesion import Lesion, lesion
from explorer.networks.operations import parameter_shapes
from tests.engine.evaluations import COUNT, CPU, evaluator_of, gathered, grey, plain
from tests.engine.networks import image_set, lively, pictures

IMAGENET = ("densenet121", "densenet161", "densenet169", "densenet201")
SMALL = {
    "basic": DenseNetSpec((2, 3, 2), 3, 5, "cifar", 0, 1.0, side=12, classes=5),
    "BC": DenseNetSpec((2, 2, 3), 3, 6, "cifar", 4, 0.5, side=12, classes=5),
    "imagenet": DenseNetSpec((2, 1, 2, 1), 4, 6, "imagenet", 2, 0.5, side=40, classes=5),
    "grey": DenseNetSpec((2, 1, 2, 1), 4, 6, "imagenet", 4, 0.7, in_channels=1, side=32, classes=3),
}


class PlainDenseNet(nn.Module):
    """A DenseNet as one would write it from the paper: a list of maps, put side by side for each layer."""

    def __init__(self, spec: DenseNetSpec) -> None:
        super().__init__()
        self.large = spec.stem == "imagenet"
        size, stride = (7, 2) if self.large else (3, 1)
        self.first = nn.Conv2d(spec.in_channels, spec.stem_width, size, stride, size // 2, bias=False)
        self.first_norm = nn.BatchNorm2d(spec.stem_width) if self.large else nn.Identity()
        self.transitions_and_layers = nn.ModuleList()
        channels = spec.stem_width
        for index, count in enumerate(spec.blocks):
            kept = int(channels * spec.compression) if index else channels
            modules = nn.ModuleList([_unit(channels, kept, 1) if index else nn.Identity()])
            channels = kept
            for _ in range(count):
                between = spec.bottleneck * spec.growth
                convolutions = [_unit(channels, between, 1)] if between else []
                modules.append(nn.Sequential(*convolutions, _unit(between or channels, spec.growth, 3)))
                channels += spec.growth
            self.transitions_and_layers.append(modules)
        self.last_norm = nn.BatchNorm2d(channels)
        self.classifier = nn.Linear(channels, spec.classes)

    def forward(self, x: Tensor, deleted: Collection[tuple[int, int]] = ()) -> Tensor:
        x = self.first(x)
        if self.large:
            x = functional.max_pool2d(torch.relu(self.first_norm(x)), 3, 2, 1)
        for stage, (transition, *layers) in enumerate(self.transitions_and_layers):  # type: ignore[misc]
            maps = [functional.avg_pool2d(transition(x), 2) if stage else x]
            for number, layer in enumerate(layers):
                new = layer(torch.cat(maps, 1))
                maps.append(torch.zeros_like(new) if (stage, number) in deleted else new)
            x = torch.cat(maps, 1)
        return self.classifier(torch.relu(self.last_norm(x)).mean((2, 3)))


def _unit(channels: int, out: int, size: int) -> nn.Sequential:
    conv = nn.Conv2d(channels, out, size, padding=size // 2, bias=False)
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), conv)


def _filled(plain_one: nn.Module, network: nn.Module) -> nn.Module:
    """With the same numbers: both have them in the order in which they are used."""
    pairs = zip(plain_one.state_dict().items(), network.state_dict().values(), strict=True)
    plain_one.load_state_dict({key: value for (key, _), value in pairs})
    return plain_one.eval()


def _network(spec: DenseNetSpec) -> Network:
    return lively(build(spec))


@pytest.mark.parametrize("name", IMAGENET)
def test_logits_are_torchvisions(name: str) -> None:
    """With one state dict, taken over as it is."""
    network = _network(PRESETS[name])  # type: ignore[arg-type]
    theirs = torchvision.models.get_model(name, weights=None).eval()
    theirs.load_state_dict(network.state_dict())
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = theirs(x)
        assert expected.std() > 0.05
        assert (network(x) - expected).abs().max() < 1e-4


@pytest.mark.parametrize("changes", [{"classes": 7}, {"in_channels": 1, "classes": 4}])
def test_other_input_and_classes_keep_torchvisions_names(changes: dict[str, int]) -> None:
    spec = PRESETS["densenet121"].with_(side=32, **changes)
    network = build_untrained(spec)
    theirs = torchvision.models.densenet121(num_classes=spec.classes).eval()
    theirs.features.conv0 = nn.Conv2d(spec.in_channels, 64, 7, 2, 3, bias=False)
    theirs.load_state_dict(network.state_dict())
    x = pictures(spec, 2)
    with torch.inference_mode():
        torch.testing.assert_close(network(x), theirs(x), rtol=1e-4, atol=1e-5)


def test_deleting_a_layer_is_zeroing_torchvisions() -> None:
    """Its last convolution's weight zero: the k channels that it adds are zero, everything else goes on."""
    spec = PRESETS["densenet121"]
    network = build_untrained(spec)
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        intact = network(x)
        for deleted in (("layer1.0",), ("layer2.0", "layer3.5"), ("layer4.15",), spec.block_ids):
            theirs = torchvision.models.densenet121(weights=None).eval()
            theirs.load_state_dict(network.state_dict())
            for name in deleted:
                stage, _, number = name.removeprefix("layer").partition(".")
                layer = theirs.get_submodule(f"features.denseblock{stage}.denselayer{int(number) + 1}")
                layer.conv2.weight.zero_()
            found = network(x, lesion(spec, deleted))
            torch.testing.assert_close(found, theirs(x), rtol=1e-4, atol=1e-5)
            assert (found - intact).abs().max() > 1e-4


@pytest.mark.parametrize("name", SMALL)
def test_logits_are_those_of_a_plain_one(name: str) -> None:
    spec = SMALL[name]
    network = _network(spec).double()
    by_hand = _filled(PlainDenseNet(spec), _network(spec)).double()
    x = pictures(spec, 3).double()
    names = {block: (stage, number) for stage, layers in enumerate(spec.stages)
             for number, block in enumerate(layer.id for layer in layers.blocks)}  # fmt: skip
    with torch.inference_mode():
        intact = network(x)
        for deleted in ((), *((block,) for block in names), tuple(names)[:2], tuple(names)):
            found = network(x, lesion(spec, deleted))
            expected = by_hand(x, [names[block] for block in deleted])
            torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
            assert bool(deleted) == bool((found - intact).abs().max() > 1e-6)


@pytest.mark.parametrize("name", SMALL)
def test_a_step_of_training_is_that_of_a_plain_one(name: str) -> None:
    spec = SMALL[name]
    network = _network(spec).double().train()
    by_hand = _filled(PlainDenseNet(spec), _network(spec)).double().train()
    x = pictures(spec, 4).double()
    gradients = [
        torch.autograd.grad(module(x).square().sum(), list(module.parameters())) for module in (network, by_hand)
    ]
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)
    logits = network(x, lesion(spec, ["layer1.1"]))
    parameters = dict(network.named_parameters())
    found = torch.autograd.grad(logits.sum(), list(parameters.values()), allow_unused=True)
    without = {key for key, gradient in zip(parameters, found, strict=True) if gradient is None}
    assert without == {key for key in parameters if ".denseblock1.denselayer2." in key}, "only what is deleted has none"


def test_dropout_is_trainings() -> None:
    """Of what a layer adds (Huang et al. 2017, section 4.2)."""
    spec = SMALL["BC"].with_(dropout=0.5)
    network = _network(spec)
    network.load_state_dict(_network(SMALL["BC"]).state_dict())
    x = pictures(spec, 4)
    with torch.no_grad():
        assert torch.equal(network(x), _network(SMALL["BC"])(x))
        network.train()
        assert not torch.equal(network(x), network(x))


# The paper's Table 2 prints 1.0M, 7.0M, 27.2M, 0.8M, 15.3M, 25.6M; counted exactly, MACs at 32 px.
TABLE_2 = {
    "densenet40_12": (1_019_722, 264_812_928),
    "densenet100_12": (6_979_642, 1_769_516_448),
    "densenet100_24": (27_249_082, 6_889_347_744),
    "densenet_bc100_12": (769_162, 287_929_692),
    "densenet_bc250_24": (15_324_406, 5_418_785_724),
    "densenet_bc190_40": (25_624_430, 9_301_945_740),
}
# torchvision's, at 224 px.
TABLE_1 = {
    "densenet121": (7_978_856, 2_834_161_664),
    "densenet161": (28_681_000, 7_727_907_072),
    "densenet169": (14_149_480, 3_359_843_328),
    "densenet201": (20_013_928, 4_291_365_888),
}


@pytest.mark.parametrize("name", [*TABLE_1, *TABLE_2])
def test_presets_cost_what_is_published(name: str) -> None:
    cost = network_cost(find(name))
    assert (cost.parameters, cost.macs) == {**TABLE_1, **TABLE_2}[name]


@pytest.mark.parametrize("name", [*SMALL, "densenet100_12", "densenet_bc190_40"])
def test_arithmetic_is_the_modules(name: str) -> None:
    spec = SMALL[name] if name in SMALL else find(name)
    network, cost = build_empty(spec), network_cost(spec)
    assert {key: tuple(value.shape) for key, value in network.state_dict().items()} == parameter_shapes(spec)
    assert sum(parameter.numel() for parameter in network.parameters()) == cost.parameters
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        x = torch.empty(1, *spec.input_shape, device="meta")
        for part, (_, block) in zip(cost.blocks, network.blocks(), strict=True):
            x = block(network.enter(part.id, network.stem(x) if part is cost.blocks[0] else x))
            assert x.shape[1:] == part.output
        network.head(x)
    assert counter.get_total_flops() == 2 * cost.macs


def test_what_a_deleted_layer_saves_is_its_own() -> None:
    """The transition before it stays, and so do its multiply-adds."""
    spec = dense(40, 12)
    done = lesion(spec, ["layer2.0"])
    width = 16 + 12 * 12
    assert network_cost(spec).macs - lesion_macs(spec, done) == width * 12 * 9 * 16 * 16
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        build_empty(spec)(torch.empty(1, *spec.input_shape, device="meta"), done)
    assert counter.get_total_flops() == 2 * lesion_macs(spec, done)


@pytest.mark.parametrize("name", ["basic", "BC"])
def test_the_evaluator_says_what_the_plain_loop_says(name: str) -> None:
    spec = SMALL[name].with_(in_channels=1)
    network, images = build_untrained(spec), image_set(COUNT, spec.side)
    lesions = [Lesion(), *(lesion(spec, [block]) for block in spec.block_ids), lesion(spec, spec.block_ids[::2])]
    expected = np.array([plain(network, images, images.order(0), done)[0] for done in lesions])
    assert len(np.unique(expected)) > 1
    for fast in (False, True):
        evaluator = evaluator_of(network, images, fast)
        assert evaluator.arithmetic == "float32, exact"
        assert np.array_equal(gathered(evaluator, lesions)[0], expected)


def test_the_meter_reuses_what_a_deletion_leaves_as_it_was() -> None:
    spec = SMALL["BC"].with_(in_channels=1)
    network, images = build_untrained(spec), image_set(COUNT, spec.side)
    order = images.order(0)
    meter = Meter(network, images, grey(spec), order, CPU)
    intact = plain(network, images, order, Lesion())[0]
    for deleted in ((), ("layer3.1",), ("layer2.0",), ("layer2.0", "layer3.2"), ()):
        done = lesion(spec, deleted)
        *_, tally = meter.measure(done)
        found = plain(network, images, order, done)[0]
        assert tally.counts.images == COUNT
        assert tally.counts.agreeing == int((found == intact).sum())
