"""The paths view's job: what it measures, on what, and what it leaves behind."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from explorer.engine.cards import save_weights
from explorer.engine.explain import paths, paths_passage
from explorer.engine.explain.paths_records import PathsRequest, PathsResult, selections
from explorer.engine.explain.paths_walks import orders
from explorer.engine.images import fit, normalise
from explorer.engine.records import UNTRAINED, DataRef, Picture, Step, WeightsKind, WeightsRef
from explorer.engine.resources import bundled_network
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.errors import UserError
from explorer.networks import catalog
from explorer.networks.families.mlp import MlpSpec
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.paths import forks, shortest_interval
from tests.engine.explain.test_paths_walks import OnePath
from tests.engine.study_support import FOUR, Case, case


@pytest.fixture
def made(tmp_path: Path) -> Case:
    return case(tmp_path, FOUR)


def asked(made: Case, **values: object) -> PathsRequest:
    given: dict[str, object] = {"images": 6, "seeds": 3, **values}
    return PathsRequest(made.network.spec, made.weights, **given)  # type: ignore[arg-type]


def answered(request: PathsRequest, session: Session | None = None) -> PathsResult:
    result = finish((session or Session()).explain(request))
    assert isinstance(result, PathsResult)
    return result


def test_norms_are_those_of_the_detached_network(made: Case) -> None:
    """Of the first images of Fashion-MNIST in their usual order, with their labels."""
    result = answered(asked(made))
    blocks = FOUR.block_ids
    assert result.finished
    assert result.forks == blocks
    assert result.norms.shape == (3, len(blocks) + 1)
    assert (result.images, result.labelled) == (6, True)
    session = Session()
    info = finish(session.load(FOUR, made.weights)).info
    data = finish(session.open(DataRef("fashion-mnist"), info))
    chosen = data.order(0)[:6]
    assert data.labels is not None
    x = normalise(data.pixels(chosen, info.preprocessing), info.preprocessing)
    labels = torch.from_numpy(data.labels[chosen]).long()
    for seed, order in enumerate(orders(blocks, 3)):
        for length in range(len(blocks) + 1):
            leaf = x.clone().requires_grad_()
            logits = OnePath(FOUR, made.network.state_dict(), taken=frozenset(order[:length])).logits(leaf)
            (gradient,) = torch.autograd.grad(functional.cross_entropy(logits, labels), leaf)
            assert result.norms[seed, length] == pytest.approx(float(gradient.norm()), rel=1e-3)


def test_the_shortest_and_the_longest_path_are_the_same_for_each_seed(made: Case) -> None:
    norms = answered(asked(made)).norms
    assert np.ptp(norms[:, 0]) == np.ptp(norms[:, -1]) == 0
    assert np.ptp(norms[:, 2]) > 0


def test_seeds_can_be_repeated_and_added_to(made: Case) -> None:
    session = Session()
    first = answered(asked(made), session)
    again = answered(asked(made), Session())
    more = answered(asked(made, seeds=5), session)
    assert np.array_equal(first.norms, again.norms)
    assert np.array_equal(first.norms, more.norms[:3])


def test_a_batch_in_parts_gives_the_same(made: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = answered(asked(made, chosen=FOUR.block_ids[:3]))
    monkeypatch.setattr(paths_passage, "_MOST_IMAGES", 4)
    parts = answered(asked(made, chosen=FOUR.block_ids[:3]))
    assert parts.norms == pytest.approx(whole.norms, rel=1e-4)
    assert whole.unravelled is not None
    assert parts.unravelled is not None
    assert parts.unravelled.norms == pytest.approx(whole.unravelled.norms, rel=1e-4)
    assert parts.unravelled.whole == pytest.approx(whole.unravelled.whole, rel=1e-4)


def test_the_chosen_blocks_are_unravelled(made: Case) -> None:
    blocks = FOUR.block_ids
    result = answered(asked(made, seeds=0, chosen=(blocks[2], blocks[0], blocks[1])))
    found = result.unravelled
    assert found is not None
    assert found.chosen == blocks[:3], "from input to output"
    assert found.taken == selections(blocks[:3])
    assert list(map(len, found.taken)) == [0, 1, 1, 2, 1, 2, 2, 3]
    assert found.taken[1] == frozenset({blocks[2]}), "the last block changes fastest"
    assert found.along.sum() == pytest.approx(1)
    assert found.shares.sum() == pytest.approx(1)
    assert (found.norms > 0).all()
    assert result.norms.shape == (0, len(blocks) + 1)
    assert result.effective() is None


def test_the_whole_gradient_is_autograds(made: Case) -> None:
    session = Session()
    result = answered(asked(made, seeds=0, chosen=FOUR.block_ids[:1]), session)
    loaded = finish(session.load(FOUR, made.weights))
    data = finish(session.open(DataRef("fashion-mnist"), loaded.info))
    chosen = data.order(0)[:6]
    assert data.labels is not None
    x = normalise(data.pixels(chosen, loaded.info.preprocessing), loaded.info.preprocessing).requires_grad_()
    loss = functional.cross_entropy(loaded.network(x), torch.from_numpy(data.labels[chosen]).long())
    assert result.unravelled is not None
    assert result.unravelled.whole == pytest.approx(float(torch.autograd.grad(loss, x)[0].norm()), rel=1e-4)


def test_one_picture_instead_of_a_set(made: Case) -> None:
    """Its label is what the network says."""
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    picture = Picture("noise", pixels)
    session = Session()
    result = answered(asked(made, picture=picture, chosen=FOUR.block_ids[:1], seeds=1), session)
    assert (result.images, result.labelled, result.source) == (1, False, "noise")
    loaded = finish(session.load(FOUR, made.weights))
    x = normalise(fit(picture, loaded.info.preprocessing)[0], loaded.info.preprocessing).requires_grad_()
    logits = loaded.network(x)
    (gradient,) = torch.autograd.grad(functional.cross_entropy(logits, logits.argmax(1)), x)
    assert result.unravelled is not None
    assert result.unravelled.whole == pytest.approx(float(gradient.norm()), rel=1e-4)


def test_results_come_as_they_grow(made: Case) -> None:
    told = list(Session().explain(asked(made, chosen=FOUR.block_ids[:2])))
    results = [one for one in told if isinstance(one, PathsResult)]
    assert [len(one.norms) for one in results] == [0, 1, 2, 3]
    assert [one.finished for one in results] == [False, False, False, True]
    assert all(one.unravelled is not None for one in results)
    fractions = [one.fraction for one in told if isinstance(one, Step) and one.fraction is not None]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < fractions[-1] <= 1


def test_a_cancelled_job_leaves_nothing(made: Case) -> None:
    session = Session()
    threads, grad = torch.get_num_threads(), torch.is_grad_enabled()
    before = threading.active_count()
    job = session.explain(asked(made, seeds=20))
    for told in job:
        if isinstance(told, PathsResult):
            break
        assert (torch.get_num_threads(), torch.is_grad_enabled()) == (threads, grad), "between two steps all is usual"
        assert not torch.is_inference_mode_enabled()
    job.close()
    network = finish(session.load(FOUR, made.weights)).network
    assert all(value.grad is None and value.requires_grad for value in network.parameters())
    assert not network.training
    assert (torch.get_num_threads(), torch.is_grad_enabled(), threading.active_count()) == (threads, grad, before)
    assert answered(asked(made), session).finished


def test_deleting_changes_no_measurement(made: Case) -> None:
    session = Session()
    intact = answered(asked(made), session)
    lesioned = answered(asked(made, deleted=frozenset(FOUR.block_ids[:1])), session)
    assert np.array_equal(intact.norms, lesioned.norms)


def test_the_product_and_its_interval() -> None:
    """By the formula, on figures made up."""
    spec = catalog.find("resnet20")
    norms = np.array([[2.0**-length for length in range(10)], [3 * 2.0**-length for length in range(10)]])
    request = PathsRequest(spec, UNTRAINED, seeds=2)
    result = PathsResult(request, forks(spec), norms, None, 16, True, "made up")
    expected = np.array([math.comb(9, length) * 2 * 2.0**-length for length in range(10)])
    assert result.mean() == pytest.approx(norms.mean(0))
    assert result.carried() * 2**9 == pytest.approx(expected)
    assert result.carried_shares() == pytest.approx(expected / expected.sum())
    assert result.effective() == shortest_interval(expected.tolist()) == (1, 6)
    assert result.effective_by_seed() == ((1, 6), (1, 6)), "a factor changes nothing"
    low, high = result.spread()
    assert np.array_equal(low, norms[0])
    assert np.array_equal(high, norms[1])


def test_what_is_no_number_is_told_as_such(tmp_path: Path) -> None:
    made = case(tmp_path, FOUR)
    with torch.no_grad():
        dict(made.network.named_parameters())["layer2.0.conv1.weight"][0] = torch.nan
    path = tmp_path / "broken.safetensors"
    loaded = finish(Session().load(FOUR, made.weights)).info
    save_weights(path, made.network.state_dict(), made.network, loaded.classes, loaded.preprocessing)
    request = replace(asked(made, chosen=FOUR.block_ids[:2]), weights=WeightsRef(WeightsKind.FILE, str(path)))
    result = answered(request)
    assert np.isnan(result.norms[:, -1]).all()
    assert result.effective() is None
    assert np.isnan(result.carried_shares()).all()
    assert result.unravelled is not None
    assert np.isnan(result.unravelled.shares).all()


@pytest.mark.parametrize(
    ("name", "words"), [("plain20", "one path only"), ("densenet40_12", "adds no shortcut to a branch")]
)
def test_networks_without_a_sum_are_refused(name: str, words: str) -> None:
    spec = catalog.find(name).with_(in_channels=1, side=28)
    with pytest.raises(UserError, match=words):
        answered(PathsRequest(spec, UNTRAINED))


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (("layer9.0",), "has no block layer9.0"),
        (("layer1.0", "layer1.0"), "different blocks"),
        (("layer1.0", "layer1.1", "layer2.0", "layer3.0"), "up to 3"),
    ],
)
def test_blocks_that_cannot_be_chosen(made: Case, chosen: tuple[str, ...], words: str) -> None:
    with pytest.raises(UserError, match=words):
        answered(asked(made, chosen=chosen))


def test_a_block_without_a_shortcut_cannot_be_chosen() -> None:
    spec = catalog.find("efficientnet_b0")
    with pytest.raises(UserError, match="no paths part there"):
        paths._check_chosen(spec, (spec.block_ids[0],))


def test_untrained_networks_are_measured_too() -> None:
    result = answered(PathsRequest(MlpSpec(12, 16), UNTRAINED, images=4, seeds=2))
    assert np.isfinite(result.norms).all()
    assert result.effective() is not None


def test_an_initialised_network_of_the_papers_depth() -> None:
    """54 blocks, narrow and small: path gradients span dozens of powers of ten, and none is lost to float32."""
    spec = ResNetSpec("cifar", (18, 18, 18), "basic", "A", in_channels=1, side=8, width=4, order="pre-activation")
    result = answered(PathsRequest(spec, UNTRAINED, images=2, seeds=1))
    assert (result.norms > 0).all()
    assert result.norms.shape == (1, 55)


@pytest.mark.gpu
def test_an_accelerator_gives_the_same(made: Case) -> None:
    session = Session()
    expected = answered(asked(made, chosen=FOUR.block_ids[:3]), session)
    found = answered(asked(made, chosen=FOUR.block_ids[:3], device="cuda"), session)
    assert found.device != "CPU"
    assert found.norms == pytest.approx(expected.norms, rel=1e-2)
    assert expected.unravelled is not None
    assert found.unravelled is not None
    assert found.unravelled.norms == pytest.approx(expected.unravelled.norms, rel=1e-2)


def test_the_bundled_network_of_54_blocks_bears_the_paper_out() -> None:
    """PreResNet-110 on few images and two orders: short paths matter, some tenths of a per cent of all of them. With 16
    images and 20 orders it is 5 to 16; the paper says 5 to 17."""
    found = bundled_network("preresnet110")
    assert found is not None
    spec, weights = found
    request = PathsRequest(spec, WeightsRef(WeightsKind.BUNDLED, weights), images=2, seeds=2)
    result = answered(request)
    low, high = result.effective() or (-1, -1)
    assert 2 <= low <= 8
    assert 11 <= high <= 20
    assert result.counts.share_between(low, high) < 0.03
    mean = result.mean()
    assert (mean > 0).all()
    assert mean[-1] < 1e-20 * mean[0], "over all 54 branches next to nothing is left"
    assert result.carried_shares()[5:18].sum() > 0.8
