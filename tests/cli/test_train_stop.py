"""A script that pauses a training by a file, stops it by a signal, and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from explorer.cli import training as cli_training
from explorer.engine import fashion
from explorer.engine.training_records import ONE_MINUTE
from explorer.networks.families.resnet import ResNetSpec
from tests.cli.conftest import ROOT, Command

WAIT = 120.0


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "small.json"
    path.write_text(ResNetSpec("cifar", (1, 1, 1), side=12, classes=10, width=8).to_json(), encoding="utf-8")
    return path


def words(network: Path, folder: Path, output: Path, epochs: int = 3) -> list[str]:
    given = ["train", "--network", network, "--data", folder, "-o", output, "--epochs", epochs]
    return list(map(str, [*given, "--batch", 8, "--seed", 7, "--float32"]))


def until(process: subprocess.Popen[str], text: str) -> str:
    """The line of the output that has a text in it."""
    assert process.stdout is not None
    began = time.monotonic()
    while time.monotonic() - began < WAIT:
        line = process.stdout.readline()
        if text in line or not line:
            return line
    return ""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signals")
def test_a_run_is_paused_by_a_file_stopped_by_a_signal_and_taken_up(
    command: Command, network: Path, folder: Path, tmp_path: Path
) -> None:
    output, pause = tmp_path / "out" / "light.safetensors", tmp_path / "pause"
    pause.touch()
    given = words(network, folder, output, epochs=24)
    with subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *given, "--pause-file", str(pause)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
    ) as process:  # fmt: skip
        assert until(process, "paused") == f"paused while {pause} is there\n"
        assert not list(output.parent.glob("*.csv")), "nothing goes on meanwhile"
        pause.unlink()
        assert until(process, "going on") == "going on\n"
        assert until(process, "epoch ").startswith("epoch   1 of 24")
        pause.touch()
        assert until(process, "paused").startswith("paused")
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=WAIT)
    assert process.returncode == 130
    assert told.startswith("main.py: stopped in epoch ")
    assert told.endswith("give the same command with --resume to go on.\n")
    assert told.count("\n") == 1
    assert {path.name for path in output.parent.iterdir()} == {"light.state", "light.csv"}
    ran = command(*given, "--resume")
    assert ran.status == 0
    assert "epoch   1 of" not in ran.out
    whole = tmp_path / "whole.safetensors"
    assert command(*words(network, folder, whole, epochs=24)).status == 0
    one, other = load_file(output), load_file(whole)
    assert all(torch.equal(value, other[key]) for key, value in one.items())


def test_a_second_interrupt_stops_at_once_and_the_usual_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with cli_training._asked_to_stop() as asked:
        signal.raise_signal(signal.SIGINT)
        assert asked == [signal.SIGINT]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_ctrl_c_while_it_is_paused_stops_it(
    command: Command, network: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = tmp_path / "pause"
    pause.touch()
    monkeypatch.setattr(cli_training.time, "sleep", lambda _: signal.raise_signal(signal.SIGINT))  # type: ignore[attr-defined]
    output = tmp_path / "light.safetensors"
    ran = command(*words(network, folder, output), "--pause-file", pause)
    assert ran.status == 130
    assert "--resume" in ran.err
    assert output.with_suffix(".state").exists()


def test_the_recipe_trains_with_the_bundled_images_where_there_are_no_others(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No package with them here, and no connection: two epochs' worth of steps of the recipe, told beforehand."""
    monkeypatch.setattr(fashion, "DEBIAN", tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(
        "explorer.engine.training_records.ONE_MINUTE",
        type(ONE_MINUTE)(**{**ONE_MINUTE.__dict__, "epochs": 1, "batch": 512}),
    )
    monkeypatch.setattr("explorer.engine.training_records.ONE_MINUTE_IMAGES", 1_600)
    output = tmp_path / "light.safetensors"
    ran = command("train", "--recipe", "one-minute", "-o", output, "--seed", 3)
    assert (ran.status, ran.err) == (0, "")
    assert "bundled images alone" in ran.out
    assert "trained on 1,512 of them" in ran.out
    assert "% of 800 test images" in ran.out
    assert "held-out images" in ran.out
    card = output.with_suffix(".json").read_text(encoding="utf-8")
    assert f"python main.py train --recipe one-minute --seed 3 -o {output}" in card


@pytest.mark.parametrize("given", [["--network", "resnet20"], ["--epochs", 3], ["--batch", 3], ["--data", "x"]])
def test_what_the_recipe_says_itself_is_refused(given: list[object], command: Command, tmp_path: Path) -> None:
    ran = command("train", "--recipe", "one-minute", "-o", tmp_path / "one.safetensors", *given)
    assert str(given[0]) in ran.sentence


@pytest.mark.parametrize("missing", ["network", "epochs"])
def test_what_is_missing_is_named(missing: str, command: Command, tmp_path: Path) -> None:
    given = {"network": "resnet20", "epochs": 3}
    del given[missing]
    options = [word for name, value in given.items() for word in (f"--{name}", value)]
    assert f"--{missing}" in command("train", "-o", tmp_path / "one.safetensors", *options).sentence
