"""Studies of DenseNets and MLPs against the slow obvious loop."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.engine.studies.plan import candidates
from explorer.engine.study_records import StudyRequest
from explorer.errors import UserError
from explorer.networks.families.densenet import DenseNetSpec
from explorer.networks.families.mlp import MlpSpec
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec
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


def test_every_layer_of_one_width_can_be_deleted_and_swapped(tmp_path: Path) -> None:
    made = case(tmp_path, MLP)
    for kind in ("single", "cut", "random", "greedy", "reorder"):
        request: StudyRequest = made.request(kind, downsampling=False)
        assert candidates(request, MLP) == MLP.block_ids
    for point in done(made.request("reorder", seeds=1, most=2)).points:
        Slow(made.network).check(point)
