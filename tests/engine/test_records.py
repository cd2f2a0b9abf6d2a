"""Intervals and shares against published examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from explorer.engine.records import UNTRAINED, AccuracyRequest, AccuracyResult, Counts, DataRef, Prediction, wilson
from tests.engine.networks import TINY


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857, Table I, method 3 (score without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_newcombes(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert wilson(trials - successes, trials) == (pytest.approx(1 - high, abs=5e-5), pytest.approx(1 - low, abs=5e-5))


def test_wilson_bounds_solve_the_score_equation() -> None:
    """|share - p| = z sqrt(p (1 - p) / n) at both bounds: Wilson 1927, JASA 22:209."""
    for successes, trials in ((1, 2), (640, 2000), (1993, 2000), (9412, 10_000)):
        for bound in wilson(successes, trials):
            scatter = 1.959964 * math.sqrt(bound * (1 - bound) / trials)
            assert abs(successes / trials - bound) == pytest.approx(scatter, rel=1e-9)


def test_wilson_at_the_ends() -> None:
    assert wilson(0, 0) == (0, 1)
    for trials in (1, 10, 2000):
        assert wilson(0, trials)[0] == pytest.approx(0, abs=1e-12)
        assert wilson(trials, trials)[1] == pytest.approx(1, abs=1e-12)
        assert 0 < wilson(trials, trials)[0] < 1


def _result(images: int, lost: int, won: int, correct: int | None = 0) -> AccuracyResult:
    counts = Counts(images, correct, images - lost - won)
    request = AccuracyRequest(TINY, UNTRAINED, DataRef("fashion-mnist"))
    return AccuracyResult(request, counts, Counts(images, correct, images), (lost, won), images, 1.0)


def test_paired_change_is_agrestis_example() -> None:
    """Approval of a prime minister, asked twice of 1,600 people: 150 changed from yes to no, 86 from no to yes. The
    change is -0.04, its standard error 0.0095 (Agresti, Categorical Data Analysis, the example of its section on
    comparing dependent proportions)."""
    change = _result(1600, 150, 86).change()
    assert change is not None
    assert change[0] == pytest.approx(-0.04)
    assert change[1] / 1.959964 == pytest.approx(0.0095, abs=1e-4), "Agresti adds nothing to the counts"


@pytest.mark.parametrize("lost", [0.001, 0.01, 0.05, 0.2])
@pytest.mark.parametrize("won", [0.001, 0.02])
def test_the_paired_interval_holds_the_true_change_as_often_as_it_says(lost: float, won: float) -> None:
    """Over 4,000 draws of 200 images with known shares of pairs: 95 % where the counts are
    large; where they are a handful, they jump, and 90 % is the least."""
    draws = np.random.default_rng(0).multinomial(200, [lost, won, 1 - lost - won], 4000)
    held = 0
    for one, two, _ in draws:
        change = _result(200, int(one), int(two)).change()
        assert change is not None
        held += abs(change[0] - (won - lost)) <= change[1]
    assert held / 4000 >= 0.905


def test_paired_change_at_the_ends() -> None:
    """Nothing changed is not certainty that nothing ever changes: three of 100 images might, by the rule of three."""
    nothing, everything = _result(100, 0, 0).change(), _result(100, 100, 0).change()
    assert nothing is not None
    assert everything is not None
    assert nothing[0] == 0
    assert 0.015 < nothing[1] < 0.035
    assert everything[0] == -1
    assert 0.015 < everything[1] < 0.035
    assert _result(0, 0, 0).change() is None
    assert _result(100, 3, 4, correct=None).change() is None


def test_counts_give_shares_or_none() -> None:
    assert Counts(0, 0, 0).accuracy is None
    assert Counts(0, None, 0).agreement is None
    labelled, unlabelled = Counts(200, 150, 190), Counts(200, None, 190)
    assert (labelled.accuracy, labelled.agreement) == (0.75, 0.95)
    assert unlabelled.accuracy is None
    assert labelled.interval() == wilson(150, 200)
    assert unlabelled.interval() == wilson(190, 200), "without labels the interval is the agreement's"


def test_top_predictions_in_order() -> None:
    prediction = Prediction(np.array([0.1, 0.5, 0.1, 0.3], np.float32), ("a", "b", "c", "d"))
    assert [index for index, _, _ in prediction.top(9)] == [1, 3, 0, 2]
    assert prediction.top(1) == [(1, "b", 0.5)]
    nothing = Prediction(np.full(3, np.nan, np.float32), ("a", "b", "c"))
    assert nothing.top(2) == [(0, "a", 0.0), (1, "b", 0.0)]
