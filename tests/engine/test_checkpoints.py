"""A person's own checkpoints: wrapped, renamed, damaged, dangerous, or of another network."""

from __future__ import annotations

import argparse
import io
import os
import pickle
import re
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from explorer.engine.build import build
from explorer.engine.cards import half_precision, save_weights
from explorer.engine.checkpoints import read_checkpoint, read_header
from explorer.engine.images import default_preprocessing
from explorer.engine.records import WeightsInfo, WeightsKind, WeightsRef
from explorer.engine.steps import finish
from explorer.engine.weights import generic_classes, resolve
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS
from explorer.networks.families.resnet import ResNetSpec
from explorer.networks.spec import NetworkSpec
from tests.engine.sentences import assert_one_sentence

TINY = ResNetSpec("cifar", (1, 2, 1), width=4, side=16, classes=10)
State = dict[str, Tensor]


def state_of(spec: NetworkSpec = TINY) -> State:
    return build(spec, seed=3).state_dict()


def load(path: Path, spec: NetworkSpec = TINY) -> tuple[WeightsInfo, State]:
    return finish(resolve(WeightsRef(WeightsKind.FILE, str(path)), spec))


def saved(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path


def refused(path: Path, spec: NetworkSpec = TINY) -> str:
    with pytest.raises(UserError) as caught:
        load(path, spec)
    assert_one_sentence(caught.value)
    return str(caught.value)


def zipped() -> bytes:
    """NumPy's own file of arrays, a zip file as torch's are."""
    file = io.BytesIO()
    np.savez(file, weight=np.zeros((2, 3)))
    return file.getvalue()


def assert_same(state: State, other: State) -> None:
    assert state.keys() == other.keys()
    for key, value in state.items():
        assert value.dtype == other[key].dtype, key
        assert value.equal(other[key]), key


# -- what fits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".th", ".bin", ""])
def test_a_plain_state_dict_under_any_name(tmp_path: Path, suffix: str) -> None:
    info, state = load(saved(state_of(), tmp_path / f"own{suffix}"))
    assert_same(state, state_of())
    assert (info.spec, info.adapted, info.title, info.classes) == (TINY, "", "own", generic_classes(10))
    assert info.preprocessing == default_preprocessing(TINY)


def test_torchs_older_format(tmp_path: Path) -> None:
    torch.save(state_of(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert_same(load(tmp_path / "old.pth")[1], state_of())


@pytest.mark.parametrize("name", ["own.safetensors", "misnamed.pth"])
def test_safetensors_under_any_name(tmp_path: Path, name: str) -> None:
    save_file(state_of(), tmp_path / name)
    assert_same(load(tmp_path / name)[1], state_of())


WRAPPED: dict[str, Callable[[State], Any]] = {
    **{key: lambda state, key=key: {"epoch": 3, key: state} for key in (
        "state_dict", "model", "model_state_dict", "net", "network", "weights", "params", "ema", "my_own_key"
    )},
    "options": lambda state: {"args": argparse.Namespace(lr=0.1), "best": np.float64(0.9), "state_dict": state},
    "optimizer": lambda state: {"optimizer": {"state": {0: {"weight": torch.zeros(3)}}}, "model": state},
    "two deep": lambda state: {"checkpoint": {"model": state}},
    "averaged beside": lambda state: {"ema": {k: v * 0 for k, v in state.items()}, "model": state},
    "ordered": lambda state: {"state_dict": OrderedDict(state), "best_prec1": torch.tensor(91.7)},
    "parallel": lambda state: {f"module.{key}": value for key, value in state.items()},
    "compiled": lambda state: {f"_orig_mod.{key}": value for key, value in state.items()},
    "both": lambda state: {"model": {f"module._orig_mod.{key}": value for key, value in state.items()}},
    "lightning": lambda state: {"state_dict": {f"model.backbone.{key}": value for key, value in state.items()}},
    "parameters": lambda state: {key: nn.Parameter(value) if value.is_floating_point() else value
                                 for key, value in state.items()},
    "counted": lambda state: {**state, "total_ops": torch.zeros(1), "layer1.total_params": torch.zeros(1)},
    "without counters": lambda state: {k: v for k, v in state.items() if "num_batches" not in k},
}  # fmt: skip


@pytest.mark.parametrize("way", WRAPPED)
def test_weights_are_found_however_they_are_wrapped(tmp_path: Path, way: str) -> None:
    assert_same(load(saved(WRAPPED[way](state_of()), tmp_path / "own.pth"))[1], state_of())


RENAMED = [
    [(r"^fc\.", "linear.")], [(r"^fc\.", "classifier.")], [(r"^fc\.", "head.")], [(r"^fc\.", "last_linear.")],
    [(r"^fc\.", "fc.1.")], [(r"^fc\.", "head.fc.")], [(r"downsample", "shortcut")], [(r"downsample", "skip")],
    [(r"downsample\.0", "shortcut.conv"), (r"downsample\.1", "shortcut.bn")],
    [(r"^conv1\.", "conv."), (r"^bn1\.", "bn.")], [(r"^conv1\.", "stem.0."), (r"^bn1\.", "stem.1.")],
    [(r"^conv1\.", "stem.conv."), (r"^bn1\.", "stem.bn.")],
    [(r"^layer1", "layers.0"), (r"^layer2", "layers.1"), (r"^layer3", "layers.2")],
    [(r"^layer", "stage")], [(r"^layer", "stages.")],
    [(r"^", "module."), (r"^module\.fc\.", "module.linear."), (r"downsample", "shortcut")],
]  # fmt: skip


@pytest.mark.parametrize("changes", RENAMED, ids=str)
def test_other_usual_names(tmp_path: Path, changes: list[tuple[str, str]]) -> None:
    state = state_of()
    for pattern, new in changes:
        state = {re.sub(pattern, new, key): value for key, value in state.items()}
    assert_same(load(saved(state, tmp_path / "own.pth"))[1], state_of())


def test_option_a_has_no_shortcut_weights(tmp_path: Path) -> None:
    spec = TINY.with_(shortcut="A")
    assert_same(load(saved(state_of(spec), tmp_path / "own.th"), spec)[1], state_of(spec))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(tmp_path: Path, dtype: torch.dtype) -> None:
    narrow = {key: value.to(dtype) if value.is_floating_point() else value for key, value in state_of().items()}
    expected = {key: value.float() if value.is_floating_point() else value for key, value in narrow.items()}
    assert_same(load(saved(narrow, tmp_path / "own.pth"))[1], expected)
    save_file(narrow, tmp_path / "own.safetensors")
    assert_same(load(tmp_path / "own.safetensors")[1], expected)


def test_input_and_classes_are_adapted_and_said(tmp_path: Path) -> None:
    own = TINY.with_(in_channels=1, classes=7)
    info, state = load(saved(state_of(own), tmp_path / "own.pth"))
    assert info.spec == own
    assert info.adapted == (
        "The network was adapted to the weights: its input is now 1x16x16 instead of 3x16x16 and "
        "it has 7 classes instead of 10."
    )
    assert info.preprocessing.channels == 1
    assert info.classes == generic_classes(7)
    build(info.spec).load_state_dict(state)


def test_a_file_of_this_program_brings_everything(tmp_path: Path) -> None:
    own = TINY.with_(in_channels=1, classes=3, side=20)
    network = build(own, seed=3)
    path = tmp_path / "own.safetensors"
    save_weights(path, half_precision(network), network, ["ant", "bee", "cow"], default_preprocessing(own))
    info, state = load(path)
    assert (info.spec, info.classes, info.preprocessing) == (own, ("ant", "bee", "cow"), default_preprocessing(own))
    assert "1x20x20" in info.adapted
    assert_same(state, {k: v.half().float() if v.is_floating_point() else v for k, v in state_of(own).items()})
    assert "not of ResNet-20" in refused(path, PRESETS["resnet20"])


# -- what does not fit -------------------------------------------------------------------------------------------


def changed(**changes: Tensor | None) -> State:
    state = dict(state_of())
    for name, value in changes.items():
        key = name.replace("__", ".")
        if value is None:
            del state[key]
        else:
            state[key] = value
    return state


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (changed(bn1__weight=None), "1 entry is missing (bn1.weight)"),
        (changed(bn1__weight=None, bn1__bias=None, fc__bias=None, layer3__0__conv2__weight=None),
         "4 entries are missing (bn1.weight, bn1.bias, layer3.0.conv2.weight and 1 more)"),
        (changed(aux__weight=torch.zeros(2)), "1 entry is unknown (aux.weight)"),
        (changed(bn1__weight=torch.zeros(7)), "1 entry is of another shape (bn1.weight is 7 instead of 4)"),
        (changed(fc__weight=torch.zeros(10, 5)), "fc.weight is 10x5 instead of 10x16"),
        (changed(fc__weight=torch.zeros(())), "fc.weight is a single number instead of 10x16"),
        (changed(fc__weight=None), "1 entry is missing (fc.weight)"),
        (changed(conv1__weight=torch.zeros(4, 700, 3, 3)), "conv1.weight is 4x700x3x3 instead of 4x3x3x3"),
        (changed(bn1__weight=None, aux__weight=torch.zeros(2), fc__bias=torch.zeros(3)),
         "1 entry is missing (bn1.weight), 1 entry is unknown (aux.weight), 1 entry is of another shape (fc.bias"),
        (changed(bn1__running_var=torch.tensor([1, 1, -1e-3, 1])), "variances below 0 in 1 of its entries (bn1.runn"),
        (changed(bn1__bias=torch.zeros(4, dtype=torch.complex64)), "complex"),
        (changed(linear__weight=torch.zeros(10, 16)), "more than one network or classifier"),
        ({f"{net}.{key}": value for net in ("model", "network") for key, value in state_of().items()},
         "more than one network"),
        ({"weight": torch.zeros(3)}, "entries are missing"),
    ],
)  # fmt: skip
def test_what_differs_is_named(tmp_path: Path, state: State, words: str) -> None:
    assert words in refused(saved(state, tmp_path / "own.pth"))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"bn1.weight": torch.nan}, "own.pth is loaded, but holds values that are no numbers (NaN or infinite) in 1 of "
         "its entries (bn1.weight)."),
        ({"bn1.bias": -torch.inf}, "in 1 of its entries (bn1.bias)."),
        ({"bn1.bias": torch.nan, "fc.bias": torch.inf, "fc.weight": torch.nan, "layer2.1.bn2.running_var": torch.nan},
         "in 4 of its entries (bn1.bias, layer2.1.bn2.running_var, fc.weight and 1 more)."),
    ],
)  # fmt: skip
def test_values_that_are_no_numbers_are_loaded_with_a_warning(
    tmp_path: Path, broken: dict[str, float], words: str
) -> None:
    own = state_of(TINY.with_(classes=7))
    for key, value in broken.items():
        own[key] = torch.full_like(own[key], value)
    info, state = load(saved(own, tmp_path / "own.pth"))
    assert info.adapted.startswith("The network was adapted to the weights: it has 7 classes instead of 10.")
    assert info.adapted.endswith(words)
    for key, value in own.items():
        torch.testing.assert_close(state[key], value, equal_nan=True, rtol=0, atol=0)


@pytest.mark.parametrize(
    "key",
    ["layer1000000000.0.conv1.weight", "layer1.1000000000.conv1.weight", f"layer{'9' * 400}.0.bn1.bias",
     f"stages.{'9' * 400}.0.bn1.bias", f"layer9.{'9' * 4}.bn1.bias"],
    ids=["stage", "block", "digits", "other name", "many blocks"],
)  # fmt: skip
def test_absurd_numbers_of_stages_and_blocks_take_no_time(tmp_path: Path, key: str) -> None:
    began = time.perf_counter()
    assert "unknown" in refused(saved({**state_of(), key: torch.zeros(4)}, tmp_path / "own.pth"))
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("own", "asked", "words"),
    [
        (TINY.with_(blocks=(2, 2, 2)), TINY, "looks like ResNet-14 (2-2-2 blocks), not like ResNet-10 (1-2-1 blocks)"),
        (TINY.with_(width=8), TINY, "looks like ResNet-10 (width 8), not like ResNet-10 (width 4)"),
        (TINY.with_(shortcut="A"), TINY, "(shortcut option A), not like ResNet-10 (shortcut option B)"),
        (TINY.with_(shortcut="C"), TINY.with_(shortcut="A"), "(shortcut option C), not like"),
        (TINY.with_(block="bottleneck", blocks=(1, 1, 1)), TINY, "looks like ResNet-11 (1-1-1 blocks)"),
        (ResNetSpec("imagenet", (1, 1, 1, 1), width=4), TINY, "looks like ResNet-10 (the ImageNet family"),
        (PRESETS["resnet20"], PRESETS["resnet56"], "looks like ResNet-20, not like ResNet-56: choose that network."),
        (ResNetSpec("imagenet", (3, 4, 6, 3), width=2), ResNetSpec("imagenet", (2, 2, 2, 2), width=2), "ResNet-34"),
    ],
)
def test_the_network_that_would_fit_is_named(tmp_path: Path, own: NetworkSpec, asked: NetworkSpec, words: str) -> None:
    assert words in refused(saved(state_of(own), tmp_path / "own.pth"), asked)


# -- what is no checkpoint ---------------------------------------------------------------------------------------


class Dangerous:
    """What runs a command when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.target}'",)


@pytest.mark.parametrize("new_format", [True, False])
def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path: Path, new_format: bool) -> None:
    trace = tmp_path / "it-ran"
    content = {"state_dict": state_of(), "extra": Dangerous(trace)}
    torch.save(content, tmp_path / "own.pth", _use_new_zipfile_serialization=new_format)
    assert "would run code" in refused(tmp_path / "own.pth")
    assert not trace.exists()


def test_a_whole_module_is_refused(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    assert "would run code" in refused(saved(nn.Linear(2, 2), tmp_path / "own.pth"))
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:  # as TorchScript lays its files out
        for name in ("data.pkl", "constants.pkl", "code/network.py"):
            archive.writestr(f"script/{name}", b"")
    assert "would run code" in refused(tmp_path / "script.pt")
    assert not recwarn.list


def test_allowing_options_is_not_left_behind(tmp_path: Path) -> None:
    before = set(torch.serialization.get_safe_globals())
    load(saved(state_of(), tmp_path / "own.pth"))
    refused(saved(nn.Linear(2, 2), tmp_path / "other.pth"))
    assert set(torch.serialization.get_safe_globals()) == before


def test_files_that_are_no_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "own.pth"
    for content, words in ((b"", "is empty"), (b"hello, world", "not a checkpoint"), (b"\x89PNG", "not a checkpoint"),
                           (b"PK\x03\x04", "is damaged"), (b"\x80\x02.", "not a checkpoint"),
                           (pickle.dumps({"a": np.zeros(3)}), "not a checkpoint"), (zipped(), "not a checkpoint"),
                           (b"\xff" * 8 + b"{", "is damaged")):  # fmt: skip
        path.write_bytes(content)
        assert words in refused(path), content
    assert "is a folder" in refused(tmp_path)
    assert "There is no file" in refused(tmp_path / "none.pth")
    for nothing in ({}, {"epoch": 3}, [1, 2], torch.zeros(3), "text", None, {"state_dict": {}}):
        assert "holds no weights" in refused(saved(nothing, path))


@pytest.mark.parametrize("kind", ["zip", "old", "safetensors"])
def test_truncated_and_damaged_files_never_raise_anything_else(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "whole"
    if kind == "safetensors":
        save_file(state_of(), path)
    else:
        torch.save(state_of(), path, _use_new_zipfile_serialization=kind == "zip")
    whole = path.read_bytes()
    for length in np.linspace(1, len(whole) - 1, 25).astype(int):
        path.write_bytes(whole[:length])
        refused(path)
    generator = np.random.default_rng(5)
    for _ in range(40):
        damaged = bytearray(whole)
        for place in generator.integers(0, min(len(whole), 3000), 5):
            damaged[place] = generator.integers(0, 256)
        path.write_bytes(damaged)
        try:
            load(path)
        except UserError as error:
            assert_one_sentence(error)


def header(path: Path, **changes: str | None) -> Path:
    own = TINY.with_(side=20)
    network = build(own, seed=3)
    save_weights(path, half_precision(network), network, generic_classes(10), default_preprocessing(own))
    metadata: dict[str, str | None] = {**read_header(path), **changes}
    kept = {key: value for key, value in metadata.items() if value is not None}
    save_file(half_precision(network), path, kept)
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"spec": "{"}, {"spec": "[]"}, {"spec": '{"family": "cifar", "blocks": [0, 1, 1]}'}, {"classes": None},
        {"classes": "3"}, {"classes": '["one"]'}, {"classes": "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"},
        {"preprocessing": None}, {"preprocessing": "[]"}, {"preprocessing": '{"crop": 20}'},
        *({"preprocessing": '{"channels": 3, "resize": 20, "crop": 20, "mean": [0.5], "std": [0.5], ' + text + "}"}
          for text in ('"side": 3', '"std": [0]', '"std": ["x"]', '"mean": [1, 2]', '"crop": -20', '"crop": 20.5',
                       '"enlarge": 99', '"channels": 1', '"interpolation": "best"', '"mean": [NaN]', '"mean": 3')),
    ],
)  # fmt: skip
def test_a_broken_header_is_one_sentence(tmp_path: Path, changes: dict[str, str | None]) -> None:
    assert "The header of own.safetensors" in refused(header(tmp_path / "own.safetensors", **changes))


def test_a_header_of_another_program_is_passed_over(tmp_path: Path) -> None:
    save_file(state_of(), tmp_path / "own.safetensors", {"format": "pt"})
    info, _ = load(tmp_path / "own.safetensors")
    assert info.classes == generic_classes(10)


def test_reading_a_header_alone(tmp_path: Path) -> None:
    path = header(tmp_path / "own.safetensors")
    assert set(read_header(path)) == {"spec", "classes", "preprocessing"}
    for content in (b"", b"1234567", b"\xff" * 20, b"\x02\0\0\0\0\0\0\0[]", b"\x03\0\0\0\0\0\0\0{x}"):
        path.write_bytes(content)
        with pytest.raises(UserError) as caught:
            read_header(path)
        assert_one_sentence(caught.value)
    with pytest.raises(UserError, match="can't be read"):
        read_header(tmp_path / "none")


def test_reading_changes_nothing_of_the_file(tmp_path: Path) -> None:
    path = saved(state_of(), tmp_path / "own.pth")
    before = path.read_bytes()
    assert_same(read_checkpoint(path).state, state_of())
    assert path.read_bytes() == before
