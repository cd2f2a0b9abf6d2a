"""What blocks can be coloured by: the same figures as the cost's, in words of three digits."""

from __future__ import annotations

import pytest

from explorer.networks.catalog import PRESETS
from explorer.networks.colouring import COST_KINDS, Colouring, Unit, cost_colouring, quantity_text
from explorer.networks.cost import network_cost

TIMES = Colouring("time", "Time", "s", {"layer1.0": 2e-3, "layer1.1": 4e-3, "head": 9e-3}, {"layer1.0": (1e-3, 3e-3)})


@pytest.mark.parametrize("kind", COST_KINDS)
def test_the_parts_add_up_to_the_network(kind: str) -> None:
    spec = PRESETS["resnet50"]
    cost = network_cost(spec)
    colouring = cost_colouring(spec, kind)
    assert set(colouring.values) == {"stem", "head", *spec.block_ids}
    whole = {"parameters": cost.parameters, "macs": cost.macs, "activations": cost.activations}[kind]
    assert sum(colouring.values.values()) == whole


def test_the_scale_ends_at_the_largest_block_and_goes_no_further() -> None:
    assert TIMES.largest == 4e-3
    assert TIMES.share(2e-3) == 0.5
    assert TIMES.share(TIMES.values["head"]) == 1.0
    assert Colouring("time", "Time", "s", {}).share(3.0) == 0.0


def test_several_blocks_have_the_mean_of_those_that_are_known() -> None:
    assert TIMES.value(["layer1.0", "layer1.1"]) == 3e-3
    assert TIMES.value(["layer1.0", "layer9.9"]) == 2e-3
    assert TIMES.value(["layer9.9"]) is None


def test_a_spread_is_written_only_where_it_was_measured() -> None:
    assert TIMES.spread_text("layer1.0") == "1.00 ms – 3.00 ms"
    assert TIMES.spread_text("layer1.1") == ""


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "", "0"), (0, "s", "0 s"), (464, "", "464"), (1000, "", "1.00 k"), (4672, "", "4.67 k"),
        (73984, "", "74.0 k"), (999_700, "", "1.00 M"), (231_211_008, "", "231 M"), (9_996, "", "10.0 k"),
        (196608, "B", "192 KiB"), (3 * 2**20, "B", "3.00 MiB"), (512, "B", "512 B"), (0.00123, "s", "1.23 ms"),
        (2.5e-8, "s", "25.0 ns"), (3.0, "s", "3.00 s"), (1e-12, "s", "0.00 ns"), (12.5, "", "12.5"),
    ],
)  # fmt: skip
def test_three_digits(value: float, unit: Unit, text: str) -> None:
    assert quantity_text(value, unit) == text
