"""`explain paths`."""

from __future__ import annotations

import csv
import io
import math
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from explorer.engine.explain.paths_tables import COLUMNS
from tests.cli.conftest import Command

FEW = ("--images", "4", "--seeds", "2")
FEWEST = ("--images", "1", "--seeds", "1", "--blocks", "layer3.2")


def read_csv(path: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Header and rows, as anyone would read them."""
    lines = path.read_text(encoding="utf-8").splitlines(True)
    header = dict(line[2:].strip().split(": ", 1) for line in lines if line.startswith("# "))
    return header, list(csv.DictReader(io.StringIO("".join(line for line in lines if not line.startswith("#")))))


def test_json_has_counts_gradients_and_the_papers_interval(command: Command) -> None:
    data = command("explain", "paths", *FEW, "--json").data
    assert (data["network"], data["blocks"], data["paths"], data["paths_left"]) == ("ResNet-20", 9, 512, 512)
    assert [row["paths"] for row in data["lengths"]] == [math.comb(9, length) for length in range(10)]
    for row in data["lengths"]:
        assert 0 < row["lowest_norm"] <= row["mean_norm"] <= row["highest_norm"]
    products = [row["paths"] * row["mean_norm"] for row in data["lengths"]]
    for row, product in zip(data["lengths"], products, strict=True):
        assert row["share_of_product"] == pytest.approx(product / sum(products))
    low, high = data["effective_lengths"]
    assert sum(products[low : high + 1]) >= 0.95 * sum(products)
    assert [row["length"] for row in data["lengths"] if row["effective"]] == list(range(low, high + 1))
    assert data["paper"] == {"blocks": 54, "effective_lengths": [5, 17], "share_of_paths": 0.0045}
    assert (data["images"], data["seeds"], data["loss"], data["notes"]) == (4, 2, "of the labels", [])
    assert len(data["effective_lengths_by_seed"]) == 2


def test_the_same_command_gives_the_same_numbers(command: Command) -> None:
    first, second = (command("explain", "paths", *FEW, "--json").data for _ in range(2))
    assert first["lengths"] == second["lengths"]
    assert first["chosen_paths"] == second["chosen_paths"]


def test_deleted_and_cut_blocks_take_paths_away(command: Command) -> None:
    words = (*FEW, "--delete", "layer1.1,layer3.2", "--cut", "layer2.1", "--blocks", "layer1.0,layer1.1,layer2.1")
    data = command("explain", "paths", *words, "--json").data
    assert data["paths_left"] == 2**6
    assert (data["deleted"], data["cut"]) == (["layer1.1", "layer3.2"], ["layer2.1"])
    assert [row["paths_left"] for row in data["lengths"]] == [
        math.comb(6, length - 1) if length else 0 for length in range(10)
    ]
    left = [tuple(path["through"]) for path in data["chosen_paths"] if path["left"]]
    assert left == [("layer2.1",), ("layer1.0", "layer2.1")]
    assert sum(path["share_of_norms"] for path in data["chosen_paths"]) == pytest.approx(1)
    assert sum(path["along_whole"] for path in data["chosen_paths"]) == pytest.approx(1)


def test_one_picture(command: Command, picture: Path) -> None:
    data = command("explain", "paths", picture, "--seeds", "1", "--json").data
    assert (data["images"], data["source"], data["loss"]) == (1, "noise.png", "of the predicted classes")


def test_a_person_reads_a_table_and_both_intervals(command: Command) -> None:
    ran = command("explain", "paths", *FEW, "--delete", "layer1.1")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("ResNet-20: 2⁹ = 512 paths")
    assert "With 1 deleted, 2⁸ = 256 are left" in ran.out
    assert "Veit et al. 2016: almost all, 5 to 17 of 54, 0.45\u00a0% of all paths" in ran.out
    assert ran.out.count("gone: layer1.1 is deleted") == 4
    assert "\u200b" not in ran.out


def test_counts_alone_measure_nothing_by_length(command: Command) -> None:
    data = command("explain", "paths", "--network", "resnet20", "--images", "2", "--seeds", "0", "--json").data
    assert all(row["mean_norm"] is None for row in data["lengths"])
    assert data["effective_lengths"] is None
    assert len(data["chosen_paths"]) == 8


def test_the_csv_repeats_itself(command: Command, tmp_path: Path) -> None:
    output = tmp_path / "paths.csv"
    ran = command("explain", "paths", *FEW, "--delete", "layer2.1", "-o", output)
    assert (ran.status, ran.err) == (0, "")
    header, rows = read_csv(output)
    assert tuple(rows[0]) == COLUMNS
    assert [int(row["paths"]) for row in rows] == [math.comb(9, length) for length in range(10)]
    assert header["network"] == "ResNet-20"
    assert header["paper"].startswith("almost all, 5 to 17 of 54")
    python, program, *again = shlex.split(header["command"])
    assert (python, program) == ("python", "main.py")
    data = command(*again, "--json").data
    assert [row["mean_norm"] for row in data["lengths"]] == [float(row["mean_norm"]) for row in rows]
    assert data["deleted"] == ["layer2.1"]


@pytest.mark.parametrize("chart", ["counts", "gradient", "product"])
def test_charts_as_files(command: Command, tmp_path: Path, chart: str) -> None:
    for suffix in ("svg", "png"):
        output = tmp_path / f"{chart}.{suffix}"
        assert command("explain", "paths", *FEWEST, "--chart", chart, "-o", output).status == 0
        if suffix == "svg":
            root = ElementTree.parse(output).getroot()
            title = root.find("{http://www.w3.org/2000/svg}title")
            assert title is not None
            assert "ResNet-20" in (title.text or "")
            text = ElementTree.tostring(root, encoding="unicode")
            assert "python main.py explain paths" in text
        else:
            with Image.open(output) as image:
                colours = image.convert("RGB").getcolors(1 << 24)
                assert colours is not None
                assert len(colours) > 50


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--network", "plain20"), "one path only"),
        (("--network", "vgg16"), "one path only"),
        (("--network", "densenet40_12"), "adds no shortcut to a branch"),
        (("--delete", "layer9.0"), "has no block layer9.0"),
        (("--delete", "layer1.0", "--cut", "layer1.0"), "nothing would get through"),
        (("--blocks", "layer1.0,layer9.9"), "has no block layer9.9"),
        (("--blocks", "layer1.0,layer1.1,layer1.2,layer2.0"), "up to 3 different blocks"),
        (("--images", "0"), "no images to measure on"),
        (("--data", "nowhere"), "nowhere"),
        (("-o", "paths.pdf"), "must end in .csv, .png or .svg"),
        (("-o", "nowhere/paths.csv"), "can't be written"),
    ],
)
def test_bad_input_ends_with_one_sentence(
    command: Command, words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in command("explain", "paths", *words).sentence


def test_a_network_without_weights_is_measured_as_initialised(command: Command) -> None:
    data = command("explain", "paths", "--network", "mlp8_128", "--images", "4", "--seeds", "1", "--json").data
    assert "untrained" in data["notes"][0]
    assert data["blocks"] == 3
    assert data["paths"] == 8
