"""Studies and maps of DenseNets and MLPs against the slow obvious loop."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from explorer.engine.build import build_untrained
from explorer.engine.capture import capture
from explorer.engine.studies.plan import candidates
from explorer.engine.study_records import StudyRequest
from explorer.errors import UserError
from explorer.networks.families.densenet import DenseNetSpec
from explorer.networks.families.efficientnet import EfficientNetSpec
from explorer.networks.families.mlp import MlpSpec
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec
from tests.engine.networks import network_of, pictures
from tests.engine.sentences import assert_one_sentence
from tests.engine.study_support import Case, Slow, case, done

MLP = MlpSpec(8, 16)
SPECS: dict[str, NetworkSpec] = {
    "DenseNet": DenseNetSpec((1, 2, 1), 3, 6, "cifar", 4, 0.5, in_channels=1, side=28, classes=10),
    "MLP": MLP,
    "plain MLP": MLP.with_(depth=5, shortcut="none"),
    "gates": ResNetSpec("cifar", (2, 1, 1), "basic", "A", in_channels=1, side=28, classes=10, width=4,
                        variant="exclusive-gate"),
}  # fmt: skip


@pytest.fixture(params=SPECS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    return case(tmp_path, SPECS[request.param])


def test_single_and_random_delete_as_the_slow_loop_does(made: Case) -> None:
    slow, ids = Slow(made.network), made.network.spec.block_ids
    single = done(made.request("single"))
    assert [point.lesion for point in single.points] == [Lesion(frozenset({block})) for block in ids]
    random = done(made.request("random", seeds=1, most=2))
    assert [len(point.lesion.deleted) for point in random.points] == [0, 1, 2]
    for point in (single.intact, *single.points, *random.points):
        slow.check(point)


def test_greedy_takes_the_least_harmful_block_first(made: Case) -> None:
    slow, ids = Slow(made.network), made.network.spec.block_ids
    result = done(made.request("greedy", most=2))
    chosen = [point.lesion.deleted for point in result.points if point.size == 1]
    right = {block: int((slow.run(Lesion(frozenset({block})))[0] == slow.labels).sum()) for block in ids}
    assert right[next(iter(chosen[-1]))] == max(right.values())
    for point in result.points:
        slow.check(point)


def test_fast_is_exact_where_nothing_folds(made: Case) -> None:
    result = done(made.request("single", fast=True))
    for point in result.points:
        Slow(made.network).check(point)


def test_batch_norms_are_estimated_anew(made: Case) -> None:
    plain, anew = (done(made.request("single", reestimate=value)) for value in (False, True))
    assert len(plain.points) == len(anew.points)
    assert any(
        (one.predictions != other.predictions).any() for one, other in zip(plain.points, anew.points, strict=True)
    )


def test_a_dense_layers_shortcut_is_no_candidate(tmp_path: Path) -> None:
    made = case(tmp_path, SPECS["DenseNet"])
    with pytest.raises(UserError, match="can't be cut") as caught:
        done(made.request("cut"))
    assert_one_sentence(caught.value)
    with pytest.raises(UserError, match="none can be swapped"):
        done(made.request("reorder"))


def test_what_a_study_leaves_out_is_said_with_the_reason(tmp_path: Path) -> None:
    spec = EfficientNetSpec(0, in_channels=1, side=32, classes=10)
    made = case(tmp_path, spec)
    result = done(made.request("single", images=20))
    kept = [block.id for block in spec.all_blocks if block.shortcut == "none"]
    assert {next(iter(point.lesion.deleted)) for point in result.points} == set(spec.block_ids) - set(kept)
    words = " ".join(result.protocol.sentences)
    assert f"{len(kept)} of all {len(spec.all_blocks)} are left out; {kept[0]} can't be deleted" in words
    assert "left out" not in " ".join(done(made.request("cut", images=20)).protocol.sentences)


def test_dense_layers_are_said_to_add_zeros(tmp_path: Path) -> None:
    first = done(case(tmp_path, SPECS["DenseNet"]).request("single")).protocol.sentences[0]
    assert first == "Each of the 4 dense layers alone is deleted: the channels that it adds are zero."


def test_every_layer_of_one_width_can_be_deleted_and_swapped(tmp_path: Path) -> None:
    made = case(tmp_path, MLP)
    for kind in ("single", "cut", "random", "greedy", "reorder"):
        request: StudyRequest = made.request(kind, downsampling=False)
        assert candidates(request, MLP) == MLP.block_ids
    for point in done(made.request("reorder", seeds=1, most=2)).points:
        Slow(made.network).check(point)


@pytest.mark.parametrize("name", SPECS)
def test_maps_are_what_each_block_leaves(name: str) -> None:
    spec = SPECS[name]
    network, x = network_of(spec), pictures(spec, 2)
    for deleted in (frozenset[str](), frozenset(spec.block_ids[1:3])):
        logits, maps = capture(network, x, Lesion(deleted), ["stem", *spec.block_ids, "layer1"])
        with torch.inference_mode():
            y = network.stem(x)
            assert torch.equal(maps["stem"], y)
            for block_id, block in network.blocks():
                y = block(network.enter(block_id, y.clone()), "deleted" if block_id in deleted else "whole")
                assert torch.equal(maps[block_id], y)
            assert torch.equal(maps["layer1"], maps[spec.stages[0].blocks[-1].id])
            assert torch.equal(logits, network.head(y))


def test_untrained_mlps_of_any_size_give_numbers() -> None:
    """Their batch norms take statistics of rows, of which a few would not do."""
    for spec in (MlpSpec(102, 32), MlpSpec(102, 32, "none"), MlpSpec(4, 8, in_channels=3, side=300)):
        x = torch.randn(64, *spec.input_shape, generator=torch.Generator().manual_seed(1))
        with torch.inference_mode():
            logits = build_untrained(spec)(x)
        assert torch.isfinite(logits).all()
        assert 0.01 < float(logits.std()) < 100
