"""Every study against the slow obvious loop."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from explorer.engine import devices, fashion
from explorer.engine.records import UNTRAINED, DataRef, DeviceInfo
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.studies.evaluator import Evaluator
from explorer.engine.studies.scores import Answers, Memory
from explorer.engine.study_records import FlippedRequest, StudyRequest, StudyResult
from explorer.errors import UserError
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec
from tests.engine.image_sets import put
from tests.engine.sentences import assert_one_sentence
from tests.engine.study_support import FOUR, IMAGES, SPECS, Case, Slow, case, done, same, snapshots


@pytest.fixture
def four(tmp_path: Path) -> Case:
    return case(tmp_path, FOUR)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_single_deletes_each_block_alone(tmp_path: Path, spec: NetworkSpec) -> None:
    made = case(tmp_path, spec)
    result = done(made.request("single"))
    ids = made.network.spec.block_ids
    assert [point.lesion for point in result.points] == [Lesion(frozenset({block})) for block in ids]
    assert {point.size for point in result.points} == {1}
    slow = Slow(made.network)
    for point in (result.intact, *result.points):
        slow.check(point)
    assert result.indices.tolist() == slow.indices.tolist()
    assert result.labels is not None
    assert result.labels.tolist() == slow.labels.tolist()
    assert (result.total, result.fraction, result.left, result.device) == (IMAGES, 1.0, 0.0, "CPU")


def test_cut_cuts_each_shortcut_alone(four: Case) -> None:
    result = done(four.request("cut"))
    assert [sorted(point.lesion.cut) for point in result.points] == [[block] for block in FOUR.block_ids]
    for point in result.points:
        Slow(four.network).check(point)


def test_all_sixteen_states_of_four_blocks(four: Case) -> None:
    result = done(four.request("random", seeds=40))
    states = {frozenset(chosen) for size in range(5) for chosen in combinations(FOUR.block_ids, size)}
    points = {point.lesion.deleted: point for point in result.points}
    assert points.keys() == states
    assert len(states) == 16
    for point in points.values():
        Slow(four.network).check(point)
    for point in result.points:
        assert point.predictions is points[point.lesion.deleted].predictions
        assert len(point.lesion.deleted) == point.size


def test_reordering_equals_the_slow_loop(tmp_path: Path) -> None:
    made = case(tmp_path, FOUR.with_(blocks=(3, 2, 2), shortcut="C"))
    result = done(made.request("reorder", most=4))
    assert [(point.seed, point.size) for point in result.points] == [(seed, k) for seed in (0, 1) for k in range(5)]
    for point in result.points:
        Slow(made.network).check(point)
        if not point.size:
            assert point.counts == result.intact.counts
            assert point.kendall_tau == 1.0


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("downsampling", [True, False])
def test_greedy_equals_brute_force(tmp_path: Path, labelled: bool, downsampling: bool) -> None:
    made = case(tmp_path, FOUR.with_(blocks=(2, 2, 1)), seed=3)
    request = made.request("greedy", downsampling=downsampling)
    session = Session()
    if not labelled:
        data = finish(session.open(request.data, finish(session.load(request.spec, request.weights)).info))
        data.labels = None
        order = data.order(0)[:IMAGES]
    result = done(request, session)
    slow = Slow(made.network)
    left = [block.id for block in made.network.spec.all_blocks if downsampling or not block.downsampling]
    chosen: list[str] = []
    for point in result.points:
        ranks = []
        for block in left:
            if labelled:
                said, shares = slow.run(Lesion(frozenset([*chosen, block])))
                ranks.append((int((said == slow.labels).sum()), float(shares.sum())))
            else:
                ranks.append((agreement(made, order, Lesion(frozenset([*chosen, block]))), 0.0))
        block = left[max(range(len(left)), key=lambda number: (ranks[number], -number))]
        left.remove(block)
        chosen.append(block)
        assert point.lesion.deleted == set(chosen)
        assert point.latency is not None
        assert 0 < point.latency.low <= point.latency.median <= point.latency.high
        assert point.latency.intact > 0
        assert point.latency.rounds >= 5
        assert (point.counts.correct is None) is not labelled
    assert not left


def agreement(made: Case, order: np.ndarray, lesion: Lesion) -> int:
    class Unlabelled(Slow):
        @property
        def indices(self) -> np.ndarray:
            return order

    slow = Unlabelled(made.network)
    return int((slow.run(lesion)[0] == slow.run(Lesion())[0]).sum())


def test_without_labels_only_the_agreement_is_told(tmp_path: Path, four: Case) -> None:
    session = Session()
    request = four.request("single")
    data = finish(session.open(request.data, finish(session.load(request.spec, request.weights)).info))
    data.labels = None
    result = done(request, session)
    assert result.labels is None
    for point in result.points:
        assert (point.counts.correct, point.probability, point.recalled, point.change()) == (None, None, None, None)
    assert "no labels" in " ".join(result.protocol.sentences)


# -- on the way --------------------------------------------------------------------------------------------------


def test_the_first_snapshot_has_every_point_and_counts_only_grow(four: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.engine.studies.study._SHOW_SECONDS", 0.0)
    shown = snapshots(Session().study(four.request("random")))
    assert len(shown[0].points) == 10
    assert {point.counts.images for point in shown[0].points} == {0}
    assert (shown[0].fraction, shown[0].left, shown[0].finished) == (0.0, None, False)
    assert all(point.change() is None and point.probability is None for point in shown[0].points)
    for before, after in pairwise(shown):
        assert before.fraction <= after.fraction
        for one, other in zip(before.points, after.points, strict=True):
            assert one.counts.images <= other.counts.images
            count = one.counts.images
            assert np.array_equal(one.predictions[:count], other.predictions[:count])
    partial = next(told for told in shown if 0 < told.intact.counts.images < IMAGES and told.left is not None)
    count = partial.intact.counts.images
    point = next(point for point in partial.points if point.counts.images == count)
    Slow(four.network, count).check(replace(point, predictions=point.predictions[:count]))
    assert [told.finished for told in shown] == [False] * (len(shown) - 1) + [True]


def test_of_many_lesions_the_first_show_before_the_others_are_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.engine.studies.study._SHOW_SECONDS", 0.0)
    made = case(tmp_path, FOUR.with_(blocks=(8, 8, 8)))
    shown = snapshots(Session().study(made.request("single")))
    measured = [[point.counts.images > 0 for point in told.points] for told in shown]
    assert any(row[0] and not row[-1] for row in measured)
    for row in measured:
        assert row == sorted(row, reverse=True)
    for point in shown[-1].points[::6]:
        Slow(made.network).check(point)


def test_a_pause_does_not_count(four: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two steps an hour passes by the clock."""
    from explorer.engine.studies import study as module

    now = [0.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    job = Session().study(four.request("single"))
    for told in job:
        now[0] += 3600.0
        if isinstance(told, StudyResult):
            assert told.seconds == 0.0


def test_what_is_known_is_not_measured_again(four: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    single = done(four.request("single"), session)
    asked: list[int] = []
    evaluate = Evaluator.evaluate

    def counted(self: Evaluator, lesions: list[Lesion], start: int = 0) -> object:
        asked.append(len(lesions))
        return evaluate(self, lesions, start)

    monkeypatch.setattr(Evaluator, "evaluate", counted)
    same(done(four.request("single"), session), single)
    assert asked == []
    greedy = done(four.request("greedy", most=2), session)
    assert asked == [3]  # the first round is the single study
    same(done(four.request("greedy", most=2)), greedy)
    asked.clear()
    done(four.request("single", images=IMAGES - 1), session)
    assert asked == [5]  # other images: intact and four blocks


def test_what_is_remembered_is_bounded() -> None:
    memory = Memory(limit=2 * 8 * 100)
    kept = [Answers(100) for _ in range(3)]
    for number, answers in enumerate(kept):
        memory.keep(number, answers)
        assert memory.use(0) is kept[0]
    assert memory.use(1) is None
    assert memory.use(2) is kept[2]


def test_a_device_that_fails_leaves_the_study_to_the_cpu(four: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = DeviceInfo("cuda:0", "Broken GPU")
    monkeypatch.setattr(devices, "choose_or_cpu", lambda name: (gpu, ""))

    def on_device(self: Session, network: object, device: str) -> object:
        if device != "cpu":
            raise RuntimeError("CUDA error: out of memory")
        return network

    monkeypatch.setattr(Session, "on_device", on_device)
    result = done(four.request("single", device="cuda:0"))
    assert result.device == "CPU"
    assert any("out of memory" in note for note in result.notes)
    assert "--device" not in result.protocol.command
    for point in result.points:
        Slow(four.network).check(point)


def test_reestimated_statistics_are_those_of_the_lesions_own_activations(four: Case) -> None:
    """Measured on images apart, so that only what the option promises is asserted: another result, and told."""
    result, usual = done(four.request("single", reestimate=True)), done(four.request("single"))
    assert any(
        not np.array_equal(one.predictions, other.predictions)
        for one, other in zip(result.points, usual.points, strict=True)
    )
    assert "512 training images" in " ".join(result.protocol.sentences)
    assert "--reestimate" in result.protocol.command


def test_the_fast_mode_is_named_and_kept_apart_from_the_exact_one(four: Case) -> None:
    session = Session()
    exact = done(four.request("single"), session)
    fast = done(four.request("single", fast=True), session)
    assert exact.protocol.arithmetic != fast.protocol.arithmetic
    assert fast.protocol.arithmetic in " ".join(fast.protocol.sentences)
    assert ("--fast" in fast.protocol.command, "--fast" in exact.protocol.command) == (True, False)
    same(done(four.request("single", fast=True)), fast)
    same(done(four.request("single"), session), exact)


# -- bad input ---------------------------------------------------------------------------------------------------


def refused(request: StudyRequest) -> str:
    with pytest.raises(UserError) as caught:
        finish(Session().study(request))
    assert_one_sentence(caught.value)
    return str(caught.value)


def test_bad_input_is_refused_in_one_sentence(tmp_path: Path, four: Case) -> None:
    assert "at least 10 images" in refused(four.request("single", images=9))
    assert "repeat" in refused(four.request("random", seeds=0))
    assert "at least 1, not 0" in refused(four.request("greedy", most=0))
    alone = case(tmp_path, FOUR.with_(blocks=(1, 1, 1), shortcut="A"), seed=1)
    done(alone.request("greedy", downsampling=False))
    no_two = case(tmp_path, FOUR.with_(blocks=(1, 1, 1)), seed=2)
    assert "of equal shape" in refused(no_two.request("reorder"))
    plain = case(tmp_path, SPECS["plain"], seed=3)
    assert "no shortcuts" in refused(plain.request("cut"))
    changing = case(tmp_path, ResNetSpec("imagenet", (1, 1, 1, 1), "bottleneck", side=28, classes=10, width=4), seed=4)
    assert "nothing to delete" in refused(changing.request("greedy", downsampling=False))
    few = tmp_path / "few"
    for number in range(20):
        put(few / f"{number}.png")
    folder = replace(four.request("single", reestimate=True, images=10), data=DataRef("folder", str(few)))
    assert "not measured" in refused(folder)


def test_untrained_weights_are_allowed_and_told() -> None:
    result = done(StudyRequest("single", FOUR, UNTRAINED, DataRef("fashion-mnist"), images=20))
    assert any("untrained" in note for note in result.notes)


# -- images that flipped -----------------------------------------------------------------------------------------


def test_flipped_images_are_what_the_network_sees(four: Case) -> None:
    request = four.request("single")
    wanted = (7, 0, 1999, 7)
    found = finish(Session().flipped(FlippedRequest(request.spec, request.weights, request.data, wanted)))
    assert found.pixels.shape == (4, 28, 28, 3)
    for pixels, index in zip(found.pixels, wanted, strict=True):
        assert np.array_equal(pixels[:, :, 1], fashion.bundled()[0][index])
    with pytest.raises(UserError) as caught:
        finish(Session().flipped(FlippedRequest(request.spec, request.weights, request.data, (2000,))))
    assert_one_sentence(caught.value)
