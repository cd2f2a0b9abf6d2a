"""`explain cam`: words, JSON, files, and what is refused."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from explorer.networks import catalog
from tests.cli.conftest import Command

SMALL = ("--network", "resnet20", "--weights", "fashion-mnist")


@pytest.fixture
def cam(command: Command) -> Command:
    return lambda *words: command("explain", "cam", *words)


def rows(path: Path) -> list[dict[str, str]]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith(("#", '"#'))]
    return list(csv.DictReader(lines))


def test_words_and_a_small_map(cam: Command, picture: Path) -> None:
    ran = cam(picture, *SMALL, "--class", "ankle boot", "--delete", "layer2.1")
    assert ran.status == 0, ran.err
    lines = ran.out.splitlines()
    assert lines[0] == "Grad-CAM of Ankle boot (9) at layer3.2"
    assert lines[1].startswith("  intact ")
    assert [line.split()[0] for line in lines if "score" in line] == ["intact", "now"]
    assert "7×7 positions" in ran.out
    assert "81×81 pixels, the whole picture of 28×28" in ran.out
    assert "on the intact one's scale" in ran.out


def test_json_says_the_same_as_the_table(cam: Command, picture: Path, tmp_path: Path) -> None:
    output = tmp_path / "map.csv"
    words = (picture, *SMALL, "--class", 3, "--block", "layer2.0", "--delete", "layer2.1,layer3.1", "-o", output)
    data = cam(*words, "--json").data
    assert (data["class"], data["index"], data["block"]) == ("Dress", 3, "layer2.0")
    assert data["deleted"] == ["layer2.1", "layer3.1"]
    found = rows(output)
    assert len(found) == 2 * 14 * 14
    for name in ("intact", "now"):
        values = np.array(data["maps"][name]["values"])
        assert values.shape == (14, 14)
        assert values.min() >= 0
        assert values.max() == pytest.approx(data["maps"][name]["highest"], rel=1e-5)
        for row in found:
            if row["map"] == name:
                assert float(row["value"]) == pytest.approx(values[int(row["row"]), int(row["column"])], rel=1e-5)
    head = output.read_text().splitlines()[:3]
    assert "Grad-CAM (Selvaraju et al. 2017) of Dress at layer2.0" in head[0]
    assert "deleted layer2.1 layer3.1" in head[2]


def test_by_itself_the_class_that_is_said_at_the_last_block(cam: Command, command: Command, picture: Path) -> None:
    data = cam(picture, *SMALL, "--json").data
    said = command("predict", picture, *SMALL, "--json").data["predictions"][0]
    assert data["class"] == said["label"]
    assert data["block"] == "layer3.2"
    assert list(data["maps"]) == ["intact"]
    assert data["maps"]["intact"]["probability"] == pytest.approx(said["probability"], abs=1e-5)


def test_pictures_with_a_legend(cam: Command, picture: Path, tmp_path: Path) -> None:
    png, svg = tmp_path / "map.png", tmp_path / "map.svg"
    for output in (png, svg):
        ran = cam(picture, *SMALL, "--delete", "layer2.1", "-o", output)
        assert ran.status == 0, ran.err
    with Image.open(png) as image:
        assert image.width > 1200
        colours = np.frombuffer(image.convert("RGBA").tobytes(), np.uint32)
    assert len(np.unique(colours)) > 300, "maps and legend"
    words = " ".join(node.text or "" for node in ElementTree.parse(svg).iter() if node.tag.endswith("text"))
    assert "Where ResNet-20 looks for" in words
    assert "Without layer2.1" in words
    assert sum(node.tag.endswith("image") for node in ElementTree.parse(svg).iter()) == 4


def test_without_weights_bundled_ones_or_initialisation(cam: Command, picture: Path) -> None:
    assert "untrained" not in cam(picture, "--network", "resnet20").out
    ran = cam(picture, "--network", "resnet32")
    assert ran.status == 0
    assert "ResNet-32 is untrained: it is measured as it was initialised." in ran.out


def test_a_large_map_is_left_to_the_file(cam: Command, picture: Path) -> None:
    ran = cam(picture, *SMALL, "--block", "layer1.0")
    assert "highest" in ran.out
    assert not any(line.startswith("    ") for line in ran.out.splitlines())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--class", "zebra"), "There is no class zebra"),
        (("--class", "10"), "There is no class 10"),
        (("--class", "shirts"), "did you mean Shirt"),
        (("--block", "layer4.0"), "ResNet-20 has no block layer4.0; its blocks are layer1.0 to layer3.2."),
        (("--delete", "layer9.9"), "has no block layer9.9"),
        (("-o", "map.pdf"), "map.pdf must end in .csv, .png or .svg."),
        (("-o", "/nowhere/at/all/map.csv"), "can't be written"),
        (("-o", "/nowhere/at/all/map.png"), "can't be written"),
    ],
)
def test_what_is_not_there_is_refused_in_one_sentence(
    cam: Command, picture: Path, words: tuple[str, ...], told: str
) -> None:
    assert told in cam(picture, *SMALL, *words).sentence


def test_an_mlp_has_no_maps(cam: Command, picture: Path) -> None:
    assert "MLP-20-64 has no maps" in cam(picture, "--network", "mlp20_64").sentence


def test_a_network_whose_numbers_are_none(
    cam: Command, picture: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A checkpoint with NaN in its last batch norm: shown as such, and null in JSON."""
    import torch

    from explorer.engine.build import build

    state = build(catalog.find("resnet20")).state_dict()
    state["layer3.2.bn2.bias"].fill_(math.nan)
    file = tmp_path / "broken.pth"
    torch.save(state, file)
    data = cam(picture, "--network", "resnet20", "--weights", file, "--json").data
    found = data["maps"]["intact"]
    assert found["values"][0][0] is None
    assert found["prediction"] is None
    assert found["note"] == "Some of its numbers are no numbers."
