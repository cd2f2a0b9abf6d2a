"""Residual MLPs without torch: names, depths, blocks, what can't be."""

from __future__ import annotations

import pytest

from explorer.errors import UserError
from explorer.networks.catalog import PRESETS, find, preset_name
from explorer.networks.cost import network_cost
from explorer.networks.families.mlp import DEEPEST, MlpSpec
from explorer.networks.graph import block_graph
from explorer.networks.lesion import lesion
from explorer.networks.operations import parameter_shapes
from explorer.networks.spec import NetworkSpec
from tests.engine.sentences import assert_one_sentence


@pytest.mark.parametrize("written", ["mlp20_64", "MLP-20-64", "mlp_20_64", "Mlp 20 64"])
def test_a_name_says_depth_and_width(written: str) -> None:
    assert find(written) is PRESETS["mlp20_64"]
    assert find(f"plain_{written}") == PRESETS["mlp20_64"].twin()
    assert find("mlp12_99") == MlpSpec(12, 99)
    assert find("plain-mlp-11-99") == MlpSpec(11, 99, "none")
    assert preset_name(MlpSpec(20, 64, classes=7)) == "mlp20_64"
    for spec in (MlpSpec(12, 99), MlpSpec(11, 99, "none")):
        assert find(spec.name) == spec


def test_parameters_by_hand() -> None:
    """Matrices, 2 numbers of batch norm for each output of each, and the classifier with its biases."""
    for depth, width in ((8, 128), (20, 64), (4, 1)):
        spec = MlpSpec(depth, width)
        matrices = 784 * width + (depth - 2) * width**2
        cost = network_cost(spec)
        assert cost.macs == matrices + 10 * width
        assert cost.parameters == matrices + (depth - 1) * 2 * width + 10 * width + 10
        assert cost.receptive_field == 28, "each number of the first layer comes of the whole picture"
        twin = network_cost(spec.twin())
        assert (twin.macs, twin.parameters) == (cost.macs, cost.parameters)


def test_depths_count_every_matrix() -> None:
    for spec in (MlpSpec(4), MlpSpec(22), MlpSpec(22, 64, "none"), MlpSpec(3, 64, "none")):
        matrices = [key for key, shape in parameter_shapes(spec).items() if len(shape) == 2]
        assert len(matrices) == spec.depth
    assert len(MlpSpec(20).all_blocks) == 9
    assert len(MlpSpec(20).twin().all_blocks) == 18
    assert block_graph(MlpSpec(20)).count("identity") == 9
    assert block_graph(MlpSpec(20).twin()).count("forward") == len(block_graph(MlpSpec(20).twin()).edges)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: MlpSpec(21), "20 or 22"),
        (lambda: MlpSpec(3), "try 4"),
        (lambda: MlpSpec(2), "from 3 to"),
        (lambda: MlpSpec(DEEPEST + 1), "number of layers"),
        (lambda: MlpSpec(20, 0), "width"),
        (lambda: MlpSpec(20, True), "width"),
        (lambda: MlpSpec(20, 64, "A"), "shortcut"),  # type: ignore[arg-type]
        (lambda: MlpSpec(20, family="perceptron"), "family"),  # type: ignore[arg-type]
        (lambda: find("mlp21_64"), "20 or 22"),
        (lambda: find("mlp20_99999"), "width"),
        (lambda: lesion(MlpSpec(20).twin(), cut=["layer1.0"]), "no shortcut"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(make: object, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        make()  # type: ignore[operator]
    assert_one_sentence(caught.value)


def test_a_spec_survives_its_file() -> None:
    for spec in (MlpSpec(), MlpSpec(8, 5, "none", side=9)):
        assert NetworkSpec.from_json(spec.to_json()) == spec
        assert NetworkSpec.from_json(spec.to_short_json()) == spec
    assert NetworkSpec.from_json('{"family": "mlp"}') == MlpSpec()
