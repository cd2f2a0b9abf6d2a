"""Networks side by side, against what Fig. 3 of He et al. 2015 shows and against plain counting."""

from __future__ import annotations

import pytest

from explorer.errors import UserError
from explorer.networks.catalog import PRESETS, find
from explorer.networks.comparison import FIGURE_3 as FIGURE_3_NAMES
from explorer.networks.comparison import (
    FOLDED_ROWS,
    align,
    check_count,
    facts,
    layer_text,
    levels,
    shortcuts_text,
)
from explorer.networks.cost import network_cost
from explorer.networks.operations import conv, max_pool3, operations_by_part
from explorer.networks.published import published
from explorer.networks.spec import NetworkSpec

PAIR = (PRESETS["plain34"], PRESETS["resnet34"])
FIGURE_3 = {
    224: ("3×224×224",),
    112: ("7×7 conv, 64, /2",),
    56: ("pool, /2", *["3×3 conv, 64"] * 6),
    28: ("3×3 conv, 128, /2", *["3×3 conv, 128"] * 7),
    14: ("3×3 conv, 256, /2", *["3×3 conv, 256"] * 11),
    7: ("3×3 conv, 512, /2", *["3×3 conv, 512"] * 5),
    1: ("avg pool", "fc 1000"),
}
"""The 34-layer columns of the figure: output size -> what is written, from top to bottom."""


@pytest.mark.parametrize("column", [0, 1])
def test_the_34_layer_columns_of_figure_3(column: int) -> None:
    alignment = align(PAIR)
    assert alignment.sides == tuple(FIGURE_3)
    written = {
        side: tuple(row for group in alignment.columns[column].at(side) for row in group.rows)
        for side in alignment.sides
    }
    assert written == FIGURE_3


def test_the_column_of_vgg_19_in_figure_3() -> None:
    alignment = align(tuple(PRESETS[name] for name in FIGURE_3_NAMES))
    assert alignment.sides == tuple(FIGURE_3)
    column = alignment.columns[0]
    written = {side: [row for group in column.at(side) for row in group.rows] for side in alignment.sides}
    assert written == {
        224: ["3×224×224", *["3×3 conv, 64"] * 2],
        112: ["pool, /2", *["3×3 conv, 128"] * 2],
        56: ["pool, /2", *["3×3 conv, 256"] * 4],
        28: ["pool, /2", *["3×3 conv, 512"] * 4],
        14: ["pool, /2", *["3×3 conv, 512"] * 4],
        7: ["pool, /2"],
        1: ["fc 4096", "fc 4096", "fc 1000"],
    }


def test_the_blocks_of_figure_3_have_16_shortcuts_3_of_them_dashed() -> None:
    plain, residual = align(PAIR).columns
    assert {group.shortcut for group in plain.groups} == {"none"}
    kinds = [group.shortcut for group in residual.groups if group.shortcut != "none"]
    assert (kinds.count("identity"), kinds.count("projection"), len(kinds)) == (13, 3, 16)
    assert shortcuts_text(PAIR[1]) == "13 identity, 3 projection"
    assert shortcuts_text(PAIR[0]) == "none"


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_part_of_every_network_stands_once_where_its_map_is(name: str) -> None:
    spec = PRESETS[name]
    column = align((spec, spec)).columns[0]
    shown = [part for group in column.groups for part in group.parts]
    blocks = [part for part in shown if part not in ("input", "stem", "head")]
    assert blocks == list(spec.block_ids)
    assert shown[:2] == ["input", "stem"]
    assert shown[-1] == "head"
    sides = {part.id: part.output[1] for part in network_cost(spec).blocks}
    for group in column.groups:
        assert all(sides.get(part, group.side) == group.side for part in group.parts)
        assert group.rows


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_weighted_layer_is_a_row(name: str) -> None:
    """Of convolutions and linear layers that are not on a shortcut, no more and no fewer."""
    spec = PRESETS[name]
    rows = sum(
        len(group.rows) * len(group.parts) for group in align((spec,)).columns[0].groups if group.stage != "input"
    )
    layers = [
        operation
        for _, operations in operations_by_part(spec)
        for operation in operations
        if not operation.on_shortcut and layer_text(operation)
    ]
    weighted = [operation for operation in layers if operation.kind in ("conv", "linear")]
    assert rows == len(layers)
    assert len(weighted) >= len(spec.block_ids)


def test_words_of_layers() -> None:
    shape = (64, 56, 56)
    assert layer_text(conv("c", shape, 128, 3, 2)) == "3×3 conv, 128, /2"
    assert layer_text(conv("c", shape, 128, 3, groups=32)) == "3×3 conv, 128, 32 groups"
    assert layer_text(conv("c", shape, 64, 5, groups=64)) == "5×5 depthwise conv, 64"
    assert layer_text(max_pool3("p", shape)) == "pool, /2"


# -- folding ---------------------------------------------------------------------------------------------------------


def test_long_runs_fold_and_unfold() -> None:
    spec = PRESETS["resnet152"]
    column = align((spec, PRESETS["resnet34"])).columns[0]
    folds = [group for group in column.groups if group.folded]
    # 3, 8, 36, 3 blocks: of the 7 and 35 equal ones the first and the last stay.
    assert [len(group.parts) for group in folds] == [5, 33]
    unfolded = align((spec, PRESETS["resnet34"]), frozenset({(0, folds[1].run)})).columns[0]
    assert [len(group.parts) for group in unfolded.groups if group.folded] == [5]
    assert sum(group.run == folds[1].run for group in unfolded.groups) == 33


def test_a_run_unfolds_in_its_own_column_only() -> None:
    spec = PRESETS["resnet152"]
    run = next(group.run for group in align((spec,)).columns[0].groups if group.folded)
    one, other = align((spec, spec), frozenset({(1, run)})).columns
    assert sum(group.folded for group in one.groups) == 2
    assert sum(group.folded for group in other.groups) == 1


def test_networks_as_long_as_the_figures_are_whole() -> None:
    for name in ("plain34", "resnet34", "resnet50", "resnet56"):
        groups = align((PRESETS[name],)).columns[0].groups
        assert not any(group.folded for group in groups)
        assert sum(len(group.rows) for group in groups) <= FOLDED_ROWS


def test_the_deepest_network_stays_short() -> None:
    column = align((PRESETS["resnet1202"], PRESETS["resnet20"])).columns[0]
    assert sum(len(group.rows) for group in column.groups) < FOLDED_ROWS
    assert sum(len(group.parts) for group in column.groups if group.folded) == 198 + 197 + 197


# -- counterparts ----------------------------------------------------------------------------------------------------


def test_a_block_stands_beside_its_two_layers() -> None:
    alignment = align(PAIR)
    assert alignment.counterparts(1, "layer3.2") == (("layer3.4", "layer3.5"), ("layer3.2",))
    assert alignment.counterparts(0, "layer3.5") == (("layer3.5",), ("layer3.2",))
    assert alignment.counterparts(1, "stem") == (("stem",), ("stem",))


def test_counterparts_cover_each_other() -> None:
    """Each block's counterparts have it among theirs, whatever the numbers of blocks."""
    alignment = align((PRESETS["resnet152"], PRESETS["resnet50"], PRESETS["plain34"]))
    for number, column in enumerate(alignment.columns):
        for part in column.spec.block_ids:
            for other, found in enumerate(alignment.counterparts(number, part)):
                assert found
                for counterpart in found:
                    assert part in alignment.counterparts(other, counterpart)[number]


def test_at_a_resolution_of_its_own_there_is_none() -> None:
    alignment = align((PRESETS["resnet34"], PRESETS["resnet20"]))
    assert alignment.counterparts(1, "layer2.1") == ((), ("layer2.1",))


# -- facts -----------------------------------------------------------------------------------------------------------


def test_facts_are_those_of_the_networks() -> None:
    table = {fact.key: fact for fact in facts(PAIR)}
    costs = [network_cost(spec) for spec in PAIR]
    assert table["depth"].values == (34, 34)
    assert table["parameters"].values == (21_623_848, 21_797_672)
    assert table["macs"].values == tuple(cost.macs for cost in costs)
    assert table["activations"].values == tuple(cost.activations for cost in costs)
    assert not table["depth"].differs
    assert table["parameters"].differs
    ratios = table["parameters"].ratios
    assert ratios[1] == pytest.approx(21_797_672 / 21_623_848)
    assert table["shortcuts"].ratios == (None, None)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_two_or_three_networks(count: int) -> None:
    with pytest.raises(UserError, match="two or three"):
        check_count([PRESETS["resnet20"]] * count)


def test_levels_share_a_resolution_where_there_is_one() -> None:
    found = levels((PRESETS["plain34"], PRESETS["resnet50"]))
    assert [level.title for level in found] == ["56×56", "28×28", "14×14", "7×7"]
    assert found[1].stages == ("layer2", "layer2")


def test_levels_go_by_number_where_no_resolution_is_shared() -> None:
    found = levels((PRESETS["resnet34"], PRESETS["resnet20"]))
    assert [level.stages for level in found] == [
        ("layer1", "layer1"), ("layer2", "layer2"), ("layer3", "layer3"), ("layer4", None),
    ]  # fmt: skip


# -- what papers printed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("resnet110", 6.43, "1512.03385, Table 6"), ("plain34", 28.54, "1512.03385, Table 2"),
        ("preresnet1001", 4.92, "1603.05027"), ("resnet110_conv_shortcut", 12.22, "Table 1"),
    ],
)  # fmt: skip
def test_published_errors(name: str, error: float, words: str) -> None:
    found = published(find(name).with_(in_channels=1, side=28))
    assert found is not None
    assert found.error == error
    assert found.accuracy == pytest.approx(1 - error / 100)
    assert words in found.source


def test_torchvisions_variant_has_not_the_papers_figure() -> None:
    """Its stride stands elsewhere; the paper's form has it."""
    assert published(PRESETS["resnet50"]) is None
    assert published(PRESETS["resnet50_v1"]) is not None


def test_a_network_of_ones_own_has_none() -> None:
    spec: NetworkSpec = PRESETS["resnet20"].with_(width=20)
    assert published(spec) is None
