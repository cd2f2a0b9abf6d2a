"""The numbers of charts and tables, against counting image by image."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import numpy as np
import pytest

from explorer.app.study_numbers import (
    across,
    block_of,
    curve,
    damage,
    depth_share,
    flipped,
    frontier,
    halves,
    intact_level,
    sorted_points,
    usable,
    value_of,
    within_budget,
)
from explorer.engine.study_records import StudyResult
from tests.app.study_support import first, study
from tests.engine.networks import TINY


def accuracy(result: StudyResult, predictions: np.ndarray, seen: int) -> float:
    """Per cent, image by image."""
    assert result.labels is not None
    right = sum(int(predictions[place]) == int(result.labels[place]) for place in range(seen))
    return 100 * right / seen


@pytest.mark.parametrize("seen", [40, 17])
def test_figures_of_a_point_are_those_of_its_predictions(seen: int) -> None:
    result = first(study("single"), seen)
    before = accuracy(result, result.intact.predictions, seen)
    for point in result.points:
        now = accuracy(result, point.predictions, seen)
        same = np.mean([point.predictions[i] == result.intact.predictions[i] for i in range(seen)])
        change, error = value_of(point, "change"), value_of(point, "error")
        agreement = value_of(point, "agreement")
        assert change is not None
        assert error is not None
        assert agreement is not None
        assert change.value == pytest.approx(now - before)
        assert change.low <= change.value <= change.high
        assert error.value == pytest.approx(100 - now)
        assert error.low < error.value + 1e-9
        assert error.high > error.value - 1e-9
        assert agreement.value == pytest.approx(100 * same)


def test_a_point_without_images_has_no_figures() -> None:
    point = first(study("single"), 0).points[0]
    assert value_of(point, "agreement") is None
    assert sorted_points(first(study("single"), 0), "agreement", "place") == []


def test_without_labels_only_agreement_is_left() -> None:
    result = study("single", labelled=False)
    assert usable(result, "change") == "agreement"
    assert value_of(result.points[0], "change") is None
    assert value_of(result.points[0], "error") is None
    assert damage(result) is None
    assert intact_level(result, "agreement") == 100


def test_bars_stand_by_place_or_by_damage() -> None:
    result = study("single")
    by_place = [block_of(result.points[number]) for number in sorted_points(result, "change", "place")]
    assert by_place == list(TINY.block_ids)
    losses = [value_of(result.points[number], "change") for number in sorted_points(result, "change", "damage")]
    values = [loss.value for loss in losses if loss is not None]
    assert values == sorted(values)
    errors = [value_of(result.points[number], "error") for number in sorted_points(result, "error", "damage")]
    values = [error.value for error in errors if error is not None]
    assert values == sorted(values, reverse=True)


def test_where_a_block_stands() -> None:
    assert [depth_share(TINY, block) for block in ("layer1.0", "layer3.1")] == pytest.approx([100 / 14, 1300 / 14])
    assert [block for block in TINY.block_ids if halves(TINY, block)] == ["layer2.0", "layer3.0"]


def test_medians_of_a_random_study() -> None:
    result = study("random")
    found = curve(result, "accuracy")
    assert found.sizes == tuple(range(8))
    for place, k in enumerate(found.sizes):
        runs = sorted(accuracy(result, point.predictions, 40) for point in result.points if point.size == k)
        assert len(runs) == 3
        assert found.median[place] == pytest.approx(runs[1])
        assert found.low[place] == pytest.approx((runs[0] + runs[1]) / 2)
        assert found.high[place] == pytest.approx((runs[1] + runs[2]) / 2)
    assert len(found.runs_x) == len(result.points) == 24


def test_reordering_goes_over_tau_one_way_and_starts_intact() -> None:
    result = study("reorder")
    found = curve(result, "error")
    order = np.argsort(-found.x)
    assert found.x[order][0] == 1
    assert found.median[order][0] == pytest.approx(intact_level(result, "error"))
    assert len(set(found.x.tolist())) == len(found.x)
    for x, y, number in zip(found.runs_x, found.runs_y, found.points, strict=True):
        point = result.points[number]
        assert x == (1.0 if point.kendall_tau is None else point.kendall_tau)
        assert y == pytest.approx(100 - accuracy(result, point.predictions, 40))
    k = found.sizes[int(order[-1])]
    middle = median(1.0 if p.kendall_tau is None else p.kendall_tau for p in result.points if p.size == k)
    assert found.x[order][-1] <= middle + 1e-9


def test_a_curve_of_nothing_yet_is_empty() -> None:
    found = curve(first(study("random"), 0), "error")
    assert found.sizes == ()
    assert found.x.size == found.runs_x.size == 0


def test_a_budget_picks_the_cheapest_point_within_it() -> None:
    result = study("greedy")
    for budget in (0.0, 5.0, 30.0, 100.0):
        allowed = [
            point
            for point in result.points
            if accuracy(result, result.intact.predictions, 40) - accuracy(result, point.predictions, 40) <= budget
        ]
        number = within_budget(result, budget)
        if not allowed:
            assert number is None
        else:
            assert number is not None
            assert result.points[number].macs == min(point.macs for point in allowed)
    assert [result.points[number].size for number in frontier(result)] == list(range(1, 8))
    point = result.points[0]
    place, time = across(point, "macs"), across(point, "latency")
    assert place is not None
    assert time is not None
    assert place.value == point.macs / 1e6
    assert point.latency is not None
    timed = point.latency
    assert (time.low, time.value, time.high) == pytest.approx(
        tuple(100 * seconds / timed.intact for seconds in (timed.low, timed.median, timed.high))
    )
    # The machine was twice as busy a minute later: the same network stands in the same place.
    busy = replace(timed, low=2 * timed.low, median=2 * timed.median, high=2 * timed.high, intact=2 * timed.intact)
    assert across(replace(point, latency=busy), "latency") == time


@pytest.mark.parametrize(("kind", "seen"), [("single", 40), ("single", 13), ("cut", 40)])
def test_damage_by_class_is_the_change_of_recall(kind: str, seen: int) -> None:
    result = first(study("cut" if kind == "cut" else "single"), seen)
    found = damage(result)
    assert found is not None
    assert result.labels is not None
    assert found.blocks == TINY.block_ids
    for row, number in enumerate(found.points):
        point = result.points[number]
        for label in range(5):
            places = [place for place in range(seen) if result.labels[place] == label]
            assert found.images[row, label] == len(places)
            if not places:
                assert np.isnan(found.change[row, label])
                continue
            now = sum(point.predictions[place] == label for place in places)
            before = sum(result.intact.predictions[place] == label for place in places)
            assert found.change[row, label] == pytest.approx(100 * (now - before) / len(places))


def test_flipped_images_are_those_with_another_prediction() -> None:
    result = first(study("single"), 29)
    assert result.labels is not None
    for point in result.points:
        for label in (None, 0, 3):
            slow = [
                place
                for place in range(29)
                if point.predictions[place] != result.intact.predictions[place]
                and (label is None or result.labels[place] == label)
            ]
            assert flipped(result, point, label).tolist() == slow


def test_damage_is_for_studies_of_one_block() -> None:
    assert damage(study("random")) is None
