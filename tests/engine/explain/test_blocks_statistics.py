"""What blocks add over a set of images: against one picture after another, and NumPy on all values."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from explorer.engine.build import build
from explorer.engine.explain import blocks
from explorer.engine.explain.block_outline import first_block
from explorer.engine.explain.block_taps import Walk
from explorer.engine.explain.blocks import batches, quartiles
from explorer.engine.explain.blocks_records import (
    BlocksRequest,
    BlocksResult,
    BlockStatisticsRequest,
    BlockStatisticsResult,
    twin_beside,
)
from explorer.engine.images import fit, normalise
from explorer.engine.records import CPU, UNTRAINED, DataRef, DeviceInfo, Picture, Step, WeightsKind, WeightsRef
from explorer.engine.resources import bundled_network
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.lesion import INTACT, Lesion

FASHION = DataRef("fashion-mnist")
COUNT = 30


def bundled(name: str) -> tuple[ResNetSpec, WeightsRef]:
    found = bundled_network(name)
    assert found is not None
    spec, weights = found
    assert isinstance(spec, ResNetSpec)
    return spec, WeightsRef(WeightsKind.BUNDLED, weights)


SPEC, WEIGHTS = bundled("resnet20")
PLAIN, PLAIN_WEIGHTS = bundled("plain20")


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


@pytest.fixture(scope="module")
def picture(session: Session) -> Picture:
    return finish(session.open_picture("sample", 3))


def looked_at(session: Session, picture: Picture, **changes: Any) -> BlocksResult:
    request = BlocksRequest(**{"spec": SPEC, "weights": WEIGHTS, "picture": picture, **changes})
    result: BlocksResult = finish(session.explain(request))
    return result


def measured(session: Session, **changes: Any) -> tuple[BlockStatisticsResult, list[object]]:
    given = {"spec": SPEC, "weights": WEIGHTS, "data": FASHION, "images": COUNT, **changes}
    told: list[object] = []
    result: BlockStatisticsResult = finish(session.explain(BlockStatisticsRequest(**given)), told.append)
    return result, told


@pytest.fixture(scope="module")
def result(session: Session) -> BlockStatisticsResult:
    return measured(session)[0]


def inputs(session: Session, spec: ResNetSpec, weights: WeightsRef) -> tuple[nn.Module, Tensor, np.ndarray]:
    """The network, what it gets of the first images, and their labels."""
    loaded = finish(session.load(spec, weights))
    images = finish(session.open(FASHION, loaded.info))
    order = images.order(0)[:COUNT]
    preprocessing = loaded.info.preprocessing
    assert images.labels is not None
    return loaded.network, normalise(images.pixels(order, preprocessing), preprocessing), images.labels[order]


def batch_norms(network: nn.Module, x: Tensor) -> np.ndarray:
    """Standard deviation of what each batch norm on stem and branches gives, image by image: (N, layers)."""
    heard: list[float] = []

    def hear(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        heard.append(float(np.std(output.numpy())))

    norms = [
        module
        for name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d) and "downsample" not in name
    ]
    hooks = [norm.register_forward_hook(hear) for norm in norms]
    with torch.inference_mode():
        for one in x:
            network(one[None])
    for hook in hooks:
        hook.remove()
    return np.array(heard).reshape(len(x), len(norms))


def test_quartiles_of_responses_are_numpys_on_all_values(session: Session, result: BlockStatisticsResult) -> None:
    assert result.twin is not None
    assert result.twin_weights == PLAIN_WEIGHTS
    for spec, weights, figures in ((SPEC, WEIGHTS, result.figures), (PLAIN, PLAIN_WEIGHTS, result.twin)):
        network, x, _ = inputs(session, spec, weights)
        values = batch_norms(network, x)
        found = figures.response
        assert found.images == COUNT
        assert found.numbers.tolist() == [COUNT] * 19
        expected = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
        np.testing.assert_allclose([found.low, found.median, found.high], expected, rtol=1e-4)


def test_quartiles_of_ratio_and_cosine_are_numpys_on_all_values(
    session: Session, result: BlockStatisticsResult
) -> None:
    network, x, _ = inputs(session, SPEC, WEIGHTS)
    ratio, cosine = np.empty((COUNT, 9)), np.empty((COUNT, 9))
    for image, one in enumerate(x):
        with torch.inference_mode():
            y = network.stem(one[None])  # type: ignore[operator]
            for place, (_, block) in enumerate(network.blocks()):  # type: ignore[operator]
                carried = block.shortcut(y).double().numpy().ravel()
                added = block.branch(y).double().numpy().ravel()
                norms = np.sqrt((carried**2).sum()), np.sqrt((added**2).sum())
                ratio[image, place] = norms[1] / norms[0]
                cosine[image, place] = carried @ added / (norms[0] * norms[1])
                y = block(y)
    for found, values in ((result.figures.ratio, ratio), (result.figures.cosine, cosine)):
        expected = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
        np.testing.assert_allclose([found.low, found.median, found.high], expected, rtol=1e-4, atol=1e-5)
    assert result.twin is not None
    assert np.isnan(result.twin.ratio.median).all()
    assert result.twin.ratio.numbers.sum() == 0


def test_each_exit_is_the_head_on_that_blocks_output(session: Session, result: BlockStatisticsResult) -> None:
    network, x, labels = inputs(session, SPEC, WEIGHTS)
    assert result.figures.outline.exits == ("layer3.0", "layer3.1", "layer3.2")
    with torch.inference_mode():
        y = network.stem(x)  # type: ignore[operator]
        said = {}
        for name, block in network.blocks():  # type: ignore[operator]
            y = block(y)
            if name.startswith("layer3"):
                said[name] = network.head(y).argmax(1).numpy()  # type: ignore[operator]
        own = network(x).argmax(1).numpy()
    for counts, answer in zip(result.figures.exits, said.values(), strict=True):
        assert counts.images == COUNT
        assert counts.correct == (answer == labels).sum()
        assert counts.agreeing == (answer == own).sum()
    assert result.figures.exits[-1].agreeing == COUNT


def test_heads_applied_early_refine_an_estimate_that_the_twin_lacks(result: BlockStatisticsResult) -> None:
    """Greff et al. 2017, section 3: blocks of a stage refine one estimate; layers of a plain network don't."""
    assert result.twin is not None
    early, twin_early = result.figures.exits[-2].accuracy, result.twin.exits[-2].accuracy
    assert early is not None
    assert twin_early is not None
    assert early > 0.8
    assert twin_early < 0.4


def test_residual_responses_are_smaller_than_the_twins(session: Session) -> None:
    """He et al. 2015, section 4.2, Fig. 7: "ResNets have generally smaller responses than their plain counterparts"."""
    result, _ = measured(session, images=100)
    assert result.twin is not None
    smaller = result.figures.response.median < result.twin.response.median
    assert smaller.mean() > 0.9
    assert np.median(result.figures.response.median) < 0.7 * np.median(result.twin.response.median)


def test_what_comes_on_the_way_grows(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_SHOW_S", 0.0)
    result, told = measured(session)
    partial = [one for one in told if isinstance(one, BlockStatisticsResult)]
    assert [one.images for one in partial] == sorted({one.images for one in partial})
    assert partial
    assert not partial[0].finished
    assert result.finished
    assert result.images == result.total == COUNT
    first = partial[0].images
    network, x, _ = inputs(session, SPEC, WEIGHTS)
    expected = np.quantile(batch_norms(network, x[:first]), 0.5, axis=0)
    np.testing.assert_allclose(partial[0].figures.response.median, expected, rtol=1e-4)
    shares = [one.fraction for one in told if isinstance(one, Step) and one.fraction is not None]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_a_picture_alone(session: Session, picture: Picture) -> None:
    """As the network sees it, with its own prediction at the end."""
    found = looked_at(session, picture, block=first_block(SPEC))
    loaded = finish(session.load(SPEC, WEIGHTS))
    x = normalise(fit(picture, loaded.info.preprocessing)[0], loaded.info.preprocessing)
    with torch.inference_mode():
        expected = torch.softmax(loaded.network(x), 1)[0].numpy()
    assert np.array_equal(found.prediction.probabilities, expected)
    assert found.label is not None
    assert found.prediction.classes[found.label] == picture.label
    np.testing.assert_allclose(found.figures.response, batch_norms(loaded.network, x)[0], rtol=1e-4)
    assert found.maps is not None
    assert found.maps.mark.block == "layer2.1"
    assert found.maps.mark.after == ("relu",)
    assert found.maps.added is not None
    assert found.maps.total is not None
    assert np.array_equal(found.maps.total, found.maps.carried + found.maps.added)
    assert found.twin is not None
    twin, seen, _ = inputs(session, PLAIN, PLAIN_WEIGHTS)
    assert seen.shape[1:] == x.shape[1:]
    np.testing.assert_allclose(found.twin.response, batch_norms(twin, x)[0], rtol=1e-4)


def test_maps_of_deleted_and_cut_blocks_are_zeros(session: Session, picture: Picture) -> None:
    found = looked_at(session, picture, block="layer2.1", deleted=frozenset({"layer2.1"})).maps
    assert found is not None
    assert found.mark.mode == "deleted"
    assert found.added is not None
    assert not found.added.any()
    assert found.carried.any()
    assert found.total is not None
    assert np.array_equal(found.total, found.carried)
    cut = looked_at(session, picture, block="layer2.1", cut=frozenset({"layer2.1"})).maps
    assert cut is not None
    assert cut.added is not None
    assert not cut.carried.any()
    assert cut.total is not None
    assert np.array_equal(cut.total, cut.added)


def test_the_lesion_changes_the_figures_behind_it_only(session: Session, picture: Picture) -> None:
    intact = looked_at(session, picture)
    lesioned = looked_at(session, picture, deleted=frozenset({"layer2.1"}))
    assert np.array_equal(intact.figures.ratio[:4], lesioned.figures.ratio[:4])
    assert (intact.figures.ratio[5:] != lesioned.figures.ratio[5:]).all()
    assert intact.twin is not None
    assert lesioned.twin is not None
    assert np.array_equal(intact.twin.response, lesioned.twin.response)
    assert lesioned.maps is None


def test_a_twin_only_beside_a_trained_network_of_the_same_input() -> None:
    assert twin_beside(SPEC, WEIGHTS) == (PLAIN, PLAIN_WEIGHTS)
    assert twin_beside(SPEC, UNTRAINED) is None
    assert twin_beside(PRESETS["resnet20"], WeightsRef(WeightsKind.FILE, "a.pth")) is None  # 3 x 32 x 32
    assert twin_beside(PLAIN, PLAIN_WEIGHTS) is None
    assert twin_beside(*bundled("resnet18")) is None


def test_an_untrained_network(session: Session, picture: Picture) -> None:
    spec = ResNetSpec("cifar", (2, 2, 2), "basic", "A", in_channels=1, side=28, classes=7, width=4)
    found = looked_at(session, picture, spec=spec, weights=UNTRAINED)
    assert found.label is None
    assert found.twin is None
    assert np.isfinite(found.figures.ratio).all()
    result, _ = measured(session, spec=spec, weights=UNTRAINED, images=12)
    assert [counts.correct for counts in result.figures.exits] == [None, None]
    assert result.figures.exits[-1].agreeing == 12
    assert "classes" in result.data_note


def test_quartiles_leave_out_what_is_no_number_and_count_it() -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=(41, 4))
    values[3, 1] = np.nan
    values[5:8, 1] = np.inf
    values[:, 2] = np.nan
    found = quartiles(values)
    assert found.numbers.tolist() == [41, 37, 0, 41]
    kept = np.delete(values[:, 1], [3, 5, 6, 7])
    for column, expected in ((0, values[:, 0]), (1, kept), (3, values[:, 3])):
        low, median, high = np.quantile(expected, (0.25, 0.5, 0.75))
        assert (found.low[column], found.median[column], found.high[column]) == (low, median, high)
    assert np.isnan([found.low[2], found.median[2], found.high[2]]).all()


def test_a_network_of_no_numbers(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its figures are none, and no exit is ever right."""
    spec = ResNetSpec("cifar", (1, 1, 1), "basic", "A", in_channels=1, side=28, classes=10, width=4)
    broken = build(spec, 0)
    with torch.no_grad():
        broken.get_parameter("layer2.0.conv1.weight").fill_(torch.nan)
    network = finish(session.load(spec, UNTRAINED)).network
    network.load_state_dict(broken.state_dict())
    result, _ = measured(session, spec=spec, weights=UNTRAINED, images=10)
    assert result.figures.ratio.numbers.tolist() == [10, 0, 0]
    assert np.isnan(result.figures.ratio.median[1:]).all()
    assert [(counts.correct, counts.agreeing) for counts in result.figures.exits] == [(0, 0)]


def test_batches_are_short_on_a_cpu() -> None:
    order = np.arange(700)
    small = batches(order, 31_000_000, CPU)
    assert {len(batch) for batch in small[:-1]} == {32}
    assert np.array_equal(np.concatenate(small), order)
    assert {len(batch) for batch in batches(order, 10**10, CPU)} == {1}
    assert len(batches(order, 31_000_000, DeviceInfo("cuda:0", "GPU"))[0]) == 512


def test_a_cancelled_job_leaves_nothing_on(session: Session) -> None:
    job: Generator[Any, None, Any] = session.explain(
        BlockStatisticsRequest(spec=SPEC, weights=WEIGHTS, data=FASHION, images=COUNT)
    )
    next(job)
    next(job)
    job.close()
    assert not torch.is_inference_mode_enabled()


def test_blocks_that_are_not_there(session: Session, picture: Picture) -> None:
    with pytest.raises(UserError, match=r"ResNet-20 has no block layer9\.1"):
        looked_at(session, picture, block="layer9.1")
    with pytest.raises(UserError, match="has no block"):
        looked_at(session, picture, deleted=frozenset({"layer9.1"}))


def test_memory_holds_figures_and_no_maps(session: Session) -> None:
    """Of a batch only the figures are left: nothing in them has a map's size."""
    network, x, _ = inputs(session, SPEC, WEIGHTS)
    figures = finish(Walk(network, INTACT).steps(x))  # type: ignore[arg-type]
    assert figures.kept is None
    for values in (figures.ratio, figures.cosine, figures.response, figures.exits):
        assert values.numel() < 32 * 14 * 14
        assert values.untyped_storage().nbytes() == 4 * values.numel()
    kept = finish(Walk(network, Lesion(), "layer2.1").steps(x[:1])).kept  # type: ignore[arg-type]
    assert kept is not None
