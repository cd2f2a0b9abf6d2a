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


RESIDUAL = [name for name, spec in PRESETS.items() if not spec.plain]
PLAIN = [name for name, spec in PRESETS.items() if spec.plain]


def test_plain_networks_have_forward_edges_only() -> None:
    assert set(PLAIN) >= {"plain18", "plain20", "plain34", "plain56", "vgg_narrow"}
    for name in PLAIN:
        graph = block_graph(PRESETS[name])
        assert {edge.kind for edge in graph.edges} == {"forward"}
        # Stem, one node for each layer (He et al. 2015, section 4.2: 6n + 2 layers), and the classifier's, of which VGG
        # has three.
        head = dict(operations_by_part(PRESETS[name]))["head"]
        assert len(graph.nodes) == PRESETS[name].depth + 2 - sum(operation.kind == "linear" for operation in head)


def swapped(ids: tuple[str, ...], first: str, second: str) -> tuple[str, ...]:
    """Written out, apart from the program."""
    return tuple({first: second, second: first}.get(name, name) for name in ids)


def test_moved_blocks_take_the_place_with_its_stage_and_shapes() -> None:
    """In the one-width VGG-like net a layer can move to another stage; the pools stay where they are."""
    spec = PRESETS["vgg_narrow"]
    own = block_graph(spec)
    graph = block_graph(spec, swapped(spec.block_ids, "layer1.3", "layer2.0"))
    assert [node.id for node in graph.nodes][5:8] == ["layer2.0", "layer1.4", "layer1.3"]
    for before, after in zip(own.nodes, graph.nodes, strict=True):
        assert (before.input, before.output, before.stage) == (after.input, after.output, after.stage)
        assert (before.id if before.block else "") == after.place
        assert before.block is None or before.block.pooled == after.block.pooled
    assert {node.id for node in graph.nodes if node.moved} == {"layer1.3", "layer2.0"}
    assert not any(node.moved for node in own.nodes)


def test_a_shortcut_goes_with_its_block() -> None:
    spec = PRESETS["resnet20"]
    graph = block_graph(spec, swapped(spec.block_ids, "layer1.0", "layer1.2"))
    order = ["input", "stem", "layer1.2", "layer1.1", "layer1.0", *spec.block_ids[3:], "head"]
    assert [node.id for node in graph.nodes] == order
    around = [edge for edge in graph.edges if edge.kind != "forward"]
    assert [edge.around for edge in around] == order[2:-1]
    assert all((edge.source, edge.target) == (order[order.index(edge.around) - 1], order[order.index(edge.around) + 1])
               for edge in around)  # fmt: skip


def test_a_moved_layer_opens_with_the_pool_of_its_place() -> None:
    spec = PRESETS["vgg_narrow"]
    order = swapped(spec.block_ids, "layer1.3", "layer2.0")
    kinds = [node.operation.kind for node in operation_graph(spec, "layer1.3", order).nodes if node.operation]
    assert kinds == ["maxpool", "conv", "bn", "relu"]
    kinds = [node.operation.kind for node in operation_graph(spec, "layer2.0", order).nodes if node.operation]
    assert kinds == ["conv", "bn", "relu"]


def test_a_preactivation_block_opens_as_he_et_al_2016_draw_it() -> None:
    """He et al. 2016, Fig. 4e: batch norm, ReLU, convolution, twice, and nothing behind the addition; a projection
    starts behind the first ReLU; the first block's first pair stands in the stem (section 5)."""

    def kinds(spec_name: str, part: str, option: str = "A") -> list[str]:
        graph = operation_graph(PRESETS[spec_name].with_(shortcut=option), part)
        return [node.operation.kind for node in graph.nodes if node.operation and not node.operation.on_shortcut]

    pair = ["bn", "relu", "conv"]
    assert kinds("preresnet110", "layer1.1") == [*pair, *pair, "add"]
    assert kinds("preresnet110", "layer1.0") == ["conv", *pair, "add"]
    assert kinds("preresnet110", "head") == ["bn", "relu", "avgpool", "linear"]
    projected = operation_graph(PRESETS["preresnet110"].with_(shortcut="B"), "layer2.0")
    track = [(edge.source, edge.target) for edge in projected.edges if edge.kind == "projection"]
    assert track == [("layer2.0.relu1", "layer2.0.downsample.0"), ("layer2.0.downsample.0", "layer2.0.add")]


@pytest.mark.parametrize("name", RESIDUAL)
def test_every_block_has_one_way_in_one_way_out_and_one_shortcut_around_it(name: str) -> None:
    spec = PRESETS[name]
    graph = block_graph(spec)
    forward = [edge for edge in graph.edges if edge.kind == "forward"]
    order = ["input", "stem", *spec.block_ids, "head"]
    assert [node.id for node in graph.nodes] == order
    assert [(edge.source, edge.target) for edge in forward] == list(itertools.pairwise(order))
    around = [edge for edge in graph.edges if edge.kind != "forward"]
    assert [edge.around for edge in around] == [block.id for block in spec.all_blocks if block.shortcut != "none"]
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


@pytest.mark.parametrize("name", ["resnet18", "resnet20", "resnet50", "preresnet110", "plain20", "vgg_narrow"])
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
