"""Cost by arithmetic against published figures, and against the module itself."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from explorer.engine.build import build_empty
from explorer.engine.modules import Network
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import BYTES_PER_NUMBER, network_cost
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.spec import NetworkSpec, Shape

# torchvision 0.29's models: parameters by counting them, MACs (convolutions and classifier) for one image at 224 px;
# the MACs round to what torchvision publishes as GFLOPS in each weights enum (1.814, 3.664, 4.089, 7.801, 11.514).
TORCHVISION = {
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet34": (21_797_672, 3_663_761_408),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet101": (44_549_160, 7_801_405_440),
    "resnet152": (60_192_808, 11_513_626_624),
}
# He et al. 2015, Table 6, prints 0.27M, 0.46M, 0.66M, 0.85M, 1.7M and 19.4M for option A; counted exactly, with the
# batch norms' and the classifier's. MACs at 32 px.
CIFAR = {
    "resnet20": (269_722, 40_551_040),
    "resnet32": (464_154, 68_862_592),
    "resnet44": (658_586, 97_174_144),
    "resnet56": (853_018, 125_485_696),
    "resnet110": (1_727_962, 252_887_680),
    "resnet1202": (19_421_274, 2_829_238_912),
}
# Full pre-activation only moves batch norms (He et al. 2016, Fig. 4), and a plain twin of option A lacks nothing that
# has parameters (He et al. 2015, section 4.2): all cost the same. The VGG-like net by hand: 3x3 convolutions without
# bias, each with 2 numbers of batch norm a channel, 64 channels, 32, 16 and 8 px.
_VGG_LAYER = 64 * 64 * 9
LABORATORY = {
    "preresnet110": (1_727_962, 252_887_680),
    "plain20": (269_722, 40_551_040),
    "plain56": (853_018, 125_485_696),
    "vgg_narrow": (
        3 * 64 * 9 + 13 * _VGG_LAYER + 14 * 2 * 64 + 64 * 10 + 10,
        3 * 64 * 9 * 32**2 + _VGG_LAYER * (5 * 32**2 + 4 * 16**2 + 4 * 8**2) + 64 * 10,
    ),
}
# Pre-activation with projections, which have no batch norm of their own; 164 and 1001 layers with bottlenecks (He et
# al. 2016, Table 3; it prints 10.2M parameters for the latter).
PREACTIVATED = {
    "110": (ResNetSpec("cifar", (18,) * 3, "basic", "B", side=32, classes=10, width=16), 1_730_522, 253_149_824),
    "164": (ResNetSpec("cifar", (18,) * 3, "bottleneck", "B", side=32, classes=10, width=16), 1_703_258, 247_646_720),
    "1001": (
        ResNetSpec("cifar", (111,) * 3, "bottleneck", "B", side=32, classes=10, width=16),
        10_327_706, 1_490_995_712,
    ),
}  # fmt: skip
# The same with option B: two projections more, of 2,560 weights and 192 numbers of batch norm.
CIFAR_B = {
    "resnet20": (272_474, 40_813_184),
    "resnet32": (466_906, 69_124_736),
    "resnet44": (661_338, 97_436_288),
    "resnet56": (855_770, 125_747_840),
    "resnet110": (1_730_714, 253_149_824),
    "resnet1202": (19_424_026, 2_829_501_056),
}
# With the stride on the first 1x1, as He et al. 2015 had it: the parameters are the same. Table 1 prints 3.8, 7.6 and
# 11.3 x 10^9.
PAPER_STRIDE = {"resnet50": 3_857_973_248, "resnet101": 7_570_194_432, "resnet152": 11_282_415_616}
# Parameters with option A.
IMAGENET_A = {"resnet18": 11_515_688, "resnet34": 21_623_848}
AT_320 = {"resnet50": 8_343_142_400, "resnet101": 15_919_104_000, "resnet152": 23_495_065_600}


PUBLISHED = {**TORCHVISION, **CIFAR, **LABORATORY}


@pytest.mark.parametrize("name", PUBLISHED)
def test_presets_cost_what_is_published(name: str) -> None:
    cost = network_cost(PRESETS[name])
    assert (cost.parameters, cost.macs) == PUBLISHED[name]


@pytest.mark.parametrize("depth", PREACTIVATED)
def test_full_pre_activation_costs_what_is_published(depth: str) -> None:
    spec, parameters, macs = PREACTIVATED[depth]
    spec = spec.with_(order="pre-activation")
    assert spec.name == f"PreResNet-{depth}"
    assert (network_cost(spec).parameters, network_cost(spec).macs) == (parameters, macs)


@pytest.mark.parametrize("name", CIFAR_B)
def test_option_b_of_the_cifar_networks(name: str) -> None:
    cost = network_cost(PRESETS[name].with_(shortcut="B"))
    assert (cost.parameters, cost.macs) == CIFAR_B[name]


def test_option_c_of_resnet_110() -> None:
    cost = network_cost(PRESETS["resnet110"].with_(shortcut="C"))
    assert (cost.parameters, cost.macs) == (1_826_202, 266_781_312)


@pytest.mark.parametrize("name", IMAGENET_A)
def test_option_a_of_the_imagenet_networks(name: str) -> None:
    assert network_cost(PRESETS[name].with_(shortcut="A")).parameters == IMAGENET_A[name]


@pytest.mark.parametrize("name", PAPER_STRIDE)
def test_the_papers_stride_costs_less_with_the_same_parameters(name: str) -> None:
    cost = network_cost(PRESETS[name].with_(stride_place="1x1"))
    assert (cost.parameters, cost.macs) == (TORCHVISION[name][0], PAPER_STRIDE[name])


@pytest.mark.parametrize("name", AT_320)
def test_macs_grow_with_the_side(name: str) -> None:
    assert network_cost(PRESETS[name].with_(side=320)).macs == AT_320[name]


@pytest.mark.parametrize(
    ("name", "published"),
    [("resnet18", 1.8), ("resnet34", 3.6), ("resnet50", 3.8), ("resnet101", 7.6), ("resnet152", 11.3)],
)
def test_macs_come_near_the_papers_table_1(name: str, published: float) -> None:
    """The paper rounds, and counts without the classifier: within 2 %."""
    assert network_cost(PRESETS[name].with_(stride_place="1x1")).macs == pytest.approx(published * 1e9, rel=0.02)


def test_output_sizes_of_table_1() -> None:
    """He et al. 2015, Table 1: 112 after the stem's convolution, then 56, 28, 14, 7."""
    for name in TORCHVISION:
        spec = PRESETS[name]
        cost = network_cost(spec)
        wide = 4 if spec.block == "bottleneck" else 1
        assert cost.stem.output == (64, 56, 56)
        assert [stage.output for stage in cost.stages] == [
            (64 * wide, 56, 56), (128 * wide, 28, 28), (256 * wide, 14, 14), (512 * wide, 7, 7)
        ]  # fmt: skip
        assert cost.head.output == (1000, 1, 1)


def test_output_sizes_of_the_cifar_networks() -> None:
    """He et al. 2015, section 4.2: maps of 32, 16 and 8 with 16, 32 and 64 filters."""
    for name in CIFAR:
        cost = network_cost(PRESETS[name])
        assert cost.stem.output == (16, 32, 32)
        assert [stage.output for stage in cost.stages] == [(16, 32, 32), (32, 16, 16), (64, 8, 8)]


# -- against the module ------------------------------------------------------------------------------------------

VARIANTS: dict[str, NetworkSpec] = {
    **PRESETS,
    **{f"{name}, stride on the 1x1": PRESETS[name].with_(stride_place="1x1") for name in PAPER_STRIDE},
    **{
        f"{name}, option {option}": PRESETS[name].with_(shortcut=option)
        for name in ("resnet18", "resnet50")
        for option in "AC"
    },
    **{f"resnet20, option {option}": PRESETS["resnet20"].with_(shortcut=option) for option in "BC"},
    "one bottleneck a stage, option A": ResNetSpec("cifar", (1, 1, 1), "bottleneck", "A", width=8, classes=7, side=28),
    "pre-activation, option B": PRESETS["resnet20"].with_(order="pre-activation", shortcut="B"),
    "pre-activation, option C": PRESETS["resnet20"].with_(order="pre-activation", shortcut="C"),
    "pre-activation, ImageNet": PRESETS["resnet50"].with_(order="pre-activation"),
    "plain twin of resnet34": PRESETS["resnet34"].twin(),
    "plain twin of resnet50": PRESETS["resnet50"].twin(),
    "pools between blocks": PRESETS["resnet20"].with_(downsampling="pool", side=31),
    "odd side": ResNetSpec("imagenet", (1, 2, 1, 1), in_channels=1, side=97, classes=5, width=8),
    "odd side, paper's stride": ResNetSpec("imagenet", (1, 2, 1, 1), "bottleneck", "B", "1x1", side=75, width=4),
    "smallest side": ResNetSpec("imagenet", (1, 1, 1, 1), "bottleneck", "A", side=8, width=1, classes=2),
    "smallest side, CIFAR": ResNetSpec("cifar", (2, 1, 3), "basic", "A", in_channels=5, side=9, width=3),
}


def _shapes(network: Network, x: torch.Tensor) -> dict[str, Shape]:
    """Output shape of stem, each block and the head, from a forward pass without numbers."""
    shapes: dict[str, Shape] = {}

    def note(name: str, y: torch.Tensor) -> None:
        channels, height, width = y.shape[1:]
        shapes[name] = (channels, height, width)

    x = network.stem(x)
    note("stem", x)
    for block_id, block in network.blocks():
        x = block(network.enter(block_id, x))
        note(block_id, x)
    note("head", network.head(x)[:, :, None, None])
    return shapes


@pytest.mark.parametrize("name", VARIANTS)
def test_cost_is_that_of_the_module(name: str) -> None:
    """Parameters by counting them, MACs by PyTorch's counter (which counts a multiply-add as two), shapes by a pass."""
    spec = VARIANTS[name]
    cost = network_cost(spec)
    network = build_empty(spec)
    assert cost.parameters == sum(parameter.numel() for parameter in network.parameters())
    with FlopCounterMode(display=False) as counter:
        shapes = _shapes(network, torch.empty(1, *spec.input_shape, device="meta"))
    assert 2 * cost.macs == counter.get_total_flops()
    assert shapes == {part.id: part.output for part in cost.parts}


def test_parts_have_the_parameters_of_their_modules() -> None:
    spec = VARIANTS["resnet50, option C"]
    cost, network = network_cost(spec), build_empty(spec)

    def count(name: str) -> int:
        return sum(parameter.numel() for parameter in network.get_submodule(name).parameters())

    assert {part.id: part.parameters for part in cost.blocks} == {name: count(name) for name in spec.block_ids}
    assert {part.id: part.parameters for part in cost.stages} == {stage.id: count(stage.id) for stage in spec.stages}
    assert cost.stem.parameters == count("conv1") + count("bn1")
    assert cost.head.parameters == count("fc")


def test_parts_add_up_to_the_whole() -> None:
    cost = network_cost(PRESETS["resnet152"])
    for figure in ("parameters", "macs", "activations"):
        ends = getattr(cost.stem, figure) + getattr(cost.head, figure)
        assert ends + sum(getattr(stage, figure) for stage in cost.stages) == getattr(cost, figure)
        assert sum(getattr(part, figure) for part in cost.parts) == getattr(cost, figure)


def test_activations_of_a_network_small_enough_to_count_by_hand() -> None:
    """One basic block a stage at 8 px, width 2, 3 classes, option A: (stem conv), then conv, conv, addition for each
    block, the subsampled shortcut in the second and third, the pooled numbers and the outputs."""
    spec = ResNetSpec("cifar", (1, 1, 1), side=8, width=2, classes=3, shortcut="A")
    first, second, third = 2 * 8 * 8, 4 * 4 * 4, 8 * 2 * 2
    numbers = first + 3 * first + 4 * second + 4 * third + 8 + 3
    assert network_cost(spec).activations == numbers * BYTES_PER_NUMBER


# -- receptive field ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "published"),
    [
        # Araujo et al. 2019, Computing Receptive Fields of Convolutional Neural Networks (Distill): the arithmetic of
        # its equation 2 over torchvision's layers (v1.5: the stride on the 3x3).
        ("resnet18", 435),
        ("resnet34", 899),
        ("resnet50", 427),
        ("resnet101", 971),
        ("resnet152", 1451),
    ],
)
def test_receptive_field_of_the_imagenet_networks(name: str, published: int) -> None:
    assert network_cost(PRESETS[name]).receptive_field == published


MEASURED = {
    "resnet18": PRESETS["resnet18"],
    "resnet50": PRESETS["resnet50"],
    "resnet50, paper's stride": PRESETS["resnet50"].with_(stride_place="1x1"),
    "resnet20": PRESETS["resnet20"],
    "option C, uneven stages": ResNetSpec("cifar", (2, 1, 3), "bottleneck", "C"),
    "option A": ResNetSpec("imagenet", (1, 1, 2, 1), "basic", "A"),
}


@pytest.mark.parametrize("name", MEASURED)
def test_receptive_field_is_how_far_gradients_reach(name: str) -> None:
    """From the middle of the last map back to the pixels, with every weight positive and pooling by the mean (the same
    window), so that no path is closed; the field does not depend on the width, so that is 1."""
    field = network_cost(MEASURED[name]).receptive_field
    stride = 32 if MEASURED[name].family == "imagenet" else 4
    side = 2 * stride * (field // (2 * stride) + 2)
    network = Network(MEASURED[name].with_(width=1, in_channels=1)).double().eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
    x = torch.ones(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    y = torch.relu(network.bn1(network.conv1(x)))
    if MEASURED[name].family == "imagenet":
        y = nn.functional.avg_pool2d(y, 3, stride=2, padding=1)
    for _, block in network.blocks():
        y = block(y)
    (gradient,) = torch.autograd.grad(y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum(), x)
    reached = gradient[0, 0].ne(0)
    assert [int(reached.any(axis).sum()) for axis in (0, 1)] == [field, field]
