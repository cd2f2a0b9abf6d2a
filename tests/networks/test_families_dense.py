"""DenseNets without torch: names, depths, blocks, what can't be."""

from __future__ import annotations

import pytest

from explorer.errors import UserError
from explorer.networks.catalog import PRESETS, find, preset_name
from explorer.networks.checks import SpecError
from explorer.networks.cost import network_cost
from explorer.networks.families.densenet import DenseLayer, DenseNetSpec, dense
from explorer.networks.graph import block_graph, operation_graph
from explorer.networks.lesion import exchangeable, lesion
from explorer.networks.operations import parameter_shapes
from explorer.networks.spec import NetworkSpec
from tests.engine.sentences import assert_one_sentence


@pytest.mark.parametrize(
    ("name", "layers", "growth", "stem"),
    [
        # Huang et al. 2017, Table 1; 161 as torchvision has it.
        ("densenet121", (6, 12, 24, 16), 32, 64),
        ("densenet161", (6, 12, 36, 24), 48, 96),
        ("densenet169", (6, 12, 32, 32), 32, 64),
        ("densenet201", (6, 12, 48, 32), 32, 64),
        # Section 3, Implementation Details: three stages, 16 channels or twice the growth in the stem.
        ("densenet40_12", (12, 12, 12), 12, 16),
        ("densenet_bc100_12", (16, 16, 16), 12, 24),
        ("densenet_bc190_40", (31, 31, 31), 40, 80),
        ("densenet_bc250_24", (41, 41, 41), 24, 48),
    ],
)
def test_names_are_those_of_the_paper(name: str, layers: tuple[int, ...], growth: int, stem: int) -> None:
    spec = find(name)
    assert isinstance(spec, DenseNetSpec)
    assert (spec.blocks, spec.growth, spec.stem_width) == (layers, growth, stem)
    assert spec.depth == int("".join(filter(str.isdigit, name.split("_")[0 if "bc" not in name else 1])))
    assert find(spec.name) == spec, "its own name finds it"
    assert spec.name.lower().replace("-", "").startswith("densenet")


@pytest.mark.parametrize(
    "name", ["DenseNet-BC-100-12", "densenet_bc_100_12", "densenet-bc100-12", "DENSENET BC 100 12", "densenetbc100_12"]
)
def test_a_name_is_found_however_it_is_written(name: str) -> None:
    assert find(name) is PRESETS["densenet_bc100_12"]


def test_channels_grow_by_k_and_transitions_compress_them() -> None:
    """Section 3: layer l of a stage gets k0 + k (l - 1) channels; a transition keeps half of them."""
    for name in ("densenet121", "densenet_bc100_12", "densenet40_12"):
        spec = PRESETS[name]
        assert isinstance(spec, DenseNetSpec)
        channels = spec.stem_width
        for index, stage in enumerate(spec.stages):
            if index:
                channels = channels // 2 if spec.compression == 0.5 else channels
            for number, block in enumerate(stage.blocks):
                assert isinstance(block, DenseLayer)
                assert (block.in_channels, block.out_channels) == (channels, channels + spec.growth)
                assert block.path == f"features.denseblock{index + 1}.denselayer{number + 1}"
                assert block.pooled == (index > 0 and number == 0)
                channels += spec.growth
        assert network_cost(spec).stages[-1].output == (channels, *([7, 7] if spec.large else [8, 8]))


def test_depths_count_every_layer_with_weights() -> None:
    for depth in range(7, 200, 3):
        spec = dense(depth, 4)
        layers = [key for key, shape in parameter_shapes(spec).items() if key.endswith("weight") and len(shape) > 1]
        assert len(layers) == spec.depth == depth
        if depth % 6 == 4:
            assert dense(depth, 4, bottleneck=True).depth == depth


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: dense(41, 12), "40 or 43"),
        (lambda: dense(99, 12, True), "94 or 100"),
        (lambda: dense(2, 12), "try 7"),
        (lambda: dense(-8, 12, True), "try 10"),
        (lambda: find("densenet_bc101_12"), "100 or 106"),
        (lambda: dense(40, 0), "growth"),
        (lambda: dense(40, 5000), "growth"),
        (lambda: dense(13_000, 12), "at most"),
        (lambda: DenseNetSpec((6, 12)), "4 stages"),
        (lambda: DenseNetSpec((6, 12, 0, 4)), "layer3"),
        (lambda: DenseNetSpec((6, 12, 24, 16), side=28), "at least 29"),
        (lambda: DenseNetSpec((1, 1, 1, 1), 1, 1, compression=0.1), "no channels"),
        (lambda: DenseNetSpec((6, 12, 24, 16), compression=0), "compression"),
        (lambda: DenseNetSpec((6, 12, 24, 16), compression=1.5), "compression"),
        (lambda: DenseNetSpec((6, 12, 24, 16), compression="half"), "compression"),  # type: ignore[arg-type]
        (lambda: DenseNetSpec((6, 12, 24, 16), compression=float("nan")), "compression"),
        (lambda: DenseNetSpec((6, 12, 24, 16), dropout=1), "dropout"),
        (lambda: DenseNetSpec((6, 12, 24, 16), dropout=True), "dropout"),
        (lambda: DenseNetSpec((6, 12, 24, 16), bottleneck=-1), "bottleneck"),
        (lambda: DenseNetSpec((6, 12, 24, 16), stem="tiny"), "stem"),  # type: ignore[arg-type]
        (lambda: DenseNetSpec([6, 12, 24, 16]), "list"),  # type: ignore[arg-type]
        (lambda: PRESETS["densenet121"].twin(), "no plain twin"),
        (lambda: lesion(PRESETS["densenet40_12"], cut=["layer1.3"]), "can't be cut"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(make: object, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        make()  # type: ignore[operator]
    assert_one_sentence(caught.value)


def test_a_spec_survives_its_file() -> None:
    for spec in (DenseNetSpec((1, 2, 3, 4), 5, 6, compression=0.3, side=30), dense(22, 3, True).with_(dropout=0.2)):
        assert NetworkSpec.from_json(spec.to_json()) == spec
        assert NetworkSpec.from_json(spec.to_short_json()) == spec
    with pytest.raises(SpecError, match="lacks the field blocks"):
        NetworkSpec.from_json('{"family": "densenet"}')


def test_presets_keep_their_names_with_another_input() -> None:
    changed = PRESETS["densenet40_12"].with_(in_channels=1, side=28, classes=3, dropout=0.2)
    assert preset_name(changed) == "densenet40_12"
    assert preset_name(PRESETS["densenet40_12"].with_(growth=13)) is None


def test_layers_neither_change_places_nor_the_shape() -> None:
    """Each has weights for the channels that come to its own place."""
    for name in ("densenet121", "densenet40_12"):
        assert exchangeable(PRESETS[name]) == ()
        assert not any(block.downsampling or block.passes_on for block in PRESETS[name].all_blocks)


def test_a_layers_shortcut_is_a_concatenation() -> None:
    graph = block_graph(PRESETS["densenet121"])
    assert graph.count("concat") == 58
    opened = operation_graph(PRESETS["densenet121"], "layer2.0")
    kinds = [node.operation.kind for node in opened.nodes if node.operation is not None]
    assert kinds == ["bn", "relu", "conv", "avgpool", "bn", "relu", "conv", "bn", "relu", "conv", "concat"]
    (shortcut,) = (edge for edge in opened.edges if edge.kind == "concat")
    assert (shortcut.source, shortcut.target) == (
        "features.transition1.pool",
        "features.denseblock2.denselayer1.concat",
    )
    assert shortcut.shape == (128, 28, 28)


def test_the_smallest_pictures_leave_a_map() -> None:
    for spec in (DenseNetSpec((1, 1, 1, 1), 2, 2, side=29), dense(7, 2).with_(side=8)):
        assert min(network_cost(spec).stages[-1].output) >= 1
