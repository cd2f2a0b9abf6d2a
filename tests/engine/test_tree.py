"""The walk through many courses: every lesion is answered, nothing shared is run twice, little is kept."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence

import pytest

from explorer.engine.studies.tree import Course, Edge, walk
from explorer.networks.catalog import PRESETS
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import Lesion, course, lesion
from explorer.networks.spec import NetworkSpec

DEEP = PRESETS["resnet110"]
VGG = ResNetSpec("cifar", (2, 3, 2), "layer", "none", widths="same", downsampling="pool")


def followed(edges: Sequence[Edge]) -> tuple[dict[int, Course], Counter[Course], int]:
    """What each lesion came through, how often each beginning was run, and the most that was kept."""
    kept: list[Course] = [()]
    answered: dict[int, Course] = {}
    ran: Counter[Course] = Counter()
    most = 1
    for edge in edges:
        way = kept.pop() if edge.release else kept[-1]
        for action in edge.actions:
            way = (*way, action)
            ran[way] += 1
        if edge.keep:
            kept.append(way)
        most = max(most, len(kept))
        for number in edge.numbers:
            assert number not in answered
            answered[number] = way
    assert not kept, "all that was kept is let go of"
    return answered, ran, most


def singles(spec: NetworkSpec) -> list[Lesion]:
    return [Lesion(), *(lesion(spec, [block]) for block in spec.block_ids)]


def drawn(spec: NetworkSpec, seeds: int) -> list[Lesion]:
    found = []
    for seed in range(seeds):
        ids = list(spec.block_ids)
        random.Random(seed).shuffle(ids)
        found += [lesion(spec, ids[:k]) for k in range(len(ids) + 1)]
    return found


@pytest.mark.parametrize(
    ("spec", "kind"),
    [(DEEP, "single"), (DEEP, "cut"), (DEEP, "random"), (DEEP, "mixed"), (VGG, "single"), (VGG, "random")],
)
def test_every_lesion_is_answered_and_nothing_runs_twice(spec: NetworkSpec, kind: str) -> None:
    lesions = {
        "single": singles(spec),
        "cut": [Lesion(cut=frozenset([block])) for block in spec.block_ids],
        "random": drawn(spec, 4),
        "mixed": [*drawn(spec, 2), *singles(spec), *singles(spec)],
    }[kind]
    courses = [course(spec, done) for done in lesions]
    edges = walk(courses)
    answered, ran, most = followed(edges)
    assert answered == dict(enumerate(courses))
    assert set(ran) == {one[:end] for one in courses for end in range(1, len(one) + 1)}
    assert all(times == 1 for times in ran.values())
    assert most <= 1 + math.log2(len(lesions))


def test_a_single_study_keeps_one_activation_and_runs_half_the_blocks() -> None:
    courses = [course(DEEP, done) for done in singles(DEEP)]
    edges = walk(courses)
    assert followed(edges)[2] == 1
    assert sum(len(edge.actions) for edge in edges) < 0.53 * sum(map(len, courses))


def test_random_trees() -> None:
    draw = random.Random(0)
    for _ in range(200):
        courses: list[Course] = [
            tuple(("whole", draw.choice("ab")) for _ in range(draw.randint(0, 5))) for _ in range(draw.randint(1, 12))
        ]
        answered, ran, most = followed(walk(courses))
        assert answered == dict(enumerate(courses))
        assert all(times == 1 for times in ran.values())
        assert most <= 1 + math.log2(len(courses))


def test_no_lesions_no_walk() -> None:
    assert walk([]) == ()
