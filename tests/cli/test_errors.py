"""Bad input: exit status 2 and one sentence, for every command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from tests.cli.conftest import ROOT, Command, Ran

LONG = "x" * 300
NETWORKS = ["resnet21", "alexnet", "missing.json", "", LONG]
DESCRIBE = [("describe", name) for name in NETWORKS]
WORDS: list[tuple[str, ...]] = [
    *DESCRIBE,
    ("describe",),
    ("describe", "resnet18", "extra"),
    ("describe", "resnet18", "--frobnicate"),
    ("frobnicate",),
    ("--frobnicate",),
    ("missing.png",),
    ("--screenshot", "window.txt"),
    ("--screenshot", "window.png", "--size", "large"),
    ("--screenshot", "window.png", "--size", "1x1"),
    ("--screenshot", "window.png", "--delete", "layer9.9"),
    ("--theme", "pink"),
    ("draw", "resnet20"),
    ("draw", "resnet20", "-o", "diagram.txt"),
    ("draw", "resnet20", "-o", "diagram"),
    ("draw", "resnet20", "-o", "missing/diagram.svg"),
    ("draw", "resnet20", "-o", "diagram.svg", "--delete", "layer7.0"),
    ("draw", "inception_v3", "-o", "diagram.svg"),
    ("predict",),
    ("predict", "missing.png"),
    ("predict", "."),
    ("predict", LONG),
    ("predict", "PICTURE", "--network", "resnet21"),
    ("predict", "PICTURE", "--weights", "missing.pth"),
    ("predict", "PICTURE", "--weights", LONG),
    ("predict", "PICTURE", "--weights", "~nobody-of-this-name/weights.pth"),
    ("predict", "PICTURE", "--weights", "."),
    ("predict", "PICTURE", "--weights", "PICTURE"),
    ("predict", "PICTURE", "--weights", "imagenet"),
    ("predict", "PICTURE", "--network", "resnet32", "--weights", "fashion-mnist"),
    ("predict", "PICTURE", "--network", "resnet18", "--weights", "ResNet50_Weights.IMAGENET1K_V1"),
    ("predict", "PICTURE", "--delete", "layer1.9"),
    ("predict", "PICTURE", "--delete", "stem"),
    ("predict", "PICTURE", "--device", "cuda:99"),
    ("predict", "PICTURE", "--device", "toaster"),
    ("predict", "PICTURE", "--top", "0"),
    ("predict", "PICTURE", "--top", "many"),
    ("predict", "BROKEN"),
    ("predict", "EMPTY"),
    ("predict", "TEXT"),
    ("accuracy", "--images", "0"),
    ("accuracy", "--images", "-5"),
    ("accuracy", "--images", "1.5"),
    ("accuracy", "--data", "missing"),
    ("accuracy", "--data", LONG),
    ("accuracy", "--data", "PICTURE"),
    ("accuracy", "--data", "HOLLOW"),
    ("accuracy", "--network", "resnet21"),
    ("accuracy", "--weights", "EMPTY"),
    ("accuracy", "--weights", "TEXT"),
    ("accuracy", "--delete", "layer1.1;layer1.2"),
    ("train",),
    ("train", "--network", "resnet20", "-o", "new.safetensors"),
    ("train", "--network", "resnet20", "--epochs", "0", "-o", "new.safetensors"),
    ("train", "--network", "resnet20", "--epochs", "1", "-o", "new.pth"),
    ("train", "--network", "resnet20", "--epochs", "1", "-o", "PICTURE/new.safetensors"),
    ("train", "--network", "resnet21", "--epochs", "1", "-o", "new.safetensors"),
    ("train", "--network", "resnet20", "--epochs", "1", "-o", "new.safetensors", "--rate", "nan"),
    ("train", "--network", "resnet20", "--epochs", "1", "-o", "new.safetensors", "--rate", "fast"),
    ("train", "--network", "resnet20", "--epochs", "1", "-o", "new.safetensors", "--seed", "-1"),
    ("train", "--network", "resnet20", "--epochs", "1", "-o", "new.safetensors", "--schedule", "none"),
    ("train", "--network", "resnet20", "--epochs", "1", "-o", "new.safetensors", "--device", "toaster"),
    ("train", "--network", "resnet20", "--epochs", "1", "-o", "new.safetensors", "--data", "missing"),
    ("train", "--network", "resnet20", "--epochs", "1", "-o", "new.safetensors", "--data", "HOLLOW"),
    ("report",),
    ("report", "-o", "PICTURE"),
    ("report", "-o", "out", "--image", "missing.png"),
    ("report", "-o", "out", "--delete", "layer1.9"),
    ("report", "-o", "out", "--data", "missing", "--images", "5"),
]


@pytest.fixture
def bad(command: Command, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command in a folder with a picture, files that are none, and a folder without pictures."""
    monkeypatch.chdir(tmp_path)
    Path("broken.png").write_bytes(picture.read_bytes()[:200])
    Path("empty.png").touch()
    Path("text.png").write_text("no picture, no weights", encoding="utf-8")
    Path("hollow/one").mkdir(parents=True)
    names = {
        "PICTURE": picture.name,
        "BROKEN": "broken.png",
        "EMPTY": "empty.png",
        "TEXT": "text.png",
        "HOLLOW": "hollow",
    }

    def run(*words: object) -> Ran:
        replaced = []
        for word in words:
            text = str(word)
            for name, value in names.items():
                text = text.replace(name, value)
            replaced.append(text)
        return command(*replaced)

    return run


@pytest.mark.parametrize("words", WORDS, ids=lambda words: " ".join(words)[:60])
def test_bad_input_ends_with_status_2_and_one_sentence(words: tuple[str, ...], bad: Command) -> None:
    assert len(bad(*words).sentence) > 20
    assert not Path("new.safetensors").exists()


@pytest.mark.parametrize("words", [("predict", "PICTURE"), ("accuracy", "--images", "5")], ids=lambda words: words[0])
@pytest.mark.parametrize("option", [(), ("--json",)], ids=["", "json"])
def test_a_checkpoint_that_does_not_fit(words: tuple[str, ...], option: tuple[str, ...], bad: Command) -> None:
    torch.save({"layer1.0.conv1.weight": torch.zeros(3, 3)}, "odd.pth")
    assert "odd.pth" in bad(*words, "--weights", "odd.pth", *option).sentence


def test_a_spec_that_cannot_be(bad: Command) -> None:
    for text in (
        "{}",
        "no json",
        json.dumps({"family": "cifar", "blocks": [1, 1]}),
        '{"family": "cifar", "blocks": [1e9]}',
    ):
        Path("spec.json").write_text(text, encoding="utf-8")
        for words in (
            ("describe", "spec.json"),
            ("predict", "PICTURE", "--network", "spec.json"),
            ("draw", "spec.json", "-o", "a.svg"),
        ):
            assert bad(*words).sentence


def test_interrupted_by_the_person(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer.cli import headless

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(headless, "describe", stop)
    ran = command("describe", "resnet18")
    assert (ran.status, ran.out, ran.err) == (130, "", "main.py: stopped\n")


def test_help_and_version(command: Command, capfd: pytest.CaptureFixture[str]) -> None:
    for words in (
        ("--help",),
        ("--version",),
        *((name, "--help") for name in ("describe", "draw", "predict", "train")),
    ):
        with pytest.raises(SystemExit) as ended:
            command(*words)
        assert ended.value.code == 0
        assert len(capfd.readouterr().out) > 10


def test_in_a_process_of_its_own(process: Command) -> None:
    ran = process(ROOT / "main.py", "describe", "resnet21")
    assert "21 layers" in ran.sentence
    ran = process(ROOT / "main.py", "no-picture.png")
    assert "no-picture.png" in ran.sentence
