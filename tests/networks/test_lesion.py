"""What can be done to blocks, and what of it is refused."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import INTACT, Lesion, course, exchangeable, lesion, places
from explorer.networks.spec import NetworkSpec

RESNET = PRESETS["resnet20"]
VGG = PRESETS["vgg_narrow"]


def test_intact_is_nothing_and_nothing_is_intact() -> None:
    assert not INTACT
    assert Lesion(order=RESNET.block_ids).checked(RESNET) == INTACT
    assert [place.block for place in places(RESNET)] == [place.spec.id for place in places(RESNET)]
    assert {place.mode for place in places(RESNET)} == {"whole"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Lesion(frozenset({"layer9.0"})), "no block layer9.0"),
        (Lesion(cut=frozenset({"layer1.7"})), "no block layer1.7"),
        (Lesion(frozenset({"layer1.0"}), frozenset({"layer1.0"})), "nothing would get through"),
        (Lesion(order=("layer1.0",)), "must name each block"),
        (Lesion(order=(*RESNET.block_ids[:-1], "layer1.0")), "must name each block"),
        (Lesion(order=("layer2.1", *RESNET.block_ids[1:4], "layer1.0", *RESNET.block_ids[5:])), "of different shape"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(wrong: Lesion, words: str) -> None:
    with pytest.raises(UserError, match=words):
        wrong.checked(RESNET)


def test_a_plain_network_has_no_shortcut_to_cut() -> None:
    with pytest.raises(UserError, match="Plain-20 has no shortcuts to cut"):
        lesion(PRESETS["plain20"], cut=["layer1.0"])


def test_a_swap_twice_changes_nothing() -> None:
    once = INTACT.swapped(RESNET, "layer2.1", "layer2.2")
    assert once.order == (*RESNET.block_ids[:4], "layer2.2", "layer2.1", *RESNET.block_ids[6:])
    assert once.swapped(RESNET, "layer2.2", "layer2.1") == INTACT
    with pytest.raises(UserError, match=r"layer2\.1 can't stand in the place of layer2\.0"):
        INTACT.swapped(RESNET, "layer2.0", "layer2.1")


def test_a_move_shifts_those_between() -> None:
    spec = PRESETS["resnet56"]
    moved = INTACT.moved(spec, "layer1.1", "layer1.4")
    assert moved.order[:6] == ("layer1.0", "layer1.2", "layer1.3", "layer1.4", "layer1.1", "layer1.5")
    assert moved.moved(spec, "layer1.1", "layer1.1") == INTACT
    with pytest.raises(UserError, match="of different shape"):
        INTACT.moved(spec, "layer1.1", "layer2.3")


def test_blocks_of_equal_shape() -> None:
    first, second, third = ("layer1.0", "layer1.1", "layer1.2"), ("layer2.1", "layer2.2"), ("layer3.1", "layer3.2")
    assert exchangeable(RESNET) == (first, second, third)
    assert exchangeable(VGG) == (VGG.block_ids,), "one width: any layer can stand anywhere, the pools stay"
    first, *_ = exchangeable(PRESETS["preresnet110"])
    assert "layer1.0" not in first, "its first activation stands in the stem"


def test_which_blocks_pass_their_input_on() -> None:
    for name, passing in (("resnet20", 7), ("plain20", 16), ("vgg_narrow", 13), ("preresnet110", 52), ("resnet50", 12)):
        assert sum(block.passes_on for block in PRESETS[name].all_blocks) == passing, name
    assert not any(block.passes_on for block in RESNET.with_(shortcut="C").all_blocks)


@pytest.mark.parametrize("spec", [ResNetSpec("cifar", (2, 1, 1), shortcut="A"), ResNetSpec("cifar", (2, 1, 1))])
def test_courses_are_equal_only_where_the_same_is_computed(spec: NetworkSpec) -> None:
    """All 16 sets of four blocks: one course each, as no two sets do the same."""
    ids = spec.block_ids
    sets = chain.from_iterable(combinations(ids, size) for size in range(len(ids) + 1))
    courses = {course(spec, lesion(spec, chosen)) for chosen in sets}
    assert len(courses) == 16


def test_a_course_leaves_out_what_changes_nothing() -> None:
    gone = lesion(RESNET, ["layer1.1", "layer2.0"], ["layer3.1"])
    assert course(RESNET, gone) == (
        ("whole", "layer1.0"), ("whole", "layer1.2"), ("deleted", "layer2.0"), ("whole", "layer2.1"),
        ("whole", "layer2.2"), ("whole", "layer3.0"), ("cut", "layer3.1"), ("whole", "layer3.2"),
    )  # fmt: skip
    assert course(VGG, lesion(VGG, VGG.block_ids)) == (("pool", "layer2.0"), ("pool", "layer3.0"))


def test_a_deleted_block_that_moved_leaves_no_trace_of_its_place() -> None:
    swapped = INTACT.swapped(RESNET, "layer1.0", "layer1.2")
    both = Lesion(frozenset({"layer1.0", "layer1.2"}), order=swapped.order)
    assert course(RESNET, both) == course(RESNET, lesion(RESNET, ["layer1.0", "layer1.2"]))


def test_module_paths_stand_for_ids() -> None:
    spec = PRESETS["densenet121"]
    path = "features.denseblock2.denselayer3"
    assert spec.check_ids([path, "layer1.0"]) == {"layer2.2", "layer1.0"}
    assert lesion(spec, [path]).deleted == {"layer2.2"}
    with pytest.raises(UserError, match=r"no block features\.denseblock2"):
        spec.check_ids(["features.denseblock2"])
