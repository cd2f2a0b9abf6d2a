"""`compare`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtSvg import QSvgRenderer

from explorer.networks.catalog import PRESETS
from explorer.networks.cost import network_cost
from tests.cli.conftest import Command


def test_json_has_what_differs(command: Command) -> None:
    data = command("compare", "plain34", "resnet34", "--no-latency", "--json").data
    first, second = data["networks"]
    assert (first["name"], second["name"]) == ("plain34", "resnet34")
    assert (first["parameters"], second["parameters"]) == (21_623_848, 21_797_672)
    assert first["macs"] == network_cost(PRESETS["plain34"]).macs
    assert "parameters" in data["differs"]
    assert "depth" not in data["differs"]
    paper = first["accuracies"][0]
    assert paper["accuracy"] == pytest.approx(0.7146)
    assert "Table 2" in paper["source"]
    assert any(each["accuracy"] == pytest.approx(0.73314) for each in second["accuracies"])
    assert first["latency"] is None
    assert [level["side"] for level in data["resolutions"]] == [224, 112, 56, 28, 14, 7, 1]
    assert data["resolutions"][3]["parts"][1] == [f"layer2.{number}" for number in range(4)]


def test_latency_is_measured(command: Command) -> None:
    data = command("compare", "resnet20", "plain20", "--json").data
    for network in data["networks"]:
        latency = network["latency"]
        assert 0 < latency["low"] <= latency["seconds"] <= latency["high"]
        assert latency["rounds"] >= 5
        assert latency["device"] == "CPU"


def test_for_reading(command: Command) -> None:
    ran = command("compare", "resnet18", "resnet50", "resnext50_32x4d", "--no-latency")
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0].split() == ["ResNet-18", "ResNet-50", "ResNeXt-50", "32x4d"]
    parameters = next(line for line in lines if "Parameters" in line)
    assert parameters.startswith("* ")
    assert parameters.split()[2:] == ["11,689,512", "25,557,032", "25,028,904"]
    classes = next(line for line in lines if "Classes" in line)
    assert classes.startswith("  ")
    assert "] torchvision's ResNet18_Weights.IMAGENET1K_V1\n" in ran.out


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_the_figure(command: Command, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"fig3.{suffix}"
    ran = command("compare", "plain34", "resnet34", "--no-latency", "-o", path)
    assert ran.status == 0, ran.err
    assert str(path) in ran.out
    if suffix == "svg":
        assert QSvgRenderer(str(path)).isValid()
        text = path.read_text(encoding="utf-8")
        assert text.count("3×3 conv, 256, /2") == 2
        assert text.count(">3×3 conv, 512</text>") == 10
        assert "projection" in text
    elif suffix == "png":
        image = Image.open(path)
        assert image.height > 2 * image.width
    else:
        assert path.read_bytes().startswith(b"%PDF")


def test_the_table_as_files(command: Command, tmp_path: Path) -> None:
    for suffix in ("csv", "md", "json"):
        assert command("compare", "resnet20", "resnet56", "--no-latency", "-o", tmp_path / f"t.{suffix}").status == 0
    rows = {row[0]: row[1:] for row in csv.reader((tmp_path / "t.csv").open(encoding="utf-8"))}
    assert rows["Parameters"] == ["269722", "853018"]
    assert rows["Accuracy, CIFAR-10 test"] == ["0.9125", "0.9303"]
    markdown = (tmp_path / "t.md").read_text(encoding="utf-8")
    assert "| Parameters | **269,722** | **853,018** |" in markdown
    assert "| Classes | 10 | 10 |" in markdown
    data = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert [network["depth"] for network in data["networks"]] == [20, 56]


def test_a_persons_own_spec(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(PRESETS["resnet20"].with_(width=24).to_json(), encoding="utf-8")
    data = command("compare", path, "resnet20", "--no-latency", "--json").data
    assert data["networks"][0]["parameters"] > data["networks"][1]["parameters"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["resnet20"], "two or three networks, not of 1"),
        (["resnet20"] * 4, "not of 4"),
        (["resnet20", "resnet5O"], "resnet50"),
        (["resnet20", "resnet56", "-o", "figure.docx"], ".svg"),
        (["resnet20", "resnet56", "-o", "nowhere/figure.svg"], "folder is not there"),
        (["resnet20", "resnet56", "--device", "tpu"], "has no device tpu"),
        ([], "required"),
    ],
)
def test_bad_input_is_one_sentence(command: Command, words: list[str], told: str) -> None:
    assert told in command("compare", *words).sentence


def test_a_file_that_is_in_the_way_stays(command: Command, tmp_path: Path) -> None:
    place = tmp_path / "figure.svg"
    place.mkdir()
    assert "can't be written" in command("compare", "resnet20", "resnet56", "--no-latency", "-o", place).sentence
    assert place.is_dir()
