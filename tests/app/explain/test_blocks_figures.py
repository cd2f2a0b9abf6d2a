"""What blocks add, as lines and words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from explorer.app.block_export import save
from explorer.app.block_figures import chart_words, depth_frame, depth_lines, exit_frame, exit_series
from explorer.app.block_words import block_words, cosine, lost_words, number, point_words
from explorer.engine.explain.block_outline import outline
from explorer.engine.explain.blocks_records import Quartiles
from explorer.errors import UserError
from explorer.networks.catalog import find
from explorer.networks.lesion import Lesion, lesion
from tests.app.explain.block_support import PLAIN, blocks_result, statistics
from tests.app.panel_support import SMALL


def words(name: str, block: str, done: Lesion | None = None) -> str:
    spec = find(name)
    return block_words(outline(spec, done or Lesion()).block(block))


def test_numbers() -> None:
    values = (0.8812, -0.031, 12.34, 0.0, np.inf, np.nan, 1234.5)
    assert [number(value) for value in values] == ["0.88", "−0.031", "12.3", "0.00", "∞", "–", "1.2e+03"]
    assert [cosine(value) for value in (-0.144, 0.0002, -0.001, np.nan)] == ["−0.14", "0.00", "0.00", "–"]


def test_what_the_shortcut_does_is_said() -> None:
    assert (
        words("resnet20", "layer2.1") == "The shortcut carries x unchanged, 32×16×16 like F(x). A ReLU follows the sum."
    )
    projected = words("resnet50", "layer2.0")
    assert projected.startswith("A 1×1 projection takes x from 256×56×56 to 512×28×28, so that the shapes agree.")
    assert "Option A takes x from 16×32×32 to 32×16×16" in words("resnet20", "layer2.0")
    assert words("preresnet110", "layer2.1").endswith("Nothing follows the sum.")
    assert words("densenet40_12", "layer1.1") == (
        "A dense layer adds nothing up: its 12 channels stand behind the 28 that came."
    )
    assert words("plain20", "layer2.1") == "No shortcut: F(x) goes on alone, and nothing is added to it."
    scaled = find("resnet20").with_(variant="scale")
    assert "halves x" in block_words(outline(scaled).block("layer1.1"))
    gated = find("resnet20").with_(variant="exclusive-gate")
    assert "A gate weighs both ways" in block_words(outline(gated).block("layer1.1"))
    shortcut_gated = find("resnet20").with_(variant="shortcut-gate")
    assert "A gate weighs the shortcut" in block_words(outline(shortcut_gated).block("layer1.1"))
    late = find("resnet20").with_(order="bn-after")
    assert block_words(outline(late).block("layer1.1")).endswith("Batch norm and a ReLU follow the sum.")


def test_what_is_done_to_a_block_is_said() -> None:
    spec = find("resnet20")
    assert words("resnet20", "layer2.1", lesion(spec, ["layer2.1"])).startswith("Deleted: F(x) is zero")
    assert words("resnet20", "layer2.1", lesion(spec, cut=["layer2.1"])).startswith("Cut: the shortcut carries nothing")
    plain = find("plain20")
    assert words("plain20", "layer2.1", lesion(plain, ["layer2.1"])) == (
        "Deleted: the layer passes on what comes to it."
    )
    moved = Lesion().swapped(spec, "layer2.1", "layer2.2")
    assert words("resnet20", "layer2.1", moved).endswith("It stands in the place of layer2.2.")


def test_lines_of_the_network_and_its_twin() -> None:
    found, measured = blocks_result(), statistics()
    lines = depth_lines("response", "depth", found, measured)
    assert [line.series.name for line in lines] == [
        "ResNet-20, median of 500 images", "ResNet-20, this picture", "Plain-20, median of 500 images",
        "Plain-20, this picture",
    ]  # fmt: skip
    over, own, twin, _ = (line.series for line in lines)
    assert over.low is not None
    assert over.high is not None
    np.testing.assert_array_equal(over.y, measured.figures.response.median)
    np.testing.assert_array_equal(over.low, measured.figures.response.low)
    np.testing.assert_array_equal(own.y, found.figures.response)
    np.testing.assert_array_equal(over.x, twin.x)
    assert not own.line, "dots beside the line of the set"
    assert depth_lines("response", "depth", found, None)[0].series.line
    assert over.ids[1] == "layer1.0" == over.ids[2]
    frame = depth_frame("response", "depth", found.figures.outline)
    assert [(band.start, band.end, band.part) for band in frame.bands] == [
        (0.5, 1.5, "stem"), (1.5, 7.5, "layer1"), (7.5, 13.5, "layer2"), (13.5, 19.5, "layer3"),
    ]  # fmt: skip


def test_by_size_as_in_the_lower_half_of_figure_7() -> None:
    """He et al. 2015: "the responses are ranked in descending order"."""
    found, measured = blocks_result(), statistics()
    line = depth_lines("response", "size", found, measured)[0]
    assert (np.diff(line.series.y) <= 0).all()
    np.testing.assert_array_equal(line.series.x, np.arange(1, 20))
    np.testing.assert_array_equal(line.series.y, measured.figures.response.median[line.places])
    assert depth_frame("response", "size", found.figures.outline).bands == ()


def test_the_twin_has_no_ratio_and_no_cosine() -> None:
    for measure in ("ratio", "cosine"):
        lines = depth_lines(measure, "depth", blocks_result(), statistics())
        assert [line.twin for line in lines] == [False, False]
    assert depth_lines("ratio", "depth", blocks_result(PLAIN, block="layer2.1", twin=None), None) == ()


def test_what_does_not_exist_is_left_out_and_what_is_no_number_is_drawn() -> None:
    done = lesion(SMALL, ["layer2.1"], ["layer1.1"])
    found = blocks_result(done=done, block="")
    ratio, cosines = (depth_lines(name, "depth", found, None)[0].series for name in ("ratio", "cosine"))
    assert "layer1.1" not in ratio.ids
    assert "layer2.1" in ratio.ids
    assert not {"layer1.1", "layer2.1"} & set(cosines.ids)
    found.figures.ratio[2] = np.nan
    assert np.isnan(depth_lines("ratio", "depth", found, None)[0].series.y).sum() == 1


def test_a_point_in_words() -> None:
    found, measured = blocks_result(), statistics()
    value = found.figures.ratio[4]
    spread = measured.figures.ratio
    assert point_words("ratio", False, 4, found, measured) == (
        f"ResNet-20, layer2.1: {value:.2f} in this picture; median {spread.median[4]:.2f}, quartiles "
        f"{spread.low[4]:.2f} to {spread.high[4]:.2f}, n = 500"
    )
    assert point_words("response", True, 2, found, None).startswith("Plain-20, layer1.1.conv1: ")


def test_images_that_gave_no_number_are_counted() -> None:
    measured = statistics()
    ratio = measured.figures.ratio
    numbers = ratio.numbers.copy()
    numbers[4] = 488
    broken = Quartiles(ratio.low, ratio.median, ratio.high, numbers, 500)
    object.__setattr__(measured.figures, "ratio", broken)
    assert lost_words(measured, "ratio") == "Up to 12 of 500 images gave no number."
    assert point_words("ratio", False, 4, None, measured).endswith("n = 488 (12 more gave no number)")
    assert lost_words(measured, "cosine") == ""
    assert lost_words(statistics(done=lesion(SMALL, ["layer2.1"])), "cosine") == ""


def test_accuracies_of_early_exits() -> None:
    measured = statistics()
    own, twin = exit_series(measured)
    assert own.ids == ("layer3.0", "layer3.1", "layer3.2")
    np.testing.assert_array_equal(own.x, [2, 4, 6])
    np.testing.assert_array_equal(twin.x, [1, 2, 3, 4, 5, 6])
    np.testing.assert_allclose(own.y, [25, 50, 75])
    assert own.low is not None
    low, high = measured.figures.exits[0].interval()
    assert (own.low[0], own.high[0]) == (100 * low, 100 * high)  # type: ignore[index]
    assert exit_frame(measured).y_words == "accuracy, %"
    unlabelled = statistics(labelled=False)
    np.testing.assert_allclose(exit_series(unlabelled)[0].y, [33.2, 66.6, 100.0])
    assert exit_frame(unlabelled).y_words == "agreement, %"
    assert exit_series(None) == ()


def test_a_chart_tells_how_it_was_measured() -> None:
    told = chart_words("response", blocks_result(), statistics())
    assert "Fig. 7" in told.explanation
    assert "the first 500 of its balanced, shuffled order" in told.notes
    assert "The twin is Plain-20, intact." in told.notes
    assert told.band == "quartiles"


def test_nothing_to_draw(tmp_path: Path, qapp: object) -> None:
    with pytest.raises(UserError, match="plain network adds nothing"):
        save(tmp_path / "a.svg", "ratio", "depth", blocks_result(PLAIN, twin=None), None)
    with pytest.raises(UserError, match="measure over the image set first"):
        save(tmp_path / "a.svg", "exits", "depth", blocks_result(), None)
