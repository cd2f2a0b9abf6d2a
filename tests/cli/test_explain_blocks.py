"""`explain blocks`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from explorer.engine.explain.blocks_tables import COLUMNS
from tests.cli.conftest import Command

FEW = ("--images", "12")


def rows(path: Path) -> list[dict[str, str]]:
    text = "".join(line for line in path.read_text(encoding="utf-8").splitlines(True) if not line.startswith("#"))
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_a_block_and_a_row_a_layer(command: Command) -> None:
    data = command("explain", "blocks", *FEW, "--json").data
    network, twin = data["networks"]
    assert [one["id"] for one in network["blocks"]][:2] == ["layer1.0", "layer1.1"]
    assert len(network["blocks"]) == 9
    assert len(network["layers"]) == 19 == len(twin["layers"])
    block = network["blocks"][4]
    assert block["ratio_low"] <= block["ratio_median"] <= block["ratio_high"]
    assert block["ratio_n"] == block["cosine_n"] == block["response_n"] == 12
    assert -1 <= block["cosine"] <= 1
    by_id = {layer["id"]: layer for layer in network["layers"]}
    assert block["response"] == by_id["layer2.1.conv2"]["response"]
    assert "exit_accuracy" not in block
    last = network["blocks"][-1]
    assert last["exit_class"] == data["picture"]["prediction"] == "Pullover"
    assert last["exit_agreement"] == 1
    assert last["exit_n"] == 12
    assert "ratio" not in twin["blocks"][0]
    assert data["set"]["images"] == 12
    assert data["notes"] == []


def test_the_last_exit_says_what_predict_says(command: Command, picture: Path) -> None:
    said = command("predict", picture, "--delete", "layer3.1", "--json").data
    data = command("explain", "blocks", picture, "--delete", "layer3.1", "--no-data", "--json").data
    last = data["networks"][0]["blocks"][-1]
    top = said["predictions"][0]
    assert last["exit_class"] == top["label"]
    assert last["exit_probability"] == pytest.approx(top["probability"], abs=1e-6)
    assert "set" not in data
    deleted = next(one for one in data["networks"][0]["blocks"] if one["id"] == "layer3.1")
    assert deleted["state"] == "deleted"
    assert deleted["ratio"] == 0
    assert "cosine" not in deleted
    assert "response" not in deleted


def test_what_a_person_reads(command: Command) -> None:
    ran = command("explain", "blocks", *FEW)
    assert ran.status == 0
    assert "|F(x)|/|x|" in ran.out
    assert "Plain-20" in ran.out
    assert "the head applied early" in ran.out
    assert "n = 12" in ran.out
    ran = command("explain", "blocks", "--network", "plain20", "--no-data")
    assert "A plain network adds nothing to anything" in ran.out
    ran = command("explain", "blocks", "--network", "densenet40_12", "--no-data")
    assert "no angle" in ran.out
    assert "the head fits behind the last one only" in ran.out


def test_no_weights_is_the_initialisation_and_said(command: Command) -> None:
    ran = command("explain", "blocks", "--network", "resnet26", "--no-data")
    assert ran.status == 0
    assert "untrained" in ran.out


def test_a_csv_file(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "blocks.csv"
    ran = command("explain", "blocks", *FEW, "--cut", "layer1.1", "-o", path)
    assert ran.status == 0, ran.err
    assert str(path) in ran.out
    found = rows(path)
    assert tuple(found[0]) == COLUMNS
    kinds = [(row["network"], row["kind"]) for row in found]
    assert kinds.count(("ResNet-20", "block")) == 9
    assert kinds.count(("ResNet-20", "layer")) == 19
    assert kinds.count(("Plain-20", "layer")) == 19
    cut = found[1]
    assert (cut["id"], cut["state"], cut["ratio"], cut["cosine"]) == ("layer1.1", "cut", "", "")
    header = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    assert "# Shortcuts cut: layer1.1." in header
    assert any("the first 12 of its balanced" in line for line in header)


def test_a_chart(command: Command, tmp_path: Path) -> None:
    for measure in ("response", "exits"):
        svg = tmp_path / f"{measure}.svg"
        ran = command("explain", "blocks", *FEW, "--measure", measure, "--by-size", "-o", svg)
        assert ran.status == 0, ran.err
        text = ElementTree.parse(svg).getroot()
        words = " ".join(part.text or "" for part in text.iter("{http://www.w3.org/2000/svg}text"))
        assert "ResNet-20" in words
        assert "Plain-20" in words
    png = tmp_path / "ratio.png"
    assert command("explain", "blocks", "--no-data", "-o", png).status == 0
    with Image.open(png) as image:
        assert image.width == 1920


def test_what_can_not_be_drawn_is_said(command: Command, tmp_path: Path) -> None:
    ran = command("explain", "blocks", "--network", "plain20", "--no-data", "-o", tmp_path / "a.svg")
    assert "plain network adds nothing" in ran.sentence
    ran = command("explain", "blocks", "--no-data", "--measure", "exits", "-o", tmp_path / "a.svg")
    assert "measure over the image set first" in ran.sentence


def test_bad_input(command: Command, tmp_path: Path, picture: Path) -> None:
    assert "must end in .csv, .png or .svg" in command("explain", "blocks", "-o", tmp_path / "a.txt").sentence
    assert "folder" in command("explain", "blocks", "-o", tmp_path / "nowhere" / "a.csv").sentence
    assert "no block layer9.9" in command("explain", "blocks", "--delete", "layer9.9").sentence
    both = command("explain", "blocks", "--delete", "layer1.0", "--cut", "layer1.0").sentence
    assert "layer1.0 can't be deleted and lose the shortcut at once" in both
    assert "shortcuts to cut" in command("explain", "blocks", "--network", "plain20", "--cut", "layer1.0").sentence
    command("explain", "blocks", tmp_path / "none.png").sentence  # noqa: B018
    assert "at least 1" in command("explain", "blocks", "--images", "0").sentence


def test_numbers_that_are_none_are_words_in_json(command: Command, tmp_path: Path) -> None:
    """A checkpoint of NaNs: its figures are told as such, not dropped."""
    import torch
    from safetensors.torch import save_file

    from explorer.engine.build import build
    from explorer.networks.catalog import PRESETS

    network = build(PRESETS["resnet20"], 0)
    state = {key: value.clone() for key, value in network.state_dict().items()}
    state["layer2.0.conv1.weight"].fill_(torch.nan)
    file = tmp_path / "broken.safetensors"
    save_file(state, file)
    ran = command("explain", "blocks", "--weights", file, *FEW, "--json")
    data = json.loads(ran.out)
    blocks = {one["id"]: one for one in data["networks"][0]["blocks"]}
    assert blocks["layer1.0"]["ratio"] > 0
    assert blocks["layer2.1"]["ratio"] == "nan"
    assert blocks["layer2.1"]["ratio_n"] == 0
    assert blocks["layer2.1"]["ratio_median"] == "nan"
    assert data["picture"]["prediction"] is None
