"""Studies of networks with blocks that can't be deleted."""

from __future__ import annotations

from typing import Any

import pytest

from explorer.engine.records import UNTRAINED, DataRef
from explorer.engine.studies.plan import candidates, largest, lesion_macs, plan
from explorer.engine.study_records import StudyRequest
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from explorer.networks.lesion import Lesion
from explorer.networks.spec import NetworkSpec
from tests.engine.sentences import assert_one_sentence

B0, VGG = PRESETS["efficientnet_b0"], PRESETS["vgg16"]


def request(kind: Any, spec: NetworkSpec, **values: Any) -> StudyRequest:
    return StudyRequest(kind, spec, UNTRAINED, DataRef("fashion-mnist"), **values)


@pytest.mark.parametrize("spec", [B0, VGG, PRESETS["vgg11_bn"]], ids=["b0", "vgg16", "vgg11_bn"])
def test_only_blocks_that_can_be_deleted_are(spec: NetworkSpec) -> None:
    free = [block.id for block in spec.all_blocks if block.in_channels == block.out_channels and block.stride == 1]
    assert 0 < len(free) < len(spec.all_blocks)
    assert [point.lesion for point in plan(request("single", spec), spec)] == [Lesion(frozenset({id})) for id in free]
    for downsampling in (True, False):
        asked = request("random", spec, seeds=3, downsampling=downsampling)
        points = list(plan(asked, spec))
        assert largest(asked, spec) == len(free)
        assert max(point.size for point in points) == len(free)
        for point in points:
            assert point.lesion.checked(spec) == point.lesion
            assert lesion_macs(spec, point.lesion) <= network_cost(spec).macs
    for point in plan(request("reorder", spec, seeds=2, most=5), spec):
        assert point.lesion.checked(spec) == point.lesion


def test_only_shortcuts_that_are_there_are_cut() -> None:
    asked = request("cut", B0)
    assert candidates(asked, B0) == tuple(block.id for block in B0.all_blocks if block.shortcut == "identity")
    for point in plan(asked, B0):
        assert point.lesion.checked(B0) == point.lesion
    with pytest.raises(UserError, match="VGG-16 has no shortcuts to cut") as caught:
        candidates(request("cut", VGG), VGG)
    assert_one_sentence(caught.value)
