"""The film of a channel: its frames are the captured maps, and what it says of them is so."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from explorer.engine import images
from explorer.engine.capture import capture
from explorer.engine.explain.film import walk
from explorer.engine.explain.film_records import FilmRequest, FilmResult, carried_note, stage_of
from explorer.engine.records import UNTRAINED
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.errors import UserError
from explorer.networks.catalog import find
from explorer.networks.lesion import INTACT, Lesion, lesion
from explorer.networks.spec import NetworkSpec
from tests.engine.explain.cam_support import picture
from tests.engine.networks import SPECS, TINY, network_of, pictures


def film(spec: NetworkSpec, stage: str, channel: int | None = None, **more: object) -> FilmResult:
    request = FilmRequest(spec, UNTRAINED, picture=picture(), stage=stage, channel=channel, **more)  # type: ignore[arg-type]
    return finish(Session().explain(request))


def maps(spec: NetworkSpec, done: Lesion = INTACT) -> dict[str, np.ndarray]:
    """What the window's own pass keeps of the same picture."""
    session = Session()
    loaded = finish(session.load(spec, UNTRAINED))
    pixels, _ = images.fit(picture(), loaded.info.preprocessing)
    x = images.normalise(pixels, loaded.info.preprocessing)
    _, kept = capture(loaded.network, x, done.checked(spec), ("stem", *spec.block_ids))
    return {part: values[0].numpy() for part, values in kept.items()}


@pytest.mark.parametrize("name", ["basic A", "bottleneck B", "pre-activation A", "plain", "VGG-like"])
@pytest.mark.parametrize("stage", ["layer1", "layer2"])
def test_frames_are_the_captured_maps(name: str, stage: str) -> None:
    spec = SPECS[name]
    kept = maps(spec)
    result = film(spec, stage, 2)
    blocks = [block.id for block in stage_of(spec, stage).blocks]
    assert [frame.part for frame in result.frames][-len(blocks) :] == blocks
    for frame in result.frames:
        np.testing.assert_array_equal(frame.values, kept[frame.part][2])
    assert result.frames[0].change is None
    for before, frame in pairwise(result.frames):
        wanted = float(np.mean(np.abs(kept[frame.part][2].astype(float) - kept[before.part][2])))
        assert frame.change == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "stage", "first"),
    [
        ("basic A", "layer1", "stem"),
        ("basic A", "layer2", "layer2.0"),
        ("bottleneck B", "layer1", "layer1.0"),
        ("plain", "layer1", "stem"),
        ("VGG-like", "layer2", "layer2.0"),
    ],
)
def test_begins_with_what_comes_in_where_that_has_the_same_channels(name: str, stage: str, first: str) -> None:
    assert film(SPECS[name], stage, 0).frames[0].part == first


def test_a_deleted_block_changes_nothing_and_a_later_frame_follows() -> None:
    done = lesion(TINY, ["layer2.1"])
    result = film(TINY, "layer2", 3, deleted=done.deleted)
    parts = {frame.part: frame for frame in result.frames}
    np.testing.assert_array_equal(parts["layer2.1"].values, parts["layer2.0"].values)
    assert parts["layer2.1"].change == 0
    np.testing.assert_array_equal(parts["layer2.2"].values, maps(TINY, done)["layer2.2"][3])
    intact = {frame.part: frame for frame in film(TINY, "layer2", 3).frames}
    assert not np.array_equal(parts["layer2.2"].values, intact["layer2.2"].values)


def test_moved_blocks_come_in_their_new_order() -> None:
    order = ("layer1.0", "layer1.1", "layer2.0", "layer2.2", "layer2.1", "layer3.0", "layer3.1")
    result = film(TINY, "layer2", 0, order=order)
    assert [frame.part for frame in result.frames] == ["layer2.0", "layer2.2", "layer2.1"]
    kept = maps(TINY, Lesion(order=order))
    for frame in result.frames:
        np.testing.assert_array_equal(frame.values, kept[frame.part][0])


def test_by_itself_the_channel_that_changes_most() -> None:
    kept = maps(TINY)
    rows = [kept[part].astype(float) for part in ("stem", "layer1.0", "layer1.1")]
    sums = [
        sum(np.abs(after[channel] - before[channel]).mean() for before, after in pairwise(rows)) for channel in range(4)
    ]
    result = film(TINY, "layer1")
    assert result.channel == int(np.argmax(sums))
    assert result.channels == 4
    np.testing.assert_array_equal(result.frames[-1].values, rows[-1][result.channel].astype(np.float32))


def test_of_a_densenet_a_channel_stays_as_it_is_once_it_is_there() -> None:
    spec = find("densenet40_12").with_(side=16, classes=5, blocks=(3, 2, 2))
    result = film(spec, "layer1", 16)
    assert [frame.part for frame in result.frames] == ["layer1.0", "layer1.1", "layer1.2"]
    assert [frame.change for frame in result.frames] == [None, 0, 0]
    assert film(spec, "layer1", 0).frames[0].part == "stem"
    # None changes, so of those that are there from the beginning the one that shows most is taken.
    kept = maps(spec)["stem"].reshape(16, -1)
    most = film(spec, "layer1")
    assert most.channel == int(kept.astype(float).var(1).argmax())
    assert [frame.part for frame in most.frames] == ["stem", "layer1.0", "layer1.1", "layer1.2"]


def test_walk_goes_no_further_than_the_stage() -> None:
    network = network_of(TINY)
    ran: list[str] = []
    for name, module in network.named_modules():
        module.register_forward_hook(lambda *_, name=name: ran.append(name))  # type: ignore[misc]
    finish(walk(network, pictures(TINY, 1), INTACT, TINY.stages[0], lambda part, output: None))
    assert "layer1.1.bn2" in ran
    assert not any(name.startswith(("layer2", "fc")) for name in ran)


def test_dropped_in_the_middle_nothing_is_left_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.engine.explain.passing.STEP_S", 0)
    job = walk(network_of(TINY), pictures(TINY, 1), INTACT, TINY.stages[1], lambda part, output: None)
    next(job)
    assert torch.is_grad_enabled()
    job.close()
    assert torch.is_grad_enabled()


def test_numbers_that_are_none() -> None:
    session = Session()
    network = finish(session.load(TINY, UNTRAINED)).network
    network.get_submodule("layer1.1.bn2").running_var.fill_(float("nan"))
    request = FilmRequest(TINY, UNTRAINED, picture=picture(), stage="layer1")
    result = finish(session.explain(request))
    assert np.isnan(result.frames[-1].values).all()
    assert np.isnan(result.frames[-1].change)
    assert np.isfinite(result.frames[-2].values).all()


@pytest.mark.parametrize(
    ("stage", "channel", "words"),
    [("layer9", 0, "no stage layer9"), ("layer1", 4, "channels 0 to 3; there is no channel 4"), ("layer1", -1, "-1")],
)
def test_what_is_not_there(stage: str, channel: int, words: str) -> None:
    with pytest.raises(UserError, match=words):
        film(TINY, stage, channel)


def test_an_mlp_has_no_maps() -> None:
    with pytest.raises(UserError, match="has no maps"):
        film(find("mlp8_128"), "layer1")


# -- what is said of it --------------------------------------------------------------------------------------------


def said(spec: NetworkSpec, stage: str, channel: int, done: Lesion = INTACT) -> str:
    return carried_note(spec, stage_of(spec, stage), done, channel)


def test_within_a_stage_the_shortcuts_carry_a_channel() -> None:
    """Checked on the network itself: with all later branches deleted the last frame is the first."""
    assert said(TINY, "layer1", 1) == (
        "The shortcuts of layer1 carry channel 1 from block to block, and each block adds to it."
    )
    result = film(TINY, "layer1", 1, deleted=frozenset({"layer1.0", "layer1.1"}))
    np.testing.assert_array_equal(result.frames[-1].values, result.frames[0].values)


def test_what_is_deleted_adds_nothing() -> None:
    assert said(TINY, "layer2", 0, lesion(TINY, ["layer1.0", "layer2.1"])).startswith(
        "The shortcuts of layer2 carry channel 0 from block to block, and each block adds to it, but for what is "
        "deleted: layer2.1."
    )
    assert "all blocks are deleted and add nothing" in said(TINY, "layer1", 0, lesion(TINY, ["layer1.0", "layer1.1"]))


@pytest.mark.parametrize("order", ["original", "relu-before", "pre-activation", "bn-after"])
def test_behind_a_deleted_block_nothing_changes_but_by_batch_norm(order: str) -> None:
    result = film(TINY.with_(order=order), "layer2", deleted=frozenset({"layer2.1"}))
    change = next(frame.change for frame in result.frames if frame.part == "layer2.1")
    assert change is not None
    assert (change == 0) is (order != "bn-after")


def test_option_a_carries_the_first_channels_into_a_stage() -> None:
    assert "Into layer2.0 option A carries every second position of the same channel." in said(TINY, "layer2", 3)
    assert "It begins with layer2.0: option A fills new channels with zeros." in said(TINY, "layer2", 4)
    kept = maps(TINY, lesion(TINY, ["layer2.0"]))
    np.testing.assert_array_equal(kept["layer2.0"][3], np.maximum(kept["layer1.1"][3, ::2, ::2], 0))
    assert not kept["layer2.0"][4].any()


def test_projections_mix_the_channels() -> None:
    assert "whose projection mixes all channels" in said(SPECS["basic B"], "layer2", 0)
    assert said(SPECS["basic C"], "layer1", 0).startswith("No identity shortcut carries channel 0 past layer1.1")


def test_plain_networks_and_cut_shortcuts_carry_nothing() -> None:
    assert "nothing carries a channel on" in said(TINY.twin(), "layer1", 0)
    done = lesion(TINY, cut=["layer2.1"])
    assert said(TINY, "layer2", 0, done) == (
        "No identity shortcut carries channel 0 past layer2.1: what is behind is another feature."
    )
