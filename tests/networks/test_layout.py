"""Layouts: nothing overlaps, everything is there, folding hides and shows, and the time grows with the blocks."""

from __future__ import annotations

import math
import time
from itertools import combinations, pairwise

import pytest

from explorer.networks.catalog import PRESETS
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.folding import runs
from explorer.networks.graph import block_graph, operation_graph
from explorer.networks.layout import Layout, Rect, layout
from explorer.networks.operation_layout import operation_layout
from explorer.networks.spec import NetworkSpec

ROOMS = [(850.0, 300.0), (420.0, 260.0), (1600.0, 700.0), (300.0, 900.0), (50.0, 50.0)]


def all_runs(spec: NetworkSpec) -> frozenset[str]:
    return frozenset(box.cell.run for box in layout(block_graph(spec)).boxes if box.cell.run)


def overlap(a: Rect, b: Rect) -> bool:
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def assert_sound(placed: Layout) -> None:
    """Nothing overlaps, cards lie in their bands, everything is finite and inside."""
    for row in range(placed.rows):
        rects = sorted((box.rect for box in placed.boxes if box.row == row), key=lambda rect: rect.x)
        assert all(left.right < right.x for left, right in pairwise(rects))
    heights = sorted({(box.row, box.rect.y, box.rect.bottom) for box in placed.boxes})
    assert all(upper[2] < lower[1] for upper, lower in pairwise(heights))
    assert not any(overlap(a.rect, b.rect) for a, b in combinations(placed.bands, 2))
    for box in placed.boxes:
        grounds = [band for band in placed.bands if overlap(band.rect, box.rect)]
        assert [band.id for band in grounds] == ([box.cell.node.stage] if box.cell.node.stage else [])
    corners = [(rect.x, rect.y) for rect in [box.rect for box in placed.boxes]]
    corners += [(rect.right, rect.bottom) for rect in [band.rect for band in placed.bands]]
    flat = [point for line in placed.lines if not line.curved for point in line.points]
    for x, y in corners + flat:
        assert math.isfinite(x)
        assert -0.01 <= x <= placed.width + 0.01
        assert -0.01 <= y <= placed.height + 0.01


def ids_of(placed: Layout) -> list[str]:
    """Every block, shown or folded, in order."""
    found = []
    for box in placed.boxes:
        if box.cell.kind == "fold":
            found += box.cell.hidden
        elif box.cell.kind == "block":
            found.append(box.id)
    return found


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("room", ROOMS)
def test_cards_never_overlap_and_no_block_is_lost(name: str, room: tuple[float, float]) -> None:
    spec = PRESETS[name]
    folded = layout(block_graph(spec), room=room)
    assert_sound(folded)
    assert ids_of(folded) == list(spec.block_ids)


@pytest.mark.parametrize("name", ["resnet56", "resnet152", "resnet1202"])
def test_an_unfolded_network_shows_every_block(name: str) -> None:
    spec = PRESETS[name]
    placed = layout(block_graph(spec), all_runs(spec))
    assert_sound(placed)
    assert not [box for box in placed.boxes if box.cell.kind == "fold"]
    assert ids_of(placed) == list(spec.block_ids)


def test_small_networks_are_shown_whole_and_large_ones_fold() -> None:
    for name in ("resnet18", "resnet20", "resnet34", "resnet50"):
        assert not all_runs(PRESETS[name])
    folded = layout(block_graph(PRESETS["resnet1202"]))
    counts = [len(box.cell.hidden) for box in folded.boxes if box.cell.kind == "fold"]
    # First and last block of each run stay visible; layer2 and layer3 begin with a block of another kind.
    assert counts == [198, 197, 197]
    assert len(folded.boxes) < 20


def test_runs_of_many_stages_fold_whole() -> None:
    """With first and last blocks of seven stages the cards of EfficientNet-B7 would be too small to read."""
    spec = PRESETS["efficientnet_b7"]
    placed = layout(block_graph(spec))
    assert ids_of(placed) == list(spec.block_ids)
    assert [len(box.cell.hidden) for box in placed.boxes if box.cell.kind == "fold"] == [3, 6, 6, 9, 9, 12, 3]
    unfolded = layout(block_graph(spec), frozenset({"fold:layer3.1"}))
    assert [box.id for box in unfolded.boxes if box.cell.node.stage == "layer3" and box.cell.kind == "block"] == [
        f"layer3.{number}" for number in range(7)
    ]
    shown = layout(block_graph(spec), shown=frozenset({"layer3.4"}))
    assert "layer3.4" in {box.id for box in shown.boxes}


def test_blocks_that_must_stay_visible_break_the_fold() -> None:
    spec = PRESETS["resnet110"]
    shown = frozenset({"layer2.9", "layer2.3"})
    placed = layout(block_graph(spec), shown=shown)
    assert shown <= {box.id for box in placed.boxes}
    assert ids_of(placed) == list(spec.block_ids)
    runs = {box.cell.run for box in placed.boxes if box.cell.kind == "fold" and box.cell.node.stage == "layer2"}
    assert runs == {"fold:layer2.2"}
    # One block before layer2.3 is too little to fold.
    assert "layer2.2" in {box.id for box in placed.boxes}


def test_unfolding_one_run_leaves_the_others_and_its_handle() -> None:
    placed = layout(block_graph(PRESETS["resnet110"]), frozenset({"fold:layer2.2"}))
    kinds = {box.id: box.cell.kind for box in placed.boxes}
    assert kinds["fold:layer2.2"] == "handle"
    assert kinds["layer2.10"] == "block"
    assert kinds["fold:layer1.1"] == "fold"


def test_blocks_of_another_shortcut_or_shape_are_no_equal_blocks() -> None:
    for option in ("A", "B", "C"):
        spec = PRESETS["resnet110"].with_(shortcut=option)
        for box in layout(block_graph(spec)).boxes:
            blocks = [block for block in spec.all_blocks if block.id in box.cell.hidden]
            assert len({(block.shortcut, block.stride, block.in_channels) for block in blocks}) <= 1


@pytest.mark.parametrize("name", PRESETS)
def test_folded_networks_are_readable_when_fitted(name: str) -> None:
    """The small print has 11 pixels: fitted into the window's diagram at 1440x900 it keeps 8 or more."""
    placed = layout(block_graph(PRESETS[name]), room=(822.0, 290.0))
    scale = min(822.0 / placed.width, 290.0 / placed.height)
    assert 11 * scale >= 8


def test_resnet20_and_resnet18_stand_in_one_row() -> None:
    for name in ("resnet18", "resnet20"):
        assert layout(block_graph(PRESETS[name]), room=(822.0, 290.0)).rows == 1


def test_an_edge_is_labelled_where_its_shape_changes() -> None:
    placed = layout(block_graph(PRESETS["resnet20"].with_(in_channels=1, side=28)))
    labels = {line.source: line.shape for line in placed.lines if line.shape}
    assert labels == {"stem": (16, 28, 28), "layer2.0": (32, 14, 14), "layer3.0": (64, 7, 7)}


@pytest.mark.parametrize("name", [name for name, spec in PRESETS.items() if not spec.plain])
def test_an_arc_spans_its_card(name: str) -> None:
    placed = layout(block_graph(PRESETS[name]))
    boxes = {box.id: box for box in placed.boxes}
    arcs = [line for line in placed.lines if line.around]
    cells = [box.cell for box in placed.boxes if box.cell.kind in ("block", "fold")]
    assert {line.around for line in arcs} == {
        cell.id for cell in cells if cell.node.block and cell.node.block.shortcut not in ("none", "concat")
    }
    for line in arcs:
        rect = boxes[str(line.around)].rect
        assert line.points[0][0] < rect.x < rect.right < line.points[-1][0]
        assert min(y for _, y in line.points) < rect.y


@pytest.mark.parametrize("name", [name for name, spec in PRESETS.items() if name.startswith("densenet")])
@pytest.mark.parametrize("width", [600.0, 3000.0, 30_000.0])
def test_a_fan_joins_each_layer_with_all_later_ones_of_its_row(name: str, width: float) -> None:
    graph = block_graph(PRESETS[name])
    placed = layout(graph, runs(graph), room=(width, 300.0))
    boxes = {box.id: box for box in placed.boxes}
    given = [port.id for fan in placed.fans for port in fan.ports if port.id]
    assert given == list(PRESETS[name].block_ids)
    for fan in placed.fans:
        assert fan.ports[0].id == "", "what all earlier layers gave"
        assert {boxes[port.id].cell.node.stage for port in fan.ports[1:]} == {fan.stage}
        for port in fan.ports[1:]:
            assert port.arrives < boxes[port.id].rect.x < boxes[port.id].rect.right < port.leaves
        assert len({boxes[port.id].row for port in fan.ports[1:]}) == 1
    assert not [line for line in placed.lines if line.around]


def test_only_dense_networks_have_fans() -> None:
    for name in ("resnet50", "plain20", "vgg11"):
        assert layout(block_graph(PRESETS[name])).fans == ()


def test_the_longest_network_takes_time_in_proportion() -> None:
    """4,000 unfolded blocks take about ten times as long as 400: an O(n²) layout would take a hundred times."""

    def seconds(blocks: int) -> float:
        spec = ResNetSpec("cifar", (1, 1, blocks - 2), shortcut="A", side=32, classes=10, width=16)
        graph = block_graph(spec)
        runs = all_runs(spec)
        times = []
        for _ in range(5):
            start = time.perf_counter()
            placed = layout(graph, runs)
            times.append(time.perf_counter() - start)
        assert len(placed.boxes) >= blocks
        return min(times)

    assert seconds(4000) < 30 * seconds(400)


def test_plain_networks_have_no_arcs_and_need_no_room_for_them() -> None:
    plain, residual = (layout(block_graph(PRESETS[name]), room=(1400.0, 500.0)) for name in ("plain20", "resnet20"))
    assert {line.kind for line in plain.lines} == {"forward"}
    assert plain.height / plain.rows < residual.height / residual.rows - 30


def test_a_pool_stands_before_the_card_of_its_place_whatever_stands_there() -> None:
    spec = PRESETS["vgg_narrow"]
    order = (*spec.block_ids[:3], "layer2.0", "layer1.4", "layer1.3", *spec.block_ids[6:])
    for room in ROOMS:
        for placed in (layout(block_graph(spec), room=room), layout(block_graph(spec, order), room=room)):
            assert [pool.place for pool in placed.pools] == ["layer2.0", "layer3.0"]
            for pool in placed.pools:
                box = next(box for box in placed.boxes if box.cell.node.place == pool.place)
                assert pool.rect.right < box.rect.x
                assert abs(pool.rect.middle[1] - box.rect.middle[1]) < 1e-6
                assert not any(overlap(pool.rect, other.rect) for other in placed.boxes)
                (band,) = [band for band in placed.bands if overlap(band.rect, pool.rect)]
                assert band.id == box.cell.node.stage
                assert band.rect.x < pool.rect.x


def test_moved_blocks_come_out_of_their_folds_and_the_fold_keeps_its_name() -> None:
    spec = PRESETS["resnet110"]
    ids = list(spec.block_ids)
    first, second = ids.index("layer2.2"), ids.index("layer2.9")
    ids[first], ids[second] = ids[second], ids[first]
    placed = layout(block_graph(spec, tuple(ids)))
    assert_sound(placed)
    assert ids_of(placed) == ids
    assert {"layer2.2", "layer2.9"} <= {box.id for box in placed.boxes}
    runs = {box.cell.run for box in placed.boxes if box.cell.kind == "fold" and box.cell.node.stage == "layer2"}
    assert runs == {"fold:layer2.2"}, "named after the place, so that an unfolded run stays unfolded"


def test_a_preactivation_projection_leaves_behind_the_first_relu() -> None:
    placed = operation_layout(operation_graph(PRESETS["preresnet110"].with_(shortcut="B"), "layer2.0"))
    boxes = {box.id: box.rect for box in placed.boxes}
    line = next(line for line in placed.lines if line.kind == "projection" and line.source == "layer2.0.relu1")
    assert line.points[0] == (boxes["layer2.0.relu1"].right, boxes["layer2.0.relu1"].middle[1])
    assert boxes["layer2.0.relu1"].right < line.points[1][0] < boxes["layer2.0.conv1"].x
    assert line.points[-1][1] == boxes["layer2.0.downsample.0"].middle[1] < boxes["layer2.0.conv1"].y


@pytest.mark.parametrize(
    "name", ["resnet18", "resnet20", "resnet50", "preresnet110", "preresnet B", "plain20", "vgg_narrow"]
)
def test_operations_never_overlap(name: str) -> None:
    spec = PRESETS["preresnet110"].with_(shortcut="B") if name == "preresnet B" else PRESETS[name]
    for part in ("stem", "layer1.0", "layer2.0", "layer3.1", "head"):
        placed = operation_layout(operation_graph(spec, part))
        assert not any(overlap(a.rect, b.rect) for a, b in combinations(placed.boxes, 2))
        for box in placed.boxes:
            assert box.rect.x >= 0
            assert box.rect.right <= placed.width
            assert box.rect.bottom <= placed.height
        for line in placed.lines:
            assert all(math.isfinite(value) for point in line.points for value in point)
