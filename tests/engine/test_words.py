"""Nothing that the engine says is a bare English string: all of it can be translated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import explorer.engine
from explorer.engine import devices, images
from explorer.engine.records import DataRef, DeviceInfo, Preprocessing, Step, WeightsKind, WeightsRef
from explorer.engine.session import Session
from explorer.engine.steps import finish
from explorer.engine.words import listed
from explorer.networks.catalog import PRESETS
from explorer.sentences import Joined, Sentence

FOLDER = Path(explorer.engine.__file__).parent
SAID = {"text", "note", "data_note", "preprocessing_note", "adapted", "source"}
"""What records hold for a person to read."""
NAMES = {
    "class {}",  # labels that networks without names are given; folders are matched to them
    "Fashion-MNIST {}: {}",  # the name of a picture
    "Fashion-MNIST, {}",  # the name of a file
    "ImageNet {}",  # the name of weights
    "{}: trained on {} of its images, tested once on the other {}",  # goes into the card, a file
}
"""f-strings that are no sentences."""
MODULES = sorted(FOLDER.glob("*.py"))


def is_prose(text: str) -> bool:
    """Words with spaces between them, rather than a key, a path or a number format."""
    return bool(re.search(r"[A-Za-z]{2,},? | [A-Za-z]{2,}", text))


def pattern(node: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def told(tree: ast.Module) -> Iterator[ast.AST]:
    """All nodes but those in `raise`: those are for errors, which have templates or are Python's own."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.Raise)]


def said(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that a person will read."""
    if isinstance(call.func, ast.Name) and call.func.id == "Step":
        yield from call.args[1:2]
    yield from (keyword.value for keyword in call.keywords if keyword.arg in SAID)


def is_finished_english(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and bool(node.value)
    return isinstance(node, ast.JoinedStr | ast.BinOp)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_sentence_is_made_of_an_f_string(path: Path) -> None:
    nodes = list(told(ast.parse(path.read_text(encoding="utf-8"))))
    prose = [pattern(node) for node in nodes if isinstance(node, ast.JoinedStr) and is_prose(pattern(node))]
    assert not set(prose) - NAMES


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_what_records_say_is_no_finished_english(path: Path) -> None:
    calls = [node for node in told(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    finished = [ast.unparse(call) for call in calls if any(map(is_finished_english, said(call)))]
    assert not finished


def test_the_gates_see_what_they_should() -> None:
    tree = ast.parse('yield Step(None, f"Reading {name}")\nPicture(name, pixels, note="Turned grey.")\nStep(0.5)')
    calls = [node for node in told(tree) if isinstance(node, ast.Call)]
    assert [any(map(is_finished_english, said(call))) for call in calls].count(True) == 2
    prose = [pattern(node) for node in told(tree) if isinstance(node, ast.JoinedStr)]
    assert prose == ["Reading {}"]
    assert is_prose(prose[0])
    assert not is_prose("{}.downsample.0.weight")


def is_translatable(text: str) -> bool:
    parts = text.parts if isinstance(text, Joined) else (text,)
    return bool(parts) and all(isinstance(part, Sentence) for part in parts)


def folder_of_pictures(folder: Path) -> Path:
    """Two classes and one that is none, a torn picture, and one outside."""
    for place, name in (("trouser", "a"), ("bag", "b"), ("cats", "c"), (".", "d")):
        (folder / place).mkdir(exist_ok=True)
        Image.new("L", (28, 28), 90).save(folder / place / f"{name}.png")
    (folder / "bag" / "torn.png").write_bytes(b"\x89PNG torn")
    return folder


def test_all_steps_and_notes_of_real_jobs_can_be_translated(tmp_path: Path) -> None:
    session, steps = Session(), []
    asked = PRESETS["resnet20"].with_(in_channels=3, side=32, classes=7)
    ref = WeightsRef(WeightsKind.BUNDLED, "resnet20-fashion-mnist")
    info = finish(session.load(asked, ref), steps.append).info
    Image.new("RGB", (40, 30)).save(tmp_path / "wrong.jpg", "PNG")
    picture = finish(session.open_picture("file", tmp_path / "wrong.jpg"), steps.append)
    data = finish(session.open(DataRef("folder", str(folder_of_pictures(tmp_path))), info), steps.append)
    offer = finish(session.offer(), steps.append)
    _, words = images.fit(picture, Preprocessing(1, 28, 28, (0.5,), (0.5,), True, True, True, 56))
    texts = [step.text for step in steps if isinstance(step, Step)]
    assert len(texts) >= 4
    texts += [info.adapted, picture.note, data.note, words]
    texts += [text for weights in offer.weights for text in (weights.title, weights.source)]
    assert [text for text in texts if not is_translatable(text)] == []
    assert "1 picture can't be read" in data.note
    assert len(data.note.parts) == 3


def test_notes_on_devices_can_be_translated() -> None:
    gpu = DeviceInfo("cuda:0", "GPU {0}")
    full = devices.fallback_note(MemoryError(), gpu)
    lost = devices.fallback_note(RuntimeError("CUDA error: unknown error"), gpu)
    assert isinstance(full, Sentence)
    assert isinstance(lost, Sentence)
    assert full.values == lost.values == {"device": "GPU {0}"}
    assert full == "GPU {0} is out of memory, so this ran on the CPU."


def test_a_long_list_says_how_many_more() -> None:
    assert listed(["a", "b", "c"]) == "a, b, c"
    rest = listed([str(number) for number in range(1234)])
    assert rest == "0, 1, 2 and 1,231 more"
    assert is_translatable(rest)
