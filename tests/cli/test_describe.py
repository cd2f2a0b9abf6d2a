"""`describe`."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.networks.catalog import PRESETS
from explorer.networks.families.resnet import ResNetSpec
from tests.cli.conftest import ROOT, Command

KEYS = {"name", "depth", "parameters", "macs", "input", "stages", "blocks"}


@pytest.mark.parametrize("name", PRESETS)
def test_json_has_what_was_promised(name: str, command: Command) -> None:
    data = command("describe", name, "--json").data
    spec = PRESETS[name]
    assert set(data) >= KEYS
    assert (data["name"], data["depth"], data["input"]) == (name, spec.depth, list(spec.input_shape))
    assert all(set(stage) == {"id", "blocks", "output", "parameters", "macs"} for stage in data["stages"])
    assert [stage["id"] for stage in data["stages"]] == [stage.id for stage in spec.stages]
    assert all(set(block) == {"id", "kind", "shortcut", "output"} for block in data["blocks"])
    assert [stage["blocks"] for stage in data["stages"]] == [len(stage.blocks) for stage in spec.stages]
    assert [block["id"] for block in data["blocks"]] == list(spec.block_ids)


def test_resnet_50_in_full(command: Command) -> None:
    """torchvision's figures."""
    data = command("describe", "ResNet-50", "--json").data
    assert (data["parameters"], data["macs"]) == (25_557_032, 4_089_184_256)
    stage = data["stages"][1]
    assert (stage["id"], stage["output"], stage["parameters"]) == ("layer2", [512, 28, 28], 1_219_584)
    assert data["blocks"][3] == {
        "id": "layer2.0",
        "kind": "bottleneck",
        "shortcut": "projection",
        "output": [512, 28, 28],
    }


def test_a_persons_own_spec(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(ResNetSpec("cifar", (1, 2, 1), side=16, classes=3).to_json(), encoding="utf-8")
    data = command("describe", path, "--json").data
    assert (data["name"], data["depth"], data["input"]) == ("ResNet-10", 10, [3, 16, 16])


def test_for_reading(command: Command) -> None:
    ran = command("describe", "resnet18")
    assert ran.status == 0
    for figure in ("11,689,512", "1,814,073,344", "3x224x224", "435 px", "layer4"):
        assert figure in ran.out


def test_neither_torch_nor_qt_is_imported(process: Command) -> None:
    """So that it answers at once."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from explorer.cli import main; "
        "status = main(['describe', 'resnet1202', '--json']); "
        "heavy = {'torch', 'torchvision', 'PySide6', 'pyqtgraph', 'PIL'} & set(sys.modules); "
        "print(sorted(heavy), file=sys.stderr); sys.exit(status)"
    )
    ran = process("-c", code)
    assert (ran.status, ran.err) == (0, "[]\n")


def test_from_another_folder_into_a_pipe(process: Command) -> None:
    assert process(ROOT / "main.py", "describe", "resnet20", "--json").data["parameters"] == 269_722


def test_a_reader_that_stops_early_is_no_error(process: Command) -> None:
    code = (
        "import os, subprocess, sys; reader, writer = os.pipe(); os.close(reader); "
        f"done = subprocess.run([sys.executable, {str(ROOT / 'main.py')!r}, 'describe', sys.argv[1]], stdout=writer); "
        "sys.exit(done.returncode)"
    )
    for name in ("resnet20", "resnet1202"):
        ran = process("-c", code, name)
        assert (ran.status, ran.err) == (0, "")
