"""The paper's statement and ours: ours is computed, and the difference is named."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import numpy as np
from pytestqt.qtbot import QtBot

from explorer.app.panels.study_paper import PaperView, differences, statements
from explorer.engine.records import DataRef
from explorer.engine.study_records import StudyPoint, StudyResult
from tests.app.panel_support import show
from tests.app.study_support import first, study
from tests.engine.networks import TINY


def error(result: StudyResult, point: StudyPoint) -> float:
    assert result.labels is not None
    return 100 * float(np.mean(point.predictions != result.labels))


def test_single_deletions() -> None:
    result = study("single")
    before = error(result, result.intact)
    losses = [error(result, point) - before for point in result.points]
    others = [loss for number, loss in enumerate(losses) if number not in (2, 5)]
    lines = statements(result)
    assert lines[0] == f"{TINY.name}, n = 40:"
    assert lines[1] == (
        f"Median loss of a single non-downsampling block: {median(others):.1f} points, largest {max(others):.1f} "
        "(5 blocks)."
    )
    assert lines[2] == f"Median loss of a downsampling block: {median([losses[2], losses[5]]):.1f} points (of 2)."
    errors = [error(result, point) for point in result.points]
    assert lines[3] == (
        f"Error after a deletion: median {median(errors):.1f} %, from {min(errors):.1f} to {max(errors):.1f} %; "
        "chance 80 %."
    )


def test_a_plain_network_has_layers() -> None:
    lines = statements(study("single", TINY.twin()))
    assert "non-downsampling layer" in lines[1]
    assert "(12 layers)" in lines[1]


def test_random_deletions_at_the_shares_of_the_paper() -> None:
    result = study("random")
    by_k = {k: median(error(result, point) for point in result.points if point.size == k) for k in range(8)}
    lines = statements(result)
    rising = sum(by_k[k + 1] > by_k[k] for k in range(7))
    assert lines[1] == (
        f"Median error {by_k[0]:.1f} % at k = 0, {by_k[7]:.1f} % at k = 7; it rises in {rising} of 7 steps."
    )
    assert lines[2].startswith(f"With 1 of 7 deleted, the share of 10 of 54: median error {by_k[1]:.1f} %")
    assert lines[3].startswith(f"With 3 of 7 deleted, the share of 20 of 54: median error {by_k[3]:.1f} %")


def test_reordering_names_both_ends() -> None:
    result = study("reorder")
    line = statements(result)[1]
    assert line.startswith(f"Median error {error(result, result.intact):.1f} % at τ = 1.00, ")


def test_nothing_is_claimed_before_it_is_measured() -> None:
    assert statements(first(study("single"), 0)) == [f"{TINY.name}: nothing is measured yet."]
    assert statements(study("single", labelled=False)) == [
        "These images have no labels, so there is no error to compare."
    ]


def test_the_difference_of_network_and_data_is_named() -> None:
    result = study("random")
    assert differences([result]) == [
        f"Here: {TINY.name}, 7 blocks; Fashion-MNIST, 40 images.",
        "Repeats here: 3, with seeds from 0.",
    ]
    own = replace(result, request=replace(result.request, data=DataRef("folder", "pictures"), kind="single"))
    assert differences([own]) == [f"Here: {TINY.name}, 7 blocks; Noise, 40 images."]


def test_both_sides_stand_beside_each_other_where_there_is_room(qtbot: QtBot) -> None:
    view = show(qtbot, PaperView(), 520, 300)
    view.show_results([study("single"), study("single", TINY.twin())])
    assert "“a modest impact”" in view.paper.text()
    assert TINY.twin().name in view.ours.text()
    assert "CIFAR-10" in view.differences.text()
    assert view.paper.x() < view.ours.x()
    assert view.paper.y() == view.ours.y()
    view.resize(260, 300)
    qtbot.waitUntil(lambda: view.ours.y() > view.paper.y())


def test_other_studies_are_not_the_papers(qtbot: QtBot) -> None:
    view = show(qtbot, PaperView(), 520, 300)
    view.show_results([study("greedy")])
    assert view.paper.isHidden()
    assert "no such study" in view.differences.text()
