"""Graphs against the paper: which shortcuts there are, and what flows along the edges."""

from __future__ import annotations

import itertools

import pytest

from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.graph import block_graph, operation_graph
from explorer.networks.operations import operations_by_part


@pytest.mark.parametrize(
    ("name", "identity", "projection", "subsampling"),
    [
        # He et al. 2015, Table 1: with basic blocks layer1 keeps 64 channels, so three stages change the shape; with
        # bottlenecks layer1 widens 64 to 256 and changes it too. Table 6: two of three stages change it (option A).
        ("resnet18", 5, 3, 0),
        ("resnet34", 13, 3, 0),
        ("resnet50", 12, 4, 0),
        ("resnet101", 29, 4, 0),
        ("resnet152", 46, 4, 0),
        ("resnet20", 7, 0, 2),
        ("resnet110", 52, 0, 2),
        ("resnet1202", 598, 0, 2),
    ],
)
def test_each_network_has_its_shortcuts(name: str, identity: int, projection: int, subsampling: int) -> None:
    graph = block_graph(PRESETS[name])
    assert graph.count("identity") == identity
    assert graph.count("projection") == projection
    assert graph.count("subsampling") == subsampling


def test_option_c_has_thirteen_extra_projections_in_resnet34() -> None:
    """He et al. 2015, section 4.1: "many (thirteen) projection shortcuts"."""
    spec = PRESETS["resnet34"]
    extra = block_graph(spec.with_(shortcut="C")).count("projection") - block_graph(spec).count("projection")
    assert extra == 13
    assert block_graph(spec.with_(shortcut="C")).count("identity") == 0


@pytest.mark.parametrize("name", PRESETS)
def test_every_block_has_one_way_in_one_way_out_and_one_shortcut_around_it(name: str) -> None:
    spec = PRESETS[name]
    graph = block_graph(spec)
    forward = [edge for edge in graph.edges if edge.kind == "forward"]
    order = ["input", "stem", *spec.block_ids, "head"]
    assert [node.id for node in graph.nodes] == order
    assert [(edge.source, edge.target) for edge in forward] == list(itertools.pairwise(order))
    around = [edge for edge in graph.edges if edge.kind != "forward"]
    assert [edge.around for edge in around] == list(spec.block_ids)
    for edge in around:
        index = order.index(str(edge.around))
        assert (edge.source, edge.target) == (order[index - 1], order[index + 1])


def test_shapes_on_the_edges_are_those_of_table_1() -> None:
    graph = block_graph(PRESETS["resnet50"])
    shapes = {edge.source: edge.shape for edge in graph.edges if edge.kind == "forward"}
    assert shapes["input"] == (3, 224, 224)
    assert shapes["stem"] == (64, 56, 56)
    assert shapes["layer1.2"] == (256, 56, 56)
    assert shapes["layer2.0"] == (512, 28, 28)
    assert shapes["layer3.5"] == (1024, 14, 14)
    assert shapes["layer4.2"] == (2048, 7, 7)


@pytest.mark.parametrize("name", ["resnet18", "resnet20", "resnet50"])
def test_a_part_opens_into_exactly_its_operations(name: str) -> None:
    spec = PRESETS[name]
    for part, operations in operations_by_part(spec):
        graph = operation_graph(spec, part)
        found = {node.id: node.operation for node in graph.nodes if node.operation is not None}
        assert found == {operation.id: operation for operation in operations}


def test_the_shortcut_of_an_opened_block_leads_from_its_input_to_its_addition() -> None:
    identity = operation_graph(PRESETS["resnet18"], "layer1.0")
    (edge,) = [edge for edge in identity.edges if edge.kind != "forward"]
    assert (edge.kind, edge.source, edge.target, edge.shape) == ("identity", "input", "layer1.0.add", (64, 56, 56))

    projected = operation_graph(PRESETS["resnet50"], "layer2.0")
    track = [(edge.source, edge.target) for edge in projected.edges if edge.kind == "projection"]
    first, second = "layer2.0.downsample.0", "layer2.0.downsample.1"
    assert track == [("input", first), (first, second), (second, "layer2.0.add")]

    subsampled = operation_graph(PRESETS["resnet20"], "layer3.0")
    assert subsampled.count("subsampling") == 2


@pytest.mark.parametrize("part", ["layer9.0", "layer1", "input", ""])
def test_what_cannot_be_opened_is_refused(part: str) -> None:
    with pytest.raises(UserError, match="no part"):
        operation_graph(PRESETS["resnet18"], part)
