"""One pass and its maps, against forward hooks on the same module."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.engine.capture import THUMBNAIL, capture, capture_steps, parts_to_keep
from explorer.engine.modules import Block, Network
from explorer.engine.records import UNTRAINED, Picture, PictureRequest
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from explorer.networks.lesion import INTACT, Lesion, Mode
from tests.engine.networks import SPECS, TINY, network_of, pictures


def _hooked(network: Network, x: Tensor, deleted: frozenset[str]) -> tuple[Tensor, dict[str, Tensor]]:
    """Logits, and each part's output, cloned at once, so that no later layer that works in place can change it."""
    seen: dict[str, Tensor] = {}

    def noting(part: str, block: Block) -> Callable[..., Tensor]:
        def run(entering: Tensor, mode: Mode) -> Tensor:
            if part == network.spec.block_ids[0]:
                seen["stem"] = entering.clone()
            y = block(entering, mode)
            seen[part] = y.clone()
            return y

        return run

    blocks = dict(network.blocks())
    with pytest.MonkeyPatch.context() as patch, torch.inference_mode():
        patch.setattr(network, "_blocks", {part: noting(part, block) for part, block in blocks.items()})
        logits = network(x, Lesion(frozenset(deleted)))
    return logits, seen


@pytest.mark.parametrize("name", SPECS)
def test_maps_are_what_each_block_leaves(name: str) -> None:
    spec = SPECS[name]
    network = network_of(spec)
    x = pictures(spec, 2)
    for deleted in (frozenset(), frozenset(spec.block_ids[1:3]), frozenset(spec.block_ids)):
        expected, seen = _hooked(network, x, deleted)
        logits, kept = capture(network, x, Lesion(frozenset(deleted)), parts_to_keep(spec))
        assert torch.equal(logits, expected)
        for part, values in seen.items():
            assert torch.equal(kept[part], values), part
        assert set(kept) == {*seen, *(stage.id for stage in spec.stages)}
        for stage in spec.stages:
            assert kept[stage.id] is kept[stage.blocks[-1].id]


@pytest.mark.parametrize("keep", [parts_to_keep(PRESETS["resnet20"]), parts_to_keep(PRESETS["resnet20"], budget=1)])
def test_a_stages_maps_are_those_of_what_stands_last_in_it(keep: frozenset[str]) -> None:
    spec = PRESETS["resnet20"].with_(side=8)
    lesion = INTACT.swapped(spec, "layer2.1", "layer2.2")
    network = network_of(spec)
    x = pictures(spec, 1)
    _, seen = _hooked(network, x, frozenset())
    with torch.inference_mode():
        blocks = dict(network.blocks())
        expected = blocks["layer2.1"](blocks["layer2.2"](seen["layer2.0"]))
    _, kept = capture(network, x, lesion, keep)
    assert torch.equal(kept["layer2"], expected)


def test_shapes_are_those_of_the_cost_figures() -> None:
    spec = SPECS["bottleneck B"]
    _, kept = capture(network_of(spec), pictures(spec, 1), INTACT, parts_to_keep(spec))
    cost = network_cost(spec)
    for part in (cost.stem, *cost.blocks, *cost.stages):
        assert kept[part.id].shape == (1, *part.output)


def test_only_what_was_asked_for_is_kept() -> None:
    spec = SPECS["basic B"]
    _, kept = capture(network_of(spec), pictures(spec, 1), INTACT, {"layer2.0"})
    assert set(kept) == {"layer2.0"}
    _, kept = capture(network_of(spec), pictures(spec, 1), INTACT, {"stem", "layer3.0"})
    assert set(kept) == {"stem", "layer3.0", "layer3"}


def test_all_maps_are_kept_where_they_fit() -> None:
    for name in ("resnet18", "resnet152", "resnet110"):
        assert parts_to_keep(PRESETS[name]) == {"stem", *PRESETS[name].block_ids}


def test_beyond_the_budget_the_ends_of_stages_and_what_is_wanted_are_kept() -> None:
    spec = PRESETS["resnet152"]
    ends = {"stem", "layer1.2", "layer2.7", "layer3.35", "layer4.2"}
    assert parts_to_keep(spec, budget=1) == ends
    assert parts_to_keep(spec, ("layer3.7", "stem", "layer2", "head", "nonsense"), budget=1) == {*ends, "layer3.7"}
    cost = network_cost(spec)
    outputs = (cost.stem, *cost.blocks)
    exact = sum(4 * math.prod(part.output) for part in outputs)
    assert parts_to_keep(spec, budget=exact) == {"stem", *spec.block_ids}
    assert parts_to_keep(spec, budget=exact - 1) == ends


@pytest.mark.parametrize("where", ["conv1.weight", "layer2.1.bn2.weight", "fc.bias"])
def test_weights_that_are_no_numbers_give_no_numbers_and_no_crash(where: str) -> None:
    session = Session()
    picture = Picture("noise", np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8))
    loaded = finish(session.load(TINY, UNTRAINED))
    loaded.network.get_parameter(where).data.fill_(math.nan)
    for deleted in (frozenset(), frozenset({"layer2.1"})):
        result = finish(session.run_picture(PictureRequest(TINY, UNTRAINED, picture, deleted)))
        spared = where.startswith("layer2.1") and bool(deleted)
        assert bool(np.isnan(result.prediction.probabilities).all()) != spared
        assert all(math.isfinite(share) for _, _, share in result.prediction.top(5))


def test_what_is_not_kept_comes_as_thumbnails() -> None:
    """Means over 8x8 parts of the map, computed here by slicing."""
    spec = PRESETS["resnet20"].with_(side=32, width=4)
    network, x = network_of(spec), pictures(spec, 1)
    logits, seen = _hooked(network, x, frozenset())
    keep = parts_to_keep(spec, ("layer2.0",), budget=1)
    small: dict[str, Tensor] = {}
    found, kept = finish(capture_steps(network, x, INTACT, keep, small))
    assert torch.equal(found, logits)
    assert set(small) == set(spec.block_ids) - set(kept)
    assert "layer2.0" in kept
    for part, values in small.items():
        step = seen[part].shape[2] // THUMBNAIL
        expected = torch.stack(
            [
                torch.stack([seen[part][:, :, r : r + step, c : c + step].mean((2, 3)) for c in _starts(step)], -1)
                for r in _starts(step)
            ],
            -2,
        )
        torch.testing.assert_close(values, expected)
        assert values.untyped_storage().nbytes() == values.numel() * 4, "no large map is held by a small one"


def _starts(step: int) -> range:
    return range(0, THUMBNAIL * step, step)


def test_a_deep_network_on_a_large_picture_keeps_little_memory() -> None:
    """All maps of ResNet-1202 at 224 px are 1.1 GB; what is kept of one pass is a small part of that."""
    spec = PRESETS["resnet1202"].with_(side=224)
    keep = parts_to_keep(spec)
    outputs = {part.id: math.prod(part.output) for part in network_cost(spec).parts}
    whole = 4 * sum(outputs.values())
    kept = 4 * sum(outputs[part] for part in keep)
    channels = {part.id: part.output[0] for part in network_cost(spec).blocks}
    small = 4 * THUMBNAIL**2 * sum(channels[part] for part in channels if part not in keep)
    assert whole > 1e9
    assert kept + small < 0.02 * whole
